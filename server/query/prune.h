#ifndef AISLE_SERVER_QUERY_PRUNE_H
#define AISLE_SERVER_QUERY_PRUNE_H

/*
 * Which of a window's matches can still become hits, told by upper limits. A posting's part of the score is limited by
 * its fact and the shortest length of each field among the window's documents; the prior by the first customRanking
 * key's cell. Facts are few, so a window asks for the limit of each once. Exact scores are then computed for the few
 * documents that are left; totals and facets are not touched by this.
 *
 * A query of one slot, whose letter-long prefixes match most of a catalog, becomes one comparison a document: each fact
 * has the least cell with which a document could still get in.
 */
#include "server/query/match.h"

#define PRUNE_LEVELS 64

/* The shortest length codes by window and field (0: no document has the field), of a segment. A thread keeps those of a
 * few shards, since they never change. */
#define PRUNE_SHARDS 16
struct prune_lengths {
    uint64_t shard_uid;
    uint32_t windows, stride;
    uint8_t *least; /* window * stride + field; behind the windows those of the whole segment */
};
struct prune_cache {
    struct prune_lengths shards[PRUNE_SHARDS];
    uint32_t next;
};
void prune_cache_clear(struct prune_cache *c);

/* What is remembered of an alternative's facts, for one window and threshold. */
struct prune_memo {
    uint32_t *stamps; /* by fact index */
    float *limits;
    int64_t *cells;
};

struct prune {
    struct match *match;
    const struct prior *prior;
    struct prune_cache *cache;
    const struct prune_lengths *lengths; /* of the segment */
    bool by_cell;                        /* the prior's first key is a dense column, descending */
    int64_t cells[PRUNE_LEVELS + 1];     /* the least cell whose prior may be level / PRUNE_LEVELS of its weight */
    uint32_t stamp;
    struct prune_memo memos[QUERY_SLOTS][QUERY_ALTERNATIVES];
    float *limits, *slot_limits; /* by offset */
    int64_t *least;              /* by offset: the cell that is needed */
    uint32_t *indexes;
    uint16_t *offsets;
};

/* False when memory runs out. */
bool prune_init(struct prune *p, struct match *match, const struct prior *prior, struct prune_cache *cache);
bool prune_segment(struct prune *p);
/* About `count` or more of the wanted whose limits are the largest: scored first, they make the least score high from
 * the start. False when memory runs out. */
bool prune_seeds(struct prune *p, const struct mask *wanted, uint32_t count, struct mask *seeds);
/* Takes out of `wanted` the documents whose score, rounded, must be below `worst`. False when memory runs out. */
bool prune_window(struct prune *p, int64_t worst, struct mask *wanted);

#endif
