/* Writing JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/json.h"
#include "indexer/base/json_internal.h"
#include "indexer/base/number.h"

static void write_escaped(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        buf_literal(out, "\\\"");
        return;
    case '\\':
        buf_literal(out, "\\\\");
        return;
    case '\n':
        buf_literal(out, "\\n");
        return;
    case '\r':
        buf_literal(out, "\\r");
        return;
    case '\t':
        buf_literal(out, "\\t");
        return;
    default: {
        char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        buf_append(out, text, sizeof(text));
    }
    }
}

/* A run that needs no escapes. */
static void write_run(struct buf *out, struct str run, bool not_ascii)
{
    if (not_ascii) {
        buf_append_utf8(out, run);
    } else {
        buf_append_str(out, run);
    }
}

void json_write_string(struct buf *out, struct str s)
{
    const char *at = s.data;
    const char *end = s.data + s.size;
    buf_append_char(out, '"');
    while (at < end) {
        bool not_ascii = false;
        const char *run = at;
        at = json_plain_end(at, end, &not_ascii);
        write_run(out, (struct str){run, (size_t)(at - run)}, not_ascii);
        if (at < end) {
            write_escaped(out, (unsigned char)*at++);
        }
    }
    buf_append_char(out, '"');
}

#define EXACT_INTEGER_MAX 9007199254740992.0 /* 2^53 */

/*
 * Most numbers here are short decimals: the fewest digits behind the point that give the value back are looked for
 * first. r / 10^k is rounded once, so equality proves that the text reads back the same.
 */
static bool write_short_decimal(struct buf *out, double value)
{
    double power = 1;
    for (uint8_t scale = 0; scale <= NUMBER_SCALE_MAX; scale++, power *= 10) {
        double units = nearbyint(value * power);
        if (fabs(units) >= EXACT_INTEGER_MAX) {
            return false;
        }
        if (units / power == value) {
            decimal_write(out, (int64_t)units, scale);
            return true;
        }
    }
    return false;
}

void json_write_double(struct buf *out, double value)
{
    if (!isfinite(value)) {
        buf_literal(out, "null");
        return;
    }
    if (value == 0) {
        buf_append_str(out, signbit(value) ? STR("-0.0") : STR("0"));
        return;
    }
    if (write_short_decimal(out, value)) {
        return;
    }
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        double back;
        int size = snprintf(text, sizeof(text), "%.*g", digits, value);
        if (number_parse_double((struct str){text, (size_t)size}, &back) && back == value) {
            break;
        }
    }
    buf_append_str(out, str_from(text));
}

/* indent below 0: the compact form. */
static void new_line(struct buf *out, int indent)
{
    if (indent >= 0) {
        buf_append_char(out, '\n');
        for (int i = 0; i < indent; i++) {
            buf_literal(out, "  ");
        }
    }
}

static void write_value(struct buf *out, const struct json *j, int indent);

static void write_array(struct buf *out, const struct json *j, int indent)
{
    int inner = indent < 0 ? indent : indent + 1;
    buf_append_char(out, '[');
    for (uint32_t i = 0; i < j->count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        new_line(out, inner);
        write_value(out, &j->items[i], inner);
    }
    if (j->count) {
        new_line(out, indent);
    }
    buf_append_char(out, ']');
}

static void write_object(struct buf *out, const struct json *j, int indent)
{
    int inner = indent < 0 ? indent : indent + 1;
    buf_append_char(out, '{');
    for (uint32_t i = 0; i < j->count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        new_line(out, inner);
        json_write_string(out, j->members[i].name);
        buf_append_str(out, indent < 0 ? STR(":") : STR(": "));
        write_value(out, &j->members[i].value, inner);
    }
    if (j->count) {
        new_line(out, indent);
    }
    buf_append_char(out, '}');
}

static void write_value(struct buf *out, const struct json *j, int indent)
{
    switch (j->type) {
    case JSON_NULL:
        buf_literal(out, "null");
        break;
    case JSON_FALSE:
        buf_literal(out, "false");
        break;
    case JSON_TRUE:
        buf_literal(out, "true");
        break;
    case JSON_NUMBER:
        buf_append_str(out, j->text);
        break;
    case JSON_STRING:
        json_write_string(out, j->text);
        break;
    case JSON_ARRAY:
        write_array(out, j, indent);
        break;
    case JSON_OBJECT:
        write_object(out, j, indent);
        break;
    }
}

void json_write(struct buf *out, const struct json *j)
{
    write_value(out, j, -1);
}

void json_write_pretty(struct buf *out, const struct json *j)
{
    write_value(out, j, 0);
    buf_append_char(out, '\n');
}
