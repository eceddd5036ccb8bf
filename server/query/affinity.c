#include "server/query/affinity.h"

#include <stdlib.h>

#include "indexer/base/vec.h"

static attr_id category_of(const struct snapshot *snapshot)
{
    struct str name = snapshot->settings->role_attribute[ROLE_CATEGORY];
    attr_id attr = name.size ? dictionary_attr_find(snapshot->dictionary, name) : ATTR_NONE;

    return attr != ATTR_NONE && attr < snapshot->attr_count ? attr : ATTR_NONE;
}

double affinity_limit(const struct query *q, double idf_sum)
{
    uint32_t words = 0;

    for (uint32_t i = 0; i < q->slot_count; i++)
        words += !q->slots[i].stop;
    return words > 1 && category_of(q->snapshot) != ATTR_NONE ? AFFINITY_WEIGHT * idf_sum : 0;
}

/* --- one word in a segment --- */
/* Documents that the word stands in. */
struct sample {
    const struct facet_column *column;
    uint32_t count;
    doc_id docs[AFFINITY_WHOLE];
    uint32_t facts[AFFINITY_WHOLE];
};

static bool add_doc(struct sample *s, doc_id doc, uint32_t fact)
{
    if (s->count == AFFINITY_WHOLE)
        return false;
    s->docs[s->count] = doc;
    s->facts[s->count++] = fact;
    return true;
}

/* Every so many postings, of every so many blocks. */
static void sample_packed(struct sample *s, const struct postings *p)
{
    enum { BLOCKS = AFFINITY_SAMPLE / 16 };
    uint32_t stride = (p->block_count + BLOCKS - 1) / BLOCKS, step = POSTINGS_BLOCK / 16;
    doc_id docs[POSTINGS_BLOCK];
    uint32_t facts[POSTINGS_BLOCK];

    if (p->df <= AFFINITY_WHOLE)
        stride = step = 1;
    for (uint32_t b = 0; b < p->block_count; b += stride) {
        uint32_t n = postings_block(p, b, docs, facts);
        for (uint32_t i = 0; i < n && add_doc(s, docs[i], facts[i]); i += step) {
        }
    }
}

/* Of every so many words of the bitmap the first document. */
static void sample_dense(struct sample *s, const struct postings *p, uint32_t doc_count)
{
    bool whole = p->df <= AFFINITY_WHOLE;
    uint32_t words = (doc_count + 63) / 64, stride = whole ? 1 : words / AFFINITY_SAMPLE + 1;

    for (uint32_t w = 0; w < words; w += stride) {
        for (uint64_t x = p->bits[w]; x; x = whole ? x & (x - 1) : 0) {
            doc_id doc = w * 64 + (doc_id)__builtin_ctzll(x);
            (void)add_doc(s, doc, postings_dense_fact(p, doc));
        }
    }
}

/* Leaves those whose fact has one of the fields. */
static void sample_narrow(struct sample *s, const struct shard *shard, uint64_t fields)
{
    uint32_t fact_count, kept = 0;
    const uint64_t *facts = shard_facts(shard, &fact_count);

    for (uint32_t i = 0; i < s->count; i++) {
        s->docs[kept] = s->docs[i];
        kept += s->facts[i] < fact_count && (facts[s->facts[i]] & fields);
    }
    s->count = kept;
}

/* Places and lists are far apart: all are asked for before the first is needed. */
static void sample_prefetch(const struct sample *s)
{
    const struct facet_column *c = s->column;

    if (c->kind != FACET_COLUMN_MULTI)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        __builtin_prefetch(c->lists ? (const void *)&c->lists[s->docs[i]] : (const void *)&c->offsets[s->docs[i]]);
    for (uint32_t i = 0; i < s->count; i++)
        __builtin_prefetch(&c->list[c->offsets[facet_list(c, s->docs[i])]]);
}

static int compare_codes(const void *a, const void *b)
{
    facet_code x = *(const facet_code *)a, y = *(const facet_code *)b;

    return (x > y) - (x < y);
}

/* How many of the sample's documents have each code below code_count. */
static void tally_sample(struct affinity_tally *t, const struct sample *s, uint32_t code_count)
{
    VEC(facet_code) all = {0};

    for (uint32_t i = 0; i < s->count; i++) {
        facet_code one;
        uint32_t n;
        const facet_code *codes = facet_codes(s->column, s->docs[i], &one, &n);
        for (uint32_t k = 0; k < n; k++) {
            if (codes[k] < code_count)
                vec_push(&all, codes[k]);
        }
    }
    t->docs = s->count;
    if (all.count)
        qsort(all.items, all.count, sizeof(*all.items), compare_codes);
    t->counts = xmalloc((all.count + 1) * sizeof(*t->counts));
    for (size_t i = 0; i < all.count; i++) {
        if (i == 0 || all.items[i] != all.items[i - 1])
            t->counts[t->count++] = (struct affinity_count){all.items[i], 0};
        t->counts[t->count - 1].docs++;
    }
    vec_release(&all);
}

static void tally_make(struct affinity_tally *t, const struct shard *shard, uint64_t fields, uint32_t code_count)
{
    struct sample s = {.column = shard_facet_column(shard, t->attr)};
    struct postings p;

    shard_postings(shard, t->term, &p);
    if (p.bits)
        sample_dense(&s, &p, shard_doc_count(shard));
    else
        sample_packed(&s, &p);
    sample_narrow(&s, shard, fields);
    sample_prefetch(&s);
    tally_sample(t, &s, code_count);
}

/* --- what a thread remembers --- */

void affinity_cache_clear(struct affinity_cache *c)
{
    for (size_t i = 0; c->tallies && i < AFFINITY_TALLIES; i++)
        free(c->tallies[i].counts);
    free(c->tallies);
    c->tallies = NULL;
}

struct word {
    const struct query *query;
    const struct query_term *term;
    attr_id attr;
    uint64_t fields; /* nibbles of title and category */
};

static bool same_tally(const struct affinity_tally *a, const struct affinity_tally *b)
{
    return a->counts && a->shard_uid == b->shard_uid && a->term == b->term && a->attr == b->attr &&
           a->fields == b->fields;
}

/* Where it is, or else a place for it: a free one of its few, or each in turn. */
static struct affinity_tally *find_tally(struct affinity_cache *c, const struct affinity_tally *want)
{
    uint64_t hash = (want->shard_uid ^ want->term) * 0x9E3779B97F4A7C15ull;
    struct affinity_tally *set = c->tallies + (hash >> 32 & (AFFINITY_TALLIES / AFFINITY_WAYS - 1)) * AFFINITY_WAYS;
    struct affinity_tally *place = &set[c->next++ % AFFINITY_WAYS];

    for (uint32_t i = 0; i < AFFINITY_WAYS; i++) {
        if (same_tally(&set[i], want))
            return &set[i];
        place = place->counts && !set[i].counts ? &set[i] : place;
    }
    return place;
}

/* NULL when the segment lacks the word, or is damaged. Right until the next call. */
static const struct affinity_tally *tally_of(struct affinity_cache *cache, const struct word *w, uint32_t segment,
                                             uint32_t code_count)
{
    const struct shard *shard = w->query->snapshot->segments[segment].shard;
    term_id id = w->term->ids[segment];
    struct affinity_tally want = {.shard_uid = shard_uid(shard), .term = id, .attr = w->attr, .fields = w->fields};
    struct affinity_tally *t;

    if (id == TERM_NONE)
        return NULL;
    if (!cache->tallies)
        cache->tallies = xcalloc(AFFINITY_TALLIES, sizeof(*cache->tallies));
    t = find_tally(cache, &want);
    if (same_tally(t, &want))
        return t;
    if (shard_check_terms(shard, id, id + 1, NULL) != STATUS_OK ||
        shard_check_attribute(shard, w->attr, NULL) != STATUS_OK)
        return NULL;
    free(t->counts);
    *t = want;
    tally_make(t, shard, w->fields, code_count);
    return t;
}

/* --- the query --- */
static uint64_t fields_of(const struct settings *s)
{
    int title = settings_title_field(s);
    uint64_t fields = title >= 0 ? 15ull << (4 * title) : 0;

    for (size_t f = 0; f < s->field_count; f++) {
        for (size_t a = 0; a < s->fields[f].attribute_count; a++)
            fields |= str_equal(s->fields[f].attributes[a], s->role_attribute[ROLE_CATEGORY]) ? 15ull << (4 * f) : 0;
    }
    return fields;
}

static const struct query_term *word_of(const struct slot *s)
{
    for (uint32_t i = 0; !s->stop && i < s->alternative_count; i++) {
        if (s->alternatives[i].kind == ALTERNATIVE_EXACT)
            return s->alternatives[i].terms[0];
    }
    return NULL;
}

static void add_shares(struct affinity *a, const struct affinity_tally *t, double idf)
{
    for (uint32_t k = 0; k < t->count; k++) {
        float *sum = &a->of_code[t->counts[k].code];
        *sum += (float)(idf * t->counts[k].docs);
        a->most = (double)*sum > a->most ? (double)*sum : a->most;
    }
}

/* Adds the shares of a word to of_code; false when no document tells anything. */
static bool add_word(struct affinity *a, struct affinity_cache *cache, const struct word *w, double idf)
{
    uint32_t segments = w->query->snapshot->segment_count, docs = 0;

    for (uint32_t i = 0; i < segments; i++) {
        const struct affinity_tally *t = tally_of(cache, w, i, a->code_count);
        docs += t ? t->docs : 0;
    }
    for (uint32_t i = 0; docs && i < segments; i++) {
        const struct affinity_tally *t = tally_of(cache, w, i, a->code_count);
        if (t)
            add_shares(a, t, idf / (docs + 1));
    }
    return docs > 0;
}

bool affinity_init(struct affinity *a, const struct query *q, struct affinity_cache *cache, struct arena *arena)
{
    struct word w = {.query = q, .attr = category_of(q->snapshot), .fields = fields_of(q->snapshot->settings)};
    double sum = 0;

    *a = (struct affinity){.attr = w.attr};
    if (q->affinity <= 0)
        return true;
    a->code_count = dictionary_value_count(q->snapshot->dictionary, a->attr);
    if (a->code_count == 0 || a->code_count > AFFINITY_CODES)
        return true;
    a->of_code = ARENA_ARRAY(arena, float, a->code_count);
    a->of_set = arena_alloc(arena, AFFINITY_SETS * sizeof(*a->of_set));
    if (!a->of_code || !a->of_set)
        return false;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        w.term = word_of(&q->slots[i]);
        if (w.term && add_word(a, cache, &w, q->slots[i].idf))
            sum += q->slots[i].idf;
    }
    if (a->most <= 0) {
        a->of_code = NULL;
        return true;
    }
    a->scale = q->affinity / sum;
    a->most *= a->scale;
    return true;
}

void affinity_segment(struct affinity *a, const struct shard *shard)
{
    a->column = a->of_code ? shard_facet_column(shard, a->attr) : NULL;
    a->sets = a->column ? affinity_sets_of(shard, a->attr) : NULL;
    a->known = 0;
    a->window_most = a->most;
}

static double mean_of(const struct affinity *a, doc_id doc)
{
    double sum = 0;
    facet_code one;
    uint32_t count;
    const facet_code *codes = facet_codes(a->column, doc, &one, &count);

    for (uint32_t i = 0; i < count; i++)
        sum += codes[i] < a->code_count ? (double)a->of_code[codes[i]] : 0;
    return count ? a->scale * sum / count : 0;
}

static double of_set(struct affinity *a, uint16_t set)
{
    for (; a->known <= set; a->known++)
        a->of_set[a->known] = -1;
    if (a->of_set[set] < 0)
        a->of_set[set] = mean_of(a, a->sets->examples[set]);
    return a->of_set[set];
}

double affinity_of(struct affinity *a, doc_id doc)
{
    uint16_t set;

    if (!a->of_code)
        return 0;
    set = affinity_set_of(a->sets, doc);
    return set == AFFINITY_SET_NONE ? mean_of(a, doc) : of_set(a, set);
}

double affinity_window_most(struct affinity *a, doc_id base)
{
    const struct affinity_window *w = a->sets ? affinity_sets_window(a->sets, base) : NULL;
    double most = 0;

    if (!w || w->many)
        return a->most;
    for (uint32_t i = 0; i < w->count; i++) {
        double mine = of_set(a, w->sets[i]);
        most = mine > most ? mine : most;
    }
    return most;
}

void affinity_window(struct affinity *a, const doc_id *base)
{
    a->window_most = base ? affinity_window_most(a, *base) : a->most;
}
