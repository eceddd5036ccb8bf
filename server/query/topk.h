#ifndef AISLE_SERVER_QUERY_TOPK_H
#define AISLE_SERVER_QUERY_TOPK_H

/*
 * The best k candidates in the total order
 *
 *   sort keys, exact identifier first, score rounded to 1e-6 (higher first), customRanking values, objectID by bytes
 *
 * and where products out of stock are buried, relaxation step and then stock before the score; with missing values
 * last, whatever the direction, and numbers before strings. A heap with the worst on top, so that most candidates are
 * refused by one comparison. Candidates keep the mutable values that they were judged by.
 */
#include "server/query/window.h"

#define TOPK_KEYS 16 /* sort keys and customRanking keys together */

enum sort_kind { SORT_NUMBER, SORT_STRING, SORT_MISSING };

struct sort_value {
    enum sort_kind kind;
    facet_code code;
    double number;
};

struct candidate {
    uint32_t segment;
    doc_id doc;
    uint32_t id_rank;
    uint32_t step;
    bool exact;
    bool buried;     /* out of stock, where that is to come last */
    int8_t in_stock; /* -1: not read */
    int64_t rounded; /* the score in 1e-6 */
    double score;
    struct sort_value values[TOPK_KEYS];
    int64_t *cells; /* of the segment's overlay (hit.h), in its order */
};

struct topk_key {
    attr_id attr; /* ATTR_NONE: nobody has a value */
    bool descending;
    bool stock;
    uint32_t source;
};

struct topk {
    const struct snapshot *snapshot;
    struct topk_key keys[TOPK_KEYS];
    uint32_t sort_count; /* the first of keys; customRanking follows */
    uint32_t key_count;
    bool bury; /* candidates say whether they are buried */
    size_t k, count;
    struct candidate **heap; /* the worst first */
    struct candidate *spare; /* the next to be filled */
    bool ids_only;           /* browsing: by objectID alone */
};

/* k 0 takes nothing. cells: room for how many captured values. False when memory runs out. */
bool topk_init(struct topk *t, const struct snapshot *snapshot, size_t k, uint32_t cells, struct arena *arena);

/* Below 0 when a comes before b. */
int topk_compare(const struct topk *t, const struct candidate *a, const struct candidate *b);
int topk_compare_value(const struct topk *t, uint32_t key, const struct sort_value *a, const struct sort_value *b);

/* Whether the spare would get in. */
static inline bool topk_full(const struct topk *t)
{
    return t->count == t->k;
}
/* Takes the spare if it is good enough; there is a new spare then. True when it was taken. */
bool topk_push(struct topk *t);
/* Best first; the heap is gone. */
void topk_sort(struct topk *t);

#endif
