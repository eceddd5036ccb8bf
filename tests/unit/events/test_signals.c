/* What events make of queries and products: the prior by its formula, fading, bounds, positions, the state as bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/rcu.h"
#include "server/events/signals.h"
#include "tests/support/random.h"

#define NOW INT64_C(1764000000000)
#define DAY INT64_C(86400000)

/* A search that shows products p<from>, p<from+1>, ... */
static void show(struct signals *s, const char *query, int from, int count, int64_t at)
{
    char names[EVENT_ITEMS_MAX][16];
    struct event_item items[EVENT_ITEMS_MAX];
    struct event e = {.type = EVENT_SEARCH, .time_ms = at, .index = STR("shop"), .value = (double)NAN};
    for (int i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "p%d", from + i);
        items[i] = (struct event_item){.object_id = str_from(names[i]), .position = (uint32_t)i + 1};
    }
    e.query = e.normal = str_from(query);
    e.has_query = true;
    e.query_id = query_id_new(query_key_of(e.index, e.normal));
    e.items = items;
    e.item_count = (uint32_t)count;
    signals_apply(s, &e);
}

static void act(struct signals *s, enum event_type type, const char *query, const char *product, int64_t at)
{
    struct event_item item = {.object_id = str_from(product)};
    struct event e = {.type = type, .time_ms = at, .index = STR("shop"), .items = &item, .item_count = 1};
    if (query) {
        e.has_query = true;
        e.query_id = query_id_new(query_key_of(STR("shop"), str_from(query)));
    }
    signals_apply(s, &e);
}

/* prior - rate of a product for a query; NaN: nothing is known. */
static double value_of(const struct signals *s, const char *query, const char *product)
{
    const struct query_signals *q = signals_of_query(s, query_key_of(STR("shop"), str_from(query)));
    for (uint32_t i = 0; q && i < q->count; i++) {
        if (str_equal(q->boosts[i].object_id, str_from(product))) {
            return (double)q->boosts[i].value;
        }
    }
    return (double)NAN;
}

static void test_prior(void **state)
{
    (void)state;
    struct signals *s = signals_new();
    struct signals_index x;
    for (int i = 0; i < 10; i++) {
        show(s, "shoe", 0, 2, NOW);
    }
    for (int i = 0; i < 3; i++) {
        act(s, EVENT_CLICK, "shoe", "p1", NOW);
    }
    act(s, EVENT_PURCHASE, "shoe", "p1", NOW);
    signals_publish(s, NOW);
    assert_true(signals_index(s, STR("shop"), &x));
    /* 10 impressions at the first position, 10 at the second, which half as many look at; weights 3 * 1 + 3. */
    double rate = (6 + .1) / (15 + 1.);
    assert_true(fabs(x.rate - rate) < 1e-6);
    double unseen = SIGNALS_UNSEEN * fmin(rate, (6 + 5 * rate) / (15 + 5));
    assert_true(fabs(value_of(s, "shoe", "p1") - ((6 + 5 * unseen) / (5 + 5) - unseen)) < 1e-5);
    assert_true(fabs(value_of(s, "shoe", "p0") - (5 * unseen / (10 + 5) - unseen)) < 1e-5);
    assert_true(isnan(value_of(s, "boot", "p1")));
    assert_false(signals_index(s, STR("other"), &x));
    signals_free(s);
}

static void test_fading(void **state)
{
    (void)state;
    struct signals *s = signals_new();
    for (int i = 0; i < 100; i++) {
        show(s, "old", 0, 1, NOW);
        act(s, EVENT_CLICK, "old", "p0", NOW);
        show(s, "other", 1, 2, NOW);
    }
    signals_publish(s, NOW);
    double before = value_of(s, "old", "p0");
    show(s, "old", 5, 1, NOW + 90 * DAY); /* the query is looked at again */
    signals_publish(s, NOW + 90 * DAY);
    double after = value_of(s, "old", "p0");
    assert_true(before > .3 && after > 0 && after < before * .8);
    /* An event that comes late counts for what it was then. */
    double present = value_of(s, "old", "p0");
    act(s, EVENT_CLICK, "old", "p0", NOW - 300 * DAY);
    signals_publish(s, NOW + 90 * DAY);
    assert_true(fabs(value_of(s, "old", "p0") - present) < .01);
    signals_free(s);
}

/* Shoppers who look at position p with probability p^-eta, and lists in random order: the curve is found. */
static void learn(double eta)
{
    static struct exam_cell cells[20 * 200];
    struct random r = random_of_seed(7);
    struct exam e;
    size_t count = 0;
    for (uint32_t pair = 0; pair < 200; pair++) {
        double good = (double)random_below(&r, 90) / 100 + .05;
        for (int k = 0; k < 4; k++) {
            uint8_t position = (uint8_t)(1 + (random_below(&r, 5) + (unsigned)k * 5));
            double p = pow(position, -eta) * good;
            struct exam_cell cell = {pair, position, 200, 0};
            for (int i = 0; i < 200; i++) {
                cell.clicked += (double)random_below(&r, 1000000) < p * 1e6 ? 1 : 0;
            }
            cells[count++] = cell;
        }
    }
    exam_learn(&e, cells, count);
    for (uint32_t position = 1; position <= 10; position++) {
        double truth = pow(position, -eta);
        if (fabs(exam_of(&e, position) - truth) > .15 * truth + .03) {
            fail_msg("position %u: %g, is %g", position, exam_of(&e, position), truth);
        }
    }
}

static void test_positions_are_learned(void **state)
{
    (void)state;
    learn(.5);
    learn(1);
    learn(1.5);
    /* A list that never changes says nothing. */
    struct exam e;
    struct exam_cell fixed[] = {{0, 1, 1000, 500}, {1, 2, 1000, 20}};
    exam_learn(&e, fixed, 2);
    assert_true(fabs(exam_of(&e, 2) - .5) < 1e-9);
}

static void test_bounds(void **state)
{
    (void)state;
    struct signals *s = signals_new();
    struct signals_stats stats;
    char query[32];
    for (unsigned i = 0; i < SIGNALS_QUERIES + 1000; i++) {
        snprintf(query, sizeof(query), "q%u", i);
        show(s, query, (int)(2 * i), 2, NOW + i);
        if (i % 100 == 0) { /* one that is asked again and again stays */
            show(s, "known", 0, 3, NOW + i);
            act(s, EVENT_CLICK, "known", "p2", NOW + i);
        }
    }
    signals_publish(s, NOW);
    signals_stats(s, &stats);
    assert_true(stats.queries <= SIGNALS_QUERIES && stats.products <= SIGNALS_PRODUCTS && stats.evictions >= 2);
    assert_true(value_of(s, "known", "p2") > 0);
    for (int i = 0; i < 300; i++) {
        show(s, "known", 2 * i, 50, NOW);
    }
    signals_stats(s, &stats);
    assert_true(stats.pairs <= (uint64_t)SIGNALS_QUERIES * 2 + SIGNALS_PAIRS);
    signals_publish(s, NOW);
    signals_free(s);
    rcu_barrier();
}

static void test_state(void **state)
{
    (void)state;
    struct signals *s = signals_new();
    struct signals *again = signals_new();
    struct buf bytes = BUF_EMPTY;
    struct buf more = BUF_EMPTY;
    struct error err;
    uint64_t seq;
    for (int i = 0; i < 20; i++) {
        show(s, i % 2 ? "shoe" : "boot", i, 5, NOW + i);
        act(s, EVENT_CART, i % 2 ? "shoe" : NULL, "p3", NOW + i);
    }
    signals_write(s, 77, &bytes);
    struct reader whole = reader_of(bytes.data, bytes.size);
    assert_int_equal(signals_read(again, &whole, &seq, &err), STATUS_OK);
    assert_int_equal(whole.at, bytes.size);
    assert_int_equal(seq, 77);
    signals_write(again, 77, &more);
    assert_true(str_equal(buf_str(&bytes), buf_str(&more)));
    signals_publish(s, NOW);
    signals_publish(again, NOW);
    assert_true(value_of(s, "shoe", "p3") > 0);
    assert_true(fabs(value_of(s, "shoe", "p3") - value_of(again, "shoe", "p3")) < 1e-6);
    for (size_t size = 0; size < bytes.size; size++) {
        struct signals *part = signals_new();
        struct reader cut = reader_of(bytes.data, size);
        assert_int_equal(signals_read(part, &cut, &seq, &err), STATUS_FORMAT);
        signals_free(part);
    }
    buf_release(&bytes);
    buf_release(&more);
    signals_free(s);
    signals_free(again);
}

/* Searches that clients report with ids of their own. */
static void test_foreign_ids(void **state)
{
    (void)state;
    struct signals *s = signals_new();
    struct event_item item = {.object_id = STR("p1"), .position = 1};
    struct event e = {.type = EVENT_SEARCH,
                      .time_ms = NOW,
                      .index = STR("shop"),
                      .normal = STR("shoe"),
                      .items = &item,
                      .item_count = 1,
                      .has_query = true};
    e.query_id = query_id_of(STR("search-1"));
    signals_apply(s, &e);
    e.type = EVENT_CLICK;
    e.index = (struct str){0};
    signals_apply(s, &e);
    e.query_id = query_id_of(STR("search-2")); /* nobody knows it, nor the index */
    signals_apply(s, &e);
    signals_publish(s, NOW);
    struct signals_index x;
    assert_true(signals_index(s, STR("shop"), &x) && x.weights == 1);
    signals_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prior),  cmocka_unit_test(test_fading), cmocka_unit_test(test_positions_are_learned),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_state),  cmocka_unit_test(test_foreign_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
