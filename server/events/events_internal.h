#ifndef AISLE_SERVER_EVENTS_EVENTS_INTERNAL_H
#define AISLE_SERVER_EVENTS_EVENTS_INTERNAL_H

/* The parts of a struct events: events.c opens, submits and reads, events_thread.c writes. */
#include <pthread.h>
#include <stdatomic.h>

#include "indexer/base/vec.h"
#include "server/events/events.h"
#include "server/events/seen.h"
#include "server/events/shoppers.h"
#include "server/events/signals.h"
#include "server/live/update_log.h"

struct pending_record {
    enum event_type type;
    uint64_t identity;
    size_t at, size; /* of the batch's bytes */
};

/* Records that are logged together, or a token to be forgotten. */
struct pending {
    struct pending *next;
    struct buf bytes;
    VEC(struct pending_record) records;
    bool forget;       /* bytes is the token */
    events_done *done; /* NULL: searches that nobody waits for */
    void *context;
    struct events_outcome outcome;
};

struct events {
    struct events_options options;
    char *dir;
    pthread_rwlock_t log_lock; /* held for writing while the log is closed and opened again */
    struct update_log *log;    /* NULL: it could not be opened again */
    struct log_options log_options;

    pthread_mutex_t lock; /* guards the queue and the counters */
    pthread_cond_t wake, loaded_now;
    struct pending *first, **end;
    struct pending *last_searches; /* the last of the queue, when searches may be added to it */
    uint64_t waiting_bytes;
    bool urgent; /* someone waits */
    bool stopping;
    struct events_stats stats;

    pthread_t thread;
    bool started;
    bool loaded; /* under the lock */
    /* the thread's own */
    struct seen seen;
    struct log_writer writer;
    uint64_t seq;
    int64_t wall_ms;
    int64_t trimmed_ms;
    struct arena arena; /* of an event that is applied */
    struct signals *signals;
    struct shoppers *shoppers;
    uint64_t applied_seq; /* the signals contain everything up to here */
    uint64_t saved_seq;   /* their file does */
    int64_t saved_ms;
};

/* Every record from a sequence number on that is kept. */
MUST_CHECK enum status events_read_from(struct events *e, uint64_t from_seq, event_visit *visit, void *context,
                                        struct error *err);

/* --- events_load.c --- */
/* Reads the file of signals, if there is one that fits the log. */
void events_load_signals(struct events *e);
/* What the log says beyond it; which events were seen. On the thread, before all else. */
void events_load_log(struct events *e);
void events_save_signals(struct events *e);

/* --- events_thread.c --- */
void events_thread_start(struct events *e);
void events_thread_stop(struct events *e);
/* Deletes what need not be kept. */
void events_trim(struct events *e);
void pending_free(struct pending *p);

#endif
