#include "bench/relevance/storefront.h"

#include <stdlib.h>

#include "bench/relevance/http_client.h"
#include "indexer/base/json.h"
#include "indexer/base/vec.h"

enum { EVENTS_AT_ONCE = 900 }; /* the server takes 1,000 */

struct storefront {
    struct storefront_options options;
    struct http_client *client;
    struct buf path, body, response;
    struct buf events; /* noted */
    VEC(size_t) ends;  /* of each in events */
};

enum status storefront_open(struct storefront **out, const struct storefront_options *options, struct error *err)
{
    struct storefront *s = xcalloc(1, sizeof(*s));
    s->options = *options;
    buf_literal(&s->path, "/1/indexes/");
    http_encode(&s->path, str_from(options->index));
    buf_literal(&s->path, "/query");
    enum status status = http_client_new(&s->client, options->server, err);
    if (status != STATUS_OK) {
        storefront_close(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void storefront_close(struct storefront *s)
{
    if (!s)
        return;
    http_client_free(s->client);
    buf_release(&s->path);
    buf_release(&s->body);
    buf_release(&s->response);
    buf_release(&s->events);
    vec_release(&s->ends);
    free(s);
}

/* Sends s->body. The answer is in the arena. */
static enum status call(struct storefront *s, struct str path, struct arena *arena, struct json *answer,
                        struct error *err)
{
    int code = 0;
    struct http_call call = {"POST", path, s->options.key, buf_str(&s->body)};
    enum status status = http_client_call(s->client, &call, &code, &s->response, err);
    if (status != STATUS_OK)
        return status;
    status = json_parse(arena_copy(arena, buf_str(&s->response)), arena, answer, err);
    if (code == 200)
        return status;
    struct str message = STR("no reason given");
    if (status == STATUS_OK)
        (void)json_string(json_get(answer, "message"), &message);
    return error_set(err, STATUS_INPUT, "the server answers %d: " STR_FMT, code,
                     (int)(message.size < 180 ? message.size : 180), message.data);
}

enum status storefront_search(struct storefront *s, const struct shopping *what, struct arena *arena,
                              struct ranked *out, struct error *err)
{
    struct json answer;
    *out = (struct ranked){.count = 0};
    buf_clear(&s->body);
    buf_literal(&s->body, "{\"query\":");
    json_write_string(&s->body, what->text);
    buf_printf(&s->body, ",\"hitsPerPage\":%lld,\"attributesToRetrieve\":[\"objectID\"],\"attributesToHighlight\":[],",
               (long long)what->hits);
    if (what->analytics)
        buf_printf(&s->body, "\"clickAnalytics\":true,\"userToken\":\"shopper-%llu\"}",
                   (unsigned long long)what->shopper);
    else
        buf_literal(&s->body, "\"getRankingInfo\":true}");
    enum status status = call(s, buf_str(&s->path), arena, &answer, err);
    if (status != STATUS_OK)
        return status;
    const struct json *hits = json_get(&answer, "hits");
    if (!hits || hits->type != JSON_ARRAY)
        return error_set(err, STATUS_FORMAT, "the server's answer has no 'hits'");
    if (what->analytics && !json_string(json_get(&answer, "queryID"), &out->query_id))
        return error_set(err, STATUS_FORMAT, "the server's answer has no 'queryID': it takes no events");
    out->docs = ARENA_ARRAY(arena, struct ranked_doc, hits->count + 1);
    for (uint32_t i = 0; i < hits->count; i++) {
        struct ranked_doc *doc = &out->docs[out->count++];
        struct str id;
        if (!json_string(json_get(&hits->items[i], "objectID"), &id))
            return error_set(err, STATUS_FORMAT, "hit %u of the server's answer has no 'objectID'", i);
        doc->id = arena_copy(arena, id);
        (void)json_double(json_get(json_get(&hits->items[i], "_rankingInfo"), "score"), &doc->score);
    }
    return STATUS_OK;
}

void storefront_note(struct storefront *s, const struct deed *d)
{
    struct buf *out = &s->events;
    buf_printf(out, "{\"eventType\":\"%s\",\"eventName\":\"%s\",\"index\":", d->buys ? "conversion" : "click",
               d->buys ? "Bought" : "Clicked");
    json_write_string(out, str_from(s->options.index));
    if (d->buys)
        buf_literal(out, ",\"eventSubtype\":\"purchase\"");
    else
        buf_printf(out, ",\"positions\":[%zu]", d->position);
    buf_printf(out, ",\"userToken\":\"shopper-%llu\",\"queryID\":", (unsigned long long)d->shopper);
    json_write_string(out, d->query_id);
    buf_literal(out, ",\"objectIDs\":[");
    json_write_string(out, d->doc);
    buf_literal(out, "]}");
    vec_push(&s->ends, out->size);
}

enum status storefront_send(struct storefront *s, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t from = 0; from < s->ends.count && status == STATUS_OK; from += EVENTS_AT_ONCE) {
        size_t end = from + EVENTS_AT_ONCE < s->ends.count ? from + EVENTS_AT_ONCE : s->ends.count;
        struct json answer;
        struct arena arena;
        arena_init(&arena, 0);
        buf_clear(&s->body);
        buf_literal(&s->body, "{\"events\":[");
        for (size_t i = from; i < end; i++) {
            size_t begin = i ? s->ends.items[i - 1] : 0;
            if (i > from)
                buf_append_char(&s->body, ',');
            buf_append(&s->body, s->events.data + begin, s->ends.items[i] - begin);
        }
        buf_literal(&s->body, "]}");
        status = call(s, STR("/1/events"), &arena, &answer, err);
        arena_release(&arena);
    }
    s->ends.count = 0;
    buf_clear(&s->events);
    return status;
}
