#ifndef AISLE_BASE_JSON_H
#define AISLE_BASE_JSON_H

/*
 * JSON (RFC 8259): a strict parser into an arena, and a writer. Numbers keep their text, so that a value is never
 * changed by reading and writing it. Nesting is at most 32 deep; strings must be well-formed UTF-8; a repeated key
 * keeps its last value. A JSON text of 500 bytes costs about 1 us.
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_member;

struct json {
    enum json_type type;
    uint32_t count; /* elements or members */
    union {
        struct str text;    /* JSON_STRING: decoded bytes; JSON_NUMBER: the number as it was written */
        struct json *items; /* JSON_ARRAY */
        struct {
            struct json_member *members; /* JSON_OBJECT, in the order written */
            uint32_t capacity;           /* json_object_set's own; 0 when members was set by hand */
        };
    };
};

struct json_member {
    struct str name;
    struct json value;
};

/* Parses one value that must fill the whole text. The result borrows text (strings without escapes point into it) and
 * the arena. An error says what and at which offset: "offset 17: expected ',' or '}'". STATUS_INPUT or STATUS_LIMIT. */
MUST_CHECK enum status json_parse(struct str text, struct arena *arena, struct json *out, struct error *err);

/* As json_parse, for the first value of text; *used is then the offset behind it. For arrays read piece by piece. */
MUST_CHECK enum status json_parse_prefix(struct str text, struct arena *arena, struct json *out, size_t *used,
                                         struct error *err);

/* Names of top-level members; "a.b" stands for "a", too. */
struct json_names {
    const struct str *names;
    size_t count;
};

/* As json_parse for an object of which only the named members are wanted: the others are passed over, which costs a
 * quarter, and checked for no more than where they end. For texts that json_write made. */
MUST_CHECK enum status json_parse_selected(struct str text, const struct json_names *wanted, struct arena *arena,
                                           struct json *out, struct error *err);

const struct json *json_get(const struct json *object, const char *name); /* NULL: no object or no such member */
const struct json *json_get_str(const struct json *object, struct str name);
/* A member by a dotted path: "a.b" finds the member "a.b" first, then b of a. */
const struct json *json_get_path(const struct json *object, struct str path);

static inline bool json_is_bool(const struct json *j)
{
    return j && (j->type == JSON_TRUE || j->type == JSON_FALSE);
}

/* The values of scalars; false when j is NULL or of another type or out of range. */
bool json_string(const struct json *j, struct str *out);
bool json_double(const struct json *j, double *out);
bool json_i64(const struct json *j, int64_t *out); /* also 5.0 and 1e3 */
bool json_bool(const struct json *j, bool *out);

/* Building values by hand. json_object_set replaces or appends; the members' array is grown in the arena (false
 * when that is full). Copies of a struct share it: clone before changing one of them. */
struct json json_of_str(struct str s);
struct json json_of_i64(int64_t value, struct arena *arena);
struct json json_of_double(double value, struct arena *arena); /* the shortest text that reads back the same */
struct json json_of_bool(bool value);
struct json json_number_text(struct str text); /* text must be a JSON number */
struct json json_array(struct json *items, size_t count);
bool json_object_set(struct json *object, struct str name, struct json value, struct arena *arena);
bool json_object_remove(struct json *object, struct str name);
/* A deep copy into another arena. */
struct json json_clone(const struct json *j, struct arena *arena);

/* Writing. json_write makes the compact form; json_write_pretty indents by two spaces and ends the line. */
void json_write(struct buf *out, const struct json *j);
void json_write_pretty(struct buf *out, const struct json *j);
void json_write_string(struct buf *out, struct str s); /* quoted and escaped; ill-formed UTF-8 becomes U+FFFD */
void json_write_double(struct buf *out, double value); /* shortest text that reads back the same; not finite: null */

#endif
