#include "server/query/prior_bytes.h"

#include <math.h>
#include <stdlib.h>

#define FULL 255

static void bytes_release(struct prior_bytes *b)
{
    for (uint32_t i = 0; i < b->window_count; i++)
        free(b->windows[i]);
    free((void *)b->windows);
    free(b->mosts);
    *b = (struct prior_bytes){0};
}

void prior_byte_cache_clear(struct prior_byte_cache *c)
{
    for (uint32_t i = 0; i < PRIOR_BYTE_SHARDS; i++)
        bytes_release(&c->shards[i]);
    c->next = 0;
}

static bool same_prior(const struct prior *a, const struct prior *b)
{
    if (a->key_count != b->key_count)
        return false;
    for (uint32_t i = 0; i < a->key_count; i++) {
        const struct prior_key *x = &a->keys[i], *y = &b->keys[i];
        if (x->attr != y->attr || x->stock != y->stock || x->descending != y->descending || x->low != y->low ||
            x->scale != y->scale || x->weight != y->weight || !x->shares != !y->shares)
            return false;
    }
    return true;
}

struct prior_bytes *prior_bytes_of(struct prior_byte_cache *c, const struct prior *prior, const struct window *w)
{
    struct prior_bytes *b;
    bool any = false;

    for (uint32_t i = 0; i < prior->key_count; i++)
        any |= prior->keys[i].shares != NULL;
    if (!any || prior->weight <= 0)
        return NULL;
    for (uint32_t i = 0; i < PRIOR_BYTE_SHARDS; i++) {
        b = &c->shards[i];
        if (b->windows && b->shard_uid == shard_uid(w->shard) && same_prior(&b->prior, prior)) {
            b->prior = *prior;
            return b;
        }
    }
    b = &c->shards[c->next++ % PRIOR_BYTE_SHARDS];
    bytes_release(b);
    b->shard_uid = shard_uid(w->shard);
    b->prior = *prior;
    b->window_count = w->doc_count / WINDOW_DOCS + 1;
    b->windows = (struct prior_window **)xcalloc(b->window_count, sizeof(*b->windows));
    b->mosts = xcalloc(b->window_count, sizeof(*b->mosts));
    return b;
}

/* --- making them --- */
static void add_key(const struct prior_key *k, const struct window *w, doc_id base, float *sums)
{
    const struct number_column *c = k->shares ? w->sources[k->source].column : NULL;

    for (doc_id d = 0; d < WINDOW_DOCS && base + d < w->doc_count; d++) {
        uint16_t code = c ? c->codes[base + d] : 0;
        double x = 1;
        if (c && code == 0)
            continue; /* no value */
        if (c)
            x = prior_share_of_code(k, c, code);
        sums[d] += (float)(k->weight * (k->descending || !c ? x : 1 - x));
    }
}

static struct prior_window *make(const struct prior_bytes *b, const struct window *w, doc_id base)
{
    struct prior_window *made = xmalloc(sizeof(*made));
    float sums[WINDOW_DOCS] = {0};

    made->most = 0;
    for (uint32_t i = 0; i < b->prior.key_count; i++)
        add_key(&b->prior.keys[i], w, base, sums);
    for (uint32_t i = 0; i < WINDOW_DOCS; i++) {
        float n = ceilf(sums[i] * FULL + 1e-3f);
        made->of_doc[i] = sums[i] > 0 ? (uint8_t)(n < FULL ? n : FULL) : 0;
        made->most = made->of_doc[i] > made->most ? made->of_doc[i] : made->most;
    }
    return made;
}

const struct prior_window *prior_bytes_window(struct prior_bytes *b, const struct window *w, doc_id base)
{
    struct prior_window **place = &b->windows[base / WINDOW_DOCS];

    if (!*place) {
        *place = make(b, w, base);
        b->mosts[base / WINDOW_DOCS] = (uint16_t)((*place)->most + 1);
    }
    return *place;
}

/* --- asking them --- */
static bool changed_window(const struct number_column *c, doc_id base, uint32_t doc_count)
{
    for (uint32_t i = 0; number_any_changed(c) && i < WINDOW_WORDS && base + i * 64 < doc_count; i++) {
        if (number_changed_word(c, base / 64 + i))
            return true;
    }
    return false;
}

double prior_bytes_most(struct prior_bytes *b, const struct window *w, doc_id base)
{
    for (uint32_t i = 0; i < b->prior.key_count; i++) {
        const struct prior_key *k = &b->prior.keys[i];
        if (k->shares && changed_window(w->sources[k->source].column, base, w->doc_count))
            return b->prior.weight;
    }
    if (!b->mosts[base / WINDOW_DOCS])
        (void)prior_bytes_window(b, w, base);
    return b->prior.weight * (b->mosts[base / WINDOW_DOCS] - 1) / FULL;
}

void prior_bytes_sum(struct prior_bytes *b, struct window *w, uint64_t active, uint32_t weight, uint16_t *sums)
{
    const struct prior_window *made = prior_bytes_window(b, w, w->base);

    for (uint64_t left = active; left; left &= left - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(left) * 64;
        for (uint32_t i = 0; i < 64; i++)
            sums[at + i] = (uint16_t)(made->of_doc[at + i] * 257u * weight >> 16);
    }
    for (uint32_t i = 0; i < b->prior.key_count; i++) {
        const struct prior_key *k = &b->prior.keys[i];
        const struct value_source *v = k->shares ? &w->sources[k->source] : NULL;
        if (!v)
            continue;
        window_codes(w, k->source);
        for (uint64_t left = v->any_changed ? active : 0; left; left &= left - 1) {
            uint32_t word = (uint32_t)__builtin_ctzll(left);
            for (uint64_t x = v->changed[word]; x; x &= x - 1)
                sums[word * 64 + (uint32_t)__builtin_ctzll(x)] = (uint16_t)weight;
        }
    }
}
