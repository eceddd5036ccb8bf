#ifndef AISLE_SERVER_LIVE_APPLY_H
#define AISLE_SERVER_LIVE_APPLY_H

/*
 * What was accepted for an index after some moment, by object and attribute: partial feeds leave it as it is. It is
 * read from the log, and grows with it as long as the feed is being applied. Memory: some 40 bytes for each attribute
 * of each object that was changed since.
 *
 * An update counts with the time that it knows about (record.h: as_of_ms), else with the time it was accepted.
 *
 * Thread rule: one thread at a time.
 */
#include "indexer/base/map.h"
#include "server/live/record.h"

enum later_object {
    LATER_NONE,
    LATER_MADE,  /* it was made by a partial update: only its attributes count */
    LATER_WHOLE, /* every attribute was given */
    LATER_DELETED
};

struct later {
    uint64_t uid;
    int64_t as_of_ms;
    uint64_t seq; /* read up to here */
    bool cleared; /* all objects were deleted: nothing the feed knows counts any more */
    struct map entries;
    struct arena arena;
};

void later_init(struct later *t, uint64_t uid, int64_t as_of_ms, uint64_t seq);
void later_release(struct later *t); /* fine when it was never used, zeroed */
/* Reads the log from t->seq + 1 to `to`. STATUS_LIMIT when it is too much to remember. */
MUST_CHECK enum status later_read(struct later *t, const struct log_backend *backend, void *log, uint64_t to,
                                  struct error *err);

enum later_object later_object(const struct later *t, struct str id);
/* How it was changed: with an order key, which says whether that is later, or without, such as by an increment. 0: it
 * was not. */
enum { LATER_UNKEYED = 1, LATER_KEYED = 2 };
unsigned later_attribute(const struct later *t, struct str id, struct str attribute);

/* When what a record says was known. */
static inline int64_t record_known_ms(const struct record *r)
{
    return r->as_of_ms ? r->as_of_ms : r->wall_ms;
}

#endif
