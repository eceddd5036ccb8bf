#ifndef AISLE_SERVER_LIVE_UPDATE_LOG_H
#define AISLE_SERVER_LIVE_UPDATE_LOG_H

/*
 * The update log: what was accepted, in order, for a whole data directory. Records have sequence numbers from 1 without
 * gaps. They are written in batches; a batch counts once it was synced, and the next one is only written then, so that
 * at most one batch is unsynced at any time. Each batch says which sequence was durable when it was written: damage at
 * or below a number that a later valid record names is corruption (opening stops and says where); other damage is a
 * torn tail and is cut.
 *
 * Files: DIR/%016llx.log, named by the first sequence number, preallocated:
 *
 *   segment header, 64 bytes
 *     0 "AISLELOG"  8 u32 version 1  12 u32 header size 64  16 u64 first sequence  24 u32 epoch  28 u32 0
 *     32 u64 durable sequence  40 i64 made, ms since 1970  48 u64 0  56 u64 XXH3-64 of bytes 0..55
 *   records
 *     0 u64 XXH3-64 of bytes 8..27+length  8 u16 magic A51E  10 u8 kind  11 u8 flags  12 u32 length
 *     16 u64 sequence  24 u32 epoch  28 payload
 *
 * The first record of a batch has kind LOG_BATCH and the sequence of the record that follows it, which it does not use
 * up; its payload: u64 durable sequence, i64 wall clock (ms, never below the batch before), u32 records in the batch.
 * The epoch grows at each opening and whenever an unfinished batch was cut, and never falls within the log, so bytes
 * left over from a batch that failed can't pass for records of a later one. Numbers are little-endian.
 *
 * Thread rule: one thread at a time for append, sync, trim; update_log_read and the counters from any thread.
 *
 * Another log (a replicated one) can take this one's place: callers use struct log_backend only.
 */
#include "indexer/base/buf.h"
#include "indexer/base/status.h"

enum { LOG_BATCH = 1, LOG_FIRST_KIND = 2, LOG_RECORD_HEADER = 28, LOG_SEGMENT_HEADER = 64, LOG_BATCH_PAYLOAD = 20 };
#define LOG_MAGIC       0xA51Eu
#define LOG_RECORD_MAX  (64u << 20) /* payload bytes */
#define LOG_READ_TO_END UINT64_MAX

struct log_record {
    uint64_t seq;
    uint32_t epoch;
    uint8_t kind; /* LOG_FIRST_KIND.. ; chosen by the caller */
    uint8_t flags;
    int64_t wall_ms; /* of its batch */
    struct str payload;
};

struct log_options {
    const char *dir;        /* made when it is not there */
    uint64_t segment_bytes; /* preallocated; 0: 64 MB */
    uint64_t applied_seq;   /* a log that ends before it is refused */
    bool read_only;         /* nothing is cut, made or written */
};

/* Records to be, in order; the sequence numbers are given when they are added. */
struct log_writer {
    struct buf bytes;
    uint64_t first_seq;
    uint32_t count;
    size_t record_at; /* of the record that is being written */
};

/* Called for each record in order; payload is borrowed until it returns. Any status but OK ends the reading. */
typedef enum status (*log_visit)(void *context, const struct log_record *record, struct error *err);

struct log_stats {
    uint64_t durable_seq; /* the last sequence that is on disk */
    uint64_t bytes;       /* of the segments as far as they are filled */
    uint64_t written;     /* bytes since opening */
    uint64_t segments;
    uint64_t first_seq; /* the oldest kept */
    uint64_t cut_bytes; /* of a torn tail, at opening */
    int64_t wall_ms;    /* of the newest batch; 0: none */
    bool fenced;
};

struct log_backend {
    const char *name;
    /* Writes the records as one batch behind the last one. STATUS_FULL: there was no space or the write was short;
     * nothing of it stays, and later batches may do better. STATUS_IO: the log is fenced. */
    enum status (*append)(void *log, struct log_writer *records, int64_t wall_ms, struct error *err);
    /* Makes what was appended durable. A failure fences: every later append and sync is STATUS_IO. */
    enum status (*sync)(void *log, struct error *err);
    /* Every durable record with from_seq <= sequence <= to_seq. STATUS_NOT_FOUND: from_seq was trimmed away. */
    enum status (*read)(void *log, uint64_t from_seq, uint64_t to_seq, log_visit visit, void *context,
                        struct error *err);
    /* A sequence number at or before which every record from before that time lies; never behind the first later one.
     */
    uint64_t (*since)(void *log, int64_t after_ms);
    /* Drops the oldest segments as long as each record in them is below before_seq, and either from before before_ms or
     * in what exceeds keep_bytes. */
    enum status (*trim)(void *log, uint64_t before_seq, int64_t before_ms, uint64_t keep_bytes, struct error *err);
    void (*stats)(void *log, struct log_stats *out);
    void (*close)(void *log);
};

struct update_log;
extern const struct log_backend update_log_backend; /* of a struct update_log */

/* Opens, checks, cuts a torn tail. STATUS_FORMAT names file, offset and reason. Returns owned. */
MUST_CHECK enum status update_log_open(struct update_log **out, const struct log_options *options, struct error *err);

void log_writer_start(struct log_writer *w, uint64_t first_seq);
void log_writer_release(struct log_writer *w);
/* Appends a record and returns its sequence number; the payload is what the caller then appends to w->bytes until
 * log_writer_end. */
uint64_t log_writer_begin(struct log_writer *w, uint8_t kind, uint8_t flags);
void log_writer_end(struct log_writer *w);
void log_writer_cancel(struct log_writer *w); /* takes the last record back */

#endif
