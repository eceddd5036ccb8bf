#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/http/elastic.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/routes.h"
#include "server/http/server.h"

/*
 * Elasticsearch's _bulk as an ingest alias.
 *
 * The body is streamed in pieces of PIECE_BYTES: the whole lines of a piece become one batch, read on a worker when
 * they are many, and the next piece is read when the batch is durable. An action whose source line has not come waits
 * for the next piece. What a broken line's piece holds is not applied; the pieces before it are, and the answer says
 * how many actions that were. Each item has its own outcome.
 */

#define PIECE_BYTES (1u << 20)
#define AWAY_BYTES  (64u << 10)
#define ARENA_MAX   (512u << 20)
#define ITEMS_MAX   (200u << 20) /* bytes of results */

enum action { ACTION_INDEX, ACTION_CREATE, ACTION_UPDATE, ACTION_DELETE, ACTION_COUNT };
static const struct str action_names[ACTION_COUNT] = {{"index", 5}, {"create", 6}, {"update", 6}, {"delete", 6}};

struct item {
    enum action action;
    bool upsert; /* two operations: the update, and what is put when there is nothing to update */
    size_t op;   /* the first of its operations in the batch */
    struct str index;
    struct str id;
    const char *wrong; /* not NULL: it is no operation */
    struct item *next;
};

struct bulk {
    struct exchange *x;
    struct live_batch batch;
    size_t op_capacity;
    struct str lines; /* of this piece, in the stream's window */
    struct item *first, *last;
    struct buf action; /* an action line that waits for its source */
    uint64_t line_count;
    uint64_t item_count; /* in the pieces before this one */
    bool refused;
    struct buf out; /* the answer as far as it is known */
    bool errors;
};

static void bulk_free(void *state)
{
    struct bulk *b = state;
    arena_release(&b->batch.arena);
    buf_release(&b->action);
    buf_release(&b->out);
    free(b);
}

static struct bulk *bulk_of(struct exchange *x)
{
    if (!x->state) {
        struct bulk *b = xcalloc(1, sizeof(*b));
        arena_init(&b->batch.arena, ARENA_MAX);
        buf_init(&b->out, ITEMS_MAX);
        buf_literal(&b->out, "{\"items\":[");
        b->x = x;
        x->state = b;
        x->release = bulk_free;
    }
    return x->state;
}

static void start_piece(struct bulk *b, struct str lines)
{
    struct arena arena = b->batch.arena;
    arena_reset(&arena);
    b->batch = (struct live_batch){.arena = arena};
    b->op_capacity = 0;
    b->first = b->last = NULL;
    b->lines = lines;
}

/* --- results --- */

static const char *error_type(enum status outcome, const struct item *item)
{
    switch (outcome) {
    case STATUS_NOT_FOUND:
        return item->action == ACTION_UPDATE ? "document_missing_exception" : "index_not_found_exception";
    case STATUS_CONFLICT:
        return "version_conflict_engine_exception";
    case STATUS_BUSY:
        return "es_rejected_execution_exception";
    case STATUS_FULL:
        return "cluster_block_exception";
    case STATUS_INPUT:
    case STATUS_LIMIT:
        return "document_parsing_exception";
    default:
        return "unavailable_shards_exception";
    }
}

/* The operation that tells how an item went. */
static const struct live_op *deciding_op(const struct bulk *b, const struct item *item)
{
    const struct live_op *op = &b->batch.ops[item->op];
    return item->upsert && op->status == STATUS_NOT_FOUND ? op + 1 : op;
}

static void write_success(struct bulk *b, const struct item *item, const struct live_op *op)
{
    const char *result = op->created ? "created" : "updated";
    int status = op->created ? 201 : 200;
    if (item->action == ACTION_DELETE) {
        result = op->found ? "deleted" : "not_found";
        status = op->found ? 200 : 404;
    }
    buf_printf(&b->out, ",\"result\":\"%s\",\"_seq_no\":%llu,\"_primary_term\":1,\"status\":%d}}", result,
               (unsigned long long)b->batch.seq, status);
}

static void write_item(struct bulk *b, const struct item *item)
{
    const struct live_op *op = item->wrong ? NULL : deciding_op(b, item);
    enum status outcome = !op ? STATUS_INPUT : b->batch.status != STATUS_OK ? b->batch.status : op->status;
    buf_append_str(&b->out, item == b->first && b->item_count == 0 ? STR("{\"") : STR(",{\""));
    buf_append_str(&b->out, action_names[item->action]);
    buf_literal(&b->out, "\":{\"_index\":");
    json_write_string(&b->out, item->index);
    buf_literal(&b->out, ",\"_id\":");
    json_write_string(&b->out, op && op->object_id_out.size > 0 ? op->object_id_out : item->id);
    if (outcome == STATUS_OK) {
        write_success(b, item, op);
        return;
    }
    const char *reason = !op ? item->wrong : b->batch.status != STATUS_OK ? b->batch.error.message : op->message;
    b->errors = true;
    elastic_item_error(&b->out, exchange_status_of(outcome), error_type(outcome, item), str_from(reason));
    buf_literal(&b->out, "}}");
}

static void finish_piece(struct bulk *b)
{
    uint64_t count = 0;
    for (const struct item *item = b->first; item; item = item->next) {
        write_item(b, item);
        count++;
    }
    b->item_count += count;
    start_piece(b, (struct str){NULL, 0});
}

static enum handled answer(struct bulk *b)
{
    struct exchange *x = b->x;
    buf_printf(&b->out, "],\"errors\":%s,\"took\":%llu}", b->errors ? "true" : "false",
               (unsigned long long)((clock_monotonic_ns() - x->started_ns) / 1000000));
    if (b->out.failed) {
        return elastic_error(x, 413, "illegal_argument_exception",
                             "all %llu actions were applied, but their results are too large to be answered",
                             (unsigned long long)b->item_count);
    }
    exchange_begin(x, 200, CONTENT_JSON);
    buf_release(&x->out);
    x->out = b->out;
    b->out = BUF_EMPTY;
    return HANDLED;
}

/* --- lines --- */

/* The next line that is not empty. */
static bool next_line(struct bulk *b, struct str *line)
{
    while (b->lines.data) {
        *line = str_trim(str_split(&b->lines, '\n'));
        b->line_count += b->lines.data != NULL || line->size > 0;
        if (line->size > 0) {
            return true;
        }
    }
    return false;
}

static bool refuse(struct bulk *b, const char *reason)
{
    b->refused = true;
    elastic_error(b->x, 400, "illegal_argument_exception",
                  "Malformed action/metadata line [%llu]: %s; the first %llu actions were applied",
                  (unsigned long long)b->line_count, reason, (unsigned long long)b->item_count);
    return false;
}

/* {"index":{"_index":"products","_id":"n1"}}. False after an error answer. */
static bool read_action(struct bulk *b, struct str line, struct item *item)
{
    struct error err = {0};
    struct json action;
    struct exchange *x = b->x;
    if (json_parse(line, &b->batch.arena, &action, &err) != STATUS_OK) {
        return refuse(b, err.message);
    }
    if (action.type != JSON_OBJECT || action.count != 1 || action.members[0].value.type != JSON_OBJECT) {
        return refuse(b, "expected an object such as {\"index\":{\"_id\":\"1\"}}");
    }
    const struct json *body = &action.members[0].value;
    const struct json *id = json_get(body, "_id");
    size_t kind = 0;
    while (kind < ACTION_COUNT && !str_equal(action.members[0].name, action_names[kind])) {
        kind++;
    }
    if (kind == ACTION_COUNT) {
        return refuse(b, "expected index, create, update or delete");
    }
    item->action = (enum action)kind;
    item->index = x->param_count > 0 ? x->params[0] : (struct str){NULL, 0};
    (void)json_string(json_get(body, "_index"), &item->index);
    if (item->index.size == 0) {
        return refuse(b, "'_index' is missing");
    }
    if (id && (id->type == JSON_STRING || id->type == JSON_NUMBER)) {
        item->id = id->text;
    }
    return true;
}

static struct live_op *add_op(struct bulk *b, struct item *item, enum live_op_kind kind)
{
    struct live_batch *batch = &b->batch;
    if (batch->op_count == b->op_capacity) {
        size_t capacity = b->op_capacity ? b->op_capacity * 2 : 64;
        struct live_op *ops = ARENA_ARRAY(&batch->arena, struct live_op, capacity);
        if (!ops) {
            item->wrong = "the request needs more memory than it may use";
            return NULL;
        }
        if (batch->op_count > 0) {
            memcpy(ops, batch->ops, batch->op_count * sizeof(*ops));
        }
        batch->ops = ops;
        b->op_capacity = capacity;
    }
    struct live_op *op = &batch->ops[batch->op_count++];
    *op = (struct live_op){.kind = kind, .index = item->index, .object_id = item->id};
    return op;
}

/* {"doc":{..},"doc_as_upsert":true} or {"doc":{..},"upsert":{..}} */
static void read_update(struct bulk *b, struct item *item, const struct json *source)
{
    const struct json *doc = json_get(source, "doc");
    const struct json *upsert = json_get(source, "upsert");
    bool doc_as_upsert = false;
    (void)json_bool(json_get(source, "doc_as_upsert"), &doc_as_upsert);
    if (json_get(source, "script")) {
        item->wrong = "scripts are not supported; send 'doc'";
        return;
    }
    if (!doc || doc->type != JSON_OBJECT || (upsert && upsert->type != JSON_OBJECT)) {
        item->wrong = "an update needs 'doc', an object; 'upsert' is one too";
        return;
    }
    struct live_op *update = add_op(b, item, LIVE_PARTIAL);
    if (!update) {
        return;
    }
    update->body = *doc;
    update->create_missing = doc_as_upsert;
    if (upsert && !doc_as_upsert) {
        struct live_op *put = add_op(b, item, LIVE_PUT);
        if (put) {
            put->body = *upsert;
            put->must_be_new = true;
            item->upsert = true;
        }
    }
}

/* Makes the item's operations; what is wrong with its source is the item's own error. */
static void read_source(struct bulk *b, struct item *item, struct str line)
{
    struct error err = {0};
    struct json source;
    item->op = b->batch.op_count;
    if (item->id.size == 0 && item->action >= ACTION_UPDATE) {
        item->wrong = "'_id' is missing";
    } else if (item->action == ACTION_DELETE) {
        (void)add_op(b, item, LIVE_DELETE);
    } else if (json_parse(line, &b->batch.arena, &source, &err) != STATUS_OK) {
        item->wrong = arena_printf(&b->batch.arena, "the source is not JSON: %s", err.message).data;
    } else if (source.type != JSON_OBJECT) {
        item->wrong = "the source is not an object";
    } else if (item->action == ACTION_UPDATE) {
        read_update(b, item, &source);
    } else {
        struct live_op *op = add_op(b, item, LIVE_PUT);
        if (op) {
            op->body = source;
            op->must_be_new = item->action == ACTION_CREATE;
        }
    }
}

/* Reads one action with its source. False at the piece's end or after an error answer. */
static bool read_item(struct bulk *b)
{
    struct str line;
    struct str source = {0};
    struct item *item = ARENA_NEW(&b->batch.arena, struct item);
    if (b->action.size > 0) {
        line = arena_copy(&b->batch.arena, buf_str(&b->action));
        buf_clear(&b->action);
    } else if (!next_line(b, &line)) {
        return false;
    }
    if (!item || !line.data) {
        return refuse(b, "the request needs more memory than it may use");
    }
    if (!read_action(b, line, item)) {
        return false;
    }
    if (item->action != ACTION_DELETE && !next_line(b, &source)) {
        buf_append_str(&b->action, line);
        return false;
    }
    read_source(b, item, source);
    if (b->last) {
        b->last->next = item;
    } else {
        b->first = item;
    }
    b->last = item;
    return true;
}

/* Here or on a worker. */
static void read_piece(struct exchange *x)
{
    struct bulk *b = x->state;
    while (read_item(b)) {
    }
}

/* --- pieces --- */

static void on_applied(struct exchange *x)
{
    finish_piece(x->state);
    exchange_resume(x);
}

/* On a live thread. */
static void on_done(struct live_batch *batch)
{
    exchange_post(((struct bulk *)batch->context)->x, on_applied);
}

/* PENDING: the batch is on its way; MORE: its results are there already. */
static enum handled submit(struct bulk *b)
{
    b->batch.done = on_done;
    b->batch.context = b;
    if (b->batch.op_count > 0) {
        b->batch.source = route_source(b->x, &b->batch.arena);
        enum status status = live_submit(b->x->server->live, &b->batch);
        if (status == STATUS_OK) {
            return PENDING;
        }
        b->batch.status = error_set(&b->batch.error, status, "too many updates are waiting");
    }
    finish_piece(b);
    return MORE;
}

/* After a worker has read the piece. */
static void piece_read(struct exchange *x)
{
    struct bulk *b = x->state;
    if (b->refused) {
        exchange_done(x);
    } else if (submit(b) == MORE) {
        exchange_resume(x);
    }
}

static enum handled finish(struct bulk *b)
{
    if (b->action.size > 0) {
        return elastic_error(b->x, 400, "illegal_argument_exception",
                             "the last action, on line [%llu], has no source line; the first %llu actions were applied",
                             (unsigned long long)b->line_count, (unsigned long long)b->item_count);
    }
    return answer(b);
}

static enum handled bulk(struct exchange *x, struct str window, bool last, size_t *taken)
{
    struct bulk *b = bulk_of(x);
    if (!last && window.size < PIECE_BYTES) {
        return MORE;
    }
    size_t end = window.size;
    while (!last && end > 0 && window.data[end - 1] != '\n') {
        end--;
    }
    *taken = end;
    if (end == 0) {
        return last ? finish(b) : MORE;
    }
    start_piece(b, str_slice(window, 0, end));
    if (end > AWAY_BYTES && exchange_offload_then(x, read_piece, piece_read) == PENDING) {
        return PENDING;
    }
    if (end <= AWAY_BYTES) {
        read_piece(x);
    }
    if (b->refused) {
        return HANDLED;
    }
    enum handled handled = submit(b);
    return handled == MORE && last ? finish(b) : handled;
}

const struct route bulk_routes[] = {
    {HTTP_POST | HTTP_PUT, "/_bulk", SCOPE_ADMIN, ROUTE_ELASTIC, 0, NULL, bulk},
    {HTTP_POST | HTTP_PUT, "/{index}/_bulk", SCOPE_ADMIN, ROUTE_ELASTIC, 0, NULL, bulk},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
