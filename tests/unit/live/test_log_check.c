/* Checking and repairing a damaged log: what the check says is what a start does, and what a repair leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "server/live/log_check.h"
#include "tests/support/random.h"

enum { BATCHES = 30, SEGMENT = 512, IMAGES = 64 };

static const struct log_backend *const backend = &update_log_backend;

struct image {
    char name[64];
    struct buf bytes;
};

static struct image images[IMAGES];
static size_t image_count;
static uint64_t all_records;

static void make_log(void)
{
    struct log_options options = {.dir = "/d/log", .segment_bytes = SEGMENT};
    struct update_log *log;
    struct error err;
    char **names;
    file_sim_start();
    assert_int_equal(update_log_open(&log, &options, &err), STATUS_OK);
    all_records = 0;
    for (uint32_t i = 0; i < BATCHES; i++) {
        struct log_writer w = {0};
        log_writer_start(&w, all_records + 1);
        for (uint32_t k = 0; k < 1 + i % 3; k++) {
            uint64_t seq = log_writer_begin(&w, LOG_FIRST_KIND, 0);
            buf_put_u64(&w.bytes, seq * 1000003);
            log_writer_end(&w);
        }
        assert_int_equal(backend->append(log, &w, 1000 + i, &err), STATUS_OK);
        assert_int_equal(backend->sync(log, &err), STATUS_OK);
        all_records += w.count;
        log_writer_release(&w);
    }
    backend->close(log);
    assert_int_equal(dir_list("/d/log", &names, &image_count, &err), STATUS_OK);
    assert_true(image_count > 4 && image_count < IMAGES);
    for (size_t i = 0; i < image_count; i++) {
        snprintf(images[i].name, sizeof(images[i].name), "/d/log/%s", names[i]);
        images[i].bytes = BUF_EMPTY;
        assert_int_equal(file_read_all(images[i].name, &images[i].bytes, 1 << 20, &err), STATUS_OK);
    }
    dir_names_free(names, image_count);
}

static void restore_log(size_t without)
{
    struct error err;
    struct file *f;
    file_sim_stop(); /* a new disk: what the old one remembers would make each round slower */
    file_sim_start();
    assert_int_equal(dir_make("/d/log", &err), STATUS_OK);
    for (size_t i = 0; i < image_count; i++) {
        if (i != without) {
            assert_int_equal(file_open(&f, images[i].name, FILE_REWRITE, &err), STATUS_OK);
            assert_int_equal(file_write_at(f, 0, images[i].bytes.data, images[i].bytes.size, &err), STATUS_OK);
            file_close(f);
        }
    }
}

static void forget_log(void)
{
    for (size_t i = 0; i < image_count; i++) {
        buf_release(&images[i].bytes);
    }
    file_sim_stop();
}

static enum status right_record(void *context, const struct log_record *record, struct error *err)
{
    uint64_t *next = context;
    uint64_t value;
    (void)err;
    assert_int_equal(record->payload.size, sizeof(value));
    memcpy(&value, record->payload.data, sizeof(value));
    assert_int_equal(value, record->seq * 1000003);
    assert_true(record->seq >= *next);
    *next = record->seq + 1;
    return STATUS_OK;
}

/* Checks, compares with a start, repairs, compares again. */
static void check_one(uint64_t applied, uint64_t *damaged, uint64_t *history_only)
{
    struct log_check c;
    struct update_log *log = NULL;
    struct log_options options = {.dir = "/d/log", .segment_bytes = SEGMENT, .applied_seq = applied};
    struct error err = {0};
    struct log_stats stats;
    char aside[64];
    options.read_only = true;
    bool starts = update_log_open(&log, &options, &err) == STATUS_OK;
    if (starts) {
        backend->close(log);
    }
    assert_int_equal(log_check_run(&c, "/d/log", applied, &err), STATUS_OK);
    assert_int_equal(c.starts, starts);
    assert_true(starts || c.damaged);
    uint64_t next = c.kept_last_seq + 1;
    assert_int_equal(log_check_lost(&c, right_record, &next, &err), STATUS_OK);
    /* All there was is either kept or lost; only the newest batch may be gone without a trace. */
    assert_true(c.lost_last <= all_records && c.lost_last + 3 >= all_records);
    assert_true(c.lost_readable <= c.lost_last + 1 - c.lost_first);
    *damaged += c.damaged;
    *history_only += c.damaged && starts;
    if (log_check_repair(&c, aside, &err) != STATUS_OK) {
        fail_msg("%s", err.message);
    }
    options.read_only = false;
    if (update_log_open(&log, &options, &err) != STATUS_OK) {
        fail_msg("after a repair: %s", err.message);
    }
    backend->stats(log, &stats);
    assert_int_equal(stats.durable_seq, c.kept_last_seq);
    assert_true(stats.durable_seq >= applied);
    next = stats.first_seq;
    assert_int_equal(backend->read(log, stats.first_seq, LOG_READ_TO_END, right_record, &next, &err), STATUS_OK);
    assert_int_equal(next, stats.durable_seq + 1);
    backend->close(log);
    log_check_release(&c);
    assert_int_equal(log_check_run(&c, "/d/log", applied, &err), STATUS_OK);
    assert_false(c.damaged);
    log_check_release(&c);
}

static void test_sound(void **state)
{
    (void)state;
    struct log_check c;
    struct error err;
    make_log();
    assert_int_equal(log_check_run(&c, "/d/log", 0, &err), STATUS_OK);
    assert_false(c.damaged);
    assert_true(c.starts);
    assert_int_equal(c.kept_last_seq, all_records);
    assert_int_equal(c.segments.count, image_count);
    assert_true(c.lost_first > c.lost_last);
    log_check_release(&c);
    assert_int_equal(log_check_run(&c, "/d/none", 0, &err), STATUS_OK);
    assert_int_equal(c.segments.count, 0);
    assert_false(c.damaged);
    log_check_release(&c);
    forget_log();
}

static void test_flipped(void **state)
{
    (void)state;
    struct random r = random_start("log check");
    uint64_t damaged = 0;
    uint64_t history_only = 0;
    make_log();
    size_t rounds = random_rounds(120, 2000);
    for (size_t round = 0; round < rounds; round++) {
        struct image *image = &images[random_below(&r, image_count)];
        size_t used = image->bytes.size;
        while (used > 0 && image->bytes.data[used - 1] == 0) {
            used--;
        }
        size_t bit = random_below(&r, used * 8);
        image->bytes.data[bit / 8] ^= (char)(1 << bit % 8);
        restore_log(SIZE_MAX);
        image->bytes.data[bit / 8] ^= (char)(1 << bit % 8);
        check_one(random_chance(&r, 40) ? 0 : random_below(&r, all_records - 3), &damaged, &history_only);
    }
    assert_true(damaged > rounds * 3 / 4 && history_only > rounds / 20);
    forget_log();
}

static void test_missing_files(void **state)
{
    (void)state;
    uint64_t damaged = 0;
    uint64_t history_only = 0;
    make_log();
    for (size_t i = 0; i + 1 < image_count; i++) {
        for (uint64_t applied = 0; applied < all_records - 3; applied += 9) {
            restore_log(i);
            check_one(applied, &damaged, &history_only);
        }
    }
    assert_true(damaged > 0 && history_only > 0);
    forget_log();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_missing_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
