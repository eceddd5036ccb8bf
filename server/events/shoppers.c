#include "server/events/shoppers.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

#define TOGETHER_MS INT64_C(86400000)
#define HALF_MS     (30 * 86400000.0)

/* Something that a shopper did. */
struct deed {
    struct str product; /* index, NUL, objectID; owned */
    int64_t at_ms;
    uint8_t type;
};

struct shopper {
    uint64_t token; /* its hash */
    int64_t last_ms;
    uint32_t count;
    struct deed deeds[SHOPPERS_RECENT]; /* the latest first */
};

struct relation {
    struct str product; /* owned */
    float viewed, bought;
};

struct related {
    struct str product; /* owned */
    int64_t last_ms;
    uint32_t count;
    struct relation with[RELATED_PRODUCTS];
};

struct shoppers {
    pthread_mutex_t lock;
    VEC(struct shopper *) shoppers;
    VEC(struct related *) related;
    struct map by_token;
    struct map by_product;
};

/* ---- products ---- */

static struct str owned(struct str text)
{
    char *bytes = xmalloc(text.size + 1);
    memcpy(bytes, text.data ? text.data : "", text.size);
    return (struct str){bytes, text.size};
}

enum { PRODUCT_MAX = LIMIT_INDEX_NAME_BYTES + 1 + LIMIT_OBJECT_ID_BYTES };

static bool product_of(char bytes[PRODUCT_MAX], struct str index, struct str id, struct str *out)
{
    if (index.size == 0 || index.size > LIMIT_INDEX_NAME_BYTES || id.size > LIMIT_OBJECT_ID_BYTES) {
        return false;
    }
    memcpy(bytes, index.data, index.size);
    bytes[index.size] = '\0';
    memcpy(bytes + index.size + 1, id.data, id.size);
    *out = (struct str){bytes, index.size + 1 + id.size};
    return true;
}

/* The objectID of a product of the index; false when it is of another. */
static bool id_of(struct str product, struct str index, struct str *id)
{
    if (product.size <= index.size || memcmp(product.data, index.data, index.size) != 0 ||
        product.data[index.size] != '\0') {
        return false;
    }
    *id = str_slice(product, index.size + 1, product.size);
    return true;
}

static struct str token_key(const uint64_t *hash)
{
    return (struct str){(const char *)hash, sizeof(*hash)};
}

/* ---- bounds ---- */

static void free_shopper(struct shopper *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        free((char *)x->deeds[i].product.data);
    }
    free(x);
}

static void free_related(struct related *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        free((char *)r->with[i].product.data);
    }
    free((char *)r->product.data);
    free(r);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The moment that a quarter is before, or at. */
static int64_t quarter(int64_t *times, size_t count)
{
    qsort(times, count, sizeof(*times), by_time);
    int64_t limit = times[count / 4];
    free(times);
    return limit;
}

static void drop_shoppers(struct shoppers *s)
{
    int64_t *times = xmalloc(s->shoppers.count * sizeof(*times));
    size_t kept = 0;
    for (size_t i = 0; i < s->shoppers.count; i++) {
        times[i] = s->shoppers.items[i]->last_ms;
    }
    int64_t limit = quarter(times, s->shoppers.count);
    map_clear(&s->by_token);
    for (size_t i = 0; i < s->shoppers.count; i++) {
        struct shopper *x = s->shoppers.items[i];
        if (x->token == 0 || (x->last_ms <= limit && i - kept <= s->shoppers.count / 4)) {
            free_shopper(x);
            continue;
        }
        (void)map_put(&s->by_token, token_key(&x->token), kept, NULL);
        s->shoppers.items[kept++] = x;
    }
    s->shoppers.count = kept;
}

static void drop_related(struct shoppers *s)
{
    int64_t *times = xmalloc(s->related.count * sizeof(*times));
    size_t kept = 0;
    for (size_t i = 0; i < s->related.count; i++) {
        times[i] = s->related.items[i]->last_ms;
    }
    int64_t limit = quarter(times, s->related.count);
    map_clear(&s->by_product);
    for (size_t i = 0; i < s->related.count; i++) {
        struct related *r = s->related.items[i];
        if (r->last_ms <= limit && i - kept <= s->related.count / 4) {
            free_related(r);
            continue;
        }
        (void)map_put(&s->by_product, r->product, kept, NULL);
        s->related.items[kept++] = r;
    }
    s->related.count = kept;
}

/* ---- relations ---- */

static struct related *related_of(struct shoppers *s, struct str product, bool make)
{
    uint64_t *place = map_get(&s->by_product, product);
    if (place || !make) {
        return place ? s->related.items[*place] : NULL;
    }
    if (s->related.count >= RELATED_MAX) {
        drop_related(s);
    }
    struct related *r = xcalloc(1, sizeof(*r));
    r->product = owned(product);
    (void)map_put(&s->by_product, product, s->related.count, NULL);
    vec_push(&s->related, r);
    return r;
}

static void fade(struct related *r, int64_t now_ms)
{
    if (now_ms <= r->last_ms) {
        return;
    }
    float factor = r->last_ms ? (float)exp2(-(double)(now_ms - r->last_ms) / HALF_MS) : 1;
    for (uint32_t i = 0; i < r->count; i++) {
        r->with[i].viewed *= factor;
        r->with[i].bought *= factor;
    }
    r->last_ms = now_ms;
}

static float weight_of(const struct relation *w)
{
    return w->viewed + 3 * w->bought;
}

/* The place of the other product, in that of the least one when there is no room. */
static struct relation *relation_of(struct related *r, struct str other)
{
    uint32_t least = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        if (str_equal(r->with[i].product, other)) {
            return &r->with[i];
        }
        least = weight_of(&r->with[i]) < weight_of(&r->with[least]) ? i : least;
    }
    if (r->count < RELATED_PRODUCTS) {
        least = r->count++;
    } else {
        free((char *)r->with[least].product.data);
    }
    r->with[least] = (struct relation){.product = owned(other)};
    return &r->with[least];
}

static void relate(struct shoppers *s, struct str a, struct str b, enum related_kind kind, int64_t at_ms)
{
    if (str_equal(a, b)) {
        return;
    }
    for (int way = 0; way < 2; way++) {
        struct related *r = related_of(s, way ? a : b, true);
        fade(r, at_ms);
        struct relation *w = relation_of(r, way ? b : a);
        float count = (float)exp2(-(double)(r->last_ms - at_ms) / HALF_MS);
        w->viewed += kind == RELATED_VIEWED ? count : 0;
        w->bought += kind == RELATED_BOUGHT ? count : 0;
    }
}

/* ---- events ---- */

static struct shopper *shopper_of(struct shoppers *s, struct str token, bool make)
{
    uint64_t hash = hash64(token.data, token.size) | 1; /* 0 is nobody */
    uint64_t *place = token.size > 0 ? map_get(&s->by_token, token_key(&hash)) : NULL;
    if (place || !make || token.size == 0) {
        return place ? s->shoppers.items[*place] : NULL;
    }
    if (s->shoppers.count >= SHOPPERS_MAX) {
        drop_shoppers(s);
    }
    struct shopper *x = xcalloc(1, sizeof(*x));
    x->token = hash;
    (void)map_put(&s->by_token, token_key(&hash), s->shoppers.count, NULL);
    vec_push(&s->shoppers, x);
    return x;
}

static bool buys(uint8_t type)
{
    return type == EVENT_CART || type == EVENT_PURCHASE || type == EVENT_CONVERSION;
}

/* Puts it first. True when the shopper had done the same lately: then it says nothing new. */
static bool remember(struct shopper *x, struct str product, enum event_type type, int64_t at_ms)
{
    uint32_t at = 0;
    while (at < x->count && !(str_equal(x->deeds[at].product, product) && buys(x->deeds[at].type) == buys(type))) {
        at++;
    }
    bool again = at < x->count && at_ms - x->deeds[at].at_ms < TOGETHER_MS;
    struct deed deed = {.at_ms = at_ms, .type = (uint8_t)type};
    if (at < x->count) {
        deed.product = x->deeds[at].product;
    } else {
        deed.product = owned(product);
        if (x->count < SHOPPERS_RECENT) {
            x->count++;
        } else {
            free((char *)x->deeds[SHOPPERS_RECENT - 1].product.data);
        }
        at = x->count - 1;
    }
    memmove(&x->deeds[1], &x->deeds[0], at * sizeof(x->deeds[0]));
    x->deeds[0] = deed;
    x->last_ms = at_ms > x->last_ms ? at_ms : x->last_ms;
    return again;
}

static void apply_item(struct shoppers *s, struct shopper *x, const struct event *e, struct str product)
{
    bool bought = buys((uint8_t)e->type);
    if (remember(x, product, e->type, e->time_ms)) {
        return;
    }
    for (uint32_t i = 1; i < x->count; i++) {
        const struct deed *d = &x->deeds[i];
        int64_t apart = e->time_ms > d->at_ms ? e->time_ms - d->at_ms : d->at_ms - e->time_ms;
        if (buys(d->type) == bought && apart < TOGETHER_MS) {
            relate(s, product, d->product, bought ? RELATED_BOUGHT : RELATED_VIEWED, e->time_ms);
        }
    }
}

/* An order of nobody in particular. */
static void apply_order(struct shoppers *s, const struct event *e, uint32_t item, struct str product)
{
    char bytes[PRODUCT_MAX];
    struct str other;
    for (uint32_t i = 0; i < item && i < SHOPPERS_RECENT; i++) {
        if (product_of(bytes, e->index, e->items[i].object_id, &other)) {
            relate(s, product, other, RELATED_BOUGHT, e->time_ms);
        }
    }
}

void shoppers_apply(struct shoppers *s, const struct event *e)
{
    char bytes[PRODUCT_MAX];
    struct str product;
    if (e->type == EVENT_SEARCH || e->type == EVENT_OTHER) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    struct shopper *x = shopper_of(s, e->token, true);
    for (uint32_t i = 0; i < e->item_count; i++) {
        if (!product_of(bytes, e->index, e->items[i].object_id, &product)) {
            continue;
        }
        if (x) {
            apply_item(s, x, e, product);
        } else if (e->type == EVENT_PURCHASE) {
            apply_order(s, e, i, product);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void shoppers_forget(struct shoppers *s, struct str token)
{
    uint64_t hash = hash64(token.data, token.size) | 1;
    pthread_mutex_lock(&s->lock);
    struct shopper *x = shopper_of(s, token, false);
    if (x) {
        for (uint32_t i = 0; i < x->count; i++) {
            free((char *)x->deeds[i].product.data);
        }
        x->count = 0;
        x->last_ms = 0; /* the first to go */
        (void)map_remove(&s->by_token, token_key(&hash));
        x->token = 0;
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- questions ---- */

static int by_value(const void *a, const void *b)
{
    const struct boost *x = a;
    const struct boost *y = b;
    if (x->value != y->value) {
        return x->value > y->value ? -1 : 1;
    }
    return str_compare(x->object_id, y->object_id);
}

size_t shoppers_related(struct shoppers *s, const struct related_query *q, struct arena *arena,
                        struct boost out[RELATED_PRODUCTS])
{
    char bytes[PRODUCT_MAX];
    struct str product;
    size_t count = 0;
    if (!product_of(bytes, q->index, q->object_id, &product)) {
        return 0;
    }
    pthread_mutex_lock(&s->lock);
    const struct related *r = related_of(s, product, false);
    for (uint32_t i = 0; r && i < r->count; i++) {
        float value = q->kind == RELATED_BOUGHT ? r->with[i].bought : r->with[i].viewed;
        struct str id;
        if (value > 0 && id_of(r->with[i].product, q->index, &id)) {
            out[count++] = (struct boost){arena_copy(arena, id), value};
        }
    }
    pthread_mutex_unlock(&s->lock);
    qsort(out, count, sizeof(out[0]), by_value);
    return arena->failed ? 0 : count;
}

size_t shoppers_recent(struct shoppers *s, struct str token, struct str index, struct arena *arena,
                       struct boost out[SHOPPERS_RECENT])
{
    size_t count = 0;
    pthread_mutex_lock(&s->lock);
    const struct shopper *x = shopper_of(s, token, false);
    for (uint32_t i = 0; x && i < x->count; i++) {
        struct str id;
        float value = x->deeds[i].type == EVENT_PURCHASE ? 3 : x->deeds[i].type == EVENT_CART ? 2 : 1;
        if (id_of(x->deeds[i].product, index, &id)) {
            out[count++] = (struct boost){arena_copy(arena, id), value};
        }
    }
    pthread_mutex_unlock(&s->lock);
    return arena->failed ? 0 : count;
}

void shoppers_count(struct shoppers *s, uint64_t *shoppers, uint64_t *related)
{
    pthread_mutex_lock(&s->lock);
    *shoppers = s->by_token.count;
    *related = s->related.count;
    pthread_mutex_unlock(&s->lock);
}

/* ---- bytes ---- */

void shoppers_write(struct shoppers *s, struct buf *out)
{
    pthread_mutex_lock(&s->lock);
    buf_put_varint(out, s->by_token.count);
    for (size_t i = 0; i < s->shoppers.count; i++) {
        const struct shopper *x = s->shoppers.items[i];
        if (!map_get(&s->by_token, token_key(&x->token))) {
            continue;
        }
        buf_put_u64(out, x->token);
        buf_put_u64(out, (uint64_t)x->last_ms);
        buf_put_varint(out, x->count);
        for (uint32_t k = 0; k < x->count; k++) {
            buf_put_text(out, x->deeds[k].product);
            buf_put_u64(out, (uint64_t)x->deeds[k].at_ms);
            buf_put_u8(out, x->deeds[k].type);
        }
    }
    buf_put_varint(out, s->related.count);
    for (size_t i = 0; i < s->related.count; i++) {
        const struct related *r = s->related.items[i];
        buf_put_text(out, r->product);
        buf_put_u64(out, (uint64_t)r->last_ms);
        buf_put_varint(out, r->count);
        for (uint32_t k = 0; k < r->count; k++) {
            buf_put_text(out, r->with[k].product);
            buf_put_float(out, r->with[k].viewed);
            buf_put_float(out, r->with[k].bought);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

static bool take_shopper(struct shoppers *s, struct reader *r)
{
    struct shopper *x = xcalloc(1, sizeof(*x));
    x->token = reader_u64(r);
    x->last_ms = (int64_t)reader_u64(r);
    uint64_t count = reader_varint(r);
    for (uint64_t i = 0; i < count && count <= SHOPPERS_RECENT && !r->failed; i++) {
        x->deeds[i].product = owned(reader_text(r));
        x->deeds[i].at_ms = (int64_t)reader_u64(r);
        x->deeds[i].type = reader_u8(r);
        x->count++;
    }
    bool fine = !r->failed && count <= SHOPPERS_RECENT && !map_get(&s->by_token, token_key(&x->token));
    (void)map_put(&s->by_token, token_key(&x->token), s->shoppers.count, NULL);
    vec_push(&s->shoppers, x);
    return fine;
}

static bool take_related(struct shoppers *s, struct reader *r)
{
    struct related *x = xcalloc(1, sizeof(*x));
    x->product = owned(reader_text(r));
    x->last_ms = (int64_t)reader_u64(r);
    uint64_t count = reader_varint(r);
    for (uint64_t i = 0; i < count && count <= RELATED_PRODUCTS && !r->failed; i++) {
        x->with[i].product = owned(reader_text(r));
        x->with[i].viewed = reader_float(r);
        x->with[i].bought = reader_float(r);
        x->count++;
    }
    bool fine = !r->failed && count <= RELATED_PRODUCTS && !map_get(&s->by_product, x->product);
    (void)map_put(&s->by_product, x->product, s->related.count, NULL);
    vec_push(&s->related, x);
    return fine;
}

enum status shoppers_read(struct shoppers *s, struct reader *r, struct error *err)
{
    uint64_t count = reader_varint(r);
    bool fine = !r->failed && count <= SHOPPERS_MAX;
    for (uint64_t i = 0; i < count && fine; i++) {
        fine = take_shopper(s, r);
    }
    count = fine ? reader_varint(r) : 0;
    fine = fine && !r->failed && count <= RELATED_MAX;
    for (uint64_t i = 0; i < count && fine; i++) {
        fine = take_related(s, r);
    }
    return fine ? STATUS_OK : error_set(err, STATUS_FORMAT, "offset %zu: the shoppers are damaged", r->at);
}

/* ---- life ---- */

struct shoppers *shoppers_new(void)
{
    struct shoppers *s = xcalloc(1, sizeof(*s));
    pthread_mutex_init(&s->lock, NULL);
    map_init(&s->by_token);
    map_init(&s->by_product);
    return s;
}

void shoppers_free(struct shoppers *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->shoppers.count; i++) {
        free_shopper(s->shoppers.items[i]);
    }
    for (size_t i = 0; i < s->related.count; i++) {
        free_related(s->related.items[i]);
    }
    vec_release(&s->shoppers);
    vec_release(&s->related);
    map_release(&s->by_token);
    map_release(&s->by_product);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
