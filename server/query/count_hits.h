#ifndef AISLE_SERVER_QUERY_COUNT_HITS_H
#define AISLE_SERVER_QUERY_COUNT_HITS_H

/* How many products a shop's search for a text would find in a snapshot: what canary queries ask (live_count_hits).
 * With a searcher of its own: not for every search; from any thread. */
#include "server/query/search.h"

MUST_CHECK enum status search_count_hits(const struct snapshot *snapshot, struct str query, uint64_t *products,
                                         struct error *err);

#endif
