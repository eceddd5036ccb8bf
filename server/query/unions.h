#ifndef AISLE_SERVER_QUERY_UNIONS_H
#define AISLE_SERVER_QUERY_UNIONS_H

/*
 * Posting lists of prefixes that have none in the shard (prefixes.h), because few words have most of their postings: a
 * thread makes one when it is asked for it the second time, and keeps it within UNION_BYTES. They are like those of the
 * shard: each document once, with a fact that has the fields where any of the words stands.
 */
#include "indexer/shard/shard.h"

#define UNION_LISTS    4096 /* a power of two */
#define UNION_WAYS     4
#define UNION_BYTES    (16u << 20)
#define UNION_AGE      (1u << 16) /* lists asked for, until it counts half */
#define UNION_POSTINGS 4096       /* with fewer it is quicker to put the lists together each time */

struct union_list {
    uint64_t shard_uid;
    term_id first, end;
    uint32_t asked, used;
    bool impossible; /* the shard has no fact for the fields of a document */
    uint64_t serial; /* never the same for two lists */
    uint32_t df;
    size_t size, needed; /* once it is known how many bytes it has */
    char *bytes;         /* NULL: not made */
};

struct union_cache {
    struct union_list *lists; /* in sets of UNION_WAYS by hash; NULL until the first is asked for */
    size_t bytes;
    uint32_t clock, begun; /* what was used since then stays */
    uint32_t refused;      /* whoever was asked for so often found no room; 0: nobody */
    uint64_t serials;
};
void union_cache_clear(struct union_cache *c);
/* A search begins: those that it asks for stay until the next one does. */
void union_cache_begin(struct union_cache *c);

/* The list of the terms first..end-1, which must have been checked: its serial, or 0 when there is none. */
uint64_t unions_of(struct union_cache *c, const struct shard *shard, term_id first, term_id end, struct postings *out);

#endif
