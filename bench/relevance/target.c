#include "bench/relevance/target.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/target_internal.h"
#include "indexer/base/clock.h"

static const struct target_kind *const kinds[] = {&target_server, &target_data, &target_candidate};

enum status target_open(struct target **out, const struct target_options *options, struct error *err)
{
    const char *const places[] = {options->server, options->data, options->candidate};
    int given = -1;
    *out = NULL;
    for (int i = 0; i < 3; i++) {
        if (places[i] && given >= 0)
            return error_set(err, STATUS_INPUT, "a server, a data directory and a candidate exclude each other");
        if (places[i])
            given = i;
    }
    if (given < 0)
        return error_set(err, STATUS_INPUT, "a server, a data directory or a candidate must be given");
    struct target *t = xcalloc(1, sizeof(*t));
    t->kind = kinds[given];
    t->options = *options;
    snprintf(t->name, sizeof(t->name), "%s/%s", places[given], options->index ? options->index : "");
    enum status status = t->kind->open(t, err);
    if (status == STATUS_OK)
        *out = t;
    else
        target_close(t);
    return status;
}

void target_close(struct target *t)
{
    if (!t)
        return;
    t->kind->close(t);
    free(t);
}

enum status target_configure(struct target *t, const char *settings, struct error *err)
{
    if (!settings)
        settings = "{}";
    if (!t->kind->configure && strcmp(settings, "{}") == 0)
        return STATUS_OK;
    if (!t->kind->configure)
        return error_set(err, STATUS_INPUT, "settings cannot be overridden on a server: give a data directory");
    return t->kind->configure(t, settings, err);
}

const struct settings *target_settings(const struct target *t)
{
    return t->snapshot ? t->snapshot->settings : NULL;
}

const char *target_name(const struct target *t)
{
    return t->name;
}

enum status session_open(struct session **out, struct target *t, struct error *err)
{
    struct session *s = xcalloc(1, sizeof(*s));
    s->target = t;
    enum status status = t->kind->session_open(s, err);
    if (status != STATUS_OK) {
        session_close(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void session_close(struct session *s)
{
    if (!s)
        return;
    s->target->kind->session_close(s);
    free(s);
}

enum status session_search(struct session *s, const struct json *params, struct arena *arena, struct found *out,
                           struct error *err)
{
    uint64_t start = clock_monotonic_ns();
    *out = (struct found){0};
    enum status status = s->target->kind->search(s, params, arena, out, err);
    out->elapsed_ns = clock_monotonic_ns() - start;
    return status;
}

void found_take(struct found_doc *doc, const struct json *object)
{
    bool in_stock;
    doc->in_stock = json_bool(json_get(object, "in_stock"), &in_stock) ? in_stock : -1;
}

const struct json *target_object(struct target *t, struct str id, struct arena *arena)
{
    return t->kind->object(t, id, arena);
}

const char *target_title(struct target *t, const char *doc, struct arena *arena)
{
    static const char *const usual[] = {"title", "name", "product_name", "product_title"};
    const struct json *object = target_object(t, str_from(doc), arena);
    const struct settings *settings = target_settings(t);
    struct str title = {NULL, 0};
    if (settings && settings->role_attribute[ROLE_TITLE].size)
        (void)json_string(json_get_path(object, settings->role_attribute[ROLE_TITLE]), &title);
    for (size_t i = 0; i < sizeof(usual) / sizeof(*usual) && title.size == 0; i++)
        (void)json_string(json_get(object, usual[i]), &title);
    return title.size ? arena_copy(arena, title).data : NULL;
}
