/* A start: the newest manifest's files, then the log behind them. */
#include <inttypes.h>
#include <string.h>

#include "indexer/base/log.h"
#include "server/live/lane.h"
#include "server/live/live_internal.h"
#include "server/live/load.h"

enum { REPLAY_WHOLE = 4096, REPLAY_RECORDS = 65536 };

static enum status load_manifest(struct live *l, uint64_t *needed_seq, struct error *err)
{
    struct arena arena;
    struct manifest m = {0};
    arena_init(&arena, 0);
    enum status status = manifest_read(l->data_dir, &arena, &m, err);
    *needed_seq = status == STATUS_OK ? manifest_needed_seq(&m) : 0;
    if (status == STATUS_NOT_FOUND) {
        arena_release(&arena);
        return STATUS_OK;
    }
    l->manifest_version = m.version;
    atomic_store(&l->next_file, m.next_file);
    for (uint32_t i = 0; i < m.index_count && status == STATUS_OK; i++) {
        struct live_index *x;
        status = load_index(l, &m.indexes[i], &x, err);
        if (status != STATUS_OK) {
            error_prefix(err, "index '" STR_FMT "'", STR_ARG(m.indexes[i].name));
            break;
        }
        vec_push(&l->indexes, x);
    }
    l->seq = m.seq;
    arena_release(&arena);
    return status;
}

enum status recovery_load(struct live *l, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    uint64_t needed;
    enum status status = load_manifest(l, &needed, err);
    if (status != STATUS_OK) {
        return status;
    }
    l->checkpoint_seq = l->seq;
    live_path(l, path, sizeof(path), "log");
    struct log_options options = {.dir = path,
                                  .segment_bytes = l->options.log_segment_bytes,
                                  .applied_seq = needed,
                                  .read_only = l->options.read_only,
                                  .sync = (enum log_sync)l->options.sync,
                                  .sync_interval_ms = l->options.sync_interval_ms};
    l->log_backend = l->options.log_backend ? l->options.log_backend : &update_log_backend;
    status = l->log_backend->open(&l->log, &options, err);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < l->indexes.count; i++) {
        struct live_index *x = l->indexes.items[i];
        index_publish(x, x->applied_seq, false);
        x->uncounted = true;
    }
    return STATUS_OK;
}

struct replay {
    struct live *l;
    struct arena arena;
    uint64_t seq; /* of the last record applied */
    uint64_t count;
    uint64_t open;
    bool full;
    /* Updates of numbers, the most by far, are applied some at a time, so that the memory that finding their objects
     * needs is asked for ahead. In the arena. */
    struct record waiting[LANE_BLOCK];
    size_t waiting_count;
};

static enum status apply_object(struct replay *r, const struct record *record, struct error *err)
{
    struct live_index *x = live_index_of_uid(r->l, record->uid);
    r->seq = record->seq;
    if (!x || x->applied_seq >= record->seq || x->damaged_count > 0) {
        return STATUS_OK;
    }
    struct changes *c = group_changes(r->l, x);
    enum status status = changes_record(c, record, err);
    r->full = ++r->open >= REPLAY_RECORDS || c->whole_count >= REPLAY_WHOLE || r->full;
    return status;
}

/* Most are of one index: the others are found without help. */
static enum status apply_waiting(struct replay *r, struct error *err)
{
    struct lane_place places[LANE_BLOCK];
    size_t count = r->waiting_count;
    struct live_index *x = count > 0 ? live_index_of_uid(r->l, r->waiting[0].uid) : NULL;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        places[i].hash = hash64(r->waiting[i].id.data, r->waiting[i].id.size);
    }
    if (x && x->damaged_count == 0) {
        lane_prefetch(group_changes(r->l, x), places, count);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = apply_object(r, &r->waiting[i], err);
    }
    r->waiting_count = 0;
    return status;
}

static enum status apply_open(struct replay *r, struct error *err)
{
    enum status status = apply_waiting(r, err);
    if (status == STATUS_OK) {
        status = group_apply(r->l, r->seq, err);
    }
    r->open = 0;
    r->full = false;
    arena_reset(&r->arena);
    return status;
}

static enum status wait_for_others(struct replay *r, const struct log_record *from, struct error *err)
{
    struct log_record own = *from;
    own.payload = arena_copy(&r->arena, from->payload);
    enum status status = record_decode(&own, &r->arena, &r->waiting[r->waiting_count], err);
    r->waiting_count += status == STATUS_OK;
    if (status == STATUS_OK && r->waiting_count == LANE_BLOCK) {
        status = apply_waiting(r, err);
    }
    return status == STATUS_OK && r->full ? apply_open(r, err) : status;
}

static enum status replay_structure(struct replay *r, const struct log_record *from, struct error *err)
{
    struct live *l = r->l;
    struct record record;
    enum status status = apply_open(r, err);
    if (status == STATUS_OK) {
        status = record_decode(from, &r->arena, &record, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct live_index *x = live_index_of_uid(l, record.uid);
    r->seq = from->seq;
    l->seq = from->seq;
    return x && x->applied_seq >= record.seq ? STATUS_OK : structure_record(l, &record, err);
}

static enum status replay_record(void *context, const struct log_record *from, struct error *err)
{
    struct replay *r = context;
    struct record record;
    r->l->wall_ms = from->wall_ms;
    r->count++;
    if (from->kind == RECORD_UPDATE) {
        return wait_for_others(r, from, err);
    }
    if (record_is_structural((enum record_kind)from->kind)) {
        return replay_structure(r, from, err);
    }
    enum status status = apply_waiting(r, err);
    if (status == STATUS_OK) {
        status = record_decode(from, &r->arena, &record, err);
    }
    if (status == STATUS_OK && record.kind != RECORD_SOURCE && record.kind != RECORD_DROPPED) {
        status = apply_object(r, &record, err);
    }
    if (status == STATUS_OK) {
        r->seq = from->seq;
        status = r->full ? apply_open(r, err) : STATUS_OK;
    }
    return status;
}

/* What an interrupted copy or adoption left: indexes that never got a name. */
static void drop_hidden(struct live *l)
{
    for (size_t i = l->indexes.count; i-- > 0;) {
        if (l->indexes.items[i]->name[0] == '\0') {
            live_index_drop(l, l->indexes.items[i]);
        }
    }
}

enum status recovery_replay(struct live *l, struct error *err)
{
    struct replay r = {.l = l};
    struct log_stats stats;
    uint64_t from = UINT64_MAX;
    arena_init(&r.arena, 0);
    l->log_backend->stats(l->log, &stats);
    for (size_t i = 0; i < l->indexes.count; i++) {
        from = l->indexes.items[i]->applied_seq < from ? l->indexes.items[i]->applied_seq : from;
    }
    from = l->indexes.count ? from : l->checkpoint_seq;
    r.seq = l->seq;
    enum status status = STATUS_OK;
    if (from < stats.durable_seq) {
        load_check_rest(l);
        status = l->log_backend->read(l->log, from + 1, stats.durable_seq, replay_record, &r, err);
    }
    if (status == STATUS_OK) {
        status = apply_open(&r, err);
    }
    l->seq = stats.durable_seq;
    l->wall_ms = stats.wall_ms > l->wall_ms ? stats.wall_ms : l->wall_ms;
    l->replayed = r.count;
    arena_release(&r.arena);
    if (status == STATUS_OK) {
        drop_hidden(l);
        directory_publish(l);
    }
    return status;
}
