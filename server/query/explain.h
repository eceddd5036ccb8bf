#ifndef AISLE_SERVER_QUERY_EXPLAIN_H
#define AISLE_SERVER_QUERY_EXPLAIN_H

/*
 * Why a hit stands where it does: for each word of the query the alternative that counted, its idf, tf~ and part of the
 * score; coordination, prior, step, and the values of the sort keys. JSON, for getRankingInfo.
 */
#include "server/query/evaluate.h"

MUST_CHECK enum status explain_hit(struct evaluation *e, const struct evaluation_request *r, const struct candidate *c,
                                   const struct json **out, struct error *err);

#endif
