#include "server/query/evaluate.h"

static enum status full(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}

static bool add_key(struct evaluation *e, struct topk *t, const struct sort_key *key)
{
    struct topk_key *out = &t->keys[t->key_count];
    attr_id attr = dictionary_attr_find(e->snapshot->dictionary, key->attribute);

    if (t->key_count == TOPK_KEYS)
        return true;
    *out = (struct topk_key){.attr = attr, .descending = key->descending, .source = UINT32_MAX};
    t->key_count++;
    if (attr == ATTR_NONE || attr >= e->snapshot->attr_count) {
        out->attr = ATTR_NONE;
        return true;
    }
    out->stock = dictionary_attr(e->snapshot->dictionary, attr)->stock;
    out->source = out->stock ? UINT32_MAX : window_source(&e->window, attr);
    return out->stock || out->source != UINT32_MAX;
}

/* At most half of the keys are the request's. */
static bool add_keys(struct evaluation *e, struct evaluation_request *r)
{
    const struct settings *s = e->snapshot->settings;

    for (size_t i = 0; i < r->request->sort_count && i < SEARCH_SORT_KEYS; i++) {
        if (!add_key(e, &r->top, &r->request->sort[i]))
            return false;
    }
    r->top.sort_count = r->top.key_count;
    for (size_t i = 0; i < s->custom_ranking_count && i < SCORE_KEYS; i++) {
        if (!add_key(e, &r->top, &s->custom_ranking[i]))
            return false;
    }
    return true;
}

static size_t hits_wanted(const struct search_request *r, const struct settings *s)
{
    int64_t first = r->offset >= 0 ? r->offset : r->page * r->hits_per_page;
    int64_t count = r->offset >= 0 ? (r->length >= 0 ? r->length : r->hits_per_page) : r->hits_per_page;
    int64_t limit = s->pagination_limited_to;

    if (count <= 0 || first >= limit)
        return 0;
    return (size_t)(first + count < limit ? first + count : limit);
}

/* *most: the largest number of attributes that a hit's object is overlaid with. */
static bool make_overlays(struct evaluation *e, uint32_t *most)
{
    struct hit_readers readers;
    bool ids = true;

    *most = 0;
    e->overlays = ARENA_ARRAY(e->scratch, struct hit_overlay, e->snapshot->segment_count + 1);
    e->readers = ARENA_ARRAY(e->scratch, struct hit_reader, e->count + 1);
    if (!e->overlays || !e->readers)
        return false;
    for (size_t i = 0; i < e->count; i++) {
        if (!hit_reader_init(&e->readers[i], e->snapshot, e->requests[i].request, e->arena))
            return false;
        e->readers[i].id_only |= e->requests[i].browse;
        ids &= e->readers[i].id_only;
    }
    readers = (struct hit_readers){e->readers, e->count};
    for (uint32_t i = 0; i < e->snapshot->segment_count && !ids; i++) {
        if (!hit_overlay_init(&e->overlays[i], e->snapshot->segments[i].shard, &e->window, &readers))
            return false;
        *most = e->overlays[i].shown > *most ? e->overlays[i].shown : *most;
    }
    return true;
}

static enum status request_init(struct evaluation *e, struct evaluation_request *r, uint32_t cells, struct error *err)
{
    enum status status = filter_compile(&r->filter, r->request->filter, &e->window, e->scratch, err);
    size_t k = r->browse ? r->top.k : hits_wanted(r->request, e->snapshot->settings);

    if (status != STATUS_OK)
        return status;
    r->top.ids_only = r->browse;
    r->top.bury = r->request->bury_out_of_stock && e->snapshot->has_stock && !r->browse;
    r->products = r->request->distinct && !r->browse;
    r->pending = ARENA_NEW(e->scratch, struct candidate);
    r->top.k = k;
    if (!r->pending || !add_keys(e, r) || !evaluation_plan_page(e, r) ||
        !topk_init(&r->top, e->snapshot, r->top.k, cells, e->scratch))
        return full(err);
    r->pending->cells = ARENA_ARRAY(e->scratch, int64_t, cells + 1);
    return r->pending->cells ? STATUS_OK : full(err);
}

enum status evaluation_init(struct evaluation *e, const struct scorer *scorer, struct error *err)
{
    enum status status = STATUS_OK;
    uint32_t cells;

    window_init(&e->window, e->snapshot, e->scratch);
    if (!store_view_init(&e->view, e->snapshot, e->requests[0].request, e->scratch))
        return full(err);
    e->window.view = &e->view;
    e->step_masks = arena_alloc(e->scratch, (QUERY_SLOTS + 1) * sizeof(struct mask));
    e->matches = arena_alloc(e->scratch, e->count * sizeof(struct mask));
    e->wanted = arena_alloc(e->scratch, e->count * sizeof(struct mask));
    e->offsets = arena_alloc(e->scratch, WINDOW_DOCS * sizeof(*e->offsets));
    e->docs = arena_alloc(e->scratch, WINDOW_DOCS * sizeof(*e->docs));
    if (!make_overlays(e, &cells) || !prior_init(&e->prior, &e->window) || e->scratch->failed)
        return full(err);
    for (size_t i = 0; status == STATUS_OK && i < e->count; i++)
        status = request_init(e, &e->requests[i], cells, err);
    if (status != STATUS_OK)
        return status;
    e->match.memory = e->memory;
    if (!boosting_init(&e->boosting, e->count ? e->requests[0].request->boosts : NULL, e->scratch))
        return full(err);
    if (!match_init(&e->match, e->query, scorer, &e->window) ||
        !prune_init(&e->prune, &e->match, &e->prior, e->lengths))
        return full(err);
    return STATUS_OK;
}
