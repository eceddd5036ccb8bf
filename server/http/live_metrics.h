#ifndef AISLE_SERVER_HTTP_LIVE_METRICS_H
#define AISLE_SERVER_HTTP_LIVE_METRICS_H

/* The update log's and the indexes' figures among the metrics. */
struct server;

/* Before the server is ready. */
void live_metrics_add(struct server *server);

#endif
