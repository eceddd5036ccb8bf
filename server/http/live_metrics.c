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
    metrics_value(out, "aisle_merge_bytes_max", "gauge", "The most memory that a delta merge worked with, estimated.",
                  (double)s.merge_bytes_max);
    metrics_value(out, "aisle_deltas", "gauge", "Delta shards.", (double)s.deltas);
    metrics_value(out, "aisle_recovery_seconds", "gauge", "Time of the last recovery.", (double)s.recovery_ms / 1e3);
    metrics_value(out, "aisle_recovery_records", "gauge", "Log records replayed by it.", (double)s.replayed);
}

static void fill_updates(struct live *live, struct buf *out)
{
    static const char *const NAMES[][2] = {
        {"aisle_inventory_applied_total", "Updates of the inventory lane that were applied."},
        {"aisle_inventory_dropped_total", "Those whose keys were not newer."},
        {"aisle_inventory_duplicate_total", "Those that an earlier request with their Idempotency-Key had done."},
        {"aisle_inventory_held_total", "Those that were held for products to come."},
        {"aisle_inventory_refused_total", "Those that were refused."},
    };
    struct live_stats s = {0};
    live_stats(live, &s);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        metrics_value(out, NAMES[i][0], "counter", NAMES[i][1], (double)s.updates[i]);
    }
    metrics_value(out, "aisle_inventory_waiting", "gauge", "Updates that wait for the sequencer.",
                  (double)s.updates_waiting);
    metrics_value(out, "aisle_inventory_lag_seconds", "gauge", "How long the oldest of them has waited.",
                  (double)s.update_lag_ns / 1e9);
    metrics_value(out, "aisle_inventory_batches_total", "counter", "Batches of updates acknowledged.",
                  (double)s.update_batches);
    metrics_value(out, "aisle_inventory_batch_seconds_total", "counter",
                  "Time from the submission of batches to their acknowledgement.", (double)s.update_ns_total / 1e9);
    metrics_value(out, "aisle_inventory_batch_seconds_max", "gauge", "The longest of them.",
                  (double)s.update_ns_max / 1e9);
    metrics_value(out, "aisle_held_updates", "gauge", "Updates that are held now.", (double)s.held_updates);
    metrics_value(out, "aisle_held_bytes", "gauge", "Their memory.", (double)s.held_bytes);
    metrics_value(out, "aisle_order_keys", "gauge", "Order keys that are kept.", (double)s.order_keys);
}

static void fill_indexes(struct live *live, struct buf *out)
{
    struct arena arena;
    struct live_index_info *indexes = NULL;
    size_t count = 0;
    uint64_t entries = 0;
    uint64_t products = 0;
    uint64_t without = 0;
    arena_init(&arena, 16 << 20);
    if (live_list(live, &arena, &indexes, &count) == STATUS_OK) {
        for (size_t i = 0; i < count; i++) {
            entries += indexes[i].entries;
            products += indexes[i].products;
            without += indexes[i].no_suggestions;
        }
        metrics_value(out, "aisle_indexes", "gauge", "Indexes.", (double)count);
        metrics_value(out, "aisle_objects", "gauge", "Live objects in all indexes.", (double)entries);
        metrics_value(out, "aisle_products", "gauge", "Live products in all indexes.", (double)products);
        metrics_value(out, "aisle_indexes_suggestions_damaged", "gauge",
                      "Indexes whose file of suggestions is damaged or gone.", (double)without);
    }
    arena_release(&arena);
}

static void memory_row(struct buf *out, const char *name, const char *part, uint64_t bytes)
{
    buf_printf(out, "%s{part=\"%s\"} %llu\n", name, part, (unsigned long long)bytes);
}

/* By part: the shards' first, then what is not in them. */
static void fill_parts(const struct live_memory *m, bool resident, struct buf *out)
{
    const char *name = resident ? "aisle_memory_part_resident_bytes" : "aisle_memory_part_bytes";
    const uint64_t *bytes = resident ? m->shards.resident : m->shards.bytes;
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name,
               resident ? "Of these, in memory." : "Index data by part, in files that are mapped or in the heap.",
               name);
    for (int i = 0; i < MEMORY_PARTS; i++) {
        memory_row(out, name, shard_memory_name((enum shard_memory_part)i), bytes[i]);
    }
    memory_row(out, name, "suggestions", resident ? m->suggest_resident : m->suggest_bytes);
}

static void fill_memory(struct live *live, struct buf *out)
{
    struct live_memory m;
    live_memory(live, &m);
    fill_parts(&m, false, out);
    fill_parts(&m, true, out);
    metrics_value(out, "aisle_memory_resident_bytes", "gauge", "Resident memory of the process.",
                  (double)m.resident_bytes);
    metrics_value(out, "aisle_memory_file_bytes", "gauge", "Of it, pages of mapped files.", (double)m.file_bytes);
    metrics_value(out, "aisle_memory_anonymous_bytes", "gauge", "Of it, heap, stacks and changed columns.",
                  (double)m.anonymous_bytes);
    metrics_value(out, "aisle_memory_heap_bytes", "gauge", "Allocated memory of the heap.", (double)m.heap_bytes);
    metrics_value(out, "aisle_memory_ceiling_bytes", "gauge", "What --memory allows, 0 for no ceiling.",
                  (double)m.ceiling_bytes);
    metrics_value(out, "aisle_memory_releases_total", "counter", "Times that mapped pages were given back.",
                  (double)m.released);
}

static void fill(void *context, struct buf *out)
{
    struct server *server = context;
    if (atomic_load_explicit(&server->ready, memory_order_acquire)) {
        fill_log(server->live, out);
        fill_updates(server->live, out);
        fill_indexes(server->live, out);
        fill_memory(server->live, out);
    }
}

void live_metrics_add(struct server *server)
{
    metrics_source(server->metrics, fill, server);
}
