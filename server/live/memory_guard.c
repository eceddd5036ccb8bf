#include "server/live/memory_guard.h"

#include <sched.h>
#include <time.h>

#include "indexer/base/log.h"
#include "indexer/base/memory.h"
#include "indexer/base/rcu.h"
#include "server/live/live_internal.h"

/* How often the ceiling is looked at: a core reads in some 4 GB of mapped pages a second. */
enum { LOOK_US = 10000, LOOK_SOON_US = 1000, COUNT_US = 100000 };

/* Runs on every index that readers see. */
static void each_index(struct live *l, void (*visit)(const struct index_snapshot *box, void *context), void *context)
{
    const struct directory *d = atomic_load_explicit(&l->directory, memory_order_acquire);
    for (size_t i = 0; d && i < d->count; i++) {
        if (!d->entries[i].replica) {
            visit(index_current(d->entries[i].index), context);
        }
    }
}

static void release_index(const struct index_snapshot *box, void *context)
{
    const bool *numbers = context;
    for (uint32_t i = 0; i < box->s.segment_count; i++) {
        shard_memory_release(box->s.segments[i].shard, *numbers);
    }
    memory_release(box->vocabulary->suggest_map.data, box->vocabulary->suggest_map.size);
}

static void count_index(const struct index_snapshot *box, void *context)
{
    struct live_memory *m = context;
    const struct file_map *suggest = &box->vocabulary->suggest_map;
    for (uint32_t i = 0; i < box->s.segment_count; i++) {
        shard_memory_add(box->s.segments[i].shard, &m->shards);
    }
    m->suggest_bytes += suggest->size;
    m->suggest_resident += suggest->heap ? suggest->size : memory_resident(suggest->data, suggest->size);
}

static void count(struct live *l)
{
    struct memory_guard *g = &l->guard;
    struct live_memory m = {.ceiling_bytes = l->options.memory_bytes, .released = g->released};
    struct memory_use use;
    each_index(l, count_index, &m);
    (void)memory_use(&use); /* zeros when it is not to be told */
    m.resident_bytes = use.resident_bytes;
    m.file_bytes = use.file_bytes;
    m.anonymous_bytes = use.anonymous_bytes;
    m.heap_bytes = memory_heap();
    pthread_mutex_lock(&g->lock);
    g->counts = m;
    pthread_mutex_unlock(&g->lock);
}

/* Returns how long to wait before the next look. */
static long keep_under(struct live *l)
{
    struct memory_guard *g = &l->guard;
    uint64_t ceiling = l->options.memory_bytes;
    struct memory_use use;
    if (ceiling == 0 || !memory_use(&use)) {
        return COUNT_US;
    }
    bool full = atomic_load_explicit(&g->full, memory_order_relaxed);
    if (use.anonymous_bytes > ceiling / 8 * 5) {
        memory_trim();
        (void)memory_use(&use);
    }
    if (use.resident_bytes > ceiling / 2) { /* half of it is room for what is read until the next look */
        bool numbers = false;
        each_index(l, release_index, &numbers);
        g->released++;
        (void)memory_use(&use);
        numbers = use.resident_bytes > ceiling / 2;
        if (numbers) {
            each_index(l, release_index, &numbers);
            (void)memory_use(&use);
        }
    }
    /* Some room lies between refusing and taking again. */
    bool now = use.anonymous_bytes > ceiling / 8 * (full ? 4 : 5);
    if (now != full) {
        atomic_store_explicit(&g->full, now, memory_order_relaxed);
        log_warn(now ? "memory: updates are refused until there is room under --memory"
                     : "memory: updates are taken again");
    }
    return use.resident_bytes > ceiling / 4 ? LOOK_SOON_US : LOOK_US;
}

static void wait_us(struct memory_guard *g, long us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us * 1000;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&g->wake, &g->lock, &until);
}

static void *guard_main(void *context)
{
    struct live *l = context;
    struct memory_guard *g = &l->guard;
    const struct sched_param first = {.sched_priority = 1};
    pthread_setname_np(pthread_self(), "memory");
    if (l->options.memory_bytes > 0) { /* where it may, it comes before those who fill the memory */
        (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
    }
    rcu_thread_register();
    count(l);
    pthread_mutex_lock(&g->lock);
    while (!g->stopping) {
        bool wanted = g->wanted;
        g->wanted = false;
        pthread_mutex_unlock(&g->lock);
        rcu_online();
        long us = keep_under(l);
        if (wanted) {
            count(l);
        }
        rcu_offline();
        pthread_mutex_lock(&g->lock);
        if (!g->stopping && l->options.memory_bytes == 0 && !g->wanted) {
            pthread_cond_wait(&g->wake, &g->lock);
        } else if (!g->stopping) {
            wait_us(g, us);
        }
    }
    pthread_mutex_unlock(&g->lock);
    rcu_thread_unregister();
    return NULL;
}

void memory_guard_start(struct live *l)
{
    struct memory_guard *g = &l->guard;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->wake, &clock);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&g->thread, NULL, guard_main, l) != 0) {
        fatal("cannot start the memory guard's thread");
    }
    g->started = true;
}

void memory_guard_stop(struct live *l)
{
    struct memory_guard *g = &l->guard;
    if (!g->started) {
        return;
    }
    pthread_mutex_lock(&g->lock);
    g->stopping = true;
    pthread_cond_signal(&g->wake);
    pthread_mutex_unlock(&g->lock);
    pthread_join(g->thread, NULL);
    pthread_cond_destroy(&g->wake);
    pthread_mutex_destroy(&g->lock);
    g->started = false;
}

void live_memory(struct live *l, struct live_memory *out)
{
    struct memory_guard *g = &l->guard;
    *out = (struct live_memory){0};
    if (g->started) {
        pthread_mutex_lock(&g->lock);
        *out = g->counts;
        g->wanted = true;
        pthread_cond_signal(&g->wake);
        pthread_mutex_unlock(&g->lock);
    }
}
