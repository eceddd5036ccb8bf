#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"

/*
 * Elasticsearch's _bulk as an ingest alias, and the few requests its clients make beside it.
 *
 * The body is streamed: lines are read as they come, a batch goes to the sequencer when it has BATCH_OPS operations or
 * BATCH_BYTES, and the next lines are read when it is durable. What was sent before a broken line stays applied, as
 * with Elasticsearch.
 */

#define BATCH_OPS      1000
#define BATCH_BYTES    (4u << 20)
#define ARENA_MAX      (256u << 20)
#define LINE_MAX_BYTES (LIMIT_OBJECT_BYTES + 4096)

enum action { ACTION_INDEX, ACTION_CREATE, ACTION_UPDATE, ACTION_DELETE };
static const char *const action_names[] = {"index", "create", "update", "delete"};

struct item {
    enum action action;
    struct str index;
    struct str id;
    struct live_op *op; /* NULL: refused before it became one */
    const char *message;
};

struct bulk {
    struct exchange *x;
    struct live_batch batch;
    struct item *items;
    size_t item_count;
    size_t op_count;
    size_t bytes;
    struct buf out; /* the items' results, with commas */
    bool errors;
};

static void bulk_free(void *state)
{
    struct bulk *b = state;
    arena_release(&b->batch.arena);
    buf_release(&b->out);
    free(b);
}

static void start_batch(struct bulk *b)
{
    struct arena arena = b->batch.arena;
    arena_reset(&arena);
    b->batch = (struct live_batch){.arena = arena};
    b->batch.ops = ARENA_ARRAY(&b->batch.arena, struct live_op, BATCH_OPS);
    b->items = ARENA_ARRAY(&b->batch.arena, struct item, BATCH_OPS);
    b->item_count = b->op_count = b->bytes = 0;
}

static struct bulk *bulk_of(struct exchange *x)
{
    if (!x->state) {
        struct bulk *b = xcalloc(1, sizeof(*b));
        arena_init(&b->batch.arena, ARENA_MAX);
        b->x = x;
        x->state = b;
        x->release = bulk_free;
        start_batch(b);
    }
    return x->state;
}

/* --- results --- */

static const char *result_of(const struct item *item)
{
    if (item->op->status == STATUS_NOT_FOUND && item->action == ACTION_DELETE) {
        return "not_found";
    }
    return item->action == ACTION_DELETE ? "deleted" : item->op->created ? "created" : "updated";
}

static const char *error_type(int status)
{
    switch (status) {
    case 404:
        return "document_missing_exception";
    case 409:
        return "version_conflict_engine_exception";
    case 429:
        return "es_rejected_execution_exception";
    default:
        return "mapper_parsing_exception";
    }
}

static void write_item(struct bulk *b, const struct item *item)
{
    struct buf *out = &b->out;
    enum status outcome = !item->op ? STATUS_INPUT : b->batch.status != STATUS_OK ? b->batch.status : item->op->status;
    int status = exchange_status_of(outcome);
    bool missing = outcome == STATUS_NOT_FOUND && item->action == ACTION_DELETE;
    struct str id = item->op && item->op->object_id_out.size > 0 ? item->op->object_id_out : item->id;
    if (out->size > 0) {
        buf_append_char(out, ',');
    }
    buf_printf(out, "{\"%s\":{\"_index\":", action_names[item->action]);
    json_write_string(out, item->index);
    buf_literal(out, ",\"_id\":");
    json_write_string(out, id);
    if (outcome == STATUS_OK || missing) {
        const char *result = result_of(item);
        buf_printf(out, ",\"_version\":1,\"result\":\"%s\",\"_seq_no\":%llu,\"_primary_term\":1,\"status\":%d}}",
                   result, (unsigned long long)b->batch.seq,
                   status == 200 && strcmp(result, "created") == 0 ? 201 : status);
        return;
    }
    b->errors = true;
    const char *message = !item->op                      ? item->message
                          : b->batch.status != STATUS_OK ? b->batch.error.message
                                                         : item->op->message;
    buf_printf(out, ",\"status\":%d,\"error\":{\"type\":\"%s\",\"reason\":", status, error_type(status));
    json_write_string(out, str_from(message));
    buf_literal(out, "}}}");
}

static void finish_batch(struct bulk *b)
{
    for (size_t i = 0; i < b->item_count; i++) {
        write_item(b, &b->items[i]);
    }
    start_batch(b);
}

static void on_applied(struct exchange *x)
{
    finish_batch(x->state);
    exchange_resume(x);
}

/* On a live thread. */
static void on_done(struct live_batch *batch)
{
    exchange_post(((struct bulk *)batch->context)->x, on_applied);
}

/* True when the batch is on its way; false when its results are there already. */
static bool submit(struct bulk *b)
{
    b->batch.op_count = b->op_count;
    b->batch.done = on_done;
    b->batch.context = b;
    if (b->op_count > 0) {
        enum status status = live_submit(b->x->server->live, &b->batch);
        if (status == STATUS_OK) {
            return true;
        }
        b->batch.status = error_set(&b->batch.error, status, "too many updates are waiting");
    }
    finish_batch(b);
    return false;
}

/* --- lines --- */

/* The next line that is not empty; false when it has not come whole. */
static bool next_line(struct str window, bool last, size_t *at, struct str *line)
{
    while (*at < window.size) {
        const char *lf = memchr(window.data + *at, '\n', window.size - *at);
        if (!lf && !last) {
            return false;
        }
        size_t end = lf ? (size_t)(lf - window.data) : window.size;
        *line = str_trim(str_slice(window, *at, end));
        *at = lf ? end + 1 : end;
        if (line->size > 0) {
            return true;
        }
    }
    return false;
}

/* {"index":{"_index":"products","_id":"n1"}}. False after an error answer. */
static bool read_action(struct bulk *b, struct str line, struct item *item)
{
    struct exchange *x = b->x;
    struct error err = {0};
    struct json action;
    enum status status = json_parse(line, &b->batch.arena, &action, &err);
    if (status != STATUS_OK || action.type != JSON_OBJECT || action.count != 1) {
        exchange_error(x, 400, "an action line must be an object such as {\"index\":{\"_id\":\"1\"}}%s%s",
                       status == STATUS_OK ? "" : ": ", err.message);
        return false;
    }
    struct arena *arena = &b->batch.arena;
    const struct json *body = &action.members[0].value;
    const struct json *id = json_get(body, "_id");
    size_t kind = 0;
    while (kind < 4 && !str_equal(action.members[0].name, str_from(action_names[kind]))) {
        kind++;
    }
    if (kind == 4) {
        exchange_error(x, 400, "an action must be index, create, update or delete");
        return false;
    }
    item->action = (enum action)kind;
    item->index = x->param_count > 0 ? x->params[0] : (struct str){NULL, 0};
    (void)json_string(json_get(body, "_index"), &item->index);
    if (item->index.size == 0) {
        exchange_error(x, 400, "an action without '_index'");
        return false;
    }
    item->index = arena_copy(arena, item->index);
    item->id = id && (id->type == JSON_STRING || id->type == JSON_NUMBER) ? arena_copy(arena, id->text) : STR("");
    return true;
}

/* What the second line holds becomes the operation's body; a wrong one is the item's error. */
static void read_source(struct bulk *b, struct item *item, struct str line)
{
    static const enum live_op_kind kinds[] = {LIVE_PUT, LIVE_PUT, LIVE_PARTIAL, LIVE_DELETE};
    struct error err = {0};
    struct json body = {.type = JSON_OBJECT};
    struct arena *arena = &b->batch.arena;
    bool upsert = false;
    if (item->action != ACTION_DELETE) {
        struct str copy = arena_copy(arena, line);
        if (!copy.data || json_parse(copy, arena, &body, &err) != STATUS_OK || body.type != JSON_OBJECT) {
            item->message = arena_printf(arena, "the source is not an object: %s", err.message).data;
            return;
        }
    }
    if (item->action == ACTION_UPDATE) {
        const struct json *doc = json_get(&body, "doc");
        if (!doc || doc->type != JSON_OBJECT) {
            item->message = "an update needs 'doc'; scripts are not supported";
            return;
        }
        (void)json_bool(json_get(&body, "doc_as_upsert"), &upsert);
        body = *doc;
    }
    if (item->id.size == 0 && item->action >= ACTION_UPDATE) {
        item->message = "'_id' is missing";
        return;
    }
    struct live_op *op = &b->batch.ops[b->op_count++];
    *op = (struct live_op){.kind = kinds[item->action], .index = item->index, .object_id = item->id, .body = body};
    op->create_missing = upsert;
    op->must_be_new = item->action == ACTION_CREATE;
    item->op = op;
}

enum read { READ_ALL, READ_FULL, READ_REFUSED };

/* Lines become operations until a batch is full. */
static enum read read_lines(struct bulk *b, struct str window, bool last, size_t *taken)
{
    while (b->item_count < BATCH_OPS && b->bytes < BATCH_BYTES) {
        struct item *item = &b->items[b->item_count];
        struct str line;
        struct str source = {0};
        size_t at = *taken;
        if (!next_line(window, last, &at, &line)) {
            *taken = last ? window.size : *taken;
            return READ_ALL;
        }
        *item = (struct item){0};
        if (!read_action(b, line, item)) {
            return READ_REFUSED;
        }
        if (item->action != ACTION_DELETE && !next_line(window, last, &at, &source)) {
            if (last) {
                exchange_error(b->x, 400, "the last action has no source line");
                return READ_REFUSED;
            }
            return READ_ALL;
        }
        if (line.size > LINE_MAX_BYTES || source.size > LINE_MAX_BYTES) {
            exchange_error(b->x, 413, "a line is over %u bytes", LINE_MAX_BYTES);
            return READ_REFUSED;
        }
        read_source(b, item, source);
        b->item_count++;
        b->bytes += at - *taken;
        *taken = at;
    }
    return READ_FULL;
}

static void answer(struct bulk *b)
{
    struct exchange *x = b->x;
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_printf(out, "{\"took\":%llu,\"errors\":%s,\"items\":[",
               (unsigned long long)((clock_monotonic_ns() - x->started_ns) / 1000000), b->errors ? "true" : "false");
    buf_append_str(out, buf_str(&b->out));
    buf_literal(out, "]}");
}

static enum handled bulk(struct exchange *x, struct str window, bool last, size_t *taken)
{
    struct bulk *b = bulk_of(x);
    for (;;) {
        enum read read = read_lines(b, window, last, taken);
        if (read == READ_REFUSED) {
            return HANDLED;
        }
        if (read == READ_ALL && !last) {
            return MORE;
        }
        if (b->item_count == 0) {
            answer(b);
            return HANDLED;
        }
        if (submit(b)) {
            return PENDING;
        }
    }
}

/* --- beside it --- */

/* To clients that look what they talk to. A browser gets the page, where there is one. */
static enum handled banner(struct exchange *x)
{
    return exchange_text(x, STR("{\"name\":\"aisle\",\"cluster_name\":\"aisle\",\"version\":{\"number\":\"8.11.0\","
                                "\"build_flavor\":\"default\"},\"tagline\":\"You Know, for Search\"}"));
}

static enum handled exists(struct exchange *x)
{
    if (!live_snapshot(x->server->live, x->params[0])) {
        return exchange_error(x, 404, "no such index");
    }
    return exchange_text(x, STR("{}"));
}

static enum handled refresh(struct exchange *x)
{
    return exchange_text(x, STR("{\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0}}"));
}

static enum handled cluster_health(struct exchange *x)
{
    return exchange_text(x, STR("{\"cluster_name\":\"aisle\",\"status\":\"green\",\"timed_out\":false,"
                                "\"number_of_nodes\":1,\"number_of_data_nodes\":1,\"active_shards\":1}"));
}

const struct route elastic_routes[] = {
    {HTTP_POST | HTTP_PUT, "/_bulk", SCOPE_ADMIN, ROUTE_ELASTIC, 0, NULL, bulk},
    {HTTP_POST | HTTP_PUT, "/{index}/_bulk", SCOPE_ADMIN, ROUTE_ELASTIC, 0, NULL, bulk},
    {HTTP_POST | HTTP_GET, "/_refresh", SCOPE_SEARCH, ROUTE_ELASTIC, 1024, refresh, NULL},
    {HTTP_POST | HTTP_GET, "/{index}/_refresh", SCOPE_SEARCH, ROUTE_ELASTIC, 1024, refresh, NULL},
    {HTTP_GET, "/_cluster/health", SCOPE_SEARCH, ROUTE_ELASTIC, 1024, cluster_health, NULL},
    {HTTP_GET, "/", SCOPE_NONE, ROUTE_ELASTIC | ROUTE_STATIC | ROUTE_UNREADY, 1024, banner, NULL},
    {HTTP_HEAD, "/{index}", SCOPE_SEARCH, ROUTE_ELASTIC | ROUTE_STATIC, 1024, exists, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
