/* Word break: Unicode's own test file (Debian's package unicode-data) against the iterator that the chain uses, and the
 * scripts that need dictionaries. */
#include "tests/unit/analyzers/tokens.h"

#include "analyzers/word_break.h"

#include <unicode/utf16.h>

#define BREAK_TEST "/usr/share/unicode/auxiliary/WordBreakTest.txt"

/* "÷ 0061 × 0308 ÷": the code points, and bit i of *breaks for a break before unit i. */
static int32_t parse_line(const char *line, UChar *units, bool *breaks)
{
    int32_t count = 0;
    while (*line && *line != '#') {
        if (strncmp(line, "\xc3\xb7", 2) == 0) {
            breaks[count] = true;
            line += 2;
        } else if (strncmp(line, "\xc3\x97", 2) == 0) {
            breaks[count] = false;
            line += 2;
        } else if (*line == ' ' || *line == '\t' || *line == '\n') {
            line++;
        } else {
            char *end;
            UChar32 c = (UChar32)strtoul(line, &end, 16);
            assert_ptr_not_equal(end, line);
            int32_t before = count;
            U16_APPEND_UNSAFE(units, count, c);
            if (count - before == 2)
                breaks[before + 1] = false;
            line = end;
        }
    }
    return count;
}

static void count_matches(const char *locale, size_t *matched, size_t *lines)
{
    struct error err;
    UBreakIterator *words;
    char line[1024];
    FILE *file = fopen(BREAK_TEST, "r");
    if (!file) {
        print_message("skipped: no %s\n", BREAK_TEST);
        skip();
    }
    assert_int_equal(word_break_open(&words, locale, &err), STATUS_OK);
    *matched = *lines = 0;
    while (fgets(line, sizeof(line), file)) {
        UChar units[256];
        bool breaks[257];
        int32_t count = parse_line(line, units, breaks);
        if (count == 0)
            continue;
        bool same = true;
        UErrorCode code = U_ZERO_ERROR;
        ubrk_setText(words, units, count, &code);
        assert_true(U_SUCCESS(code));
        for (int32_t i = 0; i <= count; i++)
            same = same && ubrk_isBoundary(words, i) == breaks[i];
        *matched += same;
        (*lines)++;
    }
    fclose(file);
    ubrk_close(words);
}

static void test_word_break_root(void **state)
{
    (void)state;
    size_t matched, lines;
    count_matches(WORD_BREAK_LOCALE, &matched, &lines);
    assert_int_equal(lines, 1823);
    assert_int_equal(matched, 1808); /* the other 15 want no break at a colon, which is wrong for "color:red" */
}

static void test_word_break_all(void **state)
{
    (void)state;
    static const char *const locales[] = {"fi", "sv"};
    for (size_t i = 0; i < 2; i++) {
        size_t matched, lines;
        count_matches(locales[i], &matched, &lines);
        assert_int_equal(matched, lines);
    }
}

static void expect(const char *language, const char *text, const char *tokens)
{
    struct setup setup = setup_open(language, NULL);
    struct buf out = BUF_EMPTY;
    describe(&setup, str_from(text), false, &out);
    assert_string_equal(out.data, tokens);
    buf_release(&out);
    setup_close(&setup);
}

static void test_dictionaries(void **state)
{
    (void)state;
    expect("th", "หูฟังไร้สาย", "0 หู 1 ฟัง 2 ไร้ 3 สาย");
    expect("lo", "ພາສາລາວ", "0 ພາສາ 1 ລາວ");
    expect("km", "ស្បែកជើងកីឡា", "0 ស្បែកជើង 1 កីឡា");
    expect("zh", "蓝牙耳机", "0 蓝牙 s:蓝 s:牙 1 耳机 s:耳 s:机");
    expect("ja", "防水スピーカー", "0 防水 s:防 s:水 1 スピーカー");
    expect("ja", "ﾜｲﾔﾚｽ", "0 ワイヤレス");
    expect("ko", "무선이어폰", "0 무선이어폰 p:무선 p:선이 p:이어 p:어폰 s:무 s:선 s:이 s:어 s:폰");
    expect("zh", "iPhone手机壳", "0 iphone 1 手机 s:手 s:机 2 壳");
}

static void test_unsegmented_neighbours(void **state)
{
    (void)state;
    expect("en", "color:red", "0 color 1 red");
    expect("en", "size=5;blue", "0 size 1 5 2 blue");
    expect("en",
           "a\xf0\x9f\x98\x80"
           "b",
           "0 a! 1 b");
    expect("en", "zero\xe2\x80\x8bwidth", "0 zero 1 width");
    expect("en", "soft\xc2\xadhyphen", "0 softhyphen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_break_root),
        cmocka_unit_test(test_word_break_all),
        cmocka_unit_test(test_dictionaries),
        cmocka_unit_test(test_unsegmented_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
