#include "server/http/writes.h"

#include <stdlib.h>

#include "indexer/base/clock.h"
#include "server/http/server.h"

#define WRITE_ARENA_MAX (1u << 30)

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

static bool forgiven(const struct live_op *op)
{
    return op->status == STATUS_NOT_FOUND && (op->kind == LIVE_DELETE || op->kind == LIVE_DELETE_INDEX ||
                                              (op->kind == LIVE_PARTIAL && !op->create_missing));
}

static void make_answer(struct exchange *x, struct write *w)
{
    struct live_batch *b = &w->batch;
    if (b->status != STATUS_OK) {
        exchange_fail(x, b->status, b->error.message);
        return;
    }
    for (size_t i = 0; i < b->op_count; i++) {
        const struct live_op *op = &b->ops[i];
        if (op->status != STATUS_OK && !forgiven(op)) {
            if (b->op_count > 1) {
                exchange_error(x, exchange_status_of(op->status), "requests[%zu]: %s", i, op->message);
            } else {
                exchange_fail(x, op->status, op->message);
            }
            return;
        }
    }
    w->answer(x, w);
}

static void on_written(struct exchange *x)
{
    make_answer(x, write_of(x));
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
    enum status status = live_submit(x->server->live, &w->batch);
    if (status != STATUS_OK) {
        exchange_header(x, "Retry-After", STR("1"));
        return exchange_fail(x, status, "too many updates are waiting");
    }
    return PENDING;
}

void write_submit_later(struct exchange *x, void (*answer)(struct exchange *x, struct write *w))
{
    if (x->status || write_submit(write_of(x), answer) == HANDLED) {
        exchange_done(x);
    }
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

void write_task(struct buf *out, const struct write *w)
{
    buf_literal(out, ",\"taskID\":");
    buf_append_u64(out, w->batch.task_id);
}

void write_time(struct buf *out, const char *name)
{
    char text[CLOCK_ISO_SIZE];
    clock_format_iso(clock_wall_ms(), text);
    buf_printf(out, "\"%s\":\"%s\"", name, text);
}
