/* Deltas under load: never more than the limit, and none holds an object twice, whatever merges and updates do. */
#include <pthread.h>
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
#include "indexer/base/limits.h"
#include "indexer/base/rcu.h"
#include "server/live/changes.h"
#include "server/live/live.h"
#include "server/live/update.h"
#include "tests/support/random.h"

enum { OBJECTS = 120, BATCHES = 250, BATCH_MAX = 30 };

static struct live *live;

/* ---- the lane beside it, never empty ---- */

struct lane_load {
    struct live_updates batch;
    struct live_update items[OBJECTS];
    struct json_member value;
    char ids[OBJECTS][8];
    atomic_bool enough, ended;
    uint64_t rounds;
};

static void send_again(struct live_updates *batch)
{
    struct lane_load *load = batch->context;
    for (size_t i = 0; i < OBJECTS; i++) {
        load->items[i].result = UPDATE_APPLIED;
    }
    load->rounds++;
    if (atomic_load(&load->enough) || live_update(live, batch) != STATUS_OK) {
        atomic_store(&load->ended, true);
    }
}

static void start_load(struct lane_load *load)
{
    memset(load, 0, sizeof(*load));
    load->value = (struct json_member){STR("stock"), json_number_text(STR("1"))};
    for (size_t i = 0; i < OBJECTS; i++) {
        snprintf(load->ids[i], sizeof(load->ids[i]), "p%zu", i);
        load->items[i] = (struct live_update){
            .object_id = str_from(load->ids[i]), .values = &load->value, .value_count = 1, .kind = UPDATE_INCREMENT};
    }
    load->batch = (struct live_updates){
        .index = STR("shop"), .items = load->items, .count = OBJECTS, .done = send_again, .context = load};
    assert_int_equal(live_update(live, &load->batch), STATUS_OK);
}

/* ---- writes ---- */

static void write_batch(struct random *r, bool *there, size_t count)
{
    struct live_batch batch = {0};
    struct live_op ops[BATCH_MAX];
    struct error err;
    arena_init(&batch.arena, 0);
    for (size_t i = 0; i < count; i++) {
        size_t object = random_below(r, OBJECTS);
        there[object] = !random_chance(r, 10);
        ops[i] = (struct live_op){.kind = there[object] ? LIVE_PUT : LIVE_DELETE,
                                  .index = STR("shop"),
                                  .object_id = arena_printf(&batch.arena, "p%zu", object)};
        struct str text = arena_printf(&batch.arena, "{\"title\":\"shoe %llu\",\"stock\":%llu,\"price\":3}",
                                       (unsigned long long)random_below(r, 1000), (unsigned long long)i);
        assert_int_equal(json_parse(text, &batch.arena, &ops[i].body, &err), STATUS_OK);
    }
    batch.ops = ops;
    batch.op_count = count;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    arena_release(&batch.arena);
}

static uint32_t check_deltas(const bool *there)
{
    uint32_t deltas = 0;
    uint64_t objects = 0;
    rcu_online();
    const struct snapshot *s = live_snapshot(live, STR("shop"));
    for (uint32_t i = 0; i < s->segment_count; i++) {
        deltas += s->segments[i].is_delta;
        assert_true(shard_doc_count(s->segments[i].shard) <= OBJECTS); /* what is dead is not taken along */
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        objects += there[i];
    }
    assert_true(deltas <= LIMIT_DELTAS);
    assert_int_equal(s->live_docs, objects);
    rcu_offline();
    return deltas;
}

static void test_bound(void **state)
{
    static struct lane_load load;
    struct live_options options = {
        .data_dir = "/data", .create = true, .checkpoint_ms = 20, .log_segment_bytes = 65536};
    struct random r = random_start("deltas");
    bool there[OBJECTS] = {false};
    struct live_stats stats;
    struct error err;
    uint32_t most = 0;
    (void)state;
    file_sim_start();
    rcu_thread_register();
    rcu_offline();
    changes_set_absorb_for_test(1); /* a commit leaves the deltas before it to the merges */
    assert_int_equal(live_open(&live, &options, &err), STATUS_OK);
    write_batch(&r, there, 1);
    start_load(&load);
    for (size_t i = random_rounds(BATCHES, 20 * BATCHES); i > 0; i--) {
        write_batch(&r, there, 1 + random_below(&r, BATCH_MAX));
        uint32_t deltas = check_deltas(there);
        most = deltas > most ? deltas : most;
    }
    atomic_store(&load.enough, true);
    while (!atomic_load(&load.ended)) {
        (void)sched_yield();
    }
    live_stats(live, &stats);
    assert_true(most > 2 && stats.merges > 0 && load.rounds > 0);
    live_close(live);
    changes_set_absorb_for_test(0);
    rcu_online();
    rcu_thread_unregister();
    file_sim_stop();
}

/* ---- memory ---- */

static void write_new(size_t *next)
{
    struct live_batch batch = {0};
    struct live_op ops[BATCH_MAX];
    struct error err;
    arena_init(&batch.arena, 0);
    for (size_t i = 0; i < BATCH_MAX; i++, ++*next) {
        struct str text =
            arena_printf(&batch.arena, "{\"objectID\":\"n%zu\",\"title\":\"boot %zu\"}", *next, *next % 97);
        ops[i] = (struct live_op){.kind = LIVE_PUT, .index = STR("shop")};
        assert_int_equal(json_parse(text, &batch.arena, &ops[i].body, &err), STATUS_OK);
    }
    batch.ops = ops;
    batch.op_count = BATCH_MAX;
    assert_int_equal(live_submit_wait(live, &batch), STATUS_OK);
    arena_release(&batch.arena);
}

static uint32_t generation_now(void)
{
    struct arena arena;
    struct live_index_info *indexes = NULL;
    size_t count = 0;
    arena_init(&arena, 0);
    assert_int_equal(live_list(live, &arena, &indexes, &count), STATUS_OK);
    uint32_t generation = count == 1 ? indexes[0].generation : 0;
    arena_release(&arena);
    return generation;
}

/* Merges keep to their memory, and what is too large for them is taken into a new base. */
static void test_memory(void **state)
{
    enum { CEILING = 400000 };
    struct live_options options = {.data_dir = "/data", .create = true, .merge_bytes = CEILING};
    struct live_stats stats;
    struct error err;
    size_t next = 0;
    uint64_t latest = clock_monotonic_ns() + 240000000000u; /* on a slow machine */
    (void)state;
    file_sim_start();
    rcu_thread_register();
    rcu_offline();
    changes_set_absorb_for_test(1);
    assert_int_equal(live_open(&live, &options, &err), STATUS_OK);
    while (generation_now() == 0 && clock_monotonic_ns() < latest) {
        write_new(&next);
    }
    live_stats(live, &stats);
    print_message("%zu objects, %llu merges of at most %llu bytes\n", next, (unsigned long long)stats.merges,
                  (unsigned long long)stats.merge_bytes_max);
    assert_true(stats.merges > 0 && stats.merge_bytes_max > 0 && stats.merge_bytes_max <= CEILING);
    assert_true(generation_now() > 0);
    rcu_online();
    assert_int_equal(live_snapshot(live, STR("shop"))->live_docs, next);
    rcu_offline();
    live_close(live);
    changes_set_absorb_for_test(0);
    rcu_online();
    rcu_thread_unregister();
    file_sim_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bound), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
