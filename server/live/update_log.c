#include "server/live/update_log_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/hash.h"

#define SEGMENT_BYTES_DEFAULT (UINT64_C(64) << 20)
#define SYNC_INTERVAL_MS      1000

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the log is written as memory has it");

static void put_u32(char *p, uint32_t v)
{
    memcpy(p, &v, sizeof(v));
}

static void put_u64(char *p, uint64_t v)
{
    memcpy(p, &v, sizeof(v));
}

/* ---- records to be ---- */

/* Checksum, length and epoch come when the record is sealed. */
static size_t put_head(struct buf *b, uint8_t kind, uint8_t flags, uint64_t seq)
{
    size_t at = b->size;
    char *p = buf_reserve(b, LOG_RECORD_HEADER);
    if (p) {
        memset(p, 0, LOG_RECORD_HEADER);
        put_u32(p + 8, (uint32_t)LOG_MAGIC | (uint32_t)kind << 16 | (uint32_t)flags << 24);
        put_u64(p + 16, seq);
        b->size += LOG_RECORD_HEADER;
    }
    return at;
}

void log_writer_start(struct log_writer *w, uint64_t first_seq)
{
    static const char empty[LOG_BATCH_PAYLOAD];
    buf_clear(&w->bytes);
    w->first_seq = first_seq;
    w->count = 0;
    put_head(&w->bytes, LOG_BATCH, 0, first_seq);
    buf_append(&w->bytes, empty, sizeof(empty));
}

void log_writer_release(struct log_writer *w)
{
    buf_release(&w->bytes);
    w->count = 0;
}

uint64_t log_writer_begin(struct log_writer *w, uint8_t kind, uint8_t flags)
{
    uint64_t seq = w->first_seq + w->count++;
    w->record_at = put_head(&w->bytes, kind, flags, seq);
    return seq;
}

void log_writer_end(struct log_writer *w)
{
    if (!w->bytes.failed) {
        put_u32(w->bytes.data + w->record_at + 12, (uint32_t)(w->bytes.size - w->record_at - LOG_RECORD_HEADER));
    }
}

void log_writer_cancel(struct log_writer *w)
{
    w->bytes.size = w->record_at;
    w->count--;
}

/* Writes epochs and checksums: the length of each record is known, the epoch only now. */
static void seal_all(struct log_writer *w, uint32_t epoch, uint64_t durable_seq, int64_t wall_ms)
{
    char *data = w->bytes.data;
    put_u32(data + 12, LOG_BATCH_PAYLOAD);
    put_u64(data + LOG_RECORD_HEADER, durable_seq);
    put_u64(data + LOG_RECORD_HEADER + 8, (uint64_t)wall_ms);
    put_u32(data + LOG_RECORD_HEADER + 16, w->count);
    for (size_t at = 0; at < w->bytes.size;) {
        uint32_t length;
        memcpy(&length, data + at + 12, sizeof(length));
        put_u32(data + at + 24, epoch);
        put_u64(data + at, hash64(data + at + 8, LOG_RECORD_HEADER - 8 + (size_t)length));
        at += LOG_RECORD_HEADER + (size_t)length;
    }
}

/* ---- segments ---- */

void log_segment_path(const struct update_log *log, uint64_t first_seq, char *path, size_t size)
{
    snprintf(path, size, "%s/%016" PRIx64 ".log", log->dir, first_seq);
}

static void segment_header(const struct update_log *log, struct buf *out)
{
    buf_append(out, "AISLELOG", 8);
    buf_put_u32(out, 1);
    buf_put_u32(out, LOG_SEGMENT_HEADER);
    buf_put_u64(out, log->next_seq);
    buf_put_u32(out, log->epoch);
    buf_put_u32(out, 0);
    buf_put_u64(out, log->synced_seq);
    int64_t now = clock_wall_ms();
    buf_put_u64(out, (uint64_t)(now > log->wall_ms ? now : log->wall_ms));
    buf_put_u64(out, 0);
    buf_put_u64(out, hash64(out->data, out->size));
}

/* A segment that was begun in vain: its name must be gone for good before records with its numbers go elsewhere. */
static enum status remove_leftover(struct update_log *log, struct error *err)
{
    char path[LOG_PATH_BYTES];
    enum status status = STATUS_OK;
    if (log->leftover == 0) {
        return STATUS_OK;
    }
    log_segment_path(log, log->leftover, path, sizeof(path));
    if (file_exists(path)) {
        status = file_remove(path, err);
    }
    if (status == STATUS_OK && (status = dir_sync(log->dir, err)) == STATUS_OK) {
        log->leftover = 0;
    }
    return status;
}

enum status log_segment_make(struct update_log *log, struct error *err)
{
    char path[LOG_PATH_BYTES];
    struct buf header = BUF_EMPTY;
    struct file *file = NULL;
    log_segment_path(log, log->next_seq, path, sizeof(path));
    segment_header(log, &header);
    /* A file of that name can only be left over from an attempt that failed: nothing in it was ever acknowledged. */
    enum status status = file_open(&file, path, FILE_REWRITE, err);
    if (status != STATUS_OK) {
        goto out;
    }
    if ((status = file_preallocate(file, log->segment_bytes, err)) != STATUS_OK ||
        (status = file_write_at(file, 0, header.data, header.size, err)) != STATUS_OK ||
        (status = file_sync(file, err)) != STATUS_OK || (status = dir_sync(log->dir, err)) != STATUS_OK) {
        struct error ignored;
        file_close(file);
        file = NULL;
        log->leftover = log->next_seq;
        (void)!remove_leftover(log, &ignored); /* else before the next append */
        goto out;
    }
    file_close(log->file);
    log->file = file;
    file = NULL;
    log->end = LOG_SEGMENT_HEADER;
    log->dirty_tail = false;
    pthread_mutex_lock(&log->lock);
    struct log_segment segment = {log->next_seq, log->next_seq - 1, LOG_SEGMENT_HEADER, 0, log->wall_ms};
    vec_push(&log->segments, segment);
    pthread_mutex_unlock(&log->lock);
out:
    file_close(file);
    buf_release(&header);
    return status;
}

static bool is_fenced(struct update_log *log)
{
    pthread_mutex_lock(&log->lock);
    bool fenced = log->fenced;
    pthread_mutex_unlock(&log->lock);
    return fenced;
}

static void fence(struct update_log *log)
{
    pthread_mutex_lock(&log->lock);
    log->fenced = true;
    pthread_mutex_unlock(&log->lock);
}

static enum status fenced_error(struct error *err)
{
    return error_set(err, STATUS_IO, "the update log takes no writes until a restart, since a sync of it failed");
}

/* Takes back what a failed append left behind the last good record, so that the next one starts clean. */
static enum status cut_tail(struct update_log *log, struct error *err)
{
    enum status status = file_truncate(log->file, log->end, err);
    if (status == STATUS_OK) {
        log->dirty_tail = false;
        log->epoch++;
    }
    return status;
}

/* Puts everything that was written on the disk; a failure fences. */
static enum status sync_file(struct update_log *log, struct error *err)
{
    enum status status = file_sync(log->file, err);
    if (status != STATUS_OK) {
        /* The kernel may have dropped the pages and say that all is well the next time: never try again. */
        fence(log);
        error_prefix(err, "the update log takes no more writes");
        return STATUS_IO;
    }
    log->lazy = false;
    log->last_sync_ns = clock_monotonic_ns();
    pthread_mutex_lock(&log->lock);
    log->synced_seq = log->next_seq - 1;
    pthread_mutex_unlock(&log->lock);
    return STATUS_OK;
}

/* The newest segment is cut to what is in use and a new one begins. */
static enum status rotate(struct update_log *log, struct error *err)
{
    struct file *old = log->file;
    uint64_t old_end = log->end;
    struct error ignored;
    enum status status = log->lazy ? sync_file(log, err) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    log->file = NULL; /* so that making the new one leaves the old one open */
    status = log_segment_make(log, err);
    if (status != STATUS_OK) {
        log->file = old;
        return status;
    }
    /* Only returns the space: without it the bytes behind are zeros. */
    (void)!file_truncate(old, old_end, &ignored);
    file_close(old);
    return STATUS_OK;
}

static enum status append_batch(struct update_log *log, struct log_writer *records, int64_t wall_ms, struct error *err)
{
    enum status status;
    if ((status = remove_leftover(log, err)) != STATUS_OK ||
        (log->dirty_tail && (status = cut_tail(log, err)) != STATUS_OK)) {
        return status;
    }
    if (log->end + records->bytes.size > log->segment_bytes && log->end > LOG_SEGMENT_HEADER &&
        (status = rotate(log, err)) != STATUS_OK) {
        return status;
    }
    seal_all(records, log->epoch, log->synced_seq, wall_ms);
    status = file_write_at(log->file, log->end, records->bytes.data, records->bytes.size, err);
    if (status != STATUS_OK) {
        struct error ignored;
        log->dirty_tail = true;
        (void)!cut_tail(log, &ignored); /* else before the next append */
    }
    return status;
}

static enum status update_log_append(void *self, struct log_writer *records, int64_t wall_ms, struct error *err)
{
    struct update_log *log = self;
    if (is_fenced(log)) {
        return fenced_error(err);
    }
    assert(!log->read_only && !log->unsynced && records->first_seq == log->next_seq && records->count > 0);
    if (records->bytes.failed) {
        return error_set(err, STATUS_LIMIT, "a batch of %u updates does not fit into memory", records->count);
    }
    if (wall_ms < log->wall_ms) {
        wall_ms = log->wall_ms;
    }
    if (append_batch(log, records, wall_ms, err) != STATUS_OK) {
        if (is_fenced(log)) {
            return STATUS_IO;
        }
        if (err) {
            err->code = STATUS_FULL;
        }
        return STATUS_FULL;
    }
    pthread_mutex_lock(&log->lock);
    log_mark_add(log, log->next_seq, log->end, log->end == LOG_SEGMENT_HEADER);
    pthread_mutex_unlock(&log->lock);
    log->end += records->bytes.size;
    log->next_seq += records->count;
    log->unsynced = true;
    pthread_mutex_lock(&log->lock);
    log->wall_ms = wall_ms;
    log->written += records->bytes.size;
    pthread_mutex_unlock(&log->lock);
    return STATUS_OK;
}

static enum status update_log_sync(void *self, struct error *err)
{
    struct update_log *log = self;
    if (is_fenced(log)) {
        return fenced_error(err);
    }
    bool now = log->sync == LOG_SYNC_ALWAYS ||
               (log->sync == LOG_SYNC_INTERVAL && clock_monotonic_ns() - log->last_sync_ns >= log->sync_interval_ns);
    if (now && sync_file(log, err) != STATUS_OK) {
        return STATUS_IO;
    }
    log->lazy = !now;
    log->unsynced = false;
    pthread_mutex_lock(&log->lock);
    log->durable_seq = log->next_seq - 1;
    struct log_segment *last = &log->segments.items[log->segments.count - 1];
    last->last_seq = log->durable_seq;
    last->size = log->end;
    last->last_wall_ms = log->wall_ms;
    last->first_wall_ms = last->first_wall_ms ? last->first_wall_ms : log->wall_ms;
    pthread_mutex_unlock(&log->lock);
    return STATUS_OK;
}

static enum status update_log_flush(void *self, struct error *err)
{
    struct update_log *log = self;
    if (is_fenced(log)) {
        return fenced_error(err);
    }
    assert(!log->unsynced);
    return log->lazy ? sync_file(log, err) : STATUS_OK;
}

void log_mark_add(struct update_log *log, uint64_t seq, uint64_t offset, bool new_segment)
{
    const struct log_mark *last = log->marks.count ? &log->marks.items[log->marks.count - 1] : NULL;
    if (!last || new_segment || offset - last->offset >= LOG_MARK_BYTES) {
        struct log_mark mark = {seq, offset};
        vec_push(&log->marks, mark);
    }
}

/* Under the lock. */
static void drop_marks(struct update_log *log, uint64_t before_seq)
{
    size_t dropped = 0;
    while (dropped < log->marks.count && log->marks.items[dropped].seq < before_seq) {
        dropped++;
    }
    log->marks.count -= dropped;
    memmove(log->marks.items, log->marks.items + dropped, log->marks.count * sizeof(struct log_mark));
}

/* s and the one behind it. */
static bool trimmable(const struct log_segment *s, const struct log_trim *t, uint64_t bytes_without)
{
    int64_t begins_ms = s[1].first_wall_ms; /* what is left without it */
    bool unneeded = s->last_seq < t->unneeded_seq && begins_ms > 0 && begins_ms <= t->unneeded_ms;
    return s->last_seq < t->before_seq && (unneeded || bytes_without > t->keep_bytes);
}

static enum status update_log_trim(void *self, const struct log_trim *trim, struct error *err)
{
    struct update_log *log = self;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        uint64_t first = 0;
        uint64_t total = 0;
        pthread_mutex_lock(&log->lock);
        for (size_t i = 0; i < log->segments.count; i++) {
            total += log->segments.items[i].size;
        }
        const struct log_segment *oldest = log->segments.items;
        bool old = log->segments.count > 1 && trimmable(oldest, trim, total - oldest->size);
        if (old) {
            first = oldest->first_seq;
            log->segments.count--;
            memmove(log->segments.items, log->segments.items + 1, log->segments.count * sizeof(*oldest));
            drop_marks(log, log->segments.items[0].first_seq);
        }
        pthread_mutex_unlock(&log->lock);
        if (!old) {
            break;
        }
        char path[LOG_PATH_BYTES];
        log_segment_path(log, first, path, sizeof(path));
        status = file_remove(path, err);
        /* In order on the disk too: a gap between kept segments would look like damage. */
        if (status == STATUS_OK) {
            status = dir_sync(log->dir, err);
        }
    }
    return status;
}

static uint64_t update_log_since(void *self, int64_t after_ms)
{
    struct update_log *log = self;
    pthread_mutex_lock(&log->lock);
    uint64_t seq = log->durable_seq + 1;
    for (size_t i = log->segments.count; i-- > 0;) {
        const struct log_segment *s = &log->segments.items[i];
        if (s->last_wall_ms <= after_ms && s->last_seq >= s->first_seq) {
            break;
        }
        seq = s->first_seq;
    }
    pthread_mutex_unlock(&log->lock);
    return seq;
}

static void update_log_stats(void *self, struct log_stats *out)
{
    struct update_log *log = self;
    *out = (struct log_stats){0};
    pthread_mutex_lock(&log->lock);
    out->durable_seq = log->durable_seq;
    out->synced_seq = log->synced_seq;
    out->written = log->written;
    out->segments = log->segments.count;
    out->first_seq = log->segments.count ? log->segments.items[0].first_seq : log->durable_seq + 1;
    for (size_t i = 0; i < log->segments.count; i++) {
        out->bytes += log->segments.items[i].size;
    }
    out->cut_bytes = log->cut_bytes;
    out->wall_ms = log->wall_ms;
    out->fenced = log->fenced;
    pthread_mutex_unlock(&log->lock);
}

static void update_log_close(void *self)
{
    struct update_log *log = self;
    struct error ignored;
    if (!log) {
        return;
    }
    bool cut = log->dirty_tail && !log->fenced && cut_tail(log, &ignored) == STATUS_OK;
    if (cut || (log->lazy && !log->fenced)) {
        (void)!file_sync(log->file, &ignored);
    }
    file_close(log->file);
    vec_release(&log->segments);
    vec_release(&log->marks);
    pthread_mutex_destroy(&log->lock);
    free(log->dir);
    free(log);
}

static enum status update_log_read(void *self, uint64_t from_seq, uint64_t to_seq, log_visit visit, void *context,
                                   struct error *err)
{
    return log_read(self, from_seq, to_seq, visit, context, err);
}

static enum status update_log_open_any(void **out, const struct log_options *options, struct error *err)
{
    struct update_log *log;
    enum status status = update_log_open(&log, options, err);
    *out = log;
    return status;
}

const struct log_backend update_log_backend = {
    .name = "files",
    .open = update_log_open_any,
    .append = update_log_append,
    .sync = update_log_sync,
    .flush = update_log_flush,
    .read = update_log_read,
    .since = update_log_since,
    .trim = update_log_trim,
    .stats = update_log_stats,
    .close = update_log_close,
};

enum status update_log_open(struct update_log **out, const struct log_options *options, struct error *err)
{
    struct update_log *log = xcalloc(1, sizeof(*log));
    size_t size = strlen(options->dir) + 1;
    enum status status = STATUS_OK;
    log->dir = memcpy(xmalloc(size), options->dir, size);
    log->segment_bytes = options->segment_bytes ? options->segment_bytes : SEGMENT_BYTES_DEFAULT;
    log->read_only = options->read_only;
    log->any_begin = options->any_begin;
    log->sync = options->sync;
    log->sync_interval_ns = (options->sync_interval_ms ? options->sync_interval_ms : SYNC_INTERVAL_MS) * 1000000;
    log->begin_seq = options->begin_seq ? options->begin_seq : 1;
    log->last_sync_ns = clock_monotonic_ns();
    pthread_mutex_init(&log->lock, NULL);
    if (!log->read_only) {
        status = dir_make(log->dir, err);
    }
    if (status == STATUS_OK) {
        status = log_recover(log, options->applied_seq, err);
    }
    if (status != STATUS_OK) {
        update_log_close(log);
        log = NULL;
    }
    *out = log;
    return status;
}
