#ifndef AISLE_SERVER_HTTP_IMPRESSIONS_H
#define AISLE_SERVER_HTTP_IMPRESSIONS_H

/* What searches show, logged for requests with clickAnalytics. Any thread. */
#include "server/events/event.h"
#include "server/http/answer.h"
#include "server/http/exchange.h"

/* Gives the answer an id and logs what it shows, at most EVENT_ITEMS_MAX hits. False when the request asks for no id,
 * or events are not taken. */
bool impression_log(struct exchange *x, const struct answer *a, char query_id[QUERY_ID_TEXT]);

/* The token that comes with a request: userToken, or the header x-algolia-usertoken; empty when there is none, the
 * index's settings keep none, or it is longer than EVENT_TOKEN_MAX. */
struct str request_token(struct exchange *x, const struct search_request *request, const struct settings *settings);

#endif
