#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "bench/relevance/replay.h"

enum { DOCS = 8 };

/* A list of documents, one letter each; upper case letters are in stock, lower case ones are not. */
static struct found list(const char *letters, struct found_doc room[DOCS])
{
    struct found f = {.docs = room};
    for (; *letters; letters++)
        room[f.count++] = (struct found_doc){{letters, 1}, 0, *letters < 'a'};
    return f;
}

static double rbo(const char *a, const char *b)
{
    struct found_doc rooms[2][DOCS];
    struct found one = list(a, rooms[0]);
    struct found two = list(b, rooms[1]);
    return rank_biased_overlap(&one, &two, DOCS, .9);
}

static void near(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-12))
        fail_msg("%.15g is not %.15g", got, expected);
}

static void test_rbo(void **state)
{
    (void)state;
    near(rbo("abc", "abc"), 1);
    near(rbo("", ""), 1);
    near(rbo("abc", "xyz"), 0);
    near(rbo("abc", ""), 0);
    /* agreement 0 at the first place, 1 at the second */
    near(rbo("ab", "ba"), .9 * .9 + (.1 / .9) * (.9 * .9));
    assert_true(rbo("abcd", "abdc") > rbo("abcd", "bacd")); /* the top weighs more */
}

static void test_means(void **state)
{
    (void)state;
    struct queries queries = {.list = {0}};
    struct found_doc rooms[4][DOCS];
    struct found now[2] = {list("Ab", rooms[0]), list("", rooms[1])};
    struct found candidate[2] = {list("Ac", rooms[2]), list("X", rooms[3])};
    struct retrieval found[2] = {{.found = now, .count = 2, .elapsed_ns = 1},
                                 {.found = candidate, .count = 2, .elapsed_ns = 1}};
    struct query_line lines[2] = {{"one", STR("one"), NULL, 3}, {"two", STR("two"), NULL, 1}};
    struct replay replay;
    vec_push(&queries.list, lines[0]);
    vec_push(&queries.list, lines[1]);
    replay_make(&replay, &queries, found, 10);
    near(replay.searches, 4);
    near(replay.churn, (3 * .5 + 1 * 1) / 4);
    near(replay.first_same, 3. / 4);
    near(replay.unchanged, 0);
    near(replay.sides[0].empty, 1. / 4);
    near(replay.sides[1].empty, 0);
    near(replay.sides[0].in_stock, .5);
    near(replay.sides[1].in_stock, 4. / 7);
    /* a churn of all of one search is less than of part of three */
    assert_string_equal(replay.queries[1].line->id, "two");
    replay_release(&replay);
    vec_release(&queries.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rbo), cmocka_unit_test(test_means)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
