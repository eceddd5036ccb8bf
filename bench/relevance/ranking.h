#ifndef AISLE_BENCH_RELEVANCE_RANKING_H
#define AISLE_BENCH_RELEVANCE_RANKING_H

/*
 * One query's results with what is known of each: what every measure is computed from. The order is that of trec_eval:
 * by score descending, documents of equal scores by id descending in byte order; ranks in files mean nothing.
 */
#include "bench/relevance/entries.h"

enum {
    GRADE_OUTSIDE = -1, /* the document is not among the judgments */
    GRADE_UNKNOWN = -2  /* it is, with a negative grade: seen by the pool, not judged */
};

struct ranking_options {
    long level;           /* the lowest grade that is relevant; 1 */
    long depth;           /* only so many results are looked at; below 0: all */
    bool judged_only;     /* results without a judgment are taken out first */
    double top_grade;     /* of the whole collection */
    long collection_size; /* documents in the collection, for utility */
};

struct ranking {
    const char *query;
    const char **docs; /* by rank */
    long *grades;      /* by rank: a grade, GRADE_OUTSIDE or GRADE_UNKNOWN */
    long count;
    long relevant_count; /* results with at least the level */
    long outside_count;  /* not counted when judged_only */
    long unknown_count;  /* not counted when judged_only */
    long relevant_known; /* judged documents with at least the level, retrieved or not */
    long *level_counts;  /* judged documents by grade, 0..level_count-1 */
    long level_count;    /* one above the highest grade given */
    long level;
    double top_grade;
    long collection_size;
};

/* Everything is in the arena. STATUS_INPUT when a document is there twice, in the results (within the depth) or in the
 * judgments. `retrieved` may be NULL: no results. */
MUST_CHECK enum status ranking_make(struct ranking *out, const struct entries_query *judged,
                                    const struct entries_query *retrieved, const struct ranking_options *options,
                                    struct arena *arena, struct error *err);

/* A query's results in trec_eval's order, count of them; in the arena. */
const struct entry **ranking_order(const struct entries_query *retrieved, struct arena *arena);

/* The same ranking without what is not judged. */
struct ranking ranking_judged(const struct ranking *r, struct arena *arena);

#endif
