#include "server/http/exchange.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/gzip.h"
#include "indexer/base/limits.h"
#include "server/http/connection.h"
#include "server/http/loop.h"
#include "server/http/reader.h"
#include "server/http/server.h"

#define ENCODE_FROM    1024
#define ENCODE_LEVEL   1
#define KEPT_BYTES     (256u << 10) /* larger memory is given back to the system between requests */
#define HEADERS_MAX    4096
#define ANSWER_MAX     (256u << 20)
#define ARENA_KEPT_MAX (4u << 20)
#define ERROR_TEXT_MAX 512

/* --- parameters --- */

struct str exchange_query(struct exchange *x, const char *name)
{
    struct str value;
    return http_query_get(x->head.query, name, &x->arena, &value) ? value : (struct str){NULL, 0};
}

bool exchange_query_flag(struct exchange *x, const char *name, bool otherwise)
{
    struct str value = exchange_query(x, name);
    if (!value.data) {
        return otherwise;
    }
    return !str_equal(value, STR("false")) && !str_equal(value, STR("0"));
}

bool exchange_json(struct exchange *x, struct json *out)
{
    struct error err = {0};
    enum status status = json_parse(x->body, &x->arena, out, &err);
    if (status != STATUS_OK) {
        exchange_error(x, status == STATUS_LIMIT ? 413 : 400, "the body is not JSON: %s", err.message);
        return false;
    }
    return true;
}

/* --- answers --- */

struct buf *exchange_begin(struct exchange *x, int status, const char *content_type)
{
    x->status = status;
    x->content_type = content_type;
    x->encoded = false;
    buf_clear(&x->out);
    x->out.limit_bytes = ANSWER_MAX;
    return &x->out;
}

enum handled exchange_error(struct exchange *x, int status, const char *format, ...)
{
    char message[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    struct str text = {message, size < 0 ? 0 : (size_t)size};
    if (text.size >= sizeof(message)) {
        text.size = str_utf8_cut(text, sizeof(message) - 1);
    }
    struct buf *out = exchange_begin(x, status, CONTENT_JSON);
    buf_literal(out, "{\"message\":");
    json_write_string(out, text);
    buf_literal(out, ",\"status\":");
    buf_append_i64(out, status);
    buf_append_char(out, '}');
    return HANDLED;
}

int exchange_status_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return 200;
    case STATUS_INPUT:
        return 400;
    case STATUS_LIMIT:
        return 413;
    case STATUS_NOT_FOUND:
        return 404;
    case STATUS_CONFLICT:
        return 409;
    case STATUS_BUSY:
        return 429;
    case STATUS_FULL:
        return 507;
    case STATUS_IO:
        return 503;
    case STATUS_FORMAT:
        break;
    }
    return 500;
}

enum handled exchange_fail(struct exchange *x, enum status status, const char *message)
{
    return exchange_error(x, exchange_status_of(status), "%s", message);
}

enum handled exchange_text(struct exchange *x, struct str json)
{
    buf_append_str(exchange_begin(x, 200, CONTENT_JSON), json);
    return HANDLED;
}

void exchange_header(struct exchange *x, const char *name, struct str value)
{
    x->headers.limit_bytes = HEADERS_MAX;
    buf_append_str(&x->headers, str_from(name));
    buf_literal(&x->headers, ": ");
    buf_append_str(&x->headers, value);
    buf_literal(&x->headers, "\r\n");
}

/* Only JSON and text are made here; static files come compressed. */
void exchange_encode(struct exchange *x)
{
    if (x->encoded || x->streaming || x->out.size < ENCODE_FROM || x->out.failed || x->route == NULL) {
        return;
    }
    exchange_header(x, "Vary", STR("Accept-Encoding"));
    if (!http_accepts_gzip(&x->head)) {
        return;
    }
    struct buf packed;
    buf_init(&packed, ANSWER_MAX);
    if (gzip_compress(buf_str(&x->out), ENCODE_LEVEL, &packed) == STATUS_OK && packed.size < x->out.size) {
        buf_release(&x->out);
        x->out = packed;
        x->encoded = true;
    } else {
        buf_release(&packed);
    }
}

/* --- other threads --- */

static struct exchange *exchange_of(struct loop_task *task)
{
    return (struct exchange *)(void *)((char *)task - offsetof(struct exchange, task));
}

static void run_posted(struct loop_task *task)
{
    struct exchange *x = exchange_of(task);
    x->posted(x);
}

void exchange_post(struct exchange *x, void (*posted)(struct exchange *x))
{
    x->posted = posted;
    x->task.run = run_posted;
    loop_post(connection_loop(x->connection), &x->task);
}

void exchange_later(struct exchange *x, unsigned ms, void (*posted)(struct exchange *x))
{
    x->posted = posted;
    x->task.run = run_posted;
    loop_later(connection_loop(x->connection), &x->task, ms);
}

void exchange_done(struct exchange *x)
{
    connection_continue(x->connection, true);
}

void exchange_resume(struct exchange *x)
{
    connection_continue(x->connection, false);
}

static void run_offloaded(void *context)
{
    struct exchange *x = context;
    struct reader_thread *reader = reader_thread();
    reader_enter(reader);
    x->run(x);
    if (x->status) {
        exchange_encode(x);
    }
    reader_leave(reader);
    exchange_post(x, x->posted);
}

enum handled exchange_offload_then(struct exchange *x, void (*run)(struct exchange *x),
                                   void (*then)(struct exchange *x))
{
    x->run = run;
    x->posted = then;
    if (workers_try(x->server->workers, run_offloaded, x)) {
        return PENDING;
    }
    run(x);
    return HANDLED;
}

enum handled exchange_offload(struct exchange *x, void (*run)(struct exchange *x))
{
    return exchange_offload_then(x, run, exchange_done);
}

/* --- the connection's side --- */

static void shrink(struct buf *b)
{
    if (b->capacity > KEPT_BYTES) {
        buf_release(b);
    }
    buf_clear(b);
}

void exchange_reset(struct exchange *x)
{
    if (x->release) {
        x->release(x->state);
    }
    x->state = NULL;
    x->release = NULL;
    if (x->arena.used_bytes > ARENA_KEPT_MAX) {
        arena_release(&x->arena);
        arena_init(&x->arena, LIMIT_REQUEST_ARENA);
    } else {
        arena_reset(&x->arena);
    }
    shrink(&x->out);
    shrink(&x->headers);
    shrink(&x->head_bytes);
    shrink(&x->body_bytes);
    x->body = (struct str){NULL, 0};
    x->param_count = 0;
    x->route = NULL;
    x->route_number = 0;
    x->status = 0;
    x->content_type = NULL;
    x->close_connection = x->encoded = false;
    x->streaming = x->head_sent = x->paused = false;
    x->connection = NULL;
    x->head.header_count = 0;
    x->head.method = HTTP_OTHER;
    x->head.minor_version = 1;
    x->head.keep_alive = x->head.expect_continue = false;
    x->head.content_length = 0;
    x->head.body_kind = HTTP_BODY_NONE;
    x->head.path = x->head.query = (struct str){NULL, 0};
}

void exchange_free(struct exchange *x)
{
    if (!x) {
        return;
    }
    if (x->release) {
        x->release(x->state);
    }
    arena_release(&x->arena);
    buf_release(&x->out);
    buf_release(&x->headers);
    buf_release(&x->head_bytes);
    buf_release(&x->body_bytes);
    free(x);
}
