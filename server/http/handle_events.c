#include "indexer/base/clock.h"
#include "server/events/event_parse.h"
#include "server/events/events.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"

/*
 * What shoppers do: POST /1/events, in the form of Algolia's Insights clients or of User Behavior Insights
 * (event_parse.h); answered when it is on disk. DELETE /1/usertokens/{token} forgets a token.
 *
 * A wrong event is a 422 that names it, and none of the request's is taken.
 */

#define EVENTS_BODY_LIMIT (2u << 20)
#define AWAY_BODY         (64u << 10)

struct request {
    struct event_list list;
    struct events_outcome outcome;
};

/* The names that signals go by, and what the settings of an index say about tokens. */
static enum status complete(struct exchange *x, struct event *e, struct error *err)
{
    const struct snapshot *snapshot = e->index.size > 0 ? live_snapshot(x->server->live, e->index) : NULL;
    if (!snapshot) {
        return STATUS_OK; /* it may come yet, or the query id tells */
    }
    e->index = snapshot->index_name;
    if (!snapshot->settings->events.keep_tokens) {
        e->token = (struct str){0};
    }
    if (e->type != EVENT_SEARCH) {
        return STATUS_OK;
    }
    struct search_context context = {handlers_searcher(x->server), snapshot, &x->arena};
    return search_normal_form(&context, e->query, &e->normal, err);
}

/* Reads the body into x->state, or makes an error answer. */
static void read_events(struct exchange *x)
{
    struct request *r = ARENA_NEW(&x->arena, struct request);
    struct error err = {0};
    enum status status = STATUS_LIMIT;
    x->state = r;
    if (r) {
        status = event_parse(&r->list, x->body, &x->arena, clock_wall_ms(), &err);
    }
    for (size_t i = 0; status == STATUS_OK && i < r->list.count; i++) {
        status = complete(x, &r->list.events[i], &err);
    }
    if (status == STATUS_INPUT) {
        exchange_error(x, r->list.malformed ? 400 : 422, "%s%s", r->list.malformed ? "the body is not JSON: " : "",
                       err.message);
    } else if (status != STATUS_OK) {
        exchange_fail(x, status, r ? err.message : "the request needs more memory than it may use");
    }
}

static void answer(struct exchange *x)
{
    const struct request *r = x->state;
    if (r->outcome.status != STATUS_OK) {
        exchange_fail(x, r->outcome.status, r->outcome.error.message);
    } else if (x->head.method == HTTP_DELETE) {
        exchange_text(x, STR("{\"status\":200,\"message\":\"OK\"}"));
    } else {
        struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
        buf_printf(out, "{\"status\":200,\"message\":\"OK\",\"events\":%zu,\"repeats\":%zu}", r->list.count,
                   r->outcome.repeats);
    }
    exchange_done(x);
}

/* On the log's thread. */
static void on_done(void *context, const struct events_outcome *outcome)
{
    struct exchange *x = context;
    ((struct request *)x->state)->outcome = *outcome;
    exchange_post(x, answer);
}

static enum handled refuse(struct exchange *x, enum status status, const struct error *err)
{
    exchange_header(x, "Retry-After", STR("1"));
    return exchange_fail(x, status, err->message);
}

static enum handled submit(struct exchange *x)
{
    struct request *r = x->state;
    struct error err = {0};
    if (x->status) {
        return HANDLED;
    }
    enum status status = events_submit(x->server->events, &r->list, on_done, x, &err);
    return status == STATUS_OK ? PENDING : refuse(x, status, &err);
}

static void submit_read(struct exchange *x)
{
    if (submit(x) == HANDLED) {
        exchange_done(x);
    }
}

static enum handled take_events(struct exchange *x)
{
    if (!x->server->events) {
        return exchange_error(x, 503, "events are not taken: their log could not be opened");
    }
    if (x->body.size <= AWAY_BODY) {
        read_events(x);
    } else if (exchange_offload_then(x, read_events, submit_read) == PENDING) {
        return PENDING;
    }
    return submit(x);
}

static enum handled forget(struct exchange *x)
{
    struct error err = {0};
    struct str token = x->params[0];
    if (!x->server->events) {
        return exchange_error(x, 503, "events are not taken: their log could not be opened");
    }
    if (token.size > EVENT_TOKEN_MAX) {
        return exchange_error(x, 422, "a token has at most %d bytes", EVENT_TOKEN_MAX);
    }
    x->state = ARENA_NEW(&x->arena, struct request);
    if (!x->state) {
        return exchange_error(x, 413, "the request needs more memory than it may use");
    }
    enum status status = events_forget(x->server->events, token, on_done, x, &err);
    return status == STATUS_OK ? PENDING : refuse(x, status, &err);
}

const struct route event_routes[] = {
    {HTTP_POST, "/1/events", SCOPE_SEARCH, 0, EVENTS_BODY_LIMIT, take_events, NULL},
    {HTTP_DELETE, "/1/usertokens/{token}", SCOPE_ADMIN, 0, 1024, forget, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
