/* The setting `experiment`: another ranking that is tried beside the index's own. */
#include "indexer/shard/settings_internal.h"

#define NAME_BYTES 64

/* What a trial may change of a request: who is found and in which order, not what is shown of it. */
static const char *const PARAMETERS[] = {"queryType", "removeWordsIfNoResults",       "optionalWords",  "typoTolerance",
                                         "minHits",   "restrictSearchableAttributes", "enableReRanking"};
#define PARAMETER_COUNT (sizeof(PARAMETERS) / sizeof(PARAMETERS[0]))

static enum status read_name(struct experiment_setting *x, const char *key, const struct json *value, struct error *err)
{
    bool good = json_string(value, &x->name) && x->name.size > 0 && x->name.size <= NAME_BYTES;

    for (size_t i = 0; good && i < x->name.size; i++)
        good = (unsigned char)x->name.data[i] >= ' ';
    if (!good)
        return error_set(err, STATUS_INPUT, "'%s.name': must be a text of 1 to %d bytes", key, NAME_BYTES);
    return STATUS_OK;
}

static enum status read_share(struct experiment_setting *x, const char *key, const struct json *value,
                              struct error *err)
{
    if (!json_double(value, &x->share) || !(x->share >= 0) || x->share > 1)
        return error_set(err, STATUS_INPUT, "'%s.share': must be a number from 0 to 1", key);
    return STATUS_OK;
}

static enum status read_seed(struct experiment_setting *x, const char *key, const struct json *value, struct error *err)
{
    if (!json_i64(value, &x->seed))
        return error_set(err, STATUS_INPUT, "'%s.seed': must be a whole number", key);
    return STATUS_OK;
}

static enum status read_settings(struct experiment_setting *x, const char *key, const struct json *value,
                                 struct error *err)
{
    if (value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s.settings': must be an object of settings such as {\"k1\": 0.8}", key);
    if (json_get(value, "experiment") || json_get(value, "replicas"))
        return error_set(err, STATUS_INPUT, "'%s.settings': can't have experiments or replicas of its own", key);
    x->settings = *value;
    return STATUS_OK;
}

static enum status read_parameters(struct experiment_setting *x, const char *key, const struct json *value,
                                   struct error *err)
{
    if (value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s.parameters': must be an object such as {\"minHits\": 20}", key);
    for (uint32_t i = 0; i < value->count; i++) {
        bool known = false;
        for (size_t k = 0; k < PARAMETER_COUNT && !known; k++)
            known = str_equal(value->members[i].name, str_from(PARAMETERS[k]));
        if (!known)
            return error_set(err, STATUS_INPUT,
                             "'%s.parameters." STR_FMT "': only queryType, removeWordsIfNoResults, optionalWords, "
                             "typoTolerance, minHits, restrictSearchableAttributes and enableReRanking may be tried",
                             key, (int)(value->members[i].name.size < 60 ? value->members[i].name.size : 60),
                             value->members[i].name.data);
    }
    x->parameters = *value;
    return STATUS_OK;
}

enum status settings_read_experiment(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    static const struct {
        const char *name;
        enum status (*read)(struct experiment_setting *x, const char *key, const struct json *value, struct error *err);
    } MEMBERS[] = {{"name", read_name},
                   {"share", read_share},
                   {"seed", read_seed},
                   {"settings", read_settings},
                   {"parameters", read_parameters}};
    struct experiment_setting *x = &s->experiment;
    enum status status = STATUS_OK;

    *x = (struct experiment_setting){
        .share = 1, .seed = 1, .settings = {.type = JSON_OBJECT}, .parameters = {.type = JSON_OBJECT}};
    if (value->type == JSON_NULL)
        return STATUS_OK;
    if (value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s': must be an object such as {\"name\": \"k1\", \"settings\": {}}",
                         key);
    for (uint32_t i = 0; status == STATUS_OK && i < value->count; i++) {
        const struct json_member *m = &value->members[i];
        size_t row = 0;
        while (row < sizeof(MEMBERS) / sizeof(MEMBERS[0]) && !str_equal(m->name, str_from(MEMBERS[row].name)))
            row++;
        if (row == sizeof(MEMBERS) / sizeof(MEMBERS[0]))
            return error_set(err, STATUS_INPUT,
                             "'%s." STR_FMT "': is not known; name, share, seed, settings and "
                             "parameters are",
                             key, (int)(m->name.size < 60 ? m->name.size : 60), m->name.data);
        status = MEMBERS[row].read(x, key, &m->value, err);
    }
    if (status == STATUS_OK && x->name.size == 0)
        return error_set(err, STATUS_INPUT, "'%s.name': is missing; reports are kept by it", key);
    if (status == STATUS_OK && x->settings.count == 0 && x->parameters.count == 0)
        return error_set(err, STATUS_INPUT, "'%s': needs settings or parameters that differ from the index's", key);
    return status;
}
