#include "server/query/title_signs.h"

#include <stdlib.h>

#include "indexer/shard/titles.h"

static uint32_t window_count(uint32_t doc_count)
{
    return (doc_count + WINDOW_DOCS - 1) / WINDOW_DOCS;
}

static void signs_free(struct shard_note *note)
{
    struct title_signs *s = (struct title_signs *)note;

    for (uint32_t i = 0; i < window_count(s->doc_count); i++)
        free(atomic_load_explicit(&s->windows[i], memory_order_relaxed));
    free(s);
}

static struct shard_note *signs_make(const struct shard *shard, uint64_t key)
{
    uint32_t doc_count = shard_doc_count(shard);
    struct title_signs *s = xcalloc(1, sizeof(*s) + window_count(doc_count) * sizeof(s->windows[0]));

    (void)key;
    s->note.free = signs_free;
    s->titles = shard_titles(shard);
    s->doc_count = doc_count;
    return &s->note;
}

struct title_signs *title_signs_of(const struct shard *shard)
{
    return (struct title_signs *)shard_note(shard, shard_note_key(NOTE_TITLE_SIGNS, 0), signs_make);
}

static uint32_t sign_of(const struct titles *t, doc_id doc)
{
    uint32_t words[TITLE_WORDS], count = titles_read(t, doc, words), sign = 0;

    for (uint32_t i = 0; i < count; i++) {
        sign |= words[i] & TITLE_ACCESSORY ? TITLE_SIGN_ACCESSORY : 0;
        if (i)
            sign |= title_sign_of_pair(words[i - 1] & ~TITLE_ACCESSORY, words[i] & ~TITLE_ACCESSORY);
    }
    return sign;
}

static uint32_t *window_make(const struct title_signs *s, doc_id base)
{
    doc_id end = s->doc_count - base < WINDOW_DOCS ? s->doc_count : base + WINDOW_DOCS;
    bool sound = titles_check(s->titles, base, end);
    uint32_t *signs = xcalloc(WINDOW_DOCS, sizeof(*signs));

    for (doc_id d = base; sound && d < end; d++)
        signs[d - base] = sign_of(s->titles, d);
    return signs;
}

const uint32_t *title_signs_window(struct title_signs *s, doc_id base)
{
    _Atomic(uint32_t *) *place = &s->windows[base / WINDOW_DOCS];
    uint32_t *known = atomic_load_explicit(place, memory_order_acquire), *made;

    if (known)
        return known;
    made = window_make(s, base);
    if (atomic_compare_exchange_strong_explicit(place, &known, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    free(made); /* another thread was sooner */
    return known;
}
