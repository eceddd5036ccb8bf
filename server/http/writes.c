#include "server/http/writes.h"

#include <stdlib.h>

#include "indexer/base/clock.h"
#include "server/http/routes.h"
#include "server/http/server.h"

#define WRITE_ARENA_MAX (1u << 30)
#define AWAY_BODY       (64u << 10) /* JSON is read at about 2 us a KB */

static void write_free(void *state)
{
    struct write *w = state;
    arena_release(&w->batch.arena);
    free(w);
}

struct write *write_new(struct exchange *x)
{
    struct write *w = xcalloc(1, sizeof(*w));
    arena_init(&w->batch.arena, WRITE_ARENA_MAX);
    w->x = x;
    x->state = w;
    x->release = write_free;
    return w;
}

struct live_op *write_op(struct write *w, enum live_op_kind kind, struct str index)
{
    struct live_batch *b = &w->batch;
    if (b->op_count == w->capacity) {
        size_t capacity = w->capacity ? w->capacity * 2 : 4;
        struct live_op *ops = ARENA_ARRAY(&b->arena, struct live_op, capacity);
        if (!ops) {
            return NULL;
        }
        if (b->op_count > 0) {
            memcpy(ops, b->ops, b->op_count * sizeof(*ops));
        }
        b->ops = ops;
        w->capacity = capacity;
    }
    struct live_op *op = &b->ops[b->op_count++];
    op->kind = kind;
    op->index = index;
    return op;
}

void write_reset(struct write *w)
{
    struct arena arena = w->batch.arena;
    arena_reset(&arena);
    w->batch = (struct live_batch){.arena = arena};
    w->capacity = 0;
}

static bool forgiven(const struct live_op *op)
{
    return op->status == STATUS_NOT_FOUND && (op->kind == LIVE_DELETE || op->kind == LIVE_DELETE_INDEX ||
                                              (op->kind == LIVE_PARTIAL && !op->create_missing));
}

/* False after an error answer. */
static bool check_outcome(struct exchange *x, const struct write *w)
{
    const struct live_batch *b = &w->batch;
    if (b->status != STATUS_OK) {
        exchange_fail(x, b->status, b->error.message);
        return false;
    }
    for (size_t i = 0; i < b->op_count; i++) {
        const struct live_op *op = &b->ops[i];
        if (op->status != STATUS_OK && !forgiven(op)) {
            if (b->op_count > 1) {
                exchange_error(x, exchange_status_of(op->status), "requests[%zu]: %s; the others were applied", i,
                               op->message);
            } else {
                exchange_fail(x, op->status, op->message);
            }
            return false;
        }
    }
    return true;
}

static void on_written(struct exchange *x)
{
    struct write *w = write_of(x);
    if (check_outcome(x, w)) {
        if (w->next && w->next(x, w) == PENDING) {
            return;
        }
        if (!x->status) {
            w->answer(x, w);
        }
    }
    exchange_done(x);
}

/* On a live thread. */
static void on_done(struct live_batch *batch)
{
    struct write *w = batch->context;
    exchange_post(w->x, on_written);
}

enum handled write_submit(struct write *w, void (*answer)(struct exchange *x, struct write *w))
{
    struct exchange *x = w->x;
    w->answer = answer;
    w->batch.done = on_done;
    w->batch.context = w;
    if (w->batch.arena.failed) {
        return exchange_error(x, 413, "the request needs more memory than it may use");
    }
    if (w->batch.op_count == 0) {
        answer(x, w);
        return HANDLED;
    }
    w->batch.source = route_source(x, &w->batch.arena);
    enum status status = live_submit(x->server->live, &w->batch);
    if (status != STATUS_OK) {
        exchange_header(x, "Retry-After", STR("1"));
        return exchange_fail(x, status, "too many updates are waiting");
    }
    return PENDING;
}

static void submit_read(struct exchange *x)
{
    struct write *w = write_of(x);
    if (x->status || write_submit(w, w->answer) == HANDLED) {
        exchange_done(x);
    }
}

enum handled write_read(struct write *w, void (*read)(struct exchange *x), bool away,
                        void (*answer)(struct exchange *x, struct write *w))
{
    struct exchange *x = w->x;
    w->answer = answer;
    if (!away && x->body.size <= AWAY_BODY) {
        read(x);
    } else if (exchange_offload_then(x, read, submit_read) == PENDING) {
        return PENDING;
    }
    return x->status ? HANDLED : write_submit(w, answer);
}

bool write_object_id(const struct json *body, struct str *id)
{
    const struct json *value = json_get(body, "objectID");
    if (!value || (value->type != JSON_STRING && value->type != JSON_NUMBER) || value->text.size == 0) {
        return false;
    }
    *id = value->text;
    return true;
}

uint64_t write_task_id(const struct write *w)
{
    struct live_stats stats;
    if (w->batch.task_id) {
        return w->batch.task_id;
    }
    live_stats(w->x->server->live, &stats);
    return stats.seq ? stats.seq : 1;
}

void write_begin(struct buf *out, const char *name, const struct write *w)
{
    char text[CLOCK_ISO_SIZE];
    clock_format_iso(clock_wall_ms(), text);
    buf_printf(out, "{\"%s\":\"%s\",\"taskID\":%llu", name, text, (unsigned long long)write_task_id(w));
}

void write_answer_updated(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    write_begin(out, "updatedAt", w);
    buf_append_char(out, '}');
}

void write_answer_deleted(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    write_begin(out, "deletedAt", w);
    buf_append_char(out, '}');
}
