/*
 * The Nth call of the disk fails, once or for good, while a generation is adopted or rolled back, a backup is made or
 * restored or continued, and a partial feed is applied. What fails changes nothing that is seen, and can be done again
 * when the disk works; what is said to be done is there after a restart. And the power goes at the Nth operation of a
 * backup and a restore.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/backup.h"
#include "tests/support/live/live_model.h"

enum { BATCHES = 3, ACCEPTED_MAX = BATCHES * MODEL_OPS, STEP = 20, CUT_STEP = 6, EVENTS = 25 };

struct accepted {
    struct model_op op;
    struct model_object outcome;
    bool created;
};

/* A data directory with two generations, a third that waits to be adopted, and a backup. */
struct world {
    struct live *live;
    struct random random;
    int64_t now_ms;
    struct accepted accepted[ACCEPTED_MAX]; /* since the first feed */
    size_t accepted_count;
    struct model feed, now;         /* the first feed; the present state */
    struct model next;              /* what the action leads to */
    struct model_op ops[MODEL_OPS]; /* of the partial feed */
    size_t op_count;
    bool unsure; /* the action failed when all was made, so that a power cut may take it */
    char what[160];
};

/* What is done under the fault; its outcome. It can be done again after a failure. */
typedef enum status action(struct world *w, struct error *err);

static void check(struct world *w, bool fine, const char *reason)
{
    if (!fine) {
        fail_msg("%s: %s", w->what, reason);
    }
}

static void tick(struct world *w)
{
    w->now_ms += 10;
    clock_wall_set_for_test(w->now_ms);
}

static struct live *must_open(struct world *w, const char *dir)
{
    struct live *l = NULL;
    struct error err = {0};
    check(w, model_open(&l, dir, 1000000, &err) == STATUS_OK, err.message);
    return l;
}

static bool read_as(struct live *l, const struct model *want, char *reason, size_t reason_size)
{
    struct model have;
    rcu_thread_register();
    bool fine = model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, reason_size);
    rcu_thread_unregister();
    if (fine && !model_equal(&have, want)) {
        model_difference(&have, want, reason, reason_size);
        fine = false;
    }
    return fine;
}

static void must_be(struct world *w, struct live *l, const struct model *want, const char *when)
{
    char reason[1024];
    char text[1200];
    bool fine = read_as(l, want, reason, sizeof(reason));
    snprintf(text, sizeof(text), "%s: have, want:\n%s", when, reason);
    check(w, fine, text);
}

/* Operations of a kind that every way of writing has. */
static void random_batch(struct world *w, struct model_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        do {
            model_random_op(&w->random, &ops[i]);
            ops[i].create = false;
        } while (ops[i].kind == MODEL_CLEAR || ops[i].kind == MODEL_PUT || ops[i].kind >= MODEL_LANE_SET);
    }
}

static void run_batch(struct world *w)
{
    struct model_op ops[MODEL_OPS];
    random_batch(w, ops, MODEL_OPS);
    for (size_t i = 0; i < MODEL_OPS; i++) {
        struct accepted *a = &w->accepted[w->accepted_count++];
        *a = (struct accepted){.op = ops[i], .created = !w->now.objects[ops[i].id].there};
        model_apply(&w->now, &ops[i]);
        a->outcome = w->now.objects[ops[i].id];
    }
    tick(w);
    assert_int_equal(model_submit(w->live, ops, MODEL_OPS), STATUS_OK);
}

static void adopt_feed(struct world *w, const char *name, const struct model *feed)
{
    struct error err;
    struct arena arena;
    struct str report;
    char path[64];
    snprintf(path, sizeof(path), "/data/candidates/%s", name);
    arena_init(&arena, 0);
    assert_int_equal(model_write_candidate(feed, "/data", name, w->now_ms, &err), STATUS_OK);
    tick(w);
    assert_int_equal(live_adopt(w->live, path, &arena, &report, &err), STATUS_OK);
    arena_release(&arena);
}

/* The log of events that a server would have kept, as far as a backup knows it. */
static void log_events(uint64_t count)
{
    struct log_options options = {.dir = "/data/events", .any_begin = true};
    struct update_log *log = NULL;
    struct log_writer writer = {0};
    struct log_stats stats;
    struct error err;
    assert_int_equal(dir_make("/data/events", &err), STATUS_OK);
    assert_int_equal(update_log_open(&log, &options, &err), STATUS_OK);
    update_log_backend.stats(log, &stats);
    log_writer_start(&writer, stats.durable_seq + 1);
    for (uint64_t i = 0; i < count; i++) {
        (void)log_writer_begin(&writer, LOG_FIRST_KIND, 0);
        buf_literal(&writer.bytes, "what a shopper did");
        log_writer_end(&writer);
    }
    assert_int_equal(update_log_backend.append(log, &writer, 1, &err), STATUS_OK);
    assert_int_equal(update_log_backend.sync(log, &err), STATUS_OK);
    log_writer_release(&writer);
    update_log_backend.close(log);
    assert_int_equal(file_replace("/data/events/signals", STR("signals"), &err), STATUS_OK);
    assert_int_equal(dir_sync("/data/events", &err), STATUS_OK);
    assert_int_equal(dir_sync("/data", &err), STATUS_OK);
}

static uint64_t events_in(const char *dir)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/events", dir);
    struct log_options options = {.dir = path, .any_begin = true, .read_only = true};
    struct update_log *log = NULL;
    struct log_stats stats = {0};
    struct buf signals = BUF_EMPTY;
    struct error err;
    if (update_log_open(&log, &options, &err) == STATUS_OK) {
        update_log_backend.stats(log, &stats);
        update_log_backend.close(log);
    }
    snprintf(path, sizeof(path), "%s/events/signals", dir);
    bool there = file_read_all(path, &signals, 100, &err) == STATUS_OK && str_equal(buf_str(&signals), STR("signals"));
    buf_release(&signals);
    return there ? stats.durable_seq : 0;
}

static void world_start(struct world *w, uint64_t seed)
{
    struct backup_info info;
    struct error err;
    file_sim_stop();
    file_sim_start();
    *w = (struct world){.random = random_of_seed(seed), .now_ms = 1700000000000};
    tick(w);
    w->live = must_open(w, "/data");
    assert_int_equal(model_settings(w->live, MODEL_SETTINGS), STATUS_OK);
    model_random_feed(&w->random, &w->now, &w->feed);
    adopt_feed(w, "first", &w->feed);
    w->now = w->feed;
    run_batch(w);
    tick(w);
    struct model second;
    model_random_feed(&w->random, &w->now, &second);
    adopt_feed(w, "second", &second);
    w->now = second;
    run_batch(w);
    log_events(EVENTS);
    assert_int_equal(live_backup(w->live, "/backups/made", true, &info, &err), STATUS_OK);
    tick(w);
}

/* ---- the actions ---- */

static enum status roll_back(struct world *w, struct error *err)
{
    struct arena arena;
    struct str report;
    arena_init(&arena, 0);
    enum status status = live_rollback(w->live, STR(MODEL_INDEX), &arena, &report, err);
    arena_release(&arena);
    return status;
}

static void expect_rollback(struct world *w)
{
    w->next = w->feed;
    for (size_t i = 0; i < w->accepted_count; i++) {
        model_replay(&w->next, &w->accepted[i].op, &w->accepted[i].outcome, w->accepted[i].created);
    }
}

static enum status adopt(struct world *w, struct error *err)
{
    struct arena arena;
    struct str report;
    arena_init(&arena, 0);
    enum status status = STATUS_OK;
    if (!file_exists("/data/candidates/third")) { /* a failed write of the manifest keeps the moved one */
        status = model_write_candidate(&w->next, "/data", "third", w->now_ms, err);
    }
    if (status == STATUS_OK) {
        status = live_adopt(w->live, "/data/candidates/third", &arena, &report, err);
    }
    arena_release(&arena);
    return status;
}

static void expect_adoption(struct world *w)
{
    struct error err;
    model_random_feed(&w->random, &w->now, &w->next);
    assert_int_equal(model_write_candidate(&w->next, "/data", "third", w->now_ms, &err), STATUS_OK);
    tick(w);
}

/* Finished, but not known to be durable: then it is whole. */
static bool is_there(const char *dir)
{
    file_sim_fail(NULL);
    return file_exists(dir);
}

static enum status back_up(struct world *w, struct error *err)
{
    struct backup_info info;
    enum status status = live_backup(w->live, "/backups/new", true, &info, err);
    w->unsure = status != STATUS_OK && is_there("/backups/new");
    return w->unsure ? STATUS_OK : status;
}

/* Continues the log of a backup, and its events. */
static enum status continue_backup(struct world *w, struct error *err)
{
    struct backup_info info;
    return live_backup_log(w->live, "/backups/made", &info, err);
}

static void expect_events(struct world *w)
{
    (void)w;
    log_events(EVENTS);
}

static enum status restore(struct world *w, struct error *err)
{
    struct restore_options options = {.backup = "/backups/made", .data_dir = "/restored", .link = true};
    uint64_t seq;
    enum status status = backup_restore(&options, &seq, err);
    w->unsure = status != STATUS_OK && is_there("/restored");
    return w->unsure ? STATUS_OK : status;
}

static enum status apply(struct world *w, struct error *err)
{
    struct live_batch batch = {0};
    struct live_op ops[MODEL_OPS];
    arena_init(&batch.arena, 0);
    for (size_t i = 0; i < w->op_count; i++) {
        model_to_live(&w->ops[i], &batch, &ops[i]);
    }
    batch.ops = ops;
    batch.op_count = w->op_count;
    enum status status = live_apply(w->live, &batch, w->now_ms, err);
    arena_release(&batch.arena);
    return status;
}

static void expect_apply(struct world *w)
{
    w->op_count = MODEL_OPS;
    random_batch(w, w->ops, w->op_count);
    for (size_t i = 0; i < w->op_count; i++) {
        model_apply(&w->next, &w->ops[i]);
    }
    tick(w);
}

static const struct {
    const char *name;
    action *run;
    void (*expect)(struct world *w); /* makes w->next, which is the present state otherwise */
    const char *made;                /* a directory that must then hold the present state; NULL: none */
} ACTIONS[] = {
    {"a rollback", roll_back, expect_rollback, NULL}, {"an adoption", adopt, expect_adoption, NULL},
    {"a backup", back_up, NULL, "/backups/new"},      {"a restore", restore, NULL, "/restored"},
    {"a partial feed", apply, expect_apply, NULL},    {"a backup's log", continue_backup, expect_events, NULL},
};

/* ---- faults ---- */

/* What was made aside is whole: a backup is restored, a restored directory opened. */
static void check_made(struct world *w, const char *dir)
{
    struct restore_options options = {.backup = dir, .data_dir = "/checked"};
    struct error err = {0};
    uint64_t seq;
    if (strcmp(dir, "/restored") != 0) {
        check(w, backup_restore(&options, &seq, &err) == STATUS_OK, err.message);
        dir = "/checked";
    }
    struct live *l = must_open(w, dir);
    must_be(w, l, &w->now, "what was made");
    live_close(l);
    check(w, events_in(dir) >= EVENTS, "the events are not there");
    check(w, dir_remove("/checked", &err) == STATUS_OK, err.message);
}

/* True when the fault struck. */
static bool run_fault(size_t number, const struct file_sim_fault *fault, uint64_t seed)
{
    struct world w;
    struct live_stats stats;
    struct error err = {0};
    char reason[1024];
    world_start(&w, seed);
    w.next = w.now;
    snprintf(w.what, sizeof(w.what), "%s, calls %u, error %d, call %llu%s, seed %llu", ACTIONS[number].name,
             fault->calls, fault->error, (unsigned long long)fault->nth, fault->for_good ? " and all after it" : "",
             (unsigned long long)seed);
    if (ACTIONS[number].expect) {
        ACTIONS[number].expect(&w);
    }
    file_sim_fail(fault);
    enum status status = ACTIONS[number].run(&w, &err);
    bool struck = file_sim_fault_count() > 0;
    file_sim_fail(NULL);
    check(&w, status == STATUS_OK || status == STATUS_IO || status == STATUS_FULL || status == STATUS_FORMAT,
          err.message);
    must_be(&w, w.live, status == STATUS_OK ? &w.next : &w.now, "right after it");
    live_stats(w.live, &stats);
    if (status != STATUS_OK && !stats.fenced) {
        status = ACTIONS[number].run(&w, &err);
        check(&w, status == STATUS_OK, err.message);
        must_be(&w, w.live, &w.next, "when it was done again");
    }
    live_close(w.live);
    if (seed % 2) {
        file_sim_power_on(seed);
    }
    w.live = must_open(&w, "/data");
    if (status == STATUS_OK || !read_as(w.live, &w.now, reason, sizeof(reason))) {
        must_be(&w, w.live, &w.next, "after a restart");
    }
    live_close(w.live);
    if (status == STATUS_OK && ACTIONS[number].made && !(w.unsure && seed % 2)) {
        check_made(&w, ACTIONS[number].made);
    }
    return struck;
}

/* The power goes at the nth operation of the disk. What was made is whole or not there, what was there before is as it
 * was, and all of it can be done again. False: the action had ended before. */
static bool run_cut(size_t number, uint64_t nth, uint64_t seed)
{
    struct world w;
    struct error err = {0};
    const char *made = ACTIONS[number].made;
    world_start(&w, seed);
    w.next = w.now;
    snprintf(w.what, sizeof(w.what), "%s, power cut at operation %llu, seed %llu", ACTIONS[number].name,
             (unsigned long long)nth, (unsigned long long)seed);
    if (ACTIONS[number].expect) {
        ACTIONS[number].expect(&w);
    }
    file_sim_cut_power_at(file_sim_operations() + nth);
    enum status status = ACTIONS[number].run(&w, &err);
    bool struck = file_sim_power_is_off();
    live_close(w.live);
    file_sim_power_on(seed);
    w.live = must_open(&w, "/data");
    must_be(&w, w.live, &w.now, "after the cut");
    check(&w, events_in("/data") >= EVENTS, "the events are lost");
    check_made(&w, "/backups/made");
    bool there = made && file_exists(made);
    check(&w, struck || status == STATUS_OK, err.message);
    check(&w, struck || !made || there, "what was made is not there");
    if (there) {
        check_made(&w, made);
        check(&w, dir_remove(made, &err) == STATUS_OK, err.message);
    }
    check(&w, ACTIONS[number].run(&w, &err) == STATUS_OK, err.message);
    check_made(&w, made ? made : "/backups/made");
    live_close(w.live);
    return struck;
}

static void cut(size_t number)
{
    struct random r = random_start(ACTIONS[number].name);
    uint64_t step = random_rounds(CUT_STEP, 1);
    uint64_t nth = 1 + random_below(&r, step);
    unsigned cuts = 0;
    while (run_cut(number, nth, random_next(&r) >> 1)) {
        nth += 1 + random_below(&r, 2 * step - 1);
        cuts++;
    }
    print_message("%s: %u power cuts\n", ACTIONS[number].name, cuts);
    assert_true(cuts > 2);
}

static void test_cut_backup(void **state)
{
    (void)state;
    cut(2);
}

static void test_cut_restore(void **state)
{
    (void)state;
    cut(3);
}

static void test_cut_log(void **state)
{
    (void)state;
    cut(5);
}

static void sweep(size_t number)
{
    static const struct file_sim_fault FAULTS[] = {
        {FILE_SIM_WRITES | FILE_SIM_NAMES, 0, false, FILE_SIM_ENOSPC},
        {FILE_SIM_WRITES | FILE_SIM_NAMES, 0, true, FILE_SIM_ENOSPC},
        {FILE_SIM_WRITES, 0, false, FILE_SIM_SHORT_WRITE},
        {FILE_SIM_WRITES, 0, true, FILE_SIM_SHORT_WRITE},
        {FILE_SIM_ALL_CALLS, 0, false, FILE_SIM_EIO},
        {FILE_SIM_ALL_CALLS, 0, true, FILE_SIM_EIO},
        {FILE_SIM_SYNCS, 0, false, FILE_SIM_EIO},
        {FILE_SIM_SYNCS, 0, true, FILE_SIM_EIO},
    };
    struct random r = random_start(ACTIONS[number].name);
    uint64_t step = random_rounds(STEP, 1);
    for (size_t i = 0; i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++) {
        struct file_sim_fault fault = FAULTS[i];
        fault.nth = 1 + random_below(&r, step); /* other calls each time */
        while (fault.nth < 1000 && run_fault(number, &fault, random_next(&r) >> 1)) {
            fault.nth += step;
        }
    }
}

static void test_rollback(void **state)
{
    (void)state;
    sweep(0);
}

static void test_adoption(void **state)
{
    (void)state;
    sweep(1);
}

static void test_backup(void **state)
{
    (void)state;
    sweep(2);
}

static void test_restore(void **state)
{
    (void)state;
    sweep(3);
}

static void test_partial_feed(void **state)
{
    (void)state;
    sweep(4);
}

static void test_backup_log(void **state)
{
    (void)state;
    sweep(5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rollback),   cmocka_unit_test(test_adoption),     cmocka_unit_test(test_backup),
        cmocka_unit_test(test_restore),    cmocka_unit_test(test_partial_feed), cmocka_unit_test(test_backup_log),
        cmocka_unit_test(test_cut_backup), cmocka_unit_test(test_cut_restore),  cmocka_unit_test(test_cut_log),
    };
    log_set_level(LOG_OFF);
    file_sim_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_sim_stop();
    clock_wall_set_for_test(0);
    return failed;
}
