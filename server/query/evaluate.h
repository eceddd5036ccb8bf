#ifndef AISLE_SERVER_QUERY_EVALUATE_H
#define AISLE_SERVER_QUERY_EVALUATE_H

/*
 * One pass over the segments of a snapshot for the requests of a call that share their text: window by window, who
 * matches the text, who of them each request's filter lets through, then totals, facets and the best hits. The window's
 * mutable values are read once for all requests.
 *
 * The pass runs a given number of steps of the ladder.
 */
#include "server/query/boosting.h"
#include "server/query/facet.h"
#include "server/query/filter_plan.h"
#include "server/query/hit.h"
#include "server/query/pages.h"
#include "server/query/prune.h"
#include "server/query/topk.h"

#define EARLY_WINDOWS 3
#define EARLY_TRIES   6

/* What a page that is kept (pages.h) leaves to do. */
enum page_part {
    PAGE_SCANNED, /* of a segment: all of it is gone through */
    PAGE_LISTED,  /* hits can only be among the documents listed */
    PAGE_NOTHING
};

struct page_plan {
    bool scoped;       /* without text: all documents of the scope match */
    bool counts, tops; /* its totals and facets are kept, its first documents */
    struct filter_scope scope;
    struct hash128 counts_key, tops_key;
    size_t k;                  /* hits wanted; more are looked for */
    bool counted;              /* total and facets are known: */
    struct search_result kept; /* these */
    const struct page_tops *known;
    uint64_t *epochs; /* by segment, read before the pass */
    enum page_part part;
    const doc_id *listed;
    uint32_t listed_count;
    bool looked; /* a segment was gone through though the first documents are known */
    bool sorted; /* the hits are in order and no heap any more */
};

struct evaluation_request {
    const struct search_request *request;
    struct filter_node *filter;
    struct facet_set facets;
    struct topk top;
    bool browse; /* the hits are the least objectIDs above `after` */
    struct str after;
    uint64_t total;
    bool skipped; /* there may be more matches than that */
    /* the pass's state */
    uint32_t total_unit;
    uint64_t segment_total;    /* before the segment */
    struct candidate *pending; /* products: the best variant so far of the product at hand */
    uint32_t pending_unit;     /* 0: none */
    uint32_t first_rank;       /* browse: ids of this rank or above are behind `after` */
    bool products;
    struct page_plan page;
};

struct evaluation {
    const struct snapshot *snapshot;
    const struct query *query;
    struct arena *arena; /* results */
    struct arena *scratch;
    struct window window;
    struct store_view view;
    struct match match;
    struct prior prior;
    struct evaluation_request *requests;
    size_t count;
    uint32_t steps; /* to run, at least 1 */
    uint32_t taken; /* the matches of so many steps were offered to the hits, which keep the best of them; 0: none */
    bool partial;   /* a damaged segment was left out */
    bool damaged;   /* a segment was found damaged while it was gone through */
    uint32_t unit_base;
    struct tallies *counts;
    struct prune_cache *lengths;
    struct prior_cache *priors;
    struct match_memory *memory;
    struct pages *pages;             /* NULL: none are kept */
    struct buf *page_key;            /* scratch */
    struct crew *crew;               /* who may take segments off this thread; NULL: nobody */
    struct evaluation_request *only; /* the pass is for this one alone, over the documents listed for it */
    struct prune prune;
    struct boosting boosting;
    struct hit_reader *readers;   /* by request */
    struct hit_overlay *overlays; /* by segment */
    uint32_t explained;           /* the segment whose lists are open for explaining, + 1 */
    /* windows of the segment that gave their hits ahead of their turn */
    bool early; /* the window at hand does */
    uint32_t early_count;
    doc_id early_bases[EARLY_WINDOWS];
    /* scratch of a window */
    struct mask *step_masks;
    struct mask *matches; /* by request */
    struct mask *wanted;  /* by request: those that may get into its hits */
    uint16_t *offsets;    /* of the matches that are listed, and */
    doc_id *docs;         /* which documents they are */
    /* figures for the profile */
    uint64_t windows, scored;
};

/* evaluate_init.c */
/* Compiles the requests. k: how many hits each keeps. */
MUST_CHECK enum status evaluation_init(struct evaluation *e, const struct scorer *scorer, struct error *err);
/* evaluate.c */
/* Runs the pass; totals, facets and hits are then in the requests. May run again with more steps: all is counted anew
 * then, but only the matches that are new are scored. */
MUST_CHECK enum status evaluation_run(struct evaluation *e, struct error *err);

/* A pass begins: nothing is counted. */
MUST_CHECK enum status evaluation_begin(struct evaluation *e, struct error *err);
/* Goes through a segment; a damaged one is left out. */
MUST_CHECK enum status evaluation_segment(struct evaluation *e, uint32_t segment, struct error *err);

/* evaluate_split.c */
/* Goes through all segments, with helpers where that pays. */
MUST_CHECK enum status evaluation_segments(struct evaluation *e, struct error *err);

/* evaluate_hits.c */
/* The matches of a request that could still be among its best, by what can be told without scores. */
void evaluation_want(struct evaluation *e, struct evaluation_request *r, const struct mask *matches,
                     const struct mask *exact, struct mask *wanted);
/* Whether a score below that of the worst hit keeps every document out that evaluation_want left. */
bool evaluation_by_score(const struct evaluation *e, const struct topk *t);
/* Offers the wanted documents of the window, summed by match_sum when there is text to be scored. */
void evaluation_take(struct evaluation *e, struct evaluation_request *r, const struct mask *wanted,
                     const struct mask *exact, bool scored);
/* A product's best variant is known. */
void evaluation_flush(struct evaluation_request *r);
/* Where `after` stands in the segment. */
uint32_t evaluation_rank_after(const struct shard *shard, struct str after);

/* evaluate_pages.c */
/* Looks for what is known of the request's page, before top.k is used. False when memory runs out. */
bool evaluation_plan_page(struct evaluation *e, struct evaluation_request *r);
/* What is to be done in a segment, and sets what is listed there; counted: total and facets are known there. */
enum page_part evaluation_page_part(struct evaluation *e, struct evaluation_request *r, uint32_t segment, bool counted);
/* After the pass. False: the documents listed were not enough, and all must be gone through. */
bool evaluation_settle_page(struct evaluation *e, struct evaluation_request *r);

#endif
