#include "indexer/base/number.h"
#include "indexer/build/product_values.h"

bool plain_number(struct str s, char out[24])
{
    size_t n = 0;
    size_t digits = 0;
    size_t decimals = 0;
    bool point = false;
    s = str_trim(s);
    if (s.size == 0 || s.size > 18) {
        return false;
    }
    size_t at = s.data[0] == '-';
    bool zero_first = at + 1 < s.size && s.data[at] == '0' && s.data[at + 1] >= '0' && s.data[at + 1] <= '9';
    if (zero_first) {
        return false;
    }
    if (at) {
        out[n++] = '-';
    }
    for (; at < s.size; at++) {
        char c = s.data[at];
        bool mark = c == '.' || c == ',';
        if (mark && (point || digits == 0)) {
            return false;
        }
        if (!mark && (c < '0' || c > '9')) {
            return false;
        }
        point = point || mark;
        digits += !mark;
        decimals += point && !mark;
        out[n++] = mark ? '.' : c;
    }
    out[n] = '\0';
    return digits > 0 && digits <= 15 && (!point || (decimals > 0 && decimals <= NUMBER_SCALE_MAX));
}

/* The member at a dotted path, or NULL: the whole name first, then part by part. */
static struct json *find(struct json *object, struct str path)
{
    struct str rest = path;
    if (object->type != JSON_OBJECT) {
        return NULL;
    }
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].name, path)) {
            return &object->members[i].value;
        }
    }
    struct str first = str_split(&rest, '.');
    for (uint32_t i = 0; rest.data && i < object->count; i++) {
        if (str_equal(object->members[i].name, first)) {
            return find(&object->members[i].value, rest);
        }
    }
    return NULL;
}

static void to_number(struct json *value, struct arena *arena)
{
    char text[24];
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++) {
        to_number(&value->items[i], arena);
    }
    if (value->type == JSON_STRING && plain_number(value->text, text)) {
        *value = json_number_text(arena_copy(arena, str_from(text)));
    }
}

void product_numbers(const struct settings *settings, struct json *object, struct arena *arena)
{
    for (size_t i = 0; i < settings->facet_count; i++) {
        const struct facet_setting *facet = &settings->facets[i];
        if (facet->kind_given && facet->kind == FACET_NUMERIC) {
            struct json *value = find(object, facet->attribute);
            if (value) {
                to_number(value, arena);
            }
        }
    }
}
