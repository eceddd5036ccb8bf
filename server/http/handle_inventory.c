#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/routes.h"
#include "server/http/server.h"
#include "server/live/update_line.h"

/*
 * POST /1/indexes/{index}/inventory: updates as lines of JSON (update_line.h), any number of them, each answered by a
 * line when it is durable and visible, in order, while the request still goes on:
 *
 *   {"item":0,"status":200,"result":"applied","now":5}
 *   {"item":1,"status":409,"result":"refused","message":"the result would be below 'min'","now":1}
 *
 *   item      the number of the line, from 0; empty lines are not counted
 *   result    applied, dropped (the keys are not newer), duplicate, held (202: the product is not there yet), refused
 *   now       the first attribute's number behind an increment or decrement, or as it was when that was refused
 *   dropped   of applied: the attributes whose keys are not newer
 *
 * and at the end by a line that adds up: {"items":2,"applied":1,...,"seq":17,"tookMS":1}. With an Idempotency-Key
 * header a request that broke off can be sent again as it was.
 *
 * The whole lines of what has come become one batch; the next ones are read when it is answered. While lines come fast
 * batches grow up to PIECE_MAX bytes; when the client pauses, what is there is taken.
 */

#define PIECE_MIN  (64u << 10)
#define PIECE_MAX  (512u << 10)
#define AWAY_BYTES (96u << 10) /* more lines than this are read on a worker */
#define ARENA_MAX  (512u << 20)
#define KEY_MAX    512 /* bytes of an Idempotency-Key */

enum { VALUES_STEP = 4096 };

struct inventory_request {
    struct exchange *x;
    struct live_updates batch;
    struct arena arena; /* of a piece */
    struct json_member *values;
    size_t values_left;
    struct str lines;
    size_t wanted; /* bytes that make a piece while lines come fast */
    uint64_t item_count;
    uint64_t results[UPDATE_REFUSED + 1];
    uint64_t seq;
    bool out_of_memory;
};

static void request_free(void *state)
{
    struct inventory_request *r = state;
    arena_release(&r->arena);
    free(r);
}

/* NULL after an error answer. */
static struct inventory_request *request_of(struct exchange *x)
{
    if (x->state) {
        return x->state;
    }
    struct str key = http_header_get(&x->head, "idempotency-key");
    if (!handlers_snapshot(x, x->params[0])) {
        return NULL;
    }
    if (key.data && (key.size == 0 || key.size > KEY_MAX)) {
        exchange_error(x, 400, "Idempotency-Key must have 1 to %d bytes", KEY_MAX);
        return NULL;
    }
    struct inventory_request *r = xcalloc(1, sizeof(*r));
    arena_init(&r->arena, ARENA_MAX);
    r->x = x;
    r->wanted = PIECE_MIN;
    r->batch.index = x->params[0];
    r->batch.has_stream = key.size > 0;
    r->batch.stream = hash128(key.data, key.size);
    x->state = r;
    x->release = request_free;
    exchange_begin(x, 200, CONTENT_NDJSON);
    x->streaming = true;
    return r;
}

/* ---- lines ---- */

/* Room for the values of one more line. */
static bool reserve_values(struct inventory_request *r)
{
    if (r->values_left < UPDATE_VALUES_MAX) {
        r->values = arena_alloc(&r->arena, VALUES_STEP * sizeof(*r->values));
        r->values_left = r->values ? VALUES_STEP : 0;
    }
    return r->values != NULL;
}

static size_t count_lines(struct str text)
{
    size_t count = 1;
    for (const char *at = text.data, *end = at + text.size; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        count++;
    }
    return count;
}

/* Here or on a worker. */
static void read_lines(struct exchange *x)
{
    struct inventory_request *r = x->state;
    struct str rest = r->lines;
    r->batch.items = arena_alloc(&r->arena, count_lines(rest) * sizeof(*r->batch.items));
    r->out_of_memory = !r->batch.items;
    while (rest.data && !r->out_of_memory) {
        struct str line = str_trim(str_split(&rest, '\n'));
        if (line.size == 0) {
            continue;
        }
        r->out_of_memory = !reserve_values(r);
        if (!r->out_of_memory) {
            struct live_update *u = &r->batch.items[r->batch.count++];
            if (update_line_read(line, r->values, &r->arena, u)) {
                r->values += u->value_count;
                r->values_left -= u->value_count;
            }
        }
    }
    r->out_of_memory = r->out_of_memory || r->arena.failed;
}

/* ---- results ---- */

static const struct str RESULTS[] = {{"applied", 7}, {"dropped", 7}, {"duplicate", 9}, {"held", 4}, {"refused", 7}};

static const char *message_of(const struct inventory_request *r, const struct live_update *u)
{
    if (u->reason == UPDATE_MALFORMED) {
        return u->text;
    }
    return u->reason == UPDATE_NOT_WRITTEN && r->batch.status != STATUS_OK
               ? r->batch.error.message
               : update_reason_text((enum update_reason)u->reason);
}

static int http_status_of(const struct inventory_request *r, const struct live_update *u)
{
    if (u->result != UPDATE_REFUSED) {
        return u->result == UPDATE_HELD ? 202 : 200;
    }
    enum status status = u->reason == UPDATE_NOT_WRITTEN && r->batch.status != STATUS_OK
                             ? r->batch.status
                             : update_status((enum update_reason)u->reason);
    return exchange_status_of(status);
}

static void write_dropped(const struct live_update *u, struct buf *out)
{
    const char *comma = ",\"dropped\":[";
    for (uint8_t i = 0; i < u->value_count; i++) {
        if (u->dropped >> i & 1) {
            buf_append_str(out, str_from(comma));
            json_write_string(out, u->values[i].name);
            comma = ",";
        }
    }
    buf_append_char(out, ']');
}

static void write_result(const struct inventory_request *r, const struct live_update *u, uint64_t item, struct buf *out)
{
    buf_literal(out, "{\"item\":");
    buf_append_u64(out, item);
    buf_literal(out, ",\"status\":");
    buf_append_u64(out, (uint64_t)http_status_of(r, u));
    buf_literal(out, ",\"result\":\"");
    buf_append_str(out, RESULTS[u->result]);
    buf_append_char(out, '"');
    if (u->result == UPDATE_REFUSED) {
        buf_literal(out, ",\"message\":");
        json_write_string(out, str_from(message_of(r, u)));
    }
    if (u->dropped && u->result == UPDATE_APPLIED) {
        write_dropped(u, out);
    }
    if (u->has_now && (u->kind != UPDATE_SET || u->result == UPDATE_REFUSED)) {
        buf_literal(out, ",\"now\":");
        decimal_write(out, u->now.units, u->now.scale);
    }
    buf_literal(out, "}\n");
}

static void write_results(struct inventory_request *r)
{
    for (size_t i = 0; i < r->batch.count; i++) {
        const struct live_update *u = &r->batch.items[i];
        write_result(r, u, r->item_count + i, &r->x->out);
        r->results[u->result]++;
    }
    r->item_count += r->batch.count;
    r->seq = r->batch.seq > r->seq ? r->batch.seq : r->seq;
}

static enum handled finish(struct inventory_request *r)
{
    struct buf *out = &r->x->out;
    buf_printf(out, "{\"items\":%llu", (unsigned long long)r->item_count);
    for (int i = 0; i <= UPDATE_REFUSED; i++) {
        buf_printf(out, ",\"" STR_FMT "\":%llu", STR_ARG(RESULTS[i]), (unsigned long long)r->results[i]);
    }
    buf_printf(out, ",\"seq\":%llu,\"tookMS\":%llu}\n", (unsigned long long)r->seq,
               (unsigned long long)((clock_monotonic_ns() - r->x->started_ns) / 1000000));
    return HANDLED;
}

/* ---- pieces ---- */

static void on_applied(struct exchange *x)
{
    write_results(x->state);
    exchange_resume(x);
}

/* On a live thread. */
static void on_done(struct live_updates *batch)
{
    struct inventory_request *r = batch->context;
    exchange_post(r->x, on_applied);
}

/* PENDING: the batch is on its way; MORE: its results are there already; HANDLED: an error answer. */
static enum handled submit(struct inventory_request *r)
{
    if (r->out_of_memory) {
        return exchange_error(r->x, 413, "the lines need more memory than a request may use");
    }
    r->batch.done = on_done;
    r->batch.context = r;
    r->batch.first_item = r->item_count;
    if (r->batch.source.size == 0) {
        r->batch.source = route_source(r->x, &r->x->arena);
    }
    if (r->batch.count == 0) {
        return MORE;
    }
    if (live_update(r->x->server->live, &r->batch) == STATUS_OK) {
        return PENDING;
    }
    r->batch.status = error_set(&r->batch.error, STATUS_BUSY, "too many updates are waiting");
    for (size_t i = 0; i < r->batch.count; i++) {
        r->batch.items[i].result = UPDATE_REFUSED;
        r->batch.items[i].reason = UPDATE_NOT_WRITTEN;
    }
    write_results(r);
    return MORE;
}

/* After a worker has read the lines. */
static void lines_read(struct exchange *x)
{
    enum handled handled = submit(x->state);
    if (handled == MORE) {
        exchange_resume(x);
    } else if (handled == HANDLED) {
        exchange_done(x);
    }
}

static void start_piece(struct inventory_request *r, struct str lines)
{
    arena_reset(&r->arena);
    r->values = NULL;
    r->values_left = 0;
    r->lines = lines;
    r->batch.items = NULL;
    r->batch.count = 0;
    if (lines.size >= r->wanted && r->wanted < PIECE_MAX) {
        r->wanted *= 2;
    } else if (lines.size < r->wanted / 4 && r->wanted > PIECE_MIN) {
        r->wanted /= 2;
    }
}

static enum handled inventory(struct exchange *x, struct str window, bool last, size_t *taken)
{
    struct inventory_request *r = request_of(x);
    size_t end = window.size;
    if (!r) {
        return HANDLED;
    }
    if (!last && !x->paused && end < r->wanted) {
        return MORE;
    }
    while (!last && end > 0 && window.data[end - 1] != '\n') {
        end--;
    }
    *taken = end;
    if (end == 0) {
        return last ? finish(r) : MORE;
    }
    start_piece(r, str_slice(window, 0, end));
    if (end > AWAY_BYTES && exchange_offload_then(x, read_lines, lines_read) == PENDING) {
        return PENDING;
    }
    if (end <= AWAY_BYTES) {
        read_lines(x);
    }
    enum handled handled = submit(r);
    return handled == MORE && last ? finish(r) : handled;
}

const struct route inventory_routes[] = {
    {HTTP_POST, "/1/indexes/{index}/inventory", SCOPE_ADMIN, ROUTE_EAGER, 0, NULL, inventory},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
