/* Kept pages: what is found is what was kept under the key, within the bytes allowed, by threads at once, too.
 * Labels: concurrent */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/rcu.h"
#include "server/query/pages.h"

enum { LIMIT = 64 << 10, KEYS = 200, THREADS = 3, TURNS = 20000 };

static struct hash128 key_of(uint64_t number)
{
    return (struct hash128){number % 7, number}; /* few buckets, so that chains are long */
}

/* A page whose total is the number, with facets whose names and counts follow from it. */
static void keep(struct pages *p, uint64_t number)
{
    char name[32];
    struct facet_count values[3];
    struct facet_result facets[2];
    struct search_result answer = {.total = number, .facets = facets, .facet_count = 2};
    struct hash128 key = key_of(number);

    (void)snprintf(name, sizeof(name), "facet-%llu", (unsigned long long)number);
    for (size_t i = 0; i < 3; i++)
        values[i] = (struct facet_count){str_slice(str_from(name), 0, 5 + i), number + i};
    facets[0] = (struct facet_result){.attribute = str_from(name), .counts = values, .count = 3};
    facets[1] = (struct facet_result){.attribute = STR("none")};
    pages_keep_counts(p, &key, &answer);
}

/* False when it is not kept. */
static bool check(struct pages *p, uint64_t number, struct arena *arena)
{
    struct hash128 key = key_of(number);
    const struct page_counts *found = pages_counts(p, &key);
    struct search_result answer = {0};
    char name[32];

    if (!found)
        return false;
    (void)snprintf(name, sizeof(name), "facet-%llu", (unsigned long long)number);
    if (!page_counts_copy(found, arena, &answer) || answer.total != number || answer.facet_count != 2 ||
        !str_equal(answer.facets[0].attribute, str_from(name)) || answer.facets[0].count != 3 ||
        !str_equal(answer.facets[1].attribute, STR("none")) || answer.facets[1].count != 0)
        fail_msg("page %llu is another one", (unsigned long long)number);
    for (size_t i = 0; i < 3; i++) {
        const struct facet_count *v = &answer.facets[0].counts[i];
        if (v->count != number + i || !str_equal(v->value, str_slice(str_from(name), 0, 5 + i)))
            fail_msg("a value of page %llu is another one", (unsigned long long)number);
    }
    return true;
}

static void test_within_bytes_the_asked_for_stay(void **state)
{
    (void)state;
    struct pages *p = pages_new(LIMIT, false);
    struct arena arena;
    uint32_t found = 0;

    arena_init(&arena, 0);
    keep(p, 1);
    for (uint64_t i = 2; i < 1000; i++) {
        pages_begin(p);
        keep(p, i);
        assert_true(check(p, 1, &arena));
        assert_true(p->bytes <= LIMIT);
        arena_reset(&arena);
    }
    for (uint64_t i = 1; i < 1000; i++)
        found += check(p, i, &arena);
    assert_true(found > 10 && found < 500);
    arena_release(&arena);
    pages_free(p);
}

static void test_none_are_kept_without_bytes(void **state)
{
    (void)state;
    struct pages *p = pages_new(0, false);
    struct arena arena;

    arena_init(&arena, 0);
    keep(p, 1);
    assert_false(check(p, 1, &arena));
    assert_null(page_tops_new(p, 1, 1));
    pages_free(p);
}

static struct pages *shared;

static void *run(void *seed)
{
    uint64_t x = (uintptr_t)seed * 0x9e3779b97f4a7c15ull + 1;
    struct arena arena;

    rcu_thread_register();
    arena_init(&arena, 0);
    for (uint32_t i = 0; i < TURNS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        if (!check(shared, x % KEYS, &arena))
            keep(shared, x % KEYS);
        arena_reset(&arena);
        rcu_quiescent();
    }
    arena_release(&arena);
    rcu_thread_unregister();
    return NULL;
}

static void test_shared_by_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];

    shared = pages_new(LIMIT / 4, true);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(shared->found > 0 && shared->found < shared->asked);
    assert_true(shared->bytes <= LIMIT / 4);
    pages_free(shared);
    rcu_barrier();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_within_bytes_the_asked_for_stay),
                                       cmocka_unit_test(test_none_are_kept_without_bytes),
                                       cmocka_unit_test(test_shared_by_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
