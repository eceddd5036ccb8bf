#ifndef AISLE_BENCH_RELEVANCE_STOREFRONT_H
#define AISLE_BENCH_RELEVANCE_STOREFRONT_H

/*
 * A shop's pages as a server sees them: searches, with or without analytics, and events of what shoppers did, gathered
 * and sent as the Insights clients send them (POST /1/events). One thread.
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"

struct storefront_options {
    const char *server;
    const char *index;
    const char *key; /* NULL: none */
};

struct storefront;
/* Returns owned. */
MUST_CHECK enum status storefront_open(struct storefront **out, const struct storefront_options *options,
                                       struct error *err);
void storefront_close(struct storefront *s); /* takes NULL; what was not sent is lost */

struct shopping {
    struct str text;
    int64_t hits;
    bool analytics; /* clickAnalytics, with the shopper's token; else scores are asked for */
    uint64_t shopper;
};

struct ranked_doc {
    struct str id; /* terminated */
    double score;  /* 0 with analytics */
};
struct ranked {
    struct ranked_doc *docs;
    size_t count;
    struct str query_id; /* empty without analytics */
};
/* What is found is in the arena. */
MUST_CHECK enum status storefront_search(struct storefront *s, const struct shopping *what, struct arena *arena,
                                         struct ranked *out, struct error *err);

/* A click, or a purchase after one. */
struct deed {
    struct str query_id;
    struct str doc;
    size_t position; /* from 1 */
    uint64_t shopper;
    bool buys;
};
void storefront_note(struct storefront *s, const struct deed *deed);
/* Sends what was noted; it is on the server's disk then. */
MUST_CHECK enum status storefront_send(struct storefront *s, struct error *err);

#endif
