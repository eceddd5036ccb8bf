#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/routes.h"
#include "server/http/server.h"
#include "server/http/writes.h"
#include "server/live/update.h"

/*
 * Changes as of some moment: what partial feeds bring. What was accepted later stays.
 *
 *   POST /1/indexes/{i}/apply
 *   {"asOf": "2026-05-31T22:00:00Z" | ms, "items": [{"object": {...}, "create": true}, {"delete": "id"}], "last": true}
 *   -> {"seq":..,"items":[{"status":"ok","created":true,"kept":1}, {"status":"not found","message":".."}]}
 */

#define APPLY_BODY_LIMIT (64u << 20)
#define APPLY_ITEMS_MAX  20000

static bool read_as_of(struct exchange *x, const struct json *value, int64_t *ms)
{
    struct str text;
    bool fine = json_string(value, &text) ? clock_parse(text, ms) : json_i64(value, ms);
    if (!fine || *ms <= 0) {
        exchange_error(x, 400, "'asOf' must be a time such as \"2026-05-31T22:00:00Z\", or milliseconds since 1970");
        return false;
    }
    /* What is set would be newer than any update of today's, for as long. */
    if (*ms > clock_wall_ms() + UPDATE_FUTURE_MS) {
        exchange_error(x, 400, "'asOf' is more than a minute ahead");
        return false;
    }
    return true;
}

/* False after an error answer. */
static bool read_item(struct exchange *x, struct live_op *op, const struct json *item, uint32_t at)
{
    const struct json *object = json_get(item, "object");
    const struct json *deleted = json_get(item, "delete");
    if (object && deleted) {
        exchange_error(x, 400, "'items[%u]': has both 'object' and 'delete'", at);
        return false;
    }
    if (json_string(deleted, &op->object_id)) {
        op->kind = LIVE_DELETE;
    } else if (object && object->type == JSON_OBJECT && write_object_id(object, &op->object_id)) {
        op->kind = LIVE_PARTIAL;
        op->body = *object;
        (void)json_bool(json_get(item, "create"), &op->create_missing);
    } else {
        exchange_error(x, 400, "'items[%u]': must have an 'object' with an objectID, or 'delete' with one", at);
        return false;
    }
    return true;
}

static void answer(struct exchange *x, const struct live_batch *batch)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_printf(out, "{\"seq\":%llu,\"items\":[", (unsigned long long)batch->seq);
    for (size_t i = 0; i < batch->op_count; i++) {
        const struct live_op *op = &batch->ops[i];
        buf_append(out, ",", i > 0);
        buf_printf(out, "{\"status\":\"%s\"", status_name(op->status));
        if (op->created) {
            buf_literal(out, ",\"created\":true");
        }
        if (op->kept > 0) {
            buf_printf(out, ",\"kept\":%u", op->kept);
        }
        if (op->status != STATUS_OK) {
            buf_literal(out, ",\"message\":");
            json_write_string(out, str_from(op->message));
        }
        buf_append_char(out, '}');
    }
    buf_literal(out, "]}");
}

static void run(struct exchange *x, struct live_batch *batch)
{
    struct json body;
    struct error err = {0};
    int64_t as_of_ms = 0;
    bool last = false;
    if (json_parse(x->body, &batch->arena, &body, &err) != STATUS_OK) {
        exchange_error(x, 400, "the body is not JSON: %s", err.message);
        return;
    }
    const struct json *items = json_get(&body, "items");
    if (!items || items->type != JSON_ARRAY || items->count > APPLY_ITEMS_MAX) {
        exchange_error(x, 400, "'items' must be an array of at most %d changes", APPLY_ITEMS_MAX);
        return;
    }
    if (!read_as_of(x, json_get(&body, "asOf"), &as_of_ms)) {
        return;
    }
    batch->ops = ARENA_ARRAY(&batch->arena, struct live_op, items->count + 1);
    for (uint32_t i = 0; i < items->count; i++) {
        batch->ops[i].index = x->params[0];
        if (!read_item(x, &batch->ops[i], &items->items[i], i)) {
            return;
        }
    }
    batch->op_count = items->count;
    batch->source = route_source(x, &batch->arena);
    struct reader_thread *reader = reader_thread();
    reader_leave(reader);
    enum status status = live_apply(x->server->live, batch, as_of_ms, &err);
    if (status == STATUS_OK && json_bool(json_get(&body, "last"), &last) && last && items->count > 0) {
        struct live_batch none = {0};
        (void)!live_apply(x->server->live, &none, as_of_ms, NULL);
    }
    reader_enter(reader);
    if (status == STATUS_OK) {
        answer(x, batch);
    } else {
        exchange_fail(x, status, err.message);
    }
}

/* On a worker: the first batch of a moment reads the log. */
static void apply_away(struct exchange *x)
{
    struct live_batch batch = {0};
    arena_init(&batch.arena, 0);
    run(x, &batch);
    arena_release(&batch.arena);
}

static enum handled apply(struct exchange *x)
{
    return exchange_offload(x, apply_away);
}

const struct route apply_routes[] = {
    {HTTP_POST, "/1/indexes/{index}/apply", SCOPE_ADMIN, 0, APPLY_BODY_LIMIT, apply, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
