#include "server/query/experiment.h"

#include "indexer/base/limits.h"
#include "server/query/interleave.h"

static enum status full(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}

static size_t first_of(const struct search_request *r)
{
    return (size_t)(r->offset >= 0 ? r->offset : r->page * r->hits_per_page);
}

static size_t count_of(const struct search_request *r)
{
    return (size_t)(r->offset >= 0 && r->length >= 0 ? r->length : r->hits_per_page);
}

bool experiment_takes(const struct snapshot *snapshot, const struct experiment_search *s)
{
    const struct experiment_setting *x = &snapshot->settings->experiment;
    const struct search_request *r = s->request;

    if (!snapshot->other || r->sort_count > 0 || count_of(r) == 0 || str_trim(r->query).size == 0 ||
        first_of(r) + count_of(r) > (size_t)snapshot->settings->pagination_limited_to)
        return false;
    return interleave_share(x->name, (uint64_t)x->seed, s->token, r->query) < x->share;
}

struct search_request experiment_wide(const struct search_request *request)
{
    struct search_request wide = *request;

    wide.offset = 0;
    wide.length = (int64_t)(first_of(request) + count_of(request));
    return wide;
}

/* B's search: the same parameters under those that are tried, and nothing but hits. */
static enum status ask_other(const struct search_context *c, const struct experiment_search *s,
                             struct search_result *out, struct error *err)
{
    const struct snapshot *other = c->snapshot->other;
    const struct json *tried = &c->snapshot->settings->experiment.parameters;
    struct search_context context = {c->searcher, other, c->arena};
    struct search_request request, wide;
    struct json params = json_clone(s->params, c->arena);
    enum status status;

    for (uint32_t i = 0; i < tried->count; i++) {
        if (!json_object_set(&params, tried->members[i].name, tried->members[i].value, c->arena))
            return full(err);
    }
    status = search_request_parse(&request, &params, other->settings, c->arena, err);
    if (status != STATUS_OK) {
        error_prefix(err, "the experiment's ranking");
        return status;
    }
    request.index = s->request->index;
    request.offset = s->request->offset;
    request.length = s->request->length;
    request.page = s->request->page;
    request.hits_per_page = s->request->hits_per_page;
    request.distinct = s->request->distinct;
    request.boosts = request.behaviour ? s->boosts : NULL;
    request.facet_count = 0;
    request.exact_total = false;
    request.profile = false;
    wide = experiment_wide(&request);
    return search_run(&context, &wide, 1, out, err);
}

/* What may be in a list only once: an object, or a product when products are shown. */
static uint64_t *keys_of(const struct search_context *c, const struct search_result *r, bool products)
{
    uint64_t *keys = ARENA_ARRAY(c->arena, uint64_t, r->hit_count + 1);

    for (size_t i = 0; keys && i < r->hit_count; i++) {
        const struct hit *hit = &r->hits[i];
        const uint32_t *groups = products ? shard_groups(c->snapshot->segments[hit->segment].shard) : NULL;
        keys[i] = (uint64_t)hit->segment << 32 | (groups ? groups[hit->doc] : hit->doc);
    }
    return keys;
}

enum status experiment_draft(const struct search_context *c, const struct experiment_search *s,
                             struct search_result *result, struct error *err)
{
    const struct experiment_setting *x = &c->snapshot->settings->experiment;
    const struct search_request *r = s->request;
    size_t first = first_of(r), limit = first + count_of(r);
    struct search_result other = {0};
    enum status status = ask_other(c, s, &other, err);

    if (status != STATUS_OK)
        return status;
    struct interleave_pick *picks = ARENA_ARRAY(c->arena, struct interleave_pick, limit + 1);
    struct hit *hits = ARENA_ARRAY(c->arena, struct hit, limit + 1);
    struct interleave_ranking a = {keys_of(c, result, r->distinct), result->hit_count};
    struct interleave_ranking b = {keys_of(c, &other, r->distinct), other.hit_count};
    if (!picks || !hits || !a.keys || !b.keys)
        return full(err);
    uint64_t seed = interleave_seed(x->name, (uint64_t)x->seed, s->token, r->query);
    size_t count = interleave_draft(&a, &b, seed, picks, limit);
    for (size_t i = first; i < count; i++) {
        hits[i - first] = (picks[i].side ? other.hits : result->hits)[picks[i].place];
        hits[i - first].team = picks[i].team;
    }
    result->hits = hits;
    result->hit_count = count > first ? count - first : 0;
    result->total = result->total < count ? count : result->total; /* some are B's alone */
    if (r->hits_per_page > 0 && result->page_count < ((int64_t)count + r->hits_per_page - 1) / r->hits_per_page)
        result->page_count = ((int64_t)count + r->hits_per_page - 1) / r->hits_per_page;
    result->partial |= other.partial;
    result->elapsed_ns += other.elapsed_ns;
    result->experiment = x->name;
    return STATUS_OK;
}
