/*
 * A million random updates of the lane in one run (fewer without AISLE_TEST_LONG), among objects that are written anew
 * and deleted, and restarts: totals, facets, stats and in-stock filters equal a naive recount, of the whole and store
 * by store and list by list. Sets have keys in any order, or none, so the recount knows the rules of their order, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"
#include "server/live/update.h"
#include "server/query/pages.h"
#include "server/query/search.h"
#include "tests/support/random.h"

enum {
    PRODUCTS = 1500,
    BRANDS = 7,
    STORES = 6,
    LISTS = 2,
    BATCH = 1000,
    CHECK_EACH = 5,
    RESTART_EACH = 15,
    HITS = 20,
    NONE = -1
};
/* What updates change: each product has one number of each, in units of the second decimal place. */
enum { STOCK, PRICE, POPULARITY, FIRST_STORE, FIRST_LIST = FIRST_STORE + STORES, NUMBERS = FIRST_LIST + LISTS };
#define NOW INT64_C(1764000000000)

struct truth {
    bool there[PRODUCTS];
    int64_t number[NUMBERS][PRODUCTS]; /* NONE: there is none */
    uint64_t key[NUMBERS][PRODUCTS];   /* plus 1; 0: none */
};

static struct live *live;
static struct searcher *searcher;
static struct pages *pages; /* that the searches keep: they must follow every update */
static char names[NUMBERS][16];

static void open_live(void)
{
    struct error err;
    struct live_options options = {.data_dir = "/data", .create = true, .checkpoint_ms = 1000000};
    if (live_open(&live, &options, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
}

static void submit(enum live_op_kind kind, int product, const char *text)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = kind, .index = STR("shop")};
    struct error err;
    char id[16];
    snprintf(id, sizeof(id), "p%d", product);
    arena_init(&batch.arena, 0);
    op.object_id = arena_copy(&batch.arena, str_from(id));
    assert_int_equal(json_parse(str_from(text), &batch.arena, &op.body, &err), STATUS_OK);
    batch.ops = &op;
    batch.op_count = 1;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    assert_int_equal(op.status, STATUS_OK);
    arena_release(&batch.arena);
}

static void write_number(struct buf *out, int64_t hundredths)
{
    buf_printf(out, "%lld", (long long)(hundredths / 100));
    if (hundredths % 100) {
        buf_printf(out, ".%02d", (int)(hundredths % 100));
    }
}

static bool is_price(int n)
{
    return n == PRICE || n >= FIRST_LIST;
}

static int64_t random_number(struct random *r, int n)
{
    return is_price(n) ? (int64_t)random_below(r, 20000) : 100 * (int64_t)random_below(r, n == POPULARITY ? 1000 : 5);
}

static bool may_be_missing(int n)
{
    return n >= FIRST_STORE;
}

/* The object's JSON; numbers of stores and lists in members of their own. */
static void object_text(const struct truth *t, int i, struct buf *out)
{
    buf_printf(out, "{\"objectID\":\"p%d\",\"title\":\"shoe\",\"brand\":\"b%d\"", i, i % BRANDS);
    for (int n = 0; n < NUMBERS; n++) {
        const char *dot = strchr(names[n], '.');
        if (n == FIRST_STORE || n == FIRST_LIST) {
            buf_printf(out, ",\"%.*s\":{\"none\":null", (int)(dot - names[n]), names[n]);
        }
        if (t->number[n][i] != NONE) {
            buf_printf(out, ",\"%s\":", dot ? dot + 1 : names[n]);
            write_number(out, t->number[n][i]);
        }
        if (n == FIRST_LIST - 1 || n == NUMBERS - 1) {
            buf_append_char(out, '}');
        }
    }
    buf_append(out, "}", 2);
}

/* An object that is written whole sets what it has, without a key. */
static void put(struct truth *t, struct random *r, int i)
{
    struct buf text = BUF_EMPTY;
    t->there[i] = true;
    for (int n = 0; n < NUMBERS; n++) {
        t->number[n][i] = may_be_missing(n) && random_chance(r, 60) ? NONE : random_number(r, n);
        uint64_t *key = &t->key[n][i];
        if (*key && *key < (uint64_t)NOW + 1 && t->number[n][i] != NONE) {
            *key = (uint64_t)NOW + 1;
        }
    }
    object_text(t, i, &text);
    submit(LIVE_PUT, i, text.data);
    buf_release(&text);
}

static void take_away(struct truth *t, int i)
{
    t->there[i] = false;
    submit(LIVE_DELETE, i, "{}");
}

/* ---- updates ---- */

/* A batch that is being made, with what its updates borrow. */
struct made {
    struct live_update items[BATCH];
    struct json_member values[BATCH];
    char ids[BATCH][12];
    char numbers[BATCH][24];
    enum update_result want[BATCH];
    size_t count;
};

static struct live_update *add(struct made *m, int product, int n, int64_t value)
{
    size_t k = m->count++;
    struct buf text = BUF_EMPTY;
    snprintf(m->ids[k], sizeof(m->ids[k]), "p%d", product);
    m->values[k] = (struct json_member){str_from(names[n]), {.type = JSON_NULL}};
    if (value != NONE) {
        write_number(&text, value);
        memcpy(m->numbers[k], text.data, text.size);
        m->values[k].value = json_number_text((struct str){m->numbers[k], text.size});
    }
    buf_release(&text);
    m->items[k] = (struct live_update){.object_id = str_from(m->ids[k]), .values = &m->values[k], .value_count = 1};
    m->want[k] = UPDATE_APPLIED;
    return &m->items[k];
}

static void random_set(struct made *m, struct truth *t, struct random *r, int i, int n)
{
    int64_t value = may_be_missing(n) && random_chance(r, 15) ? NONE : random_number(r, n);
    struct live_update *u = add(m, i, n, value);
    uint64_t have = t->key[n][i];
    uint64_t key = have > (uint64_t)NOW + 1 ? have : (uint64_t)NOW + 1;
    if (random_chance(r, 70)) {
        u->flags = UPDATE_TIMESTAMP;
        u->key = (uint64_t)NOW - 500 + random_below(r, 1000);
        key = u->key + 1;
        if (key <= have) {
            m->want[m->count - 1] = UPDATE_DROPPED;
            return;
        }
    }
    t->key[n][i] = key;
    t->number[n][i] = value;
}

static void random_step(struct made *m, struct truth *t, struct random *r, int i, int n)
{
    int64_t amount = is_price(n) ? 1 + (int64_t)random_below(r, 300) : 100 * (1 + (int64_t)random_below(r, 3));
    struct live_update *u = add(m, i, n, amount);
    int64_t now = t->number[n][i] == NONE ? 0 : t->number[n][i];
    bool up = random_chance(r, 45);
    u->kind = up ? UPDATE_INCREMENT : UPDATE_DECREMENT;
    u->flags = UPDATE_MIN;
    if (up || now >= amount) {
        t->number[n][i] = up ? now + amount : now - amount;
    } else {
        m->want[m->count - 1] = UPDATE_REFUSED;
    }
}

/* Of all numbers, or of those from `first` on. */
static void send_random(struct made *m, struct truth *t, struct random *r, int first)
{
    struct live_updates batch = {.index = STR("shop"), .items = m->items, .count = BATCH};
    m->count = 0;
    while (m->count < BATCH) {
        int i = (int)random_below(r, PRODUCTS);
        int n = first + (int)random_below(r, (uint64_t)(NUMBERS - first));
        if (t->there[i] && random_chance(r, 50)) {
            random_set(m, t, r, i, n);
        } else if (t->there[i]) {
            random_step(m, t, r, i, n);
        }
    }
    assert_int_equal(live_update_wait(live, &batch), STATUS_OK);
    for (size_t k = 0; k < BATCH; k++) {
        assert_int_equal(m->items[k].result, m->want[k]);
    }
}

/* ---- the recount ---- */

/* What a search with a store (-1: none) and a list (-1: none) sees. */
static int64_t price_of(const struct truth *t, int list, int i)
{
    int64_t own = list >= 0 ? t->number[FIRST_LIST + list][i] : NONE;
    return own != NONE ? own : t->number[PRICE][i];
}

static bool in_stock(const struct truth *t, int store, int i)
{
    return (store >= 0 ? t->number[FIRST_STORE + store][i] : t->number[STOCK][i]) > 0;
}

static const struct facet_result *facet_named(const struct search_result *result, struct str attribute)
{
    for (size_t i = 0; i < result->facet_count; i++) {
        if (str_equal(result->facets[i].attribute, attribute)) {
            return &result->facets[i];
        }
    }
    return NULL;
}

static uint64_t count_of(const struct search_result *result, struct str attribute, struct str value)
{
    const struct facet_result *f = facet_named(result, attribute);
    for (size_t k = 0; f && k < f->count; k++) {
        if (str_equal(f->counts[k].value, value)) {
            return f->counts[k].count;
        }
    }
    return 0;
}

static void search(const struct search_context *context, int store, int list, const char *filters,
                   struct search_result *out)
{
    struct buf text = BUF_EMPTY;
    struct json body;
    struct search_request request;
    struct error err;
    buf_printf(&text,
               "{\"query\":\"\",\"facets\":[\"brand\",\"price\",\"in_stock\"],\"filters\":\"%s\","
               "\"hitsPerPage\":%d,\"sort\":[\"asc(price)\"]",
               filters, HITS);
    if (store >= 0) {
        buf_printf(&text, ",\"store\":\"s%d\"", store);
    }
    if (list >= 0) {
        buf_printf(&text, ",\"priceList\":\"l%d\"", list);
    }
    buf_append_char(&text, '}');
    if (json_parse(arena_copy(context->arena, buf_str(&text)), context->arena, &body, &err) != STATUS_OK ||
        search_request_parse(&request, &body, context->snapshot->settings, context->arena, &err) != STATUS_OK ||
        search_run(context, &request, 1, out, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    buf_release(&text);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* One search against a walk over all products: those in stock below a price, or all. */
static void check_one(const struct search_context *context, const struct truth *t, int store, int list, int64_t below)
{
    struct search_result result;
    char filters[64] = "";
    uint64_t total = 0;
    uint64_t stocked = 0;
    uint64_t brands[BRANDS] = {0};
    static int64_t prices[PRODUCTS];
    int64_t sum = 0;
    if (below != NONE) {
        snprintf(filters, sizeof(filters), "in_stock:true AND price < %lld.%02d", (long long)(below / 100),
                 (int)(below % 100));
    }
    search(context, store, list, filters, &result);
    for (int i = 0; i < PRODUCTS; i++) {
        int64_t price = price_of(t, list, i);
        if (t->there[i] && (below == NONE || (in_stock(t, store, i) && price < below))) {
            prices[total++] = price;
            stocked += in_stock(t, store, i);
            brands[i % BRANDS]++;
            sum += price;
        }
    }
    assert_int_equal(result.total, total);
    assert_int_equal(count_of(&result, STR("in_stock"), STR("true")), stocked);
    assert_int_equal(count_of(&result, STR("in_stock"), STR("false")), total - stocked);
    for (int b = 0; b < BRANDS; b++) {
        char name[16];
        snprintf(name, sizeof(name), "b%d", b);
        assert_int_equal(count_of(&result, STR("brand"), str_from(name)), brands[b]);
    }
    const struct facet_result *price = facet_named(&result, STR("price"));
    assert_int_equal(price ? price->number_count : 0, total);
    if (total > 0) {
        qsort(prices, total, sizeof(prices[0]), by_value);
        assert_int_equal((int64_t)(price->min * 100 + .5), prices[0]);
        assert_int_equal((int64_t)(price->max * 100 + .5), prices[total - 1]);
        assert_int_equal((int64_t)(price->sum * 100 + .5), sum);
    }
    assert_int_equal(result.hit_count, total < HITS ? total : HITS);
    for (size_t h = 0; h < result.hit_count; h++) {
        double shown = -1;
        assert_true(json_double(json_get(&result.hits[h].object, "price"), &shown));
        assert_int_equal((int64_t)(shown * 100 + .5), prices[h]);
    }
}

static void check_all(const struct truth *t, struct random *r)
{
    struct arena arena;
    arena_init(&arena, 0);
    rcu_online();
    struct search_context context = {searcher, live_snapshot(live, STR("shop")), &arena};
    for (int store = -1; store < STORES; store++) {
        for (int list = -1; list < LISTS; list++) {
            check_one(&context, t, store, list, NONE);
            check_one(&context, t, store, list, NONE); /* as it was kept */
            check_one(&context, t, store, list, 1 + (int64_t)random_below(r, 20000));
            check_one(&context, t, store, list, 10000000);
            arena_reset(&arena);
        }
    }
    rcu_offline();
    arena_release(&arena);
}

static void test_counts_equal_a_recount(void **state)
{
    static struct truth t;
    static struct made m;
    struct random r = random_start("recount");
    size_t batches = random_rounds(45, 1000);
    (void)state;
    for (int i = 0; i < PRODUCTS; i++) {
        put(&t, &r, i);
    }
    check_all(&t, &r);
    for (size_t batch = 1; batch <= batches; batch++) {
        bool cells = batch % CHECK_EACH == 0; /* alone: what is kept must follow them, too */
        if (cells) {
            check_all(&t, &r);
        }
        send_random(&m, &t, &r, cells ? FIRST_STORE : 0);
        for (int k = 0; k < 3 && !cells; k++) {
            int i = (int)random_below(&r, PRODUCTS);
            if (t.there[i] && random_chance(&r, 40)) {
                take_away(&t, i);
            } else {
                put(&t, &r, i);
            }
        }
        if (batch % RESTART_EACH == 0) {
            live_close(live);
            open_live();
        }
        if (cells) {
            check_all(&t, &r);
        }
    }
    print_message("%zu updates, %llu of %llu pages were kept\n", batches * BATCH,
                  (unsigned long long)atomic_load(&pages->found), (unsigned long long)atomic_load(&pages->asked));
    assert_true(atomic_load(&pages->found) > atomic_load(&pages->asked) / 3);
}

static int start(void **state)
{
    (void)state;
    file_sim_start();
    clock_wall_set_for_test(NOW);
    rcu_thread_register();
    rcu_offline();
    for (int n = 0; n < NUMBERS; n++) {
        const char *kind = n >= FIRST_LIST ? "prices.l" : "stores.s";
        snprintf(names[n], sizeof(names[n]), "%s%d", kind, n >= FIRST_LIST ? n - FIRST_LIST : n - FIRST_STORE);
    }
    strcpy(names[STOCK], "stock");
    strcpy(names[PRICE], "price");
    strcpy(names[POPULARITY], "popularity");
    searcher = searcher_new();
    pages = pages_new(1 << 20, false);
    searcher_share(searcher, pages);
    open_live();
    submit(LIVE_SETTINGS, 0,
           "{\"attributesForFaceting\":[\"brand\",\"numeric(price)\",\"in_stock\"],\"minHits\":0,"
           "\"roles\":{\"title\":\"title\",\"quantity\":\"stock\",\"price\":\"price\",\"popularity\":\"popularity\"},"
           "\"stores\":[\"s0\",\"s1\",\"s2\",\"s3\",\"s4\",\"s5\"],\"priceLists\":[\"l0\",\"l1\"]}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rcu_offline(); /* a check that failed leaves the thread online, and closing waits for it */
    live_close(live);
    searcher_free(searcher);
    pages_free(pages);
    rcu_online();
    rcu_thread_unregister();
    clock_wall_set_for_test(0);
    file_sim_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_counts_equal_a_recount, start, stop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
