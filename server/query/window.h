#ifndef AISLE_SERVER_QUERY_WINDOW_H
#define AISLE_SERVER_QUERY_WINDOW_H

/*
 * The window of at most 4,096 documents that a search looks at, in one segment: who is alive, and the values that may
 * change under it. Its documents are a run of neighbours (offset 0 is document `base`), or, where few can match, a
 * selection: the candidates of the shortest list, ascending, so that a rare word costs what its list is long.
 * A mutable value (a number cell, the stock flag) is read once a window and kept here, so that filters, facets, order
 * and the hits shown agree with each other, and so do the requests that are evaluated together.
 *
 * Sources are the number attributes that more than one of those may ask for; a search registers them before it starts.
 */
#include "indexer/base/arena.h"
#include "indexer/shard/snapshot.h"
#include "server/query/mask.h"
#include "server/query/store_view.h"

/* Codes (columns.h) whose values are in a range of cells; none when first > last. */
struct code_range {
    const struct number_column *column; /* NULL: not looked up yet */
    int64_t low, high;
    uint16_t first, last;
};

struct value_source {
    attr_id attr;
    const struct number_column *column; /* of the segment */
    struct shown_column shown;          /* when that is its form */
    int64_t *cells;                     /* by offset in the window; NULL until it is needed first */
    uint64_t loaded[WINDOW_WORDS];      /* cells is right for these; */
    uint64_t present[WINDOW_WORDS];     /* these have a value */
    uint64_t changed[WINDOW_WORDS];     /* a column with codes: these have no code any more */
    bool any_changed;
    struct code_range range; /* the last asked for: mostly windows ask for the same */
    bool fresh;              /* all this is of the window */
};

struct window {
    const struct snapshot *snapshot;
    const struct store_view *view; /* NULL: none */
    struct arena *arena;
    uint32_t segment;
    const struct shard *shard;
    uint32_t doc_count;
    const uint64_t *tombstones;
    const uint32_t *groups;
    const uint8_t *lengths;
    uint32_t length_stride;
    const uint64_t *facts;
    uint32_t fact_count;
    doc_id base;        /* a run's first document, a multiple of 4,096 */
    const doc_id *docs; /* a selection's documents by offset; NULL: a run */
    uint32_t first;     /* a selection's number of its first document among all that are gone through */
    uint32_t count;     /* documents in the window */
    uint32_t serial;    /* another one for each window */
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
/* Goes to a selection of 1 to 4,096 documents of the segment, ascending: all[first] and those behind, which must stay
 * where they are. */
void window_select(struct window *w, const doc_id *all, uint32_t first, uint32_t count);

static inline doc_id window_doc(const struct window *w, uint32_t offset)
{
    return w->docs ? w->docs[offset] : w->base + offset;
}

/* Reads the cells of the wanted documents that were not read yet. False when memory runs out. */
bool window_load(struct window *w, uint32_t source, const struct mask *wanted);
/* One document's cell: NUMBER_MISSING when it has none. MULTI columns have none: see window_number. */
int64_t window_cell(struct window *w, uint32_t source, uint32_t offset);
/* For a column with codes: reads which documents still have one; those in `changed` are to be loaded. */
void window_codes(struct window *w, uint32_t source);
/* Leaves in m the documents whose single number is in low..high (cells, never the missing one). MULTI columns have
 * none. False when memory runs out. */
bool window_narrow(struct window *w, uint32_t source, int64_t low, int64_t high, struct mask *m);
/* The same for numbers at least (at most) a bound; a few more near it may stay, and all where nothing can be told. */
void window_narrow_number(struct window *w, uint32_t source, double bound, bool at_least, struct mask *m);
/* The in-stock flags of the window. Segments without the flag have none set. */
const uint64_t *window_stock(struct window *w);

/* A document's number for ordering: its only one, or the largest or smallest of several; NaN for none. */
double window_number(struct window *w, uint32_t source, uint32_t offset, bool largest);

#endif
