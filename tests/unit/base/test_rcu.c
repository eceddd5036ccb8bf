/* Labels: concurrent */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "indexer/base/rcu.h"

enum { READERS = 3, UPDATES = 2000, LIVE = 0x600D, DEAD = 0xDEAD };

/* What is released is also marked, so that a reader that comes too late counts it even without a sanitizer. */
struct thing {
    atomic_int state;
    uint64_t value;
    uint64_t twice;
};

static struct thing *_Atomic published;
static atomic_bool stopping;
static atomic_size_t reads;
static atomic_size_t wrong;
static atomic_size_t released;

static void *reader_main(void *unused)
{
    (void)unused;
    rcu_thread_register();
    while (!atomic_load(&stopping)) {
        for (int i = 0; i < 100; i++) {
            struct thing *t = atomic_load_explicit(&published, memory_order_acquire);
            if (atomic_load_explicit(&t->state, memory_order_relaxed) != LIVE || t->twice != t->value * 2) {
                atomic_fetch_add(&wrong, 1);
            }
            atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
        }
        rcu_quiescent();
        rcu_offline();
        rcu_online();
    }
    rcu_thread_unregister();
    return NULL;
}

static void release(void *object)
{
    struct thing *t = object;
    atomic_store_explicit(&t->state, DEAD, memory_order_relaxed);
    t->twice = 0;
    atomic_fetch_add(&released, 1);
    free(t);
}

static struct thing *new_thing(uint64_t value)
{
    struct thing *t = malloc(sizeof(*t));
    atomic_init(&t->state, LIVE);
    t->value = value;
    t->twice = value * 2;
    return t;
}

static void test_readers_never_see_what_is_released(void **state)
{
    (void)state;
    pthread_t threads[READERS];
    atomic_store(&published, new_thing(0));
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader_main, NULL), 0);
    }
    while (atomic_load(&reads) < 100) {
        usleep(100);
    }
    for (uint64_t i = 1; i <= UPDATES; i++) {
        struct thing *old = atomic_exchange_explicit(&published, new_thing(i), memory_order_acq_rel);
        if (i % 500 == 0) {
            rcu_wait();
            release(old);
        } else {
            rcu_defer(release, old);
        }
    }
    rcu_barrier();
    assert_int_equal(atomic_load(&released), UPDATES);
    atomic_store(&stopping, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&wrong), 0);
    free(atomic_load(&published));
}

static void test_barrier_with_nothing_deferred(void **state)
{
    (void)state;
    rcu_barrier();
    rcu_wait();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barrier_with_nothing_deferred),
        cmocka_unit_test(test_readers_never_see_what_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
