#ifndef AISLE_SERVER_EVENTS_SIGNALS_H
#define AISLE_SERVER_EVENTS_SIGNALS_H

/*
 * What shoppers' events say of products: by product, and by query (in its normal form) and product.
 *
 *   prior = (sum of event weights + S * a) / (sum of exam(position) of the impressions + S)          S = 5
 *
 * where a is the index's rate over all its products, so that what was shown little stays near it, and exam corrects for
 * positions (exam.h). For a query, a is what its unseen products may be worth: SIGNALS_UNSEEN times the rate of those
 * that it showed, or of the index, whichever is less. Else what was shown and is worth something, but less than usual,
 * would fall behind what nobody has seen. Weights: click 1, cart 1, conversion 1, purchase 3. Sums are means of two
 * windows that fade, by half in 2 and in 30 days of the event's own time. An action without a query's id counts for its
 * product alone, as much as an exposure as it weighs. A search for everything counts for its products alone.
 *
 * Memory is bounded (SIGNALS_QUERIES and so on): when a table is full, the quarter of it that weighs least goes.
 *
 * Threads: one thread applies events and publishes; any registered reader (rcu.h) asks for what is published, without
 * a lock, and may keep it until its next quiescent moment; the rest says so.
 */
#include "indexer/shard/boosts.h"
#include "server/events/event.h"
#include "server/events/exam.h"

#define SIGNALS_QUERIES    (1u << 16)
#define SIGNALS_PRODUCTS   (1u << 17)
#define SIGNALS_INDEXES    64
#define SIGNALS_PAIRS      96 /* products of one query */
#define SIGNALS_PUBLISHED  64 /* of them: those whose priors are farthest from the rate */
#define SIGNALS_PRIOR_MASS 5.0
#define SIGNALS_UNSEEN     .6

struct signals;

struct signals *signals_new(void);
/* No reader may be left. Takes NULL. */
void signals_free(struct signals *s);

/* --- the thread that applies --- */
void signals_apply(struct signals *s, const struct event *event);
/* Makes readers see what was applied: the priors of queries. */
void signals_publish(struct signals *s, int64_t now_ms);
struct live;
/* The same for the priors of products, by document of each index of live; also when shards came or went. */
void signals_publish_products(struct signals *s, struct live *live, int64_t now_ms);
/* The state as bytes, and back. STATUS_FORMAT: the bytes are no state, and s is only fit to be freed. seq is the
 * caller's. */
void signals_write(const struct signals *s, uint64_t seq, struct buf *out);
MUST_CHECK enum status signals_read(struct signals *s, struct reader *r, uint64_t *seq, struct error *err);

/* --- readers --- */
/* values: prior - a, within -1..1. */
struct query_signals {
    uint64_t key;
    float asked; /* searches, the mean of both windows */
    uint32_t count;
    struct boost boosts[];
};
/* Whether nothing is known of any query: then its normal form need not be made. */
bool signals_empty(const struct signals *s);
/* NULL: nothing is known. */
const struct query_signals *signals_of_query(const struct signals *s, uint64_t query_key);
/* The same of a shard's products; NULL: nothing is known. */
const struct boost_docs *signals_of_shard(const struct signals *s, uint64_t shard_uid);

/* --- any thread; these take a lock --- */
struct signals_index {
    struct exam exam;
    double rate;        /* a */
    double impressions; /* of the long window */
    double weights;
};
/* False: nothing is known of the index. */
bool signals_index(struct signals *s, struct str index, struct signals_index *out);

struct signals_stats {
    uint64_t queries, pairs, products, indexes;
    uint64_t evictions;
    uint64_t learned; /* how often exams were estimated */
};
void signals_stats(struct signals *s, struct signals_stats *out);

#endif
