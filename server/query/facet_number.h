#ifndef AISLE_SERVER_QUERY_FACET_NUMBER_H
#define AISLE_SERVER_QUERY_FACET_NUMBER_H

/*
 * Counts of distinct numbers, and their least, largest, sum and number. A segment's values are counted by cell in a
 * hash table, or many at once by the column's codes in an array; at its end they go, as canonical decimals, into one
 * table for all segments, since their columns may have different scales.
 */
#include "server/query/tally.h"
#include "server/query/window.h"

struct number_slot {
    int64_t cell; /* units; or a double's cell */
    uint32_t count;
    uint16_t kind; /* 0: free; 1: units at `scale`; 2: a double; 3: a flag */
    uint16_t scale;
};

struct number_table {
    struct number_slot *slots;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t count;
};

/* A segment's: all cells are of one column, so the cell alone is the key; none is NUMBER_MISSING, which marks free
 * slots, as 0. */
struct cell_slot {
    uint64_t key; /* cell ^ NUMBER_MISSING */
    uint32_t count;
    uint32_t stamp;
};

struct cell_table {
    struct cell_slot *slots;
    uint32_t shift; /* 64 - bits of the capacity */
    uint32_t capacity;
    uint32_t count;
};

struct facet_numbers {
    uint32_t source;
    bool captured; /* the window has the values already; else they are read here */
    const struct number_column *column;
    struct cell_table segment;
    uint32_t *histogram; /* of the segment, by the column's codes; NULL: none yet */
    uint32_t histogram_size;
    bool histogram_used;
    struct number_table all;
    double min, max;
    long double sum; /* the same in whatever order segments are added */
    uint64_t number_count;
    /* of the segment: cells order as their values do */
    int64_t segment_min, segment_max;
    uint64_t segment_count;
    int64_t segment_units; /* the sum in the column's units; what would overflow is in the other, as doubles' sums */
    double segment_sum;
    uint32_t sparse_at;
};

/* What is counted: documents, or products, whose numbers go on from segment to segment. */
struct facet_units {
    uint32_t base;
    bool products;
};

struct facet_matches { /* of a window */
    const struct mask *mask;
    uint32_t count;
    bool listed; /* they are in offsets and docs, too */
    uint16_t *offsets;
    doc_id *docs;
};

/* For those who go through them one by one. */
static inline void facet_matches_list(struct facet_matches *m, const struct window *w)
{
    if (m->listed)
        return;
    m->listed = true;
    (void)mask_list(m->mask, m->offsets);
    if (w->docs) {
        for (uint32_t i = 0; i < m->count; i++)
            m->docs[i] = w->docs[m->offsets[i]];
    } else {
        for (uint32_t i = 0; i < m->count; i++)
            m->docs[i] = w->base + m->offsets[i];
    }
}

void facet_numbers_segment(struct facet_numbers *n, const struct window *w);
/* False when memory runs out. */
bool facet_numbers_window(struct facet_numbers *n, struct window *w, struct facet_matches *matches,
                          const struct facet_units *units, struct arena *arena);
/* Counts all live documents of a scope in the segment: the tally has theirs by code, as the shard was built. */
bool facet_numbers_whole(struct facet_numbers *n, const struct tally_place *p, const struct tally *counts,
                         struct arena *arena);
bool facet_numbers_segment_end(struct facet_numbers *n, struct arena *arena);

/* Adds what was counted in other segments. False when memory runs out. */
bool facet_numbers_add(struct facet_numbers *n, const struct facet_numbers *other, struct arena *arena);

/* The canonical text of a value: appends it. */
void number_slot_write(const struct number_slot *s, struct buf *out);
double number_slot_double(const struct number_slot *s);

#endif
