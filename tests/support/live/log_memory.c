#include "tests/support/live/log_memory.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/vec.h"

enum { SEGMENT_RECORDS = 16 }; /* trimming goes by so many */

struct kept {
    struct log_record record; /* its payload is owned */
};

static struct {
    pthread_mutex_t lock;
    VEC(struct kept) records;
    uint64_t first_seq;
    uint64_t next_seq;    /* behind what was appended */
    uint64_t counted_seq; /* the last that counts */
    uint64_t synced_seq;
    uint64_t written;
    int64_t wall_ms;
    enum log_sync sync;
    bool opened;
    bool fenced;
    bool fail_append, fail_sync;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER, .first_seq = 1, .next_seq = 1};

static void drop_behind(uint64_t seq)
{
    while (store.records.count > 0 && store.records.items[store.records.count - 1].record.seq > seq) {
        free((void *)(uintptr_t)store.records.items[--store.records.count].record.payload.data);
    }
    store.next_seq = seq + 1;
}

void log_memory_reset(void)
{
    drop_behind(0);
    vec_release(&store.records);
    store.first_seq = 1;
    store.counted_seq = store.synced_seq = store.written = 0;
    store.wall_ms = 0;
    store.opened = store.fenced = store.fail_append = store.fail_sync = false;
}

void log_memory_restart(bool power_cut)
{
    drop_behind(power_cut ? store.synced_seq : store.next_seq - 1);
    store.counted_seq = store.synced_seq = store.next_seq - 1;
    store.opened = store.fenced = store.fail_append = store.fail_sync = false;
}

void log_memory_fail_append(bool fail)
{
    store.fail_append = fail;
}

void log_memory_fail_sync(bool fail)
{
    store.fail_sync = fail;
}

static enum status memory_open(void **log, const struct log_options *options, struct error *err)
{
    *log = NULL;
    assert(!store.opened);
    if (store.records.count == 0 && store.next_seq == 1 && options->begin_seq > 1) {
        store.first_seq = store.next_seq = options->begin_seq;
        store.counted_seq = store.synced_seq = options->begin_seq - 1;
    }
    if (store.counted_seq < options->applied_seq || store.first_seq > options->applied_seq + 1) {
        return error_set(err, STATUS_FORMAT, "the log holds %" PRIu64 " to %" PRIu64 ", but %" PRIu64 " is applied",
                         store.first_seq, store.counted_seq, options->applied_seq);
    }
    store.sync = options->sync;
    store.opened = true;
    *log = &store;
    return STATUS_OK;
}

static enum status refuse_when_fenced(struct error *err)
{
    return store.fenced ? error_set(err, STATUS_IO, "the log is fenced") : STATUS_OK;
}

/* The records of a writer, behind the batch's own. */
static void keep_all(const struct log_writer *w, int64_t wall_ms)
{
    for (size_t at = LOG_RECORD_HEADER + LOG_BATCH_PAYLOAD; at < w->bytes.size;) {
        const char *p = w->bytes.data + at;
        uint32_t length;
        struct kept k = {.record = {.kind = (uint8_t)p[10], .flags = (uint8_t)p[11], .wall_ms = wall_ms}};
        memcpy(&length, p + 12, sizeof(length));
        memcpy(&k.record.seq, p + 16, sizeof(k.record.seq));
        char *copy = xmalloc(length + 1);
        memcpy(copy, p + LOG_RECORD_HEADER, length);
        k.record.payload = (struct str){copy, length};
        vec_push(&store.records, k);
        at += LOG_RECORD_HEADER + (size_t)length;
    }
}

static enum status memory_append(void *log, struct log_writer *records, int64_t wall_ms, struct error *err)
{
    (void)log;
    pthread_mutex_lock(&store.lock);
    enum status status = refuse_when_fenced(err);
    assert(status != STATUS_OK || (records->first_seq == store.next_seq && records->count > 0));
    if (status == STATUS_OK && store.fail_append) {
        status = error_set(err, STATUS_FULL, "no space");
    }
    if (status == STATUS_OK) {
        store.wall_ms = wall_ms > store.wall_ms ? wall_ms : store.wall_ms;
        keep_all(records, store.wall_ms);
        store.next_seq += records->count;
        store.written += records->bytes.size;
    }
    pthread_mutex_unlock(&store.lock);
    return status;
}

static enum status sync_all(bool now, struct error *err)
{
    pthread_mutex_lock(&store.lock);
    enum status status = refuse_when_fenced(err);
    if (status == STATUS_OK && now && store.fail_sync) {
        store.fenced = true;
        status = error_set(err, STATUS_IO, "the sync failed");
    }
    if (status == STATUS_OK) {
        store.counted_seq = store.next_seq - 1;
        store.synced_seq = now ? store.counted_seq : store.synced_seq;
    }
    pthread_mutex_unlock(&store.lock);
    return status;
}

static enum status memory_sync(void *log, struct error *err)
{
    (void)log;
    return sync_all(store.sync == LOG_SYNC_ALWAYS, err);
}

static enum status memory_flush(void *log, struct error *err)
{
    (void)log;
    return sync_all(true, err);
}

static enum status memory_read(void *log, uint64_t from_seq, uint64_t to_seq, log_visit visit, void *context,
                               struct error *err)
{
    (void)log;
    pthread_mutex_lock(&store.lock);
    uint64_t first = store.first_seq;
    uint64_t last = to_seq < store.counted_seq ? to_seq : store.counted_seq;
    pthread_mutex_unlock(&store.lock);
    enum status status = STATUS_OK;
    if (from_seq <= last && from_seq < first) {
        status = error_set(err, STATUS_NOT_FOUND, "the log begins at %" PRIu64, first);
    }
    for (uint64_t seq = from_seq; seq <= last && status == STATUS_OK; seq++) {
        struct log_record record = {0};
        char *copy = NULL;
        pthread_mutex_lock(&store.lock);
        bool there = seq >= store.first_seq && seq - store.first_seq < store.records.count;
        if (there) {
            record = store.records.items[seq - store.first_seq].record;
            copy = memcpy(xmalloc(record.payload.size + 1), record.payload.data, record.payload.size);
            record.payload.data = copy;
        }
        pthread_mutex_unlock(&store.lock);
        status = there ? visit(context, &record, err) : error_set(err, STATUS_NOT_FOUND, "trimmed meanwhile");
        free(copy);
    }
    return status;
}

static uint64_t memory_since(void *log, int64_t after_ms)
{
    (void)log;
    pthread_mutex_lock(&store.lock);
    uint64_t seq = store.counted_seq + 1;
    while (seq > store.first_seq && store.records.items[seq - 1 - store.first_seq].record.wall_ms > after_ms) {
        seq--;
    }
    pthread_mutex_unlock(&store.lock);
    return seq;
}

static enum status memory_trim(void *log, const struct log_trim *t, struct error *err)
{
    (void)log;
    (void)err;
    pthread_mutex_lock(&store.lock);
    for (;;) {
        uint64_t last = store.first_seq + SEGMENT_RECORDS - 1;
        if (store.records.count <= SEGMENT_RECORDS || last >= t->before_seq || last >= t->unneeded_seq ||
            store.records.items[SEGMENT_RECORDS].record.wall_ms > t->unneeded_ms) {
            break;
        }
        for (size_t i = 0; i < SEGMENT_RECORDS; i++) {
            free((void *)(uintptr_t)store.records.items[i].record.payload.data);
        }
        store.records.count -= SEGMENT_RECORDS;
        memmove(store.records.items, store.records.items + SEGMENT_RECORDS, store.records.count * sizeof(struct kept));
        store.first_seq += SEGMENT_RECORDS;
    }
    pthread_mutex_unlock(&store.lock);
    return STATUS_OK;
}

static void memory_stats(void *log, struct log_stats *out)
{
    (void)log;
    pthread_mutex_lock(&store.lock);
    *out = (struct log_stats){.durable_seq = store.counted_seq,
                              .synced_seq = store.synced_seq,
                              .bytes = store.written,
                              .written = store.written,
                              .segments = 1,
                              .first_seq = store.first_seq,
                              .wall_ms = store.wall_ms,
                              .fenced = store.fenced};
    pthread_mutex_unlock(&store.lock);
}

static void memory_close(void *log)
{
    if (log) {
        store.synced_seq = store.fenced ? store.synced_seq : store.counted_seq;
        store.opened = false;
    }
}

const struct log_backend log_memory_backend = {
    .name = "memory",
    .open = memory_open,
    .append = memory_append,
    .sync = memory_sync,
    .flush = memory_flush,
    .read = memory_read,
    .since = memory_since,
    .trim = memory_trim,
    .stats = memory_stats,
    .close = memory_close,
};
