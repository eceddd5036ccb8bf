/* Reports of events, made of events by hand; and random ones against a naive count. */
#include "server/events/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "indexer/base/json.h"
#include "server/events/report_write.h"
#include "tests/support/random.h"

enum { DAY = 86400000 };
static const int64_t start = INT64_C(20000) * DAY;

static struct query_id id_of(int number)
{
    struct query_id id = {{0}};
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static void add(struct report *r, const struct event *e)
{
    struct error err = {0};
    assert_int_equal(report_add(r, e, &err), STATUS_OK);
}

/* A search that shows so many products, o1 first. */
static void search(struct report *r, int number, const char *text, uint32_t shown, int64_t at)
{
    static struct event_item items[20];
    static char names[20][16];
    for (uint32_t i = 0; i < shown; i++) {
        snprintf(names[i], sizeof(names[i]), "o%u", i + 1);
        items[i] = (struct event_item){.object_id = str_from(names[i]), .position = i + 1, .value = (double)NAN};
    }
    struct event e = {.type = EVENT_SEARCH,
                      .wall_ms = at,
                      .index = STR("shop"),
                      .query = str_from(text),
                      .normal = str_from(text),
                      .total = shown,
                      .has_query = true,
                      .query_id = id_of(number),
                      .items = items,
                      .item_count = shown,
                      .value = (double)NAN};
    add(r, &e);
}

static void act(struct report *r, enum event_type type, int number, uint32_t position, int64_t at)
{
    char name[16];
    snprintf(name, sizeof(name), "o%u", position);
    struct event_item item = {.object_id = str_from(name), .position = position, .value = 10, .quantity = 2};
    struct event e = {.type = type,
                      .wall_ms = at,
                      .index = STR("shop"),
                      .has_query = true,
                      .query_id = id_of(number),
                      .items = &item,
                      .item_count = 1,
                      .value = (double)NAN};
    add(r, &e);
}

static void begin(struct report *r, int days)
{
    struct report_options options = {.index = STR("shop"), .from_ms = start, .to_ms = start + (int64_t)days * DAY};
    report_begin(r, &options);
}

static void wants(struct report *r, enum report_kind kind, const char *expected)
{
    struct buf out = BUF_EMPTY;
    struct report_page page = {0, 10};
    report_write(r, kind, &page, &out);
    if (!str_equal(buf_str(&out), str_from(expected)))
        fail_msg("\n" STR_FMT "\nis not\n%s", STR_ARG(buf_str(&out)), expected);
    buf_release(&out);
}

static void fill(struct report *r)
{
    search(r, 1, "shoe", 3, start + 5);
    search(r, 2, "shoe", 3, start + 6);
    search(r, 3, "lamp", 0, start + DAY);
    search(r, 4, "hat", 2, start + DAY + 1);
    search(r, 5, "late", 2, start + 2 * (int64_t)DAY); /* after the range */
    act(r, EVENT_CLICK, 1, 2, start + 9);
    act(r, EVENT_CLICK, 1, 3, start + 9);
    act(r, EVENT_CART, 1, 2, start + 10);
    act(r, EVENT_PURCHASE, 1, 2, start + 9 * (int64_t)DAY); /* its search was in the range */
    act(r, EVENT_CLICK, 5, 1, start + 9 * (int64_t)DAY);
    act(r, EVENT_CLICK, 77, 1, start + 11); /* of no search that is known */
}

static void test_rates(void **state)
{
    struct report r;
    (void)state;
    begin(&r, 2);
    fill(&r);
    wants(&r, REPORT_SEARCHES_COUNT,
          "{\"count\":4,\"dates\":[{\"date\":\"2024-10-04\",\"count\":2},{\"date\":\"2024-10-05\",\"count\":2}]}");
    wants(&r, REPORT_NO_RESULT_RATE,
          "{\"rate\":0.25,\"noResultCount\":1,\"count\":4,\"dates\":[{\"date\":\"2024-10-04\",\"rate\":0,"
          "\"noResultCount\":0,\"count\":2},{\"date\":\"2024-10-05\",\"rate\":0.5,\"noResultCount\":1,\"count\":2}]}");
    wants(&r, REPORT_CLICK_THROUGH_RATE,
          "{\"rate\":0.25,\"clickCount\":1,\"trackedSearchCount\":4,\"dates\":[{\"date\":\"2024-10-04\",\"rate\":0.5,"
          "\"clickCount\":1,\"trackedSearchCount\":2},{\"date\":\"2024-10-05\",\"rate\":0,\"clickCount\":0,"
          "\"trackedSearchCount\":2}]}");
    wants(&r, REPORT_CLICK_POSITION,
          "{\"average\":2.5,\"clickCount\":2,\"dates\":[{\"date\":\"2024-10-04\",\"average\":2.5,\"clickCount\":2},"
          "{\"date\":\"2024-10-05\",\"average\":null,\"clickCount\":0}]}");
    assert_int_equal(r.all.converted, 1);
    assert_int_equal(r.all.conversions, 2);
    assert_true(r.all.revenue == 20);
    assert_int_equal(r.positions[2].clicks, 1);
    assert_int_equal(r.positions[1].shown, 3);
    assert_int_equal(r.positions[1].clicks, 0);
    assert_int_equal(r.by_type[EVENT_CLICK], 3); /* the one of no search, too, but not that of a later one */
    report_release(&r);
}

static void test_lists(void **state)
{
    struct report r;
    (void)state;
    begin(&r, 2);
    fill(&r);
    wants(&r, REPORT_SEARCHES_NO_RESULTS, "{\"searches\":[{\"search\":\"lamp\",\"count\":1,\"nbHits\":0}]}");
    wants(&r, REPORT_SEARCHES_NO_CLICKS,
          "{\"searches\":[{\"search\":\"hat\",\"count\":1,\"nbHits\":2},{\"search\":\"shoe\",\"count\":1,"
          "\"nbHits\":3}]}");
    wants(&r, REPORT_HITS,
          "{\"hits\":[{\"hit\":\"o1\",\"count\":3,\"clickCount\":1,\"clickThroughRate\":0.333333,\"addToCartCount\":0,"
          "\"purchaseCount\":0},{\"hit\":\"o2\",\"count\":3,\"clickCount\":1,\"clickThroughRate\":0.333333,"
          "\"addToCartCount\":1,\"purchaseCount\":1},{\"hit\":\"o3\",\"count\":2,\"clickCount\":1,"
          "\"clickThroughRate\":0.5,\"addToCartCount\":0,\"purchaseCount\":0}]}");
    struct buf out = BUF_EMPTY;
    struct report_page page = {1, 1};
    report_write(&r, REPORT_SEARCHES_TOP, &page, &out);
    assert_int_not_equal(str_find(buf_str(&out), STR("\"search\":\"hat\"")), SIZE_MAX);
    assert_int_equal(str_find(buf_str(&out), STR("\"search\":\"shoe\"")), SIZE_MAX);
    buf_release(&out);
    report_release(&r);
}

/* "ket", "kett", "kettle" of one shopper is one search; of nobody in particular, or later, it is three. */
static void type_kettle(struct report *r, const char *token, int64_t pause_ms, int from)
{
    static const char *const texts[] = {"ket", "Kett", "kettle"};
    for (int i = 0; i < 3; i++) {
        struct event e = {.type = EVENT_SEARCH,
                          .wall_ms = start + (i + 1) * pause_ms,
                          .index = STR("shop"),
                          .query = str_from(texts[i]),
                          .normal = str_from(texts[i]),
                          .token = str_from(token),
                          .total = i == 2,
                          .has_query = true,
                          .query_id = id_of(from + i),
                          .value = (double)NAN};
        add(r, &e);
    }
}

static void test_typing(void **state)
{
    struct report r;
    (void)state;
    begin(&r, 1);
    type_kettle(&r, "u1", 300, 10);
    type_kettle(&r, "u2", 300, 20);
    assert_int_equal(r.all.searches, 2);
    assert_int_equal(r.all.empty, 0);
    act(&r, EVENT_CLICK, 10, 1, start + 5000); /* late, on what was on the way */
    act(&r, EVENT_CLICK, 12, 1, start + 5000);
    assert_int_equal(r.all.clicked, 1);
    wants(&r, REPORT_SEARCHES_NO_RESULTS, "{\"searches\":[]}");
    report_release(&r);
    begin(&r, 1);
    type_kettle(&r, "", 300, 10);
    type_kettle(&r, "u3", REPORT_TYPING_MS + 1, 20);
    assert_int_equal(r.all.searches, 6);
    assert_int_equal(r.all.empty, 4);
    report_release(&r);
    begin(&r, 1); /* what was clicked stays a search */
    type_kettle(&r, "u1", 300, 10);
    act(&r, EVENT_CLICK, 12, 1, start + 5000);
    search(&r, 30, "kettle", 1, start + 6000);
    type_kettle(&r, "u1", 400, 40);
    assert_int_equal(r.all.searches, 3);
    report_release(&r);
}

static void test_nothing_happened(void **state)
{
    struct report r;
    struct report_options options = {.index = STR("shop"), .from_ms = start, .to_ms = start + DAY};
    struct error err = {0};
    (void)state;
    assert_int_equal(report_make(&r, NULL, &options, &err), STATUS_OK);
    for (int kind = 0; kind < REPORT_KINDS; kind++) {
        struct buf out = BUF_EMPTY;
        struct report_page page = {0, 10};
        struct arena arena;
        struct json json;
        arena_init(&arena, 0);
        report_write(&r, (enum report_kind)kind, &page, &out);
        assert_int_equal(json_parse(buf_str(&out), &arena, &json, &err), STATUS_OK);
        arena_release(&arena);
        buf_release(&out);
    }
    report_release(&r);
}

/* Random searches and actions in any order of ids, counted the slow way. */
static void test_random(void **state)
{
    enum { SEARCHES = 60, ACTIONS = 300 };
    struct random random = random_start("reports");
    (void)state;
    for (size_t round = 0; round < random_rounds(50, 5000); round++) {
        struct report r;
        bool shown[SEARCHES], clicked[SEARCHES] = {false}, converted[SEARCHES] = {false};
        uint64_t searches = 0, clicks = 0, sum = 0, empty = 0;
        begin(&r, 3);
        for (int i = 0; i < SEARCHES; i++) {
            int64_t at = start + (int64_t)random_below(&random, 5 * (uint64_t)DAY) - DAY;
            uint32_t count = (uint32_t)random_below(&random, 6);
            shown[i] = at >= start && at < start + 3 * (int64_t)DAY;
            searches += shown[i];
            empty += shown[i] && count == 0;
            search(&r, i, random_chance(&random, 50) ? "a" : "b", count, at);
        }
        for (int i = 0; i < ACTIONS; i++) {
            int which = (int)random_below(&random, SEARCHES);
            uint32_t position = 1 + (uint32_t)random_below(&random, 5);
            bool click = random_chance(&random, 60);
            act(&r, click ? EVENT_CLICK : EVENT_CART, which, position, start + 4 * (int64_t)DAY);
            clicked[which] |= click && shown[which];
            converted[which] |= !click && shown[which];
            clicks += click && shown[which];
            sum += click && shown[which] ? position : 0;
        }
        uint64_t with_click = 0, with_cart = 0, by_query = 0, by_day = 0;
        for (int i = 0; i < SEARCHES; i++) {
            with_click += clicked[i];
            with_cart += converted[i];
        }
        for (size_t i = 0; i < r.queries.count; i++)
            by_query += r.queries.items[i].counts.clicked;
        for (size_t i = 0; i < r.days.count; i++)
            by_day += r.days.items[i].clicked;
        assert_int_equal(r.all.searches, searches);
        assert_int_equal(r.all.empty, empty);
        assert_int_equal(r.all.clicks, clicks);
        assert_int_equal(r.all.position_sum, sum);
        assert_int_equal(r.all.clicked, with_click);
        assert_int_equal(r.all.carted, with_cart);
        assert_int_equal(by_query, with_click);
        assert_int_equal(by_day, with_click);
        report_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),  cmocka_unit_test(test_lists),
        cmocka_unit_test(test_typing), cmocka_unit_test(test_nothing_happened),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
