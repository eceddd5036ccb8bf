#ifndef AISLE_BENCH_RELEVANCE_REPLAY_H
#define AISLE_BENCH_RELEVANCE_REPLAY_H

/*
 * Logged queries asked of what serves now and of a candidate, without shoppers noticing: how much of what they see
 * would change. Figures are means over searches: a query that was asked ten times counts ten times.
 */
#include "bench/relevance/configuration.h"

struct replay_side {
    double empty;       /* part of searches without results */
    double in_stock;    /* part of the shown documents whose stock is known that are in stock */
    double stock_known; /* part of the shown documents whose stock is known */
    struct latency latency;
};

struct replay_query {
    const struct query_line *line;
    double overlap; /* of the first results: shared / the longer list */
    double rbo;     /* rank-biased overlap */
    bool first;     /* the first result is the same */
    size_t counts[2];
};

struct replay {
    struct replay_side sides[2];
    struct replay_query *queries; /* the most changed searches first: churn by count */
    size_t query_count;
    double searches;
    double churn;      /* 1 - mean overlap */
    double rbo;        /* mean */
    double first_same; /* part of searches */
    double unchanged;  /* part of searches with the same first results in the same order */
    struct arena arena;
};

/* found: what each side gave, by query. */
void replay_make(struct replay *out, const struct queries *queries, const struct retrieval found[2], size_t depth);
void replay_release(struct replay *r);

/* Rank-biased overlap of two lists without repeats (Webber, Moffat and Zobel, TOIS 2010), extrapolated from the depth
 * of the lists (equation 32 with equal lengths; the longer one is cut at the shorter's). 1 for equal lists, also for
 * two empty ones; 0 for disjoint ones. */
double rank_biased_overlap(const struct found *a, const struct found *b, size_t depth, double persistence);

#endif
