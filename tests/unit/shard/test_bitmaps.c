/* Sets of every kind against an array of flags, and the validator against damaged ones. */
#include "indexer/shard/bitmaps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/random.h"

struct naive {
    uint32_t doc_count, cardinality;
    uint8_t *has;
    doc_id *docs;
};

static void set(struct naive *n, doc_id doc)
{
    n->cardinality += !n->has[doc];
    n->has[doc] = 1;
}

static struct naive make(struct random *r, uint32_t doc_count)
{
    struct naive n = {.doc_count = doc_count, .has = xcalloc((size_t)doc_count + 1, 1)};
    uint32_t at = 0;

    for (doc_id base = 0; base < doc_count; base += 65536) { /* each leaf of another kind */
        uint32_t size = doc_count - base < 65536 ? doc_count - base : 65536;
        uint64_t kind = random_below(r, 4);

        for (uint32_t i = 0; kind == 0 && i < 20; i++)
            set(&n, base + (doc_id)random_below(r, size));
        for (uint32_t i = 0; kind == 1 && i < size; i++) {
            if (random_chance(r, 40))
                set(&n, base + i);
        }
        for (uint32_t i = 0; kind == 2 && i < size; i++) {
            if (i / 1000 % 2)
                set(&n, base + i);
        }
    }
    if (n.cardinality == 0)
        set(&n, doc_count - 1);
    n.docs = xcalloc(n.cardinality, sizeof(*n.docs));
    for (doc_id d = 0; d < doc_count; d++) {
        if (n.has[d])
            n.docs[at++] = d;
    }
    return n;
}

static void naive_release(struct naive *n)
{
    free(n->has);
    free(n->docs);
}

static void compare(const struct naive *n, const struct docset *s, struct random *r)
{
    uint64_t *bits = xcalloc((size_t)n->doc_count / 64 + 2, sizeof(*bits));
    doc_id *docs = xcalloc(n->cardinality, sizeof(*docs));

    assert_int_equal(s->cardinality, n->cardinality);
    docset_list(s, docs);
    assert_memory_equal(docs, n->docs, n->cardinality * sizeof(*docs));
    docset_into(s, bits, n->doc_count);
    for (doc_id d = 0; d < n->doc_count; d++)
        assert_int_equal(bits[d / 64] >> (d & 63) & 1, n->has[d]);
    for (doc_id base = 0; base < n->doc_count; base += 4096) {
        uint64_t window[64] = {0};

        docset_window(s, base, window);
        for (doc_id d = base; d < base + 4096; d++)
            assert_int_equal(window[(d - base) / 64] >> (d & 63) & 1, d < n->doc_count && n->has[d]);
    }
    for (int i = 0; i < 300; i++) {
        doc_id doc = (doc_id)random_below(r, n->doc_count), next = doc;

        while (next < n->doc_count && !n->has[next])
            next++;
        assert_int_equal(docset_next(s, doc), next < n->doc_count ? next : DOC_NONE);
        assert_int_equal(docset_contains(s, doc), n->has[doc]);
    }
    assert_int_equal(docset_next(s, n->doc_count), DOC_NONE);
    free(bits);
    free(docs);
}

static void test_kinds(void **state)
{
    static const uint32_t COUNTS[] = {1, 64, 4096, 5000, 65536, 65537, 300000};
    struct random r = random_start("bitmaps");

    (void)state;
    for (size_t c = 0; c < sizeof(COUNTS) / sizeof(COUNTS[0]); c++) {
        for (size_t round = 0; round < random_rounds(3, 50); round++) {
            struct naive n = make(&r, COUNTS[c]);
            struct buf bytes = BUF_EMPTY;
            uint64_t *flat = xcalloc(((size_t)COUNTS[c] + 63) / 64, sizeof(*flat));
            struct docset s;

            docset_encode(n.docs, n.cardinality, &bytes);
            assert_true(docset_decode(buf_str(&bytes), &s));
            compare(&n, &s, &r);
            for (uint32_t i = 0; i < n.cardinality; i++)
                flat[n.docs[i] / 64] |= UINT64_C(1) << (n.docs[i] & 63);
            s = (struct docset){.kind = DOCSET_FLAT,
                                .cardinality = n.cardinality,
                                .data = flat,
                                .size_bytes = ((size_t)COUNTS[c] + 63) / 64 * 8};
            compare(&n, &s, &r);
            free(flat);
            buf_release(&bytes);
            naive_release(&n);
        }
    }
}

static void test_ranges(void **state)
{
    struct random r = random_of_seed(11);

    (void)state;
    for (int round = 0; round < 30; round++) {
        struct naive n = {.doc_count = 20000, .has = xcalloc(20001, 1)};
        doc_id first = (doc_id)random_below(&r, 19999), end = first + 1 + (doc_id)random_below(&r, 19999 - first);
        struct docset s = {.kind = DOCSET_RANGE, .cardinality = end - first, .first = first, .end = end};

        n.docs = xcalloc(end - first, sizeof(doc_id));
        for (doc_id d = first; d < end; d++) {
            set(&n, d);
            n.docs[d - first] = d;
        }
        compare(&n, &s, &r);
        naive_release(&n);
    }
}

/* A changed set is refused, or is another set that reads as one: ascending, as many as it says. */
static void test_damage(void **state)
{
    struct random r = random_start("bitmaps_damage");

    (void)state;
    for (size_t round = 0; round < random_rounds(3000, 100000); round++) {
        static const uint32_t COUNTS[] = {30, 9000, 70000, 200000};
        struct naive n = make(&r, COUNTS[round % (round % 16 ? 2 : 4)]);
        struct buf bytes = BUF_EMPTY;
        struct docset s;

        docset_encode(n.docs, n.cardinality, &bytes);
        for (int i = 0; i < 3; i++)
            bytes.data[random_below(&r, bytes.size < 64 || random_chance(&r, 50) ? bytes.size : 64)] =
                (char)random_next(&r);
        if (docset_decode(str_slice(buf_str(&bytes), 0, bytes.size - random_below(&r, 2)), &s)) {
            doc_id *docs = xcalloc(s.cardinality, sizeof(*docs));
            uint32_t count = 0;

            docset_list(&s, docs);
            for (doc_id d = docset_next(&s, 0); d != DOC_NONE; d = docset_next(&s, d + 1))
                assert_int_equal(d, docs[count++]);
            assert_int_equal(count, s.cardinality);
            free(docs);
        }
        buf_release(&bytes);
        naive_release(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
