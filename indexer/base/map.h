#ifndef AISLE_BASE_MAP_H
#define AISLE_BASE_MAP_H

/*
 * A hash map from byte strings to uint64 values: open addressing, XXH3 with a per-process random secret, so that
 * chosen keys cannot flood it. Keys are copied into the map. Out of memory is fatal. Not thread-safe.
 */
#include "indexer/base/str.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    char *keys; /* the keys' bytes, one after another */
    size_t keys_size;
    size_t keys_capacity;
    size_t keys_dead; /* bytes of removed keys among them */
};

void map_init(struct map *m);
void map_release(struct map *m);
void map_clear(struct map *m);

/* The value's place, valid until the next map_put or map_remove, or NULL. */
uint64_t *map_get(const struct map *m, struct str key);

/* The place of the key's value, set to `value` first when the key was not there; *added tells (may be NULL). */
uint64_t *map_put(struct map *m, struct str key, uint64_t value, bool *added);

/* Many keys are put faster when all are asked for first, each step for all of them, since it fetches what the next one
 * looks at: map_ask gives the mark that the others take; map_ask_key the value that is likely the key's, or NULL. */
uint32_t map_ask(const struct map *m, struct str key);
const uint64_t *map_ask_key(const struct map *m, uint32_t mark);
uint64_t *map_put_asked(struct map *m, struct str key, uint32_t mark, uint64_t value, bool *added);

/* True when the key was there. Not between calls of map_next. */
bool map_remove(struct map *m, struct str key);

/* Every entry in no particular order: size_t at = 0; while (map_next(m, &at, &key, &value)) ... */
bool map_next(const struct map *m, size_t *at, struct str *key, uint64_t *value);

#endif
