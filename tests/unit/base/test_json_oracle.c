/* The parser and the writer against jansson, on drawn texts and on damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "indexer/base/json.h"
#include "tests/support/json_oracle.h"
#include "tests/support/random.h"

static void draw_space(struct random *r, struct buf *out)
{
    while (random_chance(r, 15)) {
        buf_append_char(out, " \n\t\r"[random_below(r, 4)]);
    }
}

static void draw_string(struct random *r, struct buf *out, bool is_name)
{
    static const char *const pieces[] = {
        "a",    "Sony", "\\n",  "\\\"", "\\u00e9", "\xC3\xA9", "\\ud83d\\ude00",  "\xF0\x9F\x98\x80",
        "\\\\", "\\/",  "\x7F", " ",    "\\u4E2D", "12345678", "\\b\\f\\r\\t k2", "\xE2\x82\xAC"};
    buf_append_char(out, '"');
    for (uint64_t i = random_below(r, is_name ? 3 : 12); i > 0; i--) {
        buf_append_str(out, str_from(pieces[random_below(r, sizeof(pieces) / sizeof(pieces[0]))]));
    }
    if (!is_name && random_chance(r, 5)) {
        buf_literal(out, "\\u0000");
    }
    buf_append_char(out, '"');
}

static void draw_number(struct random *r, struct buf *out)
{
    int64_t whole = (int64_t)random_next(r) >> random_below(r, 64);
    switch (random_below(r, 4)) {
    case 0:
        buf_append_i64(out, whole);
        break;
    case 1:
        buf_printf(out, "%.*f", 1 + (int)random_below(r, 8), (double)(whole % 1000000) / 128);
        break;
    case 2:
        buf_printf(out, "%.*e", (int)random_below(r, 17), (double)whole / 1e5);
        break;
    default:
        buf_printf(out, "%dE%s%d", (int)(whole % 100), random_chance(r, 50) ? "+" : "-", (int)random_below(r, 100));
        break;
    }
}

static void draw_value(struct random *r, struct buf *out, int depth);

static void draw_container(struct random *r, struct buf *out, int depth)
{
    bool object = random_chance(r, 50);
    uint64_t count = random_below(r, random_chance(r, 10) ? 80 : 6);
    buf_append_char(out, object ? '{' : '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        draw_space(r, out);
        if (object) {
            draw_string(r, out, true);
            draw_space(r, out);
            buf_append_char(out, ':');
        }
        draw_value(r, out, count > 10 ? 0 : depth - 1);
    }
    draw_space(r, out);
    buf_append_char(out, object ? '}' : ']');
}

static void draw_value(struct random *r, struct buf *out, int depth)
{
    static const char *const words[] = {"null", "true", "false"};
    uint64_t kind = random_below(r, depth > 0 ? 8 : 4);
    draw_space(r, out);
    if (kind == 0) {
        buf_append_str(out, str_from(words[random_below(r, 3)]));
    } else if (kind == 1) {
        draw_number(r, out);
    } else if (kind < 4) {
        draw_string(r, out, false);
    } else {
        draw_container(r, out, depth);
    }
    draw_space(r, out);
}

static void write_name(struct buf *out, struct str s)
{
    buf_append_u64(out, s.size);
    buf_append_char(out, ':');
    buf_append_str(out, s);
}

/* Our value in the oracle's form. */
static void describe(struct buf *out, const struct json *j)
{
    double number = 0;
    switch (j->type) {
    case JSON_NULL:
        buf_append_char(out, 'n');
        break;
    case JSON_FALSE:
        buf_append_char(out, 'f');
        break;
    case JSON_TRUE:
        buf_append_char(out, 't');
        break;
    case JSON_NUMBER:
        assert_true(json_double(j, &number));
        buf_printf(out, "#%.17g ", number);
        break;
    case JSON_STRING:
        write_name(out, j->text);
        break;
    case JSON_ARRAY:
        buf_append_char(out, '[');
        for (uint32_t i = 0; i < j->count; i++) {
            describe(out, &j->items[i]);
        }
        buf_append_char(out, ']');
        break;
    case JSON_OBJECT:
        buf_append_char(out, '{');
        for (uint32_t i = 0; i < j->count; i++) {
            write_name(out, j->members[i].name);
            describe(out, &j->members[i].value);
        }
        buf_append_char(out, '}');
        break;
    }
}

/* jansson keeps -0 as the integer 0. */
static void drop_negative_zeros(struct buf *b)
{
    size_t to = 0;
    for (size_t i = 0; i < b->size; i++) {
        bool sign = b->data[i] == '-' && i && b->data[i - 1] == '#' && i + 2 < b->size && b->data[i + 1] == '0' &&
                    b->data[i + 2] == ' ';
        if (!sign) {
            b->data[to++] = b->data[i];
        }
    }
    b->size = to;
}

/* Both read the text: they agree on whether it is JSON and on what it says. True when it is. */
static bool compare(struct str text)
{
    struct arena arena;
    struct json value;
    struct error err = {0};
    struct buf ours = BUF_EMPTY;
    struct buf theirs = BUF_EMPTY;
    arena_init(&arena, 0);
    enum status status = json_parse(text, &arena, &value, &err);
    enum json_oracle oracle = json_oracle_read(text, &theirs);
    if (oracle != JSON_ORACLE_CANNOT_TELL && status != STATUS_LIMIT) {
        if ((status == STATUS_OK) != (oracle == JSON_ORACLE_ACCEPTS)) {
            fail_msg("'" STR_FMT "': %s", STR_ARG(text), status == STATUS_OK ? "taken" : err.message);
        }
        if (status == STATUS_OK) {
            describe(&ours, &value);
            drop_negative_zeros(&ours);
            drop_negative_zeros(&theirs);
            if (!str_equal(buf_str(&ours), buf_str(&theirs))) {
                fail_msg("'" STR_FMT "': '" STR_FMT "', not '" STR_FMT "'", STR_ARG(text), STR_ARG(buf_str(&ours)),
                         STR_ARG(buf_str(&theirs)));
            }
        }
    }
    buf_release(&theirs);
    buf_release(&ours);
    arena_release(&arena);
    return status == STATUS_OK;
}

/* What is written says the same as what was read, compact and pretty. */
static void compare_written(struct str text)
{
    struct arena arena;
    struct json value;
    struct json again;
    arena_init(&arena, 0);
    assert_int_equal(json_parse(text, &arena, &value, NULL), STATUS_OK);
    for (int pretty = 0; pretty < 2; pretty++) {
        struct buf written = BUF_EMPTY;
        struct buf first = BUF_EMPTY;
        struct buf second = BUF_EMPTY;
        (pretty ? json_write_pretty : json_write)(&written, &value);
        assert_true(compare(buf_str(&written)));
        assert_int_equal(json_parse(buf_str(&written), &arena, &again, NULL), STATUS_OK);
        describe(&first, &value);
        describe(&second, &again);
        assert_true(str_equal(buf_str(&first), buf_str(&second)));
        buf_release(&second);
        buf_release(&first);
        buf_release(&written);
    }
    arena_release(&arena);
}

static void damage(struct random *r, struct buf *text)
{
    static const char bytes[] = "{}[]\",:\\0123456789eE+-.tfn u\x80\xC3\x01\xED";
    for (uint64_t i = 1 + random_below(r, 3); i > 0 && text->size; i--) {
        size_t at = random_below(r, text->size);
        if (random_chance(r, 30)) {
            memmove(text->data + at, text->data + at + 1, text->size - at - 1);
            text->size--;
        } else if (random_chance(r, 10)) {
            text->size = at;
        } else {
            text->data[at] = bytes[random_below(r, sizeof(bytes) - 1)];
        }
    }
}

static void test_against_jansson(void **state)
{
    (void)state;
    struct random r = random_start("json_against_jansson");
    size_t refused = 0;
    size_t rounds = random_rounds(3000, 100000);
    for (size_t round = 0; round < rounds; round++) {
        struct buf text = BUF_EMPTY;
        draw_value(&r, &text, 5);
        assert_true(compare(buf_str(&text)));
        compare_written(buf_str(&text));
        for (int i = 0; i < 5; i++) {
            damage(&r, &text);
            refused += !compare(buf_str(&text));
        }
        buf_release(&text);
    }
    assert_true(refused > rounds); /* the damage does damage */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_jansson)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
