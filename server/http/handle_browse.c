#include "indexer/base/limits.h"
#include "server/http/answer.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"

/*
 * Browsing: every matching object in objectID order. A cursor holds the last key and the search's own parameters, so
 * the server keeps nothing between pages and a cursor survives restarts. Always on a worker.
 */

#define PAGE_DEFAULT 1000
#define CURSOR_MAX   (64u << 10)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct buf *out, struct str bytes)
{
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        bits = bits << 8 | (uint8_t)bytes.data[i];
        for (count += 8; count >= 6; count -= 6) {
            buf_append_char(out, digits[bits >> (count - 6) & 63]);
        }
    }
    if (count > 0) {
        buf_append_char(out, digits[bits << (6 - count) & 63]);
    }
}

static bool decode(struct str text, struct arena *arena, struct str *out)
{
    char *bytes = arena_alloc(arena, text.size + 1);
    uint32_t bits = 0;
    int count = 0;
    size_t size = 0;
    for (size_t i = 0; bytes && i < text.size; i++) {
        const char *digit = text.data[i] ? strchr(digits, text.data[i]) : NULL;
        if (!digit) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[size++] = (char)(bits >> count & 255);
        }
    }
    *out = (struct str){bytes, size};
    return bytes != NULL;
}

struct browse {
    struct exchange *x;
    struct json params; /* without the cursor */
    struct str after;
    int64_t total; /* of the first page; -1: not known yet */
    size_t limit;
    struct search_request request;
    const struct snapshot *snapshot;
};

/* {"after":key,"total":n,"params":{..}} */
static bool read_cursor(struct browse *b, struct str cursor)
{
    struct arena *arena = &b->x->arena;
    struct str text;
    struct json document;
    struct error err;
    if (cursor.size > CURSOR_MAX || !decode(cursor, arena, &text) ||
        json_parse(text, arena, &document, &err) != STATUS_OK ||
        !json_string(json_get(&document, "after"), &b->after) || !json_i64(json_get(&document, "total"), &b->total)) {
        exchange_error(b->x, 400, "'cursor' is not one that this server gave");
        return false;
    }
    const struct json *params = json_get(&document, "params");
    if (params && params->type == JSON_OBJECT) {
        b->params = *params;
    }
    return true;
}

static void write_cursor(const struct browse *b, struct str last, struct buf *out)
{
    struct buf text = BUF_EMPTY;
    buf_literal(&text, "{\"after\":");
    json_write_string(&text, last);
    buf_literal(&text, ",\"total\":");
    buf_append_i64(&text, b->total);
    buf_literal(&text, ",\"params\":");
    json_write(&text, &b->params);
    buf_append_char(&text, '}');
    encode(out, buf_str(&text));
    buf_release(&text);
}

static bool read_browse(struct browse *b)
{
    struct exchange *x = b->x;
    struct str cursor = exchange_query(x, "cursor");
    struct error err = {0};
    b->params.type = JSON_OBJECT;
    if (x->head.method == HTTP_POST && str_trim(x->body).size > 0 && !exchange_json(x, &b->params)) {
        return false;
    }
    if (b->params.type != JSON_OBJECT) {
        exchange_error(x, 400, "a browse is an object of parameters");
        return false;
    }
    (void)json_string(json_get(&b->params, "cursor"), &cursor);
    json_object_remove(&b->params, STR("cursor"));
    if (cursor.size > 0 && !read_cursor(b, cursor)) {
        return false;
    }
    b->snapshot = handlers_snapshot(x, x->params[0]);
    if (!b->snapshot) {
        return false;
    }
    enum status status = search_request_parse(&b->request, &b->params, b->snapshot->settings, &x->arena, &err);
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
        return false;
    }
    b->request.index = x->params[0];
    bool given = json_get(&b->params, "hitsPerPage") || b->request.params.size > 0;
    b->limit = given && b->request.hits_per_page > 0 ? (size_t)b->request.hits_per_page : PAGE_DEFAULT;
    b->request.strict = true; /* exactly what matches, no relaxation */
    return true;
}

static enum status count_matches(struct browse *b, struct error *err)
{
    struct search_result result;
    struct search_request counting = b->request;
    counting.hits_per_page = 0;
    counting.page = 0;
    counting.offset = counting.length = -1;
    counting.facet_count = 0;
    counting.distinct = false;
    struct search_context context = {handlers_searcher(b->x->server), b->snapshot, &b->x->arena};
    enum status status = search_run(&context, &counting, 1, &result, err);
    b->total = status == STATUS_OK ? (int64_t)result.total : -1;
    return status;
}

static enum status write_objects(struct browse *b, const struct str *keys, size_t count, struct error *err)
{
    struct shown shown = shown_of(&b->request, b->snapshot->settings);
    struct buf *out = exchange_begin(b->x, 200, CONTENT_JSON);
    bool any = false;
    shown.never_count = 0; /* browsing takes an admin key */
    buf_literal(out, "{\"hits\":[");
    for (size_t i = 0; i < count; i++) {
        uint32_t segment;
        doc_id doc;
        struct json object;
        if (!snapshot_find(b->snapshot, keys[i], &segment, &doc)) {
            continue;
        }
        enum status status = snapshot_object(b->snapshot, segment, doc, &b->x->arena, &object, err);
        if (status != STATUS_OK) {
            return status;
        }
        if (any) {
            buf_append_char(out, ',');
        }
        any = true;
        answer_object(out, &object, &shown);
    }
    buf_append_char(out, ']');
    return STATUS_OK;
}

static void write_rest(struct browse *b, const struct str *keys, size_t count)
{
    struct buf *out = &b->x->out;
    int64_t limit = (int64_t)b->limit;
    if (count == b->limit) {
        buf_literal(out, ",\"cursor\":\"");
        write_cursor(b, keys[count - 1], out);
        buf_append_char(out, '"');
    }
    buf_literal(out, ",\"page\":0,\"nbHits\":");
    buf_append_i64(out, b->total);
    buf_literal(out, ",\"nbPages\":");
    buf_append_i64(out, (b->total + limit - 1) / limit);
    buf_literal(out, ",\"hitsPerPage\":");
    buf_append_i64(out, limit);
    buf_literal(out, ",\"query\":");
    json_write_string(out, b->request.query);
    buf_literal(out, ",\"params\":\"");
    answer_params(out, &b->params);
    buf_literal(out, "\",\"processingTimeMS\":1}");
}

static void browse_away(struct exchange *x)
{
    struct browse b = {.x = x, .total = -1};
    struct error err = {0};
    struct search_page page = {0};
    enum status status = STATUS_OK;
    if (!read_browse(&b)) {
        return;
    }
    if (b.total < 0) {
        status = count_matches(&b, &err);
    }
    if (status == STATUS_OK) {
        struct search_context context = {handlers_searcher(x->server), b.snapshot, &x->arena};
        page.after = b.after;
        page.limit = b.limit;
        status = search_keys(&context, &b.request, &page, &err);
    }
    if (status == STATUS_OK) {
        status = write_objects(&b, page.keys, page.count, &err);
    }
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
        return;
    }
    write_rest(&b, page.keys, page.count);
}

static enum handled browse(struct exchange *x)
{
    return exchange_offload(x, browse_away);
}

const struct route browse_routes[] = {
    {HTTP_GET | HTTP_POST, "/1/indexes/{index}/browse", SCOPE_ADMIN, 0, 1 << 20, browse, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
