#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "indexer/base/buf.h"
#include "tests/support/random.h"

static void assert_text(const struct buf *b, const char *expected)
{
    assert_int_equal(b->size, strlen(expected));
    assert_memory_equal(b->data, expected, b->size);
}

static void test_append(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    buf_append_str(&b, STR("a"));
    buf_append_char(&b, 'b');
    buf_literal(&b, "cd");
    buf_append_u64(&b, 0);
    buf_append_u64(&b, UINT64_MAX);
    buf_append_char(&b, ' ');
    buf_append_i64(&b, INT64_MIN);
    buf_printf(&b, " %s-%d", "x", 7);
    buf_append(&b, NULL, 0);
    assert_text(&b, "abcd018446744073709551615 -9223372036854775808 x-7");
    assert_false(b.failed);
    buf_clear(&b);
    assert_int_equal(b.size, 0);
    buf_release(&b);
    buf_append_char(&b, 'z');
    assert_text(&b, "z");
    buf_release(&b);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    for (int i = 0; i < 10; i++) {
        buf_append(&b, "0123456789", 10);
    }
    assert_false(b.failed);
    buf_append_char(&b, 'x');
    assert_true(b.failed);
    assert_int_equal(b.size, 100);
    assert_null(buf_reserve(&b, 0));
    buf_clear(&b);
    buf_append_char(&b, 'y'); /* works again */
    assert_false(b.failed);
    assert_text(&b, "y");
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_release(&b);
    assert_int_equal(b.limit_bytes, 100);
}

static void test_layout(void **state)
{
    (void)state;
    struct buf b = BUF_EMPTY;
    buf_put_u8(&b, 0x01);
    buf_put_u16(&b, 0x0302);
    buf_put_u32(&b, 0x07060504);
    buf_put_u64(&b, UINT64_C(0x0F0E0D0C0B0A0908));
    for (size_t i = 0; i < 15; i++) {
        assert_int_equal((uint8_t)b.data[i], i + 1);
    }
    buf_clear(&b);
    buf_put_varint(&b, 300);
    assert_memory_equal(b.data, "\xAC\x02", 2);
    buf_release(&b);
}

/* Whatever is written is read back; the kinds are drawn, and drawn again from the same seed when reading. */
static void test_reading_back(void **state)
{
    (void)state;
    struct random r = random_start("reading_back");
    for (size_t round = 0; round < random_rounds(2000, 100000); round++) {
        struct random writing = random_of_seed(random_next(&r));
        struct random reading = writing;
        struct buf b = BUF_EMPTY;
        size_t count = random_below(&r, 40);
        for (size_t i = 0; i < count; i++) {
            uint64_t kind = random_below(&writing, 5);
            uint64_t value = random_next(&writing) >> random_below(&writing, 64);
            kind == 0   ? buf_put_u8(&b, (uint8_t)value)
            : kind == 1 ? buf_put_u16(&b, (uint16_t)value)
            : kind == 2 ? buf_put_u32(&b, (uint32_t)value)
            : kind == 3 ? buf_put_u64(&b, value)
                        : buf_put_varint(&b, value);
        }
        struct reader reader = reader_of(b.data, b.size);
        for (size_t i = 0; i < count; i++) {
            uint64_t kind = random_below(&reading, 5);
            uint64_t value = random_next(&reading) >> random_below(&reading, 64);
            bool same = kind == 0   ? reader_u8(&reader) == (uint8_t)value
                        : kind == 1 ? reader_u16(&reader) == (uint16_t)value
                        : kind == 2 ? reader_u32(&reader) == (uint32_t)value
                        : kind == 3 ? reader_u64(&reader) == value
                                    : reader_varint(&reader) == value;
            assert_true(same);
        }
        assert_false(reader.failed);
        assert_int_equal(reader.at, b.size);
        reader_u8(&reader);
        assert_true(reader.failed);
        buf_release(&b);
    }
}

static void test_reader_bounds(void **state)
{
    (void)state;
    struct reader r = reader_of("\x01\x02\x03", 3);
    assert_true(str_equal(reader_bytes(&r, 2), STR("\x01\x02")));
    assert_int_equal(reader_u16(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_u8(&r), 0); /* also what would still be there */
    assert_int_equal(reader_bytes(&r, 1).size, 0);
    r = reader_of("\x80", 1);
    assert_int_equal(reader_varint(&r), 0);
    assert_true(r.failed);
    r = reader_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10);
    assert_true(reader_varint(&r) == UINT64_MAX);
    assert_false(r.failed);
    r = reader_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10); /* 65 bits */
    assert_int_equal(reader_varint(&r), 0);
    assert_true(r.failed);
    r = reader_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    reader_varint(&r);
    assert_true(r.failed);
    r = reader_of(NULL, 0);
    assert_int_equal(reader_bytes(&r, 0).size, 0);
    assert_false(r.failed);
    reader_bytes(&r, SIZE_MAX);
    assert_true(r.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),       cmocka_unit_test(test_ceiling),       cmocka_unit_test(test_layout),
        cmocka_unit_test(test_reading_back), cmocka_unit_test(test_reader_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
