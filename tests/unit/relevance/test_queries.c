#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bench/relevance/queries.h"

static struct queries queries;
static struct error err;

static enum status parse_as(enum queries_kind kind, const char *text)
{
    err = (struct error){0};
    queries_release(&queries);
    return queries_parse(&queries, str_from(text), "file", kind, &err);
}

static void expect(size_t at, const char *id, const char *text, double count)
{
    assert_true(at < queries.list.count);
    assert_string_equal(queries.list.items[at].id, id);
    assert_true(str_equal(queries.list.items[at].text, str_from(text)));
    assert_true(queries.list.items[at].count == count);
}

static void test_lines(void **state)
{
    (void)state;
    assert_int_equal(parse_as(QUERIES_LISTED, "7\tred shoe\r\n\n8\thats, caps\n7\tred shoe\n"), STATUS_OK);
    assert_int_equal(queries.list.count, 2);
    expect(0, "7", "red shoe", 1);
    expect(1, "8", "hats, caps", 1);
    assert_int_equal(parse_as(QUERIES_LISTED, "red shoe\nhat"), STATUS_OK);
    expect(1, "hat", "hat", 1);
}

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(parse_as(QUERIES_LISTED, "query_id\tquery\tquery_class\n0\tsalon chair\tChairs\n"), STATUS_OK);
    expect(0, "0", "salon chair", 1);
    assert_int_equal(parse_as(QUERIES_LISTED, "source,query,popularity\nx,\"a, b\",5\ny,c,\n"), STATUS_OK);
    expect(0, "a, b", "a, b", 5);
    expect(1, "c", "c", 1);
}

static void test_json(void **state)
{
    (void)state;
    assert_int_equal(parse_as(QUERIES_LISTED, "[{\"id\":3,\"query\":\"hat\",\"params\":{\"minHits\":5}},\"shoe\"]"),
                     STATUS_OK);
    expect(0, "3", "hat", 1);
    assert_non_null(queries.list.items[0].params);
    expect(1, "shoe", "shoe", 1);
    assert_int_equal(parse_as(QUERIES_LISTED, "{\"query\":\"a\",\"count\":2}\n{\"user_query\":\"b\"}\n"), STATUS_OK);
    expect(0, "a", "a", 2);
    expect(1, "b", "b", 1);
}

static void test_log(void **state)
{
    (void)state;
    assert_int_equal(parse_as(QUERIES_LOGGED, "hat\t2\nshoe\nhat\t1\nshoe\nshoe\nshoe\n"), STATUS_OK);
    queries_merge(&queries);
    assert_int_equal(queries.list.count, 2);
    expect(0, "shoe", "shoe", 4);
    expect(1, "hat", "hat", 3);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        enum queries_kind kind;
        const char *text;
        const char *message;
    } wrong[] = {
        {QUERIES_LISTED, "", "file: there are no queries"},
        {QUERIES_LISTED, "1\ta\n1\tb\n", "file: the id '1' stands for two queries"},
        {QUERIES_LOGGED, "a\t1\nb\tx\n", "file: line 2: 'x' is no count"},
        {QUERIES_LISTED, "query,count\na,-1\n", "file: row 1: '-1' is no count"},
        {QUERIES_LISTED, "[{\"id\":1}]", "file: query 1: 'query' is missing or no string"},
        {QUERIES_LISTED, "{\"query\":\"a\"}\n{\"query\":\"a\",\"params\":3}", "file: query 2: 'params' is no object"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(parse_as(wrong[i].kind, wrong[i].text), STATUS_INPUT);
        assert_string_equal(err.message, wrong[i].message);
    }
}

static int release(void **state)
{
    (void)state;
    queries_release(&queries);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_table), cmocka_unit_test(test_json),
        cmocka_unit_test(test_log),   cmocka_unit_test(test_wrong),
    };
    arena_init(&queries.arena, 0);
    return cmocka_run_group_tests(tests, NULL, release);
}
