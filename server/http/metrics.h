#ifndef AISLE_SERVER_HTTP_METRICS_H
#define AISLE_SERVER_HTTP_METRICS_H

/*
 * Counters of the server in Prometheus' text format. Counting is a relaxed atomic addition; any thread. Labels are
 * route patterns and statuses, never what clients sent.
 */
#include "indexer/base/buf.h"

struct metrics;

/* names[i] is the label of route i; borrowed. */
struct metrics *metrics_new(const char *const *names, uint32_t count);
void metrics_free(struct metrics *m);

void metrics_request(struct metrics *m, uint32_t route, int status, uint64_t elapsed_ns);
void metrics_received(struct metrics *m, uint64_t bytes);
void metrics_sent(struct metrics *m, uint64_t bytes);

/* A value that is asked for when metrics are written: fill appends whole lines with metrics_value. From one thread. */
void metrics_source(struct metrics *m, void (*fill)(void *context, struct buf *out), void *context);
/* "# HELP", "# TYPE" and the value. type is "gauge" or "counter". */
void metrics_value(struct buf *out, const char *name, const char *type, const char *help, double value);

void metrics_write(struct metrics *m, struct buf *out);

#endif
