#include "server/http/behaviour.h"

#include "server/events/events.h"
#include "server/events/shoppers.h"
#include "server/events/signals.h"
#include "server/http/impressions.h"
#include "server/http/server.h"
#include "server/query/tastes.h"

/* The query's list by segment. True when there is anything in it. */
static bool resolve_query(const struct search_context *c, const struct signals *signals, struct str query,
                          struct boost_docs *out)
{
    struct str normal;
    bool any = false;
    if (signals_empty(signals) || search_normal_form(c, query, &normal, NULL) != STATUS_OK || normal.size == 0) {
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

/* What the shopper likes, when the search asks for it. */
static void find_tastes(struct exchange *x, const struct search_context *c, const struct search_request *request,
                        struct search_boosts *boosts)
{
    struct boost *recent = ARENA_ARRAY(c->arena, struct boost, SHOPPERS_RECENT);
    struct taste *tastes = ARENA_ARRAY(c->arena, struct taste, TASTES);
    struct str token = request_token(x, request, c->snapshot->settings);
    if (!recent || !tastes || !request->personal || token.size == 0) {
        return;
    }
    struct taste_source source = {.products = recent, .weight = c->snapshot->settings->events.shopper_weight};
    source.weight *= (double)request->personal_impact / 100;
    source.count =
        shoppers_recent(events_shoppers(x->server->events), token, c->snapshot->index_name, c->arena, recent);
    if (source.count > 0 && source.weight > 0) {
        boosts->taste_count = tastes_make(tastes, c->snapshot, &source, c->arena);
        boosts->tastes = tastes;
    }
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
    *boosts = (struct search_boosts){.query = query,
                                     .products = products,
                                     .query_weight = settings->query_weight,
                                     .product_weight = settings->product_weight};
    find_tastes(x, context, request, boosts);
    request->boosts = any || boosts->taste_count > 0 ? boosts : NULL;
}

static float asked_for(const struct signals *signals, const struct search_context *c, const struct suggestion *s)
{
    struct str normal;
    if (search_normal_form(c, s->text, &normal, NULL) != STATUS_OK || normal.size == 0) {
        return 0;
    }
    const struct query_signals *known = signals_of_query(signals, query_key_of(c->snapshot->index_name, normal));
    return known ? known->asked : 0;
}

void behaviour_suggestions(struct exchange *x, const struct search_context *context, struct suggest_answer *answer,
                           size_t limit)
{
    float *asked = ARENA_ARRAY(context->arena, float, answer->count + 1);
    for (size_t i = 0;
         asked && i < answer->count && x->server->events && !signals_empty(events_signals(x->server->events)); i++) {
        struct suggestion one = answer->suggestions[i];
        float mine = asked_for(events_signals(x->server->events), context, &one);
        size_t at = i;
        while (at > 0 && asked[at - 1] < mine) {
            asked[at] = asked[at - 1];
            answer->suggestions[at] = answer->suggestions[at - 1];
            at--;
        }
        asked[at] = mine;
        answer->suggestions[at] = one;
    }
    answer->count = answer->count < limit ? answer->count : limit;
}
