#include "indexer/base/rcu.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <urcu/urcu-qsbr.h>

#include "indexer/base/status.h"

/*
 * Of liburcu only the grace period is used. Its call_rcu would do for the rest, but its helper thread outlives what
 * tests and sanitizers can follow; a queue and a thread of our own are forty lines.
 *
 * ThreadSanitizer cannot see into liburcu: the two notes below tell it that what a thread did before it announced
 * itself happened before what follows a grace period.
 */
#if defined(__SANITIZE_THREAD__)
#define AISLE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define AISLE_TSAN 1
#endif
#endif

#ifdef AISLE_TSAN
#include <sanitizer/tsan_interface.h>
static char grace_period;
static void note_quiescent(void)
{
    __tsan_release(&grace_period);
}
static void note_grace_period(void)
{
    __tsan_acquire(&grace_period);
}
#else
static void note_quiescent(void)
{
}
static void note_grace_period(void)
{
}
#endif

static _Thread_local bool registered;
static _Thread_local bool online;

void rcu_thread_register(void)
{
    urcu_qsbr_register_thread();
    registered = online = true;
}

void rcu_thread_unregister(void)
{
    note_quiescent();
    urcu_qsbr_unregister_thread();
    registered = online = false;
}

void rcu_quiescent(void)
{
    note_quiescent();
    urcu_qsbr_quiescent_state();
}

void rcu_offline(void)
{
    note_quiescent();
    urcu_qsbr_thread_offline();
    online = false;
}

void rcu_online(void)
{
    urcu_qsbr_thread_online();
    online = true;
}

enum rcu_hold rcu_hold(void)
{
    if (online) {
        return RCU_HELD;
    }
    if (registered) {
        rcu_online();
        return RCU_WAS_OFFLINE;
    }
    rcu_thread_register();
    return RCU_WAS_UNKNOWN;
}

void rcu_let_go(enum rcu_hold hold)
{
    if (hold == RCU_WAS_OFFLINE) {
        rcu_offline();
    } else if (hold == RCU_WAS_UNKNOWN) {
        rcu_thread_unregister();
    }
}

void rcu_wait(void)
{
    urcu_qsbr_synchronize_rcu();
    note_grace_period();
}

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;
static struct deferred *queue_head;
static struct deferred **queue_tail = &queue_head;
static uint64_t deferred_count;
static uint64_t released_count;
static bool thread_started;

static void *release_main(void *unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "rcu");
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!queue_head) {
            pthread_cond_wait(&wake, &lock);
        }
        struct deferred *list = queue_head;
        queue_head = NULL;
        queue_tail = &queue_head;
        pthread_mutex_unlock(&lock);
        rcu_wait(); /* one grace period for all that came meanwhile */
        uint64_t count = 0;
        while (list) {
            struct deferred *next = list->next;
            list->release(list->object);
            free(list);
            list = next;
            count++;
        }
        pthread_mutex_lock(&lock);
        released_count += count;
        pthread_cond_broadcast(&progress);
    }
    return NULL;
}

void rcu_defer(void (*release)(void *object), void *object)
{
    struct deferred *d = xmalloc(sizeof(*d));
    *d = (struct deferred){NULL, release, object};
    pthread_mutex_lock(&lock);
    if (!thread_started) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, release_main, NULL) != 0) {
            fatal("cannot start the rcu thread");
        }
        pthread_detach(thread);
        thread_started = true;
    }
    *queue_tail = d;
    queue_tail = &d->next;
    deferred_count++;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
}

void rcu_barrier(void)
{
    pthread_mutex_lock(&lock);
    uint64_t wanted = deferred_count;
    while (released_count < wanted) {
        pthread_cond_wait(&progress, &lock);
    }
    pthread_mutex_unlock(&lock);
}
