#include "tests/support/live/event_help.h"

#include <math.h>
#include <pthread.h>

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    struct events_outcome outcome;
};

struct event event_of_test(enum event_type type, const char *token, const struct event_item *item, uint64_t identity)
{
    return (struct event){.type = type,
                          .time_ms = 1764000000000,
                          .identity = identity,
                          .index = STR("shop"),
                          .name = STR("test"),
                          .token = str_from(token),
                          .value = (double)NAN,
                          .items = item,
                          .item_count = item ? 1 : 0};
}

static void on_done(void *context, const struct events_outcome *outcome)
{
    struct wait *w = context;
    pthread_mutex_lock(&w->lock);
    w->outcome = *outcome;
    w->done = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static struct events_outcome wait_for(struct wait *w, enum status submitted)
{
    pthread_mutex_lock(&w->lock);
    while (submitted == STATUS_OK && !w->done) {
        pthread_cond_wait(&w->wake, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    if (submitted != STATUS_OK) {
        w->outcome.status = submitted;
    }
    return w->outcome;
}

struct events_outcome event_submit_wait(struct events *e, const struct event_list *list)
{
    struct wait w = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    return wait_for(&w, events_submit(e, list, on_done, &w, &w.outcome.error));
}

struct events_outcome event_forget_wait(struct events *e, const char *token)
{
    struct wait w = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    return wait_for(&w, events_forget(e, str_from(token), on_done, &w, &w.outcome.error));
}
