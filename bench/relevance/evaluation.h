#ifndef AISLE_BENCH_RELEVANCE_EVALUATION_H
#define AISLE_BENCH_RELEVANCE_EVALUATION_H

/*
 * A run held against judgments: the values of all measures for each query, and their averages as trec_eval makes them.
 * A query counts when it is judged and has results; with `complete`, every judged one counts, with 0 when it has none.
 */
#include "bench/relevance/measure.h"
#include "indexer/base/buf.h"

struct evaluation_options {
    struct ranking_options ranking;
    bool complete;
    bool as_trec; /* fails where trec_eval does: when the first query evaluated has negative grades only */
};

struct evaluation_row {
    const char *query;
    double *values; /* measure_set_values of them, in the set's order */
    const char *relstring;
    bool missing; /* judged, but without results; only there when complete */
};

struct evaluation {
    const struct measure_set *set; /* borrowed, as the names in the judgments */
    const char *tag;
    size_t value_count;
    VEC(struct evaluation_row) rows; /* by query id */
    size_t answered_count;           /* rows that are not missing */
    double *summary;                 /* value_count */
    struct arena arena;
};

/* STATUS_NOT_FOUND when no query is in both; STATUS_INPUT as ranking_make: the rows before are there then, without a
 * summary. Release in either case. Not changed afterwards: any thread may read it. */
MUST_CHECK enum status evaluation_make(struct evaluation *out, const struct entries *judgments,
                                       const struct entries *run, const struct measure_set *set,
                                       const struct evaluation_options *options, struct error *err);
void evaluation_release(struct evaluation *e);

/* trec_eval's lines: those of each query when asked for, then the summary's when there is one and it is asked for. */
void evaluation_write_trec(const struct evaluation *e, bool queries, bool summary, struct buf *out);
/* {"run": tag, "summary": {measure: number}, "queries": {query: {measure: number}}} */
void evaluation_write_json(const struct evaluation *e, bool queries, bool summary, struct buf *out);
/* "query,measure,value" lines; the summary's query is "all". */
void evaluation_write_csv(const struct evaluation *e, bool queries, bool summary, struct buf *out);

/* A cell of CSV, quoted when it must be. */
void csv_write_cell(struct buf *out, struct str cell);

#endif
