#ifndef AISLE_SERVER_HTTP_EVENT_METRICS_H
#define AISLE_SERVER_HTTP_EVENT_METRICS_H

/* The metrics of shoppers' events. */
struct server;

/* Once, before the server is ready; server->events is set, or NULL. */
void event_metrics_add(struct server *server);

#endif
