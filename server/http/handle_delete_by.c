#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"

/*
 * Deleting what a search finds, in passes of PASS_KEYS by objectID: keys are looked up on a worker, deleted in a batch,
 * and the next pass goes on behind the last key. What comes to match meanwhile, before that key, stays.
 */

#define PASS_KEYS 10000

static enum status find_keys(struct exchange *x, const struct snapshot *snapshot, struct str **keys, size_t *count,
                             struct error *err)
{
    struct write *w = write_of(x);
    struct json body = {.type = JSON_OBJECT};
    struct search_request r;
    enum status status = json_parse(x->body, &w->batch.arena, &body, err);
    if (status != STATUS_OK) {
        error_prefix(err, "the body is not JSON");
        return status;
    }
    status = search_request_parse(&r, &body, snapshot->settings, &w->batch.arena, err);
    if (status == STATUS_OK && !r.filter && str_trim(r.query).size == 0) {
        status = error_set(err, STATUS_INPUT, "a filter is missing; /clear deletes every object");
    }
    if (status != STATUS_OK) {
        return status;
    }
    r.strict = true;
    struct search_context context = {handlers_searcher(x->server), snapshot, &w->batch.arena};
    struct search_page page = {.after = w->after, .limit = PASS_KEYS};
    status = search_keys(&context, &r, &page, err);
    *keys = page.keys;
    *count = page.count;
    return status;
}

static void find_deletions(struct exchange *x)
{
    struct write *w = write_of(x);
    struct error err = {0};
    struct str *keys = NULL;
    size_t count = 0;
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return;
    }
    if (w->passes == 0) {
        w->passes_max = snapshot->live_docs / PASS_KEYS + 1;
    }
    w->passes++;
    struct str index = arena_copy(&w->batch.arena, snapshot->index_name); /* a replica's parent has the objects */
    enum status status = find_keys(x, snapshot, &keys, &count, &err);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct live_op *op = write_op(w, LIVE_DELETE, index);
        if (!op) {
            status = error_set(&err, STATUS_LIMIT, "the request needs more memory than it may use");
            break;
        }
        op->object_id = keys[i];
    }
    if (status != STATUS_OK) {
        exchange_fail(x, status, err.message);
    }
}

static enum handled next_pass(struct exchange *x, struct write *w)
{
    size_t count = w->batch.op_count;
    if (count < PASS_KEYS || w->passes > w->passes_max) {
        return HANDLED;
    }
    w->after = arena_copy(&x->arena, w->batch.ops[count - 1].object_id);
    write_reset(w);
    return write_read(w, find_deletions, true, write_answer_updated);
}

static enum handled delete_by_query(struct exchange *x)
{
    struct write *w = write_new(x);
    w->next = next_pass;
    return write_read(w, find_deletions, true, write_answer_updated);
}

const struct route delete_by_routes[] = {
    {HTTP_POST, "/1/indexes/{index}/deleteByQuery", SCOPE_ADMIN, 0, 1 << 20, delete_by_query, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
