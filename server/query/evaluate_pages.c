/*
 * Pages that are kept (pages.h): their keys, what an evaluation can leave out for them, and keeping them.
 */
#include <stdlib.h>

#include "indexer/base/buf.h"
#include "server/query/evaluate.h"

#define LETTERS_BYTES 8 /* a text so short is the beginning of what somebody types */

/* --- keys --- */
static void put_double(struct buf *key, double value)
{
    buf_append(key, &value, sizeof(value));
}

static void put_list(struct buf *key, const struct str *items, size_t count)
{
    buf_put_u64(key, count);
    for (size_t i = 0; i < count; i++)
        buf_put_text(key, items[i]);
}

/* Settings are told apart by their analyzer, which each has of its own in a server. */
static void put_index(struct evaluation *e, const struct evaluation_request *r, uint8_t what)
{
    struct buf *key = e->page_key;

    buf_clear(key);
    buf_put_u8(key, what);
    buf_put_u64(key, e->snapshot->index_uid);
    buf_put_u64(key, e->snapshot->generation);
    buf_put_u32(key, e->snapshot->attr_count);
    buf_put_u64(key, analyzer_id(e->snapshot->analyzer));
    buf_put_u64(key, (uintptr_t)e->snapshot->settings);
    buf_put_u64(key, (uintptr_t)e->snapshot->synonyms);
    buf_put_u8(key, r->products);
    buf_put_u32(key, r->page.scope.attr);
    buf_put_u32(key, r->page.scope.code);
}

static void put_query(struct evaluation *e, const struct search_request *request)
{
    struct buf *key = e->page_key;

    buf_put_text(key, request->query);
    buf_put_u8(key, request->prefix_last);
    buf_put_u8(key, request->strict);
    buf_put_u8(key, request->any_word);
    buf_put_u8(key, request->typo_tolerance);
    put_list(key, request->optional_words, request->optional_count);
    buf_put_u64(key, e->match.fields);
}

/* Whose stock and prices are seen. */
static void put_view(struct evaluation *e)
{
    struct buf *key = e->page_key;

    buf_put_u8(key, e->view.by_store);
    buf_put_u32(key, e->view.store_count);
    for (uint32_t i = 0; i < e->view.store_count; i++)
        buf_put_u32(key, e->view.stores[i]);
    buf_put_u32(key, e->view.list);
}

static void put_segments(struct evaluation *e, const struct search_request *request)
{
    const struct snapshot *s = e->snapshot;

    for (uint32_t i = 0; i < s->segment_count; i++) {
        buf_put_u64(e->page_key, shard_serial(s->segments[i].shard));
        buf_put_u64(e->page_key, segment_tombstones_id(&s->segments[i]));
        buf_put_u64(e->page_key, facet_epoch(s, request, i));
        buf_put_u64(e->page_key, store_view_epoch(&e->view, s->segments[i].shard));
        buf_put_u8(e->page_key, shard_damaged(s->segments[i].shard));
    }
}

static struct hash128 counts_key(struct evaluation *e, const struct evaluation_request *r)
{
    const struct search_request *request = r->request;
    struct buf *key = e->page_key;

    put_index(e, r, 'c');
    buf_put_u64(key, (uint64_t)request->max_values_per_facet);
    buf_put_u8(key, request->sort_facets_by_alpha);
    buf_put_u8(key, e->snapshot->has_stock);
    put_list(key, request->facets, request->facet_count);
    if (!e->query->match_all)
        put_query(e, request);
    put_view(e);
    put_segments(e, request);
    return hash128(key->data, key->size);
}

static struct hash128 tops_key(struct evaluation *e, const struct evaluation_request *r)
{
    struct buf *key = e->page_key;

    put_index(e, r, 't');
    put_view(e);
    buf_put_u32(key, r->top.sort_count);
    for (uint32_t i = 0; i < r->top.key_count; i++) {
        buf_put_u32(key, r->top.keys[i].attr);
        buf_put_u8(key, r->top.keys[i].descending);
    }
    put_double(key, e->prior.weight);
    for (uint32_t i = 0; i < e->prior.key_count; i++) {
        const struct prior_key *k = &e->prior.keys[i];
        buf_put_u32(key, k->attr);
        buf_put_u8(key, (uint8_t)(k->descending | k->stock << 1));
        put_double(key, k->low);
        put_double(key, k->scale);
        put_double(key, k->weight);
    }
    return hash128(key->data, key->size);
}

/* How often the numbers that the order reads were changed in a segment. */
static uint64_t order_epoch(const struct evaluation *e, const struct evaluation_request *r, uint32_t segment)
{
    const struct shard *shard = e->snapshot->segments[segment].shard;
    uint64_t epoch = shard_stock_epoch(shard);
    bool stock = false;

    for (uint32_t i = 0; i < r->top.key_count; i++)
        stock |= r->top.keys[i].stock;
    for (uint32_t i = 0; i < e->prior.key_count; i++)
        stock |= e->prior.keys[i].stock;
    epoch = (stock ? epoch : 0) + store_view_epoch(&e->view, shard);
    /* customRanking's attributes are the order's last keys and the prior's, too. */
    for (uint32_t i = 0; i < r->top.key_count; i++) {
        attr_id attr = r->top.keys[i].attr;
        if (attr != ATTR_NONE)
            epoch += number_epoch(shard_number_column(shard, attr)) +
                     dimension_epoch(dimensions_find(shard_dimensions(shard), attr));
    }
    return epoch;
}

/* --- before the pass --- */
static bool begins_word(const struct evaluation *e, const struct evaluation_request *r)
{
    return e->query->slot_count == 1 && !r->filter && r->request->query.size <= LETTERS_BYTES;
}

/* Cells of stores and lists, which tallies know nothing of. */
static bool reads_cells(const struct evaluation *e, const struct evaluation_request *r)
{
    if (r->request->store_count || r->request->price_list)
        return true;
    for (uint32_t i = 0; i < r->top.key_count; i++) {
        if (store_view_shows(&e->view, e->snapshot, r->top.keys[i].attr))
            return true;
    }
    return false;
}

bool evaluation_plan_page(struct evaluation *e, struct evaluation_request *r)
{
    struct page_plan *p = &r->page;
    const struct page_counts *known;

    *p = (struct page_plan){.k = r->top.k};
    if (r->browse || r->request->bury_out_of_stock || !filter_scope(r->filter, &p->scope))
        return true;
    p->scoped = e->query->match_all && !reads_cells(e, r);
    if (!e->pages || e->snapshot->damaged_count || (!e->query->match_all && !begins_word(e, r)))
        return true;
    p->counts = true;
    p->counts_key = counts_key(e, r);
    known = pages_counts(e->pages, &p->counts_key);
    p->counted = known != NULL;
    if (known && !page_counts_copy(known, e->arena, &p->kept))
        return false;
    /* What shoppers do may change the order at any moment, and between requests. */
    if (!e->query->match_all || p->k == 0 || p->k > PAGES_TOP || r->request->boosts)
        return true;
    p->tops = true;
    p->tops_key = tops_key(e, r);
    p->known = pages_tops(e->pages, &p->tops_key);
    p->epochs = ARENA_ARRAY(e->scratch, uint64_t, e->snapshot->segment_count + 1);
    for (uint32_t i = 0; p->epochs && i < e->snapshot->segment_count; i++)
        p->epochs[i] = order_epoch(e, r, i);
    r->top.k += PAGES_SPARE;
    return p->epochs != NULL;
}

/* --- the pass --- */
enum page_part evaluation_page_part(struct evaluation *e, struct evaluation_request *r, uint32_t segment, bool counted)
{
    struct page_plan *p = &r->page;
    uint64_t serial = shard_serial(e->snapshot->segments[segment].shard);

    if (!counted)
        return PAGE_SCANNED;
    if (p->k == 0)
        return PAGE_NOTHING;
    for (uint32_t i = 0; p->known && i < p->known->segment_count; i++) {
        const struct page_segment *g = &p->known->segments[i];
        if (g->serial != serial || g->epoch != p->epochs[segment])
            continue;
        p->listed = p->known->docs + g->first;
        p->listed_count = g->end - g->first;
        return p->listed_count ? PAGE_LISTED : PAGE_NOTHING;
    }
    p->looked = true;
    return PAGE_SCANNED;
}

/* --- after the pass --- */
/* Where the bound is now: as a candidate of the snapshot. False when its segment is gone. */
static bool find_bound(const struct evaluation *e, const struct page_tops *t, struct candidate *out)
{
    *out = t->bound;
    for (uint32_t i = 0; i < e->snapshot->segment_count; i++) {
        if (shard_serial(e->snapshot->segments[i].shard) == t->bound_serial) {
            out->segment = i;
            return true;
        }
    }
    return false;
}

/* Whether the hits are the first of all: there are no others, or the last comes before the bound. */
static bool holds(const struct evaluation *e, const struct evaluation_request *r)
{
    const struct page_tops *t = r->page.known;
    struct candidate bound;

    if (!t || t->complete)
        return true;
    return r->top.count >= r->page.k && find_bound(e, t, &bound) &&
           topk_compare(&r->top, r->top.heap[r->page.k - 1], &bound) <= 0;
}

/* A candidate's documents in its segment: a product's are side by side. */
static void range_of(const struct evaluation *e, const struct evaluation_request *r, const struct candidate *c,
                     doc_id *first, doc_id *end)
{
    const struct shard *shard = e->snapshot->segments[c->segment].shard;
    const uint32_t *groups = r->products ? shard_groups(shard) : NULL;
    doc_id count = shard_doc_count(shard);

    *first = c->doc;
    *end = c->doc + 1;
    while (groups && *first > 0 && groups[*first - 1] == groups[c->doc])
        --*first;
    while (groups && *end < count && groups[*end] == groups[c->doc])
        ++*end;
}

static int by_doc(const void *x, const void *y)
{
    const doc_id *a = x, *b = y;

    return (*a > *b) - (*a < *b);
}

static void fill_tops(const struct evaluation *e, const struct evaluation_request *r, size_t count, struct page_tops *t)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->segment_count; i++) {
        struct page_segment *g = &t->segments[i];
        *g = (struct page_segment){shard_serial(e->snapshot->segments[i].shard), r->page.epochs[i], n, n};
        for (size_t k = 0; k < count; k++) {
            doc_id first, end;
            if (r->top.heap[k]->segment != i)
                continue;
            range_of(e, r, r->top.heap[k], &first, &end);
            while (first < end)
                t->docs[n++] = first++;
        }
        g->end = n;
        qsort(t->docs + g->first, g->end - g->first, sizeof(*t->docs), by_doc);
    }
}

/* Of candidates that come behind an earlier bound there may be others. */
static void keep_tops(struct evaluation *e, struct evaluation_request *r)
{
    const struct page_tops *before = r->page.known;
    struct candidate bound = {0};
    bool complete = r->top.count < r->top.k;
    size_t count = r->top.count;
    struct page_tops *t;
    uint32_t docs = 0;

    if (!complete)
        bound = *r->top.heap[count - 1];
    if (before && !before->complete) {
        struct candidate earlier;
        if (!find_bound(e, before, &earlier))
            return;
        while (count > 0 && topk_compare(&r->top, r->top.heap[count - 1], &earlier) > 0)
            count--;
        if (count < r->top.count || complete)
            bound = earlier;
        complete = false;
    }
    for (size_t i = 0; i < count; i++) {
        doc_id first, end;
        range_of(e, r, r->top.heap[i], &first, &end);
        docs += end - first;
    }
    t = page_tops_new(e->pages, e->snapshot->segment_count, docs);
    if (!t)
        return;
    t->complete = complete;
    t->bound = bound;
    t->bound.cells = NULL;
    t->bound_serial = complete ? 0 : shard_serial(e->snapshot->segments[bound.segment].shard);
    fill_tops(e, r, count, t);
    pages_keep_tops(e->pages, &r->page.tops_key, t);
}

bool evaluation_settle_page(struct evaluation *e, struct evaluation_request *r)
{
    struct page_plan *p = &r->page;

    if (p->counted)
        r->total = p->kept.total;
    if (!p->tops)
        return true;
    topk_sort(&r->top);
    p->sorted = true;
    if (!holds(e, r))
        return false;
    if (!e->partial && (!p->known || p->looked))
        keep_tops(e, r);
    r->top.count = r->top.count < p->k ? r->top.count : p->k;
    return true;
}
