/* Random operations against a plain model, with checkpoints, merges and restarts in between. */
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
#include "indexer/shard/container.h"
#include "server/live/changes.h"
#include "tests/support/live/live_model.h"

static int disk_start(void **state)
{
    (void)state;
    file_sim_start();
    return 0;
}

static int disk_stop(void **state)
{
    (void)state;
    file_sim_stop();
    return 0;
}

static struct live *must_open(uint64_t checkpoint_ms)
{
    struct live *l;
    struct error err;
    if (model_open(&l, "/data", checkpoint_ms, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return l;
}

static void check(struct live *l, const struct model *want)
{
    struct model have;
    char reason[1024];
    rcu_thread_register();
    if (!model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason))) {
        fail_msg("%s", reason);
    }
    model_read_keys(l, &have);
    if (!model_equal(&have, want)) {
        model_difference(&have, want, reason, sizeof(reason));
        fail_msg("have; want:\n%s", reason);
    }
    rcu_thread_unregister();
}

static void test_random(void **state)
{
    (void)state;
    struct random r = random_start("live");
    struct model want = {0};
    struct live *l = must_open(1000000);
    struct error err;
    assert_int_equal(model_settings(l, MODEL_SETTINGS), STATUS_OK);
    size_t rounds = random_rounds(400, 5000);
    for (size_t i = 0; i < rounds; i++) {
        struct model_op ops[MODEL_OPS];
        size_t count = 1 + random_below(&r, MODEL_OPS);
        for (size_t k = 0; k < count; k++) {
            model_random_op(&r, &ops[k]);
            model_apply(&want, &ops[k]);
        }
        assert_int_equal(model_submit(l, ops, count), STATUS_OK);
        check(l, &want);
        if (random_chance(&r, 5)) {
            changes_set_absorb_for_test(random_chance(&r, 50) ? 1 : 0);
        }
        if (random_chance(&r, 3)) { /* a rebuild, while what follows goes on */
            const char *text = random_chance(&r, 50) ? MODEL_SETTINGS : MODEL_SETTINGS_OTHER;
            assert_int_equal(model_settings(l, text), STATUS_OK);
            check(l, &want);
        }
        if (random_chance(&r, 8)) {
            assert_int_equal(live_checkpoint(l, &err), STATUS_OK);
            check(l, &want);
        }
        if (random_chance(&r, 5)) {
            live_close(l);
            l = must_open(random_chance(&r, 50) ? 1 : 1000000);
            check(l, &want);
        }
    }
    live_close(l);
    changes_set_absorb_for_test(0);
}

static uint64_t index_uid(struct live *l)
{
    rcu_thread_register();
    uint64_t uid = live_snapshot(l, STR(MODEL_INDEX))->index_uid;
    rcu_thread_unregister();
    return uid;
}

static uint32_t damaged_count(struct live *l)
{
    rcu_thread_register();
    uint32_t count = live_snapshot(l, STR(MODEL_INDEX))->damaged_count;
    rcu_thread_unregister();
    return count;
}

static uint64_t live_docs(struct live *l)
{
    rcu_thread_register();
    uint64_t count = live_snapshot(l, STR(MODEL_INDEX))->live_docs;
    rcu_thread_unregister();
    return count;
}

static void flip_a_key(const char *path)
{
    struct error err;
    struct container c;
    struct buf bytes = BUF_EMPTY;
    assert_int_equal(file_read_all(path, &bytes, 1 << 30, &err), STATUS_OK);
    assert_int_equal(container_open(&c, CONTAINER_SHARD, bytes.data, bytes.size, &err), STATUS_OK);
    bytes.data[container_chunk(&c, CHUNK_ID('K', 'T', 'X', 'T')).data - bytes.data] ^= 4;
    container_close(&c);
    assert_int_equal(file_replace(path, buf_str(&bytes), &err), STATUS_OK);
    buf_release(&bytes);
}

/* What a start leaves for later is checked before the first write: a damaged shard is left out, the write refused. */
static void test_damage_found_after_the_start(void **state)
{
    (void)state;
    struct random r = random_start("live damage");
    struct model feed;
    struct error err;
    struct arena arena;
    struct str report;
    struct model_op put = {.kind = MODEL_PUT, .id = 1, .given = {.group = -1}};
    char path[128];
    arena_init(&arena, 0);
    model_random_feed(&r, &(struct model){0}, &feed);
    struct live *l = must_open(1000000);
    assert_int_equal(model_settings(l, MODEL_SETTINGS), STATUS_OK);
    assert_int_equal(model_submit(l, &put, 1), STATUS_OK);
    assert_int_equal(model_write_candidate(&feed, "/data", "c", clock_wall_ms(), &err), STATUS_OK);
    assert_int_equal(live_adopt(l, "/data/candidates/c", &arena, &report, &err), STATUS_OK);
    snprintf(path, sizeof(path), "/data/index/%016llx/g000001/shard-0000.aisle", (unsigned long long)index_uid(l));
    live_close(l);

    l = must_open(1000000);
    assert_int_equal(model_submit(l, &put, 1), STATUS_OK);
    assert_int_equal(damaged_count(l), 0);
    assert_int_not_equal(live_docs(l), 0);
    live_close(l);

    flip_a_key(path);
    put.id = 2;
    l = must_open(1000000);
    assert_int_equal(model_submit(l, &put, 1), STATUS_OK); /* the batch; its operation is refused */
    assert_int_equal(damaged_count(l), 1);
    assert_int_equal(live_docs(l), 1); /* of the delta */
    live_close(l);
    arena_release(&arena);
}

/* A ceiling below what a process needs refuses updates as soon as it is looked at. */
static void test_memory_ceiling(void **state)
{
    (void)state;
    struct live *l;
    struct error err;
    struct live_memory m;
    struct model_op put = {.kind = MODEL_PUT, .id = 1, .given = {.group = -1}};
    struct live_options options = {.data_dir = "/data", .create = true, .memory_bytes = 4096};
    enum status status = STATUS_OK;
    if (live_open(&l, &options, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    while (status == STATUS_OK) { /* until the first look */
        status = model_submit(l, &put, 1);
    }
    assert_int_equal(status, STATUS_BUSY);
    live_memory(l, &m);
    assert_int_equal(m.ceiling_bytes, 4096);
    live_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_memory_ceiling, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_damage_found_after_the_start, disk_start, disk_stop),
    };
    log_set_level(LOG_WARN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
