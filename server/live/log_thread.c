#include "server/live/log_thread.h"

#include <time.h>

#include "indexer/base/clock.h"

static enum status write_and_sync(struct log_thread *t, struct log_writer *work, struct error *err)
{
    enum status status = t->backend->append(t->log, work, t->wall_ms, err);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t begin = clock_monotonic_ns();
    status = t->backend->sync(t->log, err);
    uint64_t taken = clock_monotonic_ns() - begin;
    pthread_mutex_lock(&t->lock);
    t->syncs++;
    t->sync_ns_total += taken;
    t->sync_ns_max = taken > t->sync_ns_max ? taken : t->sync_ns_max;
    pthread_mutex_unlock(&t->lock);
    return status;
}

/* Waits for work; true when what was written lazily is to be flushed instead. Under the lock. */
static bool wait_for_work(struct log_thread *t)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(t->lazy_ms / 1000);
    until.tv_nsec += (long)(t->lazy_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!t->work && !t->stopping && !t->flush_wanted) {
        if (!t->lazy || t->lazy_ms == 0) {
            pthread_cond_wait(&t->wake, &t->lock);
        } else if (pthread_cond_timedwait(&t->wake, &t->lock, &until) != 0) {
            return true;
        }
    }
    return t->flush_wanted;
}

static void *log_main(void *context)
{
    struct log_thread *t = context;
    pthread_setname_np(pthread_self(), "log");
    pthread_mutex_lock(&t->lock);
    for (;;) {
        bool flush = wait_for_work(t);
        struct log_writer *work = t->work;
        struct error error = {0};
        if (!work && !flush) {
            break;
        }
        pthread_mutex_unlock(&t->lock);
        enum status status = work ? write_and_sync(t, work, &error) : t->backend->flush(t->log, &error);
        pthread_mutex_lock(&t->lock);
        t->lazy = work != NULL || t->work != NULL;
        if (work || t->flush_wanted) { /* else nobody waits; the log is fenced and says so the next time */
            t->status = status;
            t->error = error;
        }
        if (work) {
            t->work = NULL;
        } else {
            t->flush_wanted = false;
        }
        pthread_cond_broadcast(&t->wake);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

void log_thread_start(struct log_thread *t, const struct log_backend *backend, void *log, uint64_t lazy_ms)
{
    *t = (struct log_thread){.backend = backend, .log = log, .lazy_ms = lazy_ms};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    if (pthread_create(&t->thread, NULL, log_main, t) != 0) {
        fatal("cannot start the log's thread");
    }
    t->started = true;
}

void log_thread_stop(struct log_thread *t)
{
    if (!t->started) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    t->started = false;
}

void log_thread_commit(struct log_thread *t, struct log_writer *records, int64_t wall_ms)
{
    pthread_mutex_lock(&t->lock);
    t->status = STATUS_OK;
    if (records->count > 0) {
        t->wall_ms = wall_ms;
        t->work = records;
        pthread_cond_broadcast(&t->wake);
    }
    pthread_mutex_unlock(&t->lock);
}

enum status log_thread_flush(struct log_thread *t, struct error *err)
{
    if (!t->started) {
        return t->backend ? t->backend->flush(t->log, err) : STATUS_OK;
    }
    pthread_mutex_lock(&t->lock);
    t->status = STATUS_OK;
    t->flush_wanted = true;
    pthread_cond_broadcast(&t->wake);
    while (t->flush_wanted) {
        pthread_cond_wait(&t->wake, &t->lock);
    }
    enum status status = t->status;
    if (status != STATUS_OK && err) {
        *err = t->error;
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}

enum status log_thread_wait(struct log_thread *t, struct error *err)
{
    pthread_mutex_lock(&t->lock);
    while (t->work) {
        pthread_cond_wait(&t->wake, &t->lock);
    }
    enum status status = t->status;
    if (status != STATUS_OK && err) {
        *err = t->error;
    }
    pthread_mutex_unlock(&t->lock);
    return status;
}
