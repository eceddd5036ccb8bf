#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/json.h"
#include "indexer/base/number.h"
#include "tests/support/random.h"

__extension__ typedef __int128 int128;

static void parses(const char *text, int64_t units, int scale)
{
    struct decimal d = {-1, 99};
    if (!decimal_parse(str_from(text), &d) || d.units != units || d.scale != scale) {
        fail_msg("%s: got %lld at scale %d", text, (long long)d.units, d.scale);
    }
}

static void refuses(const char *text)
{
    struct decimal d;
    if (decimal_parse(str_from(text), &d)) {
        fail_msg("%s: got %lld at scale %d", text, (long long)d.units, d.scale);
    }
}

static void test_parse(void **state)
{
    (void)state;
    parses("12.90", 129, 1);
    parses("1e3", 1000, 0);
    parses("-0.0", 0, 0);
    parses("0e99999999999999999999", 0, 0);
    parses("5.0", 5, 0);
    parses("-1.5E-3", -15, 4);
    parses("0.000000001", 1, 9);
    parses("9223372036854775807", INT64_MAX, 0);
    parses("-9223372036854775808", INT64_MIN, 0);
    parses("9223372036.854775807", INT64_MAX, 9);
    parses("1000000000000000000000e-10", 100000000000, 0);
    parses("0.00000000000000000000000000001e29", 1, 0);
    parses("100e16", 1000000000000000000, 0);
    refuses("0.0000000001");
    refuses("9223372036854775808");
    refuses("-9223372036854775809");
    refuses("1e19");
    refuses("1e99999999999999999999");
    refuses("12345678901234567890123");
    refuses("");
    refuses("-");
    refuses("01");
    refuses("+1");
    refuses("1.");
    refuses(".5");
    refuses("1e");
    refuses("1 ");
    refuses("0x1");
    refuses("NaN");
}

static void test_rescale_and_compare(void **state)
{
    (void)state;
    int64_t units = 0;
    assert_true(decimal_rescale((struct decimal){129, 1}, 2, &units));
    assert_int_equal(units, 1290);
    assert_false(decimal_rescale((struct decimal){129, 1}, 0, &units));
    assert_true(decimal_rescale((struct decimal){1200, 2}, 0, &units));
    assert_int_equal(units, 12);
    assert_false(decimal_rescale((struct decimal){INT64_MAX, 0}, 1, &units));
    assert_true(decimal_rescale((struct decimal){0, 0}, 9, &units));
    assert_int_equal(decimal_compare((struct decimal){10, 0}, (struct decimal){100, 1}), 0);
    assert_int_equal(decimal_compare((struct decimal){INT64_MAX, 0}, (struct decimal){INT64_MAX, 9}), 1);
    assert_int_equal(decimal_compare((struct decimal){INT64_MIN, 0}, (struct decimal){INT64_MAX, 0}), -1);
}

/* Draws a decimal as text and, in parallel, as digits * 10^exponent; parsing must agree with exact arithmetic. */
static void test_parse_is_exact(void **state)
{
    (void)state;
    struct random r = random_start("decimal_parse_is_exact");
    size_t accepted = 0;
    for (size_t round = 0; round < random_rounds(100000, 3000000); round++) {
        char text[80];
        uint64_t digits = random_next(&r) >> random_below(&r, 64);
        int point = (int)random_below(&r, 12);
        int exponent = (int)random_below(&r, 25) - 12;
        bool negative = random_chance(&r, 50);
        char plain[32];
        int size = sprintf(plain, "%0*llu", point + 1, (unsigned long long)digits);
        sprintf(text, "%s%.*s%s%se%d", negative ? "-" : "", size - point, plain, point ? "." : "", plain + size - point,
                exponent);
        /* The exact value is digits * 10^(exponent - point): take trailing zeros off by hand. */
        int power = exponent - point;
        uint64_t rest = digits;
        while (rest && rest % 10 == 0) {
            rest /= 10;
            power++;
        }
        int128 value = negative ? -(int128)rest : (int128)rest;
        bool fits = rest == 0 || (power >= -9 && power <= 18);
        for (int i = 0; fits && rest && i < power; i++) {
            value *= 10;
        }
        fits = fits && value >= INT64_MIN && value <= INT64_MAX;
        struct decimal d = {0, 0};
        bool parsed = decimal_parse(str_from(text), &d);
        bool right =
            parsed == fits && (!fits || (d.units == (int64_t)value && d.scale == (rest && power < 0 ? -power : 0)));
        if (!right) {
            fail_msg("%s", text);
        }
        accepted += parsed;
    }
    assert_true(accepted > 10000);
}

/* Writing and parsing are inverse, and doubles are what strtod makes of the written text. */
static void test_write(void **state)
{
    (void)state;
    struct random r = random_start("decimal_write");
    for (size_t round = 0; round < random_rounds(100000, 1000000); round++) {
        int64_t units = (int64_t)random_next(&r) >> random_below(&r, 64);
        uint8_t scale = (uint8_t)random_below(&r, NUMBER_SCALE_MAX + 1);
        struct buf b = BUF_EMPTY;
        struct decimal back = {0, 0};
        decimal_write(&b, units, scale);
        assert_true(decimal_parse(buf_str(&b), &back));
        assert_int_equal(decimal_compare(back, (struct decimal){units, scale}), 0);
        buf_append_char(&b, '\0');
        assert_true(decimal_to_double(units, scale) == strtod(b.data, NULL));
        buf_release(&b);
    }
    struct buf b = BUF_EMPTY;
    decimal_write(&b, -5, 3);
    buf_append_char(&b, ' ');
    decimal_write(&b, 1290, 2);
    buf_append_char(&b, ' ');
    decimal_write(&b, INT64_MIN, 0);
    buf_append_char(&b, ' ');
    decimal_write(&b, 0, 9);
    assert_true(str_equal(buf_str(&b), STR("-0.005 12.9 -9223372036854775808 0")));
    buf_release(&b);
}

static void test_double_is_strtod(void **state)
{
    (void)state;
    struct random r = random_start("double_is_strtod");
    for (size_t round = 0; round < random_rounds(100000, 3000000); round++) {
        char text[400];
        double value;
        uint64_t bits = random_next(&r);
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value)) {
            continue;
        }
        switch (random_below(&r, 3)) {
        case 0:
            sprintf(text, "%.*e", (int)random_below(&r, 25), value);
            break;
        case 1:
            sprintf(text, "%.*g", 1 + (int)random_below(&r, 20), (double)(int64_t)bits / 1000);
            break;
        default:
            sprintf(text, "%.*f", (int)random_below(&r, 6), (double)(bits % 1000000) / 100);
            break;
        }
        double parsed = 0;
        double expected = strtod(text, NULL);
        assert_int_equal(number_parse_double(str_from(text), &parsed), isfinite(expected));
        if (isfinite(expected) && parsed != expected) {
            fail_msg("%s", text);
        }
        struct buf b = BUF_EMPTY;
        json_write_double(&b, expected);
        assert_true(!isfinite(expected) || (number_parse_double(buf_str(&b), &parsed) && parsed == expected));
        buf_release(&b);
    }
    double value = 0;
    assert_false(number_parse_double(STR("1e999"), &value));
    assert_false(number_parse_double(STR(" 1"), &value));
    assert_false(number_parse_double(STR("inf"), &value));
    assert_true(number_parse_double(STR("-0"), &value));
    assert_true(signbit(value));
}

/* The shortest text: no shorter one reads back the same. */
static void test_write_double_is_short(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},           {-0.0, "-0.0"},
                 {1, "1"},           {12.9, "12.9"},
                 {0.1, "0.1"},       {-1e15, "-1000000000000000"},
                 {0.3, "0.3"},       {1e300, "1e+300"},
                 {5e-324, "5e-324"}, {0.1 + 0.2, "0.30000000000000004"},
                 {INFINITY, "null"}, {NAN, "null"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b = BUF_EMPTY;
        json_write_double(&b, cases[i].value);
        buf_append_char(&b, '\0');
        assert_string_equal(b.data, cases[i].text);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_rescale_and_compare),
        cmocka_unit_test(test_parse_is_exact),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_double_is_strtod),
        cmocka_unit_test(test_write_double_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
