#ifndef AISLE_BASE_WORKERS_H
#define AISLE_BASE_WORKERS_H

/*
 * Threads: a pool that runs jobs from one bounded queue, and a parallel loop over it. Jobs must not wait for other jobs
 * of the same pool.
 */
#include <stdbool.h>
#include <stddef.h>

struct workers;

/* thread_count 0: one for each processor that this process may use. The name shows in ps -L. nice_value 0..19. */
struct workers *workers_new(size_t thread_count, size_t queue_limit, const char *name, int nice_value);
void workers_free(struct workers *w); /* runs what is queued, then joins */
size_t workers_thread_count(const struct workers *w);

/* Queues a job; blocks while the queue is full. workers_try gives false instead of blocking. */
void workers_submit(struct workers *w, void (*run)(void *context), void *context);
bool workers_try(struct workers *w, void (*run)(void *context), void *context);

/* Runs body(context, 0..count-1) on the pool and this thread; returns when all are done. */
void workers_for(struct workers *w, size_t count, void (*body)(void *context, size_t index), void *context);

size_t processor_count(void); /* that this process may use; at least 1 */

#endif
