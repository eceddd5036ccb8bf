#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "tests/support/random.h"

/* Every test runs on the real disk, in a folder of its own, and on the simulated one. */
static char root[64];

static const char *at(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
    return path;
}

static int start_real(void **state)
{
    (void)state;
    strcpy(root, "/tmp/aisle-test-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int stop_real(void **state)
{
    (void)state;
    return dir_remove(root, NULL) == STATUS_OK ? 0 : -1;
}

static int start_sim(void **state)
{
    (void)state;
    strcpy(root, "folder");
    file_sim_start();
    return dir_make(root, NULL) == STATUS_OK ? 0 : -1;
}

static int stop_sim(void **state)
{
    (void)state;
    file_sim_stop();
    return 0;
}

#define OK(call) assert_int_equal((call), STATUS_OK)

static void assert_content(const char *path, const char *expected)
{
    struct buf content = BUF_EMPTY;
    OK(file_read_all(path, &content, 1000, NULL));
    assert_int_equal(content.size, strlen(expected));
    assert_true(str_equal(buf_str(&content), str_from(expected)));
    buf_release(&content);
}

static void test_modes(void **state)
{
    (void)state;
    struct file *f = NULL;
    struct error err = {0};
    assert_int_equal(file_open(&f, at("a"), FILE_READ, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.message, "no such file or directory"));
    assert_null(f);
    assert_int_equal(file_open(&f, at("a"), FILE_UPDATE, NULL), STATUS_NOT_FOUND);
    assert_int_equal(file_open(&f, at("no/a"), FILE_CREATE, NULL), STATUS_NOT_FOUND);
    OK(file_open(&f, at("a"), FILE_CREATE, NULL));
    OK(file_write_at(f, 0, "12345", 5, NULL));
    file_close(f);
    assert_int_equal(file_open(&f, at("a"), FILE_CREATE, NULL), STATUS_IO);
    OK(file_open(&f, at("a"), FILE_READ, NULL));
    assert_int_equal(file_write_at(f, 0, "x", 1, NULL), STATUS_IO);
    file_close(f);
    OK(file_open(&f, at("a"), FILE_UPDATE, NULL));
    OK(file_write_at(f, 1, "xx", 2, NULL));
    file_close(f);
    assert_content(at("a"), "1xx45");
    OK(file_open(&f, at("a"), FILE_REWRITE, NULL));
    file_close(f);
    assert_content(at("a"), "");
    assert_int_equal(file_open(&f, root, FILE_READ, NULL), STATUS_IO);
    file_close(NULL);
}

static void test_sizes(void **state)
{
    (void)state;
    struct file *f = NULL;
    uint64_t size = 0;
    char bytes[8];
    size_t got = 99;
    OK(file_open(&f, at("a"), FILE_CREATE, NULL));
    OK(file_preallocate(f, 3000, NULL));
    OK(file_size(f, &size, NULL));
    assert_int_equal(size, 3000);
    OK(file_preallocate(f, 10, NULL));
    OK(file_size(f, &size, NULL));
    assert_int_equal(size, 3000);
    OK(file_data_end(at("a"), &size, NULL));
    assert_true(size <= 3000);
    OK(file_write_at(f, 2998, "abcd", 4, NULL));
    OK(file_data_end(at("a"), &size, NULL));
    assert_int_equal(size, 3002);
    OK(file_read_at(f, 2996, bytes, 8, &got, NULL));
    assert_int_equal(got, 6);
    assert_memory_equal(bytes, "\0\0abcd", 6);
    OK(file_read_at(f, 5000, bytes, 8, &got, NULL));
    assert_int_equal(got, 0);
    OK(file_truncate(f, 2999, NULL));
    OK(file_truncate(f, 3001, NULL));
    OK(file_read_at(f, 2998, bytes, 8, &got, NULL));
    assert_int_equal(got, 3);
    assert_memory_equal(bytes, "a\0\0", 3);
    OK(file_sync(f, NULL));
    file_close(f);
}

static void test_map(void **state)
{
    (void)state;
    struct file_map map;
    OK(file_replace(at("a"), STR("mapped"), NULL));
    OK(file_map(&map, at("a"), FILE_MAP_READ, NULL));
    assert_int_equal(map.size, 6);
    assert_memory_equal(map.data, "mapped", 6);
    file_unmap(&map);
    assert_null(map.data);
    OK(file_map(&map, at("a"), FILE_MAP_PRIVATE, NULL));
    map.data[0] = 'M';
    file_unmap(&map);
    assert_content(at("a"), "mapped");
    OK(file_replace(at("a"), STR(""), NULL));
    OK(file_map(&map, at("a"), FILE_MAP_READ, NULL));
    assert_int_equal(map.size, 0);
    file_unmap(&map);
    assert_int_equal(file_map(&map, at("b"), FILE_MAP_READ, NULL), STATUS_NOT_FOUND);
    file_unmap(&map);
}

static void test_names(void **state)
{
    (void)state;
    char **names = NULL;
    size_t count = 0;
    int64_t ms = 0;
    struct buf content = BUF_EMPTY;
    OK(file_replace(at("b"), STR("one"), NULL));
    OK(file_link(at("b"), at("c"), NULL));
    assert_int_equal(file_link(at("b"), at("c"), NULL), STATUS_IO);
    OK(file_rename(at("b"), at("a"), NULL));
    assert_false(file_exists(at("b")));
    OK(file_replace(at("a"), STR("two"), NULL));
    assert_content(at("c"), "one"); /* a link keeps the old file */
    assert_int_equal(file_rename(at("x"), at("y"), NULL), STATUS_NOT_FOUND);
    assert_int_equal(file_remove(at("x"), NULL), STATUS_NOT_FOUND);
    OK(dir_list(root, &names, &count, NULL));
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[1], "c");
    dir_names_free(names, count);
    OK(file_modified_ms(at("a"), &ms, NULL));
    assert_true(llabs(ms - clock_wall_ms()) < 60000);
    assert_int_equal(file_modified_ms(at("x"), &ms, NULL), STATUS_NOT_FOUND);
    assert_int_equal(file_read_all(at("a"), &content, 2, NULL), STATUS_LIMIT);
    assert_int_equal(file_read_all(at("x"), &content, 2, NULL), STATUS_NOT_FOUND);
    assert_int_equal(file_rename(at("a"), root, NULL), STATUS_IO);
    assert_int_equal(file_remove(root, NULL), STATUS_IO);
    buf_release(&content);
}

static void test_directories(void **state)
{
    (void)state;
    char **names = NULL;
    size_t count = 0;
    OK(dir_make(at("x/y/z/"), NULL));
    OK(dir_make(at("x/y/z"), NULL));
    OK(file_replace(at("x/y/f"), STR("1"), NULL));
    assert_int_equal(dir_make(at("x/y/f"), NULL), STATUS_IO);
    assert_int_not_equal(dir_make(at("x/y/f/g"), NULL), STATUS_OK);
    OK(dir_sync(at("x/y"), NULL));
    assert_int_equal(dir_sync(at("q"), NULL), STATUS_NOT_FOUND);
    assert_int_equal(dir_list(at("q"), &names, &count, NULL), STATUS_NOT_FOUND);
    assert_int_equal(count, 0);
    OK(file_rename(at("x/y"), at("moved"), NULL));
    assert_content(at("moved/f"), "1");
    OK(dir_remove(at("moved"), NULL));
    assert_false(file_exists(at("moved")));
    OK(dir_remove(at("moved"), NULL));
    OK(dir_list(at("x"), &names, &count, NULL));
    assert_int_equal(count, 0);
    dir_names_free(names, count);
}

static void test_lock(void **state)
{
    (void)state;
    struct file *first = NULL;
    struct file *second = NULL;
    struct error err = {0};
    OK(file_lock(&first, at("lock"), NULL));
    assert_int_equal(file_lock(&second, at("lock"), &err), STATUS_BUSY);
    assert_non_null(strstr(err.message, "is locked by another process"));
    file_close(first);
    OK(file_lock(&second, at("lock"), NULL));
    file_close(second);
}

/* Removing a folder removes the links in it, not what they lead to. */
static void test_links_are_not_followed(void **state)
{
    (void)state;
    OK(dir_make(at("x"), NULL));
    OK(dir_make(at("kept"), NULL));
    OK(file_replace(at("kept/f"), STR("1"), NULL));
    assert_int_equal(symlink("../kept", at("x/link")), 0);
    assert_int_equal(symlink("../nowhere", at("x/broken")), 0);
    assert_true(file_exists(at("x/link/f")));
    assert_false(file_exists(at("x/broken")));
    OK(dir_remove(at("x"), NULL));
    assert_false(file_exists(at("x")));
    assert_content(at("kept/f"), "1");
}

/* A full disk: /dev/full says ENOSPC on every write. */
static void test_full_disk(void **state)
{
    (void)state;
    struct file *f = NULL;
    struct error err = {0};
    OK(file_open(&f, "/dev/full", FILE_UPDATE, NULL));
    assert_int_equal(file_write_at(f, 0, "x", 1, &err), STATUS_FULL);
    assert_non_null(strstr(err.message, "/dev/full"));
    file_close(f);
}

/* fdatasync of a pipe's like fails: the error must come through. */
static void test_sync_error_is_reported(void **state)
{
    (void)state;
    struct file *f = NULL;
    struct error err = {0};
    OK(file_open(&f, "/dev/null", FILE_UPDATE, NULL));
    assert_int_equal(file_sync(f, &err), STATUS_IO);
    assert_non_null(strstr(err.message, "cannot sync '/dev/null'"));
    file_close(f);
}

enum { MODEL_BYTES = 6000 };

/* The content of one file under random writes, truncations and syncs, against a plain array, on both disks. */
static void test_against_an_array(void **state)
{
    (void)state;
    struct random r = random_start("file_against_an_array");
    struct file *f = NULL;
    static uint8_t model[MODEL_BYTES];
    static uint8_t bytes[MODEL_BYTES];
    size_t size = 0;
    memset(model, 0, sizeof(model));
    OK(file_open(&f, at("a"), FILE_CREATE, NULL));
    for (size_t round = 0; round < random_rounds(1000, 20000); round++) {
        size_t from = random_below(&r, MODEL_BYTES);
        size_t count = random_below(&r, MODEL_BYTES - from);
        if (random_chance(&r, 20)) {
            OK(file_truncate(f, from, NULL));
            if (from < size) {
                memset(model + from, 0, size - from);
            }
            size = from;
        } else if (random_chance(&r, 60) && count) {
            random_fill(&r, bytes, count);
            OK(file_write_at(f, from, bytes, count, NULL));
            memcpy(model + from, bytes, count);
            size = from + count > size ? from + count : size;
        }
        if (random_chance(&r, 5)) {
            OK(file_sync(f, NULL));
        }
        size_t got = 0;
        OK(file_read_at(f, from, bytes, count, &got, NULL));
        assert_int_equal(got, from >= size ? 0 : count < size - from ? count : size - from);
        assert_memory_equal(bytes, model + from, got);
    }
    file_close(f);
}

#define ON_BOTH(test)                                                                                                  \
    cmocka_unit_test_setup_teardown(test, start_real, stop_real),                                                      \
        cmocka_unit_test_setup_teardown(test, start_sim, stop_sim)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_modes),
        ON_BOTH(test_sizes),
        ON_BOTH(test_map),
        ON_BOTH(test_names),
        ON_BOTH(test_directories),
        ON_BOTH(test_lock),
        ON_BOTH(test_against_an_array),
        cmocka_unit_test_setup_teardown(test_links_are_not_followed, start_real, stop_real),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_sync_error_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
