#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "indexer/base/gzip.h"
#include "tests/support/random.h"

/* Inflates in pieces of the given sizes; false on damage. */
static bool inflate_all(struct str input, size_t piece, size_t max_out, struct buf *out, bool *done)
{
    struct inflater *z = inflater_new();
    bool ok = true;
    size_t at = 0;
    size_t stalled = 0;
    while (ok && (at < input.size || stalled < 2)) {
        size_t size = piece < input.size - at ? piece : input.size - at;
        size_t used = 0;
        size_t before = out->size;
        ok = inflater_push(z, str_slice(input, at, at + size), &used, out, max_out, NULL) == STATUS_OK;
        at += used;
        assert_true(out->size - before <= max_out);
        stalled = used == 0 && out->size == before ? stalled + 1 : 0;
    }
    *done = inflater_done(z);
    inflater_free(z);
    return ok;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct random r = random_start("gzip_round_trip");
    for (int round = 0; round < 60; round++) {
        struct buf data = BUF_EMPTY;
        struct buf packed = BUF_EMPTY;
        struct buf back = BUF_EMPTY;
        bool done = false;
        size_t size = random_below(&r, 300000) >> random_below(&r, 18);
        for (size_t i = 0; i < size; i++) {
            buf_append_char(&data, (char)('a' + random_below(&r, 4)));
        }
        assert_int_equal(gzip_compress(buf_str(&data), 6, &packed), STATUS_OK);
        assert_true(gzip_is(buf_str(&packed)));
        assert_true(
            inflate_all(buf_str(&packed), 1 + random_below(&r, 5000), 1 + random_below(&r, 100000), &back, &done));
        assert_true(done);
        assert_true(str_equal(buf_str(&back), buf_str(&data)));
        buf_release(&back);
        buf_release(&packed);
        buf_release(&data);
    }
}

static void test_members(void **state)
{
    (void)state;
    struct buf packed = BUF_EMPTY;
    struct buf back = BUF_EMPTY;
    bool done = false;
    assert_int_equal(gzip_compress(STR("first "), 9, &packed), STATUS_OK);
    size_t first_size = packed.size;
    assert_int_equal(gzip_compress(STR("second"), 1, &packed), STATUS_OK);
    assert_true(inflate_all(buf_str(&packed), 1, 1000, &back, &done));
    assert_true(done && str_equal(buf_str(&back), STR("first second")));
    buf_clear(&back);
    assert_true(inflate_all(str_slice(buf_str(&packed), 0, first_size + 5), 7, 1000, &back, &done));
    assert_false(done); /* cut in the second member */
    assert_true(str_equal(buf_str(&back), STR("first ")));
    buf_clear(&back);
    buf_append(&packed, "\0\0\0\0", 4); /* padding */
    assert_true(inflate_all(buf_str(&packed), 3, 1000, &back, &done));
    assert_true(done && str_equal(buf_str(&back), STR("first second")));
    buf_clear(&back);
    buf_literal(&packed, "junk");
    assert_false(inflate_all(buf_str(&packed), 1000, 1000, &back, &done));
    buf_release(&back);
    buf_release(&packed);
}

/* The checksum and the structure notice damage: no flipped byte gives other data without an error. */
static void test_damage(void **state)
{
    (void)state;
    struct buf packed = BUF_EMPTY;
    struct str text = STR("some text that is long enough, and long enough again, to be packed");
    assert_int_equal(gzip_compress(text, 6, &packed), STATUS_OK);
    size_t noticed = 0;
    for (size_t i = 0; i < packed.size; i++) {
        struct buf back = BUF_EMPTY;
        bool done = false;
        packed.data[i] = (char)(packed.data[i] ^ 0x10);
        bool ok = inflate_all(buf_str(&packed), 1000, 1000, &back, &done);
        assert_true(!ok || !done || str_equal(buf_str(&back), text));
        noticed += !ok || !done;
        packed.data[i] = (char)(packed.data[i] ^ 0x10);
        buf_release(&back);
    }
    assert_true(noticed > packed.size - 10); /* but for time, system and flag bytes of the header */
    buf_release(&packed);
}

static void test_limits(void **state)
{
    (void)state;
    struct buf packed = BUF_EMPTY;
    struct buf small;
    struct error err = {0};
    size_t used = 0;
    char *zeros = calloc(1, 1000000);
    assert_int_equal(gzip_compress((struct str){zeros, 1000000}, 6, &packed), STATUS_OK);
    assert_true(packed.size < 2000);
    buf_init(&small, 5000);
    struct inflater *z = inflater_new();
    assert_int_equal(inflater_push(z, buf_str(&packed), &used, &small, 10000, &err), STATUS_LIMIT);
    inflater_free(z);
    buf_init(&small, 10);
    assert_int_equal(gzip_compress(STR("abc"), 6, &small), STATUS_LIMIT);
    free(zeros);
    buf_release(&small);
    buf_release(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
