#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/hash.h"

static int start(void **state)
{
    (void)state;
    file_sim_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    file_sim_stop();
    return 0;
}

/* Makes a durable file that holds text. */
static void make_durable(const char *path, const char *text)
{
    assert_int_equal(file_replace(path, str_from(text), NULL), STATUS_OK);
}

static void assert_content(const char *path, const char *expected)
{
    struct buf content = BUF_EMPTY;
    assert_int_equal(file_read_all(path, &content, 1 << 20, NULL), STATUS_OK);
    buf_append_char(&content, '\0');
    assert_string_equal(content.data, expected);
    buf_release(&content);
}

static bool has_content(const char *path, const char *expected)
{
    struct buf content = BUF_EMPTY;
    bool same =
        file_read_all(path, &content, 1 << 20, NULL) == STATUS_OK && str_equal(buf_str(&content), str_from(expected));
    buf_release(&content);
    return same;
}

static void test_replace_survives(void **state)
{
    (void)state;
    make_durable("a", "first");
    make_durable("a", "second");
    for (uint64_t seed = 0; seed < 50; seed++) {
        file_sim_power_on(seed);
        assert_content("a", "second");
    }
}

static void test_unsynced_is_lost_or_kept(void **state)
{
    (void)state;
    int old = 0;
    int new = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct file *f = NULL;
        make_durable("a", "old");
        assert_int_equal(file_open(&f, "a", FILE_UPDATE, NULL), STATUS_OK);
        assert_int_equal(file_write_at(f, 0, "new", 3, NULL), STATUS_OK);
        assert_content("a", "new");
        file_sim_power_on(seed);
        assert_int_equal(file_write_at(f, 0, "xxx", 3, NULL), STATUS_IO);
        file_close(f);
        old += has_content("a", "old");
        new += has_content("a", "new");
    }
    assert_int_equal(old + new, 200);
    assert_in_range(old, 60, 140);
}

/* A file is not there for sure before its directory was synced, whatever was done to the file. */
static void test_directory_entries(void **state)
{
    (void)state;
    int there = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct file *f = NULL;
        assert_int_equal(file_open(&f, "f", FILE_CREATE, NULL), STATUS_OK);
        assert_int_equal(file_sync(f, NULL), STATUS_OK);
        file_close(f);
        file_sim_power_on(seed);
        if (file_exists("f")) {
            there++;
            assert_int_equal(file_remove("f", NULL), STATUS_OK);
            assert_int_equal(dir_sync("/", NULL), STATUS_OK);
        }
    }
    assert_in_range(there, 60, 140);
}

static void test_rename_is_one_step(void **state)
{
    (void)state;
    int renamed = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        make_durable("a", "content");
        assert_int_equal(file_rename("a", "b", NULL), STATUS_OK);
        assert_false(file_exists("a"));
        file_sim_power_on(seed);
        assert_int_not_equal(file_exists("a"), file_exists("b"));
        renamed += file_exists("b");
        if (file_exists("b")) {
            assert_int_equal(file_remove("b", NULL), STATUS_OK);
            assert_int_equal(dir_sync("", NULL), STATUS_OK);
        }
    }
    assert_in_range(renamed, 60, 140);
}

static void test_rename_between_directories(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        assert_int_equal(dir_make("x/y", NULL), STATUS_OK);
        assert_int_equal(dir_make("z", NULL), STATUS_OK);
        make_durable("x/y/f", "moved");
        make_durable("z/f", "in the way");
        assert_int_equal(file_remove("z/f", NULL), STATUS_OK);
        assert_int_equal(file_rename("x/y/f", "z/f", NULL), STATUS_OK);
        assert_int_equal(dir_sync(seed % 2 ? "x/y" : "z", NULL), STATUS_OK);
        file_sim_power_on(seed);
        assert_content("z/f", "moved");
        if (seed % 2) {
            assert_false(file_exists("x/y/f"));
        }
    }
}

static void test_ignored_sync_loses(void **state)
{
    (void)state;
    int lost = 0;
    file_sim_ignore_sync(true);
    for (uint64_t seed = 0; seed < 100; seed++) {
        make_durable("a", "something");
        file_sim_power_on(seed);
        lost += !has_content("a", "something");
    }
    assert_true(lost > 20);
}

/* Linux marks pages clean when writing them back has failed: the next fdatasync succeeds without them. */
static void test_failed_sync_is_reported_and_loses(void **state)
{
    (void)state;
    int lost = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct file *f = NULL;
        struct error err = {0};
        const struct file_sim_fault fault = {FILE_SIM_SYNCS, 1, false, FILE_SIM_EIO};
        make_durable("a", "old");
        assert_int_equal(file_open(&f, "a", FILE_UPDATE, NULL), STATUS_OK);
        assert_int_equal(file_write_at(f, 0, "new", 3, NULL), STATUS_OK);
        file_sim_fail(&fault);
        assert_int_equal(file_sync(f, &err), STATUS_IO);
        assert_string_equal(err.message, "'a': Input/output error");
        assert_int_equal(file_sim_fault_count(), 1);
        assert_int_equal(file_sync(f, NULL), STATUS_OK);
        assert_content("a", "new");
        file_close(f);
        file_sim_power_on(seed);
        lost += has_content("a", "old");
    }
    assert_in_range(lost, 20, 80);
}

static void test_faults(void **state)
{
    (void)state;
    struct file *f = NULL;
    struct error err = {0};
    char bytes[4];
    size_t got = 0;
    assert_int_equal(file_open(&f, "f", FILE_CREATE, NULL), STATUS_OK);
    file_sim_fail(&(struct file_sim_fault){FILE_SIM_WRITES, 2, false, FILE_SIM_ENOSPC});
    assert_int_equal(file_write_at(f, 0, "1111", 4, NULL), STATUS_OK);
    assert_int_equal(file_write_at(f, 0, "2222", 4, &err), STATUS_FULL);
    assert_string_equal(err.message, "'f': No space left on device");
    assert_content("f", "2211");
    assert_int_equal(file_write_at(f, 0, "3333", 4, NULL), STATUS_OK);
    file_sim_fail(&(struct file_sim_fault){FILE_SIM_WRITES, 1, true, FILE_SIM_EIO});
    assert_int_equal(file_write_at(f, 0, "4444", 4, NULL), STATUS_IO);
    assert_int_equal(file_truncate(f, 1, NULL), STATUS_IO);
    assert_content("f", "3333");
    assert_int_equal(file_sim_fault_count(), 2);
    file_sim_fail(&(struct file_sim_fault){FILE_SIM_READS, 1, false, FILE_SIM_EIO});
    assert_int_equal(file_read_at(f, 0, bytes, 4, &got, NULL), STATUS_IO);
    assert_int_equal(file_read_at(f, 0, bytes, 4, &got, NULL), STATUS_OK);
    assert_int_equal(got, 4);
    file_sim_fail(&(struct file_sim_fault){FILE_SIM_NAMES, 1, true, FILE_SIM_EIO});
    assert_int_equal(file_rename("f", "g", NULL), STATUS_IO);
    assert_int_equal(file_remove("f", NULL), STATUS_IO);
    file_sim_fail(NULL);
    assert_int_equal(file_rename("f", "g", NULL), STATUS_OK);
    file_close(f);
}

static void test_lock(void **state)
{
    (void)state;
    struct file *first = NULL;
    struct file *second = NULL;
    assert_int_equal(file_lock(&first, "lock", NULL), STATUS_OK);
    assert_int_equal(file_lock(&second, "lock", NULL), STATUS_BUSY);
    assert_null(second);
    file_close(first);
    assert_int_equal(file_lock(&first, "lock", NULL), STATUS_OK);
    file_sim_power_on(1);
    assert_int_equal(file_lock(&second, "lock", NULL), STATUS_OK);
    file_close(second);
    file_close(first);
}

/*
 * A program with a known rule, at every operation: two records in one file, the second written only after the first is
 * durable. After any cut: the second is never there without the first, and what was acknowledged is there.
 */
static int run_two_records(void)
{
    struct file *f = NULL;
    int acknowledged = 0;
    if (file_open(&f, "log", FILE_CREATE, NULL) != STATUS_OK || dir_sync(".", NULL) != STATUS_OK) {
        goto out;
    }
    for (int i = 0; i < 2; i++) {
        char record[600];
        memset(record, 'A' + i, sizeof(record));
        if (file_write_at(f, (uint64_t)i * sizeof(record), record, sizeof(record), NULL) != STATUS_OK ||
            file_sync(f, NULL) != STATUS_OK) {
            goto out;
        }
        acknowledged++;
    }
out:
    file_close(f);
    return acknowledged;
}

static int whole_records(void)
{
    struct buf content = BUF_EMPTY;
    int count = 0;
    if (file_read_all("log", &content, 1 << 20, NULL) == STATUS_OK) {
        while (count < 2 && content.size >= (size_t)(count + 1) * 600) {
            bool whole = true;
            for (size_t i = 0; i < 600; i++) {
                whole = whole && content.data[(size_t)count * 600 + i] == 'A' + count;
            }
            if (!whole) {
                break;
            }
            count++;
        }
    }
    buf_release(&content);
    return count;
}

static int lost_acknowledgements(bool ignore_sync)
{
    int lost = 0;
    for (uint64_t cut = 1; cut <= 7; cut++) {
        for (uint64_t seed = 0; seed < 100; seed++) {
            file_sim_start();
            file_sim_ignore_sync(ignore_sync);
            file_sim_cut_power_at(cut);
            int acknowledged = run_two_records();
            assert_int_equal(file_sim_power_is_off(), cut <= 6);
            file_sim_power_on(seed);
            lost += whole_records() < acknowledged;
            file_sim_stop();
        }
    }
    return lost;
}

static void test_cut_at_every_operation(void **state)
{
    (void)state;
    assert_int_equal(lost_acknowledgements(false), 0);
    assert_true(lost_acknowledgements(true) > 100);
    file_sim_start(); /* for the teardown */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replace_survives, start, stop),
        cmocka_unit_test_setup_teardown(test_unsynced_is_lost_or_kept, start, stop),
        cmocka_unit_test_setup_teardown(test_directory_entries, start, stop),
        cmocka_unit_test_setup_teardown(test_rename_is_one_step, start, stop),
        cmocka_unit_test_setup_teardown(test_rename_between_directories, start, stop),
        cmocka_unit_test_setup_teardown(test_ignored_sync_loses, start, stop),
        cmocka_unit_test_setup_teardown(test_failed_sync_is_reported_and_loses, start, stop),
        cmocka_unit_test_setup_teardown(test_faults, start, stop),
        cmocka_unit_test_setup_teardown(test_lock, start, stop),
        cmocka_unit_test_setup_teardown(test_cut_at_every_operation, NULL, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
