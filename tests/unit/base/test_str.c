#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "indexer/base/str.h"
#include "tests/support/random.h"

static void test_compare(void **state)
{
    (void)state;
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("ab"), STR("a")) > 0);
    assert_true(str_compare(STR("\xC3"), STR("z")) > 0);
    assert_int_equal(str_compare((struct str){NULL, 0}, STR("")), 0);
    assert_true(str_equal((struct str){NULL, 0}, STR("")));
    assert_false(str_equal(STR("a"), STR("b")));
    assert_true(str_equal_nocase(STR("GMT+1[z"), STR("gmt+1[Z")));
    assert_false(str_equal_nocase(STR("@"), STR("`")));
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("hello"), STR("ll")), 2);
    assert_int_equal(str_find(STR("hello"), STR("lll")), SIZE_MAX);
    assert_int_equal(str_find(STR("hello"), STR("")), 0);
    assert_int_equal(str_find((struct str){NULL, 0}, STR("a")), SIZE_MAX);
    assert_int_equal(str_find_char(STR("hello"), 'o'), 4);
    assert_int_equal(str_find_char(STR("hello"), 'x'), SIZE_MAX);
    assert_true(str_starts_with(STR("hello"), STR("he")));
    assert_false(str_starts_with(STR("h"), STR("he")));
    assert_true(str_ends_with(STR("hello"), STR("lo")));
    assert_false(str_ends_with(STR("o"), STR("lo")));
}

static void test_trim_and_split(void **state)
{
    (void)state;
    assert_true(str_equal(str_trim(STR(" \t\r\n a b \v\f")), STR("a b")));
    assert_int_equal(str_trim(STR("  ")).size, 0);
    struct str rest = STR("a,,b,");
    const char *expected[] = {"a", "", "b", ""};
    size_t count = 0;
    while (rest.data) {
        struct str piece = str_split(&rest, ',');
        assert_true(count < 4);
        assert_true(str_equal(piece, str_from(expected[count])));
        count++;
    }
    assert_int_equal(count, 4);
}

static void assert_bad_at(struct str s, size_t expected)
{
    size_t bad_at = SIZE_MAX;
    assert_false(str_utf8_valid(s, &bad_at));
    assert_int_equal(bad_at, expected);
}

static void test_utf8_valid(void **state)
{
    (void)state;
    assert_true(
        str_utf8_valid(STR("12345678 \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xED\x9F\xBF \xF4\x8F\xBF\xBF"), NULL));
    assert_true(str_utf8_valid((struct str){NULL, 0}, NULL));
    assert_bad_at(STR("abc\x80"), 3);
    assert_bad_at(STR("12345678\xC0\x80"), 8);  /* overlong */
    assert_bad_at(STR("a\xE0\x9F\xBF"), 1);     /* overlong */
    assert_bad_at(STR("a\xF0\x8F\xBF\xBF"), 1); /* overlong */
    assert_bad_at(STR("\xED\xA0\x80"), 0);      /* surrogate */
    assert_bad_at(STR("\xF4\x90\x80\x80"), 0);  /* over U+10FFFF */
    assert_bad_at(STR("\xF5\x80\x80\x80"), 0);  /* over U+10FFFF */
    assert_bad_at(STR("\xC3\xA9\xE2\x82"), 2);  /* cut */
    assert_bad_at(STR("\xE2\x82\x41"), 0);      /* cut by another */
}

static size_t encode(uint32_t code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; code >>= 6) {
        to[i] = (char)(0x80 | (code & 0x3F));
    }
    to[0] = (char)((0xF00 >> size) | code);
    return size;
}

/* Every code point, encoded by the definition: valid when it is no surrogate, decoded to itself, never cut inside. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code++) {
        char text[4];
        struct str s = {text, encode(code, text)};
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        size_t at = 0;
        uint32_t decoded = str_utf8_next(s, &at);
        if (str_utf8_valid(s, NULL) == surrogate || decoded != (surrogate ? 0xFFFD : code) ||
            at != (surrogate ? 1 : s.size)) {
            fail_msg("U+%04X", code);
        }
        for (size_t limit = 0; !surrogate && limit <= s.size; limit++) {
            assert_int_equal(str_utf8_cut(s, limit), limit == s.size ? limit : 0);
        }
    }
}

/* On any bytes: valid exactly when decoding never meets a byte that it replaces. */
static void test_valid_agrees_with_next(void **state)
{
    (void)state;
    struct random r = random_start("valid_agrees_with_next");
    static const unsigned char bytes[] = {'a',  0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0x9F,
                                          0xED, 0xE1, 0xF0, 0x90, 0x8F, 0xF4, 0xC0};
    size_t rounds = random_rounds(100000, 5000000);
    for (size_t round = 0; round < rounds; round++) {
        char text[24];
        struct str s = {text, random_below(&r, sizeof(text) + 1)};
        for (size_t i = 0; i < s.size; i++) {
            text[i] = random_chance(&r, 40) ? 'a' : (char)bytes[random_below(&r, sizeof(bytes))];
        }
        size_t expected = SIZE_MAX;
        for (size_t at = 0; at < s.size && expected == SIZE_MAX;) {
            size_t from = at;
            if (str_utf8_next(s, &at) == 0xFFFD && at == from + 1) {
                expected = from;
            }
        }
        size_t bad_at = SIZE_MAX;
        assert_int_equal(str_utf8_valid(s, &bad_at), expected == SIZE_MAX);
        assert_int_equal(bad_at, expected);
    }
}

static void test_integers(void **state)
{
    (void)state;
    uint64_t u = 0;
    int64_t i = 0;
    assert_true(str_to_u64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_to_u64(STR("18446744073709551616"), &u));
    assert_false(str_to_u64(STR(""), &u));
    assert_false(str_to_u64(STR("+1"), &u));
    assert_false(str_to_u64(STR("1 "), &u));
    assert_true(str_to_u64(STR("007"), &u));
    assert_int_equal(u, 7);
    assert_true(str_to_i64(STR("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("-"), &i));
    assert_false(str_to_i64(STR("--1"), &i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),          cmocka_unit_test(test_find),
        cmocka_unit_test(test_trim_and_split),   cmocka_unit_test(test_utf8_valid),
        cmocka_unit_test(test_every_code_point), cmocka_unit_test(test_valid_agrees_with_next),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
