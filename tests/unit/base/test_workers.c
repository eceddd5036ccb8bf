/* Labels: concurrent */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "indexer/base/workers.h"

static void count_up(void *context)
{
    atomic_fetch_add((atomic_size_t *)context, 1);
}

static void test_all_jobs_run(void **state)
{
    (void)state;
    atomic_size_t count = 0;
    struct workers *w = workers_new(3, 4, "test", 0);
    assert_int_equal(workers_thread_count(w), 3);
    for (int i = 0; i < 1000; i++) {
        workers_submit(w, count_up, &count);
    }
    workers_free(w); /* runs what is queued */
    assert_int_equal(atomic_load(&count), 1000);
    workers_free(NULL);
    assert_true(processor_count() >= 1);
    w = workers_new(0, 1, "a name that is too long for the kernel", 5);
    assert_int_equal(workers_thread_count(w), processor_count());
    workers_free(w);
}

struct gate {
    pthread_mutex_t lock;
    atomic_size_t entered;
};

static void wait_at_gate(void *context)
{
    struct gate *gate = context;
    atomic_fetch_add(&gate->entered, 1);
    pthread_mutex_lock(&gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

/* A full queue refuses, and takes again when there is room. */
static void test_try(void **state)
{
    (void)state;
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct workers *w = workers_new(1, 2, "test", 0);
    pthread_mutex_lock(&gate.lock);
    workers_submit(w, wait_at_gate, &gate);
    while (atomic_load(&gate.entered) == 0) {
        usleep(100);
    }
    assert_true(workers_try(w, wait_at_gate, &gate));
    assert_true(workers_try(w, wait_at_gate, &gate));
    assert_false(workers_try(w, wait_at_gate, &gate));
    pthread_mutex_unlock(&gate.lock);
    workers_submit(w, wait_at_gate, &gate);
    workers_free(w);
    assert_int_equal(atomic_load(&gate.entered), 4);
}

enum { ITEMS = 5000 };

static void square(void *context, size_t index)
{
    size_t *items = context;
    items[index] += index * index;
}

static void test_for(void **state)
{
    (void)state;
    static size_t items[ITEMS];
    struct workers *w = workers_new(4, 2, "test", 0);
    for (int round = 0; round < 50; round++) {
        workers_for(w, ITEMS, square, items);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(items[i], 50 * i * i);
    }
    workers_for(w, 0, square, NULL);
    workers_for(w, 1, square, items);
    workers_free(w);
}

static void mark_slowly(void *context, size_t index)
{
    usleep(2000);
    ((bool *)context)[index] = true;
}

/* When the loop returns, the last bodies have returned too. */
static void test_for_waits(void **state)
{
    (void)state;
    struct workers *w = workers_new(4, 8, "test", 0);
    for (int round = 0; round < 20; round++) {
        bool marks[5] = {false};
        workers_for(w, 5, mark_slowly, marks);
        for (size_t i = 0; i < 5; i++) {
            assert_true(marks[i]);
        }
    }
    workers_free(w);
}

/* While all threads are busy with something else, the caller does the loop alone and does not wait for them. */
static void test_for_with_a_busy_pool(void **state)
{
    (void)state;
    static size_t items[100];
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct workers *w = workers_new(2, 8, "test", 0);
    pthread_mutex_lock(&gate.lock);
    workers_submit(w, wait_at_gate, &gate);
    workers_submit(w, wait_at_gate, &gate);
    while (atomic_load(&gate.entered) < 2) {
        usleep(100);
    }
    workers_for(w, 100, square, items);
    assert_int_equal(items[99], 99 * 99);
    pthread_mutex_unlock(&gate.lock);
    workers_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_jobs_run),
        cmocka_unit_test(test_try),
        cmocka_unit_test(test_for),
        cmocka_unit_test(test_for_waits),
        cmocka_unit_test(test_for_with_a_busy_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
