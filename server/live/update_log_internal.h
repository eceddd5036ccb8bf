#ifndef AISLE_SERVER_LIVE_UPDATE_LOG_INTERNAL_H
#define AISLE_SERVER_LIVE_UPDATE_LOG_INTERNAL_H

/* What update_log.c (writing) and update_log_scan.c (reading and recovery) share. */
#include <pthread.h>

#include "indexer/base/file.h"
#include "indexer/base/vec.h"
#include "server/live/update_log.h"

enum { LOG_PATH_BYTES = 4096, LOG_MARK_BYTES = 256 << 10 };

struct log_segment {
    uint64_t first_seq;
    uint64_t last_seq;     /* first_seq - 1 when it has no record */
    uint64_t size;         /* of the header and the valid records */
    int64_t first_wall_ms; /* of its first batch; 0: it has none */
    int64_t last_wall_ms;
};

/* Where a batch begins, each LOG_MARK_BYTES or so: reading what came last need not read its whole segment. */
struct log_mark {
    uint64_t seq; /* of its first record */
    uint64_t offset;
};

struct update_log {
    char *dir;
    uint64_t segment_bytes;
    enum log_sync sync;
    uint64_t sync_interval_ns;
    uint64_t last_sync_ns;
    bool read_only;
    bool any_begin;
    uint64_t begin_seq;
    struct file *file; /* the newest segment */
    uint64_t next_seq; /* of the record behind what was written */
    uint64_t end;      /* where the next batch goes in the newest segment */
    uint32_t epoch;
    bool unsynced;     /* a batch was appended and does not count yet */
    bool lazy;         /* batches count that are not on disk */
    bool dirty_tail;   /* a failed append may have left bytes behind `end` */
    uint64_t leftover; /* the first sequence of a segment that could not be made, and not be removed; 0: none */
    uint64_t cut_bytes;

    pthread_mutex_t lock; /* guards what follows, which other threads look at */
    VEC(struct log_segment) segments;
    VEC(struct log_mark) marks; /* ascending */
    uint64_t durable_seq;
    uint64_t synced_seq;
    uint64_t written;
    int64_t wall_ms;
    bool fenced;
};

/* One segment's bytes while it is scanned. */
struct log_scan {
    const uint8_t *data;
    size_t size;
    size_t at;
    uint64_t next_seq;
    uint32_t epoch;
    uint32_t batch_left; /* records that the present batch still has */
    int64_t wall_ms;
    uint64_t durable; /* the highest that a valid record named */
};

/* Remembers that a batch begins there, if the last mark is far enough away. Under the lock once others may look. */
void log_mark_add(struct update_log *log, uint64_t seq, uint64_t offset, bool new_segment);

void log_segment_path(const struct update_log *log, uint64_t first_seq, char *path, size_t size);

/* A whole record with the right checksum at data[at], whatever its place in the order. */
bool log_record_at(const uint8_t *data, size_t size, size_t at, struct log_record *out);
bool log_header_read(const uint8_t *data, size_t size, uint64_t *first_seq, int64_t *made_ms);
bool log_name_read(const char *name, uint64_t *first_seq);
/* True when a valid record behind `from` names a sequence at or above `seq` durable, or, with any, is there at all. */
bool log_named_later(const uint8_t *data, size_t size, size_t from, uint64_t seq, bool any);
/* Without the zeros at the end. */
size_t log_used_bytes(const uint8_t *data, size_t size);

/* Decodes the record at s->at when it is the valid next one; else false, and s stays where it is. */
bool log_scan_next(struct log_scan *s, struct log_record *out);

/* Finds and checks the segments, fills log->segments, next_seq, end, epoch, durable_seq; cuts the torn tail unless
 * read_only. */
MUST_CHECK enum status log_recover(struct update_log *log, uint64_t applied_seq, struct error *err);

/* Makes a new segment that starts at log->next_seq, durable with its name. */
MUST_CHECK enum status log_segment_make(struct update_log *log, struct error *err);

MUST_CHECK enum status log_read(struct update_log *log, uint64_t from_seq, uint64_t to_seq, log_visit visit,
                                void *context, struct error *err);

#endif
