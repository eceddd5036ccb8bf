#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/build/feed_csv.h"
#include "tests/support/random.h"
#include "tests/unit/build/feed_outcome.h"

enum { ROWS = 12, COLUMNS = 6, CELL_BYTES = 12 };

struct table {
    unsigned rows, columns;
    char cells[ROWS][COLUMNS][CELL_BYTES + 1];
};

/* Cells with everything that needs quotes; not blank at the ends, for cells are trimmed. */
static void fill_cell(struct random *random, char *cell)
{
    static const char alphabet[] = "ab1,;\t|\"'\n\r \\<";
    size_t size = random_below(random, CELL_BYTES + 1);
    for (size_t i = 0; i < size; i++) {
        cell[i] = alphabet[random_below(random, sizeof(alphabet) - 1)];
    }
    cell[size] = '\0';
    struct str trimmed = str_trim((struct str){cell, size});
    memmove(cell, trimmed.data, trimmed.size);
    cell[trimmed.size] = '\0';
}

static void write_cell(struct random *random, struct buf *out, const char *cell, char separator)
{
    bool must = strpbrk(cell, "\"\n\r") || strchr(cell, separator) || cell[0] == '\'';
    if (!must && random_chance(random, 70)) {
        buf_append(out, cell, strlen(cell));
        return;
    }
    buf_append_char(out, '"');
    for (; *cell; cell++) {
        buf_append(out, cell, 1);
        if (*cell == '"') {
            buf_append_char(out, '"');
        }
    }
    buf_append_char(out, '"');
}

static void write_table(struct random *random, const struct table *t, char separator, struct buf *out)
{
    const char *line_end = random_chance(random, 50) ? "\n" : "\r\n";
    for (unsigned r = 0; r < t->rows; r++) {
        for (unsigned c = 0; c < t->columns; c++) {
            if (c) {
                buf_append_char(out, separator);
            }
            write_cell(random, out, t->cells[r][c], separator);
        }
        if (r + 1 < t->rows || random_chance(random, 50)) {
            buf_append(out, line_end, strlen(line_end));
        }
    }
}

static void check_rows(const struct table *t, char separator, struct str text)
{
    struct csv_dialect dialect = {.separator = separator};
    struct csv_row row = {0};
    struct arena arena;
    arena_init(&arena, 0);
    for (unsigned r = 0; r < t->rows; r++) {
        csv_row_parse(&dialect, text, true, CSV_COLUMNS, &arena, &row);
        assert_false(row.damaged);
        assert_int_equal(row.count, t->columns);
        for (unsigned c = 0; c < t->columns; c++) {
            if (!str_equal(row.cells[c], str_from(t->cells[r][c]))) {
                fail_msg("row %u column %u: '" STR_FMT "' is not '%s'", r, c, STR_ARG(row.cells[c]), t->cells[r][c]);
            }
        }
        text = str_slice(text, row.used, text.size);
    }
    assert_int_equal(text.size, 0);
    arena_release(&arena);
}

/* What is written by the rules of RFC 4180 reads back, whatever the separator. */
static void test_written_tables(void **state)
{
    static const char separators[] = {',', ';', '\t', '|'};
    struct random random = random_start("written tables");
    (void)state;
    for (size_t round = 0; round < random_rounds(3000, 100000); round++) {
        struct table t = {.rows = 1 + (unsigned)random_below(&random, ROWS),
                          .columns = 2 + (unsigned)random_below(&random, COLUMNS - 1)};
        struct buf text = BUF_EMPTY;
        char separator = separators[random_below(&random, sizeof(separators))];
        for (unsigned r = 0; r < t.rows; r++) {
            for (unsigned c = 0; c < t.columns; c++) {
                fill_cell(&random, t.cells[r][c]);
            }
            strcpy(t.cells[r][0], "k"); /* a line that is not blank */
        }
        write_table(&random, &t, separator, &text);
        check_rows(&t, separator, buf_str(&text));
        buf_release(&text);
    }
}

/* A row cut anywhere is partial, never a wrong row. */
static void test_cut_rows(void **state)
{
    static const char text[] = "a,\"b \"\"x\"\", y\",\"c\nd\" ,e\r\nnext";
    struct csv_dialect dialect = {.separator = ','};
    (void)state;
    for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
        struct arena arena;
        struct csv_row row = {0};
        arena_init(&arena, 0);
        csv_row_parse(&dialect, (struct str){text, cut}, false, CSV_COLUMNS, &arena, &row);
        size_t whole = strlen(text) - strlen("next");
        assert_int_equal(row.partial, cut < whole);
        if (!row.partial) {
            assert_int_equal(row.count, 4);
            assert_int_equal(row.used, whole);
            assert_true(str_equal(row.cells[1], STR("b \"x\", y")));
            assert_true(str_equal(row.cells[2], STR("c\nd")));
        }
        arena_release(&arena);
    }
}

static void test_dialects(void **state)
{
    static const struct {
        const char *text;
        char separator;
        bool backslash;
    } samples[] = {{"a,b\n1,2\n", ',', false},
                   {"a;b\n1,5;2\n3,5;4\n", ';', false},
                   {"a\tb\n1, 2\t3\n", '\t', false},
                   {"a|b,c|d\n1|2|3\n", '|', false},
                   {"a,b\n1,\"x \\\"y\\\", z\"\n2,\"\\\"q\\\", r\"\n", ',', true},
                   {"a,b\n1,\"C:\\\"\n2,\"D:\\\"\n", ',', false},
                   {"one column\nx\n", ',', false}};
    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct csv_dialect d = csv_dialect_find(str_from(samples[i].text), true, 0);
        if (d.separator != samples[i].separator || d.backslash != samples[i].backslash) {
            fail_msg("%s: '%c' %d", samples[i].text, d.separator, d.backslash);
        }
    }
}

/* One broken quote in a long feed costs its row and no other. */
static void test_bounded_damage(void **state)
{
    struct random random = random_start("bounded damage");
    (void)state;
    for (size_t round = 0; round < random_rounds(40, 400); round++) {
        struct buf text = BUF_EMPTY;
        struct error err = {0};
        struct outcome o = {.out = NULL};
        uint64_t bad = 50 + random_below(&random, 900);
        buf_literal(&text, "uid,name,text,price\n");
        for (uint64_t i = 0; i < 1000; i++) {
            const char *quote = i == bad ? "" : "\"";
            buf_printf(&text, "%08llx,Name %llu,\"some text, with commas%s,%llu\n",
                       (unsigned long long)(i * 2654435761u), (unsigned long long)i, quote, (unsigned long long)i);
        }
        assert_int_equal(outcome_of_bytes(&o, buf_str(&text), NULL, &err), STATUS_OK);
        if (o.accepted < 998 || o.accepted + o.rejected > 1000) {
            fail_msg("bad row %llu: %llu accepted, %llu rejected", (unsigned long long)bad,
                     (unsigned long long)o.accepted, (unsigned long long)o.rejected);
        }
        buf_release(&text);
    }
}

/* A name in the mapping takes the place of the column's. */
static void test_mapping(void **state)
{
    const struct feed_field fields[] = {{STR("objectID"), STR("Nr")}, {STR("title"), STR("Bezeichnung")}};
    const struct feed_mapping mapping = {
        .kind = FEED_CSV, .separator = ';', .fields = fields, .field_count = sizeof(fields) / sizeof(fields[0])};
    struct buf out = BUF_EMPTY;
    struct error err = {0};
    struct outcome o = {.out = &out};
    (void)state;
    assert_int_equal(outcome_of_bytes(&o, STR("Nr;Bezeichnung;x\n7;Tisch;a,b\n"), &mapping, &err), STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, "item 2 {\"objectID\":\"7\",\"Nr\":\"7\",\"title\":\"Tisch\",\"x\":\"a,b\"}\n"
                                  "end ok, items 1, CSV, ';', item '', id from 'Nr' (from the settings)\n");
    buf_release(&out);
}

static void test_comment_lines(void **state)
{
    struct buf out = BUF_EMPTY;
    struct error err = {0};
    struct outcome o = {.out = &out};
    (void)state;
    assert_int_equal(outcome_of_bytes(&o, STR("# Required | the id\n# Optional\n\nid,title\n1,#x\n"), NULL, &err),
                     STATUS_OK);
    buf_append_char(&out, '\0');
    assert_non_null(strstr(out.data, "item 5 {\"objectID\":\"1\",\"id\":\"1\",\"title\":\"#x\"}"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_written_tables), cmocka_unit_test(test_cut_rows),
                                       cmocka_unit_test(test_dialects),       cmocka_unit_test(test_bounded_damage),
                                       cmocka_unit_test(test_mapping),        cmocka_unit_test(test_comment_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
