#ifndef AISLE_SERVER_EVENTS_SEEN_H
#define AISLE_SERVER_EVENTS_SEEN_H

/*
 * Which events were logged lately, by identity: two tables, of which the older one is dropped when the newer one is
 * full or old. One thread.
 */
#include "indexer/base/map.h"

#define SEEN_MAX (1u << 19) /* of one table */
#define SEEN_MS  (12 * 3600 * 1000)

struct seen {
    struct map now, before;
    int64_t since_ms; /* when `now` was begun */
};

void seen_init(struct seen *s);
void seen_release(struct seen *s);
/* False when it was there. Time only goes on. */
bool seen_add(struct seen *s, uint64_t identity, int64_t now_ms);
/* Takes back what was added last. */
void seen_remove(struct seen *s, uint64_t identity);

#endif
