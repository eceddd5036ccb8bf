/* What readers see of signals: tables that are replaced whole or entry by entry, and freed when no reader has them. */
#include <math.h>
#include <stdlib.h>

#include "indexer/base/rcu.h"
#include "server/events/signals_internal.h"
#include "server/live/live.h"

#define LEARN_FROM       200.0 /* impressions */
#define LEARN_GROWTH     1.2
#define LEARN_CELLS      (1u << 20)
#define RATE_CHANGE      .1f /* of the rate, relative: what was published is made anew */
#define VALUE_LEAST      1e-4f
#define PRODUCTS_MOST    65536 /* of one index, published */
#define PRODUCTS_EACH_MS 200

/* ---- queries ---- */

/* Open addressing by key; entries are replaced, never taken out. */
struct view_table {
    size_t capacity; /* a power of two */
    size_t count;
    _Atomic(struct query_signals *) slots[];
};

static size_t slot_of(const struct view_table *t, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (t->capacity - 1);
    for (;;) {
        struct query_signals *view = atomic_load_explicit(&t->slots[at], memory_order_acquire);
        if (!view || view->key == key) {
            return at;
        }
        at = (at + 1) & (t->capacity - 1);
    }
}

bool signals_empty(const struct signals *s)
{
    return atomic_load_explicit(&s->views, memory_order_relaxed) == NULL;
}

const struct query_signals *signals_of_query(const struct signals *s, uint64_t query_key)
{
    struct view_table *t = atomic_load_explicit(&s->views, memory_order_acquire);
    return t ? atomic_load_explicit(&t->slots[slot_of(t, query_key)], memory_order_acquire) : NULL;
}

static struct view_table *table_new(size_t capacity)
{
    struct view_table *t = xcalloc(1, sizeof(*t) + capacity * sizeof(t->slots[0]));
    t->capacity = capacity;
    return t;
}

/* A table with twice the room and the same entries. */
static struct view_table *grow(struct signals *s, struct view_table *old)
{
    struct view_table *t = table_new(old ? old->capacity * 2 : 1024);
    for (size_t i = 0; old && i < old->capacity; i++) {
        struct query_signals *view = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (view) {
            atomic_store_explicit(&t->slots[slot_of(t, view->key)], view, memory_order_relaxed);
            t->count++;
        }
    }
    atomic_store_explicit(&s->views, t, memory_order_release);
    if (old) {
        rcu_defer(free, old);
    }
    return t;
}

static void put_view(struct signals *s, struct query_signals *view)
{
    struct view_table *t = atomic_load_explicit(&s->views, memory_order_relaxed);
    if (!t || t->count * 2 >= t->capacity) {
        t = grow(s, t);
    }
    size_t at = slot_of(t, view->key);
    struct query_signals *old = atomic_exchange_explicit(&t->slots[at], view, memory_order_acq_rel);
    t->count += old == NULL;
    if (old) {
        rcu_defer(free, old);
    }
}

static void free_table(void *table)
{
    struct view_table *t = table;
    for (size_t i = 0; t && i < t->capacity; i++) {
        free(atomic_load_explicit(&t->slots[i], memory_order_relaxed));
    }
    free(t);
}

void signals_unpublish(struct signals *s)
{
    struct view_table *t = atomic_exchange_explicit(&s->views, NULL, memory_order_acq_rel);
    if (t) {
        rcu_defer(free_table, t);
    }
}

static int by_distance(const void *a, const void *b)
{
    float x = fabsf(((const struct boost *)a)->value);
    float y = fabsf(((const struct boost *)b)->value);
    return x > y ? -1 : x < y;
}

static float prior_value(double weight, double exam, double rate)
{
    double prior = (weight + SIGNALS_PRIOR_MASS * rate) / (exam + SIGNALS_PRIOR_MASS);
    return (float)((prior < 1 ? prior : 1) - rate);
}

/* What is to be expected of products that the query did not show: it shows what ranks first, so they are worth less
 * than these are on average; but where everything shown is good, not more than usual is. */
static double unseen_rate(const struct query_state *q, const struct index_state *x)
{
    double rate = index_rate(x), weight = 0, exam = 0, own;
    for (size_t i = 0; i < q->pairs.count; i++) {
        weight += (double)sum_mean(q->pairs.items[i].weight);
        exam += pair_exam(&q->pairs.items[i], &x->curve);
    }
    own = (weight + SIGNALS_PRIOR_MASS * rate) / (exam + SIGNALS_PRIOR_MASS);
    return SIGNALS_UNSEEN * (own < rate ? own : rate);
}

/* A view with its texts behind it. */
static struct query_signals *view_of(const struct query_state *q, const struct index_state *x)
{
    struct boost found[SIGNALS_PAIRS];
    size_t count = 0;
    size_t bytes = 0;
    double rate = unseen_rate(q, x);
    for (size_t i = 0; i < q->pairs.count; i++) {
        const struct pair *p = &q->pairs.items[i];
        float value = prior_value((double)sum_mean(p->weight), pair_exam(p, &x->curve), rate);
        if (fabsf(value) >= VALUE_LEAST) {
            found[count++] = (struct boost){p->id, value};
        }
    }
    qsort(found, count, sizeof(found[0]), by_distance);
    count = count < SIGNALS_PUBLISHED ? count : SIGNALS_PUBLISHED;
    for (size_t i = 0; i < count; i++) {
        bytes += found[i].object_id.size;
    }
    struct query_signals *view = xmalloc(sizeof(*view) + count * sizeof(view->boosts[0]) + bytes);
    char *text = (char *)&view->boosts[count];
    view->key = q->key;
    view->asked = sum_mean(q->asked);
    view->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        memcpy(text, found[i].object_id.data, found[i].object_id.size);
        view->boosts[i] = (struct boost){{text, found[i].object_id.size}, found[i].value};
        text += found[i].object_id.size;
    }
    return view;
}

/* ---- exams ---- */

struct cells {
    VEC(struct exam_cell) list;
};

static void collect(const struct signals *s, uint32_t index, struct cells *out)
{
    uint32_t pairs = 0;
    for (size_t i = 0; i < s->queries.count && out->list.count < LEARN_CELLS; i++) {
        const struct query_state *q = s->queries.items[i];
        for (size_t k = 0; q->index == index && k < q->pairs.count; k++, pairs++) {
            for (int c = 0; c < SIGNALS_CELLS; c++) {
                const struct cell *cell = &q->pairs.items[k].cells[c];
                struct exam_cell one = {pairs, cell->position, cell->shown, cell->clicked};
                if (cell->position && cell->shown > 0) {
                    vec_push(&out->list, one);
                }
            }
        }
    }
}

static bool learn(struct signals *s, uint32_t index)
{
    struct index_state *x = &s->indexes.items[index];
    struct cells cells = {{0}};
    float impressions = x->exam.longer;
    if ((double)impressions < (double)x->learned_at * LEARN_GROWTH + LEARN_FROM) {
        return false;
    }
    collect(s, index, &cells);
    exam_learn(&x->curve, cells.list.items, cells.list.count);
    vec_release(&cells.list);
    x->learned_at = impressions;
    s->learned++;
    return true;
}

/* Whether what was published of the index is out of date as a whole. */
static bool renew(struct signals *s, uint32_t index)
{
    struct index_state *x = &s->indexes.items[index];
    bool learned = learn(s, index);
    float rate = (float)index_rate(x);
    if (!learned && fabsf(rate - x->published_rate) <= RATE_CHANGE * x->published_rate) {
        return false;
    }
    x->published_rate = rate;
    x->dirty = true;
    return true;
}

void signals_publish(struct signals *s, int64_t now_ms)
{
    bool renewed[SIGNALS_INDEXES] = {false};
    (void)now_ms;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->indexes.count; i++) {
        renewed[i] = renew(s, (uint32_t)i) || s->all_dirty;
        s->all_dirty = s->all_dirty || renewed[i];
    }
    for (size_t i = 0; i < s->dirty.count; i++) {
        struct query_state *q = s->dirty.items[i];
        put_view(s, view_of(q, &s->indexes.items[q->index]));
        q->dirty = false;
    }
    s->dirty.count = 0;
    for (size_t i = 0; s->all_dirty && i < s->queries.count; i++) {
        struct query_state *q = s->queries.items[i];
        if (renewed[q->index]) {
            put_view(s, view_of(q, &s->indexes.items[q->index]));
        }
    }
    s->all_dirty = false;
    pthread_mutex_unlock(&s->lock);
}

/* ---- products ---- */

struct shard_docs {
    uint64_t uid;
    uint32_t index; /* number of the index's state */
    struct boost_docs docs;
    struct arena arena;
};

struct shard_table {
    size_t count;
    struct shard_docs *shards[];
};

const struct boost_docs *signals_of_shard(const struct signals *s, uint64_t shard_uid)
{
    struct shard_table *t = atomic_load_explicit(&s->shards, memory_order_acquire);
    for (size_t i = 0; t && i < t->count; i++) {
        if (t->shards[i]->uid == shard_uid) {
            return &t->shards[i]->docs;
        }
    }
    return NULL;
}

static void free_docs(void *docs)
{
    struct shard_docs *d = docs;
    arena_release(&d->arena);
    free(d);
}

struct boosts {
    VEC(struct boost) list;
};

static void product_boosts(const struct signals *s, uint32_t index, struct boosts *out)
{
    double rate = index_rate(&s->indexes.items[index]);
    for (size_t i = 0; i < s->products.count; i++) {
        const struct product_state *p = &s->products.items[i];
        float value = p->index == index ? prior_value((double)sum_mean(p->weight), (double)sum_mean(p->exam), rate) : 0;
        if (fabsf(value) >= VALUE_LEAST) {
            struct boost one = {p->id, value};
            vec_push(&out->list, one);
        }
    }
    if (out->list.count > PRODUCTS_MOST) {
        qsort(out->list.items, out->list.count, sizeof(out->list.items[0]), by_distance);
        out->list.count = PRODUCTS_MOST;
    }
}

/* The present table is gone through for shards that stay; all that is new is made. */
struct renewal {
    struct signals *s;
    struct shard_table *old;
    VEC(struct shard_docs *) shards;
    bool changed;
};

static struct shard_docs *known(const struct renewal *r, uint64_t uid)
{
    for (size_t i = 0; r->old && i < r->old->count; i++) {
        if (r->old->shards[i]->uid == uid) {
            return r->old->shards[i];
        }
    }
    return NULL;
}

static void renew_index(struct renewal *r, uint32_t index, const struct snapshot *snapshot)
{
    struct index_state *x = &r->s->indexes.items[index];
    struct boosts boosts = {{0}};
    bool made = false;
    for (uint32_t i = 0; i < snapshot->segment_count; i++) {
        const struct shard *shard = snapshot->segments[i].shard;
        struct shard_docs *docs = x->dirty ? NULL : known(r, shard_uid(shard));
        if (!docs) {
            if (!made) {
                product_boosts(r->s, index, &boosts);
                made = true;
            }
            docs = xcalloc(1, sizeof(*docs));
            docs->uid = shard_uid(shard);
            docs->index = index;
            arena_init(&docs->arena, 0);
            (void)boosts_resolve(&docs->docs, shard, boosts.list.items, boosts.list.count, &docs->arena);
            r->changed = true;
        }
        vec_push(&r->shards, docs);
    }
    vec_release(&boosts.list);
    x->dirty = false;
}

static bool listed(const struct renewal *r, const struct shard_docs *docs)
{
    for (size_t i = 0; i < r->shards.count; i++) {
        if (r->shards.items[i] == docs) {
            return true;
        }
    }
    return false;
}

static void swap_tables(struct renewal *r)
{
    struct shard_table *t = xmalloc(sizeof(*t) + r->shards.count * sizeof(t->shards[0]));
    t->count = r->shards.count;
    for (size_t i = 0; i < t->count; i++) {
        t->shards[i] = r->shards.items[i];
    }
    atomic_store_explicit(&r->s->shards, t, memory_order_release);
    for (size_t i = 0; r->old && i < r->old->count; i++) {
        if (!listed(r, r->old->shards[i])) {
            rcu_defer(free_docs, r->old->shards[i]);
        }
    }
    if (r->old) {
        rcu_defer(free, r->old);
    }
}

void signals_publish_products(struct signals *s, struct live *live, int64_t now_ms)
{
    struct renewal r = {.s = s, .old = atomic_load_explicit(&s->shards, memory_order_relaxed)};
    if (now_ms - s->products_ms < PRODUCTS_EACH_MS && now_ms >= s->products_ms) {
        return;
    }
    s->products_ms = now_ms;
    rcu_online();
    pthread_mutex_lock(&s->lock);
    for (uint32_t i = 0; i < s->indexes.count; i++) {
        const struct snapshot *snapshot = live_snapshot(live, s->indexes.items[i].name);
        if (snapshot) {
            renew_index(&r, i, snapshot);
        }
    }
    pthread_mutex_unlock(&s->lock);
    rcu_offline();
    if (r.changed || (r.old && r.old->count != r.shards.count)) {
        swap_tables(&r);
    }
    vec_release(&r.shards);
}

void signals_publish_free(struct signals *s)
{
    struct shard_table *t = atomic_load_explicit(&s->shards, memory_order_relaxed);
    for (size_t i = 0; t && i < t->count; i++) {
        free_docs(t->shards[i]);
    }
    free(t);
    free_table(atomic_load_explicit(&s->views, memory_order_relaxed));
}
