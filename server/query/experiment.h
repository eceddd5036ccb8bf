#ifndef AISLE_SERVER_QUERY_EXPERIMENT_H
#define AISLE_SERVER_QUERY_EXPERIMENT_H

/*
 * A search in an experiment: the index's own ranking, A, and the one that the setting `experiment` tries, B, make one
 * list by team-draft (interleave.h). Totals, facets and relaxation are A's; pages fit together, since the coin depends
 * on the experiment, the shopper's token and the query alone.
 *
 * Searches take part when they have text, are not sorted by an attribute, and the shopper is in the share. Any thread.
 */
#include "server/query/search.h"

struct experiment_search {
    const struct json *params;            /* as they came */
    const struct search_request *request; /* as they were read */
    struct str token;                     /* of the shopper; may be empty */
    const struct search_boosts *boosts;   /* B's, unless it goes without */
};

/* Whether the search takes part in an experiment of the snapshot. */
bool experiment_takes(const struct snapshot *snapshot, const struct experiment_search *s);
/* What A must be asked, so that the page can be drafted from the list's beginning. */
struct search_request experiment_wide(const struct search_request *request);
/* Asks B, and makes the page of what A gave for experiment_wide: hits know their teams then, and result->experiment is
 * the experiment's name. Errors as of search_run. */
MUST_CHECK enum status experiment_draft(const struct search_context *c, const struct experiment_search *s,
                                        struct search_result *result, struct error *err);

#endif
