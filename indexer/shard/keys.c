#include "indexer/shard/keys.h"

#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/shard/bits.h"

static uint32_t offsets_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'O', 'F', 'F');
}

static uint32_t text_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'T', 'X', 'T');
}

static uint32_t slots_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'S', 'L', 'T');
}

/* Of versions up to 4. */
static uint32_t pairs_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'H', 'S', 'H');
}

static uint32_t capacity_for(uint32_t count)
{
    return count ? count + count / 3 + 2 : 0;
}

static uint32_t pair_capacity_for(uint32_t count)
{
    return count ? count + count / 2 + 2 : 0;
}

static uint32_t slot_of(uint64_t hash, uint32_t capacity)
{
    return (uint32_t)((hash >> 32) * capacity >> 32);
}

doc_id keys_find(const struct keys *k, struct str key)
{
    return keys_find_hashed(k, key, hash64(key.data, key.size));
}

void keys_prefetch_slot(const struct keys *k, uint64_t hash)
{
    size_t at = k->capacity ? slot_of(hash, k->capacity) : 0;

    if (k->capacity)
        __builtin_prefetch(k->pairs ? &k->pairs[at * 2] : &k->slots[at]);
}

/* A slot's number + 1, 0 for none, and whether its text may have this hash. */
static inline uint32_t look(const struct keys *k, uint32_t at, uint64_t hash, bool *may_be)
{
    uint32_t slot = k->pairs ? 0 : k->slots[at];

    if (k->pairs) {
        *may_be = k->pairs[(size_t)at * 2] == (uint32_t)hash;
        return k->pairs[(size_t)at * 2 + 1];
    }
    *may_be = slot >> k->number_bits == (uint32_t)hash << k->number_bits >> k->number_bits;
    return slot & ((1U << k->number_bits) - 1);
}

/* The first of this hash that is the key, or, for NULL, may be. */
static inline uint32_t probe(const struct keys *k, const struct str *key, uint64_t hash)
{
    uint32_t at = k->capacity ? slot_of(hash, k->capacity) : 0;

    for (uint32_t probes = 0; probes < k->capacity; probes++) {
        bool may_be;
        uint32_t number = look(k, at, hash, &may_be);

        if (number == 0)
            return DOC_NONE;
        if (may_be && (!key || str_equal(keys_text(k, number - 1), *key)))
            return number - 1;
        at = at + 1 == k->capacity ? 0 : at + 1;
    }
    return DOC_NONE;
}

uint32_t keys_guess(const struct keys *k, uint64_t hash)
{
    return probe(k, NULL, hash);
}

doc_id keys_find_hashed(const struct keys *k, struct str key, uint64_t hash)
{
    return probe(k, &key, hash);
}

/* The table of slots, or of pairs. False when its size is wrong. */
static bool open_table(struct keys *k, struct str slots, struct str pairs)
{
    k->number_bits = bits_of(k->count);
    if (pairs.size) {
        k->capacity = pair_capacity_for(k->count);
        k->pairs = (const uint32_t *)(const void *)pairs.data;
        return pairs.size == (size_t)k->capacity * 8;
    }
    k->capacity = capacity_for(k->count);
    k->slots = (const uint32_t *)(const void *)slots.data;
    return slots.size == (size_t)k->capacity * 4;
}

enum status keys_open(struct keys *k, enum keys_kind kind, const struct container *c, uint32_t count, struct error *err)
{
    struct str offsets = container_chunk(c, offsets_chunk(kind)), text = container_chunk(c, text_chunk(kind));
    bool one_size = count > 0 && offsets.size == sizeof(*k->offsets), sized;

    *k = (struct keys){.count = count, .text = text.data, .text_size = text.size};
    if (one_size) {
        memcpy(&k->each, offsets.data, sizeof(k->each));
        sized = text.size == (uint64_t)k->each * count;
    } else {
        k->offsets = (const uint32_t *)(const void *)offsets.data;
        sized = offsets.size == ((uint64_t)count + 1) * sizeof(*k->offsets);
    }
    if (!sized || count > UINT32_MAX / 2 ||
        !open_table(k, container_chunk(c, slots_chunk(kind)), container_chunk(c, pairs_chunk(kind))))
        return error_set(err, STATUS_FORMAT, "keys: the sizes of their chunks do not match %u of them", count);
    return STATUS_OK;
}

enum status keys_check_whole(const struct keys *k, enum keys_kind kind, struct container *c, struct error *err)
{
    const uint32_t ids[] = {offsets_chunk(kind), text_chunk(kind), slots_chunk(kind), pairs_chunk(kind)};
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < sizeof(ids) / sizeof(ids[0]); i++)
        status = container_check_chunk(c, ids[i], err);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; k->offsets && i <= k->count; i++) {
        if (k->offsets[i] < (i ? k->offsets[i - 1] : 0) || k->offsets[i] > k->text_size)
            return error_set(err, STATUS_FORMAT, "keys: offset %u", i);
    }
    for (uint32_t i = 0; i < k->capacity; i++) {
        bool may_be;

        if (look(k, i, 0, &may_be) > k->count)
            return error_set(err, STATUS_FORMAT, "keys: slot %u of the hash table", i);
    }
    return STATUS_OK;
}

bool keys_text_sound(const struct keys *k, enum keys_kind kind, struct container *c, uint32_t number)
{
    uint64_t at = k->offsets ? (uint64_t)number * sizeof(*k->offsets) : 0, from, to;
    uint64_t end = at + (k->offsets ? 2 : 1) * sizeof(*k->offsets);

    if (number >= k->count || container_check(c, offsets_chunk(kind), at, end, NULL) != STATUS_OK)
        return false;
    from = k->offsets ? k->offsets[number] : (uint64_t)number * k->each;
    to = k->offsets ? k->offsets[number + 1] : from + k->each;
    return from <= to && to <= k->text_size && container_check(c, text_chunk(kind), from, to, NULL) == STATUS_OK;
}

static void write_slots(struct container_writer *w, uint32_t id, const struct str *keys, uint32_t count)
{
    uint32_t capacity = capacity_for(count), number_bits = bits_of(count);
    uint32_t *slots = xcalloc((size_t)capacity + 1, sizeof(*slots));

    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = hash64(keys[i].data, keys[i].size);
        uint32_t at = slot_of(hash, capacity);

        while (slots[at])
            at = at + 1 == capacity ? 0 : at + 1;
        slots[at] = (uint32_t)hash << number_bits | (i + 1);
    }
    container_add(w, id, slots, (size_t)capacity * sizeof(*slots));
    free(slots);
}

enum status keys_write(struct container_writer *w, enum keys_kind kind, const struct str *keys, uint32_t count,
                       struct error *err)
{
    uint32_t *offsets = xcalloc((size_t)count + 1, sizeof(*offsets));
    uint64_t total = 0;
    bool one_size = count > 0;

    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = (uint32_t)total;
        total += keys[i].size;
        one_size &= keys[i].size == keys[0].size;
    }
    offsets[count] = (uint32_t)total;
    if (total <= UINT32_MAX) {
        container_needs(w, 5);
        if (one_size)
            container_add(w, offsets_chunk(kind), &offsets[1], sizeof(*offsets));
        else
            container_add(w, offsets_chunk(kind), offsets, ((size_t)count + 1) * sizeof(*offsets));
        container_begin(w, text_chunk(kind));
        for (uint32_t i = 0; i < count; i++)
            container_put(w, keys[i].data, keys[i].size);
        container_end(w);
        write_slots(w, slots_chunk(kind), keys, count);
    }
    free(offsets);
    return total <= UINT32_MAX ? STATUS_OK
                               : error_set(err, STATUS_LIMIT, "the keys of one shard are over 4 GB; use more shards");
}
