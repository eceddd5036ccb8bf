#include "server/query/prune_internal.h"

#include <math.h>
#include <stdlib.h>

static void shard_release(struct prune_shard *s)
{
    free(s->places);
    free(s->least);
    free(s->known);
    *s = (struct prune_shard){0};
}

void prune_cache_clear(struct prune_cache *c)
{
    for (uint32_t i = 0; i < PRUNE_SHARDS; i++)
        shard_release(&c->shards[i]);
    impact_cache_clear(&c->impacts);
    prior_byte_cache_clear(&c->priors);
    *c = (struct prune_cache){0};
}

bool prune_init(struct prune *p, struct match *match, const struct prior *prior, struct prune_cache *cache)
{
    struct arena *arena = match->arena;

    memset(p, 0, sizeof(*p));
    p->match = match;
    p->prior = prior;
    p->cache = cache;
    impact_cache_begin(&cache->impacts);
    p->limits = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->limits));
    p->best = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->best));
    p->titled = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->titled));
    p->offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->offsets));
    p->gathered.offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->gathered.offsets));
    p->gathered.facts = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->gathered.facts));
    p->indexes = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->indexes));
    p->bytes = arena_alloc(arena, WINDOW_DOCS);
    p->sums = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->sums));
    p->slot_sums = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->slot_sums));
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

/* The shortest lengths of a window. */
static const uint8_t *least_of(const struct prune_shard *s, const struct window *w, doc_id base)
{
    uint8_t *least = s->least + (size_t)(base / WINDOW_DOCS) * s->stride;

    for (doc_id d = base; !s->known[base / WINDOW_DOCS] && d < w->doc_count && d - base < WINDOW_DOCS; d++) {
        for (uint32_t f = 0; f < s->stride; f++)
            keep_least(&least[f], w->lengths[(size_t)d * s->stride + f]);
    }
    s->known[base / WINDOW_DOCS] = true;
    return least;
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
    s->windows = w->doc_count / WINDOW_DOCS + 1;
    s->least = xcalloc((size_t)s->windows * s->stride + 1, 1);
    s->known = xcalloc(s->windows, sizeof(*s->known));
}

void prune_segment(struct prune *p)
{
    const struct window *w = p->match->window;
    struct prune_shard *s;

    p->in_words_known = false;
    p->priors = prior_bytes_of(&p->cache->priors, p->prior, w);
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
static doc_id window_of(const struct prune *p)
{
    return p->match->window->docs ? PRUNE_WHOLE : p->match->window->base;
}

double prune_prior_most(const struct prune *p, doc_id base)
{
    if (p->priors && base != PRUNE_WHOLE)
        return prior_bytes_most(p->priors, p->match->window, base);
    return p->prior->key_count ? p->prior->weight : 0;
}

const struct impact_list *prune_list_values(struct prune *p, struct cursor *c, uint64_t title)
{
    struct impact_source source = {p->match->scorer, p->match->window,
                                   c->flat ? p->shard->flat_places : p->shard->places, title, c->flat};

    if (p->match->window->docs || c->prefix || c->empty)
        return NULL;
    if (!c->valued)
        c->impacts = impacts_of(&p->cache->impacts, c, &source);
    c->valued = true;
    return c->impacts;
}

const struct impact_list *prune_alternative_values(struct prune *p, struct match_alternative *a)
{
    uint64_t title = title_has(a->alternative) ? p->match->title.field : 0;

    return a->cursor_count == 1 ? prune_list_values(p, &a->cursors[0], title) : NULL;
}

/* What a word is worth where frequencies count as 1 and titles and texts are as short as here. */
static double most_of_flat(struct prune *p, doc_id base)
{
    const struct scorer *s = p->match->scorer;
    const uint8_t *least = base == PRUNE_WHOLE ? NULL : least_of(p->shard, p->match->window, base);
    double tf = SCORE_SIDE_WEIGHT;

    for (uint32_t f = 0; f < p->shard->stride; f++)
        tf += !least ? s->norm[f][1] : least[f] ? s->norm[f][least[f]] : 0;
    return tf / (s->k1 + tf);
}

static double most_of_alternative(struct prune *p, struct match_alternative *a, doc_id base)
{
    const struct impact_list *list = prune_alternative_values(p, a);
    double scale = a->alternative->weight * a->alternative->idf;

    if (list)
        return scale * (base == PRUNE_WHOLE ? list->most : list->window[base / WINDOW_DOCS]) / IMPACT_MOST;
    return a->cursor_count == 1 && (a->cursors[0].flat || a->cursors[0].prefix) ? scale * most_of_flat(p, base) : scale;
}

/* What words near each other may add where the slot has one of its alternatives in the title, whichever that is; `but`
 * is not counted. */
static double most_of_near(const struct prune *p, uint32_t slot, const struct match_alternative *but)
{
    const struct match_slot *s = &p->match->slots[slot];

    for (uint32_t k = 0; k < s->alternative_count; k++) {
        if (&s->alternatives[k] != but && title_has(s->alternatives[k].alternative))
            return p->match->query->slots[slot].pair_limit;
    }
    return 0;
}

double prune_most_of_part(struct prune *p, uint32_t slot, struct match_alternative *a, doc_id base)
{
    double most = most_of_alternative(p, a, base);

    return most > 0 ? most + title_named(p->match->query, slot, a->alternative) : 0;
}

double prune_most_of_slot(struct prune *p, uint32_t slot, doc_id base)
{
    struct match_slot *s = &p->match->slots[slot];
    double most = 0, near = 0;

    for (uint32_t k = 0; k < s->alternative_count; k++) {
        double mine = prune_most_of_part(p, slot, &s->alternatives[k], base);
        most = mine > most ? mine : most;
        if (mine > 0 && title_has(s->alternatives[k].alternative))
            near = p->match->query->slots[slot].pair_limit;
    }
    return most + near;
}

bool prune_alternative_bits(struct prune *p, struct match_alternative *a, const struct mask *wanted, struct mask *out)
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

/* What a document must have: limits are in units of lex, before it is divided. */
struct demand {
    double least;    /* of the slot at hand and the prior together, everything else at its best */
    double in_prior; /* the prior at its best */
    const struct mask *wanted;
};

/* Adds the wanted documents of an alternative that may meet the demand. */
static bool add_able(struct prune *p, uint32_t slot, struct match_alternative *a, const struct demand *d,
                     struct mask *able)
{
    double named = title_named(p->match->query, slot, a->alternative), untitled = most_of_near(p, slot, a);
    double titled = named + most_of_near(p, slot, title_has(a->alternative) ? NULL : a);
    double scale = a->alternative->weight * a->alternative->idf, worth = d->least - d->in_prior;
    double most = most_of_alternative(p, a, window_of(p)) + titled;
    const struct impact_list *list = most >= worth && worth > 0 ? prune_alternative_values(p, a) : NULL;
    struct mask part;

    if (most < worth)
        return true;
    if (list) {
        const uint8_t least[2] = {impact_of_part((worth - untitled) / scale), impact_of_part((worth - titled) / scale)};
        mask_clear(&part);
        impacts_window(list->values, &a->cursors[0], p->match->window, least, &part);
    } else if (!prune_alternative_bits(p, a, d->wanted, &part)) {
        return false;
    }
    if (d->least > most)
        prior_narrow(p->prior, p->match->window, (d->least - most) / p->match->query->max_lex, &part);
    mask_or(able, &part);
    return true;
}

/* Those without the slot, too, where there are such. */
static bool require(struct prune *p, uint32_t slot, const struct demand *d, struct mask *wanted)
{
    const struct match_slot *s = &p->match->slots[slot];
    struct mask able, without = *wanted;

    /* The lists of optional slots were not read for matching. */
    if (!match_slot_bits(p->match, slot))
        return false;
    mask_clear(&able);
    for (uint32_t k = 0; k < s->alternative_count; k++) {
        if (!add_able(p, slot, &s->alternatives[k], d, &able))
            return false;
    }
    mask_and(&able, wanted);
    mask_and_not(&without, &s->bits);
    *wanted = able;
    if (without.active && d->least <= d->in_prior) {
        prior_narrow(p->prior, p->match->window, d->least / p->match->query->max_lex, &without);
        mask_or(wanted, &without);
    }
    return true;
}

bool prune_require(struct prune *p, int64_t worst, struct mask *wanted)
{
    const struct query *q = p->match->query;
    double most[QUERY_SLOTS], needed = ((double)worst / 1e6 - 2 * PRUNE_SLACK - match_most_gain(p->match)) * q->max_lex;

    double in_prior = prune_prior_most(p, window_of(p)) * q->max_lex;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        most[i] = prune_most_of_slot(p, i, window_of(p));
        needed -= most[i];
    }
    if (needed > in_prior)
        mask_clear(wanted);
    for (uint32_t i = 0; i < q->slot_count && wanted->active; i++) {
        struct demand d = {needed + most[i], in_prior, wanted};
        if (d.least > 0 && !require(p, i, &d, wanted))
            return false;
    }
    return true;
}

/* --- limits --- */
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
static void add_list(struct prune *p, uint32_t slot, struct match_alternative *a, const struct mask *wanted)
{
    const struct window *w = p->match->window;
    const uint32_t *places = a->cursors[0].flat ? p->shard->flat_places : p->shard->places;
    uint16_t *offsets = p->gathered.offsets;
    uint32_t n = cursor_gather_indexes(&a->cursors[0], w, wanted, offsets, p->indexes);
    float scale = scale_of(p, a);
    uint64_t title = title_has(a->alternative) ? p->match->title.field : 0;
    float named = (float)(title_named(p->match->query, slot, a->alternative) / p->match->query->max_lex);

    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *lengths = w->lengths + (size_t)window_doc(w, offsets[i]) * w->length_stride;
        uint64_t fact = w->facts[p->indexes[i]], counted = a->cursors[0].flat ? fact_flat(fact) : fact;
        float part = prune_part(p, &places[2 * (size_t)p->indexes[i]], counted, lengths);
        put(p, offsets[i], scale * part + (fact & title ? named : 0), fact & title);
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
        put(p, offset, scale * prune_part(p, (const uint32_t[2]){SCORE_SUM}, p->gathered.facts[i], lengths), false);
    }
}

/* Several words, all of which must be there: at most as if they were everywhere. */
static bool add_words(struct prune *p, struct match_alternative *a, const struct mask *wanted)
{
    float most = scale_of(p, a);
    struct mask all;

    if (!prune_alternative_bits(p, a, wanted, &all))
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
            add_list(p, slot, a, wanted);
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

    if (limit + gain_most + (p->prior->key_count ? p->prior->weight : 0) < needed)
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
    return worst == INT64_MIN ? -1 : (double)worst / 1e6 - 2 * PRUNE_SLACK;
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
    float needed = (float)(needed_for(worst) - PRUNE_SLACK);
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
    float scale = (float)((BUCKETS - 1) / (1 + p->prior->weight));
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
