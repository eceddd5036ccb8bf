/*
 * Counts after many random updates of the inventory lane equal a naive recount: totals, facets, stats, in-stock
 * filters, price bounds, sorting; and sets in any order, repeated, give the same state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file_sim.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"
#include "server/live/update.h"
#include "server/query/search.h"
#include "tests/support/random.h"

enum { PRODUCTS = 300, BRANDS = 7, BATCH = 50, NONE = -1 };

/* What is so, as plain numbers. */
struct truth {
    int64_t stock[PRODUCTS]; /* NONE: not known, which counts as in stock */
    int64_t cents[PRODUCTS];
    int64_t popularity[PRODUCTS];
    uint64_t key[PRODUCTS]; /* of the stock */
};

static struct live *live;

static void put_all(const struct truth *t)
{
    struct live_batch batch = {0};
    struct live_op ops[PRODUCTS];
    struct error err;
    arena_init(&batch.arena, 0);
    for (int i = 0; i < PRODUCTS; i++) {
        struct buf text = BUF_EMPTY;
        buf_printf(&text,
                   "{\"objectID\":\"p%d\",\"title\":\"shoe\",\"brand\":\"b%d\",\"price\":%lld.%02d,\"popularity\":%d",
                   i, i % BRANDS, (long long)(t->cents[i] / 100), (int)(t->cents[i] % 100), (int)t->popularity[i]);
        if (t->stock[i] != NONE) {
            buf_printf(&text, ",\"stock\":%lld", (long long)t->stock[i]);
        }
        buf_append_char(&text, '}');
        ops[i] = (struct live_op){.kind = LIVE_PUT, .index = STR("shop")};
        assert_int_equal(json_parse(arena_copy(&batch.arena, buf_str(&text)), &batch.arena, &ops[i].body, &err),
                         STATUS_OK);
        buf_release(&text);
    }
    batch.ops = ops;
    batch.op_count = PRODUCTS;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    arena_release(&batch.arena);
}

static void settings(void)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = LIVE_SETTINGS, .index = STR("shop")};
    struct error err;
    arena_init(&batch.arena, 0);
    assert_int_equal(
        json_parse(STR("{\"attributesForFaceting\":[\"brand\",\"numeric(price)\",\"in_stock\"],"
                       "\"roles\":{\"quantity\":\"stock\",\"price\":\"price\",\"popularity\":\"popularity\"},"
                       "\"ranking\":[\"asc(price)\"]}"),
                   &batch.arena, &op.body, &err),
        STATUS_OK);
    batch.ops = &op;
    batch.op_count = 1;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    assert_int_equal(op.status, STATUS_OK);
    arena_release(&batch.arena);
}

static int start(void **state)
{
    struct error err;
    struct live_options options = {.data_dir = "/data", .create = true, .checkpoint_ms = 1000000};
    (void)state;
    file_sim_start();
    rcu_thread_register();
    rcu_offline();
    assert_int_equal(live_open(&live, &options, &err), STATUS_OK);
    settings();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_close(live);
    live = NULL;
    rcu_online();
    rcu_thread_unregister();
    file_sim_stop();
    return 0;
}

/* ---- updates ---- */

/* A batch that is being made, with what its updates borrow. */
struct made {
    struct live_update items[BATCH];
    struct json_member values[BATCH];
    char ids[BATCH][12];
    char numbers[BATCH][24];
    size_t count;
};

static struct live_update *add(struct made *m, int product, const char *attribute)
{
    size_t k = m->count++;
    snprintf(m->ids[k], sizeof(m->ids[k]), "p%d", product);
    m->values[k] = (struct json_member){str_from(attribute), {0}};
    m->items[k] = (struct live_update){.object_id = str_from(m->ids[k]), .values = &m->values[k], .value_count = 1};
    return &m->items[k];
}

/* cents below 0: the whole number alone. */
static void give(struct made *m, int64_t whole, int cents)
{
    size_t k = m->count - 1;
    int size = snprintf(m->numbers[k], sizeof(m->numbers[k]), "%lld", (long long)whole);
    if (cents >= 0) {
        snprintf(m->numbers[k] + size, sizeof(m->numbers[k]) - (size_t)size, ".%02d", cents);
    }
    m->values[k].value = json_number_text(str_from(m->numbers[k]));
}

static void send(struct made *m)
{
    struct live_updates batch = {.index = STR("shop"), .items = m->items, .count = m->count};
    assert_int_equal(live_update_wait(live, &batch), STATUS_OK);
}

static void random_update(struct made *m, struct truth *t, struct random *r)
{
    int i = (int)random_below(r, PRODUCTS);
    unsigned dice = (unsigned)random_below(r, 100);
    if (dice < 40) {
        int64_t amount = 1 + (int64_t)random_below(r, 4);
        int64_t left = (t->stock[i] == NONE ? 0 : t->stock[i]) - amount;
        struct live_update *u = add(m, i, "stock");
        give(m, amount, NONE);
        u->kind = UPDATE_DECREMENT;
        u->flags = UPDATE_MIN;
        t->stock[i] = left >= 0 ? left : t->stock[i];
    } else if (dice < 70) {
        struct live_update *u = add(m, i, "stock");
        int64_t stock = (int64_t)random_below(r, 5);
        give(m, stock, NONE);
        u->flags = UPDATE_TIMESTAMP;
        u->key = random_below(r, 100000);
        if (u->key + 1 > t->key[i]) {
            t->stock[i] = stock;
            t->key[i] = u->key + 1;
        }
    } else if (dice < 90) {
        (void)add(m, i, "price");
        t->cents[i] = (int64_t)random_below(r, 20000);
        give(m, t->cents[i] / 100, (int)(t->cents[i] % 100));
    } else {
        (void)add(m, i, "popularity");
        t->popularity[i] = (int64_t)random_below(r, 1000);
        give(m, t->popularity[i], NONE);
    }
}

/* ---- the recount ---- */

static void search(const char *text, struct searcher *searcher, struct arena *arena, struct search_result *out)
{
    struct json body;
    struct search_request request;
    struct error err;
    const struct snapshot *s = live_snapshot(live, STR("shop"));
    struct search_context context = {searcher, s, arena};
    if (json_parse(arena_copy(arena, str_from(text)), arena, &body, &err) != STATUS_OK ||
        search_request_parse(&request, &body, s->settings, arena, &err) != STATUS_OK ||
        search_run(&context, &request, 1, out, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
}

static uint64_t facet_of(const struct search_result *result, const char *attribute, const char *value)
{
    for (size_t i = 0; i < result->facet_count; i++) {
        const struct facet_result *f = &result->facets[i];
        for (size_t k = 0; k < f->count && str_equal(f->attribute, str_from(attribute)); k++) {
            if (str_equal(f->counts[k].value, str_from(value))) {
                return f->counts[k].count;
            }
        }
    }
    return 0;
}

static bool in_stock(const struct truth *t, int i)
{
    return t->stock[i] == NONE || t->stock[i] > 0;
}

/* The answer for products in stock below a price, cheapest first, against the truth. */
static void check_range(const struct truth *t, struct searcher *searcher, struct arena *arena, int64_t cents)
{
    struct search_result result;
    char text[256];
    uint64_t total = 0;
    uint64_t brands[BRANDS] = {0};
    double sum = 0;
    snprintf(text, sizeof(text),
             "{\"query\":\"shoe\",\"filters\":\"in_stock:true AND price < %lld.%02d\",\"facets\":[\"brand\",\"price\","
             "\"in_stock\"],\"hitsPerPage\":300}",
             (long long)(cents / 100), (int)(cents % 100));
    search(text, searcher, arena, &result);
    for (int i = 0; i < PRODUCTS; i++) {
        if (in_stock(t, i) && t->cents[i] < cents) {
            total++;
            brands[i % BRANDS]++;
            sum += (double)t->cents[i] / 100;
        }
    }
    assert_int_equal(result.total, total);
    assert_int_equal(facet_of(&result, "in_stock", "true"), total);
    assert_int_equal(facet_of(&result, "in_stock", "false"), 0);
    for (int b = 0; b < BRANDS; b++) {
        char name[16];
        snprintf(name, sizeof(name), "b%d", b);
        assert_int_equal(facet_of(&result, "brand", name), brands[b]);
    }
    for (size_t i = 0; i < result.facet_count && total > 0; i++) {
        if (str_equal(result.facets[i].attribute, STR("price"))) {
            assert_true(result.facets[i].sum > sum - 1e-6 && result.facets[i].sum < sum + 1e-6);
        }
    }
    assert_int_equal(result.hit_count, total);
    double before = -1;
    for (size_t i = 0; i < result.hit_count; i++) {
        struct str id;
        double price;
        assert_true(json_string(json_get(&result.hits[i].object, "objectID"), &id));
        int number = (int)strtol(id.data + 1, NULL, 10);
        assert_true(json_double(json_get(&result.hits[i].object, "price"), &price));
        assert_true(price >= before && (int64_t)(price * 100 + .5) == t->cents[number]);
        before = price;
    }
}

static void check_all(const struct truth *t, struct random *r)
{
    struct arena arena;
    struct search_result result;
    struct searcher *searcher = searcher_new();
    uint64_t out = 0;
    arena_init(&arena, 0);
    rcu_online();
    check_range(t, searcher, &arena, (int64_t)random_below(r, 20000));
    check_range(t, searcher, &arena, 100000);
    search("{\"query\":\"\",\"facets\":[\"in_stock\"]}", searcher, &arena, &result);
    for (int i = 0; i < PRODUCTS; i++) {
        out += !in_stock(t, i);
    }
    assert_int_equal(facet_of(&result, "in_stock", "true"), PRODUCTS - out);
    assert_int_equal(facet_of(&result, "in_stock", "false"), out);
    rcu_offline();
    arena_release(&arena);
    searcher_free(searcher);
}

static void random_truth(struct truth *t, struct random *r)
{
    memset(t, 0, sizeof(*t));
    for (int i = 0; i < PRODUCTS; i++) {
        t->stock[i] = random_chance(r, 80) ? (int64_t)random_below(r, 4) : NONE;
        t->cents[i] = (int64_t)random_below(r, 20000);
        t->popularity[i] = (int64_t)random_below(r, 1000);
    }
}

static void test_counts_equal_a_recount(void **state)
{
    struct random r = random_start(__func__);
    struct truth t;
    (void)state;
    random_truth(&t, &r);
    put_all(&t);
    check_all(&t, &r);
    for (size_t round = random_rounds(60, 20000); round > 0; round--) {
        struct made m = {.count = 0};
        while (m.count < BATCH) {
            random_update(&m, &t, &r);
        }
        send(&m);
        check_all(&t, &r);
    }
}

/* ---- any order ---- */

enum { SETS = 400 };

struct set {
    int product;
    uint64_t key;
    int64_t stock;
};

static void test_any_order_gives_the_same_state(void **state)
{
    struct random r = random_start(__func__);
    struct set sets[SETS];
    struct truth t;
    (void)state;
    random_truth(&t, &r);
    put_all(&t);
    for (size_t round = random_rounds(5, 200), base = 0; round > 0; round--, base += SETS) {
        for (int i = 0; i < SETS; i++) {
            sets[i] = (struct set){(int)random_below(&r, PRODUCTS), base + (uint64_t)i, (int64_t)random_below(&r, 9)};
            t.stock[sets[i].product] = sets[i].stock; /* in the order of their keys */
        }
        for (int i = SETS - 1; i > 0; i--) {
            int k = (int)random_below(&r, (uint64_t)i + 1);
            struct set other = sets[i];
            sets[i] = sets[k];
            sets[k] = other;
        }
        struct made m = {.count = 0};
        for (int i = 0; i < SETS; i++) {
            /* Some again later, whatever came since. */
            const struct set *s = &sets[i];
            const struct set *again = &sets[random_below(&r, (uint64_t)i + 1)];
            for (int k = 0; k < 2; k++, s = again) {
                struct live_update *u = add(&m, s->product, "stock");
                give(&m, s->stock, NONE);
                u->flags = UPDATE_TIMESTAMP;
                u->key = s->key;
            }
            if (m.count == BATCH || i == SETS - 1) {
                send(&m);
                m.count = 0;
            }
        }
        check_all(&t, &r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_equal_a_recount, start, stop),
        cmocka_unit_test_setup_teardown(test_any_order_gives_the_same_state, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
