#include "indexer/base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/status.h"

/*
 * Linear probing without tombstones: a removal moves the entries behind it back (Knuth, TAOCP 6.4, algorithm R). The
 * mark is 31 bits of the hash and never 0 in a used slot, so most probes are decided without looking at the key.
 */
struct map_slot {
    uint64_t value;
    uint64_t key_at;
    uint32_t key_size;
    uint32_t mark; /* 0: the slot is free */
};

enum { FIRST_CAPACITY = 16 };

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_release(struct map *m)
{
    free(m->slots);
    free(m->keys);
    map_init(m);
}

void map_clear(struct map *m)
{
    if (m->count) {
        memset(m->slots, 0, m->capacity * sizeof(*m->slots));
    }
    m->count = 0;
    m->keys_size = 0;
    m->keys_dead = 0;
}

static uint32_t mark_of(struct str key)
{
    return (uint32_t)hash64_secret(key.data, key.size) | 1;
}

static size_t home_of(const struct map *m, uint32_t mark)
{
    return (mark >> 1) & (m->capacity - 1);
}

/* The slot that holds the key, or the free one where it would go. */
static struct map_slot *find(const struct map *m, struct str key, uint32_t mark)
{
    for (size_t at = home_of(m, mark);; at = (at + 1) & (m->capacity - 1)) {
        struct map_slot *slot = &m->slots[at];
        if (slot->mark == 0) {
            return slot;
        }
        if (slot->mark == mark && slot->key_size == key.size &&
            (key.size == 0 || memcmp(m->keys + slot->key_at, key.data, key.size) == 0)) {
            return slot;
        }
    }
}

uint64_t *map_get(const struct map *m, struct str key)
{
    if (m->count == 0) {
        return NULL;
    }
    struct map_slot *slot = find(m, key, mark_of(key));
    return slot->mark ? &slot->value : NULL;
}

static void grow(struct map *m)
{
    struct map old = *m;
    m->capacity = old.capacity ? old.capacity * 2 : FIRST_CAPACITY;
    if (m->capacity > (size_t)1 << 31) {
        fatal("a map with over 2^30 keys");
    }
    m->slots = xcalloc(m->capacity, sizeof(*m->slots));
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].mark) {
            size_t at = home_of(m, old.slots[i].mark);
            while (m->slots[at].mark) {
                at = (at + 1) & (m->capacity - 1);
            }
            m->slots[at] = old.slots[i];
        }
    }
    free(old.slots);
}

/* Room for one more key's bytes. When half of what is there belongs to removed keys, it is packed first. */
static void reserve_key(struct map *m, size_t size)
{
    if (m->keys && size <= m->keys_capacity - m->keys_size) {
        return;
    }
    size_t live = m->keys_size - m->keys_dead;
    m->keys_capacity = (live + size) * 2 < 256 ? 256 : (live + size) * 2;
    if (m->keys_dead == 0) {
        m->keys = xrealloc_array(m->keys, m->keys_capacity, 1);
        return;
    }
    char *packed = xmalloc(m->keys_capacity);
    size_t at = 0;
    for (size_t i = 0; i < m->capacity; i++) {
        struct map_slot *slot = &m->slots[i];
        if (slot->mark && slot->key_size) {
            memcpy(packed + at, m->keys + slot->key_at, slot->key_size);
        }
        slot->key_at = at;
        at += slot->mark ? slot->key_size : 0;
    }
    free(m->keys);
    m->keys = packed;
    m->keys_size = at;
    m->keys_dead = 0;
}

uint32_t map_ask(const struct map *m, struct str key)
{
    uint32_t mark = mark_of(key);

    if (m->capacity) {
        __builtin_prefetch(&m->slots[home_of(m, mark)]);
    }
    return mark;
}

enum { ASK_PROBES = 4 };

const uint64_t *map_ask_key(const struct map *m, uint32_t mark)
{
    size_t at = m->capacity ? home_of(m, mark) : 0;

    for (int i = 0; m->capacity && i < ASK_PROBES && m->slots[at].mark; i++) {
        if (m->slots[at].mark == mark) {
            __builtin_prefetch(m->keys + m->slots[at].key_at);
            return &m->slots[at].value;
        }
        at = (at + 1) & (m->capacity - 1);
    }
    return NULL;
}

uint64_t *map_put(struct map *m, struct str key, uint64_t value, bool *added)
{
    return map_put_asked(m, key, mark_of(key), value, added);
}

uint64_t *map_put_asked(struct map *m, struct str key, uint32_t mark, uint64_t value, bool *added)
{
    assert(key.size <= UINT32_MAX);
    if (m->count + 1 > m->capacity / 3 * 2) {
        grow(m);
    }
    struct map_slot *slot = find(m, key, mark);
    bool is_new = slot->mark == 0;
    if (is_new) {
        reserve_key(m, key.size);
        *slot = (struct map_slot){value, m->keys_size, (uint32_t)key.size, mark};
        if (key.size) {
            memcpy(m->keys + m->keys_size, key.data, key.size);
        }
        m->keys_size += key.size;
        m->count++;
    }
    if (added) {
        *added = is_new;
    }
    return &slot->value;
}

bool map_remove(struct map *m, struct str key)
{
    if (m->count == 0) {
        return false;
    }
    struct map_slot *slot = find(m, key, mark_of(key));
    if (slot->mark == 0) {
        return false;
    }
    m->keys_dead += slot->key_size;
    m->count--;
    size_t mask = m->capacity - 1;
    size_t hole = (size_t)(slot - m->slots);
    for (size_t at = (hole + 1) & mask; m->slots[at].mark; at = (at + 1) & mask) {
        /* An entry may move back into the hole when its home is not between the two. */
        size_t home = home_of(m, m->slots[at].mark);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            m->slots[hole] = m->slots[at];
            hole = at;
        }
    }
    m->slots[hole].mark = 0;
    return true;
}

bool map_next(const struct map *m, size_t *at, struct str *key, uint64_t *value)
{
    while (*at < m->capacity) {
        const struct map_slot *slot = &m->slots[(*at)++];
        if (slot->mark) {
            *key = (struct str){m->keys + slot->key_at, slot->key_size};
            *value = slot->value;
            return true;
        }
    }
    return false;
}
