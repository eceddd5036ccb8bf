/*
 * A long pass that several threads share: each takes one segment after the other, with an evaluation of its own, and
 * what the helpers found is added to the one that the answer is made from. Exact all the same: totals and counts of
 * segments add up, products lie in one segment, and the best hits of all are among the best of each.
 *
 * Pages that are kept are left alone: what they leave to do is short.
 */
#include <stdatomic.h>

#include "server/query/crew.h"
#include "server/query/evaluate.h"
#include "server/query/searcher.h"

struct split {
    const struct evaluation *whole;
    _Atomic uint32_t next; /* segment */
};

struct part {
    struct split *split;
    struct crew_helper *helper;
    struct evaluation e;
    enum status status;
    struct error err;
};

/* --- whether it pays --- */
/* At most so many documents may match the text. */
static uint64_t text_most(const struct evaluation *e)
{
    const struct query *q = e->query;
    bool some = q->any_word || e->steps > 1; /* of the words are enough */
    uint64_t most = some && !q->match_all ? 0 : e->snapshot->doc_count;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        uint64_t df = 0;
        for (uint32_t k = 0; k < q->slots[i].alternative_count; k++)
            df += q->slots[i].alternatives[k].df;
        if (some)
            most += df;
        else if (!q->slots[i].optional)
            most = df < most ? df : most;
    }
    return most;
}

static bool worth_it(const struct evaluation *e)
{
    uint64_t most = 0;

    if (!e->crew || e->snapshot->segment_count < 2 || (e->query->impossible && !e->query->match_all))
        return false;
    for (size_t i = 0; i < e->count; i++) {
        const struct evaluation_request *r = &e->requests[i];
        uint64_t passed = filter_most(r->filter, e->snapshot);
        if (r->browse || r->page.counted || r->page.scoped)
            return false;
        most = passed > most ? passed : most;
    }
    return most >= crew_least(e->crew) && text_most(e) >= crew_least(e->crew);
}

/* --- a part --- */
static enum status take_segments(struct split *s, struct evaluation *e, struct error *err)
{
    enum status status = STATUS_OK;
    uint32_t count = s->whole->snapshot->segment_count, i;

    while (status == STATUS_OK && (i = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed)) < count)
        status = evaluation_segment(e, i, err);
    if (status != STATUS_OK)
        atomic_store_explicit(&s->next, count, memory_order_relaxed); /* the others need not go on */
    return status;
}

static void run_part(void *context, struct searcher *s)
{
    struct part *p = context;
    const struct evaluation *whole = p->split->whole;
    struct evaluation *e = &p->e;

    arena_reset(&s->scratch);
    *e = (struct evaluation){.snapshot = whole->snapshot,
                             .query = whole->query,
                             .arena = &s->scratch,
                             .scratch = &s->scratch,
                             .requests = ARENA_ARRAY(&s->scratch, struct evaluation_request, whole->count),
                             .count = whole->count};
    e->match.fields = whole->match.fields;
    if (!e->requests) {
        p->status = error_set(&p->err, STATUS_LIMIT, "the request needs more memory than it may use");
        return;
    }
    for (size_t i = 0; i < e->count; i++)
        e->requests[i].request = whole->requests[i].request;
    searcher_lend(s, e);
    e->steps = whole->steps;
    e->taken = whole->taken;
    p->status = evaluation_init(e, &s->scorer, &p->err);
    if (p->status == STATUS_OK)
        p->status = evaluation_begin(e, &p->err);
    if (p->status == STATUS_OK)
        p->status = take_segments(p->split, e, &p->err);
}

/* --- all of it --- */
static void add_hits(struct evaluation *e, struct topk *to, const struct topk *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct candidate *c = from->heap[i];
        int64_t *cells = to->spare->cells;
        *to->spare = *c;
        to->spare->cells = cells;
        memcpy(cells, c->cells, e->overlays[c->segment].shown * sizeof(*cells));
        (void)topk_push(to);
    }
}

static bool add_part(struct evaluation *e, const struct evaluation *from)
{
    bool fine = true;

    e->partial |= from->partial;
    e->damaged |= from->damaged;
    e->windows += from->windows;
    e->scored += from->scored;
    for (size_t i = 0; i < e->count; i++) {
        struct evaluation_request *r = &e->requests[i];
        const struct evaluation_request *its = &from->requests[i];
        r->total += its->total;
        r->skipped |= its->skipped;
        add_hits(e, &r->top, &its->top);
        fine &= facet_add(&r->facets, &its->facets);
    }
    return fine;
}

static uint32_t ask_helpers(struct evaluation *e, struct split *split, struct part *parts)
{
    uint32_t most = e->snapshot->segment_count - 1, count = 0;

    for (most = most < CREW_MOST ? most : CREW_MOST; count < most; count++) {
        struct part *p = &parts[count];
        p->helper = crew_take(e->crew);
        if (!p->helper)
            break;
        p->split = split;
        p->status = STATUS_OK;
        crew_start(p->helper, run_part, p);
    }
    return count;
}

static enum status run_split(struct evaluation *e, struct part *parts, struct error *err)
{
    struct split split = {.whole = e};
    uint32_t count = ask_helpers(e, &split, parts);
    enum status status = take_segments(&split, e, err);

    for (uint32_t i = 0; i < count; i++) {
        struct part *p = &parts[i];
        bool begun = crew_wait(p->helper);
        if (begun && status == STATUS_OK && p->status != STATUS_OK) {
            status = p->status;
            if (err)
                *err = p->err;
        }
        if (begun && status == STATUS_OK && !add_part(e, &p->e))
            status = error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
        crew_give(e->crew, p->helper);
    }
    return status;
}

enum status evaluation_segments(struct evaluation *e, struct error *err)
{
    enum status status = STATUS_OK;
    struct part *parts = worth_it(e) ? arena_alloc(e->scratch, CREW_MOST * sizeof(*parts)) : NULL;

    if (parts)
        return run_split(e, parts, err);
    for (uint32_t i = 0; status == STATUS_OK && i < e->snapshot->segment_count; i++)
        status = evaluation_segment(e, i, err);
    return status;
}
