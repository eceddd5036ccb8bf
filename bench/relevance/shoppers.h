#ifndef AISLE_BENCH_RELEVANCE_SHOPPERS_H
#define AISLE_BENCH_RELEVANCE_SHOPPERS_H

/*
 * Simulated shoppers: what they click of a list whose grades are known, by the position-based model (Craswell, Zoeter,
 * Taylor and Ramsey, "An Experimental Comparison of Click Position-Bias Models", WSDM 2008): a place is looked at with
 * a probability that falls with its position, whatever is there; what is looked at is clicked with a probability that
 * grows with its grade, and never is 0 or 1. And what they did, added up for each query and product, so that
 * click-through as it is can be held against what a server makes of it.
 */
#include "bench/relevance/entries.h"
#include "indexer/base/map.h"
#include "indexer/base/significance.h"

struct shopper {
    double eta;       /* the place p is looked at with p^-eta */
    double noise;     /* a click on what is worth nothing, when it is looked at; the best is clicked with 1 - noise */
    double top_grade; /* of the collection */
};
double shopper_looks(const struct shopper *s, size_t position); /* from 1 */
double shopper_likes(const struct shopper *s, double grade);    /* grades below 0 and unjudged documents are 0 */
bool shopper_clicks(const struct shopper *s, size_t position, double grade, struct dice *dice);

/* The grade of a document; 0 when it is not judged. */
double shoppers_grade(const struct entries_query *judged, const char *doc);

/* Impressions and clicks of documents by query. */
struct click_counts {
    double shown, clicked;
};
struct click_log {
    struct map places; /* "query\ndoc" to a place in counts */
    VEC(struct click_counts) counts;
    double shown, clicked;
};
void click_log_init(struct click_log *l);
void click_log_release(struct click_log *l);
void click_log_add(struct click_log *l, size_t query, struct str doc, bool clicked);
/* (clicks + S * a) / (impressions + S), S 5, a the rate of all: click-through as it is, smoothed, with no regard to
 * positions. */
double click_log_rate(const struct click_log *l, size_t query, struct str doc);

#endif
