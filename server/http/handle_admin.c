#include "indexer/base/clock.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"

/* Indexes as a whole: list, delete, copy, move; the list of keys as a courtesy; adoption of what the indexer built. */

static void write_index(struct buf *out, const struct live_index_info *i)
{
    char created[CLOCK_ISO_SIZE];
    char updated[CLOCK_ISO_SIZE];
    clock_format_iso(i->created_ms, created);
    clock_format_iso(i->updated_ms, updated);
    buf_literal(out, "{\"name\":");
    json_write_string(out, i->name);
    buf_printf(out,
               ",\"createdAt\":\"%s\",\"updatedAt\":\"%s\",\"entries\":%llu,\"products\":%llu,\"dataSize\":%llu,"
               "\"fileSize\":%llu,\"lastBuildTimeS\":0,\"numberOfPendingTasks\":%d,\"pendingTask\":%s,"
               "\"generation\":%u,\"deltas\":%u}",
               created, updated, (unsigned long long)i->entries, (unsigned long long)i->products,
               (unsigned long long)i->data_bytes, (unsigned long long)i->file_bytes, i->pending ? 1 : 0,
               i->pending ? "true" : "false", i->generation, i->deltas);
}

static enum handled list(struct exchange *x)
{
    struct live_index_info *indexes = NULL;
    size_t count = 0;
    enum status status = live_list(x->server->live, &x->arena, &indexes, &count);
    if (status != STATUS_OK) {
        return exchange_fail(x, status, "the list needs more memory than it may use");
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_literal(out, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        write_index(out, &indexes[i]);
    }
    buf_literal(out, "],\"nbPages\":1}");
    return HANDLED;
}

static void answer_deleted(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "deletedAt");
    write_task(out, w);
    buf_append_char(out, '}');
}

static enum handled delete_index(struct exchange *x)
{
    struct write *w = write_new(x);
    (void)write_op(w, LIVE_DELETE_INDEX, x->params[0]);
    return write_submit(w, answer_deleted);
}

static void answer_operation(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "updatedAt");
    write_task(out, w);
    buf_append_char(out, '}');
}

/* No scope is everything. Rules are none, so their scope alone copies nothing. False after an error answer. */
static bool read_scope(struct exchange *x, const struct json *scope, unsigned *out)
{
    *out = scope && scope->type == JSON_ARRAY && scope->count > 0 ? 0 : LIVE_SCOPE_ALL;
    for (uint32_t i = 0; scope && scope->type == JSON_ARRAY && i < scope->count; i++) {
        struct str name = {0};
        (void)json_string(&scope->items[i], &name);
        if (str_equal(name, STR("settings"))) {
            *out |= LIVE_SCOPE_SETTINGS;
        } else if (str_equal(name, STR("synonyms"))) {
            *out |= LIVE_SCOPE_SYNONYMS;
        } else if (!str_equal(name, STR("rules"))) {
            exchange_error(x, 400, "'scope[%u]': must be \"settings\", \"synonyms\" or \"rules\"", i);
            return false;
        }
    }
    return true;
}

static enum handled operation(struct exchange *x)
{
    struct json body;
    struct str name = {0};
    struct str target = {0};
    unsigned scope;
    if (!exchange_json(x, &body) || !read_scope(x, json_get(&body, "scope"), &scope)) {
        return HANDLED;
    }
    (void)json_string(json_get(&body, "operation"), &name);
    if (!json_string(json_get(&body, "destination"), &target) || target.size == 0) {
        return exchange_error(x, 400, "'destination' is missing");
    }
    bool move = str_equal(name, STR("move"));
    if (!move && !str_equal(name, STR("copy"))) {
        return exchange_error(x, 400, "'operation': must be \"copy\" or \"move\"");
    }
    struct write *w = write_new(x);
    if (scope != 0) {
        struct live_op *op = write_op(w, move ? LIVE_MOVE : LIVE_COPY, x->params[0]);
        op->target = target;
        op->scope = move ? LIVE_SCOPE_ALL : scope;
    }
    return write_submit(w, answer_operation);
}

static enum handled keys(struct exchange *x)
{
    return exchange_text(x, STR("{\"keys\":[]}"));
}

static enum handled keys_refused(struct exchange *x)
{
    return exchange_error(x, 400, "keys are made with aisle-server --make-keys and cannot be changed over the wire");
}

/* --- the control socket --- */

/* Takes long and waits for grace periods: the worker is no reader meanwhile. */
static void adopt_away(struct exchange *x)
{
    struct json body;
    struct str path;
    struct str report = {0};
    struct error err = {0};
    struct reader_thread *reader = reader_thread();
    if (!exchange_json(x, &body)) {
        return;
    }
    if (!json_string(json_get(&body, "candidate"), &path) || path.size == 0 || path.data[0] != '/') {
        exchange_error(x, 400, "'candidate' must be an absolute path");
        return;
    }
    struct str terminated = arena_copy(&x->arena, path);
    reader_leave(reader);
    enum status status = live_adopt(x->server->live, terminated.data, &x->arena, &report, &err);
    reader_enter(reader);
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
    } else {
        exchange_text(x, report);
    }
}

static enum handled adopt(struct exchange *x)
{
    return exchange_offload(x, adopt_away);
}

const struct route admin_routes[] = {
    {HTTP_GET, "/1/indexes", SCOPE_ADMIN, 0, 1024, list, NULL},
    {HTTP_DELETE, "/1/indexes/{index}", SCOPE_ADMIN, 0, 1024, delete_index, NULL},
    {HTTP_POST, "/1/indexes/{index}/operation", SCOPE_ADMIN, 0, 1 << 16, operation, NULL},
    {HTTP_GET, "/1/keys", SCOPE_ADMIN, 0, 1024, keys, NULL},
    {HTTP_POST, "/1/keys", SCOPE_ADMIN, 0, 1 << 16, keys_refused, NULL},
    {HTTP_PUT | HTTP_DELETE, "/1/keys/{key}", SCOPE_ADMIN, 0, 1 << 16, keys_refused, NULL},
    {HTTP_POST, "/internal/adopt", SCOPE_NONE, ROUTE_CONTROL, 1 << 16, adopt, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
