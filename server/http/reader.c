#include "server/http/reader.h"

#include <pthread.h>
#include <stdlib.h>

#include "indexer/base/rcu.h"
#include "indexer/base/status.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void release(void *value)
{
    struct reader_thread *r = value;
    if (r->scratch) {
        r->scratch_free(r->scratch);
    }
    rcu_thread_unregister();
    free(r);
}

static void make_key(void)
{
    if (pthread_key_create(&key, release) != 0) {
        fatal("cannot make a thread key");
    }
}

struct reader_thread *reader_thread(void)
{
    pthread_once(&once, make_key);
    struct reader_thread *r = pthread_getspecific(key);
    if (!r) {
        r = xcalloc(1, sizeof(*r));
        rcu_thread_register();
        rcu_offline();
        pthread_setspecific(key, r);
    }
    return r;
}

void reader_enter(struct reader_thread *r)
{
    if (!r->online) {
        rcu_online();
        r->online = true;
    }
}

void reader_leave(struct reader_thread *r)
{
    if (r->online) {
        rcu_offline();
        r->online = false;
    }
}
