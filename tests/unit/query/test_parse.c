/* Requests as clients send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/query/search.h"

struct fixture {
    struct settings *settings;
    struct arena arena;
    struct json json;
    struct search_request request;
    struct error err;
};

static const char SETTINGS[] = "{\"searchableAttributes\":[\"title^3\"],\"attributesForFaceting\":[\"brand\"],"
                               "\"replicas\":[\"products_price_asc\"],\"hitsPerPage\":24,"
                               "\"customRanking\":[\"desc(popularity)\"]}";

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena, 4 << 20);
    assert_int_equal(settings_parse(&f->settings, str_from(SETTINGS), NULL, &f->err), STATUS_OK);
}

static void teardown(struct fixture *f)
{
    settings_free(f->settings);
    arena_release(&f->arena);
}

static enum status parse(struct fixture *f, const char *text)
{
    assert_int_equal(json_parse(str_from(text), &f->arena, &f->json, &f->err), STATUS_OK);
    return search_request_parse(&f->request, &f->json, f->settings, &f->arena, &f->err);
}

#define assert_str(found, expected)                                                                                    \
    do {                                                                                                               \
        struct str found_ = (found);                                                                                   \
        assert_int_equal(found_.size, sizeof(expected) - 1);                                                           \
        assert_memory_equal(found_.data, expected, sizeof(expected) - 1);                                              \
    } while (0)

static void test_defaults(void **state)
{
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(parse(&f, "{}"), STATUS_OK);
    assert_true(f.request.prefix_last && f.request.typo_tolerance);
    assert_false(f.request.strict || f.request.any_word || f.request.distinct);
    assert_int_equal(f.request.hits_per_page, 24);
    assert_int_equal(f.request.offset, -1);
    assert_null(f.request.filter);
    assert_str(f.request.pre_tag, "<em>");
    teardown(&f);
}

/* What InstantSearch sends with algoliasearch v5. */
static void test_inline(void **state)
{
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(parse(&f, "{\"indexName\":\"products\",\"query\":\"trail\",\"page\":2,\"hitsPerPage\":12,"
                               "\"maxValuesPerFacet\":20,\"facets\":[\"brand\",\"color\",\"price\"],"
                               "\"facetFilters\":[[\"brand:Acme\",\"brand:Fjord & Co\"]],"
                               "\"numericFilters\":[\"price>=50\",\"price<=400\"],\"filters\":\"in_stock:true\","
                               "\"highlightPreTag\":\"__ais-highlight__\",\"highlightPostTag\":\"__/ais-highlight__\","
                               "\"analytics\":false,\"clickAnalytics\":true,\"somethingNew\":{\"a\":1}}"),
                     STATUS_OK);
    assert_str(f.request.index, "products");
    assert_str(f.request.query, "trail");
    assert_int_equal(f.request.page, 2);
    assert_int_equal(f.request.facet_count, 3);
    assert_str(f.request.facets[2], "price");
    assert_int_equal(f.request.max_values_per_facet, 20);
    assert_non_null(f.request.filter);
    assert_int_equal(f.request.filter->kind, FILTER_AND);
    assert_str(f.request.post_tag, "__/ais-highlight__");
    assert_int_equal(parse(&f, "{\"facets\":\"brand\"}"), STATUS_OK);
    assert_int_equal(f.request.facet_count, 1);
    assert_int_equal(parse(&f, "{\"facets\":\"*\",\"query\":null,\"distinct\":1}"), STATUS_OK);
    assert_str(f.request.facets[0], "*");
    assert_true(f.request.distinct);
    teardown(&f);
}

/* What algoliasearch v4 sends. */
static void test_params_string(void **state)
{
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(
        parse(&f, "{\"indexName\":\"products\",\"params\":\"query=fjord+%26+co&hitsPerPage=7&page=1&"
                  "facets=%5B%22brand%22%2C%22color%22%5D&facetFilters=%5B%5B%22brand%3AH%26M%22%5D%5D&"
                  "distinct=true&getRankingInfo=true&highlightPreTag=&empty&attributesToRetrieve=%5B%22name%22%5D\"}"),
        STATUS_OK);
    assert_str(f.request.query, "fjord & co");
    assert_int_equal(f.request.hits_per_page, 7);
    assert_int_equal(f.request.page, 1);
    assert_int_equal(f.request.facet_count, 2);
    assert_str(f.request.facets[1], "color");
    assert_int_equal(f.request.filter->kind, FILTER_FACET);
    assert_str(f.request.filter->value, "H&M");
    assert_true(f.request.distinct && f.request.want_ranking_info && f.request.response_echo);
    assert_int_equal(f.request.pre_tag.size, 0);
    assert_true(f.request.retrieve_given);
    assert_int_equal(f.request.retrieve_count, 1);
    teardown(&f);
}

static void test_matching_modes(void **state)
{
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(parse(&f, "{\"query\":\"red shoe\",\"optionalWords\":\"red shoe\"}"), STATUS_OK);
    assert_true(f.request.any_word);
    assert_int_equal(parse(&f, "{\"query\":\"red shoe\",\"optionalWords\":[\"red\"]}"), STATUS_OK);
    assert_false(f.request.any_word);
    assert_int_equal(f.request.optional_count, 1);
    assert_int_equal(parse(&f, "{\"removeWordsIfNoResults\":\"none\",\"queryType\":\"prefixNone\"}"), STATUS_OK);
    assert_true(f.request.strict && !f.request.prefix_last);
    assert_int_equal(parse(&f, "{\"typoTolerance\":\"min\"}"), STATUS_OK);
    assert_true(f.request.typo_tolerance);
    assert_int_equal(parse(&f, "{\"typoTolerance\":false,\"minHits\":5}"), STATUS_OK);
    assert_false(f.request.typo_tolerance);
    assert_int_equal(f.request.min_hits, 5);
    assert_int_equal(parse(&f, "{\"sort\":[\"asc(price)\",\"rating:desc\"]}"), STATUS_OK);
    assert_int_equal(f.request.sort_count, 2);
    assert_true(!f.request.sort[0].descending && f.request.sort[1].descending);
    teardown(&f);
}

static void test_errors(void **state)
{
    static const struct {
        const char *input, *message;
    } cases[] = {
        {"[]", "a search is an object of parameters"},
        {"{\"hitsPerPage\":\"many\"}", "'hitsPerPage': must be a whole number"},
        {"{\"hitsPerPage\":5000}", "'hitsPerPage': must be 0 to 1000"},
        {"{\"page\":-1}", "'page': must be 0 to 2147483647"},
        {"{\"query\":[]}", "'query': must be a string"},
        {"{\"facets\":{}}", "'facets': must be a string or an array of strings"},
        {"{\"facets\":[1]}", "'facets': must hold only strings; item 0 is none"},
        {"{\"distinct\":\"yes\"}", "'distinct': must be true or false"},
        {"{\"queryType\":\"prefix\"}", "'queryType': must be \"prefixLast\", \"prefixAll\" or \"prefixNone\""},
        {"{\"filters\":\"price <\"}", "'filters': offset 7: expected a name or a value"},
        {"{\"filters\":[]}", "'filters': must be a string such as \"brand:Acme AND price < 100\""},
        {"{\"facetFilters\":\"x\"}", "'facetFilters': 'x' is no facet filter; write \"attribute:value\""},
        {"{\"sort\":\"price\"}", "'sort': 'price' is no sort key; write \"asc(price)\""},
        {"{\"params\":\"query=%ff\"}", "'params' is not UTF-8 when decoded"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        setup(&f);
        assert_int_equal(parse(&f, cases[i].input), STATUS_INPUT);
        assert_string_equal(f.err.message, cases[i].message);
        teardown(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_inline), cmocka_unit_test(test_params_string),
        cmocka_unit_test(test_matching_modes), cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
