/* Labels: concurrent */
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
#include "tests/support/random.h"

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

/*
 * Against a model: one file, random writes, resizes and syncs. The model remembers for each byte every value it had
 * since the last sync (a bit for each value; values are few), and every size. After the cut each byte must be one of
 * these, or anything when it was behind the synced size.
 */
enum { MODEL_BYTES = 2500, VALUES = 60 };

struct model {
    uint64_t possible[MODEL_BYTES];
    uint8_t now[MODEL_BYTES];
    bool size_possible[MODEL_BYTES + 1];
    size_t size;
    size_t synced_size;
};

static void model_set(struct model *m, size_t at, uint8_t value)
{
    m->now[at] = value;
    m->possible[at] |= UINT64_C(1) << value;
}

static void model_resize(struct model *m, size_t size)
{
    for (size_t i = size; i < MODEL_BYTES; i++) {
        model_set(m, i, 0);
    }
    m->size = size;
    m->size_possible[size] = true;
}

static void model_settle(struct model *m)
{
    memset(m->size_possible, 0, sizeof(m->size_possible));
    m->size_possible[m->size] = true;
    m->synced_size = m->size;
    for (size_t i = 0; i < MODEL_BYTES; i++) {
        m->possible[i] = UINT64_C(1) << m->now[i];
    }
}

static void model_step(struct model *m, struct file *f, struct random *r)
{
    uint64_t kind = random_below(r, 10);
    size_t from = random_below(r, MODEL_BYTES);
    if (kind < 6) {
        uint8_t bytes[MODEL_BYTES];
        size_t count = 1 + random_below(r, MODEL_BYTES - from);
        for (size_t i = 0; i < count; i++) {
            bytes[i] = (uint8_t)(1 + random_below(r, VALUES));
            model_set(m, from + i, bytes[i]);
        }
        assert_int_equal(file_write_at(f, from, bytes, count, NULL), STATUS_OK);
        m->size = from + count > m->size ? from + count : m->size;
        m->size_possible[m->size] = true;
    } else if (kind < 8) {
        assert_int_equal(file_truncate(f, from, NULL), STATUS_OK);
        model_resize(m, from);
    } else {
        assert_int_equal(file_sync(f, NULL), STATUS_OK);
        model_settle(m);
    }
}

/* Reads what is left, checks it, and takes it over as the new truth. */
static void model_check(struct model *m, struct file *f)
{
    uint8_t bytes[MODEL_BYTES];
    size_t size = 0;
    assert_int_equal(file_read_at(f, 0, bytes, sizeof(bytes), &size, NULL), STATUS_OK);
    assert_true(m->size_possible[size]);
    for (size_t i = 0; i < size; i++) {
        /* Garbage fills whole sectors that begin behind the synced size. */
        bool free_choice = i / FILE_SIM_SECTOR * FILE_SIM_SECTOR >= m->synced_size;
        if (!free_choice && !(m->possible[i] >> bytes[i] & 1)) {
            fail_msg("byte %zu is %u", i, bytes[i]);
        }
    }
    memset(m->now, 0, sizeof(m->now));
    for (size_t i = 0; i < size; i++) {
        m->now[i] = bytes[i] <= VALUES ? bytes[i] : 0;
    }
    m->size = size;
    model_settle(m);
}

static void test_against_a_model(void **state)
{
    (void)state;
    struct random r = random_start("file_sim_against_a_model");
    for (size_t round = 0; round < random_rounds(300, 10000); round++) {
        static struct model m;
        struct file *f = NULL;
        memset(&m, 0, sizeof(m));
        model_settle(&m);
        make_durable("a", "");
        for (int cuts = 0; cuts < 3; cuts++) {
            assert_int_equal(file_open(&f, "a", FILE_UPDATE, NULL), STATUS_OK);
            for (uint64_t i = random_below(&r, 12); i > 0; i--) {
                model_step(&m, f, &r);
            }
            file_close(f);
            file_sim_power_on(random_next(&r));
            assert_int_equal(file_open(&f, "a", FILE_UPDATE, NULL), STATUS_OK);
            model_check(&m, f);
            /* Garbage is not in the model: begin again from zeros, synced. */
            assert_int_equal(file_truncate(f, 0, NULL), STATUS_OK);
            assert_int_equal(file_sync(f, NULL), STATUS_OK);
            model_resize(&m, 0);
            model_settle(&m);
            file_close(f);
        }
    }
}

static void *write_own_file(void *context)
{
    char path[32];
    char text[32];
    int number = *(int *)context;
    for (int i = 0; i < 200; i++) {
        sprintf(path, "thread%d", number);
        sprintf(text, "%d/%d", number, i);
        if (file_replace(path, str_from(text), NULL) != STATUS_OK || !has_content(path, text)) {
            *(int *)context = -1;
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    int numbers[4] = {0, 1, 2, 3};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_own_file, &numbers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(numbers[i], i);
    }
    file_sim_power_on(7);
    assert_content("thread2", "2/199");
}

/* Every call of file_replace fails in turn, once: it says so, and the file is the old or the new one, whole. */
static void test_replace_with_every_fault(void **state)
{
    (void)state;
    static const enum file_sim_errno errors[] = {FILE_SIM_EIO, FILE_SIM_ENOSPC, FILE_SIM_SHORT_WRITE};
    for (size_t e = 0; e < 3; e++) {
        for (uint64_t nth = 1;; nth++) {
            make_durable("a", "the old content");
            file_sim_fail(&(struct file_sim_fault){FILE_SIM_ALL_CALLS, nth, false, errors[e]});
            enum status status = file_replace("a", STR("and the new one"), NULL);
            bool struck = file_sim_fault_count() > 0;
            file_sim_fail(NULL);
            if (!struck) {
                assert_int_equal(status, STATUS_OK);
                assert_int_equal(nth, 6); /* open, write, sync, rename, sync the directory */
                break;
            }
            assert_int_equal(status, errors[e] == FILE_SIM_ENOSPC ? STATUS_FULL : STATUS_IO);
            assert_true(has_content("a", "the old content") || has_content("a", "and the new one"));
            file_sim_power_on(nth);
            assert_true(has_content("a", "the old content") || has_content("a", "and the new one"));
        }
    }
}

/* The power goes at every operation of file_replace: always the old or the new content. */
static void test_replace_with_every_cut(void **state)
{
    (void)state;
    for (uint64_t cut = 1; cut <= 6; cut++) {
        for (uint64_t seed = 0; seed < 50; seed++) {
            make_durable("a", "the old content");
            file_sim_cut_power_at(file_sim_operations() + cut);
            enum status status = file_replace("a", STR("and the new one"), NULL);
            assert_int_equal(status == STATUS_OK, cut == 6);
            file_sim_power_on(seed);
            bool is_new = has_content("a", "and the new one");
            assert_true(is_new || (cut < 6 && has_content("a", "the old content")));
        }
    }
}

/* A folder whose parent could not be synced is no folder yet: the next dir_make makes it durable. */
static void test_folder_after_a_failed_sync(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 32; seed++) {
        struct file *f = NULL;
        file_sim_stop();
        file_sim_start();
        file_sim_fail(&(struct file_sim_fault){FILE_SIM_SYNCS, 1, false, FILE_SIM_EIO});
        assert_int_equal(dir_make("x", NULL), STATUS_IO);
        assert_int_equal(dir_make("x", NULL), STATUS_OK);
        assert_int_equal(file_open(&f, "x/f", FILE_CREATE, NULL), STATUS_OK);
        assert_int_equal(file_sync(f, NULL), STATUS_OK);
        assert_int_equal(dir_sync("x", NULL), STATUS_OK);
        file_close(f);
        file_sim_power_on(seed);
        assert_true(file_exists("x/f"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folder_after_a_failed_sync, start, stop),
        cmocka_unit_test_setup_teardown(test_replace_survives, start, stop),
        cmocka_unit_test_setup_teardown(test_unsynced_is_lost_or_kept, start, stop),
        cmocka_unit_test_setup_teardown(test_directory_entries, start, stop),
        cmocka_unit_test_setup_teardown(test_rename_is_one_step, start, stop),
        cmocka_unit_test_setup_teardown(test_rename_between_directories, start, stop),
        cmocka_unit_test_setup_teardown(test_ignored_sync_loses, start, stop),
        cmocka_unit_test_setup_teardown(test_failed_sync_is_reported_and_loses, start, stop),
        cmocka_unit_test_setup_teardown(test_faults, start, stop),
        cmocka_unit_test_setup_teardown(test_lock, start, stop),
        cmocka_unit_test_setup_teardown(test_against_a_model, start, stop),
        cmocka_unit_test_setup_teardown(test_threads, start, stop),
        cmocka_unit_test_setup_teardown(test_replace_with_every_fault, start, stop),
        cmocka_unit_test_setup_teardown(test_replace_with_every_cut, start, stop),
        cmocka_unit_test_setup_teardown(test_cut_at_every_operation, NULL, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
