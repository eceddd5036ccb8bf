#include "indexer/base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "indexer/base/status.h"

struct job {
    void (*run)(void *context);
    void *context;
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    struct job *queue; /* a ring */
    size_t queue_limit;
    size_t queue_start;
    size_t queue_count;
    bool stopping;
    int nice_value;
    size_t thread_count;
    char name[16]; /* the kernel's limit */
    pthread_t threads[];
};

size_t processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) {
        return (size_t)CPU_COUNT(&set);
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

static void *worker_main(void *context)
{
    struct workers *w = context;
    pthread_setname_np(pthread_self(), w->name);
    if (w->nice_value) {
        /* On Linux this is the thread's own. It can fail only by not lowering the priority. */
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), w->nice_value);
    }
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->queue_count == 0 && !w->stopping) {
            pthread_cond_wait(&w->not_empty, &w->lock);
        }
        if (w->queue_count == 0) {
            break;
        }
        struct job job = w->queue[w->queue_start];
        w->queue_start = (w->queue_start + 1) % w->queue_limit;
        w->queue_count--;
        pthread_cond_signal(&w->not_full);
        pthread_mutex_unlock(&w->lock);
        job.run(job.context);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_new(size_t thread_count, size_t queue_limit, const char *name, int nice_value)
{
    if (thread_count == 0) {
        thread_count = processor_count();
    }
    struct workers *w = xcalloc(1, sizeof(*w) + thread_count * sizeof(w->threads[0]));
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->not_empty, NULL);
    pthread_cond_init(&w->not_full, NULL);
    w->queue_limit = queue_limit ? queue_limit : 1;
    w->queue = xcalloc(w->queue_limit, sizeof(*w->queue));
    w->nice_value = nice_value;
    w->thread_count = thread_count;
    snprintf(w->name, sizeof(w->name), "%s", name);
    for (size_t i = 0; i < thread_count; i++) {
        if (pthread_create(&w->threads[i], NULL, worker_main, w) != 0) {
            fatal("cannot start thread %zu of '%s'", i, name);
        }
    }
    return w;
}

void workers_free(struct workers *w)
{
    if (!w) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->not_empty);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->thread_count; i++) {
        pthread_join(w->threads[i], NULL);
    }
    pthread_cond_destroy(&w->not_full);
    pthread_cond_destroy(&w->not_empty);
    pthread_mutex_destroy(&w->lock);
    free(w->queue);
    free(w);
}

size_t workers_thread_count(const struct workers *w)
{
    return w->thread_count;
}

static bool push(struct workers *w, struct job job, bool wait)
{
    pthread_mutex_lock(&w->lock);
    while (wait && w->queue_count == w->queue_limit) {
        pthread_cond_wait(&w->not_full, &w->lock);
    }
    bool room = w->queue_count < w->queue_limit;
    if (room) {
        w->queue[(w->queue_start + w->queue_count) % w->queue_limit] = job;
        w->queue_count++;
        pthread_cond_signal(&w->not_empty);
    }
    pthread_mutex_unlock(&w->lock);
    return room;
}

void workers_submit(struct workers *w, void (*run)(void *context), void *context)
{
    (void)push(w, (struct job){run, context}, true);
}

bool workers_try(struct workers *w, void (*run)(void *context), void *context)
{
    return push(w, (struct job){run, context}, false);
}

/*
 * A parallel loop. Whoever comes takes the next index; the caller waits for the indices, not for the helpers, so a
 * helper that starts late, when the pool is busy with something else, finds nothing to do and holds nobody up. Hence
 * the loop lives on the heap until the last of them has left.
 */
struct loop {
    void (*body)(void *context, size_t index);
    void *context;
    size_t count;
    atomic_size_t next;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    size_t done;
    size_t holders;
};

static void loop_leave(struct loop *loop, size_t done)
{
    pthread_mutex_lock(&loop->lock);
    loop->done += done;
    if (loop->done == loop->count) {
        pthread_cond_signal(&loop->finished);
    }
    bool last = --loop->holders == 0;
    pthread_mutex_unlock(&loop->lock);
    if (last) {
        pthread_cond_destroy(&loop->finished);
        pthread_mutex_destroy(&loop->lock);
        free(loop);
    }
}

static size_t loop_run(struct loop *loop)
{
    size_t done = 0;
    for (;; done++) {
        size_t index = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
        if (index >= loop->count) {
            return done;
        }
        loop->body(loop->context, index);
    }
}

static void loop_help(void *context)
{
    struct loop *loop = context;
    loop_leave(loop, loop_run(loop));
}

void workers_for(struct workers *w, size_t count, void (*body)(void *context, size_t index), void *context)
{
    if (count == 0) {
        return;
    }
    struct loop *loop = xcalloc(1, sizeof(*loop));
    *loop = (struct loop){.body = body, .context = context, .count = count, .holders = 1};
    atomic_init(&loop->next, 0);
    pthread_mutex_init(&loop->lock, NULL);
    pthread_cond_init(&loop->finished, NULL);
    size_t helpers = count - 1 < w->thread_count ? count - 1 : w->thread_count;
    for (size_t i = 0; i < helpers; i++) {
        pthread_mutex_lock(&loop->lock);
        loop->holders++;
        pthread_mutex_unlock(&loop->lock);
        if (!workers_try(w, loop_help, loop)) {
            loop_leave(loop, 0);
            break;
        }
    }
    size_t done = loop_run(loop);
    pthread_mutex_lock(&loop->lock);
    loop->done += done;
    while (loop->done < loop->count) {
        pthread_cond_wait(&loop->finished, &loop->lock);
    }
    pthread_mutex_unlock(&loop->lock);
    loop_leave(loop, 0);
}
