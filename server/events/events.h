#ifndef AISLE_SERVER_EVENTS_EVENTS_H
#define AISLE_SERVER_EVENTS_EVENTS_H

/*
 * The event log of a data directory, DATA/events: searches with what was shown, and what shoppers did. It is a log as
 * update_log.h has it, with records as event.h has them: append-only, checksummed, acknowledged when synced; after a
 * power cut it is the exact prefix that was acknowledged or longer, and damage below that is refused, naming the place.
 *
 * Repeats are dropped: an event whose identity was logged within the last hours (at least 12, at most the last 2^20
 * such events). What is older than keep_ms, or exceeds keep_bytes, is deleted by segments.
 *
 * What is logged becomes signals (signals.h): those of queries before it is acknowledged, those of products half a
 * second later. They are made of the log at a start, and of DATA/events/signals, which holds what the log up to some
 * record made and is written every few minutes; without that file, or a damaged one, of the log alone.
 *
 * Threads: any thread submits and reads; one thread of its own decides, writes, syncs, then acknowledges.
 */
#include "server/events/event.h"

struct events;
struct live;
struct signals;

struct events_options {
    const char *data_dir;
    int64_t keep_ms;        /* 0: 90 days */
    uint64_t keep_bytes;    /* 0: 1 GB */
    uint64_t segment_bytes; /* 0: 8 MB, less when keep_bytes is little */
    struct live *live;      /* NULL: no priors of products are published; borrowed */
    bool read_only;         /* nothing is cut, made or written; reading works beside a server */
};

/* STATUS_FORMAT names the damaged file and offset. Returns owned. */
MUST_CHECK enum status events_open(struct events **out, const struct events_options *options, struct error *err);
/* Writes what was submitted, then stops. Takes NULL. */
void events_close(struct events *e);

/* Called once, on the log's thread; must not block. repeats: how many were dropped as such. */
struct events_outcome {
    enum status status; /* STATUS_FULL: no space, nothing of it stays; STATUS_IO: the log is fenced until a restart */
    struct error error;
    size_t repeats;
};
typedef void events_done(void *context, const struct events_outcome *outcome);

/* Copies the events; they are durable when done is called. STATUS_BUSY when too much is waiting (then done is not). */
MUST_CHECK enum status events_submit(struct events *e, const struct event_list *list, events_done *done, void *context,
                                     struct error *err);
/* Logs a search that nobody waits for, within half a second. When too much is waiting it is dropped, and counted. */
void events_search(struct events *e, const struct event *search);

/* Forgets a token: its bytes are zeroed in every record of the log, on disk, before done is called. */
MUST_CHECK enum status events_forget(struct events *e, struct str token, events_done *done, void *context,
                                     struct error *err);

/* Every event in the order of the log that was logged at from_ms or later (and perhaps a few before), up to the newest
 * that is durable. The event and what it borrows last for the call. Any status but OK ends the reading. */
typedef enum status event_visit(void *context, const struct event *event, struct error *err);
MUST_CHECK enum status events_read(struct events *e, int64_t from_ms, event_visit *visit, void *context,
                                   struct error *err);

/* Borrowed; signals.h says who may ask for what. */
struct signals *events_signals(struct events *e);
struct shoppers *events_shoppers(struct events *e);

struct events_stats {
    uint64_t by_type[EVENT_TYPES]; /* logged since the start */
    uint64_t repeats;              /* dropped */
    uint64_t searches_dropped;     /* since too much was waiting */
    uint64_t log_bytes, log_segments;
    uint64_t last_seq;
    uint64_t waiting_bytes;
    uint64_t forgotten;
    bool fenced;
};
void events_stats(struct events *e, struct events_stats *out);

#endif
