/* Folding: what shoppers type finds what the text says. Hostile bytes. */
#include "tests/unit/analyzers/tokens.h"

static void expect_fold(const char *language, const char *text, const char *folded)
{
    struct setup setup = setup_open(language, NULL);
    struct buf out = BUF_EMPTY;
    analyze_fold(setup.analysis, str_from(text), &out);
    buf_append_char(&out, 0);
    assert_string_equal(out.data, folded);
    buf_clear(&out);
    analyze_fold(setup.analysis, str_from(folded), &out); /* folding twice changes nothing */
    buf_append_char(&out, 0);
    assert_string_equal(out.data, folded);
    buf_release(&out);
    setup_close(&setup);
}

static void test_fold(void **state)
{
    (void)state;
    expect_fold("", "Ångström ÄÖÜ ẞß", "angstrom aou ssss");
    expect_fold("", "ŁÓDŹ Đak Smørrebrød Æon Œuvre", "lodz dak smorrebrod aeon oeuvre");
    expect_fold("", "Vũ Nguyễn Ướt", "vu nguyen uot");
    expect_fold("", "Ελληνικά Όμηρος", "ελληνικα ομηροσ");
    expect_fold("", "Ёлка Йод Київ", "елка йод київ");
    expect_fold("tr", "IŞIK İstanbul ığdır", "isik istanbul igdir");
    expect_fold("", "ＷＨ－１０００　ﾜｲﾔﾚｽ ガ", "wh-1000 ワイヤレス ガ");
    expect_fold("", "ﬁne ½ 1½ ² ㎜ ①", "fine 1/2 1 1/2 2 mm 1");
    expect_fold("", "rock’n’roll 5–6 ‐ 3×4", "rock'n'roll 5-6 - 3x4");
    expect_fold("", "٣٤ ๕๖ ५", "34 56 5");
    expect_fold("", "Lego™ iPhone® ©", "lego  iphone   ");
    expect_fold("", "5µm 10Ω", "5um 10ω");
    expect_fold("", "e\xcc\x81 a\xcc\x8a\xcc\x81 ガ", "e a ガ");
    expect_fold("", "شَدّة مـرحبا", "شدة مرحبا");
    expect_fold("", "שָׁלוֹם", "שלום");
    expect_fold("", "", "");
}

/* Each of these in the middle of a word, at its start and at its end. */
static void test_ill_formed(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xe0\x80\x80",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x9f\x98",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xfe",
                                      "\xff\xff"};
    static const char good[] = "Größe WH-1000XM4 蓝牙 men's 5.5mm";
    struct setup setup = setup_open("de", NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        for (size_t at = 0; at < sizeof(good); at++) {
            struct buf text = BUF_EMPTY;
            buf_append(&text, good, at);
            buf_append_str(&text, str_from(bad[i]));
            buf_append(&text, good + at, sizeof(good) - 1 - at);
            check_tokens(&setup, buf_str(&text), false);
            check_tokens(&setup, buf_str(&text), true);
            buf_release(&text);
        }
    }
    setup_close(&setup);
}

static void test_bad_bytes_separate(void **state)
{
    (void)state;
    struct setup setup = setup_open("en", NULL);
    struct buf out = BUF_EMPTY;
    describe(&setup,
             (struct str){"red\xffgreen\x00"
                          "blue\xc3",
                          15},
             false, &out);
    assert_string_equal(out.data, "0 red 1 green 2 blue");
    buf_release(&out);
    setup_close(&setup);
}

static void repeat(struct setup *setup, const char *piece, size_t bytes)
{
    struct buf text = BUF_EMPTY;
    while (text.size < bytes)
        buf_append_str(&text, str_from(piece));
    check_tokens(setup, buf_str(&text), false);
    buf_release(&text);
}

static void test_huge(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a",   "a ",           "1",  "1.",         "1,234,", "a-", "a'", "a'b'",     "a1",
        "1/2", "s's'",         "-",  ".",          "'",      "é",  "é ", "\xcc\x81", "\xcc\x81\xcc\xa7",
        "ﷺ",   "蓝",           "한", "ᄀ",         "ᅡ",     "ไ",  "ខ្",  "\xff",     "½",
        "😀",   "\xe2\x80\x8d", "ǆ",  "a\xcc\x81-", "I",      "1½",
    };
    struct setup english = setup_open("en", NULL);
    struct setup turkish = setup_open("tr", NULL);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        repeat(&english, pieces[i], i % 8 == 0 ? (1u << 20) + 10 : random_rounds(1u << 16, (1u << 20) + 10));
        repeat(&turkish, pieces[i], 1u << 16);
    }
    setup_close(&english);
    setup_close(&turkish);
}

/* Every code point alone, after a letter, and joined. */
static void test_every_code_point(void **state)
{
    (void)state;
    struct setup setup = setup_open("fr", NULL);
    uint32_t step = (uint32_t)random_rounds(23, 1);
    for (uint32_t c = 1; c < 0x110000; c += c >= 0x3400 ? step : 1) {
        if (c >= 0xd800 && c < 0xe000)
            continue;
        struct buf letter = BUF_EMPTY, text = BUF_EMPTY;
        append_code_point(&letter, c);
        struct str l = buf_str(&letter);
        buf_printf(&text, STR_FMT " x" STR_FMT "1 5-" STR_FMT, STR_ARG(l), STR_ARG(l), STR_ARG(l));
        check_tokens(&setup, buf_str(&text), false);
        buf_release(&letter);
        buf_release(&text);
    }
    setup_close(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold), cmocka_unit_test(test_ill_formed),       cmocka_unit_test(test_bad_bytes_separate),
        cmocka_unit_test(test_huge), cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
