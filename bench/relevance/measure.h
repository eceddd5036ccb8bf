#ifndef AISLE_BENCH_RELEVANCE_MEASURE_H
#define AISLE_BENCH_RELEVANCE_MEASURE_H

/*
 * Measures by name. Those of trec_eval 9.0.8 have its names, parameters ("P.5,10"), defaults and order, and give its
 * numbers to the last bit; the others follow. A measure gives one value a query or one for each cutoff.
 *
 * The measures that trec_eval does not have:
 *   ndcg_exp.K        gain 2^grade - 1 instead of the grade
 *   ndcg_local.K      ideal from the retrieved documents only
 *   ndcg_hit.K        ideal cut at the number of results, when they are fewer than K (Elasticsearch's)
 *   ndcg_exp_local.K, ndcg_exp_hit.K
 *   ndcg_judged.K     ndcg_cut after unjudged documents are taken out, as -J does
 *   unjudged.K        the part of the first K places that an unjudged document holds
 *   err.K             expected reciprocal rank (Chapelle et al., CIKM 2009); the top grade is the collection's
 *   rbp.P             rank-biased precision (Moffat and Zobel, TOIS 2008), binary, persistence P
 *   recip_rank_cut.K  reciprocal rank within the first K
 */
#include "bench/relevance/ranking.h"

enum measure_kind {
    MEASURE_COUNT,   /* a whole number, no parameters */
    MEASURE_VALUE,   /* a number, no parameters */
    MEASURE_CUTOFFS, /* a value for each rank */
    MEASURE_PARTS,   /* a value for each real number */
    MEASURE_NUMBERS, /* one value, real parameters */
    MEASURE_GAINS,   /* one value, parameters grade=gain */
    MEASURE_TEXT,    /* of a query, nothing in the summary */
    MEASURE_RUN      /* of the run, nothing for a query */
};

enum measure_average {
    AVERAGE_MEAN,
    AVERAGE_SUM,
    AVERAGE_GEOMETRIC, /* of what was bounded below by .00001; queries have logarithms, which are not shown */
    AVERAGE_QUERIES,   /* the number of queries; not shown for one */
    AVERAGE_RELEVANT   /* a sum; complete: of what is judged above 0, whatever the level */
};

enum { MEASURE_VALUES = 64 };

struct gain {
    long grade;
    long count; /* judged documents of this grade */
    double gain;
};

struct measure;

struct measure_row {
    const char *name;
    enum measure_kind kind;
    enum measure_average average;
    /* Fills m->value_count values, which are 0 before; NULL for text and run. The arena is the query's. */
    void (*compute)(const struct measure *m, const struct ranking *r, struct arena *arena, double *values);
    const char *defaults; /* parameters */
    const char *help;
};

/* A measure that was asked for. */
struct measure {
    const struct measure_row *row;
    double parameters[MEASURE_VALUES]; /* cutoffs in ascending order */
    long grades[MEASURE_VALUES];       /* MEASURE_GAINS: what the parameters are the gains of */
    size_t parameter_count;
    const char *names[MEASURE_VALUES]; /* "P_5"; in the set's arena */
    size_t value_count;
};

struct measure_set {
    struct arena arena;
    struct measure *measures; /* in the table's order, which is that of the output */
    size_t count;
};

/* The measures named, such as "map", "P.5,10", or a nickname: official, set, all_trec, aisle. When a name is given
 * twice, the first parameters hold, as with trec_eval. STATUS_NOT_FOUND for an unknown name, STATUS_INPUT for wrong
 * parameters. Release in either case. */
MUST_CHECK enum status measure_set_make(struct measure_set *set, const char *const *names, size_t count,
                                        struct error *err);
void measure_set_release(struct measure_set *set);
/* The place of a value's name, such as "ndcg_cut_10", among all values of the set; SIZE_MAX: not there. */
size_t measure_set_find(const struct measure_set *set, const char *value_name);
size_t measure_set_values(const struct measure_set *set);

/* relstring: a character for each of the first results. */
const char *measure_relstring(const struct measure *m, const struct ranking *r, struct arena *arena);

extern const struct measure_row measure_rows[];
extern const size_t measure_row_count;

void measures_print(void); /* the table, for people */

#endif
