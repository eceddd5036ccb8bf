/* A start: the newest manifest's files, then the log behind them. */
#include <inttypes.h>
#include <string.h>

#include "indexer/base/log.h"
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
    uint64_t seq; /* of the last record read */
    uint64_t count;
    uint64_t open;
};

static enum status apply_open(struct replay *r, struct error *err)
{
    enum status status = group_apply(r->l, r->seq, err);
    r->open = 0;
    arena_reset(&r->arena);
    return status;
}

static enum status replay_record(void *context, const struct log_record *from, struct error *err)
{
    struct replay *r = context;
    struct live *l = r->l;
    struct record record;
    enum status status = record_decode(from, &r->arena, &record, err);
    if (status != STATUS_OK) {
        return status;
    }
    l->wall_ms = from->wall_ms;
    r->count++;
    if (record.kind == RECORD_SOURCE || record.kind == RECORD_DROPPED) {
        r->seq = from->seq;
        return STATUS_OK;
    }
    if (record_is_structural(record.kind)) {
        status = apply_open(r, err);
        /* apply_open let go of the arena. */
        if (status == STATUS_OK) {
            status = record_decode(from, &r->arena, &record, err);
        }
        struct live_index *x = live_index_of_uid(l, record.uid);
        r->seq = from->seq;
        l->seq = from->seq;
        if (status != STATUS_OK || (x && x->applied_seq >= record.seq)) {
            return status;
        }
        return structure_record(l, &record, err);
    }
    struct live_index *x = live_index_of_uid(l, record.uid);
    r->seq = from->seq;
    if (!x || x->applied_seq >= record.seq || x->damaged_count > 0) {
        return STATUS_OK;
    }
    struct changes *c = group_changes(l, x);
    status = changes_record(c, &record, err);
    if (status == STATUS_OK && (++r->open >= REPLAY_RECORDS || c->whole_count >= REPLAY_WHOLE)) {
        status = apply_open(r, err);
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
