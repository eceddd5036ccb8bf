#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "bench/relevance/agreement.h"

/* `count` documents that the raters give these grades. */
static void add(struct entries *first, struct entries *second, int count, int one, int two)
{
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "d%zu", first->list.count + second->list.count);
        entries_add(first, STR("q"), str_from(name), one);
        entries_add(second, STR("q"), str_from(name), two);
    }
}

static void near(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-12))
        fail_msg("%.15g is not %.15g", got, expected);
}

static void test_kappa(void **state)
{
    (void)state;
    struct entries first;
    struct entries second;
    struct agreement a;
    entries_init(&first);
    entries_init(&second);
    /* rows 1, 0: 20 5 / 10 15; observed .7, by chance (25 * 30 + 25 * 20) / 50^2 = .5 */
    add(&first, &second, 20, 1, 1);
    add(&first, &second, 5, 1, 0);
    add(&first, &second, 10, 0, 1);
    add(&first, &second, 15, 0, 0);
    entries_add(&first, STR("q"), STR("only"), 1);
    entries_sort(&first);
    entries_sort(&second);
    assert_int_equal(agreement_make(&a, &first, &second, NULL), STATUS_OK);
    assert_int_equal(a.both, 50);
    assert_int_equal(a.only_first, 1);
    assert_int_equal(a.only_second, 0);
    near(a.observed, .7);
    near(a.kappa, .4);
    near(a.weighted, .4); /* with two grades weights change nothing */
    entries_release(&first);
    entries_release(&second);
}

static void test_weights(void **state)
{
    (void)state;
    struct entries first;
    struct entries second;
    struct agreement near_misses;
    struct agreement far_misses;
    struct error err = {0};
    entries_init(&first);
    entries_init(&second);
    add(&first, &second, 5, 0, 0);
    add(&first, &second, 5, 3, 3);
    add(&first, &second, 4, 2, 3);
    entries_sort(&first);
    entries_sort(&second);
    assert_int_equal(agreement_make(&near_misses, &first, &second, NULL), STATUS_OK);
    assert_int_equal(near_misses.grade_count, 3);
    assert_true(near_misses.weighted > near_misses.kappa);
    entries_release(&first);
    entries_release(&second);
    entries_init(&first);
    entries_init(&second);
    add(&first, &second, 5, 0, 0);
    add(&first, &second, 5, 3, 3);
    add(&first, &second, 4, 0, 3);
    entries_sort(&first);
    entries_sort(&second);
    assert_int_equal(agreement_make(&far_misses, &first, &second, NULL), STATUS_OK);
    assert_true(far_misses.weighted < near_misses.weighted);
    entries_release(&second);
    entries_init(&second);
    entries_add(&second, STR("q"), STR("other"), 1);
    entries_sort(&second);
    assert_int_equal(agreement_make(&far_misses, &first, &second, &err), STATUS_NOT_FOUND);
    assert_string_equal(err.message, "no document was rated by both");
    entries_release(&first);
    entries_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kappa), cmocka_unit_test(test_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
