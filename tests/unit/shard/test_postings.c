/* Lists of every kind and distribution, written and read back by every door, against the plain arrays. */
#include "indexer/shard/postings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/random.h"

struct list {
    uint32_t doc_count, df;
    doc_id *docs;
    uint32_t *facts;
};

enum shape { SHAPE_UNIFORM, SHAPE_CLUSTERS, SHAPE_ENDS, SHAPE_ALL, SHAPE_ONE, SHAPE_FAR, SHAPE_COUNT };

static uint32_t random_fact(struct random *r, int kind)
{
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return (uint32_t)random_below(r, 3);
    case 2:
        return random_chance(r, 1) ? (uint32_t)random_below(r, 70000) : (uint32_t)random_below(r, 4);
    default:
        return (uint32_t)random_next(r);
    }
}

static bool chosen(struct random *r, enum shape shape, uint32_t doc, uint32_t doc_count, unsigned percent)
{
    switch (shape) {
    case SHAPE_CLUSTERS:
        return doc / 300 % 7 == 3 && random_chance(r, 80);
    case SHAPE_ENDS:
        return doc < 70 || doc + 70 > doc_count;
    case SHAPE_ALL:
        return true;
    case SHAPE_ONE:
        return doc == doc_count / 2;
    case SHAPE_FAR:
        return doc % 4096 == 4095 || doc % 65536 == 0;
    default:
        return random_chance(r, percent);
    }
}

static struct list make(struct random *r, enum shape shape, uint32_t doc_count)
{
    struct list l = {.doc_count = doc_count,
                     .docs = xcalloc((size_t)doc_count + 1, sizeof(doc_id)),
                     .facts = xcalloc((size_t)doc_count + 1, sizeof(uint32_t))};
    unsigned percent = 1 + (unsigned)random_below(r, 99);
    int kind = (int)random_below(r, 4);

    for (uint32_t d = 0; d < doc_count; d++) {
        if (chosen(r, shape, d, doc_count, percent)) {
            l.docs[l.df] = d;
            l.facts[l.df++] = random_fact(r, kind);
        }
    }
    if (l.df == 0)
        l.docs[l.df++] = doc_count - 1;
    return l;
}

static void compare_blocks(const struct list *l, const struct postings *p)
{
    doc_id docs[POSTINGS_BLOCK];
    uint32_t facts[POSTINGS_BLOCK], at = 0;

    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, docs, facts);

        for (uint32_t i = 0; i < count; i++, at++) {
            assert_int_equal(docs[i], l->docs[at]);
            assert_int_equal(facts[i], l->facts[at]);
        }
        assert_int_equal(p->block_last[b], docs[count - 1]);
        assert_int_equal(postings_block(p, b, docs, NULL), count);
    }
    assert_int_equal(at, p->bits ? 0 : l->df);
}

static void compare_seeks(const struct list *l, const struct postings *p, struct random *r)
{
    for (int i = 0; i < 50; i++) {
        doc_id doc = (doc_id)random_below(r, l->doc_count + 10);
        uint32_t from = (uint32_t)random_below(r, p->block_count + 1), wanted = from;

        while (wanted < p->block_count && p->block_last[wanted] < doc)
            wanted++;
        assert_int_equal(postings_seek(p, from, doc), wanted);
    }
}

static void compare_windows(const struct list *l, const struct postings *p, uint32_t step)
{
    uint32_t cursor = 0, at = 0;

    for (doc_id base = 0; base < l->doc_count; base += 4096 * step) {
        uint64_t bits[64] = {0}, wanted[64] = {0};

        while (at < l->df && l->docs[at] < base)
            at++;
        for (; at < l->df && l->docs[at] < base + 4096; at++)
            wanted[(l->docs[at] - base) / 64] |= UINT64_C(1) << (l->docs[at] & 63);
        postings_window(p, base, &cursor, bits);
        assert_memory_equal(bits, wanted, sizeof(bits));
    }
}

static void compare_facts(const struct list *l, const struct postings *p)
{
    uint32_t facts[POSTINGS_BLOCK];

    for (uint32_t g = 0; g * POSTINGS_BLOCK < l->df; g++) {
        uint32_t count = postings_group_facts(p, g, facts);

        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(facts[i], l->facts[g * POSTINGS_BLOCK + i]);
        assert_int_equal(count, l->df - g * POSTINGS_BLOCK < 128 ? l->df - g * POSTINGS_BLOCK : 128);
    }
    assert_int_equal(postings_group_facts(p, l->df / POSTINGS_BLOCK + 1, facts), 0);
    for (uint32_t i = 0; p->bits && i < l->df; i++)
        assert_int_equal(postings_dense_fact(p, l->docs[i]), l->facts[i]);
}

/* The facts as dense lists have them now, and as they had them in version 1. */
static void compare_packed_facts(const struct list *l)
{
    for (int plain = 0; plain < 2; plain++) {
        struct buf bytes = BUF_EMPTY;
        struct packed_facts f;
        size_t used = 0, size = 0;

        (plain ? packed_facts_put_plain : packed_facts_put)(l->facts, l->df, &bytes);
        size = bytes.size;
        for (int i = 0; i < 2; i++)
            buf_put_u64(&bytes, UINT64_MAX);
        assert_true(packed_facts_open(&f, buf_str(&bytes), l->df, &used));
        assert_int_equal(used, size);
        assert_int_equal(f.palette == NULL, plain);
        for (uint32_t i = 0; i < l->df; i++)
            assert_int_equal(packed_facts_at(&f, i), l->facts[i]);
        assert_int_equal(packed_facts_at(&f, l->df), 0);
        assert_false(packed_facts_valid(&f, l->facts[l->df / 2]));
        assert_false(packed_facts_open(&f, str_slice(buf_str(&bytes), 0, size - 1), l->df, &used));
        buf_release(&bytes);
    }
}

static void compare(const struct list *l, struct random *r)
{
    struct buf bytes = BUF_EMPTY;
    struct postings p;
    doc_id *docs = xcalloc(l->df, sizeof(*docs));
    uint32_t *facts = xcalloc(l->df, sizeof(*facts));
    size_t used = 0, size = 0;

    postings_encode(l->docs, l->facts, l->df, l->doc_count, &bytes);
    size = bytes.size;
    for (int i = 0; i < 16; i++)
        buf_put_u8(&bytes, 0xff); /* what follows a list is none of its business */
    assert_true(postings_open(buf_str(&bytes), l->df, l->doc_count, &p, &used));
    assert_int_equal(used, size);
    assert_int_equal(p.bits != NULL, postings_is_dense(l->df, l->doc_count));
    assert_true(postings_valid(&p, l->doc_count, UINT32_MAX) || l->facts[0] == UINT32_MAX);
    postings_list(&p, docs, facts);
    assert_memory_equal(docs, l->docs, l->df * sizeof(*docs));
    assert_memory_equal(facts, l->facts, l->df * sizeof(*facts));
    compare_blocks(l, &p);
    compare_facts(l, &p);
    compare_packed_facts(l);
    compare_windows(l, &p, 1);
    compare_windows(l, &p, 3);
    if (!p.bits)
        compare_seeks(l, &p, r);
    for (size_t cut = 0; cut < size; cut += 1 + size / 50) {
        /* A list that is cut short is refused, or gives no more than it can. */
        if (postings_open(str_slice(buf_str(&bytes), 0, cut), l->df, l->doc_count, &p, &used))
            assert_true(used <= cut);
    }
    free(docs);
    free(facts);
    buf_release(&bytes);
}

static void test_round_trip(void **state)
{
    static const uint32_t COUNTS[] = {1, 2, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 20000, 140000};
    struct random r = random_start("postings");

    (void)state;
    for (size_t round = 0; round < random_rounds(1, 10); round++) {
        for (size_t c = 0; c < sizeof(COUNTS) / sizeof(COUNTS[0]); c++) {
            for (int shape = 0; shape < SHAPE_COUNT; shape++) {
                struct list l = make(&r, (enum shape)shape, COUNTS[c]);

                compare(&l, &r);
                free(l.docs);
                free(l.facts);
            }
        }
    }
}

/* Every length around a block, with every width. */
static void test_widths(void **state)
{
    struct random r = random_of_seed(3);

    (void)state;
    for (uint32_t df = 1; df <= 260; df += df < 5 || df % 128 > 124 || df % 128 < 3 ? 1 : 17) {
        for (uint32_t bits = 0; bits <= 24; bits += 3) {
            struct list l = {.df = df, .doc_count = 1U << 31};
            doc_id doc = 0;

            l.docs = xcalloc(df, sizeof(doc_id));
            l.facts = xcalloc(df, sizeof(uint32_t));
            for (uint32_t i = 0; i < df; i++) {
                doc += 1 + (uint32_t)random_below(&r, UINT64_C(1) << bits) / (df > 100 ? 260 : 1);
                l.docs[i] = doc;
                l.facts[i] = (uint32_t)random_below(&r, UINT64_C(1) << bits);
            }
            l.doc_count = doc + 1 > 100000 ? doc + 1 : 100000;
            struct buf bytes = BUF_EMPTY;
            struct postings p;
            size_t used = 0;

            postings_encode(l.docs, l.facts, df, l.doc_count, &bytes);
            for (int i = 0; i < 2; i++)
                buf_put_u64(&bytes, UINT64_MAX);
            assert_true(postings_open(buf_str(&bytes), df, l.doc_count, &p, &used));
            compare_blocks(&l, &p);
            buf_release(&bytes);
            free(l.docs);
            free(l.facts);
        }
    }
}

static void test_frequency_of_a_fact(void **state)
{
    (void)state;
    assert_int_equal(fact_frequency(UINT64_C(0xf000000000000021), 0), 1);
    assert_int_equal(fact_frequency(UINT64_C(0xf000000000000021), 1), 2);
    assert_int_equal(fact_frequency(UINT64_C(0xf000000000000021), 15), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_frequency_of_a_fact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
