/*
 * Work at the lowest priority: the merging of deltas on one thread, rebuilds on another, since they take long. Under
 * full load they get a hundredth of a processor. So what updates wait for, or a restart, has normal priority: urgent
 * merges and checkpoints, on threads of their own.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "server/live/adopt.h"
#include "server/live/live_internal.h"
#include "server/live/merge.h"

enum { TICK_MS = 200, LITTLE = 16, SELDOM = 10, OFTEN_MS = 10000 };

void background_become(const char *name, int nice)
{
    pthread_setname_np(pthread_self(), name);
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), nice);
}

static void wait_tick(struct live *l)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&l->background_wake, &l->background_lock, &until);
}

/* Order keys and changed columns are written whole each time, so a checkpoint waits for log of half its own size: it
 * costs at most so much more than the log itself. With little to be saved it comes less often, too. */
static bool checkpoint_due(struct live *l)
{
    struct log_stats stats;
    l->log_backend->stats(l->log, &stats);
    pthread_mutex_lock(&l->background_lock);
    uint64_t bytes = stats.written - l->checkpoint_log_bytes;
    uint64_t age_ms = (clock_monotonic_ns() - l->checkpoint_ns) / 1000000;
    uint64_t size = l->checkpoint_size;
    pthread_mutex_unlock(&l->background_lock);
    uint64_t enough = l->options.checkpoint_bytes > size / 2 ? l->options.checkpoint_bytes : size / 2;
    uint64_t late_ms = l->options.checkpoint_ms * (bytes < size / LITTLE ? SELDOM : 1);
    return bytes > 0 && (bytes >= enough || age_ms >= late_ms);
}

/* They don't come often any more: their memory is given back. */
static void release_memory(struct live *l)
{
    pthread_mutex_lock(&l->background_lock);
    bool often = clock_monotonic_ns() - l->checkpoint_ns < OFTEN_MS * UINT64_C(1000000);
    pthread_mutex_unlock(&l->background_lock);
    if (!often && pthread_mutex_trylock(&l->publish_lock) == 0) {
        buf_release(&l->checkpoint_bytes);
        pthread_mutex_unlock(&l->publish_lock);
    }
}

static void checkpoint_if_due(struct live *l)
{
    struct error err;
    if (!checkpoint_due(l)) {
        release_memory(l);
        return;
    }
    pthread_mutex_lock(&l->publish_lock);
    if (checkpoint_write(l, NULL, &err) != STATUS_OK) {
        log_warn("no checkpoint could be written: %s", err.message);
        pthread_mutex_lock(&l->background_lock);
        l->checkpoint_ns = clock_monotonic_ns(); /* not again at once */
        pthread_mutex_unlock(&l->background_lock);
    }
    pthread_mutex_unlock(&l->publish_lock);
}

static void *background_main(void *context)
{
    struct live *l = context;
    background_become("background", BACKGROUND_LOWEST);
    pthread_mutex_lock(&l->background_lock);
    l->background_tid = gettid();
    while (!l->background_stopping) {
        if (!l->merge_wanted) {
            wait_tick(l);
        }
        bool merge = l->merge_wanted && !l->background_stopping;
        l->merge_wanted = false;
        pthread_mutex_unlock(&l->background_lock);
        if (merge) {
            merge_deltas(l, false);
        }
        pthread_mutex_lock(&l->background_lock);
    }
    pthread_mutex_unlock(&l->background_lock);
    return NULL;
}

static void *checkpoint_main(void *context)
{
    struct live *l = context;
    pthread_setname_np(pthread_self(), "checkpoint");
    pthread_mutex_lock(&l->background_lock);
    while (!l->background_stopping) {
        wait_tick(l);
        bool stop = l->background_stopping;
        pthread_mutex_unlock(&l->background_lock);
        if (!stop) {
            checkpoint_if_due(l);
        }
        pthread_mutex_lock(&l->background_lock);
    }
    pthread_mutex_unlock(&l->background_lock);
    return NULL;
}

/* Merges that writers wait for, at normal priority. */
static void *urgent_main(void *context)
{
    struct live *l = context;
    pthread_setname_np(pthread_self(), "merge");
    pthread_mutex_lock(&l->background_lock);
    while (!l->background_stopping) {
        if (!l->urgent_wanted) {
            wait_tick(l);
        }
        bool merge = l->urgent_wanted && !l->background_stopping;
        l->urgent_wanted = false;
        pthread_mutex_unlock(&l->background_lock);
        if (merge) {
            merge_deltas(l, true);
        }
        pthread_mutex_lock(&l->background_lock);
    }
    pthread_mutex_unlock(&l->background_lock);
    return NULL;
}

static void *rebuild_main(void *context)
{
    struct live *l = context;
    pthread_setname_np(pthread_self(), "rebuild");
    pthread_mutex_lock(&l->background_lock);
    while (!l->background_stopping) {
        if (!l->rebuild_wanted) {
            wait_tick(l);
        }
        bool rebuild = l->rebuild_wanted && !l->background_stopping;
        l->rebuild_wanted = false;
        pthread_mutex_unlock(&l->background_lock);
        if (rebuild && !rebuild_pending(l)) {
            background_wake_rebuild(l); /* tried again after a while */
            usleep(TICK_MS * 1000);
        }
        pthread_mutex_lock(&l->background_lock);
    }
    pthread_mutex_unlock(&l->background_lock);
    return NULL;
}

bool background_is_stopping(struct live *l)
{
    pthread_mutex_lock(&l->background_lock);
    bool stopping = l->background_stopping;
    pthread_mutex_unlock(&l->background_lock);
    return stopping;
}

void background_start(struct live *l)
{
    l->checkpoint_ns = clock_monotonic_ns();
    if (pthread_create(&l->background, NULL, background_main, l) != 0 ||
        pthread_create(&l->checkpointer, NULL, checkpoint_main, l) != 0 ||
        pthread_create(&l->urgent, NULL, urgent_main, l) != 0 ||
        pthread_create(&l->rebuilder, NULL, rebuild_main, l) != 0) {
        fatal("cannot start the background threads");
    }
    l->background_started = true;
}

void background_stop(struct live *l)
{
    if (!l->background_started) {
        return;
    }
    pthread_mutex_lock(&l->background_lock);
    l->background_stopping = true;
    if (l->background_tid) { /* it is waited for: on a busy machine long, unless this is permitted */
        (void)setpriority(PRIO_PROCESS, (id_t)l->background_tid, 0);
    }
    pthread_cond_broadcast(&l->background_wake);
    pthread_mutex_unlock(&l->background_lock);
    pthread_join(l->background, NULL);
    pthread_join(l->checkpointer, NULL);
    pthread_join(l->urgent, NULL);
    pthread_join(l->rebuilder, NULL);
    l->background_started = false;
}

void background_wake_merge(struct live *l)
{
    pthread_mutex_lock(&l->background_lock);
    l->merge_wanted = true;
    pthread_cond_broadcast(&l->background_wake);
    pthread_mutex_unlock(&l->background_lock);
}

void background_wake_urgent(struct live *l)
{
    pthread_mutex_lock(&l->background_lock);
    l->urgent_wanted = true;
    pthread_cond_broadcast(&l->background_wake);
    pthread_mutex_unlock(&l->background_lock);
}

void background_wake_rebuild(struct live *l)
{
    pthread_mutex_lock(&l->background_lock);
    l->rebuild_wanted = true;
    pthread_cond_broadcast(&l->background_wake);
    pthread_mutex_unlock(&l->background_lock);
}
