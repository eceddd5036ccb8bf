#include "server/query/prune.h"

#include <math.h>
#include <stdlib.h>

#define SLACK 4e-6 /* rounding of scores, and of limits in single precision */

static void shard_release(struct prune_shard *s)
{
    free(s->places);
    free(s->least);
    *s = (struct prune_shard){0};
}

void prune_cache_clear(struct prune_cache *c)
{
    for (uint32_t i = 0; i < PRUNE_SHARDS; i++)
        shard_release(&c->shards[i]);
    impact_cache_clear(&c->impacts);
    *c = (struct prune_cache){0};
}

bool prune_init(struct prune *p, struct match *match, const struct prior *prior, struct prune_cache *cache)
{
    struct arena *arena = match->arena;

    memset(p, 0, sizeof(*p));
    p->match = match;
    p->prior = prior;
    p->cache = cache;
    p->limits = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->limits));
    p->best = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->best));
    p->titled = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->titled));
    p->offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->offsets));
    p->gathered.offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->gathered.offsets));
    p->gathered.facts = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->gathered.facts));
    p->indexes = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->indexes));
    return !arena->failed;
}

/* --- a segment --- */
static void put_places(uint32_t *out, uint64_t fact)
{
    field_id field;

    out[0] = out[1] = score_place(0, 0);
    for (int i = 0; i < 2 && fact; i++) {
        field = (field_id)(__builtin_ctzll(fact) >> 2);
        out[i] = field == SCORE_SIDE_FIELD ? SCORE_SUM : score_place(field, fact_frequency(fact, field));
        fact &= ~(15ull << (4 * field));
        if (out[i] == SCORE_SUM)
            break;
    }
    if (fact || out[1] == SCORE_SUM)
        out[0] = SCORE_SUM;
}

static void keep_least(uint8_t *least, uint8_t length)
{
    /* 0 is no length: as the largest of 8 bits it loses. */
    uint8_t mine = (uint8_t)(length - 1), best = (uint8_t)(*least - 1);

    *least = (uint8_t)((mine < best ? mine : best) + 1);
}

static void find_least(struct prune_shard *s, const struct window *w)
{
    uint8_t *all = s->least + (size_t)s->windows * s->stride;

    for (uint32_t d = 0; d < w->doc_count; d++) {
        uint8_t *least = s->least + (size_t)(d / WINDOW_DOCS) * s->stride;
        const uint8_t *lengths = w->lengths + (size_t)d * s->stride;
        for (uint32_t f = 0; f < s->stride; f++)
            keep_least(&least[f], lengths[f]);
    }
    for (uint32_t i = 0; i < s->windows * s->stride; i++)
        keep_least(&all[i % s->stride], s->least[i]);
}

static void shard_make(struct prune_shard *s, const struct window *w)
{
    size_t facts = (size_t)w->fact_count + 1;

    s->uid = shard_uid(w->shard);
    s->places = xrealloc_array(NULL, 4 * facts, sizeof(*s->places));
    s->flat_places = s->places + 2 * facts;
    for (uint32_t i = 0; i < w->fact_count; i++) {
        put_places(&s->places[2 * (size_t)i], w->facts[i]);
        put_places(&s->flat_places[2 * (size_t)i], fact_flat(w->facts[i]));
    }
    s->stride = w->length_stride;
    s->windows = (w->doc_count + WINDOW_DOCS - 1) / WINDOW_DOCS;
    s->least = xcalloc((size_t)(s->windows + 1) * s->stride + 1, 1);
    find_least(s, w);
}

void prune_segment(struct prune *p)
{
    const struct window *w = p->match->window;
    struct prune_shard *s;

    for (uint32_t i = 0; i < PRUNE_SHARDS; i++) {
        s = &p->cache->shards[i];
        if (s->places && s->uid == shard_uid(w->shard)) {
            p->shard = s;
            return;
        }
    }
    s = &p->cache->shards[p->cache->next++ % PRUNE_SHARDS];
    shard_release(s);
    shard_make(s, w);
    p->shard = s;
}

/* --- a window --- */
static double prior_most(const struct prune *p)
{
    return p->prior->key_count ? p->prior->weight : 0;
}

/* A prefix's facts have frequency 1 in some fields. */
static double most_of_alternative(const struct prune *p, const struct match_alternative *a)
{
    const struct scorer *s = p->match->scorer;
    const struct window *w = p->match->window;
    const uint8_t *least =
        p->shard->least + (size_t)(w->docs ? p->shard->windows : w->base / WINDOW_DOCS) * p->shard->stride;
    double tf = SCORE_SIDE_WEIGHT;

    if (a->cursor_count != 1 || !(a->cursors[0].flat || a->cursors[0].prefix))
        return a->alternative->weight * a->alternative->idf;
    for (uint32_t f = 0; f < p->shard->stride; f++)
        tf += least[f] ? s->norm[f][least[f]] : 0;
    return a->alternative->weight * a->alternative->idf * tf / (s->k1 + tf);
}

/* With what its neighbours may add. */
static double most_with_pair(const struct prune *p, uint32_t slot, const struct match_alternative *a)
{
    return most_of_alternative(p, a) + (title_has(a->alternative) ? p->match->query->slots[slot].pair_limit : 0);
}

static double most_of_slot(const struct prune *p, uint32_t slot)
{
    const struct match_slot *s = &p->match->slots[slot];
    double most = 0;

    for (uint32_t k = 0; k < s->alternative_count; k++) {
        double mine = most_with_pair(p, slot, &s->alternatives[k]);
        most = mine > most ? mine : most;
    }
    return most;
}

/* All documents of the alternative that are wanted. */
static bool alternative_bits(struct prune *p, struct match_alternative *a, const struct mask *wanted, struct mask *out)
{
    struct mask part;

    *out = *wanted;
    for (uint32_t k = 0; k < a->cursor_count; k++) {
        mask_clear(&part);
        if (!cursor_window(&a->cursors[k], p->match->window, 0, wanted, &part))
            return false;
        mask_and(out, &part);
    }
    return true;
}

/* NULL when the alternative's postings are not valued: several lists, a union, a short list, a selection. */
static const uint8_t *values_of(struct prune *p, struct match_alternative *a)
{
    struct cursor *c = &a->cursors[0];
    struct impact_source source = {p->match->scorer, p->match->window,
                                   c->flat ? p->shard->flat_places : p->shard->places,
                                   title_has(a->alternative) ? p->match->title.field : 0, c->flat};

    if (a->valued || p->match->window->docs)
        return p->match->window->docs ? NULL : a->values;
    a->valued = true;
    a->values = a->cursor_count == 1 && !c->prefix && !c->empty ? impacts_of(&p->cache->impacts, c, &source) : NULL;
    return a->values;
}

/* Adds the wanted documents of an alternative; where postings are valued only those that are worth at least least[0],
 * or, with the word in the title, least[1]. */
static bool add_worth(struct prune *p, struct match_alternative *a, const double least[2], const struct mask *wanted,
                      struct mask *out)
{
    double scale = a->alternative->weight * a->alternative->idf;
    const uint8_t values[2] = {impact_of_part(least[0] / scale), impact_of_part(least[1] / scale)};
    const uint8_t *of_rank = values_of(p, a);
    struct mask part;

    if (!of_rank) {
        if (!alternative_bits(p, a, wanted, &part))
            return false;
        mask_or(out, &part);
        return true;
    }
    impacts_window(of_rank, &a->cursors[0], p->match->window, values, out);
    return true;
}

/* Leaves the documents with an alternative of the slot that is worth at least this. */
static bool require(struct prune *p, uint32_t slot, double least, struct mask *wanted)
{
    struct match_slot *s = &p->match->slots[slot];
    struct mask any;

    /* The lists of optional slots were not read for matching. */
    if (!match_slot_bits(p->match, slot))
        return false;
    mask_clear(&any);
    for (uint32_t k = 0; k < s->alternative_count; k++) {
        struct match_alternative *a = &s->alternatives[k];
        double pair = title_has(a->alternative) ? p->match->query->slots[slot].pair_limit : 0;
        const double worth[2] = {least, least - pair};
        if (most_of_alternative(p, a) + pair >= least && !add_worth(p, a, worth, wanted, &any))
            return false;
    }
    mask_and(wanted, &any);
    return true;
}

bool prune_require(struct prune *p, int64_t worst, struct mask *wanted, double *prior)
{
    const struct query *q = p->match->query;
    double most[QUERY_SLOTS], needed = ((double)worst / 1e6 - 2 * SLACK - match_most_gain(p->match)) * q->max_lex;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        most[i] = most_of_slot(p, i);
        needed -= most[i];
    }
    /* needed is now what the prior must add when all words are at their best */
    *prior = needed / q->max_lex;
    for (uint32_t i = 0; i < q->slot_count && wanted->active; i++) {
        double least = needed + most[i] - prior_most(p) * q->max_lex;
        if (least > 0 && !require(p, i, least, wanted))
            return false;
    }
    return true;
}

/* --- limits --- */
static inline float part_of_fact(const struct prune *p, uint64_t fact, const uint8_t *lengths)
{
    double tf = scorer_tf(p->match->scorer, fact, lengths);

    return (float)(tf / (p->match->scorer->k1 + tf));
}

static void zero(const struct prune *p, float *limits)
{
    for (uint32_t i = 0; i < p->count; i++)
        limits[p->offsets[i]] = 0;
}

static float scale_of(const struct prune *p, const struct match_alternative *a)
{
    return (float)(a->alternative->weight * a->alternative->idf / p->match->query->max_lex);
}

/* What an alternative gives a document. Of a slot with several the largest counts. */
static inline void put(struct prune *p, uint16_t offset, float part, bool titled)
{
    if (p->alone) {
        p->limits[offset] += part;
        p->titled[offset] |= titled ? p->slot_bit : 0;
        return;
    }
    p->best[offset] = part > p->best[offset] ? part : p->best[offset];
    p->titled[offset] |= titled ? p->slot_bit : 0;
}

/* One list, as it is in the shard. */
static void add_list(struct prune *p, struct match_alternative *a, const struct mask *wanted)
{
    const struct window *w = p->match->window;
    float k1 = (float)p->match->scorer->k1;
    const uint32_t *places = a->cursors[0].flat ? p->shard->flat_places : p->shard->places;
    uint16_t *offsets = p->gathered.offsets;
    uint32_t n = cursor_gather_indexes(&a->cursors[0], w, wanted, offsets, p->indexes);
    float scale = scale_of(p, a);
    uint64_t title = title_has(a->alternative) ? p->match->title.field : 0;

    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *lengths = w->lengths + (size_t)window_doc(w, offsets[i]) * w->length_stride;
        const uint32_t *place = &places[2 * (size_t)p->indexes[i]];
        uint64_t fact = w->facts[p->indexes[i]];
        float tf, part;
        if (place[0] != SCORE_SUM) {
            tf = score_tf_of_places(p->match->scorer, place, lengths);
            part = tf / (k1 + tf);
        } else {
            part = part_of_fact(p, a->cursors[0].flat ? fact_flat(fact) : fact, lengths);
        }
        put(p, offsets[i], scale * part, fact & title);
    }
}

/* A union of lists. */
static void add_union(struct prune *p, struct match_alternative *a, const struct mask *wanted)
{
    const struct window *w = p->match->window;
    uint32_t n = cursor_gather(&a->cursors[0], w, 0, wanted, &p->gathered);
    float scale = scale_of(p, a);

    for (uint32_t i = 0; i < n; i++) {
        uint16_t offset = p->gathered.offsets[i];
        const uint8_t *lengths = w->lengths + (size_t)window_doc(w, offset) * w->length_stride;
        put(p, offset, scale * part_of_fact(p, p->gathered.facts[i], lengths), false);
    }
}

/* Several words, all of which must be there: at most as if they were everywhere. */
static bool add_words(struct prune *p, struct match_alternative *a, const struct mask *wanted)
{
    float most = scale_of(p, a);
    struct mask all;

    if (!alternative_bits(p, a, wanted, &all))
        return false;
    for (MASK_WORDS(&all, i)) {
        for (uint64_t x = all.bits[i]; x; x &= x - 1)
            put(p, (uint16_t)(i * 64 + (uint64_t)__builtin_ctzll(x)), most, false);
    }
    return true;
}

static bool add_slot(struct prune *p, uint32_t slot, const struct mask *wanted)
{
    struct match_slot *s = &p->match->slots[slot];

    /* The lists of optional slots were not read for matching. */
    if (!match_slot_bits(p->match, slot))
        return false;
    p->slot_bit = 1u << slot;
    p->alone = s->alternative_count == 1;
    if (!p->alone)
        zero(p, p->best);
    for (uint32_t k = 0; k < s->alternative_count; k++) {
        struct match_alternative *a = &s->alternatives[k];
        if (a->cursor_count > 1) {
            if (!add_words(p, a, wanted))
                return false;
        } else if (a->cursors[0].prefix) {
            add_union(p, a, wanted);
        } else {
            add_list(p, a, wanted);
        }
    }
    for (uint32_t i = 0; !p->alone && i < p->count; i++)
        p->limits[p->offsets[i]] += p->best[p->offsets[i]];
    return true;
}

/* What words beside each other may add. */
static void add_pairs(struct prune *p)
{
    const struct title_matcher *title = &p->match->title;

    if (p->match->query->pair_sum <= 0 || !title->titles)
        return;
    match_titles(p->match);
    for (uint32_t i = 0; i < p->count; i++) {
        uint16_t at = p->offsets[i];
        if (p->titled[at] & p->titled[at] >> 1)
            p->limits[at] += (float)(title_limit(title, p->titled[at], at) / p->match->query->max_lex);
    }
}

bool prune_sum(struct prune *p, const struct mask *wanted)
{
    p->count = mask_list(wanted, p->offsets);
    zero(p, p->limits);
    for (uint32_t i = 0; i < p->count; i++)
        p->titled[p->offsets[i]] = 0;
    for (uint32_t i = 0; i < p->match->query->slot_count; i++) {
        if (!add_slot(p, i, wanted))
            return false;
    }
    add_pairs(p);
    return true;
}

/* --- who is left --- */
/* The prior of many documents of the window: mostly one key with codes, whose shares are known. */
struct priors {
    const struct prior *prior;
    struct window *window;
    const uint16_t *codes; /* NULL: ask one by one */
    const double *shares;
};

static struct priors priors_of(const struct prune *p)
{
    const struct prior_key *k = &p->prior->keys[0];
    struct priors out = {.prior = p->prior, .window = p->match->window};

    if (p->prior->key_count != 1 || !k->shares || !k->descending)
        return out;
    window_codes(out.window, k->source);
    if (out.window->sources[k->source].any_changed)
        return out;
    out.codes = out.window->sources[k->source].column->codes;
    out.shares = k->shares;
    return out;
}

static inline double prior_at(const struct priors *p, uint32_t offset)
{
    double x = p->codes ? p->shares[p->codes[window_doc(p->window, offset)]] : (double)NAN;

    return isnan(x) ? prior_of(p->prior, p->window, offset) : p->prior->weight * x;
}

/* What is near is asked first. */
static inline bool add_rest(struct prune *p, const struct priors *priors, uint32_t offset, double needed)
{
    double limit = (double)p->limits[offset], gain_most = match_most_gain(p->match);

    if (limit + gain_most + prior_most(p) < needed)
        return false;
    limit += prior_at(priors, offset);
    if (limit + gain_most < needed)
        return false;
    limit += gain_most > 0 ? match_gain(p->match, offset) : 0;
    p->limits[offset] = (float)limit;
    return limit >= needed;
}

static double needed_for(int64_t worst)
{
    return worst == INT64_MIN ? -1 : (double)worst / 1e6 - 2 * SLACK;
}

void prune_total(struct prune *p, int64_t worst, struct mask *wanted)
{
    double needed = needed_for(worst);
    struct priors priors = priors_of(p);
    uint64_t active = wanted->active;

    for (MASK_WORDS(wanted, i)) {
        uint64_t kept = 0;
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(x);
            kept |= (uint64_t)add_rest(p, &priors, (uint32_t)i * 64 + bit, needed) << bit;
        }
        wanted->bits[i] = kept;
        if (!kept)
            active &= ~(1ull << i);
    }
    wanted->active = active;
}

void prune_narrow(const struct prune *p, int64_t worst, struct mask *wanted)
{
    float needed = (float)(needed_for(worst) - SLACK);
    uint64_t active = wanted->active;

    for (MASK_WORDS(wanted, i)) {
        uint64_t kept = 0;
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(x);
            kept |= (uint64_t)(p->limits[i * 64 + bit] >= needed) << bit;
        }
        wanted->bits[i] = kept;
        if (!kept)
            active &= ~(1ull << i);
    }
    wanted->active = active;
}

#define BUCKETS 256

/* By how large the limits are, in buckets; the best buckets are taken whole. */
void prune_best(struct prune *p, const struct mask *wanted, uint32_t count, struct mask *best)
{
    float scale = (float)((BUCKETS - 1) / (1 + prior_most(p)));
    uint32_t counts[BUCKETS] = {0}, least = BUCKETS, sum = 0;
    uint8_t *buckets = (uint8_t *)p->gathered.offsets;

    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            uint32_t bucket = (uint32_t)(p->limits[offset] * scale);
            buckets[offset] = (uint8_t)(bucket < BUCKETS ? bucket : BUCKETS - 1);
            counts[buckets[offset]]++;
        }
    }
    while (least > 0 && sum < count)
        sum += counts[--least];
    mask_clear(best);
    for (MASK_WORDS(wanted, k)) {
        uint64_t in = 0;
        for (uint64_t x = wanted->bits[k]; x; x &= x - 1) {
            uint32_t bit = (uint32_t)__builtin_ctzll(x);
            in |= (uint64_t)(buckets[k * 64 + bit] >= least) << bit;
        }
        best->bits[k] = in;
        best->active |= (uint64_t)(in != 0) << k;
    }
}
