#ifndef AISLE_SHARD_SHARD_WRITE_H
#define AISLE_SHARD_SHARD_WRITE_H

/* The chunks of a shard that are plain arrays, written: the builder's half of shard.c. */
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

#define META_FIELDS 16

struct shard_meta {
    uint32_t doc_count;
    uint32_t group_count;
    uint32_t term_count;
    uint32_t fact_count;
    uint32_t field_count; /* the stride of lengths */
    bool has_stock;
    bool has_group_keys; /* some product's group value is not its only objectID */
    int64_t created_ms;
    uint64_t field_tokens[META_FIELDS]; /* sums of decoded lengths */
    uint64_t field_docs[META_FIELDS];   /* documents with tokens in the field */
};

void shard_write_meta(struct container_writer *w, const struct shard_meta *meta);
/* NULL when every document is a group of its own. */
void shard_write_groups(struct container_writer *w, const uint32_t *groups, uint32_t doc_count);
/* By document: the rank of its objectID in byte order. */
void shard_write_ranks(struct container_writer *w, const uint32_t *ranks, uint32_t doc_count);
void shard_write_facts(struct container_writer *w, const uint64_t *facts, uint32_t count);
void shard_write_lengths(struct container_writer *w, const uint8_t *lengths, uint32_t doc_count, uint32_t stride);
void shard_write_stock(struct container_writer *w, const uint64_t *available, const uint64_t *in_stock,
                       uint32_t doc_count);

/* Postings of all terms back to back, then their positions; places are in units of 4 bytes. */
void shard_begin_postings(struct container_writer *w);
void shard_begin_positions(struct container_writer *w);

/* Stored objects in document order: begin, one put for each, end. */
struct docs_writer {
    struct container_writer *w;
    uint64_t *bases;
    uint32_t *offsets;
    uint32_t doc_count, next;
};
void docs_writer_begin(struct docs_writer *d, struct container_writer *w, uint32_t doc_count);
void docs_writer_put(struct docs_writer *d, struct str compressed);
void docs_writer_end(struct docs_writer *d, struct str dictionary); /* releases d too */

#endif
