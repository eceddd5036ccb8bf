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
/* The least of the column's codes whose value is at least cell; value_count when there is none. */
static uint32_t code_of_cell(const struct number_column *c, int64_t cell)
{
    uint32_t low = 0, high = c->value_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->values[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The code that a fact's documents need, remembered in place of the cell. */
static inline int64_t code_needed(struct prune *p, struct prune_memo *memo, const struct match_alternative *a,
                                  uint32_t index, double needed)
{
    if (memo->stamps[index] != p->stamp) {
        const struct window *w = p->match->window;
        memo_ask(p, memo, a, index, needed);
        memo->cells[index] = memo->cells[index] == INT64_MAX
                                 ? INT64_MAX
                                 : code_of_cell(w->sources[p->prior->keys[0].source].column, memo->cells[index]);
    }
    return memo->cells[index];
}

/* A dense list in a run of documents whose first key has codes: one comparison a document, without lists in between. */
static void keep_by_codes(struct prune *p, uint32_t number, double needed, const struct mask *wanted, struct mask *kept)
{
    struct match_alternative *a = &p->match->slots[p->match->query->required[0]].alternatives[number];
    struct prune_memo *memo = &p->memos[0][number];
    const struct window *w = p->match->window;
    const uint16_t *codes = w->sources[p->prior->keys[0].source].column->codes + w->base;
    const struct postings *list = &a->cursors[0].postings;
    uint32_t rank = list->block_ranks[w->base / WINDOW_DOCS], words = (w->count + 63) / 64;

    for (uint32_t i = 0; i < words; i++) {
        uint64_t have = list->bits[w->base / 64 + i], out = 0, asked = have & wanted->bits[i];
        for (uint64_t x = asked; x; x &= x - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(x);
            uint32_t at = asked == have ? rank++ : rank + (uint32_t)__builtin_popcountll(have & ((1ull << bit) - 1));
            uint32_t fact = cursor_dense_fact(list, at);
            bool in = fact < w->fact_count && codes[i * 64 + bit] >= code_needed(p, memo, a, fact, needed);
            out |= (uint64_t)in << bit;
        }
        rank += asked == have ? 0 : (uint32_t)__builtin_popcountll(have);
        kept->bits[i] |= out;
        kept->active |= (uint64_t)(out != 0) << i;
    }
}

/* Whether keep_by_codes can be used; the window's codes are read then. */
static bool codes_usable(struct prune *p, const struct match_alternative *a)
{
    struct window *w = p->match->window;
    uint32_t source = p->prior->keys[0].source;

    if (w->docs || !a->cursors[0].postings.bits || !w->sources[source].column->codes)
        return false;
    window_codes(w, source);
    return !w->sources[source].any_changed;
}

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
    if (codes_usable(p, a)) {
        keep_by_codes(p, number, needed, wanted, kept);
        return true;
    }
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
    float pair = (float)(p->match->query->slots[slot].pair_limit / p->match->query->max_lex);
    for (MASK_WORDS(wanted, i)) {
        for (uint32_t k = 0; k < 64; k++) {
            float mine = p->slot_limits[i * 64 + k];
            p->limits[i * 64 + k] += mine > 0 ? mine + pair : 0;
        }
    }
    return true;
}

/* The lexical limits of the wanted, in p->limits. */
static bool add_slots(struct prune *p, const struct mask *wanted)
{
    zero(p->limits, wanted);
    for (uint32_t i = 0; i < p->match->query->slot_count; i++) {
        if (!add_slot(p, i, wanted))
            return false;
    }
    if (match_most_gain(p->match) > 0) {
        for (MASK_WORDS(wanted, k)) {
            for (uint64_t x = wanted->bits[k]; x; x &= x - 1) {
                uint32_t offset = (uint32_t)k * 64 + (uint32_t)__builtin_ctzll(x);
                p->limits[offset] += (float)match_gain(p->match, offset);
            }
        }
    }
    return true;
}

/* With the prior where the lexical limit alone does not decide. */
static bool prune_slots(struct prune *p, double needed, struct mask *wanted)
{
    double most = p->prior->key_count ? p->prior->weight : 0;
    uint64_t active = wanted->active;

    if (!add_slots(p, wanted))
        return false;
    for (MASK_WORDS(wanted, i)) {
        uint64_t kept = 0;
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            double limit = (double)p->limits[offset] + SLACK;
            if (limit >= needed ||
                (limit + most >= needed && limit + prior_of(p->prior, p->match->window, offset) >= needed))
                kept |= x & -x;
        }
        wanted->bits[i] = kept;
        if (!kept)
            active &= ~(1ull << i);
    }
    wanted->active = active;
    return true;
}

#define SEED_BUCKETS 256

/* By how large the limits are, in buckets; the best buckets are taken whole. */
bool prune_seeds(struct prune *p, const struct mask *wanted, uint32_t count, struct mask *seeds)
{
    double most = 1 + (p->prior->key_count ? p->prior->weight : 0);
    float scale = (float)((SEED_BUCKETS - 1) / most);
    uint32_t counts[SEED_BUCKETS] = {0}, least = SEED_BUCKETS, sum = 0;

    p->stamp++;
    if (!add_slots(p, wanted))
        return false;
    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            float total = p->limits[offset] + (float)prior_of(p->prior, p->match->window, offset);
            uint32_t bucket = (uint32_t)(total * scale);
            bucket = bucket < SEED_BUCKETS ? bucket : SEED_BUCKETS - 1;
            p->offsets[offset] = (uint16_t)bucket;
            counts[bucket]++;
        }
    }
    while (least > 0 && sum < count)
        sum += counts[--least];
    mask_clear(seeds);
    for (MASK_WORDS(wanted, k)) {
        for (uint64_t x = wanted->bits[k]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)k * 64 + (uint32_t)__builtin_ctzll(x);
            if (p->offsets[offset] >= least)
                mask_set(seeds, offset);
        }
    }
    return true;
}

bool prune_window(struct prune *p, int64_t worst, struct mask *wanted)
{
    double needed = (double)worst / 1e6 - SLACK;

    p->stamp++;
    if (p->match->query->slot_count == 1 && p->match->query->required_count == 1 && p->by_cell)
        return prune_one_slot(p, needed, wanted);
    return prune_slots(p, needed, wanted);
}
