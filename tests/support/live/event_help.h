#ifndef AISLE_TESTS_SUPPORT_LIVE_EVENT_HELP_H
#define AISLE_TESTS_SUPPORT_LIVE_EVENT_HELP_H

/* Events for tests, and waiting for the log. */
#include "server/events/events.h"

/* A click on a product, with an identity of its own. */
struct event event_of_test(enum event_type type, const char *token, const struct event_item *item, uint64_t identity);
/* Submits and waits. */
struct events_outcome event_submit_wait(struct events *e, const struct event_list *list);
struct events_outcome event_forget_wait(struct events *e, const char *token);

#endif
