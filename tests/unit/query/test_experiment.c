/* Searches in an experiment: pages are pieces of one list, of both rankings and nothing else, whatever the shards. */
#include "server/query/experiment.h"

#include "server/query/interleave.h"
#include "tests/support/random.h"
#include "tests/unit/query/catalog.h"

enum { OBJECTS = 60, TEXT = 256, MOST = 100 };

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title^3\",\"brand^2\",\"description\"],\"roles\":{\"title\":\"title\"},\"minHits\":5,"
    "\"customRanking\":[\"desc(popularity)\"],"
    "\"experiment\":{\"name\":\"other\",\"settings\":{\"searchableAttributes\":[\"title^1\",\"brand^2\","
    "\"description^9\"]},\"parameters\":{\"minHits\":60}}}";

struct shop {
    struct catalog c;
    struct settings *settings; /* B's */
    struct snapshot a, b;
};

static void shop_open(struct shop *s, struct random *random, const char *tried, uint32_t shards)
{
    static const char *const WORDS[] = {"red", "trail", "shoe", "lamp", "wool", "hat"};
    static char texts[OBJECTS][TEXT];
    const char *objects[OBJECTS];
    for (int i = 0; i < OBJECTS; i++) {
        const char *w[5];
        for (int k = 0; k < 5; k++)
            w[k] = WORDS[random_below(random, 6)];
        snprintf(texts[i], TEXT,
                 "{\"objectID\":\"o%d\",\"title\":\"%s %s\",\"brand\":\"%s\",\"description\":\"%s and %s\","
                 "\"popularity\":%d,\"item_group_id\":\"g%d\"}",
                 i, w[0], w[1], w[2], w[3], w[4], (int)random_below(random, 100), i / 2);
        objects[i] = texts[i];
    }
    catalog_open(&s->c, SETTINGS, objects, OBJECTS, shards);
    if (settings_parse(&s->settings, str_from(tried), s->c.settings, &s->c.err) != STATUS_OK)
        fail_msg("%s", s->c.err.message);
    s->a = s->b = *s->c.snapshot;
    s->b.settings = s->settings;
    s->a.other = &s->b;
    s->c.context.snapshot = &s->a;
}

static void shop_close(struct shop *s)
{
    settings_free(s->settings);
    catalog_close(&s->c);
}

static const char *id_of(struct catalog *c, const struct hit *hit)
{
    struct str id;
    assert_true(json_string(json_get(&hit->object, "objectID"), &id));
    return arena_copy(&c->arena, id).data;
}

/* The hits of a page in an experiment: "id team" by place. */
static size_t page_of(struct shop *s, const char *params, struct str token, const char *ids[], uint8_t *teams)
{
    struct catalog *c = &s->c;
    struct json json;
    struct search_result result;
    assert_int_equal(json_parse(str_from(params), &c->arena, &json, &c->err), STATUS_OK);
    catalog_request(c, params, &c->request);
    struct experiment_search trial = {&json, &c->request, token, NULL};
    assert_true(experiment_takes(&s->a, &trial));
    struct search_request wide = experiment_wide(&c->request);
    assert_int_equal(search_run(&c->context, &wide, 1, &result, &c->err), STATUS_OK);
    if (experiment_draft(&c->context, &trial, &result, &c->err) != STATUS_OK)
        fail_msg("%s", c->err.message);
    for (size_t i = 0; i < result.hit_count; i++) {
        ids[i] = id_of(c, &result.hits[i]);
        teams[i] = result.hits[i].team;
    }
    assert_true(result.total >= result.hit_count);
    assert_true(str_equal(result.experiment, STR("other")));
    return result.hit_count;
}

/* page: size and number */
static void write_params(char out[TEXT], const char *query, bool distinct, const int page[2])
{
    snprintf(out, TEXT, "{\"query\":\"%s\",\"distinct\":%s,\"hitsPerPage\":%d,\"page\":%d}", query,
             distinct ? "true" : "false", page[0], page[1]);
}

static void try_query(struct shop *s, const char *query, bool distinct, struct str token)
{
    char params[TEXT];
    const char *all[MOST], *ids[MOST];
    uint8_t teams[MOST], page_teams[MOST];
    write_params(params, query, distinct, (int[]){MOST, 0});
    size_t count = page_of(s, params, token, all, teams);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(all[i], all[k]);
            if (distinct) /* o2k and o2k+1 are one product */
                assert_int_not_equal(atoi(all[i] + 1) / 2, atoi(all[k] + 1) / 2);
        }
    }
    for (int size = 1; size <= 13; size += 4) {
        for (int page = 0; (size_t)(page * size) < count; page++) {
            write_params(params, query, distinct, (int[]){size, page});
            size_t n = page_of(s, params, token, ids, page_teams);
            size_t from = (size_t)(page * size);
            assert_int_equal(n, count - from < (size_t)size ? count - from : (size_t)size);
            for (size_t i = 0; i < n; i++) {
                assert_string_equal(ids[i], all[from + i]);
                assert_int_equal(page_teams[i], teams[from + i]);
            }
        }
    }
}

static void test_pages(void **state)
{
    static const char *const QUERIES[] = {"red", "trail shoe", "wool hat red", "lam", "shoe lamp "};
    struct random random = random_start("pages");
    (void)state;
    for (uint32_t shards = 1; shards <= 4; shards *= 2) {
        struct shop s = {0};
        shop_open(&s, &random, "{\"searchableAttributes\":[\"title^1\",\"brand^2\",\"description^9\"]}", shards);
        for (size_t q = 0; q < sizeof(QUERIES) / sizeof(*QUERIES); q++) {
            arena_reset(&s.c.arena);
            try_query(&s, QUERIES[q], false, STR("u1"));
            arena_reset(&s.c.arena);
            try_query(&s, QUERIES[q], true, STR("u2"));
        }
        shop_close(&s);
    }
}

/* When B ranks as A does, the list is A's, and nobody's. */
static void test_no_difference(void **state)
{
    struct random random = random_start("no difference");
    struct shop s = {0};
    const char *ids[MOST];
    uint8_t teams[MOST];
    (void)state;
    shop_open(&s, &random, "{\"minHits\":5}", 2);
    const char *params = "{\"query\":\"red shoe\",\"hitsPerPage\":3}";
    catalog_search(&s.c, params);
    size_t plain = s.c.result.hit_count;
    const char *wanted[3];
    for (size_t i = 0; i < plain; i++)
        wanted[i] = id_of(&s.c, &s.c.result.hits[i]);
    size_t n = page_of(&s, params, STR("u1"), ids, teams);
    assert_int_equal(n, plain);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(ids[i], wanted[i]);
        assert_int_equal(teams[i], TEAM_NONE);
    }
    shop_close(&s);
}

/* What a thread keeps from search to search is of one ranking: asked in turns, each ranks as if it were alone. */
static void test_rankings_in_turns(void **state)
{
    static const char *const TRIED[] = {
        "{\"searchableAttributes\":[\"title^1\",\"brand^2\",\"description^9\"]}",
        "{\"k1\":0.2}",
        "{\"priorWeight\":0.9}",
        "{\"customRanking\":[\"asc(popularity)\"],\"priorWeight\":0.5}",
    };
    static const char *const QUERIES[] = {"red", "trail shoe", "wool hat red", "lam"};
    struct random random = random_start("in turns");
    (void)state;
    for (size_t k = 0; k < sizeof(TRIED) / sizeof(*TRIED); k++) {
        struct shop s = {0};
        size_t differ = 0;
        shop_open(&s, &random, TRIED[k], 2);
        snapshot_statistics(&s.b);
        for (size_t i = 0; i < 4 * sizeof(QUERIES) / sizeof(*QUERIES); i++) {
            char params[TEXT];
            const char *found[2];
            arena_reset(&s.c.arena);
            write_params(params, QUERIES[i % 4], false, (int[]){10, 0});
            for (int side = 0; side < 2; side++) {
                const struct snapshot *snapshot = side ? &s.b : &s.a;
                struct search_context alone = {searcher_new(), snapshot, &s.c.arena};
                struct search_context both = {s.c.searcher, snapshot, &s.c.arena};
                struct search_result one, other;
                struct json json;
                assert_int_equal(json_parse(str_from(params), &s.c.arena, &json, &s.c.err), STATUS_OK);
                assert_int_equal(search_request_parse(&s.c.request, &json, snapshot->settings, &s.c.arena, &s.c.err),
                                 STATUS_OK);
                assert_int_equal(search_run(&alone, &s.c.request, 1, &one, &s.c.err), STATUS_OK);
                assert_int_equal(search_run(&both, &s.c.request, 1, &other, &s.c.err), STATUS_OK);
                found[side] = catalog_hits(&s.c, &one);
                assert_string_equal(found[side], catalog_hits(&s.c, &other));
                for (size_t h = 0; h < one.hit_count; h++)
                    assert_true(one.hits[h].score == other.hits[h].score);
                searcher_free(alone.searcher);
            }
            differ += strcmp(found[0], found[1]) != 0;
        }
        if (differ == 0)
            fail_msg("%s changes nothing", TRIED[k]);
        shop_close(&s);
    }
}

static void test_who_takes_part(void **state)
{
    struct random random = random_start("who");
    struct shop s = {0};
    struct json json = {.type = JSON_OBJECT};
    (void)state;
    shop_open(&s, &random, "{}", 1);
    const struct {
        const char *params;
        bool takes;
    } CASES[] = {{"{\"query\":\"red\"}", true},
                 {"{\"query\":\" \"}", false},
                 {"{}", false},
                 {"{\"query\":\"red\",\"hitsPerPage\":0}", false},
                 {"{\"query\":\"red\",\"page\":49}", true},
                 {"{\"query\":\"red\",\"page\":50}", false}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
        struct search_request r;
        catalog_request(&s.c, CASES[i].params, &r);
        struct experiment_search trial = {&json, &r, STR("u"), NULL};
        assert_int_equal(experiment_takes(&s.a, &trial), CASES[i].takes);
        assert_false(experiment_takes(&s.b, &trial)); /* it has no other */
    }
    shop_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_no_difference),
        cmocka_unit_test(test_rankings_in_turns),
        cmocka_unit_test(test_who_takes_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
