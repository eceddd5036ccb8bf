#ifndef AISLE_SERVER_HTTP_BEHAVIOUR_H
#define AISLE_SERVER_HTTP_BEHAVIOUR_H

/* What shoppers' behaviour adds to a search. On a reader's thread. */
#include "server/http/exchange.h"
#include "server/query/suggest.h"

/* Sets request->boosts, when something is known of the query or of products of the index. It lasts as long as the
 * arena and the snapshot. */
void behaviour_boosts(struct exchange *x, const struct search_context *context, struct search_request *request);

/* Puts the suggestions first that were searched for most lately, the others stay in their order, and leaves at most
 * `limit` of them. */
void behaviour_suggestions(struct exchange *x, const struct search_context *context, struct suggest_answer *answer,
                           size_t limit);

#endif
