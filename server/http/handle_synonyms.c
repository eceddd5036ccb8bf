#include <pthread.h>

#include "server/http/handlers.h"
#include "server/http/handlers_internal.h"
#include "server/http/server.h"
#include "server/http/writes.h"

/*
 * Synonyms one by one. They are part of the settings: a change reads the list, changes it and writes it back. Changes
 * run on workers, one at a time, and wait for their batch, so that none is lost to another.
 */

#define HITS_PER_PAGE 100

static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

/* --- reading --- */

static struct json strings_of(const struct str *items, size_t count, struct arena *arena)
{
    struct json *list = ARENA_ARRAY(arena, struct json, count + 1);
    for (size_t i = 0; list && i < count; i++) {
        list[i] = json_of_str(items[i]);
    }
    return json_array(list, list ? count : 0);
}

/* As clients write them: {"objectID":..,"type":"synonym","synonyms":[..]}, one-way ones with "input". */
static struct json synonym_of(const struct synonym_setting *s, size_t number, struct arena *arena)
{
    struct json object = {.type = JSON_OBJECT};
    struct str id = s->id.size > 0 ? s->id : arena_printf(arena, "synonym-%zu", number);
    json_object_set(&object, STR("objectID"), json_of_str(arena_copy(arena, id)), arena);
    json_object_set(&object, STR("type"), json_of_str(s->from_count ? STR("oneWaySynonym") : STR("synonym")), arena);
    if (s->from_count == 1) {
        json_object_set(&object, STR("input"), json_of_str(s->from[0]), arena);
    } else if (s->from_count > 1) {
        json_object_set(&object, STR("input"), strings_of(s->from, s->from_count, arena), arena);
    }
    json_object_set(&object, STR("synonyms"), strings_of(s->to, s->to_count, arena), arena);
    return json_clone(&object, arena);
}

/* All of an index, copied: nothing of the snapshot is held. False after an error answer. */
static bool read_all(struct exchange *x, struct json *out)
{
    const struct snapshot *snapshot = handlers_snapshot(x, x->params[0]);
    if (!snapshot) {
        return false;
    }
    const struct settings *s = snapshot->settings;
    struct json *items = ARENA_ARRAY(&x->arena, struct json, s->synonym_count + 1);
    for (size_t i = 0; items && i < s->synonym_count; i++) {
        items[i] = synonym_of(&s->synonyms[i], i, &x->arena);
        for (uint32_t k = 0; k < items[i].count; k++) {
            items[i].members[k].value = json_clone(&items[i].members[k].value, &x->arena);
        }
    }
    *out = json_array(items, items ? s->synonym_count : 0);
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
    const struct json *input = json_get(synonym, "input");
    struct str own = {0};
    (void)json_string(json_get(synonym, "type"), &own);
    if (type.size > 0 && !str_equal_nocase(type, own)) {
        return false;
    }
    return query.size == 0 || holds(json_get(synonym, "synonyms"), query) || (input && holds(input, query));
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
    if (page < 0 || page > 1000000 || per_page < 0 || per_page > 1000) {
        return exchange_error(x, 400, "'page' must be 0 or more, 'hitsPerPage' 0 to 1000");
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
    buf_append_char(out, '}');
    return HANDLED;
}

/* --- changing --- */

/* The list after the change, in x->arena. False after an error answer. */
static bool put_into(struct exchange *x, struct json *all, const struct json *synonym)
{
    struct str id;
    if (synonym->type != JSON_OBJECT || !write_object_id(synonym, &id)) {
        exchange_error(x, 400, "a synonym is an object with 'objectID', 'type' and 'synonyms'");
        return false;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        if (has_id(&all->items[i], id)) {
            all->items[i] = *synonym;
            return true;
        }
    }
    struct json *items = ARENA_ARRAY(&x->arena, struct json, all->count + 1);
    if (!items) {
        exchange_error(x, 413, "too many synonyms");
        return false;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        items[i] = all->items[i];
    }
    items[all->count] = *synonym;
    *all = json_array(items, all->count + 1);
    return true;
}

static bool change_put(struct exchange *x, struct json *all)
{
    struct json synonym;
    if (!exchange_json(x, &synonym)) {
        return false;
    }
    if (synonym.type == JSON_OBJECT) {
        json_object_set(&synonym, STR("objectID"), json_of_str(x->params[1]), &x->arena);
    }
    return put_into(x, all, &synonym);
}

static bool change_batch(struct exchange *x, struct json *all)
{
    struct json list;
    if (!exchange_json(x, &list)) {
        return false;
    }
    if (list.type != JSON_ARRAY) {
        exchange_error(x, 400, "synonyms come as an array");
        return false;
    }
    if (exchange_query_flag(x, "replaceExistingSynonyms", false)) {
        all->count = 0;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        if (!put_into(x, all, &list.items[i])) {
            return false;
        }
    }
    return true;
}

static bool change_delete(struct exchange *x, struct json *all)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        if (!has_id(&all->items[i], x->params[1])) {
            all->items[kept++] = all->items[i];
        }
    }
    all->count = kept;
    return true;
}

static bool change_clear(struct exchange *x, struct json *all)
{
    (void)x;
    all->count = 0;
    return true;
}

static void done(struct live_batch *batch)
{
    (void)batch;
}

static void write_changed(struct exchange *x, struct write *w)
{
    struct buf *out = exchange_begin(x, 200, CONTENT_JSON);
    buf_append_char(out, '{');
    write_time(out, "updatedAt");
    write_task(out, w);
    if (x->param_count > 1) {
        buf_literal(out, ",\"id\":");
        json_write_string(out, x->params[1]);
    }
    buf_append_char(out, '}');
}

/* On a worker, under the lock. While it waits for the sequencer it is no reader. */
static void change(struct exchange *x, bool (*how)(struct exchange *x, struct json *all))
{
    struct json all;
    struct reader_thread *reader = reader_thread();
    if (!live_snapshot(x->server->live, x->params[0])) {
        all = json_array(NULL, 0);
    } else if (!read_all(x, &all)) {
        return;
    }
    if (!how(x, &all)) {
        return;
    }
    struct write *w = write_new(x);
    struct live_op *op = write_op(w, LIVE_SETTINGS, x->params[0]);
    op->body.type = JSON_OBJECT;
    json_object_set(&op->body, STR("synonyms"), all, &w->batch.arena);
    w->batch.done = done;
    reader_leave(reader);
    enum status status = live_submit_wait(x->server->live, &w->batch);
    reader_enter(reader);
    if (status == STATUS_OK) {
        status = w->batch.status;
    }
    if (status != STATUS_OK) {
        exchange_fail(x, status, w->batch.error.message[0] ? w->batch.error.message : "too many updates are waiting");
    } else if (op->status != STATUS_OK) {
        exchange_fail(x, op->status, op->message);
    } else {
        write_changed(x, w);
    }
}

static void change_locked(struct exchange *x, bool (*how)(struct exchange *x, struct json *all))
{
    struct reader_thread *reader = reader_thread();
    reader_leave(reader);
    pthread_mutex_lock(&changing);
    reader_enter(reader);
    change(x, how);
    pthread_mutex_unlock(&changing);
}

static void put_away(struct exchange *x)
{
    change_locked(x, change_put);
}

static void batch_away(struct exchange *x)
{
    change_locked(x, change_batch);
}

static void delete_away(struct exchange *x)
{
    change_locked(x, change_delete);
}

static void clear_away(struct exchange *x)
{
    change_locked(x, change_clear);
}

static enum handled put_synonym(struct exchange *x)
{
    return exchange_offload(x, put_away);
}

static enum handled batch_synonyms(struct exchange *x)
{
    return exchange_offload(x, batch_away);
}

static enum handled delete_synonym(struct exchange *x)
{
    return exchange_offload(x, delete_away);
}

static enum handled clear_synonyms(struct exchange *x)
{
    return exchange_offload(x, clear_away);
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
