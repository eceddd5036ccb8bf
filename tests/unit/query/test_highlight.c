/* What is marked in a text, and the part of it that is shown. */
#include "tests/support/random.h"
#include "tests/unit/query/catalog.h"

static const char SETTINGS[] = "{\"searchableAttributes\":[\"title\"],\"languages\":[\"en\"],"
                               "\"synonyms\":[[\"tv\",\"flat screen\"]]}";
static const char *const SHOP[] = {
    "{\"objectID\":\"1\",\"title\":\"Alpine trail running shoes\"}",
    "{\"objectID\":\"2\",\"title\":\"Headphones WH-1000XM4 naïve Größe\"}",
    "{\"objectID\":\"3\",\"title\":\"A flat screen and a screen door\"}",
};

struct case_of {
    const char *query, *text;
    size_t words;
    const char *expected;
    enum match_level level;
    bool fully;
};

static struct marker *marker_of(const struct catalog *c)
{
    struct marker *m = search_marker(&c->context, &c->request, &c->result);

    assert_non_null(m);
    return m;
}

static void test_marks(void **state)
{
    static const struct case_of cases[] = {
        {"trail", "Alpine Trail shoe", 0, "Alpine <em>Trail</em> shoe", MATCH_FULL, false},
        {"alp", "Alpine trail", 0, "<em>Alp</em>ine trail", MATCH_FULL, false},
        {"alpine", "Alpine", 0, "<em>Alpine</em>", MATCH_FULL, true},
        {"shoe", "Shoes, shoe", 0, "<em>Shoes</em>, <em>shoe</em>", MATCH_FULL, true},
        {"running shoes", "Running", 0, "<em>Running</em>", MATCH_PARTIAL, true},
        {"headphnoes", "Headphones", 0, "<em>Headphones</em>", MATCH_FULL, true},
        {"wh1000xm4", "The WH-1000XM4", 0, "The <em>WH-1000XM4</em>", MATCH_FULL, false},
        {"naive", "Naïve art", 0, "<em>Naïve</em> art", MATCH_FULL, false},
        {"grö", "Größe", 0, "<em>Grö</em>ße", MATCH_FULL, false},
        {"tv ", "A flat screen", 0, "A <em>flat</em> <em>screen</em>", MATCH_FULL, false},
        {"tv ", "A screen door", 0, "A screen door", MATCH_NONE, false},
        {"trail", "", 0, "", MATCH_NONE, false},
        {"", "Alpine trail", 0, "Alpine trail", MATCH_NONE, false},
        {"trail", "one two three four Trail six seven", 3, "…three four <em>Trail</em>…", MATCH_FULL, false},
        {"trail", "Trail two three four", 2, "<em>Trail</em> two…", MATCH_FULL, false},
        {"trail", "Trail two.", 5, "<em>Trail</em> two.", MATCH_FULL, false},
        {"", "one two three four", 2, "one two…", MATCH_NONE, false},
    };
    struct catalog c;

    (void)state;
    catalog_open(&c, SETTINGS, SHOP, 3, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct case_of *k = &cases[i];
        struct highlight_text what = {str_from(k->text), k->words};
        struct highlighted out;
        char params[256], found[256];
        (void)snprintf(params, sizeof(params), "{\"query\":\"%s\"}", k->query);
        catalog_search(&c, params);
        assert_int_equal(search_highlight(marker_of(&c), &what, &out), STATUS_OK);
        (void)snprintf(found, sizeof(found), STR_FMT, STR_ARG(out.value));
        assert_string_equal(found, k->expected);
        if (out.level != k->level || out.fully != k->fully)
            fail_msg("%s in %s: level %d, fully %d", k->query, k->text, out.level, out.fully);
    }
    catalog_close(&c);
}

/* ASCII text is marked by a shorter way: the same words are marked when a word behind them bars it. One marker takes
 * all texts. */
static void test_ascii_like_other_text(void **state)
{
    static const char *const words[] = {"Trail", "trails", "RUN",   "running", "x",      "flat", "screen",
                                        "-",     "shoe",   "shoes", "sh",      "Sh-oes", "a.b.", "WH-1000XM4"};
    static const char *const queries[] = {"trail sh", "tv run", "wh1000xm", "runing r", "flat screen shoes s", "x"};
    struct random random = random_start("highlight");
    struct catalog c;

    (void)state;
    catalog_open(&c, SETTINGS, SHOP, 3, 1);
    for (size_t q = 0; q < sizeof(queries) / sizeof(queries[0]); q++) {
        char params[256];
        (void)snprintf(params, sizeof(params), "{\"query\":\"%s\"}", queries[q]);
        catalog_search(&c, params);
        struct marker *m = marker_of(&c);
        for (int round = 0; round < 50; round++) {
            char text[256] = "", longer[300], expected[1024], found[1024];
            for (size_t i = 0, n = random_below(&random, 8); i < n; i++) {
                (void)strcat(text, words[random_below(&random, sizeof(words) / sizeof(words[0]))]);
                (void)strcat(text, random_below(&random, 5) ? " " : "");
            }
            (void)snprintf(longer, sizeof(longer), "%s é", text);
            struct highlight_text plain = {str_from(text), 0}, other = {str_from(longer), 0};
            struct highlighted a, b;
            assert_int_equal(search_highlight(m, &plain, &a), STATUS_OK);
            assert_int_equal(search_highlight(m, &other, &b), STATUS_OK);
            (void)snprintf(expected, sizeof(expected), STR_FMT " é", STR_ARG(a.value));
            (void)snprintf(found, sizeof(found), STR_FMT, STR_ARG(b.value));
            assert_string_equal(found, expected);
            assert_int_equal(a.level, b.level);
            assert_int_equal(a.word_count, b.word_count);
        }
    }
    catalog_close(&c);
}

/* A text of the largest size takes no more than the request's memory. */
static void test_long_text(void **state)
{
    struct catalog c;
    struct buf text = BUF_EMPTY;
    struct highlighted out;

    (void)state;
    catalog_open(&c, SETTINGS, SHOP, 3, 1);
    for (int i = 0; i < 100000; i++)
        buf_literal(&text, "trail shoe ");
    catalog_search(&c, "{\"query\":\"trail sh\"}");
    struct highlight_text what = {buf_str(&text), 0};
    assert_int_equal(search_highlight(marker_of(&c), &what, &out), STATUS_OK);
    assert_true(out.value.size > text.size);
    assert_false(out.fully);
    buf_release(&text);
    catalog_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_marks), cmocka_unit_test(test_ascii_like_other_text),
                                       cmocka_unit_test(test_long_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
