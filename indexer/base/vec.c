#include "indexer/base/vec.h"

void *vec_grow(void *items, size_t *capacity, size_t wanted, size_t item_size)
{
    size_t grown = *capacity + *capacity / 2;
    if (grown < 8) {
        grown = 8;
    }
    *capacity = wanted > grown ? wanted : grown;
    return xrealloc_array(items, *capacity, item_size);
}
