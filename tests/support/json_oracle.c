#include "tests/support/json_oracle.h"

#include <jansson.h>

static void write_string(struct buf *out, struct str s)
{
    buf_append_u64(out, s.size);
    buf_append_char(out, ':');
    buf_append_str(out, s);
}

static void write_value(struct buf *out, json_t *value)
{
    const char *name;
    json_t *member;
    size_t index;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        buf_append_char(out, '{');
        json_object_foreach(value, name, member)
        {
            write_string(out, str_from(name));
            write_value(out, member);
        }
        buf_append_char(out, '}');
        break;
    case JSON_ARRAY:
        buf_append_char(out, '[');
        json_array_foreach(value, index, member)
        {
            write_value(out, member);
        }
        buf_append_char(out, ']');
        break;
    case JSON_STRING:
        write_string(out, (struct str){json_string_value(value), json_string_length(value)});
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        buf_printf(out, "#%.17g ", json_number_value(value));
        break;
    case JSON_TRUE:
        buf_append_char(out, 't');
        break;
    case JSON_FALSE:
        buf_append_char(out, 'f');
        break;
    case JSON_NULL:
        buf_append_char(out, 'n');
        break;
    }
}

enum json_oracle json_oracle_read(struct str text, struct buf *out)
{
    json_error_t error;
    json_t *value = json_loadb(text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!value) {
        enum json_error_code code = json_error_code(&error);
        bool own_limit = code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
        return own_limit ? JSON_ORACLE_CANNOT_TELL : JSON_ORACLE_REFUSES;
    }
    write_value(out, value);
    json_decref(value);
    return JSON_ORACLE_ACCEPTS;
}
