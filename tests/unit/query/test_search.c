/* Searches on a small shop, whole: who is found, in which order, with which counts. Each test runs on 1, 2 and 4
 * shards, which must not matter. */
#include <math.h>

#include "tests/unit/query/catalog.h"

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title^3\",\"brand^2\",\"category\",\"description\"],"
    "\"attributesForFaceting\":[\"searchable(brand)\",\"color\",\"hierarchical(category)\",\"numeric(price)\","
    "\"numeric(width)\",\"in_stock\",\"filterOnly(secret)\"],"
    "\"roles\":{\"title\":\"title\",\"brand\":\"brand\",\"category\":\"category\","
    "\"price\":\"price\",\"quantity\":\"quantity\",\"popularity\":\"popularity\"},"
    "\"identifiers\":[\"sku\"],\"customRanking\":[\"desc(popularity)\"],\"languages\":[\"en\"],"
    "\"synonyms\":[[\"sofa\",\"couch\"],[\"tv\",\"flat screen\"]],\"minHits\":1}";

static const char *const SHOP[] = {
    "{\"objectID\":\"s1\",\"title\":\"Red trail shoe\",\"brand\":\"Fjord & Co\",\"category\":\"Shoes > Trail\","
    "\"color\":\"red\",\"price\":89.9,\"popularity\":50,\"quantity\":3,\"sku\":\"TR-100\",\"item_group_id\":\"trail\"}",
    "{\"objectID\":\"s2\",\"title\":\"Blue trail shoe\",\"brand\":\"Fjord & Co\",\"category\":\"Shoes > Trail\","
    "\"color\":\"blue\",\"price\":89.9,\"popularity\":40,\"quantity\":0,\"sku\":\"TR-101\","
    "\"item_group_id\":\"trail\"}",
    "{\"objectID\":\"s3\",\"title\":\"Road running shoes\",\"brand\":\"Ibex, Ltd\",\"category\":\"Shoes > Road\","
    "\"color\":[\"red\",\"white\"],\"price\":120,\"popularity\":80,\"quantity\":7,\"sku\":\"RR-7\"}",
    "{\"objectID\":\"c1\",\"title\":\"Corner sofa\",\"brand\":\"O'Neal\",\"category\":\"Home > Living > Sofas\","
    "\"color\":\"grey\",\"price\":799,\"popularity\":10,\"quantity\":1,\"width\":210}",
    "{\"objectID\":\"c2\",\"title\":\"Velvet couch\",\"brand\":\"O'Neal\",\"category\":\"Home > Living > Sofas\","
    "\"color\":\"red\",\"price\":899.5,\"popularity\":20,\"quantity\":0,\"width\":180}",
    "{\"objectID\":\"t1\",\"title\":\"Flat screen 55 inch\",\"brand\":\"Hi:Tech\",\"category\":\"Home > TV\","
    "\"price\":499,\"popularity\":90,\"quantity\":5,\"width\":123.5,\"secret\":\"x\"}",
    "{\"objectID\":\"h1\",\"title\":\"Headphones WH-1000XM4\",\"brand\":\"Hi:Tech\",\"category\":\"Audio\","
    "\"color\":\"black\",\"price\":279,\"popularity\":99,\"quantity\":9,\"description\":\"Wireless, with a red case\"}",
};
#define SHOP_SIZE (sizeof(SHOP) / sizeof(SHOP[0]))

static void with_shop(void (*test)(struct catalog *c))
{
    for (uint32_t shards = 1; shards <= 4; shards *= 2) {
        struct catalog c;
        catalog_open(&c, SETTINGS, SHOP, SHOP_SIZE, shards);
        test(&c);
        catalog_close(&c);
    }
}

static void words(struct catalog *c)
{
    assert_hits(c, "{}", "7: h1 t1 s3 s1 s2 c2 c1");
    assert_hits(c, "{\"query\":\"trail shoe\"}", "2: s1 s2");
    assert_hits(c, "{\"query\":\"TRAIL shoes\"}", "2: s1 s2");
    assert_hits(c, "{\"query\":\"shoe\"}", "3: s3 s1 s2");
    assert_hits(c, "{\"query\":\"red\"}", "2: s1 h1");
    assert_hits(c, "{\"query\":\"hea\"}", "1: h1");
    assert_hits(c, "{\"query\":\"hea\",\"queryType\":\"prefixNone\",\"typoTolerance\":false}", "0:");
    assert_hits(c, "{\"query\":\"hea \",\"typoTolerance\":false}", "0:");
    assert_hits(c, "{\"query\":\" \\u3000\"}", "7: h1 t1 s3 s1 s2 c2 c1");
    assert_hits(c, "{\"query\":\"!!!\"}", "0:");
    assert_hits(c, "{\"query\":\"qqqq\"}", "0:");
    assert_hits(c, "{\"query\":\"shoe\",\"restrictSearchableAttributes\":[\"description\"]}", "0:");
    assert_hits(c, "{\"query\":\"red\",\"restrictSearchableAttributes\":\"description\"}", "1: h1");
}

static void spelling(struct catalog *c)
{
    assert_hits(c, "{\"query\":\"headphnoes\"}", "1: h1");
    assert_int_equal(c->result.corrected_count, 1);
    assert_hits(c, "{\"query\":\"headphnoes\",\"typoTolerance\":false}", "0:");
    assert_hits(c, "{\"query\":\"wh1000xm4\"}", "1: h1");
    assert_hits(c, "{\"query\":\"wh-1000\"}", "1: h1");
    assert_hits(c, "{\"query\":\"1000xm4\"}", "1: h1");
    assert_hits(c, "{\"query\":\"xm\"}", "1: h1");
}

static void synonyms(struct catalog *c)
{
    assert_hits(c, "{\"query\":\"sofa\"}", "2: c1 c2");
    assert_hits(c, "{\"query\":\"couch\"}", "2: c2 c1");
    assert_hits(c, "{\"query\":\"tv\"}", "1: t1");
}

static void identifiers(struct catalog *c)
{
    assert_hits(c, "{\"query\":\"tr-100\"}", "1: s1");
    assert_hits(c, "{\"query\":\"TR 101\"}", "1: s2");
    assert_hits(c, "{\"query\":\"rr7\",\"removeWordsIfNoResults\":\"none\"}", "1: s3");
}

/* All words, then all but any one, and so on; who comes first, the score says. */
static void relaxation(struct catalog *c)
{
    assert_hits(c, "{\"query\":\"velvet shoe\"}", "4: c2 s1 s2 s3");
    assert_int_equal(c->result.steps, 2);
    assert_int_equal(c->result.required, 1);
    assert_int_equal(c->result.dropped_count, 0);
    assert_hits(c, "{\"query\":\"velvet shoe\",\"removeWordsIfNoResults\":\"none\"}", "0:");
    assert_hits(c, "{\"query\":\"velvet shoe\",\"optionalWords\":\"velvet shoe\"}", "4: c2 s1 s2 s3");
    assert_hits(c, "{\"query\":\"velvet shoe\",\"optionalWords\":[\"velvet\"],\"minHits\":0}", "3: s1 s2 s3");
    assert_hits(c, "{\"query\":\"trail qqqq\"}", "2: s1 s2");
    assert_int_equal(c->result.dropped_count, 1);
    assert_hits(c, "{\"query\":\"trail qqqq\",\"removeWordsIfNoResults\":\"none\"}", "0:");
    assert_hits(c, "{\"query\":\"red trail shoe\",\"minHits\":2}", "3: s1 s2 h1");
    assert_int_equal(c->result.hits[1].step, 1);
    assert_hits(c, "{\"query\":\"the shoe\"}", "3: s3 s1 s2");
}

/* Words that stand together in the title, in the query's order, and what a title's accessory does to the thing before
 * it. Everything but the order of the words is alike. */
static const char TITLE_SETTINGS[] =
    "{\"searchableAttributes\":[\"title^6\",\"brand^2\"],\"roles\":{\"title\":\"title\",\"brand\":\"brand\"},"
    "\"languages\":[\"en\"],\"minHits\":1}";
static const char *const TITLES[] = {
    "{\"objectID\":\"a1\",\"title\":\"keyboard cover silver\"}",
    "{\"objectID\":\"a2\",\"title\":\"silver keyboard wireless\"}",
    "{\"objectID\":\"a3\",\"title\":\"keyboard wireless silver\"}",
    "{\"objectID\":\"a4\",\"title\":\"silver keyboard stand\"}",
};

static void title_order(struct catalog *c)
{
    const struct json *info;
    double pairs;
    bool accessory;

    assert_hits(c, "{\"query\":\"silver keyboard \"}", "4: a2 a3 a4 a1");
    assert_hits(c, "{\"query\":\"keyboard wireless \",\"minHits\":0}", "2: a2 a3");
    assert_hits(c, "{\"query\":\"keyboard \"}", "4: a2 a3 a1 a4");
    assert_hits(c, "{\"query\":\"keyboards\"}", "4: a2 a3 a1 a4");
    assert_hits(c, "{\"query\":\"cover keyboard \",\"minHits\":4}", "4: a1 a2 a3 a4");
    assert_hits(c, "{\"query\":\"silver keyboard \",\"restrictSearchableAttributes\":[\"brand\"]}", "0:");
    assert_hits(c, "{\"query\":\"silver keyboard \",\"getRankingInfo\":true}", "4: a2 a3 a4 a1");
    info = c->result.hits[0].ranking_info;
    assert_true(json_double(json_get(info, "titleOrder"), &pairs) && pairs > 0);
    assert_true(json_bool(json_get(info, "accessory"), &accessory) && !accessory);
    info = c->result.hits[3].ranking_info;
    assert_true(json_double(json_get(info, "titleOrder"), &pairs) && pairs == 0);
    assert_true(json_bool(json_get(info, "accessory"), &accessory) && accessory);
}

/* A word as it was typed comes before one that only begins so, in any field and whatever sells best. */
static const char *const BEGINNINGS[] = {
    "{\"objectID\":\"b1\",\"title\":\"sunny hat\",\"popularity\":99}",
    "{\"objectID\":\"b2\",\"title\":\"sun hat\",\"popularity\":1}",
    "{\"objectID\":\"b3\",\"title\":\"sunday hat\",\"popularity\":50}",
    "{\"objectID\":\"b4\",\"title\":\"beach hat\",\"description\":\"sunproof fabric\",\"popularity\":90}",
    "{\"objectID\":\"b5\",\"title\":\"beach bag\",\"description\":\"sun fabric\",\"popularity\":2}",
};

static void whole_words(struct catalog *c)
{
    assert_hits(c, "{\"query\":\"sun\"}", "5: b2 b5 b1 b3 b4");
    assert_hits(c, "{\"query\":\"hat sun\",\"hitsPerPage\":1}", "4: b2");
    assert_hits(c, "{\"query\":\"sun \"}", "2: b2 b5");
    assert_hits(c, "{\"query\":\"sun\",\"queryType\":\"prefixNone\"}", "2: b2 b5");
}

static void test_whole_words_before_beginnings(void **state)
{
    (void)state;
    for (uint32_t shards = 1; shards <= 4; shards *= 2) {
        struct catalog c;
        catalog_open(&c, SETTINGS, BEGINNINGS, sizeof(BEGINNINGS) / sizeof(BEGINNINGS[0]), shards);
        whole_words(&c);
        catalog_close(&c);
    }
}

static void test_title_order(void **state)
{
    (void)state;
    for (uint32_t shards = 1; shards <= 4; shards *= 2) {
        struct catalog c;
        catalog_open(&c, TITLE_SETTINGS, TITLES, sizeof(TITLES) / sizeof(TITLES[0]), shards);
        title_order(&c);
        catalog_close(&c);
    }
}

/* Words near each other in the title's order, the word that names the thing, what is not wanted. In each pair of
 * products everything else is alike, and the id would put the other one first. */
static const char *const THINGS[] = {
    "{\"objectID\":\"a1\",\"title\":\"tankini high waist ruffle\"}",
    "{\"objectID\":\"a2\",\"title\":\"high waist ruffle tankini\"}",
    "{\"objectID\":\"b1\",\"title\":\"strappy pump\",\"brand\":\"heel\"}",
    "{\"objectID\":\"b2\",\"title\":\"heel pump\",\"brand\":\"strappy\"}",
    "{\"objectID\":\"c1\",\"title\":\"lid\"}",
    "{\"objectID\":\"c2\",\"title\":\"bowl\"}",
};

static double member_of_word(struct catalog *c, uint32_t word, const char *name)
{
    const struct json *words = json_get(c->result.hits[0].ranking_info, "words");
    double value = -1;

    assert_true(words->count > word);
    (void)json_double(json_get(&words->items[word], name), &value);
    return value;
}

static void things(struct catalog *c)
{
    double together, apart;

    assert_hits(c, "{\"query\":\"high waist \",\"getRankingInfo\":true}", "2: a1 a2");
    assert_true(json_double(json_get(c->result.hits[0].ranking_info, "titleOrder"), &together));
    assert_hits(c, "{\"query\":\"waist tankini \",\"getRankingInfo\":true}", "2: a2 a1");
    assert_true(json_double(json_get(c->result.hits[0].ranking_info, "titleOrder"), &apart));
    assert_true(apart > 0 && apart < together);
    assert_hits(c, "{\"query\":\"strappy heel for women \",\"getRankingInfo\":true}", "2: b2 b1");
    assert_true(member_of_word(c, 1, "named") > 0);
    assert_true(member_of_word(c, 0, "named") == 0);
    assert_hits(c, "{\"query\":\"heel strappy \"}", "2: b1 b2");
    assert_hits(c, "{\"query\":\"bowl without lid \"}", "2: c2 c1");
    assert_hits(c, "{\"query\":\"lid without bowl \",\"getRankingInfo\":true}", "2: c1 c2");
    assert_hits(c, "{\"query\":\"dish without lid \",\"getRankingInfo\":true}", "1: c1");
    assert_true(fabs(member_of_word(c, 2, "weight") - .7) < 1e-12);
}

static void test_things(void **state)
{
    (void)state;
    for (uint32_t shards = 1; shards <= 4; shards *= 2) {
        struct catalog c;
        catalog_open(&c, TITLE_SETTINGS, THINGS, sizeof(THINGS) / sizeof(THINGS[0]), shards);
        things(&c);
        catalog_close(&c);
    }
}

static void filters(struct catalog *c)
{
    assert_hits(c, "{\"facetFilters\":\"brand:Fjord & Co\"}", "2: s1 s2");
    assert_hits(c, "{\"facetFilters\":[[\"brand:Ibex, Ltd\",\"brand:Hi:Tech\"]]}", "3: h1 t1 s3");
    assert_hits(c, "{\"facetFilters\":[\"brand:O'Neal\",\"color:-red\"]}", "1: c1");
    assert_hits(c, "{\"facetFilters\":[\"color:red\"]}", "3: s3 s1 c2");
    assert_hits(c, "{\"facetFilters\":[\"category.lvl0:Home\"]}", "3: t1 c2 c1");
    assert_hits(c, "{\"facetFilters\":[\"category.lvl1:Home > Living\"]}", "2: c2 c1");
    assert_hits(c, "{\"facetFilters\":[\"category.lvl0:Home > Living\"]}", "0:");
    assert_hits(c, "{\"facetFilters\":[\"category:Home > Living > Sofas\"]}", "2: c2 c1");
    assert_hits(c, "{\"facetFilters\":[\"in_stock:false\"]}", "2: s2 c2");
    assert_hits(c, "{\"filters\":\"in_stock:true AND price < 100\"}", "1: s1");
    assert_hits(c, "{\"numericFilters\":[\"price>=89.9\",\"price<=120\"]}", "3: s3 s1 s2");
    assert_hits(c, "{\"numericFilters\":\"price:100 TO 300\"}", "2: h1 s3");
    assert_hits(c, "{\"numericFilters\":\"width>0\"}", "3: t1 c2 c1");
    assert_hits(c, "{\"filters\":\"NOT width > 0\"}", "4: h1 s3 s1 s2");
    assert_hits(c, "{\"filters\":\"width:180 OR width:123.5\"}", "2: t1 c2");
    assert_hits(c, "{\"filters\":\"width != 180\",\"hitsPerPage\":0}", "6:");
    assert_hits(c, "{\"filters\":\"nothing:x OR brand:Acme\"}", "0:");
    assert_hits(c, "{\"filters\":\"secret:x\"}", "1: t1");
    assert_hits(c, "{\"query\":\"shoe\",\"filters\":\"color:red\"}", "2: s3 s1");
    assert_hits(c, "{\"filters\":\"(brand:O'Neal OR color:black) AND NOT in_stock:false\"}", "2: h1 c1");
}

static void facets(struct catalog *c)
{
    assert_facets(c, "{\"facets\":[\"brand\"]}", "brand Fjord & Co=2 Hi:Tech=2 O'Neal=2 Ibex, Ltd=1");
    assert_facets(c, "{\"facets\":[\"brand\"],\"maxValuesPerFacet\":2}", "brand Fjord & Co=2 Hi:Tech=2");
    assert_facets(c, "{\"facets\":[\"brand\"],\"sortFacetValuesBy\":\"alpha\",\"maxValuesPerFacet\":3}",
                  "brand Fjord & Co=2 Hi:Tech=2 Ibex, Ltd=1");
    assert_facets(c, "{\"facets\":\"color\",\"query\":\"shoe\"}", "color red=2 blue=1 white=1");
    assert_facets(c, "{\"facets\":\"price\",\"query\":\"shoe\"}", "price 89.9=2 120=1 [89.9..120 sum 299.8 n 3]");
    assert_facets(c, "{\"facets\":[\"in_stock\"]}", "in_stock true=5 false=2");
    assert_facets(c, "{\"facets\":[\"category\"],\"filters\":\"category.lvl0:Home\"}",
                  "category.lvl0 Home=3; category.lvl1 Home > Living=2 Home > TV=1; "
                  "category.lvl2 Home > Living > Sofas=2");
    assert_facets(c, "{\"facets\":[\"category.lvl0\"]}", "category.lvl0 Home=3 Shoes=3 Audio=1");
    assert_facets(c, "{\"facets\":[\"secret\",\"nothing\"]}", "");
    assert_facets(c, "{\"facets\":\"*\",\"query\":\"sofa\",\"filters\":\"color:grey\"}",
                  "brand O'Neal=1; color grey=1; category.lvl0 Home=1; category.lvl1 Home > Living=1; "
                  "category.lvl2 Home > Living > Sofas=1; price 799=1 [799..799 sum 799 n 1]; "
                  "width 210=1 [210..210 sum 210 n 1]; in_stock true=1");
}

/* Products: the two trail shoes are one. */
static void products(struct catalog *c)
{
    assert_hits(c, "{\"distinct\":true}", "6: h1 t1 s3 s1 c2 c1");
    assert_hits(c, "{\"distinct\":true,\"query\":\"blue shoe\",\"minHits\":0}", "1: s2");
    assert_hits(c, "{\"distinct\":true,\"query\":\"shoe\",\"hitsPerPage\":1,\"page\":1}", "2: s1");
    assert_facets(c, "{\"distinct\":true,\"facets\":[\"brand\",\"color\",\"price\",\"in_stock\"],\"query\":\"shoe\"}",
                  "brand Fjord & Co=1 Ibex, Ltd=1; color red=2 blue=1 white=1; "
                  "price 120=1 89.9=1 [89.9..120 sum 299.8 n 3]; in_stock true=2 false=1");
    assert_facets(c, "{\"distinct\":true,\"facets\":[\"category.lvl0\"]}", "category.lvl0 Home=3 Shoes=2 Audio=1");
}

static void sorting(struct catalog *c)
{
    assert_hits(c, "{\"sort\":\"asc(price)\"}", "7: s1 s2 s3 h1 t1 c1 c2");
    assert_hits(c, "{\"sort\":\"desc(price)\"}", "7: c2 c1 t1 h1 s3 s1 s2");
    assert_hits(c, "{\"sort\":[\"asc(brand)\",\"desc(price)\"]}", "7: s1 s2 t1 h1 s3 c2 c1");
    assert_hits(c, "{\"sort\":\"asc(width)\"}", "7: t1 c2 c1 h1 s3 s1 s2");
    assert_hits(c, "{\"sort\":\"desc(width)\",\"hitsPerPage\":2,\"page\":1}", "7: t1 h1");
    assert_hits(c, "{\"sort\":\"desc(color)\",\"hitsPerPage\":2}", "7: s3 s1");
    assert_hits(c, "{\"sort\":\"asc(nothing)\",\"hitsPerPage\":2}", "7: h1 t1");
    assert_hits(c, "{\"sort\":\"asc(in_stock)\",\"hitsPerPage\":3}", "7: s2 c2 h1");
}

static void pages(struct catalog *c)
{
    assert_hits(c, "{\"hitsPerPage\":3,\"page\":2}", "7: c1");
    assert_int_equal(c->result.page_count, 3);
    assert_hits(c, "{\"hitsPerPage\":3,\"page\":3}", "7:");
    assert_hits(c, "{\"offset\":2,\"length\":2}", "7: s3 s1");
    assert_hits(c, "{\"hitsPerPage\":0}", "7:");
}

/* The object comes back as it was given. */
static void objects(struct catalog *c)
{
    struct buf text = BUF_EMPTY;

    catalog_search(c, "{\"query\":\"tr-100\",\"getRankingInfo\":true,\"profile\":true}");
    json_write(&text, &c->result.hits[0].object);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, SHOP[0]);
    assert_non_null(c->result.hits[0].ranking_info);
    assert_non_null(c->result.profile);
    buf_release(&text);
}

static void browsing(struct catalog *c)
{
    static const struct {
        const char *after, *expected;
    } pages_[] = {{"", "c1 c2 h1 "}, {"h1", "s1 s2 s3 "}, {"s3", "t1 "}, {"t1", ""}, {"d", "h1 s1 s2 "}};

    for (size_t i = 0; i < sizeof(pages_) / sizeof(pages_[0]); i++) {
        struct search_page page = {.after = str_from(pages_[i].after), .limit = 3};
        struct buf text = BUF_EMPTY;
        arena_reset(&c->arena);
        catalog_request(c, "{}", &c->request);
        assert_int_equal(search_keys(&c->context, &c->request, &page, &c->err), STATUS_OK);
        for (size_t k = 0; k < page.count; k++)
            buf_printf(&text, STR_FMT " ", STR_ARG(page.keys[k]));
        buf_append_char(&text, '\0');
        assert_string_equal(text.data, pages_[i].expected);
        buf_release(&text);
    }
}

static void facet_values(struct catalog *c)
{
    static const struct {
        const char *typed, *expected;
    } cases[] = {{"fj", "<em>Fj</em>ord & Co=2 "},
                 {"co", "Fjord & <em>Co</em>=2 "},
                 {"zz", ""},
                 {"fjrod", "<em>Fjord</em> & Co=2 "},
                 {"neal", "O'<em>Neal</em>=2 "},
                 {"", "Fjord & Co=2 Hi:Tech=2 O'Neal=2 Ibex, Ltd=1 "}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct facet_search wanted = {STR("brand"), str_from(cases[i].typed), 10};
        struct facet_hits found;
        struct buf text = BUF_EMPTY;
        arena_reset(&c->arena);
        catalog_request(c, "{}", &c->request);
        assert_int_equal(search_facet_values(&c->context, &c->request, &wanted, &found, &c->err), STATUS_OK);
        for (size_t k = 0; k < found.count; k++)
            buf_printf(&text, STR_FMT "=%d ", STR_ARG(found.hits[k].highlighted), (int)found.hits[k].count);
        buf_append_char(&text, '\0');
        assert_string_equal(text.data, cases[i].expected);
        buf_release(&text);
    }
    struct facet_search other = {STR("color"), STR("r"), 10};
    struct facet_hits none;
    assert_int_equal(search_facet_values(&c->context, &c->request, &other, &none, &c->err), STATUS_INPUT);
}

/* The requests of one call: the same answers as alone, but for the steps of the most filtered one. */
static void together(struct catalog *c)
{
    struct search_request requests[3];
    struct search_result results[3];

    arena_reset(&c->arena);
    catalog_request(c, "{\"query\":\"trail shoe\",\"facetFilters\":\"color:white\",\"facets\":[\"brand\"]}",
                    &requests[0]);
    catalog_request(c, "{\"query\":\"trail shoe\",\"hitsPerPage\":0,\"facets\":\"color\"}", &requests[1]);
    catalog_request(c, "{\"query\":\"sofa\"}", &requests[2]);
    assert_int_equal(search_run(&c->context, requests, 3, results, &c->err), STATUS_OK);
    assert_string_equal(catalog_hits(c, &results[0]), "1: s3");
    assert_int_equal(results[0].steps, 2);
    assert_int_equal(results[1].steps, 2);
    assert_string_equal(catalog_facets(c, &results[1]), "color red=2 blue=1 white=1");
    assert_string_equal(catalog_hits(c, &results[2]), "2: c1 c2");
}

#define SHOP_TEST(name)                                                                                                \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        with_shop(name);                                                                                               \
    }

SHOP_TEST(words)
SHOP_TEST(spelling)
SHOP_TEST(synonyms)
SHOP_TEST(identifiers)
SHOP_TEST(relaxation)
SHOP_TEST(filters)
SHOP_TEST(facets)
SHOP_TEST(products)
SHOP_TEST(sorting)
SHOP_TEST(pages)
SHOP_TEST(objects)
SHOP_TEST(browsing)
SHOP_TEST(facet_values)
SHOP_TEST(together)

/* A shard that lacks the word, but has the phrase that stands for it: the phrase's lists take the place of the word's.
 */
static void test_phrase_in_place_of_a_word(void **state)
{
    static const char *const objects[] = {
        "{\"objectID\":\"a\",\"title\":\"tv\"}",          "{\"objectID\":\"b\",\"title\":\"flat screen\"}",
        "{\"objectID\":\"c\",\"title\":\"flat screen\"}", "{\"objectID\":\"d\",\"title\":\"flat screen\"}",
        "{\"objectID\":\"e\",\"title\":\"flat screen\"}", "{\"objectID\":\"f\",\"title\":\"flat screen\"}",
        "{\"objectID\":\"g\",\"title\":\"flat screen\"}", "{\"objectID\":\"h\",\"title\":\"screen\"}"};
    struct catalog c;

    (void)state;
    catalog_open(&c, SETTINGS, objects, 8, 4);
    catalog_search(&c, "{\"query\":\"tv \"}");
    assert_int_equal(c.result.total, 7);
    catalog_close(&c);
}

/* A sum of prices is what adding them by hand gives, however they lie in shards: .05 + 1.86 is 1.91. */
static void test_sums(void **state)
{
    enum { COUNT = 40 };
    static char texts[COUNT][100];
    const char *objects[COUNT];
    struct catalog c;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "{\"objectID\":\"%d\",\"title\":\"cup\",\"price\":%d.%02d}", i,
                       i * 37 % 100, i * 53 % 100);
        objects[i] = texts[i];
    }
    catalog_open(&c, SETTINGS, objects, COUNT, 4);
    for (int most = 0; most < 100; most++) {
        char params[100];
        int cents = 0;
        for (int i = 0; i < COUNT; i++)
            cents += i * 37 % 100 < most ? i * 37 % 100 * 100 + i * 53 % 100 : 0;
        (void)snprintf(params, sizeof(params), "{\"facets\":[\"price\"],\"numericFilters\":\"price<%d\"}", most);
        catalog_search(&c, params);
        if (cents > 0 && c.result.facets[0].sum != cents / 100.)
            fail_msg("below %d: %.17g, not %.17g", most, c.result.facets[0].sum, cents / 100.);
    }
    catalog_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_phrase_in_place_of_a_word),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_synonyms),
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_relaxation),
        cmocka_unit_test(test_title_order),
        cmocka_unit_test(test_things),
        cmocka_unit_test(test_whole_words_before_beginnings),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_facets),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_browsing),
        cmocka_unit_test(test_facet_values),
        cmocka_unit_test(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
