/*
 * Which of a window's matches become hits. Most are refused cheaply: by the first key of the order, compared in the
 * column's own units before anything is computed; by the score's rounded value; at last by the whole order.
 */
#include <math.h>

#include "server/query/evaluate.h"

/* --- by the first key alone --- */
static void keep_by_rank(struct evaluation *e, uint32_t first, uint32_t end, struct mask *m)
{
    const uint32_t *ranks = shard_id_ranks(e->window.shard);
    uint64_t active = m->active;

    for (MASK_WORDS(m, w)) {
        uint64_t kept = 0;
        for (uint64_t x = m->bits[w]; x; x &= x - 1) {
            uint32_t rank = ranks[window_doc(&e->window, (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(x))];
            kept |= rank >= first && rank < end ? x & -x : 0;
        }
        m->bits[w] = kept;
        if (!kept)
            active &= ~(1ull << w);
    }
    m->active = active;
}

/* Those in stock, and those whose identifier was typed, when the worst hit is in stock, too. */
static void keep_in_stock(struct evaluation *e, const struct mask *exact, struct mask *m)
{
    const uint64_t *stock = window_stock(&e->window);
    uint64_t active = m->active;

    for (MASK_WORDS(m, w)) {
        m->bits[w] &= stock[w] | exact->bits[w];
        if (!m->bits[w])
            active &= ~(1ull << w);
    }
    m->active = active;
}

bool evaluation_by_score(const struct evaluation *e, const struct topk *t)
{
    return !t->bury || (e->steps == 1 && !t->heap[0]->buried);
}

void evaluation_want(struct evaluation *e, struct evaluation_request *r, const struct mask *matches,
                     const struct mask *exact, struct mask *wanted)
{
    const struct topk *t = &r->top;
    const struct candidate *worst = topk_full(t) ? t->heap[0] : NULL;
    bool here = worst && worst->segment == e->window.segment;

    *wanted = *matches;
    if (r->browse) {
        keep_by_rank(e, r->first_rank, here ? worst->id_rank : UINT32_MAX, wanted);
    } else if (worst && t->sort_count > 0) {
        if (t->keys[0].source != UINT32_MAX && worst->values[0].kind == SORT_NUMBER)
            window_narrow_number(&e->window, t->keys[0].source, worst->values[0].number, t->keys[0].descending, wanted);
    } else if (worst && !evaluation_by_score(e, t)) {
        return;
    } else if (worst && e->query->match_all) {
        /* Without text and sort keys the prior alone decides. */
        prior_narrow(&e->prior, &e->window, ((double)worst->rounded - 1) / 1e6, wanted);
        if (t->key_count == 0 && here && worst->rounded >= 0)
            keep_by_rank(e, 0, worst->id_rank, wanted);
        boosting_keep(&e->boosting, matches, wanted);
    }
    if (worst && t->bury && t->sort_count == 0 && !worst->exact)
        keep_in_stock(e, exact, wanted);
}

/* --- candidates --- */
static bool string_code(const struct window *w, const struct topk *t, uint32_t key, uint32_t offset, facet_code *out)
{
    facet_code one;
    uint32_t count;
    const facet_code *codes =
        facet_codes(shard_facet_column(w->shard, t->keys[key].attr), window_doc(w, offset), &one, &count);

    /* The value that comes first in the order asked for. */
    for (uint32_t i = 0; i < count; i++) {
        struct sort_value have = {SORT_STRING, *out, 0}, next = {SORT_STRING, codes[i], 0};
        if (i == 0 || topk_compare_value(t, key, &next, &have) < 0)
            *out = codes[i];
    }
    return count > 0;
}

static struct sort_value value_of(struct evaluation *e, const struct topk *t, uint32_t key, uint32_t offset)
{
    const struct topk_key *k = &t->keys[key];
    struct sort_value out = {SORT_MISSING, 0, 0};

    if (k->stock) {
        out.kind = SORT_NUMBER;
        out.number = (double)(window_stock(&e->window)[offset >> 6] >> (offset & 63) & 1);
        return out;
    }
    if (k->attr == ATTR_NONE)
        return out;
    out.number = window_number(&e->window, k->source, offset, k->descending);
    if (!isnan(out.number)) {
        out.kind = SORT_NUMBER;
    } else {
        out.number = 0;
        if (string_code(&e->window, t, key, offset, &out.code))
            out.kind = SORT_STRING;
    }
    return out;
}

/* The values that the hit is shown with are those it was judged by. */
static void capture(struct evaluation *e, struct candidate *c, uint32_t offset)
{
    const struct hit_overlay *overlay = &e->overlays[e->window.segment];

    for (uint32_t i = 0; i < overlay->shown; i++)
        c->cells[i] = window_cell(&e->window, overlay->sources[i], offset);
    c->in_stock = -1;
    if (e->snapshot->has_stock && shard_in_stock_bits(e->window.shard))
        c->in_stock = (int8_t)(window_stock(&e->window)[offset >> 6] >> (offset & 63) & 1);
}

void evaluation_flush(struct evaluation_request *r)
{
    struct candidate *best = r->pending;

    r->pending = r->top.spare;
    r->top.spare = best;
    (void)topk_push(&r->top);
    r->pending_unit = 0;
}

/* The spare is filled: it goes to the hits, or becomes its product's best variant so far. */
static void offer(struct evaluation *e, struct evaluation_request *r, uint32_t offset)
{
    struct candidate *c = r->top.spare;
    uint32_t unit;

    if (topk_full(&r->top) && topk_compare(&r->top, c, r->top.heap[0]) >= 0)
        return;
    if (!r->products || !e->window.groups) {
        capture(e, c, offset);
        (void)topk_push(&r->top);
        return;
    }
    unit = e->unit_base + e->window.groups[c->doc] + 1;
    if (r->pending_unit == unit && topk_compare(&r->top, c, r->pending) >= 0)
        return;
    capture(e, c, offset);
    if (r->pending_unit && r->pending_unit != unit) {
        evaluation_flush(r);
        /* The candidate was the spare; flushing put it into the pending place. */
    } else {
        r->top.spare = r->pending;
        r->pending = c;
    }
    r->pending_unit = unit;
}

static uint32_t step_of(const struct evaluation *e, uint32_t offset)
{
    uint32_t step = 0;

    while (step + 1 < e->steps && !mask_has(&e->step_masks[step], offset))
        step++;
    return step;
}

/* The document's score; false when it is plainly below the least that is needed, which is told by what is nearest at
 * hand: the title's words are far away. */
static bool score_of(struct evaluation *e, uint32_t offset, bool scored, int64_t needed, double *score)
{
    double limit = scored ? match_limit(&e->match, offset) : 0, most = scored ? match_most_gain(&e->match) : 0;
    double prior, gain;

    limit += boosting_at(&e->boosting, offset);
    if (score_rounded(limit + most + e->prior.weight) < needed)
        return false;
    prior = prior_of(&e->prior, &e->window, offset);
    if (score_rounded(limit + most + prior) < needed)
        return false;
    gain = scored ? match_gain(&e->match, offset) : 0;
    if (score_rounded(limit + gain + prior) < needed)
        return false;
    *score = (scored ? match_lex(&e->match, offset, gain) : 0) + prior + boosting_at(&e->boosting, offset);
    return score_rounded(*score) >= needed;
}

/* What the spare's score must be at least to get in; INT64_MAX: it can't. */
static int64_t score_needed(const struct topk *t)
{
    const struct candidate *worst = topk_full(t) ? t->heap[0] : NULL, *c = t->spare;

    if (!worst || t->sort_count > 0 || c->exact != worst->exact)
        return INT64_MIN;
    if (t->bury && c->step != worst->step)
        return c->step > worst->step ? INT64_MAX : INT64_MIN;
    if (t->bury && c->buried != worst->buried)
        return c->buried ? INT64_MAX : INT64_MIN;
    return worst->rounded;
}

/* Fills the spare; false when it is plainly worse than the worst hit. */
static bool fill(struct evaluation *e, struct evaluation_request *r, uint32_t offset, bool exact, bool scored)
{
    struct topk *t = &r->top;
    struct candidate *c = t->spare;
    int64_t needed;

    c->segment = e->window.segment;
    c->doc = window_doc(&e->window, offset);
    if (r->browse) {
        c->id_rank = shard_id_rank(e->window.shard, c->doc);
        return true;
    }
    c->exact = exact;
    c->step = step_of(e, offset);
    c->buried = t->bury && !(window_stock(&e->window)[offset >> 6] >> (offset & 63) & 1);
    for (uint32_t i = 0; i < t->sort_count; i++)
        c->values[i] = value_of(e, t, i, offset);
    needed = score_needed(t);
    if (needed == INT64_MAX || !score_of(e, offset, scored, needed, &c->score))
        return false;
    c->rounded = score_rounded(c->score);
    c->id_rank = shard_id_rank(e->window.shard, c->doc); /* far away: only for those that may get in */
    for (uint32_t i = t->sort_count; i < t->key_count; i++)
        c->values[i] = value_of(e, t, i, offset);
    return true;
}

void evaluation_take(struct evaluation *e, struct evaluation_request *r, const struct mask *wanted,
                     const struct mask *exact, bool scored)
{
    for (MASK_WORDS(wanted, w)) {
        for (uint64_t x = wanted->bits[w]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(x);
            if (fill(e, r, offset, mask_has(exact, offset), scored))
                offer(e, r, offset);
        }
    }
}

/* --- browsing --- */
/* The number of objectIDs of the shard that are <= after. Ranks known to be on either side narrow the range in which
 * ids must be compared, so that few are. */
uint32_t evaluation_rank_after(const struct shard *shard, struct str after)
{
    const uint32_t *ranks = shard_id_ranks(shard);
    uint32_t low = 0, high = shard_doc_count(shard);
    doc_id same = shard_find(shard, after);

    if (same != DOC_NONE)
        return ranks[same] + 1;
    for (doc_id d = 0, n = high; d < n && low < high; d++) {
        if (ranks[d] < low || ranks[d] >= high)
            continue;
        if (str_compare(shard_object_id(shard, d), after) < 0)
            low = ranks[d] + 1;
        else
            high = ranks[d];
    }
    return low;
}
