/*
 * kill -9 of a process that updates, checkpoints and adopts builds, at random moments, on the real disk. What it said
 * to have acknowledged is there, nothing is there twice, and it starts again within two seconds.
 *
 * The test runs itself again as the process to be killed: --child DIR SEED. That one writes a line for each batch that
 * was acknowledged and for each adoption that began or ended; its operations follow from the seed, so that the parent
 * knows them.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "tests/support/live/live_model.h"

enum { BATCH_OPS = 4, ADOPT_EACH = 40, CHECKPOINT_EACH = 15 };

/* Batch `number` of a life. */
static void make_batch(uint64_t seed, uint64_t number, struct model_op ops[BATCH_OPS])
{
    struct random r = random_of_seed(seed * 1000003 + number);
    for (int i = 0; i < BATCH_OPS; i++) {
        do {
            model_random_op(&r, &ops[i]);
        } while (ops[i].kind == MODEL_CLEAR);
    }
}

static void say(char what)
{
    if (write(STDOUT_FILENO, &what, 1) != 1) {
        _exit(3);
    }
}

/* A build of what the index holds, as of now. */
static void child_adopt(struct live *l, const char *dir, uint64_t number)
{
    struct model have;
    char reason[512];
    char name[32];
    char path[256];
    struct error err;
    struct arena arena;
    struct str report;
    rcu_thread_register();
    bool read = model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason));
    rcu_thread_unregister();
    snprintf(name, sizeof(name), "k%d-%llu", (int)getpid(), (unsigned long long)number);
    snprintf(path, sizeof(path), "%s/candidates/%s", dir, name);
    arena_init(&arena, 0);
    if (!read || model_write_candidate(&have, dir, name, clock_wall_ms(), &err) != STATUS_OK ||
        live_adopt(l, path, &arena, &report, &err) != STATUS_OK) {
        fprintf(stderr, "child: %s\n", read ? err.message : reason);
        _exit(4);
    }
    arena_release(&arena);
}

static int child(const char *dir, uint64_t seed)
{
    struct live *l;
    struct error err;
    struct live_options options = {.data_dir = dir, .create = true, .checkpoint_ms = 20, .log_segment_bytes = 65536};
    log_set_level(LOG_OFF);
    if (live_open(&l, &options, &err) != STATUS_OK) {
        fprintf(stderr, "child: %s\n", err.message);
        return 2;
    }
    if (model_settings(l, MODEL_SETTINGS) != STATUS_OK) {
        return 2;
    }
    say('r');
    for (uint64_t number = 0;; number++) {
        struct model_op ops[BATCH_OPS];
        make_batch(seed, number, ops);
        if (model_submit(l, ops, BATCH_OPS) != STATUS_OK) {
            return 2;
        }
        say('a');
        if (number % CHECKPOINT_EACH == CHECKPOINT_EACH - 1 && live_checkpoint(l, &err) != STATUS_OK) {
            return 2;
        }
        if (number % ADOPT_EACH == ADOPT_EACH - 1) {
            child_adopt(l, dir, number);
        }
    }
}

/* ---- the parent ---- */

static pid_t spawn(const char *dir, uint64_t seed, int *from)
{
    int ends[2];
    char number[32];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)seed);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "test_kill", "--child", dir, number, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *from = ends[0];
    return pid;
}

static void sleep_us(uint64_t us)
{
    struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    nanosleep(&t, NULL);
}

/* Counts what was acknowledged until the pipe ends. */
static uint64_t read_acks(int from, bool *ready)
{
    char bytes[4096];
    uint64_t acknowledged = 0;
    ssize_t got;
    while ((got = read(from, bytes, sizeof(bytes))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            *ready = true;
            acknowledged += bytes[i] == 'a';
        }
    }
    close(from);
    return acknowledged;
}

/* Waits for the first acknowledgement: a slow machine would be killed before every one of them. */
static uint64_t await_ack(int from)
{
    struct pollfd wait = {.fd = from, .events = POLLIN};
    uint64_t acknowledged = 0;
    while (acknowledged == 0 && poll(&wait, 1, 60000) == 1) {
        char byte;
        if (read(from, &byte, 1) != 1) {
            break;
        }
        acknowledged += byte == 'a';
    }
    return acknowledged;
}

static void check_after(const char *dir, struct model *state, uint64_t seed, uint64_t acknowledged)
{
    struct model have;
    struct model want = *state;
    struct model_op ops[BATCH_OPS];
    struct live *l;
    struct error err;
    char reason[1024];
    for (uint64_t i = 0; i < acknowledged; i++) {
        make_batch(seed, i, ops);
        for (int k = 0; k < BATCH_OPS; k++) {
            model_apply(&want, &ops[k]);
        }
    }
    uint64_t begin = clock_monotonic_ns();
    if (model_open(&l, dir, 1000000, &err) != STATUS_OK) {
        fail_msg("seed %llu: %s", (unsigned long long)seed, err.message);
    }
    assert_true(clock_monotonic_ns() - begin < 10ull * 1000000000ull);
    rcu_thread_register();
    if (!model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason))) {
        fail_msg("seed %llu: %s", (unsigned long long)seed, reason);
    }
    model_read_keys(l, &have);
    rcu_thread_unregister();
    /* Of the batch that was under way any first part. */
    struct model possible = want;
    bool fine = model_equal(&have, &possible);
    make_batch(seed, acknowledged, ops);
    for (int k = 0; k < BATCH_OPS && !fine; k++) {
        model_apply(&possible, &ops[k]);
        fine = model_equal(&have, &possible);
    }
    if (!fine) {
        model_difference(&have, &want, reason, sizeof(reason));
        fail_msg("seed %llu, %llu acknowledged; have, want:\n%s", (unsigned long long)seed,
                 (unsigned long long)acknowledged, reason);
    }
    *state = have;
    live_close(l);
}

static void test_kills(void **test_state)
{
    (void)test_state;
    char dir[] = "/tmp/aisle-kill-XXXXXX";
    struct random r = random_start("kill");
    struct model state = {0};
    struct error err;
    uint64_t total = 0;
    size_t kills = random_rounds(500, 10000);
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < kills; i++) {
        uint64_t seed = random_next(&r) >> 24;
        int from;
        bool ready = false;
        pid_t pid = spawn(dir, seed, &from);
        /* half of them at any time, the start included, half while it writes */
        uint64_t acknowledged = i % 2 ? await_ack(from) : 0;
        sleep_us(20000 + random_below(&r, 250000));
        kill(pid, SIGKILL);
        acknowledged += read_acks(from, &ready);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself */
        total += acknowledged;
        if (file_exists(dir)) {
            check_after(dir, &state, seed, acknowledged);
        }
    }
    print_message("%zu kills, %llu batches acknowledged\n", kills, (unsigned long long)total);
    assert_true(total > 0);
    assert_int_equal(dir_remove(dir, &err), STATUS_OK);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--child") == 0) {
        return child(argv[2], strtoull(argv[3], NULL, 10));
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills)};
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
