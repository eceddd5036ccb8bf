#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file.h"
#include "indexer/base/memory.h"
#include "tests/support/temporary.h"

enum { FILE_BYTES = 4 << 20 };

static void test_use(void **state)
{
    (void)state;
    struct memory_use use;
    char *block = malloc(8 << 20);
    assert_non_null(block);
    memset(block, 7, 8 << 20);
    assert_true(memory_use(&use));
    assert_int_equal(use.resident_bytes, use.file_bytes + use.anonymous_bytes);
    assert_true(use.anonymous_bytes >= 8 << 20);
#ifndef __SANITIZE_ADDRESS__ /* whose heap is not the library's */
#ifndef __SANITIZE_THREAD__
    assert_true(memory_heap() >= 8 << 20);
#endif
#endif
    free(block);
    memory_trim();
}

/* What was read is resident; given back it is not, and reads the same again. */
static void test_release(void **state)
{
    (void)state;
    struct temporary place = temporary_of("memory");
    const char *path = place.path;
    struct file_map map;
    struct buf bytes = {0};
    uint64_t sum = 0;
    memset(buf_reserve(&bytes, FILE_BYTES), 3, FILE_BYTES);
    bytes.size = FILE_BYTES;
    assert_int_equal(file_replace(path, buf_str(&bytes), NULL), STATUS_OK);
    buf_release(&bytes);
    assert_int_equal(file_map(&map, path, FILE_MAP_PRIVATE, NULL), STATUS_OK);
    for (size_t at = 0; at < map.size; at += 512) {
        sum += map.data[at];
    }
    assert_int_equal(sum, FILE_BYTES / 512 * 3);
    assert_int_equal(memory_resident(map.data, map.size), FILE_BYTES);
    assert_int_equal(memory_resident(map.data + 100, 50), 50);
    assert_true(memory_cached(map.data, map.size) > 0);
    memory_release(map.data + 1, map.size - 1); /* the first page stays: it is not in the range as a whole */
    assert_true(memory_resident(map.data, map.size) < FILE_BYTES / 2);
    for (size_t at = 0; at < map.size; at += 512) {
        sum -= map.data[at];
    }
    assert_int_equal(sum, 0);
    map.data[5000] = 9; /* what was written stays */
    memory_page_out(map.data, map.size);
    assert_int_equal(map.data[5000], 9);
    assert_int_equal(map.data[4999], 3);
    file_unmap(&map);
    assert_int_equal(file_remove(path, NULL), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_use), cmocka_unit_test(test_release)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
