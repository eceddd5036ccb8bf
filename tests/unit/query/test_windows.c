/*
 * A shard of several windows, searched by going through its windows, by lists of candidates, and as the engine chooses:
 * each time with the same answers, which are those that a loop over the products gives. With deleted products and
 * prices that were changed in place.
 */
#include "server/query/candidates.h"
#include "server/query/kernels.h"
#include "tests/unit/query/catalog.h"

#define PRODUCTS 9000 /* two windows and a part of one */
#define BRANDS   7
#define LEAVES   5

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title\",\"brand\"],\"attributesForFaceting\":[\"brand\",\"hierarchical(category)\","
    "\"numeric(price)\",\"numeric(width)\"],\"roles\":{\"title\":\"title\",\"brand\":\"brand\",\"category\":"
    "\"category\","
    "\"price\":\"price\",\"popularity\":\"popularity\"},\"customRanking\":[\"desc(popularity)\"],\"languages\":[\"en\"]"
    "}";

struct product {
    bool deleted;
    uint32_t leaf, second_leaf; /* the same for one path */
    uint32_t brand, price;
    bool has_width;
};

static struct product products[PRODUCTS];

static void make_products(char **objects)
{
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        struct product *p = &products[i];
        struct buf b = BUF_EMPTY;
        *p = (struct product){.leaf = i * LEAVES / PRODUCTS, .brand = i % BRANDS, .price = 5 + i * 31 % 90};
        p->second_leaf = i % 19 == 0 ? (p->leaf + 1) % LEAVES : p->leaf;
        p->has_width = i % 11 == 0;
        buf_printf(&b, "{\"objectID\":\"p%05u\",\"title\":\"everything%s%s%s%s\",\"brand\":\"Brand%u\",\"price\":%u,",
                   i, i % 2 ? " odd" : " even", i % 13 ? "" : " thirteenth", i % 97 ? "" : " rare rarely",
                   i % 501 ? "" : " raritan", p->brand, p->price);
        if (p->second_leaf == p->leaf)
            buf_printf(&b, "\"category\":\"Top %u > Leaf %u\",", p->leaf % 2, p->leaf);
        else
            buf_printf(&b, "\"category\":[\"Top %u > Leaf %u\",\"Top %u > Leaf %u\"],", p->leaf % 2, p->leaf,
                       p->second_leaf % 2, p->second_leaf);
        if (p->has_width)
            buf_printf(&b, "\"width\":%u,", i % 3);
        buf_printf(&b, "\"popularity\":%u}", i * 7 % 101);
        objects[i] = strndup(b.data, b.size);
        buf_release(&b);
    }
}

/* Every fortieth product is deleted; every sixtieth costs 1 now. Others in each round: counts that are kept from search
 * to search must follow. */
static void change_products(struct catalog *c, uint64_t *tombstones, uint32_t round)
{
    attr_id price = dictionary_attr_find(c->dictionary, STR("price"));
    struct segment *segment = (struct segment *)(uintptr_t)c->snapshot->segments;

    assert_non_null(shard_number_column(c->shards[0], price)->codes);
    assert_non_null(shard_facet_column(c->shards[0], dictionary_attr_find(c->dictionary, STR("category")))->paths);
    for (uint32_t i = 0; i < PRODUCTS; i++) {
        char id[16];
        doc_id doc;
        (void)snprintf(id, sizeof(id), "p%05u", i);
        doc = shard_find(c->shards[0], str_from(id));
        if (i % 40 == 7 + round) {
            tombstones[doc / 64] |= 1ull << (doc & 63);
            products[i].deleted = true;
        }
        if (i % 60 == 9 + round) {
            int64_t cell;
            assert_true(number_cell_of_text(shard_number_column(c->shards[0], price), STR("1"), &cell));
            assert_int_equal(shard_number_store(c->shards[0], price, doc, cell, &c->err), STATUS_OK);
            products[i].price = 1;
        }
    }
    segment->tombstones = tombstones;
    snapshot_statistics(c->snapshot);
}

/* --- the truth --- */
struct question {
    const char *params; /* without the facets */
    bool (*matches)(uint32_t i, const struct product *p);
};

static uint64_t count_of(const struct facet_result *f, const char *value)
{
    for (size_t i = 0; i < f->count; i++) {
        if (str_equal(f->counts[i].value, str_from(value)))
            return f->counts[i].count;
    }
    return 0;
}

static void check_value(const struct facet_result *f, const char *value, uint64_t due, uint64_t *seen)
{
    uint64_t found = count_of(f, value);

    if (found != due)
        fail_msg(STR_FMT " '%s': %llu instead of %llu", STR_ARG(f->attribute), value, (unsigned long long)found,
                 (unsigned long long)due);
    *seen += due > 0;
}

static void check_facets(const struct search_result *r, const struct question *q)
{
    uint64_t brands[BRANDS] = {0}, tops[2] = {0}, leaves[LEAVES] = {0}, prices[100] = {0}, widths[3] = {0};
    uint64_t total = 0, seen[5] = {0};
    char value[64];

    for (uint32_t i = 0; i < PRODUCTS; i++) {
        const struct product *p = &products[i];
        if (p->deleted || !q->matches(i, p))
            continue;
        total++;
        brands[p->brand]++;
        prices[p->price]++;
        leaves[p->leaf]++;
        leaves[p->second_leaf] += p->second_leaf != p->leaf;
        tops[p->leaf % 2]++;
        tops[p->second_leaf % 2] += p->second_leaf % 2 != p->leaf % 2;
        widths[i % 3] += p->has_width;
    }
    assert_int_equal(r->total, total);
    assert_int_equal(r->facet_count, 5);
    for (uint32_t b = 0; b < BRANDS; b++) {
        (void)snprintf(value, sizeof(value), "Brand%u", b);
        check_value(&r->facets[0], value, brands[b], &seen[0]);
    }
    for (uint32_t t = 0; t < 2; t++) {
        (void)snprintf(value, sizeof(value), "Top %u", t);
        check_value(&r->facets[1], value, tops[t], &seen[1]);
    }
    for (uint32_t l = 0; l < LEAVES; l++) {
        (void)snprintf(value, sizeof(value), "Top %u > Leaf %u", l % 2, l);
        check_value(&r->facets[2], value, leaves[l], &seen[2]);
    }
    for (uint32_t p = 0; p < 100; p++) {
        (void)snprintf(value, sizeof(value), "%u", p);
        check_value(&r->facets[3], value, prices[p], &seen[3]);
    }
    for (uint32_t w = 0; w < 3; w++) {
        (void)snprintf(value, sizeof(value), "%u", w);
        check_value(&r->facets[4], value, widths[w], &seen[4]);
    }
    for (uint32_t f = 0; f < 5; f++)
        assert_int_equal(r->facets[f].count, seen[f]);
}

static bool all(uint32_t i, const struct product *p)
{
    return (void)i, (void)p, true;
}

static bool even(uint32_t i, const struct product *p)
{
    return (void)p, i % 2 == 0;
}

static bool rare_odd(uint32_t i, const struct product *p)
{
    return (void)p, i % 2 && i % 97 == 0;
}

static bool begins_with_rar(uint32_t i, const struct product *p)
{
    return (void)p, i % 97 == 0 || i % 501 == 0;
}

static bool thirteenth_or_rare(uint32_t i, const struct product *p)
{
    return (void)p, i % 97 == 0 || i % 13 == 0;
}

static bool cheap_thirteenth(uint32_t i, const struct product *p)
{
    return i % 13 == 0 && p->price >= 1 && p->price < 40;
}

static bool of_leaf_one_and_brand_two(uint32_t i, const struct product *p)
{
    return (void)i, (p->leaf == 1 || p->second_leaf == 1) && p->brand == 2;
}

static bool cost_one(uint32_t i, const struct product *p)
{
    return (void)i, p->price == 1;
}

static bool the_twenty_sixth(uint32_t i, const struct product *p)
{
    return (void)p, i == 26;
}

#define STRICT "\"removeWordsIfNoResults\":\"none\",\"queryType\":\"prefixNone\""

static const struct question QUESTIONS[] = {
    {"\"query\":\"\"", all},
    {"\"query\":\"everything\"," STRICT, all},
    {"\"query\":\"even everything\"," STRICT, even},
    {"\"query\":\"rarely odd\"," STRICT, rare_odd},
    {"\"query\":\"rar\",\"typoTolerance\":false", begins_with_rar},
    {"\"query\":\"rare thirteenth\",\"optionalWords\":\"rare thirteenth\",\"queryType\":\"prefixNone\"",
     thirteenth_or_rare},
    {"\"query\":\"thirteenth\",\"numericFilters\":[\"price<40\"]," STRICT, cheap_thirteenth},
    {"\"facetFilters\":[\"category.lvl1:Top 1 > Leaf 1\",\"brand:Brand2\"]", of_leaf_one_and_brand_two},
    {"\"numericFilters\":[\"price=1\"]", cost_one},
    {"\"query\":\"thirteenth\",\"filters\":\"objectID:p00026\"," STRICT, the_twenty_sixth},
};

static const char *answer(struct catalog *c, const struct question *q, uint32_t per_window)
{
    char params[1024];

    candidates_per_window = per_window;
    (void)snprintf(params, sizeof(params),
                   "{%s,\"hitsPerPage\":50,\"maxValuesPerFacet\":1000,\"facets\":[\"brand\",\"category.lvl0\","
                   "\"category.lvl1\",\"price\",\"width\"]}",
                   q->params);
    catalog_search(c, params);
    check_facets(&c->result, q);
    return strdup(catalog_hits(c, &c->result));
}

static void ask_all(struct catalog *c)
{
    static const uint32_t ways[] = {48, 0, PRODUCTS};

    for (size_t i = 0; i < sizeof(QUESTIONS) / sizeof(QUESTIONS[0]); i++) {
        const char *first = answer(c, &QUESTIONS[i], ways[0]);
        for (size_t w = 1; w < 3; w++) {
            const char *hits = answer(c, &QUESTIONS[i], ways[w]);
            assert_string_equal(hits, first);
            free((void *)(uintptr_t)hits);
        }
        free((void *)(uintptr_t)first);
    }
    candidates_per_window = ways[0];
}

static void test_ways_agree(void **state)
{
    char **objects = calloc(PRODUCTS, sizeof(*objects));
    uint64_t *tombstones = calloc(PRODUCTS / 64 + 65, sizeof(*tombstones));
    struct catalog c;

    (void)state;
    make_products(objects);
    catalog_open(&c, SETTINGS, (const char *const *)objects, PRODUCTS, 1);
    ask_all(&c);
    for (uint32_t round = 0; round < 2; round++) {
        change_products(&c, tombstones, round);
        ask_all(&c);
    }
    catalog_close(&c);
    free(tombstones);
    for (uint32_t i = 0; i < PRODUCTS; i++)
        free(objects[i]);
    free(objects);
}

static void test_kernels_agree(void **state)
{
    uint16_t codes[64];
    uint32_t counts[40] = {0}, random = 1;

    (void)state;
    for (uint32_t round = 0; round < 2000; round++) {
        uint16_t low, high;
        for (uint32_t i = 0; i < 64; i++) {
            random = random * 1664525 + 1013904223;
            codes[i] = (uint16_t)(round % 3 ? random >> 16 : 40000 + (random >> 31));
        }
        if (round % 5 == 0)
            memset(codes, round & 255, sizeof(codes));
        codes[round % 64] = (uint16_t)(codes[round % 64] + (round % 10 == 5));
        low = codes[random % 64];
        high = codes[(random >> 8) % 64];
        assert_int_equal(kernel_in_range(codes, low, high), kernel_in_range_plain(codes, low, high));
        assert_int_equal(kernel_in_range(codes, 0, UINT16_MAX), UINT64_MAX);
        assert_int_equal(kernel_all_equal(codes), kernel_all_equal_plain(codes));
    }
    for (uint32_t used = 0; used <= 40; used++) {
        memset(counts, 0, sizeof(counts));
        if (used < 40)
            counts[used] = 1;
        for (uint32_t from = 0; from <= 40; from++)
            assert_int_equal(kernel_next_used(counts, from, 40), from <= used ? used : 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ways_agree), cmocka_unit_test(test_kernels_agree)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
