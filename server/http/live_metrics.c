#include "server/http/live_metrics.h"

#include "server/http/server.h"
#include "server/live/live.h"

static void fill_log(struct live *live, struct buf *out)
{
    struct live_stats s = {0};
    live_stats(live, &s);
    metrics_value(out, "aisle_log_sequence", "counter", "Last acknowledged sequence number.", (double)s.seq);
    metrics_value(out, "aisle_log_bytes", "gauge", "Bytes of log segments on disk.", (double)s.log_bytes);
    metrics_value(out, "aisle_log_segments", "gauge", "Log segments on disk.", (double)s.log_segments);
    metrics_value(out, "aisle_log_syncs_total", "counter", "Group commits.", (double)s.syncs);
    metrics_value(out, "aisle_log_sync_seconds_total", "counter", "Time spent in syncs.",
                  (double)s.sync_ns_total / 1e9);
    metrics_value(out, "aisle_log_sync_seconds_max", "gauge", "The longest sync.", (double)s.sync_ns_max / 1e9);
    metrics_value(out, "aisle_log_fenced", "gauge", "1 after a failed sync: no writes until a restart.",
                  s.fenced ? 1 : 0);
    metrics_value(out, "aisle_updates_total", "counter", "Operations applied.", (double)s.ops_applied);
    metrics_value(out, "aisle_update_batches_total", "counter", "Batches applied.", (double)s.batches);
    metrics_value(out, "aisle_updates_waiting", "gauge", "Operations that wait for the sequencer.",
                  (double)s.queue_ops);
    metrics_value(out, "aisle_checkpoints_total", "counter", "Checkpoints written.", (double)s.checkpoints);
    metrics_value(out, "aisle_merges_total", "counter", "Delta merges.", (double)s.merges);
    metrics_value(out, "aisle_deltas", "gauge", "Delta shards.", (double)s.deltas);
    metrics_value(out, "aisle_recovery_seconds", "gauge", "Time of the last recovery.", (double)s.recovery_ms / 1e3);
    metrics_value(out, "aisle_recovery_records", "gauge", "Log records replayed by it.", (double)s.replayed);
}

static void fill_indexes(struct live *live, struct buf *out)
{
    struct arena arena;
    struct live_index_info *indexes = NULL;
    size_t count = 0;
    uint64_t entries = 0;
    uint64_t products = 0;
    arena_init(&arena, 16 << 20);
    if (live_list(live, &arena, &indexes, &count) == STATUS_OK) {
        for (size_t i = 0; i < count; i++) {
            entries += indexes[i].entries;
            products += indexes[i].products;
        }
        metrics_value(out, "aisle_indexes", "gauge", "Indexes.", (double)count);
        metrics_value(out, "aisle_objects", "gauge", "Live objects in all indexes.", (double)entries);
        metrics_value(out, "aisle_products", "gauge", "Live products in all indexes.", (double)products);
    }
    arena_release(&arena);
}

static void fill(void *context, struct buf *out)
{
    struct server *server = context;
    if (atomic_load_explicit(&server->ready, memory_order_acquire)) {
        fill_log(server->live, out);
        fill_indexes(server->live, out);
    }
}

void live_metrics_add(struct server *server)
{
    metrics_source(server->metrics, fill, server);
}
