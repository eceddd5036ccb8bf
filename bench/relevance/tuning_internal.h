#ifndef AISLE_BENCH_RELEVANCE_TUNING_INTERNAL_H
#define AISLE_BENCH_RELEVANCE_TUNING_INTERNAL_H

/* What can be tuned, and the settings that a choice of values is (tuning_parameters.c). */
#include "bench/relevance/tuning.h"

/* Fills tunables from the settings in force and what was asked for. */
MUST_CHECK enum status tuning_parameters(struct tuning *t, const struct settings *settings,
                                         const struct option_list *wanted, struct error *err);
/* The settings document for values; `changed` only: keys that differ from the start. */
void tuning_settings(const struct tuning *t, const double *values, bool changed, struct buf *out);

#endif
