#ifndef AISLE_SHARD_TERMS_H
#define AISLE_SHARD_TERMS_H

/*
 * The terms of a shard in byte order: front-coded texts in blocks of 16, a record each {df, place of the postings,
 * place of the positions}, sums of df before each block, and a hash table for exact lookup. A struct terms is a
 * borrowed view.
 */
#include "indexer/base/buf.h"
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

#define TERMS_BLOCK    16
#define TERM_MAX_BYTES 192 /* a token's ceiling and a prefix byte fit well */

/* Places are in units of 4 bytes. */
struct term_record {
    uint32_t df;
    uint32_t postings;
    uint32_t positions;
};

struct terms {
    uint32_t count;
    uint32_t block_count;
    const uint32_t *block_text; /* block_count + 1 offsets into text */
    const uint8_t *text;
    const struct term_record *records; /* count + 1: the last holds the ends, df 0 */
    const uint64_t *sums;              /* block_count + 1 */
    uint32_t capacity;                 /* of the hash table; 0 when there is no term */
    const uint32_t *slots;             /* term + 1 */
    const uint8_t *tags;
};

/* Checks sizes and offsets, and that every text decodes in order. */
MUST_CHECK enum status terms_open(struct terms *t, const struct container *c, uint32_t count, struct error *err);

term_id terms_find(const struct terms *t, struct str text);
/* The first term >= text. */
term_id terms_lower_bound(const struct terms *t, struct str text);
/* The terms that begin with prefix: first..end-1. */
void terms_prefix(const struct terms *t, struct str prefix, term_id *first, term_id *end);
uint64_t terms_df_sum(const struct terms *t, term_id first, term_id end);
/* Writes the text to out[TERM_MAX_BYTES] and returns its size. */
size_t terms_text(const struct terms *t, term_id id, char *out);

/* A walk over the texts in order. */
struct terms_cursor {
    const struct terms *terms;
    term_id next;
    const uint8_t *at;
    size_t size;
    char text[TERM_MAX_BYTES];
    size_t shared; /* bytes kept from the text before */
};
void terms_cursor_start(struct terms_cursor *c, const struct terms *t, term_id first);
/* False at the end. The text is in c->text; *id is its term. */
bool terms_cursor_next(struct terms_cursor *c, term_id *id);

/* Writes the chunks. texts ascend; records has count + 1 entries. */
void terms_write(struct container_writer *w, const struct str *texts, const struct term_record *records,
                 uint32_t count);

#endif
