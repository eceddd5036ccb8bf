#ifndef AISLE_SERVER_HTTP_ANSWER_H
#define AISLE_SERVER_HTTP_ANSWER_H

/*
 * Search results as clients read them: hits with the attributes asked for, highlights, snippets, facets, totals, and an
 * object `aisle` that says what is special to this server: the sequence number that the answer contains, the steps run,
 * words that were dropped or corrected, whether a damaged shard was left out. Any thread.
 */
#include "server/query/search.h"

/* Which attributes of objects are shown: names, dotted paths, "*", "-name". */
struct shown {
    const struct str *names;
    size_t count;
    bool all;
    const struct str *never; /* unretrievable */
    size_t never_count;
};
/* attributesToRetrieve of a request, else of the settings. */
struct shown shown_of(const struct search_request *request, const struct settings *settings);
/* A list as it comes over the wire; count 0: everything. */
struct shown shown_list(const struct str *names, size_t count);

/* The object's members, without the outer braces; objectID is always among them. True when anything was written. */
bool answer_members(struct buf *out, const struct json *object, const struct shown *shown);
/* The object. */
void answer_object(struct buf *out, const struct json *object, const struct shown *shown);

struct answer {
    struct searcher *searcher;
    const struct snapshot *snapshot;
    const struct search_request *request;
    const struct search_result *result;
    const struct json *params; /* as they came, for the echo; may be NULL */
    struct arena *arena;
    struct marker *marker; /* of the result; NULL: made where texts are to be marked */
    struct str query_id;   /* empty: none was asked for */
    size_t *time_at;       /* set to where in the output the milliseconds are; or NULL */
};

/* One result: {"hits":[..],"nbHits":..,...}. STATUS_LIMIT when the arena is full. */
MUST_CHECK enum status answer_result(const struct answer *a, struct buf *out);
/* One hit of it. */
MUST_CHECK enum status answer_hit(const struct answer *a, const struct hit *hit, struct buf *out);
/* "query=trail&page=0": the parameters as a URL-encoded string. */
void answer_params(struct buf *out, const struct json *params);

#endif
