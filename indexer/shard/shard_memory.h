#ifndef AISLE_SHARD_SHARD_MEMORY_H
#define AISLE_SHARD_SHARD_MEMORY_H

/* How much of shards is in memory, by part: what a chunk is for, rather than its name. */
#include "indexer/shard/shard.h"

enum shard_memory_part {
    MEMORY_TERMS,     /* texts, records and hash table of the terms */
    MEMORY_POSTINGS,  /* lists, their facts and field lengths */
    MEMORY_PREFIXES,  /* unions of heavy prefixes */
    MEMORY_POSITIONS, /* of words */
    MEMORY_SPELLING,  /* table for typos */
    MEMORY_FACETS,    /* columns of codes, and sets */
    MEMORY_NUMBERS,   /* columns of numbers, and stock */
    MEMORY_KEYS,      /* objectIDs and group values, ranks, groups */
    MEMORY_OBJECTS,   /* stored objects and their places */
    MEMORY_REST,
    MEMORY_DELTAS, /* shards that are in the heap, whole */
    MEMORY_PARTS
};

struct shard_memory {
    uint64_t bytes[MEMORY_PARTS];    /* in the files, or in the heap */
    uint64_t resident[MEMORY_PARTS]; /* of these, in memory */
};

const char *shard_memory_name(enum shard_memory_part part); /* "terms" */
/* The part of a chunk. */
enum shard_memory_part shard_memory_part_of(uint32_t chunk_id);

/* Adds a shard's. */
void shard_memory_add(const struct shard *s, struct shard_memory *m);

/* Gives back what was read of a mapped shard; it is mapped still. Columns of numbers, which may have been changed, are
 * given back only with `numbers`, which is slower. Any thread, beside readers and the writer. */
void shard_memory_release(const struct shard *s, bool numbers);

/* The same of the parts that shard_check_rest reads whole, and searches little of: keys, ranks, spelling, places. */
void shard_memory_release_checked(const struct shard *s);

#endif
