/*
 * Streams of updates with an Idempotency-Key and updates that wait for their product, under power cuts: whoever sends a
 * stream again from its beginning until all of it is answered has counted each item exactly once, and what was held is
 * applied when the product comes, once and in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"
#include "server/live/update.h"
#include "tests/support/random.h"

enum { ITEMS = 60, PRODUCTS = 3, PIECE = 7 };

/* Product k of item i, and how many pieces it brings; products beyond PRODUCTS - 2 are not there at first. */
struct stream_plan {
    int product[ITEMS];
    int amount[ITEMS];
    int64_t want[PRODUCTS];
};

static bool submit_op(struct live *l, enum live_op_kind kind, const char *id, const char *body)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = kind, .index = STR("shop"), .object_id = str_from(id)};
    struct error err;
    arena_init(&batch.arena, 0);
    bool fine = json_parse(str_from(body), &batch.arena, &op.body, &err) == STATUS_OK;
    batch.ops = &op;
    batch.op_count = 1;
    fine = fine && live_submit_wait(l, &batch) == STATUS_OK && op.status == STATUS_OK;
    arena_release(&batch.arena);
    return fine;
}

static struct live *reopen(void)
{
    struct live *l = NULL;
    struct error err;
    struct live_options options = {
        .data_dir = "/data", .create = true, .checkpoint_ms = 1000000, .log_segment_bytes = 8192};
    if (live_open(&l, &options, &err) != STATUS_OK && !file_sim_power_is_off()) {
        fail_msg("it does not start: %s", err.message);
    }
    return l;
}

static void make_plan(struct stream_plan *p, struct random *r)
{
    memset(p, 0, sizeof(*p));
    for (int i = 0; i < ITEMS; i++) {
        p->product[i] = (int)random_below(r, PRODUCTS);
        p->amount[i] = 1 + (int)random_below(r, 9);
        p->want[p->product[i]] += p->amount[i];
    }
}

/* Items from..to-1. True when they are answered. */
static bool send_piece(struct live *l, const struct stream_plan *p, size_t from, size_t to)
{
    struct live_update items[PIECE];
    struct json_member values[PIECE];
    char ids[PIECE][16];
    char numbers[PIECE][16];
    struct live_updates batch = {.index = STR("shop"), .items = items, .count = to - from, .first_item = from};
    for (size_t i = from; i < to; i++) {
        size_t k = i - from;
        snprintf(ids[k], sizeof(ids[k]), "p%d", p->product[i]);
        snprintf(numbers[k], sizeof(numbers[k]), "%d", p->amount[i]);
        values[k] = (struct json_member){STR("stock"), json_number_text(str_from(numbers[k]))};
        items[k] = (struct live_update){.object_id = str_from(ids[k]), .values = &values[k], .value_count = 1};
        items[k].kind = UPDATE_INCREMENT;
    }
    batch.has_stream = true;
    batch.stream = hash128("orders", 6);
    if (live_update_wait(l, &batch) != STATUS_OK) {
        return false;
    }
    for (size_t k = 0; k < batch.count; k++) {
        assert_in_range(items[k].result, UPDATE_APPLIED, UPDATE_HELD);
    }
    return true;
}

static bool send_all(struct live *l, const struct stream_plan *p, struct random *r)
{
    struct error err;
    for (size_t from = 0, to; from < ITEMS; from = to) {
        to = from + 1 + random_below(r, PIECE);
        to = to < ITEMS ? to : ITEMS;
        if (!send_piece(l, p, from, to)) {
            return false;
        }
        if (random_chance(r, 10)) {
            (void)!live_checkpoint(l, &err);
        }
    }
    return true;
}

static void check(struct live *l, const struct stream_plan *p, uint64_t seed)
{
    struct arena arena;
    arena_init(&arena, 0);
    rcu_thread_register();
    const struct snapshot *s = live_snapshot(l, STR("shop"));
    for (int k = 0; k < PRODUCTS; k++) {
        char id[16];
        uint32_t segment;
        doc_id doc;
        struct json object;
        struct error err;
        int64_t stock = -1;
        snprintf(id, sizeof(id), "p%d", k);
        assert_true(snapshot_find(s, str_from(id), &segment, &doc));
        assert_int_equal(snapshot_object(s, segment, doc, &arena, &object, &err), STATUS_OK);
        (void)json_i64(json_get(&object, "stock"), &stock);
        if (stock != p->want[k]) {
            fail_msg("seed %llu: '%s' has %lld, not %lld", (unsigned long long)seed, id, (long long)stock,
                     (long long)p->want[k]);
        }
    }
    rcu_thread_unregister();
    arena_release(&arena);
}

static void run_round(uint64_t seed)
{
    struct random r = random_of_seed(seed);
    struct stream_plan plan;
    char last[16];
    make_plan(&plan, &r);
    file_sim_stop();
    file_sim_start();
    struct live *l = reopen();
    assert_true(submit_op(l, LIVE_SETTINGS, "", "{\"roles\":{\"quantity\":\"stock\"}}"));
    for (int k = 0; k < PRODUCTS - 1; k++) {
        char id[16];
        snprintf(id, sizeof(id), "p%d", k);
        assert_true(submit_op(l, LIVE_PUT, id, "{\"title\":\"shoe\",\"stock\":0}"));
    }
    live_close(l);
    bool done = false;
    for (int life = 0; !done; life++) {
        /* Ever later, so that it ends. */
        file_sim_cut_power_at(file_sim_operations() + 1 + random_below(&r, 30 + (uint64_t)life * 20));
        l = reopen();
        done = l && send_all(l, &plan, &r);
        live_close(l);
        file_sim_power_on(random_next(&r));
    }
    l = reopen();
    snprintf(last, sizeof(last), "p%d", PRODUCTS - 1);
    assert_true(submit_op(l, LIVE_PUT, last, "{\"title\":\"shoe\",\"stock\":0}"));
    check(l, &plan, seed);
    live_close(l);
    l = reopen();
    check(l, &plan, seed);
    assert_true(send_all(l, &plan, &r)); /* nothing of it counts again */
    check(l, &plan, seed);
    live_close(l);
}

static void test_streams_count_once(void **state)
{
    (void)state;
    struct random r = random_start("streams");
    for (size_t i = random_rounds(60, 2000); i > 0; i--) {
        run_round(random_next(&r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams_count_once)};
    file_sim_start();
    log_set_level(LOG_OFF);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_sim_stop();
    return failed;
}
