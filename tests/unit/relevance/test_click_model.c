/* The click model against shoppers whose ways are known. */
#include "bench/relevance/click_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/relevance/shoppers.h"

enum { QUERIES = 40, DOCS = 10 };

/* Shoppers of the position-based model; each list is shuffled as often as `mixed` says, else the grades' order. */
static void shop(struct click_model *m, const struct shopper *s, int shoppers, double mixed)
{
    struct dice dice = {11};
    click_model_init(m);
    for (int q = 0; q < QUERIES; q++) {
        char text[24];
        snprintf(text, sizeof(text), "query %d", q);
        uint32_t query = click_model_query(m, str_from(text), str_from(text));
        for (int i = 0; i < shoppers; i++) {
            int order[DOCS];
            for (int d = 0; d < DOCS; d++)
                order[d] = d;
            for (int d = DOCS - 1; d > 0 && dice_real(&dice) < mixed; d--) {
                int other = (int)dice_below(&dice, (size_t)d + 1);
                int kept = order[d];
                order[d] = order[other];
                order[other] = kept;
            }
            for (uint32_t p = 1; p <= DOCS; p++) {
                char doc[16];
                snprintf(doc, sizeof(doc), "d%d", order[p - 1]);
                uint32_t pair = click_model_pair(m, query, str_from(doc));
                click_model_shown(m, pair, p);
                if (shopper_clicks(s, p, order[p - 1] % 3, &dice))
                    click_model_clicked(m, pair, p);
            }
        }
    }
}

static void test_known_shoppers(void **state)
{
    static const double etas[] = {.5, 1, 1.5};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct shopper s = {.eta = etas[k], .noise = .1, .top_grade = 2};
        struct click_model m;
        double error = 0;
        shop(&m, &s, 400, 1);
        click_model_estimate(&m, 500);
        for (uint32_t p = 1; p <= DOCS; p++) {
            if (fabs(m.looked[p] - shopper_looks(&s, p)) > .06)
                fail_msg("eta %g: position %u is looked at %g, not %g", etas[k], p, m.looked[p], shopper_looks(&s, p));
        }
        for (size_t i = 0; i < m.pairs.count; i++)
            error += fabs(m.pairs.items[i].attracts - shopper_likes(&s, atoi(m.pairs.items[i].doc + 1) % 3));
        if (error / (double)m.pairs.count > .06)
            fail_msg("eta %g: attraction is wrong by %g", etas[k], error / (double)m.pairs.count);
        click_model_release(&m);
    }
}

static void test_grades(void **state)
{
    struct shopper s = {.eta = 1, .noise = .1, .top_grade = 2};
    struct click_grading grading = {10, 3};
    struct click_model m;
    struct entries e;
    size_t agree = 0;
    (void)state;
    shop(&m, &s, 400, 1);
    click_model_estimate(&m, 500);
    click_model_grade(&m, &grading, &e);
    assert_int_equal(e.queries.count, QUERIES);
    assert_int_equal(e.list.count, QUERIES * DOCS);
    static const double wanted[] = {0, 2, 3}; /* .1, .5 and .9 of .9 in four steps */
    for (size_t i = 0; i < e.list.count; i++)
        agree += e.list.items[i].value == wanted[atoi(e.list.items[i].doc + 1) % 3];
    assert_true(agree > e.list.count * 8 / 10);
    entries_release(&e);
    grading.least_looked = 1e9;
    click_model_grade(&m, &grading, &e);
    assert_int_equal(e.list.count, 0);
    entries_release(&e);
    click_model_release(&m);
}

/* Lists that never change: nothing tells places from products, and what is clicked below is worth more than above. */
static void test_nothing_moves(void **state)
{
    struct click_model m;
    (void)state;
    click_model_init(&m);
    uint32_t query = click_model_query(&m, STR("q"), STR("q"));
    uint32_t first = click_model_pair(&m, query, STR("a")), fifth = click_model_pair(&m, query, STR("b"));
    for (int i = 0; i < 100; i++) {
        click_model_shown(&m, first, 1);
        click_model_shown(&m, fifth, 5);
        if (i < 15) {
            click_model_clicked(&m, first, 1);
            click_model_clicked(&m, fifth, 5);
        }
    }
    click_model_clicked(&m, first, 7); /* it was never shown there */
    click_model_estimate(&m, 100);
    assert_true(m.pairs.items[fifth].attracts > 2 * m.pairs.items[first].attracts);
    assert_true(m.pairs.items[first].clicked == 15);
    click_model_release(&m);
    click_model_init(&m); /* nothing at all */
    click_model_estimate(&m, 100);
    click_model_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_shoppers),
        cmocka_unit_test(test_grades),
        cmocka_unit_test(test_nothing_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
