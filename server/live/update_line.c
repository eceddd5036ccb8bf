#include "server/live/update_line.h"

#include <stdarg.h>
#include <stdio.h>

#include "indexer/base/clock.h"

/* ---- by the JSON parser ---- */

/* What is being read, and what it must have. */
struct line {
    struct live_update *out;
    struct json_member *values;
    struct arena *arena;
    const struct json *changes; /* of set, increment or decrement */
    bool has_id;
};

static bool wrong(struct line *l, const char *format, ...) PRINTF_LIKE(2, 3);

static bool wrong(struct line *l, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct str copy = arena_copy(l->arena, str_from(text));
    l->out->result = UPDATE_REFUSED;
    l->out->reason = UPDATE_MALFORMED;
    l->out->text = copy.data ? copy.data : "out of memory";
    return false;
}

static bool read_whole(struct line *l, const char *name, const struct json *value, uint64_t *out)
{
    int64_t number;
    if (!json_i64(value, &number) || number < 0) {
        return wrong(l, "'%s' must be a whole number from 0", name);
    }
    *out = (uint64_t)number;
    return true;
}

static bool read_decimal(struct line *l, const char *name, const struct json *value, struct decimal *out)
{
    if (value->type != JSON_NUMBER || !decimal_parse(value->text, out)) {
        return wrong(l, "'%s' must be a number", name);
    }
    return true;
}

static bool read_timestamp(struct line *l, const struct json *value)
{
    struct str text;
    int64_t ms;
    l->out->flags |= UPDATE_TIMESTAMP;
    if (json_string(value, &text)) {
        if (!clock_parse(text, &ms) || ms < 0) {
            return wrong(l, "'timestamp' must be milliseconds since 1970 or an ISO 8601 text");
        }
        l->out->key = (uint64_t)ms;
        return true;
    }
    return read_whole(l, "timestamp", value, &l->out->key);
}

/* {"stores": {"berlin": 3}} is {"stores.berlin": 3}. */
static struct json *flatten(struct line *l, const struct json *value)
{
    struct json *flat = ARENA_NEW(l->arena, struct json);
    if (flat) {
        flat->type = JSON_OBJECT;
    }
    for (uint32_t i = 0; i < value->count && flat; i++) {
        const struct json_member *m = &value->members[i];
        bool nested = m->value.type == JSON_OBJECT;
        for (uint32_t k = 0; k < (nested ? m->value.count : 1) && flat; k++) {
            const struct json_member *inner = nested ? &m->value.members[k] : m;
            struct str name =
                nested ? arena_printf(l->arena, STR_FMT "." STR_FMT, STR_ARG(m->name), STR_ARG(inner->name)) : m->name;
            flat = name.data && json_object_set(flat, name, inner->value, l->arena) ? flat : NULL;
        }
    }
    return flat;
}

static bool read_changes(struct line *l, enum update_kind kind, const struct json *value)
{
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->count; i++) {
        if (value->members[i].value.type == JSON_OBJECT) {
            value = flatten(l, value);
            break;
        }
    }
    if (!value) {
        return wrong(l, "out of memory");
    }
    if (l->changes) {
        return wrong(l, "one of 'set', 'increment' and 'decrement' is wanted");
    }
    if (value->type != JSON_OBJECT || value->count == 0 || value->count > UPDATE_VALUES_MAX) {
        return wrong(l, "'set', 'increment' and 'decrement' are objects of 1 to %d attributes", UPDATE_VALUES_MAX);
    }
    l->changes = value;
    l->out->kind = (uint8_t)kind;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json *v = &value->members[i].value;
        double number;
        bool fine = v->type == JSON_NUMBER || (kind == UPDATE_SET && (json_is_bool(v) || v->type == JSON_NULL));
        if (v->type == JSON_NUMBER && !json_double(v, &number)) {
            return wrong(l, "'" STR_FMT "' is out of range", STR_ARG(value->members[i].name));
        }
        if (!fine) {
            return wrong(l, "'" STR_FMT "' must be a number", STR_ARG(value->members[i].name));
        }
        l->values[i] = value->members[i];
    }
    l->out->values = l->values;
    l->out->value_count = (uint8_t)value->count;
    return true;
}

static bool read_member(struct line *l, const struct json_member *m)
{
    struct live_update *out = l->out;
    if (str_equal(m->name, STR("objectID"))) {
        l->has_id = m->value.type == JSON_STRING || m->value.type == JSON_NUMBER;
        out->object_id = l->has_id ? m->value.text : out->object_id;
        return l->has_id ? true : wrong(l, "'objectID' must be a string or a number");
    }
    if (str_equal(m->name, STR("set"))) {
        return read_changes(l, UPDATE_SET, &m->value);
    }
    if (str_equal(m->name, STR("increment"))) {
        return read_changes(l, UPDATE_INCREMENT, &m->value);
    }
    if (str_equal(m->name, STR("decrement"))) {
        return read_changes(l, UPDATE_DECREMENT, &m->value);
    }
    if (str_equal(m->name, STR("timestamp"))) {
        return read_timestamp(l, &m->value);
    }
    if (str_equal(m->name, STR("version"))) {
        out->flags |= UPDATE_VERSION;
        return read_whole(l, "version", &m->value, &out->key);
    }
    if (str_equal(m->name, STR("ifVersion"))) {
        out->flags |= UPDATE_IF_VERSION;
        return read_whole(l, "ifVersion", &m->value, &out->if_version);
    }
    if (str_equal(m->name, STR("min"))) {
        out->flags |= UPDATE_MIN;
        return read_decimal(l, "min", &m->value, &out->min);
    }
    if (str_equal(m->name, STR("ifStockAtLeast"))) {
        out->flags |= UPDATE_IF_STOCK;
        return read_decimal(l, "ifStockAtLeast", &m->value, &out->if_stock);
    }
    return wrong(l, "'" STR_FMT "' is not known", STR_ARG(m->name));
}

/* What must fit together, whoever read it. */
static bool check(struct line *l, bool needs_id)
{
    const struct live_update *out = l->out;
    if (needs_id && !l->has_id) {
        return wrong(l, "'objectID' is missing");
    }
    if (!l->changes) {
        return wrong(l, "'set', 'increment' or 'decrement' is missing");
    }
    if ((out->flags & UPDATE_TIMESTAMP) && (out->flags & UPDATE_VERSION)) {
        return wrong(l, "'timestamp' and 'version' exclude each other");
    }
    if ((out->flags & UPDATE_MIN) && out->kind == UPDATE_SET) {
        return wrong(l, "'min' is for 'increment' and 'decrement'");
    }
    return true;
}

static void start(struct live_update *out)
{
    *out = (struct live_update){.result = UPDATE_APPLIED};
}

static bool parse(struct str line, struct line *l, bool needs_id)
{
    struct json root;
    struct error err = {0};
    start(l->out);
    if (json_parse(line, l->arena, &root, &err) != STATUS_OK) {
        return wrong(l, "%s", err.message);
    }
    if (root.type != JSON_OBJECT) {
        return wrong(l, "a line must be an object");
    }
    for (uint32_t i = 0; i < root.count; i++) {
        if (!read_member(l, &root.members[i])) {
            return false;
        }
    }
    return check(l, needs_id);
}

bool update_line_parse(struct str line, struct json_member *values, struct arena *arena, struct live_update *out)
{
    struct line l = {out, values, arena, NULL, false};
    return parse(line, &l, true);
}

bool update_line_body(struct str line, struct json_member *values, struct arena *arena, struct live_update *out)
{
    struct line l = {out, values, arena, NULL, false};
    return parse(line, &l, false);
}

/* ---- by the scanner ---- */

/* Reads ahead of end never happens: callers keep at below it. */
struct scan {
    const char *at;
    const char *end;
};

static char look(const struct scan *s)
{
    return s->at < s->end ? *s->at : '\0';
}

static char look_behind_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t')) {
        s->at++;
    }
    return look(s);
}

static bool take(struct scan *s, char wanted)
{
    if (look_behind_blanks(s) != wanted) {
        return false;
    }
    s->at++;
    return true;
}

/* A string without escapes, of printable ASCII. */
static bool take_string(struct scan *s, struct str *out)
{
    if (!take(s, '"')) {
        return false;
    }
    const char *from = s->at;
    while (s->at < s->end && *s->at != '"') {
        unsigned char c = (unsigned char)*s->at;
        if (c < 0x20 || c >= 0x7F || c == '\\') {
            return false;
        }
        s->at++;
    }
    *out = (struct str){from, (size_t)(s->at - from)};
    return s->at++ < s->end;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_digits(struct scan *s)
{
    const char *from = s->at;
    while (is_digit(look(s))) {
        s->at++;
    }
    return s->at > from;
}

enum { NUMBER_TEXT_MAX = 32 };

/* Without exponent, and with no more digits than a usual number has. */
static bool take_number(struct scan *s, struct str *out)
{
    (void)look_behind_blanks(s);
    const char *from = s->at;
    s->at += look(s) == '-';
    bool zero = look(s) == '0';
    const char *digits = s->at;
    if (!take_digits(s) || (zero && s->at - digits > 1)) {
        return false;
    }
    if (look(s) == '.') {
        s->at++;
        if (!take_digits(s)) {
            return false;
        }
    }
    *out = (struct str){from, (size_t)(s->at - from)};
    return look(s) != 'e' && look(s) != 'E' && out->size <= NUMBER_TEXT_MAX;
}

static bool take_whole(struct scan *s, uint64_t *out)
{
    struct str text;
    return take_number(s, &text) && text.size <= 18 && str_to_u64(text, out);
}

static bool take_decimal(struct scan *s, struct decimal *out)
{
    struct str text;
    return take_number(s, &text) && decimal_parse(text, out);
}

static bool take_values(struct scan *s, struct line *l)
{
    uint8_t count = 0;
    if (l->out->values || !take(s, '{')) {
        return false;
    }
    do {
        struct json_member *m = &l->values[count];
        *m = (struct json_member){.value.type = JSON_NUMBER};
        if (!take_string(s, &m->name) || !take(s, ':') || !take_number(s, &m->value.text)) {
            return false;
        }
        for (uint8_t i = 0; i < count; i++) {
            if (str_equal(l->values[i].name, m->name)) {
                return false;
            }
        }
        count++;
    } while (count < UPDATE_VALUES_MAX && take(s, ','));
    l->out->values = l->values;
    l->out->value_count = count;
    return take(s, '}');
}

/* The name is known and is seen for the first time. */
static bool take_value(struct scan *s, struct line *l, struct str name)
{
    struct live_update *out = l->out;
    struct str text;
    switch (name.size << 8 | (unsigned char)name.data[0]) {
    case 8 << 8 | 'o':
        if (l->has_id || memcmp(name.data, "objectID", 8) != 0) {
            return false;
        }
        l->has_id = true;
        return look_behind_blanks(s) == '"' ? take_string(s, &out->object_id) : take_number(s, &out->object_id);
    case 3 << 8 | 's':
        return memcmp(name.data, "set", 3) == 0 && take_values(s, l);
    case 9 << 8 | 'i':
    case 9 << 8 | 'd':
        if (memcmp(name.data, "increment", 9) != 0 && memcmp(name.data, "decrement", 9) != 0) {
            /* ifVersion */
            bool again = (out->flags & UPDATE_IF_VERSION) != 0;
            out->flags |= UPDATE_IF_VERSION;
            return !again && memcmp(name.data, "ifVersion", 9) == 0 && take_whole(s, &out->if_version);
        }
        out->kind = name.data[0] == 'i' ? UPDATE_INCREMENT : UPDATE_DECREMENT;
        return take_values(s, l);
    case 9 << 8 | 't':
    case 7 << 8 | 'v': {
        bool version = name.data[0] == 'v';
        bool again = (out->flags & (UPDATE_TIMESTAMP | UPDATE_VERSION)) != 0;
        out->flags |= version ? UPDATE_VERSION : UPDATE_TIMESTAMP;
        return !again && memcmp(name.data, version ? "version" : "timestamp", name.size) == 0 &&
               take_whole(s, &out->key);
    }
    case 3 << 8 | 'm': {
        bool again = (out->flags & UPDATE_MIN) != 0;
        out->flags |= UPDATE_MIN;
        return !again && memcmp(name.data, "min", 3) == 0 && take_decimal(s, &out->min);
    }
    default:
        text = STR("ifStockAtLeast");
        bool again = (out->flags & UPDATE_IF_STOCK) != 0;
        out->flags |= UPDATE_IF_STOCK;
        return !again && str_equal(name, text) && take_decimal(s, &out->if_stock);
    }
}

/* True when the line has the common form and nothing is wrong with it. */
static bool scan_line(struct str line, struct line *l)
{
    struct scan s = {line.data, line.data + line.size};
    struct str name;
    if (!take(&s, '{')) {
        return false;
    }
    do {
        if (!take_string(&s, &name) || name.size == 0 || !take(&s, ':') || !take_value(&s, l, name)) {
            return false;
        }
    } while (take(&s, ','));
    if (!take(&s, '}')) {
        return false;
    }
    (void)look_behind_blanks(&s);
    bool min_of_set = (l->out->flags & UPDATE_MIN) && l->out->kind == UPDATE_SET;
    return s.at == s.end && l->has_id && l->out->values && !min_of_set;
}

bool update_line_read(struct str line, struct json_member *values, struct arena *arena, struct live_update *out)
{
    struct line l = {out, values, arena, NULL, false};
    start(out);
    return scan_line(line, &l) || update_line_parse(line, values, arena, out);
}

/* ---- writing ---- */

static void write_decimal(struct buf *out, const char *name, struct decimal d)
{
    buf_printf(out, ",\"%s\":", name);
    decimal_write(out, d.units, d.scale);
}

void update_line_write(const struct live_update *u, bool with_id, struct buf *out)
{
    static const char *const KINDS[] = {"set", "increment", "decrement"};
    buf_append_char(out, '{');
    if (with_id) {
        buf_literal(out, "\"objectID\":");
        json_write_string(out, u->object_id);
        buf_append_char(out, ',');
    }
    buf_printf(out, "\"%s\":{", KINDS[u->kind]);
    for (uint8_t i = 0; i < u->value_count; i++) {
        if (i > 0) {
            buf_append_char(out, ',');
        }
        json_write_string(out, u->values[i].name);
        buf_append_char(out, ':');
        json_write(out, &u->values[i].value);
    }
    buf_append_char(out, '}');
    if (u->flags & (UPDATE_TIMESTAMP | UPDATE_VERSION)) {
        buf_printf(out, ",\"%s\":%llu", u->flags & UPDATE_VERSION ? "version" : "timestamp",
                   (unsigned long long)u->key);
    }
    if (u->flags & UPDATE_IF_VERSION) {
        buf_printf(out, ",\"ifVersion\":%llu", (unsigned long long)u->if_version);
    }
    if (u->flags & UPDATE_MIN) {
        write_decimal(out, "min", u->min);
    }
    if (u->flags & UPDATE_IF_STOCK) {
        write_decimal(out, "ifStockAtLeast", u->if_stock);
    }
    buf_append_char(out, '}');
}
