#include "server/http/connection.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "indexer/base/clock.h"
#include "indexer/base/gzip.h"
#include "server/http/answer_head.h"
#include "server/http/loop_internal.h"
#include "server/http/server.h"

#define READ_HEAD   (16u << 10)  /* room for a read while requests are small */
#define READ_BODY   (64u << 10)  /* and within a body */
#define OUT_MAX     (256u << 10) /* answers to pipelined requests are written when so much has come together */
#define DISCARD_MAX (1u << 20)   /* of the body of a refused request: more closes the connection */
#define LINGER_MS   2000
#define UNREAD_MAX                                                                                                     \
    (64u << 20) /* of a streamed answer, while its request goes on: a client may send all before it reads */
#define CHARGED_FROM (16u << 10) /* smaller buffers are not counted */

enum state {
    READING_HEAD,
    READING_BODY,
    AWAY,     /* the exchange is another thread's */
    LINGERING /* the last answer is out: reads until the client has it and closes */
};

struct connection {
    struct loop *loop;
    struct connection *next, *previous;
    struct event readable;
    struct event writable;
    int fd;
    struct peer peer;
    enum state state;
    bool reading;      /* readable is added */
    bool head_started; /* a byte of the next head has come */
    bool closing;      /* after what is in out */
    bool discarding;   /* the answer is there already, the body is of no use */
    bool body_ended;
    bool dead; /* broken while the exchange was away: freed when it is back */
    struct buf in;
    size_t in_at;
    size_t scan; /* where http_head_scan goes on, from in_at */
    struct buf out;
    size_t out_at;
    uint64_t deadline_ns; /* 0: none */
    size_t charged;       /* of the server's memory_used */

    struct exchange *x; /* the request that is being read or answered */
    struct http_body body;
    struct str piece; /* of the body, within in, not yet taken */
    struct inflater *inflater;
    bool inflater_full; /* it may hold more output */
    uint64_t body_received;
    uint64_t body_started_ns;
    uint64_t away_ns;
    size_t window_at;   /* of body_bytes: what a stream has not taken */
    size_t window_seen; /* size of the window that the stream was last called with */
    bool shown;         /* a stream that is eager has seen what is there, in a pause */
};

struct loop *connection_loop(struct connection *c)
{
    return c->loop;
}

struct peer connection_peer(const struct connection *c)
{
    return c->peer;
}

static uint64_t later(uint64_t ns, uint64_t ms)
{
    return ns + ms * 1000000;
}

/* What clients make the server keep, all together, has a ceiling. False when it is reached. */
static bool charge(struct connection *c)
{
    struct server *s = c->loop->server;
    size_t body = c->x ? c->x->body_bytes.capacity : 0;
    size_t now = (body > CHARGED_FROM ? body : 0) + (c->out.capacity > CHARGED_FROM ? c->out.capacity : 0);
    if (now == c->charged) {
        return true;
    }
    uint64_t before = atomic_fetch_add_explicit(&s->memory_used, now - c->charged, memory_order_relaxed);
    bool grown = now > c->charged;
    uint64_t used = before + now - c->charged;
    c->charged = now;
    return !grown || used <= s->options.memory_bytes;
}

static void connection_free(struct connection *c)
{
    struct loop *l = c->loop;
    event_del(&c->readable);
    event_del(&c->writable);
    close(c->fd);
    if (c->x) {
        loop_exchange_return(l, c->x);
    }
    inflater_free(c->inflater);
    c->x = NULL;
    loop_buffer_return(l, &c->in);
    loop_buffer_return(l, &c->out);
    (void)charge(c);
    if (c->previous) {
        c->previous->next = c->next;
    } else {
        l->connections = c->next;
    }
    if (c->next) {
        c->next->previous = c->previous;
    }
    acceptor_released(l->server->acceptor, c->peer);
    free(c);
    atomic_fetch_sub(&l->connection_count, 1);
}

static void read_on(struct connection *c)
{
    if (!c->reading) {
        event_add(&c->readable, NULL);
        c->reading = true;
    }
}

static void read_off(struct connection *c)
{
    if (c->reading) {
        event_del(&c->readable);
        c->reading = false;
    }
}

/* Closes at once; what another thread still works on is left alone until it is back. */
static void drop(struct connection *c)
{
    if (c->state != AWAY) {
        connection_free(c);
        return;
    }
    c->dead = true;
    c->deadline_ns = 0;
    read_off(c);
    event_del(&c->writable);
    shutdown(c->fd, SHUT_RDWR);
}

/* --- answers --- */

/* Sends what a streamed answer has so far; HTTP/1.0 knows no chunks, so there it ends with the connection. */
static void stream_out(struct connection *c)
{
    struct exchange *x = c->x;
    struct buf *out = &c->loop->out;
    bool chunks = x->head.minor_version > 0;
    if (!x->streaming || x->out.size == 0 || x->out.failed) {
        return;
    }
    if (!x->head_sent) {
        c->closing = c->closing || !chunks || !x->head.keep_alive || c->loop->stopping;
        answer_head_write(c->loop, x, chunks ? BODY_CHUNKS : BODY_TO_THE_END, c->closing);
        x->head_sent = true;
    }
    if (chunks) {
        buf_printf(out, "%zx\r\n", x->out.size);
    }
    buf_append(out, x->out.data, x->out.size);
    if (chunks) {
        buf_literal(out, "\r\n");
    }
    buf_clear(&x->out);
}

static void finish_stream(struct connection *c)
{
    stream_out(c);
    if (c->x->head.minor_version > 0) {
        buf_literal(&c->loop->out, "0\r\n\r\n");
    }
}

/* The exchange is answered: its answer goes behind those before it, and the next request may come. */
static void finish(struct connection *c)
{
    struct loop *l = c->loop;
    struct exchange *x = c->x;
    uint64_t now = clock_monotonic_ns();
    if (x->out.failed || x->headers.failed) {
        exchange_error(x, 413, "the answer is too large");
    }
    exchange_encode(x);
    bool unread = !c->body_ended;
    c->closing = c->closing || unread || x->close_connection || !x->head.keep_alive || l->stopping;
    bool bodyless = x->status == 204 || x->status == 304;
    if (x->head_sent) {
        finish_stream(c);
    } else {
        answer_head_write(l, x, bodyless ? BODY_NONE : BODY_WHOLE, c->closing);
        if (!bodyless && x->head.method != HTTP_HEAD) {
            buf_append(&l->out, x->out.data, x->out.size);
        }
    }
    if (l->out.failed) {
        c->closing = true;
        buf_clear(&l->out);
    }
    metrics_request(l->server->metrics, x->route_number, x->status, now - x->started_ns);
    c->x = NULL;
    (void)charge(c);
    loop_exchange_return(l, x);
    inflater_free(c->inflater);
    c->inflater = NULL;
    c->piece = (struct str){NULL, 0};
    c->discarding = false;
    c->state = READING_HEAD;
    c->head_started = false;
    c->scan = 0;
    if (c->in_at == c->in.size) {
        c->in.size = c->in_at = 0;
    }
    c->deadline_ns = later(now, l->server->options.idle_ms);
}

static void refuse(struct connection *c, int status, const char *reason)
{
    exchange_error(c->x, status, "%s", reason);
    c->x->close_connection = true;
    finish(c);
}

/* --- bodies --- */

static void body_deadline(struct connection *c, uint64_t now)
{
    const struct server_options *o = &c->loop->server->options;
    uint64_t by_rate = later(c->body_started_ns, o->body_ms + c->body_received * 1000 / o->body_rate);
    uint64_t by_pause = later(now, o->idle_ms);
    c->deadline_ns = by_rate < by_pause ? by_rate : by_pause;
}

/* What the stream has taken is dropped; not while it may still look at it. */
static void compact_window(struct connection *c)
{
    struct buf *b = &c->x->body_bytes;
    if (c->window_at > 0) {
        memmove(b->data, b->data + c->window_at, b->size - c->window_at);
        b->size -= c->window_at;
        c->window_at = 0;
    }
}

/* Gives the stream its window. True when the body goes on. */
static bool call_stream(struct connection *c, bool last)
{
    struct exchange *x = c->x;
    struct buf *b = &x->body_bytes;
    for (;;) {
        compact_window(c);
        size_t taken = 0;
        enum handled handled = x->route->stream(x, buf_str(b), last, &taken);
        assert(taken <= b->size);
        c->window_at = taken;
        c->window_seen = b->size - taken;
        if (handled != HANDLED) {
            stream_out(c);
        }
        if (handled == PENDING) {
            c->state = AWAY;
            c->away_ns = clock_monotonic_ns();
            c->deadline_ns = 0;
            return false;
        }
        if (handled == HANDLED) {
            finish(c);
            return false;
        }
        if (taken == 0 && (last || b->size >= STREAM_WINDOW)) {
            refuse(c, 413, "a line of the body is too long");
            return false;
        }
        if (!last) {
            return true;
        }
    }
}

/* Nothing more has come yet: what is there is shown to a stream that wants that. True when the body goes on. */
static bool show_window(struct connection *c)
{
    struct exchange *x = c->x;
    if (c->discarding || c->shown || !(x->route->flags & ROUTE_EAGER) || x->body_bytes.size == c->window_at) {
        return true;
    }
    c->shown = true;
    x->paused = true;
    return call_stream(c, false);
}

static bool stream_due(const struct connection *c)
{
    size_t window = c->x->body_bytes.size - c->window_at;
    return window >= STREAM_WINDOW || window >= c->window_seen + STREAM_STEP;
}

/* Puts bytes of the piece, unpacked, behind body_bytes, at most room of them. False after it refused the request. */
static bool unpack(struct connection *c, size_t room)
{
    struct buf *b = &c->x->body_bytes;
    size_t before = b->size;
    size_t used = 0;
    c->shown = false;
    c->x->paused = false;
    if (c->inflater) {
        struct error err = {0};
        enum status status = inflater_push(c->inflater, c->piece, &used, b, room, &err);
        if (status != STATUS_OK) {
            refuse(c, status == STATUS_FORMAT ? 400 : 413, err.message);
            return false;
        }
        c->inflater_full = b->size - before == room;
    } else {
        used = c->piece.size < room ? c->piece.size : room;
        buf_append(b, c->piece.data, used);
        if (b->failed) {
            refuse(c, 413, "the body is too large");
            return false;
        }
    }
    c->piece = str_slice(c->piece, used, c->piece.size);
    if (!charge(c)) {
        exchange_header(c->x, "Retry-After", STR("1"));
        refuse(c, 429, "too much is being received at once");
        return false;
    }
    return true;
}

/* Takes c->piece. True when the body goes on. */
static bool take_piece(struct connection *c)
{
    struct exchange *x = c->x;
    if (c->discarding) {
        c->piece.size = 0;
        if (c->body_received > DISCARD_MAX) {
            finish(c);
            return false;
        }
        return true;
    }
    bool whole = x->head.body_kind == HTTP_BODY_LENGTH && c->piece.size == x->head.content_length;
    if (whole && !x->route->stream && !c->inflater && x->body_bytes.size == 0) {
        x->body = c->piece; /* it stays in c->in until the answer is there */
        c->piece.size = 0;
        return true;
    }
    while (c->piece.size > 0 || c->inflater_full) {
        if (x->route->stream) {
            compact_window(c);
        }
        size_t limit = x->route->stream ? STREAM_WINDOW : x->route->body_limit + 1;
        if (!unpack(c, limit - x->body_bytes.size)) {
            return false;
        }
        if (!x->route->stream && x->body_bytes.size == limit) {
            refuse(c, 413, "the body is too large");
            return false;
        }
        if (x->route->stream && stream_due(c) && !call_stream(c, false)) {
            return false;
        }
    }
    return true;
}

/* The whole body is there. */
static void body_done(struct connection *c)
{
    struct exchange *x = c->x;
    c->body_ended = true;
    if (c->discarding) {
        finish(c);
        return;
    }
    if (c->inflater && !inflater_done(c->inflater) && c->body_received > 0) {
        refuse(c, 400, "the compressed body is cut");
        return;
    }
    if (x->route->stream) {
        call_stream(c, true);
        return;
    }
    if (!x->body.data) {
        x->body = buf_str(&x->body_bytes);
    }
    if (x->route->handle(x) == PENDING) {
        c->state = AWAY;
        c->deadline_ns = 0;
        return;
    }
    finish(c);
}

/* False when more bytes are needed, or the exchange is away, or the connection is closing. */
static bool take_body(struct connection *c)
{
    struct str in = buf_str(&c->in);
    if (c->body_ended) {
        body_done(c);
        return c->state == READING_HEAD;
    }
    for (;;) {
        if ((c->piece.size > 0 || c->inflater_full) && !take_piece(c)) {
            return c->state == READING_HEAD;
        }
        switch (http_body_next(&c->body, in, &c->in_at, &c->piece)) {
        case HTTP_BODY_PIECE:
            c->body_received += c->piece.size;
            break;
        case HTTP_BODY_DONE:
            body_done(c);
            return c->state == READING_HEAD;
        case HTTP_BODY_BAD:
            if (c->discarding) {
                c->x->close_connection = true;
                finish(c);
            } else {
                refuse(c, 400, "the chunked body is not valid");
            }
            return true;
        case HTTP_BODY_MORE:
            c->in.size = c->in_at = 0;
            body_deadline(c, clock_monotonic_ns());
            return !show_window(c) && c->state == READING_HEAD;
        }
    }
}

/* --- heads --- */

/* What the body may be. False after it set an error answer. */
static bool check_body(struct connection *c)
{
    struct exchange *x = c->x;
    struct str encoding = http_header_get(&x->head, "content-encoding");
    size_t limit = x->route->body_limit;
    if (limit && x->head.body_kind == HTTP_BODY_LENGTH && x->head.content_length > limit) {
        exchange_error(x, 413, "the body is over %zu bytes", limit);
        return false;
    }
    if (encoding.size == 0 || str_equal_nocase(encoding, STR("identity"))) {
        return true;
    }
    if (!str_equal_nocase(encoding, STR("gzip")) && !str_equal_nocase(encoding, STR("x-gzip")) &&
        !str_equal_nocase(encoding, STR("deflate"))) {
        exchange_error(x, 415, "the body's Content-Encoding must be gzip");
        return false;
    }
    c->inflater = inflater_new();
    return true;
}

static void start_body(struct connection *c)
{
    struct exchange *x = c->x;
    bool answered = router_find(c->loop->server->router, x) == ROUTED_ANSWERED || !check_body(c);
    http_body_init(&c->body, &x->head);
    c->state = READING_BODY;
    c->body_ended = false;
    c->body_received = 0;
    c->body_started_ns = x->started_ns;
    c->window_at = c->window_seen = 0;
    c->shown = true;
    c->inflater_full = false;
    c->discarding = answered;
    if (answered && (x->head.expect_continue || x->head.content_length > DISCARD_MAX)) {
        finish(c); /* closes: the body is never read */
        return;
    }
    if (x->head.expect_continue && c->in_at == c->in.size) {
        buf_literal(&c->loop->out, "HTTP/1.1 100 Continue\r\n\r\n");
    }
}

/* False when more bytes are needed. */
static bool take_head(struct connection *c)
{
    struct loop *l = c->loop;
    struct str input = str_slice(buf_str(&c->in), c->in_at, c->in.size);
    if (input.size == 0) {
        return false;
    }
    int size = http_head_scan(input, &c->scan);
    if (size == 0) {
        if (!c->head_started) {
            c->head_started = true;
            c->deadline_ns = later(clock_monotonic_ns(), l->server->options.head_ms);
        }
        return false;
    }
    struct exchange *x = loop_exchange(l);
    c->x = x;
    x->connection = c;
    x->server = l->server;
    x->started_ns = clock_monotonic_ns();
    x->head.keep_alive = false;
    c->body_ended = false;
    if (size < 0) {
        refuse(c, -size, size == -431 ? "the request's head is too large" : "a line does not end in CRLF");
        return true;
    }
    buf_append(&x->head_bytes, input.data, (size_t)size);
    c->in_at += (size_t)size;
    const char *reason;
    int status = http_head_parse(buf_str(&x->head_bytes), &x->head, &reason);
    if (status != 0) {
        refuse(c, status, reason);
        return true;
    }
    start_body(c);
    return true;
}

/* --- reading and writing --- */

static void start_lingering(struct connection *c)
{
    c->state = LINGERING;
    c->deadline_ns = later(clock_monotonic_ns(), LINGER_MS);
    shutdown(c->fd, SHUT_WR);
    read_on(c);
}

/* Whether the client may go on sending before it has read what it was sent: not the next request, but the rest of one
 * whose answer is streamed. */
static bool may_send(const struct connection *c)
{
    bool streams = c->state != READING_HEAD && c->state != LINGERING && c->x && c->x->streaming;
    return c->out.size == 0 || (streams && c->out.size - c->out_at < UNREAD_MAX);
}

/* What could not be written waits for the client to read. False: the connection is gone. */
static bool keep_rest(struct connection *c, struct str rest)
{
    const struct server_options *o = &c->loop->server->options;
    if (c->out.size > 0) {
        c->out_at = c->out.size - rest.size;
    } else {
        c->out = loop_buffer(c->loop);
        buf_append(&c->out, rest.data, rest.size);
        c->out_at = 0;
        c->deadline_ns = later(clock_monotonic_ns(), o->write_ms + rest.size * 1000 / o->write_rate);
        buf_clear(&c->loop->out);
    }
    if (!charge(c)) {
        drop(c);
        return false;
    }
    if (!may_send(c)) {
        read_off(c);
    }
    event_add(&c->writable, NULL);
    return true;
}

/* Writes what is there. False when the connection is gone or waits for its client to read. */
static bool flush(struct connection *c)
{
    struct loop *l = c->loop;
    bool own = c->out.size > 0; /* the rest of an earlier write */
    if (own && l->out.size > 0) {
        if (c->out_at > c->out.size / 2) {
            memmove(c->out.data, c->out.data + c->out_at, c->out.size - c->out_at);
            c->out.size -= c->out_at;
            c->out_at = 0;
        }
        buf_append(&c->out, l->out.data, l->out.size);
        buf_clear(&l->out);
    }
    struct str rest = own ? str_slice(buf_str(&c->out), c->out_at, c->out.size) : buf_str(&l->out);
    size_t all = rest.size;
    while (rest.size > 0) {
        ssize_t sent = send(c->fd, rest.data, rest.size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0 && errno != EAGAIN) {
            buf_clear(&l->out);
            drop(c);
            return false;
        }
        if (sent < 0) {
            break;
        }
        rest = str_slice(rest, (size_t)sent, rest.size);
    }
    metrics_sent(l->server->metrics, all - rest.size);
    if (rest.size > 0) {
        if (own && rest.size < all && c->state == READING_HEAD) { /* a long answer that is being read */
            const struct server_options *o = &l->server->options;
            c->deadline_ns = later(clock_monotonic_ns(), o->write_ms + rest.size * 1000 / o->write_rate);
        }
        return keep_rest(c, rest) && may_send(c);
    }
    if (own) {
        loop_buffer_return(l, &c->out);
        c->out_at = 0;
        (void)charge(c);
        c->deadline_ns = c->state == AWAY ? 0 : later(clock_monotonic_ns(), l->server->options.idle_ms);
    }
    buf_clear(&l->out);
    return true;
}

/* Goes as far as the bytes allow. The connection may be gone afterwards. */
static void advance(struct connection *c)
{
    for (;;) {
        bool more = false;
        bool waited = !may_send(c); /* a client that does not read its answers gets no new ones */
        while (!waited && !c->closing && c->state <= READING_BODY && c->loop->out.size < OUT_MAX) {
            more = c->state == READING_HEAD ? take_head(c) : take_body(c);
            if (!more) {
                break;
            }
        }
        if (!flush(c)) {
            return;
        }
        if (c->closing && c->state == READING_HEAD) {
            start_lingering(c);
            return;
        }
        if (!more && !waited) {
            break;
        }
    }
    if (c->state <= READING_BODY) {
        if (c->in.size == c->in_at && c->piece.size == 0) {
            c->in_at = 0;
            loop_buffer_return(c->loop, &c->in);
        }
        read_on(c);
    }
}

static void discard(struct connection *c)
{
    char bytes[16384];
    ssize_t got = recv(c->fd, bytes, sizeof(bytes), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        connection_free(c);
    }
}

/* Room behind what has not been taken. */
static char *make_room(struct connection *c, size_t *room)
{
    if (c->in.capacity == 0) {
        c->in = loop_buffer(c->loop);
    }
    *room = c->state == READING_BODY ? READ_BODY : READ_HEAD;
    if (c->in_at > 0) {
        memmove(c->in.data, c->in.data + c->in_at, c->in.size - c->in_at);
        c->in.size -= c->in_at;
        c->in_at = 0;
    }
    return buf_reserve(&c->in, *room);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct connection *c = context;
    size_t room;
    (void)what;
    loop_enter(c->loop);
    if (c->state == LINGERING) {
        discard(c);
        return;
    }
    if (c->state == AWAY) {
        read_off(c); /* looked at again when the answer is there */
        return;
    }
    char *to = make_room(c, &room);
    ssize_t got = to ? recv(fd, to, room, 0) : 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        connection_free(c);
        return;
    }
    c->in.size += (size_t)got;
    metrics_received(c->loop->server->metrics, (uint64_t)got);
    advance(c);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct connection *c = context;
    (void)fd;
    (void)what;
    loop_enter(c->loop);
    advance(c);
}

void connection_continue(struct connection *c, bool answered)
{
    uint64_t now = clock_monotonic_ns();
    assert(c->state == AWAY);
    if (c->dead) {
        connection_free(c);
        return;
    }
    if (answered) {
        finish(c);
    } else {
        c->state = READING_BODY;
        c->body_started_ns += now - c->away_ns;
        body_deadline(c, now);
        stream_out(c);
    }
    advance(c);
}

/* --- life --- */

void connection_new(struct loop *loop, int fd, struct peer peer)
{
    struct connection *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    c->fd = fd;
    c->peer = peer;
    c->next = loop->connections;
    if (c->next) {
        c->next->previous = c;
    }
    loop->connections = c;
    c->deadline_ns = later(clock_monotonic_ns(), loop->server->options.head_ms);
    event_assign(&c->readable, loop->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->writable, loop->base, fd, EV_WRITE, on_writable, c);
    read_on(c);
}

/* Past its deadline: says so where that makes sense. */
static void expire(struct connection *c)
{
    bool partial = c->state == READING_BODY || (c->state == READING_HEAD && c->head_started);
    if (!partial || c->out.size > 0) {
        drop(c);
        return;
    }
    if (!c->x) {
        c->x = loop_exchange(c->loop);
        c->x->connection = c;
        c->x->server = c->loop->server;
        c->x->started_ns = clock_monotonic_ns();
        c->x->head.keep_alive = false;
    }
    c->body_ended = false;
    refuse(c, 408, "the request took too long");
    advance(c);
}

void connection_sweep(struct loop *loop, uint64_t now_ns)
{
    struct connection *next;
    for (struct connection *c = loop->connections; c; c = next) {
        next = c->next;
        bool idle = c->state == READING_HEAD && !c->head_started && c->out.size == 0;
        bool drained = loop->stopping && c->state != AWAY && (idle || now_ns >= loop->drain_deadline_ns);
        if (drained) {
            connection_free(c);
        } else if (c->deadline_ns && now_ns >= c->deadline_ns) {
            expire(c);
        }
    }
}
