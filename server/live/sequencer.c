/*
 * The sequencer: batches in, decided against the pending state in groups; a group is logged, and while its sync goes on
 * its deltas are built; then it is published, then acknowledged.
 */
#include <stdlib.h>
#include <time.h>

#include "indexer/base/clock.h"
#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "server/live/decide.h"
#include "server/live/live_internal.h"
#include "server/live/load.h"
#include "server/live/merge.h"
#include "server/live/roles.h"

enum {
    GROUP_RECORDS = 16384,
    GROUP_BYTES = 8 << 20,
    GROUP_WHOLE = 4096, /* objects written anew */
    SALE_LOOK_MS = 500,
    CHECK_AFTER_MS = 500,  /* of the start */
    MERGE_DELTAS = 5,      /* from so many deltas on, merging is looked at */
    FULL_DELTAS = 4,       /* that can't be merged any more, when the base is built anew with them */
    MERGE_WAIT_MS = 10000, /* how long writers wait for it at most: it may fail */
    REBUILD_DOCS = 50000,  /* documents outside the base, or dead in it, that may make it be built anew */
    REBUILD_SHARE = 3      /* when they are this part of it: a changed object then costs the work on three */
};

/* ---- groups ---- */

void writer_start(struct live *l)
{
    log_writer_start(&l->writer, l->seq + 1);
}

void writer_source(struct live *l, struct str source)
{
    uint64_t next = l->writer.first_seq + l->writer.count;
    if (l->source_seq > 0 && next - l->source_seq < RECORD_SOURCE_EACH && str_equal(buf_str(&l->source), source)) {
        return;
    }
    if (l->source_seq == 0 && source.size == 0) {
        return; /* nobody said who it is */
    }
    buf_clear(&l->source);
    buf_append_str(&l->source, source);
    l->source_seq = record_source(&l->writer, source);
}

struct changes *group_changes(struct live *l, struct live_index *x)
{
    for (size_t i = 0; i < l->group.count; i++) {
        if (l->group.items[i]->index == x) {
            return &l->group.items[i]->changes;
        }
    }
    struct group_index *g = xcalloc(1, sizeof(*g));
    g->index = x;
    changes_init(&g->changes, x);
    vec_push(&l->group, g);
    return &g->changes;
}

/* What was published is kept already. */
static void group_release(struct live *l)
{
    for (size_t i = 0; i < l->group.count; i++) {
        streams_undo(&l->group.items[i]->index->inventory->streams);
        changes_release(&l->group.items[i]->changes);
        free(l->group.items[i]);
    }
    l->group.count = 0;
}

static int64_t next_wall_ms(struct live *l)
{
    int64_t now = clock_wall_ms();
    l->wall_ms = now > l->wall_ms ? now : l->wall_ms;
    return l->wall_ms;
}

enum status writer_commit(struct live *l, struct error *err)
{
    log_thread_commit(&l->log_thread, &l->writer, next_wall_ms(l));
    enum status status = log_thread_wait(&l->log_thread, err);
    if (status == STATUS_OK) {
        l->seq += l->writer.count;
        atomic_store_explicit(&l->stat_seq, l->seq, memory_order_relaxed);
    } else {
        l->source_seq = 0;
    }
    return status;
}

static enum status group_build(struct live *l, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < l->group.count && status == STATUS_OK; i++) {
        status = changes_build(&l->group.items[i]->changes, err);
    }
    return status;
}

/* Deletes are reclaimed, and what lies in deltas is clustered, by building the base anew: when that is a good part. An
 * object that is written anew is dead in the base and lives behind it, which counts once. */
static bool wants_rebuild(const struct live *l, const struct live_index *x)
{
    uint64_t base = 0;
    uint64_t dead = 0;   /* in the base */
    uint64_t behind = 0; /* in deltas */
    uint32_t full = 0;
    for (size_t i = 0; i < x->segments.count; i++) {
        const struct index_segment *g = &x->segments.items[i];
        uint32_t docs = shard_doc_count(g->segment->shard);
        base += g->segment->is_delta ? 0 : docs;
        dead += g->segment->is_delta ? 0 : g->deleted_docs;
        behind += g->segment->is_delta ? docs - g->deleted_docs : 0;
        full += merge_is_full(l, g);
    }
    uint64_t stray = dead > behind ? dead : behind;
    bool much = stray > REBUILD_DOCS && stray > base / REBUILD_SHARE;
    return (much || full >= FULL_DELTAS) && !x->next_settings && x->damaged_count == 0 && x->name[0] != '\0';
}

static void group_publish(struct live *l)
{
    uint64_t deltas = 0;
    for (size_t i = 0; i < l->group.count; i++) {
        struct group_index *g = l->group.items[i];
        if (!changes_empty(&g->changes)) {
            changes_publish(&g->changes, l->seq, l->wall_ms);
        } else {
            streams_keep(&g->index->inventory->streams);
        }
        if (index_delta_count(g->index) >= MERGE_DELTAS) {
            background_wake_merge(l);
        }
        if (l->sequencer_started && wants_rebuild(l, g->index)) {
            index_set_next(g->index, g->index->settings, l->seq);
            background_wake_rebuild(l);
        }
    }
    updates_count(l); /* what was held may have been decided */
    for (size_t i = 0; i < l->indexes.count; i++) {
        deltas += index_delta_count(l->indexes.items[i]);
    }
    atomic_store_explicit(&l->stat_deltas, deltas, memory_order_relaxed);
}

enum status group_apply(struct live *l, uint64_t seq, struct error *err)
{
    enum status status = group_build(l, err);
    if (status == STATUS_OK) {
        l->seq = seq;
        group_publish(l);
    }
    group_release(l);
    return status;
}

enum status group_commit(struct live *l, struct error *err)
{
    enum status status = STATUS_OK;
    if (l->writer.count > 0) {
        struct error build_error = {0};
        log_thread_commit(&l->log_thread, &l->writer, next_wall_ms(l));
        enum status built = group_build(l, &build_error);
        status = log_thread_wait(&l->log_thread, err);
        l->source_seq = status == STATUS_OK ? l->source_seq : 0;
        if (status == STATUS_OK) {
            l->seq += l->writer.count;
            atomic_store_explicit(&l->stat_seq, l->seq, memory_order_relaxed);
            if (built == STATUS_OK) {
                group_publish(l);
            } else {
                log_error("updates up to %llu are logged, but can't be shown: %s", (unsigned long long)l->seq,
                          build_error.message);
                status = error_set(err, built, "%s", build_error.message);
            }
        }
    }
    if (status == STATUS_OK && l->writer.count == 0) {
        for (size_t i = 0; i < l->group.count; i++) {
            streams_keep(&l->group.items[i]->index->inventory->streams);
        }
    }
    group_release(l);
    return status;
}

/* The group's outcome becomes that of its operations; batches that end with it are acknowledged. */
void group_finish(struct live *l)
{
    struct error error = {0};
    uint64_t records = l->writer.count;
    enum status status = group_commit(l, &error);
    for (size_t i = 0; i < l->open.count; i++) {
        struct open_ops *o = &l->open.items[i];
        if (status == STATUS_OK) {
            o->batch->seq = l->seq;
            continue;
        }
        o->batch->status = status;
        o->batch->error = error;
        for (size_t k = o->from; k < o->to; k++) {
            if (o->batch->ops[k].status == STATUS_OK) {
                op_fail(&o->batch->ops[k], status, "%s", error.message);
            }
        }
    }
    l->open.count = 0;
    if (status == STATUS_OK) {
        atomic_store_explicit(&l->visible_seq, l->seq, memory_order_release);
    }
    updates_finish(l, status, &error);
    atomic_fetch_add_explicit(&l->stat_ops, status == STATUS_OK ? records : 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&l->stat_batches, l->finished.count, memory_order_relaxed);
    for (size_t i = 0; i < l->finished.count; i++) {
        struct live_batch *batch = l->finished.items[i];
        batch->task_id = batch->task_id ? batch->task_id : batch->seq;
        batch->done(batch); /* it may be gone now */
    }
    l->finished.count = 0;
    writer_start(l);
}

bool group_full(const struct live *l)
{
    size_t whole = 0;
    for (size_t i = 0; i < l->group.count; i++) {
        whole += l->group.items[i]->changes.whole_count;
    }
    return l->writer.count >= GROUP_RECORDS || l->writer.bytes.size >= GROUP_BYTES || whole >= GROUP_WHOLE;
}

static struct control *take_controls(struct live *l)
{
    pthread_mutex_lock(&l->queue_lock);
    struct control *controls = l->controls;
    l->controls = NULL;
    pthread_mutex_unlock(&l->queue_lock);
    return controls;
}

static void run_controls(struct live *l, struct control *list)
{
    while (list) {
        struct control *next = list->next;
        list->run(l, list->context);
        pthread_mutex_lock(&l->queue_lock);
        list->done = true;
        pthread_cond_broadcast(&l->control_done);
        pthread_mutex_unlock(&l->queue_lock);
        list = next;
    }
}

/* ---- deltas must stay few ---- */

static bool too_many_deltas(const struct live *l)
{
    for (size_t i = 0; i < l->indexes.count; i++) {
        if (l->indexes.items[i]->damaged_count == 0 && index_delta_count(l->indexes.items[i]) >= LIMIT_DELTAS) {
            return true;
        }
    }
    return false;
}

/* Between two groups: writes of objects wait until the deltas are few enough; the lane and whoever asks the sequencer
 * for something, merges among them, go on. */
static void wait_for_merges(struct live *l)
{
    uint64_t end = clock_monotonic_ns() + MERGE_WAIT_MS * UINT64_C(1000000);
    while (too_many_deltas(l) && !background_is_stopping(l) && clock_monotonic_ns() < end) {
        struct timespec until;
        background_wake_urgent(l);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 10 * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_mutex_lock(&l->queue_lock);
        if (!l->controls && !l->lane_first) {
            pthread_cond_timedwait(&l->queue_wake, &l->queue_lock, &until);
        }
        struct control *controls = l->controls;
        l->controls = NULL;
        pthread_mutex_unlock(&l->queue_lock);
        run_controls(l, controls);
        writer_start(l);
        updates_run(l);
    }
}

/* ---- batches ---- */

static void open_add(struct live *l, struct live_batch *batch, size_t at)
{
    struct open_ops *last = l->open.count ? &l->open.items[l->open.count - 1] : NULL;
    if (last && last->batch == batch) {
        last->to = at + 1;
        return;
    }
    struct open_ops added = {batch, at, at + 1};
    vec_push(&l->open, added);
}

/* The index that an operation on an object goes to, made when it must be. NULL: the operation failed. */
static struct live_index *target_of(struct live *l, struct live_batch *batch, struct live_op *op)
{
    bool replica;
    struct error err = {0};
    struct live_index *x = live_index_find(l, op->index, &replica);
    if (x && replica) {
        op_fail(op, STATUS_INPUT, "index '" STR_FMT "' is a replica; write to '%s'", STR_ARG(op->index), x->name);
        return NULL;
    }
    if (x && x->damaged_count > 0) {
        op_fail(op, STATUS_IO, "index '%s' has damaged files and takes no writes until it is rebuilt", x->name);
        return NULL;
    }
    if (x) {
        return x;
    }
    if (op->kind == LIVE_DELETE || (op->kind == LIVE_PARTIAL && !op->create_missing)) {
        op_fail(op, STATUS_NOT_FOUND, "index '" STR_FMT "' does not exist", STR_ARG(op->index));
        return NULL;
    }
    if (!index_name_valid(op->index)) {
        op_fail(op, STATUS_INPUT, "an index name has 1 to %d bytes, without '/' and control characters",
                LIMIT_INDEX_NAME_BYTES);
        return NULL;
    }
    group_finish(l);
    enum status status = structure_make_index(l, op->index, &x, &err);
    writer_start(l);
    if (status != STATUS_OK) {
        op_fail(op, status, "%s", err.message);
        batch->status = status;
        batch->error = err;
    }
    return x;
}

/* The first objects of an index whose settings name no roles give it some, before they are indexed. */
static void recognise_roles(struct live *l, struct live_batch *batch, size_t at, struct live_index *x)
{
    struct json roles;
    struct arena arena;
    struct error err;
    for (size_t i = 0; i < l->group.count; i++) {
        if (l->group.items[i]->index == x) {
            return; /* these are not the first */
        }
    }
    if (x->next_settings || json_get(&x->settings->settings->source, "roles")) {
        return;
    }
    arena_init(&arena, 0);
    if (roles_recognise(batch, at, batch->ops[at].index, &arena, &roles)) {
        group_finish(l);
        if (structure_add_setting(l, x, STR("roles"), &roles, &err) != STATUS_OK) {
            log_warn("the roles of '%s' could not be noted: %s", x->name, err.message);
        }
        writer_start(l);
    }
    arena_release(&arena);
}

static void run_structural(struct live *l, struct live_batch *batch, struct live_op *op)
{
    struct error err = {0};
    enum status status = STATUS_OK;
    group_finish(l);
    op->status = STATUS_OK;
    writer_source(l, batch->source);
    if (l->writer.count > 0) { /* what follows has groups of its own */
        status = writer_commit(l, &err);
    }
    if (status == STATUS_OK) {
        status = structure_execute(l, batch, op, &err);
    }
    if (status != STATUS_OK) {
        batch->status = status;
        batch->error = err;
        if (op->status == STATUS_OK) {
            op_fail(op, status, "%s", err.message);
        }
    }
    batch->seq = l->seq;
    writer_start(l);
    atomic_store_explicit(&l->visible_seq, l->seq, memory_order_release);
}

static void run_batch(struct live *l, struct live_batch *batch)
{
    batch->status = STATUS_OK;
    batch->seq = l->seq;
    batch->task_id = 0;
    for (size_t i = 0; i < batch->op_count; i++) {
        struct live_op *op = &batch->ops[i];
        op->status = STATUS_OK;
        op->message[0] = '\0';
        op->created = false;
        op->found = false;
        op->rebuilding = false;
        if (op_is_structural(op)) {
            run_structural(l, batch, op);
            continue;
        }
        if (l->writer.count == 0 && l->group.count == 0) {
            wait_for_merges(l);
        }
        struct live_index *x = target_of(l, batch, op);
        if (!x) {
            continue;
        }
        if (x->segments.count == 0 && op->kind == LIVE_PUT) {
            recognise_roles(l, batch, i, x);
        }
        writer_source(l, batch->source);
        decide_object(group_changes(l, x), &l->writer, batch, op);
        open_add(l, batch, i);
        if (group_full(l) || updates_due(l)) {
            group_finish(l);
            updates_run(l);
        }
    }
    vec_push(&l->finished, batch);
}

/* ---- the thread ---- */

static void wait_for_company(struct live *l)
{
    if (l->options.commit_delay_us > 0) {
        struct timespec delay = {(time_t)(l->options.commit_delay_us / 1000000),
                                 (long)(l->options.commit_delay_us % 1000000) * 1000};
        nanosleep(&delay, NULL);
    }
}

static struct timespec time_after(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* Under queue_lock. True when a sale begins or ends; the wall clock may jump, so it is looked at again and again. */
static bool wait_for_work(struct live *l)
{
    int64_t next = updates_next_sale(l);
    if (next == INT64_MAX) {
        pthread_cond_wait(&l->queue_wake, &l->queue_lock);
        return false;
    }
    int64_t now = clock_wall_ms();
    if (next > now) {
        struct timespec until = time_after(next - now < SALE_LOOK_MS ? next - now : SALE_LOOK_MS);
        pthread_cond_timedwait(&l->queue_wake, &l->queue_lock, &until);
    }
    return next <= clock_wall_ms();
}

/* What a start left for later is checked before the first write, and soon; but not beside the first searches. */
static void check_what_was_left(struct live *l)
{
    struct timespec until = time_after(CHECK_AFTER_MS);
    int outcome = 0;
    pthread_mutex_lock(&l->queue_lock);
    while (l->queue.count == 0 && !l->lane_first && !l->controls && !l->stopping && outcome == 0) {
        outcome = pthread_cond_timedwait(&l->queue_wake, &l->queue_lock, &until);
    }
    pthread_mutex_unlock(&l->queue_lock);
    load_check_rest(l);
}

static void *sequencer_main(void *context)
{
    struct live *l = context;
    VEC(struct live_batch *) taken = {0};
    pthread_setname_np(pthread_self(), "sequencer");
    check_what_was_left(l);
    for (;;) {
        pthread_mutex_lock(&l->queue_lock);
        bool due = false;
        while (l->queue.count == 0 && !l->lane_first && !l->controls && !l->stopping && !due) {
            due = wait_for_work(l);
        }
        bool stop = l->stopping && l->queue.count == 0 && !l->lane_first && !l->controls;
        bool batches = l->queue.count > 0 || l->lane_first;
        pthread_mutex_unlock(&l->queue_lock);
        if (stop) {
            break;
        }
        if (batches) {
            wait_for_company(l);
        }
        pthread_mutex_lock(&l->queue_lock);
        struct control *controls = l->controls;
        l->controls = NULL;
        taken.count = 0;
        for (size_t i = 0; i < l->queue.count; i++) {
            vec_push(&taken, l->queue.items[i]);
        }
        l->queue.count = 0;
        l->queue_ops = 0;
        pthread_mutex_unlock(&l->queue_lock);
        run_controls(l, controls);
        writer_start(l);
        updates_run_sales(l);
        updates_run(l);
        for (size_t i = 0; i < taken.count; i++) {
            run_batch(l, taken.items[i]);
            if ((controls = take_controls(l)) != NULL) {
                group_finish(l);
                run_controls(l, controls);
                writer_start(l);
            }
        }
        group_finish(l);
    }
    vec_release(&taken);
    return NULL;
}

void live_control(struct live *l, void (*run)(struct live *l, void *context), void *context)
{
    struct control control = {run, context, false, NULL};
    if (!l->sequencer_started) {
        run(l, context);
        return;
    }
    pthread_mutex_lock(&l->queue_lock);
    struct control **tail = &l->controls;
    while (*tail) {
        tail = &(*tail)->next;
    }
    *tail = &control;
    pthread_cond_broadcast(&l->queue_wake);
    while (!control.done) {
        pthread_cond_wait(&l->control_done, &l->queue_lock);
    }
    pthread_mutex_unlock(&l->queue_lock);
}

void sequencer_start(struct live *l)
{
    if (pthread_create(&l->sequencer, NULL, sequencer_main, l) != 0) {
        fatal("cannot start the sequencer's thread");
    }
    l->sequencer_started = true;
}

void sequencer_stop(struct live *l)
{
    if (!l->sequencer_started) {
        return;
    }
    pthread_mutex_lock(&l->queue_lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->queue_wake);
    pthread_mutex_unlock(&l->queue_lock);
    pthread_join(l->sequencer, NULL);
    l->sequencer_started = false;
    vec_release(&l->group);
    vec_release(&l->open);
    vec_release(&l->finished);
}
