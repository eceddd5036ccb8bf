#include "server/query/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/status.h"
#include "server/query/search.h"

enum state { FREE, TAKEN, ASKED, RUNNING, DONE, ENDING };

struct crew_helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum state state;
    void (*run)(void *context, struct searcher *s);
    void *context;
};

struct crew {
    _Atomic uint64_t taken;
    _Atomic size_t searching; /* threads, helpers among them */
    size_t processors;
    uint64_t least;
    size_t count;
    struct crew_helper helpers[];
};

static void *helper_main(void *context)
{
    struct crew_helper *h = context;
    struct searcher *searcher = NULL;

    pthread_setname_np(pthread_self(), "helper");
    pthread_mutex_lock(&h->lock);
    for (;;) {
        while (h->state != ASKED && h->state != ENDING)
            pthread_cond_wait(&h->changed, &h->lock);
        if (h->state == ENDING)
            break;
        h->state = RUNNING;
        pthread_mutex_unlock(&h->lock);
        if (!searcher) {
            searcher = searcher_new();
            searcher_share(searcher, NULL);
        }
        h->run(h->context, searcher);
        pthread_mutex_lock(&h->lock);
        h->state = DONE;
        pthread_cond_broadcast(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
    searcher_free(searcher);
    return NULL;
}

struct crew *crew_new(size_t helpers, size_t processors, uint64_t least)
{
    size_t count = helpers < CREW_MOST ? helpers : CREW_MOST;
    struct crew *c = xcalloc(1, sizeof(*c) + count * sizeof(c->helpers[0]));

    c->processors = processors;
    c->least = least;
    c->count = count;
    for (size_t i = 0; i < count; i++) {
        struct crew_helper *h = &c->helpers[i];
        pthread_mutex_init(&h->lock, NULL);
        pthread_cond_init(&h->changed, NULL);
        if (pthread_create(&h->thread, NULL, helper_main, h) != 0)
            fatal("cannot start helper %zu of searches", i);
    }
    return c;
}

static void set_state(struct crew_helper *h, enum state state)
{
    pthread_mutex_lock(&h->lock);
    h->state = state;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

void crew_free(struct crew *c)
{
    for (size_t i = 0; c && i < c->count; i++) {
        struct crew_helper *h = &c->helpers[i];
        set_state(h, ENDING);
        pthread_join(h->thread, NULL);
        pthread_cond_destroy(&h->changed);
        pthread_mutex_destroy(&h->lock);
    }
    free(c);
}

void crew_enter(struct crew *c)
{
    if (c)
        atomic_fetch_add_explicit(&c->searching, 1, memory_order_relaxed);
}

void crew_leave(struct crew *c)
{
    if (c)
        atomic_fetch_sub_explicit(&c->searching, 1, memory_order_relaxed);
}

static bool claim(struct crew_helper *h)
{
    bool mine;

    if (pthread_mutex_trylock(&h->lock) != 0)
        return false;
    mine = h->state == FREE;
    if (mine)
        h->state = TAKEN;
    pthread_mutex_unlock(&h->lock);
    return mine;
}

struct crew_helper *crew_take(struct crew *c)
{
    if (!c)
        return NULL;
    if (atomic_fetch_add_explicit(&c->searching, 1, memory_order_relaxed) < c->processors) {
        for (size_t i = 0; i < c->count; i++) {
            if (claim(&c->helpers[i])) {
                atomic_fetch_add_explicit(&c->taken, 1, memory_order_relaxed);
                return &c->helpers[i];
            }
        }
    }
    crew_leave(c);
    return NULL;
}

void crew_start(struct crew_helper *h, void (*run)(void *context, struct searcher *s), void *context)
{
    h->run = run;
    h->context = context;
    set_state(h, ASKED);
}

bool crew_wait(struct crew_helper *h)
{
    bool begun;

    pthread_mutex_lock(&h->lock);
    begun = h->state != ASKED;
    if (!begun)
        h->state = TAKEN;
    while (h->state == RUNNING)
        pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
    return begun;
}

void crew_give(struct crew *c, struct crew_helper *h)
{
    set_state(h, FREE);
    crew_leave(c);
}

uint64_t crew_least(const struct crew *c)
{
    return c->least;
}

uint64_t crew_taken(const struct crew *c)
{
    return atomic_load_explicit(&c->taken, memory_order_relaxed);
}
