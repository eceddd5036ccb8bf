#ifndef AISLE_SERVER_QUERY_CANDIDATES_H
#define AISLE_SERVER_QUERY_CANDIDATES_H

/*
 * Where few documents of a segment can match: the list of them. Every match has one of the slots that drive (match.h:
 * as many of the rarest as steps are run; with any word all slots), or the query's identifier; and it is in the set
 * that drives the filter. The shorter list is taken, when going through it costs less than going through the segment's
 * windows.
 */
#include "server/query/filter_plan.h"
#include "server/query/match.h"

struct candidates {
    bool few;     /* else the segment is to be gone through window by window */
    doc_id *docs; /* ascending, each once */
    uint32_t count;
};

/* So many candidates cost about what a window does, found by measuring. Tests set it to 0, for windows only, and to
 * more than there are documents, for candidates only. */
extern uint32_t candidates_per_window;

/* driver: the filter's, or NULL. After match_segment and filter_bind. False when memory runs out. */
bool candidates_find(struct candidates *c, struct match *m, uint32_t steps, const struct filter_node *driver);

#endif
