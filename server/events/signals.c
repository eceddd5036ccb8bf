#include "server/events/signals_internal.h"

#include <math.h>
#include <stdlib.h>

#include "indexer/base/hash.h"

#define FADE_FROM_MS   600000 /* closer moments are one */
#define FOREIGN_MAX    (1u << 17)
#define QUERY_TEXT_MAX 128

static const float WEIGHTS[EVENT_TYPES] = {
    [EVENT_CLICK] = 1, [EVENT_CART] = 1, [EVENT_CONVERSION] = 1, [EVENT_PURCHASE] = 3};

/* ---- sums ---- */

void sum_add(struct sum *s, double value, int64_t age_ms)
{
    double age = age_ms > 0 ? (double)age_ms : 0;
    s->longer += (float)(value * exp2(-age / HALF_LONG_MS));
    s->shorter += (float)(value * exp2(-age / HALF_SHORT_MS));
}

void sum_fade(struct sum *s, int64_t ms)
{
    s->longer *= (float)exp2(-(double)ms / HALF_LONG_MS);
    s->shorter *= (float)exp2(-(double)ms / HALF_SHORT_MS);
}

double pair_exam(const struct pair *p, const struct exam *curve)
{
    double shown = 0;
    double looked = 0;
    for (int i = 0; i < SIGNALS_CELLS; i++) {
        if (p->cells[i].position) {
            shown += (double)p->cells[i].shown;
            looked += (double)p->cells[i].shown * exam_of(curve, p->cells[i].position);
        }
    }
    return shown > 0 ? (double)sum_mean(p->shown) * looked / shown : 0;
}

double index_rate(const struct index_state *x)
{
    double rate = ((double)sum_mean(x->weight) + .1) / ((double)sum_mean(x->exam) + 1);
    return rate < 1 ? rate : 1;
}

/* ---- tables ---- */

static struct str owned(struct str text)
{
    char *bytes = xmalloc(text.size + 1);
    memcpy(bytes, text.data ? text.data : "", text.size);
    return (struct str){bytes, text.size};
}

uint32_t signals_index_add(struct signals *s, struct str name)
{
    for (size_t i = 0; i < s->indexes.count; i++) {
        if (str_equal(s->indexes.items[i].name, name)) {
            return (uint32_t)i;
        }
    }
    if (s->indexes.count == SIGNALS_INDEXES || name.size == 0) {
        return UINT32_MAX;
    }
    struct index_state x = {.name = owned(name), .dirty = true};
    exam_default(&x.curve);
    vec_push(&s->indexes, x);
    return (uint32_t)s->indexes.count - 1;
}

struct query_state *signals_query_find(const struct signals *s, uint64_t key)
{
    uint64_t *place = map_get(&s->query_map, (struct str){(const char *)&key, sizeof(key)});
    return place ? s->queries.items[*place] : NULL;
}

void query_state_free(struct signals *s, struct query_state *q)
{
    for (size_t i = 0; i < q->pairs.count; i++) {
        free((char *)q->pairs.items[i].id.data);
    }
    s->pairs -= q->pairs.count;
    vec_release(&q->pairs);
    free((char *)q->text.data);
    free(q);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* The value that a quarter is at or below. */
static float quarter(float *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[count / 4];
}

static float faded(struct sum sum, int64_t last_ms, int64_t now_ms)
{
    struct sum s = sum;
    sum_fade(&s, now_ms > last_ms ? now_ms - last_ms : 0);
    return s.longer;
}

static void evict_queries(struct signals *s, int64_t now_ms)
{
    float *values = xmalloc(s->queries.count * sizeof(*values));
    for (size_t i = 0; i < s->queries.count; i++) {
        values[i] = faded(s->queries.items[i]->asked, s->queries.items[i]->last_ms, now_ms);
    }
    float limit = quarter(values, s->queries.count);
    size_t kept = 0;
    size_t most = s->queries.count - s->queries.count / 4;
    free(values);
    map_clear(&s->query_map);
    s->dirty.count = 0;
    for (size_t i = 0; i < s->queries.count; i++) {
        struct query_state *q = s->queries.items[i];
        if (faded(q->asked, q->last_ms, now_ms) <= limit && i - kept < s->queries.count - most) {
            query_state_free(s, q);
            continue;
        }
        (void)map_put(&s->query_map, (struct str){(const char *)&q->key, sizeof(q->key)}, kept, NULL);
        q->dirty = false;
        s->queries.items[kept++] = q;
    }
    s->queries.count = kept;
    s->evictions++;
    s->all_dirty = true;
    signals_unpublish(s);
}

struct query_state *signals_query_add(struct signals *s, uint64_t key, uint32_t index)
{
    struct query_state *q = xcalloc(1, sizeof(*q));
    q->key = key;
    q->index = index;
    (void)map_put(&s->query_map, (struct str){(const char *)&key, sizeof(key)}, s->queries.count, NULL);
    vec_push(&s->queries, q);
    return q;
}

/* The key of a product in the map. */
static struct str product_key(char *bytes, uint32_t index, struct str id)
{
    memcpy(bytes, &index, sizeof(index));
    memcpy(bytes + sizeof(index), id.data, id.size);
    return (struct str){bytes, sizeof(index) + id.size};
}

enum { PRODUCT_KEY = 4 + 512 };

static void evict_products(struct signals *s, int64_t now_ms)
{
    char bytes[PRODUCT_KEY];
    float *values = xmalloc(s->products.count * sizeof(*values));
    for (size_t i = 0; i < s->products.count; i++) {
        const struct product_state *p = &s->products.items[i];
        values[i] = faded(p->exam, p->last_ms, now_ms);
    }
    float limit = quarter(values, s->products.count);
    size_t kept = 0;
    size_t most = s->products.count - s->products.count / 4;
    free(values);
    map_clear(&s->product_map);
    for (size_t i = 0; i < s->products.count; i++) {
        struct product_state *p = &s->products.items[i];
        if (faded(p->exam, p->last_ms, now_ms) <= limit && i - kept < s->products.count - most) {
            free((char *)p->id.data);
            continue;
        }
        (void)map_put(&s->product_map, product_key(bytes, p->index, p->id), kept, NULL);
        s->products.items[kept++] = *p;
    }
    s->products.count = kept;
    s->evictions++;
}

struct product_state *signals_product_add(struct signals *s, uint32_t index, struct str id)
{
    char bytes[PRODUCT_KEY];
    bool added;
    uint64_t *place = map_put(&s->product_map, product_key(bytes, index, id), s->products.count, &added);
    if (added) {
        struct product_state p = {.index = index, .id = owned(id)};
        vec_push(&s->products, p);
    }
    return &s->products.items[*place];
}

/* ---- the moment of an event ---- */

/* Fades what is of an earlier moment; how much earlier than that the event is. */
static int64_t age_of(int64_t *last_ms, int64_t now_ms, int64_t *fade_ms)
{
    *fade_ms = 0;
    if (now_ms - *last_ms >= FADE_FROM_MS) {
        *fade_ms = *last_ms ? now_ms - *last_ms : 0;
        *last_ms = now_ms;
    }
    return *last_ms > now_ms ? *last_ms - now_ms : 0;
}

static int64_t touch_query(struct query_state *q, int64_t now_ms)
{
    int64_t fade;
    int64_t age = age_of(&q->last_ms, now_ms, &fade);
    if (fade > 0) {
        double factor = exp2(-(double)fade / HALF_LONG_MS);
        sum_fade(&q->asked, fade);
        for (size_t i = 0; i < q->pairs.count; i++) {
            struct pair *p = &q->pairs.items[i];
            sum_fade(&p->shown, fade);
            sum_fade(&p->weight, fade);
            for (int k = 0; k < SIGNALS_CELLS; k++) {
                p->cells[k].shown *= (float)factor;
                p->cells[k].clicked *= (float)factor;
            }
        }
    }
    return age;
}

static int64_t touch_product(struct product_state *p, int64_t now_ms)
{
    int64_t fade;
    int64_t age = age_of(&p->last_ms, now_ms, &fade);
    if (fade > 0) {
        sum_fade(&p->exam, fade);
        sum_fade(&p->weight, fade);
    }
    return age;
}

static int64_t touch_index(struct index_state *x, int64_t now_ms)
{
    int64_t fade;
    int64_t age = age_of(&x->last_ms, now_ms, &fade);
    if (fade > 0) {
        sum_fade(&x->exam, fade);
        sum_fade(&x->weight, fade);
    }
    return age;
}

/* ---- pairs ---- */

static struct pair *pair_of(struct signals *s, struct query_state *q, struct str id)
{
    size_t least = 0;
    for (size_t i = 0; i < q->pairs.count; i++) {
        struct pair *p = &q->pairs.items[i];
        if (str_equal(p->id, id)) {
            return p;
        }
        least = p->shown.longer + p->weight.longer <
                        q->pairs.items[least].shown.longer + q->pairs.items[least].weight.longer
                    ? i
                    : least;
    }
    struct pair p = {.id = owned(id)};
    if (q->pairs.count < SIGNALS_PAIRS) {
        s->pairs++;
        vec_push(&q->pairs, p);
        return &q->pairs.items[q->pairs.count - 1];
    }
    free((char *)q->pairs.items[least].id.data);
    q->pairs.items[least] = p;
    return &q->pairs.items[least];
}

/* The cell of a position, else a free one, else the nearest. */
static struct cell *cell_of(struct pair *p, uint32_t position)
{
    uint8_t wanted = (uint8_t)(position < EXAM_POSITIONS ? position : EXAM_POSITIONS);
    struct cell *nearest = &p->cells[0];
    for (int i = 0; i < SIGNALS_CELLS; i++) {
        struct cell *c = &p->cells[i];
        if (c->position == wanted) {
            return c;
        }
        if (c->position == 0) {
            c->position = wanted;
            return c;
        }
        if (abs(c->position - wanted) < abs(nearest->position - wanted)) {
            nearest = c;
        }
    }
    return nearest;
}

static struct cell *cell_shown_most(struct pair *p)
{
    struct cell *most = &p->cells[0];
    for (int i = 1; i < SIGNALS_CELLS; i++) {
        most = p->cells[i].shown > most->shown ? &p->cells[i] : most;
    }
    return most->position ? most : NULL;
}

/* ---- events ---- */

static void mark(struct signals *s, struct query_state *q)
{
    if (!q->dirty) {
        q->dirty = true;
        vec_push(&s->dirty, q);
    }
}

static void note_text(struct query_state *q, struct str text)
{
    struct str cut = str_slice(text, 0, text.size < QUERY_TEXT_MAX ? text.size : str_utf8_cut(text, QUERY_TEXT_MAX));
    if (!str_equal(q->text, cut)) {
        free((char *)q->text.data);
        q->text = owned(cut);
    }
}

static void note_foreign(struct signals *s, const struct event *e, uint64_t key)
{
    if (!e->has_query || query_id_key(&e->query_id) == key) {
        return;
    }
    if (s->foreign.count >= FOREIGN_MAX) {
        map_clear(&s->foreign);
    }
    *map_put(&s->foreign, (struct str){(const char *)e->query_id.bytes, sizeof(e->query_id.bytes)}, key, NULL) = key;
}

static void apply_search(struct signals *s, const struct event *e, uint32_t index)
{
    struct index_state *x = &s->indexes.items[index];
    uint64_t key = query_key_of(e->index, e->normal);
    struct query_state *q = NULL;
    int64_t age = 0;
    int64_t index_age = touch_index(x, e->time_ms);
    if (e->normal.size > 0) {
        q = signals_query_find(s, key);
        q = q ? q : signals_query_add(s, key, index);
        age = touch_query(q, e->time_ms);
        sum_add(&q->asked, 1, age);
        note_text(q, e->query);
        note_foreign(s, e, key);
        mark(s, q);
    }
    for (uint32_t i = 0; i < e->item_count; i++) {
        const struct event_item *item = &e->items[i];
        uint32_t position = item->position ? item->position : i + 1;
        double exam = exam_of(&x->curve, position);
        struct product_state *product = signals_product_add(s, index, item->object_id);
        sum_add(&product->exam, exam, touch_product(product, e->time_ms));
        sum_add(&x->exam, exam, index_age);
        if (q) {
            struct pair *p = pair_of(s, q, item->object_id);
            sum_add(&p->shown, 1, age);
            cell_of(p, position)->shown += (float)exp2(-(double)age / HALF_LONG_MS);
        }
    }
    x->dirty = true;
}

static struct query_state *query_of(const struct signals *s, const struct query_id *id)
{
    struct query_state *q = signals_query_find(s, query_id_key(id));
    if (!q) {
        uint64_t *key = map_get(&s->foreign, (struct str){(const char *)id->bytes, sizeof(id->bytes)});
        q = key ? signals_query_find(s, *key) : NULL;
    }
    return q;
}

static void apply_action(struct signals *s, const struct event *e, const struct event_item *item, uint32_t index)
{
    double weight = (double)WEIGHTS[e->type];
    const struct query_id *id = item->has_query ? &item->query_id : e->has_query ? &e->query_id : NULL;
    struct query_state *q = id ? query_of(s, id) : NULL;
    index = q ? q->index : index;
    if (index == UINT32_MAX || weight <= 0) {
        return;
    }
    struct index_state *x = &s->indexes.items[index];
    struct product_state *product = signals_product_add(s, index, item->object_id);
    int64_t age = touch_product(product, e->time_ms);
    sum_add(&product->weight, weight, age);
    x->dirty = true;
    if (!id) {
        sum_add(&product->exam, weight, age);
        return;
    }
    sum_add(&x->weight, weight, touch_index(x, e->time_ms));
    if (q) {
        age = touch_query(q, e->time_ms);
        struct pair *p = pair_of(s, q, item->object_id);
        struct cell *c = item->position ? cell_of(p, item->position) : cell_shown_most(p);
        sum_add(&p->weight, weight, age);
        if (c && e->type == EVENT_CLICK) {
            c->clicked += (float)exp2(-(double)age / HALF_LONG_MS);
        }
        mark(s, q);
    }
}

void signals_apply(struct signals *s, const struct event *event)
{
    pthread_mutex_lock(&s->lock);
    if (s->queries.count >= SIGNALS_QUERIES) {
        evict_queries(s, event->time_ms);
    }
    if (s->products.count + event->item_count >= SIGNALS_PRODUCTS) {
        evict_products(s, event->time_ms);
    }
    uint32_t index = signals_index_add(s, event->index);
    if (event->type == EVENT_SEARCH && index != UINT32_MAX) {
        apply_search(s, event, index);
    }
    for (uint32_t i = 0; event->type != EVENT_SEARCH && i < event->item_count; i++) {
        apply_action(s, event, &event->items[i], index);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- life ---- */

struct signals *signals_new(void)
{
    struct signals *s = xcalloc(1, sizeof(*s));
    pthread_mutex_init(&s->lock, NULL);
    map_init(&s->query_map);
    map_init(&s->product_map);
    map_init(&s->foreign);
    return s;
}

void signals_free(struct signals *s)
{
    if (!s) {
        return;
    }
    signals_publish_free(s);
    for (size_t i = 0; i < s->queries.count; i++) {
        query_state_free(s, s->queries.items[i]);
    }
    for (size_t i = 0; i < s->products.count; i++) {
        free((char *)s->products.items[i].id.data);
    }
    for (size_t i = 0; i < s->indexes.count; i++) {
        free((char *)s->indexes.items[i].name.data);
    }
    vec_release(&s->queries);
    vec_release(&s->products);
    vec_release(&s->indexes);
    vec_release(&s->dirty);
    map_release(&s->query_map);
    map_release(&s->product_map);
    map_release(&s->foreign);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

bool signals_index(struct signals *s, struct str index, struct signals_index *out)
{
    bool found = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->indexes.count && !found; i++) {
        const struct index_state *x = &s->indexes.items[i];
        found = str_equal(x->name, index);
        if (found) {
            *out = (struct signals_index){.exam = x->curve,
                                          .rate = index_rate(x),
                                          .impressions = (double)x->exam.longer,
                                          .weights = (double)x->weight.longer};
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

void signals_stats(struct signals *s, struct signals_stats *out)
{
    pthread_mutex_lock(&s->lock);
    *out = (struct signals_stats){.queries = s->queries.count,
                                  .pairs = s->pairs,
                                  .products = s->products.count,
                                  .indexes = s->indexes.count,
                                  .evictions = s->evictions,
                                  .learned = s->learned};
    pthread_mutex_unlock(&s->lock);
}
