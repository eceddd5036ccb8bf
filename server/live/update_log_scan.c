/*
 * Reading the log and recovering it. A record is valid when its checksum is right and it is the one that must follow;
 * the valid prefix ends at the first that is not. Whether what lies behind is a torn tail or damage is decided by what
 * later records say was durable (update_log.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/hash.h"
#include "server/live/update_log_internal.h"

static uint16_t get_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint32_t get_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t get_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

bool log_record_at(const uint8_t *data, size_t size, size_t at, struct log_record *out)
{
    if (at > size || size - at < LOG_RECORD_HEADER) {
        return false;
    }
    const uint8_t *p = data + at;
    uint32_t length = get_u32(p + 12);
    if (get_u16(p + 8) != LOG_MAGIC || length > LOG_RECORD_MAX || length > size - at - LOG_RECORD_HEADER ||
        get_u64(p) != hash64(p + 8, LOG_RECORD_HEADER - 8 + (size_t)length)) {
        return false;
    }
    out->kind = p[10];
    out->flags = p[11];
    out->seq = get_u64(p + 16);
    out->epoch = get_u32(p + 24);
    out->payload = (struct str){(const char *)p + LOG_RECORD_HEADER, length};
    return out->kind != LOG_BATCH || length == LOG_BATCH_PAYLOAD;
}

static uint64_t batch_durable(const struct log_record *batch)
{
    return get_u64((const uint8_t *)batch->payload.data);
}

bool log_scan_next(struct log_scan *s, struct log_record *out)
{
    if (!log_record_at(s->data, s->size, s->at, out) || out->seq != s->next_seq) {
        return false;
    }
    if (out->kind == LOG_BATCH) {
        /* A batch may follow one that was cut short only in a later epoch. */
        if (out->epoch < s->epoch || (s->batch_left > 0 && out->epoch == s->epoch)) {
            return false;
        }
        s->epoch = out->epoch;
        s->durable = batch_durable(out);
        s->wall_ms = (int64_t)get_u64((const uint8_t *)out->payload.data + 8);
        s->batch_left = get_u32((const uint8_t *)out->payload.data + 16);
    } else {
        if (out->epoch != s->epoch || s->batch_left == 0) {
            return false;
        }
        s->batch_left--;
        s->next_seq++;
    }
    out->wall_ms = s->wall_ms;
    s->at += LOG_RECORD_HEADER + out->payload.size;
    return true;
}

/* ---- finding the segments ---- */

bool log_header_read(const uint8_t *data, size_t size, uint64_t *first_seq, int64_t *made_ms)
{
    if (size < LOG_SEGMENT_HEADER || memcmp(data, "AISLELOG", 8) != 0 || get_u32(data + 8) != 1 ||
        get_u32(data + 12) != LOG_SEGMENT_HEADER ||
        get_u64(data + LOG_SEGMENT_HEADER - 8) != hash64(data, LOG_SEGMENT_HEADER - 8)) {
        return false;
    }
    *first_seq = get_u64(data + 16);
    *made_ms = (int64_t)get_u64(data + 40);
    return true;
}

bool log_name_read(const char *name, uint64_t *first_seq)
{
    uint64_t seq = 0;
    for (int i = 0; i < 16; i++) {
        char c = name[i];
        if (c >= '0' && c <= '9') {
            seq = seq << 4 | (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            seq = seq << 4 | (uint64_t)(c - 'a' + 10);
        } else {
            return false;
        }
    }
    *first_seq = seq;
    return strcmp(name + 16, ".log") == 0;
}

static enum status find_segments(struct update_log *log, struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    enum status status = dir_list(log->dir, &names, &count, err);
    if (status == STATUS_NOT_FOUND && log->read_only) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        uint64_t first_seq;
        if (log_name_read(names[i], &first_seq)) {
            struct log_segment segment = {first_seq, first_seq - 1, 0, 0, 0};
            vec_push(&log->segments, segment);
        }
    }
    dir_names_free(names, count);
    return status;
}

/* ---- one segment ---- */

size_t log_used_bytes(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[256];
    while (size >= sizeof(zeros) && memcmp(data + size - sizeof(zeros), zeros, sizeof(zeros)) == 0) {
        size -= sizeof(zeros);
    }
    while (size > 0 && data[size - 1] == 0) {
        size--;
    }
    return size;
}

bool log_named_later(const uint8_t *data, size_t size, size_t from, uint64_t seq, bool any)
{
    size_t used = log_used_bytes(data, size); /* no record begins behind, but the last one may reach there */
    for (size_t at = from; at + 8 < used && size - at >= LOG_RECORD_HEADER;) {
        const uint8_t *hit = memchr(data + at + 8, LOG_MAGIC & 0xFF, used - at - 8);
        struct log_record record;
        if (!hit) {
            return false;
        }
        at = (size_t)(hit - data) - 8;
        if (log_record_at(data, size, at, &record) &&
            (any || (record.kind == LOG_BATCH && batch_durable(&record) >= seq))) {
            return true;
        }
        at++;
    }
    return false;
}

static enum status damaged(struct error *err, const char *path, uint64_t offset, const char *what)
{
    return error_set(err, STATUS_FORMAT,
                     "'%s' is damaged at offset %" PRIu64 ": %s; updates that were acknowledged are lost behind it",
                     path, offset, what);
}

/* Where recovery is. */
struct recovery {
    struct update_log *log;
    struct file_map map;
    size_t size; /* of what may be in the map: behind it is what was reserved and never written */
    char path[LOG_PATH_BYTES];
    struct log_scan scan;
    uint64_t applied_seq;
};

/* Scans segment `index` and says in *torn where its valid prefix ends before the file's end, when it is the last. */
static enum status scan_segment(struct recovery *r, size_t index, struct error *err)
{
    struct update_log *log = r->log;
    struct log_segment *segment = &log->segments.items[index];
    bool last = index + 1 == log->segments.count;
    uint64_t first_seq;
    int64_t made_ms;
    struct log_record record;
    if (!log_header_read(r->map.data, r->size, &first_seq, &made_ms)) {
        if (!last || log_named_later(r->map.data, r->size, 0, 0, true)) {
            return damaged(err, r->path, 0, "the segment's header is wrong");
        }
        segment->size = 0; /* a segment that was being made */
        return STATUS_OK;
    }
    if (first_seq != segment->first_seq) {
        return damaged(err, r->path, 16, "the first sequence number is not the file name's");
    }
    uint32_t epoch = get_u32(r->map.data + 24);
    r->scan.epoch = epoch > r->scan.epoch ? epoch : r->scan.epoch; /* it may have no batch, and be the only one read */
    r->scan.data = r->map.data;
    r->scan.size = r->size;
    r->scan.at = LOG_SEGMENT_HEADER;
    for (size_t at = r->scan.at; log_scan_next(&r->scan, &record); at = r->scan.at) {
        if (record.kind == LOG_BATCH) {
            log_mark_add(log, record.seq, at, at == LOG_SEGMENT_HEADER);
        }
    }
    segment->size = r->scan.at;
    segment->last_seq = r->scan.next_seq - 1;
    segment->last_wall_ms = r->scan.wall_ms ? r->scan.wall_ms : made_ms;
    if (!last && log->segments.items[index + 1].first_seq != r->scan.next_seq) {
        /* A later segment is only begun when all before it is durable; unless it was never finished either. */
        return damaged(err, r->path, r->scan.at, "a record is wrong or missing");
    }
    if (last && log_named_later(r->map.data, r->size, r->scan.at, r->scan.next_seq, false)) {
        return damaged(err, r->path, r->scan.at, "a record is wrong, and a later one says that it was durable");
    }
    return STATUS_OK;
}

static enum status map_segment(struct recovery *r, struct error *err)
{
    uint64_t end = 0;
    enum status status = file_data_end(r->path, &end, err);
    if (status == STATUS_OK) {
        status = file_map(&r->map, r->path, FILE_MAP_READ, err);
    }
    r->size = end < r->map.size ? (size_t)end : r->map.size;
    return status;
}

/* Cuts what is behind the valid prefix, and makes what is in it durable: after a kill it may only be in memory. A file
 * that has nothing to be cut is left as it is, since making it anew takes the disk longer than all else at a start. */
static enum status cut_torn_tail(struct update_log *log, struct error *err)
{
    struct log_segment *last = &log->segments.items[log->segments.count - 1];
    char path[LOG_PATH_BYTES];
    struct error ignored;
    uint64_t size = 0;
    log_segment_path(log, last->first_seq, path, sizeof(path));
    enum status status = file_open(&log->file, path, FILE_UPDATE, err);
    if (status == STATUS_OK) {
        status = file_size(log->file, &size, err);
    }
    if (status == STATUS_OK && (log->cut_bytes > 0 || size != log->segment_bytes)) {
        status = file_truncate(log->file, last->size, err);
        if (status == STATUS_OK) { /* without it the file grows as it is written */
            (void)!file_preallocate(log->file, log->segment_bytes, &ignored);
        }
    }
    return status == STATUS_OK ? file_sync(log->file, err) : status;
}

static int64_t first_wall_ms(const struct file_map *map)
{
    struct log_record record;
    bool batch = log_record_at(map->data, map->size, LOG_SEGMENT_HEADER, &record) && record.kind == LOG_BATCH;
    return batch ? (int64_t)get_u64((const uint8_t *)record.payload.data + 8) : 0;
}

/* A segment that was being made when the power failed says nothing of those before it. */
static bool header_sound(struct recovery *r, size_t index)
{
    uint64_t first_seq;
    int64_t made_ms;
    struct error ignored;
    log_segment_path(r->log, r->log->segments.items[index].first_seq, r->path, sizeof(r->path));
    bool sound = map_segment(r, &ignored) == STATUS_OK && log_header_read(r->map.data, r->size, &first_seq, &made_ms);
    file_unmap(&r->map);
    return sound;
}

/* Segments that only hold what the files already contain are not read; what is needed of them is in the names and the
 * headers behind them. */
static enum status scan_all(struct recovery *r, struct error *err)
{
    struct update_log *log = r->log;
    size_t start = 0;
    enum status status = STATUS_OK;
    while (start + 1 < log->segments.count && log->segments.items[start + 1].first_seq <= r->applied_seq + 1) {
        start++;
    }
    start -= start > 0 && start + 1 == log->segments.count && !header_sound(r, start);
    for (size_t i = 0; i < start; i++) {
        log->segments.items[i].last_seq = log->segments.items[i + 1].first_seq - 1;
    }
    r->scan.next_seq = log->segments.items[start].first_seq;
    for (size_t i = 0; i < log->segments.count && status == STATUS_OK; i++) {
        uint64_t first_seq;
        int64_t made_ms;
        log_segment_path(log, log->segments.items[i].first_seq, r->path, sizeof(r->path));
        status = map_segment(r, err);
        if (status != STATUS_OK) {
            break;
        }
        log->segments.items[i].first_wall_ms = first_wall_ms(&r->map);
        if (i >= start) {
            status = scan_segment(r, i, err);
        } else {
            log->segments.items[i].size = r->map.size;
        }
        if (i > 0 && i <= start && log_header_read(r->map.data, r->size, &first_seq, &made_ms)) {
            log->segments.items[i - 1].last_wall_ms = made_ms;
        }
        if (i + 1 == log->segments.count && status == STATUS_OK) {
            size_t used = log_used_bytes(r->map.data, r->size);
            log->cut_bytes = used > log->segments.items[i].size ? used - log->segments.items[i].size : 0;
        }
        file_unmap(&r->map);
    }
    return status;
}

static enum status drop_unfinished(struct update_log *log, struct error *err)
{
    struct log_segment *last = &log->segments.items[log->segments.count - 1];
    char path[LOG_PATH_BYTES];
    if (last->size > 0) {
        return STATUS_OK;
    }
    log->segments.count--;
    if (log->read_only) {
        return STATUS_OK;
    }
    log_segment_path(log, last->first_seq, path, sizeof(path));
    enum status status = file_remove(path, err);
    return status == STATUS_OK ? dir_sync(log->dir, err) : status;
}

enum status log_recover(struct update_log *log, uint64_t applied_seq, struct error *err)
{
    struct recovery r = {.log = log, .applied_seq = applied_seq};
    enum status status = find_segments(log, err);
    if (status != STATUS_OK) {
        return status;
    }
    r.scan.next_seq = log->begin_seq;
    if (!log->any_begin && log->segments.count > 0 && log->segments.items[0].first_seq > applied_seq + 1) {
        return error_set(err, STATUS_FORMAT,
                         "the log in '%s' begins at %" PRIu64 ", but updates from %" PRIu64 " on are needed", log->dir,
                         log->segments.items[0].first_seq, applied_seq + 1);
    }
    if (log->segments.count > 0 &&
        ((status = scan_all(&r, err)) != STATUS_OK || (status = drop_unfinished(log, err)) != STATUS_OK)) {
        return status;
    }
    log->next_seq = r.scan.next_seq;
    log->durable_seq = log->next_seq - 1;
    log->synced_seq = log->durable_seq; /* once the tail was cut, below */
    log->wall_ms = r.scan.wall_ms;
    log->epoch = r.scan.epoch + 1;
    if (log->durable_seq < applied_seq) {
        return error_set(err, STATUS_FORMAT,
                         "the log in '%s' ends at %" PRIu64 ", before %" PRIu64 ", which the files contain", log->dir,
                         log->durable_seq, applied_seq);
    }
    if (log->read_only) {
        return STATUS_OK;
    }
    if (log->segments.count == 0) {
        return log_segment_make(log, err);
    }
    log->end = log->segments.items[log->segments.count - 1].size;
    return cut_torn_tail(log, err);
}

/* ---- reading ---- */

struct range {
    uint64_t from_seq;
    uint64_t to_seq;
    struct log_mark mark; /* a batch at or before from_seq; offset 0: none is known */
    log_visit visit;
    void *context;
};

static enum status read_segment(struct update_log *log, const struct log_segment *segment, const struct range *range,
                                struct error *err)
{
    struct file_map map = {0};
    char path[LOG_PATH_BYTES];
    struct log_record record;
    log_segment_path(log, segment->first_seq, path, sizeof(path));
    enum status status = file_map(&map, path, FILE_MAP_READ, err);
    if (status != STATUS_OK) {
        return status;
    }
    struct log_scan scan = {.data = map.data,
                            .size = map.size < segment->size ? map.size : segment->size,
                            .at = LOG_SEGMENT_HEADER,
                            .next_seq = segment->first_seq};
    if (range->mark.offset > 0 && range->mark.seq > segment->first_seq && range->mark.seq <= segment->last_seq) {
        scan.at = range->mark.offset;
        scan.next_seq = range->mark.seq;
    }
    uint64_t last = range->to_seq < segment->last_seq ? range->to_seq : segment->last_seq;
    while (status == STATUS_OK && scan.next_seq <= last) {
        if (!log_scan_next(&scan, &record)) {
            status = damaged(err, path, scan.at, "a record is wrong");
        } else if (record.kind != LOG_BATCH && record.seq >= range->from_seq) {
            status = range->visit(range->context, &record, err);
        }
    }
    file_unmap(&map);
    return status;
}

/* Under the lock. */
static struct log_mark mark_before(const struct update_log *log, uint64_t seq)
{
    size_t low = 0;
    size_t high = log->marks.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->marks.items[middle].seq <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? log->marks.items[low - 1] : (struct log_mark){0, 0};
}

enum status log_read(struct update_log *log, uint64_t from_seq, uint64_t to_seq, log_visit visit, void *context,
                     struct error *err)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&log->lock);
    size_t count = log->segments.count;
    struct log_segment *segments = xmalloc(count * sizeof(*segments) + 1);
    memcpy(segments, log->segments.items, count * sizeof(*segments));
    uint64_t durable = log->durable_seq;
    struct log_mark mark = mark_before(log, from_seq);
    pthread_mutex_unlock(&log->lock);
    if (to_seq > durable) {
        to_seq = durable;
    }
    if (from_seq <= to_seq && (count == 0 || segments[0].first_seq > from_seq)) {
        status = error_set(err, STATUS_NOT_FOUND, "the log begins at %" PRIu64 ", behind %" PRIu64,
                           count ? segments[0].first_seq : durable + 1, from_seq);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (segments[i].last_seq >= from_seq && segments[i].first_seq <= to_seq && segments[i].size > 0 &&
            segments[i].last_seq >= segments[i].first_seq) {
            struct range range = {from_seq, to_seq, mark, visit, context};
            status = read_segment(log, &segments[i], &range, err);
        }
    }
    free(segments);
    return status;
}
