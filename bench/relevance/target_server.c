/* A server over HTTP. */
#include "bench/relevance/target_internal.h"

static enum status open_server(struct target *t, struct error *err)
{
    if (!t->options.index)
        return error_set(err, STATUS_INPUT, "the index of the server must be given");
    return http_client_new(&t->client, t->options.server, err);
}

static void close_server(struct target *t)
{
    http_client_free(t->client);
}

static enum status open_session(struct session *s, struct error *err)
{
    buf_literal(&s->path, "/1/indexes/");
    http_encode(&s->path, str_from(s->target->options.index));
    buf_literal(&s->path, "/query");
    return http_client_new(&s->client, s->target->options.server, err);
}

static void close_session(struct session *s)
{
    http_client_free(s->client);
    buf_release(&s->body);
    buf_release(&s->response);
    buf_release(&s->path);
}

/* What is wrong, in the server's words if it has some. */
static enum status refused(int code, const struct json *answer, struct error *err)
{
    struct str message = STR("no reason given");
    (void)json_string(json_get(answer, "message"), &message);
    return error_set(err, code == 404 ? STATUS_NOT_FOUND : STATUS_INPUT, "the server answers %d: " STR_FMT, code,
                     (int)(message.size < 180 ? message.size : 180), message.data);
}

static enum status search_server(struct session *s, const struct json *params, struct arena *arena, struct found *out,
                                 struct error *err)
{
    int code = 0;
    struct json answer = {.type = JSON_NULL};
    struct http_call call = {"POST", buf_str(&s->path), s->target->options.key, {NULL, 0}};
    buf_clear(&s->body);
    json_write(&s->body, params);
    call.body = buf_str(&s->body);
    enum status status = http_client_call(s->client, &call, &code, &s->response, err);
    if (status != STATUS_OK)
        return status;
    status = json_parse(arena_copy(arena, buf_str(&s->response)), arena, &answer, code == 200 ? err : NULL);
    if (code != 200)
        return refused(code, status == STATUS_OK ? &answer : NULL, err);
    const struct json *hits = json_get(&answer, "hits");
    int64_t total = 0;
    if (status != STATUS_OK || !hits || hits->type != JSON_ARRAY)
        return error_set(err, STATUS_FORMAT, "the server's answer has no 'hits'");
    (void)json_i64(json_get(&answer, "nbHits"), &total);
    out->total = (uint64_t)total;
    out->docs = ARENA_ARRAY(arena, struct found_doc, hits->count + 1);
    for (uint32_t i = 0; i < hits->count; i++) {
        if (!json_string(json_get(&hits->items[i], "objectID"), &out->docs[out->count].id))
            return error_set(err, STATUS_FORMAT, "hit %u of the server's answer has no 'objectID'", i);
        found_take(&out->docs[out->count++], &hits->items[i]);
    }
    return STATUS_OK;
}

static const struct json *object_of(struct target *t, struct str id, struct arena *arena)
{
    struct buf path = BUF_EMPTY;
    struct buf response = BUF_EMPTY;
    struct json *object = ARENA_NEW(arena, struct json);
    int code = 0;
    buf_literal(&path, "/1/indexes/");
    http_encode(&path, str_from(t->options.index));
    buf_append_char(&path, '/');
    http_encode(&path, id);
    struct http_call call = {"GET", buf_str(&path), t->options.key, {NULL, 0}};
    bool good = http_client_call(t->client, &call, &code, &response, NULL) == STATUS_OK && code == 200 &&
                json_parse(arena_copy(arena, buf_str(&response)), arena, object, NULL) == STATUS_OK;
    buf_release(&path);
    buf_release(&response);
    return good ? object : NULL;
}

const struct target_kind target_server = {open_server,   close_server,  NULL,     open_session,
                                          close_session, search_server, object_of};
