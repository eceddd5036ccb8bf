/* One operation after another: outcomes, settings and their rebuilds, replicas, copies and moves, restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "tests/support/live/live_model.h"

static struct live *live;

static void reopen(void)
{
    struct error err;
    live_close(live);
    live = NULL;
    if (model_open(&live, "/data", 1000000, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
}

static int start(void **state)
{
    (void)state;
    file_sim_start();
    rcu_thread_register();
    rcu_offline();
    live = NULL;
    reopen();
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

/* The outcome of the last operation. */
static struct live_op last;
static char last_id[64];
static uint64_t last_task;

static enum status run(enum live_op_kind kind, const char *index, const char *id, const char *body)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = kind, .index = str_from(index), .object_id = str_from(id ? id : "")};
    struct error err;
    arena_init(&batch.arena, 0);
    op.create_missing = true;
    if (body && json_parse(str_from(body), &batch.arena, &op.body, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    batch.ops = &op;
    batch.op_count = 1;
    enum status status = live_submit_wait(live, &batch);
    last = op;
    last_task = batch.task_id;
    snprintf(last_id, sizeof(last_id), STR_FMT, STR_ARG(op.object_id_out));
    arena_release(&batch.arena);
    return status != STATUS_OK ? status : op.status;
}

static enum status run_between(enum live_op_kind kind, const char *from, const char *to, unsigned scope)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = kind, .index = str_from(from), .target = str_from(to), .scope = scope};
    arena_init(&batch.arena, 0);
    batch.ops = &op;
    batch.op_count = 1;
    enum status status = live_submit_wait(live, &batch);
    arena_release(&batch.arena);
    return status != STATUS_OK ? status : op.status;
}

/* The object as it is, or "" when there is none. */
static const char *object(const char *index, const char *id)
{
    static char text[512];
    struct arena arena;
    struct json out;
    struct error err;
    struct buf bytes = BUF_EMPTY;
    uint32_t segment;
    doc_id doc;
    rcu_online();
    const struct snapshot *s = live_snapshot(live, str_from(index));
    arena_init(&arena, 0);
    text[0] = '\0';
    if (s && snapshot_find(s, str_from(id), &segment, &doc)) {
        assert_int_equal(snapshot_object(s, segment, doc, &arena, &out, &err), STATUS_OK);
        json_write(&bytes, &out);
        snprintf(text, sizeof(text), STR_FMT, STR_ARG(buf_str(&bytes)));
    }
    buf_release(&bytes);
    arena_release(&arena);
    rcu_offline();
    return text;
}

static int64_t object_count(const char *index)
{
    rcu_online();
    const struct snapshot *s = live_snapshot(live, str_from(index));
    int64_t count = s ? (int64_t)s->live_docs : -1;
    rcu_offline();
    return count;
}

static void wait_for_task(uint64_t task)
{
    for (int i = 0; i < 1000 && !live_task_published(live, task); i++) {
        usleep(10000);
    }
    assert_true(live_task_published(live, task));
}

static void test_put(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"name\":\"one\"}"), STATUS_OK);
    assert_true(last.created);
    assert_string_equal(last_id, "x");
    assert_string_equal(object("a", "x"), "{\"name\":\"one\",\"objectID\":\"x\"}");
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"name\":\"two\"}"), STATUS_OK);
    assert_false(last.created);
    assert_int_equal(run(LIVE_PUT, "a", NULL, "{\"objectID\":17,\"v\":1.50}"), STATUS_OK);
    assert_string_equal(last_id, "17");
    assert_int_equal(run(LIVE_PUT, "a", NULL, "{\"v\":1}"), STATUS_OK);
    assert_true(strlen(last_id) >= 20);
    assert_int_equal(object_count("a"), 3);
    assert_int_equal(run(LIVE_PUT, "a", "x", "[]"), STATUS_INPUT);
    assert_int_equal(run(LIVE_PUT, "a", NULL, "{\"objectID\":\"\"}"), STATUS_INPUT);
    assert_int_equal(run(LIVE_PUT, "a", NULL, "{\"objectID\":[1]}"), STATUS_INPUT);
    assert_int_equal(run(LIVE_PUT, "/", "x", "{}"), STATUS_INPUT);
    reopen();
    assert_int_equal(object_count("a"), 3);
    assert_string_equal(object("a", "x"), "{\"name\":\"two\",\"objectID\":\"x\"}");
}

static void test_too_large(void **state)
{
    (void)state;
    struct buf body = BUF_EMPTY;
    buf_literal(&body, "{\"text\":\"");
    for (int i = 0; i < (1 << 20); i++) {
        buf_append_char(&body, 'x');
    }
    buf_append(&body, "\"}", 3);
    assert_int_equal(run(LIVE_PUT, "a", "x", body.data), STATUS_LIMIT);
    assert_int_equal(run(LIVE_PUT, "a", "y", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run(LIVE_PARTIAL, "a", "y", body.data), STATUS_LIMIT);
    assert_string_equal(object("a", "y"), "{\"v\":1,\"objectID\":\"y\"}");
    assert_string_equal(object("a", "x"), "");
    buf_release(&body);
}

static void test_partial(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":{\"_operation\":\"Increment\",\"value\":2}}"), STATUS_OK);
    assert_true(last.created);
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":2}");
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":{\"_operation\":\"Decrement\",\"value\":0.5}}"),
                     STATUS_OK);
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":1.5}");
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"l\":{\"_operation\":\"Add\",\"value\":\"q\"}}"), STATUS_OK);
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"l\":{\"_operation\":\"AddUnique\",\"value\":\"q\"}}"), STATUS_OK);
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"l\":{\"_operation\":\"Add\",\"value\":3}}"), STATUS_OK);
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":1.5,\"l\":[\"q\",3]}");
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"l\":{\"_operation\":\"Remove\",\"value\":3.0}}"), STATUS_OK);
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":1.5,\"l\":[\"q\"]}");
    /* These two ignore the whole update when they do not apply. */
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"n\":1,\"stock\":{\"_operation\":\"IncrementSet\",\"value\":1}}"),
                     STATUS_OK);
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":1.5,\"l\":[\"q\"]}");
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":{\"_operation\":\"IncrementSet\",\"value\":9}}"),
                     STATUS_OK);
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":{\"_operation\":\"IncrementFrom\",\"value\":9}}"),
                     STATUS_OK);
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":10,\"l\":[\"q\"]}");
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"l\":{\"_operation\":\"Increment\",\"value\":1}}"), STATUS_INPUT);
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"l\":{\"_operation\":\"Explode\",\"value\":1}}"), STATUS_INPUT);
    assert_non_null(strstr(last.message, "'l'"));
    reopen();
    assert_string_equal(object("a", "x"), "{\"objectID\":\"x\",\"stock\":10,\"l\":[\"q\"]}");
}

static void test_delete_and_clear(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_DELETE, "a", "x", NULL), STATUS_NOT_FOUND); /* no such index */
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run(LIVE_DELETE, "a", "nothing", NULL), STATUS_OK);
    assert_int_equal(run(LIVE_DELETE, "a", "x", NULL), STATUS_OK);
    assert_int_equal(object_count("a"), 0);
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run(LIVE_CLEAR, "a", NULL, NULL), STATUS_OK);
    assert_int_equal(object_count("a"), 0);
    assert_int_equal(run(LIVE_PUT, "a", "y", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run(LIVE_DELETE_INDEX, "a", NULL, NULL), STATUS_OK);
    assert_int_equal(object_count("a"), -1);
    reopen();
    assert_int_equal(object_count("a"), -1);
    assert_int_equal(run(LIVE_PUT, "a", "z", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(object_count("a"), 1);
    assert_int_equal(run(LIVE_CLEAR, "nothing", NULL, NULL), STATUS_NOT_FOUND);
}

static void test_settings(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"attributesForFaceting\":[\"brand\"]}"), STATUS_OK);
    assert_false(last.rebuilding); /* there is nothing to rebuild */
    for (int i = 0; i < 50; i++) {
        char id[16];
        snprintf(id, sizeof(id), "p%d", i);
        assert_int_equal(run(LIVE_PUT, "a", id, "{\"brand\":\"Acme\",\"color\":\"red\",\"name\":\"shoe\"}"), STATUS_OK);
    }
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"hitsPerPage\":7}"), STATUS_OK);
    assert_false(last.rebuilding);
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"searchableAttributes\":7}"), STATUS_INPUT);
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"attributesForFaceting\":[\"brand\",\"color\"]}"), STATUS_OK);
    assert_true(last.rebuilding);
    uint64_t task = last_task;
    assert_int_equal(run(LIVE_PUT, "a", "later", "{\"brand\":\"Acme\",\"color\":\"blue\"}"), STATUS_OK);
    wait_for_task(task);
    assert_int_equal(object_count("a"), 51);
    rcu_online();
    const struct snapshot *s = live_snapshot(live, STR("a"));
    assert_int_equal(s->settings->facet_count, 2);
    assert_int_equal(s->settings->hits_per_page, 7);
    assert_int_equal(s->generation, 1);
    attr_id color = dictionary_attr_find(s->dictionary, STR("color"));
    assert_int_not_equal(dictionary_value_find(s->dictionary, color, STR("blue")), FACET_NONE);
    rcu_offline();
    reopen();
    assert_int_equal(object_count("a"), 51);
    /* A rebuild that was wanted, but not done, is done after a restart. */
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"attributesForFaceting\":[\"name\"]}"), STATUS_OK);
    task = last_task;
    reopen();
    wait_for_task(task);
    rcu_online();
    assert_int_equal(live_snapshot(live, STR("a"))->settings->facet_count, 1);
    rcu_offline();
    assert_int_equal(object_count("a"), 51);
}

static void test_replicas(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"price\":3}"), STATUS_OK);
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"replicas\":[\"virtual(a_cheap)\"]}"), STATUS_OK);
    assert_int_equal(object_count("a_cheap"), 1);
    assert_int_equal(run(LIVE_SETTINGS, "a_cheap", NULL, "{\"customRanking\":[\"asc(price)\"]}"), STATUS_OK);
    wait_for_task(last_task);
    rcu_online();
    const struct settings *s = live_snapshot(live, STR("a"))->settings;
    const struct replica_setting *r = settings_replica(s, STR("a_cheap"));
    assert_non_null(r);
    assert_int_equal(r->key_count, 1);
    assert_true(str_equal(r->keys[0].attribute, STR("price")));
    rcu_offline();
    assert_int_equal(run(LIVE_PUT, "a_cheap", "y", "{}"), STATUS_INPUT);
    reopen();
    assert_int_equal(object_count("a_cheap"), 1);
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"replicas\":[]}"), STATUS_OK);
    assert_int_equal(object_count("a_cheap"), -1);
}

static void test_copy_and_move(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"replicas\":[\"a_cheap\"],\"hitsPerPage\":7}"), STATUS_OK);
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run_between(LIVE_COPY, "a", "b", LIVE_SCOPE_ALL), STATUS_OK);
    assert_string_equal(object("b", "x"), object("a", "x"));
    assert_int_equal(run(LIVE_PUT, "b", "y", "{\"v\":2}"), STATUS_OK);
    assert_int_equal(object_count("a"), 1);
    /* As replaceAllObjects does it: settings aside, new objects aside, then moved into place. */
    assert_int_equal(run_between(LIVE_COPY, "a", "tmp", LIVE_SCOPE_SETTINGS | LIVE_SCOPE_SYNONYMS), STATUS_OK);
    assert_int_equal(object_count("tmp"), 0);
    assert_int_equal(run(LIVE_PUT, "tmp", "n", "{\"v\":3}"), STATUS_OK);
    assert_int_equal(run_between(LIVE_MOVE, "tmp", "a", LIVE_SCOPE_ALL), STATUS_OK);
    assert_int_equal(object_count("tmp"), -1);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(object_count("a"), 1);
        assert_int_equal(object_count("a_cheap"), 1); /* the replica stays with the name */
        assert_string_equal(object("a", "n"), "{\"v\":3,\"objectID\":\"n\"}");
        assert_int_equal(object_count("b"), 2);
        rcu_online();
        assert_int_equal(live_snapshot(live, STR("a"))->settings->hits_per_page, 7);
        rcu_offline();
        reopen();
    }
    assert_int_equal(run_between(LIVE_MOVE, "nothing", "a", LIVE_SCOPE_ALL), STATUS_NOT_FOUND);
    assert_int_equal(run_between(LIVE_COPY, "a", "a", LIVE_SCOPE_ALL), STATUS_INPUT);
}

static void test_list(void **state)
{
    (void)state;
    struct arena arena;
    struct live_index_info *list;
    size_t count;
    assert_int_equal(run(LIVE_PUT, "b", "x", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"v\":1}"), STATUS_OK);
    assert_int_equal(run(LIVE_PUT, "a", "y", "{\"v\":1}"), STATUS_OK);
    arena_init(&arena, 0);
    rcu_online();
    assert_int_equal(live_list(live, &arena, &list, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_true(str_equal(list[0].name, STR("a")));
    assert_int_equal(list[0].entries, 2);
    assert_true(list[0].deltas >= 1);
    rcu_offline();
    arena_release(&arena);
}

static void test_lock(void **state)
{
    (void)state;
    struct live *second;
    struct error err;
    assert_int_equal(model_open(&second, "/data", 1000000, &err), STATUS_BUSY);
}

/* In-place changes count products of every segment the same, stay after a restart, and never make a delta. */
static void test_in_place(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_SETTINGS, "a", NULL, "{\"roles\":{\"quantity\":\"stock\",\"price\":\"price\"}}"),
                     STATUS_OK);
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"stock\":1,\"price\":9.99,\"in_stock\":true,\"n\":5}"), STATUS_OK);
    rcu_online();
    const struct shard *shard = live_snapshot(live, STR("a"))->segments[0].shard;
    rcu_offline();
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":{\"_operation\":\"Decrement\",\"value\":1}}"), STATUS_OK);
    assert_string_equal(object("a", "x"), "{\"stock\":0,\"price\":9.99,\"in_stock\":false,\"n\":5,\"objectID\":\"x\"}");
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"price\":5.25,\"n\":6}"), STATUS_OK);
    rcu_online();
    const struct snapshot *s = live_snapshot(live, STR("a"));
    assert_int_equal(s->segment_count, 1);
    assert_ptr_equal(s->segments[0].shard, shard);
    rcu_offline();
    reopen();
    assert_string_equal(object("a", "x"), "{\"stock\":0,\"price\":5.25,\"in_stock\":false,\"n\":6,\"objectID\":\"x\"}");
    /* Text makes a delta; what was stated about availability is kept. */
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"name\":\"shoe\"}"), STATUS_OK);
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":3}"), STATUS_OK);
    assert_string_equal(object("a", "x"),
                        "{\"stock\":3,\"price\":5.25,\"in_stock\":true,\"n\":6,\"objectID\":\"x\",\"name\":\"shoe\"}");
    reopen();
    assert_string_equal(object("a", "x"),
                        "{\"stock\":3,\"price\":5.25,\"in_stock\":true,\"n\":6,\"objectID\":\"x\",\"name\":\"shoe\"}");
}

static void test_roles(void **state)
{
    (void)state;
    assert_int_equal(run(LIVE_PUT, "a", "x", "{\"name\":\"Shoe\",\"stock\":1,\"price\":\"5 EUR\",\"in_stock\":true}"),
                     STATUS_OK);
    for (int round = 0; round < 2; round++) {
        rcu_online();
        const struct snapshot *s = live_snapshot(live, STR("a"));
        assert_true(str_equal(s->settings->role_attribute[ROLE_TITLE], STR("name")));
        assert_true(str_equal(s->settings->role_attribute[ROLE_QUANTITY], STR("stock")));
        assert_int_equal(s->settings->role_attribute[ROLE_PRICE].size, 0); /* no number */
        assert_true(s->has_stock);
        rcu_offline();
        reopen();
    }
    assert_int_equal(run(LIVE_PARTIAL, "a", "x", "{\"stock\":{\"_operation\":\"Decrement\",\"value\":1}}"), STATUS_OK);
    assert_non_null(strstr(object("a", "x"), "\"in_stock\":false"));
    /* Roles that the settings name are left alone. */
    assert_int_equal(run(LIVE_SETTINGS, "b", NULL, "{\"roles\":{\"title\":\"label\"}}"), STATUS_OK);
    assert_int_equal(run(LIVE_PUT, "b", "x", "{\"name\":\"Shoe\",\"label\":\"Boot\"}"), STATUS_OK);
    rcu_online();
    assert_true(str_equal(live_snapshot(live, STR("b"))->settings->role_attribute[ROLE_TITLE], STR("label")));
    rcu_offline();
}

#define OPS_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_TEST(test_put),           OPS_TEST(test_too_large),
        OPS_TEST(test_partial),       OPS_TEST(test_delete_and_clear),
        OPS_TEST(test_settings),      OPS_TEST(test_replicas),
        OPS_TEST(test_copy_and_move), OPS_TEST(test_list),
        OPS_TEST(test_lock),          OPS_TEST(test_in_place),
        OPS_TEST(test_roles),
    };
    log_set_level(LOG_WARN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
