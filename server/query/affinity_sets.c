#include "server/query/affinity_sets.h"

#include <stdlib.h>

#define TABLE (4 * AFFINITY_SETS) /* a power of two */

static void sets_free(struct shard_note *note)
{
    struct affinity_sets *s = (struct affinity_sets *)note;

    for (uint32_t i = 0; i < s->doc_count / WINDOW_DOCS + 1; i++)
        free(atomic_load_explicit(&s->windows[i], memory_order_relaxed));
    free((void *)s->windows);
    free(s->of_doc);
    free(s->examples);
    free(s->table);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct shard_note *sets_make(const struct shard *shard, uint64_t key)
{
    struct affinity_sets *s = xcalloc(1, sizeof(*s));

    s->note.free = sets_free;
    pthread_mutex_init(&s->lock, NULL);
    s->column = shard_facet_column(shard, (attr_id)key);
    s->doc_count = shard_doc_count(shard);
    s->of_doc = xmalloc(((size_t)s->doc_count + 1) * sizeof(*s->of_doc)); /* touched window by window */
    s->windows = (_Atomic(struct affinity_window *) *)xcalloc(s->doc_count / WINDOW_DOCS + 1, sizeof(*s->windows));
    s->examples = xmalloc(AFFINITY_SETS * sizeof(*s->examples));
    s->table = xcalloc(TABLE, sizeof(*s->table));
    return &s->note;
}

struct affinity_sets *affinity_sets_of(const struct shard *shard, attr_id attr)
{
    return (struct affinity_sets *)shard_note(shard, shard_note_key(NOTE_AFFINITY_SETS, attr), sets_make);
}

static bool same_codes(const struct affinity_sets *s, uint16_t set, const facet_code *codes, uint32_t count)
{
    facet_code one;
    uint32_t other;
    const facet_code *its = facet_codes(s->column, s->examples[set], &one, &other);

    return other == count && (count == 0 || memcmp(its, codes, count * sizeof(*codes)) == 0);
}

static uint16_t find_set(struct affinity_sets *s, doc_id doc, uint16_t before)
{
    facet_code one;
    uint32_t count, at = 0x9E3779B9u;
    const facet_code *codes = facet_codes(s->column, doc, &one, &count);

    if (before != AFFINITY_SET_NONE && same_codes(s, before, codes, count))
        return before;
    for (uint32_t i = 0; i < count; i++)
        at = (at ^ codes[i]) * 0x85EBCA6Bu;
    for (at = at >> 8 & (TABLE - 1); s->table[at]; at = (at + 1) & (TABLE - 1)) {
        if (same_codes(s, (uint16_t)(s->table[at] - 1), codes, count))
            return (uint16_t)(s->table[at] - 1);
    }
    if (s->count == AFFINITY_SETS)
        return AFFINITY_SET_NONE;
    s->examples[s->count] = doc;
    s->table[at] = (uint16_t)++s->count;
    return (uint16_t)(s->count - 1);
}

static void list_set(struct affinity_window *w, uint16_t set)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->sets[i] == set)
            return;
    }
    if (w->count == AFFINITY_WINDOW_SETS || set == AFFINITY_SET_NONE)
        w->many = true;
    else
        w->sets[w->count++] = set;
}

static struct affinity_window *window_make(struct affinity_sets *s, doc_id base)
{
    struct affinity_window *w = xcalloc(1, sizeof(*w));
    uint16_t before = AFFINITY_SET_NONE;

    for (doc_id d = base; d < s->doc_count && d - base < WINDOW_DOCS; d++) {
        uint16_t set = find_set(s, d, before);
        s->of_doc[d] = set;
        if (d == base || set != before)
            list_set(w, set);
        before = set;
    }
    return w;
}

const struct affinity_window *affinity_sets_window(struct affinity_sets *s, doc_id base)
{
    _Atomic(struct affinity_window *) *place = &s->windows[base / WINDOW_DOCS];
    struct affinity_window *w = atomic_load_explicit(place, memory_order_acquire);

    if (w)
        return w;
    pthread_mutex_lock(&s->lock);
    w = atomic_load_explicit(place, memory_order_relaxed);
    if (!w) {
        w = window_make(s, base);
        atomic_store_explicit(place, w, memory_order_release);
    }
    pthread_mutex_unlock(&s->lock);
    return w;
}
