/*
 * Store by store and list by list, after many random updates of cells: totals, in-stock filters, facets, stats, sorting
 * and burying equal a naive recount, through deltas, deletes and a restart.
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

enum { PRODUCTS = 200, STORES = 4, LISTS = 2, NONE = -1000000 };

struct truth {
    bool there[PRODUCTS];
    int64_t cents[PRODUCTS];
    int64_t stock[STORES][PRODUCTS]; /* NONE: no cell */
    int64_t list[LISTS][PRODUCTS];
};

static struct live *live;

static struct live *open_live(void)
{
    struct live *l;
    struct error err;
    struct live_options options = {.data_dir = "/data", .create = true, .checkpoint_ms = 1000000};
    if (live_open(&l, &options, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return l;
}

static void submit(enum live_op_kind kind, const char *id, const char *text)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = kind, .index = STR("shop")};
    struct error err;
    arena_init(&batch.arena, 0);
    op.object_id = arena_copy(&batch.arena, str_from(id));
    assert_int_equal(json_parse(arena_copy(&batch.arena, str_from(text)), &batch.arena, &op.body, &err), STATUS_OK);
    batch.ops = &op;
    batch.op_count = 1;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    if (op.status != STATUS_OK) {
        fail_msg("%s", op.message);
    }
    arena_release(&batch.arena);
}

static void put_product(const struct truth *t, int i)
{
    struct buf text = BUF_EMPTY;
    char id[16];
    const char *comma = "";
    snprintf(id, sizeof(id), "p%d", i);
    buf_printf(&text, "{\"objectID\":\"%s\",\"title\":\"shoe\",\"price\":%lld.%02d,\"stores\":{", id,
               (long long)(t->cents[i] / 100), (int)(t->cents[i] % 100));
    for (int s = 0; s < STORES; s++) {
        if (t->stock[s][i] != NONE) {
            buf_printf(&text, "%s\"s%d\":%lld", comma, s, (long long)t->stock[s][i]);
            comma = ",";
        }
    }
    buf_printf(&text, "},\"prices\":{");
    comma = "";
    for (int k = 0; k < LISTS; k++) {
        if (t->list[k][i] != NONE) {
            buf_printf(&text, "%s\"l%d\":%lld.%02d", comma, k, (long long)(t->list[k][i] / 100),
                       (int)(t->list[k][i] % 100));
            comma = ",";
        }
    }
    buf_printf(&text, "}}");
    buf_append_char(&text, '\0');
    submit(LIVE_PUT, id, text.data);
    buf_release(&text);
}

static void random_product(struct truth *t, struct random *r, int i)
{
    t->there[i] = true;
    t->cents[i] = (int64_t)random_below(r, 2000);
    for (int s = 0; s < STORES; s++) {
        t->stock[s][i] = random_chance(r, s == 3 ? 2 : 40) ? (int64_t)random_below(r, 4) : NONE;
    }
    for (int k = 0; k < LISTS; k++) {
        t->list[k][i] = random_chance(r, 30) ? (int64_t)random_below(r, 2000) : NONE;
    }
}

/* One update of the lane: set, take away or sell. */
static void random_update(struct truth *t, struct random *r, int i)
{
    char id[16], name[16], number[32];
    bool store = random_chance(r, 60);
    int k = (int)random_below(r, store ? STORES : LISTS);
    int64_t *cell = store ? &t->stock[k][i] : &t->list[k][i];
    struct json_member value;
    struct live_update u;
    struct live_updates batch = {.index = STR("shop"), .items = &u, .count = 1};
    snprintf(id, sizeof(id), "p%d", i);
    snprintf(name, sizeof(name), store ? "stores.s%d" : "prices.l%d", k);
    u = (struct live_update){.object_id = str_from(id), .values = &value, .value_count = 1};
    value = (struct json_member){str_from(name), {.type = JSON_NULL}};
    if (store && random_chance(r, 50)) {
        int64_t left = (*cell == NONE ? 0 : *cell) - 1;
        u.kind = UPDATE_DECREMENT;
        u.flags = UPDATE_MIN;
        value.value = json_number_text(STR("1"));
        *cell = left >= 0 ? left : *cell;
    } else if (random_chance(r, 85)) {
        *cell = (int64_t)random_below(r, store ? 4 : 2000);
        snprintf(number, sizeof(number), store ? "%lld" : "%lld.%02d", (long long)(store ? *cell : *cell / 100),
                 (int)(*cell % 100));
        value.value = json_number_text(str_from(number));
    } else {
        *cell = NONE;
    }
    assert_int_equal(live_update_wait(live, &batch), STATUS_OK);
}

/* What a search with the first `stores` of a mask and a list (or -1) sees of a product. */
static int64_t stock_of(const struct truth *t, unsigned stores, int i)
{
    int64_t sum = 0;
    for (int s = 0; s < STORES; s++) {
        sum += (stores >> s & 1) && t->stock[s][i] != NONE ? t->stock[s][i] : 0;
    }
    return sum;
}

static int64_t price_of(const struct truth *t, int list, int i)
{
    return list >= 0 && t->list[list][i] != NONE ? t->list[list][i] : t->cents[i];
}

/* The same search buried, and with two filters. */
static void check_more(const struct search_context *context, struct search_request *request, uint64_t in,
                       uint64_t cheap)
{
    struct search_result result;
    struct error err;
    request->sort_count = 0;
    request->bury_out_of_stock = true;
    assert_int_equal(search_run(context, request, 1, &result, &err), STATUS_OK);
    for (size_t h = 0; h < result.hit_count; h++) {
        bool in_stock = false;
        assert_true(json_bool(json_get(&result.hits[h].object, "in_stock"), &in_stock));
        assert_int_equal(in_stock, h < in);
    }
    assert_int_equal(filter_parse(&request->filter, STR("in_stock:true"), context->arena, &err), STATUS_OK);
    assert_int_equal(search_run(context, request, 1, &result, &err), STATUS_OK);
    assert_int_equal(result.total, in);
    assert_int_equal(filter_parse(&request->filter, STR("price < 5"), context->arena, &err), STATUS_OK);
    assert_int_equal(search_run(context, request, 1, &result, &err), STATUS_OK);
    assert_int_equal(result.total, cheap);
}

static void check(const struct truth *t, unsigned stores, int list)
{
    struct arena arena;
    struct searcher *searcher = searcher_new();
    struct search_result result;
    struct search_request request;
    struct json body;
    struct error err;
    struct buf text = BUF_EMPTY;
    uint64_t all = 0, in = 0, cheap = 0, facet = 0;
    int64_t least = INT64_MAX, most = INT64_MIN, last = INT64_MIN;
    arena_init(&arena, 0);
    buf_printf(&text, "{\"query\":\"shoe\",\"hitsPerPage\":1000,\"facets\":[\"price\",\"in_stock\"],\"store\":[");
    for (int s = 0, n = 0; s < STORES; s++) {
        if (stores >> s & 1) {
            buf_printf(&text, "%s\"s%d\"", n++ ? "," : "", s);
        }
    }
    buf_printf(&text, "],\"sort\":[\"asc(price)\"],\"filters\":\"price >= 0\"");
    if (list >= 0) {
        buf_printf(&text, ",\"priceList\":\"l%d\"", list);
    }
    buf_printf(&text, "}");
    for (int i = 0; i < PRODUCTS; i++) {
        int64_t price = price_of(t, list, i);
        all += t->there[i];
        in += t->there[i] && stock_of(t, stores, i) > 0;
        cheap += t->there[i] && price < 500;
        least = t->there[i] && price < least ? price : least;
        most = t->there[i] && price > most ? price : most;
    }
    rcu_online();
    const struct snapshot *s = live_snapshot(live, STR("shop"));
    struct search_context context = {searcher, s, &arena};
    if (json_parse(buf_str(&text), &arena, &body, &err) != STATUS_OK ||
        search_request_parse(&request, &body, s->settings, &arena, &err) != STATUS_OK ||
        search_run(&context, &request, 1, &result, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(result.total, all);
    assert_int_equal(result.hit_count, all);
    for (size_t h = 0; h < result.hit_count; h++) {
        double price = -1;
        int64_t product, cents;
        bool in_stock = false;
        struct str id = json_get(&result.hits[h].object, "objectID")->text;
        assert_true(str_to_i64(str_slice(id, 1, id.size), &product));
        assert_true(json_double(json_get(&result.hits[h].object, "price"), &price));
        cents = (int64_t)(price * 100 + .5);
        assert_int_equal(cents, price_of(t, list, (int)product));
        assert_true(cents >= last);
        assert_true(json_bool(json_get(&result.hits[h].object, "in_stock"), &in_stock));
        assert_int_equal(in_stock, stock_of(t, stores, (int)product) > 0);
        last = cents;
    }
    assert_int_equal((int64_t)(result.facets[0].min * 100 + .5), least);
    assert_int_equal((int64_t)(result.facets[0].max * 100 + .5), most);
    assert_int_equal(result.facets[0].number_count, all);
    for (size_t i = 0; i < result.facets[1].count; i++) {
        facet = str_equal(result.facets[1].counts[i].value, STR("true")) ? result.facets[1].counts[i].count : facet;
    }
    assert_int_equal(facet, in);
    check_more(&context, &request, in, cheap);
    rcu_offline();
    buf_release(&text);
    arena_release(&arena);
    searcher_free(searcher);
}

static void test_recount(void **state)
{
    struct random r = random_start("stores");
    static struct truth t;
    size_t rounds = random_rounds(12, 300);
    (void)state;
    submit(LIVE_SETTINGS, "",
           "{\"attributesForFaceting\":[\"price\",\"in_stock\"],\"roles\":{\"title\":\"title\",\"price\":\"price\"},"
           "\"stores\":[\"s0\",\"s1\",\"s2\",\"s3\"],\"priceLists\":[\"l0\",\"l1\"],\"minHits\":0}");
    for (int i = 0; i < PRODUCTS; i++) {
        random_product(&t, &r, i);
        put_product(&t, i);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (int n = 0; n < 100; n++) {
            int i = (int)random_below(&r, PRODUCTS);
            char id[16];
            snprintf(id, sizeof(id), "p%d", i);
            if (!t.there[i] || random_chance(&r, 3)) {
                random_product(&t, &r, i);
                put_product(&t, i);
            } else if (random_chance(&r, 2)) {
                t.there[i] = false;
                submit(LIVE_DELETE, id, "{}");
            } else {
                random_update(&t, &r, i);
            }
        }
        if (round % 4 == 3) {
            live_close(live);
            live = open_live();
        }
        for (unsigned stores = 1; stores < 1u << STORES; stores += 1 + (unsigned)random_below(&r, 4)) {
            check(&t, stores, (int)random_below(&r, LISTS + 1) - 1);
        }
    }
}

static int start(void **state)
{
    (void)state;
    file_sim_start();
    rcu_thread_register();
    rcu_offline();
    live = open_live();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_close(live);
    rcu_online();
    rcu_thread_unregister();
    file_sim_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_recount, start, stop)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
