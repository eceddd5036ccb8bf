#include "indexer/shard/keys.h"

#include <stdlib.h>

#include "indexer/base/hash.h"

static uint32_t offsets_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'O', 'F', 'F');
}

static uint32_t text_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'T', 'X', 'T');
}

static uint32_t hash_chunk(enum keys_kind kind)
{
    return CHUNK_ID(kind == KEYS_OBJECTS ? 'K' : 'G', 'H', 'S', 'H');
}

static uint32_t capacity_for(uint32_t count)
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
    if (k->capacity)
        __builtin_prefetch(&k->slots[(size_t)slot_of(hash, k->capacity) * 2]);
}

uint32_t keys_guess(const struct keys *k, uint64_t hash)
{
    uint32_t at = k->capacity ? slot_of(hash, k->capacity) : 0;

    for (uint32_t probes = 0; probes < k->capacity; probes++) {
        const uint32_t *slot = &k->slots[(size_t)at * 2];

        if (slot[1] == 0)
            return DOC_NONE;
        if (slot[0] == (uint32_t)hash)
            return slot[1] - 1;
        at = at + 1 == k->capacity ? 0 : at + 1;
    }
    return DOC_NONE;
}

doc_id keys_find_hashed(const struct keys *k, struct str key, uint64_t hash)
{
    uint32_t at = 0;

    if (k->capacity == 0)
        return DOC_NONE;
    at = slot_of(hash, k->capacity);
    for (uint32_t probes = 0; probes < k->capacity; probes++) {
        const uint32_t *slot = &k->slots[(size_t)at * 2];

        if (slot[1] == 0)
            return DOC_NONE;
        if (slot[0] == (uint32_t)hash && str_equal(keys_text(k, slot[1] - 1), key))
            return slot[1] - 1;
        at = at + 1 == k->capacity ? 0 : at + 1;
    }
    return DOC_NONE;
}

enum status keys_open(struct keys *k, enum keys_kind kind, const struct container *c, uint32_t count, struct error *err)
{
    struct str offsets = container_chunk(c, offsets_chunk(kind)), text = container_chunk(c, text_chunk(kind));
    struct str hash = container_chunk(c, hash_chunk(kind));

    *k = (struct keys){.count = count,
                       .offsets = (const uint32_t *)(const void *)offsets.data,
                       .text = text.data,
                       .text_size = text.size,
                       .capacity = capacity_for(count),
                       .slots = (const uint32_t *)(const void *)hash.data};
    if (count > UINT32_MAX / 2 || offsets.size != ((size_t)count + 1) * 4 || hash.size != (size_t)k->capacity * 8)
        return error_set(err, STATUS_FORMAT, "keys: the sizes of their chunks do not match %u of them", count);
    return STATUS_OK;
}

enum status keys_check_whole(const struct keys *k, enum keys_kind kind, struct container *c, struct error *err)
{
    const uint32_t ids[] = {offsets_chunk(kind), text_chunk(kind), hash_chunk(kind)};
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < sizeof(ids) / sizeof(ids[0]); i++)
        status = container_check_chunk(c, ids[i], err);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i <= k->count; i++) {
        if (k->offsets[i] < (i ? k->offsets[i - 1] : 0) || k->offsets[i] > k->text_size)
            return error_set(err, STATUS_FORMAT, "keys: offset %u", i);
    }
    for (uint32_t i = 0; i < k->capacity; i++) {
        if (k->slots[(size_t)i * 2 + 1] > k->count)
            return error_set(err, STATUS_FORMAT, "keys: slot %u of the hash table", i);
    }
    return STATUS_OK;
}

bool keys_text_sound(const struct keys *k, enum keys_kind kind, struct container *c, uint32_t number)
{
    uint64_t at = (uint64_t)number * sizeof(*k->offsets);

    return number < k->count &&
           container_check(c, offsets_chunk(kind), at, at + 2 * sizeof(*k->offsets), NULL) == STATUS_OK &&
           k->offsets[number] <= k->offsets[number + 1] && k->offsets[number + 1] <= k->text_size &&
           container_check(c, text_chunk(kind), k->offsets[number], k->offsets[number + 1], NULL) == STATUS_OK;
}

static void write_hash(struct container_writer *w, uint32_t id, const struct str *keys, uint32_t count)
{
    uint32_t capacity = capacity_for(count);
    uint32_t *slots = xcalloc((size_t)capacity + 1, 2 * sizeof(*slots));

    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = hash64(keys[i].data, keys[i].size);
        uint32_t at = slot_of(hash, capacity);

        while (slots[(size_t)at * 2 + 1])
            at = at + 1 == capacity ? 0 : at + 1;
        slots[(size_t)at * 2] = (uint32_t)hash;
        slots[(size_t)at * 2 + 1] = i + 1;
    }
    container_add(w, id, slots, (size_t)capacity * 2 * sizeof(*slots));
    free(slots);
}

enum status keys_write(struct container_writer *w, enum keys_kind kind, const struct str *keys, uint32_t count,
                       struct error *err)
{
    uint32_t *offsets = xcalloc((size_t)count + 1, sizeof(*offsets));
    uint64_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = (uint32_t)total;
        total += keys[i].size;
    }
    offsets[count] = (uint32_t)total;
    if (total <= UINT32_MAX) {
        container_add(w, offsets_chunk(kind), offsets, ((size_t)count + 1) * sizeof(*offsets));
        container_begin(w, text_chunk(kind));
        for (uint32_t i = 0; i < count; i++)
            container_put(w, keys[i].data, keys[i].size);
        container_end(w);
        write_hash(w, hash_chunk(kind), keys, count);
    }
    free(offsets);
    return total <= UINT32_MAX ? STATUS_OK
                               : error_set(err, STATUS_LIMIT, "the keys of one shard are over 4 GB; use more shards");
}
