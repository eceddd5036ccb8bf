#ifndef AISLE_BENCH_RELEVANCE_AGREEMENT_H
#define AISLE_BENCH_RELEVANCE_AGREEMENT_H

/*
 * How far two raters agree on the documents that both have rated, beyond chance: Cohen's kappa (Educational and
 * Psychological Measurement, 1960), and with quadratic weights, for which a near miss is a small one (Psychological
 * Bulletin, 1968). By a common reading, .4 to .6 is moderate, .6 to .8 substantial, above it almost perfect.
 */
#include "bench/relevance/entries.h"
#include "indexer/base/buf.h"

enum { AGREEMENT_GRADES = 12 };

struct agreement {
    size_t both; /* documents that both have rated */
    size_t only_first, only_second;
    long grades[AGREEMENT_GRADES]; /* that occur, ascending */
    size_t grade_count;
    size_t table[AGREEMENT_GRADES][AGREEMENT_GRADES]; /* first rater's grade, second's */
    double observed;                                  /* part of equal grades */
    double kappa;                                     /* 1 when both give everything the same grade */
    double weighted;
};

/* STATUS_LIMIT for over AGREEMENT_GRADES grades, STATUS_NOT_FOUND when nothing was rated by both. */
MUST_CHECK enum status agreement_make(struct agreement *out, const struct entries *first, const struct entries *second,
                                      struct error *err);
void agreement_write(const struct agreement *a, struct buf *out);

#endif
