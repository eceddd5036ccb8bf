#ifndef AISLE_BENCH_RELEVANCE_CLICK_MODEL_H
#define AISLE_BENCH_RELEVANCE_CLICK_MODEL_H

/*
 * How attractive a product is for a query, whatever place it was shown at: the position-based model (Chuklin, Markov
 * and de Rijke, "Click Models for Web Search", 2015, sections 3.3 and 4.2), estimated by expectation maximization. A
 * click needs a place that is looked at, with a probability of its position alone, and a product that attracts, with
 * one of query and product alone:
 *
 *   P(click) = looked(position) * attracts(query, product)
 *
 * What products would do at other places is only known from those that were shown at several: interleaving, changes of
 * the ranking and of stock provide that. Where the log has little of it, `looked` stays near where it begins, 1 /
 * position. One thread.
 */
#include "bench/relevance/entries.h"
#include "indexer/base/map.h"

enum { CLICK_POSITIONS = 100 }; /* further down is as at the last */

/* What happened at one position. */
struct click_place {
    uint32_t position;
    double shown, clicked;
};

struct click_pair {
    uint32_t query;
    const char *doc; /* terminated */
    VEC(struct click_place) places;
    double shown, clicked;
    double looked;   /* how often it was looked at, by the model */
    double attracts; /* 0..1 */
};

struct click_model {
    struct arena arena;
    VEC(struct click_pair) pairs;
    VEC(const char *) queries; /* texts, terminated */
    struct map pair_places, query_places;
    double looked[CLICK_POSITIONS + 1]; /* by position from 1; looked[1] is 1 */
    double rate;                        /* clicks an impression that was looked at, of all */
};

void click_model_init(struct click_model *m);
void click_model_release(struct click_model *m);

/* The number of a query by its normal form; `text` is what it is shown as when it is new. */
uint32_t click_model_query(struct click_model *m, struct str normal, struct str text);
/* The number of query and product. */
uint32_t click_model_pair(struct click_model *m, uint32_t query, struct str doc);
/* One impression, or a click on one that was added. position from 1. */
void click_model_shown(struct click_model *m, uint32_t pair, uint32_t position);
void click_model_clicked(struct click_model *m, uint32_t pair, uint32_t position);

/* Estimates looked and attracts, in at most `rounds` rounds. */
void click_model_estimate(struct click_model *m, size_t rounds);

struct click_grading {
    double least_looked; /* a pair that was looked at less often gets no grade; 10 */
    long top_grade;      /* 3 */
};
/* Grades of 0 to the top: attracts, in equal steps, from nothing to what the best twentieth of the pairs have. Pairs
 * that are graded, by query text and document; sorted. Release it. */
void click_model_grade(const struct click_model *m, const struct click_grading *grading, struct entries *out);

#endif
