#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
