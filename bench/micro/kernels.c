/*
 * The loops that searches spend their time in, on arrays that fit the second-level cache: documents a second, with the
 * plain C form beside the vector form where there are two, and of reading the same bytes once as the limit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "indexer/base/buf.h"
#include "indexer/shard/postings.h"
#include "server/query/kernels.h"
#include "server/query/kernels_count.h"
#include "server/query/mask.h"

#define CODES  (128u << 10)
#define ROUNDS 2000

static uint16_t codes[CODES];
static uint32_t counts[CODES / 4];
static uint64_t sink;

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(const char *name, double units, double since)
{
    printf("%-32s %8.2f G documents/s\n", name, units / (seconds() - since) / 1e9);
}

static uint32_t random_u32(void)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

#define MEASURE(name, expression)                                                                                      \
    do {                                                                                                               \
        double since = seconds();                                                                                      \
        for (uint32_t round = 0; round < ROUNDS; round++) {                                                            \
            for (uint32_t i = 0; i < CODES; i += 64)                                                                   \
                sink += (expression);                                                                                  \
        }                                                                                                              \
        print((name), (double)CODES *ROUNDS, since);                                                                   \
    } while (0)

static uint64_t read_once(const uint16_t *from)
{
    uint64_t sum = 0, word;

    for (uint32_t i = 0; i < 64; i += 4) {
        memcpy(&word, from + i, sizeof(word));
        sum |= word;
    }
    return sum;
}

static void code_kernels(void)
{
    for (uint32_t i = 0; i < CODES; i++)
        codes[i] = (uint16_t)(random_u32() % 4000);
    MEASURE("codes, read once", read_once(codes + i));
    MEASURE("codes in a range", kernel_in_range(codes + i, 1000, 3000));
    MEASURE("codes in a range, plain", kernel_in_range_plain(codes + i, 1000, 3000));
    for (uint32_t i = 0; i < CODES; i++)
        codes[i] = (uint16_t)(i / 8192);
    MEASURE("codes all equal", kernel_all_equal(codes + i));
    MEASURE("codes all equal, plain", kernel_all_equal_plain(codes + i));
}

static void histogram(void)
{
    double since;

    for (uint32_t i = 0; i < CODES; i++)
        codes[i] = (uint16_t)(random_u32() % 4000);
    since = seconds();
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < CODES; i++)
            counts[codes[i]]++;
    }
    print("codes into a histogram", (double)CODES * ROUNDS, since);
    memset(counts, 0, sizeof(counts));
    counts[CODES / 4 - 1] = 1;
    since = seconds();
    for (uint32_t round = 0; round < ROUNDS; round++)
        sink += kernel_next_used(counts, 1, CODES / 4);
    print("counts passed over", (double)(CODES / 4) * ROUNDS, since);
}

static void mask_kernel(uint32_t one_in)
{
    uint16_t offsets[WINDOW_DOCS];
    struct mask m;
    char name[64];
    double since;
    uint64_t listed = 0;

    mask_clear(&m);
    for (uint32_t i = 0; i < WINDOW_DOCS; i++) {
        if (random_u32() % one_in == 0)
            mask_set(&m, i);
    }
    since = seconds();
    for (uint32_t round = 0; round < 32 * ROUNDS; round++)
        listed += mask_list(&m, offsets);
    (void)snprintf(name, sizeof(name), "a mask listed, 1 of %u set", one_in);
    print(name, (double)listed, since);
}

/* Half of a window's documents counted by their codes. */
static void count_kernel(const struct count_kernels *k, uint32_t values)
{
    static uint8_t small[CODES];
    uint32_t found[4000] = {0};
    struct mask m;
    char name[64];
    double since;

    mask_clear(&m);
    for (uint32_t i = 0; i < WINDOW_DOCS; i++) {
        if (random_u32() % 2)
            mask_set(&m, i);
    }
    for (uint32_t i = 0; i < CODES; i++) {
        codes[i] = (uint16_t)(random_u32() % values);
        small[i] = (uint8_t)codes[i];
    }
    since = seconds();
    for (uint32_t round = 0; round < ROUNDS / 4; round++) {
        for (uint32_t i = 0; i < CODES; i += WINDOW_DOCS) {
            if (values <= 256)
                k->u8(small + i, &m, values - 1, found);
            else
                k->u16(codes + i, &m, values - 1, found);
        }
    }
    sink += found[1];
    (void)snprintf(name, sizeof(name), "half counted, %u values, %s", values, k->name);
    print(name, (double)CODES * (ROUNDS / 4), since);
}

static void list_kernel(uint32_t gap)
{
    doc_id *docs = malloc(CODES * sizeof(*docs)), block_docs[POSTINGS_BLOCK];
    uint32_t *facts = malloc(CODES * sizeof(*facts)), block_facts[POSTINGS_BLOCK];
    struct buf bytes = BUF_EMPTY;
    struct postings p;
    size_t used;
    char name[64];
    double since;

    for (uint32_t i = 0, doc = 0; i < CODES; i++) {
        docs[i] = doc += 1 + random_u32() % (2 * gap);
        facts[i] = random_u32() % 500;
    }
    postings_encode(docs, facts, CODES, UINT32_MAX / 2, &bytes);
    if (postings_open(buf_str(&bytes), CODES, UINT32_MAX / 2, &p, &used)) {
        since = seconds();
        for (uint32_t round = 0; round < ROUNDS; round++) {
            for (uint32_t b = 0; b < p.block_count; b++)
                sink += postings_block(&p, b, block_docs, block_facts);
        }
        (void)snprintf(name, sizeof(name), "a list decoded, gaps about %u", gap);
        print(name, (double)CODES * ROUNDS, since);
    }
    buf_release(&bytes);
    free(docs);
    free(facts);
}

int main(void)
{
    code_kernels();
    histogram();
    for (uint32_t i = 0; i < COUNT_KERNELS_COUNT; i++) {
        for (uint32_t values = 10; COUNT_KERNELS[i].fits() && values <= 4000; values *= values == 100 ? 40 : 10)
            count_kernel(&COUNT_KERNELS[i], values);
    }
    mask_kernel(2);
    mask_kernel(64);
    list_kernel(50);
    list_kernel(2000);
    return sink == 1; /* so that nothing is left out */
}
