#ifndef AISLE_SERVER_LIVE_HISTORY_H
#define AISLE_SERVER_LIVE_HISTORY_H

/*
 * The audit trail: what happened to an object, out of the log, as far back as it goes. Options of struct live say how
 * long updates are kept for it; generations and backups may keep them longer, a bound on bytes may make it less.
 *
 * It is a search through the log from its end on, so what happened lately is found at once; without an end it reads all
 * of it, at some GB a second.
 */
#include "server/live/live.h"

struct history_query {
    uint64_t uid; /* of the index */
    struct str object_id;
    uint64_t before_seq; /* only what is before it; 0: all */
    uint32_t limit;
};

/* Appends a JSON object:
 *   {"objectID":..,"events":[{"seq":..,"at":..,"operation":..,...,"source":{"key":..,"route":..}}, ...],
 *    "historyFrom":{"seq":..,"at":..},"next":SEQ}
 * The newest first. `next`, when it is there, is the before_seq of what follows. Events are described as in
 * record_text.h; what was refused or left out is "operation":"dropped" with "reason" and "attributes". Any thread;
 * reads files. */
MUST_CHECK enum status live_history(struct live *l, const struct history_query *query, struct buf *out,
                                    struct error *err);

#endif
