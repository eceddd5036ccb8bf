#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bench/relevance/entries.h"

static struct entries entries;
static struct error err;

static enum status parse_as(enum entries_kind kind, const char *grades, const char *text)
{
    struct entries_options options = {kind, NULL, grades};
    err = (struct error){0};
    entries_release(&entries);
    return entries_parse(&entries, str_from(text), "file", &options, &err);
}

static void expect(size_t at, const char *query, const char *doc, double value)
{
    assert_true(at < entries.list.count);
    assert_string_equal(entries.list.items[at].query, query);
    assert_string_equal(entries.list.items[at].doc, doc);
    assert_true(entries.list.items[at].value == value);
}

static void test_trec(void **state)
{
    (void)state;
    assert_int_equal(parse_as(ENTRIES_JUDGMENTS, NULL, "2 0 b 1\r\n  1\t0\ta -1\n2 0 a 3"), STATUS_OK);
    assert_int_equal(entries.list.count, 3);
    expect(0, "1", "a", -1);
    expect(1, "2", "a", 3);
    expect(2, "2", "b", 1);
    assert_int_equal(entries.queries.count, 2);
    assert_true(entries.top_value == 3);
    assert_non_null(entries_find(&entries, "2"));
    assert_null(entries_find(&entries, "3"));
    assert_int_equal(parse_as(ENTRIES_RUN, NULL, "\n1 Q0 a 7 1.5 x\n \n1 Q0 b 1 2.5 tag more\n"), STATUS_OK);
    expect(0, "1", "a", 1.5);
    expect(1, "1", "b", 2.5);
    assert_string_equal(entries.tag, "tag");
}

static void test_csv(void **state)
{
    (void)state;
    assert_int_equal(parse_as(ENTRIES_JUDGMENTS, NULL, "query,docid,rating\n\"red, shoes\",7,2\r\nhat,8,0\n\n"),
                     STATUS_OK);
    expect(0, "hat", "8", 0);
    expect(1, "red, shoes", "7", 2);
    /* the query's id is better than its text; words have grades */
    assert_int_equal(
        parse_as(ENTRIES_JUDGMENTS, "Exact=2,Partial=1,Irrelevant=0",
                 "id\tquery_id\tquery\tproduct_id\tlabel\n0\t5\tchair\t88\tPartial\n1\t5\tchair\t9\tExact\n"),
        STATUS_OK);
    expect(0, "5", "88", 1);
    expect(1, "5", "9", 2);
    assert_int_equal(parse_as(ENTRIES_RUN, NULL, "qid;doc;rank\n1;a;2\n1;b;1\n"), STATUS_OK);
    expect(0, "1", "a", -2);
    expect(1, "1", "b", -1);
    assert_int_equal(parse_as(ENTRIES_RUN, NULL, "query,docid,score\n1,a,2e1\n"), STATUS_OK);
    expect(0, "1", "a", 20);
    /* neither score nor rank: the order of the lines */
    assert_int_equal(parse_as(ENTRIES_RUN, NULL, "query,docid\n1,b\n1,a\n"), STATUS_OK);
    assert_true(entries.list.items[1].value > entries.list.items[0].value);
}

static void test_json(void **state)
{
    (void)state;
    assert_int_equal(
        parse_as(ENTRIES_JUDGMENTS, NULL,
                 "{\"requests\":[{\"id\":\"q\",\"request\":{},\"ratings\":[{\"_index\":\"i\",\"_id\":\"d\","
                 "\"rating\":3},{\"_id\":\"c\",\"rating\":0}]}],\"metric\":{}}"),
        STATUS_OK);
    expect(0, "q", "c", 0);
    expect(1, "q", "d", 3);
    const char *answer = "{\"metric_score\":0.4,\"details\":{\"q\":{\"hits\":[{\"hit\":{\"_id\":\"d\",\"_score\":2.5},"
                         "\"rating\":1},{\"hit\":{\"_id\":\"e\",\"_score\":1},\"rating\":null}]}}}";
    assert_int_equal(parse_as(ENTRIES_RUN, NULL, answer), STATUS_OK);
    expect(0, "q", "d", 2.5);
    expect(1, "q", "e", 1);
    assert_int_equal(parse_as(ENTRIES_JUDGMENTS, NULL, answer), STATUS_OK);
    assert_int_equal(entries.list.count, 1);
    assert_int_equal(parse_as(ENTRIES_JUDGMENTS, NULL, "{\"1\":{\"a\":1,\"b\":2}}"), STATUS_OK);
    expect(1, "1", "b", 2);
    assert_int_equal(parse_as(ENTRIES_RUN, NULL, "{\"1\":[\"b\",\"a\"],\"2\":{\"c\":0.5}}"), STATUS_OK);
    assert_true(entries.list.items[1].value > entries.list.items[0].value);
    expect(2, "2", "c", .5);
}

static const struct {
    enum entries_kind kind;
    const char *text;
    const char *message;
} wrong[] = {
    {ENTRIES_JUDGMENTS, "", "file: the file is empty"},
    {ENTRIES_JUDGMENTS, "1 0 a 1\n\n2 0 a 1\n",
     "file:2: 0 fields, but a line of judgments has four: query iteration document grade"},
    {ENTRIES_JUDGMENTS, "1 0 a\n",
     "file:1: 3 fields, but a line of judgments has four: query iteration document grade"},
    {ENTRIES_JUDGMENTS, "1 0 a 1 x\n",
     "file:1: 5 fields, but a line of judgments has four: query iteration document grade"},
    {ENTRIES_JUDGMENTS, "1 0 a 99999999\n", "file:1: '99999999' is beyond what a grade may be"},
    {ENTRIES_RUN, "1 Q0 a 1 1 t\n1 Q0 b 1 1\n",
     "file:2: 5 fields, but a line of a run has six: query Q0 document rank score tag"},
    {ENTRIES_RUN, "1 Q0 a 1 nan t\n", "file:1: 'nan' is beyond what a score may be"},
    {ENTRIES_JUDGMENTS, "query,docid\na,1\n", "file:1: the header has no column 'rating'"},
    {ENTRIES_JUDGMENTS, "query,docid,rating\na,1,2\n\nb,,1\n", "file:4: the document is empty"},
    {ENTRIES_JUDGMENTS, "query,docid,rating\n\"a\nb\",1,2\n,5,1\n", "file:4: the query is empty"},
    {ENTRIES_JUDGMENTS, "query,docid,rating\na,1,good\n",
     "file:2: 'good' is no grade: a whole number; --grades says what words stand for"},
    {ENTRIES_JUDGMENTS, "query,docid,rating\na,1,1.5\n", "file:2: the grade '1.5' is not whole or beyond 1000000"},
    {ENTRIES_RUN, "query,docid,score\na,1,x\n", "file:2: 'x' is no score"},
    {ENTRIES_JUDGMENTS, "{\"a\":", "file: offset 5: expected a value"},
    {ENTRIES_JUDGMENTS, "[1]", "file: must be an object"},
    {ENTRIES_JUDGMENTS, "{\"q\":[\"a\"]}", "file: 'q': must be an object of documents"},
    {ENTRIES_JUDGMENTS, "{\"q\":{\"a\":\"x\"}}",
     "file: 'q': 'x' is no grade: a whole number; --grades says what words stand for"},
    {ENTRIES_JUDGMENTS, "{\"requests\":[{\"id\":\"q\",\"ratings\":[{\"rating\":1}]}]}",
     "file: requests[0]: ratings[0]: '_id' is missing or no string"},
    {ENTRIES_RUN, "{\"details\":{\"q\":{}}}", "file: 'q': 'hits' is missing or no array"},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(parse_as(wrong[i].kind, NULL, wrong[i].text), STATUS_INPUT);
        assert_string_equal(err.message, wrong[i].message);
    }
}

static void test_answerable(void **state)
{
    (void)state;
    assert_int_equal(parse_as(ENTRIES_JUDGMENTS, NULL, "1 0 a 0\n1 0 b 1\n2 0 a 0\n3 0 a 2\n"), STATUS_OK);
    entries_keep_answerable(&entries, 2);
    assert_int_equal(entries.queries.count, 1);
    assert_string_equal(entries.queries.items[0].id, "3");
}

static int release(void **state)
{
    (void)state;
    entries_release(&entries);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trec),  cmocka_unit_test(test_csv),        cmocka_unit_test(test_json),
        cmocka_unit_test(test_wrong), cmocka_unit_test(test_answerable),
    };
    entries_init(&entries);
    return cmocka_run_group_tests(tests, NULL, release);
}
