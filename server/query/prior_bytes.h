#ifndef AISLE_SERVER_QUERY_PRIOR_BYTES_H
#define AISLE_SERVER_QUERY_PRIOR_BYTES_H

/*
 * Upper limits of the prior in a byte for each document, n / 255 of its weight, and the most of each window of 4,096:
 * what is near and quickly added up for many. They are made of the codes of the segment's columns, which never change;
 * keys without codes count as if they were at their best, and so do documents whose number was changed in place. Made
 * window by window, when a window is first asked for; a thread keeps those of a few segments, a byte a document.
 */
#include "server/query/score.h"

#define PRIOR_BYTE_SHARDS 16

struct prior_window {
    uint8_t most;
    uint8_t of_doc[WINDOW_DOCS]; /* by offset */
};

struct prior_bytes {
    uint64_t shard_uid;
    struct prior prior; /* what they were made for, with the sources of the search at hand */
    uint32_t window_count;
    struct prior_window **windows; /* NULL: not made */
    uint16_t *mosts;               /* their most, + 1, side by side; 0: not made */
};
struct prior_byte_cache {
    struct prior_bytes shards[PRIOR_BYTE_SHARDS];
    uint32_t next;
};
void prior_byte_cache_clear(struct prior_byte_cache *c);

/* Those of the window's segment, after prior_segment; NULL where they tell nothing. They stay until other segments push
 * them out. */
struct prior_bytes *prior_bytes_of(struct prior_byte_cache *c, const struct prior *prior, const struct window *w);
/* Of the documents from base on, a multiple of 4,096: as they were built. */
const struct prior_window *prior_bytes_window(struct prior_bytes *b, const struct window *w, doc_id base);
/* The most of the documents from base on. */
double prior_bytes_most(struct prior_bytes *b, const struct window *w, doc_id base);
/* sums[i] becomes what the prior of the window's document is at most, where prior_weight is worth `weight`, of the
 * words that are active; it may be one too low. */
void prior_bytes_sum(struct prior_bytes *b, struct window *w, uint64_t active, uint32_t weight, uint16_t *sums);

#endif
