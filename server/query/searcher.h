#ifndef AISLE_SERVER_QUERY_SEARCHER_H
#define AISLE_SERVER_QUERY_SEARCHER_H

/*
 * What a thread keeps from search to search: analyses, the ranking tables, and scratch memory that is reset before each
 * call. Inside server/query only.
 */
#include "indexer/base/limits.h"
#include "server/query/evaluate.h"
#include "server/query/search.h"

#define SEARCHER_ANALYSES    8
#define SEARCHER_PAGES_BYTES (32u << 20)

/* What of a searcher's memory is in the sum of all. */
struct searcher_told {
    uint64_t tallies, tally_bytes, tallies_asked, tallies_found, value_bytes;
};

struct searcher {
    struct arena scratch;
    struct scorer scorer;
    struct tallies facets;
    struct prune_cache lengths;
    struct prior_cache priors;
    struct match_memory memory;
    struct searcher_memory *memory_of_all; /* NULL: nobody asks */
    struct searcher_told told;
    struct pages *pages, *own; /* those it looks into, shared ones perhaps */
    struct crew *crew;         /* NULL: it searches alone */
    struct buf page_key;
    struct {
        uint64_t analyzer; /* analyzer_id; 0: free */
        struct analysis *analysis;
    } analyses[SEARCHER_ANALYSES];
    uint32_t next_analysis;
};

/* The thread's analysis for a snapshot's analyzer. NULL when memory or ICU fails. */
struct analysis *searcher_analysis(struct searcher *s, const struct snapshot *snapshot);

/* Gives the evaluation what the thread keeps. */
void searcher_lend(struct searcher *s, struct evaluation *e);

/* Brings the sum of all searchers up to date. */
void searcher_tell(struct searcher *s);

/* Runs a pass, and the ladder's, for requests that share their text. e has snapshot, query, arenas, requests. */
MUST_CHECK enum status searcher_evaluate(struct searcher *s, struct evaluation *e, struct error *err);
/* Whether all that the request's answer takes is kept (pages.h). Uses the scratch memory. */
bool searcher_keeps(struct searcher *s, const struct snapshot *snapshot, const struct search_request *request,
                    const struct query *query);
/* Builds the query of a request, unless it has one. */
MUST_CHECK enum status searcher_query(const struct search_context *c, const struct search_request *request,
                                      const struct query **out, struct error *err);
/* The nibbles of a fact that restrictSearchableAttributes leaves; 0: all. STATUS_INPUT: no such attribute. */
MUST_CHECK enum status searcher_fields(const struct snapshot *snapshot, const struct search_request *request,
                                       uint64_t *fields, struct error *err);

#endif
