#include "bench/relevance/configuration.h"

#include <stdlib.h>

#include "indexer/base/file.h"

enum { FILE_LIMIT = 16 << 20 };

size_t configuration_rows(struct configuration *c, struct option_row *rows)
{
    const struct option_row list[CONFIGURATION_ROWS] = {
        {"server", OPTION_TEXT, &c->target.server, "URL", 0, 0, NULL, "http://HOST:PORT of a running server"},
        {"data", OPTION_TEXT, &c->target.data, "DIR", 0, 0, NULL, "a data directory, searched in this process"},
        {"candidate", OPTION_TEXT, &c->target.candidate, "DIR", 0, 0, NULL,
         "a generation that aisle-indexer build left, searched in this process"},
        {"index", OPTION_TEXT, &c->target.index, "NAME", 0, 0, NULL, "the index; a directory's only one"},
        {"key", OPTION_TEXT, &c->target.key, "KEY", 0, 0, NULL, "the server's search key"},
        {"parameters", OPTION_TEXT, &c->parameters, "JSON|@FILE", 0, 0, NULL, "search parameters for all queries"},
        {"settings", OPTION_TEXT, &c->settings, "JSON|@FILE", 0, 0, NULL,
         "settings over those of the index, in this process only"},
        {"name", OPTION_TEXT, &c->name, "NAME", 0, 0, NULL, "what the results are called"},
    };
    memcpy(rows, list, sizeof(list));
    return CONFIGURATION_ROWS;
}

static enum status read_json(const char *path, struct arena *arena, struct json *out, struct error *err)
{
    struct buf text = BUF_EMPTY;
    enum status status = file_read_all(path, &text, FILE_LIMIT, err);
    if (status == STATUS_OK) {
        status = json_parse(arena_copy(arena, buf_str(&text)), arena, out, err);
        if (status != STATUS_OK)
            error_prefix(err, "%s", path);
    }
    buf_release(&text);
    return status;
}

bool configuration_is(const char *path)
{
    struct arena arena;
    struct json json = {.type = JSON_NULL};
    if (!str_ends_with(str_from(path), STR(".json")))
        return false;
    arena_init(&arena, 0);
    bool is = read_json(path, &arena, &json, NULL) == STATUS_OK &&
              (json_get(&json, "server") || json_get(&json, "data") || json_get(&json, "candidate"));
    arena_release(&arena);
    return is;
}

static enum status take_member(struct configuration *c, const struct json_member *m, struct error *err)
{
    const struct {
        const char *name;
        const char **out;
        bool object;
    } members[] = {
        {"name", &c->name, false},
        {"server", &c->target.server, false},
        {"data", &c->target.data, false},
        {"candidate", &c->target.candidate, false},
        {"index", &c->target.index, false},
        {"key", &c->target.key, false},
        {"parameters", &c->parameters, true},
        {"settings", &c->settings, true},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        struct buf text = BUF_EMPTY;
        if (!str_equal(m->name, str_from(members[i].name)))
            continue;
        if (m->value.type != (members[i].object ? JSON_OBJECT : JSON_STRING))
            return error_set(err, STATUS_INPUT, "'%s' must be %s", members[i].name,
                             members[i].object ? "an object" : "a string");
        if (members[i].object)
            json_write(&text, &m->value);
        *members[i].out = arena_copy(&c->arena, members[i].object ? buf_str(&text) : m->value.text).data;
        buf_release(&text);
        return STATUS_OK;
    }
    return error_set(err, STATUS_INPUT,
                     "'" STR_FMT "' is not known: name, server, data, candidate, index, key, parameters, settings are",
                     STR_ARG(m->name));
}

enum status configuration_read(struct configuration *out, const char *path, struct error *err)
{
    struct json json = {.type = JSON_NULL};
    *out = (struct configuration){.name = NULL};
    arena_init(&out->arena, 0);
    enum status status = read_json(path, &out->arena, &json, err);
    if (status == STATUS_OK && json.type != JSON_OBJECT)
        status = error_set(err, STATUS_INPUT, "%s: must be an object", path);
    for (uint32_t i = 0; status == STATUS_OK && i < json.count; i++) {
        status = take_member(out, &json.members[i], err);
        if (status != STATUS_OK)
            error_prefix(err, "%s", path);
    }
    if (status == STATUS_OK && !out->name)
        out->name = arena_copy(&out->arena, str_from(path)).data;
    return status;
}

void configuration_release(struct configuration *c)
{
    arena_release(&c->arena);
}

/* JSON text or the text of "@file", which must be an object. */
static enum status read_object(const char *given, const char *what, struct arena *arena, struct json *out,
                               struct error *err)
{
    struct buf text = BUF_EMPTY;
    enum status status = STATUS_OK;
    if (given[0] == '@')
        status = file_read_all(given + 1, &text, FILE_LIMIT, err);
    else
        buf_append_str(&text, str_from(given));
    if (status == STATUS_OK)
        status = json_parse(arena_copy(arena, buf_str(&text)), arena, out, err);
    if (status == STATUS_OK && out->type != JSON_OBJECT)
        status = error_set(err, STATUS_INPUT, "must be a JSON object");
    if (status != STATUS_OK)
        error_prefix(err, "the %s", what);
    buf_release(&text);
    return status;
}

enum status configuration_open(struct opened *out, const struct configuration *c, struct error *err)
{
    struct buf text = BUF_EMPTY;
    *out = (struct opened){.name = c->name};
    arena_init(&out->arena, 0);
    enum status status = STATUS_OK;
    if (c->parameters) {
        out->params = ARENA_NEW(&out->arena, struct json);
        status = read_object(c->parameters, "parameters", &out->arena, out->params, err);
    }
    if (c->settings && status == STATUS_OK) {
        struct json settings;
        status = read_object(c->settings, "settings", &out->arena, &settings, err);
        if (status == STATUS_OK)
            json_write(&text, &settings);
        out->settings = (char *)arena_copy(&out->arena, buf_str(&text)).data;
        buf_release(&text);
    }
    if (status == STATUS_OK)
        status = target_open(&out->target, &c->target, err);
    if (status == STATUS_OK && out->settings)
        status = target_configure(out->target, out->settings, err);
    if (status == STATUS_OK && !out->name)
        out->name = target_name(out->target);
    return status;
}

void configuration_close(struct opened *o)
{
    target_close(o->target);
    arena_release(&o->arena);
}
