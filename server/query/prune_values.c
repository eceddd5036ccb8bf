/*
 * The values of the window's postings (impacts.h) and of its priors (prior_bytes.h), added up in 16 bits: upper limits
 * of scores, 64 documents at a time. What the category adds is then asked for where that alone does not decide.
 */
#include <math.h>

#include "server/query/kernels.h"
#include "server/query/prune_internal.h"

#define UNITS 60000.0 /* what the largest score is in 16 bits, with room for rounding up */

static double unit_of(const struct prune *p)
{
    return UNITS / (1 + p->prior->weight);
}

/* A share of max_lex in units. */
static uint32_t units_of_lex(const struct prune *p, double lex)
{
    return (uint32_t)ceil(lex / p->match->query->max_lex * unit_of(p));
}

/* --- unions of lists --- */
static void mark(const struct mask *m, uint8_t *bytes)
{
    for (MASK_WORDS(m, i)) {
        for (uint64_t x = m->bits[i]; x; x &= x - 1)
            bytes[i * 64 + (uint64_t)__builtin_ctzll(x)] = IMPACT_TITLED | IMPACT_MOST;
    }
}

/* Adds a list's values to p->bytes, up to the most. */
static void add_values(struct prune *p, struct cursor *c)
{
    const struct impact_list *list = prune_list_values(p, c, 0);
    uint8_t more[WINDOW_DOCS] = {0};
    struct mask part;

    if (list && !c->postings.bits) {
        impacts_spread_more(list->values, c, p->bytes);
        return;
    }
    if (list) {
        impacts_spread(list->values, c, p->match->window, more);
    } else {
        mask_clear(&part);
        (void)cursor_window(c, p->match->window, 0, NULL, &part); /* it was loaded */
        mark(&part, c->postings.bits ? more : p->bytes);
        if (!c->postings.bits)
            return;
    }
    for (uint32_t i = 0; i < WINDOW_DOCS; i++)
        p->bytes[i] = p->bytes[i] + more[i] > UINT8_MAX ? UINT8_MAX : (uint8_t)(p->bytes[i] + more[i]);
}

/* What any document of the union is worth at most: of a document in several of its lists their sum. */
static void spread_union(struct prune *p, const struct prefix_union *u)
{
    struct prefix_lists lists = prefix_union_lists(u);
    uint32_t count;
    const uint16_t *offsets = prefix_union_short(u, &count);

    memset(p->bytes, 0, WINDOW_DOCS);
    for (uint32_t k = 0; k < lists.cursor_count; k++)
        add_values(p, &lists.cursors[k]);
    for (uint32_t i = 0; i < count; i++)
        p->bytes[offsets[i]] = IMPACT_MOST;
    for (uint32_t i = 0; i < WINDOW_DOCS; i++)
        p->bytes[i] = p->bytes[i] > IMPACT_MOST ? IMPACT_MOST : p->bytes[i];
}

/* A list that is too short for values: its parts are computed, which are few. */
static void sum_parts(struct prune *p, struct match_alternative *a, const struct mask *wanted,
                      const struct impact_sums *to)
{
    const struct window *w = p->match->window;
    const uint32_t *places = a->cursors[0].flat ? p->shard->flat_places : p->shard->places;
    uint64_t title = title_has(a->alternative) ? p->match->title.field : 0;
    float units = (float)(a->alternative->weight * a->alternative->idf / p->match->query->max_lex * unit_of(p));
    uint16_t *offsets = p->gathered.offsets;
    uint32_t n = cursor_gather_indexes(&a->cursors[0], w, wanted, offsets, p->indexes);

    for (uint32_t i = 0; i < n; i++) {
        uint64_t fact = w->facts[p->indexes[i]];
        const uint8_t *lengths = w->lengths + (size_t)window_doc(w, offsets[i]) * w->length_stride;
        float part =
            prune_part(p, &places[2 * (size_t)p->indexes[i]], a->cursors[0].flat ? fact_flat(fact) : fact, lengths);
        impacts_sum_one(to, offsets[i], (uint32_t)(units * part) + 1, fact & title);
    }
}

/* --- slots --- */
static bool sum_alternative(struct prune *p, struct match_alternative *a, const struct mask *wanted,
                            const struct impact_sums *to)
{
    const struct impact_list *list = prune_alternative_values(p, a);
    struct mask part;

    if (list) {
        impacts_sum(list->values, &a->cursors[0], p->match->window, to);
    } else if (a->cursor_count == 1 && a->cursors[0].prefix) {
        spread_union(p, a->cursors[0].prefix);
        impacts_sum_all(p->bytes, to);
    } else if (a->cursor_count == 1) {
        sum_parts(p, a, wanted, to);
    } else {
        if (!prune_alternative_bits(p, a, wanted, &part))
            return false;
        impacts_sum_most(&part, to);
    }
    return true;
}

/* Of several alternatives the one that is worth the most. `titled` are the documents with any of them in the title. */
static bool sum_slot(struct prune *p, uint32_t slot, const struct mask *wanted, uint64_t *titled)
{
    const struct query *q = p->match->query;
    struct match_slot *s = &p->match->slots[slot];
    bool alone = s->alternative_count == 1;
    uint64_t not_titled[WINDOW_WORDS] = {0};
    double named = 0;

    if (!match_slot_bits(p->match, slot))
        return false;
    memset(titled, 0, WINDOW_WORDS * sizeof(*titled));
    if (!alone)
        memset(p->slot_sums, 0, WINDOW_DOCS * sizeof(*p->slot_sums));
    for (uint32_t k = 0; k < s->alternative_count; k++) {
        struct match_alternative *a = &s->alternatives[k];
        double share = a->alternative->weight * a->alternative->idf / q->max_lex;
        struct impact_sums to = {.sums = alone ? p->sums : p->slot_sums,
                                 .raise = !alone,
                                 .active = wanted->active,
                                 .weight = (uint32_t)ceil(share * unit_of(p) * 128 / IMPACT_MOST),
                                 .titled = title_has(a->alternative) ? titled : not_titled};
        double more = title_named(q, slot, a->alternative);
        if (!sum_alternative(p, a, wanted, &to))
            return false;
        named = more > named ? more : named;
    }
    if (named > 0)
        impacts_sum_where(titled, wanted->active, (uint16_t)units_of_lex(p, named), alone ? p->sums : p->slot_sums);
    for (uint64_t left = alone ? 0 : wanted->active; left; left &= left - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(left) * 64;
        for (uint32_t i = at; i < at + 64; i++) {
            uint32_t sum = (uint32_t)p->sums[i] + p->slot_sums[i];
            p->sums[i] = (uint16_t)(sum > UINT16_MAX ? UINT16_MAX : sum);
        }
    }
    return true;
}

/* Words add together only where both are in the title, and the most where they are beside each other. */
static void sum_pair(struct prune *p, uint32_t slot, uint64_t active, uint64_t *titled, const uint64_t *before)
{
    const struct query *q = p->match->query;
    const struct slot *before_it = slot ? &q->slots[slot - 1] : NULL;
    uint64_t both[WINDOW_WORDS];

    if (!p->match->title.titles || !before_it || before_it->pair <= 0)
        return;
    for (uint32_t i = 0; i < WINDOW_WORDS; i++)
        both[i] = titled[i] & before[i];
    impacts_sum_where(both, active, (uint16_t)units_of_lex(p, before_it->apart), p->sums);
    match_titles(p->match);
    title_narrow_pairs(&p->match->title, slot - 1, active, both);
    impacts_sum_where(both, active, (uint16_t)units_of_lex(p, before_it->pair - before_it->apart), p->sums);
}

static void sum_priors(struct prune *p, uint64_t active)
{
    uint32_t weight = (uint32_t)ceil(p->prior->weight * unit_of(p) * 65536 / UINT16_MAX);

    if (p->priors) {
        prior_bytes_sum(p->priors, p->match->window, active, weight, p->sums);
        return;
    }
    weight = p->prior->key_count ? weight : 0;
    for (uint32_t i = 0; i < WINDOW_DOCS; i++)
        p->sums[i] = (uint16_t)weight;
}

bool prune_values(struct prune *p, const struct mask *wanted)
{
    uint64_t titled[2][WINDOW_WORDS];

    sum_priors(p, wanted->active);
    for (uint32_t i = 0; i < p->match->query->slot_count; i++) {
        if (!sum_slot(p, i, wanted, titled[i % 2]))
            return false;
        sum_pair(p, i, wanted->active, titled[i % 2], titled[1 - i % 2]);
    }
    return true;
}

/* --- who is left --- */
/* Those whose category gives enough. */
static uint64_t with_gain(struct prune *p, uint32_t word, uint64_t left, double needed)
{
    uint64_t out = 0;

    for (; left; left &= left - 1) {
        uint32_t offset = word * 64 + (uint32_t)__builtin_ctzll(left);
        out |= p->sums[offset] + match_gain(p->match, offset) * unit_of(p) >= needed ? left & -left : 0;
    }
    return out;
}

void prune_by_values(struct prune *p, int64_t worst, struct mask *wanted)
{
    /* A slot's largest value and the prior are cut, not rounded up: one unit each. */
    double needed = ((double)worst / 1e6 - 2 * PRUNE_SLACK) * unit_of(p) - 2 - p->match->query->slot_count;
    double gain = match_most_gain(p->match) * unit_of(p), least = needed - gain;
    uint64_t active = wanted->active;

    if (least <= 0)
        return;
    for (MASK_WORDS(wanted, i)) {
        uint64_t left = least > UINT16_MAX ? 0 : wanted->bits[i];
        left &= left ? kernel_in_range(p->sums + i * 64, (uint16_t)least, UINT16_MAX) : 0;
        if (left && gain > 0)
            left = with_gain(p, (uint32_t)i, left, needed);
        wanted->bits[i] = left;
        if (!left)
            active &= ~(1ull << i);
    }
    wanted->active = active;
}

#define BUCKETS 256

void prune_best_values(const struct prune *p, const struct mask *wanted, uint32_t count, struct mask *best)
{
    uint32_t counts[BUCKETS] = {0}, least = BUCKETS, sum = 0;

    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1)
            counts[p->sums[i * 64 + (uint64_t)__builtin_ctzll(x)] >> 8]++;
    }
    while (least > 0 && sum < count)
        sum += counts[--least];
    *best = *wanted;
    for (MASK_WORDS(wanted, k)) {
        best->bits[k] &= kernel_in_range(p->sums + k * 64, (uint16_t)(least << 8), UINT16_MAX);
        if (!best->bits[k])
            best->active &= ~(1ull << k);
    }
}
