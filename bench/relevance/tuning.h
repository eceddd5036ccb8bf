#ifndef AISLE_BENCH_RELEVANCE_TUNING_H
#define AISLE_BENCH_RELEVANCE_TUNING_H

/*
 * A search for settings that rank better: coordinate ascent over numbers in the settings, on training queries only.
 * The queries are split: a part is held out and not looked at until the end; on the rest the search runs once on all,
 * and once for each fold without it, so that the gain on the folds, which the searches did not see, tells what of the
 * gain in training is real. All that is random comes from the seed.
 */
#include "bench/relevance/configuration.h"
#include "bench/relevance/evaluation.h"
#include "indexer/base/significance.h"

enum { TUNING_PARAMETERS = 32, TUNING_FOLDS = 10 };

/* A number in the settings that may change: a key, or the weight of one searchable attribute. */
struct tunable {
    const char *name; /* "k1", or "weight of title" */
    int field;        /* position in searchableAttributes; -1: a key of the settings */
    const char *key;  /* of the settings; of a field its text without the weight */
    double start;
    double low, high;
    bool whole;
};

struct tuning_options {
    const char *measure; /* "ndcg_cut.10": its first value is what counts */
    struct evaluation_options evaluation;
    struct retrieval_options retrieval;
    int64_t folds;                        /* 2..TUNING_FOLDS */
    int64_t held_out;                     /* percent of the queries, 0..80 */
    int64_t budget;                       /* settings tried, at most */
    double least_gain;                    /* of the training mean, for a change to be kept */
    const struct option_list *parameters; /* "k1=0.2..3", "weights"; empty: all */
    size_t rounds;
    uint64_t seed;
};

/* A gain over queries that a search did not see, or did. */
struct gain_estimate {
    double before, after;
    struct interval interval; /* of the difference */
    double p;                 /* randomization */
    size_t query_count;
};

struct tuning {
    struct tunable tunables[TUNING_PARAMETERS];
    size_t tunable_count;
    double best[TUNING_PARAMETERS];
    double fold_best[TUNING_FOLDS][TUNING_PARAMETERS];
    struct gain_estimate training; /* seen */
    struct gain_estimate crossed;  /* each query with the settings of the fold that left it out */
    struct gain_estimate held_out; /* query_count 0: none were held out */
    size_t tried;
    bool exhausted; /* the budget ended the search */
    struct arena arena;
};

/* The target must not be a server. STATUS_INPUT for parameters that are not there and too few queries. Release in
 * either case. */
struct tuning_input {
    struct target *target;
    const struct json *params; /* of the searches */
    const char *settings;      /* JSON text over the index's own, from where the search starts; NULL: none */
    const struct entries *judgments;
    const struct queries *queries;
};
MUST_CHECK enum status tuning_run(struct tuning *out, const struct tuning_input *input,
                                  const struct tuning_options *options, struct error *err);
void tuning_release(struct tuning *t);

/* The settings to be put, as JSON: only what changed. */
void tuning_write_patch(const struct tuning *t, struct buf *out);
void tuning_write_report(const struct tuning *t, const char *measure, struct buf *out);

#endif
