#include "server/query/title_signs.h"

#include <stdlib.h>

#include "indexer/shard/titles.h"

static void signs_release(struct title_signs *s)
{
    for (uint32_t i = 0; s->windows && i < s->doc_count / WINDOW_DOCS + 1; i++)
        free(s->windows[i]);
    free((void *)s->windows);
    *s = (struct title_signs){0};
}

void title_sign_cache_clear(struct title_sign_cache *c)
{
    for (uint32_t i = 0; i < TITLE_SIGN_SHARDS; i++)
        signs_release(&c->shards[i]);
    c->next = 0;
}

struct title_signs *title_signs_of(struct title_sign_cache *c, const struct shard *shard)
{
    struct title_signs *s;

    for (uint32_t i = 0; i < TITLE_SIGN_SHARDS; i++) {
        s = &c->shards[i];
        if (s->windows && s->shard_uid == shard_uid(shard)) {
            s->titles = shard_titles(shard);
            return s;
        }
    }
    s = &c->shards[c->next++ % TITLE_SIGN_SHARDS];
    signs_release(s);
    s->shard_uid = shard_uid(shard);
    s->titles = shard_titles(shard);
    s->doc_count = shard_doc_count(shard);
    s->windows = (uint32_t **)xcalloc(s->doc_count / WINDOW_DOCS + 1, sizeof(*s->windows));
    return s;
}

static uint32_t sign_of(const struct titles *t, doc_id doc)
{
    uint32_t count, sign = 0;
    const uint32_t *words = titles_of(t, doc, &count);

    for (uint32_t i = 0; i < count; i++) {
        sign |= words[i] & TITLE_ACCESSORY ? TITLE_SIGN_ACCESSORY : 0;
        if (i)
            sign |= title_sign_of_pair(words[i - 1] & ~TITLE_ACCESSORY, words[i] & ~TITLE_ACCESSORY);
    }
    return sign;
}

const uint32_t *title_signs_window(struct title_signs *s, doc_id base)
{
    uint32_t **place = &s->windows[base / WINDOW_DOCS];

    if (!*place) {
        doc_id end = s->doc_count - base < WINDOW_DOCS ? s->doc_count : base + WINDOW_DOCS;
        bool sound = titles_check(s->titles, base, end);

        *place = xcalloc(WINDOW_DOCS, sizeof(**place));
        for (doc_id d = base; sound && d < end; d++)
            (*place)[d - base] = sign_of(s->titles, d);
    }
    return *place;
}
