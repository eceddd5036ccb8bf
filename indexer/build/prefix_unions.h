#ifndef AISLE_BUILD_PREFIX_UNIONS_H
#define AISLE_BUILD_PREFIX_UNIONS_H

/*
 * The unions of heavy prefixes (indexer/shard/prefixes.h), made while the terms' lists pass by in byte order. Heavy
 * prefixes of the current term are nested, so a stack of field masks by document is enough: a list goes into the
 * longest one, and a prefix that ends is written and goes into the next shorter one.
 */
#include "indexer/build/invert_internal.h"

struct prefix_unions;

/* texts and records (df) by place; new facts are added to facts. Borrows all. */
struct prefix_unions *prefix_unions_new(struct invert_facts *facts, const struct str *texts,
                                        const struct term_record *records, uint32_t term_count, uint32_t doc_count);
void prefix_unions_free(struct prefix_unions *p);
/* The list of the term at `place`; places come in order. */
void prefix_unions_add(struct prefix_unions *p, uint32_t place, const doc_id *docs, const uint32_t *facts, uint32_t df);
/* The chunks, after the last term. */
void prefix_unions_write(struct prefix_unions *p, struct container_writer *w);

#endif
