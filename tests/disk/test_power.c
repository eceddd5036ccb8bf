/*
 * Power cuts on the simulated disk during updates, checkpoints, merges, adoptions and recovery itself. What was
 * acknowledged is there and nothing is there twice; of the batch that was under way any first part may be. The same
 * test notices a disk whose syncs do nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/changes.h"
#include "tests/support/live/live_model.h"
#include "tests/support/power_rounds.h"

enum { STATES = MODEL_OPS + 4, HISTORY = 4096, LIVES = 3, BATCHES = 25 };

/* The states that a recovery may find. */
struct oracle {
    struct model states[STATES];
    size_t count;
    int64_t now_ms;
    /* What was accepted since the feed that is being adopted. */
    struct model feed;
    bool has_feed;
    int64_t as_of_ms;
    struct model_op history[HISTORY];
    struct model_object outcomes[HISTORY];
    bool created[HISTORY];
    size_t history_count;
    unsigned candidates;
    char failure[2048];
};

static struct model *only(struct oracle *o)
{
    return &o->states[0];
}

static void tick(struct oracle *o)
{
    o->now_ms += 10;
    clock_wall_set_for_test(o->now_ms);
}

static void note_history(struct oracle *o, const struct model_op *op, const struct model_object *outcome, bool created)
{
    if (o->has_feed && o->history_count < HISTORY) {
        o->outcomes[o->history_count] = *outcome;
        o->created[o->history_count] = created;
        o->history[o->history_count++] = *op;
    }
}

/* One batch: acknowledged, it is the state; else any first part of it may be. */
static void run_batch(struct oracle *o, struct live *l, struct random *r)
{
    struct model_op ops[MODEL_OPS];
    bool created[MODEL_OPS];
    size_t count = 1 + random_below(r, MODEL_OPS);
    struct model next = *only(o);
    o->count = 1;
    for (size_t i = 0; i < count; i++) {
        model_random_op(r, &ops[i]);
        created[i] = !next.objects[ops[i].id].there;
        model_apply(&next, &ops[i]);
        o->states[o->count++] = next;
    }
    tick(o);
    if (model_submit(l, ops, count) == STATUS_OK) {
        for (size_t i = 0; i < count; i++) {
            model_note(&ops[i], &o->states[i], &o->states[i + 1]);
            note_history(o, &ops[i], &o->states[i + 1].objects[ops[i].id], created[i]);
        }
        *only(o) = next;
        o->count = 1;
    }
}

/* A feed as of now; it is adopted some batches later. */
static void take_feed(struct oracle *o, struct random *r)
{
    tick(o);
    o->as_of_ms = o->now_ms;
    o->history_count = 0;
    o->has_feed = true;
    model_random_feed(r, only(o), &o->feed);
    tick(o);
}

static void adopt(struct oracle *o, struct live *l)
{
    char name[32];
    char path[64];
    struct error err;
    struct arena arena;
    struct str report;
    struct model after = o->feed;
    for (size_t i = 0; i < o->history_count; i++) {
        model_replay(&after, &o->history[i], &o->outcomes[i], o->created[i]);
    }
    memcpy(after.keys, only(o)->keys, sizeof(after.keys)); /* they don't belong to a generation */
    o->has_feed = false;
    snprintf(name, sizeof(name), "c%u", o->candidates++);
    snprintf(path, sizeof(path), "/data/candidates/%s", name);
    arena_init(&arena, 0);
    enum status status = model_write_candidate(&o->feed, "/data", name, o->as_of_ms, &err);
    if (status == STATUS_OK) {
        o->count = 2;
        o->states[1] = after;
        status = live_adopt(l, path, &arena, &report, &err);
        if (status == STATUS_OK) {
            *only(o) = after;
            o->count = 1;
        } else if (!file_sim_power_is_off()) {
            snprintf(o->failure, sizeof(o->failure), "adoption failed: %s", err.message);
        }
    }
    arena_release(&arena);
}

/* Finds which of the states it is. */
static bool verify(struct oracle *o, struct live *l)
{
    struct model have;
    char reason[1024];
    bool fine = false;
    rcu_thread_register();
    if (!model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason))) {
        snprintf(o->failure, sizeof(o->failure), "%s", reason);
        rcu_thread_unregister();
        return false;
    }
    model_read_keys(l, &have);
    for (size_t i = 0; i < o->count && !fine; i++) {
        fine = model_equal(&have, &o->states[i]);
        if (fine) {
            /* What was not acknowledged, but is there, counts from now on; a feed's history is not known any more. */
            o->has_feed = o->has_feed && o->count == 1;
        }
    }
    if (!fine) {
        model_difference(&have, only(o), reason, sizeof(reason));
        snprintf(o->failure, sizeof(o->failure), "%zu states were possible; have, want:\n%s", o->count, reason);
    }
    *only(o) = have;
    o->count = 1;
    rcu_thread_unregister();
    return fine;
}

static void run_life(struct oracle *o, struct live *l, struct random *r)
{
    for (int i = 0; i < BATCHES && !file_sim_power_is_off() && o->failure[0] == '\0'; i++) {
        struct error err;
        unsigned dice = (unsigned)random_below(r, 100);
        if (dice < 10) {
            (void)!live_checkpoint(l, &err);
        } else if (dice < 13) {
            (void)!model_settings(l, dice < 12 ? MODEL_SETTINGS_OTHER : MODEL_SETTINGS);
        } else if (dice < 18 && !o->has_feed) {
            take_feed(o, r);
        } else if (dice < 28 && o->has_feed) {
            adopt(o, l);
        } else {
            run_batch(o, l, r);
        }
    }
}

static struct live *reopen(struct oracle *o, uint64_t checkpoint_ms)
{
    struct live *l = NULL;
    struct error err = {0};
    if (model_open(&l, "/data", checkpoint_ms, &err) != STATUS_OK && !file_sim_power_is_off()) {
        snprintf(o->failure, sizeof(o->failure), "it does not start: %s", err.message);
    }
    return l;
}

/* Several lives of one data directory, each ended by a cut. The failure is in o. */
static void run_round(struct oracle *o, uint64_t seed, bool ignore_sync)
{
    struct random r = random_of_seed(seed);
    memset(o, 0, sizeof(*o));
    o->count = 1;
    o->now_ms = 1700000000000;
    file_sim_stop();
    file_sim_start();
    file_sim_ignore_sync(ignore_sync);
    changes_set_absorb_for_test(seed % 2 ? 1 : 0); /* deltas are merged aside, or at each commit */
    tick(o);
    struct live *l = reopen(o, 1000000);
    if (!l || model_settings(l, MODEL_SETTINGS) != STATUS_OK) {
        snprintf(o->failure, sizeof(o->failure), "no index could be made");
    }
    live_close(l);
    for (int life = 0; life < LIVES && o->failure[0] == '\0'; life++) {
        tick(o);
        file_sim_cut_power_at(file_sim_operations() + 1 + random_below(&r, random_chance(&r, 30) ? 12 : 200));
        l = reopen(o, random_chance(&r, 30) ? 1 : 1000000);
        if (l && !verify(o, l) && !file_sim_power_is_off()) {
            live_close(l);
            break;
        }
        o->failure[0] = '\0'; /* a reader may fail when the power is off */
        if (l) {
            run_life(o, l, &r);
        }
        live_close(l);
        file_sim_power_on(random_next(&r));
        file_sim_ignore_sync(ignore_sync);
    }
    if (o->failure[0] == '\0' && (l = reopen(o, 1000000)) != NULL) {
        (void)!verify(o, l);
        live_close(l);
    }
    clock_wall_set_for_test(0);
}

static void run(void *state, uint64_t seed, bool ignore_sync)
{
    run_round(state, seed, ignore_sync);
}

static const char *failure(const void *state)
{
    return ((const struct oracle *)state)->failure;
}

int main(int argc, char **argv)
{
    const struct power_rounds rounds = {.name = "power",
                                        .state_size = sizeof(struct oracle),
                                        .cuts = LIVES,
                                        .blind = 20,
                                        .run = run,
                                        .failure = failure};
    return power_rounds_main(&rounds, argc, argv);
}
