/* Simulated shoppers: how often they click, and what is added up of it. */
#include "bench/relevance/shoppers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct shopper usual = {.eta = 1, .noise = .1, .top_grade = 2};

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.12g is not %.12g", got, expected);
}

static void test_model(void **state)
{
    (void)state;
    near(shopper_looks(&usual, 1), 1, 0);
    near(shopper_looks(&usual, 4), .25, 1e-12);
    near(shopper_likes(&usual, 0), .1, 1e-12);
    near(shopper_likes(&usual, -1), .1, 1e-12);
    near(shopper_likes(&usual, 1), .5, 1e-12);
    near(shopper_likes(&usual, 2), .9, 1e-12);
    near(shopper_likes(&usual, 3), .9, 1e-12);
}

static void test_clicks_are_as_often_as_said(void **state)
{
    enum { SHOPPERS = 100000 };
    struct dice dice = {5};
    (void)state;
    for (size_t position = 1; position <= 10; position += 3) {
        for (int grade = 0; grade <= 2; grade++) {
            double clicks = 0;
            double expected = shopper_looks(&usual, position) * shopper_likes(&usual, grade);
            for (int i = 0; i < SHOPPERS; i++)
                clicks += shopper_clicks(&usual, position, grade, &dice);
            near(clicks / SHOPPERS, expected, 5 * sqrt(expected * (1 - expected) / SHOPPERS));
        }
    }
}

static void test_grades(void **state)
{
    struct entries e;
    (void)state;
    entries_init(&e);
    entries_add(&e, STR("q"), STR("b"), 1);
    entries_add(&e, STR("q"), STR("a"), 2);
    entries_add(&e, STR("q"), STR("c"), 3);
    entries_sort(&e);
    const struct entries_query *q = entries_find(&e, "q");
    near(shoppers_grade(q, "a"), 2, 0);
    near(shoppers_grade(q, "b"), 1, 0);
    near(shoppers_grade(q, "c"), 3, 0);
    near(shoppers_grade(q, "bb"), 0, 0);
    near(shoppers_grade(NULL, "a"), 0, 0);
    entries_release(&e);
}

static void test_rates(void **state)
{
    struct click_log l;
    (void)state;
    click_log_init(&l);
    near(click_log_rate(&l, 0, STR("a")), 0, 0);
    for (int i = 0; i < 10; i++) {
        click_log_add(&l, 0, STR("a"), i < 4);
        click_log_add(&l, 0, STR("b"), false);
    }
    /* a fifth of all that was shown was clicked */
    near(click_log_rate(&l, 0, STR("a")), (4 + 5 * .2) / 15, 1e-12);
    near(click_log_rate(&l, 0, STR("b")), (0 + 5 * .2) / 15, 1e-12);
    near(click_log_rate(&l, 1, STR("a")), .2, 1e-12);
    click_log_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_clicks_are_as_often_as_said),
        cmocka_unit_test(test_grades),
        cmocka_unit_test(test_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
