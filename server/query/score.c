#include "server/query/score.h"

#include <math.h>

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

static double key_value(const struct prior_key *k, struct window *w, uint32_t offset)
{
    if (k->stock)
        return (double)(window_stock(w)[offset >> 6] >> (offset & 63) & 1);
    return k->source == UINT32_MAX ? (double)NAN : window_number(w, k->source, offset, k->descending);
}

double prior_of(const struct prior *p, struct window *w, uint32_t offset)
{
    double sum = 0;

    for (uint32_t i = 0; i < p->key_count; i++) {
        const struct prior_key *k = &p->keys[i];
        double value = key_value(k, w, offset);
        double x;
        if (isnan(value))
            continue;
        x = value > k->low ? log1p(value - k->low) * k->scale : 0;
        x = x > 1 ? 1 : x;
        sum += k->weight * (k->descending ? x : 1 - x);
    }
    return p->weight * sum;
}
