/* `events`: what is kept of shoppers' behaviour, and what it does. */
#include "indexer/shard/settings_internal.h"

static const struct {
    const char *name;
    size_t offset;
} SWITCHES[] = {
    {"keepTokens", offsetof(struct event_settings, keep_tokens)},
};

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
    return error_set(err, STATUS_INPUT, "'events." STR_FMT "': there is keepTokens", STR_ARG(m->name));
}

enum status settings_read_events(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    enum status status = STATUS_OK;

    s->events = (struct event_settings){.keep_tokens = true};
    if (value->type != JSON_NULL && value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s': must be an object such as {\"keepTokens\": false}", key);
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->count && status == STATUS_OK; i++)
        status = read_member(s, &value->members[i], err);
    return status;
}

struct json settings_events_json(const struct settings *s, struct arena *arena)
{
    struct json out = {.type = JSON_OBJECT};

    for (size_t i = 0; i < sizeof(SWITCHES) / sizeof(SWITCHES[0]); i++)
        json_object_set(&out, str_from(SWITCHES[i].name),
                        json_of_bool(*(const bool *)(const void *)((const char *)&s->events + SWITCHES[i].offset)),
                        arena);
    return out;
}
