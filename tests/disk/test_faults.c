/*
 * The Nth call of the disk fails, once or for good: full, short, broken. Reads go on, nothing is acknowledged that is
 * not there after a restart, and writing goes on when space returns; only a failed sync ends it until then.
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
#include "tests/support/live/live_model.h"

enum { STATES = MODEL_OPS + 1, BATCHES = 12 };

static char fault_name[128];

/* What may be found: the acknowledged state, and while the last batch is in doubt, what its first parts make of it. */
struct expected {
    struct model states[STATES];
    size_t count;
};

static void verify(struct expected *e, struct live *l, const char *when)
{
    struct model have;
    char reason[1024];
    bool fine = false;
    rcu_thread_register();
    if (!model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason))) {
        fail_msg("%s: %s: %s", fault_name, when, reason);
    }
    model_read_keys(l, &have);
    rcu_thread_unregister();
    for (size_t i = 0; i < e->count && !fine; i++) {
        fine = model_equal(&have, &e->states[i]);
    }
    if (!fine) {
        model_difference(&have, &e->states[0], reason, sizeof(reason));
        fail_msg("%s: %s: have, want:\n%s", fault_name, when, reason);
    }
    e->states[0] = have;
    e->count = 1;
}

static bool is_lane(const struct model_op *op)
{
    return op->kind >= MODEL_LANE_SET;
}

static enum status run_batch(struct expected *e, struct live *l, struct random *r)
{
    struct model_op ops[MODEL_OPS];
    size_t count = 1 + random_below(r, MODEL_OPS);
    struct model next = e->states[0];
    e->count = 1;
    for (size_t i = 0; i < count; i++) {
        do {
            model_random_op(r, &ops[i]);
        } while (ops[i].kind == MODEL_CLEAR || is_lane(&ops[i]) != is_lane(&ops[0])); /* one batch in the end */
        model_apply(&next, &ops[i]);
        e->states[e->count++] = next;
    }
    enum status status = model_submit(l, ops, count);
    if (status == STATUS_OK) {
        e->states[0] = next;
        e->count = 1;
    }
    return status;
}

static struct live *must_open(void)
{
    struct live *l;
    struct error err;
    if (model_open(&l, "/data", 1000000, &err) != STATUS_OK) {
        fail_msg("%s: %s", fault_name, err.message);
    }
    return l;
}

/* Every batch under the fault; false when it struck nothing any more. */
static bool run_fault(const struct file_sim_fault *fault, uint64_t seed)
{
    struct random r = random_of_seed(seed);
    struct expected e = {.count = 1};
    struct error err;
    struct live_stats stats;
    file_sim_stop();
    file_sim_start();
    struct live *l = must_open();
    snprintf(fault_name, sizeof(fault_name), "calls %u, error %d, call %llu%s", fault->calls, fault->error,
             (unsigned long long)fault->nth, fault->for_good ? " and all after it" : "");
    assert_int_equal(model_settings(l, MODEL_SETTINGS), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run_batch(&e, l, &r), STATUS_OK);
    }
    file_sim_fail(fault);
    for (int i = 0; i < BATCHES; i++) {
        enum status status = run_batch(&e, l, &r);
        assert_true(status == STATUS_OK || status == STATUS_FULL || status == STATUS_IO);
        struct expected seen = {.states = {e.states[0]}, .count = 1};
        verify(&seen, l, "after a failure"); /* what failed is not seen */
        if (status == STATUS_IO) {
            break; /* fenced: what was in doubt is known after a restart */
        }
        e.count = 1;
        if (i % 4 == 3) {
            (void)!live_checkpoint(l, &err);
        }
    }
    bool struck = file_sim_fault_count() > 0;
    file_sim_fail(NULL);
    live_stats(l, &stats);
    if (!stats.fenced) {
        if (run_batch(&e, l, &r) != STATUS_OK) {
            fail_msg("%s: no update is taken when space has returned", fault_name);
        }
        verify(&e, l, "when space has returned");
        assert_int_equal(live_checkpoint(l, &err), STATUS_OK);
    } else {
        /* Only a batch that changes nothing is fine now. */
        struct expected other = {.states = {e.states[0]}, .count = 1};
        if (run_batch(&other, l, &r) == STATUS_OK) {
            assert_true(model_equal(&other.states[0], &e.states[0]));
        }
    }
    live_close(l);
    if (seed % 2) {
        file_sim_power_on(seed);
    }
    l = must_open();
    verify(&e, l, "after a restart");
    assert_int_equal(run_batch(&e, l, &r), STATUS_OK);
    verify(&e, l, "after a restart and more");
    live_close(l);
    return struck;
}

static void sweep(unsigned calls, enum file_sim_errno error, bool for_good)
{
    uint64_t step = getenv("AISLE_LONG") || getenv("AISLE_TEST_LONG") ? 1 : 3;
    uint64_t nth = 1;
    while (nth < 400) {
        struct file_sim_fault fault = {calls, nth, for_good, error};
        if (!run_fault(&fault, nth * 7 + error)) {
            break;
        }
        nth += step;
    }
    assert_true(nth > 3);
}

static void test_full_disk(void **state)
{
    (void)state;
    sweep(FILE_SIM_WRITES | FILE_SIM_NAMES, FILE_SIM_ENOSPC, false);
    sweep(FILE_SIM_WRITES | FILE_SIM_NAMES, FILE_SIM_ENOSPC, true);
}

static void test_short_writes(void **state)
{
    (void)state;
    sweep(FILE_SIM_WRITES, FILE_SIM_SHORT_WRITE, false);
    sweep(FILE_SIM_WRITES, FILE_SIM_SHORT_WRITE, true);
}

static void test_failing_calls(void **state)
{
    (void)state;
    sweep(FILE_SIM_ALL_CALLS, FILE_SIM_EIO, false);
    sweep(FILE_SIM_ALL_CALLS, FILE_SIM_EIO, true);
}

static void test_failing_syncs(void **state)
{
    (void)state;
    sweep(FILE_SIM_SYNCS, FILE_SIM_EIO, false);
    sweep(FILE_SIM_SYNCS, FILE_SIM_EIO, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_short_writes),
        cmocka_unit_test(test_failing_calls),
        cmocka_unit_test(test_failing_syncs),
    };
    log_set_level(LOG_OFF);
    file_sim_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_sim_stop();
    return failed;
}
