/* What the same shoppers look at and buy: relations, bounds, forgetting, the state as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/events/shoppers.h"

#define NOW INT64_C(1764000000000)
#define DAY INT64_C(86400000)

static void act(struct shoppers *s, enum event_type type, const char *token, const char *product, int64_t at)
{
    struct event_item item = {.object_id = str_from(product)};
    struct event e = {
        .type = type, .time_ms = at, .index = STR("shop"), .token = str_from(token), .items = &item, .item_count = 1};
    shoppers_apply(s, &e);
}

static float related(struct shoppers *s, enum related_kind kind, const char *index, const char *a, const char *b)
{
    struct boost found[RELATED_PRODUCTS];
    struct arena arena;
    float value = 0;
    struct related_query query = {kind, str_from(index), str_from(a)};
    arena_init(&arena, 0);
    size_t count = shoppers_related(s, &query, &arena, found);
    for (size_t i = 0; i < count; i++) {
        value = str_equal(found[i].object_id, str_from(b)) ? found[i].value : value;
    }
    arena_release(&arena);
    return value;
}

static size_t recent(struct shoppers *s, const char *token, struct boost out[SHOPPERS_RECENT], struct arena *arena)
{
    return shoppers_recent(s, str_from(token), STR("shop"), arena, out);
}

static void test_relations(void **state)
{
    (void)state;
    struct shoppers *s = shoppers_new();
    act(s, EVENT_VIEW, "a", "p1", NOW);
    act(s, EVENT_CLICK, "a", "p2", NOW + 1000);
    act(s, EVENT_VIEW, "a", "p2", NOW + 2000);        /* says nothing new */
    act(s, EVENT_VIEW, "a", "p3", NOW + 2 * DAY);     /* another visit */
    act(s, EVENT_PURCHASE, "a", "p4", NOW + 2 * DAY); /* bought is not viewed */
    act(s, EVENT_CART, "a", "p5", NOW + 2 * DAY);
    assert_true(related(s, RELATED_VIEWED, "shop", "p1", "p2") > .9f);
    assert_true(related(s, RELATED_VIEWED, "shop", "p1", "p2") <= 1);
    assert_true(related(s, RELATED_VIEWED, "shop", "p2", "p1") > .9f);
    assert_true(related(s, RELATED_VIEWED, "shop", "p1", "p3") == 0);
    assert_true(related(s, RELATED_VIEWED, "shop", "p4", "p3") == 0);
    assert_true(related(s, RELATED_BOUGHT, "shop", "p4", "p5") == 1);
    assert_true(related(s, RELATED_BOUGHT, "sho", "p4", "p5") == 0);
    act(s, EVENT_VIEW, "b", "p1", NOW + 60 * DAY); /* fades: by half in 30 days */
    act(s, EVENT_VIEW, "b", "p9", NOW + 60 * DAY);
    float faded = related(s, RELATED_VIEWED, "shop", "p1", "p2");
    assert_true(faded > .2f && faded < .3f);
    /* Nobody in particular relates nothing but what is in one order. */
    act(s, EVENT_VIEW, "", "p7", NOW);
    act(s, EVENT_VIEW, "", "p8", NOW);
    assert_true(related(s, RELATED_VIEWED, "shop", "p7", "p8") == 0);
    struct event_item items[3] = {{.object_id = STR("q1")}, {.object_id = STR("q2")}, {.object_id = STR("q3")}};
    struct event order = {
        .type = EVENT_PURCHASE, .time_ms = NOW, .index = STR("shop"), .items = items, .item_count = 3};
    shoppers_apply(s, &order);
    assert_true(related(s, RELATED_BOUGHT, "shop", "q1", "q3") == 1);
    shoppers_free(s);
}

static void test_recent_and_forgotten(void **state)
{
    (void)state;
    struct shoppers *s = shoppers_new();
    struct boost found[SHOPPERS_RECENT];
    struct arena arena;
    char name[16];
    arena_init(&arena, 0);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        act(s, i == 39 ? EVENT_PURCHASE : EVENT_VIEW, "a", name, NOW + i);
        act(s, EVENT_VIEW, "b", name, NOW + i);
    }
    assert_int_equal(recent(s, "a", found, &arena), SHOPPERS_RECENT);
    assert_true(str_equal(found[0].object_id, STR("p39")) && found[0].value == 3 && found[1].value == 1);
    shoppers_forget(s, STR("a"));
    assert_int_equal(recent(s, "a", found, &arena), 0);
    assert_int_equal(recent(s, "b", found, &arena), SHOPPERS_RECENT);
    act(s, EVENT_VIEW, "a", "p1", NOW); /* begins anew */
    assert_int_equal(recent(s, "a", found, &arena), 1);
    arena_release(&arena);
    shoppers_free(s);
}

static void test_bounds_and_bytes(void **state)
{
    (void)state;
    struct shoppers *s = shoppers_new();
    struct shoppers *again = shoppers_new();
    struct buf bytes = BUF_EMPTY;
    struct buf more = BUF_EMPTY;
    struct error err;
    uint64_t shoppers, products;
    char token[16];
    char name[16];
    for (unsigned i = 0; i < SHOPPERS_MAX + 5000; i++) {
        snprintf(token, sizeof(token), "t%u", i);
        for (unsigned k = 0; k < 3; k++) {
            snprintf(name, sizeof(name), "p%u", 2 * i + k);
            act(s, EVENT_VIEW, token, name, NOW + i);
        }
    }
    act(s, EVENT_VIEW, "gone", "p1", NOW);
    shoppers_forget(s, STR("gone"));
    shoppers_count(s, &shoppers, &products);
    assert_true(shoppers <= SHOPPERS_MAX && shoppers > SHOPPERS_MAX / 2);
    assert_true(products <= RELATED_MAX && products > RELATED_MAX / 2);
    shoppers_write(s, &bytes);
    struct reader whole = reader_of(bytes.data, bytes.size);
    assert_int_equal(shoppers_read(again, &whole, &err), STATUS_OK);
    assert_int_equal(whole.at, bytes.size);
    shoppers_write(again, &more);
    assert_true(str_equal(buf_str(&bytes), buf_str(&more)));
    for (size_t size = 0; size < 2000; size++) {
        struct shoppers *part = shoppers_new();
        struct reader cut = reader_of(bytes.data, size);
        assert_int_equal(shoppers_read(part, &cut, &err), STATUS_FORMAT);
        shoppers_free(part);
    }
    buf_release(&bytes);
    buf_release(&more);
    shoppers_free(s);
    shoppers_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_recent_and_forgotten),
        cmocka_unit_test(test_bounds_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
