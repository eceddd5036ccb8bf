#ifndef AISLE_SHARD_BOOSTS_H
#define AISLE_SHARD_BOOSTS_H

/*
 * What some products gain (or lose) in ranking, by objectID, and the same by document of a shard. A product's variants
 * all get the value of the one that has the largest.
 */
#include "indexer/base/arena.h"
#include "indexer/shard/shard.h"

struct boost {
    struct str object_id;
    float value;
};

struct boost_docs {
    const doc_id *docs; /* ascending, each once */
    const float *values;
    uint32_t count;
    float most; /* the largest of the values, at least 0 */
};

/* The documents of a shard, in the arena. Those that are not there are left out. False when memory runs out. */
bool boosts_resolve(struct boost_docs *out, const struct shard *shard, const struct boost *boosts, size_t count,
                    struct arena *arena);

/* The first place whose document is at or behind doc; count: there is none. */
uint32_t boosts_from(const struct boost_docs *b, doc_id doc);

#endif
