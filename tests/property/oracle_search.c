/* Matching in steps, order, products and facets. */
#include <math.h>
#include <stdlib.h>

#include "tests/property/oracle_internal.h"

struct match {
    size_t doc;
    double score;
    uint32_t step;
};

struct matches {
    struct match *items;
    size_t count;
};

/* --- steps --- */

/* The slots that are not optional; step 0 wants all of them, each further step one fewer, any of them, the last step
 * one. Returns the number of steps. */
static size_t plan_steps(const struct oracle_text *text, const struct oracle_query *q, uint32_t *required)
{
    size_t count = 0;
    *required = 0;
    for (size_t s = 0; s < text->count; s++) {
        if (!text->slots[s].optional) {
            *required |= 1u << s;
            count++;
        }
    }
    return count > 1 && !q->strict && !q->any_word ? count : 1;
}

/* A required word that hardly anything else has. */
static bool has_rare(const struct oracle_text *text, const struct oracle_query *q, uint32_t bits)
{
    for (size_t s = 0; s < text->count; s++) {
        if (bits >> s & 1 && !text->slots[s].optional && text->slots[s].most <= (double)q->min_hits)
            return true;
    }
    return false;
}

static bool same_group(const struct oracle *o, size_t a, size_t b)
{
    return str_equal(o->docs.items[a].group, o->docs.items[b].group);
}

static uint64_t count_until(const struct oracle *o, const struct matches *m, uint32_t step, bool distinct)
{
    uint64_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        bool fresh = m->items[i].step <= step;
        for (size_t k = 0; k < i && fresh && distinct; k++)
            fresh = m->items[k].step > step || !same_group(o, m->items[i].doc, m->items[k].doc);
        count += fresh;
    }
    return count;
}

static double prior_of(const struct oracle *o, const struct oracle_doc *doc)
{
    double sum = 0, weights = 0, weight = 1;
    for (size_t c = 0; c < o->settings->custom_ranking_count; c++, weight /= 2) {
        const struct sort_key *key = &o->settings->custom_ranking[c];
        double low = INFINITY, high = -INFINITY, numbers[ORACLE_VALUES];
        for (size_t i = 0; i < o->docs.count; i++) {
            size_t count = oracle_numbers(&o->docs.items[i], key->attribute, numbers);
            for (size_t n = 0; n < count; n++) {
                low = fmin(low, numbers[n]);
                high = fmax(high, numbers[n]);
            }
        }
        weights += weight;
        if (oracle_numbers(doc, key->attribute, numbers) == 0)
            continue;
        double x = high > low ? log1p(numbers[0] - low) / log1p(high - low) : 0;
        sum += weight * (key->descending ? x : 1 - x);
    }
    return weights > 0 ? sum / weights : 0;
}

static void match_all(struct oracle *o, const struct oracle_query *q, const struct oracle_text *text,
                      struct arena *arena, struct matches *out)
{
    uint32_t required;
    size_t steps = plan_steps(text, q, &required);
    out->items = ARENA_ARRAY(arena, struct match, o->docs.count + 1);
    for (size_t i = 0; i < o->docs.count && !text->hopeless; i++) {
        double lex;
        if (!oracle_passes(&o->docs.items[i], q, arena))
            continue;
        uint32_t bits = oracle_match(o, text, &o->docs.items[i], &lex);
        double score = lex + (double)o->settings->prior_weight * prior_of(o, &o->docs.items[i]);
        score += q->boosts ? q->boosts[i] : 0;
        for (size_t s = 0; s < steps; s++) {
            bool matches =
                q->any_word ? text->count == 0 || bits != 0
                            : (size_t)__builtin_popcount(required & ~bits) <= s || (s > 0 && has_rare(text, q, bits));
            if (!matches)
                continue;
            out->items[out->count++] = (struct match){i, score, (uint32_t)s};
            break;
        }
    }
}

/* --- order --- */

struct order {
    const struct oracle *o;
    const struct oracle_query *q;
};

static int compare_values(const struct order *c, size_t a, size_t b, const struct sort_key *keys, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        double x[ORACLE_VALUES], y[ORACLE_VALUES];
        bool has_x = oracle_numbers(&c->o->docs.items[a], keys[k].attribute, x) > 0;
        bool has_y = oracle_numbers(&c->o->docs.items[b], keys[k].attribute, y) > 0;
        if (has_x != has_y)
            return has_x ? -1 : 1;
        if (has_x && x[0] != y[0])
            return (x[0] < y[0]) == keys[k].descending ? 1 : -1;
    }
    return 0;
}

static int order_of(const void *a_void, const void *b_void, void *context)
{
    const struct match *a = a_void, *b = b_void;
    const struct order *c = context;
    int by = compare_values(c, a->doc, b->doc, c->q->sort, c->q->sort_count);
    long long x = llround(a->score * 1e6), y = llround(b->score * 1e6);
    if (by == 0 && x != y)
        by = x > y ? -1 : 1;
    if (by == 0)
        by = compare_values(c, a->doc, b->doc, c->o->settings->custom_ranking, c->o->settings->custom_ranking_count);
    return by ? by : str_compare(c->o->docs.items[a->doc].id, c->o->docs.items[b->doc].id);
}

/* --- facets --- */

static int value_order(const void *a_void, const void *b_void)
{
    const struct oracle_value *a = a_void, *b = b_void;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return str_compare(a->value, b->value);
}

static void count_value(struct oracle_facet *facet, size_t *capacity, struct str value)
{
    for (size_t i = 0; i < facet->count; i++) {
        if (str_equal(facet->values[i].value, value)) {
            facet->values[i].count++;
            return;
        }
    }
    if (facet->count < *capacity)
        facet->values[facet->count++] = (struct oracle_value){value, 1};
}

static void add_stats(struct oracle_facet *facet, const struct oracle_doc *doc, struct str attribute)
{
    double numbers[ORACLE_VALUES];
    size_t count = oracle_numbers(doc, attribute, numbers);
    for (size_t i = 0; i < count; i++) {
        facet->min = facet->has_stats ? fmin(facet->min, numbers[i]) : numbers[i];
        facet->max = facet->has_stats ? fmax(facet->max, numbers[i]) : numbers[i];
        facet->sum += numbers[i];
        facet->number_count++;
        facet->has_stats = true;
    }
}

static void count_facet(const struct oracle *o, const struct matches *m, bool distinct, struct str attribute,
                        struct oracle_facet *facet)
{
    size_t capacity = m->count * 4 + 16;
    facet->values = ARENA_ARRAY(o->scratch, struct oracle_value, capacity);
    bool *counted = ARENA_ARRAY(o->scratch, bool, m->count + 1);
    for (size_t i = 0; i < m->count; i++) {
        add_stats(facet, &o->docs.items[m->items[i].doc], attribute);
        if (counted[i])
            continue;
        struct oracle_list all = {0};
        for (size_t k = i; k < (distinct ? m->count : i + 1); k++) {
            if (!same_group(o, m->items[i].doc, m->items[k].doc))
                continue;
            struct oracle_list own;
            oracle_values(&o->docs.items[m->items[k].doc], attribute, o->scratch, &own);
            for (size_t v = 0; v < own.count; v++)
                oracle_list_add(&all, own.values[v]);
            counted[k] = true;
        }
        for (size_t v = 0; v < all.count; v++)
            count_value(facet, &capacity, all.values[v]);
    }
    qsort(facet->values, facet->count, sizeof(*facet->values), value_order);
}

/* --- the whole --- */

static void keep_steps(const struct oracle *o, const struct oracle_query *q, struct matches *m, uint32_t step_count,
                       struct oracle_answer *out)
{
    uint32_t steps = 1;
    while (steps < step_count && count_until(o, m, steps - 1, q->distinct) < (uint64_t)q->min_hits)
        steps++;
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (m->items[i].step < steps)
            m->items[kept++] = m->items[i];
    }
    m->count = kept;
    out->steps = steps;
}

void oracle_search(struct oracle *o, const struct oracle_query *q, struct arena *arena, struct oracle_answer *out)
{
    struct oracle_text text;
    struct matches m = {0};
    uint32_t required;
    memset(out, 0, sizeof(*out));
    oracle_text_of(o, q, arena, &text);
    match_all(o, q, &text, arena, &m);
    keep_steps(o, q, &m, (uint32_t)plan_steps(&text, q, &required), out);

    struct order order = {o, q};
    qsort_r(m.items, m.count, sizeof(*m.items), order_of, &order);
    out->hits = ARENA_ARRAY(arena, struct oracle_hit, m.count + 1);
    for (size_t i = 0; i < m.count; i++) {
        bool fresh = true;
        for (size_t k = 0; k < i && q->distinct && fresh; k++)
            fresh = !same_group(o, m.items[i].doc, m.items[k].doc);
        if (fresh)
            out->hits[out->hit_count++] = (struct oracle_hit){m.items[i].doc, m.items[i].score, m.items[i].step};
    }
    out->total = out->hit_count;
    out->facets = ARENA_ARRAY(arena, struct oracle_facet, q->facet_count + 1);
    for (size_t f = 0; f < q->facet_count; f++)
        count_facet(o, &m, q->distinct, str_from(q->facets[f]), &out->facets[f]);
}
