#ifndef AISLE_SERVER_LIVE_LOG_THREAD_H
#define AISLE_SERVER_LIVE_LOG_THREAD_H

/*
 * The thread that writes and syncs the log, one batch at a time, while the sequencer builds what the batch will show.
 * Thread rule: one owner (the sequencer) commits and waits; counters from any thread.
 */
#include <pthread.h>

#include "server/live/update_log.h"

struct log_thread {
    const struct log_backend *backend;
    void *log;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool started;
    bool stopping;
    struct log_writer *work; /* not NULL: a batch is being written */
    bool flush_wanted;
    uint64_t lazy_ms; /* what was written is flushed after so long without work; 0: at once, or never */
    bool lazy;        /* something was written since the last flush */
    int64_t wall_ms;
    enum status status;
    struct error error;
    uint64_t syncs, sync_ns_total, sync_ns_max;
};

/* Borrows the log, which must outlive it. lazy_ms: the interval of LOG_SYNC_INTERVAL, 0 with other policies. */
void log_thread_start(struct log_thread *t, const struct log_backend *backend, void *log, uint64_t lazy_ms);
void log_thread_stop(struct log_thread *t); /* fine when it was never started */

/* Begins to write and sync the records, borrowed until log_thread_wait returns. Without records nothing is written. */
void log_thread_commit(struct log_thread *t, struct log_writer *records, int64_t wall_ms);
/* Makes everything committed durable, whatever the policy. By the owner, with no commit under way; also when the thread
 * was never started. */
MUST_CHECK enum status log_thread_flush(struct log_thread *t, struct error *err);
/* The outcome of the commit begun last. */
MUST_CHECK enum status log_thread_wait(struct log_thread *t, struct error *err);

#endif
