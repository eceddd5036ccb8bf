#include "indexer/base/sort.h"

#include <stdlib.h>

#include "indexer/base/status.h"

enum { DIGIT_BITS = 11, BUCKETS = 1 << DIGIT_BITS, DIGITS = (64 + DIGIT_BITS - 1) / DIGIT_BITS, FEW = 64, SHORT = 24 };

struct order {
    int (*compare)(void *context, uint32_t a, uint32_t b);
    void *context;
};

static int compare_items(const void *a, const void *b, void *order)
{
    const struct sort_item *x = a;
    const struct sort_item *y = b;
    const struct order *o = order;
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    return o->compare ? o->compare(o->context, x->value, y->value) : 0;
}

static void insertion_sort(struct sort_item *items, size_t count, struct order *order)
{
    for (size_t i = 1; i < count; i++) {
        struct sort_item item = items[i];
        size_t at = i;
        for (; at > 0 && compare_items(&items[at - 1], &item, order) > 0; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

/* One digit's pass; counts are those of its buckets. */
static void move(const struct sort_item *from, struct sort_item *to, size_t count, unsigned shift, size_t *counts)
{
    size_t sum = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        size_t own = counts[b];
        counts[b] = sum;
        sum += own;
    }
    for (size_t i = 0; i < count; i++) {
        to[counts[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
    }
}

static void radix_sort(struct sort_item *items, size_t count)
{
    size_t(*counts)[BUCKETS] = xcalloc(DIGITS, sizeof(*counts));
    struct sort_item *spare = xrealloc_array(NULL, count, sizeof(*spare));
    struct sort_item *from = items;
    struct sort_item *to = spare;
    for (size_t i = 0; i < count; i++) {
        for (unsigned d = 0; d < DIGITS; d++) {
            counts[d][items[i].key >> (d * DIGIT_BITS) & (BUCKETS - 1)]++;
        }
    }
    for (unsigned d = 0; d < DIGITS; d++) {
        unsigned shift = d * DIGIT_BITS;
        if (counts[d][items[0].key >> shift & (BUCKETS - 1)] == count) {
            continue; /* of the key: the items move, but all have this digit */
        }
        move(from, to, count, shift, counts[d]);
        struct sort_item *moved = to;
        to = from;
        from = moved;
    }
    if (from != items) {
        memcpy(items, from, count * sizeof(*items));
    }
    free(spare);
    free(counts);
}

void sort_items(struct sort_item *items, size_t count, int (*compare)(void *context, uint32_t a, uint32_t b),
                void *context)
{
    struct order order = {compare, context};
    if (count <= FEW) {
        insertion_sort(items, count, &order);
        return;
    }
    radix_sort(items, count);
    for (size_t i = 0, end; compare && i < count; i = end) {
        for (end = i + 1; end < count && items[end].key == items[i].key;) {
            end++;
        }
        if (end - i <= SHORT) {
            insertion_sort(items + i, end - i, &order);
        } else {
            qsort_r(items + i, end - i, sizeof(*items), compare_items, &order);
        }
    }
}

size_t sort_common_prefix(const struct str *texts, size_t count)
{
    size_t common = count ? texts[0].size : 0;
    for (size_t i = 1; i < count && common; i++) {
        size_t same = 0;
        while (same < common && same < texts[i].size && texts[i].data[same] == texts[0].data[same]) {
            same++;
        }
        common = same;
    }
    return common;
}
