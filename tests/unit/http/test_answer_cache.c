/* Kept answers: found by the whole key, compressed once, bounded by bytes. */
#include "server/http/answer_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/gzip.h"
#include "tests/support/random.h"

#define BYTES (1u << 20)
#define KEYS  3000

static struct str text_of(char *to, size_t size, const char *word, unsigned number)
{
    int n = snprintf(to, size, "%s %u", word, number);

    return (struct str){to, (size_t)n};
}

static bool find(struct answer_cache *c, struct str key, bool *gzip, struct buf *out)
{
    buf_clear(out);
    return answer_cache_find(c, key, gzip, out);
}

static void test_found_as_kept(void **state)
{
    struct answer_cache *c = answer_cache_new(BYTES);
    struct buf out = BUF_EMPTY;
    bool gzip = false;
    char key[32], answer[32];

    (void)state;
    assert_false(find(c, STR("a"), &gzip, &out));
    for (unsigned i = 0; i < 100; i++)
        answer_cache_keep(c, text_of(key, sizeof(key), "key", i), text_of(answer, sizeof(answer), "answer", i));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(find(c, text_of(key, sizeof(key), "key", i), &gzip, &out));
        assert_true(str_equal(buf_str(&out), text_of(answer, sizeof(answer), "answer", i)));
    }
    assert_false(find(c, STR("key 100"), &gzip, &out));
    /* what is there stays */
    answer_cache_keep(c, STR("key 7"), STR("another"));
    assert_true(find(c, STR("key 7"), &gzip, &out));
    assert_true(str_equal(buf_str(&out), STR("answer 7")));
    buf_release(&out);
    answer_cache_free(c);
}

static void test_compressed(void **state)
{
    struct answer_cache *c = answer_cache_new(BYTES);
    char *large = malloc(5000);
    struct buf out = BUF_EMPTY, plain = BUF_EMPTY;
    struct error err = {0};
    size_t used;

    (void)state;
    for (size_t i = 0; i < 5000; i++)
        large[i] = (char)('a' + i % 7);
    answer_cache_keep(c, STR("large"), (struct str){large, 5000});
    answer_cache_keep(c, STR("small"), STR("too small to be worth it"));
    for (int i = 0; i < 2; i++) {
        bool gzip = true;
        struct inflater *z = inflater_new();
        assert_true(find(c, STR("large"), &gzip, &out));
        assert_true(gzip);
        assert_true(out.size < 1000);
        buf_clear(&plain);
        assert_int_equal(inflater_push(z, buf_str(&out), &used, &plain, 10000, &err), STATUS_OK);
        assert_true(str_equal(buf_str(&plain), (struct str){large, 5000}));
        inflater_free(z);
        gzip = true;
        assert_true(find(c, STR("small"), &gzip, &out));
        assert_false(gzip);
        gzip = false;
        assert_true(find(c, STR("large"), &gzip, &out));
        assert_int_equal(out.size, 5000);
    }
    free(large);
    buf_release(&out);
    buf_release(&plain);
    answer_cache_free(c);
}

static void test_bounded(void **state)
{
    struct random r = random_start("bounded");
    struct answer_cache *c = answer_cache_new(BYTES);
    struct answer_cache_stats stats;
    static char answer[20000];
    struct buf out = BUF_EMPTY;
    size_t found = 0;

    (void)state;
    memset(answer, 'x', sizeof(answer));
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        bool gzip = false;
        answer_cache_keep(c, text_of(key, sizeof(key), "key", i),
                          (struct str){answer, 1 + random_below(&r, sizeof(answer))});
        answer_cache_read(c, &stats);
        assert_true(stats.bytes <= BYTES);
        found += find(c, text_of(key, sizeof(key), "key", i), &gzip, &out);
    }
    /* those larger than a hundredth are not kept, the others are found right after */
    assert_in_range(found, KEYS / 3, KEYS * 2 / 3);
    assert_true(stats.bytes > BYTES / 4);
    buf_release(&out);
    answer_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_found_as_kept), cmocka_unit_test(test_compressed),
                                       cmocka_unit_test(test_bounded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
