#include "server/live/order.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "indexer/base/log.h"

enum { FIRST_CAPACITY = 1024, WRITTEN_AT_ONCE = 4096 };
#define HUGE_PAGE ((size_t)2 << 20)

static void table_release(struct shared *self)
{
    free(self);
}

/* Large tables are read at random, so they lie in large pages where the system has some. */
static void *table_memory(size_t size)
{
    if (size < HUGE_PAGE) {
        return xcalloc(1, size);
    }
    size_t rounded = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    void *memory = aligned_alloc(HUGE_PAGE, rounded);
    if (!memory) {
        fatal("out of memory for order keys");
    }
    (void)madvise(memory, rounded, MADV_HUGEPAGE);
    return memset(memory, 0, size);
}

static struct order_table *table_new(size_t capacity)
{
    struct order_table *t = table_memory(sizeof(*t) + capacity * sizeof(t->slots[0]));
    shared_init(&t->shared, table_release);
    t->capacity = capacity;
    return t;
}

void order_release(struct order_keys *k)
{
    shared_drop(k->table ? &k->table->shared : NULL);
    *k = (struct order_keys){0};
}

static size_t place_of(const struct order_table *t, uint64_t tag)
{
    return (size_t)(tag >> 20) & (t->capacity - 1);
}

/* The tag's slot, or the free one where it would be. */
static struct order_slot *slot_of(struct order_table *t, uint64_t tag)
{
    size_t at = place_of(t, tag);
    for (;; at = (at + 1) & (t->capacity - 1)) {
        uint64_t have = atomic_load_explicit(&t->slots[at].tag, memory_order_relaxed);
        if (have == 0 || have == tag) {
            return &t->slots[at];
        }
    }
}

uint64_t order_get(const struct order_keys *k, uint64_t tag)
{
    if (!k->table) {
        return 0;
    }
    const struct order_slot *slot = slot_of(k->table, tag);
    return atomic_load_explicit(&slot->tag, memory_order_relaxed)
               ? atomic_load_explicit(&slot->key, memory_order_relaxed)
               : 0;
}

void order_prefetch(const struct order_keys *k, uint64_t tag)
{
    if (k->table) {
        __builtin_prefetch(&k->table->slots[place_of(k->table, tag)]);
    }
}

static void store(struct order_slot *slot, uint64_t tag, uint64_t key)
{
    atomic_store_explicit(&slot->key, key, memory_order_relaxed);
    atomic_store_explicit(&slot->tag, tag, memory_order_release);
}

/* Whoever holds the old table goes on reading it. */
static void grow(struct order_keys *k)
{
    struct order_table *old = k->table;
    k->table = table_new(old ? old->capacity * 2 : FIRST_CAPACITY);
    for (size_t i = 0; old && i < old->capacity; i++) {
        uint64_t tag = atomic_load_explicit(&old->slots[i].tag, memory_order_relaxed);
        if (tag) {
            store(slot_of(k->table, tag), tag, atomic_load_explicit(&old->slots[i].key, memory_order_relaxed));
        }
    }
    shared_drop(old ? &old->shared : NULL);
}

void order_put(struct order_keys *k, uint64_t tag, uint64_t key)
{
    if (!k->table || k->count >= k->table->capacity - k->table->capacity / 4) {
        grow(k);
    }
    struct order_slot *slot = slot_of(k->table, tag);
    k->count += atomic_load_explicit(&slot->tag, memory_order_relaxed) == 0;
    store(slot, tag, key);
}

/* The slots from..end - 1; the number of keys. */
static uint64_t write_slots(const struct order_table *t, size_t from, size_t end, struct buf *out)
{
    char *to = buf_reserve(out, (end - from) * 2 * sizeof(uint64_t));
    uint64_t count = 0;
    for (size_t i = from; i < end && to; i++) {
        uint64_t pair[2] = {atomic_load_explicit(&t->slots[i].tag, memory_order_acquire)};
        if (pair[0]) {
            pair[1] = atomic_load_explicit(&t->slots[i].key, memory_order_relaxed);
            memcpy(to + count++ * sizeof(pair), pair, sizeof(pair));
        }
    }
    out->size += count * 2 * sizeof(uint64_t);
    return count;
}

void order_write(const struct order_table *t, struct buf *out)
{
    size_t at = out->size;
    uint64_t count = 0;
    buf_put_u64(out, 0);
    for (size_t i = 0; t && i < t->capacity; i += WRITTEN_AT_ONCE) {
        count += write_slots(t, i, t->capacity - i < WRITTEN_AT_ONCE ? t->capacity : i + WRITTEN_AT_ONCE, out);
    }
    if (!out->failed) {
        memcpy(out->data + at, &count, sizeof(count));
    }
}

enum status order_read(struct order_keys *k, struct reader *r, struct error *err)
{
    uint64_t count = reader_u64(r);
    if (count > (r->size - r->at) / 16) {
        return error_set(err, STATUS_FORMAT, "offset %zu: more order keys than there is room for", r->at);
    }
    size_t capacity = FIRST_CAPACITY;
    while (count >= capacity - capacity / 4) {
        capacity *= 2;
    }
    order_release(k);
    k->table = table_new(capacity);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t tag = reader_u64(r);
        uint64_t key = reader_u64(r);
        if (tag) {
            order_put(k, tag, key);
        }
    }
    return STATUS_OK;
}
