#ifndef AISLE_SERVER_QUERY_FACET_H
#define AISLE_SERVER_QUERY_FACET_H

/*
 * Facet counts and stats of one request: exact, over all of its matches, in objects or in products. String values are
 * counted by their code of the generation's dictionary, so the segments' counts add up in one array; numbers by value
 * (facet_number.h); the stock flag by itself. Products count once for each value that any matching variant has: the
 * documents of a product lie side by side, and a stamp for each value remembers the product that counted it last.
 */
#include "server/query/facet_number.h"
#include "server/query/search.h"
#include "server/query/tally.h"
#include "server/query/window.h"

struct facet_counter {
    attr_id attr;
    bool stock;
    bool codes; /* the attribute has string values */
    uint32_t code_count;
    uint32_t *counts; /* by code */
    uint32_t *stamps; /* by code; NULL when documents are counted */
    uint64_t stock_counts[2];
    uint32_t stock_stamps[2];
    uint32_t *paths; /* of the segment, by code + 1 of the one path's node; NULL: none yet */
    bool by_path, paths_used;
    const struct facet_column *column; /* of the segment */
    uint32_t sparse_at;
    bool known;       /* the segment's counts are among the tallies */
    uint32_t *before; /* the counts before the segment, when they are to be kept afterwards; else NULL */
    bool numbers_known;
    struct facet_numbers numbers;
};

/* What was asked for: a counter, and of a hierarchical attribute a level. */
struct facet_wanted {
    struct str name;
    uint32_t counter;
    uint32_t level; /* UINT32_MAX: not hierarchical */
};

struct facet_set {
    const struct snapshot *snapshot;
    struct arena *arena;
    struct facet_counter *counters;
    uint32_t counter_count;
    struct facet_wanted *wanted;
    uint32_t wanted_count, wanted_capacity;
    bool every; /* "*": facets without a value are left out */
    struct facet_units units;
    struct tallies *tallies;  /* NULL: none are kept */
    bool tallied;             /* all that is in the scope matches: */
    struct tally_place place; /* of the segment */
    bool whole_known;         /* nothing of the segment need be counted */
    uint32_t whole_total;     /* and so many match there */
};

/* Resolves names; "X" of a hierarchical attribute stands for all of its levels, "*" for every faceted attribute. False
 * when memory runs out. */
bool facet_init(struct facet_set *f, const struct snapshot *snapshot, const struct search_request *request,
                struct arena *arena);
/* How often what the facets asked for count was changed in place in a segment. */
uint64_t facet_epoch(const struct snapshot *snapshot, const struct search_request *request, uint32_t segment);
/* Registers what the facets read with the window, after everybody else did. False when memory runs out. */
bool facet_sources(struct facet_set *f, struct window *w);
/* scope: just its documents will be counted; NULL: others. STATUS_FORMAT: what the facets read of the segment is
 * damaged.
 */
MUST_CHECK enum status facet_segment(struct facet_set *f, struct window *w, const struct filter_scope *scope,
                                     struct error *err);
/* Counts the matches of a window. False when memory runs out. */
bool facet_window(struct facet_set *f, struct window *w, struct facet_matches *matches);
/* After the segment's last window: so many matched there. */
bool facet_segment_end(struct facet_set *f, struct window *w, uint64_t total);

/* Adds what another set for the same snapshot and request counted in other segments. False when memory runs out. */
bool facet_add(struct facet_set *f, const struct facet_set *other);

/* The results, in the request's order (facet_result.c). */
bool facet_results(struct facet_set *f, const struct search_request *request, struct arena *arena,
                   struct facet_result **out, size_t *count);

#endif
