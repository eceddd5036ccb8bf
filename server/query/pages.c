#include "server/query/pages.h"

#include <stdlib.h>

#include "indexer/base/rcu.h"

struct pages *pages_new(size_t limit_bytes, bool shared)
{
    struct pages *p = xcalloc(1, sizeof(*p));

    p->limit_bytes = limit_bytes;
    p->shared = shared;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

static _Atomic(struct page *) *bucket_of(struct pages *p, const struct hash128 *key)
{
    return &p->buckets[key->low % PAGES_BUCKETS];
}

static struct page *find(struct pages *p, const struct hash128 *key)
{
    struct page *x = atomic_load_explicit(bucket_of(p, key), memory_order_acquire);

    while (x && (x->key.low != key->low || x->key.high != key->high))
        x = atomic_load_explicit(&x->chain, memory_order_acquire);
    return x;
}

static const void *look_up(struct pages *p, const struct hash128 *key)
{
    struct page *x = find(p, key);

    atomic_fetch_add_explicit(&p->asked, 1, memory_order_relaxed);
    if (!x)
        return NULL;
    atomic_fetch_add_explicit(&p->found, 1, memory_order_relaxed);
    if (!atomic_load_explicit(&x->asked, memory_order_relaxed))
        atomic_store_explicit(&x->asked, true, memory_order_relaxed);
    return x;
}

/* --- by age, under the lock --- */
static void unlink_age(struct pages *p, struct page *x)
{
    *(x->newer ? &x->newer->older : &p->newest) = x->older;
    *(x->older ? &x->older->newer : &p->oldest) = x->newer;
}

static void link_newest(struct pages *p, struct page *x)
{
    x->newer = NULL;
    x->older = p->newest;
    *(p->newest ? &p->newest->newer : &p->oldest) = x;
    p->newest = x;
}

static void drop(struct pages *p, struct page *x)
{
    _Atomic(struct page *) *at = bucket_of(p, &x->key);

    while (atomic_load_explicit(at, memory_order_relaxed) != x)
        at = &atomic_load_explicit(at, memory_order_relaxed)->chain;
    atomic_store_explicit(at, atomic_load_explicit(&x->chain, memory_order_relaxed), memory_order_release);
    unlink_age(p, x);
    atomic_fetch_sub_explicit(&p->bytes, x->size_bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&p->count, 1, memory_order_relaxed);
    if (p->shared) {
        rcu_defer(free, x);
    } else {
        x->older = p->gone;
        p->gone = x;
    }
}

/* The oldest that nobody asked for since it was there last. */
static void drop_one(struct pages *p)
{
    struct page *x = p->oldest;

    while (atomic_exchange_explicit(&x->asked, false, memory_order_relaxed)) {
        unlink_age(p, x);
        link_newest(p, x);
        x = p->oldest;
    }
    drop(p, x);
}

void pages_begin(struct pages *p)
{
    if (!p || p->shared)
        return;
    for (struct page *x = p->gone, *next; x; x = next) {
        next = x->older;
        free(x);
    }
    p->gone = NULL;
}

void pages_free(struct pages *p)
{
    if (!p)
        return;
    while (p->oldest)
        drop(p, p->oldest);
    pages_begin(p);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static bool fits(const struct pages *p, size_t size)
{
    return size <= p->limit_bytes / 16;
}

/* Takes the place of what had the key. Takes x. */
static void keep(struct pages *p, const struct hash128 *key, struct page *x, size_t size)
{
    struct page *old;

    if (pthread_mutex_trylock(&p->lock) != 0) {
        free(x);
        return;
    }
    old = find(p, key);
    if (old)
        drop(p, old);
    while (p->oldest && atomic_load_explicit(&p->bytes, memory_order_relaxed) + size > p->limit_bytes)
        drop_one(p);
    x->key = *key;
    x->size_bytes = size;
    atomic_init(&x->asked, false);
    atomic_init(&x->chain, atomic_load_explicit(bucket_of(p, key), memory_order_relaxed));
    atomic_store_explicit(bucket_of(p, key), x, memory_order_release);
    link_newest(p, x);
    atomic_fetch_add_explicit(&p->bytes, size, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&p->lock);
}

/* --- totals and facets --- */
const struct page_counts *pages_counts(struct pages *p, const struct hash128 *key)
{
    return look_up(p, key);
}

static char *put_text(struct str *text, char *base, char *at)
{
    memcpy(at, text->data, text->size);
    text->data = (const char *)(uintptr_t)(at - base); /* where it is, whereto the page is copied */
    return at + text->size;
}

static void fill(struct page_counts *c, const struct search_result *answer)
{
    struct facet_result *facets = (struct facet_result *)(c + 1);
    struct facet_count *values = (struct facet_count *)(facets + c->facet_count);
    char *base = (char *)(values + c->value_count), *text = base;

    for (size_t i = 0; i < c->facet_count; i++) {
        facets[i] = answer->facets[i];
        facets[i].counts = NULL;
        text = put_text(&facets[i].attribute, base, text);
        for (size_t k = 0; k < facets[i].count; k++) {
            *values = answer->facets[i].counts[k];
            text = put_text(&values->value, base, text);
            values++;
        }
    }
}

void pages_keep_counts(struct pages *p, const struct hash128 *key, const struct search_result *answer)
{
    size_t values = 0, bytes = 0, size;
    struct page_counts *c;

    for (size_t i = 0; i < answer->facet_count; i++) {
        const struct facet_result *f = &answer->facets[i];
        values += f->count;
        bytes += f->attribute.size;
        for (size_t k = 0; k < f->count; k++)
            bytes += f->counts[k].value.size;
    }
    size = sizeof(*c) + answer->facet_count * sizeof(struct facet_result) + values * sizeof(struct facet_count) + bytes;
    if (!fits(p, size))
        return;
    c = xmalloc(size);
    c->total = answer->total;
    c->facet_count = answer->facet_count;
    c->value_count = values;
    c->text_bytes = bytes;
    fill(c, answer);
    keep(p, key, &c->page, size);
}

bool page_counts_copy(const struct page_counts *c, struct arena *arena, struct search_result *out)
{
    size_t size = c->facet_count * sizeof(struct facet_result) + c->value_count * sizeof(struct facet_count);
    struct facet_result *facets = arena_alloc(arena, size + c->text_bytes);
    struct facet_count *values;
    const char *base = (const char *)facets + size;

    if (!facets)
        return false;
    memcpy(facets, c + 1, size + c->text_bytes);
    values = (struct facet_count *)(facets + c->facet_count);
    for (size_t i = 0; i < c->facet_count; i++) {
        facets[i].attribute.data = base + (uintptr_t)facets[i].attribute.data;
        facets[i].counts = values;
        values += facets[i].count;
    }
    values -= c->value_count;
    for (size_t i = 0; i < c->value_count; i++)
        values[i].value.data = base + (uintptr_t)values[i].value.data;
    out->total = c->total;
    out->facets = facets;
    out->facet_count = c->facet_count;
    return true;
}

/* --- the first documents --- */
const struct page_tops *pages_tops(struct pages *p, const struct hash128 *key)
{
    return look_up(p, key);
}

static size_t tops_size(uint32_t segments, uint32_t docs)
{
    return sizeof(struct page_tops) + segments * sizeof(struct page_segment) + docs * sizeof(doc_id);
}

struct page_tops *page_tops_new(const struct pages *p, uint32_t segments, uint32_t docs)
{
    struct page_tops *t;

    if (!fits(p, tops_size(segments, docs)))
        return NULL;
    t = xmalloc(tops_size(segments, docs));
    t->segment_count = segments;
    t->segments = (struct page_segment *)(t + 1);
    t->docs = (doc_id *)(t->segments + segments);
    return t;
}

void pages_keep_tops(struct pages *p, const struct hash128 *key, struct page_tops *tops)
{
    uint32_t docs = tops->segment_count ? tops->segments[tops->segment_count - 1].end : 0;

    keep(p, key, &tops->page, tops_size(tops->segment_count, docs));
}
