#include "server/query/evaluate.h"

#include <math.h>

#include "server/query/candidates.h"

static enum status full(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}

/* --- a segment --- */
static enum status check_keys(struct evaluation *e, const struct topk *t, struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; status == STATUS_OK && i < t->key_count; i++) {
        if (t->keys[i].attr != ATTR_NONE && !t->keys[i].stock)
            status = shard_check_attribute(e->window.shard, t->keys[i].attr, err);
    }
    return status;
}

/* Everything that the pass will read of the segment is checked here; damage leaves the segment out. */
static enum status open_segment(struct evaluation *e, struct error *err)
{
    struct window *w = &e->window;
    const struct hit_overlay *overlay = &e->overlays[w->segment];
    enum status status = shard_damaged(w->shard) ? error_set(err, STATUS_FORMAT, "the segment is damaged")
                                                 : shard_check_groups(w->shard, err);

    if (status == STATUS_OK && e->requests[0].browse)
        status = shard_check_ranks(w->shard, err);
    if (status == STATUS_OK)
        status = match_segment(&e->match, err);
    if (status == STATUS_OK)
        status = store_view_check(w, err);

    if (status == STATUS_OK)
        prune_segment(&e->prune);
    boosting_segment(&e->boosting, w);
    /* Of columns with a cell a document, only the hits' cells are checked, when the hits are read. */
    for (uint32_t i = 0; status == STATUS_OK && i < overlay->count; i++) {
        if (shard_number_column(w->shard, overlay->attrs[i])->kind != NUMBER_COLUMN_DENSE)
            status = shard_check_attribute(w->shard, overlay->attrs[i], err);
    }
    for (size_t i = 0; status == STATUS_OK && i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        if (r->page.part == PAGE_NOTHING)
            continue;
        status = check_keys(e, &r->top, err);
        if (status == STATUS_OK && r->filter)
            status = filter_bind(r->filter, w, e->scratch, err);
        if (status == STATUS_OK && !r->page.counted)
            status = facet_segment(&r->facets, w, r->page.scoped ? &r->page.scope : NULL, err);
        r->segment_total = r->total;
        if (status == STATUS_OK && r->facets.whole_known)
            r->total += r->facets.whole_total;
        r->first_rank = r->browse && r->after.size ? evaluation_rank_after(w->shard, r->after) : 0;
        r->pending_unit = 0;
    }
    return status;
}

/* --- a window --- */
static void count_total(struct evaluation *e, struct evaluation_request *r, struct facet_matches *found)
{
    if (!r->products || !e->window.groups) {
        r->total += found->count;
        return;
    }
    facet_matches_list(found, &e->window);
    for (uint32_t i = 0; i < found->count; i++) {
        uint32_t unit = e->unit_base + e->window.groups[e->docs[i]] + 1;
        r->total += unit != r->total_unit;
        r->total_unit = unit;
    }
}

static bool count_window(struct evaluation *e, struct evaluation_request *r, const struct mask *matches)
{
    struct facet_matches found = {.mask = matches, .offsets = e->offsets, .docs = e->docs};

    if (r->page.counted || r->facets.whole_known)
        return true;
    found.count = mask_count(matches);
    count_total(e, r, &found);
    return r->facets.counter_count == 0 || facet_window(&r->facets, &e->window, &found);
}

/* Whether scores decide who becomes a hit of every request with wanted documents. */
static bool by_score(const struct evaluation *e)
{
    if (e->query->match_all || e->match.fields)
        return false;
    for (size_t i = 0; i < e->count; i++) {
        if (e->wanted[i].active && (e->requests[i].top.sort_count > 0 || e->requests[i].top.ids_only))
            return false;
    }
    return true;
}

/* The least score that all requests with hits still take, or INT64_MIN when one of them has room left. */
static int64_t worst_of_all(const struct evaluation *e)
{
    int64_t worst = INT64_MAX;

    for (size_t i = 0; i < e->count; i++) {
        const struct topk *t = &e->requests[i].top;
        if (!e->wanted[i].active)
            continue;
        if (!topk_full(t) || !evaluation_by_score(e, t))
            return INT64_MIN;
        worst = t->heap[0]->exact ? worst : t->heap[0]->rounded < worst ? t->heap[0]->rounded : worst;
    }
    return worst;
}

static bool take_scored(struct evaluation *e, const struct mask *any, const struct mask *exact)
{
    if (!match_sum(&e->match, any))
        return false;
    match_prefetch(&e->match, any);
    e->scored += mask_count(any);
    for (size_t i = 0; i < e->count; i++) {
        struct mask mine = e->wanted[i];
        mask_and(&mine, any);
        if (mine.active)
            evaluation_take(e, &e->requests[i], &mine, exact, true);
    }
    return true;
}

#define EARLY_MATCHES 1000 /* with fewer there is little to keep out */
#define PRUNE_FROM    16   /* documents; fewer are scored at once */
#define VALUES_FROM   128  /* fewer are summed at once */
#define ROUND_FROM    48   /* of those that are left; fewer are scored at once */
#define ROUND         24

/* Whether documents may be taken in any order: variants of a product must come side by side. */
static bool any_order(const struct evaluation *e)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->requests[i].products && e->window.groups)
            return false;
    }
    return true;
}

/* The limits of the boosted grow, or fall, by what they gain. */
static void total(struct evaluation *e, int64_t worst, struct mask *any)
{
    struct mask boosted = *any;

    if (e->boosting.boosts) {
        mask_and(&boosted, &e->boosting.docs);
        mask_and_not(any, &boosted);
        prune_total(&e->prune, INT64_MIN, &boosted);
        boosting_raise(&e->boosting, &boosted, e->prune.limits);
        prune_narrow(&e->prune, worst, &boosted);
    }
    prune_total(&e->prune, worst, any);
    if (e->boosting.boosts)
        mask_or(any, &boosted);
}

/* Leaves those that can still get in, and the spelled ones. */
static void narrow(struct evaluation *e, bool first, struct mask *any, const struct mask *exact)
{
    struct mask spelled = *any;

    mask_and(&spelled, exact);
    if (first)
        total(e, worst_of_all(e), any);
    else
        prune_narrow(&e->prune, worst_of_all(e), any);
    mask_or(any, &spelled);
}

static uint32_t first_round(const struct evaluation *e)
{
    uint32_t round = ROUND;

    for (size_t i = 0; i < e->count; i++)
        round = e->requests[i].top.k > round ? (uint32_t)e->requests[i].top.k : round;
    return round;
}

/* Round by round, each much larger, those with the best limits, which refuse many of the others. */
static bool take_rounds(struct evaluation *e, struct mask *any, const struct mask *exact)
{
    struct mask best;
    uint32_t count, round = first_round(e);

    for (count = mask_count(any); count > ROUND_FROM && count > 2 * round; count = mask_count(any), round *= 8) {
        prune_best(&e->prune, any, round, &best);
        mask_and_not(any, &best);
        if (!take_scored(e, &best, exact))
            return false;
        narrow(e, false, any, exact);
    }
    return true;
}

/* What can be told before anything is summed: without which words nobody gets in, and without what prior and
 * values of postings. */
static bool keep_most(struct evaluation *e, int64_t worst, struct mask *any, const struct mask *exact)
{
    struct mask spelled = *any;

    mask_and(&spelled, exact);
    boosting_keep(&e->boosting, any, &spelled); /* limits know nothing of boosts */
    if (!prune_require(&e->prune, worst, any))
        return false;
    if (!e->window.docs && mask_count(any) >= VALUES_FROM) {
        if (!prune_values(&e->prune, any))
            return false;
        prune_by_values(&e->prune, worst, any);
    }
    mask_or(any, &spelled);
    return true;
}

/* While there is room for hits: those that are worth the most, which refuse most of the others. */
static bool take_first(struct evaluation *e, struct mask *any, const struct mask *exact)
{
    struct mask best, spelled;
    int64_t worst;

    if (!prune_values(&e->prune, any))
        return false;
    prune_best_values(&e->prune, any, first_round(e), &best);
    mask_and_not(any, &best);
    if (!take_scored(e, &best, exact))
        return false;
    worst = worst_of_all(e);
    if (worst == INT64_MIN)
        return true;
    spelled = *any;
    mask_and(&spelled, exact);
    boosting_keep(&e->boosting, any, &spelled);
    prune_by_values(&e->prune, worst, any);
    mask_or(any, &spelled);
    return true;
}

/* Scores those of the wanted that can get in. */
static bool take_by_score(struct evaluation *e, struct mask *any, const struct mask *exact)
{
    int64_t worst = worst_of_all(e);

    if (mask_count(any) < PRUNE_FROM)
        return take_scored(e, any, exact);
    if (worst != INT64_MIN
            ? !keep_most(e, worst, any, exact)
            : !e->window.docs && mask_count(any) >= VALUES_FROM && any_order(e) && !take_first(e, any, exact))
        return false;
    if (mask_count(any) < PRUNE_FROM)
        return !any->active || take_scored(e, any, exact);
    if (!prune_sum(&e->prune, any))
        return false;
    narrow(e, true, any, exact);
    if (any_order(e) && !take_rounds(e, any, exact))
        return false;
    return !any->active || take_scored(e, any, exact);
}

/* Leaves of a run those whose identifier is spelled and the boosted, when none of the others can get in. */
static void leave_out_window(struct evaluation *e, const struct mask *exact, struct mask *any)
{
    int64_t worst = e->window.docs ? INT64_MIN : worst_of_all(e);
    struct mask kept = *any;

    if (worst == INT64_MIN || prune_window_able(&e->prune, worst, e->window.base))
        return;
    mask_and(&kept, exact);
    boosting_keep(&e->boosting, any, &kept);
    *any = kept;
}

static bool take_hits(struct evaluation *e, const struct mask *exact)
{
    struct mask any;

    mask_clear(&any);
    for (size_t i = 0; i < e->count; i++) {
        if (e->requests[i].top.k && e->matches[i].active)
            mask_or(&any, &e->matches[i]);
    }
    boosting_window(&e->boosting, &e->window, &any);
    mask_clear(&any);
    for (size_t i = 0; i < e->count; i++) {
        mask_clear(&e->wanted[i]);
        if (e->taken)
            mask_and_not(&e->matches[i], &e->step_masks[e->taken - 1]);
        if (e->requests[i].top.k && e->matches[i].active)
            evaluation_want(e, &e->requests[i], &e->matches[i], exact, &e->wanted[i]);
        mask_or(&any, &e->wanted[i]);
    }
    if (any.active && by_score(e)) {
        leave_out_window(e, exact, &any);
        return !any.active || take_by_score(e, &any, exact);
    }
    if (!any.active)
        return true;
    if (!e->query->match_all && !e->requests[0].browse)
        return take_scored(e, &any, exact);
    for (size_t i = 0; i < e->count; i++) {
        if (e->wanted[i].active)
            evaluation_take(e, &e->requests[i], &e->wanted[i], exact, false);
    }
    return true;
}

static bool was_early(const struct evaluation *e, doc_id base)
{
    for (uint32_t i = 0; i < e->early_count; i++) {
        if (e->early_bases[i] == base)
            return true;
    }
    return false;
}

/* e->early: only for hits, ahead of the others; the window's turn to be counted comes later. */
static bool run_window(struct evaluation *e)
{
    struct mask exact, within;
    struct filter_node *alone = e->count == 1 ? e->requests[0].filter : NULL;
    const struct filter_node *driver = filter_driver(alone);
    bool any = false;

    if (driver) {
        within = e->window.live;
        if (!filter_apply((struct filter_node *)driver, &e->window, &within))
            return false;
        if (!within.active)
            return true;
    }
    match_window(&e->match);
    if (!match_steps(&e->match, e->steps, driver ? &within : NULL, e->step_masks, &exact))
        return false;
    e->windows++;
    if (!e->step_masks[e->steps - 1].active)
        return true;
    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        mask_clear(&e->matches[i]);
        if (e->only ? e->only != r : r->page.part != PAGE_SCANNED)
            continue;
        e->matches[i] = e->step_masks[e->steps - 1];
        if (r->filter && !filter_apply(r->filter, &e->window, &e->matches[i]))
            return false;
        if (!e->matches[i].active)
            continue;
        any = true;
        if (!e->early && !count_window(e, r, &e->matches[i]))
            return false;
    }
    if (!any || (!e->early && !e->window.docs && was_early(e, e->window.base)))
        return true;
    return take_hits(e, &exact);
}

/* Whether windows may be left out in which nobody can become a hit: nothing is counted. */
static bool may_skip(const struct evaluation *e)
{
    const struct evaluation_request *r = &e->requests[0];
    bool counts = !r->page.counted && (r->request->exact_total || r->request->facet_count > 0);
    uint64_t total = r->page.counted ? r->page.kept.total : r->total;

    return e->count == 1 && !counts && !e->query->match_all && !e->match.fields && r->top.sort_count == 0 &&
           !r->top.ids_only && topk_full(&r->top) && r->top.k && !r->top.heap[0]->exact &&
           evaluation_by_score(e, &r->top) && total >= (uint64_t)r->request->min_hits;
}

/* The first window at or behind the one of doc in which somebody may become a hit: its first document, or DOC_NONE. */
static doc_id next_able(struct evaluation *e, doc_id doc)
{
    int64_t gain = (int64_t)ceil(e->boosting.most * 1e6);
    doc_id able = prune_next(&e->prune, e->requests[0].top.heap[0]->rounded - gain, doc);
    doc_id boosted = boosting_next(&e->boosting, doc);

    boosted = boosted == DOC_NONE ? DOC_NONE : boosted & ~(WINDOW_DOCS - 1);
    return able < boosted ? able : boosted;
}

/* The next window with a possible match at or behind doc, or DOC_NONE. */
static doc_id next_window(struct evaluation *e, doc_id doc)
{
    const struct filter_node *driver = e->count == 1 ? filter_driver(e->requests[0].filter) : NULL;

    while (doc < e->window.doc_count) {
        doc_id found = match_next(&e->match, doc, e->steps);
        doc_id passed;
        if (found == DOC_NONE || found >= e->window.doc_count)
            return DOC_NONE;
        doc = found & ~(WINDOW_DOCS - 1);
        if (may_skip(e)) {
            found = next_able(e, doc);
            e->requests[0].skipped |= found != doc && !e->requests[0].page.counted;
            if (found == DOC_NONE || found >= e->window.doc_count)
                return DOC_NONE;
            if (found != doc) {
                doc = found;
                continue;
            }
        }
        passed = driver ? filter_driver_next(driver, doc, e->window.doc_count) : doc;
        if (passed == DOC_NONE)
            return DOC_NONE;
        if (passed - doc < WINDOW_DOCS)
            return doc;
        doc = passed & ~(WINDOW_DOCS - 1);
    }
    return DOC_NONE;
}

/* Whether windows in which nobody can become a hit may be counted without a look at each word's documents: all that is
 * asked of them is how many have any of the words. */
static bool only_counts(struct evaluation *e)
{
    const struct evaluation_request *r = &e->requests[0];

    if (e->count != 1 || !e->query->any_word || e->query->impossible || e->steps != 1 || e->boosting.boosts)
        return false;
    if (r->page.part != PAGE_SCANNED || r->page.counted || r->facets.whole_known || r->facets.counter_count ||
        r->filter || r->products)
        return false;
    e->wanted[0].active = r->top.k > 0;
    return by_score(e) && !may_skip(e);
}

/* Counts the windows from base on in which nobody can become a hit; returns the first that is not of these. */
static doc_id count_windows(struct evaluation *e, doc_id base)
{
    int64_t worst = only_counts(e) ? worst_of_all(e) : INT64_MIN;
    doc_id spelled = worst == INT64_MIN ? 0 : cursor_next(&e->match.identifier, base);

    for (; worst != INT64_MIN && base < e->window.doc_count; base += WINDOW_DOCS) {
        if (spelled - base < WINDOW_DOCS || (!was_early(e, base) && prune_window_able(&e->prune, worst, base)))
            break;
        e->requests[0].total += match_count_any(&e->match, base);
        e->windows++;
    }
    return base;
}

/* About how many documents of the snapshot match: as if words were spread at random. */
static double matches_about(const struct evaluation *e)
{
    const struct query *q = e->query;
    double all = (double)e->snapshot->doc_count + 1, share = q->any_word ? 0 : 1;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        double mine = 0;
        for (uint32_t k = 0; k < q->slots[i].alternative_count; k++)
            mine += (double)q->slots[i].alternatives[k].df / all;
        if (q->any_word)
            share += mine;
        else if (!q->slots[i].optional && !q->slots[i].dropped)
            share *= mine < 1 ? mine : 1;
    }
    return share * all;
}

/* Windows are gone through in order, for what is counted; but those with the best limits give hits first, whose scores
 * keep most others out. */
static bool run_early(struct evaluation *e)
{
    const struct filter_node *driver = e->count == 1 ? filter_driver(e->requests[0].filter) : NULL;
    doc_id bases[EARLY_TRIES];
    uint32_t count;
    bool done = true;

    for (size_t i = 0; i < e->count; i++)
        e->wanted[i].active = e->requests[i].top.k > 0;
    if (!any_order(e) || !by_score(e) || matches_about(e) < EARLY_MATCHES || e->window.doc_count <= WINDOW_DOCS)
        return true;
    count = prune_best_windows(&e->prune, bases, EARLY_TRIES);
    e->early = true;
    for (uint32_t i = 0; i < count && done && e->early_count < EARLY_WINDOWS; i++) {
        doc_id passed = driver ? filter_driver_next(driver, bases[i], e->window.doc_count) : bases[i];
        int64_t worst = worst_of_all(e);
        if (passed == DOC_NONE || passed - bases[i] >= WINDOW_DOCS)
            continue;
        if (worst != INT64_MIN && (i > 0 || !prune_window_able(&e->prune, worst, bases[i])))
            break;
        window_move(&e->window, bases[i]);
        done = run_window(e);
        e->early_bases[e->early_count++] = bases[i];
        for (size_t k = 0; k < e->count; k++)
            e->wanted[k].active = e->requests[k].top.k > 0;
    }
    e->early = false;
    return done;
}

static bool run_windows(struct evaluation *e)
{
    struct candidates c;

    if (!candidates_find(&c, &e->match, e->steps, e->count == 1 ? filter_driver(e->requests[0].filter) : NULL))
        return false;
    for (uint32_t at = 0; at < c.count; at += WINDOW_DOCS) {
        window_select(&e->window, c.docs, at, c.count - at < WINDOW_DOCS ? c.count - at : WINDOW_DOCS);
        if (!run_window(e))
            return false;
    }
    e->early_count = 0;
    if (!c.few && !run_early(e))
        return false;
    for (doc_id base = c.few ? DOC_NONE : next_window(e, count_windows(e, 0)); base != DOC_NONE;
         base = next_window(e, count_windows(e, base + WINDOW_DOCS))) {
        window_move(&e->window, base);
        if (!run_window(e))
            return false;
    }
    return true;
}

/* The documents that may be among the first of a page. */
static bool run_listed(struct evaluation *e, struct evaluation_request *r)
{
    uint32_t count = r->page.listed_count;
    bool done = true;

    e->only = r;
    for (uint32_t at = 0; at < count && done; at += WINDOW_DOCS) {
        window_select(&e->window, r->page.listed, at, count - at < WINDOW_DOCS ? count - at : WINDOW_DOCS);
        done = run_window(e);
    }
    e->only = NULL;
    return done;
}

static bool run_parts(struct evaluation *e, bool scanned)
{
    if (scanned && !run_windows(e))
        return false;
    for (size_t i = 0; i < e->count; i++) {
        if (e->requests[i].page.part == PAGE_LISTED && !run_listed(e, &e->requests[i]))
            return false;
    }
    return true;
}

/* Requests whose counts turned out to be known in the segment may have less to do. True when windows are left. */
static bool tell_parts(struct evaluation *e, uint32_t segment)
{
    bool scanned = false;

    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        if (!r->page.counted && r->facets.whole_known)
            r->page.part = evaluation_page_part(e, r, segment, true);
        scanned |= r->page.part == PAGE_SCANNED;
    }
    return scanned;
}

enum status evaluation_segment(struct evaluation *e, uint32_t segment, struct error *err)
{
    enum status status;
    bool scanned = false, listed = false;

    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        r->page.part = evaluation_page_part(e, r, segment, r->page.counted);
        scanned |= r->page.part == PAGE_SCANNED;
        listed |= r->page.part == PAGE_LISTED;
    }
    if (!scanned && !listed) {
        e->unit_base += shard_doc_count(e->snapshot->segments[segment].shard);
        return STATUS_OK;
    }
    window_segment(&e->window, segment);
    prior_segment(&e->prior, &e->window, e->priors);
    status = open_segment(e, err);
    if (status == STATUS_FORMAT || status == STATUS_IO) {
        e->partial = true;
        e->damaged |= e->taken > 0; /* hits from here may be among the best */
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    if (!run_parts(e, tell_parts(e, segment)))
        return full(err);
    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        if (r->pending_unit)
            evaluation_flush(r);
        if (!r->page.counted && !facet_segment_end(&r->facets, &e->window, r->total - r->segment_total))
            return full(err);
    }
    e->damaged |= shard_damaged(e->window.shard);
    e->unit_base += e->window.doc_count;
    return STATUS_OK;
}

/* What was known of a page's first documents was not enough: false, and it is forgotten. */
static bool settle(struct evaluation *e)
{
    bool right = true;

    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        if (evaluation_settle_page(e, r))
            continue;
        r->page.known = NULL;
        right = false;
    }
    return right;
}

enum status evaluation_begin(struct evaluation *e, struct error *err)
{
    e->partial = e->snapshot->damaged_count > 0;
    e->unit_base = 0;
    e->windows = e->scored = 0;
    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        r->total = 0;
        r->total_unit = 0;
        r->skipped = false;
        r->top.count = e->taken ? r->top.count : 0;
        r->page.sorted = r->page.looked = false;
        if (r->page.counted)
            continue;
        if (!facet_init(&r->facets, e->snapshot, r->request, e->scratch) || !facet_sources(&r->facets, &e->window))
            return full(err);
        r->facets.tallies = e->counts;
    }
    return STATUS_OK;
}

static enum status run_once(struct evaluation *e, struct error *err)
{
    enum status status = evaluation_begin(e, err);

    if (status != STATUS_OK || (e->query->impossible && e->query->identifier.text.size == 0))
        return status;
    return evaluation_segments(e, err);
}

/* Again without the segments that turned out to be damaged, and without hits from there: each time there are fewer. */
static enum status run_sound(struct evaluation *e, struct error *err)
{
    enum status status;

    do {
        e->damaged = false;
        status = run_once(e, err);
        e->taken = e->damaged ? 0 : e->taken;
    } while (status == STATUS_OK && e->damaged);
    return status;
}

/* A product's best variant is only known when all that match are offered side by side. */
static bool any_products(const struct evaluation *e)
{
    bool any = false, groups = false;

    for (uint32_t i = 0; i < e->snapshot->segment_count; i++)
        groups |= shard_groups(e->snapshot->segments[i].shard) != NULL;
    for (size_t i = 0; i < e->count; i++)
        any |= e->requests[i].products;
    return any && groups;
}

enum status evaluation_run(struct evaluation *e, struct error *err)
{
    enum status status = run_sound(e, err);

    if (status == STATUS_OK && !settle(e)) {
        e->taken = 0;
        status = run_sound(e, err);
        if (status == STATUS_OK)
            (void)settle(e); /* nothing was known: it is right */
    }
    e->taken = status == STATUS_OK && !any_products(e) ? e->steps : 0;
    return status;
}
