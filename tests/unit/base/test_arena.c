#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>

#include "indexer/base/arena.h"
#include "indexer/base/vec.h"

static void test_alignment_and_growth(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    unsigned char *pieces[300];
    for (size_t i = 0; i < 300; i++) {
        pieces[i] = arena_alloc(&a, i * 13);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i & 0xFF), i * 13);
    }
    for (size_t i = 0; i < 300; i++) {
        for (size_t k = 0; k < i * 13; k++) {
            assert_int_equal(pieces[i][k], i & 0xFF);
        }
    }
    memset(arena_alloc(&a, 5 << 20), 1, 5 << 20); /* over the largest block */
    assert_true(a.used_bytes > 5 << 20);
    arena_reset(&a);
    assert_int_equal(a.used_bytes, 0);
    void *reused = arena_alloc(&a, 5 << 20);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 5 << 20), reused);
    arena_release(&a);
    arena_release(&a);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1024);
    assert_non_null(arena_alloc(&a, 1000));
    assert_false(a.failed);
    assert_null(arena_alloc(&a, 32));
    assert_true(a.failed);
    assert_null(arena_alloc(&a, 1)); /* it stays failed, although a byte would fit */
    assert_null(arena_copy(&a, STR("abc")).data);
    assert_null(arena_printf(&a, "%d", 1).data);
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 1024));
    arena_reset(&a);
    assert_null(arena_calloc(&a, SIZE_MAX / 2, 4));
    assert_true(a.failed);
    arena_reset(&a);
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_release(&a);
}

static void test_text(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    struct str copy = arena_copy(&a, STR("abc"));
    assert_string_equal(copy.data, "abc");
    assert_int_equal(copy.size, 3);
    assert_string_equal(arena_copy(&a, (struct str){NULL, 0}).data, "");
    assert_string_equal(arena_printf(&a, "%s/%d", "x", 12).data, "x/12");
    uint64_t *numbers = ARENA_ARRAY(&a, uint64_t, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(numbers[i], 0);
    }
    arena_release(&a);
}

static void test_vec(void **state)
{
    (void)state;
    VEC(size_t) v = {0};
    for (size_t i = 0; i < 1000; i++) {
        vec_push(&v, i * i);
    }
    assert_int_equal(v.count, 1000);
    assert_int_equal(v.items[999], 999 * 999);
    vec_reserve(&v, 5000);
    assert_true(v.capacity >= 5000);
    vec_release(&v);
    assert_null(v.items);
    vec_push(&v, (size_t)1);
    assert_int_equal(v.items[0], 1);
    vec_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_and_growth),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_vec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
