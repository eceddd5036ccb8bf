#include "indexer/base/clock.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"
#include "server/live/backup.h"

/* Indexes as a whole: list, delete, copy, move; the list of keys as a courtesy; adoption of what the indexer built. */

#define INDEXES_PER_PAGE 100

static void write_names(struct buf *out, const struct settings *s)
{
    buf_literal(out, ",\"replicas\":[");
    for (size_t i = 0; i < s->replica_count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        json_write_string(out, s->replicas[i].name);
    }
    buf_append_char(out, ']');
}

/* replica: its name, NULL for the index itself. */
static void write_index(struct buf *out, const struct live_index_info *i, const struct str *replica)
{
    char created[CLOCK_ISO_SIZE];
    char updated[CLOCK_ISO_SIZE];
    clock_format_iso(i->created_ms, created);
    clock_format_iso(i->updated_ms, updated);
    buf_literal(out, "{\"name\":");
    json_write_string(out, replica ? *replica : i->name);
    if (replica) {
        buf_literal(out, ",\"virtual\":true,\"primary\":");
        json_write_string(out, i->name);
    }
    buf_printf(out,
               ",\"createdAt\":\"%s\",\"updatedAt\":\"%s\",\"entries\":%llu,\"products\":%llu,\"dataSize\":%llu,"
               "\"fileSize\":%llu,\"lastBuildTimeS\":0,\"numberOfPendingTasks\":%d,\"pendingTask\":%s,"
               "\"generation\":%u,\"deltas\":%u",
               created, updated, (unsigned long long)i->entries, (unsigned long long)i->products,
               (unsigned long long)(replica ? 0 : i->data_bytes), (unsigned long long)(replica ? 0 : i->file_bytes),
               i->pending ? 1 : 0, i->pending ? "true" : "false", i->generation, i->deltas);
}

/* What part of the list is asked for; all of it when no page is. False after an error answer. */
static bool read_page(struct exchange *x, uint64_t *page, uint64_t *per_page)
{
    struct str number = exchange_query(x, "page");
    struct str size = exchange_query(x, "hitsPerPage");
    *page = 0;
    *per_page = number.data ? INDEXES_PER_PAGE : UINT32_MAX;
    if ((number.data && (!str_to_u64(number, page) || *page > UINT32_MAX)) ||
        (size.data && (!str_to_u64(size, per_page) || *per_page == 0 || *per_page > UINT32_MAX))) {
        exchange_error(x, 400, "'page' and 'hitsPerPage' must be numbers, 'hitsPerPage' at least 1");
        return false;
    }
    return true;
}

struct listing {
    struct buf *out;
    uint64_t from, to;
    uint64_t at;
};

/* True when the entry that comes next is on the page; the comma before it is written. */
static bool list_next(struct listing *l)
{
    bool shown = l->at >= l->from && l->at < l->to;
    if (shown && l->at > l->from) {
        buf_append_char(l->out, ',');
    }
    l->at++;
    return shown;
}

static void list_index(struct listing *l, const struct live_index_info *info, const struct snapshot *snapshot)
{
    const struct settings *s = snapshot ? snapshot->settings : NULL;
    if (list_next(l)) {
        write_index(l->out, info, NULL);
        if (s && s->replica_count > 0) {
            write_names(l->out, s);
        }
        buf_append_char(l->out, '}');
    }
    for (size_t i = 0; s && i < s->replica_count; i++) {
        if (list_next(l)) {
            write_index(l->out, info, &s->replicas[i].name);
            buf_append_char(l->out, '}');
        }
    }
}

static enum handled list(struct exchange *x)
{
    struct live_index_info *indexes = NULL;
    size_t count = 0;
    uint64_t page;
    uint64_t per_page;
    if (!read_page(x, &page, &per_page)) {
        return HANDLED;
    }
    enum status status = live_list(x->server->live, &x->arena, &indexes, &count);
    if (status != STATUS_OK) {
        return exchange_fail(x, status, "the list needs more memory than it may use");
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    struct listing l = {out, page * per_page, (page + 1) * per_page, 0};
    buf_literal(out, "{\"items\":[");
    for (size_t i = 0; i < count; i++) {
        list_index(&l, &indexes[i], live_snapshot(x->server->live, indexes[i].name));
    }
    buf_printf(out, "],\"nbPages\":%llu}", (unsigned long long)((l.at + per_page - 1) / per_page));
    return HANDLED;
}

static enum handled delete_index(struct exchange *x)
{
    struct write *w = write_new(x);
    (void)write_op(w, LIVE_DELETE_INDEX, x->params[0]);
    return write_submit(w, write_answer_deleted);
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

/* An index that is not there: to move it is nothing, to copy it makes an empty one, unless that would cost objects. */
static enum handled operation_on_nothing(struct exchange *x, bool move, struct str target, unsigned scope)
{
    bool there = live_snapshot(x->server->live, target) != NULL;
    struct write *w = write_new(x);
    if (!move && there && scope & LIVE_SCOPE_OBJECTS) {
        return exchange_error(x, 404, "index '" STR_FMT "' does not exist", STR_ARG(x->params[0]));
    }
    if (!move && !there) {
        write_op(w, LIVE_SETTINGS, target)->body.type = JSON_OBJECT;
    }
    return write_submit(w, write_answer_updated);
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
    if (!live_snapshot(x->server->live, x->params[0])) {
        return operation_on_nothing(x, move, target, scope);
    }
    struct write *w = write_new(x);
    if (scope != 0 || move) {
        struct live_op *op = write_op(w, move ? LIVE_MOVE : LIVE_COPY, x->params[0]);
        op->target = target;
        op->scope = move ? LIVE_SCOPE_ALL : scope;
    }
    return write_submit(w, write_answer_updated);
}

/* The server knows its keys' hashes only: there is nothing to list. */
static enum handled keys(struct exchange *x)
{
    return exchange_text(x, STR("{\"keys\":[]}"));
}

/* What a key allows. */
static enum handled key(struct exchange *x)
{
    static const char *const search = "\"search\",\"settings\"";
    static const char *const admin =
        ",\"listIndexes\",\"browse\",\"addObject\",\"deleteObject\",\"deleteIndex\",\"editSettings\","
        "\"seeUnretrievableAttributes\"";
    enum key_scope scope = x->server->keys ? keys_check(x->server->keys, x->params[0]) : SCOPE_ADMIN;
    if (scope == SCOPE_NONE) {
        return exchange_error(x, 404, "key does not exist");
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_literal(out, "{\"value\":");
    json_write_string(out, x->params[0]);
    buf_printf(out,
               ",\"acl\":[%s%s],\"createdAt\":0,\"validity\":0,\"maxHitsPerQuery\":0,\"maxQueriesPerIPPerHour\":0}",
               search, scope == SCOPE_ADMIN ? admin : "");
    return HANDLED;
}

static enum handled keys_refused(struct exchange *x)
{
    return exchange_error(x, 400, "keys are made with aisle-server --make-keys and cannot be changed over the wire");
}

/* --- generations --- */

/* The generation before, with the updates since. Takes long and waits for grace periods: the worker is no reader
 * meanwhile. */
static void rollback_away(struct exchange *x)
{
    struct str report = {0};
    struct error err = {0};
    struct reader_thread *reader = reader_thread();
    reader_leave(reader);
    enum status status = live_rollback(x->server->live, x->params[0], &x->arena, &report, &err);
    reader_enter(reader);
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
    } else {
        exchange_text(x, report);
    }
}

static enum handled rollback(struct exchange *x)
{
    return exchange_offload(x, rollback_away);
}

/* --- the control socket --- */

/* {"message":..,"status":..,"report":..} */
static void answer_refused(struct exchange *x, enum status status, const char *message, struct str report)
{
    int code = exchange_status_of(status);
    struct buf *out = exchange_begin(x, code, CONTENT_JSON);
    buf_literal(out, "{\"message\":");
    json_write_string(out, str_from(message));
    buf_printf(out, ",\"status\":%d,\"report\":", code);
    buf_append_str(out, report);
    buf_append_char(out, '}');
}

static void adopt_away(struct exchange *x)
{
    struct json body;
    struct str path;
    struct str report = {0};
    struct error err = {0};
    bool ignore_gates = false;
    struct reader_thread *reader = reader_thread();
    if (!exchange_json(x, &body)) {
        return;
    }
    if (!json_string(json_get(&body, "candidate"), &path) || path.size == 0 || path.data[0] != '/') {
        exchange_error(x, 400, "'candidate' must be an absolute path");
        return;
    }
    (void)json_bool(json_get(&body, "ignoreGates"), &ignore_gates);
    struct str terminated = arena_copy(&x->arena, path);
    reader_leave(reader);
    enum status status =
        (ignore_gates ? live_adopt_anyway : live_adopt)(x->server->live, terminated.data, &x->arena, &report, &err);
    reader_enter(reader);
    if (status == STATUS_OK) {
        exchange_text(x, report);
    } else if (report.size > 0) {
        answer_refused(x, status, err.message, report);
    } else {
        exchange_fail(x, status, err.message);
    }
}

static enum handled adopt(struct exchange *x)
{
    return exchange_offload(x, adopt_away);
}

/* {"to": an absolute path, "log": true to continue the log of one that is there, "events": false to do without them} */
static void backup_away(struct exchange *x)
{
    struct json body;
    struct str to;
    bool log_only = false;
    bool events = true;
    struct backup_info info = {0};
    struct error err = {0};
    struct reader_thread *reader = reader_thread();
    if (!exchange_json(x, &body)) {
        return;
    }
    if (!json_string(json_get(&body, "to"), &to) || to.size == 0 || to.data[0] != '/') {
        exchange_error(x, 400, "'to' must be an absolute path");
        return;
    }
    (void)json_bool(json_get(&body, "log"), &log_only);
    (void)json_bool(json_get(&body, "events"), &events);
    struct str path = arena_copy(&x->arena, to);
    reader_leave(reader);
    enum status status = log_only ? live_backup_log(x->server->live, path.data, &info, &err)
                                  : live_backup(x->server->live, path.data, events, &info, &err);
    reader_enter(reader);
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
        return;
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_printf(out, "{\"seq\":%llu,\"logLast\":%llu,\"files\":%llu,\"bytes\":%llu}", (unsigned long long)info.seq,
               (unsigned long long)info.log_last, (unsigned long long)info.files, (unsigned long long)info.bytes);
}

static enum handled backup(struct exchange *x)
{
    return exchange_offload(x, backup_away);
}

const struct route admin_routes[] = {
    {HTTP_GET, "/1/indexes", SCOPE_ADMIN, 0, 1024, list, NULL},
    {HTTP_DELETE, "/1/indexes/{index}", SCOPE_ADMIN, 0, 1024, delete_index, NULL},
    {HTTP_POST, "/1/indexes/{index}/operation", SCOPE_ADMIN, 0, 1 << 16, operation, NULL},
    {HTTP_POST, "/1/indexes/{index}/rollback", SCOPE_ADMIN, 0, 1 << 16, rollback, NULL},
    {HTTP_GET, "/1/keys", SCOPE_ADMIN, 0, 1024, keys, NULL},
    {HTTP_GET, "/1/keys/{key}", SCOPE_SEARCH, 0, 1024, key, NULL},
    {HTTP_POST, "/1/keys", SCOPE_ADMIN, 0, 1 << 16, keys_refused, NULL},
    {HTTP_PUT | HTTP_DELETE, "/1/keys/{key}", SCOPE_ADMIN, 0, 1 << 16, keys_refused, NULL},
    {HTTP_POST, "/internal/adopt", SCOPE_NONE, ROUTE_CONTROL, 1 << 16, adopt, NULL},
    {HTTP_POST, "/internal/backup", SCOPE_NONE, ROUTE_CONTROL, 1 << 16, backup, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
