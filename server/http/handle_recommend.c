#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "server/events/events.h"
#include "server/events/shoppers.h"
#include "server/http/answer.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/query/filter.h"

/*
 * Products that belong to a product, in the shape of Algolia's Recommend API:
 *
 *   POST /1/indexes/{all}/recommendations, where {all} is a star,
 * {"requests":[{"indexName","model","objectID","threshold":0..100, "maxRecommendations":1..30,"queryParameters":{..}}]}
 * -> {"results":[{"hits":[{..,"_score":87.5}],"nbHits",..}]}
 *
 * model is "related-products" (viewed by the same shoppers) or "bought-together". queryParameters are a search's; its
 * filters decide what may be recommended. _score is relative to the first one's, which is 100. Where nobody viewed
 * anything with a product yet, what is of its category is related to it, in the order of such pages, with a _score of
 * 0.
 */

#define REQUESTS_MAX        50
#define RECOMMENDATIONS_MAX 30

struct wanted {
    struct str index;
    struct str object_id;
    enum related_kind kind;
    int64_t threshold;
    int64_t most;
    struct json params; /* an object */
};

static enum handled wrong(struct exchange *x, uint32_t number, const char *what)
{
    return exchange_error(x, 400, "requests[%u]: %s", number, what);
}

/* False after an error answer. */
static bool read_wanted(struct exchange *x, const struct json *json, uint32_t number, struct wanted *out)
{
    struct str model = STR("related-products");
    const struct json *params = json_get(json, "queryParameters");
    *out = (struct wanted){.most = RECOMMENDATIONS_MAX, .params = {.type = JSON_OBJECT}};
    (void)json_string(json_get(json, "model"), &model);
    (void)json_i64(json_get(json, "threshold"), &out->threshold);
    if (json_i64(json_get(json, "maxRecommendations"), &out->most) && out->most == 0) {
        out->most = RECOMMENDATIONS_MAX;
    }
    out->kind = str_equal(model, STR("bought-together")) ? RELATED_BOUGHT : RELATED_VIEWED;
    if (!json_string(json_get(json, "indexName"), &out->index)) {
        wrong(x, number, "'indexName' is missing");
    } else if (out->kind == RELATED_VIEWED && !str_equal(model, STR("related-products"))) {
        wrong(x, number, "'model': must be \"related-products\" or \"bought-together\"");
    } else if (!json_string(json_get(json, "objectID"), &out->object_id) || out->object_id.size == 0) {
        wrong(x, number, "'objectID' is missing");
    } else if (out->threshold < 0 || out->threshold > 100) {
        wrong(x, number, "'threshold': must be 0 to 100");
    } else if (out->most < 1 || out->most > RECOMMENDATIONS_MAX) {
        wrong(x, number, "'maxRecommendations': must be 1 to 30");
    } else if (params && params->type != JSON_OBJECT) {
        wrong(x, number, "'queryParameters': must be an object");
    } else {
        out->params = params ? *params : out->params;
        return true;
    }
    return false;
}

/* What the request's own filters say, and being one of the related. */
static const struct filter *among(const struct filter *own, const struct boost *related, size_t count,
                                  struct arena *arena)
{
    struct filter *all = ARENA_ARRAY(arena, struct filter, count + 3);
    struct filter *both = ARENA_ARRAY(arena, struct filter, 2);
    if (!all || !both) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct filter){.kind = FILTER_FACET, .attribute = STR("objectID"), .value = related[i].object_id};
    }
    both[0] = (struct filter){.kind = FILTER_OR, .children = all, .child_count = count};
    if (own) {
        both[1] = *own;
    }
    all[count] = (struct filter){.kind = FILTER_AND, .children = both, .child_count = own ? 2 : 1};
    return &all[count];
}

/* The deepest category of a product, as a filter: empty when it has none, or its index has no categories as a facet. */
static struct filter category_of(const struct snapshot *s, struct str object_id, struct arena *arena)
{
    const struct dictionary *d = s->dictionary;
    struct str role = s->settings->role_attribute[ROLE_CATEGORY];
    attr_id attr = role.size ? dictionary_attr_find(d, role) : ATTR_NONE;
    struct filter out = {.kind = FILTER_FACET};
    uint32_t segment, count, level = 0, deepest = 0;
    doc_id doc;
    facet_code one;
    if (attr == ATTR_NONE || attr >= s->attr_count || !snapshot_find(s, object_id, &segment, &doc) ||
        shard_check_attribute(s->segments[segment].shard, attr, NULL) != STATUS_OK) {
        return out;
    }
    bool levels = dictionary_attr(d, attr)->hierarchical;
    const struct facet_column *column = shard_facet_column(s->segments[segment].shard, attr);
    const facet_code *codes = column ? facet_codes(column, doc, &one, &count) : NULL;
    for (uint32_t i = 0; codes && i < count; i++) {
        level = levels ? dictionary_value_level(d, attr, codes[i]) : 0;
        if (out.value.size == 0 || level > deepest) {
            out.value = dictionary_value(d, attr, codes[i]);
            deepest = level;
        }
    }
    out.attribute = levels ? arena_printf(arena, STR_FMT ".lvl%u", STR_ARG(role), deepest) : role;
    return out;
}

/* What the request's own filters say, of the product's category, and not the product. NULL: there is none, or no
 * memory. */
static const struct filter *like_it(const struct filter *own, const struct snapshot *snapshot, struct str object_id,
                                    struct arena *arena)
{
    struct filter category = category_of(snapshot, object_id, arena);
    struct filter self = {.kind = FILTER_FACET, .attribute = STR("objectID"), .value = object_id};
    if (category.value.size == 0 || category.attribute.size == 0) {
        return NULL;
    }
    const struct filter *it = filter_new(&self, arena);
    struct filter without = {.kind = FILTER_NOT, .children = it, .child_count = 1};
    const struct filter *others = it ? filter_new(&without, arena) : NULL;
    const struct filter *same = filter_new(&category, arena);
    return others && same ? filter_both(own, filter_both(same, others, arena), arena) : NULL;
}

static double score_of(struct str id, const struct boost *related, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(related[i].object_id, id)) {
            return 100 * (double)related[i].value / (double)related[0].value;
        }
    }
    return 0;
}

/* The hits by score, those above the threshold, with their scores in their objects. False when memory runs out. */
static bool rank(const struct snapshot *snapshot, const struct wanted *w, const struct boost *related, size_t count,
                 struct search_result *result)
{
    struct hit *hits = (struct hit *)result->hits;
    size_t kept = 0;
    for (size_t i = 0; i < result->hit_count; i++) {
        struct hit hit = hits[i];
        struct str id = shard_object_id(snapshot->segments[hit.segment].shard, hit.doc);
        hit.score = score_of(id, related, count);
        size_t at = kept;
        if (hit.score < (double)w->threshold) {
            continue;
        }
        while (at > 0 && hits[at - 1].score < hit.score) {
            hits[at] = hits[at - 1];
            at--;
        }
        hits[at] = hit;
        kept++;
    }
    result->hit_count = kept < (size_t)w->most ? kept : (size_t)w->most;
    result->total = result->hit_count;
    return true;
}

static bool add_scores(struct search_result *result, struct arena *arena)
{
    struct hit *hits = (struct hit *)result->hits;
    for (size_t i = 0; i < result->hit_count; i++) {
        struct json score = json_of_double((double)(int64_t)(hits[i].score * 100 + .5) / 100, arena);
        if (!json_object_set(&hits[i].object, STR("_score"), score, arena)) {
            return false;
        }
    }
    return true;
}

/* False after an error answer. */
static bool recommend(struct exchange *x, uint32_t number, const struct wanted *w, struct buf *out)
{
    struct boost related[RELATED_PRODUCTS];
    struct search_request request;
    struct search_result result = {0};
    struct error err = {0};
    const struct snapshot *snapshot = handlers_snapshot(x, w->index);
    if (!snapshot) {
        return false;
    }
    struct search_context context = {handlers_searcher(x->server), snapshot, &x->arena};
    enum status status = search_request_parse(&request, &w->params, snapshot->settings, &x->arena, &err);
    struct related_query query = {w->kind, snapshot->index_name, w->object_id};
    size_t count = 0;
    if (x->server->events) {
        count = shoppers_related(events_shoppers(x->server->events), &query, &x->arena, related);
    }
    request.index = w->index;
    request.page = 0;
    request.offset = -1;
    request.hits_per_page = RELATED_PRODUCTS;
    const struct filter *like = count == 0 && w->kind == RELATED_VIEWED && w->threshold == 0 && status == STATUS_OK
                                    ? like_it(request.filter, snapshot, w->object_id, &x->arena)
                                    : NULL;
    if (status == STATUS_OK && (count > 0 || like)) {
        request.filter = like ? like : among(request.filter, related, count, &x->arena);
        status = request.filter ? search_run(&context, &request, 1, &result, &err) : STATUS_LIMIT;
    }
    if (status == STATUS_OK && rank(snapshot, w, related, count, &result) && add_scores(&result, &x->arena)) {
        struct answer a = {.searcher = context.searcher,
                           .snapshot = snapshot,
                           .request = &request,
                           .result = &result,
                           .params = &w->params,
                           .arena = &x->arena};
        status = answer_result(&a, out);
    }
    if (status != STATUS_OK) {
        exchange_error(x, exchange_status_of(status), "requests[%u]: %s", number,
                       err.message[0] ? err.message : "the answer needs more memory than it may use");
    }
    return status == STATUS_OK;
}

static enum handled take(struct exchange *x)
{
    struct json body;
    struct buf answer;
    bool fine = true;
    if (!exchange_json(x, &body)) {
        return HANDLED;
    }
    const struct json *requests = json_get(&body, "requests");
    if (!requests || requests->type != JSON_ARRAY || requests->count > REQUESTS_MAX) {
        return exchange_error(x, 400, "'requests' must be an array of at most %d requests", REQUESTS_MAX);
    }
    buf_init(&answer, 0);
    buf_literal(&answer, "{\"results\":[");
    for (uint32_t i = 0; i < requests->count && fine; i++) {
        struct wanted wanted;
        buf_append(&answer, ",", i > 0);
        fine = read_wanted(x, &requests->items[i], i, &wanted) && recommend(x, i, &wanted, &answer);
    }
    buf_literal(&answer, "]}");
    if (fine) {
        buf_append_str(exchange_begin(x, 200, CONTENT_JSON), buf_str(&answer));
    }
    buf_release(&answer);
    return HANDLED;
}

const struct route recommend_routes[] = {
    {HTTP_POST, "/1/indexes/*/recommendations", SCOPE_SEARCH, 0, 1 << 20, take, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
