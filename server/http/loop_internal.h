#ifndef AISLE_SERVER_HTTP_LOOP_INTERNAL_H
#define AISLE_SERVER_HTTP_LOOP_INTERNAL_H

/* What loop.c and connection.c share. All of it belongs to the loop's thread but what is marked. */
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/http/loop.h"
#include "server/http/reader.h"

#define SPARE_BUFFERS   32
#define SPARE_EXCHANGES 32

struct loop {
    struct server *server;
    struct event_base *base;
    struct event *wake;
    struct event *sweep;
    int wake_fd;
    uint32_t number;
    pthread_t thread;
    bool running;
    bool finished;
    struct reader_thread *reader;

    pthread_mutex_t lock; /* of the inbox */
    struct loop_task *inbox;
    struct loop_task **inbox_end;
    _Atomic uint32_t connection_count; /* any thread reads */

    struct connection *connections;
    bool stopping;
    uint64_t drain_deadline_ns;

    struct buf out; /* answers of the turn, before they are written */
    struct buf spare_buffers[SPARE_BUFFERS];
    uint32_t spare_buffer_count;
    struct exchange *spare_exchanges;
    uint32_t spare_exchange_count;
    char date[32]; /* of the Date header */
    int64_t date_s;
};

/* Every callback of the event base calls it first. */
static inline void loop_enter(struct loop *l)
{
    reader_enter(l->reader);
}

struct exchange *loop_exchange(struct loop *l);
void loop_exchange_return(struct loop *l, struct exchange *x);
struct buf loop_buffer(struct loop *l);
/* Takes the memory of b, which is empty afterwards. */
void loop_buffer_return(struct loop *l, struct buf *b);
const char *loop_date(struct loop *l);

#endif
