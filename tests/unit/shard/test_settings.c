/* Settings in all their forms, their defaults, their errors, and what a change of them costs. */
#include "indexer/shard/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "indexer/base/limits.h"

static struct settings *parse(const char *text)
{
    struct settings *s = NULL;
    struct error err = {0};

    if (settings_parse(&s, str_from(text), NULL, &err) != STATUS_OK)
        fail_msg("%s: %s", text, err.message);
    return s;
}

static void assert_str(struct str s, const char *wanted)
{
    if (!str_equal(s, str_from(wanted)))
        fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(s), wanted);
}

static void test_defaults(void **state)
{
    struct settings *s = parse("{}");

    (void)state;
    assert_int_equal(s->field_count, 1);
    assert_true(s->fields[0].rest);
    assert_int_equal(s->facet_count, 0);
    assert_str(s->group_attribute, "item_group_id");
    assert_str(s->highlight_pre_tag, "<em>");
    assert_str(s->language, "");
    assert_str(s->stemmer, "default");
    assert_int_equal(s->hits_per_page, 20);
    assert_int_equal(s->max_values_per_facet, 100);
    assert_int_equal(s->pagination_limited_to, LIMIT_PAGINATION);
    assert_int_equal(s->min_hits, 100);
    assert_true(s->typo_tolerance);
    assert_false(s->distinct);
    assert_float_equal(s->k1, 1, 1e-6);
    assert_float_equal(s->prior_weight, .05, 1e-6);
    assert_float_equal(s->synonym_weight, .5, 1e-6);
    settings_free(s);
}

static void test_fields(void **state)
{
    struct settings *s = parse("{\"roles\":{\"brand\":\"maker\"},\"searchableAttributes\":[\"title^4\",\"name, alt\","
                               "\"unordered(description)\",\"unordered(maker^2)\",\"sku^.5\",\"*\"]}");

    (void)state;
    assert_int_equal(s->field_count, 6);
    assert_str(s->fields[0].name, "title");
    assert_float_equal(s->fields[0].weight, 4, 1e-6);
    assert_float_equal(s->fields[0].b, .75, 1e-6);
    assert_int_equal(s->fields[1].attribute_count, 2);
    assert_str(s->fields[1].attributes[1], "alt");
    assert_true(s->fields[1].weight > s->fields[2].weight);
    assert_str(s->fields[2].name, "description");
    assert_str(s->fields[3].name, "maker");
    assert_float_equal(s->fields[3].weight, 2, 1e-6);
    assert_float_equal(s->fields[3].b, 0, 1e-6);
    assert_float_equal(s->fields[4].weight, .5, 1e-6);
    assert_true(s->fields[5].rest);
    settings_free(s);
}

/* How much length counts is a number of its own, for the fields where it counts at all. */
static void test_length_normalization(void **state)
{
    struct settings *s = parse("{\"roles\":{\"brand\":\"maker\"},\"searchableAttributes\":[\"title\",\"maker\"],"
                               "\"b\":0.25}");

    (void)state;
    assert_float_equal(s->fields[0].b, .25, 1e-6);
    assert_float_equal(s->fields[1].b, 0, 1e-6);
    settings_free(s);
}

static void test_facets(void **state)
{
    struct settings *s = parse("{\"attributesForFaceting\":[\"brand\",\"searchable(color)\",\"filterOnly(sku)\","
                               "\"afterDistinct(searchable(size))\",\"searchable(hierarchical(category))\","
                               "\"numeric(width)\"],\"hierarchicalAttributes\":[\"tree\",\"brand\"]}");

    (void)state;
    assert_int_equal(s->facet_count, 7);
    assert_int_equal(s->facets[0].kind, FACET_HIERARCHICAL);
    assert_true(s->facets[1].searchable && !s->facets[1].filter_only);
    assert_true(s->facets[2].filter_only);
    assert_str(s->facets[3].attribute, "size");
    assert_true(s->facets[3].searchable);
    assert_int_equal(s->facets[4].kind, FACET_HIERARCHICAL);
    assert_str(s->facets[4].attribute, "category");
    assert_int_equal(s->facets[5].kind, FACET_NUMERIC);
    assert_str(s->facets[6].attribute, "tree");
    settings_free(s);
}

static void test_orders(void **state)
{
    struct settings *s =
        parse("{\"customRanking\":[\"desc(sales)\",\"asc(price)\"],\"ranking\":[\"desc(date)\",\"typo\",\"custom\"],"
              "\"replicas\":[\"virtual(cheap)\",{\"name\":\"dear\",\"ranking\":[\"desc(price)\",\"words\"]},\"late\"],"
              "\"replicaRanking\":{\"cheap\":[\"asc(price)\",\"typo\"],\"unknown\":[\"asc(x)\"]}}");
    const struct replica_setting *r = settings_replica(s, STR("cheap"));

    (void)state;
    assert_int_equal(s->custom_ranking_count, 2);
    assert_true(s->custom_ranking[0].descending && !s->custom_ranking[1].descending);
    assert_int_equal(s->ranking_count, 1);
    assert_str(s->ranking[0].attribute, "date");
    assert_non_null(r);
    assert_true(r->virtual_name);
    assert_int_equal(r->key_count, 1);
    assert_str(r->keys[0].attribute, "price");
    r = settings_replica(s, STR("dear"));
    assert_int_equal(r->key_count, 1);
    assert_true(r->keys[0].descending);
    assert_int_equal(settings_replica(s, STR("late"))->key_count, 0);
    assert_null(settings_replica(s, STR("virtual(cheap)")));
    settings_free(s);
}

static void test_synonyms(void **state)
{
    struct settings *s =
        parse("{\"synonyms\":[{\"objectID\":\"1\",\"type\":\"synonym\",\"synonyms\":[\"tv\",\"television\"]},"
              "{\"objectID\":\"2\",\"type\":\"onewaysynonym\",\"input\":\"ipad\",\"synonyms\":[\"tablet\"]},"
              "[\"sofa\",\"couch\"],\"ipod, mp3 => music player\",\"a,b,c\","
              "{\"type\":\"altCorrection1\",\"word\":\"phone\",\"corrections\":[\"fone\"]}]}");

    (void)state;
    assert_int_equal(s->synonym_count, 6);
    assert_str(s->synonyms[0].id, "1");
    assert_int_equal(s->synonyms[0].from_count, 0);
    assert_int_equal(s->synonyms[0].to_count, 2);
    assert_str(s->synonyms[1].from[0], "ipad");
    assert_str(s->synonyms[2].to[1], "couch");
    assert_int_equal(s->synonyms[3].from_count, 2);
    assert_str(s->synonyms[3].to[0], "music player");
    assert_int_equal(s->synonyms[4].to_count, 3);
    assert_str(s->synonyms[5].from[0], "phone");
    settings_free(s);
}

static void test_roles(void **state)
{
    struct settings *s =
        parse("{\"roles\":{\"title\":\"name\",\"salePrice\":\"offer\",\"identifier\":[\"ean\",\"mpn\"],"
              "\"group\":\"parent\"},\"indexLanguages\":[\"de\",\"en\"],\"distinct\":1,"
              "\"typoTolerance\":\"min\",\"attributesToRetrieve\":[\"a\",\"*\"],"
              "\"sortFacetValuesBy\":\"alpha\",\"x-unknown\":{\"kept\":[1,2]}}");
    struct buf out = BUF_EMPTY;

    (void)state;
    assert_str(s->role_attribute[ROLE_TITLE], "name");
    assert_str(s->role_attribute[ROLE_SALE_PRICE], "offer");
    assert_int_equal(s->identifier_count, 2);
    assert_str(s->group_attribute, "parent");
    assert_str(s->language, "de");
    assert_true(s->distinct && s->typo_tolerance && s->sort_facets_by_alpha);
    assert_int_equal(s->retrieve_count, 0);
    settings_write(s, &out, false);
    assert_int_not_equal(str_find(buf_str(&out), STR("\"x-unknown\":{\"kept\":[1,2]}")), SIZE_MAX);
    assert_int_not_equal(str_find(buf_str(&out), STR("\"hitsPerPage\":20")), SIZE_MAX);
    buf_release(&out);
    settings_free(s);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *message;
    } WRONG[] = {
        {"[]", "settings must be a JSON object"},
        {"{\"searchableAttributes\":[\"a\",\"b\",\"title^x\"]}",
         "'searchableAttributes[2]': weight 'x' is not a number above 0 and up to 1000; write \"title^3\""},
        {"{\"searchableAttributes\":[\"title^0\"]}",
         "'searchableAttributes[0]': weight '0' is not a number above 0 and up to 1000; write \"title^3\""},
        {"{\"searchableAttributes\":[1]}", "'searchableAttributes[0]': must be a string"},
        {"{\"searchableAttributes\":[\",\"]}",
         "'searchableAttributes[0]': names no attribute; write \"title\" or \"name,subtitle\""},
        {"{\"attributesForFaceting\":[\"odd(x)\"]}", "'attributesForFaceting[0]': 'odd(x)' is not"},
        {"{\"customRanking\":[\"price\"]}", "'customRanking[0]': 'price' is neither \"asc(name)\" nor \"desc(name)\""},
        {"{\"ranking\":[\"best\"]}", "nor a ranking criterion such as \"typo\" or \"custom\""},
        {"{\"hitsPerPage\":0}", "'hitsPerPage': must be a whole number from 1 to 1000"},
        {"{\"minHits\":\"20\"}", "'minHits': must be a whole number from 0 to 1000000"},
        {"{\"k1\":-1}", "'k1': must be a number from 0 to 10"},
        {"{\"b\":1.5}", "'b': must be a number from 0 to 1"},
        {"{\"experiment\":[]}", "'experiment': must be an object such as"},
        {"{\"experiment\":{\"settings\":{\"k1\":1}}}", "'experiment.name': is missing"},
        {"{\"experiment\":{\"name\":\"x\",\"share\":1.5}}", "'experiment.share': must be a number from 0 to 1"},
        {"{\"experiment\":{\"name\":\"x\",\"seed\":0.5}}", "'experiment.seed'"},
        {"{\"experiment\":{\"name\":\"x\",\"size\":1}}", "'experiment.size': is not known"},
        {"{\"experiment\":{\"name\":\"x\",\"settings\":{\"replicas\":[]}}}", "'experiment.settings': can't have"},
        {"{\"experiment\":{\"name\":\"x\",\"parameters\":{\"page\":1}}}", "'experiment.parameters.page': only"},
        {"{\"experiment\":{\"name\":\"x\"}}", "'experiment': needs settings or parameters"},
        {"{\"roles\":{\"colour\":\"c\"}}", "'roles.colour': is no role"},
        {"{\"roles\":{\"title\":1}}", "'roles.title': must be an attribute's name"},
        {"{\"replicas\":[{}]}", "'replicas[0]': must be a name"},
        {"{\"replicas\":[\"\"]}", "'replicas[0]': the name must have 1 to 128 bytes"},
        {"{\"synonyms\":[\"tv\"]}", "'synonyms[0]': needs at least two phrases"},
        {"{\"synonyms\":[{\"type\":\"onewaysynonym\",\"synonyms\":[\"a\"]}]}",
         "'synonyms[0].input': must be the word that is replaced"},
        {"{\"synonyms\":[{\"type\":\"odd\"}]}", "'synonyms[0].type': must be \"synonym\" or \"onewaysynonym\""},
        {"{\"typoTolerance\":\"often\"}", "'typoTolerance': must be true, false, \"min\" or \"strict\""},
        {"{\"distinct\":\"yes\"}", "'distinct': must be true or false"},
        {"{\"stores\":[\"a\",\"a\"]}", "'stores[1]': the name 'a' is there twice"},
        {"{\"stores\":[1]}", "'stores[0]': must be a name or {\"name\": \"...\", \"pickupToday\": true"},
        {"{\"stores\":[{\"name\":\"a\",\"pickup\":true}]}", "'stores[0].pickup': there are name, pickupToday and"},
        {"{\"stores\":{\"names\":[\"a\"],\"order\":\"seq\"}}", "'stores.order': must be \"timestamp\" or"},
        {"{\"priceLists\":[{\"name\":\"a\"}]}", "'priceLists[0]': must be a name"},
        {"{\"priceLists\":\"vip\"}", "'priceLists': must be a list of at most"},
        {"{\"stores\":[\"a\"],\"priceLists\":{\"attribute\":\"stores\",\"names\":[\"b\"]}}",
         "'priceLists.attribute': the stores have 'stores' already"},
        {"{\"buryOutOfStock\":1}", "'buryOutOfStock': must be true or false"},
        {"{\"sortFacetValuesBy\":\"size\"}", "'sortFacetValuesBy': must be \"count\" or \"alpha\""},
        {"{\"stemmer\":1}", "'stemmer': must be a string"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        struct settings *s = NULL;
        struct error err = {0};

        assert_int_equal(settings_parse(&s, str_from(WRONG[i].text), NULL, &err), STATUS_INPUT);
        assert_null(s);
        if (!strstr(err.message, WRONG[i].message))
            fail_msg("%s: '%s'", WRONG[i].text, err.message);
    }
}

static void test_too_many_fields(void **state)
{
    struct buf text = BUF_EMPTY;
    struct settings *s = NULL;
    struct error err = {0};

    (void)state;
    buf_literal(&text, "{\"searchableAttributes\":[\"a0\"");
    for (int i = 1; i <= LIMIT_FIELDS; i++)
        buf_printf(&text, ",\"a%d\"", i);
    buf_literal(&text, "]}");
    assert_int_equal(settings_parse(&s, buf_str(&text), NULL, &err), STATUS_INPUT);
    assert_non_null(strstr(err.message, "15 is the most"));
    buf_release(&text);
}

static void test_base(void **state)
{
    struct settings *base = parse("{\"hitsPerPage\":7,\"minHits\":3,\"attributesForFaceting\":[\"brand\"]}"), *s = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(settings_parse(&s, STR("{\"minHits\":5,\"hitsPerPage\":null}"), base, &err), STATUS_OK);
    assert_int_equal(s->min_hits, 5);
    assert_int_equal(s->hits_per_page, 20); /* null goes back to the default */
    assert_int_equal(s->facet_count, 1);
    settings_free(base); /* s owns what it took over */
    assert_str(s->facets[0].attribute, "brand");
    settings_free(s);
}

static void test_what_a_change_costs(void **state)
{
    static const struct {
        const char *to;
        enum settings_change change;
    } CHANGES[] = {
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"attributesForFaceting\":[\"brand\"]}", SETTINGS_SAME},
        {"{\"searchableAttributes\":[\"title^9\",\"*\"],\"attributesForFaceting\":[\"brand\"]}", SETTINGS_IMMEDIATE},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"attributesForFaceting\":[\"searchable(brand)\"],"
         "\"synonyms\":[\"a,b\"],\"customRanking\":[\"desc(x)\"],\"stopWords\":[\"the\"]}",
         SETTINGS_IMMEDIATE},
        {"{\"searchableAttributes\":[\"title\",\"*\"]}", SETTINGS_IMMEDIATE}, /* a facet less */
        {"{\"searchableAttributes\":[\"*\",\"title\"],\"attributesForFaceting\":[\"brand\"]}", SETTINGS_REBUILD},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"attributesForFaceting\":[\"brand\",\"x\"]}", SETTINGS_REBUILD},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"attributesForFaceting\":[\"hierarchical(brand)\"]}",
         SETTINGS_REBUILD},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"languages\":[\"de\"]}", SETTINGS_REBUILD},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"identifiers\":[\"sku\"]}", SETTINGS_REBUILD},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"groupAttribute\":\"parent\"}", SETTINGS_REBUILD},
        {"{\"searchableAttributes\":[\"title\",\"*\"],\"roles\":{\"quantity\":\"qty\"}}", SETTINGS_REBUILD},
    };
    struct settings *from = parse(CHANGES[0].to);

    (void)state;
    for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
        struct settings *to = parse(CHANGES[i].to);

        if (settings_compare(from, to) != CHANGES[i].change)
            fail_msg("%s", CHANGES[i].to);
        settings_free(to);
    }
    settings_free(from);
}

/* What is written reads back as the same. */
static void test_round_trip(void **state)
{
    static const char *const TEXTS[] = {"{}", "{\"searchableAttributes\":[\"a^2\",\"b\"],\"languages\":[\"fr\"],"
                                              "\"replicas\":[\"virtual(r)\"],\"replicaRanking\":{\"r\":[\"asc(x)\"]}}"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct settings *s = parse(TEXTS[i]), *back = NULL;
        struct buf out = BUF_EMPTY;

        settings_write(s, &out, i == 1);
        assert_int_equal(settings_parse(&back, buf_str(&out), NULL, NULL), STATUS_OK);
        assert_int_not_equal(settings_compare(s, back), SETTINGS_REBUILD);
        assert_int_equal(s->replica_count, back->replica_count);
        buf_release(&out);
        settings_free(back);
        settings_free(s);
    }
}

/* Every number that ranks is shown, and what was shown can be given back: nothing changes, and no default is frozen
 * that was not named. */
static void test_shown(void **state)
{
    struct settings *s =
        parse("{\"roles\":{\"description\":\"text\"},\"searchableAttributes\":[\"name^2.5\",\"text\",\"*\"],"
              "\"k1\":0.7}");
    struct settings *back = NULL;
    struct buf out = BUF_EMPTY;

    (void)state;
    settings_show(s, &out);
    static const char *const PARTS[] = {"\"k1\":0.7,", "\"b\":0.75,", "\"priorWeight\":0.05,", "\"synonymWeight\":0.5,",
                                        "\"fieldWeights\":{\"name\":2.5,\"text\":0.7,\"*\":0.5}"};
    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
        if (str_find(buf_str(&out), str_from(PARTS[i])) == SIZE_MAX)
            fail_msg("%s is not in " STR_FMT, PARTS[i], STR_ARG(buf_str(&out)));
    }
    assert_int_equal(settings_parse(&back, buf_str(&out), s, NULL), STATUS_OK);
    assert_null(json_get(&back->source, "fieldWeights"));
    assert_float_equal(back->k1, s->k1, 0);
    assert_float_equal(back->b, s->b, 0);
    assert_float_equal(back->prior_weight, s->prior_weight, 0);
    assert_float_equal(back->synonym_weight, s->synonym_weight, 0);
    for (size_t f = 0; f < s->field_count; f++)
        assert_float_equal(back->fields[f].weight, s->fields[f].weight, 0);
    assert_int_not_equal(settings_compare(s, back), SETTINGS_REBUILD);
    buf_clear(&out);
    settings_write(s, &out, false);
    assert_int_equal(str_find(buf_str(&out), STR("priorWeight")), SIZE_MAX);
    buf_release(&out);
    settings_free(back);
    settings_free(s);
}

/* Whatever bit is wrong, a sealed document is not taken for settings. */
static void test_seal(void **state)
{
    struct buf sealed = BUF_EMPTY;
    struct settings *settings = NULL;
    struct str document;
    struct error err;
    size_t wrong = 0;

    (void)state;
    buf_append_str(&sealed, STR("{\"searchableAttributes\":[\"title^3\"],\"hitsPerPage\":20}"));
    document = buf_str(&sealed);
    assert_int_equal(settings_unseal(&document, &err), STATUS_OK);
    assert_int_equal(document.size, sealed.size);
    settings_seal(&sealed);
    document = buf_str(&sealed);
    assert_int_equal(settings_unseal(&document, &err), STATUS_OK);
    assert_int_equal(settings_parse(&settings, document, NULL, &err), STATUS_OK);
    settings_free(settings);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.data[bit / 8] = (char)(sealed.data[bit / 8] ^ 1 << bit % 8);
        document = buf_str(&sealed);
        settings = NULL;
        if (settings_unseal(&document, &err) == STATUS_OK)
            wrong += settings_parse(&settings, document, NULL, &err) == STATUS_OK;
        settings_free(settings);
        sealed.data[bit / 8] = (char)(sealed.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(wrong, 0);
    buf_release(&sealed);
}

static void test_stores(void **state)
{
    struct settings *s = parse("{\"stores\": [\"berlin\", {\"name\": \"a.b\", \"pickupToday\": true, \"shipsFrom\": "
                               "\"DE\"}], \"priceLists\": {\"attribute\": \"lists\", \"order\": \"version\", "
                               "\"names\": [\"vip\"]}, \"buryOutOfStock\": true}");
    struct settings *more = NULL, *none = parse("{}");
    struct error err = {0};
    const struct dimension_setting *store = settings_dimension(s, STR("stores.a.b"));

    (void)state;
    assert_int_equal(s->stores.count, 2);
    assert_true(store && store->pickup_today);
    assert_str(store->ships_from, "DE");
    assert_int_equal(settings_dimension_kind(s, STR("stores.paris")), DIMENSION_STORE);
    assert_null(settings_dimension(s, STR("stores.paris")));
    assert_int_equal(settings_dimension_kind(s, STR("storesberlin")), DIMENSION_NONE);
    assert_int_equal(settings_dimension_kind(s, STR("prices.vip")), DIMENSION_NONE);
    assert_false(settings_mutable(s, STR("stores.berlin"))->by_version);
    assert_true(settings_mutable(s, STR("lists.vip"))->by_version);
    assert_null(settings_mutable(s, STR("lists.b2b")));
    assert_true(s->bury_out_of_stock);
    assert_true(settings_has_stock(s));
    assert_false(settings_has_stock(none));
    assert_int_equal(settings_compare(none, s), SETTINGS_REBUILD);
    assert_int_equal(settings_parse(&more, STR("{\"stores\": [\"berlin\", \"paris\"]}"), s, &err), STATUS_OK);
    assert_int_equal(settings_compare(s, more), SETTINGS_IMMEDIATE);
    settings_free(s);
    settings_free(more);
    settings_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_length_normalization),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_facets),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_synonyms),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_what_a_change_costs),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_stores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
