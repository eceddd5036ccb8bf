#ifndef AISLE_SERVER_QUERY_EVALUATE_H
#define AISLE_SERVER_QUERY_EVALUATE_H

/*
 * One pass over the segments of a snapshot for the requests of a call that share their text: window by window, who
 * matches the text, who of them each request's filter lets through, then totals, facets and the best hits. The window's
 * mutable values are read once for all requests.
 *
 * The pass runs a given number of steps of the ladder. A probe only counts: how many match by each step.
 */
#include "server/query/facet.h"
#include "server/query/filter_plan.h"
#include "server/query/hit.h"
#include "server/query/prune.h"
#include "server/query/topk.h"

struct evaluation_request {
    const struct search_request *request;
    struct filter_node *filter;
    struct facet_set facets;
    struct topk top;
    bool browse; /* the hits are the least objectIDs above `after` */
    struct str after;
    uint64_t total;
    uint64_t step_totals[QUERY_SLOTS + 1]; /* a probe's: matches with at most i slots missing */
    /* the pass's state */
    uint32_t total_unit;
    uint32_t step_units[QUERY_SLOTS + 1];
    struct candidate *pending; /* products: the best variant so far of the product at hand */
    uint32_t pending_unit;     /* 0: none */
    uint32_t first_rank;       /* browse: ids of this rank or above are behind `after` */
    bool products;
};

struct evaluation {
    const struct snapshot *snapshot;
    const struct query *query;
    struct arena *arena; /* results */
    struct arena *scratch;
    struct window window;
    struct match match;
    struct prior prior;
    struct evaluation_request *requests;
    size_t count;
    uint32_t steps; /* to run, at least 1 */
    bool probing;
    bool partial; /* a damaged segment was left out */
    uint32_t unit_base;
    struct facet_cache *cache;
    struct prune_cache *lengths;
    struct prior_cache *priors;
    struct affinity_cache *tallies;
    struct prune prune;
    struct hit_overlay *overlays; /* by segment */
    uint32_t explained;           /* the segment whose lists are open for explaining, + 1 */
    /* scratch of a window */
    struct mask *step_masks;
    struct mask *matches; /* by request */
    struct mask *wanted;  /* by request: those that may get into its hits */
    uint16_t *offsets;    /* of the matches that are listed, and */
    doc_id *docs;         /* which documents they are */
    /* figures for the profile */
    uint64_t windows, scored;
};

/* Compiles the requests. k: how many hits each keeps. */
MUST_CHECK enum status evaluation_init(struct evaluation *e, const struct scorer *scorer, struct error *err);
/* Runs the pass; totals, facets and hits are then in the requests. May run again with more steps. */
MUST_CHECK enum status evaluation_run(struct evaluation *e, struct error *err);

/* evaluate_hits.c */
/* The matches of a request that could still be among its best, by what can be told without scores. */
void evaluation_want(struct evaluation *e, struct evaluation_request *r, const struct mask *matches,
                     struct mask *wanted);
/* Leaves the documents whose share of the prior's weight, told by its first key alone, may be at least this, and
 * perhaps more. */
void evaluation_keep_prior(struct evaluation *e, double share, struct mask *m);
/* Offers the wanted documents of the window, summed by match_sum when there is text to be scored. */
void evaluation_take(struct evaluation *e, struct evaluation_request *r, const struct mask *wanted,
                     const struct mask *exact, bool scored);
/* A product's best variant is known. */
void evaluation_flush(struct evaluation_request *r);
/* Where `after` stands in the segment. */
uint32_t evaluation_rank_after(const struct shard *shard, struct str after);

#endif
