#ifndef AISLE_BENCH_RELEVANCE_MEASURE_INTERNAL_H
#define AISLE_BENCH_RELEVANCE_MEASURE_INTERNAL_H

#include "bench/relevance/measure.h"

#define MEASURE(name) void name(const struct measure *m, const struct ranking *r, struct arena *arena, double *values)

/* Counts and sets. */
MEASURE(measure_count_results);
MEASURE(measure_count_relevant);
MEASURE(measure_count_relevant_results);
MEASURE(measure_count_judged_nonrelevant);
MEASURE(measure_set_precision);
MEASURE(measure_set_relative_precision);
MEASURE(measure_set_recall);
MEASURE(measure_set_map);
MEASURE(measure_set_f);
MEASURE(measure_utility);

/* Ranks, with relevant or not. */
MEASURE(measure_map);
MEASURE(measure_log_map);
MEASURE(measure_map_cut);
MEASURE(measure_r_precision);
MEASURE(measure_r_multiples);
MEASURE(measure_bpref);
MEASURE(measure_log_bpref);
MEASURE(measure_inferred_ap);
MEASURE(measure_reciprocal_rank);
MEASURE(measure_reciprocal_rank_cut);
MEASURE(measure_precision);
MEASURE(measure_relative_precision);
MEASURE(measure_recall);
MEASURE(measure_success);
MEASURE(measure_interpolated);
MEASURE(measure_interpolated_mean);
MEASURE(measure_binary_g);
MEASURE(measure_yaap);
MEASURE(measure_unjudged);
MEASURE(measure_rbp);

/* Grades. */
MEASURE(measure_ndcg);
MEASURE(measure_ndcg_relevant);
MEASURE(measure_ndcg_levels);
MEASURE(measure_g);
MEASURE(measure_ndcg_cut);
MEASURE(measure_ndcg_judged);
MEASURE(measure_ndcg_exp);
MEASURE(measure_ndcg_local);
MEASURE(measure_ndcg_hit);
MEASURE(measure_ndcg_exp_local);
MEASURE(measure_ndcg_exp_hit);
MEASURE(measure_err);

#endif
