#ifndef AISLE_SERVER_QUERY_WINDOW_H
#define AISLE_SERVER_QUERY_WINDOW_H

/*
 * The window of 4,096 documents that a search looks at, in one segment: who is alive, and the values that may change
 * under it. A mutable value (a number cell, the stock flag) is read once a window and kept here, so that filters,
 * facets, order and the hits shown agree with each other, and so do the requests that are evaluated together.
 *
 * Sources are the number attributes that more than one of those may ask for; a search registers them before it starts.
 */
#include "indexer/base/arena.h"
#include "indexer/shard/snapshot.h"
#include "server/query/mask.h"

struct value_source {
    attr_id attr;
    const struct number_column *column; /* of the segment */
    int64_t *cells;                     /* by offset in the window; NULL until it is needed first */
    uint64_t loaded[WINDOW_WORDS];      /* cells is right for these; */
    uint64_t present[WINDOW_WORDS];     /* these have a value */
    bool fresh;                         /* loaded and present are of an older window */
};

struct window {
    const struct snapshot *snapshot;
    struct arena *arena;
    uint32_t segment;
    const struct shard *shard;
    uint32_t doc_count;
    const uint64_t *tombstones;
    const uint32_t *groups;
    const uint32_t *id_ranks;
    const uint8_t *lengths;
    uint32_t length_stride;
    const uint64_t *facts;
    uint32_t fact_count;
    doc_id base; /* a multiple of 4,096 */
    struct mask live;
    bool stock_loaded;
    uint64_t stock[WINDOW_WORDS];
    struct value_source *sources;
    uint32_t source_count, source_capacity;
};

void window_init(struct window *w, const struct snapshot *snapshot, struct arena *arena);

/* The source of an attribute, made when there is none yet. UINT32_MAX when memory runs out. Before window_segment. */
uint32_t window_source(struct window *w, attr_id attr);

/* Goes to a segment, or to a window of it (base is a multiple of 4,096 below doc_count). */
void window_segment(struct window *w, uint32_t segment);
void window_move(struct window *w, doc_id base);

/* Reads the cells of the wanted documents that were not read yet. False when memory runs out. */
bool window_load(struct window *w, uint32_t source, const struct mask *wanted);
/* One document's cell: NUMBER_MISSING when it has none. MULTI columns have none: see window_number. */
int64_t window_cell(struct window *w, uint32_t source, uint32_t offset);
/* The in-stock flags of the window. Segments without the flag have none set. */
const uint64_t *window_stock(struct window *w);

/* A document's number for ordering: its only one, or the largest or smallest of several; NaN for none. */
double window_number(struct window *w, uint32_t source, uint32_t offset, bool largest);

#endif
