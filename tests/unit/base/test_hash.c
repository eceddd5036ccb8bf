#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/base/hash.h"
#include "tests/support/random.h"

/* Files hold these: they may never change. The values are XXH3's own (empty input, and "abc"). */
static void test_stable(void **state)
{
    (void)state;
    assert_true(hash64("", 0) == UINT64_C(0x2D06800538D394C2));
    assert_true(hash64("abc", 3) == UINT64_C(0x78AF5F94892F3950));
    struct hash128 h = hash128("", 0);
    assert_true(h.low == UINT64_C(0x6001C324468D497F) && h.high == UINT64_C(0x99AA06D3014798D8));
    assert_true(hash64_seed("abc", 3, 1) != hash64("abc", 3));
    assert_true(hash64_seed("abc", 3, 0) == hash64("abc", 3));
}

static void test_secret(void **state)
{
    (void)state;
    assert_true(hash64_secret("abc", 3) == hash64_secret("abc", 3));
    assert_true(hash64_secret("abc", 3) != hash64("abc", 3));
}

static void test_stream(void **state)
{
    (void)state;
    struct random r = random_start("hash_stream");
    uint8_t data[5000];
    random_fill(&r, data, sizeof(data));
    for (int round = 0; round < 200; round++) {
        size_t size = random_below(&r, sizeof(data) + 1);
        struct hash_stream *h = hash_stream_new();
        for (size_t at = 0; at < size;) {
            size_t piece = random_below(&r, 400);
            piece = piece > size - at ? size - at : piece;
            hash_stream_update(h, data + at, piece);
            at += piece;
        }
        assert_true(hash_stream_digest(h) == hash64(data, size));
        hash_stream_free(h);
    }
    hash_stream_free(NULL);
}

static void test_random_bytes(void **state)
{
    (void)state;
    uint8_t a[1000] = {0};
    uint8_t b[1000] = {0};
    random_bytes(a, sizeof(a));
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 900, (uint8_t[100]){0}, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
