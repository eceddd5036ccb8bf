#ifndef AISLE_SERVER_QUERY_AFFINITY_SETS_H
#define AISLE_SERVER_QUERY_AFFINITY_SETS_H

/*
 * The distinct sets of category nodes that a segment's documents have, numbered: what a category adds is computed once
 * for a set and not for each document. Documents lie in the order of categories, so a window has few sets, and the most
 * that any of them adds limits the window. Numbered window by window, when a window is first looked at; they are
 * kept with the shard for all threads, two bytes a document.
 */
#include <pthread.h>

#include "indexer/shard/shard.h"
#include "server/query/mask.h"

#define AFFINITY_SETS        4096 /* at most; documents of others have AFFINITY_SET_NONE */
#define AFFINITY_SET_NONE    AFFINITY_SETS
#define AFFINITY_WINDOW_SETS 64 /* of a window that are listed */

struct affinity_window {
    bool many; /* more than are listed, or AFFINITY_SET_NONE */
    uint8_t count;
    uint16_t sets[AFFINITY_WINDOW_SETS];
};

struct affinity_sets {
    struct shard_note note;
    pthread_mutex_t lock; /* of whoever does a window: */
    const struct facet_column *column;
    uint32_t doc_count;
    uint16_t *of_doc;                           /* of the windows that are done */
    _Atomic(struct affinity_window *) *windows; /* NULL: not done */
    uint32_t count;                             /* of sets */
    doc_id *examples;                           /* by set: a document */
    uint16_t *table;                            /* set + 1 by hash; 0: free */
};

/* Those of a segment, whose attribute must have been checked. Borrowed from the shard. */
struct affinity_sets *affinity_sets_of(const struct shard *shard, attr_id attr);
/* The window that begins at base, a multiple of 4,096. */
const struct affinity_window *affinity_sets_window(struct affinity_sets *s, doc_id base);

/* The document's set, if its window is done; else AFFINITY_SET_NONE. */
static inline uint16_t affinity_set_of(const struct affinity_sets *s, doc_id doc)
{
    bool done = atomic_load_explicit(&s->windows[doc / WINDOW_DOCS], memory_order_acquire) != NULL;

    return done ? s->of_doc[doc] : AFFINITY_SET_NONE;
}

#endif
