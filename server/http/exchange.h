#ifndef AISLE_SERVER_HTTP_EXCHANGE_H
#define AISLE_SERVER_HTTP_EXCHANGE_H

/*
 * One request and its answer, as handlers see them.
 *
 * Threads: an exchange belongs to the event base of its connection. A handler that returns PENDING gives it to another
 * thread (a worker, the live room), which gives it back with exchange_post and does not touch it afterwards. While it
 * is away the connection reads nothing.
 *
 * Memory: head, parameters and body live until the answer is handed over; arena (LIMIT_REQUEST_ARENA) and out are
 * released then.
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"
#include "indexer/base/json.h"
#include "server/http/http_parser.h"
#include "server/http/keys.h"

struct connection;
struct exchange;
struct server;
struct loop;

enum handled {
    HANDLED, /* the answer is in the exchange */
    PENDING, /* it comes by exchange_post; for a stream: exchange_resume goes on with it */
    MORE     /* streams only: wants more of the body */
};

enum route_flags {
    ROUTE_CONTROL = 1, /* only on the control socket */
    ROUTE_ELASTIC = 2, /* with X-Elastic-Product where the server is told to send it */
    ROUTE_UNREADY = 4, /* answers while the server is not ready */
    ROUTE_STATIC = 8,  /* a static file of that path goes before it, for who may want one */
    ROUTE_EAGER = 16   /* a stream that is also called when the client pauses: it answers while it is asked */
};

/* A row of the route table. */
struct route {
    unsigned methods;    /* bits of enum http_method; GET takes HEAD too */
    const char *pattern; /* "/1/indexes/{index}/query" */
    enum key_scope scope;
    unsigned flags;
    size_t body_limit; /* bytes, unpacked; more is 413. 0 for streams: any number */
    enum handled (*handle)(struct exchange *x);
    /* Instead of handle: the body as it comes. window is what has come and was not taken yet, at most STREAM_WINDOW;
     * last: nothing follows it. Sets *taken; takes something or answers when the window is full or last. */
    enum handled (*stream)(struct exchange *x, struct str window, bool last, size_t *taken);
};

#define ROUTE_PARAMS_MAX 4
#define STREAM_STEP      (64u << 10) /* a stream is called when this much more has come */
#define STREAM_WINDOW    (2u << 20)

/* What an event base is asked to run by other threads. */
struct loop_task {
    struct loop_task *next;
    void (*run)(struct loop_task *task);
};

struct exchange {
    /* the request */
    struct http_head head;
    struct str params[ROUTE_PARAMS_MAX]; /* the decoded {..} segments in order */
    uint32_t param_count;
    struct str body;
    struct arena arena;
    struct server *server;
    const struct route *route; /* NULL: none fits */
    uint32_t route_number;     /* for metrics */
    enum key_scope granted;    /* what its key allows */
    uint64_t started_ns;

    /* the answer */
    int status;
    const char *content_type;
    struct buf out;
    struct buf headers;    /* more header lines, each with its CRLF */
    bool close_connection; /* after the answer */
    bool encoded;          /* out is compressed */
    /* A stream that answers piece by piece begins its answer, sets streaming, and appends to out: what is there is sent
     * each time it gives MORE or PENDING, or goes on, and out is then empty again. An error that comes later ends what
     * was sent and closes the connection. */
    bool streaming;
    bool head_sent;
    bool paused; /* the stream is called since nothing more has come yet (ROUTE_EAGER) */

    /* the handler's own, kept over PENDING */
    void *state;
    void (*release)(void *state); /* called when the exchange ends; may be NULL */

    /* the connection's */
    struct connection *connection;
    struct loop_task task;
    void (*posted)(struct exchange *x);
    void (*run)(struct exchange *x);
    struct buf head_bytes;
    struct buf body_bytes;
    struct exchange *next;
};

/* --- parameters --- */
/* The decoded value of a query-string parameter; empty with NULL data when it is not there. */
struct str exchange_query(struct exchange *x, const char *name);
bool exchange_query_flag(struct exchange *x, const char *name, bool otherwise);
/* The body as JSON, whatever its Content-Type says. False after it set a 400 answer. */
bool exchange_json(struct exchange *x, struct json *out);

/* --- answers; all return HANDLED, so that a handler can return them --- */
#define CONTENT_JSON   "application/json; charset=UTF-8"
#define CONTENT_NDJSON "application/x-ndjson"
#define CONTENT_TEXT   "text/plain; charset=utf-8"

/* Starts the answer: x->out is empty and the handler's to fill. */
struct buf *exchange_begin(struct exchange *x, int status, const char *content_type);
/* {"message":..,"status":..}; drops what was in out. */
enum handled exchange_error(struct exchange *x, int status, const char *format, ...) PRINTF_LIKE(3, 4);
/* The HTTP status of an outcome and its message. */
enum handled exchange_fail(struct exchange *x, enum status status, const char *message);
int exchange_status_of(enum status status);
/* A 200 with this JSON text. */
enum handled exchange_text(struct exchange *x, struct str json);
void exchange_header(struct exchange *x, const char *name, struct str value);

/* --- other threads --- */
/* Runs posted(x) on the exchange's event base; from any thread. posted may finish the answer with exchange_done, post
 * again, or call exchange_resume. */
void exchange_post(struct exchange *x, void (*posted)(struct exchange *x));
/* The same after a while, on the event base, for an exchange that is PENDING. */
void exchange_later(struct exchange *x, unsigned ms, void (*posted)(struct exchange *x));
/* The answer is in the exchange: sends it. On the event base, for an exchange that was PENDING. */
void exchange_done(struct exchange *x);
/* Goes on with the stream. On the event base. */
void exchange_resume(struct exchange *x);
/* Runs run(x) on a worker, a registered reader (rcu.h), then posts `then`. Gives PENDING; when the workers' queue is
 * full, run(x) is called here and HANDLED is given: the caller goes on as `then` would. */
enum handled exchange_offload_then(struct exchange *x, void (*run)(struct exchange *x),
                                   void (*then)(struct exchange *x));
/* The same for a run that makes the answer, which is then sent. */
enum handled exchange_offload(struct exchange *x, void (*run)(struct exchange *x));

/* --- the connection's side --- */
void exchange_reset(struct exchange *x); /* ready for the next request; keeps some memory */
void exchange_free(struct exchange *x);
/* Compresses out when the client takes it and it is worth it. Called by workers and by exchange_done. */
void exchange_encode(struct exchange *x);

#endif
