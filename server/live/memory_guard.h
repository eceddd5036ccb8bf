#ifndef AISLE_SERVER_LIVE_MEMORY_GUARD_H
#define AISLE_SERVER_LIVE_MEMORY_GUARD_H

/*
 * A thread that keeps the process under its memory ceiling, and counts what is in memory by part.
 *
 * What is resident is pages of mapped shards, which can be read again, and memory of the process's own. Near the
 * ceiling the first are given back; when the second take most of the ceiling, updates are refused (STATUS_BUSY) until
 * checkpoints and merges have made room. Searches have ceilings of their own for each request.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "server/live/live.h"

struct memory_guard {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool started;
    bool stopping;
    bool wanted;               /* a new count */
    struct live_memory counts; /* the last */
    atomic_bool full;          /* updates are refused */
    uint64_t released;
};

/* Zeros are a guard that was not started. */
void memory_guard_start(struct live *l);
void memory_guard_stop(struct live *l);

#endif
