#ifndef AISLE_BASE_VEC_H
#define AISLE_BASE_VEC_H

/*
 * A growable array for start-up and batch work (out of memory is fatal). Declare `VEC(struct item) items = {0};`.
 * Request memory comes from an arena instead.
 */
#include <stdlib.h>

#include "indexer/base/status.h"

#define VEC(type)                                                                                                      \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        size_t count;                                                                                                  \
        size_t capacity;                                                                                               \
    }

/* The new storage for at least `wanted` items of item_size bytes; grows by half as much again. */
void *vec_grow(void *items, size_t *capacity, size_t wanted, size_t item_size);

#define vec_reserve(v, wanted)                                                                                         \
    ((v)->capacity >= (wanted)                                                                                         \
         ? (void)0                                                                                                     \
         : (void)((v)->items = vec_grow((v)->items, &(v)->capacity, (wanted), sizeof(*(v)->items))))

#define vec_push(v, item) (vec_reserve((v), (v)->count + 1), (v)->items[(v)->count++] = (item))

#define vec_release(v) (free((v)->items), (v)->items = NULL, (v)->count = 0, (v)->capacity = 0)

#endif
