/* Query ids, payloads, and events as clients send them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/events/event_parse.h"

#define NOW 1764000000000

static void test_query_ids(void **state)
{
    (void)state;
    char text[QUERY_ID_TEXT];
    uint64_t key = query_key_of(STR("shop"), STR("red shoe"));
    assert_true(key != query_key_of(STR("shop2"), STR("red shoe")));
    assert_true(key != query_key_of(STR("shop"), STR("red shoes")));
    struct query_id a = query_id_new(key);
    struct query_id b = query_id_new(key);
    assert_false(query_id_equal(&a, &b));
    assert_true(query_id_key(&a) == key && query_id_key(&b) == key);
    query_id_text(&a, text);
    assert_int_equal(strlen(text), 32);
    struct query_id again = query_id_of(str_from(text));
    assert_true(query_id_equal(&a, &again));
    struct query_id uuid = query_id_of(STR("5F1C0e1e-8f1b-4c52-9b1a-111111111111"));
    query_id_text(&uuid, text);
    assert_string_equal(text, "5f1c0e1e8f1b4c529b1a111111111111");
    struct query_id other = query_id_of(STR("search 7"));
    struct query_id another = query_id_of(STR("search 8"));
    assert_false(query_id_equal(&other, &another));
}

static void test_payloads(void **state)
{
    (void)state;
    struct arena arena;
    struct buf bytes = BUF_EMPTY;
    struct event_item items[2] = {
        {.object_id = STR("n1"), .position = 3, .quantity = 2, .value = 9.5, .has_query = true},
        {.object_id = STR("n2"), .value = (double)NAN}};
    struct event e = {.type = EVENT_SEARCH,
                      .time_ms = NOW,
                      .identity = 77,
                      .index = STR("shop"),
                      .name = STR("s"),
                      .token = STR("tok"),
                      .currency = STR("EUR"),
                      .has_query = true,
                      .value = (double)NAN,
                      .query = STR("Red Shoes"),
                      .normal = STR("red shoe"),
                      .total = 1234567,
                      .note = STR("AB"),
                      .items = items,
                      .item_count = 2};
    memset(e.query_id.bytes, 5, sizeof(e.query_id.bytes));
    memset(items[0].query_id.bytes, 6, sizeof(items[0].query_id.bytes));
    arena_init(&arena, 0);
    event_encode(&e, &bytes);
    struct event out = {.type = EVENT_SEARCH};
    assert_true(event_decode(&out, buf_str(&bytes), &arena));
    assert_true(str_equal(out.token, e.token) && str_equal(out.index, e.index) && str_equal(out.name, e.name));
    assert_true(str_equal(out.currency, e.currency) && str_equal(out.query, e.query));
    assert_true(str_equal(out.normal, e.normal) && str_equal(out.note, e.note));
    assert_true(out.time_ms == NOW && out.identity == 77 && out.total == 1234567 && out.has_query && isnan(out.value));
    assert_int_equal(out.item_count, 2);
    assert_true(out.items[0].position == 3 && out.items[0].quantity == 2 && out.items[0].value == 9.5);
    assert_true(out.items[0].has_query && out.items[0].query_id.bytes[15] == 6 && !out.items[1].has_query);
    assert_true(isnan(out.items[1].value) && str_equal(out.items[1].object_id, STR("n2")));
    for (size_t size = 0; size < bytes.size; size++) { /* no part of it is one */
        assert_false(event_decode(&out, (struct str){bytes.data, size}, &arena));
    }
    assert_false(event_payload_forget(bytes.data, bytes.size, STR("to")));
    assert_false(event_payload_forget(bytes.data, bytes.size, STR("tox")));
    assert_true(event_payload_forget(bytes.data, bytes.size, STR("tok")));
    assert_true(event_decode(&out, buf_str(&bytes), &arena));
    assert_true(out.token.size == 0 && str_equal(out.index, e.index));
    buf_release(&bytes);
    arena_release(&arena);
}

static struct event_list parse(struct arena *arena, const char *text)
{
    struct event_list list;
    struct error err = {0};
    if (event_parse(&list, str_from(text), arena, NOW, &err) != STATUS_OK) {
        fail_msg("%s: %s", text, err.message);
    }
    return list;
}

static void test_parse(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct event_list l = parse(
        &arena, "{\"events\":[{\"eventType\":\"conversion\",\"eventSubtype\":\"purchase\",\"eventName\":\"Bought\","
                "\"index\":\"shop\",\"objectIDs\":[\"a\",\"b\"],\"userToken\":\"anon\",\"authenticatedUserToken\":"
                "\"u-7\",\"timestamp\":1764000000001,\"value\":\"12.50\",\"currency\":\"EUR\",\"objectData\":[{"
                "\"price\":\"2.5\",\"quantity\":5,\"queryID\":\"00112233445566778899aabbccddeeff\"},{}]}]}");
    assert_int_equal(l.count, 1);
    assert_int_equal(l.events[0].type, EVENT_PURCHASE);
    assert_true(str_equal(l.events[0].token, STR("u-7")) && l.events[0].value == 12.5);
    assert_true(l.events[0].time_ms == NOW); /* never after the clock */
    assert_true(l.events[0].items[0].quantity == 5 && l.events[0].items[0].value == 2.5);
    assert_true(l.events[0].items[0].has_query && !l.events[0].items[1].has_query && l.events[0].identity != 0);
    l = parse(&arena, "{\"action_name\":\"search\",\"user_query\":\"Red\",\"index\":\"shop\",\"timestamp\":"
                      "\"2025-01-01T00:00:00Z\",\"query_response_hit_ids\":[\"x\",5]}");
    assert_int_equal(l.events[0].type, EVENT_SEARCH);
    assert_true(l.events[0].item_count == 2 && l.events[0].items[1].position == 2);
    assert_true(str_equal(l.events[0].items[1].object_id, STR("5")) && l.events[0].time_ms == 1735689600000);
    /* What makes a repeat: an id, a time, a query id; else nothing does. */
    l = parse(&arena, "[{\"action_name\":\"click\",\"index\":\"s\",\"object_id\":\"a\"},"
                      "{\"action_name\":\"click\",\"index\":\"s\",\"object_id\":\"a\",\"message_id\":\"1\"},"
                      "{\"action_name\":\"view\",\"index\":\"s\",\"object_id\":\"b\",\"event_id\":\"1\"},"
                      "{\"action_name\":\"click\",\"index\":\"s\",\"object_id\":\"a\",\"query_id\":\"q\"},"
                      "{\"action_name\":\"click\",\"index\":\"s\",\"object_id\":\"a\",\"query_id\":\"q\"},"
                      "{\"action_name\":\"click\",\"index\":\"s\",\"object_id\":\"b\",\"query_id\":\"q\"}]");
    assert_int_equal(l.count, 6);
    assert_true(l.events[0].identity == 0 && l.events[1].identity == l.events[2].identity);
    assert_true(l.events[3].identity == l.events[4].identity && l.events[3].identity != l.events[5].identity);
    arena_release(&arena);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *message;
        bool malformed;
    } CASES[] = {
        {"", "the body is empty", true},
        {"nonsense", "offset 0", true},
        {"5", "events[0]: must be an object", false},
        {"{}", "events[0]: must be an object with 'eventType' or 'action_name'", false},
        {"{\"events\":5}", "'events' must be an array", false},
        {"[{\"eventType\":\"view\",\"index\":\"s\",\"objectIDs\":[]},{\"eventType\":\"view\",\"index\":\"s\"}]",
         "events[1]: 'objectIDs' is missing", false},
        {"{\"eventType\":\"view\",\"index\":\"s\",\"objectIDs\":\"a\"}", "'objectIDs': must be an array", false},
        {"{\"eventType\":\"view\",\"index\":\"s\",\"objectIDs\":[\"\"]}", "'objectIDs[0]': is empty", false},
        {"{\"eventType\":\"view\",\"index\":\"s\",\"objectIDs\":[\"a\"],\"userToken\":\"a\\u0000b\"}",
         "'userToken': has a control character", false},
        {"{\"eventType\":\"view\",\"eventSubtype\":\"purchase\",\"index\":\"s\",\"objectIDs\":[]}", "'eventSubtype'",
         false},
        {"{\"eventType\":\"click\",\"index\":\"s\",\"objectIDs\":[\"a\"],\"positions\":[0]}",
         "'positions[0]': must be a whole number from 1", false},
        {"{\"eventType\":\"click\",\"index\":\"s\",\"objectIDs\":[\"a\"],\"objectData\":[]}", "'objectData'", false},
        {"{\"eventType\":\"click\",\"index\":\"s\",\"objectIDs\":[\"a\"],\"timestamp\":\"soon\"}", "'timestamp'",
         false},
        {"{\"action_name\":\"click\",\"index\":\"s\"}", "'event_attributes.object.object_id' is missing", false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct arena arena;
        struct event_list list;
        struct error err = {0};
        arena_init(&arena, 0);
        assert_int_equal(event_parse(&list, str_from(CASES[i].body), &arena, NOW, &err), STATUS_INPUT);
        if (!strstr(err.message, CASES[i].message) || list.malformed != CASES[i].malformed) {
            fail_msg("%s: %s", CASES[i].body, err.message);
        }
        arena_release(&arena);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    struct arena arena;
    struct event_list list;
    struct error err = {0};
    struct buf body = BUF_EMPTY;
    arena_init(&arena, 0);
    for (int i = 0; i <= EVENTS_MAX; i++) {
        buf_literal(&body, "{\"action_name\":\"click\",\"index\":\"s\",\"object_id\":\"a\"}\n");
    }
    assert_int_equal(event_parse(&list, buf_str(&body), &arena, NOW, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.message, "more than 1000 events"));
    buf_release(&body);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_ids), cmocka_unit_test(test_payloads), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_wrong),     cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
