#include "server/query/score.h"

#include <math.h>
#include <stdlib.h>

#include "indexer/base/limits.h"

static bool same(const struct scorer *s, const struct snapshot *snapshot)
{
    const struct settings *settings = snapshot->settings;

    if (!s->ready || s->field_count != settings->field_count || s->k1 != (double)settings->k1)
        return false;
    for (uint32_t f = 0; f < s->field_count; f++) {
        if (s->average[f] != snapshot->average_length[f] || s->weight[f] != settings->fields[f].weight ||
            s->b[f] != settings->fields[f].b)
            return false;
    }
    return true;
}

void scorer_prepare(struct scorer *s, const struct snapshot *snapshot)
{
    const struct settings *settings = snapshot->settings;

    if (same(s, snapshot))
        return;
    memset(s, 0, sizeof(*s));
    s->ready = true;
    s->field_count = (uint32_t)(settings->field_count < LIMIT_FIELDS ? settings->field_count : LIMIT_FIELDS);
    s->k1 = (double)settings->k1;
    for (uint32_t f = 0; f < s->field_count; f++) {
        s->average[f] = snapshot->average_length[f];
        s->weight[f] = settings->fields[f].weight;
        s->b[f] = settings->fields[f].b;
        for (uint32_t code = 0; code < 256; code++) {
            double b = (double)s->b[f];
            double length = (double)length_decode((uint8_t)code);
            s->norm[f][code] = (double)s->weight[f] / (1 - b + b * length / (double)s->average[f]);
        }
        for (uint32_t i = 0; f < SCORE_SIDE_FIELD && i < 16 * 256; i++) {
            s->tfs[score_place((field_id)f, i >> 8) + (i & 255)] = (float)((i >> 8) * s->norm[f][i & 255]);
        }
    }
}

bool prior_init(struct prior *p, struct window *w)
{
    const struct settings *settings = w->snapshot->settings;
    double weight = 1, sum = 0;

    *p = (struct prior){.weight = (double)settings->prior_weight};
    for (size_t i = 0; i < settings->custom_ranking_count && i < SCORE_KEYS; i++) {
        const struct sort_key *key = &settings->custom_ranking[i];
        attr_id attr = dictionary_attr_find(w->snapshot->dictionary, key->attribute);
        double low = w->snapshot->custom_low[i], high = w->snapshot->custom_high[i];
        struct prior_key *out = &p->keys[p->key_count++];
        sum += weight;
        *out = (struct prior_key){.descending = key->descending, .low = low, .weight = weight, .source = UINT32_MAX};
        weight /= 2;
        if (high > low)
            out->scale = 1 / log1p(high - low);
        if (attr == ATTR_NONE || attr >= w->snapshot->attr_count)
            continue;
        out->attr = attr;
        out->stock = dictionary_attr(w->snapshot->dictionary, attr)->stock;
        if (out->stock)
            continue;
        out->source = window_source(w, attr);
        if (out->source == UINT32_MAX)
            return false;
    }
    for (uint32_t i = 0; i < p->key_count; i++)
        p->keys[i].weight /= sum;
    return true;
}

void prior_cache_clear(struct prior_cache *c)
{
    for (uint32_t i = 0; i < PRIOR_SHARES; i++)
        free(c->shares[i].x);
    *c = (struct prior_cache){0};
}

static double *shares_of(struct prior_cache *cache, const struct prior_key *k, const struct window *w)
{
    uint64_t uid = shard_uid(w->shard);
    uint32_t count = w->sources[k->source].column->value_count;
    struct prior_shares *s;

    for (uint32_t i = 0; i < PRIOR_SHARES; i++) {
        s = &cache->shares[i];
        if (s->x && s->shard_uid == uid && s->attr == k->attr && s->low == k->low && s->scale == k->scale)
            return s->x;
    }
    s = &cache->shares[cache->next++ % PRIOR_SHARES];
    free(s->x);
    *s = (struct prior_shares){uid, k->attr, k->low, k->scale, xmalloc(count * sizeof(double))};
    for (uint32_t i = 0; i < count; i++)
        s->x[i] = (double)NAN;
    return s->x;
}

void prior_segment(struct prior *p, const struct window *w, struct prior_cache *cache)
{
    for (uint32_t i = 0; i < p->key_count; i++) {
        struct prior_key *k = &p->keys[i];
        k->shares = NULL;
        if (!k->stock && k->source != UINT32_MAX && w->sources[k->source].column->codes)
            k->shares = shares_of(cache, k, w);
    }
}

static double key_value(const struct prior_key *k, struct window *w, uint32_t offset)
{
    if (k->stock)
        return (double)(window_stock(w)[offset >> 6] >> (offset & 63) & 1);
    return k->source == UINT32_MAX ? (double)NAN : window_number(w, k->source, offset, k->descending);
}

static double share_of_value(const struct prior_key *k, double value)
{
    double x = value > k->low ? log1p(value - k->low) * k->scale : 0;

    return x > 1 ? 1 : x;
}

double prior_share_of_code(const struct prior_key *k, const struct number_column *c, uint16_t code)
{
    if (isnan(k->shares[code]))
        k->shares[code] = share_of_value(k, number_as_double(c, c->values[code]));
    return k->shares[code];
}

/* False when the document has no value. */
static bool share_of(const struct prior_key *k, struct window *w, uint32_t offset, double *x)
{
    double value;

    if (k->shares) {
        const struct value_source *v = &w->sources[k->source];
        window_codes(w, k->source);
        if (!(v->changed[offset >> 6] >> (offset & 63) & 1)) {
            uint16_t code = v->column->codes[window_doc(w, offset)];
            *x = prior_share_of_code(k, v->column, code);
            return code != 0 && number_fits(v->column->values[code]);
        }
    }
    value = key_value(k, w, offset);
    *x = share_of_value(k, value);
    return !isnan(value);
}

double prior_of(const struct prior *p, struct window *w, uint32_t offset)
{
    double sum = 0;

    for (uint32_t i = 0; i < p->key_count; i++) {
        const struct prior_key *k = &p->keys[i];
        double x;
        if (share_of(k, w, offset, &x))
            sum += k->weight * (k->descending ? x : 1 - x);
    }
    return p->weight * sum;
}

/* From the prior follows what the first key must be, were all others at their best. */
void prior_narrow(const struct prior *p, struct window *w, double needed, struct mask *m)
{
    const struct prior_key *k = &p->keys[0];
    double x;

    if (p->key_count == 0 || p->weight <= 0 || k->stock || k->source == UINT32_MAX || k->scale <= 0)
        return;
    x = (needed / p->weight - (1 - k->weight)) / k->weight;
    if (x <= 1e-9)
        return;
    x = (k->descending ? x : 1 - x) + (k->descending ? -1e-9 : 1e-9);
    if (x < 0 || x >= 1)
        return;
    window_narrow_number(w, k->source, k->low + expm1(x / k->scale), k->descending, m);
}
