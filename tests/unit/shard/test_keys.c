/* Texts by number and numbers by text, of one size and of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/arena.h"
#include "indexer/base/hash.h"
#include "indexer/shard/keys.h"

enum { MOST = 5000 };

static void check(struct arena *arena, uint32_t count, bool one_size)
{
    static struct str keys[MOST];
    struct container_writer w;
    struct container c;
    struct buf image = BUF_EMPTY;
    struct keys k;

    for (uint32_t i = 0; i < count; i++)
        keys[i] = one_size ? arena_printf(arena, "P%07u", i * 7919 % 9999991) : arena_printf(arena, "%x", i * i);
    container_writer_init(&w, CONTAINER_SHARD, &image, NULL);
    assert_int_equal(keys_write(&w, KEYS_GROUPS, keys, count, NULL), STATUS_OK);
    assert_int_equal(container_finish(&w, 1, NULL), STATUS_OK);
    container_writer_release(&w);
    assert_int_equal(container_open(&c, CONTAINER_SHARD, image.data, image.size, NULL), STATUS_OK);
    assert_int_equal(keys_open(&k, KEYS_GROUPS, &c, count, NULL), STATUS_OK);
    assert_true((k.offsets == NULL) == (count > 0 && (one_size || keys[count - 1].size == 1)));
    for (uint32_t i = 0; i < count; i++)
        assert_true(keys_text_sound(&k, KEYS_GROUPS, &c, i) && str_equal(keys_text(&k, i), keys[i]));
    assert_false(keys_text_sound(&k, KEYS_GROUPS, &c, count));
    assert_int_equal(keys_check_whole(&k, KEYS_GROUPS, &c, NULL), STATUS_OK);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(keys_find(&k, keys[i]), i);
        assert_int_not_equal(keys_guess(&k, hash64(keys[i].data, keys[i].size)), DOC_NONE);
        assert_int_equal(keys_find(&k, arena_printf(arena, "Q%07u", i)), DOC_NONE);
    }
    container_close(&c);
    buf_release(&image);
}

static void test_keys(void **state)
{
    static const uint32_t COUNTS[] = {0, 1, 2, 3, 7, 64, 255, 256, 257, MOST};
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(COUNTS) / sizeof(COUNTS[0]); i++) {
        arena_init(&arena, 0);
        check(&arena, COUNTS[i / 2], i % 2);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
