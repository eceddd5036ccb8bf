#ifndef AISLE_TESTS_UNIT_RELEVANCE_RELEVANCE_SUPPORT_H
#define AISLE_TESTS_UNIT_RELEVANCE_RELEVANCE_SUPPORT_H

/* What the tests of measures share. Each fails the running test when something is wrong. */
#include "bench/relevance/evaluation.h"

/* Entries from a TREC text. */
void read_trec(struct entries *out, enum entries_kind kind, const char *text);

/* The value of one measure, named with its cutoff ("P_5" from `measure` "P.5"), for the only query of the texts. */
double measured(const char *measure, const char *value_name, const char *qrels, const char *run);
double measured_with(const char *measure, const char *value_name, const char *qrels, const char *run,
                     const struct evaluation_options *options);

#endif
