/* The term dictionary, prefixes and typo search against plain lists of words. */
#include "indexer/shard/terms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/arena.h"
#include "indexer/shard/fuzzy.h"
#include "tests/support/random.h"

struct words {
    struct arena arena;
    struct str *texts;
    struct term_record *records;
    uint32_t count;
    struct buf image;
    struct container container;
    struct terms terms;
    struct fuzzy fuzzy;
};

static int compare(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Words of few letters, so that many are near each other; some with digits, accents or other scripts. */
static struct str random_word(struct words *w, struct random *r, unsigned longest)
{
    static const char *const LETTERS[] = {"a", "b", "c", "d", "e", "\u00e9", "\u4e2d", "1", "2", "-"};
    unsigned size = 1 + (unsigned)random_below(r, longest);
    unsigned kinds = random_chance(r, 70) ? 5 : 10;
    struct buf text = BUF_EMPTY;
    struct str copy;

    for (unsigned i = 0; i < size; i++)
        buf_append_str(&text, str_from(LETTERS[random_below(r, kinds)]));
    copy = arena_copy(&w->arena, buf_str(&text));
    buf_release(&text);
    return copy;
}

static void words_open(struct words *w, struct random *r, uint32_t wanted, unsigned longest)
{
    struct container_writer writer;
    struct error err = {0};

    *w = (struct words){0};
    arena_init(&w->arena, 0);
    w->texts = xcalloc((size_t)wanted + 1, sizeof(*w->texts));
    w->records = xcalloc((size_t)wanted + 1, sizeof(*w->records));
    for (uint32_t i = 0; i < wanted; i++)
        w->texts[i] = random_word(w, r, longest);
    qsort(w->texts, wanted, sizeof(*w->texts), compare);
    for (uint32_t i = 0; i < wanted; i++) {
        if (w->count == 0 || !str_equal(w->texts[w->count - 1], w->texts[i]))
            w->texts[w->count++] = w->texts[i];
    }
    for (uint32_t i = 0; i <= w->count; i++)
        w->records[i] = (struct term_record){i < w->count ? 1 + (uint32_t)random_below(r, 1000) : 0, i * 2, i};
    container_writer_init(&writer, CONTAINER_SHARD, &w->image, NULL);
    terms_write(&writer, w->texts, w->records, w->count);
    fuzzy_write(&writer, w->texts, w->count);
    assert_int_equal(container_finish(&writer, 1, &err), STATUS_OK);
    container_writer_release(&writer);
    assert_int_equal(container_open(&w->container, CONTAINER_SHARD, w->image.data, w->image.size, &err), STATUS_OK);
    if (terms_open(&w->terms, &w->container, w->count, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(fuzzy_open(&w->fuzzy, &w->container, &w->terms, &err), STATUS_OK);
}

static void words_close(struct words *w)
{
    container_close(&w->container);
    buf_release(&w->image);
    free(w->texts);
    free(w->records);
    arena_release(&w->arena);
}

static void compare_prefix(const struct words *w, struct str prefix)
{
    term_id first = 0, end = 0;
    uint64_t sum = 0;
    uint32_t from = 0, to = 0;

    while (from < w->count && str_compare(w->texts[from], prefix) < 0)
        from++;
    for (to = from; to < w->count && str_starts_with(w->texts[to], prefix); to++)
        sum += w->records[to].df;
    terms_prefix(&w->terms, prefix, &first, &end);
    assert_int_equal(first, from);
    assert_int_equal(end, to);
    assert_int_equal(terms_df_sum(&w->terms, first, end), sum);
    assert_int_equal(terms_lower_bound(&w->terms, prefix), from);
}

static void test_lookup(void **state)
{
    struct random r = random_start("terms");

    (void)state;
    for (size_t round = 0; round < random_rounds(20, 300); round++) {
        struct words w;
        struct terms_cursor cursor;
        term_id id = 0, at = 0;
        char text[TERM_MAX_BYTES];

        words_open(&w, &r, (uint32_t)random_below(&r, round % 2 ? 40 : 800), 12);
        terms_cursor_start(&cursor, &w.terms, 0);
        for (; terms_cursor_next(&cursor, &id); at++) {
            assert_int_equal(id, at);
            assert_true(str_equal((struct str){cursor.text, cursor.size}, w.texts[at]));
            assert_int_equal(terms_find(&w.terms, w.texts[at]), at);
            assert_true(str_equal((struct str){text, terms_text(&w.terms, at, text)}, w.texts[at]));
        }
        assert_int_equal(at, w.count);
        for (int i = 0; i < 100; i++) {
            struct str word = random_word(&w, &r, 12), prefix = str_slice(word, 0, random_below(&r, word.size) + 1);
            struct str *found = bsearch(&word, w.texts, w.count, sizeof(word), compare);

            assert_int_equal(terms_find(&w.terms, word), found ? (term_id)(found - w.texts) : TERM_NONE);
            compare_prefix(&w, prefix);
        }
        assert_int_equal(terms_find(&w.terms, (struct str){0}), TERM_NONE);
        words_close(&w);
    }
}

/* Optimal string alignment by the full matrix. */
static unsigned naive_distance(struct str a, struct str b)
{
    uint32_t x[256], y[256];
    unsigned m[257][257];
    unsigned n = 0, k = 0;

    for (size_t at = 0; at < a.size; n++)
        x[n] = str_utf8_next(a, &at);
    for (size_t at = 0; at < b.size; k++)
        y[k] = str_utf8_next(b, &at);
    if (x[0] != y[0])
        return 99;
    for (unsigned i = 0; i <= n; i++) {
        for (unsigned j = 0; j <= k; j++) {
            if (i == 0 || j == 0) {
                m[i][j] = i + j;
                continue;
            }
            m[i][j] = m[i - 1][j - 1] + (x[i - 1] != y[j - 1]);
            m[i][j] = m[i - 1][j] + 1 < m[i][j] ? m[i - 1][j] + 1 : m[i][j];
            m[i][j] = m[i][j - 1] + 1 < m[i][j] ? m[i][j - 1] + 1 : m[i][j];
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] && m[i - 2][j - 2] + 1 < m[i][j])
                m[i][j] = m[i - 2][j - 2] + 1;
        }
    }
    return m[n][k];
}

static unsigned letters(struct str s)
{
    unsigned n = 0;

    for (size_t at = 0; at < s.size; n++)
        (void)str_utf8_next(s, &at);
    return n;
}

static bool has_digit(struct str s)
{
    return str_find_char(s, '1') != SIZE_MAX || str_find_char(s, '2') != SIZE_MAX;
}

static bool fuzzy_before(const struct fuzzy_term *a, const struct fuzzy_term *b)
{
    if (a->distance != b->distance)
        return a->distance < b->distance;
    return a->df != b->df ? a->df > b->df : a->id < b->id;
}

static void compare_typos(struct words *w, struct str word)
{
    static struct fuzzy_term found[2000];
    int distance = letters(word) >= 8 ? 2 : 1;
    uint32_t count = fuzzy_find(&w->fuzzy, word, 2, found, 2000), wanted = 0;

    for (uint32_t i = 0; i < w->count; i++) {
        if (letters(w->texts[i]) >= FUZZY_TERM_MIN)
            wanted += naive_distance(word, w->texts[i]) <= (unsigned)distance;
    }
    assert_int_equal(count, wanted);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(naive_distance(word, w->texts[found[i].id]), found[i].distance);
        assert_int_equal(found[i].df, w->records[found[i].id].df);
        assert_true(i == 0 || fuzzy_before(&found[i - 1], &found[i]));
    }
    if (count > 3) {
        struct fuzzy_term best[3];

        assert_int_equal(fuzzy_find(&w->fuzzy, word, 2, best, 3), 3);
        assert_memory_equal(best, found, sizeof(best));
    }
}

static void test_typos(void **state)
{
    struct random r = random_start("fuzzy");
    size_t tried = 0;

    (void)state;
    for (size_t round = 0; round < random_rounds(6, 100); round++) {
        struct words w;

        words_open(&w, &r, 1500, round % 2 ? 6 : 11);
        for (int i = 0; i < 150; i++) {
            struct str word =
                random_chance(&r, 50) && w.count ? w.texts[random_below(&r, w.count)] : random_word(&w, &r, 11);

            if (has_digit(word) || letters(word) < 4)
                continue;
            compare_typos(&w, word);
            tried++;
        }
        words_close(&w);
    }
    assert_true(tried > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_typos),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
