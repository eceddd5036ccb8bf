/*
 * Power cuts on the simulated disk while events are logged, tokens are forgotten and old segments are deleted. What was
 * acknowledged is there, in order and once, also when it is sent again; a token that was forgotten is nowhere. The same
 * test notices a disk whose syncs do nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "tests/support/live/event_help.h"
#include "tests/support/random.h"

enum { LIVES = 4, STEPS = 12, EVENTS = 2000, TOKENS = 3 };

enum fate { UNSENT, PERHAPS, SURE };

struct oracle {
    enum fate fates[EVENTS]; /* by identity */
    unsigned tokens[EVENTS];
    uint64_t next;
    uint64_t found[EVENTS];
    size_t found_count;
    bool forgotten[TOKENS]; /* since the last event that was sent with it */
    char failure[512];
};

static const char *const tokens[TOKENS] = {"alice", "bob", "carol"};

static struct events *reopen(struct oracle *o)
{
    const struct events_options options = {.data_dir = "/data", .segment_bytes = 2048};
    struct events *e = NULL;
    struct error err = {0};
    if (events_open(&e, &options, &err) != STATUS_OK && !file_sim_power_is_off()) {
        snprintf(o->failure, sizeof(o->failure), "it does not open: %s", err.message);
    }
    return e;
}

static enum status look(void *context, const struct event *event, struct error *err)
{
    struct oracle *o = context;
    if (event->identity >= EVENTS || o->found_count == EVENTS) {
        return error_set(err, STATUS_CONFLICT, "an event that nobody sent");
    }
    o->found[o->found_count++] = event->identity;
    unsigned token = o->tokens[event->identity];
    if (event->token.size > 0 && o->forgotten[token]) {
        return error_set(err, STATUS_CONFLICT, "a token that was forgotten");
    }
    if (event->token.size > 0 && !str_equal(event->token, str_from(tokens[token]))) {
        return error_set(err, STATUS_CONFLICT, "another token");
    }
    return STATUS_OK;
}

static void verify(struct oracle *o, struct events *e)
{
    struct error err = {0};
    o->found_count = 0;
    if (events_read(e, 0, look, o, &err) != STATUS_OK) {
        snprintf(o->failure, sizeof(o->failure), "reading: %s", err.message);
        return;
    }
    size_t at = 0;
    for (uint64_t id = 1; id < o->next; id++) {
        bool there = at < o->found_count && o->found[at] == id;
        at += there;
        if (!there && o->fates[id] == SURE) {
            snprintf(o->failure, sizeof(o->failure), "event %llu is lost", (unsigned long long)id);
            return;
        }
        o->fates[id] = there ? SURE : UNSENT;
    }
    if (at != o->found_count) {
        snprintf(o->failure, sizeof(o->failure), "events are there twice, or in another order");
    }
}

static void send(struct oracle *o, struct events *e, struct random *r)
{
    struct event events[5];
    struct event_item item = {.object_id = STR("sku-1"), .position = 1};
    struct event_list list = {.events = events, .count = 1 + random_below(r, 5)};
    uint64_t first = o->next;
    size_t repeats = 0;
    for (size_t i = 0; i < list.count; i++) {
        uint64_t id = o->next;
        if (id > 1 && random_chance(r, 20)) { /* one that is there for sure comes again */
            id = 1 + random_below(r, o->next - 1);
            id = o->fates[id] == SURE ? id : o->next;
        }
        if (id == o->next) {
            o->tokens[id] = (unsigned)random_below(r, TOKENS);
            o->forgotten[o->tokens[id]] = false;
            o->fates[id] = PERHAPS;
            o->next++;
        } else {
            repeats++;
        }
        events[i] = event_of_test(EVENT_CLICK, tokens[o->tokens[id]], &item, id);
    }
    struct events_outcome outcome = event_submit_wait(e, &list);
    if (outcome.status == STATUS_OK) {
        for (uint64_t id = first; id < o->next; id++) {
            o->fates[id] = SURE;
        }
        if (outcome.repeats != repeats) {
            snprintf(o->failure, sizeof(o->failure), "%zu repeats, %zu were seen", repeats, outcome.repeats);
        }
    }
}

static void forget(struct oracle *o, struct events *e, struct random *r)
{
    unsigned token = (unsigned)random_below(r, TOKENS);
    if (event_forget_wait(e, tokens[token]).status == STATUS_OK) {
        o->forgotten[token] = true;
    }
}

static void run_life(struct oracle *o, struct events *e, struct random *r)
{
    for (int i = 0; i < STEPS && !file_sim_power_is_off() && o->failure[0] == '\0' && o->next + 5 < EVENTS; i++) {
        if (random_chance(r, 15)) {
            forget(o, e, r);
        } else {
            send(o, e, r);
        }
    }
}

static void run_round(struct oracle *o, uint64_t seed, bool ignore_sync)
{
    struct random r = random_of_seed(seed);
    memset(o, 0, sizeof(*o));
    o->next = 1;
    file_sim_stop();
    file_sim_start();
    file_sim_ignore_sync(ignore_sync);
    for (int life = 0; life < LIVES && o->failure[0] == '\0'; life++) {
        file_sim_cut_power_at(file_sim_operations() + 1 + random_below(&r, random_chance(&r, 30) ? 10 : 60));
        struct events *e = reopen(o);
        if (e) {
            verify(o, e);
            if (file_sim_power_is_off()) {
                o->failure[0] = '\0'; /* reading fails without power */
            } else if (o->failure[0] == '\0') {
                run_life(o, e, &r);
            }
        }
        events_close(e);
        file_sim_power_on(random_next(&r));
        file_sim_ignore_sync(ignore_sync);
    }
    struct events *e = o->failure[0] == '\0' ? reopen(o) : NULL;
    if (e) {
        verify(o, e);
        events_close(e);
    }
}

static void test_power_cuts(void **state)
{
    (void)state;
    struct random r = random_start("events power");
    struct oracle *o = calloc(1, sizeof(*o));
    size_t rounds = random_rounds(500 / LIVES, 10000 / LIVES);
    for (size_t i = 0; i < rounds; i++) {
        uint64_t seed = random_next(&r);
        run_round(o, seed, false);
        if (o->failure[0] != '\0') {
            print_error("seed %llu: %s\n", (unsigned long long)seed, o->failure);
            free(o);
            fail();
        }
    }
    free(o);
}

static void test_missing_syncs_are_noticed(void **state)
{
    (void)state;
    struct random r = random_start("events power without syncs");
    struct oracle *o = calloc(1, sizeof(*o));
    size_t noticed = 0;
    for (size_t i = 0; i < 20; i++) {
        run_round(o, random_next(&r), true);
        noticed += o->failure[0] != '\0';
    }
    assert_true(noticed > 10);
    free(o);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_missing_syncs_are_noticed),
    };
    file_sim_start();
    log_set_level(LOG_OFF);
    if (argc == 2) { /* one round by its seed */
        struct oracle *o = calloc(1, sizeof(*o));
        run_round(o, strtoull(argv[1], NULL, 10), false);
        printf("%s\n", o->failure[0] != '\0' ? o->failure : "fine");
        free(o);
        return 0;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_sim_stop();
    return failed;
}
