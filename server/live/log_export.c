#include "server/live/backup.h"

#include <string.h>

enum { EXPORT_BYTES = 1 << 20 };

struct export
{
    struct update_log *to;
    struct log_writer writer;
    int64_t wall_ms; /* of what is in the writer */
};

static enum status commit(struct export *x, struct error *err)
{
    enum status status = STATUS_OK;
    if (x->writer.count > 0) {
        uint64_t next = x->writer.first_seq + x->writer.count;
        status = update_log_backend.append(x->to, &x->writer, x->wall_ms, err);
        if (status == STATUS_OK) {
            status = update_log_backend.sync(x->to, err);
        }
        log_writer_start(&x->writer, next);
    }
    return status;
}

static enum status take(void *context, const struct log_record *record, struct error *err)
{
    struct export *x = context;
    enum status status = STATUS_OK;
    if (x->writer.count > 0 && (record->wall_ms != x->wall_ms || x->writer.bytes.size >= EXPORT_BYTES)) {
        status = commit(x, err);
    }
    x->wall_ms = record->wall_ms;
    (void)log_writer_begin(&x->writer, record->kind, record->flags);
    buf_append_str(&x->writer.bytes, record->payload);
    log_writer_end(&x->writer);
    return status;
}

enum status log_export(const struct log_backend *backend, void *log, const char *dir, uint64_t from_seq,
                       uint64_t to_seq, struct error *err)
{
    struct export x = {0};
    struct log_stats stats;
    struct log_options options = {
        .dir = dir, .begin_seq = from_seq, .applied_seq = from_seq - 1, .sync = LOG_SYNC_SYSTEM};
    enum status status = update_log_open(&x.to, &options, err);
    if (status != STATUS_OK) {
        return status;
    }
    update_log_backend.stats(x.to, &stats);
    log_writer_start(&x.writer, stats.durable_seq + 1);
    if (stats.durable_seq < to_seq) {
        status = backend->read(log, stats.durable_seq + 1, to_seq, take, &x, err);
    }
    if (status == STATUS_OK && (status = commit(&x, err)) == STATUS_OK) {
        status = update_log_backend.flush(x.to, err);
    }
    log_writer_release(&x.writer);
    update_log_backend.close(x.to);
    return status;
}
