/* Tests of significance against known values, and their calibration: what they find where there is nothing, and where
 * there is something. All from fixed seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "indexer/base/significance.h"

enum { QUERIES = 80, SPLITS = 1000, ROUNDS = 999 };

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.12g is not %.12g", got, expected);
}

static void test_beta(void **state)
{
    (void)state;
    near(incomplete_beta(1, 1, .3), .3, 1e-14);
    near(incomplete_beta(2, 3, .5), 11. / 16, 1e-14); /* 1 - (4 + 1) / 16: binomial */
    near(incomplete_beta(.5, .5, .5), .5, 1e-14);
    near(incomplete_beta(5, .5, .9), 1 - incomplete_beta(.5, 5, .1), 1e-14);
    near(incomplete_beta(3, 2, 0), 0, 0);
    near(incomplete_beta(3, 2, 1), 1, 0);
}

static void test_t(void **state)
{
    (void)state;
    /* mean 1, standard deviation sqrt(2.5), t = 1 / sqrt(2.5 / 5) = sqrt(2); with 4 degrees of freedom the
     * distribution function is 1/2 + 3/8 s (1 - s^2 / 12 ...): F(t) = 1/2 + t (t^2 + 6) / (2 (t^2 + 4)^(3/2)) */
    static const double d[] = {-1, 0, 1, 2, 3};
    struct t_test test = paired_t(d, 5);
    near(test.t, sqrt(2), 1e-12);
    near(test.p, 2 * (1 - (.5 + sqrt(2) * 8 / (2 * pow(6, 1.5)))), 1e-12);
    /* with 1 degree of freedom it is Cauchy's */
    static const double two[] = {0, 2};
    near(paired_t(two, 2).p, 2 * (.5 - atan(1) / acos(-1)), 1e-12);
    static const double none[] = {0, 0, 0};
    near(paired_t(none, 3).p, 1, 0);
    static const double all[] = {.5, .5, .5};
    near(paired_t(all, 3).p, 0, 1e-12);
}

static void test_exact(void **state)
{
    (void)state;
    /* of 8 signs 2 give a sum as far from 0 as 1 + 2 + 4 */
    static const double d[] = {1, 2, 4};
    near(randomization_p(d, 3, 10, 1), 2. / 8, 0);
    /* |sums| at least 5: 7 and 5, each twice */
    static const double mixed[] = {-1, 2, 4};
    near(randomization_p(mixed, 3, 10, 1), 4. / 8, 0);
    static const double none[] = {0, 0, 0, 0};
    near(randomization_p(none, 4, 10, 1), 1, 0);
}

/* Random signs come near to all signs. */
static void test_random_signs(void **state)
{
    (void)state;
    double d[13] = {.3, -.1, .2, .5, -.2, .1, .4, 0, -.3, .2, .1, -.1, 0};
    double exact = randomization_p(d, 12, 1, 1); /* the 13th is 0 and changes nothing */
    near(randomization_p(d, 13, 100000, 7), exact, .006);
    assert_true(randomization_p(d, 13, 1000, 7) == randomization_p(d, 13, 1000, 7));
}

static void test_holm(void **state)
{
    (void)state;
    double p[] = {.01, .04, .03, .005};
    holm_adjust(p, 4);
    near(p[0], .03, 1e-15);
    near(p[1], .06, 1e-15);
    near(p[2], .06, 1e-15);
    near(p[3], .02, 1e-15);
    double high[] = {.9, .8};
    holm_adjust(high, 2);
    near(high[0], 1, 0);
}

/* What one of two systems reaches for a query: many queries at 0 and at 1, as it is with nDCG, the rest between. */
static double draw(struct dice *dice)
{
    double x = dice_real(dice) * 1.6 - .3;
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

struct found {
    int t, random, covered;
};

/* Two systems of equal worth but for `gain`, over SPLITS random splits of their results. */
static struct found split(double gain, uint64_t seed)
{
    struct dice dice = {seed};
    struct found found = {0, 0, 0};
    double d[QUERIES];
    double truth = gain;
    for (int i = 0; i < SPLITS; i++) {
        for (int q = 0; q < QUERIES; q++) {
            double first = draw(&dice);
            double second = dice_below(&dice, 2) ? first : draw(&dice); /* half the queries are not touched */
            d[q] = (dice_below(&dice, 2) ? first - second : second - first) + gain;
        }
        found.t += paired_t(d, QUERIES).p < .05;
        found.random += randomization_p(d, QUERIES, ROUNDS, dice_next(&dice)) < .05;
        struct interval interval = bootstrap_mean(d, QUERIES, 400, dice_next(&dice));
        found.covered += interval.low <= truth && truth <= interval.high;
    }
    return found;
}

/* Equal systems: a test of level .05 must stay silent in 95 % of the splits, give or take three standard deviations of
 * a count, sqrt(1000 * .05 * .95) = 6.9; and not in many more, or it is blind. */
static void test_equal_systems(void **state)
{
    (void)state;
    struct found found = split(0, 20240501);
    print_message("equal: t %d, randomization %d of %d; covered %d\n", found.t, found.random, SPLITS, found.covered);
    assert_in_range(found.t, 30, 70);
    assert_in_range(found.random, 30, 70);
    assert_in_range(found.covered, 920, 975);
}

static void test_planted_loss(void **state)
{
    (void)state;
    struct found found = split(-.18, 20240502);
    print_message("loss: t %d, randomization %d of %d\n", found.t, found.random, SPLITS);
    assert_true(found.t > 950);
    assert_true(found.random > 950);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beta),         cmocka_unit_test(test_t),    cmocka_unit_test(test_exact),
        cmocka_unit_test(test_random_signs), cmocka_unit_test(test_holm), cmocka_unit_test(test_equal_systems),
        cmocka_unit_test(test_planted_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
