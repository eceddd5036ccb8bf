/*
 * What the cells of stores and price lists cost: stores [DOCS] [STORES] [LISTS]. Each store has 5 % of the documents,
 * each list 10 %; every cell has been updated, so it has a key. Prints bytes a cell in memory, cells set a second, and
 * what reading a store's in-stock set window by window costs beside the flat flag of the whole index.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/memory.h"
#include "indexer/base/rcu.h"
#include "indexer/base/vec.h"
#include "indexer/shard/dimension.h"

enum { WINDOW = 4096, WORDS = WINDOW / 64, ROUNDS = 200, GROUP = 500 };

static uint64_t state = 88172645463325252u;

static uint32_t below(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 20) % bound);
}

/* As groups of updates set them, in the documents' order within a group. */
static uint32_t fill(struct dimensions *all, uint16_t attr, bool store, uint32_t share, struct dimension_cell *cells)
{
    uint32_t count = 0;
    for (uint32_t doc = below(2 * share); doc < all->doc_count; doc += 1 + below(2 * share - 1)) {
        int64_t value = store ? (int64_t)below(20) * 1000 : 10000 + (int64_t)below(5000000);
        cells[count++] = (struct dimension_cell){doc, value, 1764000000000u + below(1000000000)};
    }
    for (uint32_t from = 0; from < count; from += GROUP)
        dimensions_set(all, attr, store, cells + from, count - from < GROUP ? count - from : GROUP);
    return count;
}

static uint64_t read_flat(const _Atomic uint64_t *bits, uint32_t docs, uint64_t *sum)
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t begin = clock_monotonic_ns();
        for (uint32_t base = 0; base < docs; base += WINDOW) {
            uint64_t out[WORDS] = {0};
            for (uint32_t i = 0; i < WORDS; i++)
                out[i] |= atomic_load_explicit(&bits[base / 64 + i], memory_order_relaxed);
            *sum += out[base / WINDOW % WORDS];
        }
        uint64_t took = clock_monotonic_ns() - begin;
        best = took < best ? took : best;
    }
    return best;
}

static uint64_t read_store(const struct dimension *d, uint32_t docs, uint64_t *sum)
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t begin = clock_monotonic_ns();
        for (uint32_t base = 0; base < docs; base += WINDOW) {
            uint64_t out[WORDS] = {0};
            dimension_stock_window(d, base, out);
            *sum += out[base / WINDOW % WORDS];
        }
        uint64_t took = clock_monotonic_ns() - begin;
        best = took < best ? took : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    uint32_t docs = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000, stores = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000;
    uint32_t lists = argc > 3 ? (uint32_t)atoi(argv[3]) : 50;
    struct dimensions all = {.doc_count = docs};
    struct dimension_cell *cells = xcalloc(docs + 1, sizeof(*cells));
    _Atomic uint64_t *flat = xcalloc(docs / 64 + WINDOW, sizeof(*flat));
    uint64_t sum = 0, total = 0, counted = 0, before = memory_heap(), begin = clock_monotonic_ns();
    size_t count;

    for (uint32_t i = 0; i < stores + lists; i++) {
        total += fill(&all, (uint16_t)i, i < stores, i < stores ? 20 : 10, cells);
        if (i % 16 == 0)
            rcu_barrier();
    }
    uint64_t took = clock_monotonic_ns() - begin;
    rcu_barrier();
    uint64_t heap = memory_heap() - before;
    for (uint32_t i = 0; i < stores + lists; i++)
        counted += dimension_memory(dimensions_find(&all, (uint16_t)i), &count);
    printf("%u stores and %u lists of %u documents: %llu cells\n", stores, lists, docs, (unsigned long long)total);
    printf("bytes a cell: %.2f of the heap, %.2f counted\n", (double)heap / (double)total,
           (double)counted / (double)total);
    printf("cells set in groups of %d: %.2f million/s\n", GROUP, (double)total * 1e3 / (double)took);
    for (uint32_t i = 0; i < docs / 64; i++)
        flat[i] = (uint64_t)below(1u << 31) << 32 | below(1u << 31);
    uint64_t whole = read_flat(flat, docs, &sum), one = read_store(dimensions_find(&all, 0), docs, &sum);
    printf("in-stock set, all windows: index %.1f us, one store %.1f us (%.2f times) %s\n", (double)whole / 1e3,
           (double)one / 1e3, (double)one / (double)whole, sum == 1 ? " " : "");
    dimensions_close(&all);
    free(cells);
    free((void *)flat);
    return 0;
}
