#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "tests/support/random.h"

static void test_clocks(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > INT64_C(1500000000000));
    uint64_t before = clock_monotonic_ns();
    assert_true(clock_monotonic_ns() >= before);
    clock_wall_set_for_test(12345);
    assert_int_equal(clock_wall_ms(), 12345);
    clock_wall_set_for_test(0);
    assert_true(clock_wall_ms() > INT64_C(1500000000000));
}

static void test_format(void **state)
{
    (void)state;
    char text[CLOCK_ISO_SIZE];
    clock_format_iso(INT64_C(1795471445678), text);
    assert_string_equal(text, "2026-11-23T22:04:05.678Z");
    clock_format_iso(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_format_iso(INT64_MAX, text);
    assert_string_equal(text, "0000-00-00T00:00:00.000Z");
}

static void parses(const char *text, int64_t expected)
{
    int64_t ms = 0;
    if (!clock_parse(str_from(text), &ms) || ms != expected) {
        fail_msg("%s: got %lld", text, (long long)ms);
    }
}

static void refuses(const char *text)
{
    int64_t ms = 0;
    if (clock_parse(str_from(text), &ms)) {
        fail_msg("%s: got %lld", text, (long long)ms);
    }
}

#define DAY  INT64_C(1795392000000)    /* 2026-11-23 */
#define TIME (DAY + INT64_C(79445000)) /* 22:04:05 */

static void test_parse(void **state)
{
    (void)state;
    parses("2026-11-23", DAY);
    parses("2026-11-23T22:04:05.678Z", TIME + 678);
    parses("2026-11-23 22:04:05", TIME);
    parses("2026-11-23T22:04", TIME - 5000);
    parses("2026-11-23T23:04:05+01:00", TIME);
    parses("2026-11-23T17:04:05-0500", TIME);
    parses("2026-11-23T22:04:05.6789123z", TIME + 678);
    parses("1970-01-01", 0);
    parses("2000-02-29", INT64_C(951782400000));
    parses("0001-01-01", INT64_C(-62135596800000));
    parses("Mon, 23 Nov 2026 22:04:05 GMT", TIME);
    parses("Mon, 23 Nov 2026 22:04:05 +0000", TIME);
    parses("23 Nov 2026 17:04:05 EST", TIME);
    parses("23 Nov 26 22:04", TIME - 5000);
    parses("3 Nov 2026 22:04:05 Z", TIME - INT64_C(20) * 86400000);
    refuses("");
    refuses("2026-13-01");
    refuses("2026-02-29");
    refuses("2026-1-1");
    refuses("2026-11-23T");
    refuses("2026-11-23T25:00");
    refuses("2026-11-23T22:04:05+1");
    refuses("2026-11-23T22:04:05.");
    refuses("2026-11-23 22:04:05 ");
    refuses("23 Nov 2026");
    refuses("Mon 23 Nov 2026 22:04:05 GMT");
    refuses("Mon, 23 Nov 2026 22:04:05 XYZ");
    refuses("yesterday");
}

static void test_back_and_forth(void **state)
{
    (void)state;
    struct random r = random_start("clock_back_and_forth");
    for (int i = 0; i < 20000; i++) {
        char text[CLOCK_ISO_SIZE];
        int64_t ms =
            (int64_t)random_below(&r, UINT64_C(315569520000000)) - INT64_C(62167219200000); /* years 0 to 9999 */
        int64_t back = 0;
        clock_format_iso(ms, text);
        assert_true(clock_parse(str_from(text), &back));
        assert_true(back == ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_back_and_forth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
