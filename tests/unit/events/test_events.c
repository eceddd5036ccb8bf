/* The log of events on the simulated disk. Labels: concurrent */
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
#include "tests/support/live/event_help.h"

#define DAY_MS INT64_C(86400000)

static const struct event_item item = {.object_id = {"sku-1", 5}, .position = 1};

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
    clock_wall_set_for_test(0);
    return 0;
}

static struct events *must_open(uint64_t keep_bytes)
{
    const struct events_options options = {
        .data_dir = "/data", .keep_ms = 10 * DAY_MS, .keep_bytes = keep_bytes, .segment_bytes = 1024};
    struct events *e;
    struct error err = {0};
    if (events_open(&e, &options, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return e;
}

static struct events_outcome send(struct events *e, const char *token, uint64_t identity)
{
    struct event event = event_of_test(EVENT_CLICK, token, &item, identity);
    struct event_list list = {.events = &event, .count = 1};
    return event_submit_wait(e, &list);
}

struct found {
    size_t count, tokens;
    uint64_t first, last;
};

static enum status look(void *context, const struct event *event, struct error *err)
{
    struct found *f = context;
    (void)err;
    f->first = f->count++ ? f->first : event->identity;
    f->last = event->identity;
    f->tokens += event->token.size > 0;
    return STATUS_OK;
}

static struct found read_all(struct events *e)
{
    struct found f = {0};
    struct error err = {0};
    if (events_read(e, 0, look, &f, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    return f;
}

static void test_repeats(void **state)
{
    (void)state;
    int64_t now = 1764000000000;
    clock_wall_set_for_test(now);
    struct events *e = must_open(0);
    struct event twice[2] = {event_of_test(EVENT_CLICK, "t", &item, 7), event_of_test(EVENT_CLICK, "t", &item, 7)};
    struct event_list list = {.events = twice, .count = 2};
    assert_int_equal(event_submit_wait(e, &list).repeats, 1);
    assert_int_equal(send(e, "t", 7).repeats, 1);
    assert_int_equal(send(e, "t", 0).repeats, 0);
    assert_int_equal(send(e, "t", 0).repeats, 0);
    events_close(e);
    e = must_open(0);
    assert_int_equal(read_all(e).count, 3);
    assert_int_equal(send(e, "t", 7).repeats, 1);
    clock_wall_set_for_test(now + 11 * 3600000);
    assert_int_equal(send(e, "t", 8).repeats, 0);
    assert_int_equal(send(e, "t", 7).repeats, 1);
    clock_wall_set_for_test(now + 25 * 3600000);
    assert_int_equal(send(e, "t", 9).repeats, 0);
    clock_wall_set_for_test(now + 50 * 3600000);
    assert_int_equal(send(e, "t", 7).repeats, 0); /* so much later it is another one */
    events_close(e);
}

static void test_searches_are_logged(void **state)
{
    (void)state;
    struct events *e = must_open(0);
    struct event search = event_of_test(EVENT_SEARCH, "t", &item, 1);
    for (int i = 0; i < 100; i++) {
        search.identity = 0;
        events_search(e, &search);
    }
    events_close(e); /* writes what waits */
    e = must_open(0);
    assert_int_equal(read_all(e).count, 100);
    events_close(e);
}

static void test_forgotten(void **state)
{
    (void)state;
    struct events *e = must_open(0);
    for (uint64_t i = 1; i <= 60; i++) {
        assert_int_equal(send(e, i % 2 ? "alice" : "bob", i).status, STATUS_OK);
    }
    assert_int_equal(read_all(e).tokens, 60);
    assert_int_equal(event_forget_wait(e, "alice").status, STATUS_OK);
    assert_int_equal(read_all(e).tokens, 30);
    assert_int_equal(send(e, "carol", 61).status, STATUS_OK);
    events_close(e);
    e = must_open(0);
    struct found f = read_all(e);
    assert_true(f.count == 61 && f.tokens == 31 && f.first == 1 && f.last == 61);
    events_close(e);
    /* Not even as bytes. */
    char **names;
    size_t count;
    struct error err;
    assert_int_equal(dir_list("/data/events", &names, &count, &err), STATUS_OK);
    assert_true(count > 3);
    for (size_t i = 0; i < count; i++) {
        char path[256];
        struct buf bytes = BUF_EMPTY;
        snprintf(path, sizeof(path), "/data/events/%s", names[i]);
        assert_int_equal(file_read_all(path, &bytes, 1 << 20, &err), STATUS_OK);
        assert_true(str_find(buf_str(&bytes), STR("alice")) == SIZE_MAX);
        buf_release(&bytes);
    }
    dir_names_free(names, count);
}

static void test_old_ones_go(void **state)
{
    (void)state;
    int64_t now = 1764000000000;
    clock_wall_set_for_test(now);
    struct events *e = must_open(0);
    for (uint64_t i = 1; i <= 50; i++) {
        clock_wall_set_for_test(now + (int64_t)i * DAY_MS);
        assert_int_equal(send(e, "t", i).status, STATUS_OK);
    }
    events_close(e);
    e = must_open(0);
    struct found f = read_all(e);
    assert_true(f.last == 50 && f.first <= 40 && f.first > 20); /* whole segments go */
    for (uint64_t i = 51; i <= 60; i++) {                       /* the log that begins late goes on */
        assert_int_equal(send(e, "t", i).status, STATUS_OK);
    }
    events_close(e);
    e = must_open(2048);
    f = read_all(e);
    assert_true(f.last == 60 && f.first > 40);
    events_close(e);
}

static void test_full_and_failing_disk(void **state)
{
    (void)state;
    struct events *e = must_open(0);
    assert_int_equal(send(e, "t", 1).status, STATUS_OK);
    struct file_sim_fault full = {FILE_SIM_WRITES | FILE_SIM_NAMES, 1, true, FILE_SIM_ENOSPC};
    file_sim_fail(&full);
    assert_int_equal(send(e, "t", 2).status, STATUS_FULL);
    file_sim_fail(NULL);
    struct events_outcome again = send(e, "t", 2); /* it was not taken: no repeat */
    assert_true(again.status == STATUS_OK && again.repeats == 0);
    struct file_sim_fault bad = {FILE_SIM_SYNCS, 1, false, FILE_SIM_EIO};
    file_sim_fail(&bad);
    assert_int_equal(send(e, "t", 3).status, STATUS_IO);
    file_sim_fail(NULL);
    assert_int_equal(send(e, "t", 4).status, STATUS_IO); /* fenced */
    struct events_stats stats;
    events_stats(e, &stats);
    assert_true(stats.fenced && stats.by_type[EVENT_CLICK] == 2);
    events_close(e);
    e = must_open(0);
    assert_int_equal(send(e, "t", 5).status, STATUS_OK);
    events_close(e);
}

/* The file cut at each offset gives a prefix; with a byte changed, a prefix or a refusal that says where. */
static void test_damage(void **state)
{
    (void)state;
    const char *path = "/data/events/0000000000000001.log";
    struct events *e = must_open(0);
    struct buf bytes = BUF_EMPTY;
    struct error err = {0};
    for (uint64_t i = 1; i <= 6; i++) {
        assert_int_equal(send(e, "t", i).status, STATUS_OK);
    }
    events_close(e);
    assert_int_equal(file_read_all(path, &bytes, 1 << 20, &err), STATUS_OK);
    size_t refused = 0;
    for (size_t at = 0; at < 700; at++) {
        const struct events_options options = {.data_dir = "/data", .segment_bytes = 1024};
        bytes.data[at] ^= 1;
        assert_int_equal(file_replace(path, buf_str(&bytes), &err), STATUS_OK);
        bytes.data[at] ^= 1;
        enum status status = events_open(&e, &options, &err);
        if (status == STATUS_OK) {
            struct found f = read_all(e);
            assert_true(f.count >= 5 || at >= 700 - 1); /* only what was not known to be durable */
            events_close(e);
            continue;
        }
        refused++;
        assert_int_equal(status, STATUS_FORMAT);
        assert_non_null(strstr(err.message, "offset"));
    }
    assert_true(refused > 300);
    for (size_t size = 0; size < 700; size += 3) {
        assert_int_equal(file_replace(path, (struct str){bytes.data, size}, &err), STATUS_OK);
        e = must_open(0);
        struct found f = read_all(e);
        assert_true(f.last == f.count);
        events_close(e);
    }
    buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repeats, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_searches_are_logged, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_forgotten, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_old_ones_go, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_full_and_failing_disk, disk_start, disk_stop),
        cmocka_unit_test_setup_teardown(test_damage, disk_start, disk_stop),
    };
    log_set_level(LOG_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
