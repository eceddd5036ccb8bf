#include "server/query/boosting.h"

static double most_of_taste(const struct taste *t)
{
    double most = 0;

    for (uint32_t i = 0; i < t->code_count; i++)
        most = (double)t->of_code[i] > most ? (double)t->of_code[i] : most;
    return most;
}

bool boosting_init(struct boosting *b, const struct search_boosts *boosts, struct arena *arena)
{
    *b = (struct boosting){.boosts = boosts};
    if (!boosts)
        return true;
    for (uint32_t i = 0; i < boosts->taste_count; i++)
        b->by_taste += most_of_taste(&boosts->tastes[i]);
    b->values = arena_alloc(arena, WINDOW_DOCS * sizeof(*b->values));
    return b->values != NULL;
}

void boosting_segment(struct boosting *b, const struct window *w)
{
    b->segment = w->segment;
    if (b->boosts)
        b->most = b->by_taste + b->boosts->product_weight * (double)b->boosts->products[w->segment].most;
    for (uint32_t i = 0; b->boosts && i < b->boosts->taste_count; i++) {
        attr_id attr = b->boosts->tastes[i].attr;
        bool sound = shard_check_attribute(w->shard, attr, NULL) == STATUS_OK;
        b->columns[i] = sound ? shard_facet_column(w->shard, attr) : NULL;
    }
}

static void add(struct boosting *b, uint32_t offset, float value)
{
    if (mask_has(&b->docs, offset)) {
        b->values[offset] += value;
    } else {
        mask_set(&b->docs, offset);
        b->values[offset] = value;
    }
}

static void add_list(struct boosting *b, const struct window *w, const struct boost_docs *list, double weight)
{
    uint32_t at;

    if (list->count == 0 || weight <= 0)
        return;
    if (!w->docs) {
        for (at = boosts_from(list, w->base); at < list->count && list->docs[at] < w->base + w->count; at++)
            add(b, list->docs[at] - w->base, (float)(weight * (double)list->values[at]));
        return;
    }
    for (uint32_t offset = 0; offset < w->count; offset++) {
        at = boosts_from(list, w->docs[offset]);
        if (at < list->count && list->docs[at] == w->docs[offset])
            add(b, offset, (float)(weight * (double)list->values[at]));
    }
}

static void add_tastes(struct boosting *b, const struct window *w, const struct mask *wanted)
{
    for (uint32_t i = 0; i < b->boosts->taste_count; i++) {
        if (!b->columns[i])
            continue;
        for (MASK_WORDS(wanted, k)) {
            for (uint64_t x = wanted->bits[k]; x; x &= x - 1) {
                uint32_t offset = (uint32_t)k * 64 + (uint32_t)__builtin_ctzll(x);
                double value = taste_of(&b->boosts->tastes[i], b->columns[i], window_doc(w, offset));
                if (value > 0)
                    add(b, offset, (float)value);
            }
        }
    }
}

void boosting_window(struct boosting *b, const struct window *w, const struct mask *wanted)
{
    if (!b->boosts)
        return;
    mask_clear(&b->docs);
    add_list(b, w, &b->boosts->query[b->segment], b->boosts->query_weight);
    add_list(b, w, &b->boosts->products[b->segment], b->boosts->product_weight);
    add_tastes(b, w, wanted);
}

doc_id boosting_next(const struct boosting *b, doc_id doc)
{
    const struct boost_docs *list = b->boosts && b->boosts->query_weight > 0 ? &b->boosts->query[b->segment] : NULL;
    uint32_t at = list ? boosts_from(list, doc) : 0;

    return list && at < list->count ? list->docs[at] : DOC_NONE;
}

void boosting_keep(const struct boosting *b, const struct mask *among, struct mask *out)
{
    struct mask boosted = *among;

    if (!b->boosts)
        return;
    mask_and(&boosted, &b->docs);
    mask_or(out, &boosted);
}

void boosting_raise(const struct boosting *b, const struct mask *docs, float *limits)
{
    for (MASK_WORDS(docs, w)) {
        for (uint64_t x = docs->bits[w]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(x);
            float raised = limits[offset] + b->values[offset];
            limits[offset] = raised > 0 ? raised : 0;
        }
    }
}

static double value_of(const struct boost_docs *list, doc_id doc)
{
    uint32_t at = boosts_from(list, doc);

    return at < list->count && list->docs[at] == doc ? (double)list->values[at] : 0;
}

struct boosted boosting_of(const struct boosting *b, const struct snapshot *snapshot, uint32_t segment, doc_id doc)
{
    struct boosted out = {0};

    if (b->boosts) {
        out.query = b->boosts->query_weight * value_of(&b->boosts->query[segment], doc);
        out.product = b->boosts->product_weight * value_of(&b->boosts->products[segment], doc);
    }
    for (uint32_t i = 0; b->boosts && i < b->boosts->taste_count; i++) {
        const struct shard *shard = snapshot->segments[segment].shard;
        if (shard_check_attribute(shard, b->boosts->tastes[i].attr, NULL) == STATUS_OK)
            out.shopper += taste_of(&b->boosts->tastes[i], shard_facet_column(shard, b->boosts->tastes[i].attr), doc);
    }
    return out;
}
