/*
 * Pages and tallies that are kept (pages.h, tally.h) against the same searches without any: random catalogs in which
 * numbers, stock, tombstones and segments change between visits. Every answer must be the same, hit by hit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/query/pages.h"
#include "tests/property/world.h"
#include "tests/support/random.h"

enum { VISITS = 120, PARAMS_BYTES = 1024 };

static uint64_t visits, kept;

/* --- pages --- */
static const char *const SCOPES[] = {"",
                                     "",
                                     ",\"facetFilters\":[\"category.lvl0:Home\"]",
                                     ",\"facetFilters\":[\"category.lvl1:Home > Kitchen\"]",
                                     ",\"facetFilters\":[[\"brand:Acme\"]]",
                                     ",\"facetFilters\":[\"brand:nobody\"]",
                                     ",\"filters\":\"color:red\"",
                                     ",\"filters\":\"in_stock:true\"",
                                     ",\"query\":\"s\"",
                                     ",\"query\":\"ch\"",
                                     ",\"query\":\"c\",\"queryType\":\"prefixNone\"",
                                     ",\"query\":\"red\",\"restrictSearchableAttributes\":[\"brand\"]"};
static const char *const FACETS[] = {"", ",\"facets\":[\"brand\",\"category.lvl1\",\"color\"],\"maxValuesPerFacet\":3",
                                     ",\"facets\":[\"price\",\"in_stock\",\"rating\"]",
                                     ",\"facets\":[\"*\"],\"sortFacetValuesBy\":\"alpha\""};
static const char *const HITS[] = {"", ",\"hitsPerPage\":5", ",\"hitsPerPage\":7,\"page\":3", ",\"hitsPerPage\":0"};

#define PICK(r, array) (array)[random_below((r), sizeof(array) / sizeof((array)[0]))]

struct visit {
    char params[PARAMS_BYTES];
    struct sort_key sort;
    bool sorted;
};

/* Few: the same page of everything, again and again. */
static void choose(struct random *r, bool few, struct visit *v)
{
    static const char *const names[] = {"price", "popularity", "in_stock", "brand"};

    *v = (struct visit){.params = "{\"hitsPerPage\":5}"};
    if (few)
        return;
    (void)snprintf(v->params, sizeof(v->params), "{\"distinct\":%s%s%s%s}", random_chance(r, 40) ? "true" : "false",
                   PICK(r, SCOPES), PICK(r, FACETS), PICK(r, HITS));
    v->sorted = random_chance(r, 30);
    v->sort = (struct sort_key){str_from(PICK(r, names)), random_chance(r, 50)};
}

static void ask(struct world *w, struct searcher *searcher, const struct visit *v, struct arena *arena,
                struct search_result *out)
{
    struct search_context context = {searcher, &w->snapshot, arena};
    struct search_request request;
    struct json params;
    struct error err = {0};

    if (json_parse(str_from(v->params), arena, &params, &err) != STATUS_OK ||
        search_request_parse(&request, &params, w->settings, arena, &err) != STATUS_OK)
        fail_msg("%s: %s", v->params, err.message);
    if (v->sorted) {
        request.sort = &v->sort;
        request.sort_count = 1;
    }
    if (search_run(&context, &request, 1, out, &err) != STATUS_OK)
        fail_msg("%s: %s", v->params, err.message);
}

static bool same_facets(const struct search_result *a, const struct search_result *b)
{
    bool same = a->facet_count == b->facet_count;

    for (size_t i = 0; same && i < a->facet_count; i++) {
        const struct facet_result *x = &a->facets[i], *y = &b->facets[i];
        same = str_equal(x->attribute, y->attribute) && x->count == y->count && x->has_stats == y->has_stats &&
               (!x->has_stats ||
                (x->min == y->min && x->max == y->max && x->sum == y->sum && x->number_count == y->number_count));
        for (size_t k = 0; same && k < x->count; k++)
            same = str_equal(x->counts[k].value, y->counts[k].value) && x->counts[k].count == y->counts[k].count;
    }
    return same;
}

static bool same_hits(const struct search_result *a, const struct search_result *b)
{
    bool same = a->hit_count == b->hit_count;

    for (size_t i = 0; same && i < a->hit_count; i++)
        same = a->hits[i].segment == b->hits[i].segment && a->hits[i].doc == b->hits[i].doc &&
               a->hits[i].score == b->hits[i].score;
    return same;
}

static void check(struct world *w, const struct visit *v, struct searcher *keeping, const struct search_result *truth,
                  const char *what)
{
    struct search_result own;
    struct arena arena;

    arena_init(&arena, 0);
    ask(w, keeping, v, &arena, &own);
    if (own.total != truth->total || own.page_count != truth->page_count || !same_facets(&own, truth) ||
        !same_hits(&own, truth))
        fail_msg("%s%s, %s: total %llu, %zu hits; without them %llu, %zu", v->params, v->sorted ? " (sorted)" : "",
                 what, (unsigned long long)own.total, own.hit_count, (unsigned long long)truth->total,
                 truth->hit_count);
    arena_release(&arena);
}

/* A thread that keeps pages, one that only keeps counts of segments, and one that searches for the first time. */
static void visit(struct world *w, struct random *r, bool few, struct searcher *keeping, struct searcher *counting)
{
    struct searcher *plain = searcher_new();
    struct search_result truth;
    struct visit v;
    struct arena arena;

    arena_init(&arena, 0);
    choose(r, few, &v);
    searcher_share(plain, NULL);
    ask(w, plain, &v, &arena, &truth);
    check(w, &v, keeping, &truth, "with pages");
    check(w, &v, counting, &truth, "with tallies");
    searcher_free(plain);
    arena_release(&arena);
    visits++;
}

/* --- changes --- */
static void change_number(struct world *w, struct random *r, struct shard *shard)
{
    static const char *const names[] = {"price", "popularity", "popularity", "stock"};
    attr_id attr = dictionary_attr_find(w->dictionary, str_from(PICK(r, names)));
    struct error err;

    if (attr != ATTR_NONE)
        (void)!shard_number_store(shard, attr, (doc_id)random_below(r, shard_doc_count(shard)),
                                  random_chance(r, 10) ? NUMBER_MISSING : (int64_t)random_below(r, 1200), &err);
}

static void change_stock(struct random *r, struct shard *shard)
{
    _Atomic uint64_t *bits = shard_in_stock_bits(shard);
    uint64_t doc = random_below(r, shard_doc_count(shard));

    if (!bits)
        return;
    atomic_fetch_xor(&bits[doc / 64], 1ull << (doc % 64));
    shard_stock_stored(shard);
}

/* With a number for the new set of tombstones, or without. */
static void delete_one(struct world *w, size_t s, doc_id doc, uint64_t chance)
{
    static uint64_t ids;

    w->segments[s].tombstones[doc / 64] |= 1ull << (doc % 64);
    w->views[s].tombstones = w->segments[s].tombstones;
    w->views[s].tombstones_id = chance % 2 ? ++ids : 0;
}

/* More of the first documents than a page has to spare. */
static void delete_first(struct world *w, struct searcher *plain)
{
    struct visit v = {.params = "{\"hitsPerPage\":60}"};
    struct search_result found;
    struct arena arena;

    arena_init(&arena, 0);
    ask(w, plain, &v, &arena, &found);
    for (size_t i = 0; i < found.hit_count; i++)
        delete_one(w, found.hits[i].segment, found.hits[i].doc, i);
    arena_release(&arena);
}

static void change(struct world *w, struct random *r, struct searcher *plain)
{
    size_t s = random_below(r, w->segment_count);

    if (shard_doc_count(w->segments[s].shard) == 0)
        return;
    switch (random_below(r, 25) ? random_below(r, 8) : 8) {
    case 8:
        delete_first(w, plain);
        break;
    case 0:
        delete_one(w, s, (doc_id)random_below(r, shard_doc_count(w->segments[s].shard)), random_next(r));
        break;
    case 1:
        change_stock(r, w->segments[s].shard);
        break;
    case 2: /* the last segments come and go */
        w->snapshot.segment_count = (uint32_t)(1 + random_below(r, w->segment_count));
        break;
    default:
        change_number(w, r, w->segments[s].shard);
        break;
    }
    snapshot_statistics(&w->snapshot);
    w->snapshot.seq++;
}

static void one_world(uint64_t seed, size_t limit_bytes, bool few)
{
    struct random r = random_of_seed(seed);
    struct world *w = xcalloc(1, sizeof(*w));
    struct searcher *keeping = searcher_new(), *counting = searcher_new();
    struct pages *pages = pages_new(limit_bytes, false);

    searcher_share(keeping, pages);
    searcher_share(counting, NULL);
    world_make(w, seed);
    for (size_t i = 0; i < VISITS; i++) {
        visit(w, &r, few, keeping, counting);
        if (random_chance(&r, few ? 80 : 25))
            change(w, &r, counting);
        assert_true(pages->bytes <= limit_bytes);
    }
    kept += pages->found;
    searcher_free(keeping);
    searcher_free(counting);
    pages_free(pages);
    world_release(w);
    free(w);
}

static void test_kept_pages_are_what_a_search_finds(void **state)
{
    (void)state;
    struct random r = random_start("pages");
    size_t rounds = random_rounds(150, 3000);

    for (size_t i = 0; i < rounds; i++)
        one_world(random_next(&r), i % 3 ? 1u << 20 : 20000, i % 2);
    printf("%llu visits, %llu times something was kept\n", (unsigned long long)visits, (unsigned long long)kept);
    assert_true(kept * 5 > visits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept_pages_are_what_a_search_finds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
