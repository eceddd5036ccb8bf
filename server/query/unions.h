#ifndef AISLE_SERVER_QUERY_UNIONS_H
#define AISLE_SERVER_QUERY_UNIONS_H

/*
 * Posting lists of prefixes that have none in the shard (prefixes.h), because few words have most of their postings: a
 * thread makes one when it is asked for it the second time, and keeps it (kept_lists.h) within UNION_BYTES. They are
 * like those of the shard: each document once, with a fact that has the fields where any of the words stands.
 */
#include "indexer/shard/shard.h"
#include "server/query/kept_lists.h"

#define UNION_BYTES    (16u << 20)
#define UNION_POSTINGS 4096 /* with fewer it is quicker to put the lists together each time */

struct union_cache {
    struct kept_lists lists;
    uint64_t serials;
};
void union_cache_clear(struct union_cache *c);
/* A search begins: those that it asks for stay until the next one does. */
void union_cache_begin(struct union_cache *c);

/* The list of the terms first..end-1, which must have been checked: its serial, or 0 when there is none. */
uint64_t unions_of(struct union_cache *c, const struct shard *shard, term_id first, term_id end, struct postings *out);

#endif
