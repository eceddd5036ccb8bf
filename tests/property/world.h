#ifndef AISLE_TESTS_PROPERTY_WORLD_H
#define AISLE_TESTS_PROPERTY_WORLD_H

/*
 * A random catalog, twice: as shards, deltas, tombstones and changed cells in a snapshot for the engine, and as plain
 * objects for the oracle.
 */
#include "indexer/shard/snapshot.h"
#include "tests/property/oracle.h"

#define WORLD_SEGMENTS 16

struct world_segment {
    struct shard *shard;
    uint64_t *tombstones;
    VEC(size_t) docs; /* places in the oracle */
    bool is_delta;
};

struct world {
    uint64_t random;
    struct settings *settings;
    struct analyzer *analyzer;
    struct dictionary *dictionary;
    struct oracle oracle;
    struct world_segment segments[WORLD_SEGMENTS];
    size_t segment_count;
    struct segment views[WORLD_SEGMENTS];
    struct snapshot snapshot;
    uint32_t next_group;
    struct arena arena;
};

uint32_t world_random(struct world *w, uint32_t below); /* 0..below-1 */
bool world_chance(struct world *w, uint32_t percent);
/* A word of the catalog's small vocabulary; the frequent ones often. */
const char *world_word(struct world *w);
struct str world_brand(struct world *w);
struct str world_category(struct world *w);

void world_make(struct world *w, uint64_t seed);
void world_release(struct world *w);

#endif
