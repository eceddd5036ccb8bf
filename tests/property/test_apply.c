/*
 * Partial feeds of several moments, cut into batches, repeated and shuffled among updates of the inventory lane and
 * plain writes: whatever the order in which they come, the state is what the same would have made in the order of
 * their times.
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
#include "tests/support/random.h"

enum { PRODUCTS = 24, ATTRIBUTES = 3, FEEDS = 4, LANE = 20, PLAIN = 12, BATCH = 6, EVENTS = FEEDS * PRODUCTS + LANE };
#define MADE_MS  INT64_C(1764000000000) /* when the products are put; then come the times of feeds, then the writes */
#define WRITE_MS (MADE_MS + 100000)

static const char *const NAMES[ATTRIBUTES] = {"stock", "price", "title"};

struct product {
    bool there;
    int value[ATTRIBUTES];
};

/* Something that is so from a moment on: of a feed, the lane, or a plain write. */
struct event {
    int64_t ms;
    int product;
    bool gone;
    int value[ATTRIBUTES]; /* -1: not said */
};

/* What is handed over at once: events first..end-1, as one batch of its kind. */
struct delivery {
    enum { FEED, LANE_SET, WRITE } kind;
    size_t first, end;
};

struct world {
    struct live *live;
    int64_t now_ms;
    struct event events[EVENTS + PLAIN];
    size_t event_count;
    struct delivery deliveries[EVENTS * 2 + PLAIN];
    size_t delivery_count;
    struct product want[PRODUCTS];
};

static void tick(struct world *w)
{
    clock_wall_set_for_test(++w->now_ms);
}

static void open_live(struct world *w)
{
    struct live_options options = {
        .data_dir = "/data", .create = true, .checkpoint_ms = 1000000, .log_segment_bytes = 65536};
    struct error err;
    assert_int_equal(live_open(&w->live, &options, &err), STATUS_OK);
}

/* ---- what there is to say ---- */

static void deliver(struct world *w, int kind, size_t first, size_t end, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        w->deliveries[w->delivery_count].kind = (unsigned)kind;
        w->deliveries[w->delivery_count].first = first;
        w->deliveries[w->delivery_count++].end = end;
    }
}

static struct event *say(struct world *w, int64_t ms, int product)
{
    struct event *e = &w->events[w->event_count++];
    *e = (struct event){.ms = ms, .product = product, .value = {-1, -1, -1}};
    return e;
}

static void make_feed(struct world *w, struct random *r, int64_t as_of_ms)
{
    size_t first = w->event_count;
    for (int product = 0; product < PRODUCTS; product++) {
        if (random_chance(r, 50)) {
            continue;
        }
        struct event *e = say(w, as_of_ms, product);
        e->gone = random_chance(r, 5);
        e->value[random_below(r, ATTRIBUTES)] = (int)random_below(r, 1000);
        e->value[random_below(r, ATTRIBUTES)] = (int)random_below(r, 1000);
    }
    for (size_t at = first; at < w->event_count; at += BATCH) {
        size_t end = at + BATCH < w->event_count ? at + BATCH : w->event_count;
        deliver(w, FEED, at, end, 1 + random_below(r, 2));
    }
}

static void make_events(struct world *w, struct random *r)
{
    bool written[PRODUCTS][ATTRIBUTES] = {{false}};
    for (int i = 0; i < FEEDS; i++) {
        make_feed(w, r, MADE_MS + 1000 * (i + 1));
    }
    for (int i = 0; i < LANE; i++) { /* no two at the same time */
        struct event *e = say(w, MADE_MS + 200 * i + 1, (int)random_below(r, PRODUCTS));
        e->value[0] = (int)random_below(r, 1000);
        deliver(w, LANE_SET, w->event_count - 1, w->event_count, 1 + random_below(r, 2));
    }
    for (int i = 0; i < PLAIN; i++) {
        int product = (int)random_below(r, PRODUCTS);
        size_t attribute = random_below(r, ATTRIBUTES);
        if (!written[product][attribute]) { /* among themselves, plain writes are ordered by arrival */
            say(w, WRITE_MS, product)->value[attribute] = (int)random_below(r, 1000);
            deliver(w, WRITE, w->event_count - 1, w->event_count, 1);
            written[product][attribute] = true;
        }
    }
    for (size_t i = w->delivery_count; i > 1; i--) {
        size_t k = random_below(r, i);
        struct delivery swapped = w->deliveries[k];
        w->deliveries[k] = w->deliveries[i - 1];
        w->deliveries[i - 1] = swapped;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a;
    const struct event *y = b;
    return x->ms < y->ms ? -1 : x->ms > y->ms;
}

static void make_truth(struct world *w)
{
    struct event sorted[EVENTS + PLAIN];
    memcpy(sorted, w->events, sizeof(sorted));
    qsort(sorted, w->event_count, sizeof(sorted[0]), by_time);
    for (size_t i = 0; i < w->event_count; i++) {
        struct product *p = &w->want[sorted[i].product];
        p->there = p->there && !sorted[i].gone;
        for (int k = 0; k < ATTRIBUTES && p->there; k++) {
            p->value[k] = sorted[i].value[k] >= 0 ? sorted[i].value[k] : p->value[k];
        }
    }
}

/* ---- saying it ---- */

static struct json value_of(struct arena *arena, int attribute, int value)
{
    return attribute == 2 ? json_of_str(arena_printf(arena, "shoe %d", value)) : json_of_i64(value, arena);
}

static void operation_of(const struct event *e, struct arena *arena, struct live_op *op)
{
    *op = (struct live_op){.kind = e->gone ? LIVE_DELETE : LIVE_PARTIAL,
                           .index = STR("shop"),
                           .object_id = arena_printf(arena, "p%d", e->product)};
    op->body.type = JSON_OBJECT;
    for (int k = 0; k < ATTRIBUTES; k++) {
        if (e->value[k] >= 0) {
            assert_true(json_object_set(&op->body, str_from(NAMES[k]), value_of(arena, k, e->value[k]), arena));
        }
    }
}

static void write_events(struct world *w, const struct event *events, size_t count, enum live_op_kind kind, bool feed)
{
    struct live_batch batch = {0};
    struct live_op ops[PRODUCTS];
    struct error err;
    arena_init(&batch.arena, 0);
    for (size_t i = 0; i < count; i++) {
        operation_of(&events[i], &batch.arena, &ops[i]);
        ops[i].kind = events[i].gone ? LIVE_DELETE : kind;
    }
    batch.ops = ops;
    batch.op_count = count;
    enum status status = feed ? live_apply(w->live, &batch, events[0].ms, &err) : live_submit_wait(w->live, &batch);
    assert_int_equal(status, STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(ops[i].status == STATUS_OK || ops[i].status == STATUS_NOT_FOUND);
    }
    arena_release(&batch.arena);
}

static void send_lane(struct world *w, const struct event *e)
{
    char id[12];
    char number[12];
    snprintf(id, sizeof(id), "p%d", e->product);
    snprintf(number, sizeof(number), "%d", e->value[0]);
    struct json_member value = {STR("stock"), json_number_text(str_from(number))};
    struct live_update item = {.object_id = str_from(id),
                               .values = &value,
                               .value_count = 1,
                               .flags = UPDATE_TIMESTAMP,
                               .key = (uint64_t)e->ms};
    struct live_updates batch = {.index = STR("shop"), .items = &item, .count = 1};
    assert_int_equal(live_update_wait(w->live, &batch), STATUS_OK);
    assert_true(item.result <= UPDATE_DROPPED || item.reason == UPDATE_UNKNOWN_OBJECT);
}

static void start_world(struct world *w)
{
    struct event made[PRODUCTS];
    struct live_batch batch = {0};
    struct live_op op = {.kind = LIVE_SETTINGS, .index = STR("shop")};
    struct error err;
    memset(w, 0, sizeof(*w));
    w->now_ms = MADE_MS;
    file_sim_start();
    tick(w);
    open_live(w);
    arena_init(&batch.arena, 0);
    assert_int_equal(json_parse(STR("{\"roles\":{\"title\":\"title\",\"quantity\":\"stock\",\"price\":\"price\"},"
                                    "\"holdUpdatesMinutes\":0}"),
                                &batch.arena, &op.body, &err),
                     STATUS_OK);
    batch.ops = &op;
    batch.op_count = 1;
    assert_int_equal(live_submit_wait(w->live, &batch), STATUS_OK);
    arena_release(&batch.arena);
    for (int i = 0; i < PRODUCTS; i++) {
        made[i] = (struct event){.product = i, .value = {i, i, i}};
        w->want[i] = (struct product){true, {i, i, i}};
    }
    write_events(w, made, PRODUCTS, LIVE_PUT, false);
    w->now_ms = WRITE_MS;
}

/* ---- comparing ---- */

static void check(struct world *w, const char *when)
{
    struct arena arena;
    arena_init(&arena, 0);
    rcu_thread_register();
    const struct snapshot *s = live_snapshot(w->live, STR("shop"));
    for (int i = 0; i < PRODUCTS; i++) {
        const struct product *p = &w->want[i];
        struct json object;
        struct error err;
        uint32_t segment;
        doc_id doc;
        bool there = snapshot_find(s, arena_printf(&arena, "p%d", i), &segment, &doc);
        bool same = there == p->there;
        if (there && same) {
            assert_int_equal(snapshot_object(s, segment, doc, &arena, &object, &err), STATUS_OK);
        }
        for (int k = 0; k < ATTRIBUTES && there && same; k++) {
            const struct json *have = json_get(&object, NAMES[k]);
            struct json want = value_of(&arena, k, p->value[k]);
            same = have && str_equal(have->text, want.text);
        }
        if (!same) {
            fail_msg("%s: product %d is not stock %d, price %d, title %d%s", when, i, p->value[0], p->value[1],
                     p->value[2], p->there ? "" : ", but deleted");
        }
    }
    rcu_thread_unregister();
    arena_release(&arena);
}

static void run_round(struct random *r)
{
    struct world *w = calloc(1, sizeof(*w));
    start_world(w);
    make_events(w, r);
    make_truth(w);
    for (size_t i = 0; i < w->delivery_count; i++) {
        const struct delivery *d = &w->deliveries[i];
        tick(w);
        if (d->kind == LANE_SET) {
            send_lane(w, &w->events[d->first]);
        } else {
            write_events(w, &w->events[d->first], d->end - d->first, LIVE_PARTIAL, d->kind == FEED);
        }
    }
    check(w, "then");
    live_close(w->live);
    open_live(w);
    check(w, "after a restart");
    live_close(w->live);
    file_sim_stop();
    free(w);
}

static void test_order_does_not_matter(void **state)
{
    struct random r = random_start("apply");
    (void)state;
    for (size_t i = random_rounds(25, 1000); i > 0; i--) {
        run_round(&r);
    }
    clock_wall_set_for_test(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_does_not_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
