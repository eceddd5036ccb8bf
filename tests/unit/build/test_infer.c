#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "indexer/build/infer.h"
#include "tests/support/random.h"

static void add(struct infer *f, const char *json)
{
    struct arena arena;
    struct json object;
    struct error err = {0};
    arena_init(&arena, 0);
    assert_int_equal(json_parse(str_from(json), &arena, &object, &err), STATUS_OK);
    infer_add(f, &object);
    arena_release(&arena);
}

static const struct infer_attribute *attribute(struct infer *f, const char *path)
{
    const struct infer_attribute *all;
    size_t count = infer_attributes(f, &all);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(all[i].path, str_from(path))) {
            return &all[i];
        }
    }
    fail_msg("no attribute '%s'", path);
    return NULL;
}

static void test_statistics(void **state)
{
    struct infer *f = infer_new();
    (void)state;
    add(f, "{\"a\":\"x\",\"b\":{\"c\":[1,2,2]},\"d\":[{\"e\":\"1\"},{\"e\":\"2\"}],\"f\":true,\"g\":null}");
    add(f, "{\"a\":\"yyy\",\"b\":{\"c\":3},\"f\":false,\"h\":\"5\"}");
    add(f, "{\"h\":\"x\",\"a\":\"x\",\"b\":{\"c\":[]}}");
    assert_int_equal(infer_objects(f), 3);
    assert_int_equal(attribute(f, "a")->objects, 3);
    assert_int_equal(attribute(f, "a")->distinct, 2);
    assert_int_equal(attribute(f, "a")->longest, 3);
    assert_int_equal(attribute(f, "a")->kind, INFER_TEXT);
    assert_int_equal(attribute(f, "b.c")->objects, 2);
    assert_int_equal(attribute(f, "b.c")->values, 4);
    assert_int_equal(attribute(f, "b.c")->distinct, 3);
    assert_int_equal(attribute(f, "b.c")->kind, INFER_NUMBER);
    assert_true(attribute(f, "b.c")->several);
    assert_int_equal(attribute(f, "d.e")->kind, INFER_NUMBER);
    assert_int_equal(attribute(f, "d.e")->numeric_strings, 2);
    assert_int_equal(attribute(f, "f")->kind, INFER_BOOL);
    assert_int_equal(attribute(f, "h")->kind, INFER_TEXT); /* one of two is a number: too few */
    infer_free(f);
}

static void test_distinct_estimate(void **state)
{
    static const size_t counts[] = {1, 10, 100, 300, 1000, 20000};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct infer *f = infer_new();
        for (size_t n = 0; n < counts[i] * 2; n++) {
            char json[64];
            snprintf(json, sizeof(json), "{\"v\":\"value %zu\"}", n % counts[i]);
            add(f, json);
        }
        double ratio = (double)attribute(f, "v")->distinct / (double)counts[i];
        if (ratio < .8 || ratio > 1.2) {
            fail_msg("%zu distinct values are estimated as %llu", counts[i],
                     (unsigned long long)attribute(f, "v")->distinct);
        }
        infer_free(f);
    }
}

/* The settings of a small shop, whole. */
static void test_settings(void **state)
{
    static const char expected[] = "{\n"
                                   "  \"searchableAttributes\": [\n"
                                   "    \"title^6\",\n"
                                   "    \"name^1.5\",\n"
                                   "    \"brand^2\",\n"
                                   "    \"category^3\",\n"
                                   "    \"description^0.7\",\n"
                                   "    \"*^0.5\"\n"
                                   "  ],\n"
                                   "  \"attributesForFaceting\": [\n"
                                   "    \"brand\",\n"
                                   "    \"hierarchical(category)\",\n"
                                   "    \"numeric(price)\",\n"
                                   "    \"filterOnly(item_group_id)\",\n"
                                   "    \"numeric(width)\",\n"
                                   "    \"color\",\n"
                                   "    \"in_stock\",\n"
                                   "    \"numeric(popularity)\",\n"
                                   "    \"code\"\n"
                                   "  ],\n"
                                   "  \"identifiers\": [\n"
                                   "    \"gtin\",\n"
                                   "    \"sku\"\n"
                                   "  ],\n"
                                   "  \"customRanking\": [\n"
                                   "    \"desc(popularity)\"\n"
                                   "  ],\n"
                                   "  \"languages\": [\n"
                                   "    \"en\"\n"
                                   "  ],\n"
                                   "  \"groupAttribute\": \"item_group_id\",\n"
                                   "  \"roles\": {\n"
                                   "    \"group\": \"item_group_id\",\n"
                                   "    \"title\": \"title\",\n"
                                   "    \"brand\": \"brand\",\n"
                                   "    \"category\": \"category\",\n"
                                   "    \"description\": \"description\",\n"
                                   "    \"price\": \"price\",\n"
                                   "    \"availability\": \"in_stock\",\n"
                                   "    \"popularity\": \"popularity\"\n"
                                   "  },\n"
                                   "  \"feeds\": {\n"
                                   "    \"kind\": \"csv\",\n"
                                   "    \"separator\": \";\",\n"
                                   "    \"fields\": {\n"
                                   "      \"objectID\": \"sku\"\n"
                                   "    }\n"
                                   "  }\n"
                                   "}\n";
    const struct feed_field fields[] = {{STR("objectID"), STR("sku")}};
    const struct feed_mapping mapping = {.kind = FEED_CSV, .separator = ';', .fields = fields, .field_count = 1};
    struct infer *f = infer_new();
    struct buf out = BUF_EMPTY;
    struct error err = {0};
    (void)state;
    for (int i = 0; i < 200; i++) {
        char json[700];
        snprintf(json, sizeof(json),
                 "{\"objectID\":\"s%d\",\"item_group_id\":\"g%d\",\"title\":\"Shirt %d of the year\",\"name\":\"%d\","
                 "\"brand\":\"B%d\",\"category\":[\"Men > Shirts\"],\"description\":\"This shirt %d is made for the "
                 "summer and it comes with a tie in your size.\",\"price\":%d.99,\"gtin\":\"00123456%05d\",\"width\":"
                 "\"%d,5\",\"color\":\"%s\",\"sku\":\"s%d\",\"image\":\"https://example.org/%d.jpg\",\"in_stock\":%s,"
                 "\"popularity\":%d,\"code\":\"%s\"}",
                 i, i / 3, i, i, i % 7, i, i, i, i % 9, i % 2 ? "red" : "blue", i, i, i % 2 ? "true" : "false", i * i,
                 i % 2 ? "x" : "unique code of this product");
        add(f, json);
    }
    assert_int_equal(infer_settings(f, &mapping, &out, &err), STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, expected);
    infer_free(f);
    buf_release(&out);
}

static void speaks(const char *text, const char *language)
{
    struct infer *f = infer_new();
    char json[2048];
    snprintf(json, sizeof(json), "{\"description\":\"%s\"}", text);
    for (int i = 0; i < 5; i++) {
        add(f, json);
    }
    if (!str_equal(infer_language(f), str_from(language))) {
        fail_msg("'%s' is " STR_FMT, text, STR_ARG(infer_language(f)));
    }
    infer_free(f);
}

static void test_languages(void **state)
{
    (void)state;
    speaks("A light jacket for the winter with pockets that you can close and a hood", "en");
    speaks("Eine leichte Jacke für den Winter mit Taschen und einer Kapuze, die sich abnehmen lässt", "de");
    speaks("Lehká bunda na zimu s kapsami, které se dají zavřít, a kapucí pro děti i dospělé", "cs");
    speaks("Una chaqueta ligera para el invierno con bolsillos que se cierran y una capucha", "es");
    speaks("Une veste légère pour l'hiver avec des poches et une capuche qui est dans le sac", "fr");
    speaks("Лёгкая куртка на зиму с карманами и капюшоном для детей и взрослых", "ru");
    speaks("Kışlık hafif bir ceket, cepleri ve kapüşonu ile çok rahat, çocuklar için", "tr");
    speaks("Een lichte jas voor de winter met zakken en een capuchon van het merk", "nl");
    speaks("Lekka kurtka na zimę z kieszeniami i kapturem dla dzieci oraz dorosłych", "pl");
    speaks("寒い冬のための軽いジャケットです", "ja");
    speaks("XK-200 4711 ABC 12V 30W", "");
    struct infer *f = infer_new();
    infer_set_language(f, "de-AT");
    assert_true(str_equal(infer_language(f), STR("de")));
    infer_set_language(f, "xx");
    assert_true(str_equal(infer_language(f), STR("")));
    infer_free(f);
}

/* Any objects give settings that compile. */
static void test_random_objects(void **state)
{
    static const char *const names[] = {"title",  "name", "price",    "id",         "sku",      "category",
                                        "brand",  "a.b",  "x y",      "a,b",        "c^d",      "(p)",
                                        "e\\\"f", "é",    "*",        "popularity", "rank",     "qty",
                                        "desc",   "url",  "in_stock", "objectID",   "group_id", "numeric(x)"};
    static const char *const values[] = {"1",         "\"1\"",       "\"text\"", "true",       "null",          "[]",
                                         "[1,2]",     "[\"A > B\"]", "{}",       "-5.5",       "{\"k\":\"v\"}", "\"\"",
                                         "\"A | B\"", "[[1],[2]]",   "1e300",    "\"\\u0000\""};
    struct random random = random_start("random objects");
    (void)state;
    for (size_t round = 0; round < random_rounds(300, 5000); round++) {
        struct infer *f = infer_new();
        struct settings *settings = NULL;
        struct buf out = BUF_EMPTY;
        struct error err = {0};
        for (size_t i = random_below(&random, 30); i > 0; i--) {
            char json[1024];
            size_t n = (size_t)snprintf(json, sizeof(json), "{\"z\":1");
            for (size_t k = random_below(&random, 8); k > 0; k--) {
                n += (size_t)snprintf(json + n, sizeof(json) - n, ",\"%s\":%s",
                                      names[random_below(&random, sizeof(names) / sizeof(names[0]))],
                                      values[random_below(&random, sizeof(values) / sizeof(values[0]))]);
            }
            snprintf(json + n, sizeof(json) - n, "}");
            add(f, json);
        }
        assert_int_equal(infer_settings(f, NULL, &out, &err), STATUS_OK);
        if (settings_parse(&settings, buf_str(&out), NULL, &err) != STATUS_OK) {
            fail_msg("%s\n" STR_FMT, err.message, STR_ARG(buf_str(&out)));
        }
        settings_free(settings);
        buf_release(&out);
        infer_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_statistics), cmocka_unit_test(test_distinct_estimate),
                                       cmocka_unit_test(test_settings), cmocka_unit_test(test_languages),
                                       cmocka_unit_test(test_random_objects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
