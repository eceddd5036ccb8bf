#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include "indexer/build/product.h"
#include "indexer/build/product_values.h"
#include "tests/support/random.h"

static void test_roles(void **state)
{
    static const struct {
        const char *name;
        enum role role;
    } names[] = {{"objectID", ROLE_ID},
                 {"g:id", ROLE_ID},
                 {"ID", ROLE_ID},
                 {"_id", ROLE_ID},
                 {"Item ID", ROLE_ID},
                 {"offer-id", ROLE_ID},
                 {"item_group_id", ROLE_GROUP},
                 {"ITEMGROUP_ID", ROLE_GROUP},
                 {"g:title", ROLE_TITLE},
                 {"PRODUCTNAME", ROLE_TITLE},
                 {"product", ROLE_TITLE},
                 {"Vendor", ROLE_BRAND},
                 {"supplier", ROLE_BRAND},
                 {"CATEGORYTEXT", ROLE_CATEGORY},
                 {"product_type", ROLE_CATEGORY},
                 {"bullet_points", ROLE_SHORT_TEXT},
                 {"Body (HTML)", ROLE_DESCRIPTION},
                 {"PRICE_VAT", ROLE_PRICE},
                 {"g:sale_price", ROLE_SALE_PRICE},
                 {"EAN", ROLE_IDENTIFIER},
                 {"qty", ROLE_QUANTITY},
                 {"in_stock", ROLE_AVAILABILITY},
                 {"rating_count", ROLE_POPULARITY},
                 {"colour", ROLE_NONE},
                 {"", ROLE_NONE},
                 {"Größe", ROLE_NONE},
                 {"i", ROLE_NONE}};
    unsigned title;
    unsigned name;
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (role_of_name(str_from(names[i].name)) != names[i].role) {
            fail_msg("%s", names[i].name);
        }
    }
    assert_int_equal(role_of_name_ranked(STR("title"), &title), ROLE_TITLE);
    assert_int_equal(role_of_name_ranked(STR("name"), &name), ROLE_TITLE);
    assert_true(title < name);
}

static void becomes(const char *html, const char *text)
{
    struct buf out = BUF_EMPTY;
    html_to_text(str_from(html), &out);
    buf_append_char(&out, '\0');
    if (strcmp(out.data, text) != 0) {
        fail_msg("%s\nis '%s'", html, out.data);
    }
    buf_release(&out);
}

static void test_html(void **state)
{
    (void)state;
    becomes("<p>One</p><p>two</p>", "One two");
    becomes("b<b>ol</b>d<br>next<br/>line", "bold next line");
    becomes("<ul><li>a</li><li>b</li></ul>", "a b");
    becomes("a&nbsp;&amp;&lt;b&gt; &eacute;&#233;&#xE9; &unknown; & x",
            "a &<b> \xc3\xa9\xc3\xa9\xc3\xa9 &unknown; & x");
    becomes("<style>p { }</style>x<script>if (a < b) {}</script>y", "x y");
    becomes("<!-- no -->a<a href=\"x>y\" title='>'>link</a>", "alink");
    becomes("  many \n\t spaces\xc2\xa0here ", "many spaces here");
    becomes("3 < 5 and 7 > 6", "3 < 5 and 7 > 6");
    becomes("x <3 y", "x <3 y");
    becomes("<P CLASS=a>Large</P>", "Large");
    becomes("cut <b class=", "cut");
    becomes("a <b", "a <b");
    becomes("&#0;&#x110000;&#55296;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    becomes("<![CDATA[in]]", "in]]");
    becomes("", "");
}

/* Text without marks stays as it is but for white space; any bytes are survived. */
static void test_html_random(void **state)
{
    static const char alphabet[] = "<>/&;#x!-\"' abpscript\xc3\xa9\xc2\xa0=";
    struct random random = random_start("html");
    (void)state;
    for (size_t round = 0; round < random_rounds(20000, 400000); round++) {
        char text[64];
        size_t size = random_below(&random, sizeof(text));
        struct buf out = BUF_EMPTY;
        for (size_t i = 0; i < size; i++) {
            text[i] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
        }
        html_to_text((struct str){text, size}, &out);
        assert_true(out.size <= size * 2);
        assert_true(out.size == 0 || (out.data[0] != ' ' && out.data[out.size - 1] != ' '));
        buf_release(&out);
    }
}

static void paths_are(const char *json, const char *expected)
{
    struct arena arena;
    struct json value;
    struct category_paths paths;
    struct buf out = BUF_EMPTY;
    struct error err = {0};
    arena_init(&arena, 0);
    assert_int_equal(json_parse(str_from(json), &arena, &value, &err), STATUS_OK);
    category_paths_of(&value, &arena, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        buf_printf(&out, "%s" STR_FMT, i ? "; " : "", STR_ARG(paths.items[i]));
    }
    buf_append_char(&out, '\0');
    if (strcmp(out.data, expected) != 0) {
        fail_msg("%s is '%s'", json, out.data);
    }
    buf_release(&out);
    arena_release(&arena);
}

static void test_categories(void **state)
{
    (void)state;
    paths_are("\"A > B > C\"", "A > B > C");
    paths_are("\"A>B\"", "A > B");
    paths_are("\"A >> B\"", "A > B");
    paths_are("\"A | B|C\"", "A > B > C");
    paths_are("\"A / B\"", "A > B");
    paths_are("\"Audio/Video\"", "Audio/Video");
    paths_are("\"Audio / Video > TV\"", "Audio / Video > TV");
    paths_are("\" Lamps \"", "Lamps");
    paths_are("[\"A\",\"B\",\"C\"]", "A > B > C");
    paths_are("[\"A > B\",\"A > C\",\"A > B\"]", "A > B; A > C");
    paths_are("[\"A > B\",\"D\"]", "A > B; D");
    paths_are("[[\"A\",\"B\"],[\"C\"]]", "A > B; C");
    paths_are("\"Default Category/Men,Default Category/Men/Tops\"", "Men; Men > Tops");
    paths_are("\"1>2>3>4>5>6>7>8>9>10>11>12\"", "1 > 2 > 3 > 4 > 5 > 6 > 7 > 8 > 9 > 10");
    paths_are("[]", "");
    paths_are("5", "");
    paths_are("\" > \"", "");
    paths_are("\"Clothing > Shirts, Clothing > Sale\"", "Clothing > Shirts; Clothing > Sale");
    paths_are("\"Food, Beverages & Tobacco > Food\"", "Food, Beverages & Tobacco > Food");
}

static void test_dates(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: no date */
    } dates[] = {{"1970-01-01", 0},
                 {"2000-10-24", 972345600000},
                 {"2012-03-31 01:04", 1333155840000},
                 {"2016-03-01T13:00-0800", 1456866000000},
                 {"2016-03-01T13:00:30.5+01:00", 1456833630500},
                 {"2026-03-10T12:00:00Z", 1773144000000},
                 {"Tue, 10 Mar 2026 12:00:00 GMT", 1773144000000},
                 {"10 Mar 2026 07:00:00 EST", 1773144000000},
                 {"20260310T120000", 1773144000000},
                 {"20260310", 1773100800000},
                 {"31.12.2025", 1767139200000},
                 {"2024-02-29", 1709164800000},
                 {"2026-13-01", -1},
                 {"2026-01-32", -1},
                 {"2026-01-01T25:00", -1},
                 {"yesterday", -1},
                 {"", -1},
                 {"12345678", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        int64_t ms = -1;
        bool is = date_parse(str_from(dates[i].text), &ms);
        if ((is ? ms : -1) != dates[i].ms) {
            fail_msg("'%s' is %lld", dates[i].text, is ? (long long)ms : -1);
        }
    }
}

static void test_availability(void **state)
{
    static const struct {
        const char *text;
        enum availability is;
    } words[] = {{"in stock", AVAILABILITY_IN},
                 {"in_stock", AVAILABILITY_IN},
                 {"In Stock", AVAILABILITY_IN},
                 {"https://schema.org/InStock", AVAILABILITY_IN},
                 {"TRUE", AVAILABILITY_IN},
                 {"1", AVAILABILITY_IN},
                 {"skladem", AVAILABILITY_IN},
                 {"Auf Lager", AVAILABILITY_IN},
                 {"В наличии", AVAILABILITY_IN},
                 {"Stokta Var", AVAILABILITY_IN},
                 {"Άμεσα διαθέσιμο", AVAILABILITY_IN},
                 {"out of stock", AVAILABILITY_OUT},
                 {"OutOfStock", AVAILABILITY_OUT},
                 {"out_of_stock", AVAILABILITY_OUT},
                 {"preorder", AVAILABILITY_OUT},
                 {"false", AVAILABILITY_OUT},
                 {"Ausverkauft", AVAILABILITY_OUT},
                 {"Нет в наличии", AVAILABILITY_OUT},
                 {"épuisé", AVAILABILITY_OUT},
                 {"0", AVAILABILITY_OUT},
                 {"maybe", AVAILABILITY_UNKNOWN},
                 {"", AVAILABILITY_UNKNOWN}};
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (availability_parse(str_from(words[i].text)) != words[i].is) {
            fail_msg("'%s'", words[i].text);
        }
    }
}

static void product_is(const char *json, const char *expected)
{
    struct arena arena;
    struct error err = {0};
    struct buf out = BUF_EMPTY;
    struct product_options options = {.default_currency = "", .as_of_ms = INT64_C(1767225600000)};
    struct feed_item item = {.arena = &arena};
    arena_init(&arena, 0);
    assert_int_equal(json_parse(str_from(json), &arena, &item.object, &err), STATUS_OK);
    if (product_from_feed(&options, &item, &err) == STATUS_OK) {
        json_write(&out, &item.object);
    } else {
        buf_append(&out, err.message, strlen(err.message));
    }
    buf_append_char(&out, '\0');
    if (strcmp(out.data, expected) != 0) {
        fail_msg("%s\nis %s", json, out.data);
    }
    buf_release(&out);
    arena_release(&arena);
}

static void test_products(void **state)
{
    (void)state;
    product_is("{\"price\":\"5\",\"sale_price\":\"4\"}", "{\"price\":5,\"sale_price\":4,\"effective_price\":4}");
    product_is("{\"price\":\"5\",\"sale_price\":\"6\"}", "{\"price\":5,\"sale_price\":6,\"effective_price\":5}");
    product_is("{\"price\":\"5 USD\",\"sale_price\":\"0\"}",
               "{\"price\":5,\"sale_price\":0,\"currency\":\"USD\",\"effective_price\":5}");
    product_is(
        "{\"price\":\"5\",\"sale_price\":\"4\",\"sale_price_effective_date\":\"2025-01-01/2025-12-31\"}",
        "{\"price\":5,\"sale_price\":4,\"sale_price_effective_date\":\"2025-01-01/"
        "2025-12-31\",\"sale_price_starts\":1735689600000,\"sale_price_ends\":1767139200000,\"effective_price\":5}");
    product_is(
        "{\"price\":\"5\",\"sale_price\":\"4\",\"sale_price_effective_date\":\"2026-01-01/2026-02-01\"}",
        "{\"price\":5,\"sale_price\":4,\"sale_price_effective_date\":\"2026-01-01/"
        "2026-02-01\",\"sale_price_starts\":1767225600000,\"sale_price_ends\":1769904000000,\"effective_price\":4}");
    product_is("{\"price\":\"5,5,5\"}", "'price': '5,5,5' is not an amount");
    product_is("{\"price\":\"ask us\",\"old_price\":\"SR 2,375\"}",
               "{\"price\":\"ask us\",\"old_price\":2375,\"currency\":\"SAR\"}");
    product_is("{\"availability\":\"in stock\",\"qty\":\"0\"}",
               "{\"availability\":\"in stock\",\"qty\":0,\"in_stock\":false}");
    product_is("{\"stock\":\"yes\"}", "{\"stock\":\"yes\",\"in_stock\":true}");
    product_is("{\"stock\":\">10\"}", "{\"stock\":10,\"in_stock\":true}");
    product_is("{\"in_stock\":\"TRUE\"}", "{\"in_stock\":true}");
    product_is("{\"ean\":\"0012\",\"width\":\"51\",\"category\":\"A / B\"}",
               "{\"ean\":\"0012\",\"width\":\"51\",\"category\":[\"A > B\"]}");
    product_is("{\"price\":\"12.99 USD\",\"width\":\"51\",\"category\":\"A > B\",\"ok\":1.50}",
               "{\"price\":12.99,\"width\":\"51\",\"category\":[\"A > "
               "B\"],\"ok\":1.50,\"currency\":\"USD\",\"effective_price\":12.99}");
    product_is("{\"price\":12.990,\"description\":\"<b>x</b>\"}",
               "{\"price\":12.990,\"description\":\"x\",\"effective_price\":12.990}");
    product_is("{\"price\":{\"value\":12.5,\"currency\":\"EUR\"}}",
               "{\"price\":12.5,\"currency\":\"EUR\",\"effective_price\":12.5}");
    product_is("{\"price\":\"1.500\",\"currency\":\"KWD\"}",
               "{\"price\":1.500,\"currency\":\"KWD\",\"effective_price\":1.500}");
    product_is("{\"price\":\"1.500\",\"currency\":\"EUR\"}",
               "{\"price\":1500,\"currency\":\"EUR\",\"effective_price\":1500}");
    product_is("{\"availability\":\"in 3 days\",\"instock\":\"N\"}",
               "{\"availability\":\"in 3 days\",\"instock\":\"N\",\"in_stock\":false}");
}

static void test_numbers_by_settings(void **state)
{
    struct settings *settings = NULL;
    struct error err = {0};
    struct arena arena;
    struct json object;
    struct buf out = BUF_EMPTY;
    (void)state;
    arena_init(&arena, 0);
    assert_int_equal(settings_parse(&settings,
                                    STR("{\"attributesForFaceting\":[\"numeric(width)\",\"numeric(a.b)\",\"code\"]}"),
                                    NULL, &err),
                     STATUS_OK);
    assert_int_equal(json_parse(STR("{\"width\":[\"51\",\"2,5\",\"n/a\"],\"a\":{\"b\":\"7\"},\"code\":\"12\"}"), &arena,
                                &object, &err),
                     STATUS_OK);
    product_numbers(settings, &object, &arena);
    json_write(&out, &object);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, "{\"width\":[51,2.5,\"n/a\"],\"a\":{\"b\":7},\"code\":\"12\"}");
    settings_free(settings);
    buf_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),       cmocka_unit_test(test_html),
        cmocka_unit_test(test_html_random), cmocka_unit_test(test_categories),
        cmocka_unit_test(test_dates),       cmocka_unit_test(test_availability),
        cmocka_unit_test(test_products),    cmocka_unit_test(test_numbers_by_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
