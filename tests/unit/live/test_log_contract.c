/* What every log must do, held against the log in files and the one in memory; and a server on the latter. */
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
#include "tests/support/live/log_contract.h"
#include "tests/support/live/log_memory.h"

/* ---- files, on the simulated disk ---- */

static void files_reset(void)
{
    file_sim_stop();
    file_sim_start();
}

static void files_restart(bool power_cut)
{
    static uint64_t seed = 1;
    if (power_cut) {
        file_sim_power_on(seed++);
    }
}

static void files_fail(bool appends, bool syncs)
{
    struct file_sim_fault fault = {appends ? FILE_SIM_WRITES | FILE_SIM_NAMES : FILE_SIM_SYNCS, 1, true,
                                   appends ? FILE_SIM_ENOSPC : FILE_SIM_EIO};
    file_sim_fail(appends || syncs ? &fault : NULL);
}

static void test_files(void **state)
{
    (void)state;
    static const struct log_fixture fixture = {.name = "files",
                                               .backend = &update_log_backend,
                                               .dir = "/d/log",
                                               .reset = files_reset,
                                               .restart = files_restart,
                                               .break_calls = files_fail};
    log_contract_run(&fixture);
}

/* ---- memory ---- */

static void memory_fail(bool appends, bool syncs)
{
    log_memory_fail_append(appends);
    log_memory_fail_sync(syncs);
}

static void test_memory(void **state)
{
    (void)state;
    static const struct log_fixture fixture = {.name = "memory",
                                               .backend = &log_memory_backend,
                                               .dir = "nowhere",
                                               .reset = log_memory_reset,
                                               .restart = log_memory_restart,
                                               .break_calls = memory_fail};
    log_contract_run(&fixture);
    log_memory_reset();
}

/* ---- a data directory whose log is elsewhere ---- */

static struct live *open_live(enum live_sync sync)
{
    struct live *l;
    struct error err;
    struct live_options options = {.data_dir = "/data",
                                   .create = true,
                                   .checkpoint_ms = 1000000,
                                   .sync = sync,
                                   .sync_interval_ms = 5,
                                   .log_backend = &log_memory_backend};
    if (live_open(&l, &options, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return l;
}

static void check(struct live *l, const struct model *want)
{
    struct model have;
    char reason[1024];
    rcu_thread_register();
    bool read = model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason));
    rcu_thread_unregister();
    if (!read) {
        fail_msg("%s", reason);
    }
    assert_true(model_equal(&have, want));
}

static void test_server_on_another_log(void **state)
{
    (void)state;
    struct random r = random_start("log in memory");
    for (int sync = LIVE_SYNC_ALWAYS; sync <= LIVE_SYNC_SYSTEM; sync++) {
        struct model want = {0};
        struct error err;
        log_memory_reset();
        files_reset();
        struct live *l = open_live((enum live_sync)sync);
        assert_int_equal(model_settings(l, MODEL_SETTINGS), STATUS_OK);
        for (int round = 0; round < 30; round++) {
            struct model_op ops[MODEL_OPS];
            for (int i = 0; i < MODEL_OPS; i++) {
                model_random_op(&r, &ops[i]);
                model_apply(&want, &ops[i]);
            }
            assert_int_equal(model_submit(l, ops, MODEL_OPS), STATUS_OK);
            if (round % 10 == 4) {
                assert_int_equal(live_checkpoint(l, &err), STATUS_OK);
            }
            if (round % 10 == 9) {
                live_close(l);
                log_memory_restart(true);
                l = open_live((enum live_sync)sync);
            }
            check(l, &want);
        }
        live_close(l);
    }
    log_memory_reset();
    file_sim_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_server_on_another_log),
    };
    log_set_level(LOG_ERROR);
    file_sim_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
