#include "server/query/prune.h"

#include <math.h>
#include <stdlib.h>

#define SLACK 4e-6 /* rounding of scores, and of limits in single precision */

void prune_cache_clear(struct prune_cache *c)
{
    for (uint32_t i = 0; i < PRUNE_SHARDS; i++)
        free(c->shards[i].least);
    *c = (struct prune_cache){0};
}

bool prune_init(struct prune *p, struct match *match, const struct prior *prior, struct prune_cache *cache)
{
    struct arena *arena = match->arena;

    memset(p, 0, sizeof(*p));
    p->match = match;
    p->prior = prior;
    p->cache = cache;
    p->limits = arena_alloc(arena, WINDOW_DOCS * sizeof(float));
    p->slot_limits = arena_alloc(arena, WINDOW_DOCS * sizeof(float));
    p->least = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->least));
    p->indexes = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->indexes));
    p->offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->offsets));
    return !arena->failed;
}

/* --- a segment --- */
static void keep_least(uint8_t *least, uint8_t length)
{
    /* 0 is no length: as the largest of 8 bits it loses. */
    uint8_t mine = (uint8_t)(length - 1), best = (uint8_t)(*least - 1);

    *least = (uint8_t)((mine < best ? mine : best) + 1);
}

static void find_least(struct prune_lengths *l, const struct window *w)
{
    uint8_t *all = l->least + (size_t)l->windows * l->stride;

    for (uint32_t d = 0; d < w->doc_count; d++) {
        uint8_t *least = l->least + (size_t)(d / WINDOW_DOCS) * l->stride;
        const uint8_t *lengths = w->lengths + (size_t)d * l->stride;
        for (uint32_t f = 0; f < l->stride; f++)
            keep_least(&least[f], lengths[f]);
    }
    for (uint32_t i = 0; i < l->windows * l->stride; i++)
        keep_least(&all[i % l->stride], l->least[i]);
}

static const struct prune_lengths *lengths_of(struct prune *p)
{
    const struct window *w = p->match->window;
    uint64_t uid = shard_uid(w->shard);
    struct prune_lengths *l;

    for (uint32_t i = 0; i < PRUNE_SHARDS; i++) {
        l = &p->cache->shards[i];
        if (l->least && l->shard_uid == uid)
            return l;
    }
    l = &p->cache->shards[p->cache->next++ % PRUNE_SHARDS];
    free(l->least);
    l->shard_uid = uid;
    l->stride = w->length_stride;
    l->windows = (w->doc_count + WINDOW_DOCS - 1) / WINDOW_DOCS;
    l->least = xcalloc((size_t)(l->windows + 1) * l->stride + 1, 1);
    find_least(l, w);
    return l;
}

/* The least cell from which on the first key, all others at their best, gives a share of the prior's weight. */
static int64_t cell_of_share(const struct prior_key *k, const struct number_column *c, double share)
{
    double x = (share - (1 - k->weight)) / k->weight - 1e-9, value;

    if (x <= 0)
        return NUMBER_MISSING; /* documents without a value, too */
    if (x >= 1 || k->scale <= 0)
        x = k->scale <= 0 ? 2 : 1 - 1e-9;
    if (x > 1)
        return INT64_MAX;
    value = k->low + expm1(x / k->scale);
    if (c->is_double)
        return number_cell_of_double(value);
    for (uint8_t i = 0; i < c->scale; i++)
        value *= 10;
    return fabs(value) < 9e15 ? (int64_t)floor(value) - 1 : NUMBER_MISSING;
}

bool prune_segment(struct prune *p)
{
    struct window *w = p->match->window;
    const struct prior_key *k = &p->prior->keys[0];

    p->lengths = lengths_of(p);
    memset(p->memos, 0, sizeof(p->memos));
    p->by_cell = p->prior->key_count > 0 && p->prior->weight > 0 && !k->stock && k->descending &&
                 k->source != UINT32_MAX && w->sources[k->source].column->kind == NUMBER_COLUMN_DENSE;
    for (uint32_t i = 0; p->by_cell && i <= PRUNE_LEVELS; i++)
        p->cells[i] = cell_of_share(k, w->sources[k->source].column, (double)i / PRUNE_LEVELS);
    return true;
}

/* --- limits --- */
static double limit_of_fact(const struct prune *p, const struct alternative *a, uint64_t fact)
{
    const struct scorer *s = p->match->scorer;
    const struct window *w = p->match->window;
    const uint8_t *least =
        p->lengths->least + (size_t)(w->docs ? p->lengths->windows : w->base / WINDOW_DOCS) * p->lengths->stride;
    double tf = SCORE_SIDE_WEIGHT * (double)(fact >> 60);

    for (fact &= ~0ull >> 4; fact;) {
        unsigned field = (unsigned)__builtin_ctzll(fact) >> 2;
        uint32_t frequency = fact_frequency(fact, (field_id)field);
        uint8_t code = least[field], own = length_encode(frequency);
        tf += (double)frequency * s->norm[field][code > own ? code : own];
        fact &= ~(15ull << (4 * field));
    }
    return a->weight * a->idf * tf / (s->k1 + tf) / p->match->query->max_lex;
}

/* With a lexical score of at most `limit`, the least cell that could reach `needed`: NUMBER_MISSING when any would do,
 * INT64_MAX when none. */
static int64_t cell_needed(const struct prune *p, double limit, double needed)
{
    double share = needed - limit;

    if (share <= 0)
        return NUMBER_MISSING;
    if (p->prior->key_count == 0 || share > p->prior->weight)
        return INT64_MAX;
    return p->by_cell ? p->cells[(uint32_t)(share / p->prior->weight * PRUNE_LEVELS)] : NUMBER_MISSING;
}

static bool memo_open(struct prune *p, struct prune_memo *memo)
{
    uint32_t count = p->match->window->fact_count + 1;

    if (memo->stamps)
        return true;
    memo->stamps = ARENA_ARRAY(p->match->arena, uint32_t, count);
    memo->limits = arena_alloc(p->match->arena, count * sizeof(*memo->limits));
    memo->cells = arena_alloc(p->match->arena, count * sizeof(*memo->cells));
    return memo->stamps && memo->limits && memo->cells;
}

static inline void memo_ask(struct prune *p, struct prune_memo *memo, const struct match_alternative *a, uint32_t index,
                            double needed)
{
    if (memo->stamps[index] == p->stamp)
        return;
    uint64_t fact = p->match->window->facts[index];
    double limit = limit_of_fact(p, a->alternative, a->cursors[0].flat ? fact_flat(fact) : fact);
    memo->stamps[index] = p->stamp;
    memo->limits[index] = (float)limit;
    memo->cells[index] = cell_needed(p, limit + SLACK, needed);
}

/* Whether an alternative's facts have indexes: one list, as it is in the shard. */
static bool is_plain(const struct match_alternative *a)
{
    return a->cursor_count == 1 && !a->cursors[0].prefix;
}

/* The documents that pass on their own, and those that need a cell. */
struct sorted_out {
    struct mask kept;
    struct mask asked;
};

/* Keeps of the asked documents those whose cell reaches p->least. */
static bool ask_cells(struct prune *p, struct sorted_out *s)
{
    struct window *w = p->match->window;
    const int64_t *cells;

    if (!s->asked.active)
        return true;
    if (!window_load(w, p->prior->keys[0].source, &s->asked))
        return false;
    cells = w->sources[p->prior->keys[0].source].cells;
    for (MASK_WORDS(&s->asked, i)) {
        uint64_t kept = 0;
        for (uint64_t x = s->asked.bits[i]; x; x &= x - 1) {
            uint64_t offset = i * 64 + (uint64_t)__builtin_ctzll(x);
            kept |= cells[offset] >= p->least[offset] ? x & -x : 0;
        }
        s->kept.bits[i] |= kept;
        s->kept.active |= (uint64_t)(kept != 0) << i;
    }
    return true;
}

static inline void sort_out(struct prune *p, struct sorted_out *s, uint32_t offset, int64_t least)
{
    if (least == NUMBER_MISSING) {
        mask_set(&s->kept, offset);
    } else if (least != INT64_MAX) {
        p->least[offset] = least;
        mask_set(&s->asked, offset);
    }
}

/* --- one slot --- */
/* Adds to `kept` the documents that this alternative could bring in. */
static bool keep_by_alternative(struct prune *p, uint32_t number, double needed, const struct mask *wanted,
                                struct mask *kept)
{
    struct match *m = p->match;
    struct match_slot *slot = &m->slots[p->match->query->required[0]];
    struct match_alternative *a = &slot->alternatives[number];
    struct prune_memo *memo = &p->memos[0][number];
    struct sorted_out s;

    if (!memo_open(p, memo))
        return false;
    mask_clear(&s.kept);
    mask_clear(&s.asked);
    uint32_t n = cursor_gather_indexes(&a->cursors[0], m->window, wanted, p->offsets, p->indexes);
    for (uint32_t i = 0; i < n; i++) {
        memo_ask(p, memo, a, p->indexes[i], needed);
        sort_out(p, &s, p->offsets[i], memo->cells[p->indexes[i]]);
    }
    if (!ask_cells(p, &s))
        return false;
    mask_or(kept, &s.kept);
    return true;
}

static bool prune_one_slot(struct prune *p, double needed, struct mask *wanted)
{
    struct match *m = p->match;
    struct match_slot *slot = &m->slots[m->query->required[0]];
    struct mask kept;

    mask_clear(&kept);
    for (uint32_t i = 0; i < slot->alternative_count; i++) {
        struct match_alternative *a = &slot->alternatives[i];
        double most = a->alternative->weight * a->alternative->idf / m->query->max_lex;
        if (cell_needed(p, most + SLACK, needed) == INT64_MAX)
            continue;
        if (is_plain(a)) {
            if (!keep_by_alternative(p, i, needed, wanted, &kept))
                return false;
            continue;
        }
        /* Several lists, or a union without fact indexes: all of its documents stay. */
        struct mask all = *wanted, part;
        for (uint32_t k = 0; k < a->cursor_count; k++) {
            mask_clear(&part);
            if (!cursor_window(&a->cursors[k], m->window, 0, wanted, &part))
                return false;
            mask_and(&all, &part);
        }
        mask_or(&kept, &all);
    }
    *wanted = kept;
    return true;
}

/* --- several slots: the sum of the slots' limits, by document --- */
static bool add_alternative(struct prune *p, uint32_t slot, uint32_t number, const struct mask *wanted)
{
    struct match *m = p->match;
    struct match_alternative *a = &m->slots[slot].alternatives[number];
    struct prune_memo *memo = &p->memos[slot][number];

    if (!is_plain(a)) {
        float most = (float)(a->alternative->weight * a->alternative->idf / m->query->max_lex);
        struct mask all = *wanted, part;
        for (uint32_t k = 0; k < a->cursor_count; k++) {
            mask_clear(&part);
            if (!cursor_window(&a->cursors[k], m->window, 0, wanted, &part))
                return false;
            mask_and(&all, &part);
        }
        uint32_t n = mask_list(&all, p->offsets);
        for (uint32_t i = 0; i < n; i++) {
            float *limit = &p->slot_limits[p->offsets[i]];
            *limit = most > *limit ? most : *limit;
        }
        return true;
    }
    if (!memo_open(p, memo))
        return false;
    uint32_t n = cursor_gather_indexes(&a->cursors[0], m->window, wanted, p->offsets, p->indexes);
    for (uint32_t i = 0; i < n; i++) {
        float *limit = &p->slot_limits[p->offsets[i]];
        memo_ask(p, memo, a, p->indexes[i], 0);
        *limit = memo->limits[p->indexes[i]] > *limit ? memo->limits[p->indexes[i]] : *limit;
    }
    return true;
}

static void zero(float *limits, const struct mask *wanted)
{
    for (MASK_WORDS(wanted, i))
        memset(limits + i * 64, 0, 64 * sizeof(*limits));
}

static bool add_slot(struct prune *p, uint32_t slot, const struct mask *wanted)
{
    /* The lists of optional slots were not read for matching. */
    if (!match_slot_bits(p->match, slot))
        return false;
    zero(p->slot_limits, wanted);
    for (uint32_t k = 0; k < p->match->slots[slot].alternative_count; k++) {
        if (!add_alternative(p, slot, k, wanted))
            return false;
    }
    for (MASK_WORDS(wanted, i)) {
        for (uint32_t k = 0; k < 64; k++)
            p->limits[i * 64 + k] += p->slot_limits[i * 64 + k];
    }
    return true;
}

static bool prune_slots(struct prune *p, double needed, struct mask *wanted)
{
    struct sorted_out s;

    zero(p->limits, wanted);
    for (uint32_t i = 0; i < p->match->query->slot_count; i++) {
        if (!add_slot(p, i, wanted))
            return false;
    }
    mask_clear(&s.kept);
    mask_clear(&s.asked);
    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            sort_out(p, &s, offset, cell_needed(p, (double)p->limits[offset] + SLACK, needed));
        }
    }
    if (!ask_cells(p, &s))
        return false;
    *wanted = s.kept;
    return true;
}

bool prune_window(struct prune *p, int64_t worst, struct mask *wanted)
{
    double needed = (double)worst / 1e6 - SLACK;

    p->stamp++;
    if (p->match->query->slot_count == 1 && p->match->query->required_count == 1)
        return prune_one_slot(p, needed, wanted);
    return prune_slots(p, needed, wanted);
}
