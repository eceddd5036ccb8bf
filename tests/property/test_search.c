/*
 * Searches over random catalogs, the engine against the oracle: totals, steps, order, scores, facets, stats, filters,
 * products and variants, over 1 to 4 shards with deltas, tombstones and values changed in place.
 *
 * AISLE_SEED=N runs one world; AISLE_TEST_LONG=1 runs more of them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/hash.h"
#include "server/query/crew.h"
#include "server/query/search.h"
#include "server/query/tastes.h"
#include "tests/property/world.h"

#define WORLDS            100
#define QUERIES_PER_WORLD 100

static const char *const all_facets[] = {"brand",         "color",         "tags",     "category.lvl0",
                                         "category.lvl1", "category.lvl2", "price",    "rating",
                                         "in_stock",      "spec.width",    "clearance"};
#define FACETS (sizeof(all_facets) / sizeof(all_facets[0]))

struct question {
    struct oracle_query oracle;
    struct buf params; /* the same as a client would send it */
    int64_t page, hits_per_page;
    uint64_t seed;
    int number;
};

static uint64_t answered, asked, helped;

/* --- random questions --- */

static void put_text(struct world *w, struct question *q)
{
    struct buf text;
    buf_init(&text, 0);
    uint32_t count = world_chance(w, 15) ? 0 : world_chance(w, 10) ? 5 + world_random(w, 5) : 1 + world_random(w, 4);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&text, "%s%s", i ? " " : "", world_chance(w, 3) ? "qqzzy" : world_word(w));
    if (count && world_chance(w, 30))
        text.size -= world_random(w, 3) < text.size ? world_random(w, 2) : 0;
    if (text.size > 4 && world_chance(w, 10)) {
        size_t at = text.size - 2;
        char swapped = text.data[at];
        text.data[at] = text.data[at + 1];
        text.data[at + 1] = swapped;
    }
    if (world_chance(w, 3)) { /* no word at all */
        static const char *const WORDLESS[] = {"?!", "\xf0\x9f\x91\x9f", " - ", "\xe2\x98\x85\xe2\x98\x85", " "};
        buf_clear(&text);
        buf_append_str(&text, str_from(WORDLESS[world_random(w, 5)]));
    }
    if (count && world_chance(w, 20))
        buf_append_char(&text, ' ');
    q->oracle.text = arena_copy(&w->arena, buf_str(&text));
    buf_literal(&q->params, "{\"query\":");
    json_write_string(&q->params, q->oracle.text);
    buf_release(&text);
}

static void put_switches(struct world *w, struct question *q)
{
    q->oracle.prefix_last = !world_chance(w, 20);
    q->oracle.strict = world_chance(w, 20);
    q->oracle.typo_tolerance = !world_chance(w, 30);
    q->oracle.distinct = world_chance(w, 40);
    q->oracle.min_hits = world_chance(w, 50) ? 20 : world_random(w, 8);
    q->hits_per_page = 1 + world_random(w, 12);
    q->page = world_random(w, 3);
    buf_printf(&q->params,
               ",\"queryType\":\"%s\",\"removeWordsIfNoResults\":\"%s\",\"typoTolerance\":%s,\"distinct\":%s,"
               "\"minHits\":%lld,\"hitsPerPage\":%lld,\"page\":%lld,\"maxValuesPerFacet\":1000,\"facets\":[",
               q->oracle.prefix_last ? "prefixLast" : "prefixNone", q->oracle.strict ? "none" : "allOptional",
               q->oracle.typo_tolerance ? "true" : "false", q->oracle.distinct ? "true" : "false",
               (long long)q->oracle.min_hits, (long long)q->hits_per_page, (long long)q->page);
    const char **facets = ARENA_ARRAY(&w->arena, const char *, FACETS);
    for (size_t f = 0; f < FACETS; f++) {
        if (!world_chance(w, 50))
            continue;
        buf_printf(&q->params, "%s\"%s\"", q->oracle.facet_count ? "," : "", all_facets[f]);
        facets[q->oracle.facet_count++] = all_facets[f];
    }
    q->oracle.facets = facets;
    buf_append_char(&q->params, ']');
    /* an empty query text matches all words whatever optionalWords says */
    if (q->oracle.text.size && world_chance(w, 10)) {
        q->oracle.any_word = true;
        buf_literal(&q->params, ",\"optionalWords\":");
        json_write_string(&q->params, q->oracle.text);
    }
}

static struct oracle_condition facet_condition(struct world *w)
{
    struct oracle_condition c = {0};
    switch (world_random(w, 7)) {
    case 0:
        c.attribute = STR("brand");
        c.value = world_brand(w);
        break;
    case 1:
        c.attribute = STR("color");
        c.value = world_chance(w, 50) ? STR("red") : STR("Dark Blue");
        break;
    case 2:
        c.attribute = STR("category.lvl0");
        c.value = world_chance(w, 50) ? STR("Home") : STR("Electronics");
        break;
    case 3:
        c.attribute = STR("category.lvl1");
        c.value = world_chance(w, 50) ? STR("Home > Kitchen") : STR("Electronics > Phones");
        break;
    case 4:
        c.attribute = STR("tags");
        c.value = world_chance(w, 30) ? STR("true") : STR("black");
        break;
    case 5:
        c.attribute = STR("clearance");
        c.value = world_chance(w, 50) ? STR("true") : STR("false");
        break;
    default:
        c.attribute = STR("in_stock");
        c.value = world_chance(w, 70) ? STR("true") : STR("false");
        break;
    }
    c.negated = world_chance(w, 15);
    return c;
}

static void put_facet_filters(struct world *w, struct question *q)
{
    uint32_t clauses = world_random(w, 3);
    if (clauses == 0)
        return;
    buf_literal(&q->params, ",\"facetFilters\":[");
    for (uint32_t i = 0; i < clauses; i++) {
        struct oracle_clause *clause = &q->oracle.clauses[q->oracle.clause_count++];
        clause->count = 1 + world_random(w, 2);
        buf_printf(&q->params, "%s[", i ? "," : "");
        for (size_t k = 0; k < clause->count; k++) {
            clause->any[k] = facet_condition(w);
            struct oracle_condition *c = &clause->any[k];
            struct str text = arena_printf(&w->arena, STR_FMT ":%s" STR_FMT, STR_ARG(c->attribute),
                                           c->negated ? "-" : "", STR_ARG(c->value));
            if (k)
                buf_append_char(&q->params, ',');
            json_write_string(&q->params, text);
        }
        buf_append_char(&q->params, ']');
    }
    buf_append_char(&q->params, ']');
}

static void put_number_filters(struct world *w, struct question *q)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
    static const char *const names[] = {"price", "rating", "stock", "spec.width", "clearance"};
    if (!world_chance(w, 30))
        return;
    struct oracle_clause *clause = &q->oracle.clauses[q->oracle.clause_count++];
    clause->count = 1;
    struct oracle_condition *c = &clause->any[0];
    c->numeric = true;
    c->attribute = str_from(names[world_random(w, 5)]);
    uint32_t op = world_random(w, 6);
    c->op = (enum oracle_op)op;
    uint32_t quarters = world_random(w, 200);
    c->number = quarters / 4.0;
    buf_printf(&q->params, ",\"numericFilters\":[\"" STR_FMT "%s%g\"]", STR_ARG(c->attribute), ops[op], c->number);
}

static void put_sort(struct world *w, struct question *q, struct search_request *request)
{
    if (!world_chance(w, 25))
        return;
    struct sort_key *keys = ARENA_ARRAY(&w->arena, struct sort_key, 1);
    keys[0] = (struct sort_key){world_chance(w, 70) ? STR("price") : STR("popularity"), world_chance(w, 50)};
    q->oracle.sort[0] = keys[0];
    q->oracle.sort_count = 1;
    request->sort = keys;
    request->sort_count = 1;
}

/* Objects of some brands gain more or less; of several brands the mean. */
static void add_taste(struct world *w, struct taste *out, double *sums, struct arena *arena)
{
    attr_id attr = dictionary_attr_find(w->dictionary, STR("brand"));
    if (attr == ATTR_NONE || attr >= w->snapshot.attr_count || world_chance(w, 50))
        return;
    uint32_t count = dictionary_value_count(w->dictionary, attr);
    float *of_code = ARENA_ARRAY(arena, float, count + 1);
    for (uint32_t c = 0; c < count; c++)
        of_code[c] = world_chance(w, 50) ? (float)world_random(w, 32) / 32 : 0;
    *out = (struct taste){attr, count, of_code};
    for (size_t i = 0; i < w->oracle.docs.count; i++) {
        struct str name;
        if (!json_string(json_get(&w->oracle.docs.items[i].object, "brand"), &name))
            continue;
        facet_code code = dictionary_value_find(w->dictionary, attr, name);
        sums[i] += code != FACET_NONE ? (double)of_code[code] : 0;
    }
}

/* Some products gain or lose something, with this query or with any; all variants of one the same. */
static void put_boosts(struct world *w, struct question *q, struct search_request *request, struct arena *arena)
{
    size_t count = w->oracle.docs.count, chosen[2] = {0};
    double *sums = ARENA_ARRAY(arena, double, count + 1);
    struct boost *lists[2] = {ARENA_ARRAY(arena, struct boost, count + 1), ARENA_ARRAY(arena, struct boost, count + 1)};
    struct search_boosts *boosts = ARENA_NEW(arena, struct search_boosts);
    struct boost_docs *docs[2];
    uint32_t percent = world_chance(w, 50) ? 3 : 40, seed = world_random(w, 1000);
    static const double weights[2] = {1, .5};
    if (!world_chance(w, 40))
        return;
    for (int l = 0; l < 2; l++) {
        for (size_t i = 0; i < count; i++) {
            const struct oracle_doc *d = &w->oracle.docs.items[i];
            struct str group = d->group.size ? d->group : d->id;
            uint64_t hash = hash64_seed(group.data, group.size, seed + (unsigned)l);
            if (d->deleted || hash % 100 >= percent)
                continue;
            float value = (float)((double)(hash >> 20 & 63) / 32 - 1);
            lists[l][chosen[l]++] = (struct boost){d->id, value};
            sums[i] += weights[l] * (double)value;
        }
        docs[l] = ARENA_ARRAY(arena, struct boost_docs, w->snapshot.segment_count + 1);
        for (uint32_t s = 0; s < w->snapshot.segment_count; s++)
            assert_true(boosts_resolve(&docs[l][s], w->snapshot.segments[s].shard, lists[l], chosen[l], arena));
    }
    struct taste *taste = ARENA_NEW(arena, struct taste);
    add_taste(w, taste, sums, arena);
    *boosts = (struct search_boosts){.tastes = taste,
                                     .taste_count = taste->code_count > 0,
                                     .query = docs[0],
                                     .products = docs[1],
                                     .query_weight = weights[0],
                                     .product_weight = weights[1]};
    request->boosts = boosts;
    q->oracle.boosts = sums;
}

/* --- comparing --- */

static void tell(const struct question *q, const char *what)
{
    fprintf(stderr, "world seed %llu, question %d: %s\n  params: " STR_FMT "%s\n", (unsigned long long)q->seed,
            q->number, what, STR_ARG(buf_str(&q->params)), q->oracle.sort_count ? " (sorted)" : "");
}

static const struct oracle_hit *hit_of(const struct world *w, const struct oracle_answer *truth, struct str id)
{
    for (size_t i = 0; i < truth->hit_count; i++) {
        if (str_equal(w->oracle.docs.items[truth->hits[i].doc].id, id))
            return &truth->hits[i];
    }
    return NULL;
}

static int compare_hits(const struct world *w, const struct question *q, const struct oracle_answer *truth,
                        const struct search_result *result)
{
    size_t from = (size_t)(q->page * q->hits_per_page);
    size_t expected = truth->hit_count > from ? truth->hit_count - from : 0;
    if (expected > (size_t)q->hits_per_page)
        expected = (size_t)q->hits_per_page;
    if (result->hit_count != expected) {
        tell(q, "number of hits differs");
        return 1;
    }
    for (size_t i = 0; i < expected; i++) {
        const struct oracle_hit *due = &truth->hits[from + i];
        struct str id = shard_object_id(w->snapshot.segments[result->hits[i].segment].shard, result->hits[i].doc);
        const struct oracle_hit *own = hit_of(w, truth, id);
        struct str due_id = w->oracle.docs.items[due->doc].id;
        if (!own || fabs(own->score - due->score) > 3e-6 || (!q->oracle.sort_count && own->step != due->step) ||
            fabs(own->score - result->hits[i].score) > 1e-5 || own->step != result->hits[i].step) {
            tell(q, "hit differs");
            fprintf(stderr,
                    "  place %zu: engine '" STR_FMT "' %.7f step %u (truth for it %.7f step %u), due '" STR_FMT
                    "' %.7f step %u\n",
                    from + i, STR_ARG(id), result->hits[i].score, result->hits[i].step, own ? own->score : NAN,
                    own ? own->step : 99, STR_ARG(due_id), due->score, due->step);
            return 1;
        }
    }
    return 0;
}

static int compare_facet(const struct question *q, const char *name, const struct oracle_facet *truth,
                         const struct facet_result *own)
{
    size_t count = own ? own->count : 0;
    bool same = count == truth->count && (own ? own->has_stats : false) == truth->has_stats;
    for (size_t i = 0; same && i < count; i++)
        same =
            str_equal(own->counts[i].value, truth->values[i].value) && own->counts[i].count == truth->values[i].count;
    if (same && truth->has_stats)
        same = own->min == truth->min && own->max == truth->max && fabs(own->sum - truth->sum) < 1e-6 &&
               own->number_count == truth->number_count;
    if (same)
        return 0;
    tell(q, "facet differs");
    fprintf(stderr, "  %s: engine", name);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " '" STR_FMT "' %llu", STR_ARG(own->counts[i].value), (unsigned long long)own->counts[i].count);
    fprintf(stderr, "\n  truth");
    for (size_t i = 0; i < truth->count; i++)
        fprintf(stderr, " '" STR_FMT "' %llu", STR_ARG(truth->values[i].value),
                (unsigned long long)truth->values[i].count);
    fprintf(stderr, "\n  stats: engine %d %g %g %g, truth %d %g %g %g\n", own && own->has_stats, own ? own->min : 0,
            own ? own->max : 0, own ? own->sum : 0, truth->has_stats, truth->min, truth->max, truth->sum);
    return 1;
}

static int compare_facets(const struct question *q, const struct oracle_answer *truth,
                          const struct search_result *result)
{
    for (size_t f = 0; f < q->oracle.facet_count; f++) {
        const struct facet_result *own = NULL;
        for (size_t i = 0; i < result->facet_count; i++) {
            if (str_equal(result->facets[i].attribute, str_from(q->oracle.facets[f])))
                own = &result->facets[i];
        }
        if (compare_facet(q, q->oracle.facets[f], &truth->facets[f], own))
            return 1;
    }
    return 0;
}

static int compare(const struct world *w, const struct question *q, const struct oracle_answer *truth,
                   const struct search_result *result)
{
    if (result->total != truth->total || (truth->total && result->steps != truth->steps)) {
        tell(q, "total or steps differ");
        fprintf(stderr, "  engine %llu in %u steps, truth %llu in %u\n", (unsigned long long)result->total,
                result->steps, (unsigned long long)truth->total, truth->steps);
        return 1;
    }
    return compare_hits(w, q, truth, result) || compare_facets(q, truth, result);
}

static int ask(struct world *w, struct searcher *searcher, uint64_t seed, int number)
{
    struct question q = {.seed = seed, .number = number};
    struct search_request request;
    struct search_result result;
    struct oracle_answer truth;
    struct json params;
    struct error err = {0};
    struct arena arena;
    arena_init(&arena, 64u << 20);
    buf_init(&q.params, 0);
    put_text(w, &q);
    put_switches(w, &q);
    put_facet_filters(w, &q);
    put_number_filters(w, &q);
    buf_append_char(&q.params, '}');
    int failed = 0;
    if (json_parse(buf_str(&q.params), &arena, &params, &err) != STATUS_OK ||
        search_request_parse(&request, &params, w->settings, &arena, &err) != STATUS_OK) {
        tell(&q, err.message);
        failed = 1;
        goto out;
    }
    put_sort(w, &q, &request);
    put_boosts(w, &q, &request, &arena);
    struct search_context context = {searcher, &w->snapshot, &arena};
    if (search_run(&context, &request, 1, &result, &err) != STATUS_OK) {
        tell(&q, err.message);
        failed = 1;
        goto out;
    }
    oracle_search(&w->oracle, &q.oracle, &w->arena, &truth);
    failed = compare(w, &q, &truth, &result);
    asked++;
    answered += truth.total > 0;
out:
    buf_release(&q.params);
    arena_release(&arena);
    return failed;
}

/* In every other world helpers take segments off each search. */
static int one_world(uint64_t seed)
{
    struct world *w = xcalloc(1, sizeof(*w));
    struct searcher *searcher = searcher_new();
    struct crew *crew = seed % 2 ? crew_new(2, 3, 0) : NULL;
    int failed = 0;
    searcher_help(searcher, crew);
    world_make(w, seed);
    for (int i = 0; i < QUERIES_PER_WORLD && !failed; i++)
        failed = ask(w, searcher, seed, i);
    helped += crew ? crew_taken(crew) : 0;
    searcher_free(searcher);
    crew_free(crew);
    world_release(w);
    free(w);
    return failed;
}

static void test_engine_agrees_with_the_oracle(void **state)
{
    (void)state;
    const char *given = getenv("AISLE_SEED");
    if (given) {
        assert_int_equal(one_world(strtoull(given, NULL, 10)), 0);
        return;
    }
    uint64_t worlds = getenv("AISLE_TEST_LONG") ? WORLDS * 20 : WORLDS;
    int failed = 0;
    for (uint64_t seed = 1; seed <= worlds; seed++)
        failed += one_world(seed);
    printf("%llu questions, %llu with answers, %llu helpers asked, %d worlds with a difference\n",
           (unsigned long long)asked, (unsigned long long)answered, (unsigned long long)helped, failed);
    assert_int_equal(failed, 0);
    assert_true(answered * 10 >= asked * 3);
    assert_true(helped * 10 >= asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_engine_agrees_with_the_oracle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
