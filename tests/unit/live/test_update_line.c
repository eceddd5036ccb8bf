/* Lines of updates: what they may say, what is wrong with them, and that the scanner reads what the parser reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/live/update_line.h"
#include "tests/support/json_oracle.h"
#include "tests/support/random.h"

struct reading {
    struct arena arena;
    struct json_member values[UPDATE_VALUES_MAX];
    struct live_update update;
    bool fine;
};

static void read_line(struct reading *r, struct str line, bool parser)
{
    arena_init(&r->arena, 0);
    r->fine = (parser ? update_line_parse : update_line_read)(line, r->values, &r->arena, &r->update);
}

static bool same_update(const struct live_update *a, const struct live_update *b)
{
    bool same = str_equal(a->object_id, b->object_id) && a->value_count == b->value_count && a->kind == b->kind &&
                a->flags == b->flags && a->key == b->key && a->if_version == b->if_version &&
                decimal_compare(a->min, b->min) == 0 && decimal_compare(a->if_stock, b->if_stock) == 0;
    for (uint8_t i = 0; same && i < a->value_count; i++) {
        same = str_equal(a->values[i].name, b->values[i].name) && a->values[i].value.type == b->values[i].value.type &&
               (a->values[i].value.type != JSON_NUMBER || str_equal(a->values[i].value.text, b->values[i].value.text));
    }
    return same;
}

static void assert_both(struct str line)
{
    struct reading a;
    struct reading b;
    read_line(&a, line, false);
    read_line(&b, line, true);
    if (a.fine != b.fine || (a.fine ? !same_update(&a.update, &b.update) : strcmp(a.update.text, b.update.text) != 0)) {
        fail_msg("scanner and parser read '" STR_FMT "' differently", STR_ARG(line));
    }
    struct buf oracle = BUF_EMPTY;
    if (a.fine && json_oracle_read(line, &oracle) == JSON_ORACLE_REFUSES) {
        fail_msg("'" STR_FMT "' is not JSON", STR_ARG(line));
    }
    buf_release(&oracle);
    if (a.fine) {
        /* What is written reads back the same. */
        struct buf text = BUF_EMPTY;
        struct reading again;
        update_line_write(&a.update, true, &text);
        read_line(&again, buf_str(&text), false);
        if (!again.fine || !same_update(&a.update, &again.update)) {
            fail_msg("'" STR_FMT "' is written as '" STR_FMT "'", STR_ARG(line), STR_ARG(buf_str(&text)));
        }
        arena_release(&again.arena);
        buf_release(&text);
    }
    arena_release(&a.arena);
    arena_release(&b.arena);
}

static void test_common_lines(void **state)
{
    struct reading r;
    (void)state;
    read_line(&r, STR("{\"objectID\":\"a-1\",\"set\":{\"stock\":5,\"price\":12.90},\"timestamp\":1764000000000}"),
              false);
    assert_true(r.fine && r.arena.used_bytes == 0);
    assert_true(str_equal(r.update.object_id, STR("a-1")));
    assert_int_equal(r.update.kind, UPDATE_SET);
    assert_int_equal(r.update.value_count, 2);
    assert_true(str_equal(r.update.values[1].value.text, STR("12.90")));
    assert_int_equal(r.update.flags, UPDATE_TIMESTAMP);
    assert_int_equal(r.update.key, 1764000000000);
    arena_release(&r.arena);
    read_line(&r, STR("{ \"decrement\" : { \"stock\" : 2 } , \"min\" : 0 , \"ifStockAtLeast\":3, \"objectID\" : 77 }"),
              false);
    assert_true(r.fine && r.arena.used_bytes == 0);
    assert_true(str_equal(r.update.object_id, STR("77")));
    assert_int_equal(r.update.kind, UPDATE_DECREMENT);
    assert_int_equal(r.update.flags, UPDATE_MIN | UPDATE_IF_STOCK);
    assert_int_equal(r.update.if_stock.units, 3);
    arena_release(&r.arena);
    read_line(&r, STR("{\"objectID\":\"\\u00e9\",\"set\":{\"hot\":true},\"timestamp\":\"2026-01-02T00:00:00Z\"}"),
              false);
    assert_true(r.fine);
    assert_true(str_equal(r.update.object_id, STR("\xc3\xa9")));
    assert_int_equal(r.update.key, 1767312000000);
    arena_release(&r.arena);
}

static void assert_wrong(const char *line, const char *why)
{
    struct reading r;
    read_line(&r, str_from(line), false);
    assert_false(r.fine);
    assert_int_equal(r.update.result, UPDATE_REFUSED);
    assert_int_equal(r.update.reason, UPDATE_MALFORMED);
    assert_string_equal(r.update.text, why);
    arena_release(&r.arena);
}

static void test_wrong_lines(void **state)
{
    (void)state;
    assert_wrong("{\"set\":{\"stock\":5}}", "'objectID' is missing");
    assert_wrong("{\"objectID\":\"a\"}", "'set', 'increment' or 'decrement' is missing");
    assert_wrong("{\"objectID\":\"a\",\"set\":{}}",
                 "'set', 'increment' and 'decrement' are objects of 1 to 16 attributes");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":\"5\"}}", "'stock' must be a number");
    assert_wrong("{\"objectID\":\"a\",\"increment\":{\"stock\":true}}", "'stock' must be a number");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":1e400}}", "'stock' is out of range");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":5},\"min\":0}", "'min' is for 'increment' and 'decrement'");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":5},\"increment\":{\"stock\":5}}",
                 "one of 'set', 'increment' and 'decrement' is wanted");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":5},\"version\":-1}",
                 "'version' must be a whole number from 0");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":5},\"version\":1,\"timestamp\":1}",
                 "'timestamp' and 'version' exclude each other");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":5},\"when\":1}", "'when' is not known");
    assert_wrong("{\"objectID\":\"a\",\"set\":{\"stock\":05}}", "offset 32: expected ',' or '}'");
    assert_wrong("[]", "a line must be an object");
}

/* Pieces that make lines, right and wrong ones. */
static const char *const PIECES[] = {"\"objectID\":\"a\"",
                                     "\"objectID\":12.5",
                                     "\"objectID\":\"\\n\"",
                                     "\"set\":{\"s\":1}",
                                     "\"set\":{\"s\":-0.5}",
                                     "\"set\":{\"s\":1e3,\"t\":2}",
                                     "\"set\":{\"s\":1,\"s\":2}",
                                     "\"increment\":{\"s\":1}",
                                     "\"decrement\":{\"s\":0}",
                                     "\"timestamp\":5",
                                     "\"version\":6",
                                     "\"version\":1.0",
                                     "\"min\":0",
                                     "\"min\":-1.50",
                                     "\"ifVersion\":3",
                                     "\"ifStockAtLeast\":2",
                                     "\"set\":{}",
                                     "\"x\":1",
                                     "\"set\":{\"s\":null}",
                                     " ",
                                     "\"timestamp\":12345678901234567890"};

static void test_scanner_and_parser_agree(void **state)
{
    struct random r = random_start(__func__);
    (void)state;
    for (size_t round = random_rounds(20000, 2000000); round > 0; round--) {
        struct buf line = BUF_EMPTY;
        size_t count = random_below(&r, 6);
        buf_append_char(&line, '{');
        for (size_t i = 0; i < count; i++) {
            if (i > 0) {
                buf_append_str(&line, random_chance(&r, 97) ? STR(",") : STR(" , "));
            }
            buf_append_str(&line, str_from(PIECES[random_below(&r, sizeof(PIECES) / sizeof(PIECES[0]))]));
        }
        buf_append_char(&line, '}');
        for (int damage = random_chance(&r, 30) ? 1 : 0; damage > 0; damage--) {
            line.data[random_below(&r, line.size)] = (char)(" {}\":,0a.-\x80\\\n"[random_below(&r, 13)]);
        }
        assert_both(buf_str(&line));
        buf_release(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common_lines),
        cmocka_unit_test(test_wrong_lines),
        cmocka_unit_test(test_scanner_and_parser_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
