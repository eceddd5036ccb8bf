/* Which attributes of an object are shown, and parameters as a URL-encoded string. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/http/answer.h"

#define OBJECT                                                                                                         \
    "{\"objectID\":\"1\",\"name\":\"N\",\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3},\"list\":[{\"x\":1,\"y\":2},{\"y\":3}" \
    "],"                                                                                                               \
    "\"a.b\":4}"

static const struct {
    const char *names[4];
    const char *never;
    const char *expected;
} rows[] = {
    {{NULL}, NULL, OBJECT},
    {{"*"}, NULL, OBJECT},
    {{"name"}, NULL, "{\"objectID\":\"1\",\"name\":\"N\"}"},
    {{"objectID"}, NULL, "{\"objectID\":\"1\"}"},
    {{"nothing"}, NULL, "{\"objectID\":\"1\"}"},
    {{"a.e"}, NULL, "{\"objectID\":\"1\",\"a\":{\"e\":3}}"},
    {{"a.b.c", "name"}, NULL, "{\"objectID\":\"1\",\"name\":\"N\",\"a\":{\"b\":{\"c\":1}}}"},
    {{"list.y"}, NULL, "{\"objectID\":\"1\",\"list\":[{\"y\":2},{\"y\":3}]}"},
    {{"list.x"}, NULL, "{\"objectID\":\"1\",\"list\":[{\"x\":1},{}]}"},
    {{"*", "-a", "-list"}, NULL, "{\"objectID\":\"1\",\"name\":\"N\"}"},
    {{"*", "-a.b", "-list"}, NULL, "{\"objectID\":\"1\",\"name\":\"N\",\"a\":{\"e\":3}}"},
    {{"*"}, "list", "{\"objectID\":\"1\",\"name\":\"N\",\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3},\"a.b\":4}"},
    {{"name", "list"}, "list.y", "{\"objectID\":\"1\",\"name\":\"N\",\"list\":[{\"x\":1},{}]}"},
    {{"list"}, "list", "{\"objectID\":\"1\"}"},
};

static void test_shown(void **state)
{
    (void)state;
    struct arena arena;
    struct json object;
    arena_init(&arena, 1 << 16);
    assert_int_equal(json_parse(STR(OBJECT), &arena, &object, NULL), STATUS_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str names[4];
        struct str never = str_from(rows[i].never);
        struct buf out = BUF_EMPTY;
        size_t count = 0;
        while (count < 4 && rows[i].names[count]) {
            names[count] = str_from(rows[i].names[count]);
            count++;
        }
        struct shown shown = shown_list(names, count);
        shown.never = &never;
        shown.never_count = rows[i].never ? 1 : 0;
        answer_object(&out, &object, &shown);
        if (!str_equal(buf_str(&out), str_from(rows[i].expected))) {
            print_error("row %zu: " STR_FMT "\n", i, STR_ARG(buf_str(&out)));
        }
        assert_true(str_equal(buf_str(&out), str_from(rows[i].expected)));
        buf_release(&out);
    }
    arena_release(&arena);
}

static void test_params(void **state)
{
    (void)state;
    struct arena arena;
    struct json params;
    struct buf out = BUF_EMPTY;
    arena_init(&arena, 1 << 16);
    assert_int_equal(json_parse(STR("{\"indexName\":\"shop\",\"query\":\"a b&\xc3\xa4\",\"facets\":[\"x\"],\"page\":2,"
                                    "\"params\":\"y\",\"type\":\"default\",\"distinct\":true}"),
                                &arena, &params, NULL),
                     STATUS_OK);
    answer_params(&out, &params);
    assert_true(str_equal(buf_str(&out), STR("query=a%20b%26%C3%A4&facets=%5B%22x%22%5D&page=2&distinct=true")));
    buf_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shown), cmocka_unit_test(test_params)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
