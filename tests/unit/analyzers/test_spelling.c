/* What a shopper types finds what the text says, under the rule that analyzer.h gives queries: each word is met by its
 * WORD, or all its PARTs, or all its leaves, or by its join with the next word. And real text, where the shared data
 * is. */
#include "tests/unit/analyzers/tokens.h"

struct document {
    char texts[256][LIMIT_TOKEN_BYTES + 1];
    size_t count;
};

static void read_document(struct setup *setup, const char *text, struct document *document)
{
    const struct token *tokens;
    size_t count;
    assert_int_equal(analyze(setup->analysis, str_from(text), &tokens, &count), STATUS_OK);
    assert_in_range(count, 1, 256);
    for (size_t i = 0; i < count; i++)
        sprintf(document->texts[i], STR_FMT, STR_ARG(tokens[i].text));
    document->count = count;
}

static bool holds(const struct document *document, const struct token *token)
{
    for (size_t i = 0; i < document->count; i++)
        if (str_equal(str_from(document->texts[i]), token->text))
            return true;
    return token->stop;
}

static bool word_met(const struct document *document, const struct token *tokens, size_t count)
{
    uint16_t leaves[128];
    size_t parts = 0, met = 0;
    for (size_t i = 1; i < count; i++) {
        parts += tokens[i].kind == TOKEN_PART;
        met += tokens[i].kind == TOKEN_PART && holds(document, &tokens[i]);
    }
    if (holds(document, &tokens[0]) || (parts > 0 && met == parts))
        return true;
    size_t leaf_count = analyze_leaves(tokens, count, leaves, 128);
    for (size_t i = 0; i < leaf_count; i++)
        if (!holds(document, &tokens[leaves[i]]))
            return false;
    return leaf_count > 0;
}

static bool finds(const char *language, const char *query, const char *text)
{
    struct setup setup = setup_open(language, NULL);
    struct document document;
    const struct token *tokens;
    size_t count;
    bool found = true;
    read_document(&setup, text, &document);
    assert_int_equal(analyze(setup.analysis, str_from(query), &tokens, &count), STATUS_OK);
    for (size_t at = 0, end; at < count; at = end) {
        end = analyze_word_end(tokens, count, at);
        if (word_met(&document, tokens + at, end - at))
            continue;
        struct token joined;
        found = found && end < count && analyze_join(setup.analysis, &tokens[at], &tokens[end], &joined) &&
                holds(&document, &joined);
        if (found)
            end = analyze_word_end(tokens, count, end);
    }
    setup_close(&setup);
    return found && count > 0;
}

/* Every spelling of a row finds the first, and the first finds every other. */
static void test_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        const char *spellings[7];
    } rows[] = {
        {"en", {"WH-1000XM4", "wh1000xm4", "wh-1000xm4", "wh 1000xm4", "wh1000 xm4", "WH_1000XM4", "wh 1000 xm 4"}},
        {"en", {"5.5mm", "5.5 mm", "5,5mm", "5,5 mm", "5.5MM"}},
        {"en", {"AT&T", "at&t", "ATT"}},
        {"en", {"H&M", "h & m", "HM"}},
        {"en", {"USB-C", "usb c", "usbc", "USB‑C"}},
        {"en", {"t-shirt", "T-Shirts", "tshirt", "t shirt", "T–shirts"}},
        {"en", {"e-mail", "email", "E mail"}},
        {"en", {"1-1/2\"", "1 1/2", "1½", "1-1/2"}},
        {"en", {"men's", "mens", "men’s", "MEN"}},
        {"en", {"levi's", "levis", "Levi’s", "levi´s"}},
        {"en", {"L'Oréal", "loreal", "L’OREAL", "l oreal", "L´Oréal"}},
        {"fr", {"L'Oréal", "loreal", "L’OREAL", "oréal"}},
        {"en", {"3M", "3 m"}},
        {"en", {"node.js", "nodejs", "Node JS"}},
        {"en", {".5 in", "0.5 in", "0,5 in"}},
        {"en", {"1,299.00", "1299.00"}},
        {"en", {"2x4", "2×4", "2 x 4"}},
        {"en", {"iPhone 12Pro", "iphone 12 pro"}},
        {"en", {"a/c", "AC", "a c"}},
        {"en", {"batteries", "battery", "BATTERY"}},
        {"en", {"ANVÄNDBAR", "anvandbar", "Anva\xcc\x88ndbar"}},
        {"es", {"educación", "educacion"}},
        {"es", {"educación", "educaciones"}},
        {"de", {"grün", "gruen", "GRÜN", "grun", "grüne"}},
        {"de", {"Größe", "groesse", "GRÖSSE"}},
        {"da", {"rødt", "roedt"}},
        {"tr", {"KIRMIZI", "kırmızı", "kirmizi"}},
        {"tr", {"Samsung'un", "samsung", "SAMSUNG"}},
        {"ru", {"ёлка", "елка", "ЁЛКИ"}},
        {"cs", {"Nabíječka", "nabijecka"}},
        {"ko", {"무선이어폰", "무선 이어폰"}},
        {"zh", {"蓝牙耳机", "蓝牙 耳机"}},
        {"ja", {"ﾜｲﾔﾚｽ", "ワイヤレス"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t k = 0; k < 7 && rows[i].spellings[k]; k++) {
            const char *first = rows[i].spellings[0], *other = rows[i].spellings[k];
            if (!finds(rows[i].language, other, first))
                fail_msg("%s: '%s' does not find '%s'", rows[i].language, other, first);
            if (!finds(rows[i].language, first, other))
                fail_msg("%s: '%s' does not find '%s'", rows[i].language, first, other);
        }
    }
}

static void test_found_inside(void **state)
{
    (void)state;
    assert_true(finds("en", "wh-1000", "Sony WH-1000XM4"));
    assert_true(finds("en", "startech cable", "StarTech.com 6 ft Cable"));
    assert_true(finds("en", "ups 3000va", "APC Smart-UPS XL, 3000VA, 120V"));
    assert_true(finds("en", "net framework", ".NET Framework"));
    assert_true(finds("ko", "이어폰", "무선이어폰"));
    assert_true(finds("fr", "électrique", "Rasoirs électriques"));
}

static void test_not_found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"c++", "usb c"}, {"c#", "c"},          {"5.5mm", "55mm"},    {"1/2", "12"},     {"1-1/2", "11/2"},
        {"55", "5.5"},    {"wh1000xm4", "xm5"}, {"wh-1000xm4", "wh"}, {"5,5mm", "5 mm"}, {"at&t", "tt"},
        {"2x4", "2x6"},   {"1,299", "1 apple"}, {"t-shirt", "shirt"}, {"red", "redder"}, {"12v", "12 w"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (finds("en", rows[i][0], rows[i][1]))
            fail_msg("'%s' finds '%s'", rows[i][0], rows[i][1]);
}

/* Every real query, both ways, and it finds itself. */
static void test_real_queries(void **state)
{
    (void)state;
    char path[4096], line[4096];
    const char *data = getenv("AISLE_SHARED_DATA");
    snprintf(path, sizeof(path), "%s/queries/all_real_queries.tsv", data ? data : "../shared/data");
    FILE *file = fopen(path, "r");
    if (!file) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    struct setup setup = setup_open("en", NULL);
    size_t queries = 0;
    while (fgets(line, sizeof(line), file)) {
        struct str rest = str_from(line), query;
        (void)str_split(&rest, '\t');
        query = str_split(&rest, '\t');
        struct buf fast = BUF_EMPTY, reference = BUF_EMPTY;
        check_tokens(&setup, query, false);
        describe_fully(&setup, query, false, &fast);
        describe_fully(&setup, query, true, &reference);
        assert_string_equal(fast.data, reference.data);
        buf_release(&fast);
        buf_release(&reference);
        queries++;
    }
    fclose(file);
    assert_true(queries > 15000);
    setup_close(&setup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_found_inside),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_real_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
