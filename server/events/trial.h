#ifndef AISLE_SERVER_EVENTS_TRIAL_H
#define AISLE_SERVER_EVENTS_TRIAL_H

/*
 * Which of two interleaved rankings shoppers prefer. A search in an experiment is logged with a note that says whose
 * each hit was; what a shopper does to a hit is credited to its team. A search prefers the team with more credits
 * (Chapelle, Joachims, Radlinski and Yue, "Large-Scale Validation and Analysis of Interleaved Search Evaluation", TOIS
 * 2012).
 *
 * Searches of one query are alike, so a query is one observation: the mean over its searches with a credit, from -1
 * (all prefer A) to 1 (all prefer B). The preference is the mean over queries; its interval comes from the bootstrap,
 * and whether it is chance say a paired t and a randomization test (significance.h).
 */
#include "indexer/base/map.h"
#include "indexer/base/significance.h"
#include "indexer/base/vec.h"
#include "server/events/events.h"

#define TRIAL_SEARCHES 2000000 /* the most of one evaluation */

/* The note of a search, to be logged with it: whose each hit is, by place: '-', 'A' or 'B'. */
void trial_note_write(struct buf *out, struct str experiment, struct str teams);
/* False: it is no such note. The parts borrow it. */
bool trial_note_read(struct str note, struct str *experiment, struct str *teams);

/* What credits are given for. */
enum trial_deed { TRIAL_CLICK, TRIAL_CART, TRIAL_PURCHASE, TRIAL_DEEDS };
const char *trial_deed_name(enum trial_deed deed); /* "clicks", "carts", "purchases" */

struct trial_query {
    struct str text;
    uint64_t searches;
    struct {
        uint64_t a, b, even; /* searches that prefer it, or both alike, of those with a credit */
    } by[TRIAL_DEEDS];
};

struct trial_result {
    uint64_t a, b, even;           /* searches */
    uint64_t queries;              /* with a credit */
    uint64_t queries_a, queries_b; /* that prefer it */
    double preference;             /* -1..1, above 0: B */
    struct interval interval;      /* 95 % */
    struct t_test t;
    double random_p;
    bool significant; /* random_p below .05 */
};

struct trial {
    struct str index, experiment;
    uint64_t searches;  /* that took part */
    uint64_t differing; /* whose lists had hits of a team */
    VEC(struct trial_query) queries;
    struct trial_result results[TRIAL_DEEDS];
    /* while it is made */
    VEC(struct trial_search) credits;
    struct map query_places, search_places;
    struct arena arena;
};

/* All searches of an experiment from from_ms on, by the log. Release in either case; not changed afterwards. */
struct trial_options {
    struct str index, experiment;
    int64_t from_ms;
};
MUST_CHECK enum status trial_make(struct trial *out, struct events *log, const struct trial_options *options,
                                  struct error *err);
void trial_release(struct trial *t);

/* Without a log: begin, add each event in the log's order, finish. */
void trial_begin(struct trial *t, const struct trial_options *options);
MUST_CHECK enum status trial_add(struct trial *t, const struct event *event, struct error *err);
void trial_finish(struct trial *t);

#endif
