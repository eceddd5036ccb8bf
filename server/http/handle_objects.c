#include "indexer/base/limits.h"
#include "server/http/answer.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/partials.h"
#include "server/http/server.h"
#include "server/http/writes.h"
#include "server/live/history.h"

/* Objects one by one: read by key, added, replaced, updated in part, deleted; and all of an index cleared. */

#define OBJECT_BODY_LIMIT (LIMIT_OBJECT_BYTES + 4096)
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

/* A list of names as a query-string parameter: between commas, or as JSON. */
static struct shown shown_text(struct exchange *x, struct str text)
{
    struct json list;
    struct error ignored;
    if (str_starts_with(text, STR("[")) && json_parse(text, &x->arena, &list, &ignored) == STATUS_OK) {
        return shown_json(x, &list);
    }
    list = json_of_str(text);
    return shown_json(x, &list);
}

/* Attributes that searches never show are not shown here either, but to the admin. */
static void hide(const struct exchange *x, const struct snapshot *snapshot, struct shown *shown)
{
    if (x->granted != SCOPE_ADMIN) {
        shown->never = snapshot->settings->unretrievable;
        shown->never_count = snapshot->settings->unretrievable_count;
    }
}

static enum handled get_object(struct exchange *x)
{
    uint32_t segment;
    doc_id doc;
    struct json object;
    struct error err = {0};
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
    struct shown shown = shown_text(x, exchange_query(x, "attributesToRetrieve"));
    hide(x, snapshot, &shown);
    answer_object(exchange_begin(x, 200, CONTENT_JSON), &object, &shown);
    return HANDLED;
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
    hide(x, snapshot, &shown);
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

/* --- what happened to it --- */

#define HISTORY_LIMIT     100
#define HISTORY_LIMIT_MAX 10000

/* On a worker: it reads the log. */
static void history_away(struct exchange *x)
{
    struct history_query query = {.object_id = x->params[1], .limit = HISTORY_LIMIT};
    struct str before = exchange_query(x, "before");
    struct str limit = exchange_query(x, "limit");
    uint64_t number = HISTORY_LIMIT;
    struct error err = {0};
    if ((before.data && (!str_to_u64(before, &query.before_seq) || query.before_seq == 0)) ||
        (limit.data && (!str_to_u64(limit, &number) || number == 0 || number > HISTORY_LIMIT_MAX))) {
        exchange_error(x, 400, "'before' must be a sequence number, 'limit' a number from 1 to %d", HISTORY_LIMIT_MAX);
        return;
    }
    struct reader_thread *reader = reader_thread();
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return;
    }
    query.uid = snapshot->index_uid;
    query.limit = (uint32_t)number;
    reader_leave(reader); /* it may take seconds, and holds nothing of the snapshot */
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    enum status status = live_history(x->server->live, &query, out, &err);
    reader_enter(reader);
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
    }
}

static enum handled history(struct exchange *x)
{
    return exchange_offload(x, history_away);
}

/* --- one object --- */

static void answer_object_written(struct exchange *x, struct write *w, int status, const char *when)
{
    const struct live_op *op = &w->batch.ops[0];
    struct buf *out = exchange_begin(x, status, CONTENT_JSON);
    write_begin(out, when, w);
    buf_literal(out, ",\"objectID\":");
    json_write_string(out, op->object_id_out.size > 0 ? op->object_id_out : op->object_id);
    buf_append_char(out, '}');
}

static void answer_created(struct exchange *x, struct write *w)
{
    answer_object_written(x, w, 201, "createdAt");
}

static void answer_updated(struct exchange *x, struct write *w)
{
    answer_object_written(x, w, 200, "updatedAt");
}

/* The body as an object in the batch's arena. NULL after an error answer. An objectID in the path wins over the body's.
 */
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
    enum handled handled = partial_try(x, w, op, answer_updated);
    return handled == MORE ? write_submit(w, answer_updated) : handled;
}

static enum handled delete_object(struct exchange *x)
{
    struct write *w = write_new(x);
    struct live_op *op = write_op(w, LIVE_DELETE, x->params[0]);
    op->object_id = x->params[1];
    return write_submit(w, write_answer_deleted);
}

static enum handled clear(struct exchange *x)
{
    struct write *w = write_new(x);
    (void)write_op(w, LIVE_CLEAR, x->params[0]);
    return write_submit(w, write_answer_updated);
}

const struct route object_routes[] = {
    {HTTP_POST, "/1/indexes/*/objects", SCOPE_SEARCH, 0, 1 << 20, get_objects, NULL},
    {HTTP_POST, "/1/indexes/{index}/clear", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, clear, NULL},
    {HTTP_POST, "/1/indexes/{index}", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, add_object, NULL},
    {HTTP_GET, "/1/indexes/{index}/{objectID}/history", SCOPE_ADMIN, 0, 1024, history, NULL},
    {HTTP_GET, "/1/indexes/{index}/{objectID}", SCOPE_SEARCH, 0, 1024, get_object, NULL},
    {HTTP_PUT, "/1/indexes/{index}/{objectID}", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, put_object, NULL},
    {HTTP_DELETE, "/1/indexes/{index}/{objectID}", SCOPE_ADMIN, 0, 1024, delete_object, NULL},
    {HTTP_POST, "/1/indexes/{index}/{objectID}/partial", SCOPE_ADMIN, 0, OBJECT_BODY_LIMIT, partial_object, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
