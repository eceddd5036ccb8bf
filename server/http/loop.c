#include "server/http/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "server/http/connection.h"
#include "server/http/loop_internal.h"
#include "server/http/server.h"

#define SWEEP_MS         100
#define SPARE_BUFFER_MAX (64u << 10) /* larger ones are given back to the system */

/* --- memory that is used again --- */

struct exchange *loop_exchange(struct loop *l)
{
    struct exchange *x = l->spare_exchanges;
    if (x) {
        l->spare_exchanges = x->next;
        l->spare_exchange_count--;
        x->next = NULL;
        return x;
    }
    x = xcalloc(1, sizeof(*x));
    arena_init(&x->arena, LIMIT_REQUEST_ARENA);
    return x;
}

void loop_exchange_return(struct loop *l, struct exchange *x)
{
    exchange_reset(x);
    if (l->spare_exchange_count == SPARE_EXCHANGES) {
        exchange_free(x);
        return;
    }
    x->next = l->spare_exchanges;
    l->spare_exchanges = x;
    l->spare_exchange_count++;
}

struct buf loop_buffer(struct loop *l)
{
    return l->spare_buffer_count ? l->spare_buffers[--l->spare_buffer_count] : BUF_EMPTY;
}

void loop_buffer_return(struct loop *l, struct buf *b)
{
    if (b->capacity == 0 || b->capacity > SPARE_BUFFER_MAX || l->spare_buffer_count == SPARE_BUFFERS) {
        buf_release(b);
        return;
    }
    buf_clear(b);
    l->spare_buffers[l->spare_buffer_count++] = *b;
    *b = BUF_EMPTY;
}

const char *loop_date(struct loop *l)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != l->date_s) {
        static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        struct tm tm;
        time_t seconds = (time_t)now_s;
        gmtime_r(&seconds, &tm);
        snprintf(l->date, sizeof(l->date), "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
                 (unsigned)tm.tm_mday % 32, months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
                 (unsigned)tm.tm_hour % 24, (unsigned)tm.tm_min % 60, (unsigned)tm.tm_sec % 61);
        l->date_s = now_s;
    }
    return l->date;
}

/* --- the inbox --- */

void loop_post(struct loop *l, struct loop_task *task)
{
    uint64_t one = 1;
    task->next = NULL;
    pthread_mutex_lock(&l->lock);
    bool was_empty = l->inbox == NULL;
    *l->inbox_end = task;
    l->inbox_end = &task->next;
    /* Under the lock, so that the loop cannot end, and close the descriptor, between the two. */
    if (was_empty && write(l->wake_fd, &one, sizeof(one)) != sizeof(one) && errno != EAGAIN) {
        log_error("cannot wake an event base");
    }
    pthread_mutex_unlock(&l->lock);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct loop *l = context;
    uint64_t count;
    (void)what;
    loop_enter(l);
    if (read(fd, &count, sizeof(count)) != sizeof(count)) {
        return;
    }
    pthread_mutex_lock(&l->lock);
    struct loop_task *task = l->inbox;
    l->inbox = NULL;
    l->inbox_end = &l->inbox;
    pthread_mutex_unlock(&l->lock);
    while (task) {
        struct loop_task *next = task->next;
        task->run(task);
        task = next;
    }
}

static void on_later(evutil_socket_t fd, short what, void *context)
{
    struct loop_task *task = context;
    (void)fd;
    (void)what;
    reader_enter(reader_thread());
    task->run(task);
}

void loop_later(struct loop *l, struct loop_task *task, unsigned ms)
{
    struct timeval delay = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};
    if (event_base_once(l->base, -1, EV_TIMEOUT, on_later, task, &delay) != 0) {
        loop_post(l, task);
    }
}

struct arrival {
    struct loop_task task;
    struct loop *loop;
    int fd;
    struct peer peer;
};

static void arrive(struct loop_task *task)
{
    struct arrival *arrival = (struct arrival *)task;
    connection_new(arrival->loop, arrival->fd, arrival->peer);
    free(arrival);
}

void loop_adopt(struct loop *l, int fd, struct peer peer)
{
    struct arrival *arrival = xmalloc(sizeof(*arrival));
    *arrival = (struct arrival){{NULL, arrive}, l, fd, peer};
    atomic_fetch_add(&l->connection_count, 1);
    loop_post(l, &arrival->task);
}

uint32_t loop_connections(struct loop *l)
{
    return atomic_load_explicit(&l->connection_count, memory_order_relaxed);
}

/* --- running --- */

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct loop *l = context;
    (void)fd;
    (void)what;
    loop_enter(l);
    connection_sweep(l, clock_monotonic_ns());
    if (l->stopping && atomic_load(&l->connection_count) == 0) {
        l->finished = true;
        event_base_loopbreak(l->base);
    }
}

struct stop_task {
    struct loop_task task;
    struct loop *loop;
};

static void stop(struct loop_task *task)
{
    struct loop *l = ((struct stop_task *)task)->loop;
    free(task);
    l->stopping = true;
    l->drain_deadline_ns = clock_monotonic_ns() + (uint64_t)l->server->options.drain_ms * 1000000;
    connection_sweep(l, clock_monotonic_ns());
}

static void *loop_main(void *context)
{
    struct loop *l = context;
    char name[16];
    snprintf(name, sizeof(name), "base %u", l->number % 10000);
    pthread_setname_np(pthread_self(), name);
    l->reader = reader_thread();
    while (!l->finished) {
        if (event_base_loop(l->base, EVLOOP_ONCE) < 0) {
            fatal("the event loop failed");
        }
        reader_leave(l->reader);
    }
    return NULL;
}

struct loop *loop_new(struct server *server, uint32_t number)
{
    struct loop *l = xcalloc(1, sizeof(*l));
    struct event_config *config = event_config_new();
    struct timeval interval = {0, SWEEP_MS * 1000};
    l->server = server;
    l->number = number;
    l->inbox_end = &l->inbox;
    pthread_mutex_init(&l->lock, NULL);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!config || l->wake_fd < 0) {
        fatal("cannot make an event base");
    }
    /* Only its own thread ever touches the base. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    l->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!l->base) {
        fatal("cannot make an event base");
    }
    l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    l->sweep = event_new(l->base, -1, EV_PERSIST, on_sweep, l);
    if (!l->wake || !l->sweep || event_add(l->wake, NULL) != 0 || event_add(l->sweep, &interval) != 0) {
        fatal("cannot make an event base");
    }
    return l;
}

void loop_start(struct loop *l)
{
    if (pthread_create(&l->thread, NULL, loop_main, l) != 0) {
        fatal("cannot start an event base's thread");
    }
    l->running = true;
}

void loop_stop(struct loop *l)
{
    struct stop_task *task = xmalloc(sizeof(*task));
    *task = (struct stop_task){{NULL, stop}, l};
    loop_post(l, &task->task);
}

void loop_join(struct loop *l)
{
    if (l->running) {
        pthread_join(l->thread, NULL);
        l->running = false;
    }
}

void loop_free(struct loop *l)
{
    if (!l) {
        return;
    }
    event_free(l->wake);
    event_free(l->sweep);
    event_base_free(l->base);
    close(l->wake_fd);
    while (l->spare_exchanges) {
        struct exchange *x = l->spare_exchanges;
        l->spare_exchanges = x->next;
        exchange_free(x);
    }
    while (l->spare_buffer_count) {
        buf_release(&l->spare_buffers[--l->spare_buffer_count]);
    }
    buf_release(&l->out);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
