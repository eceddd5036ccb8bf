/* `events`: what is kept of shoppers' behaviour, and what it does. */
#include "indexer/shard/settings_internal.h"

static const struct {
    const char *name;
    size_t offset;
} SWITCHES[] = {
    {"keepTokens", offsetof(struct event_settings, keep_tokens)},
};

static const struct {
    const char *name;
    size_t offset;
    double most;
    double standard;
} WEIGHTS[] = {
    {"queryWeight", offsetof(struct event_settings, query_weight), 10, 1},
    {"productWeight", offsetof(struct event_settings, product_weight), 10, .05},
    {"shopperWeight", offsetof(struct event_settings, shopper_weight), 10, .1},
};

static double *weight_at(struct event_settings *e, size_t i)
{
    return (double *)(void *)((char *)e + WEIGHTS[i].offset);
}

static enum status read_weight(struct settings *s, size_t i, const struct json *value, struct error *err)
{
    double *out = weight_at(&s->events, i);

    if (!json_double(value, out) || !(*out >= 0) || *out > WEIGHTS[i].most)
        return error_set(err, STATUS_INPUT, "'events.%s': must be a number from 0 to %g", WEIGHTS[i].name,
                         WEIGHTS[i].most);
    return STATUS_OK;
}

static enum status read_switch(struct settings *s, size_t i, const struct json *value, struct error *err)
{
    if (!json_bool(value, (bool *)(void *)((char *)&s->events + SWITCHES[i].offset)))
        return error_set(err, STATUS_INPUT, "'events.%s': must be true or false", SWITCHES[i].name);
    return STATUS_OK;
}

static enum status read_member(struct settings *s, const struct json_member *m, struct error *err)
{
    for (size_t i = 0; i < sizeof(SWITCHES) / sizeof(SWITCHES[0]); i++) {
        if (str_equal(m->name, str_from(SWITCHES[i].name)))
            return read_switch(s, i, &m->value, err);
    }
    for (size_t i = 0; i < sizeof(WEIGHTS) / sizeof(WEIGHTS[0]); i++) {
        if (str_equal(m->name, str_from(WEIGHTS[i].name)))
            return read_weight(s, i, &m->value, err);
    }
    return error_set(err, STATUS_INPUT,
                     "'events." STR_FMT "': there are keepTokens, queryWeight, productWeight and shopperWeight",
                     STR_ARG(str_slice(m->name, 0, str_utf8_cut(m->name, m->name.size < 60 ? m->name.size : 60))));
}

enum status settings_read_events(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    enum status status = STATUS_OK;

    s->events = (struct event_settings){.keep_tokens = true};
    for (size_t i = 0; i < sizeof(WEIGHTS) / sizeof(WEIGHTS[0]); i++)
        *weight_at(&s->events, i) = WEIGHTS[i].standard;
    if (value->type != JSON_NULL && value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s': must be an object such as {\"keepTokens\": false}", key);
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->count && status == STATUS_OK; i++)
        status = read_member(s, &value->members[i], err);
    return status;
}

struct json settings_events_json(const struct settings *s, struct arena *arena)
{
    struct json out = {.type = JSON_OBJECT};
    struct event_settings events = s->events;

    for (size_t i = 0; i < sizeof(SWITCHES) / sizeof(SWITCHES[0]); i++)
        json_object_set(&out, str_from(SWITCHES[i].name),
                        json_of_bool(*(const bool *)(const void *)((const char *)&s->events + SWITCHES[i].offset)),
                        arena);
    for (size_t i = 0; i < sizeof(WEIGHTS) / sizeof(WEIGHTS[0]); i++)
        json_object_set(&out, str_from(WEIGHTS[i].name), json_of_double(*weight_at(&events, i), arena), arena);
    return out;
}
