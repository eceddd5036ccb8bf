/* Synonyms: phrases, one-way rules, the longest match. */
#include "tests/unit/analyzers/tokens.h"

#include "analyzers/synonyms.h"

/* The alternatives at token `at` of a query, as "2: a b | c", or "" for none. */
static void match(struct setup *setup, const struct synonyms *s, const char *query, size_t at, char out[200])
{
    const struct token *tokens;
    struct str words[32];
    size_t count, word_count = 0;
    struct synonym_match found;
    out[0] = 0;
    assert_int_equal(analyze(setup->analysis, str_from(query), &tokens, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        if (tokens[i].kind == TOKEN_WORD)
            words[word_count++] = tokens[i].text;
    if (!synonyms_match(s, words, word_count, at, &found))
        return;
    sprintf(out, "%zu:", found.length);
    for (size_t i = 0; i < found.count; i++) {
        strcat(out, i ? " |" : "");
        for (size_t k = 0; k < found.alternatives[i].count; k++)
            sprintf(out + strlen(out), " " STR_FMT, STR_ARG(found.alternatives[i].tokens[k]));
    }
}

static void test_match(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", NULL);
    struct str tv[] = {STR("TV"), STR("televisions"), STR("flat screen"), STR("t.v.")};
    struct str ipad[] = {STR("iPad")}, tablet[] = {STR("tablet"), STR("tablet computer")};
    struct str flat[] = {STR("flat")}, apartment[] = {STR("apartment")};
    struct synonym_rule rules[] = {{tv, 4, tv, 4}, {ipad, 1, tablet, 2}, {flat, 1, apartment, 1}, {ipad, 1, tablet, 1}};
    struct synonyms *s;
    struct error err = {0};
    char out[200];
    assert_int_equal(synonyms_build(&s, setup.analyzer, rules, 4, &err), STATUS_OK);
    static const struct {
        const char *query;
        size_t at;
        const char *expected;
    } rows[] = {
        {"tvs", 0, "1: television | flat screen"},
        {"television", 0, "1: tv | flat screen"},
        {"Flat Screens black", 0, "2: tv | television"},
        {"flat pack", 0, "1: apartment"},
        {"a flat screen", 1, "2: tv | television"},
        {"a flat screen", 2, ""},
        {"ipad", 0, "1: tablet | tablet computer"},
        {"tablet", 0, ""},
        {"screen", 0, ""},
        {"flat", 0, "1: apartment"},
        {"", 0, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        match(&setup, s, rows[i].query, rows[i].at, out);
        assert_string_equal(out, rows[i].expected);
    }
    synonyms_free(s);
    setup_close(&setup);
}

static void test_wrong(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", NULL);
    struct str good[] = {STR("tv")}, empty[] = {STR(" - ")};
    struct synonym_rule rules[] = {{good, 1, good, 1}, {good, 1, empty, 1}};
    struct synonyms *s;
    struct error err = {0};
    assert_int_equal(synonyms_build(&s, setup.analyzer, rules, 2, &err), STATUS_INPUT);
    assert_string_equal(err.message, "synonym rule 2: synonym ' - ' has no word");
    assert_null(s);
    assert_int_equal(synonyms_build(&s, setup.analyzer, NULL, 0, &err), STATUS_OK);
    char out[200];
    match(&setup, s, "tv", 0, out);
    assert_string_equal(out, "");
    synonyms_free(s);
    synonyms_free(NULL);
    setup_close(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_match), cmocka_unit_test(test_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
