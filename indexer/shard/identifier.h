#ifndef AISLE_SHARD_IDENTIFIER_H
#define AISLE_SHARD_IDENTIFIER_H

/*
 * Exact identifiers (settings.identifiers: sku, gtin, mpn): indexed whole, as one term that no word can be equal to, so
 * that a query that spells one finds its object first. Indexing and queries share this form: IDENTIFIER_PREFIX, then
 * the folded value with only its letters and digits ("WH-1000XM4" and "wh 1000 xm4" are the same).
 */
#include "analyzers/analyzer.h"
#include "indexer/base/buf.h"

#define IDENTIFIER_PREFIX '\x01'

/* Appends the term of an identifier's value, at most LIMIT_TOKEN_BYTES bytes. False (and nothing is appended) when
 * value has no letter or digit or is longer. */
bool identifier_term(struct analysis *s, struct str value, struct buf *out);

#endif
