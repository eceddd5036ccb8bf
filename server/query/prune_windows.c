#include "server/query/prune_internal.h"

/* --- the next window, by slots --- */
/* The window of doc, or of the first document behind it, with all of the slots. */
static doc_id next_with_all(struct prune *p, uint32_t slots, doc_id doc)
{
    for (uint32_t left = slots; left && doc != DOC_NONE;) {
        doc_id next = match_slot_next(p->match, (uint32_t)__builtin_ctz(left), doc);
        left &= left - 1;
        if (next / WINDOW_DOCS != doc / WINDOW_DOCS)
            left = slots; /* the others must be in that window, too */
        doc = next == DOC_NONE ? DOC_NONE : next / WINDOW_DOCS == doc / WINDOW_DOCS ? doc : next & ~(WINDOW_DOCS - 1);
    }
    return doc;
}

static doc_id next_with_any(struct prune *p, uint32_t slots, doc_id doc)
{
    doc_id best = DOC_NONE;

    for (; slots; slots &= slots - 1) {
        doc_id next = match_slot_next(p->match, (uint32_t)__builtin_ctz(slots), doc);
        best = next < best ? next : best;
    }
    return best;
}

/* Slots without which nobody gets in, as bits; and if there are none, those of which one is needed: all but the least
 * that do not reach it together (MaxScore: Turtle and Flood, 1995). */
static doc_id next_able(struct prune *p, double needed, doc_id doc)
{
    const struct query *q = p->match->query;
    double most[QUERY_SLOTS], sum = 0, rest = 0;
    uint32_t must = 0, some = 0;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        most[i] = prune_most_of_slot(p, i, PRUNE_WHOLE);
        sum += most[i];
        some |= most[i] > 0 ? 1u << i : 0;
    }
    if (sum < needed)
        return DOC_NONE;
    for (uint32_t i = 0; i < q->slot_count; i++)
        must |= sum - most[i] < needed ? 1u << i : 0;
    if (must)
        return next_with_all(p, must, doc);
    while (some & (some - 1)) {
        uint32_t least = (uint32_t)__builtin_ctz(some);
        for (uint32_t left = some; left; left &= left - 1) {
            uint32_t i = (uint32_t)__builtin_ctz(left);
            least = most[i] < most[least] ? i : least;
        }
        if (rest + most[least] >= needed)
            break;
        rest += most[least];
        some &= ~(1u << least);
    }
    return next_with_any(p, some, doc);
}

/* --- windows --- */
/* By window of the segment, of the slot at hand. */
struct by_window {
    float *part, *near; /* the largest part; what words near each other may add */
};

static void raise(const struct by_window *to, uint32_t window, float part, float near)
{
    to->part[window] = part > to->part[window] ? part : to->part[window];
    to->near[window] = near > to->near[window] ? near : to->near[window];
}

/* Of a short list: in which windows it has documents. */
static void present_by_window(const struct postings *list, uint32_t windows, float part, float near,
                              const struct by_window *to)
{
    doc_id docs[POSTINGS_BLOCK];

    for (uint32_t b = 0; b < list->block_count; b++) {
        uint32_t n = postings_block(list, b, docs, NULL);
        for (uint32_t i = 0; i < n; i++) {
            if (docs[i] / WINDOW_DOCS < windows)
                raise(to, docs[i] / WINDOW_DOCS, part, near);
        }
    }
}

/* Of a list's values: without branches, so that it is done in vectors. */
struct list_worth {
    float scale, named, near;
};

static void list_by_window(const uint8_t *restrict values, uint32_t windows, const struct list_worth *worth,
                           const struct by_window *to)
{
    float *restrict parts = to->part, *restrict nears = to->near;
    float scale = worth->scale, named = worth->named, near = worth->near;

    for (uint32_t i = 0; i < windows; i++) {
        float part = values[i] ? scale * (float)values[i] + named : 0, beside = values[i] ? near : 0;
        parts[i] = part > parts[i] ? part : parts[i];
        nears[i] = beside > nears[i] ? beside : nears[i];
    }
}

static void raise_by_window(struct prune *p, uint32_t slot, struct match_alternative *a, const struct by_window *to)
{
    const struct query *q = p->match->query;
    const struct impact_list *list = prune_alternative_values(p, a);
    float scale = (float)(a->alternative->weight * a->alternative->idf / IMPACT_MOST);
    float named = (float)title_named(q, slot, a->alternative);
    float near = title_has(a->alternative) ? (float)q->slots[slot].pair_limit : 0;
    float same = list ? 0 : (float)prune_most_of_part(p, slot, a, PRUNE_WHOLE);

    if (!list && a->cursor_count == 1 && !a->cursors[0].prefix && !a->cursors[0].postings.bits &&
        a->cursors[0].postings.df < IMPACT_POSTINGS) {
        present_by_window(&a->cursors[0].postings, p->shard->windows, same, near, to);
        return;
    }
    if (list) {
        const struct list_worth worth = {scale, named, near};
        list_by_window(list->window, p->shard->windows, &worth, to);
        return;
    }
    for (uint32_t i = 0; i < p->shard->windows; i++)
        raise(to, i, same, near);
}

/* What the words of each window's documents give at most. False when memory runs out. */
static bool know_in_words(struct prune *p)
{
    uint32_t windows = p->shard->windows;
    struct by_window most;

    if (p->in_words_known)
        return true;
    if (windows > p->room) {
        p->in_words = arena_alloc(p->match->arena, 3 * windows * sizeof(*p->in_words));
        p->room = p->in_words ? windows : 0;
    }
    if (!p->in_words)
        return false;
    most = (struct by_window){p->in_words + windows, p->in_words + 2 * (size_t)windows};
    memset(p->in_words, 0, windows * sizeof(*p->in_words));
    for (uint32_t i = 0; i < p->match->query->slot_count; i++) {
        struct match_slot *s = &p->match->slots[i];
        memset(most.part, 0, 2 * windows * sizeof(*most.part));
        for (uint32_t k = 0; k < s->alternative_count; k++)
            raise_by_window(p, i, &s->alternatives[k], &most);
        for (uint32_t w = 0; w < windows; w++)
            p->in_words[w] += most.part[w] + most.near[w];
    }
    p->in_words_known = true;
    return true;
}

static double window_gain(struct prune *p, doc_id base)
{
    struct affinity *a = &p->match->affinity;

    return a->of_code ? affinity_window_most(a, base) : 0;
}

bool prune_window_able(struct prune *p, int64_t worst, doc_id base)
{
    double max_lex = p->match->query->max_lex, needed, most;

    if (!know_in_words(p))
        return true;
    needed = ((double)worst / 1e6 - 4 * PRUNE_SLACK) * max_lex;
    most = (double)p->in_words[base / WINDOW_DOCS] + p->match->affinity.most;
    if (most + prune_prior_most(p, PRUNE_WHOLE) * max_lex < needed)
        return false;
    most += prune_prior_most(p, base) * max_lex;
    return most >= needed && most - p->match->affinity.most + window_gain(p, base) >= needed;
}

doc_id prune_next(struct prune *p, int64_t worst, doc_id doc)
{
    doc_id spelled = cursor_next(&p->match->identifier, doc), next = doc, end = p->match->window->doc_count;
    double gain = p->match->affinity.of_code ? p->match->affinity.most / p->match->query->max_lex : 0;
    double needed = (double)worst / 1e6 - 2 * PRUNE_SLACK - gain - prune_prior_most(p, PRUNE_WHOLE);

    while (next < end) {
        next = needed > 0 ? next_able(p, needed * p->match->query->max_lex, next) : next;
        next = next == DOC_NONE ? next : next & ~(WINDOW_DOCS - 1);
        if (next >= end || prune_window_able(p, worst, next))
            break;
        next += WINDOW_DOCS;
    }
    next = spelled < next ? spelled : next;
    return next >= end ? DOC_NONE : next & ~(WINDOW_DOCS - 1);
}

uint32_t prune_best_windows(struct prune *p, doc_id *bases, uint32_t count)
{
    double max_lex = p->match->query->max_lex, prior = prune_prior_most(p, PRUNE_WHOLE), mosts[PRUNE_BEST_WINDOWS];
    uint32_t found = 0;

    if (!know_in_words(p))
        return 0;
    for (uint32_t i = 0; i < p->shard->windows && i * WINDOW_DOCS < p->match->window->doc_count; i++) {
        double most = (double)p->in_words[i] + p->match->affinity.most, least = found == count ? mosts[found - 1] : 0;
        uint32_t at = found;
        /* What is near is asked first. */
        if (p->in_words[i] <= 0 || most + prior * max_lex <= least)
            continue;
        most += prune_prior_most(p, i * WINDOW_DOCS) * max_lex;
        if (most <= least)
            continue;
        most += window_gain(p, i * WINDOW_DOCS) - p->match->affinity.most;
        for (; at > 0 && mosts[at - 1] < most; at--) {
            if (at < count) {
                mosts[at] = mosts[at - 1];
                bases[at] = bases[at - 1];
            }
        }
        if (at == count)
            continue;
        mosts[at] = most;
        bases[at] = i * WINDOW_DOCS;
        found += found < count;
    }
    return found;
}
