#include "server/http/answer.h"

#include <assert.h>

#include "indexer/base/limits.h"

#define HIGHLIGHT_BYTES_MAX (32u << 10) /* longer texts are given back without marks */

/* --- which attributes are shown --- */

enum showing { SHOW_NOTHING, SHOW_PARTS, SHOW_ALL };

struct shown shown_list(const struct str *names, size_t count)
{
    struct shown shown = {.names = names, .count = count, .all = count == 0};
    for (size_t i = 0; i < count; i++) {
        shown.all = shown.all || str_equal(names[i], STR("*"));
    }
    return shown;
}

struct shown shown_of(const struct search_request *request, const struct settings *settings)
{
    struct shown shown = request->retrieve_given ? shown_list(request->retrieve, request->retrieve_count)
                                                 : shown_list(settings->retrieve, settings->retrieve_count);
    /* An empty list that was asked for is nothing but the objectID. */
    shown.all = shown.all && !(request->retrieve_given && request->retrieve_count == 0);
    shown.never = settings->unretrievable;
    shown.never_count = settings->unretrievable_count;
    return shown;
}

/* True when path is name or lies below it ("a.b" below "a"). */
static bool covers(struct str name, struct str path)
{
    return str_starts_with(path, name) && (path.size == name.size || path.data[name.size] == '.');
}

static enum showing showing(const struct shown *shown, struct str path)
{
    enum showing result = shown->all ? SHOW_ALL : SHOW_NOTHING;
    bool holes = false; /* something below the path is not shown */
    for (size_t i = 0; i < shown->never_count; i++) {
        if (covers(shown->never[i], path)) {
            return SHOW_NOTHING;
        }
        holes = holes || covers(path, shown->never[i]);
    }
    for (size_t i = 0; i < shown->count; i++) {
        struct str name = shown->names[i];
        if (name.size > 1 && name.data[0] == '-') {
            name = str_slice(name, 1, name.size);
            if (covers(name, path)) {
                return SHOW_NOTHING;
            }
            holes = holes || covers(path, name);
        } else if (covers(name, path)) {
            result = SHOW_ALL;
        } else if (covers(path, name) && result == SHOW_NOTHING) {
            result = SHOW_PARTS;
        }
    }
    return result == SHOW_ALL && holes ? SHOW_PARTS : result;
}

#define PATH_MAX_BYTES 1024

struct path {
    char bytes[PATH_MAX_BYTES];
    size_t size;
};

/* False when it does not fit; the path is then as before. */
static bool path_push(struct path *p, struct str name)
{
    size_t dot = p->size > 0;
    if (p->size + dot + name.size > sizeof(p->bytes)) {
        return false;
    }
    if (dot) {
        p->bytes[p->size++] = '.';
    }
    if (name.size > 0) {
        memcpy(p->bytes + p->size, name.data, name.size);
    }
    p->size += name.size;
    return true;
}

static struct str path_str(const struct path *p)
{
    return (struct str){p->bytes, p->size};
}

static bool write_members(struct buf *out, const struct json *object, const struct shown *shown, struct path *path);

/* The parts of a value that are shown; arrays of objects keep their length. */
static void write_parts(struct buf *out, const struct json *value, const struct shown *shown, struct path *path)
{
    if (value->type == JSON_OBJECT) {
        buf_append_char(out, '{');
        write_members(out, value, shown, path);
        buf_append_char(out, '}');
    } else if (value->type == JSON_ARRAY) {
        buf_append_char(out, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0) {
                buf_append_char(out, ',');
            }
            write_parts(out, &value->items[i], shown, path);
        }
        buf_append_char(out, ']');
    } else {
        buf_literal(out, "null");
    }
}

static bool holds_objects(const struct json *value)
{
    return value->type == JSON_OBJECT ||
           (value->type == JSON_ARRAY && value->count > 0 && value->items[0].type == JSON_OBJECT);
}

static bool write_members(struct buf *out, const struct json *object, const struct shown *shown, struct path *path)
{
    bool any = false;
    size_t base = path->size;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_member *m = &object->members[i];
        enum showing how = SHOW_NOTHING;
        if (base == 0 && str_equal(m->name, STR("objectID"))) {
            how = SHOW_ALL;
        } else if (shown->all && shown->count <= 1 && shown->never_count == 0) {
            how = SHOW_ALL;
        } else if (path_push(path, m->name)) {
            how = showing(shown, path_str(path));
        }
        if (how == SHOW_ALL || (how == SHOW_PARTS && holds_objects(&m->value))) {
            if (any) {
                buf_append_char(out, ',');
            }
            any = true;
            json_write_string(out, m->name);
            buf_append_char(out, ':');
            if (how == SHOW_ALL) {
                json_write(out, &m->value);
            } else {
                write_parts(out, &m->value, shown, path);
            }
        }
        path->size = base;
    }
    return any;
}

bool answer_members(struct buf *out, const struct json *object, const struct shown *shown)
{
    struct path path = {.size = 0};
    return object->type == JSON_OBJECT && write_members(out, object, shown, &path);
}

void answer_object(struct buf *out, const struct json *object, const struct shown *shown)
{
    buf_append_char(out, '{');
    answer_members(out, object, shown);
    buf_append_char(out, '}');
}

/* --- highlights --- */

struct marking {
    const struct answer *a;
    const struct hit *hit;
    struct buf *out;
    struct marker *marker;
    size_t words; /* of a snippet; 0: a highlight */
    enum status status;
};

static struct marker *marker_of(const struct answer *a)
{
    struct search_context context = {a->searcher, NULL, a->arena};
    return search_marker(&context, a->request, a->result);
}

static void write_marked(struct marking *m, struct str text)
{
    static const char *const levels[] = {"none", "partial", "full"};
    struct highlight_text what = {text, m->words};
    struct highlighted h = {.value = text};
    if (!m->marker) {
        m->marker = marker_of(m->a);
    }
    if (text.size <= HIGHLIGHT_BYTES_MAX) {
        enum status status = m->marker ? search_highlight(m->marker, &what, &h) : STATUS_LIMIT;
        if (status != STATUS_OK) {
            m->status = status;
        }
    }
    buf_literal(m->out, "{\"value\":");
    json_write_string(m->out, h.value);
    buf_literal(m->out, ",\"matchLevel\":\"");
    buf_append_str(m->out, str_from(levels[h.level]));
    buf_append_char(m->out, '"');
    if (m->words == 0) {
        if (h.level != MATCH_NONE) {
            buf_literal(m->out, ",\"fullyHighlighted\":");
            buf_append_str(m->out, h.fully ? STR("true") : STR("false"));
        }
        buf_literal(m->out, ",\"matchedWords\":[");
        for (size_t i = 0; i < h.word_count; i++) {
            if (i > 0) {
                buf_append_char(m->out, ',');
            }
            json_write_string(m->out, h.words[i]);
        }
        buf_append_char(m->out, ']');
    }
    buf_append_char(m->out, '}');
}

static void write_marked_value(struct marking *m, const struct json *value)
{
    if (value->type == JSON_ARRAY) {
        buf_append_char(m->out, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0) {
                buf_append_char(m->out, ',');
            }
            write_marked_value(m, &value->items[i]);
        }
        buf_append_char(m->out, ']');
    } else if (value->type == JSON_OBJECT) {
        buf_append_char(m->out, '{');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0) {
                buf_append_char(m->out, ',');
            }
            json_write_string(m->out, value->members[i].name);
            buf_append_char(m->out, ':');
            write_marked_value(m, &value->members[i].value);
        }
        buf_append_char(m->out, '}');
    } else if (value->type == JSON_NULL) {
        write_marked(m, (struct str){"", 0});
    } else {
        struct str text = value->type == JSON_TRUE ? STR("true") : STR("false");
        write_marked(m, value->type == JSON_STRING || value->type == JSON_NUMBER ? value->text : text);
    }
}

/* "a.b" as nested objects: what is marked has the shape of the object. */
static void write_marked_path(struct marking *m, struct str path, bool *any)
{
    const struct json *value = json_get_str(&m->hit->object, path);
    struct str rest = path;
    struct str name = path;
    if (!value) {
        name = str_split(&rest, '.');
        value = json_get_str(&m->hit->object, name);
        while (value && rest.data && value->type == JSON_OBJECT) {
            struct str next = str_split(&rest, '.');
            value = json_get_str(value, next);
        }
        if (rest.data && value && value->type != JSON_ARRAY) {
            value = NULL;
        }
    }
    if (!value) {
        return;
    }
    if (*any) {
        buf_append_char(m->out, ',');
    }
    *any = true;
    json_write_string(m->out, name);
    buf_append_char(m->out, ':');
    /* The levels between the name and the value. */
    struct str below = name.size < path.size ? str_slice(path, name.size + 1, path.size) : (struct str){NULL, 0};
    size_t depth = 0;
    while (below.data && json_get_str(&m->hit->object, name) &&
           json_get_str(&m->hit->object, name)->type == JSON_OBJECT) {
        struct str next = str_split(&below, '.');
        buf_append_char(m->out, '{');
        json_write_string(m->out, next);
        buf_append_char(m->out, ':');
        depth++;
    }
    write_marked_value(m, value);
    while (depth-- > 0) {
        buf_append_char(m->out, '}');
    }
}

static bool in_list(const struct str *list, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i], name)) {
            return true;
        }
    }
    return false;
}

/* Strings and lists of strings: what "*" marks. */
static bool is_text(const struct json *value)
{
    return value->type == JSON_STRING ||
           (value->type == JSON_ARRAY && value->count > 0 && value->items[0].type == JSON_STRING);
}

static void mark_all(struct marking *m, const struct shown *shown, bool *any)
{
    for (uint32_t i = 0; i < m->hit->object.count; i++) {
        const struct json_member *member = &m->hit->object.members[i];
        if (is_text(&member->value) && !str_equal(member->name, STR("objectID")) &&
            showing(shown, member->name) == SHOW_ALL) {
            write_marked_path(m, member->name, any);
        }
    }
}

static void mark_list(struct marking *m, const struct str *names, size_t count, bool *any)
{
    const struct settings *s = m->a->snapshot->settings;
    struct shown may = {.all = true, .never = s->unretrievable, .never_count = s->unretrievable_count};
    for (size_t i = 0; i < count; i++) {
        if (showing(&may, names[i]) == SHOW_ALL) {
            write_marked_path(m, names[i], any);
        }
    }
}

/* Without a list: the searchable attributes that are shown. */
static void mark_searchable(struct marking *m, const struct shown *shown, bool *any)
{
    const struct settings *s = m->a->snapshot->settings;
    bool named = false;
    for (size_t f = 0; f < s->field_count; f++) {
        const struct search_field *field = &s->fields[f];
        named = named || !field->rest;
        for (size_t i = 0; i < field->attribute_count && !field->rest; i++) {
            if (showing(shown, field->attributes[i]) == SHOW_ALL) {
                write_marked_path(m, field->attributes[i], any);
            }
        }
    }
    if (!named) {
        mark_all(m, shown, any);
    }
}

static void write_highlights(struct marking *m, const struct shown *shown)
{
    const struct search_request *r = m->a->request;
    const struct settings *s = m->a->snapshot->settings;
    bool given = r->highlight_given || s->highlight_given;
    const struct str *names = r->highlight_given ? r->highlight : s->highlight;
    size_t count = r->highlight_given ? r->highlight_count : s->highlight_count;
    bool any = false;
    if (given && count == 0) {
        return;
    }
    buf_literal(m->out, ",\"_highlightResult\":{");
    if (!given) {
        mark_searchable(m, shown, &any);
    } else if (in_list(names, count, STR("*"))) {
        mark_all(m, shown, &any);
    } else {
        mark_list(m, names, count, &any);
    }
    buf_append_char(m->out, '}');
}

/* "description:20": 20 words of it; without a number 10. */
static void write_snippets(struct marking *m, const struct shown *shown)
{
    const struct search_request *r = m->a->request;
    bool any = false;
    if (r->snippet_count == 0) {
        return;
    }
    buf_literal(m->out, ",\"_snippetResult\":{");
    for (size_t i = 0; i < r->snippet_count; i++) {
        struct str words = r->snippet[i];
        struct str name = str_split(&words, ':');
        uint64_t count = 0;
        if (!words.data || !str_to_u64(words, &count) || count == 0 || count > 1000) {
            count = 10;
        }
        m->words = (size_t)count;
        if (str_equal(name, STR("*"))) {
            mark_all(m, shown, &any);
        } else {
            mark_list(m, &name, 1, &any);
        }
    }
    m->words = 0;
    buf_append_char(m->out, '}');
}

enum status answer_hit(const struct answer *a, const struct hit *hit, struct buf *out)
{
    struct shown shown = shown_of(a->request, a->snapshot->settings);
    struct marking m = {a, hit, out, a->marker, 0, STATUS_OK};
    buf_append_char(out, '{');
    answer_members(out, &hit->object, &shown);
    write_highlights(&m, &shown);
    write_snippets(&m, &shown);
    if (hit->ranking_info) {
        buf_literal(out, ",\"_rankingInfo\":");
        json_write(out, hit->ranking_info);
    }
    buf_append_char(out, '}');
    return m.status;
}

/* --- results --- */

static void write_facets(const struct search_result *r, struct buf *out)
{
    bool any = false;
    buf_literal(out, ",\"facets\":{");
    for (size_t i = 0; i < r->facet_count; i++) {
        const struct facet_result *f = &r->facets[i];
        if (f->count == 0) {
            continue;
        }
        if (any) {
            buf_append_char(out, ',');
        }
        any = true;
        json_write_string(out, f->attribute);
        buf_literal(out, ":{");
        for (size_t v = 0; v < f->count; v++) {
            if (v > 0) {
                buf_append_char(out, ',');
            }
            json_write_string(out, f->counts[v].value);
            buf_append_char(out, ':');
            buf_append_u64(out, f->counts[v].count);
        }
        buf_append_char(out, '}');
    }
    buf_append_char(out, '}');
}

static void write_number(struct buf *out, const char *name, double value)
{
    buf_append_str(out, str_from(name));
    json_write_double(out, value);
}

static void write_stats(const struct search_result *r, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < r->facet_count; i++) {
        const struct facet_result *f = &r->facets[i];
        if (!f->has_stats) {
            continue;
        }
        buf_append_str(out, any ? STR(",") : STR(",\"facets_stats\":{"));
        any = true;
        json_write_string(out, f->attribute);
        write_number(out, ":{\"min\":", f->min);
        write_number(out, ",\"max\":", f->max);
        write_number(out, ",\"avg\":", f->average);
        write_number(out, ",\"sum\":", f->sum);
        buf_append_char(out, '}');
    }
    if (any) {
        buf_append_char(out, '}');
    }
}

static void write_strings(struct buf *out, const char *name, const struct str *items, size_t count)
{
    buf_append_str(out, str_from(name));
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        json_write_string(out, items[i]);
    }
    buf_append_char(out, ']');
}

/* Whose hits the page has, by place: "-AB" is one of neither, then one of each. */
static void write_experiment(const struct search_result *r, struct buf *out)
{
    if (r->experiment.size == 0) {
        return;
    }
    buf_literal(out, ",\"experiment\":{\"name\":");
    json_write_string(out, r->experiment);
    buf_literal(out, ",\"teams\":\"");
    for (size_t i = 0; i < r->hit_count; i++) {
        buf_append_char(out, "-AB"[r->hits[i].team]);
    }
    buf_literal(out, "\"}");
}

/* What this server adds. */
static void write_own(const struct answer *a, struct buf *out)
{
    const struct search_result *r = a->result;
    buf_literal(out, ",\"aisle\":{\"seq\":");
    buf_append_u64(out, r->seq);
    buf_literal(out, ",\"steps\":");
    buf_append_u64(out, r->steps);
    buf_literal(out, ",\"required\":");
    buf_append_u64(out, r->required);
    write_strings(out, ",\"dropped\":", r->dropped, r->dropped_count);
    buf_literal(out, ",\"corrected\":[");
    for (size_t i = 0; i < r->corrected_count; i++) {
        buf_append_str(out, i > 0 ? STR(",{\"typed\":") : STR("{\"typed\":"));
        json_write_string(out, r->corrected[2 * i]);
        buf_literal(out, ",\"taken\":");
        json_write_string(out, r->corrected[2 * i + 1]);
        buf_append_char(out, '}');
    }
    buf_append_char(out, ']');
    if (r->partial) {
        buf_literal(out, ",\"partial\":true");
    }
    write_experiment(r, out);
    if (r->profile) {
        buf_literal(out, ",\"profile\":");
        json_write(out, r->profile);
    }
    buf_append_char(out, '}');
}

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

static void append_encoded(struct buf *out, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (unreserved(text.data[i])) {
            buf_append_char(out, text.data[i]);
        } else {
            char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_append(out, escape, 3);
        }
    }
}

void answer_params(struct buf *out, const struct json *params)
{
    struct buf value = BUF_EMPTY;
    bool any = false;
    for (uint32_t i = 0; params && params->type == JSON_OBJECT && i < params->count; i++) {
        const struct json_member *m = &params->members[i];
        if (str_equal(m->name, STR("indexName")) || str_equal(m->name, STR("params")) ||
            str_equal(m->name, STR("type"))) {
            continue;
        }
        if (any) {
            buf_append_char(out, '&');
        }
        any = true;
        append_encoded(out, m->name);
        buf_append_char(out, '=');
        if (m->value.type == JSON_STRING) {
            append_encoded(out, m->value.text);
        } else {
            buf_clear(&value);
            json_write(&value, &m->value);
            append_encoded(out, buf_str(&value));
        }
    }
    buf_release(&value);
}

static void write_pages(const struct answer *a, struct buf *out)
{
    const struct search_result *r = a->result;
    buf_literal(out, "],\"nbHits\":");
    buf_append_u64(out, r->total);
    if (a->request->offset >= 0 || a->request->length >= 0) {
        buf_literal(out, ",\"offset\":");
        buf_append_i64(out, a->request->offset < 0 ? 0 : a->request->offset);
        buf_literal(out, ",\"length\":");
        buf_append_i64(out, a->request->length < 0 ? (int64_t)r->hit_count : a->request->length);
    }
    buf_literal(out, ",\"page\":");
    buf_append_i64(out, r->page);
    buf_literal(out, ",\"nbPages\":");
    buf_append_i64(out, r->page_count);
    buf_literal(out, ",\"hitsPerPage\":");
    buf_append_i64(out, r->hits_per_page);
}

enum status answer_result(const struct answer *a, struct buf *out)
{
    const struct search_result *r = a->result;
    struct answer all = *a;
    enum status status = STATUS_OK;
    all.marker = r->hit_count > 0 ? marker_of(a) : NULL;
    buf_literal(out, "{\"hits\":[");
    for (size_t i = 0; i < r->hit_count && status == STATUS_OK; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        status = answer_hit(&all, &r->hits[i], out);
    }
    write_pages(a, out);
    if (a->request->facet_count > 0) {
        write_facets(r, out);
        write_stats(r, out);
    }
    buf_printf(out,
               ",\"exhaustiveNbHits\":%s,\"exhaustiveFacetsCount\":true,\"exhaustiveTypo\":true,"
               "\"exhaustive\":{\"nbHits\":%s,\"facetsCount\":true,\"typo\":true},\"query\":",
               r->total_is_least ? "false" : "true", r->total_is_least ? "false" : "true");
    json_write_string(out, a->request->query);
    buf_literal(out, ",\"params\":\"");
    if (a->request->response_echo) {
        out->size--;
        json_write_string(out, a->request->params);
    } else {
        answer_params(out, a->params);
        buf_append_char(out, '"');
    }
    buf_literal(out, ",\"index\":");
    json_write_string(out, a->request->index);
    buf_literal(out, ",\"processingTimeMS\":");
    if (a->time_at) {
        *a->time_at = out->size;
    }
    buf_append_u64(out, (r->elapsed_ns + 999999) / 1000000);
    if (a->query_id.size > 0) {
        buf_literal(out, ",\"queryID\":");
        json_write_string(out, a->query_id);
    }
    write_own(a, out);
    buf_append_char(out, '}');
    return out->failed ? STATUS_LIMIT : status;
}
