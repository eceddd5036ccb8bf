#ifndef AISLE_SERVER_EVENTS_SIGNALS_INTERNAL_H
#define AISLE_SERVER_EVENTS_SIGNALS_INTERNAL_H

/* The parts of a struct signals: signals.c applies events, signals_publish.c makes what readers see, signals_file.c
 * writes and reads the state. */
#include <pthread.h>
#include <stdatomic.h>

#include "indexer/base/map.h"
#include "indexer/base/vec.h"
#include "server/events/signals.h"

#define SIGNALS_CELLS 4
#define HALF_LONG_MS  (30 * 86400000.0)
#define HALF_SHORT_MS (2 * 86400000.0)

/* The same sum over both windows. */
struct sum {
    float longer, shorter;
};

struct cell {
    uint8_t position; /* 0: free */
    float shown, clicked;
};

struct pair {
    struct str id; /* owned */
    struct sum shown, weight;
    struct cell cells[SIGNALS_CELLS];
};

struct query_state {
    uint64_t key;
    uint32_t index;
    bool dirty;
    int64_t last_ms;
    struct sum asked;
    struct str text; /* as it was typed last; owned */
    VEC(struct pair) pairs;
};

struct product_state {
    uint32_t index;
    struct str id; /* owned */
    int64_t last_ms;
    struct sum exam, weight;
};

struct index_state {
    struct str name; /* owned */
    int64_t last_ms;
    struct sum exam, weight;
    struct exam curve;
    float learned_at; /* impressions when the curve was learned */
    bool dirty;       /* its products */
    float published_rate;
};

struct view_table;
struct shard_table;

struct signals {
    pthread_mutex_t lock; /* guards the state against other threads' questions */
    VEC(struct index_state) indexes;
    VEC(struct query_state *) queries;
    VEC(struct product_state) products;
    struct map query_map;   /* by key */
    struct map product_map; /* by index number and objectID */
    struct map foreign;     /* ids of searches that clients made: to the key of their query */
    VEC(struct query_state *) dirty;
    bool all_dirty;
    uint64_t pairs;
    uint64_t evictions, learned;
    _Atomic(struct view_table *) views;
    _Atomic(struct shard_table *) shards;
    int64_t products_ms; /* when they were published */
};

static inline float sum_mean(struct sum s)
{
    return (s.longer + s.shorter) / 2;
}
/* a: how much later than `ms` the sums are of. */
void sum_add(struct sum *s, double value, int64_t age_ms);
void sum_fade(struct sum *s, int64_t ms);

/* What the products shown were looked at, the mean of both windows. */
double pair_exam(const struct pair *p, const struct exam *curve);
double index_rate(const struct index_state *x);

struct query_state *signals_query_find(const struct signals *s, uint64_t key);
/* Makes one; NULL never. */
struct query_state *signals_query_add(struct signals *s, uint64_t key, uint32_t index);
struct product_state *signals_product_add(struct signals *s, uint32_t index, struct str id);
/* UINT32_MAX: there are too many. */
uint32_t signals_index_add(struct signals *s, struct str name);
void query_state_free(struct signals *s, struct query_state *q);

/* signals_publish.c */
void signals_publish_free(struct signals *s);
/* Readers see no more of these. */
void signals_unpublish(struct signals *s);

#endif
