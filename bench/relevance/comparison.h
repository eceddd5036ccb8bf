#ifndef AISLE_BENCH_RELEVANCE_COMPARISON_H
#define AISLE_BENCH_RELEVANCE_COMPARISON_H

/*
 * Two or more systems over the same judged queries, the first one the base. Every judged query counts: 0 where a system
 * found nothing. The first measure is the one that queries are ordered by and that gates look at.
 */
#include "bench/relevance/configuration.h"
#include "bench/relevance/evaluation.h"
#include "indexer/base/significance.h"

enum { COMPARISON_SYSTEMS = 16 };

/* A run, from a file or asked for. */
struct system {
    const char *name;
    struct entries run;
    struct evaluation evaluation;
    struct configuration configuration; /* of a system that was asked */
    struct opened opened;               /* target NULL: it is a file */
    struct latency latency;
};

struct comparison_options {
    struct evaluation_options evaluation; /* complete is set */
    const struct queries *queries;        /* to ask, and for their texts; NULL: systems are files */
    struct retrieval_options retrieval;   /* params are the system's */
    int64_t depth;                        /* results of a query that are looked at for what changed; 10 */
    size_t rounds;                        /* of bootstrap and randomization; 10,000 */
    uint64_t seed;
};

/* One measure of one system against the base. */
struct contrast {
    double base, value, difference; /* means */
    struct interval interval;       /* of the difference */
    size_t up, down, same;          /* queries */
    struct t_test t;
    double random_p;
    double adjusted_p; /* random_p after Holm's correction over all contrasts */
    bool significant;  /* adjusted_p below .05 */
};

/* A document that a system shows and the base does not, and that nobody has judged. */
struct newcomer {
    size_t system;
    const char *query;
    const char *doc;
    size_t rank;
};

struct comparison {
    struct comparison_options options;
    const struct entries *judgments;
    const struct measure_set *set;
    struct system *systems;
    size_t system_count;
    size_t value_count;
    size_t query_count;
    const char **value_names;
    size_t *columns;            /* where a value is in the evaluations: the decisive measure's come first */
    struct interval *intervals; /* of means: value * system_count + system */
    struct contrast *contrasts; /* (system - 1) * value_count + value */
    size_t **order;             /* by system: query rows, the worst loss of the first measure first */
    VEC(struct newcomer) newcomers;
    struct arena arena;
};

/* Reads or asks one system: a configuration file, or a run file. Release in either case. */
MUST_CHECK enum status system_read(struct system *out, const char *path, const struct comparison_options *options,
                                   struct error *err);
void system_release(struct system *s);

/* What is compared: borrowed, and the systems are evaluated. */
struct comparison_input {
    const struct entries *judgments;
    const struct measure_set *set;
    struct system *systems;
    size_t system_count;
    const char *decisive; /* the measure that comes first, such as "ndcg_cut.10"; its first value decides */
};
/* STATUS_INPUT when a measure's summary is no mean. Release in either case. */
MUST_CHECK enum status comparison_make(struct comparison *out, const struct comparison_input *input,
                                       const struct comparison_options *options, struct error *err);
void comparison_release(struct comparison *c);

static inline const struct contrast *comparison_contrast(const struct comparison *c, size_t system, size_t value)
{
    return &c->contrasts[(system - 1) * c->value_count + value];
}
double comparison_value(const struct comparison *c, size_t system, size_t row, size_t value);
double comparison_mean(const struct comparison *c, size_t system, size_t value);
/* A query's text; its id when that is not known. */
struct str comparison_text(const struct comparison *c, const char *query);

/* One place of a query's results, and where the other system has the document. */
struct place {
    const char *doc;
    long grade;        /* GRADE_OUTSIDE and GRADE_UNKNOWN as in ranking.h */
    size_t other_rank; /* 0: not among the other's results */
};
struct places {
    struct place *items;
    size_t count;
};
/* The first results of a system for a query, at most the options' depth, with `other`'s ranks. In the arena. */
struct places comparison_places(const struct comparison *c, size_t system, size_t other, const char *query,
                                struct arena *arena);
/* A document's title where a system can tell; NULL: not known. */
const char *comparison_title(const struct comparison *c, const char *doc, struct arena *arena);

void comparison_write_text(const struct comparison *c, struct buf *out);
void comparison_write_json(const struct comparison *c, struct buf *out);
/* A page on its own: no other file, no script. */
void comparison_write_html(const struct comparison *c, struct buf *out);

#endif
