#ifndef AISLE_SERVER_QUERY_AFFINITY_SETS_H
#define AISLE_SERVER_QUERY_AFFINITY_SETS_H

/*
 * The distinct sets of category nodes that a segment's documents have, numbered: what a category adds is computed once
 * for a set and not for each document. Documents lie in the order of categories, so a window has few sets, and the most
 * that any of them adds limits the window. Numbered window by window, when a window is first looked at; a thread keeps
 * those of a few segments, two bytes a document.
 */
#include "indexer/shard/shard.h"
#include "server/query/mask.h"

#define AFFINITY_SETS        4096 /* at most; documents of others have AFFINITY_SET_NONE */
#define AFFINITY_SET_NONE    AFFINITY_SETS
#define AFFINITY_WINDOW_SETS 64 /* of a window that are listed */
#define AFFINITY_SHARDS      16

struct affinity_sets {
    uint64_t shard_uid;
    attr_id attr;
    const struct facet_column *column;
    uint32_t doc_count;
    uint16_t *of_doc; /* of the windows that are done */
    struct affinity_window {
        bool many; /* more than are listed, or AFFINITY_SET_NONE */
        uint8_t count;
        uint16_t sets[AFFINITY_WINDOW_SETS];
    } * *windows;     /* NULL: not done */
    uint32_t count;   /* of sets */
    doc_id *examples; /* by set: a document */
    uint16_t *table;  /* set + 1 by hash; 0: free */
};
struct affinity_set_cache {
    struct affinity_sets shards[AFFINITY_SHARDS];
    uint32_t next;
};
void affinity_set_cache_clear(struct affinity_set_cache *c);

/* Those of a segment, whose attribute must have been checked. Stays until other segments push it out. */
struct affinity_sets *affinity_sets_of(struct affinity_set_cache *c, const struct shard *shard, attr_id attr);
/* The window that begins at base, a multiple of 4,096. */
const struct affinity_window *affinity_sets_window(struct affinity_sets *s, doc_id base);

/* The document's set, if its window is done; else AFFINITY_SET_NONE. */
static inline uint16_t affinity_set_of(const struct affinity_sets *s, doc_id doc)
{
    return s->windows[doc / WINDOW_DOCS] ? s->of_doc[doc] : AFFINITY_SET_NONE;
}

#endif
