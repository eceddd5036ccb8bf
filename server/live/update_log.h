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
 * Sync policies say when a batch counts:
 *   always    when it is on disk (fdatasync). Nothing that was acknowledged is lost, whatever happens.
 *   interval  when it is written; it is on disk an interval later. A power cut may take the last interval, a killed
 *             process loses nothing.
 *   system    when it is written; the operating system decides when it reaches the disk.
 * Whatever the policy, flush makes everything durable: a segment is flushed before the next one begins, and callers
 * flush before files are published that contain what the log says.
 *
 * Thread rule: one thread at a time for append, sync, flush; trim from another; read and the counters from any thread.
 *
 * Another log (a replicated one) can take this one's place: callers use struct log_backend only, and
 * tests/support/live/log_contract.h is what it must pass.
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

enum log_sync { LOG_SYNC_ALWAYS, LOG_SYNC_INTERVAL, LOG_SYNC_SYSTEM };

struct log_options {
    const char *dir;           /* made when it is not there */
    uint64_t segment_bytes;    /* preallocated; 0: 64 MB */
    uint64_t applied_seq;      /* a log that ends before it, or begins behind it, is refused */
    bool any_begin;            /* it may begin behind it: nothing before is needed */
    bool read_only;            /* nothing is cut, made or written */
    uint64_t begin_seq;        /* of the first record when the log is empty; 0: 1 */
    enum log_sync sync;        /* the policy */
    uint64_t sync_interval_ms; /* LOG_SYNC_INTERVAL; 0: 1,000 */
};

/* What need not be kept any more: segments wholly below before_seq, as long as they are also unneeded (all of it below
 * unneeded_seq, and what is kept begins at or before unneeded_ms, so that nothing later than that can be missing) or in
 * what exceeds keep_bytes. */
struct log_trim {
    uint64_t before_seq;
    uint64_t unneeded_seq;
    int64_t unneeded_ms;
    uint64_t keep_bytes;
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
    uint64_t durable_seq; /* the last sequence that counts: on disk, or as the policy says */
    uint64_t synced_seq;  /* the last that is on disk */
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
    /* Opens, checks, cuts a torn tail. STATUS_FORMAT names the place and the reason. Returns owned. */
    enum status (*open)(void **log, const struct log_options *options, struct error *err);
    /* Writes the records as one batch behind the last one. STATUS_FULL: there was no space or the write was short;
     * nothing of it stays, and later batches may do better. STATUS_IO: the log is fenced. */
    enum status (*append)(void *log, struct log_writer *records, int64_t wall_ms, struct error *err);
    /* Makes what was appended count, as the policy says. A failure fences: every later append, sync and flush is
     * STATUS_IO. */
    enum status (*sync)(void *log, struct error *err);
    /* Makes everything that counts durable. A failure fences. */
    enum status (*flush)(void *log, struct error *err);
    /* Every record that counts with from_seq <= sequence <= to_seq. STATUS_NOT_FOUND: from_seq was trimmed away. */
    enum status (*read)(void *log, uint64_t from_seq, uint64_t to_seq, log_visit visit, void *context,
                        struct error *err);
    /* A sequence number at or before which every record from before that time lies; never behind the first later one.
     */
    uint64_t (*since)(void *log, int64_t after_ms);
    enum status (*trim)(void *log, const struct log_trim *trim, struct error *err);
    void (*stats)(void *log, struct log_stats *out);
    void (*close)(void *log);
};

struct update_log;
extern const struct log_backend update_log_backend; /* of a struct update_log */

/* update_log_backend.open, typed. */
MUST_CHECK enum status update_log_open(struct update_log **out, const struct log_options *options, struct error *err);

/* Changes payloads, never their length, where they are on disk, in a log that nobody has open: change gives true for
 * one that it changed. Each segment is replaced whole, durably, or stays as it was. What is behind the valid prefix of
 * a segment is not looked at: opening the log cuts it, or says what is wrong. */
typedef bool log_change(void *context, uint8_t kind, char *payload, size_t size);
MUST_CHECK enum status update_log_rewrite(const char *dir, log_change *change, void *context, struct error *err);

void log_writer_start(struct log_writer *w, uint64_t first_seq);
void log_writer_release(struct log_writer *w);
/* Appends a record and returns its sequence number; the payload is what the caller then appends to w->bytes until
 * log_writer_end. */
uint64_t log_writer_begin(struct log_writer *w, uint8_t kind, uint8_t flags);
void log_writer_end(struct log_writer *w);
void log_writer_cancel(struct log_writer *w); /* takes the last record back */

#endif
