#include "indexer/base/clock.h"
#include "server/query/crew.h"
#include "server/query/explain.h"
#include "server/query/profile.h"
#include "server/query/searcher.h"

static enum status full(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}

/* --- requests that share their text --- */
static bool same_list(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (!str_equal(a[i], b[i]))
            return false;
    }
    return true;
}

static bool same_text(const struct search_request *a, const struct search_request *b)
{
    return str_equal(a->query, b->query) && a->prefix_last == b->prefix_last && a->strict == b->strict &&
           a->any_word == b->any_word && a->typo_tolerance == b->typo_tolerance && a->min_hits == b->min_hits &&
           a->store_count == b->store_count && a->price_list == b->price_list &&
           (a->store_count == 0 || memcmp(a->stores, b->stores, a->store_count * sizeof(*a->stores)) == 0) &&
           a->boosts == b->boosts &&
           same_list(a->optional_words, a->optional_count, b->optional_words, b->optional_count) &&
           same_list(a->restrict_fields, a->restrict_count, b->restrict_fields, b->restrict_count);
}

/* --- results --- */
static enum status add_words(const struct evaluation *e, struct search_result *out)
{
    const struct query *q = e->query;
    struct str *dropped = ARENA_ARRAY(e->arena, struct str, q->slot_count + 1);
    struct str *corrected = ARENA_ARRAY(e->arena, struct str, 2 * q->slot_count + 1);

    if (!dropped || !corrected)
        return STATUS_LIMIT;
    if (q->wordless)
        dropped[out->dropped_count++] = q->text;
    out->required = q->any_word && q->live_slots ? 1 : q->required_count ? q->required_count + 1 - e->steps : 0;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        const struct slot *s = &q->slots[i];
        if (s->dropped)
            dropped[out->dropped_count++] = s->typed;
        if (s->alternative_count && s->alternatives[0].kind == ALTERNATIVE_TYPO) {
            corrected[2 * out->corrected_count] = s->typed;
            corrected[2 * out->corrected_count + 1] = s->alternatives[0].terms[0]->text;
            out->corrected_count++;
        }
    }
    out->dropped = dropped;
    out->corrected = corrected;
    return STATUS_OK;
}

/* A hit whose object can't be read is left out, and the answer says that it is partial. */
static enum status add_hits(struct evaluation *e, struct evaluation_request *r, struct search_result *out,
                            struct error *err)
{
    const struct search_request *request = r->request;
    size_t first = (size_t)(request->offset >= 0 ? request->offset : request->page * request->hits_per_page);
    struct hit *hits;
    struct hit_reader *reader = &e->readers[r - e->requests];
    enum status status = STATUS_OK;

    if (!r->page.sorted)
        topk_sort(&r->top);
    if (r->top.count <= first)
        return STATUS_OK;
    hits = ARENA_ARRAY(e->arena, struct hit, r->top.count - first);
    if (!hits)
        return full(err);
    reader->view = &e->view;
    for (size_t i = first; i < r->top.count && !reader->id_only; i++)
        shard_object_prefetch(e->snapshot->segments[r->top.heap[i]->segment].shard, r->top.heap[i]->doc);
    for (size_t i = first; i < r->top.count && status == STATUS_OK; i++) {
        const struct candidate *c = r->top.heap[i];
        struct hit *hit = &hits[out->hit_count];
        *hit = (struct hit){.segment = c->segment, .doc = c->doc, .score = c->score, .step = c->step};
        status = hit_object(reader, &e->overlays[c->segment], c, &hit->object, err);
        if (status == STATUS_FORMAT || status == STATUS_IO) {
            out->partial = true;
            status = STATUS_OK;
            continue;
        }
        if (status == STATUS_OK && request->want_ranking_info)
            status = explain_hit(e, r, c, &hit->ranking_info, err);
        out->hit_count += status == STATUS_OK;
    }
    out->hits = hits;
    hit_reader_release(reader);
    return status;
}

static void add_pages(const struct settings *settings, const struct search_request *r, struct search_result *out)
{
    int64_t reachable = settings->pagination_limited_to;

    if (out->total < (uint64_t)reachable)
        reachable = (int64_t)out->total;
    out->page = r->page;
    out->hits_per_page = r->hits_per_page;
    out->page_count = r->hits_per_page > 0 ? (reachable + r->hits_per_page - 1) / r->hits_per_page : 0;
}

static enum status add_facets(struct evaluation *e, struct evaluation_request *r, struct search_result *out)
{
    struct facet_result *facets = NULL;
    bool counted = r->facets.counters != NULL;

    if (r->page.counted) {
        out->facets = r->page.kept.facets;
        out->facet_count = r->page.kept.facet_count;
        return STATUS_OK;
    }
    if (counted && !facet_results(&r->facets, r->request, e->arena, &facets, &out->facet_count))
        return STATUS_LIMIT;
    out->facets = facets;
    return STATUS_OK;
}

static enum status result_of(struct evaluation *e, struct evaluation_request *r, struct search_result *out,
                             struct error *err)
{
    enum status status;

    *out = (struct search_result){.total = r->total,
                                  .total_is_least = r->skipped,
                                  .seq = e->snapshot->seq,
                                  .steps = e->steps,
                                  .partial = e->partial,
                                  .query = e->query};
    add_pages(e->snapshot->settings, r->request, out);
    status = add_hits(e, r, out, err);
    if (status != STATUS_OK)
        return status;
    if (add_facets(e, r, out) != STATUS_OK || add_words(e, out) != STATUS_OK || e->arena->failed)
        return full(err);
    if (r->page.counts && !r->page.counted && !e->partial && !r->skipped)
        pages_keep_counts(e->pages, &r->page.counts_key, out);
    return STATUS_OK;
}

/* --- running --- */
static enum status run_group(const struct search_context *c, struct evaluation_request *requests, size_t count,
                             struct search_result **results, struct error *err)
{
    struct searcher *s = c->searcher;
    struct evaluation e = {
        .snapshot = c->snapshot, .arena = c->arena, .scratch = &s->scratch, .requests = requests, .count = count};
    uint64_t start = clock_monotonic_ns(), built, evaluated;
    const struct query *query;
    enum status status = searcher_fields(c->snapshot, requests[0].request, &e.match.fields, err);

    if (status == STATUS_OK)
        status = searcher_query(c, requests[0].request, &query, err);
    if (status != STATUS_OK)
        return status;
    e.query = query;
    built = clock_monotonic_ns();
    status = searcher_evaluate(s, &e, err);
    evaluated = clock_monotonic_ns();
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct profile_times times = {built - start, evaluated - built, 0};
        uint64_t from = clock_monotonic_ns();
        status = result_of(&e, &requests[i], results[i], err);
        times.results_ns = clock_monotonic_ns() - from;
        if (status == STATUS_OK && requests[i].request->profile)
            results[i]->profile = profile_of(&e, &requests[i], &times, c->arena);
        if (status == STATUS_OK)
            results[i]->elapsed_ns = clock_monotonic_ns() - start;
    }
    return status;
}

static enum status run_all(const struct search_context *c, const struct search_request *requests, size_t count,
                           struct search_result *results, struct error *err)
{
    struct arena *arena = c->arena;
    struct evaluation_request *group = ARENA_ARRAY(arena, struct evaluation_request, count + 1);
    struct search_result **places = ARENA_ARRAY(arena, struct search_result *, count + 1);
    bool *done = ARENA_ARRAY(arena, bool, count + 1);

    if (!group || !places || !done)
        return full(err);
    pages_begin(c->searcher->pages);
    for (size_t i = 0; i < count; i++) {
        size_t n = 0;
        enum status status;
        if (done[i])
            continue;
        for (size_t k = i; k < count; k++) {
            if (done[k] || !same_text(&requests[i], &requests[k]))
                continue;
            done[k] = true;
            group[n] = (struct evaluation_request){.request = &requests[k]};
            places[n++] = &results[k];
        }
        arena_reset(&c->searcher->scratch);
        status = run_group(c, group, n, places, err);
        searcher_tell(c->searcher);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status search_run(const struct search_context *c, const struct search_request *requests, size_t count,
                       struct search_result *results, struct error *err)
{
    enum status status;

    crew_enter(c->searcher->crew);
    status = run_all(c, requests, count, results, err);
    crew_leave(c->searcher->crew);
    return status;
}

/* What starting a search, reading a posting, taking a match, and a filter's condition on a window cost, roughly. */
#define COST_START_NS     20000
#define COST_POSTING_NS   3
#define COST_MATCH_NS     12
#define COST_CONDITION_NS 500

static uint64_t conditions(const struct filter *f)
{
    uint64_t n = 1;

    for (size_t i = 0; f && i < f->child_count; i++)
        n += conditions(&f->children[i]);
    return f ? n : 0;
}

static uint64_t filter_cost(const struct snapshot *snapshot, const struct filter *f, uint64_t candidates)
{
    uint64_t windows = snapshot->doc_count / WINDOW_DOCS + 1;

    return conditions(f) * COST_CONDITION_NS * (candidates < windows ? candidates : windows);
}

/* Of a request with this query that runs. */
static uint64_t text_cost(const struct snapshot *snapshot, const struct search_request *r, const struct query *q)
{
    uint64_t postings = 0, least = snapshot->doc_count;

    for (uint32_t k = 0; k < q->slot_count; k++) {
        uint64_t df = 0;
        for (uint32_t a = 0; a < q->slots[k].alternative_count; a++)
            df += q->slots[k].alternatives[a].df;
        postings += df;
        least = !q->slots[k].optional && df < least ? df : least;
    }
    postings = q->any_word || q->match_all ? postings : least * (q->slot_count + 1);
    return COST_START_NS + postings * COST_POSTING_NS +
           least * (COST_MATCH_NS + COST_POSTING_NS * r->facet_count) / (r->filter ? 2 : 1) +
           filter_cost(snapshot, r->filter, least);
}

uint64_t search_cost_ns(const struct search_context *c, struct search_request *request,
                        const struct search_request *earlier)
{
    struct searcher *s = c->searcher;
    struct error err;

    if (earlier && same_text(earlier, request))
        request->built = earlier->built;
    if (!request->built && searcher_query(c, request, &request->built, &err) != STATUS_OK)
        return UINT64_MAX;
    arena_reset(&s->scratch);
    if (searcher_keeps(s, c->snapshot, request, request->built))
        return COST_START_NS;
    return text_cost(c->snapshot, request, request->built);
}

enum status search_keys(const struct search_context *c, const struct search_request *request, struct search_page *page,
                        struct error *err)
{
    struct search_request plain = *request;
    struct evaluation_request r = {.request = &plain, .browse = true, .after = page->after, .top = {.k = page->limit}};
    struct evaluation e = {
        .snapshot = c->snapshot, .arena = c->arena, .scratch = &c->searcher->scratch, .requests = &r, .count = 1};
    const struct query *query;
    enum status status = searcher_fields(c->snapshot, request, &e.match.fields, err);

    plain.facet_count = 0;
    plain.sort_count = 0;
    plain.distinct = false;
    arena_reset(&c->searcher->scratch);
    if (status == STATUS_OK)
        status = searcher_query(c, request, &query, err);
    if (status != STATUS_OK)
        return status;
    e.query = query;
    status = searcher_evaluate(c->searcher, &e, err);
    if (status != STATUS_OK)
        return status;
    topk_sort(&r.top);
    page->keys = ARENA_ARRAY(c->arena, struct str, r.top.count + 1);
    if (!page->keys)
        return full(err);
    page->count = r.top.count;
    for (size_t i = 0; i < r.top.count; i++) {
        const struct candidate *hit = r.top.heap[i];
        page->keys[i] = arena_copy(c->arena, shard_object_id(c->snapshot->segments[hit->segment].shard, hit->doc));
    }
    return c->arena->failed ? full(err) : STATUS_OK;
}
