#ifndef AISLE_SERVER_LIVE_CELLS_H
#define AISLE_SERVER_LIVE_CELLS_H

/*
 * Numbers that a group of updates will store, by document: decided, but seen by nobody yet. A document's cells are
 * linked from a hash table of places; a number that is set again keeps its entry.
 *
 * Thread rule: one owner.
 */
#include "indexer/base/vec.h"
#include "indexer/shard/types.h"

#define CELL_NONE UINT32_MAX

struct cell_change {
    uint32_t segment;
    doc_id doc;
    int64_t value; /* in the column's units */
    uint32_t next; /* of the same document; CELL_NONE: the last */
    attr_id attr;
};

struct cells {
    VEC(struct cell_change) items;
    uint64_t *heads; /* open addressing: the first cell of a document, plus 1, below a part of its hash; 0: free */
    size_t capacity; /* a power of two, or 0 */
    size_t count;    /* of documents */
};

void cells_release(struct cells *c); /* empty afterwards */
/* Empty, but keeps its memory. */
void cells_clear(struct cells *c);

/* Asks for the memory that finding and putting a document's cells look at. */
void cells_prefetch(const struct cells *c, uint32_t segment, doc_id doc);
/* The first cell of a document, or CELL_NONE. */
uint32_t cells_first(const struct cells *c, uint32_t segment, doc_id doc);
/* Valid until the next cells_put; NULL when it is not changed. */
const struct cell_change *cells_find(const struct cells *c, uint32_t segment, doc_id doc, attr_id attr);
/* Returns the number of the cell in items. */
size_t cells_put(struct cells *c, uint32_t segment, doc_id doc, attr_id attr, int64_t value);

#endif
