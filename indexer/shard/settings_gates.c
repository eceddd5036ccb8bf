/* `gates`: what a new generation must be like before it replaces the one in service. */
#include "indexer/base/limits.h"
#include "indexer/shard/settings_internal.h"

enum { CANARIES_MAX = 1000 };

static const struct json *member(const struct json *gates, const char *name)
{
    const struct json *value = gates->type == JSON_OBJECT ? json_get(gates, name) : NULL;

    return value && value->type != JSON_NULL ? value : NULL;
}

static enum status read_number(const struct json *gates, const char *name, double low, double high, double *out,
                               struct error *err)
{
    const struct json *value = member(gates, name);

    if (value && (!json_double(value, out) || !(*out >= low) || *out > high))
        return error_set(err, STATUS_INPUT, "'gates.%s': must be a number from %g to %g", name, low, high);
    return STATUS_OK;
}

static enum status read_canary(struct settings *s, const struct json *value, uint32_t at, struct error *err)
{
    struct canary_query *canary = (struct canary_query *)&s->gates.canaries[at];

    canary->min_hits = 1;
    if (json_string(value, &canary->query))
        return STATUS_OK;
    if (value->type != JSON_OBJECT || !json_string(json_get(value, "query"), &canary->query))
        return error_set(err, STATUS_INPUT,
                         "'gates.canaryQueries[%u]': must be a query or {\"query\": \"...\", \"minHits\": 1}", at);
    if (json_get(value, "minHits") &&
        (!json_i64(json_get(value, "minHits"), &canary->min_hits) || canary->min_hits < 1))
        return error_set(err, STATUS_INPUT, "'gates.canaryQueries[%u].minHits': must be a whole number from 1 on", at);
    return STATUS_OK;
}

static enum status read_canaries(struct settings *s, const struct json *gates, struct error *err)
{
    const struct json *list = member(gates, "canaryQueries");
    enum status status = STATUS_OK;

    if (!list)
        return STATUS_OK;
    if (list->type != JSON_ARRAY || list->count > CANARIES_MAX)
        return error_set(err, STATUS_INPUT, "'gates.canaryQueries': must be a list of at most %d queries",
                         CANARIES_MAX);
    s->gates.canaries = ARENA_ARRAY(&s->arena, struct canary_query, list->count + 1);
    s->gates.canary_count = list->count;
    for (uint32_t i = 0; i < list->count && status == STATUS_OK; i++)
        status = read_canary(s, &list->items[i], i, err);
    return status;
}

enum status settings_read_gates(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    static const char *const KNOWN[] = {"productShare", "priceOutlierShare", "priceOutlierFactor", "fromProducts",
                                        "canaryQueries"};
    double from = 100;

    s->gates = (struct gate_settings){.product_share = .5, .outlier_share = .2, .outlier_factor = 5};
    if (value->type != JSON_NULL && value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s': must be an object such as {\"productShare\": 0.5}", key);
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->count; i++) {
        bool known = false;

        for (size_t k = 0; k < sizeof(KNOWN) / sizeof(KNOWN[0]); k++)
            known = known || str_equal(value->members[i].name, str_from(KNOWN[k]));
        if (!known)
            return error_set(err, STATUS_INPUT,
                             "'gates." STR_FMT "': there are productShare, priceOutlierShare, priceOutlierFactor, "
                             "fromProducts and canaryQueries",
                             STR_ARG(value->members[i].name));
    }
    enum status status = read_number(value, "productShare", 0, 1, &s->gates.product_share, err);
    if (status == STATUS_OK)
        status = read_number(value, "priceOutlierShare", 0, 1, &s->gates.outlier_share, err);
    if (status == STATUS_OK)
        status = read_number(value, "priceOutlierFactor", 1, 1e6, &s->gates.outlier_factor, err);
    if (status == STATUS_OK)
        status = read_number(value, "fromProducts", 0, 1e12, &from, err);
    s->gates.from_products = (uint64_t)from;
    return status == STATUS_OK ? read_canaries(s, value, err) : status;
}
