#include "server/live/adopt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/apply.h"
#include "server/live/changes_cells.h"
#include "server/live/gates.h"
#include "server/live/load.h"
#include "server/live/structure.h"

enum {
    NAMES_TRIED = 1000,
    CLOSE = 256, /* records that may be left for the sequencer */
    OPEN_RECORDS = 16384,
    OPEN_WHOLE = 4096,
    OBJECTS_LOOKED_AT = 64 /* every so many: their bytes are under checksums, and whoever reads one copes with it */
};

/* A generation on its way. */
struct staging {
    struct live *l;
    const struct generation_plan *plan;
    struct live_index *x;
    uint64_t seq; /* applied up to here */
    uint64_t replayed;
    struct arena arena;
    struct changes changes;
    uint64_t open;
    bool started;
    bool want_rebuild;
    bool moved;     /* to its own place */
    bool attempted; /* the manifest may name it */
    uint32_t previous_generation;
    int64_t keep_ms;
    uint32_t generation;
    struct generation_outcome outcome;
    struct index_snapshot *present; /* held for the gates */
    struct order_keys gone;         /* of cells whose objects the new generation does not have */
    enum status status;
    struct error error;
    char dir[LIVE_PATH_BYTES];
};

/* ---- replay ---- */

static enum status flush(struct staging *s, struct error *err)
{
    enum status status = STATUS_OK;
    if (s->started) {
        status = changes_build(&s->changes, err);
        if (status == STATUS_OK && !changes_empty(&s->changes)) {
            changes_publish(&s->changes, s->seq, s->x->updated_ms);
        }
        changes_release(&s->changes);
        s->started = false;
    }
    s->open = 0;
    arena_reset(&s->arena);
    return status;
}

static bool in_base(const struct staging *s, const struct record *r, bool settings)
{
    if (s->plan->base_seq > 0) {
        return r->seq <= s->plan->base_seq;
    }
    return record_known_ms(r) <= (settings && s->plan->settings_ms ? s->plan->settings_ms : s->plan->as_of_ms);
}

static enum status stage_record(void *context, const struct log_record *from, struct error *err)
{
    struct staging *s = context;
    struct record r;
    bool rebuild = false;
    s->seq = from->seq;
    enum status status = record_decode(from, &s->arena, &r, err);
    if (status != STATUS_OK || r.uid != s->x->uid || in_base(s, &r, r.kind == RECORD_SETTINGS)) {
        return status;
    }
    if (r.kind == RECORD_DROPPED || r.kind == RECORD_GENERATION) {
        return STATUS_OK;
    }
    s->replayed++;
    s->x->updated_ms = r.wall_ms;
    if (r.kind == RECORD_CLEAR || r.kind == RECORD_SETTINGS) {
        status = flush(s, err);
        if (status == STATUS_OK && (status = record_decode(from, &s->arena, &r, err)) == STATUS_OK) {
            status = index_record(s->x, &r, &rebuild, err);
            s->want_rebuild = s->want_rebuild || rebuild;
            index_publish(s->x, s->seq, false);
        }
        return status;
    }
    if (record_is_structural(r.kind)) {
        return STATUS_OK;
    }
    if (!s->started) {
        changes_init(&s->changes, s->x);
        s->started = true;
    }
    status = changes_record(&s->changes, &r, err);
    if (status == STATUS_OK && (++s->open >= OPEN_RECORDS || s->changes.whole_count >= OPEN_WHOLE)) {
        status = flush(s, err);
    }
    return status;
}

static enum status replay_to(struct staging *s, uint64_t to, struct error *err)
{
    enum status status = STATUS_OK;
    if (s->seq < to) {
        status = s->l->log_backend->read(s->l->log, s->seq + 1, to, stage_record, s, err);
    }
    if (status == STATUS_OK) {
        status = flush(s, err);
        s->seq = to;
    }
    return status;
}

/* Replays in rounds while updates go on, as long as each round leaves less than half of the one before. The sequencer
 * does what is left, so that updates which come faster than they can be replayed wait for it rather than go on for
 * ever. */
static enum status catch_up(struct staging *s, struct error *err)
{
    struct log_stats stats;
    enum status status = STATUS_OK;
    uint64_t left = UINT64_MAX;
    s->l->log_backend->stats(s->l->log, &stats);
    while (status == STATUS_OK && stats.durable_seq - s->seq > CLOSE && stats.durable_seq - s->seq < left) {
        left = (stats.durable_seq - s->seq) / 2;
        status = replay_to(s, stats.durable_seq, err);
        s->l->log_backend->stats(s->l->log, &stats);
    }
    return status;
}

/* ---- the starting point ---- */

struct first_record {
    int64_t wall_ms;
    bool found;
};

static enum status note_first(void *context, const struct log_record *r, struct error *err)
{
    struct first_record *first = context;
    (void)err;
    first->wall_ms = r->wall_ms;
    first->found = true;
    return STATUS_LIMIT;
}

enum status log_starts(struct live *l, uint64_t uid, int64_t as_of_ms, uint64_t *from, struct error *err)
{
    struct log_stats stats;
    struct first_record first = {0};
    struct error ignored;
    l->log_backend->stats(l->log, &stats);
    *from = stats.first_seq;
    if (stats.first_seq > 1 && uid < stats.first_seq) {
        (void)!l->log_backend->read(l->log, stats.first_seq, stats.first_seq, note_first, &first, &ignored);
        if (first.found && first.wall_ms > as_of_ms) {
            return error_set(err, STATUS_CONFLICT,
                             "the feed is as of %" PRId64 " ms, but the update log only goes back to %" PRId64 " ms",
                             as_of_ms, first.wall_ms);
        }
    }
    uint64_t since = l->log_backend->since(l->log, as_of_ms);
    *from = since > stats.first_seq ? since : stats.first_seq;
    return STATUS_OK;
}

/* Where the replay begins; refused when updates that it would need are not in the log any more. */
static enum status find_start(struct staging *s, struct error *err)
{
    uint64_t from;
    if (s->plan->base_seq > 0) {
        s->seq = s->plan->base_seq;
        return STATUS_OK;
    }
    enum status status = log_starts(s->l, s->x->uid, s->plan->as_of_ms, &from, err);
    if (status == STATUS_OK) {
        s->seq = from - 1;
    }
    return status;
}

/* ---- on the sequencer ---- */

/* The index that it is for, or a new one without a name: then nobody sees it before the swap. */
static void find_target(struct live *l, void *context)
{
    struct staging *s = context;
    bool replica = false;
    struct live_index *x =
        s->plan->uid ? live_index_of_uid(l, s->plan->uid) : live_index_find(l, s->plan->name, &replica);
    if (replica) {
        s->status = error_set(&s->error, STATUS_CONFLICT, "'" STR_FMT "' is a replica of '%s'", STR_ARG(s->plan->name),
                              x->name);
        return;
    }
    if (!x && s->plan->uid) {
        s->status = error_set(&s->error, STATUS_CONFLICT, "the index that this was built for is not there any more");
        return;
    }
    if (x && s->plan->rebuild && x->generation != s->plan->rebuild_of) {
        s->status = error_set(&s->error, STATUS_CONFLICT, "another generation was adopted meanwhile");
        return;
    }
    if (!x) {
        struct record r = {.kind = RECORD_CREATE, .text = STR("{}")};
        writer_start(l);
        r.uid = record_create(&l->writer, r.id, r.text);
        r.seq = l->seq + 1;
        s->status = writer_commit(l, &s->error);
        r.wall_ms = l->wall_ms;
        if (s->status == STATUS_OK) {
            s->status = structure_record(l, &r, &s->error);
        }
        x = s->status == STATUS_OK ? live_index_of_uid(l, r.uid) : NULL;
    }
    if (x) {
        s->x->uid = x->uid;
        s->x->created_ms = x->created_ms;
        s->generation = x->generation + 1;
        s->previous_generation = s->plan->rebuild ? x->previous_generation : x->generation;
        s->keep_ms = s->plan->rebuild ? x->keep_ms : x->generation ? x->as_of_ms : s->plan->as_of_ms;
        s->keep_ms = s->keep_ms < s->plan->as_of_ms ? s->keep_ms : s->plan->as_of_ms;
    }
}

static void drop_hidden(struct live *l, void *context)
{
    struct staging *s = context;
    struct live_index *x = s->x ? live_index_of_uid(l, s->x->uid) : NULL;
    if (x && x->name[0] == '\0') {
        writer_start(l);
        record_uid(&l->writer, RECORD_DROP, x->uid);
        (void)!writer_commit(l, NULL);
        live_index_drop(l, x);
    }
}

static bool replay_rest(struct live *l, struct replacement *r, struct error *err)
{
    struct staging *s = r->context;
    struct live_index *x = live_index_of_uid(l, s->x->uid);
    bool replica;
    if (!x) {
        (void)error_set(err, STATUS_CONFLICT, "the index was dropped meanwhile");
        return false;
    }
    if (x->name[0] == '\0' && live_index_find(l, s->plan->name, &replica)) {
        (void)error_set(err, STATUS_CONFLICT, "an index named '" STR_FMT "' was made meanwhile",
                        STR_ARG(s->plan->name));
        return false;
    }
    if (x->name[0] != '\0') {
        index_set_name(s->x, str_from(x->name)); /* it may have been moved */
    }
    if (!s->plan->rebuild) {
        writer_start(l);
        record_generation(&l->writer, s->x->uid, s->generation);
        if (writer_commit(l, err) != STATUS_OK) {
            return false;
        }
    }
    return replay_to(s, l->seq, err) == STATUS_OK;
}

/* Settings that waited for a rebuild still do, or are in force when the new generation suits them. */
static void settle_settings(struct live *l, struct staging *s, struct live_index *old)
{
    struct live_index *x = s->x;
    if (old->next_settings && !x->next_settings && !s->plan->rebuild) {
        if (settings_compare(x->settings->settings, old->next_settings->settings) == SETTINGS_REBUILD) {
            index_set_next(x, old->next_settings, old->next_task);
        } else {
            index_set_settings(x, old->next_settings);
        }
    }
    if (x->next_settings) {
        background_wake_rebuild(l);
        task_finish(l, x->uid, x->next_task - 1);
    } else {
        task_finish(l, x->uid, UINT64_MAX);
    }
}

static void release_index(void *object)
{
    index_free(object);
}

static void swap(struct live *l, void *context)
{
    struct staging *s = context;
    struct live_index *old = live_index_of_uid(l, s->x->uid);
    if (!old) {
        s->status = error_set(&s->error, STATUS_CONFLICT, "the index was dropped meanwhile");
        return;
    }
    if ((s->status = replay_to(s, l->seq, &s->error)) != STATUS_OK) {
        /* The old one stays and the next checkpoint names it again; a restart before that finds the new one and replays
         * onto it: the log has every update in both cases. */
        old->changed = true;
        return;
    }
    if (old->name[0] != '\0' && strcmp(old->name, s->x->name) != 0) {
        index_set_name(s->x, str_from(old->name));
    }
    settle_settings(l, s, old);
    struct inventory *inventory = s->x->inventory; /* the index's own outlives its generations */
    s->x->inventory = old->inventory;
    old->inventory = inventory;
    s->x->merge_number = old->merge_number + 1;
    s->x->changed = true;
    for (size_t i = 0; i < l->indexes.count; i++) {
        if (l->indexes.items[i] == old) {
            l->indexes.items[i] = s->x;
        }
    }
    index_publish(s->x, l->seq, false);
    const struct snapshot *now = &index_current(s->x)->s;
    s->outcome =
        (struct generation_outcome){s->generation, s->x->uid, now->live_docs, now->live_groups, s->replayed, now->seq};
    directory_publish(l);
    updates_scan_sales(l, s->x);
    updates_release_held(l, s->x);
    rcu_defer(release_index, old);
    if (index_delta_count(s->x) > 0) {
        background_wake_merge(l);
    }
}

static void hold_present(struct live *l, void *context)
{
    struct staging *s = context;
    struct live_index *x = live_index_of_uid(l, s->x->uid);
    s->present = x && x->name[0] != '\0' ? index_hold(x) : NULL;
}

/* What was updated last, store by store: later updates are replayed with their keys. */
static void put_gone(struct live *l, void *context)
{
    struct staging *s = context;
    struct live_index *x = live_index_of_uid(l, s->x->uid);
    const struct order_table *t = s->gone.table;
    for (size_t i = 0; x && t && i < t->capacity; i++) {
        uint64_t tag = atomic_load_explicit(&t->slots[i].tag, memory_order_relaxed);
        uint64_t key = tag ? atomic_load_explicit(&t->slots[i].key, memory_order_relaxed) : 0;
        if (tag && key > order_get(&x->inventory->keys, tag)) {
            order_put(&x->inventory->keys, tag, key);
        }
    }
}

static void carry_cells(struct staging *s)
{
    live_control(s->l, hold_present, s);
    if (s->present) {
        changes_cells_carry(&s->present->s, s->x, &s->gone);
        live_control(s->l, put_gone, s);
    }
    order_release(&s->gone);
    index_let_go(s->present);
    s->present = NULL;
}

static enum status check_gates(struct staging *s, struct error *err)
{
    struct log_stats stats;
    if (!s->plan->ask_gates) {
        return STATUS_OK;
    }
    s->l->log_backend->stats(s->l->log, &stats);
    enum status status = replay_to(s, stats.durable_seq, err); /* the few that catch_up left, settings among them */
    if (status != STATUS_OK) {
        return status;
    }
    live_control(s->l, hold_present, s);
    struct gates_input in = {.present = s->present ? &s->present->s : NULL,
                             .next = &index_current(s->x)->s,
                             .count_hits = s->l->options.count_hits};
    status = gates_check(&in, s->plan->gates, err);
    index_let_go(s->present);
    return status == STATUS_CONFLICT && !s->plan->obey_gates ? STATUS_OK : status;
}

/* ---- files ---- */

static enum status check_files(const struct generation_plan *plan, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < plan->shard_count && status == STATUS_OK; i++) {
        snprintf(path, sizeof(path), "%s/shard-%04u.aisle", plan->dir, i);
        status = shard_verify(path, OBJECTS_LOOKED_AT, err);
    }
    return status == STATUS_OK ? dir_sync(plan->dir, err) : status;
}

static void parent_of(const char *path, char *out, size_t size)
{
    snprintf(out, size, "%s", path);
    char *slash = strrchr(out, '/');
    if (slash && slash != out) {
        *slash = '\0';
    }
}

/* Durable under its new name before the manifest says it. */
static enum status move_dir(const char *from, const char *to, struct error *err)
{
    char parent[LIVE_PATH_BYTES];
    parent_of(to, parent, sizeof(parent));
    enum status status = dir_make(parent, err);
    if (status == STATUS_OK && (status = dir_remove(to, err)) == STATUS_OK) {
        status = file_rename(from, to, err);
    }
    if (status == STATUS_OK && (status = dir_sync(parent, err)) == STATUS_OK) {
        parent_of(from, parent, sizeof(parent));
        status = dir_sync(parent, err);
    }
    return status;
}

static enum status open_staged(struct staging *s, const char *dir, struct error *err)
{
    char path[LIVE_PATH_BYTES + 32];
    struct live_settings *settings = NULL;
    snprintf(path, sizeof(path), "%s/settings.json", dir);
    enum status status = load_settings(path, &settings, err);
    if (status == STATUS_OK) {
        struct load_base base = {.dir = dir,
                                 .shard_count = s->plan->shard_count,
                                 .uid = s->x ? s->x->uid : 0,
                                 .name = s->plan->name,
                                 .settings = settings};
        status = load_base(&s->x, &base, err);
    }
    if (status == STATUS_OK && s->x->damaged_count > 0) {
        status = error_set(err, STATUS_FORMAT, "'%s' has a damaged shard", dir);
    }
    if (status == STATUS_OK && s->plan->ask_gates && suggest_damaged(s->x->vocabulary->suggest)) {
        status = error_set(err, STATUS_FORMAT, "'%s/suggest.aisle': damaged or missing", dir);
    }
    shared_drop(SHARED(settings));
    return status;
}

static void take_plan(struct staging *s)
{
    s->x->generation = s->generation;
    s->x->previous_generation = s->previous_generation;
    s->x->as_of_ms = s->plan->as_of_ms;
    s->x->keep_ms = s->keep_ms;
    s->x->base_seq = s->seq;
    s->x->updated_ms = s->x->created_ms;
    index_publish(s->x, s->seq, false);
}

/* A name that was never used: an adoption that failed late may have left one that a manifest names. */
static enum status choose_dir(struct staging *s, struct error *err)
{
    for (uint32_t end = s->generation + NAMES_TRIED; s->generation < end; s->generation++) {
        live_path(s->l, s->dir, sizeof(s->dir), "index/%016" PRIx64 "/g%06u", s->x->uid, s->generation);
        if (!file_exists(s->dir)) {
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_IO, "'%s' is there, and so are the %d before it", s->dir, NAMES_TRIED - 1);
}

/* ---- at low priority: what takes long and nobody waits for, so that searches keep the processors ---- */

struct gentle {
    struct staging *s;
    enum status (*step)(struct staging *s, struct error *err);
    enum status status;
    struct error error;
};

static void *gentle_main(void *context)
{
    struct gentle *g = context;
    background_become("adopt", BACKGROUND_LOW);
    g->status = g->step(g->s, &g->error);
    return NULL;
}

static enum status gently(struct staging *s, enum status (*step)(struct staging *s, struct error *err),
                          struct error *err)
{
    struct gentle g = {.s = s, .step = step};
    pthread_t thread;
    if (pthread_create(&thread, NULL, gentle_main, &g) != 0) {
        return step(s, err);
    }
    pthread_join(thread, NULL);
    if (g.status != STATUS_OK) {
        *err = g.error;
    }
    return g.status;
}

static enum status check_and_open(struct staging *s, struct error *err)
{
    enum status status = check_files(s->plan, err);
    return status == STATUS_OK ? open_staged(s, s->plan->dir, err) : status;
}

/* What was accepted until now; what comes meanwhile is for catch_up. */
static enum status replay_first(struct staging *s, struct error *err)
{
    struct log_stats stats;
    s->l->log_backend->stats(s->l->log, &stats);
    return replay_to(s, stats.durable_seq, err);
}

static enum status run(struct staging *s, struct error *err)
{
    struct live *l = s->l;
    enum status status = gently(s, check_and_open, err);
    if (status != STATUS_OK) {
        return status;
    }
    live_control(l, find_target, s);
    if (s->status != STATUS_OK) {
        *err = s->error;
        return s->status;
    }
    if ((status = choose_dir(s, err)) != STATUS_OK || (status = generation_note(s->plan, err)) != STATUS_OK) {
        return status;
    }
    status = move_dir(s->plan->dir, s->dir, err);
    s->moved = status == STATUS_OK;
    if (status == STATUS_OK && (status = find_start(s, err)) == STATUS_OK) {
        take_plan(s);
        status = gently(s, replay_first, err);
    }
    if (status == STATUS_OK) {
        status = catch_up(s, err);
    }
    if (status == STATUS_OK) {
        carry_cells(s);
    }
    if (status == STATUS_OK) {
        status = check_gates(s, err);
    }
    if (status == STATUS_OK) {
        status = catch_up(s, err); /* what came meanwhile must not be left for the sequencer */
    }
    struct replacement r = {.staged = s->x, .ready = replay_rest, .context = s};
    if (status == STATUS_OK) {
        s->attempted = true;
        status = checkpoint_write(l, &r, err);
    }
    if (status == STATUS_OK) {
        live_control(l, swap, s);
        status = s->status;
        if (status != STATUS_OK) {
            *err = s->error;
        }
    }
    return status;
}

enum status generation_install(struct live *l, const struct generation_plan *plan, struct generation_outcome *out,
                               struct error *err)
{
    struct staging s = {.l = l, .plan = plan};
    struct error ignored;
    struct error reason = {0};
    arena_init(&s.arena, 0);
    enum status status = run(&s, &reason);
    if (status == STATUS_OK) {
        *out = s.outcome;
    } else {
        if (s.started) {
            changes_release(&s.changes);
        }
        if (s.moved && !s.attempted) {
            (void)!move_dir(s.dir, plan->dir, &ignored);
        }
        live_control(l, drop_hidden, &s);
        index_free(s.x);
        if (err) {
            *err = reason;
        }
    }
    arena_release(&s.arena);
    return status;
}
