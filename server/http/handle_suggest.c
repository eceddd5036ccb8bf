#include "indexer/base/clock.h"
#include "server/http/answer.h"
#include "server/http/behaviour.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/query/suggest.h"

/*
 * Autocomplete: POST /1/indexes/{index}/suggest {"query":"wire","hitsPerPage":8,"products":4}. The answer has
 * suggestions, each {"kind":"query"|"brand"|"category","query":..,"highlighted":..,"count":..}, and with `products`
 * the best hits of the same text, and "partial":true when the file of suggestions or a shard is damaged. What was typed
 * is marked with the highlight tags; a category's text is its path.
 */

#define SUGGESTIONS     8
#define SUGGESTIONS_MAX 50
#define PRODUCTS_MAX    50
#define MORE_SUGGESTIONS                                                                                               \
    3 /* times those that are wanted, if so many are at hand: the most popular of them are shown                       \
       */

static void append_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '&') {
            buf_literal(out, "&amp;");
        } else if (c == '<') {
            buf_literal(out, "&lt;");
        } else if (c == '"') {
            buf_literal(out, "&quot;");
        } else {
            buf_append_char(out, c);
        }
    }
}

/* The first word of text that begins with what was typed, ASCII letters compared without case; SIZE_MAX when only
 * folding makes it match. */
static size_t typed_place(struct str text, struct str typed)
{
    for (size_t i = 0; i + typed.size <= text.size; i++) {
        bool start = i == 0 || text.data[i - 1] == ' ' || text.data[i - 1] == '-';
        if (start && str_equal_nocase(str_slice(text, i, i + typed.size), typed)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void write_suggestion(const struct suggestion *s, const struct search_request *r, struct str typed,
                             struct buf *out)
{
    static const char *const kinds[] = {"query", "brand", "category"};
    struct str text = s->kind == SUGGESTION_CATEGORY ? s->category : s->text;
    struct buf marked = BUF_EMPTY;
    size_t at = typed.size > 0 ? typed_place(text, typed) : SIZE_MAX;
    if (at == SIZE_MAX) {
        append_escaped(&marked, text);
    } else {
        append_escaped(&marked, str_slice(text, 0, at));
        buf_append_str(&marked, r->pre_tag);
        append_escaped(&marked, str_slice(text, at, at + typed.size));
        buf_append_str(&marked, r->post_tag);
        append_escaped(&marked, str_slice(text, at + typed.size, text.size));
    }
    buf_printf(out, "{\"kind\":\"%s\",\"query\":", kinds[s->kind]);
    json_write_string(out, text);
    buf_literal(out, ",\"highlighted\":");
    json_write_string(out, buf_str(&marked));
    buf_literal(out, ",\"count\":");
    buf_append_u64(out, s->objects);
    buf_append_char(out, '}');
    buf_release(&marked);
}

static void write_suggestions(const struct suggest_answer *answer, const struct search_request *r, struct buf *out)
{
    buf_literal(out, "{\"suggestions\":[");
    for (size_t i = 0; i < answer->count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        write_suggestion(&answer->suggestions[i], r, str_trim(r->query), out);
    }
    buf_append_char(out, ']');
}

static enum status write_products(const struct answer *a, struct buf *out)
{
    enum status status = STATUS_OK;
    buf_literal(out, ",\"hits\":[");
    for (size_t i = 0; status == STATUS_OK && i < a->result->hit_count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        status = answer_hit(a, &a->result->hits[i], out);
    }
    buf_literal(out, "],\"nbHits\":");
    buf_append_u64(out, a->result->total);
    return status;
}

static enum status answer_suggest(struct exchange *x, struct search_request *r, const struct suggest_request *wanted,
                                  const struct snapshot *snapshot, const struct json *params, struct error *err)
{
    struct suggest_answer answer;
    struct searcher *searcher = handlers_searcher(x->server);
    struct search_context context = {searcher, snapshot, &x->arena};
    struct suggest_request more = *wanted;
    if (x->server->events && wanted->limit < SUGGEST_TOP) {
        more.limit = wanted->limit * MORE_SUGGESTIONS < SUGGEST_TOP ? wanted->limit * MORE_SUGGESTIONS : SUGGEST_TOP;
    }
    enum status status = suggest_run(&context, &more, &answer, err);
    if (status != STATUS_OK) {
        return status;
    }
    behaviour_suggestions(x, &context, &answer, wanted->limit);
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    write_suggestions(&answer, r, out);
    if (wanted->products) {
        struct answer a = {.searcher = searcher,
                           .snapshot = snapshot,
                           .request = r,
                           .result = &answer.products,
                           .params = params,
                           .arena = &x->arena};
        status = write_products(&a, out);
    }
    if (answer.partial) {
        buf_literal(out, ",\"partial\":true");
    }
    buf_literal(out, ",\"query\":");
    json_write_string(out, r->query);
    buf_literal(out, ",\"processingTimeMS\":");
    buf_append_u64(out, (clock_monotonic_ns() - x->started_ns + 999999) / 1000000);
    buf_append_char(out, '}');
    return status;
}

static enum handled suggest(struct exchange *x)
{
    struct json body = {.type = JSON_OBJECT};
    struct search_request r;
    struct error err = {0};
    int64_t limit = SUGGESTIONS;
    int64_t products = 0;
    if (x->head.method == HTTP_POST && !exchange_json(x, &body)) {
        return HANDLED;
    }
    if (x->head.method != HTTP_POST) {
        json_object_set(&body, STR("params"), json_of_str(x->head.query), &x->arena);
    }
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return HANDLED;
    }
    enum status status = search_request_parse(&r, &body, snapshot->settings, &x->arena, &err);
    if (status != STATUS_OK) {
        return exchange_fail(x, status, err.message);
    }
    (void)json_i64(json_get(&body, "hitsPerPage"), &limit);
    (void)json_i64(json_get(&body, "products"), &products);
    if (limit < 0 || limit > SUGGESTIONS_MAX || products < 0 || products > PRODUCTS_MAX) {
        return exchange_error(x, 400, "'hitsPerPage' and 'products' must be 0 to %d", SUGGESTIONS_MAX);
    }
    r.index = x->params[0];
    r.hits_per_page = products;
    r.page = 0;
    r.facet_count = 0;
    struct suggest_request wanted = {r.query, (size_t)limit, products > 0 ? &r : NULL};
    status = answer_suggest(x, &r, &wanted, snapshot, &body, &err);
    return status == STATUS_OK ? HANDLED : exchange_fail(x, status, err.message);
}

const struct route suggest_routes[] = {
    {HTTP_GET | HTTP_POST, "/1/indexes/{index}/suggest", SCOPE_SEARCH, 0, 1 << 16, suggest, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
