#ifndef AISLE_SERVER_EVENTS_REPORT_H
#define AISLE_SERVER_EVENTS_REPORT_H

/*
 * What the searches of one index in a range of time, and what shoppers did after them, add up to. A search counts when
 * its first page was shown; a further page belongs to the query's last search of the same shopper, or of anyone where
 * tokens are not kept. What a shopper types on the way to a search, "ket" before "kettle", is part of it, where tokens
 * are kept: a search within REPORT_TYPING_MS of one that it continues or shortens takes its place, unless that had
 * actions. An action counts for the search whose query id it bears, whenever it came, and once a search in a rate.
 * Actions without the id of a search in the range are counted by their kind alone.
 *
 * Made by reading the event log once; not changed afterwards: any thread may read it.
 */
#include "indexer/base/map.h"
#include "indexer/base/vec.h"
#include "server/events/events.h"

#define REPORT_POSITIONS 100     /* positions behind are one */
#define REPORT_SEARCHES  4000000 /* the most of one report */
#define REPORT_DAY_MS    86400000
#define REPORT_TYPING_MS 10000

/* A rate's parts, of a day, a query, or all. */
struct report_counts {
    uint64_t searches;
    uint64_t pages;   /* further pages of searches that were shown */
    uint64_t empty;   /* found nothing */
    uint64_t clicked; /* searches with one click or more */
    uint64_t clicks;
    uint64_t position_sum; /* of the clicks whose position is known, and ... */
    uint64_t positioned;   /* ... how many these are */
    uint64_t converted;    /* searches with a conversion of any kind, a cart or a purchase among them */
    uint64_t conversions;
    uint64_t carted, bought; /* searches with one or more */
    uint64_t carts, purchases;
    double revenue; /* of purchases that tell a value */
};

struct report_query {
    struct str text; /* as it was typed last */
    struct report_counts counts;
    uint64_t hits; /* found, the last time */
};

struct report_product {
    struct str id;
    uint64_t shown, clicks, carts, purchases;
};

struct report_position {
    uint64_t shown, clicks;
};

struct report_options {
    struct str index;
    int64_t from_ms, to_ms; /* from inclusive, to exclusive */
    struct str experiment;  /* that is running, to be told; empty: none */
};

struct report {
    struct report_options options;
    struct report_counts all;
    VEC(struct report_counts) days; /* from the day of from_ms on */
    VEC(struct report_query) queries;
    VEC(struct report_product) products;
    struct report_position positions[REPORT_POSITIONS + 1]; /* from 1; 0: all behind the last */
    uint64_t by_type[EVENT_TYPES];
    struct map query_places, product_places;
    /* while it is made */
    struct map search_places; /* by query id */
    struct map last_places;   /* by query and token: place in searches */
    struct map typing_places; /* by token: place in typing */
    VEC(struct report_typing) typing;
    VEC(struct report_search) searches;
    struct arena arena;
};

/* log may be NULL: nothing happened. STATUS_LIMIT: too many searches; a shorter range would do. Release in either case.
 */
MUST_CHECK enum status report_make(struct report *out, struct events *log, const struct report_options *options,
                                   struct error *err);
void report_release(struct report *r);

/* Without a log, event by event in the log's order: begin, add, then as after report_make. */
void report_begin(struct report *r, const struct report_options *options);
MUST_CHECK enum status report_add(struct report *r, const struct event *event, struct error *err);

/* 0 of nothing. */
double report_rate(uint64_t part, uint64_t whole);

#endif
