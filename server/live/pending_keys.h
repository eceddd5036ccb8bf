#ifndef AISLE_SERVER_LIVE_PENDING_KEYS_H
#define AISLE_SERVER_LIVE_PENDING_KEYS_H

/*
 * The order keys (order.h) that a group of updates will set: decided, but not published yet. In the order in which they
 * were first set, behind a hash table of their numbers, which stays in the processor's cache for a full group.
 *
 * Thread rule: one owner.
 */
#include <stdint.h>

#include "indexer/base/vec.h"

struct pending_key {
    uint64_t tag;
    uint64_t key; /* plus 1 */
};

struct pending_keys {
    VEC(struct pending_key) items;
    uint64_t *heads; /* open addressing: a number in items, plus 1, below a part of the tag; 0: free */
    size_t capacity; /* a power of two, or 0 */
};

void pending_keys_release(struct pending_keys *k); /* empty afterwards */
/* Empty, but keeps its memory. */
void pending_keys_clear(struct pending_keys *k);

/* Asks for the memory that the others look at. */
void pending_keys_prefetch(const struct pending_keys *k, uint64_t tag);
uint64_t pending_keys_get(const struct pending_keys *k, uint64_t tag); /* plus 1; 0: none */
void pending_keys_put(struct pending_keys *k, uint64_t tag, uint64_t key);

#endif
