#include "server/live/pending_keys.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64, FEW = 8 /* a table this much larger than what is in it is cleared one by one */ };

void pending_keys_release(struct pending_keys *k)
{
    vec_release(&k->items);
    free(k->heads);
    memset(k, 0, sizeof(*k));
}

static size_t place_of(const struct pending_keys *k, uint64_t tag)
{
    return (size_t)(tag >> 20) & (k->capacity - 1);
}

/* A head has the upper half of its tag, so that others are passed without a look at their items. */
static uint64_t head_make(uint64_t tag, size_t number)
{
    return (tag & ~UINT64_C(0xFFFFFFFF)) | (uint32_t)number;
}

/* The tag's head, or the free one where it would be. */
static uint64_t *head_of(const struct pending_keys *k, uint64_t tag)
{
    for (size_t at = place_of(k, tag);; at = (at + 1) & (k->capacity - 1)) {
        uint64_t head = k->heads[at];
        if (head == 0 || ((head ^ tag) >> 32 == 0 && k->items.items[(uint32_t)head - 1].tag == tag)) {
            return &k->heads[at];
        }
    }
}

void pending_keys_prefetch(const struct pending_keys *k, uint64_t tag)
{
    if (k->capacity > 0) {
        __builtin_prefetch(&k->heads[place_of(k, tag)], 1);
    }
}

void pending_keys_clear(struct pending_keys *k)
{
    if (k->items.count < k->capacity / FEW) {
        /* Backwards, so that each is still found: what it had to pass was put before it. */
        for (size_t i = k->items.count; i-- > 0;) {
            *head_of(k, k->items.items[i].tag) = 0;
        }
    } else if (k->capacity > 0) {
        memset(k->heads, 0, k->capacity * sizeof(*k->heads));
    }
    k->items.count = 0;
}

static void grow(struct pending_keys *k)
{
    free(k->heads);
    k->capacity = k->capacity ? k->capacity * 4 : FIRST_CAPACITY;
    k->heads = xcalloc(k->capacity, sizeof(*k->heads));
    for (size_t i = 0; i < k->items.count; i++) {
        *head_of(k, k->items.items[i].tag) = head_make(k->items.items[i].tag, i + 1);
    }
}

uint64_t pending_keys_get(const struct pending_keys *k, uint64_t tag)
{
    uint64_t head = k->items.count ? *head_of(k, tag) : 0;
    return head ? k->items.items[(uint32_t)head - 1].key : 0;
}

void pending_keys_put(struct pending_keys *k, uint64_t tag, uint64_t key)
{
    if (k->items.count * 2 >= k->capacity) {
        grow(k);
    }
    uint64_t *head = head_of(k, tag);
    if (*head) {
        k->items.items[(uint32_t)*head - 1].key = key;
        return;
    }
    struct pending_key added = {tag, key};
    vec_push(&k->items, added);
    *head = head_make(tag, k->items.count);
}
