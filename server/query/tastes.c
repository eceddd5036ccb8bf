#include "server/query/tastes.h"

double taste_of(const struct taste *t, const struct facet_column *column, doc_id doc)
{
    double sum = 0;
    facet_code one;
    uint32_t count;
    const facet_code *codes = facet_codes(column, doc, &one, &count);

    for (uint32_t i = 0; i < count; i++)
        sum += codes[i] < t->code_count ? (double)t->of_code[codes[i]] : 0;
    return count ? sum / count : 0;
}

/* Adds a product's codes; true when it has any. */
static bool add_product(struct taste *t, float *of_code, const struct snapshot *snapshot, const struct boost *product)
{
    uint32_t segment, count;
    doc_id doc;
    facet_code one;

    if (!snapshot_find(snapshot, product->object_id, &segment, &doc) ||
        shard_check_attribute(snapshot->segments[segment].shard, t->attr, NULL) != STATUS_OK)
        return false;
    const struct facet_column *column = shard_facet_column(snapshot->segments[segment].shard, t->attr);
    const facet_code *codes = facet_codes(column, doc, &one, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (codes[i] < t->code_count)
            of_code[codes[i]] += product->value;
    }
    return count > 0;
}

static bool make_taste(struct taste *t, const struct snapshot *snapshot, const struct taste_source *source,
                       struct arena *arena)
{
    float *of_code, sum = 0;

    t->code_count = dictionary_value_count(snapshot->dictionary, t->attr);
    if (t->code_count == 0 || t->code_count > TASTE_CODES)
        return false;
    of_code = ARENA_ARRAY(arena, float, t->code_count);
    for (size_t i = 0; of_code && i < source->count; i++)
        sum += add_product(t, of_code, snapshot, &source->products[i]) ? source->products[i].value : 0;
    if (sum <= 0)
        return false;
    for (uint32_t c = 0; c < t->code_count; c++)
        of_code[c] *= (float)source->weight / TASTES / sum;
    t->of_code = of_code;
    return true;
}

uint32_t tastes_make(struct taste out[TASTES], const struct snapshot *snapshot, const struct taste_source *source,
                     struct arena *arena)
{
    static const enum role ROLES[TASTES] = {ROLE_BRAND, ROLE_CATEGORY};
    uint32_t n = 0;

    for (uint32_t i = 0; i < TASTES; i++) {
        struct str name = snapshot->settings->role_attribute[ROLES[i]];
        attr_id attr = name.size ? dictionary_attr_find(snapshot->dictionary, name) : ATTR_NONE;
        if (attr == ATTR_NONE || attr >= snapshot->attr_count)
            continue;
        out[n] = (struct taste){.attr = attr};
        n += make_taste(&out[n], snapshot, source, arena);
    }
    return n;
}
