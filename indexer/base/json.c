#include "indexer/base/json.h"

#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/json_internal.h"
#include "indexer/base/limits.h"

/*
 * The parser is recursive (32 levels at most). While a container is open its values wait on one stack for the whole
 * text, and go to the arena in one piece when it closes. Strings are scanned eight bytes at a time.
 */

enum {
    STACK_MEMBERS = 48,   /* on the C stack, enough for a usual product without a malloc */
    SEARCHED_MEMBERS = 24 /* up to here a repeated key is found by looking, beyond with a table */
};

struct parser {
    const struct json_names *wanted; /* of the members of the outermost object; NULL: all */
    const char *start;
    const char *at;
    const char *end;
    struct arena *arena;
    struct error *err;
    enum status status;
    int depth;
    struct json_member *stack;
    size_t stack_count;
    size_t stack_capacity;
    struct json_member *heap; /* the stack when it has outgrown the C stack */
};

static bool parse_value(struct parser *p, struct json *out);

static bool fail_at(struct parser *p, const char *at, enum status status, const char *message)
{
    p->status = error_set(p->err, status, "offset %zu: %s", (size_t)(at - p->start), message);
    return false;
}

static bool fail(struct parser *p, const char *message)
{
    return fail_at(p, p->at, STATUS_INPUT, message);
}

static bool fail_memory(struct parser *p)
{
    return fail_at(p, p->at, STATUS_LIMIT, "the value needs more memory than a request may use");
}

static inline void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t')) {
        p->at++;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind "\u" at `at`. */
static bool hex4(const struct parser *p, const char *at, uint32_t *out)
{
    if (p->end - at < 4) {
        return false;
    }
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0) {
            return false;
        }
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

static char *put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* p->at is at "\u": writes the code point, with both halves of a surrogate pair. */
static bool unescape_unicode(struct parser *p, char **to)
{
    uint32_t code;
    uint32_t low;
    if (!hex4(p, p->at + 2, &code)) {
        return fail(p, "expected four hexadecimal digits behind '\\u'");
    }
    const char *next = p->at + 6;
    if (code >= 0xDC00 && code <= 0xDFFF) {
        return fail(p, "a lone surrogate");
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (p->end - next < 6 || next[0] != '\\' || next[1] != 'u' || !hex4(p, next + 2, &low) || low < 0xDC00 ||
            low > 0xDFFF) {
            return fail(p, "a lone surrogate");
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        next += 6;
    }
    *to = put_utf8(*to, code);
    p->at = next;
    return true;
}

/* p->at is at a backslash. */
static bool unescape(struct parser *p, char **to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char c = p->end - p->at >= 2 ? p->at[1] : '\0';
    if (c == 'u') {
        return unescape_unicode(p, to);
    }
    const char *name = c ? memchr(names, c, sizeof(names) - 1) : NULL;
    if (!name) {
        return fail(p, "an unknown escape");
    }
    *(*to)++ = bytes[name - names];
    p->at += 2;
    return true;
}

/* The closing quote of the string whose text begins at `at`, or NULL. An escaped quote does not close. */
static const char *closing_quote(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++) {
        if (*at == '\\' && ++at == end) {
            return NULL;
        }
    }
    return at < end ? at : NULL;
}

/* The rest of a string that has escapes; p->at is at the first. What it decodes to is never longer than its text. */
static bool parse_escaped(struct parser *p, const char *from, struct str *out)
{
    const char *close = closing_quote(p->at, p->end);
    if (!close) {
        p->at = p->end;
        return fail(p, "expected '\"' at the end of the string");
    }
    char *first = arena_alloc(p->arena, (size_t)(close - from));
    if (!first) {
        return fail_memory(p);
    }
    memcpy(first, from, (size_t)(p->at - from));
    char *to = first + (p->at - from);
    bool not_ascii = false;
    while (*p->at != '"') {
        if (*p->at == '\\') {
            if (!unescape(p, &to)) {
                return false;
            }
            continue;
        }
        const char *run = p->at;
        p->at = json_plain_end(run, close, &not_ascii);
        if (p->at == run) {
            return fail(p, "a control character in a string");
        }
        memcpy(to, run, (size_t)(p->at - run));
        to += p->at - run;
    }
    p->at++;
    *out = (struct str){first, (size_t)(to - first)};
    return true;
}

/* p->at is behind the opening quote. */
static bool parse_string(struct parser *p, struct str *out)
{
    const char *from = p->at;
    bool not_ascii = false;
    const char *at = json_plain_end(from, p->end, &not_ascii);
    p->at = at;
    if (at == p->end) {
        return fail(p, "expected '\"' at the end of the string");
    }
    if (*at == '"') {
        p->at = at + 1;
        *out = (struct str){from, (size_t)(at - from)};
    } else if (*at != '\\') {
        return fail(p, "a control character in a string");
    } else {
        not_ascii = true; /* what follows was not looked at */
        if (!parse_escaped(p, from, out)) {
            return false;
        }
    }
    size_t bad_at;
    if (not_ascii && !str_utf8_valid((struct str){from, (size_t)(p->at - from)}, &bad_at)) {
        return fail_at(p, from + bad_at, STATUS_INPUT, "ill-formed UTF-8");
    }
    return true;
}

static inline bool is_digit(const struct parser *p, const char *at)
{
    return at < p->end && *at >= '0' && *at <= '9';
}

static bool parse_number(struct parser *p, struct json *out)
{
    const char *from = p->at;
    const char *at = from + (*from == '-');
    if (!is_digit(p, at)) {
        return fail(p, "expected a value");
    }
    if (*at == '0') {
        at++;
    } else {
        while (is_digit(p, at)) {
            at++;
        }
    }
    if (at < p->end && *at == '.') {
        at++;
        if (!is_digit(p, at)) {
            return fail_at(p, at, STATUS_INPUT, "expected a digit behind the decimal point");
        }
        while (is_digit(p, at)) {
            at++;
        }
    }
    if (at < p->end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < p->end && (*at == '+' || *at == '-');
        if (!is_digit(p, at)) {
            return fail_at(p, at, STATUS_INPUT, "expected a digit in the exponent");
        }
        while (is_digit(p, at)) {
            at++;
        }
    }
    out->type = JSON_NUMBER;
    out->text = (struct str){from, (size_t)(at - from)};
    p->at = at;
    return true;
}

static bool parse_word(struct parser *p, const char *word, size_t size, enum json_type type, struct json *out)
{
    if ((size_t)(p->end - p->at) < size || memcmp(p->at, word, size) != 0) {
        return fail(p, "expected a value");
    }
    p->at += size;
    out->type = type;
    return true;
}

/* A free place on the stack, or NULL. The stack counts against the arena's ceiling as if it were in it. */
static inline struct json_member *push(struct parser *p)
{
    if (p->stack_count < p->stack_capacity) {
        return &p->stack[p->stack_count++];
    }
    size_t capacity = p->stack_capacity * 2;
    if (p->arena->limit_bytes && capacity * sizeof(*p->stack) > p->arena->limit_bytes) {
        fail_memory(p);
        return NULL;
    }
    struct json_member *grown = xrealloc_array(p->heap, capacity, sizeof(*grown));
    if (!p->heap) {
        memcpy(grown, p->stack, p->stack_count * sizeof(*grown));
    }
    p->heap = grown;
    p->stack = grown;
    p->stack_capacity = capacity;
    return &p->stack[p->stack_count++];
}

static bool enter(struct parser *p)
{
    if (++p->depth > LIMIT_JSON_DEPTH) {
        return fail_at(p, p->at, STATUS_LIMIT, "nested deeper than 32 levels");
    }
    p->at++;
    skip_space(p);
    return true;
}

static bool close_array(struct parser *p, size_t base, struct json *out)
{
    size_t count = p->stack_count - base;
    out->type = JSON_ARRAY;
    out->count = (uint32_t)count;
    out->items = NULL;
    if (count) {
        out->items = arena_alloc(p->arena, count * sizeof(*out->items));
        if (!out->items) {
            return fail_memory(p);
        }
        for (size_t i = 0; i < count; i++) {
            out->items[i] = p->stack[base + i].value;
        }
    }
    p->stack_count = base;
    p->depth--;
    return true;
}

static bool parse_array(struct parser *p, struct json *out)
{
    size_t base = p->stack_count;
    if (!enter(p)) {
        return false;
    }
    if (p->at < p->end && *p->at == ']') {
        p->at++;
        return close_array(p, base, out);
    }
    for (;;) {
        struct json value;
        if (!parse_value(p, &value)) {
            return false;
        }
        struct json_member *slot = push(p);
        if (!slot) {
            return false;
        }
        slot->value = value;
        skip_space(p);
        if (p->at < p->end && *p->at == ',') {
            p->at++;
            skip_space(p);
            continue;
        }
        if (p->at < p->end && *p->at == ']') {
            p->at++;
            return close_array(p, base, out);
        }
        return fail(p, "expected ',' or ']'");
    }
}

/* Gives the first of equal keys the value of the last and takes the others away, with a table. */
static size_t drop_repeated(struct json_member *members, size_t count)
{
    size_t capacity = 64;
    while (capacity < count * 2) {
        capacity *= 2;
    }
    uint32_t *table = xcalloc(capacity, sizeof(*table)); /* a member's position + 1 */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct json_member member = members[i];
        size_t at = hash64_secret(member.name.data, member.name.size) & (capacity - 1);
        while (table[at] && !str_equal(members[table[at] - 1].name, member.name)) {
            at = (at + 1) & (capacity - 1);
        }
        if (table[at]) {
            members[table[at] - 1].value = member.value;
        } else {
            members[kept++] = member;
            table[at] = (uint32_t)kept;
        }
    }
    free(table);
    return kept;
}

static bool close_object(struct parser *p, size_t base, struct json *out)
{
    size_t count = p->stack_count - base;
    if (count > SEARCHED_MEMBERS) {
        count = drop_repeated(p->stack + base, count);
    }
    out->type = JSON_OBJECT;
    out->count = (uint32_t)count;
    out->members = NULL;
    out->capacity = (uint32_t)count;
    if (count) {
        out->members = arena_alloc(p->arena, count * sizeof(*out->members));
        if (!out->members) {
            return fail_memory(p);
        }
        memcpy(out->members, p->stack + base, count * sizeof(*out->members));
    }
    p->stack_count = base;
    p->depth--;
    return true;
}

/* Where the value of a key goes: a new place, or that of an equal key seen before. *seen has a bit for each hash of a
 * key, so that most keys need no look at the others. */
static struct json_member *member_slot(struct parser *p, size_t base, struct str name, uint64_t *seen)
{
    unsigned first = name.size ? (unsigned char)name.data[0] : 0;
    unsigned last = name.size ? (unsigned char)name.data[name.size - 1] : 0;
    uint64_t bit = UINT64_C(1) << ((first * 7 + last * 3 + name.size) & 63);
    if ((*seen & bit) && p->stack_count - base <= SEARCHED_MEMBERS) {
        for (size_t i = base; i < p->stack_count; i++) {
            if (str_equal(p->stack[i].name, name)) {
                return &p->stack[i];
            }
        }
    }
    *seen |= bit;
    struct json_member *slot = push(p);
    if (slot) {
        slot->name = name;
    }
    return slot;
}

static bool is_wanted(const struct json_names *wanted, struct str name)
{
    for (size_t i = 0; i < wanted->count; i++) {
        struct str w = wanted->names[i];
        if (w.size >= name.size && name.size > 0 && w.data[0] == name.data[0] && str_starts_with(w, name) &&
            (w.size == name.size || w.data[name.size] == '.')) {
            return true;
        }
    }
    return false;
}

/* p->at is behind the opening quote. */
static bool skip_string(struct parser *p)
{
    bool not_ascii = false;
    while (p->at < p->end) {
        p->at = json_plain_end(p->at, p->end, &not_ascii);
        if (p->at < p->end && *p->at == '"') {
            p->at++;
            return true;
        }
        p->at += p->at < p->end && *p->at == '\\' ? 2 : 1;
    }
    p->at = p->end;
    return fail(p, "expected '\"' at the end of the string");
}

/* Goes behind a value: at the ',' or the bracket that follows it outside of strings and brackets of its own. */
static bool skip_value(struct parser *p)
{
    size_t depth = 0;
    while (p->at < p->end) {
        char c = *p->at;
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            return true;
        }
        p->at++;
        if (c == '"') {
            if (!skip_string(p)) {
                return false;
            }
        } else {
            depth += c == '{' || c == '[';
            depth -= c == '}' || c == ']';
        }
    }
    return fail(p, "expected ',' or '}'");
}

static bool parse_member(struct parser *p, size_t base, uint64_t *seen)
{
    struct str name;
    struct json value;
    if (p->at == p->end || *p->at != '"') {
        return fail(p, "expected '\"' before a name");
    }
    p->at++;
    if (!parse_string(p, &name)) {
        return false;
    }
    skip_space(p);
    if (p->at == p->end || *p->at != ':') {
        return fail(p, "expected ':'");
    }
    p->at++;
    if (p->wanted && p->depth == 1 && !is_wanted(p->wanted, name)) {
        return skip_value(p);
    }
    skip_space(p);
    if (!parse_value(p, &value)) {
        return false;
    }
    struct json_member *slot = member_slot(p, base, name, seen);
    if (!slot) {
        return false;
    }
    slot->value = value;
    skip_space(p);
    return true;
}

static bool parse_object(struct parser *p, struct json *out)
{
    size_t base = p->stack_count;
    uint64_t seen = 0;
    if (!enter(p)) {
        return false;
    }
    if (p->at < p->end && *p->at == '}') {
        p->at++;
        return close_object(p, base, out);
    }
    for (;;) {
        if (!parse_member(p, base, &seen)) {
            return false;
        }
        if (p->at < p->end && *p->at == ',') {
            p->at++;
            skip_space(p);
            continue;
        }
        if (p->at < p->end && *p->at == '}') {
            p->at++;
            return close_object(p, base, out);
        }
        return fail(p, "expected ',' or '}'");
    }
}

static bool parse_value(struct parser *p, struct json *out)
{
    if (p->at == p->end) {
        return fail(p, "expected a value");
    }
    out->count = 0;
    out->text = (struct str){NULL, 0};
    switch (*p->at) {
    case '"':
        p->at++;
        out->type = JSON_STRING;
        return parse_string(p, &out->text);
    case '{':
        return parse_object(p, out);
    case '[':
        return parse_array(p, out);
    case 't':
        return parse_word(p, "true", 4, JSON_TRUE, out);
    case 'f':
        return parse_word(p, "false", 5, JSON_FALSE, out);
    case 'n':
        return parse_word(p, "null", 4, JSON_NULL, out);
    default:
        return parse_number(p, out);
    }
}

/* The first value of p's text, which the caller filled in up to `wanted`. */
static enum status parse_first(struct parser *p, struct json *out, size_t *used)
{
    struct json_member stack[STACK_MEMBERS];
    p->stack = stack;
    p->stack_capacity = STACK_MEMBERS;
    p->at = p->start;
    *out = (struct json){.type = JSON_NULL};
    if (p->end - p->start > UINT32_MAX) {
        return error_set(p->err, STATUS_LIMIT, "offset 0: a JSON text is at most 4 GiB");
    }
    skip_space(p);
    bool ok = parse_value(p, out);
    free(p->heap);
    *used = (size_t)(p->at - p->start);
    if (!ok) {
        *out = (struct json){.type = JSON_NULL};
    }
    return ok ? STATUS_OK : p->status;
}

enum status json_parse_prefix(struct str text, struct arena *arena, struct json *out, size_t *used, struct error *err)
{
    struct parser p = {.start = text.data, .end = text.data + text.size, .arena = arena, .err = err};
    return parse_first(&p, out, used);
}

static enum status parse_whole(struct parser *p, struct json *out)
{
    size_t used = 0;
    enum status status = parse_first(p, out, &used);
    if (status != STATUS_OK) {
        return status;
    }
    skip_space(p);
    if (p->at < p->end) {
        *out = (struct json){.type = JSON_NULL};
        fail(p, "expected the end of the text");
        return p->status;
    }
    return STATUS_OK;
}

enum status json_parse(struct str text, struct arena *arena, struct json *out, struct error *err)
{
    struct parser p = {.start = text.data, .end = text.data + text.size, .arena = arena, .err = err};
    return parse_whole(&p, out);
}

enum status json_parse_selected(struct str text, const struct json_names *wanted, struct arena *arena, struct json *out,
                                struct error *err)
{
    struct parser p = {.wanted = wanted, .start = text.data, .end = text.data + text.size, .arena = arena, .err = err};
    return parse_whole(&p, out);
}
