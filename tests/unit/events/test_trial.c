/* What shoppers prefer of two interleaved rankings: credits, and that nothing is found where there is nothing. */
#include "server/events/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "server/events/report_write.h"
#include "tests/support/random.h"

static struct query_id id_of(uint64_t number)
{
    struct query_id id = {{0}};
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static void add(struct trial *t, const struct event *e)
{
    struct error err = {0};
    assert_int_equal(trial_add(t, e, &err), STATUS_OK);
}

static void search(struct trial *t, uint64_t number, const char *text, const char *experiment, const char *teams)
{
    struct event_item items[20];
    char names[20][16];
    struct buf note = BUF_EMPTY;
    for (uint32_t i = 0; i < strlen(teams); i++) {
        snprintf(names[i], sizeof(names[i]), "o%u", i + 1);
        items[i] = (struct event_item){.object_id = str_from(names[i]), .position = i + 1, .value = (double)NAN};
    }
    trial_note_write(&note, str_from(experiment), str_from(teams));
    struct event e = {.type = EVENT_SEARCH,
                      .index = STR("shop"),
                      .query = str_from(text),
                      .normal = str_from(text),
                      .has_query = true,
                      .query_id = id_of(number),
                      .items = items,
                      .item_count = (uint32_t)strlen(teams),
                      .note = buf_str(&note)};
    add(t, &e);
    buf_release(&note);
}

static void act(struct trial *t, enum event_type type, uint64_t number, uint32_t position)
{
    char name[16];
    snprintf(name, sizeof(name), "o%u", position);
    struct event_item item = {.object_id = str_from(name), .position = position, .value = (double)NAN};
    struct event e = {.type = type,
                      .index = STR("shop"),
                      .has_query = true,
                      .query_id = id_of(number),
                      .items = &item,
                      .item_count = 1};
    add(t, &e);
}

static void test_notes(void **state)
{
    struct buf note = BUF_EMPTY;
    struct str name, teams;
    (void)state;
    trial_note_write(&note, STR("a name"), STR("-AB"));
    assert_true(trial_note_read(buf_str(&note), &name, &teams));
    assert_true(str_equal(name, STR("a name")) && str_equal(teams, STR("-AB")));
    buf_release(&note);
    assert_false(trial_note_read(STR(""), &name, &teams));
    assert_false(trial_note_read(STR("experiment\nx"), &name, &teams));
    assert_false(trial_note_read(STR("experiment\n\nAB"), &name, &teams));
    assert_false(trial_note_read(STR("experiment\nx\nABC"), &name, &teams));
    assert_false(trial_note_read(STR("filters=brand:Acme"), &name, &teams));
}

static void test_credits(void **state)
{
    struct trial t;
    struct trial_options options = {STR("shop"), STR("x"), 0};
    (void)state;
    trial_begin(&t, &options);
    search(&t, 1, "shoe", "x", "-AB");
    search(&t, 2, "shoe", "x", "AB");
    search(&t, 3, "lamp", "x", "BA");
    search(&t, 4, "lamp", "x", "--");
    search(&t, 5, "lamp", "y", "BA"); /* another experiment */
    act(&t, EVENT_CLICK, 1, 1);       /* nobody's */
    act(&t, EVENT_CLICK, 1, 3);       /* B */
    act(&t, EVENT_CLICK, 1, 3);       /* twice is once */
    act(&t, EVENT_CLICK, 2, 1);
    act(&t, EVENT_CLICK, 2, 2); /* one each */
    act(&t, EVENT_CLICK, 3, 1); /* B */
    act(&t, EVENT_PURCHASE, 3, 2);
    act(&t, EVENT_CLICK, 4, 1);
    act(&t, EVENT_CLICK, 5, 2);
    act(&t, EVENT_CLICK, 99, 1);
    trial_finish(&t);
    assert_int_equal(t.searches, 4);
    assert_int_equal(t.differing, 3);
    const struct trial_result *clicks = &t.results[TRIAL_CLICK];
    assert_int_equal(clicks->a, 0);
    assert_int_equal(clicks->b, 2);
    assert_int_equal(clicks->even, 1);
    assert_int_equal(clicks->queries, 2);
    assert_int_equal(clicks->queries_b, 2);
    assert_true(clicks->preference == .75); /* shoe (1 + 0) / 2, lamp 1 */
    assert_int_equal(t.results[TRIAL_PURCHASE].a, 1);
    assert_true(t.results[TRIAL_PURCHASE].preference == -1);
    assert_int_equal(t.results[TRIAL_CART].queries, 0);
    assert_false(t.results[TRIAL_CART].significant);
    trial_release(&t);
}

/* Shoppers who click the first with p_a, the second with p_b, whose each is by a coin. */
static bool finds(struct random *random, unsigned a_percent, unsigned b_percent, bool *prefers_b)
{
    struct trial t;
    struct trial_options options = {STR("shop"), STR("x"), 0};
    trial_begin(&t, &options);
    for (uint64_t i = 1; i <= 400; i++) {
        char text[16];
        bool a_first = random_chance(random, 50);
        snprintf(text, sizeof(text), "q%d", (int)random_below(random, 40));
        search(&t, i, text, "x", a_first ? "AB" : "BA");
        if (random_chance(random, a_percent))
            act(&t, EVENT_CLICK, i, a_first ? 1 : 2);
        if (random_chance(random, b_percent))
            act(&t, EVENT_CLICK, i, a_first ? 2 : 1);
    }
    trial_finish(&t);
    bool found = t.results[TRIAL_CLICK].significant;
    *prefers_b = t.results[TRIAL_CLICK].preference > 0;
    trial_release(&t);
    return found;
}

static void test_finds_what_there_is(void **state)
{
    struct random random = random_of_seed(7);
    size_t rounds = random_rounds(60, 1000), false_ones = 0;
    bool prefers_b;
    (void)state;
    for (size_t i = 0; i < rounds; i++)
        false_ones += finds(&random, 30, 30, &prefers_b);
    /* 5 %, and three standard errors */
    assert_true((double)false_ones <= (double)rounds * .05 + 3 * sqrt((double)rounds * .05 * .95));
    assert_true(finds(&random, 20, 40, &prefers_b) && prefers_b);
    assert_true(finds(&random, 40, 20, &prefers_b) && !prefers_b);
}

static void test_written(void **state)
{
    struct trial t;
    struct trial_options options = {STR("shop"), STR("x"), 0};
    struct report_page page = {0, 10};
    struct buf out = BUF_EMPTY;
    (void)state;
    trial_begin(&t, &options);
    trial_finish(&t);
    trial_write(&t, &page, &out);
    assert_int_not_equal(str_find(buf_str(&out), STR("\"preference\":null")), SIZE_MAX);
    buf_clear(&out);
    search(&t, 1, "shoe", "x", "AB");
    act(&t, EVENT_CLICK, 1, 2);
    trial_finish(&t);
    trial_write(&t, &page, &out);
    assert_int_not_equal(str_find(buf_str(&out), STR("{\"search\":\"shoe\",\"count\":1,\"a\":0,\"b\":1,\"even\":0}")),
                         SIZE_MAX);
    assert_int_not_equal(str_find(buf_str(&out), STR("\"prefers\":null")), SIZE_MAX); /* one query says nothing */
    buf_release(&out);
    trial_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_credits),
        cmocka_unit_test(test_finds_what_there_is),
        cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
