/* Opening an analyzer: languages, stemmers, stop words, and what is said when they are wrong. */
#include "tests/unit/analyzers/tokens.h"

static void expect_error(const char *language, const char *stemmer, const char *message)
{
    struct analyzer *analyzer;
    struct error err = {0};
    struct analyzer_options options = {.language = language, .stemmer = stemmer};
    assert_int_equal(analyzer_open(&analyzer, &options, &err), STATUS_INPUT);
    assert_null(analyzer);
    assert_true(strncmp(err.message, message, strlen(message)) == 0);
}

static void test_wrong(void **state)
{
    (void)state;
    expect_error("xx", NULL, "unknown language 'xx', known are: ar bg bn ca cs");
    expect_error("english", NULL, "unknown language 'english'");
    expect_error("-", NULL, "unknown language '-'");
    expect_error("EN", NULL, "unknown language 'EN'");
    expect_error("de", "light", "no stemmer 'light' for language 'de': it takes default, none, snowball");
    expect_error("cs", "snowball", "no stemmer 'snowball' for language 'cs'");
    expect_error("en", "porter", "no stemmer 'porter' for language 'en': it takes default, none, light, snowball");
    analyzer_close(NULL);
    analysis_free(NULL);
}

static void test_languages(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *const *code = analyzer_languages(); *code; code++, count++) {
        struct setup setup = setup_open(*code, NULL);
        check_tokens(&setup, STR("Sony WH-1000XM4"), false);
        setup_close(&setup);
        setup = setup_open(*code, "none");
        setup_close(&setup);
    }
    assert_int_equal(count, 49);
    struct setup setup = setup_open("pt-BR", NULL);
    setup_close(&setup);
    setup = setup_open(NULL, NULL);
    setup_close(&setup);
}

static void expect(struct setup *setup, const char *text, const char *tokens)
{
    struct buf out = BUF_EMPTY;
    describe(setup, str_from(text), false, &out);
    assert_string_equal(out.data, tokens);
    buf_release(&out);
}

static void test_stemmers(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        const char *stemmer;
        const char *tokens;
    } rows[] = {
        {"en", NULL, "0 running 1 shoe"},       {"en", "default", "0 running 1 shoe"},
        {"en", "light", "0 running 1 shoe"},    {"en", "snowball", "0 run 1 shoe"},
        {"en", "none", "0 running 1 shoes"},    {"", NULL, "0 running 1 shoes"},
        {"cs", "default", "0 running 1 shoes"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct setup setup = setup_open(rows[i].language, rows[i].stemmer);
        expect(&setup, "Running Shoes", rows[i].tokens);
        setup_close(&setup);
    }
}

static void test_stop_words(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", NULL);
    expect(&setup, "The cover for an iPad", "0 the! 1 cover 2 for! 3 an! 4 ipad");
    setup_close(&setup);
    setup = setup_open("de", NULL);
    expect(&setup, "für", "0 fur! p:fuer");
    setup_close(&setup);

    struct str own[] = {STR("Garantía"), STR("don't"), STR("x1"), STR(" "), STR("")};
    struct error err;
    struct analyzer_options options = {
        .language = "en", .stop_words = own, .stop_word_count = 5, .stop_words_given = true};
    assert_int_equal(analyzer_open(&setup.analyzer, &options, &err), STATUS_OK);
    setup.analysis = analysis_new(setup.analyzer);
    expect(&setup, "the garantia GARANTÍA don't x1", "0 the 1 garantia! 2 garantia! 3 dont! 4 x1! s:x s:1");
    setup_close(&setup);

    options.stop_word_count = 0;
    assert_int_equal(analyzer_open(&setup.analyzer, &options, &err), STATUS_OK);
    setup.analysis = analysis_new(setup.analyzer);
    expect(&setup, "the", "0 the");
    setup_close(&setup);
}

static void test_limits(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", NULL);
    const struct token *tokens;
    size_t count;
    struct buf text = BUF_EMPTY;
    for (int i = 0; i < 127; i++)
        buf_append_char(&text, 'a');
    buf_literal(&text, "\xc3\xa9\xe8\x93\x9d"); /* the accent goes: 128 bytes; the Han character is a word of its own */
    assert_int_equal(analyze(setup.analysis, buf_str(&text), &tokens, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(tokens[0].text.size, LIMIT_TOKEN_BYTES);
    assert_int_equal(tokens[0].end, 129);

    buf_clear(&text);
    for (int i = 0; i < 100; i++)
        buf_literal(&text, "\xd0\x96"); /* 200 bytes of one word: cut between characters */
    assert_int_equal(analyze(setup.analysis, buf_str(&text), &tokens, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tokens[0].text.size, LIMIT_TOKEN_BYTES);
    assert_int_equal(tokens[0].end, 200);

    buf_clear(&text);
    while (text.size < (1u << 20) - 4)
        buf_literal(&text, "   \n");
    buf_literal(&text, "yes no"); /* the text ends after "yes " */
    assert_int_equal(analyze(setup.analysis, buf_str(&text), &tokens, &count), STATUS_OK);
    assert_int_equal(count, 1);
    buf_release(&text);
    setup_close(&setup);
}

/* Without stemming, the tokens of a token are that token. */
static void test_idempotent(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", "none");
    static const char text[] =
        "Sony WH-1000XM4 5,5mm 1,299.00 AT&T Größe men's C++ c# .NET 1-1/2\" 3/4x3/4 .5 無線 node.js";
    const struct token *tokens;
    size_t count;
    assert_int_equal(analyze(setup.analysis, STR(text), &tokens, &count), STATUS_OK);
    struct buf all = BUF_EMPTY;
    for (size_t i = 0; i < count; i++)
        if (tokens[i].kind == TOKEN_WORD)
            buf_printf(&all, STR_FMT "\n", STR_ARG(tokens[i].text));
    struct str rest = buf_str(&all);
    while (rest.size > 0) {
        struct str word = str_split(&rest, '\n');
        assert_int_equal(analyze(setup.analysis, word, &tokens, &count), STATUS_OK);
        assert_true(count >= 1 && str_equal(tokens[0].text, word));
        assert_int_equal(tokens[count - 1].position, 0);
    }
    buf_release(&all);
    setup_close(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),      cmocka_unit_test(test_languages), cmocka_unit_test(test_stemmers),
        cmocka_unit_test(test_stop_words), cmocka_unit_test(test_limits),    cmocka_unit_test(test_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
