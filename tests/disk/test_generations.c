/*
 * Power cuts during what generations do: adoptions, gates that refuse them, rollbacks, backups and the checkpoints
 * between, and during recovery from these. What was acknowledged is there; the index is the one before or the one
 * after, whole; a refused generation changes nothing; a rollback has every update since the older feed's time; a backup
 * is whole or not there, and gives back what was there when it was made, and when its log was continued.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/backup.h"
#include "tests/support/live/live_model.h"
#include "tests/support/power_rounds.h"

enum { STATES = MODEL_OPS + 1, HISTORY = 4096, LIVES = 4, STEPS = 30, BACKUPS = 3 };

#define GATED                                                                                                          \
    "{\"searchableAttributes\":[\"title\",\"brand\"],\"attributesForFaceting\":[\"brand\",\"tags\"],"                  \
    "\"customRanking\":[\"desc(popularity)\"],\"roles\":{\"price\":\"price\",\"quantity\":\"quantity\"},"              \
    "\"gates\":{\"fromProducts\":5,\"productShare\":0.9,\"priceOutlierShare\":1},\"stores\":[\"berlin\"],"             \
    "\"priceLists\":[\"vip\"]}"

struct accepted {
    struct model_op op;
    struct model_object outcome;
    bool created;
};

/* What a generation was made of: a feed, and everything accepted since. */
struct point {
    bool known;
    struct model feed;
    int64_t as_of_ms;
    size_t history_at;
};

/* What a backup must give back: when it was made, and at the end of its log. */
struct backup {
    char dir[32];
    bool made;      /* acknowledged; else it is whole or not there */
    bool continued; /* its log ends at `last` */
    struct model first, last;
};

struct oracle {
    int64_t now_ms;
    struct accepted history[HISTORY];
    size_t history_count;
    struct point current, previous, pending;
    /* What may be found: the acknowledged state, then what the operation that is under way makes of it. */
    struct model states[STATES];
    size_t count;
    struct accepted doubt[MODEL_OPS]; /* the batch under way */
    bool batch_in_doubt;
    struct point next_current, next_previous; /* of the second state */
    unsigned candidates, refused, rollbacks, adoptions, restored;
    struct backup backups[BACKUPS];
    size_t backup_count;
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

static void settle(struct oracle *o, size_t state)
{
    for (size_t i = 0; o->batch_in_doubt && i < state; i++) {
        if (o->history_count < HISTORY) {
            o->history[o->history_count++] = o->doubt[i];
        }
    }
    if (!o->batch_in_doubt && state == 1) {
        o->current = o->next_current;
        o->previous = o->next_previous;
    }
    *only(o) = o->states[state];
    o->count = 1;
    o->batch_in_doubt = false;
}

static void run_batch(struct oracle *o, struct live *l, struct random *r)
{
    struct model_op ops[MODEL_OPS];
    size_t count = 1 + random_below(r, MODEL_OPS);
    o->count = 1;
    o->batch_in_doubt = true;
    for (size_t i = 0; i < count; i++) {
        do {
            model_random_op(r, &ops[i]);
        } while (ops[i].kind == MODEL_CLEAR || ops[i].kind >= MODEL_LANE_SET); /* keys are not followed here */
        struct model next = o->states[o->count - 1];
        o->doubt[i] = (struct accepted){.op = ops[i], .created = !next.objects[ops[i].id].there};
        model_apply(&next, &ops[i]);
        o->doubt[i].outcome = next.objects[ops[i].id];
        o->states[o->count++] = next;
    }
    tick(o);
    if (model_submit(l, ops, count) == STATUS_OK) {
        settle(o, count);
    }
}

static struct model replayed(const struct oracle *o, const struct point *p)
{
    struct model state = p->feed;
    for (size_t i = p->history_at; i < o->history_count; i++) {
        model_replay(&state, &o->history[i].op, &o->history[i].outcome, o->history[i].created);
    }
    return state;
}

static void take_feed(struct oracle *o, struct random *r)
{
    tick(o);
    o->pending = (struct point){.known = true, .as_of_ms = o->now_ms, .history_at = o->history_count};
    model_random_feed(r, only(o), &o->pending.feed);
    bool poor = random_chance(r, 30);
    for (int i = 0; i < MODEL_OBJECTS / 2 && poor; i++) {
        memset(&o->pending.feed.objects[i], 0, sizeof(o->pending.feed.objects[i])); /* a poor feed */
    }
    tick(o);
}

/* The outcome of an adoption or a rollback that would lead to states[1]. */
static void swapped(struct oracle *o, enum status status, const struct error *err, const char *what)
{
    if (status == STATUS_OK) {
        settle(o, 1);
    } else if (status == STATUS_CONFLICT && strstr(err->message, "the gates keep")) {
        o->refused++;
        o->count = 1;
    } else if (!file_sim_power_is_off()) {
        snprintf(o->failure, sizeof(o->failure), "%s failed: %s", what, err->message);
    }
}

static void adopt(struct oracle *o, struct live *l)
{
    char name[32];
    char path[64];
    struct error err = {0};
    struct arena arena;
    struct str report;
    snprintf(name, sizeof(name), "c%u", o->candidates++);
    snprintf(path, sizeof(path), "/data/candidates/%s", name);
    arena_init(&arena, 0);
    enum status status = model_write_candidate(&o->pending.feed, "/data", name, o->pending.as_of_ms, &err);
    if (status == STATUS_OK) {
        o->states[1] = replayed(o, &o->pending);
        o->count = 2;
        o->next_current = o->pending;
        o->next_previous = o->current;
        o->pending.known = false;
        status = live_adopt(l, path, &arena, &report, &err);
        swapped(o, status, &err, "an adoption");
        o->adoptions += status == STATUS_OK;
    }
    arena_release(&arena);
}

static void roll_back(struct oracle *o, struct live *l)
{
    struct error err = {0};
    struct arena arena;
    struct str report;
    arena_init(&arena, 0);
    o->states[1] = replayed(o, &o->previous);
    o->count = 2;
    o->next_current = o->previous;
    o->next_previous = o->current;
    enum status status = live_rollback(l, STR(MODEL_INDEX), &arena, &report, &err);
    swapped(o, status, &err, "a rollback");
    o->rollbacks += status == STATUS_OK;
    arena_release(&arena);
}

static void back_up(struct oracle *o, struct live *l)
{
    struct backup_info info;
    struct error err = {0};
    struct backup *b = &o->backups[o->backup_count];
    if (o->backup_count == BACKUPS) {
        return;
    }
    *b = (struct backup){.first = *only(o), .last = *only(o), .continued = true};
    snprintf(b->dir, sizeof(b->dir), "/backups/b%zu", o->backup_count++);
    if (live_backup(l, b->dir, true, &info, &err) == STATUS_OK) {
        b->made = true;
    } else if (!file_sim_power_is_off()) {
        snprintf(o->failure, sizeof(o->failure), "a backup failed: %s", err.message);
    }
}

static void continue_backup(struct oracle *o, struct live *l)
{
    struct backup_info info;
    struct error err = {0};
    struct backup *b = o->backup_count > 0 ? &o->backups[o->backup_count - 1] : NULL;
    if (!b || !b->made) {
        return;
    }
    b->continued = false;
    enum status status = live_backup_log(l, b->dir, &info, &err);
    if (status == STATUS_OK) {
        b->continued = true;
        b->last = *only(o);
    } else if (status != STATUS_CONFLICT && !file_sim_power_is_off()) {
        snprintf(o->failure, sizeof(o->failure), "a backup's log could not be continued: %s", err.message);
    }
}

/* Restores to a number, 0 for the end, and compares. */
static bool restore(struct oracle *o, const struct backup *b, uint64_t to_seq, const struct model *want)
{
    struct restore_options options = {.backup = b->dir, .data_dir = "/restored", .to_seq = to_seq, .link = true};
    struct live *l = NULL;
    struct model have;
    struct error err = {0};
    char reason[1024] = "";
    uint64_t seq;
    (void)!dir_remove("/restored", &err);
    if (backup_restore(&options, &seq, &err) != STATUS_OK || model_open(&l, "/restored", 1000000, &err) != STATUS_OK) {
        snprintf(o->failure, sizeof(o->failure), "restoring %s: %s", b->dir, err.message);
        return false;
    }
    rcu_thread_register();
    bool fine = model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason));
    rcu_thread_unregister();
    if (fine && !model_equal(&have, want)) {
        model_difference(&have, want, reason, sizeof(reason));
        fine = false;
    }
    live_close(l);
    o->restored++;
    if (!fine) {
        snprintf(o->failure, sizeof(o->failure), "%s restored to %llu: have, want:\n%s", b->dir,
                 (unsigned long long)to_seq, reason);
    }
    return fine;
}

/* One of them, at its beginning or at its end: starting takes time. */
static bool check_backups(struct oracle *o, struct random *r)
{
    const struct backup *b = &o->backups[random_below(r, BACKUPS)];
    struct backup_info info;
    struct error err = {0};
    if (b->dir[0] == '\0' || (!b->made && !file_exists(b->dir))) {
        return true;
    }
    if (backup_read(b->dir, &info, &err) != STATUS_OK) {
        snprintf(o->failure, sizeof(o->failure), "%s: %s", b->dir, err.message);
        return false;
    }
    bool at_end = b->continued && random_chance(r, 50);
    return restore(o, b, at_end ? 0 : info.seq, at_end ? &b->last : &b->first);
}

static bool verify(struct oracle *o, struct live *l)
{
    struct model have;
    char reason[1024];
    size_t matching = 0;
    size_t found = 0;
    rcu_thread_register();
    bool read = model_read(live_snapshot(l, STR(MODEL_INDEX)), &have, reason, sizeof(reason));
    rcu_thread_unregister();
    if (!read) {
        snprintf(o->failure, sizeof(o->failure), "%s", reason);
        return false;
    }
    for (size_t i = 0; i < o->count; i++) {
        if (model_equal(&have, &o->states[i])) {
            found = i;
            matching++;
        }
    }
    if (matching == 0) {
        model_difference(&have, only(o), reason, sizeof(reason));
        snprintf(o->failure, sizeof(o->failure), "%zu states were possible; have, want:\n%s", o->count, reason);
        return false;
    }
    settle(o, found);
    if (matching > 1) { /* what led here is not known */
        o->current.known = o->previous.known = o->pending.known = false;
    }
    return true;
}

static void run_life(struct oracle *o, struct live *l, struct random *r)
{
    for (int i = 0; i < STEPS && !file_sim_power_is_off() && o->failure[0] == '\0'; i++) {
        struct error err;
        unsigned dice = (unsigned)random_below(r, 100);
        o->count = 1;
        o->batch_in_doubt = false;
        if (dice < 8) {
            (void)!live_checkpoint(l, &err);
        } else if (dice >= 94) {
            back_up(o, l);
        } else if (dice >= 88) {
            continue_backup(o, l);
        } else if (dice < 11) {
            (void)!model_settings(l, dice < 10 ? MODEL_SETTINGS_OTHER : MODEL_SETTINGS);
        } else if (dice < 25 && !o->pending.known) {
            take_feed(o, r);
        } else if (dice < 45 && o->pending.known) {
            if (dice < 35) {
                (void)!model_settings(l, GATED); /* later than the feed: they hold for it */
            }
            adopt(o, l);
        } else if (dice < 60 && o->previous.known) {
            roll_back(o, l);
        } else {
            run_batch(o, l, r);
        }
    }
}

static struct live *reopen(struct oracle *o, struct random *r)
{
    struct live *l = NULL;
    struct error err = {0};
    tick(o);
    if (model_open(&l, "/data", random_chance(r, 30) ? 1 : 1000000, &err) != STATUS_OK && !file_sim_power_is_off()) {
        snprintf(o->failure, sizeof(o->failure), "it does not start: %s", err.message);
    }
    return l;
}

static void run_round(struct oracle *o, uint64_t seed, bool ignore_sync)
{
    struct random r = random_of_seed(seed);
    memset(o, 0, sizeof(*o));
    o->count = 1;
    o->now_ms = 1700000000000;
    file_sim_stop();
    file_sim_start();
    file_sim_ignore_sync(ignore_sync);
    struct live *l = reopen(o, &r);
    if (!l || model_settings(l, GATED) != STATUS_OK) {
        snprintf(o->failure, sizeof(o->failure), "no index could be made");
    }
    live_close(l);
    for (int life = 0; life < LIVES && o->failure[0] == '\0'; life++) {
        file_sim_cut_power_at(file_sim_operations() + 1 + random_below(&r, random_chance(&r, 20) ? 20 : 600));
        l = reopen(o, &r);
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
    if (o->failure[0] == '\0' && (l = reopen(o, &r)) != NULL) {
        (void)!verify(o, l);
        live_close(l);
    }
    if (o->failure[0] == '\0') {
        (void)!check_backups(o, &r);
    }
    clock_wall_set_for_test(0);
}

static struct {
    unsigned refused, rollbacks, adoptions, restored;
} total; /* of the rounds with syncs */

static void run(void *state, uint64_t seed, bool ignore_sync)
{
    struct oracle *o = state;
    run_round(o, seed, ignore_sync);
    if (!ignore_sync) {
        total.refused += o->refused;
        total.rollbacks += o->rollbacks;
        total.adoptions += o->adoptions;
        total.restored += o->restored;
    }
}

static const char *failure(const void *state)
{
    return ((const struct oracle *)state)->failure;
}

static void end(size_t rounds)
{
    print_message("%zu power cuts, %u adoptions, %u refused, %u rollbacks, %u restored\n", rounds * LIVES,
                  total.adoptions, total.refused, total.rollbacks, total.restored);
    assert_true(total.refused > 0 && total.rollbacks > 0 && total.adoptions > 0 && total.restored > 0);
}

int main(int argc, char **argv)
{
    const struct power_rounds rounds = {.name = "generations",
                                        .state_size = sizeof(struct oracle),
                                        .cuts = LIVES,
                                        .blind = 10,
                                        .run = run,
                                        .failure = failure,
                                        .end = end};
    return power_rounds_main(&rounds, argc, argv);
}
