/* The inventory lane: outcomes, order, conditions, held updates, repetition; each also after a restart. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"
#include "server/live/update_line.h"

#define NOW INT64_C(1764000000000)

static struct live *live;

static void reopen(void)
{
    struct error err;
    struct live_options options = {
        .data_dir = "/data", .create = true, .checkpoint_ms = 1000000, .log_segment_bytes = 8192};
    live_close(live);
    live = NULL;
    if (live_open(&live, &options, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
}

/* One operation on an object or on the settings of "shop". */
static void write_op(enum live_op_kind kind, const char *id, const char *body)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = kind, .index = STR("shop"), .object_id = str_from(id), .create_missing = true};
    struct error err;
    arena_init(&batch.arena, 0);
    assert_int_equal(json_parse(str_from(body), &batch.arena, &op.body, &err), STATUS_OK);
    batch.ops = &op;
    batch.op_count = 1;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    assert_int_equal(op.status, STATUS_OK);
    arena_release(&batch.arena);
}

static int start(void **state)
{
    (void)state;
    file_sim_start();
    clock_wall_set_for_test(NOW);
    rcu_thread_register();
    rcu_offline();
    live = NULL;
    reopen();
    write_op(LIVE_SETTINGS, "",
             "{\"roles\":{\"title\":\"title\",\"quantity\":\"stock\",\"price\":\"price\",\"salePrice\":\"sale_price\"},"
             "\"mutableAttributes\":[\"version(margin)\",\"hot\"]}");
    write_op(LIVE_PUT, "a", "{\"title\":\"red shoe\",\"stock\":5,\"price\":9.5,\"margin\":1}");
    write_op(LIVE_PUT, "b", "{\"title\":\"blue shoe\",\"stock\":1,\"price\":20}");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    rcu_offline(); /* a check that failed leaves the thread online, and closing waits for it */
    live_close(live);
    rcu_online();
    rcu_thread_unregister();
    clock_wall_set_for_test(0);
    file_sim_stop();
    return 0;
}

/* ---- lines in, outcomes out ---- */

enum { LINES_MAX = 8 };

static struct live_update outcome[LINES_MAX];

/* Sends lines as one batch; stream "" is none. */
static void send(const char *stream, uint64_t first_item, const char *const *lines, size_t count)
{
    static struct json_member values[LINES_MAX][UPDATE_VALUES_MAX];
    struct arena arena;
    struct live_updates batch = {.index = STR("shop"), .items = outcome, .count = count, .first_item = first_item};
    arena_init(&arena, 0);
    for (size_t i = 0; i < count; i++) {
        (void)update_line_read(str_from(lines[i]), values[i], &arena, &outcome[i]);
    }
    batch.has_stream = stream[0] != '\0';
    batch.stream = hash128(stream, strlen(stream));
    if (live_update_wait(live, &batch) != STATUS_OK) {
        fail_msg("%s", batch.error.message);
    }
    arena_release(&arena);
}

static enum update_result update(const char *line)
{
    send("", 0, &line, 1);
    return outcome[0].result;
}

static enum update_reason refused(const char *line)
{
    assert_int_equal(update(line), UPDATE_REFUSED);
    return outcome[0].reason;
}

static void assert_now(int64_t whole)
{
    assert_true(outcome[0].has_now);
    assert_int_equal(decimal_compare(outcome[0].now, (struct decimal){whole, 0}), 0);
}

static void assert_object(const char *id, const char *name, const char *want)
{
    uint32_t segment;
    doc_id doc;
    struct arena arena;
    struct json object;
    struct error err;
    struct buf text = BUF_EMPTY;
    arena_init(&arena, 0);
    rcu_online();
    const struct snapshot *s = live_snapshot(live, STR("shop"));
    if (!snapshot_find(s, str_from(id), &segment, &doc)) {
        fail_msg("'%s' is not there", id);
    }
    assert_int_equal(snapshot_object(s, segment, doc, &arena, &object, &err), STATUS_OK);
    const struct json *value = json_get(&object, name);
    if (value) {
        json_write(&text, value);
    }
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, want);
    rcu_offline();
    buf_release(&text);
    arena_release(&arena);
}

/* Before and after a restart, with and without a checkpoint. */
static void assert_lasting(const char *id, const char *name, const char *want)
{
    assert_object(id, name, want);
    reopen(); /* closing writes a checkpoint */
    assert_object(id, name, want);
}

static void test_set_increment_decrement(void **state)
{
    (void)state;
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":7,\"price\":8.25}}"), UPDATE_APPLIED);
    assert_object("a", "stock", "7");
    assert_object("a", "price", "8.25");
    assert_int_equal(update("{\"objectID\":\"a\",\"increment\":{\"stock\":3}}"), UPDATE_APPLIED);
    assert_now(10);
    assert_int_equal(update("{\"objectID\":\"a\",\"decrement\":{\"stock\":4}}"), UPDATE_APPLIED);
    assert_lasting("a", "stock", "6");
    assert_int_equal(update("{\"objectID\":\"b\",\"increment\":{\"margin\":2}}"), UPDATE_APPLIED); /* from nothing */
    assert_lasting("b", "margin", "2");
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"hot\":true}}"), UPDATE_APPLIED);
    assert_lasting("b", "hot", "true");
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"price\":1.23456}}"), UPDATE_APPLIED);
    assert_lasting("b", "price", "1.23456");
}

static void test_minimum(void **state)
{
    (void)state;
    const char *lines[] = {"{\"objectID\":\"b\",\"decrement\":{\"stock\":1},\"min\":0}",
                           "{\"objectID\":\"b\",\"decrement\":{\"stock\":1},\"min\":0}"};
    send("", 0, lines, 2);
    assert_int_equal(outcome[0].result, UPDATE_APPLIED);
    assert_int_equal(outcome[1].result, UPDATE_REFUSED);
    assert_int_equal(outcome[1].reason, UPDATE_BELOW_MIN);
    assert_true(outcome[1].has_now && outcome[1].now.units == 0);
    assert_lasting("b", "stock", "0");
    assert_int_equal(refused("{\"objectID\":\"b\",\"decrement\":{\"margin\":1},\"min\":0}"), UPDATE_BELOW_MIN);
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":3},\"timestamp\":2000}"), UPDATE_APPLIED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":4},\"timestamp\":1000}"), UPDATE_DROPPED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":4},\"timestamp\":2000}"), UPDATE_DROPPED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":4,\"price\":3},\"timestamp\":2000}"),
                     UPDATE_APPLIED);
    assert_int_equal(outcome[0].dropped, 1);
    assert_object("a", "stock", "3");
    assert_object("a", "price", "3");
    reopen();
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":4},\"timestamp\":2000}"), UPDATE_DROPPED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":8}}"), UPDATE_APPLIED); /* now */
    char line[128];
    snprintf(line, sizeof(line), "{\"objectID\":\"a\",\"set\":{\"stock\":9},\"timestamp\":%lld}", (long long)NOW);
    assert_int_equal(update(line), UPDATE_DROPPED);
    snprintf(line, sizeof(line), "{\"objectID\":\"a\",\"set\":{\"stock\":9},\"timestamp\":%lld}", (long long)NOW + 1);
    assert_int_equal(update(line), UPDATE_APPLIED);
    snprintf(line, sizeof(line), "{\"objectID\":\"a\",\"set\":{\"stock\":2},\"timestamp\":%lld}",
             (long long)NOW + UPDATE_FUTURE_MS + 1);
    assert_int_equal(refused(line), UPDATE_FUTURE);
    assert_lasting("a", "stock", "9");
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"margin\":3},\"version\":0}"), UPDATE_APPLIED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"margin\":4},\"version\":0}"), UPDATE_DROPPED);
    assert_int_equal(refused("{\"objectID\":\"a\",\"set\":{\"margin\":4},\"version\":5,\"ifVersion\":3}"),
                     UPDATE_OTHER_VERSION);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"margin\":4},\"version\":5,\"ifVersion\":0}"),
                     UPDATE_APPLIED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"margin\":5}}"), UPDATE_APPLIED); /* keeps version 5 */
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"margin\":6},\"version\":5}"), UPDATE_DROPPED);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"margin\":6},\"version\":6}"), UPDATE_APPLIED);
    assert_int_equal(refused("{\"objectID\":\"a\",\"set\":{\"margin\":1},\"timestamp\":6}"), UPDATE_WRONG_KEY);
    assert_int_equal(refused("{\"objectID\":\"a\",\"set\":{\"stock\":1},\"version\":6}"), UPDATE_WRONG_KEY);
    assert_int_equal(refused("{\"objectID\":\"a\",\"increment\":{\"stock\":1},\"timestamp\":6}"), UPDATE_KEY_NOT_TAKEN);
    assert_lasting("a", "margin", "6");
}

static void test_refusals(void **state)
{
    (void)state;
    assert_int_equal(refused("{\"objectID\":\"a\",\"set\":{\"title\":1}}"), UPDATE_NOT_MUTABLE);
    assert_int_equal(refused("{\"objectID\":\"a\"}"), UPDATE_MALFORMED);
    assert_int_equal(refused("{\"objectID\":\"\",\"set\":{\"stock\":1}}"), UPDATE_WRONG_ID);
    assert_int_equal(refused("{\"objectID\":\"a\",\"set\":{\"stock\":1},\"ifStockAtLeast\":6}"), UPDATE_TOO_LITTLE);
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"stock\":1},\"ifStockAtLeast\":5}"), UPDATE_APPLIED);
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"hot\":true}}"), UPDATE_APPLIED);
    assert_int_equal(refused("{\"objectID\":\"b\",\"increment\":{\"hot\":1}}"), UPDATE_NOT_A_NUMBER);
    struct live_updates batch = {.index = STR("nothing"), .items = outcome, .count = 1};
    assert_int_equal(live_update_wait(live, &batch), STATUS_NOT_FOUND);
}

static void test_held(void **state)
{
    (void)state;
    assert_int_equal(update("{\"objectID\":\"new\",\"set\":{\"stock\":9},\"timestamp\":7}"), UPDATE_HELD);
    assert_int_equal(update("{\"objectID\":\"new\",\"decrement\":{\"stock\":2}}"), UPDATE_HELD);
    assert_int_equal(update("{\"objectID\":\"late\",\"set\":{\"stock\":4}}"), UPDATE_HELD);
    reopen();
    write_op(LIVE_PUT, "new", "{\"title\":\"new shoe\",\"stock\":1}");
    assert_lasting("new", "stock", "7");
    assert_int_equal(update("{\"objectID\":\"new\",\"set\":{\"stock\":3},\"timestamp\":7}"), UPDATE_DROPPED);
    write_op(LIVE_DELETE, "new", "{}");
    write_op(LIVE_PUT, "new", "{\"title\":\"new shoe\",\"stock\":1}");
    assert_object("new", "stock", "1"); /* once */
    clock_wall_set_for_test(NOW + INT64_C(25) * 3600 * 1000);
    write_op(LIVE_PUT, "late", "{\"title\":\"late shoe\",\"stock\":1}");
    assert_lasting("late", "stock", "1");
    write_op(LIVE_SETTINGS, "", "{\"holdUpdatesMinutes\":0}");
    assert_int_equal(refused("{\"objectID\":\"gone\",\"set\":{\"stock\":4}}"), UPDATE_UNKNOWN_OBJECT);
}

/* Finding begins with a guess from 32 bits of the hash, which these have in common. */
static void test_ids_that_look_alike(void **state)
{
    (void)state;
    assert_int_equal((uint32_t)hash64("185060", 6), (uint32_t)hash64("1094657", 7));
    write_op(LIVE_PUT, "185060", "{\"title\":\"green shoe\",\"stock\":1}");
    assert_int_equal(update("{\"objectID\":\"1094657\",\"set\":{\"stock\":7}}"), UPDATE_HELD);
    assert_object("185060", "stock", "1");
    write_op(LIVE_PUT, "1094657", "{\"title\":\"grey shoe\",\"stock\":2}"); /* takes what waited */
    assert_object("1094657", "stock", "7");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(update("{\"objectID\":\"185060\",\"increment\":{\"stock\":1}}"), UPDATE_APPLIED);
        assert_int_equal(update("{\"objectID\":\"1094657\",\"increment\":{\"stock\":10}}"), UPDATE_APPLIED);
        reopen();
    }
    assert_object("185060", "stock", "3");
    assert_object("1094657", "stock", "27");
    write_op(LIVE_DELETE, "1094657", "{}");
    assert_int_equal(update("{\"objectID\":\"185060\",\"increment\":{\"stock\":1}}"), UPDATE_APPLIED);
    assert_int_equal(update("{\"objectID\":\"1094657\",\"set\":{\"stock\":7}}"), UPDATE_HELD);
    assert_object("185060", "stock", "4");
}

static void test_repeated_streams(void **state)
{
    (void)state;
    const char *lines[] = {"{\"objectID\":\"a\",\"increment\":{\"stock\":1}}",
                           "{\"objectID\":\"b\",\"decrement\":{\"stock\":2},\"min\":0}",
                           "{\"objectID\":\"unknown\",\"increment\":{\"stock\":1}}",
                           "{\"objectID\":\"a\",\"increment\":{\"stock\":10}}"};
    send("key", 0, lines, 3);
    assert_int_equal(outcome[1].result, UPDATE_REFUSED);
    for (int round = 0; round < 3; round++) {
        send("key", 0, lines, 3);
        assert_int_equal(outcome[0].result, UPDATE_DUPLICATE);
        assert_int_equal(outcome[1].result, UPDATE_REFUSED); /* it had no effect: decided anew */
        assert_int_equal(outcome[2].result, UPDATE_DUPLICATE);
        assert_object("a", "stock", "6");
        if (round < 2) {
            reopen();
        }
    }
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"stock\":5}}"), UPDATE_APPLIED);
    send("key", 0, lines, 4); /* goes on */
    assert_int_equal(outcome[0].result, UPDATE_DUPLICATE);
    assert_int_equal(outcome[1].result, UPDATE_APPLIED);
    assert_int_equal(outcome[3].result, UPDATE_APPLIED);
    reopen();
    send("key", 1, &lines[1], 3);
    assert_int_equal(outcome[0].result, UPDATE_DUPLICATE);
    assert_int_equal(outcome[2].result, UPDATE_DUPLICATE);
    send("other key", 0, lines, 1);
    assert_int_equal(outcome[0].result, UPDATE_APPLIED);
    assert_lasting("a", "stock", "17");
    assert_object("b", "stock", "3");
}

/* Numbers that are set by a partial update or with the whole object are sets without a key. */
static void test_other_writes_lift_keys(void **state)
{
    char line[128];
    (void)state;
    write_op(LIVE_PARTIAL, "a", "{\"stock\":2}");
    snprintf(line, sizeof(line), "{\"objectID\":\"a\",\"set\":{\"stock\":9},\"timestamp\":%lld}", (long long)NOW);
    assert_int_equal(update(line), UPDATE_DROPPED);
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"stock\":4},\"timestamp\":1000}"), UPDATE_APPLIED);
    write_op(LIVE_PUT, "b", "{\"title\":\"blue shoe\",\"stock\":6}");
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"stock\":4},\"timestamp\":2000}"), UPDATE_DROPPED);
    reopen();
    assert_int_equal(update("{\"objectID\":\"b\",\"set\":{\"stock\":4},\"timestamp\":2000}"), UPDATE_DROPPED);
    assert_object("b", "stock", "6");
    assert_object("a", "stock", "2");
}

/* A product on sale from NOW + 1 s to NOW + 2 s. */
static void put_sale(const char *id)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{\"title\":\"shoe\",\"price\":20,\"sale_price\":15,\"effective_price\":20,\"sale_price_starts\":%lld,"
             "\"sale_price_ends\":%lld}",
             (long long)NOW + 1000, (long long)NOW + 2000);
    write_op(LIVE_PUT, id, body);
}

/* The sequencer looks at the clock again when it has something to do. */
static void at(int64_t ms)
{
    clock_wall_set_for_test(ms);
    assert_int_equal(update("{\"objectID\":\"a\",\"increment\":{\"stock\":1}}"), UPDATE_APPLIED);
}

static void test_sales_begin_and_end(void **state)
{
    (void)state;
    put_sale("s");
    put_sale("t");
    at(NOW + 999);
    assert_object("s", "effective_price", "20");
    at(NOW + 1000);
    assert_object("s", "effective_price", "15");
    /* Prices that change within the period are seen in the price to pay. */
    assert_int_equal(update("{\"objectID\":\"s\",\"set\":{\"sale_price\":12.5}}"), UPDATE_APPLIED);
    assert_object("s", "effective_price", "12.5");
    assert_int_equal(update("{\"objectID\":\"s\",\"set\":{\"price\":10}}"), UPDATE_APPLIED); /* below the sale's */
    assert_object("s", "effective_price", "10");
    assert_int_equal(update("{\"objectID\":\"s\",\"set\":{\"price\":20}}"), UPDATE_APPLIED);
    assert_lasting("s", "effective_price", "12.5");
    /* It ends while the server is down. */
    clock_wall_set_for_test(NOW + 2000);
    reopen();
    assert_object("s", "effective_price", "20");
    assert_object("t", "effective_price", "20");
    /* A new period, and one that is taken away. */
    char line[160];
    snprintf(line, sizeof(line), "{\"objectID\":\"t\",\"set\":{\"sale_price_ends\":%lld}}", (long long)NOW + 9000);
    assert_int_equal(update(line), UPDATE_APPLIED);
    assert_object("t", "effective_price", "15");
    at(NOW + 9000);
    assert_lasting("t", "effective_price", "20");
}

/* What feeds derive from the price goes with it, in an index without sales, too. */
static void test_price_to_pay_follows(void **state)
{
    (void)state;
    write_op(LIVE_PUT, "c", "{\"title\":\"shoe\",\"price\":30,\"effective_price\":30}");
    assert_int_equal(update("{\"objectID\":\"c\",\"set\":{\"price\":25.5}}"), UPDATE_APPLIED);
    assert_object("c", "effective_price", "25.5");
    write_op(LIVE_PARTIAL, "c", "{\"price\":{\"_operation\":\"Decrement\",\"value\":5.5}}");
    assert_lasting("c", "effective_price", "20");
    assert_int_equal(update("{\"objectID\":\"a\",\"set\":{\"price\":1}}"), UPDATE_APPLIED);
    assert_object("a", "effective_price", ""); /* it never had one */
}

/* So many objects in one batch that their delta's prices have codes, which say nothing of cells that changed. */
static void put_many(uint32_t count)
{
    struct live_batch batch = {0};
    struct error err;
    arena_init(&batch.arena, 0);
    batch.op_count = count;
    batch.ops = ARENA_ARRAY(&batch.arena, struct live_op, count);
    for (uint32_t i = 0; i < count; i++) {
        struct str id = arena_printf(&batch.arena, "m%u", i);
        struct str body = arena_printf(&batch.arena, "{\"title\":\"shoe\",\"price\":%u}", i % 5 + 1);
        batch.ops[i] = (struct live_op){.kind = LIVE_PUT, .index = STR("shop"), .object_id = id};
        assert_int_equal(json_parse(body, &batch.arena, &batch.ops[i].body, &err), STATUS_OK);
    }
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    arena_release(&batch.arena);
}

static void test_all_of_a_batch_lose_their_codes(void **state)
{
    (void)state;
    const char *lines[] = {"{\"objectID\":\"m1\",\"set\":{\"price\":77}}",
                           "{\"objectID\":\"m2\",\"set\":{\"price\":78}}",
                           "{\"objectID\":\"m3\",\"set\":{\"price\":79}}"};
    put_many(200);
    send("", 0, lines, 3);
    rcu_online();
    const struct snapshot *s = live_snapshot(live, STR("shop"));
    attr_id attr = dictionary_attr_find(s->dictionary, STR("price"));
    uint32_t coded = 0;
    uint32_t changed = 0;
    int64_t sum = 0;
    for (uint32_t i = 0; i < s->segment_count; i++) {
        const struct number_column *c = shard_number_column(s->segments[i].shard, attr);
        for (doc_id d = 0; c->codes && d < shard_doc_count(s->segments[i].shard); d++, coded++) {
            changed += number_changed(c, d);
            sum += number_changed(c, d) ? number_at(c, d) : 0;
        }
    }
    rcu_offline();
    assert_true(coded >= 200);
    assert_int_equal(changed, 3);
    assert_int_equal(sum, 100 * (77 + 78 + 79));
}

/* Hands its batch in again as soon as it is acknowledged, so that the lane is never empty when its round ends. */
struct endless {
    struct live_updates batch;
    struct live_update item;
    struct json_member value;
    atomic_bool enough, ended;
};

static void send_again(struct live_updates *batch)
{
    struct endless *e = batch->context;
    assert_int_equal(batch->status, STATUS_OK);
    e->item.result = UPDATE_APPLIED;
    if (atomic_load(&e->enough) || live_update(live, batch) != STATUS_OK) {
        atomic_store(&e->ended, true);
    }
}

static void test_a_lane_that_is_never_empty_stops_nobody(void **state)
{
    struct endless e = {.value = {STR("stock"), {0}}};
    struct error err;
    (void)state;
    e.value.value = json_number_text(STR("7"));
    e.item = (struct live_update){.object_id = STR("a"), .values = &e.value, .value_count = 1};
    e.batch =
        (struct live_updates){.index = STR("shop"), .items = &e.item, .count = 1, .done = send_again, .context = &e};
    assert_int_equal(live_update(live, &e.batch), STATUS_OK);
    assert_int_equal(live_checkpoint(live, &err), STATUS_OK); /* asks the sequencer */
    write_op(LIVE_PUT, "c", "{\"title\":\"green shoe\",\"stock\":2,\"price\":3}");
    put_many(100); /* one batch; the lane passes it, and it goes on */
    atomic_store(&e.enough, true);
    while (!atomic_load(&e.ended)) {
        (void)sched_yield();
    }
}

static int start_without_sales(void **state)
{
    (void)start(state);
    write_op(LIVE_DELETE_INDEX, "", "{}");
    write_op(LIVE_SETTINGS, "", "{\"roles\":{\"title\":\"title\",\"quantity\":\"stock\",\"price\":\"price\"}}");
    write_op(LIVE_PUT, "a", "{\"title\":\"red shoe\",\"stock\":5,\"price\":9.5}");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set_increment_decrement, start, stop),
        cmocka_unit_test_setup_teardown(test_minimum, start, stop),
        cmocka_unit_test_setup_teardown(test_order, start, stop),
        cmocka_unit_test_setup_teardown(test_versions, start, stop),
        cmocka_unit_test_setup_teardown(test_refusals, start, stop),
        cmocka_unit_test_setup_teardown(test_held, start, stop),
        cmocka_unit_test_setup_teardown(test_ids_that_look_alike, start, stop),
        cmocka_unit_test_setup_teardown(test_repeated_streams, start, stop),
        cmocka_unit_test_setup_teardown(test_other_writes_lift_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_sales_begin_and_end, start, stop),
        cmocka_unit_test_setup_teardown(test_all_of_a_batch_lose_their_codes, start, stop),
        cmocka_unit_test_setup_teardown(test_a_lane_that_is_never_empty_stops_nobody, start, stop),
        cmocka_unit_test_setup_teardown(test_price_to_pay_follows, start_without_sales, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
