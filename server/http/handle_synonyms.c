#include <stdio.h>

#include "indexer/base/limits.h"
#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"
#include "server/live/synonyms_change.h"

/*
 * Synonyms one by one. They are part of the settings, which may hold them as text too; over the wire they are objects
 * as clients write them.
 */

#define HITS_PER_PAGE     100
#define HITS_PER_PAGE_MAX 1000

/* --- reading --- */

static struct json strings_of(const struct str *items, size_t count, struct arena *arena)
{
    struct json *list = ARENA_ARRAY(arena, struct json, count + 1);
    for (size_t i = 0; list && i < count; i++) {
        list[i] = json_of_str(items[i]);
    }
    return json_array(list, list ? count : 0);
}

/* As clients write them: {"objectID":..,"type":"synonym","synonyms":[..]}, one-way ones with "input"; what was saved as
 * an object is given back as it came. */
static struct json synonym_of(const struct synonym_setting *s, const struct json *entry, struct arena *arena)
{
    struct json object = {.type = JSON_OBJECT};
    if (entry->type == JSON_OBJECT) {
        object = json_clone(entry, arena);
    }
    json_object_set(&object, STR("objectID"), json_of_str(synonym_id(entry, arena)), arena);
    if (!json_get(&object, "type")) {
        json_object_set(&object, STR("type"), json_of_str(s->from_count ? STR("onewaysynonym") : STR("synonym")),
                        arena);
    }
    if (entry->type == JSON_OBJECT) {
        return object;
    }
    if (s->from_count == 1) {
        json_object_set(&object, STR("input"), json_of_str(s->from[0]), arena);
    } else if (s->from_count > 1) {
        json_object_set(&object, STR("input"), strings_of(s->from, s->from_count, arena), arena);
    }
    json_object_set(&object, STR("synonyms"), strings_of(s->to, s->to_count, arena), arena);
    return object;
}

/* All of an index. Borrows the snapshot. False after an error answer. */
static bool read_all(struct exchange *x, struct json *out)
{
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return false;
    }
    const struct settings *s = snapshot->settings;
    const struct json *entries = json_get(&s->source, "synonyms");
    size_t count = entries && entries->type == JSON_ARRAY && entries->count == s->synonym_count ? entries->count : 0;
    struct json *items = ARENA_ARRAY(&x->arena, struct json, count + 1);
    for (size_t i = 0; items && i < count; i++) {
        items[i] = synonym_of(&s->synonyms[i], &entries->items[i], &x->arena);
    }
    *out = json_array(items, items ? count : 0);
    return true;
}

static bool has_id(const struct json *synonym, struct str id)
{
    struct str own;
    return write_object_id(synonym, &own) && str_equal(own, id);
}

static enum handled get_synonym(struct exchange *x)
{
    struct json all;
    if (!read_all(x, &all)) {
        return HANDLED;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        if (has_id(&all.items[i], x->params[1])) {
            json_write(exchange_begin(x, 200, CONTENT_JSON), &all.items[i]);
            return HANDLED;
        }
    }
    return exchange_error(x, 404, "synonym does not exist");
}

/* True when a phrase of the synonym holds the text, ASCII letters compared without case. */
static bool holds(const struct json *value, struct str text)
{
    if (value->type == JSON_STRING) {
        for (size_t i = 0; i + text.size <= value->text.size; i++) {
            if (str_equal_nocase(str_slice(value->text, i, i + text.size), text)) {
                return true;
            }
        }
        return false;
    }
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++) {
        if (holds(&value->items[i], text)) {
            return true;
        }
    }
    return false;
}

static bool wanted(const struct json *synonym, struct str query, struct str type)
{
    struct str own = {0};
    (void)json_string(json_get(synonym, "type"), &own);
    bool of_type = type.size == 0;
    while (type.size > 0 && !of_type) { /* several between commas */
        of_type = str_equal_nocase(str_trim(str_split(&type, ',')), own);
    }
    if (!of_type) {
        return false;
    }
    if (query.size == 0) {
        return true;
    }
    for (uint32_t i = 0; i < synonym->count; i++) {
        struct str name = synonym->members[i].name;
        if (!str_equal(name, STR("type")) && holds(&synonym->members[i].value, query)) {
            return true;
        }
    }
    return false;
}

static enum handled search_synonyms(struct exchange *x)
{
    struct json body = {.type = JSON_OBJECT};
    struct json all;
    struct str query = {0};
    struct str type = {0};
    int64_t page = 0;
    int64_t per_page = HITS_PER_PAGE;
    uint64_t found = 0;
    if ((str_trim(x->body).size > 0 && !exchange_json(x, &body)) || !read_all(x, &all)) {
        return HANDLED;
    }
    (void)json_string(json_get(&body, "query"), &query);
    (void)json_string(json_get(&body, "type"), &type);
    (void)json_i64(json_get(&body, "page"), &page);
    (void)json_i64(json_get(&body, "hitsPerPage"), &per_page);
    if (page < 0 || page > 1000000 || per_page < 0 || per_page > HITS_PER_PAGE_MAX) {
        return exchange_error(x, 400, "'page' must be 0 or more, 'hitsPerPage' 0 to %d", HITS_PER_PAGE_MAX);
    }
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_literal(out, "{\"hits\":[");
    bool any = false;
    for (uint32_t i = 0; i < all.count; i++) {
        if (!wanted(&all.items[i], query, type)) {
            continue;
        }
        if (found >= (uint64_t)(page * per_page) && found < (uint64_t)((page + 1) * per_page)) {
            if (any) {
                buf_append_char(out, ',');
            }
            any = true;
            json_write(out, &all.items[i]);
        }
        found++;
    }
    buf_literal(out, "],\"nbHits\":");
    buf_append_u64(out, found);
    buf_printf(out, ",\"page\":%lld,\"nbPages\":%llu}", (long long)page,
               (unsigned long long)(per_page ? (found + (uint64_t)per_page - 1) / (uint64_t)per_page : 0));
    return HANDLED;
}

/* --- changing --- */

static void answer_changed(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    write_begin(out, x->head.method == HTTP_DELETE ? "deletedAt" : "updatedAt", w);
    if (x->param_count > 1) {
        buf_literal(out, ",\"id\":");
        json_write_string(out, x->params[1]);
    }
    buf_append_char(out, '}');
}

/* The sequencer changes the list, so that no change is lost to another. */
static struct write *change(struct exchange *x)
{
    struct write *w = write_new(x);
    write_op(w, LIVE_SYNONYMS, x->params[0])->body.type = JSON_OBJECT;
    return w;
}

static void set(struct write *w, const char *name, struct json value)
{
    (void)!json_object_set(&w->batch.ops[0].body, str_from(name), value, &w->batch.arena);
}

static struct json list_of_one(struct write *w, struct json value)
{
    struct json *items = ARENA_NEW(&w->batch.arena, struct json);
    *items = value;
    return json_array(items, 1);
}

/* False after an error answer. number: the position in a batch, below 0 for one alone. */
static bool check_synonym(struct exchange *x, const struct json *synonym, int64_t number)
{
    char place[32] = "a synonym";
    struct str id;
    if (number >= 0) {
        snprintf(place, sizeof(place), "synonym %lld", (long long)number);
    }
    if (synonym->type != JSON_OBJECT || !write_object_id(synonym, &id)) {
        exchange_error(x, 400, "%s: must be an object with 'objectID', 'type' and 'synonyms'", place);
        return false;
    }
    if (id.size > LIMIT_OBJECT_ID_BYTES) {
        exchange_error(x, 400, "%s: 'objectID' has more than %d bytes", place, LIMIT_OBJECT_ID_BYTES);
        return false;
    }
    return true;
}

static enum handled put_synonym(struct exchange *x)
{
    struct json synonym;
    if (!exchange_json(x, &synonym)) {
        return HANDLED;
    }
    if (synonym.type == JSON_OBJECT) {
        json_object_set(&synonym, STR("objectID"), json_of_str(x->params[1]), &x->arena);
    }
    if (!check_synonym(x, &synonym, -1)) {
        return HANDLED;
    }
    struct write *w = change(x);
    set(w, "save", list_of_one(w, synonym));
    return write_submit(w, answer_changed);
}

static void read_batch(struct exchange *x)
{
    struct json list;
    struct write *w = write_of(x);
    if (!exchange_json(x, &list)) {
        return;
    }
    if (list.type != JSON_ARRAY) {
        exchange_error(x, 400, "synonyms come as an array");
        return;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        if (!check_synonym(x, &list.items[i], i)) {
            return;
        }
    }
    set(w, "save", list);
    set(w, "replace", json_of_bool(exchange_query_flag(x, "replaceExistingSynonyms", false)));
}

static enum handled batch_synonyms(struct exchange *x)
{
    return write_read(change(x), read_batch, false, answer_changed);
}

static enum handled delete_synonym(struct exchange *x)
{
    if (!handlers_snapshot(x, x->params[0])) {
        return HANDLED;
    }
    struct write *w = change(x);
    set(w, "delete", list_of_one(w, json_of_str(x->params[1])));
    return write_submit(w, answer_changed);
}

static enum handled clear_synonyms(struct exchange *x)
{
    if (!handlers_snapshot(x, x->params[0])) {
        return HANDLED;
    }
    struct write *w = change(x);
    set(w, "replace", json_of_bool(true));
    return write_submit(w, answer_changed);
}

const struct route synonym_routes[] = {
    {HTTP_POST, "/1/indexes/{index}/synonyms/batch", SCOPE_ADMIN, 0, 8 << 20, batch_synonyms, NULL},
    {HTTP_POST, "/1/indexes/{index}/synonyms/search", SCOPE_SEARCH, 0, 1 << 16, search_synonyms, NULL},
    {HTTP_POST, "/1/indexes/{index}/synonyms/clear", SCOPE_ADMIN, 0, 1 << 16, clear_synonyms, NULL},
    {HTTP_GET, "/1/indexes/{index}/synonyms/{synonym}", SCOPE_SEARCH, 0, 1024, get_synonym, NULL},
    {HTTP_PUT, "/1/indexes/{index}/synonyms/{synonym}", SCOPE_ADMIN, 0, 1 << 20, put_synonym, NULL},
    {HTTP_DELETE, "/1/indexes/{index}/synonyms/{synonym}", SCOPE_ADMIN, 0, 1024, delete_synonym, NULL},
    {0, NULL, SCOPE_NONE, 0, 0, NULL, NULL},
};
