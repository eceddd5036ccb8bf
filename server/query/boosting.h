#ifndef AISLE_SERVER_QUERY_BOOSTING_H
#define AISLE_SERVER_QUERY_BOOSTING_H

/*
 * What single products gain or lose in a search, beside their words and the prior: few of a catalog, known before the
 * search. Limits that are told before anything is summed do not know of them, so a window's boosted documents are kept
 * then; the sums of the others' parts, which are limits too, grow by what they gain. Windows are only left out where
 * even the most that a product gains in any search, and by the shopper's taste, would not help, and where none gains
 * anything in this search.
 */
#include "server/query/search.h"
#include "server/query/tastes.h"
#include "server/query/window.h"

struct boosting {
    const struct search_boosts *boosts; /* NULL: none */
    uint32_t segment;
    double by_taste;                            /* no document gains more by the shopper's taste */
    double most;                                /* and by that and by being what it is, in the segment */
    const struct facet_column *columns[TASTES]; /* of the segment; NULL: damaged */
    struct mask docs;                           /* of the window, those with a value */
    float *values;                              /* by offset, of these */
};

/* False when memory runs out. */
bool boosting_init(struct boosting *b, const struct search_boosts *boosts, struct arena *arena);
void boosting_segment(struct boosting *b, const struct window *w);
/* The window was moved; only the wanted are asked for. */
void boosting_window(struct boosting *b, const struct window *w, const struct mask *wanted);

/* The first document at or behind doc that gains or loses by the query, or DOC_NONE. */
doc_id boosting_next(const struct boosting *b, doc_id doc);

/* Adds to `out` those of the documents that gain, or lose, anything. */
void boosting_keep(const struct boosting *b, const struct mask *among, struct mask *out);
/* Adds what documents of the window gain to their limits, which stay at or above 0. */
void boosting_raise(const struct boosting *b, const struct mask *docs, float *limits);

/* Of a document of the window. */
static inline double boosting_at(const struct boosting *b, uint32_t offset)
{
    return b->boosts && mask_has(&b->docs, offset) ? (double)b->values[offset] : 0;
}

/* Of any document. */
struct boosted {
    double query, product, shopper;
};
struct boosted boosting_of(const struct boosting *b, const struct snapshot *snapshot, uint32_t segment, doc_id doc);

#endif
