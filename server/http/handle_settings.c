#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"

/* Settings of an index and of its replicas, and tasks. */

static const struct replica_setting *replica_of(const struct snapshot *snapshot, struct str name)
{
    return settings_replica(snapshot->settings, name);
}

/* A replica shows its parent's settings with its own order. */
static void make_replica(struct exchange *x, struct json *document, const struct snapshot *snapshot,
                         const struct replica_setting *replica)
{
    struct json *items = ARENA_ARRAY(&x->arena, struct json, replica->key_count + 1);
    for (size_t i = 0; items && i < replica->key_count; i++) {
        const struct sort_key *key = &replica->keys[i];
        items[i] = json_of_str(
            arena_printf(&x->arena, "%s(" STR_FMT ")", key->descending ? "desc" : "asc", STR_ARG(key->attribute)));
    }
    json_object_remove(document, STR("replicas"));
    json_object_remove(document, STR("replicaRanking"));
    json_object_set(document, STR("primary"), json_of_str(snapshot->index_name), &x->arena);
    json_object_set(document, STR("ranking"), json_array(items, items ? replica->key_count : 0), &x->arena);
}

static enum handled get_settings(struct exchange *x)
{
    struct buf text = BUF_EMPTY;
    struct json document;
    struct error err = {0};
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return HANDLED;
    }
    const struct replica_setting *replica = replica_of(snapshot, x->params[0]);
    if (!replica) {
        settings_show(snapshot->settings, exchange_begin(x, 200, CONTENT_JSON));
        return HANDLED;
    }
    settings_show(snapshot->settings, &text);
    enum status status = json_parse(arena_copy(&x->arena, buf_str(&text)), &x->arena, &document, &err);
    buf_release(&text);
    if (status != STATUS_OK) {
        return exchange_fail(x, status, err.message);
    }
    make_replica(x, &document, snapshot, replica);
    json_write(exchange_begin(x, 200, CONTENT_JSON), &document);
    return HANDLED;
}

static enum handled put_settings(struct exchange *x)
{
    struct error err = {0};
    struct write *w = write_new(x);
    struct live_op *op = write_op(w, LIVE_SETTINGS, x->params[0]);
    enum status status = json_parse(x->body, &w->batch.arena, &op->body, &err);
    if (status != STATUS_OK) {
        return exchange_error(x, status == STATUS_LIMIT ? 413 : 400, "the body is not JSON: %s", err.message);
    }
    if (op->body.type != JSON_OBJECT) {
        return exchange_error(x, 400, "settings are an object");
    }
    return write_submit(w, write_answer_updated);
}

static enum handled task(struct exchange *x)
{
    uint64_t id;
    if (!str_to_u64(x->params[x->param_count - 1], &id)) {
        return exchange_error(x, 400, "a task's number is missing");
    }
    bool published = live_task_published(x->server->live, id);
    return exchange_text(x, published ? STR("{\"status\":\"published\",\"pendingTask\":false}")
                                      : STR("{\"status\":\"notPublished\",\"pendingTask\":true}"));
}

/* --- rules: there are none, and saying so beats pretending --- */

static enum handled rules_refused(struct exchange *x)
{
    return exchange_error(x, 400, "rules are not supported by this server");
}

/* What empties the rules has been done. */
static enum handled rules_done(struct exchange *x)
{
    return handlers_snapshot(x, x->params[0]) ? write_submit(write_new(x), write_answer_updated) : HANDLED;
}

/* Clients that copy an index save an empty list. */
static enum handled rules_batch(struct exchange *x)
{
    struct json body;
    if (!exchange_json(x, &body)) {
        return HANDLED;
    }
    if (body.type != JSON_ARRAY || body.count > 0) {
        return rules_refused(x);
    }
    return write_submit(write_new(x), write_answer_updated);
}

static enum handled rules_search(struct exchange *x)
{
    if (!handlers_snapshot(x, x->params[0])) {
        return HANDLED;
    }
    return exchange_text(x, STR("{\"hits\":[],\"nbHits\":0,\"page\":0,\"nbPages\":0}"));
}

static enum handled rule_get(struct exchange *x)
{
    return exchange_error(x, 404, "there is no such rule");
}

const struct route settings_routes[] = {
    {HTTP_GET, "/1/indexes/{index}/settings", SCOPE_SEARCH, 0, 1024, get_settings, NULL},
    {HTTP_PUT | HTTP_POST, "/1/indexes/{index}/settings", SCOPE_ADMIN, 0, 4 << 20, put_settings, NULL},
    {HTTP_GET, "/1/indexes/{index}/task/{task}", SCOPE_SEARCH, 0, 1024, task, NULL},
    {HTTP_GET, "/1/task/{task}", SCOPE_SEARCH, 0, 1024, task, NULL},
    {HTTP_POST, "/1/indexes/{index}/rules/batch", SCOPE_ADMIN, 0, 1 << 20, rules_batch, NULL},
    {HTTP_POST, "/1/indexes/{index}/rules/search", SCOPE_SEARCH, 0, 1 << 20, rules_search, NULL},
    {HTTP_POST, "/1/indexes/{index}/rules/clear", SCOPE_ADMIN, 0, 1 << 20, rules_done, NULL},
    {HTTP_GET, "/1/indexes/{index}/rules/{rule}", SCOPE_SEARCH, 0, 1024, rule_get, NULL},
    {HTTP_PUT, "/1/indexes/{index}/rules/{rule}", SCOPE_ADMIN, 0, 1 << 20, rules_refused, NULL},
    {HTTP_DELETE, "/1/indexes/{index}/rules/{rule}", SCOPE_ADMIN, 0, 1024, rules_done, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
