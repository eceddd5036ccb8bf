#ifndef AISLE_SHARD_BITMAPS_H
#define AISLE_SHARD_BITMAPS_H

/*
 * Sets of documents on disk: roaring (CRoaring, whose header only this room's bitmaps.c includes), flat bitmaps and
 * ranges behind one view. Immutable once built. Bytes from disk are checked by structure before CRoaring sees them.
 */
#include "indexer/base/buf.h"
#include "indexer/shard/types.h"

enum docset_kind { DOCSET_EMPTY, DOCSET_ROARING, DOCSET_FLAT, DOCSET_RANGE };

struct docset {
    enum docset_kind kind;
    uint32_t cardinality;
    const void *data;  /* ROARING: a frozen view; FLAT: uint64_t words */
    doc_id first, end; /* RANGE: first..end-1 */
    size_t size_bytes;
};

/* ORs the set's documents in base..base+4095 into bits[64]; base is a multiple of 4096. */
void docset_window(const struct docset *s, doc_id base, uint64_t bits[64]);
/* ORs into bit i of bits whether docs[i] is a member; docs ascend, at most 4,096 of them. */
void docset_select(const struct docset *s, const doc_id *docs, uint32_t count, uint64_t bits[64]);
/* ORs the whole set into a flat bitmap of doc_count bits. */
void docset_into(const struct docset *s, uint64_t *bits, uint32_t doc_count);
bool docset_contains(const struct docset *s, doc_id doc);
/* The first member >= doc, or DOC_NONE. */
doc_id docset_next(const struct docset *s, doc_id doc);
/* Writes the members ascending; out has room for cardinality. */
void docset_list(const struct docset *s, doc_id *out);

/* Encodes ascending distinct ids as a roaring set appended to out, 32-byte aligned there. */
void docset_encode(const doc_id *docs, uint32_t count, struct buf *out);
/* Checks bytes by structure and makes the view, which borrows them. False when they are not a set. */
bool docset_decode(struct str bytes, struct docset *out);

#endif
