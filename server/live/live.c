#include "server/live/live.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "indexer/build/build_plan.h"
#include "server/live/lane.h"
#include "server/live/live_internal.h"
#include "server/live/load.h"

enum { QUEUE_OPS_MAX = 200000, LANE_ITEMS_MAX = 1000000 };
#define CHECKPOINT_BYTES (UINT64_C(64) << 20) /* some 1.2 million updates: replayed in a second */
#define CHECKPOINT_MS    30000
#define SYNC_INTERVAL_MS 1000

_Static_assert((int)LIVE_SYNC_INTERVAL == (int)LOG_SYNC_INTERVAL && (int)LIVE_SYNC_SYSTEM == (int)LOG_SYNC_SYSTEM,
               "the log's policies are the caller's");

static enum status open_directory(struct live *l, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    static const char *const FOLDERS[] = {"log", "index", "settings", "candidates"};
    enum status status = STATUS_OK;
    if (!file_exists(l->data_dir) && (!l->options.create || l->options.read_only)) {
        return error_set(err, STATUS_NOT_FOUND, "'%s' does not exist", l->data_dir);
    }
    if (l->options.read_only) {
        return STATUS_OK;
    }
    status = dir_make(l->data_dir, err);
    if (status == STATUS_OK) {
        live_path(l, path, sizeof(path), "LOCK");
        status = file_lock(&l->lock_file, path, err);
    }
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]) && status == STATUS_OK; i++) {
        live_path(l, path, sizeof(path), "%s", FOLDERS[i]);
        status = dir_make(path, err);
    }
    /* They may be there from an attempt whose power went before they were durable. */
    return status == STATUS_OK ? dir_sync(l->data_dir, err) : status;
}

/* A large index needs more: what merges can't take makes its base be built anew, which costs the work on all of it. */
static uint64_t merge_bytes(const struct live_options *options)
{
    uint64_t wanted = build_plan_memory() / 2;
    uint64_t most = options->memory_bytes / 4;
    if (options->merge_bytes > 0) {
        return options->merge_bytes;
    }
    return most > 0 && most < wanted ? most : wanted;
}

static struct live *live_new(const struct live_options *options)
{
    struct live *l = xcalloc(1, sizeof(*l));
    size_t size = strlen(options->data_dir) + 1;
    l->options = *options;
    l->data_dir = memcpy(xmalloc(size), options->data_dir, size);
    l->options.checkpoint_bytes = options->checkpoint_bytes ? options->checkpoint_bytes : CHECKPOINT_BYTES;
    l->options.checkpoint_ms = options->checkpoint_ms ? options->checkpoint_ms : CHECKPOINT_MS;
    l->options.merge_bytes = merge_bytes(options);
    atomic_store(&l->next_file, 1);
    l->lane_end = &l->lane_first;
    pthread_mutex_init(&l->queue_lock, NULL);
    pthread_cond_init(&l->queue_wake, NULL);
    pthread_cond_init(&l->control_done, NULL);
    pthread_mutex_init(&l->background_lock, NULL);
    pthread_cond_init(&l->background_wake, NULL);
    pthread_mutex_init(&l->publish_lock, NULL);
    pthread_mutex_init(&l->task_lock, NULL);
    pthread_mutex_init(&l->apply_lock, NULL);
    return l;
}

static void live_free(struct live *l)
{
    for (size_t i = 0; i < l->indexes.count; i++) {
        index_free(l->indexes.items[i]);
    }
    vec_release(&l->indexes);
    vec_release(&l->group);
    vec_release(&l->open);
    vec_release(&l->finished);
    vec_release(&l->open_updates);
    vec_release(&l->finished_updates);
    vec_release(&l->queue);
    vec_release(&l->tasks);
    log_writer_release(&l->writer);
    buf_release(&l->source);
    free(atomic_load(&l->directory));
    if (l->log) {
        l->log_backend->close(l->log);
    }
    file_close(l->lock_file);
    pthread_mutex_destroy(&l->queue_lock);
    pthread_cond_destroy(&l->queue_wake);
    pthread_cond_destroy(&l->control_done);
    pthread_mutex_destroy(&l->background_lock);
    pthread_cond_destroy(&l->background_wake);
    buf_release(&l->checkpoint_bytes);
    pthread_mutex_destroy(&l->publish_lock);
    pthread_mutex_destroy(&l->task_lock);
    pthread_mutex_destroy(&l->apply_lock);
    apply_forget(l);
    free(l->data_dir);
    free(l);
}

static bool has_sales(const struct live *l)
{
    bool found = false;
    for (size_t i = 0; i < l->indexes.count; i++) {
        found = found || lane_has_sales(l->indexes.items[i]);
    }
    return found;
}

/* Sales that began or ended while the server was down are in force before anybody asks. */
static void start_sales(struct live *l, void *context)
{
    (void)context;
    for (size_t i = 0; i < l->indexes.count; i++) {
        updates_scan_sales(l, l->indexes.items[i]);
    }
    writer_start(l);
    updates_run_sales(l);
}

enum status live_open(struct live **out, const struct live_options *options, struct error *err)
{
    uint64_t begin = clock_monotonic_ns();
    struct live *l = live_new(options);
    *out = NULL;
    enum status status = open_directory(l, err);
    if (status == STATUS_OK) {
        status = recovery_load(l, err);
    }
    if (status == STATUS_OK) {
        status = recovery_replay(l, err);
    }
    if (status != STATUS_OK) {
        rcu_barrier();
        live_free(l);
        return status;
    }
    atomic_store(&l->stat_seq, l->seq);
    atomic_store(&l->visible_seq, l->seq);
    updates_count(l);
    l->recovery_ms = (clock_monotonic_ns() - begin) / 1000000;
    if (options->read_only) {
        load_check_rest(l);
    } else {
        uint64_t lazy_ms = options->sync_interval_ms ? options->sync_interval_ms : SYNC_INTERVAL_MS;
        log_thread_start(&l->log_thread, l->log_backend, l->log, options->sync == LIVE_SYNC_INTERVAL ? lazy_ms : 0);
        sequencer_start(l);
        if (has_sales(l)) { /* waits until the sequencer has checked what is checked whole: long for large catalogs */
            live_control(l, start_sales, NULL);
        }
        background_start(l);
        memory_guard_start(l);
    }
    *out = l;
    return STATUS_OK;
}

void live_close(struct live *l)
{
    struct error err;
    if (!l) {
        return;
    }
    memory_guard_stop(l);
    background_stop(l);
    sequencer_stop(l);
    if (!l->options.read_only && l->seq > l->checkpoint_seq && checkpoint_write(l, NULL, &err) != STATUS_OK) {
        log_warn("no checkpoint could be written at the end: %s", err.message);
    }
    log_thread_stop(&l->log_thread);
    rcu_barrier();
    live_free(l);
}

/* ---- readers ---- */

static const struct directory_entry *find_entry(const struct directory *d, struct str name)
{
    size_t low = 0;
    size_t high = d ? d->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(d->entries[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return d && low < d->count && str_equal(d->entries[low].name, name) ? &d->entries[low] : NULL;
}

const struct snapshot *live_snapshot(struct live *l, struct str index)
{
    const struct directory *d = atomic_load_explicit(&l->directory, memory_order_acquire);
    const struct directory_entry *entry = find_entry(d, index);
    return entry ? &index_current(entry->index)->s : NULL;
}

enum status live_list(struct live *l, struct arena *arena, struct live_index_info **out, size_t *count)
{
    const struct directory *d = atomic_load_explicit(&l->directory, memory_order_acquire);
    size_t entries = d ? d->count : 0;
    struct live_index_info *list = ARENA_ARRAY(arena, struct live_index_info, entries + 1);
    *count = 0;
    *out = list;
    if (!list) {
        return STATUS_LIMIT;
    }
    for (size_t i = 0; i < entries; i++) {
        if (d->entries[i].replica) {
            continue;
        }
        const struct index_snapshot *box = index_current(d->entries[i].index);
        struct live_index_info *info = &list[(*count)++];
        info->name = box->s.index_name;
        info->entries = box->s.live_docs;
        info->products = box->s.live_groups;
        info->data_bytes = box->data_bytes;
        info->file_bytes = box->data_bytes;
        info->created_ms = box->created_ms;
        info->updated_ms = box->updated_ms;
        info->generation = (uint32_t)box->s.generation;
        info->pending = box->pending;
        info->no_suggestions = suggest_damaged(box->vocabulary->suggest);
        for (uint32_t k = 0; k < box->s.segment_count; k++) {
            info->deltas += box->s.segments[k].is_delta;
        }
    }
    return STATUS_OK;
}

bool live_task_published(struct live *l, uint64_t task_id)
{
    bool pending = false;
    pthread_mutex_lock(&l->task_lock);
    for (size_t i = 0; i < l->tasks.count && !pending; i++) {
        pending = l->tasks.items[i].id == task_id;
    }
    pthread_mutex_unlock(&l->task_lock);
    return !pending;
}

uint64_t live_seq(struct live *l)
{
    return atomic_load_explicit(&l->visible_seq, memory_order_acquire);
}

void live_stats(struct live *l, struct live_stats *out)
{
    struct log_stats log;
    *out = (struct live_stats){0};
    l->log_backend->stats(l->log, &log);
    out->seq = atomic_load(&l->stat_seq);
    out->log_bytes = log.bytes;
    out->log_segments = log.segments;
    out->fenced = log.fenced;
    out->ops_applied = atomic_load(&l->stat_ops);
    out->batches = atomic_load(&l->stat_batches);
    out->checkpoints = atomic_load(&l->stat_checkpoints);
    out->merges = atomic_load(&l->stat_merges);
    out->merge_bytes_max = atomic_load(&l->stat_merge_bytes_max);
    out->replayed = l->replayed;
    out->recovery_ms = l->recovery_ms;
    if (l->log_thread.started) {
        pthread_mutex_lock(&l->log_thread.lock);
        out->syncs = l->log_thread.syncs;
        out->sync_ns_total = l->log_thread.sync_ns_total;
        out->sync_ns_max = l->log_thread.sync_ns_max;
        pthread_mutex_unlock(&l->log_thread.lock);
    }
    pthread_mutex_lock(&l->queue_lock);
    out->queue_ops = l->queue_ops;
    out->updates_waiting = l->lane_items;
    out->update_lag_ns = l->lane_first ? clock_monotonic_ns() - l->lane_first->submitted_ns : 0;
    pthread_mutex_unlock(&l->queue_lock);
    for (int i = 0; i <= UPDATE_REFUSED; i++) {
        out->updates[i] = atomic_load(&l->stat_updates[i]);
    }
    out->update_batches = atomic_load(&l->stat_update_batches);
    out->update_ns_total = atomic_load(&l->stat_update_ns);
    out->update_ns_max = atomic_load(&l->stat_update_ns_max);
    out->held_updates = atomic_load(&l->stat_held);
    out->held_bytes = atomic_load(&l->stat_held_bytes);
    out->order_keys = atomic_load(&l->stat_keys);
    out->deltas = atomic_load(&l->stat_deltas);
}

/* ---- writers ---- */

enum status live_submit(struct live *l, struct live_batch *batch)
{
    if (l->options.read_only || atomic_load_explicit(&l->guard.full, memory_order_relaxed)) {
        return STATUS_BUSY;
    }
    pthread_mutex_lock(&l->queue_lock);
    bool full = l->stopping || (l->queue.count > 0 && l->queue_ops + batch->op_count > QUEUE_OPS_MAX);
    if (!full) {
        vec_push(&l->queue, batch);
        l->queue_ops += batch->op_count;
        pthread_cond_signal(&l->queue_wake);
    }
    pthread_mutex_unlock(&l->queue_lock);
    return full ? STATUS_BUSY : STATUS_OK;
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static void waiting_end(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

static void waiting_wait(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->done) {
        pthread_cond_wait(&w->wake, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}

static void wake_waiting(struct live_batch *batch)
{
    waiting_end(batch->context);
}

enum status live_submit_wait(struct live *l, struct live_batch *batch)
{
    struct waiting w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    void (*done)(struct live_batch *) = batch->done;
    void *context = batch->context;
    batch->done = wake_waiting;
    batch->context = &w;
    enum status status = live_submit(l, batch);
    if (status == STATUS_OK) {
        waiting_wait(&w);
        status = batch->status;
    }
    batch->done = done;
    batch->context = context;
    return status;
}

enum status live_update(struct live *l, struct live_updates *batch)
{
    if (l->options.read_only) {
        return STATUS_BUSY;
    }
    batch->next = NULL;
    batch->status = STATUS_OK;
    batch->seq = 0;
    batch->submitted_ns = clock_monotonic_ns();
    pthread_mutex_lock(&l->queue_lock);
    bool full = l->stopping || (l->lane_first && l->lane_items + batch->count > LANE_ITEMS_MAX);
    if (!full) {
        *l->lane_end = batch;
        l->lane_end = &batch->next;
        l->lane_items += batch->count;
        atomic_store_explicit(&l->lane_waits, true, memory_order_relaxed);
        pthread_cond_signal(&l->queue_wake);
    }
    pthread_mutex_unlock(&l->queue_lock);
    return full ? STATUS_BUSY : STATUS_OK;
}

static void wake_updates(struct live_updates *batch)
{
    waiting_end(batch->context);
}

enum status live_update_wait(struct live *l, struct live_updates *batch)
{
    struct waiting w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    batch->done = wake_updates;
    batch->context = &w;
    enum status status = live_update(l, batch);
    if (status == STATUS_OK) {
        waiting_wait(&w);
        status = batch->status;
    }
    return status;
}

enum status live_checkpoint(struct live *l, struct error *err)
{
    pthread_mutex_lock(&l->publish_lock);
    enum status status = checkpoint_write(l, NULL, err);
    pthread_mutex_unlock(&l->publish_lock);
    return status;
}
