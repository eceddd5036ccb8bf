#ifndef AISLE_BUILD_REPORT_H
#define AISLE_BUILD_REPORT_H

/*
 * What a build took and refused, and why. Written as JSON for machines and as one line for people.
 */
#include "indexer/base/file.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"
#include "indexer/build/feed.h"

struct report_file {
    char *path;
    char title[128];
    uint64_t items, accepted, rejected, bytes;
    bool broken;
    char break_message[256];
    char id_source[128]; /* which field gave the objectIDs */
    char encoding[24];   /* found out, when it was not UTF-8 */
};

struct report {
    VEC(struct report_file) files;
    uint64_t items, accepted, rejected, replaced, bytes, products;
    struct map reasons;   /* reason without its quoted parts -> count */
    struct file *rejects; /* NULL: not wanted */
    uint64_t rejects_written;
    struct buf first_rejects; /* the first few, for people */
    enum status rejects_status;
    struct error rejects_error;
    int64_t as_of_ms;
    const char *as_of_source;
    uint64_t started_ns;
    double seconds;
    uint64_t peak_rss_bytes;
    bool published;
    char failure[256];  /* why not */
    struct buf outcome; /* JSON: the new generation and what the gates said, or what was applied; may be empty */
};

MUST_CHECK enum status report_init(struct report *r, const char *rejects_path, struct error *err);
void report_release(struct report *r);

/* Counts an accepted item. */
void report_accept(struct report *r);
/* Counts a rejected item, writes it to the rejects file (NDJSON: file, line, id, field, reason, excerpt), and keeps the
 * first ones for the summary. A rejects file that can't be written fails the build at the end. */
void report_reject(struct report *r, const struct feed_reject *reject);

/* Closes the rejects file and takes time and memory. */
MUST_CHECK enum status report_finish(struct report *r, struct error *err);

/* {"files":[...],"items":..,"accepted":..,"rejected":..,"replaced":..,"reasons":{..},"bytes":..,"seconds":..,
 * "peak_rss_bytes":..,"products":..,"as_of":..,"published":..,"failure":..,"outcome":{..}} */
void report_write(const struct report *r, struct buf *out);

#endif
