#include "indexer/base/limits.h"
#include "server/http/answer.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"

/* Objects: read by key, written one by one or in batches, deleted by query. */

#define OBJECT_BODY_LIMIT (LIMIT_OBJECT_BYTES + 4096)
#define BATCH_BODY_LIMIT  (256u << 20)
#define OFFLOAD_BODY      (64u << 10)
#define OBJECTS_MAX       1000

/* --- reading --- */

static const struct str *split_names(struct exchange *x, struct str text, size_t *count)
{
    struct str *names = ARENA_ARRAY(&x->arena, struct str, text.size + 1);
    *count = 0;
    while (names && text.data) {
        struct str name = str_trim(str_split(&text, ','));
        if (name.size > 0) {
            names[(*count)++] = name;
        }
    }
    return names;
}

static enum handled get_object(struct exchange *x)
{
    uint32_t segment;
    doc_id doc;
    struct json object;
    struct error err = {0};
    size_t count;
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return HANDLED;
    }
    if (!snapshot_find(snapshot, x->params[1], &segment, &doc)) {
        return exchange_error(x, 404, "ObjectID does not exist");
    }
    enum status status = snapshot_object(snapshot, segment, doc, &x->arena, &object, &err);
    if (status != STATUS_OK) {
        return exchange_fail(x, status, err.message);
    }
    const struct str *names = split_names(x, exchange_query(x, "attributesToRetrieve"), &count);
    struct shown shown = shown_list(names, count);
    answer_object(exchange_begin(x, 200, CONTENT_JSON), &object, &shown);
    return HANDLED;
}

/* Names in a JSON array, or in a string between commas. */
static struct shown shown_json(struct exchange *x, const struct json *list)
{
    struct str text;
    size_t count = 0;
    const struct str *names = NULL;
    if (json_string(list, &text)) {
        names = split_names(x, text, &count);
    } else if (list && list->type == JSON_ARRAY) {
        struct str *items = ARENA_ARRAY(&x->arena, struct str, list->count + 1);
        for (uint32_t i = 0; items && i < list->count; i++) {
            count += json_string(&list->items[i], &items[count]);
        }
        names = items;
    }
    return shown_list(names, names ? count : 0);
}

/* One of the objects asked for; null when there is none. False after an error answer. */
static bool write_asked(struct exchange *x, const struct json *request, struct buf *out)
{
    struct str index;
    struct str id;
    uint32_t segment;
    doc_id doc;
    struct json object;
    struct error err = {0};
    if (!json_string(json_get(request, "indexName"), &index) || !write_object_id(request, &id)) {
        exchange_error(x, 400, "each of 'requests' needs 'indexName' and 'objectID'");
        return false;
    }
    const struct snapshot *snapshot = handlers_snapshot(x, index);
    if (!snapshot) {
        return false;
    }
    if (!snapshot_find(snapshot, id, &segment, &doc)) {
        buf_literal(out, "null");
        return true;
    }
    enum status status = snapshot_object(snapshot, segment, doc, &x->arena, &object, &err);
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
        return false;
    }
    struct shown shown = shown_json(x, json_get(request, "attributesToRetrieve"));
    answer_object(out, &object, &shown);
    return true;
}

static enum handled get_objects(struct exchange *x)
{
    struct json body;
    if (!exchange_json(x, &body)) {
        return HANDLED;
    }
    const struct json *requests = json_get(&body, "requests");
    if (!requests || requests->type != JSON_ARRAY || requests->count > OBJECTS_MAX) {
        return exchange_error(x, 400, "'requests' must be an array of at most %d objects to get", OBJECTS_MAX);
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_literal(out, "{\"results\":[");
    for (uint32_t i = 0; i < requests->count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        if (!write_asked(x, &requests->items[i], out)) {
            return HANDLED;
        }
    }
    buf_literal(out, "]}");
    return HANDLED;
}

/* --- one object --- */

static void answer_created(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 201, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "createdAt");
    write_task(out, w);
    buf_literal(out, ",\"objectID\":");
    json_write_string(out, w->batch.ops[0].object_id_out);
    buf_append_char(out, '}');
}

static void answer_updated(struct exchange *x, struct write *w)
{
    const struct live_op *op = &w->batch.ops[0];
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "updatedAt");
    write_task(out, w);
    buf_literal(out, ",\"objectID\":");
    json_write_string(out, op->object_id_out.size > 0 ? op->object_id_out : op->object_id);
    buf_append_char(out, '}');
}

static void answer_deleted(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "deletedAt");
    write_task(out, w);
    buf_append_char(out, '}');
}

static void answer_cleared(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "updatedAt");
    write_task(out, w);
    buf_append_char(out, '}');
}

/* The body as an object in the batch's arena. NULL after an error answer. */
static struct live_op *read_object(struct exchange *x, struct write *w, enum live_op_kind kind)
{
    struct error err = {0};
    struct live_op *op = write_op(w, kind, x->params[0]);
    enum status status = json_parse(x->body, &w->batch.arena, &op->body, &err);
    if (status != STATUS_OK) {
        exchange_error(x, status == STATUS_LIMIT ? 413 : 400, "the body is not JSON: %s", err.message);
        return NULL;
    }
    if (op->body.type != JSON_OBJECT) {
        exchange_error(x, 400, "the body must be an object");
        return NULL;
    }
    return op;
}

static enum handled add_object(struct exchange *x)
{
    struct write *w = write_new(x);
    return read_object(x, w, LIVE_PUT) ? write_submit(w, answer_created) : HANDLED;
}

static enum handled put_object(struct exchange *x)
{
    struct write *w = write_new(x);
    struct live_op *op = read_object(x, w, LIVE_PUT);
    if (!op) {
        return HANDLED;
    }
    op->object_id = x->params[1];
    return write_submit(w, answer_updated);
}

static enum handled partial_object(struct exchange *x)
{
    struct write *w = write_new(x);
    struct live_op *op = read_object(x, w, LIVE_PARTIAL);
    if (!op) {
        return HANDLED;
    }
    op->object_id = x->params[1];
    op->create_missing = exchange_query_flag(x, "createIfNotExists", true);
    return write_submit(w, answer_updated);
}

static enum handled delete_object(struct exchange *x)
{
    struct write *w = write_new(x);
    struct live_op *op = write_op(w, LIVE_DELETE, x->params[0]);
    op->object_id = x->params[1];
    return write_submit(w, answer_deleted);
}

static enum handled clear(struct exchange *x)
{
    struct write *w = write_new(x);
    (void)write_op(w, LIVE_CLEAR, x->params[0]);
    return write_submit(w, answer_cleared);
}

/* --- batches --- */

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

/* False after an error answer. */
static bool read_request(struct exchange *x, struct write *w, const struct json *request, uint32_t number)
{
    const struct action *action = action_of(request);
    const struct json *body = json_get(request, "body");
    struct str index = x->params[0];
    if (!action) {
        exchange_error(x, 400,
                       "requests[%u]: 'action' must be addObject, updateObject, partialUpdateObject, "
                       "partialUpdateObjectNoCreate, deleteObject, delete or clear",
                       number);
        return false;
    }
    if (action->needs_body && (!body || body->type != JSON_OBJECT)) {
        exchange_error(x, 400, "requests[%u]: 'body' must be an object", number);
        return false;
    }
    if (w->multiple && !json_string(json_get(request, "indexName"), &index)) {
        exchange_error(x, 400, "requests[%u]: 'indexName' is missing", number);
        return false;
    }
    struct live_op *op = write_op(w, action->kind, index);
    if (!op) {
        exchange_error(x, 413, "the batch needs more memory than it may use");
        return false;
    }
    if (action->needs_body) {
        op->body = *body;
    }
    op->create_missing = action->create_missing;
    if (!write_object_id(body, &op->object_id) && action->needs_id) {
        exchange_error(x, 400, "requests[%u]: 'body.objectID' is missing", number);
        return false;
    }
    return true;
}

static void read_batch(struct exchange *x)
{
    struct write *w = write_of(x);
    struct error err = {0};
    struct json body;
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
        if (!read_request(x, w, &requests->items[i], i)) {
            return;
        }
    }
}

static void write_batch_tasks(struct buf *out, const struct write *w)
{
    bool any = false;
    buf_literal(out, "{\"taskID\":{");
    for (size_t i = 0; i < w->batch.op_count; i++) {
        bool seen = false;
        for (size_t k = i; k > 0 && !seen && i - k < 16; k--) {
            seen = str_equal(w->batch.ops[k - 1].index, w->batch.ops[i].index);
        }
        if (seen) {
            continue;
        }
        if (any) {
            buf_append_char(out, ',');
        }
        any = true;
        json_write_string(out, w->batch.ops[i].index);
        buf_append_char(out, ':');
        buf_append_u64(out, w->batch.task_id);
    }
    buf_append_char(out, '}');
}

static void answer_batch(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    if (w->multiple) {
        write_batch_tasks(out, w);
    } else {
        buf_literal(out, "{\"taskID\":");
        buf_append_u64(out, w->batch.task_id);
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

static void submit_batch(struct exchange *x)
{
    write_submit_later(x, answer_batch);
}

static enum handled run_batch(struct exchange *x, bool multiple)
{
    struct write *w = write_new(x);
    w->multiple = multiple;
    if (x->body.size > OFFLOAD_BODY && exchange_offload_then(x, read_batch, submit_batch) == PENDING) {
        return PENDING;
    }
    if (x->body.size <= OFFLOAD_BODY) {
        read_batch(x);
    }
    return x->status ? HANDLED : write_submit(w, answer_batch);
}

static enum handled batch(struct exchange *x)
{
    return run_batch(x, false);
}

static enum handled batch_all(struct exchange *x)
{
    return run_batch(x, true);
}

/* --- deleting by query --- */

static void find_deletions(struct exchange *x)
{
    struct write *w = write_of(x);
    struct json body = {.type = JSON_OBJECT};
    struct search_request r;
    struct error err = {0};
    struct str *keys = NULL;
    size_t count = 0;
    if (!exchange_json(x, &body)) {
        return;
    }
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return;
    }
    enum status status = search_request_parse(&r, &body, snapshot->settings, &x->arena, &err);
    if (status == STATUS_OK && !r.filter && str_trim(r.query).size == 0) {
        status = error_set(&err, STATUS_INPUT, "a filter is missing; /clear deletes every object");
    }
    r.strict = true;
    if (status == STATUS_OK) {
        status = search_keys(handlers_searcher(), snapshot, &r, (struct str){NULL, 0}, (size_t)snapshot->live_docs + 1,
                             &x->arena, &keys, &count, &err);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct live_op *op = write_op(w, LIVE_DELETE, x->params[0]);
        if (op) {
            op->object_id = keys[i];
        } else {
            status = error_set(&err, STATUS_LIMIT, "too many objects match");
        }
    }
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
    }
}

static void submit_deletions(struct exchange *x)
{
    write_submit_later(x, answer_cleared);
}

static enum handled delete_by_query(struct exchange *x)
{
    struct write *w = write_new(x);
    if (exchange_offload_then(x, find_deletions, submit_deletions) == PENDING) {
        return PENDING;
    }
    return x->status ? HANDLED : write_submit(w, answer_cleared);
}

const struct route object_routes[] = {
    {HTTP_POST, "/1/indexes/*/objects", SCOPE_SEARCH, 0, 1 << 20, get_objects, NULL},
    {HTTP_POST, "/1/indexes/*/batch", SCOPE_ADMIN, 0, BATCH_BODY_LIMIT, batch_all, NULL},
    {HTTP_POST, "/1/indexes/{index}/batch", SCOPE_ADMIN, 0, BATCH_BODY_LIMIT, batch, NULL},
    {HTTP_POST, "/1/indexes/{index}/clear", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, clear, NULL},
    {HTTP_POST, "/1/indexes/{index}/deleteByQuery", SCOPE_ADMIN, 0, 1 << 20, delete_by_query, NULL},
    {HTTP_POST, "/1/indexes/{index}", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, add_object, NULL},
    {HTTP_GET, "/1/indexes/{index}/{objectID}", SCOPE_SEARCH, 0, 1024, get_object, NULL},
    {HTTP_PUT, "/1/indexes/{index}/{objectID}", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, put_object, NULL},
    {HTTP_DELETE, "/1/indexes/{index}/{objectID}", SCOPE_ADMIN, 0, 1024, delete_object, NULL},
    {HTTP_POST, "/1/indexes/{index}/{objectID}/partial", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, partial_object, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
