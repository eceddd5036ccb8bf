/*
 * Searches that several threads share: whoever helps, the answers are those of one thread alone. Labels: concurrent.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "server/query/crew.h"
#include "tests/unit/query/catalog.h"

#define PRODUCTS 2000
#define THREADS  3
#define ROUNDS   8

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title\"],\"attributesForFaceting\":[\"brand\",\"hierarchical(category)\","
    "\"numeric(price)\"],\"roles\":{\"title\":\"title\",\"brand\":\"brand\",\"category\":\"category\",\"price\":"
    "\"price\","
    "\"popularity\":\"popularity\"},\"customRanking\":[\"desc(popularity)\"]}";

static const char *const QUESTIONS[] = {
    "{\"query\":\"red shoe\",\"facets\":[\"brand\",\"category\",\"price\"],\"hitsPerPage\":50}",
    "{\"query\":\"trail shoe number\",\"facets\":[\"brand\",\"price\"],\"numericFilters\":[\"price>=4.5\"]}",
    "{\"query\":\"\",\"facets\":[\"brand\",\"price\"],\"numericFilters\":[\"price>3\",\"price<9\"],\"hitsPerPage\":30}",
    "{\"query\":\"running seven\",\"facets\":[\"category\"],\"optionalWords\":\"running seven\",\"hitsPerPage\":40}",
    "{\"query\":\"red nosuch shoe\",\"facets\":[\"brand\"],\"filters\":\"brand:b1 OR brand:b2\"}",
    "{\"query\":\"shoe\",\"sort\":\"asc(price)\",\"facets\":[\"*\"],\"distinct\":true,\"hitsPerPage\":60}",
};
#define QUESTION_COUNT (sizeof(QUESTIONS) / sizeof(QUESTIONS[0]))

static struct catalog catalog;
static struct crew *crew;
static char *truths[QUESTION_COUNT];
static _Atomic uint32_t wrong;

static void open_catalog(void)
{
    static const char *const NUMBERS[] = {"seven", "eight", "nine"};
    char *objects[PRODUCTS];

    for (uint32_t i = 0; i < PRODUCTS; i++) {
        struct buf b = BUF_EMPTY;
        buf_printf(
            &b,
            "{\"objectID\":\"p%04u\",\"item_group_id\":\"g%u\",\"title\":\"red %s shoe number %s\",\"brand\":\"b%u\","
            "\"category\":\"A > B%u\",\"price\":%u.5,\"popularity\":%u}",
            i, i / 3, i % 5 ? "running" : "trail", NUMBERS[i % 3], i % 7, i % 11, i % 13, i * 7 % 101);
        objects[i] = strndup(b.data, b.size);
        buf_release(&b);
    }
    catalog_open(&catalog, SETTINGS, (const char *const *)objects, PRODUCTS, CATALOG_SHARDS);
    for (uint32_t i = 0; i < PRODUCTS; i++)
        free(objects[i]);
}

/* Returns owned: hits, then facets. */
static char *answer(struct catalog *c, const char *params)
{
    struct buf b = BUF_EMPTY;

    catalog_search(c, params);
    buf_printf(&b, "%s | ", catalog_hits(c, &c->result));
    buf_printf(&b, "%s", catalog_facets(c, &c->result));
    buf_append_char(&b, '\0');
    return b.data;
}

static void *search_again(void *context)
{
    struct catalog mine = catalog; /* the snapshot is everybody's, the rest one's own */

    (void)context;
    mine.searcher = searcher_new();
    searcher_help(mine.searcher, crew);
    arena_init(&mine.arena, LIMIT_REQUEST_ARENA);
    mine.context = (struct search_context){mine.searcher, mine.snapshot, &mine.arena};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < QUESTION_COUNT; i++) {
            char *found = answer(&mine, QUESTIONS[i]);
            if (strcmp(found, truths[i]) != 0 && atomic_fetch_add(&wrong, 1) == 0)
                print_message("%s\n  alone    %s\n  together %s\n", QUESTIONS[i], truths[i], found);
            free(found);
        }
    }
    arena_release(&mine.arena);
    searcher_free(mine.searcher);
    return NULL;
}

static void test_same_answers(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    open_catalog();
    crew = crew_new(2, THREADS + 2, 0);
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        truths[i] = answer(&catalog, QUESTIONS[i]);
    catalog_close(&catalog);
    open_catalog(); /* nothing was derived of its shards yet */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, search_again, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    assert_true(crew_taken(crew) > 0);
    crew_free(crew);
    catalog_close(&catalog);
    for (size_t i = 0; i < QUESTION_COUNT; i++)
        free(truths[i]);
}

static void count(void *context, struct searcher *s)
{
    assert_non_null(s);
    ++*(int *)context;
}

/* A helper that has just begun, or was just given back, may be about to see that: nobody waits for it then. */
static struct crew_helper *take_soon(struct crew *c)
{
    struct crew_helper *h = crew_take(c);

    for (int i = 0; !h && i < 20000; i++) {
        usleep(500);
        h = crew_take(c);
    }
    return h;
}

static void test_helpers(void **state)
{
    struct crew *c = crew_new(2, 3, 1000);
    struct crew_helper *first, *second;
    int runs = 0;

    (void)state;
    assert_int_equal(crew_least(c), 1000);
    crew_enter(c);
    first = take_soon(c);
    second = take_soon(c);
    assert_true(first && second && first != second);
    assert_null(crew_take(c)); /* there are no more */
    crew_start(first, count, &runs);
    if (!crew_wait(first))
        assert_int_equal(runs, 0);
    crew_give(c, first);
    crew_enter(c);
    assert_null(crew_take(c)); /* three search */
    crew_leave(c);
    first = take_soon(c);
    assert_non_null(first);
    crew_give(c, first);
    crew_give(c, second);
    crew_leave(c);
    assert_int_equal(crew_taken(c), 3);
    crew_free(c);
    assert_null(crew_take(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_answers),
        cmocka_unit_test(test_helpers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
