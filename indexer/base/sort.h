#ifndef AISLE_BASE_SORT_H
#define AISLE_BASE_SORT_H

/*
 * Sorting many things by 64 bits of each: a radix sort, the lowest digits first, that leaves out digits in which all
 * agree (Knuth, TAOCP 5.2.5). Where the 64 bits are only the beginning of what is compared, such as a text's first
 * bytes, runs of equal keys are sorted by a comparison. Stable without one.
 */
#include "indexer/base/str.h"

struct sort_item {
    uint64_t key;
    uint32_t value; /* the caller's: an index, mostly */
};

/* compare (may be NULL) orders two values of items with equal keys. */
void sort_items(struct sort_item *items, size_t count, int (*compare)(void *context, uint32_t a, uint32_t b),
                void *context);

/* The first eight bytes of a text as a number that orders as they do; what is missing counts as zeros. */
static inline uint64_t sort_head(struct str text)
{
    uint64_t head = 0;
    if (text.size >= sizeof(head)) {
        memcpy(&head, text.data, sizeof(head));
        return __builtin_bswap64(head);
    }
    for (size_t i = 0; i < sizeof(head); i++) {
        head = head << 8 | (i < text.size ? (uint8_t)text.data[i] : 0);
    }
    return head;
}

/* How many bytes all of the texts begin with; of no texts 0. */
size_t sort_common_prefix(const struct str *texts, size_t count);

#endif
