#ifndef AISLE_SERVER_QUERY_PROFILE_H
#define AISLE_SERVER_QUERY_PROFILE_H

/* Where a search's time went, and how much it looked at: JSON, for `profile`. */
#include "server/query/evaluate.h"

struct profile_times {
    uint64_t query_ns;    /* analysis, terms, typos */
    uint64_t evaluate_ns; /* matching, filters, facets, hits; of all requests that share the text */
    uint64_t results_ns;  /* objects, facet lists */
};

/* NULL when memory runs out. */
const struct json *profile_of(const struct evaluation *e, const struct evaluation_request *r,
                              const struct profile_times *times, struct arena *arena);

#endif
