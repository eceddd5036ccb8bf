#include "indexer/shard/columns.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/buf.h"
#include "indexer/base/number.h"

static uint64_t state_of_random = 88172645463325252ull;

static uint32_t random_below(uint32_t below)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (uint32_t)((state_of_random >> 20) % below);
}

static void random_number(char out[64])
{
    static const char *const odd[] = {"0",
                                      "-0",
                                      "-0.0",
                                      "1e3",
                                      "-1e-3",
                                      "9223372036854775807",
                                      "1e30",
                                      "-1e30",
                                      "0.1",
                                      "2.50",
                                      "1E+2",
                                      "-7.5",
                                      "123456789.123456789",
                                      "1e-12",
                                      "-9223372036854775807"};
    if (random_below(4) == 0)
        snprintf(out, 64, "%s", odd[random_below(sizeof(odd) / sizeof(odd[0]))]);
    else
        snprintf(out, 64, "%s%u.%0*u", random_below(3) ? "" : "-", random_below(40), (int)random_below(4) + 1,
                 random_below(10));
}

static bool truth(struct decimal a, const char *op, struct decimal b)
{
    int order = decimal_compare(a, b);
    switch (op[0]) {
    case '=':
        return order == 0;
    case '<':
        return order < 0 || (op[1] && order == 0);
    default:
        return order > 0 || (op[1] && order == 0);
    }
}

static void test_ranges_select_what_comparing_selects(void **state)
{
    (void)state;
    static const char *const ops[] = {"=", "<", "<=", ">", ">="};
    int compared = 0;
    for (int round = 0; round < 200000; round++) {
        char bound[64], value[64];
        struct decimal b, v;
        int64_t cell, low = 0, high = 0;
        struct number_column column = {.kind = NUMBER_COLUMN_DENSE, .scale = (uint8_t)random_below(5)};
        column.is_double = random_below(3) == 0;
        random_number(bound);
        random_number(value);
        const char *op = ops[random_below(5)];
        if (!decimal_parse(str_from(bound), &b) || !decimal_parse(str_from(value), &v) ||
            !number_cell_of_text(&column, str_from(value), &cell))
            continue;
        bool some = number_range_of(&column, op, str_from(bound), &low, &high);
        bool selected = some && low <= cell && cell <= high;
        if (selected != truth(v, op, b)) {
            fprintf(stderr, "%s %s %s: scale %u, double %d\n", value, op, bound, column.scale, column.is_double);
            fail();
        }
        assert_true(!some || low != NUMBER_MISSING);
        compared++;
    }
    assert_true(compared > 100000);
}

static void test_bounds_beyond_every_cell(void **state)
{
    (void)state;
    struct number_column column = {.kind = NUMBER_COLUMN_DENSE, .scale = 2};
    int64_t low, high;
    assert_true(number_range_of(&column, "<", STR("1e300"), &low, &high));
    assert_true(low == NUMBER_TRUE + 1 && high == INT64_MAX);
    assert_false(number_range_of(&column, ">", STR("1e300"), &low, &high));
    assert_true(number_range_of(&column, ">", STR("-1e300"), &low, &high));
    assert_false(number_range_of(&column, "=", STR("1e300"), &low, &high));
    assert_false(number_range_of(&column, "=", STR("0.005"), &low, &high));
    assert_false(number_range_of(&column, "=", STR("five"), &low, &high));
}

static void test_cells_of_doubles_keep_order(void **state)
{
    (void)state;
    const double values[] = {-1e308, -2, -1, -1e-300, 0, 1e-300, 1, 2, 1e308};
    struct number_column column = {.kind = NUMBER_COLUMN_DENSE, .is_double = true};
    for (size_t i = 0; i + 1 < sizeof(values) / sizeof(values[0]); i++)
        assert_true(number_cell_of_double(values[i]) < number_cell_of_double(values[i + 1]));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_true(number_as_double(&column, number_cell_of_double(values[i])) == values[i]);
    assert_true(number_cell_of_double(-0.0) == number_cell_of_double(0.0));
    assert_true(isnan(number_as_double(&column, NUMBER_MISSING)));
}

static void test_exactness(void **state)
{
    (void)state;
    struct number_column column = {.kind = NUMBER_COLUMN_DENSE, .scale = 2};
    int64_t cell;
    struct buf text;
    buf_init(&text, 0);
    assert_true(number_cell_of_text(&column, STR("12.90"), &cell));
    assert_int_equal(cell, 1290);
    number_write(&column, cell, &text);
    assert_true(str_equal(buf_str(&text), STR("12.9")));
    assert_false(number_cell_of_text(&column, STR("12.905"), &cell));
    assert_false(number_cell_of_text(&column, STR("1e30"), &cell));
    buf_release(&text);
}

static void test_sparse_cells(void **state)
{
    (void)state;
    const doc_id docs[] = {3, 9, 1000};
    _Atomic int64_t cells[] = {30, 90, 10000};
    struct number_column column = {.kind = NUMBER_COLUMN_SPARSE, .cells = cells, .docs = docs, .count = 3};
    assert_int_equal(number_index(&column, 3), 0);
    assert_int_equal(number_index(&column, 1000), 2);
    assert_int_equal(number_index(&column, 0), NUMBER_NO_CELL);
    assert_int_equal(number_index(&column, 10), NUMBER_NO_CELL);
    assert_int_equal(number_index(&column, 1001), NUMBER_NO_CELL);
    assert_int_equal(number_of_doc(&column, 9), 90);
    assert_int_equal(number_of_doc(&column, 10), NUMBER_MISSING);
}

/* With cells in the file beside the codes, and without. */
static void test_coded_cells(void **state)
{
    (void)state;
    const int64_t values[] = {NUMBER_MISSING, 5, 70};
    const uint16_t codes[] = {1, 0, 2, 1};
    for (int coded = 0; coded < 2; coded++) {
        _Atomic int64_t cells[] = {coded ? 0 : 5, coded ? 0 : NUMBER_MISSING, coded ? 0 : 70, coded ? 0 : 5};
        _Atomic uint64_t changed[2] = {0}, epoch = 0;
        struct number_column column = {.kind = NUMBER_COLUMN_DENSE,
                                       .cells = cells,
                                       .count = 4,
                                       .codes = codes,
                                       .values = values,
                                       .value_count = 3,
                                       .coded = coded,
                                       .changed = changed,
                                       .epoch = &epoch};
        assert_int_equal(number_of_doc(&column, 0), 5);
        assert_int_equal(number_of_doc(&column, 1), NUMBER_MISSING);
        number_store(&column, number_index(&column, 1), 1234);
        number_store(&column, 2, NUMBER_MISSING);
        assert_int_equal(number_epoch(&column), 2);
        assert_int_equal(number_of_doc(&column, 1), 1234);
        assert_int_equal(number_of_doc(&column, 2), NUMBER_MISSING);
        assert_int_equal(number_of_doc(&column, 3), 5);
        assert_true(number_changed(&column, 1) && !number_changed(&column, 3));
    }
}

/* True and false are cells below all numbers, which no comparison of numbers selects. */
static void test_flags(void **state)
{
    (void)state;
    for (int is_double = 0; is_double < 2; is_double++) {
        const struct number_column column = {.kind = NUMBER_COLUMN_DENSE, .is_double = is_double, .scale = 0};
        const char *const ops[] = {"<", "<=", "=", ">=", ">"};
        const char *const bounds[] = {"-1e30", "-9223372036854775806", "-1", "0", "1", "1e30"};
        struct buf text = BUF_EMPTY;
        int64_t low, high, cell;

        for (size_t i = 0; i < 5 * 6; i++) {
            bool some = number_range_of(&column, ops[i % 5], str_from(bounds[i / 5]), &low, &high);
            assert_false(some && low <= NUMBER_TRUE);
        }
        assert_true(number_range_of(&column, "=", STR("true"), &low, &high));
        assert_true(low == NUMBER_TRUE && high == NUMBER_TRUE);
        assert_true(number_range_of(&column, "=", STR("false"), &low, &high));
        assert_true(low == NUMBER_FALSE && high == NUMBER_FALSE);
        assert_false(number_range_of(&column, "<=", STR("true"), &low, &high));
        assert_true(number_cell_of_text(&column, STR("true"), &cell) && cell == NUMBER_TRUE);
        number_write(&column, cell, &text);
        assert_true(str_equal(buf_str(&text), STR("true")));
        assert_true(isnan(number_as_double(&column, cell)));
        /* Numbers whose units would be a flag's have no such cell. */
        assert_true(!number_cell_of_text(&column, STR("-9223372036854775807"), &cell) || number_fits(cell));
        assert_true(!number_cell_of_text(&column, STR("-9223372036854775806"), &cell) || number_fits(cell));
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_select_what_comparing_selects),
        cmocka_unit_test(test_bounds_beyond_every_cell),
        cmocka_unit_test(test_cells_of_doubles_keep_order),
        cmocka_unit_test(test_exactness),
        cmocka_unit_test(test_sparse_cells),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_coded_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
