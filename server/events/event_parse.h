#ifndef AISLE_SERVER_EVENTS_EVENT_PARSE_H
#define AISLE_SERVER_EVENTS_EVENT_PARSE_H

/*
 * Events as clients send them, in one of two forms, told apart event by event:
 *
 * Algolia's Insights clients: {"events": [{"eventType": "click" | "conversion" | "view", "eventSubtype": "addToCart" |
 * "purchase", "eventName", "index", "objectIDs", "positions", "queryID", "userToken", "timestamp", "objectData",
 * "value", "currency"}]}, or the array alone. `filters` instead of objectIDs is kept as a note.
 *
 * User Behavior Insights (OpenSearch): {"action_name", "query_id", "client_id", "user_query", "timestamp",
 * "event_attributes": {"object": {"object_id"}, "position": {"ordinal"}}}, one, an array, or lines of them. Positions
 * count from 1. Which index is meant says `index`, else `event_attributes.object.index`, else `application`; an event
 * with a query_id of ours needs none. `search` with `user_query` is a search, what it showed is
 * `query_response_hit_ids`.
 *
 * `eventID` (`event_id`, `message_id`), where a client gives one, makes repeats known. Without it an event is a repeat
 * of one that is the same in all it says, when it says a time or a query id; others always count.
 */
#include "server/events/event.h"

#define EVENTS_MAX 1000 /* in one request */

/* now_ms bounds timestamps from above. The result borrows body and arena. STATUS_INPUT names the place and what would
 * be right: "events[3]: 'objectIDs' is missing", "offset 17: expected ':'"; STATUS_LIMIT: too many, too large. */
MUST_CHECK enum status event_parse(struct event_list *out, struct str body, struct arena *arena, int64_t now_ms,
                                   struct error *err);

#endif
