#ifndef AISLE_SERVER_LIVE_ORDER_H
#define AISLE_SERVER_LIVE_ORDER_H

/*
 * Order keys: which update of an attribute of an object came last, whatever the order in which they arrived. A key is a
 * timestamp (ms) or a version, as the settings choose for each attribute, and is kept plus 1, so that 0 is "none yet".
 * They belong to the objectID, not to a document, so they outlive deltas, merges, rebuilds and deletion.
 *
 * A table of 64-bit tags (hash of objectID and attribute) and keys, 16 bytes each: two of ten million entries have the
 * same tag with a probability of 3 in a million.
 *
 * Thread rule: one writer; order_write, given a held table, from one other thread at the same time: what it misses was
 * put later than the hold.
 */
#include <stdatomic.h>

#include "indexer/base/buf.h"
#include "indexer/base/status.h"
#include "server/live/shared.h"

struct order_slot {
    _Atomic uint64_t tag; /* 0: free */
    _Atomic uint64_t key;
};

struct order_table {
    struct shared shared;
    size_t capacity; /* a power of two */
    struct order_slot slots[];
};

struct order_keys {
    struct order_table *table; /* NULL: empty */
    size_t count;
};

void order_release(struct order_keys *k);

/* Both hashes are hash64: of the objectID, and of the attribute's name. */
static inline uint64_t order_tag(uint64_t object_hash, uint64_t attribute_hash)
{
    uint64_t tag = (object_hash ^ (attribute_hash << 1 | attribute_hash >> 63)) * 0x9E3779B97F4A7C15u;
    return tag ? tag : 1;
}

uint64_t order_get(const struct order_keys *k, uint64_t tag); /* plus 1; 0: none */
void order_put(struct order_keys *k, uint64_t tag, uint64_t key);
void order_prefetch(const struct order_keys *k, uint64_t tag);

/* u64 count, then u64 tag and u64 key of each; table may be NULL. */
void order_write(const struct order_table *table, struct buf *out);
MUST_CHECK enum status order_read(struct order_keys *k, struct reader *r, struct error *err);

#endif
