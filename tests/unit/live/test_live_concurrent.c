/*
 * Labels: concurrent
 *
 * Readers beside updates, merges, checkpoints, rebuilds and adoptions: what each sees is one state, never older than
 * the one before, and an acknowledged update is in the next snapshot.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/changes.h"
#include "tests/support/live/live_model.h"

enum { READERS = 2, WRITERS = 2 };

struct shared_test {
    struct live *l;
    _Atomic bool stop;
    _Atomic uint64_t acknowledged;
    _Atomic uint64_t reads;
    char failure[512];
};

/* Whole objects, sequence numbers, and one counter that only grows. */
static void *reader_main(void *context)
{
    struct shared_test *t = context;
    uint64_t seq = 0;
    int64_t counter = 0;
    struct arena arena;
    arena_init(&arena, 0);
    rcu_thread_register();
    while (!atomic_load(&t->stop) && t->failure[0] == '\0') {
        uint64_t acknowledged = atomic_load(&t->acknowledged);
        const struct snapshot *s = live_snapshot(t->l, STR(MODEL_INDEX));
        uint32_t segment;
        doc_id doc;
        struct json object;
        struct error err;
        int64_t value = 0;
        if (s->seq < seq) {
            snprintf(t->failure, sizeof(t->failure), "a snapshot is older than the one before");
        }
        seq = s->seq;
        if (!snapshot_find(s, STR("counter"), &segment, &doc)) {
            snprintf(t->failure, sizeof(t->failure), "the counter is not there");
        } else if (snapshot_object(s, segment, doc, &arena, &object, &err) != STATUS_OK ||
                   !json_i64(json_get(&object, "quantity"), &value)) {
            snprintf(t->failure, sizeof(t->failure), "the counter can't be read");
        } else if (value < counter || value < (int64_t)acknowledged) {
            snprintf(t->failure, sizeof(t->failure), "%lld after %lld, %llu acknowledged", (long long)value,
                     (long long)counter, (unsigned long long)acknowledged);
        }
        counter = value;
        for (uint32_t i = 0; i < s->segment_count; i++) {
            for (doc_id d = 0; d < shard_doc_count(s->segments[i].shard); d++) {
                if (!segment_deleted(&s->segments[i], d) &&
                    snapshot_object(s, i, d, &arena, &object, &err) != STATUS_OK) {
                    snprintf(t->failure, sizeof(t->failure), "%s", err.message);
                }
            }
        }
        arena_reset(&arena);
        atomic_fetch_add(&t->reads, 1);
        rcu_quiescent();
    }
    rcu_thread_unregister();
    arena_release(&arena);
    return NULL;
}

static enum status count_up(struct shared_test *t)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = LIVE_PARTIAL, .index = STR(MODEL_INDEX), .object_id = STR("counter")};
    struct error err;
    arena_init(&batch.arena, 0);
    enum status status =
        json_parse(STR("{\"quantity\":{\"_operation\":\"Increment\",\"value\":1}}"), &batch.arena, &op.body, &err);
    op.create_missing = true;
    batch.ops = &op;
    batch.op_count = 1;
    if (status == STATUS_OK) {
        status = live_submit_wait(t->l, &batch);
    }
    arena_release(&batch.arena);
    return status;
}

/* Writers leave processors to the rebuilds, which must catch up with them, under the slowest sanitizer, too. */
static void pause_briefly(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void *counter_main(void *context)
{
    struct shared_test *t = context;
    while (!atomic_load(&t->stop) && t->failure[0] == '\0') {
        if (count_up(t) == STATUS_OK) {
            atomic_fetch_add(&t->acknowledged, 1);
        }
        pause_briefly();
    }
    return NULL;
}

static void *writer_main(void *context)
{
    struct shared_test *t = context;
    struct random r = random_of_seed(clock_monotonic_ns());
    while (!atomic_load(&t->stop) && t->failure[0] == '\0') {
        struct model_op ops[MODEL_OPS];
        for (int i = 0; i < MODEL_OPS; i++) {
            do {
                model_random_op(&r, &ops[i]);
            } while (ops[i].kind == MODEL_CLEAR);
        }
        if (model_submit(t->l, ops, MODEL_OPS) != STATUS_OK) {
            snprintf(t->failure, sizeof(t->failure), "an update was refused");
        }
        pause_briefly();
    }
    return NULL;
}

static void test_readers_and_writers(void **state)
{
    (void)state;
    static struct shared_test t;
    pthread_t threads[READERS + WRITERS + 1];
    struct error err;
    uint64_t end = clock_monotonic_ns() + (uint64_t)random_rounds(4, 60) * 1000000000u;
    file_sim_start();
    changes_set_absorb_for_test(1); /* so that there is something to merge */
    assert_int_equal(model_open(&t.l, "/data", 5, &err), STATUS_OK);
    assert_int_equal(model_settings(t.l, MODEL_SETTINGS), STATUS_OK);
    assert_int_equal(count_up(&t), STATUS_OK);
    for (int i = 0; i < READERS + WRITERS + 1; i++) {
        pthread_create(&threads[i], NULL, i < READERS ? reader_main : i == READERS ? counter_main : writer_main, &t);
    }
    struct live_stats stats = {0};
    uint64_t latest = end + 120000000000u; /* for the first merge, on a slow machine */
    for (int i = 0; clock_monotonic_ns() < (stats.merges ? end : latest) && t.failure[0] == '\0'; i++) {
        assert_int_equal(model_settings(t.l, i % 2 ? MODEL_SETTINGS : MODEL_SETTINGS_OTHER), STATUS_OK);
        assert_int_equal(live_checkpoint(t.l, &err), STATUS_OK);
        live_stats(t.l, &stats);
    }
    atomic_store(&t.stop, true);
    for (int i = 0; i < READERS + WRITERS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
    live_stats(t.l, &stats);
    print_message("%llu reads, %llu counted, %llu merges, %llu checkpoints\n", (unsigned long long)t.reads,
                  (unsigned long long)t.acknowledged, (unsigned long long)stats.merges,
                  (unsigned long long)stats.checkpoints);
    live_close(t.l);
    file_sim_stop();
    if (t.failure[0] != '\0') {
        fail_msg("%s", t.failure);
    }
    assert_true(t.reads > 0 && t.acknowledged > 0 && stats.checkpoints > 0 && stats.merges > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_readers_and_writers)};
    log_set_level(LOG_WARN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
