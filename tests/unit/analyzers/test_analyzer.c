/* What the chain makes of product text, and that its two ways in agree. */
#include "tests/unit/analyzers/tokens.h"

/* kind letter, text, place; a position's first token is preceded by its number. */
static void test_product_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        const char *text;
        const char *tokens;
    } rows[] = {
        {"en", "Sony WH-1000XM4", "0 sony 1 wh1000xm4 p:wh p:1000xm4 s:1000 s:xm s:4"},
        {"en", "wh1000xm4", "0 wh1000xm4 s:wh s:1000 s:xm s:4"},
        {"en", "wh1000 xm4", "0 wh1000 s:wh s:1000 1 xm4 s:xm s:4"},
        {"en", "5.5mm", "0 5.5mm s:5.5 s:mm"},
        {"en", "5.5 mm", "0 5.5 1 mm"},
        {"de", "5,5 mm", "0 5.5 1 mm"},
        {"en", "AT&T", "0 att p:at! p:t"},
        {"en", "C++ c# .NET", "0 c++ 1 c# 2 .net p:net"},
        {"en", "node.js", "0 nodej p:node p:js"},
        {"en", "1/2\" pipe", "0 1/2 1 pipe"},
        {"en", "1-1/2\"", "0 1-1/2 p:1 p:1/2"},
        {"en", "1\xc2\xbd\"", "0 1 1 1/2"},
        {"en", "3M 4K", "0 3m s:3 s:m 1 4k s:4 s:k"},
        {"en", "USB-C", "0 usbc p:usb p:c"},
        {"en", "t-shirts", "0 tshirt p:t p:shirt"},
        {"en", "e-mail", "0 email p:e p:mail"},
        {"en", "men's", "0 men"},
        {"en", "levi's", "0 levi p:levis"},
        {"en",
         "L'Or\xc3\xa9"
         "al",
         "0 loreal p:l p:oreal"},
        {"fr",
         "L'Or\xc3\xa9"
         "al",
         "0 oreal p:loreal"},
        {"en", "don't", "0 dont"},
        {"en", "1,299.00", "0 1299.00 p:1 p:299 p:00"},
        {"en", "36,37,38", "0 36 1 37 2 38"},
        {"en", ".5 in", "0 0.5 1 in!"},
        {"en", "red/blue a/c", "0 red 1 blue 2 ac p:a! p:c"},
        {"en", "3/4x3/4", "0 3/4x3/4 s:3/4 s:x"},
        {"en", "u.s.a.", "0 usa p:u p:s p:a!"},
        {"en", "Lego\xe2\x84\xa2 iPhone\xc2\xae", "0 lego 1 iphone"},
        {"en",
         "3\xc3\x97"
         "4",
         "0 3x4 s:3 s:x s:4"},
        {"en", "501-0115", "0 5010115 p:501 p:0115"},
        {"ko", "\xeb\xac\xb4\xec\x84\xa0 \xec\x98\xb7",
         "0 \xeb\xac\xb4\xec\x84\xa0 s:\xeb\xac\xb4 s:\xec\x84\xa0 1 \xec\x98\xb7"},
        {"ru", "\xd0\x91\xd0\xb5\xd0\xbb\xd1\x8b\xd0\xb9", "0 \xd0\xb1\xd0\xb5\xd0\xbb"},
        {"es", "educaci\xc3\xb3n educaciones", "0 educacion p:educ 1 educ"},
        {"tr", "\xc7\x82iand",
         "0 \xc7\x82iandi"}, /* a Latin letter without another form; the stemmer adds a dotless i */
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct setup setup = setup_open(rows[i].language, NULL);
        struct buf fast = BUF_EMPTY, reference = BUF_EMPTY;
        describe(&setup, str_from(rows[i].text), false, &fast);
        describe(&setup, str_from(rows[i].text), true, &reference);
        assert_string_equal(fast.data, rows[i].tokens);
        assert_string_equal(reference.data, rows[i].tokens);
        buf_release(&fast);
        buf_release(&reference);
        setup_close(&setup);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", NULL);
    const struct token *tokens;
    size_t count;
    struct str text = STR("\xc3\x85ngstr\xc3\xb6m, C++ (WH-1000XM4) .5 l\xcc\xa7");
    assert_int_equal(analyze(setup.analysis, text, &tokens, &count), STATUS_OK);
    static const char *const places[] = {
        "\xc3\x85ngstr\xc3\xb6m", "C++", "WH-1000XM4", "WH", "1000XM4", "1000", "XM", "4", ".5", "l\xcc\xa7"};
    assert_int_equal(count, sizeof(places) / sizeof(*places));
    for (size_t i = 0; i < count; i++)
        assert_true(str_equal(str_slice(text, tokens[i].start, tokens[i].end), str_from(places[i])));
    setup_close(&setup);
}

/* A code point of the blocks that hold letters of Latin, Greek and Cyrillic, and of general punctuation. */
static void append_letter(struct random *r, struct buf *out)
{
    static const uint16_t blocks[][2] = {{0x80, 0x250}, {0x370, 0x530}, {0x1e00, 0x2000}, {0x2000, 0x2130}};
    const uint16_t *block = blocks[random_below(r, 4)];
    append_code_point(out, (uint32_t)(block[0] + random_below(r, (uint64_t)(block[1] - block[0]))));
}

/* Strings that look like product text, or are meant to break it. */
static void random_text(struct random *r, bool ascii, struct buf *out)
{
    static const char *const pieces[] = {
        " ",  " ",   " ",   " ",  "-",    "/",   ".",   "_",         "'",   "&",  ",",  "+",  "#",    "++",   "'s",
        "\"", "1",   "2",   "37", "1000", "299", "XM4", "mm",        "WH",  "C",  "t",  "s",  "NET",  "Shoe", "boxes",
        "s",  "The", "and", "I",  "i",    "l",   "d",   "ies",       "men", "\t", "\n", "\r", "\x01", ":",    ";",
        "(",  ")",   "*",   "$",  "x",    "5.5", "1/2", "batteries", "0",   ".",  "@",  "%",  "|",    "~",    "^",
    };
    static const char *const foreign[] = {
        "\xc3\xa9",     "\xc3\x84", "\xcc\x81",     "\xe2\x80\x99", "\xe2\x80\x93", "\xc2\xbd",         "\xe2\x84\xa2",
        "\xc3\x97",     "\xc2\xa0", "\xe8\x93\x9d", "\xe7\x89\x99", "\xed\x95\x9c", "\xea\xb5\xad",     "\xe3\x82\xb1",
        "\xd0\x99",     "\xce\xa3", "\xc4\xb0",     "\xc4\xb1",     "\xef\xbc\x91", "\xd9\xa3",         "\xe0\xb8\xab",
        "\xe0\xb8\xb9", "\xff",     "\xc3",         "\xe2\x80\x8b", "\xe2\x80\x8d", "\xf0\x9f\x98\x80", "\xc2\xb7",
    };
    size_t count = random_below(r, 40);
    for (size_t i = 0; i < count; i++) {
        if (random_below(r, 8) == 0)
            buf_append_char(out, (char)random_below(r, 128));
        else if (!ascii && random_below(r, 6) == 0)
            append_letter(r, out);
        else if (!ascii && random_below(r, 4) == 0)
            buf_append_str(out, str_from(foreign[random_below(r, sizeof(foreign) / sizeof(*foreign))]));
        else
            buf_append_str(out, str_from(pieces[random_below(r, sizeof(pieces) / sizeof(*pieces))]));
    }
}

static void compare_ways(const char *test, bool ascii)
{
    struct random r = random_start(test);
    size_t rounds = random_rounds(200, 5000);
    for (const char *const *language = analyzer_languages(); *language; language++) {
        struct setup setup = setup_open(*language, NULL);
        for (size_t i = 0; i < rounds; i++) {
            struct buf text = BUF_EMPTY, fast = BUF_EMPTY, reference = BUF_EMPTY;
            random_text(&r, ascii, &text);
            describe_fully(&setup, buf_str(&text), false, &fast);
            describe_fully(&setup, buf_str(&text), true, &reference);
            if (strcmp(fast.data, reference.data) != 0)
                fail_msg("language %s, text '%.*s':\n  fast      %s\n  reference %s", *language,
                         STR_ARG(buf_str(&text)), fast.data, reference.data);
            buf_release(&text);
            buf_release(&fast);
            buf_release(&reference);
        }
        setup_close(&setup);
    }
}

static void compare_code_point(struct setup *setup, uint32_t c)
{
    struct buf letter = BUF_EMPTY, text = BUF_EMPTY, fast = BUF_EMPTY, reference = BUF_EMPTY;
    append_code_point(&letter, c);
    struct str l = buf_str(&letter);
    buf_printf(&text,
               STR_FMT " Ab" STR_FMT "cions 5" STR_FMT ".5-" STR_FMT "." STR_FMT "x .5" STR_FMT ".net c++" STR_FMT,
               STR_ARG(l), STR_ARG(l), STR_ARG(l), STR_ARG(l), STR_ARG(l), STR_ARG(l), STR_ARG(l));
    describe_fully(setup, buf_str(&text), false, &fast);
    describe_fully(setup, buf_str(&text), true, &reference);
    if (strcmp(fast.data, reference.data) != 0)
        fail_msg("U+%04X:\n  fast      %s\n  reference %s", c, fast.data, reference.data);
    buf_release(&letter);
    buf_release(&text);
    buf_release(&fast);
    buf_release(&reference);
}

static void test_fast_path_code_points(void **state)
{
    (void)state;
    static const char *const languages[] = {"es", "tr"};
    for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++) {
        struct setup setup = setup_open(languages[i], NULL);
        for (uint32_t c = 1; c < 0x3100; c++)
            compare_code_point(&setup, c);
        setup_close(&setup);
    }
}

static void test_fast_path_ascii(void **state)
{
    (void)state;
    compare_ways(__func__, true);
}

static void test_fast_path_mixed(void **state)
{
    (void)state;
    compare_ways(__func__, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product_tokens),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_fast_path_ascii),       cmocka_unit_test(test_fast_path_mixed),
        cmocka_unit_test(test_fast_path_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
