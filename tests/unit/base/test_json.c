#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/json.h"

static void reads_and_writes(const char *text, const char *expected)
{
    struct arena arena;
    struct json value;
    struct error err = {0};
    struct buf out = BUF_EMPTY;
    arena_init(&arena, 0);
    if (json_parse(str_from(text), &arena, &value, &err) != STATUS_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    json_write(&out, &value);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buf_release(&out);
    arena_release(&arena);
}

static void test_values(void **state)
{
    (void)state;
    reads_and_writes(" null ", "null");
    reads_and_writes("[1, 2.50,-0, 1e9 ,true,false, \"a\"]", "[1,2.50,-0,1e9,true,false,\"a\"]");
    reads_and_writes("{\"a\":{\"b\":[]},\"c\":{} }", "{\"a\":{\"b\":[]},\"c\":{}}");
    reads_and_writes("\"\\u00e9\\ud83d\\ude00\\n\\/\\\"\"", "\"\xC3\xA9\xF0\x9F\x98\x80\\n/\\\"\"");
    reads_and_writes("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
}

/* Every choice of names gives the members that the whole has of these names. */
static void test_selected(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"x\\\\\",\"b\":{\"c\":[1,\"}]\",{\"d\":\"\\\"\"}]},\"\\u0062b\":[],"
                               "\"ab\":-1.5e3 ,\"\":null, \"n\":[[],{}], \"h\u00e9\":true,\"a.b\":\"\"}";
    static const char *const names[] = {"a", "b.c", "bb", "ab", "n", "h\u00e9", "a.b.c", "none"};
    enum { NAMES = sizeof(names) / sizeof(names[0]) };
    for (unsigned choice = 0; choice < 1u << NAMES; choice++) {
        struct str chosen[NAMES];
        struct json_names wanted = {chosen, 0};
        struct json whole, some;
        struct arena arena;
        struct error err = {0};
        struct buf expected = BUF_EMPTY, got = BUF_EMPTY;
        arena_init(&arena, 0);
        for (unsigned i = 0; i < NAMES; i++) {
            if (choice >> i & 1) {
                chosen[wanted.count++] = str_from(names[i]);
            }
        }
        assert_int_equal(json_parse(str_from(text), &arena, &whole, &err), STATUS_OK);
        assert_int_equal(json_parse_selected(str_from(text), &wanted, &arena, &some, &err), STATUS_OK);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < whole.count; i++) {
            struct str name = whole.members[i].name;
            bool keep = false;
            for (size_t k = 0; k < wanted.count; k++) {
                keep = keep || str_equal(chosen[k], name) ||
                       (name.size > 0 && chosen[k].size > name.size && str_starts_with(chosen[k], name) &&
                        chosen[k].data[name.size] == '.');
            }
            if (keep) {
                whole.members[kept++] = whole.members[i];
            }
        }
        whole.count = kept;
        json_write(&expected, &whole);
        json_write(&got, &some);
        assert_int_equal(got.size, expected.size);
        assert_memory_equal(got.data, expected.data, got.size);
        buf_release(&expected);
        buf_release(&got);
        arena_release(&arena);
    }
}

/* Wherever the text ends early, that is an error and no step outside. */
static void test_selected_cut(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":\"x\\\"\",\"b\":[{\"c\":\"\\\\\"}],\"d\":1}";
    struct str d = STR("d");
    struct json_names wanted = {&d, 1};
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        char *copy = xmalloc(size ? size : 1); /* exactly: a step outside is seen */
        struct arena arena;
        struct json out;
        struct error err = {0};
        memcpy(copy, text, size);
        arena_init(&arena, 0);
        assert_int_equal(json_parse_selected((struct str){copy, size}, &wanted, &arena, &out, &err), STATUS_INPUT);
        arena_release(&arena);
        free(copy);
    }
}

static void refuses(const char *text, const char *message)
{
    struct arena arena;
    struct json value;
    struct error err = {0};
    arena_init(&arena, 0);
    assert_int_not_equal(json_parse(str_from(text), &arena, &value, &err), STATUS_OK);
    assert_string_equal(err.message, message);
    arena_release(&arena);
}

static void test_errors(void **state)
{
    (void)state;
    refuses("", "offset 0: expected a value");
    refuses("[1 2]", "offset 3: expected ',' or ']'");
    refuses("{\"a\":1 \"b\"", "offset 7: expected ',' or '}'");
    refuses("{\"a\" 1}", "offset 5: expected ':'");
    refuses("{a:1}", "offset 1: expected '\"' before a name");
    refuses("[1] x", "offset 4: expected the end of the text");
    refuses("\"a\nb\"", "offset 2: a control character in a string");
    refuses("\"a\\x\"", "offset 2: an unknown escape");
    refuses("\"\\ud800x\"", "offset 1: a lone surrogate");
    refuses("\"\\udc00\"", "offset 1: a lone surrogate");
    refuses("\"\\u12g4\"", "offset 1: expected four hexadecimal digits behind '\\u'");
    refuses("\"abc\xC3(\"", "offset 4: ill-formed UTF-8");
    refuses("\"\\n\xC3(\"", "offset 3: ill-formed UTF-8");
    refuses("\"abc", "offset 4: expected '\"' at the end of the string");
    refuses("\"abc\\\"", "offset 6: expected '\"' at the end of the string");
    refuses("01", "offset 1: expected the end of the text");
    refuses("-", "offset 0: expected a value");
    refuses("1.", "offset 2: expected a digit behind the decimal point");
    refuses("1e+", "offset 3: expected a digit in the exponent");
    refuses("nul", "offset 0: expected a value");
}

static struct json parse(const char *text, struct arena *arena)
{
    struct json value;
    struct error err = {0};
    if (json_parse(str_from(text), arena, &value, &err) != STATUS_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return value;
}

static void assert_written(const struct json *j, const char *expected)
{
    struct buf out = BUF_EMPTY;
    json_write(&out, j);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void test_depth(void **state)
{
    (void)state;
    for (size_t depth = 31; depth <= 33; depth++) {
        char text[128];
        struct arena arena;
        struct json value;
        struct error err = {0};
        arena_init(&arena, 0);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        enum status status = json_parse((struct str){text, 2 * depth}, &arena, &value, &err);
        assert_int_equal(status, depth > 32 ? STATUS_LIMIT : STATUS_OK);
        if (depth > 32) {
            assert_string_equal(err.message, "offset 32: nested deeper than 32 levels");
        }
        arena_release(&arena);
    }
}

/* Strings without escapes point into the text. */
static void test_borrows(void **state)
{
    (void)state;
    const char *text = "[\"plain\", \"esc\\n\", 12.50]";
    struct arena arena;
    arena_init(&arena, 0);
    struct json value = parse(text, &arena);
    assert_ptr_equal(value.items[0].text.data, text + 2);
    assert_true(str_equal(value.items[1].text, STR("esc\n")));
    assert_ptr_equal(value.items[2].text.data, text + 19);
    arena_release(&arena);
}

static void test_prefix(void **state)
{
    (void)state;
    struct str text = STR(" {\"a\":1} [2]x");
    struct arena arena;
    struct json value;
    size_t used = 0;
    size_t more = 0;
    arena_init(&arena, 0);
    assert_int_equal(json_parse_prefix(text, &arena, &value, &used, NULL), STATUS_OK);
    assert_int_equal(used, 8);
    assert_written(&value, "{\"a\":1}");
    assert_int_equal(json_parse_prefix(str_slice(text, used, text.size), &arena, &value, &more, NULL), STATUS_OK);
    assert_int_equal(used + more, 12);
    assert_written(&value, "[2]");
    arena_release(&arena);
}

/* Many names, each repeated: the last value stays, in the first one's place; not in quadratic time. */
static void test_repeated_names(void **state)
{
    (void)state;
    for (int names = 1; names <= 100000; names = names * 3 + 1) {
        struct buf text = BUF_EMPTY;
        struct arena arena;
        arena_init(&arena, 0);
        buf_append_char(&text, '{');
        for (int i = 0; i < 2 * names; i++) {
            buf_printf(&text, "%s\"name%d\":%d", i ? "," : "", i % names, i);
        }
        buf_literal(&text, "}");
        buf_append_char(&text, '\0');
        struct json value = parse(text.data, &arena);
        assert_int_equal(value.count, names);
        for (int i = 0; i < names; i++) {
            char name[32];
            int64_t number = -1;
            int size = sprintf(name, "name%d", i);
            assert_true(str_equal(value.members[i].name, (struct str){name, (size_t)size}));
            assert_true(json_i64(&value.members[i].value, &number));
            assert_int_equal(number, i + names);
        }
        arena_release(&arena);
        buf_release(&text);
    }
}

static void test_memory_ceiling(void **state)
{
    (void)state;
    struct buf text = BUF_EMPTY;
    buf_append_char(&text, '[');
    for (int i = 0; i < 20000; i++) {
        buf_literal(&text, "0,");
    }
    buf_literal(&text, "0]");
    struct json value;
    struct error err = {0};
    for (size_t limit = 1000; limit < 4000000; limit *= 8) {
        struct arena arena;
        arena_init(&arena, limit);
        enum status status = json_parse(buf_str(&text), &arena, &value, &err);
        assert_int_equal(status, limit > 2000000 ? STATUS_OK : STATUS_LIMIT);
        arena_release(&arena);
    }
    assert_non_null(strstr(err.message, "needs more memory"));
    buf_release(&text);
}

static void test_get(void **state)
{
    (void)state;
    struct arena arena;
    struct str s = {NULL, 0};
    int64_t i = 0;
    double d = 0;
    bool b = false;
    arena_init(&arena, 0);
    struct json j = parse(
        "{\"a.b\":1,\"a\":{\"b\":2,\"c\":{\"d\":\"x\"},\"c.d\":3},\"t\":true,\"e\":1e3,\"f\":5.0,\"g\":1.5}", &arena);
    assert_true(json_i64(json_get_path(&j, STR("a.b")), &i));
    assert_int_equal(i, 1);
    assert_true(json_i64(json_get_path(&j, STR("a.c.d")), &i));
    assert_int_equal(i, 3);
    assert_true(json_string(json_get(json_get(json_get(&j, "a"), "c"), "d"), &s));
    assert_true(str_equal(s, STR("x")));
    assert_null(json_get_path(&j, STR("a.x.d")));
    assert_null(json_get_path(&j, STR("t.x")));
    assert_null(json_get(NULL, "a"));
    assert_null(json_get(json_get(&j, "t"), "a"));
    assert_true(json_bool(json_get(&j, "t"), &b) && b);
    assert_false(json_bool(json_get(&j, "e"), &b));
    assert_true(json_i64(json_get(&j, "e"), &i));
    assert_int_equal(i, 1000);
    assert_true(json_i64(json_get(&j, "f"), &i));
    assert_int_equal(i, 5);
    assert_false(json_i64(json_get(&j, "g"), &i));
    assert_true(json_double(json_get(&j, "g"), &d) && d == 1.5);
    assert_false(json_double(json_get(&j, "t"), &d));
    assert_false(json_string(NULL, &s));
    arena_release(&arena);
}

static void test_building(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct json j = parse("{\"a\":1,\"b\":[{\"c\":\"x\"}]}", &arena);
    struct json copy = json_clone(&j, &arena);
    assert_true(json_object_set(&j, STR("a"), json_of_i64(-2, &arena), &arena));
    assert_true(json_object_set(&j, STR("d"), json_of_double(0.1, &arena), &arena));
    assert_true(json_object_remove(&j, STR("b")));
    assert_false(json_object_remove(&j, STR("b")));
    assert_true(json_object_set(&j, STR("e"), json_of_bool(false), &arena));
    struct json items[2] = {json_of_str(STR("q\"")), json_number_text(STR("1.50"))};
    assert_true(json_object_set(&j, STR("f"), json_array(items, 2), &arena));
    assert_written(&j, "{\"a\":-2,\"d\":0.1,\"e\":false,\"f\":[\"q\\\"\",1.50]}");
    assert_written(&copy, "{\"a\":1,\"b\":[{\"c\":\"x\"}]}");
    struct json built = {.type = JSON_OBJECT};
    for (int i = 0; i < 100; i++) {
        assert_true(json_object_set(&built, arena_printf(&arena, "n%d", i), json_of_i64(i, &arena), &arena));
    }
    assert_int_equal(built.count, 100);
    for (int i = 0; i < 100; i += 2) {
        assert_true(json_object_remove(&built, arena_printf(&arena, "n%d", i)));
    }
    assert_int_equal(built.count, 50);
    assert_true(str_equal(built.members[49].name, STR("n99")));
    /* A members array set by hand is never written behind its end. */
    struct json_member member = {STR("m"), json_of_bool(true)};
    struct json by_hand = {.type = JSON_OBJECT, .count = 1, .members = &member};
    assert_true(json_object_set(&by_hand, STR("n"), json_of_bool(true), &arena));
    assert_written(&by_hand, "{\"m\":true,\"n\":true}");
    arena_release(&arena);
}

static void test_write_string(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *expected;
    } cases[] = {{{"", 0}, "\"\""},
                 {{NULL, 0}, "\"\""},
                 {{"a\"b\\c\n\r\t\x01\x1f/\x7f", 12}, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/\x7f\""},
                 {{"nul\0.", 5}, "\"nul\\u0000.\""},
                 {{"\xC3\xA9 long enough \xF0\x9F\x98\x80", 19}, "\"\xC3\xA9 long enough \xF0\x9F\x98\x80\""},
                 {{"\xC3", 1}, "\"\xEF\xBF\xBD\""},
                 {{"\xC3\"\xA9", 3}, "\"\xEF\xBF\xBD\\\"\xEF\xBF\xBD\""},
                 {{"\xEF\xBF\xBD\xFF", 4}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json j = json_of_str(cases[i].text);
        assert_written(&j, cases[i].expected);
    }
}

static void test_pretty(void **state)
{
    (void)state;
    struct arena arena;
    struct buf out = BUF_EMPTY;
    arena_init(&arena, 0);
    struct json j = parse("{\"a\":[1,{}],\"b\":[]}", &arena);
    json_write_pretty(&out, &j);
    assert_true(str_equal(buf_str(&out), STR("{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n")));
    buf_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selected), cmocka_unit_test(test_selected_cut),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors),   cmocka_unit_test(test_depth),          cmocka_unit_test(test_borrows),
        cmocka_unit_test(test_prefix),   cmocka_unit_test(test_repeated_names), cmocka_unit_test(test_memory_ceiling),
        cmocka_unit_test(test_get),      cmocka_unit_test(test_building),       cmocka_unit_test(test_write_string),
        cmocka_unit_test(test_pretty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
