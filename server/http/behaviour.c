#include "server/http/behaviour.h"

#include "server/events/events.h"
#include "server/events/signals.h"
#include "server/http/server.h"

/* The query's list by segment. True when there is anything in it. */
static bool resolve_query(const struct search_context *c, const struct signals *signals, struct str query,
                          struct boost_docs *out)
{
    struct str normal;
    bool any = false;
    if (search_normal_form(c, query, &normal, NULL) != STATUS_OK || normal.size == 0) {
        return false;
    }
    const struct query_signals *known = signals_of_query(signals, query_key_of(c->snapshot->index_name, normal));
    for (uint32_t i = 0; known && i < c->snapshot->segment_count; i++) {
        if (!boosts_resolve(&out[i], c->snapshot->segments[i].shard, known->boosts, known->count, c->arena)) {
            out[i] = (struct boost_docs){0};
        }
        any = any || out[i].count > 0;
    }
    return any;
}

static bool find_products(const struct snapshot *snapshot, const struct signals *signals, struct boost_docs *out)
{
    bool any = false;
    for (uint32_t i = 0; i < snapshot->segment_count; i++) {
        const struct boost_docs *docs = signals_of_shard(signals, shard_uid(snapshot->segments[i].shard));
        if (docs) {
            out[i] = *docs;
            any = any || docs->count > 0;
        }
    }
    return any;
}

void behaviour_boosts(struct exchange *x, const struct search_context *context, struct search_request *request)
{
    const struct snapshot *snapshot = context->snapshot;
    const struct event_settings *settings = &snapshot->settings->events;
    if (!x->server->events || !request->behaviour) {
        return;
    }
    const struct signals *signals = events_signals(x->server->events);
    struct search_boosts *boosts = ARENA_NEW(context->arena, struct search_boosts);
    struct boost_docs *query = ARENA_ARRAY(context->arena, struct boost_docs, snapshot->segment_count + 1);
    struct boost_docs *products = ARENA_ARRAY(context->arena, struct boost_docs, snapshot->segment_count + 1);
    if (!boosts || !query || !products) {
        return;
    }
    bool any = settings->query_weight > 0 && resolve_query(context, signals, request->query, query);
    any = (settings->product_weight > 0 && find_products(snapshot, signals, products)) || any;
    *boosts = (struct search_boosts){query, products, settings->query_weight, settings->product_weight};
    request->boosts = any ? boosts : NULL;
}
