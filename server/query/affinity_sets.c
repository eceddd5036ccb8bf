#include "server/query/affinity_sets.h"

#include <stdlib.h>

#define TABLE (4 * AFFINITY_SETS) /* a power of two */

static void sets_release(struct affinity_sets *s)
{
    for (uint32_t i = 0; s->windows && i < s->doc_count / WINDOW_DOCS + 1; i++)
        free(s->windows[i]);
    free((void *)s->windows);
    free(s->of_doc);
    free(s->examples);
    free(s->table);
    *s = (struct affinity_sets){0};
}

void affinity_set_cache_clear(struct affinity_set_cache *c)
{
    for (uint32_t i = 0; i < AFFINITY_SHARDS; i++)
        sets_release(&c->shards[i]);
    c->next = 0;
}

struct affinity_sets *affinity_sets_of(struct affinity_set_cache *c, const struct shard *shard, attr_id attr)
{
    struct affinity_sets *s;

    for (uint32_t i = 0; i < AFFINITY_SHARDS; i++) {
        s = &c->shards[i];
        if (s->of_doc && s->shard_uid == shard_uid(shard) && s->attr == attr) {
            s->column = shard_facet_column(shard, attr);
            return s;
        }
    }
    s = &c->shards[c->next++ % AFFINITY_SHARDS];
    sets_release(s);
    s->shard_uid = shard_uid(shard);
    s->attr = attr;
    s->column = shard_facet_column(shard, attr);
    s->doc_count = shard_doc_count(shard);
    s->of_doc = xmalloc(((size_t)s->doc_count + 1) * sizeof(*s->of_doc)); /* touched window by window */
    s->windows = (struct affinity_window **)xcalloc(s->doc_count / WINDOW_DOCS + 1, sizeof(*s->windows));
    s->examples = xmalloc(AFFINITY_SETS * sizeof(*s->examples));
    s->table = xcalloc(TABLE, sizeof(*s->table));
    return s;
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

const struct affinity_window *affinity_sets_window(struct affinity_sets *s, doc_id base)
{
    struct affinity_window **place = &s->windows[base / WINDOW_DOCS], *w;
    uint16_t before = AFFINITY_SET_NONE;

    if (*place)
        return *place;
    w = xcalloc(1, sizeof(*w));
    for (doc_id d = base; d < s->doc_count && d - base < WINDOW_DOCS; d++) {
        uint16_t set = find_set(s, d, before);
        s->of_doc[d] = set;
        if (d == base || set != before)
            list_set(w, set);
        before = set;
    }
    *place = w;
    return w;
}
