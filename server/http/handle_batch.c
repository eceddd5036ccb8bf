#include "indexer/base/limits.h"
#include "indexer/base/map.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"
#include "server/live/operations.h"

/*
 * Batches of writes. All requests of a batch are checked before any is applied: what is wrong in itself is a 400 with
 * its position. What only the objects' state can tell (an increment of a text, say) is found out when they are applied;
 * the answer names the first, and the others are in force.
 */

#define BATCH_BODY_LIMIT (256u << 20)
/* In the log an object has its objectID and some bytes more. */
#define OBJECT_TEXT_MAX (LIMIT_OBJECT_BYTES - LIMIT_OBJECT_ID_BYTES - 256)

static const struct action {
    struct str name;
    enum live_op_kind kind;
    bool needs_id;
    bool needs_body;
    bool create_missing;
} actions[] = {
    {{"addObject", 9}, LIVE_PUT, false, true, false},
    {{"updateObject", 12}, LIVE_PUT, true, true, false},
    {{"partialUpdateObject", 19}, LIVE_PARTIAL, true, true, true},
    {{"partialUpdateObjectNoCreate", 27}, LIVE_PARTIAL, true, true, false},
    {{"deleteObject", 12}, LIVE_DELETE, true, true, false},
    {{"delete", 6}, LIVE_DELETE_INDEX, false, false, false},
    {{"clear", 5}, LIVE_CLEAR, false, false, false},
};

static const struct action *action_of(const struct json *request)
{
    struct str name;
    if (!json_string(json_get(request, "action"), &name)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (str_equal(actions[i].name, name)) {
            return &actions[i];
        }
    }
    return NULL;
}

/* --- checks; each is false with a message in err --- */

static bool check_index(struct exchange *x, struct str index, struct error *err)
{
    const struct snapshot *snapshot = live_snapshot(x->server->live, index);
    if (snapshot && !str_equal(snapshot->index_name, index)) {
        error_set(err, STATUS_INPUT, "index '" STR_FMT "' is a replica; write to '" STR_FMT "'", STR_ARG(index),
                  STR_ARG(snapshot->index_name));
        return false;
    }
    if (!snapshot && !index_name_valid(index)) {
        error_set(err, STATUS_INPUT, "an index name has 1 to %d bytes, without '/' and control characters",
                  LIMIT_INDEX_NAME_BYTES);
        return false;
    }
    return true;
}

static bool check_id(const struct action *action, const struct json *body, struct live_op *op, struct error *err)
{
    const struct json *id = json_get(body, "objectID");
    if (!write_object_id(body, &op->object_id)) {
        if (id || action->needs_id) {
            error_set(err, STATUS_INPUT, "'body.objectID' %s", id ? "must be a string or a number" : "is missing");
            return false;
        }
        return true;
    }
    if (op->object_id.size > LIMIT_OBJECT_ID_BYTES) {
        error_set(err, STATUS_INPUT, "'body.objectID' has more than %d bytes", LIMIT_OBJECT_ID_BYTES);
        return false;
    }
    return true;
}

/* That the operations of a partial update are well-formed. */
static bool check_operations(const struct json *body, struct arena *arena, struct error *err)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const struct json_member *m = &body->members[i];
        struct member_change outcome;
        bool ignore = false;
        if (json_get(&m->value, "_operation") &&
            operation_apply(NULL, &m->value, arena, &outcome, &ignore, err) != STATUS_OK) {
            error_prefix(err, "'body." STR_FMT "'",
                         STR_ARG(str_slice(m->name, 0, str_utf8_cut(m->name, m->name.size < 64 ? m->name.size : 64))));
            return false;
        }
    }
    return true;
}

static bool check_size(const struct json *body, struct buf *scratch, struct error *err)
{
    buf_clear(scratch);
    json_write(scratch, body);
    if (scratch->size > OBJECT_TEXT_MAX) {
        error_set(err, STATUS_LIMIT, "the object has more than %u bytes", OBJECT_TEXT_MAX);
        return false;
    }
    return true;
}

/* --- reading --- */

static bool read_request(struct exchange *x, const struct json *request, struct buf *scratch, struct error *err)
{
    struct write *w = write_of(x);
    const struct action *action = action_of(request);
    const struct json *body = json_get(request, "body");
    struct str index = x->params[0];
    if (!action) {
        error_set(err, STATUS_INPUT,
                  "'action' must be addObject, updateObject, partialUpdateObject, partialUpdateObjectNoCreate, "
                  "deleteObject, delete or clear");
        return false;
    }
    if (action->needs_body && (!body || body->type != JSON_OBJECT)) {
        error_set(err, STATUS_INPUT, "'body' must be an object");
        return false;
    }
    if (w->multiple && !json_string(json_get(request, "indexName"), &index)) {
        error_set(err, STATUS_INPUT, "'indexName' is missing");
        return false;
    }
    struct live_op *op = write_op(w, action->kind, index);
    if (!op) {
        error_set(err, STATUS_LIMIT, "the batch needs more memory than it may use");
        return false;
    }
    op->create_missing = action->create_missing;
    if (action->needs_body) {
        op->body = *body;
    }
    size_t before = w->batch.op_count;
    if ((before == 1 || w->multiple) && !check_index(x, index, err)) {
        return false;
    }
    if (action->needs_body && !check_id(action, body, op, err)) {
        return false;
    }
    if (action->kind == LIVE_PARTIAL && !check_operations(body, &w->batch.arena, err)) {
        return false;
    }
    /* A body that is smaller than the limit holds no object that is larger. */
    return action->kind != LIVE_PUT || x->body.size <= OBJECT_TEXT_MAX || check_size(body, scratch, err);
}

static void read_batch(struct exchange *x)
{
    struct write *w = write_of(x);
    struct error err = {0};
    struct json body;
    struct buf scratch = BUF_EMPTY;
    enum status status = json_parse(x->body, &w->batch.arena, &body, &err);
    if (status != STATUS_OK) {
        exchange_error(x, status == STATUS_LIMIT ? 413 : 400, "the body is not JSON: %s", err.message);
        return;
    }
    const struct json *requests = json_get(&body, "requests");
    if (!requests || requests->type != JSON_ARRAY) {
        exchange_error(x, 400, "'requests' must be an array of {\"action\":..,\"body\":{..}}");
        return;
    }
    for (uint32_t i = 0; i < requests->count; i++) {
        if (!read_request(x, &requests->items[i], &scratch, &err)) {
            exchange_error(x, exchange_status_of(err.code), "requests[%u]: %s; nothing was applied", i, err.message);
            break;
        }
    }
    buf_release(&scratch);
}

/* --- answers --- */

static void write_tasks(struct buf *out, const struct write *w)
{
    struct map seen;
    const char *comma = "";
    map_init(&seen);
    buf_literal(out, "{\"taskID\":{");
    for (size_t i = 0; i < w->batch.op_count; i++) {
        bool added;
        (void)map_put(&seen, w->batch.ops[i].index, 0, &added);
        if (added) {
            buf_append_str(out, str_from(comma));
            json_write_string(out, w->batch.ops[i].index);
            buf_append_char(out, ':');
            buf_append_u64(out, write_task_id(w));
            comma = ",";
        }
    }
    buf_append_char(out, '}');
    map_release(&seen);
}

static void answer_batch(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    if (w->multiple) {
        write_tasks(out, w);
    } else {
        buf_literal(out, "{\"taskID\":");
        buf_append_u64(out, write_task_id(w));
    }
    buf_literal(out, ",\"objectIDs\":[");
    for (size_t i = 0; i < w->batch.op_count; i++) {
        const struct live_op *op = &w->batch.ops[i];
        if (i > 0) {
            buf_append_char(out, ',');
        }
        json_write_string(out, op->object_id_out.size > 0 ? op->object_id_out : op->object_id);
    }
    buf_literal(out, "]}");
}

static enum handled batch(struct exchange *x)
{
    return write_read(write_new(x), read_batch, false, answer_batch);
}

static enum handled batch_all(struct exchange *x)
{
    struct write *w = write_new(x);
    w->multiple = true;
    return write_read(w, read_batch, false, answer_batch);
}

const struct route batch_routes[] = {
    {HTTP_POST, "/1/indexes/*/batch", SCOPE_ADMIN, 0, BATCH_BODY_LIMIT, batch_all, NULL},
    {HTTP_POST, "/1/indexes/{index}/batch", SCOPE_ADMIN, 0, BATCH_BODY_LIMIT, batch, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
