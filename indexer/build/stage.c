#include "indexer/build/stage.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/status.h"

struct stage {
    void *batches[STAGE_BATCHES];
    void (*take)(void *context, void *batch);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t sent, taken;
    bool ended;
};

static void *run(void *context)
{
    struct stage *s = context;

    pthread_mutex_lock(&s->lock);
    for (;;) {
        void *batch = s->batches[s->taken % STAGE_BATCHES];

        if (s->taken == s->sent) {
            if (s->ended)
                break;
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        s->take(s->context, batch);
        pthread_mutex_lock(&s->lock);
        s->taken++;
        pthread_cond_signal(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct stage *stage_new(const char *name, void *const batches[STAGE_BATCHES], void (*take)(void *context, void *batch),
                        void *context)
{
    struct stage *s = xcalloc(1, sizeof(*s));
    char short_name[16] = "";

    memcpy(s->batches, batches, sizeof(s->batches));
    s->take = take;
    s->context = context;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (pthread_create(&s->thread, NULL, run, s) != 0)
        fatal("no thread for '%s'", name);
    strncpy(short_name, name, sizeof(short_name) - 1);
    (void)pthread_setname_np(s->thread, short_name);
    return s;
}

void *stage_batch(struct stage *s)
{
    void *batch = NULL;

    pthread_mutex_lock(&s->lock);
    while (s->sent - s->taken == STAGE_BATCHES)
        pthread_cond_wait(&s->changed, &s->lock);
    batch = s->batches[s->sent % STAGE_BATCHES];
    pthread_mutex_unlock(&s->lock);
    return batch;
}

void stage_send(struct stage *s)
{
    (void)stage_batch(s); /* there is one to send */
    pthread_mutex_lock(&s->lock);
    s->sent++;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void stage_free(struct stage *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ended = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}
