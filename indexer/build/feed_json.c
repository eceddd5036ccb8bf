#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/feed_internal.h"
#include "indexer/build/product.h"

/*
 * JSON feeds come as lines (NDJSON), as values one after another, or as an array, at the top or as a member of a
 * wrapping object. Values are cut out by their brackets and parsed one at a time, so a wrong one costs only itself.
 */
enum layout { LINES, VALUES, ARRAY };

struct json_feed {
    struct feed_reader *r;
    enum layout layout;
    bool wrapped;     /* what follows the array belongs to the wrapping object */
    bool stranger;    /* the feed is one object that looks neither like a product nor like a wrapper of some */
    struct str id;    /* member that is the id; empty: a hash */
    uint64_t line;    /* of the window's first byte */
    struct str value; /* the next item, in the window */
    bool oversized;
};

/* Where a value's brackets stand after some of its bytes. */
struct skim {
    uint32_t depth;
    bool in_string, escaped, started;
};

/* Moves over bytes until the value that begins at *at is over; false when s ends before. Scalars end before the byte
 * behind them. */
static bool skim_value(struct skim *k, struct str s, size_t *at)
{
    for (; *at < s.size; (*at)++) {
        char c = s.data[*at];
        if (k->in_string) {
            if (k->escaped) {
                k->escaped = false;
            } else if (c == '\\') {
                k->escaped = true;
            } else if (c == '"') {
                k->in_string = false;
            }
            continue;
        }
        if (c == '"') {
            k->in_string = true;
        } else if (c == '{' || c == '[') {
            k->depth++;
        } else if (c == '}' || c == ']') {
            if (k->depth == 0) {
                return true;
            }
            if (--k->depth == 0) {
                (*at)++;
                return true;
            }
        } else if (k->depth == 0 && k->started && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
            return true;
        }
        k->started = true;
    }
    return false;
}

static uint64_t count_lines(struct str s)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < s.size; i++) {
        lines += s.data[i] == '\n';
    }
    return lines;
}

static void consume(struct json_feed *f, size_t size)
{
    f->line += count_lines(str_slice(feed_source_window(f->r->source), 0, size));
    feed_source_consume(f->r->source, size);
    feed_report_progress(f->r);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Skips white space; *c is the next byte, or 0 at the end. */
static void peek(struct json_feed *f, char *c)
{
    for (;;) {
        struct str w = feed_source_window(f->r->source);
        size_t i = 0;
        while (i < w.size && is_space(w.data[i])) {
            i++;
        }
        *c = i < w.size ? w.data[i] : '\0';
        consume(f, i);
        if (*c || feed_source_ended(f->r->source)) {
            return;
        }
        feed_source_fill(f->r->source, FEED_CHUNK_BYTES);
    }
}

/* Cuts the value at the window's start out into f->value. An oversized one is skipped. *whole is false when the feed
 * ends inside it. */
static void cut_value(struct json_feed *f, bool *whole)
{
    struct feed_source *source = f->r->source;
    struct skim k = {0};
    size_t at = 0;
    f->oversized = false;
    for (;;) {
        struct str w = feed_source_window(source);
        *whole = skim_value(&k, w, &at);
        if (*whole || feed_source_ended(source)) {
            f->value = str_slice(w, 0, at);
            *whole = *whole || (at > 0 && k.depth == 0 && !k.in_string);
            f->oversized = f->oversized || at > FEED_ITEM_BYTES;
            return;
        }
        if (at > FEED_ITEM_BYTES) {
            f->oversized = true;
            consume(f, at);
            at = 0;
        }
        feed_source_fill(source, at + FEED_CHUNK_BYTES);
    }
}

static void cut_line(struct json_feed *f)
{
    struct feed_source *source = f->r->source;
    size_t at = 0;
    f->oversized = false;
    for (;;) {
        struct str w = feed_source_window(source);
        const char *end = w.size > at ? memchr(w.data + at, '\n', w.size - at) : NULL;
        if (end || feed_source_ended(source)) {
            f->value = end ? str_slice(w, 0, (size_t)(end - w.data)) : w;
            f->oversized = f->oversized || f->value.size > FEED_ITEM_BYTES;
            return;
        }
        at = w.size;
        if (at > FEED_ITEM_BYTES) {
            f->oversized = true;
            consume(f, at);
            at = 0;
        }
        feed_source_fill(source, at + FEED_CHUNK_BYTES);
    }
}

static void reject(struct json_feed *f, uint64_t line, const char *reason)
{
    struct feed_reject reject = {
        .line = line, .reason = reason, .excerpt = str_slice(f->value, 0, str_utf8_cut(f->value, FEED_EXCERPT_BYTES))};
    if (f->value.size < FEED_EXCERPT_BYTES) {
        reject.excerpt = f->value;
    }
    feed_reject(f->r, &reject);
    arena_reset(&f->r->items);
}

/* Puts objectID first. False when the feed has ids and this item has none. */
static bool add_id(struct json_feed *f, struct json *object)
{
    struct arena *arena = &f->r->items;
    struct str id = {0};
    const struct json *given = f->id.size ? json_get_path(object, f->id) : NULL;
    if (given && (given->type == JSON_STRING || given->type == JSON_NUMBER)) {
        id = given->text;
    } else if (f->id.size == 0) {
        id = feed_item_hash(f->r, object);
    }
    if (id.size == 0) {
        return false;
    }
    struct json_member *members = arena_alloc(arena, (object->count + 1) * sizeof(*members));
    uint32_t n = 0;
    members[n++] = (struct json_member){STR("objectID"), json_of_str(id)};
    for (uint32_t i = 0; i < object->count; i++) {
        if (!str_equal(object->members[i].name, members[0].name)) {
            members[n++] = object->members[i];
        }
    }
    object->members = members;
    object->count = n;
    return true;
}

/* {"_index":"products","_id":"7","_source":{...}}: what a dump of a search server has around each object. */
static void unwrap_source(struct json *object, struct arena *arena)
{
    const struct json *source = json_get(object, "_source");
    const struct json *id = json_get(object, "_id");
    if (!source || source->type != JSON_OBJECT || !id) {
        return;
    }
    struct json_member *members = arena_alloc(arena, (source->count + 1) * sizeof(*members));
    uint32_t n = 0;
    members[n++] = (struct json_member){STR("_id"), *id};
    for (uint32_t i = 0; i < source->count; i++) {
        if (!str_equal(source->members[i].name, members[0].name)) {
            members[n++] = source->members[i];
        }
    }
    *object = (struct json){.type = JSON_OBJECT, .members = members, .count = n};
}

static void rename_mapped(const struct feed_mapping *mapping, struct json *object, struct arena *arena)
{
    for (size_t i = 0; i < mapping->field_count; i++) {
        const struct feed_field *field = &mapping->fields[i];
        const struct json *value = json_get_path(object, field->path);
        if (value && !str_equal(field->name, field->path) && !str_equal(field->name, STR("objectID"))) {
            struct json copy = *value;
            (void)json_object_remove(object, field->path);
            (void)json_object_set(object, field->name, copy, arena);
        }
    }
}

static enum status take_value(struct json_feed *f, struct error *err)
{
    struct feed_reader *r = f->r;
    struct feed_item item = {.line = f->line, .offset = feed_source_offset(r->source)};
    struct error reason = {0};
    if (f->oversized) {
        reject(f, item.line, "longer than 1 MiB");
        return STATUS_OK;
    }
    if (json_parse(f->value, &r->items, &item.object, &reason) != STATUS_OK) {
        reject(f, item.line, reason.message);
        return STATUS_OK;
    }
    if (item.object.type != JSON_OBJECT) {
        reject(f, item.line, "not an object");
        return STATUS_OK;
    }
    if (item.object.count == 0) {
        reject(f, item.line, "an object without members");
        return STATUS_OK;
    }
    if (f->stranger) {
        reject(f, item.line, "not a product: none of its members is an id, a title, a price, or a list of products");
        return STATUS_OK;
    }
    unwrap_source(&item.object, &r->items);
    if (!add_id(f, &item.object)) {
        char text[96];
        snprintf(text, sizeof(text), "no '%.40s', which is the feed's id", f->id.data);
        struct feed_reject no_id = {.line = item.line, .field = f->id, .reason = text};
        no_id.excerpt = str_slice(f->value, 0, str_utf8_cut(f->value, FEED_EXCERPT_BYTES));
        feed_reject(r, &no_id);
        arena_reset(&r->items);
        return STATUS_OK;
    }
    rename_mapped(r->mapping, &item.object, &r->items);
    return feed_deliver(r, &item, err);
}

static enum status broken(const struct json_feed *f, const char *reason, struct error *err)
{
    return error_set(err, STATUS_FORMAT, "%s:%llu: %s", f->r->path, (unsigned long long)f->line, reason);
}

static enum status read_lines(struct json_feed *f, struct error *err)
{
    for (;;) {
        char c;
        peek(f, &c);
        if (!c) {
            return STATUS_OK;
        }
        cut_line(f);
        struct str line = f->value;
        f->value = str_trim(line);
        enum status status = take_value(f, err);
        if (status != STATUS_OK) {
            return status;
        }
        consume(f, line.size);
    }
}

static enum status read_values(struct json_feed *f, struct error *err)
{
    for (;;) {
        char c;
        bool whole;
        peek(f, &c);
        if (!c) {
            return STATUS_OK;
        }
        cut_value(f, &whole);
        if (!whole || f->value.size == 0) {
            return broken(f, "the file ends inside a value or has a stray bracket", err);
        }
        size_t size = f->value.size;
        enum status status = take_value(f, err);
        if (status != STATUS_OK) {
            return status;
        }
        consume(f, size);
    }
}

/* The window begins behind the array's '['. */
static enum status read_array(struct json_feed *f, struct error *err)
{
    char c;
    bool whole;
    for (peek(f, &c); c != ']'; peek(f, &c)) {
        if (!c) {
            return broken(f, "the file ends inside the array of items", err);
        }
        cut_value(f, &whole);
        if (!whole || f->value.size == 0) {
            return broken(f, whole ? "expected an item" : "the file ends inside an item", err);
        }
        size_t size = f->value.size;
        enum status status = take_value(f, err);
        if (status != STATUS_OK) {
            return status;
        }
        consume(f, size);
        peek(f, &c);
        if (c == ',') {
            consume(f, 1);
        } else if (c && c != ']') {
            return broken(f, "expected ',' or ']' behind an item", err);
        }
    }
    consume(f, 1);
    if (!f->wrapped) {
        peek(f, &c);
        return c ? broken(f, "text behind the end of the array", err) : STATUS_OK;
    }
    return STATUS_OK;
}

/* How many members of an item have a role: what tells products from other objects. */
static unsigned role_count(struct str text, size_t at)
{
    struct arena arena;
    struct json value;
    size_t used;
    unsigned found = 0;
    arena_init(&arena, 0);
    if (json_parse_prefix(str_slice(text, at, text.size), &arena, &value, &used, NULL) == STATUS_OK &&
        value.type == JSON_OBJECT) {
        for (uint32_t i = 0; i < value.count; i++) {
            bool scalar = value.members[i].value.type == JSON_STRING || value.members[i].value.type == JSON_NUMBER;
            found += scalar && role_of_name(value.members[i].name) != ROLE_NONE;
        }
    }
    arena_release(&arena);
    return found;
}

static size_t after_space(struct str s, size_t at)
{
    while (at < s.size && is_space(s.data[at])) {
        at++;
    }
    return at;
}

/* The object at the window's start: where its best array of objects begins (behind the '['), or 0. Names of the members
 * on the way are joined by dots into path. */
struct wrapper {
    struct str window;
    struct str wanted; /* a path from the mapping, or empty */
    size_t best;
    unsigned best_roles;
    char best_path[128];
};

static size_t scan_members(struct wrapper *w, size_t at, const char *path, unsigned depth);

/* A value below the wrapper; returns the offset behind it, or SIZE_MAX when it does not end in the window. */
static size_t scan_value(struct wrapper *w, size_t at, const char *path, unsigned depth)
{
    struct str s = w->window;
    if (s.data[at] == '{' && depth < 4) {
        return scan_members(w, at + 1, path, depth + 1);
    }
    size_t first = s.data[at] == '[' ? after_space(s, at + 1) : s.size;
    if (first < s.size && s.data[first] == '{') {
        unsigned roles = role_count(s, first);
        bool wanted = w->wanted.size && str_equal(w->wanted, str_from(path));
        if (!w->best || roles > w->best_roles || wanted) {
            w->best = at + 1;
            w->best_roles = wanted ? UINT32_MAX : roles;
            snprintf(w->best_path, sizeof(w->best_path), "%s", path);
        }
    }
    struct skim k = {0};
    return skim_value(&k, s, &at) ? at : SIZE_MAX;
}

static size_t scan_members(struct wrapper *w, size_t at, const char *path, unsigned depth)
{
    struct str s = w->window;
    for (;;) {
        at = after_space(s, at);
        if (at < s.size && s.data[at] == '}') {
            return at + 1;
        }
        if (at >= s.size || s.data[at] != '"') {
            return SIZE_MAX;
        }
        size_t name = at;
        struct skim k = {0};
        do {
            at++;
        } while (at < s.size && (s.data[at] != '"' || s.data[at - 1] == '\\'));
        (void)k;
        size_t value = at < s.size ? after_space(s, at + 1) : s.size;
        if (value >= s.size || s.data[value] != ':') {
            return SIZE_MAX;
        }
        value = after_space(s, value + 1);
        if (value >= s.size) {
            return SIZE_MAX;
        }
        char longer[128];
        snprintf(longer, sizeof(longer), "%s%s%.*s", path, path[0] ? "." : "", (int)(at - name - 1), s.data + name + 1);
        at = scan_value(w, value, longer, depth);
        if (at == SIZE_MAX) {
            return at;
        }
        at = after_space(s, at);
        if (at < s.size && s.data[at] == ',') {
            at++;
        }
    }
}

/* Decides the layout and leaves the window at the first item. */
static void find_items(struct json_feed *f)
{
    struct feed_reader *r = f->r;
    struct str s = feed_source_window(r->source);
    size_t start = after_space(s, 0);
    struct skim k = {0};
    size_t end = start;
    bool whole = skim_value(&k, s, &end);
    size_t next = whole ? after_space(s, end) : s.size;
    bool several = next < s.size && s.data[next] == '{';
    if (s.data[start] == '[') {
        f->layout = ARRAY;
        consume(f, start + 1);
        snprintf(r->info->title, sizeof(r->info->title), "JSON array");
        return;
    }
    struct wrapper w = {.window = s, .wanted = r->mapping->item};
    if (!several && (w.wanted.size || role_count(s, start) < 2)) {
        (void)scan_members(&w, start + 1, "", 0);
    }
    if (w.best) {
        f->layout = ARRAY;
        f->wrapped = true;
        consume(f, w.best);
        r->recognised->item = arena_copy(r->arena, str_from(w.best_path));
        snprintf(r->info->title, sizeof(r->info->title), "JSON array '%.100s'", w.best_path);
        return;
    }
    /* "{}", {"products":[]}, an API's error: published as a catalog of one it would empty the shop */
    f->stranger = whole && next == s.size && feed_source_ended(r->source) && r->mapping->field_count == 0 &&
                  role_count(s, start) == 0;
    bool one_line = whole && !memchr(s.data + start, '\n', end - start);
    f->layout = one_line ? LINES : VALUES;
    if (!whole && memchr(s.data + start, '\n', s.size - start)) {
        /* perhaps a bad first line: lines are told by the next ones, which begin objects at the margin and end there */
        const char *second = memchr(s.data + start, '\n', s.size - start);
        f->layout = second + 1 < s.data + s.size && second[1] == '{' ? LINES : VALUES;
    }
    consume(f, start);
    snprintf(r->info->title, sizeof(r->info->title), "%s", f->layout == LINES ? "NDJSON" : "JSON values");
}

static void survey_value(struct feed_id_survey *survey, struct arena *arena, struct str text)
{
    struct json value;
    size_t used;
    if (json_parse_prefix(text, arena, &value, &used, NULL) == STATUS_OK && value.type == JSON_OBJECT) {
        feed_id_survey_item(survey);
        for (uint32_t i = 0; i < value.count; i++) {
            const struct json *v = &value.members[i].value;
            if (v->type == JSON_STRING || v->type == JSON_NUMBER) {
                feed_id_survey_value(survey, value.members[i].name, v->text);
            }
        }
    }
    arena_reset(arena);
}

static void choose_id(struct json_feed *f)
{
    struct feed_reader *r = f->r;
    struct feed_id_survey survey = {0};
    f->id = feed_mapping_path(r->mapping, STR("objectID"));
    if (f->id.size) {
        snprintf(r->info->id_source, sizeof(r->info->id_source), "'%.*s' (from the settings)", (int)f->id.size % 60,
                 f->id.data);
    } else {
        struct str s = feed_source_window(r->source);
        size_t at = after_space(s, 0);
        while (at < s.size && s.data[at] == '{' && survey.items < FEED_SAMPLE_ITEMS) {
            size_t end = at;
            struct skim k = {0};
            if (!skim_value(&k, s, &end)) {
                break;
            }
            survey_value(&survey, &r->items, str_slice(s, at, end));
            at = after_space(s, end);
            at = at < s.size && s.data[at] == ',' ? after_space(s, at + 1) : at;
        }
        f->id = feed_id_survey_choose(&survey, r);
    }
    feed_id_survey_release(&survey);
    if (f->id.size) {
        struct feed_field *fields = ARENA_ARRAY(r->arena, struct feed_field, 1);
        fields[0] = (struct feed_field){STR("objectID"), f->id};
        r->recognised->fields = fields;
        r->recognised->field_count = 1;
    }
}

enum status feed_read_json(struct feed_reader *r, struct error *err)
{
    struct json_feed f = {.r = r, .line = 1};
    feed_source_fill(r->source, FEED_PREFIX_BYTES);
    find_items(&f);
    r->info->kind = f.layout == ARRAY ? FEED_JSON_ARRAY : FEED_NDJSON;
    choose_id(&f);
    switch (f.layout) {
    case LINES:
        return read_lines(&f, err);
    case VALUES:
        return read_values(&f, err);
    default:
        return read_array(&f, err);
    }
}
