#ifndef AISLE_BENCH_RELEVANCE_RETRIEVAL_H
#define AISLE_BENCH_RELEVANCE_RETRIEVAL_H

/*
 * Asking many queries of a target, in several threads, and what was found.
 */
#include "bench/relevance/entries.h"
#include "bench/relevance/queries.h"
#include "bench/relevance/target.h"

struct retrieval_options {
    const struct json *params; /* an object of search parameters for all; NULL: none */
    int64_t hits;              /* of a query, at most */
    size_t threads;            /* 0: one a processor */
    size_t repeat;             /* each query is asked so often; the fastest counts. 0: once */
};

struct retrieval {
    struct arena arena;
    struct found *found; /* by query, in the order of the queries */
    size_t count;
    uint64_t elapsed_ns; /* of all */
};

/* The first failure ends it: the message names the query. Release in either case. */
MUST_CHECK enum status retrieval_make(struct retrieval *out, struct target *target, const struct queries *queries,
                                      const struct retrieval_options *options, struct error *err);
void retrieval_release(struct retrieval *r);

/* As a run: scores count down from the first place, so that the order is the engine's. Release it. */
void retrieval_entries(const struct retrieval *r, const struct queries *queries, const char *tag, struct entries *out);

struct latency {
    double mean_us, p50_us, p90_us, p95_us, p99_us, most_us;
    double per_second; /* queries, all threads together */
};
struct latency retrieval_latency(const struct retrieval *r);

#endif
