#ifndef AISLE_SERVER_QUERY_SUGGEST_H
#define AISLE_SERVER_QUERY_SUGGEST_H

/*
 * Autocomplete: the suggestions that what was typed begins (indexer/shard/suggest.h), and the products that a search
 * for it finds right now.
 */
#include "indexer/shard/suggest.h"
#include "server/query/search.h"

struct suggest_request {
    struct str typed;
    size_t limit;                          /* suggestions */
    const struct search_request *products; /* a search for the same text; NULL: no products */
};

struct suggest_answer {
    struct suggestion *suggestions; /* texts copied to the arena */
    size_t count;
    struct search_result products; /* when asked for */
    bool partial;                  /* the file of suggestions is damaged, or a shard of the products */
};

MUST_CHECK enum status suggest_run(const struct search_context *c, const struct suggest_request *request,
                                   struct suggest_answer *out, struct error *err);

#endif
