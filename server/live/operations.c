#include "server/live/operations.h"

#include <inttypes.h>

#include "indexer/base/number.h"

static const struct {
    const char *name;
    enum member_operation operation;
} NAMES[] = {
    {"Increment", MEMBER_INCREMENT},
    {"Decrement", MEMBER_DECREMENT},
    {"Add", MEMBER_ADD},
    {"Remove", MEMBER_REMOVE},
    {"AddUnique", MEMBER_ADD_UNIQUE},
    {"IncrementFrom", MEMBER_INCREMENT_FROM},
    {"IncrementSet", MEMBER_INCREMENT_SET},
};

static struct json number_of_decimal(int64_t units, uint8_t scale, struct arena *arena)
{
    struct buf text = BUF_EMPTY;
    decimal_write(&text, units, scale);
    struct json out = json_number_text(arena_copy(arena, buf_str(&text)));
    buf_release(&text);
    return out;
}

/* a + b, or a - b; exact when both are decimals and the sum fits. */
static struct json add_numbers(struct str a, struct str b, bool subtract, struct arena *arena)
{
    struct decimal x;
    struct decimal y;
    int64_t p;
    int64_t q;
    int64_t sum;
    if (decimal_parse(a, &x) && decimal_parse(b, &y)) {
        uint8_t scale = x.scale > y.scale ? x.scale : y.scale;
        if (decimal_rescale(x, scale, &p) && decimal_rescale(y, scale, &q) &&
            !(subtract ? __builtin_sub_overflow(p, q, &sum) : __builtin_add_overflow(p, q, &sum)) && sum != INT64_MIN) {
            return number_of_decimal(sum, scale, arena);
        }
    }
    double left = 0;
    double right = 0;
    (void)(number_parse_double(a, &left) && number_parse_double(b, &right));
    return json_of_double(subtract ? left - right : left + right, arena);
}

static int compare_numbers(struct str a, struct str b)
{
    struct decimal x;
    struct decimal y;
    if (decimal_parse(a, &x) && decimal_parse(b, &y)) {
        return decimal_compare(x, y);
    }
    double left = 0;
    double right = 0;
    (void)(number_parse_double(a, &left) && number_parse_double(b, &right));
    return left < right ? -1 : left > right;
}

static bool same_value(const struct json *a, const struct json *b)
{
    if (a->type == JSON_NUMBER && b->type == JSON_NUMBER) {
        return compare_numbers(a->text, b->text) == 0;
    }
    struct buf x = BUF_EMPTY;
    struct buf y = BUF_EMPTY;
    json_write(&x, a);
    json_write(&y, b);
    bool same = str_equal(buf_str(&x), buf_str(&y));
    buf_release(&x);
    buf_release(&y);
    return same;
}

static enum status change_number(const struct json *current, const struct json *value, struct arena *arena,
                                 struct member_change *out, bool *ignore, struct error *err)
{
    struct str zero = STR("0");
    if (value->type != JSON_NUMBER) {
        return error_set(err, STATUS_INPUT, "'value' of '_operation' must be a number");
    }
    if (current && current->type != JSON_NUMBER && current->type != JSON_NULL) {
        return error_set(err, STATUS_INPUT, "the attribute is not a number");
    }
    struct str now = current && current->type == JSON_NUMBER ? current->text : zero;
    int order = compare_numbers(value->text, now);
    switch (out->operation) {
    case MEMBER_INCREMENT_FROM:
        *ignore = order != 0;
        out->value = add_numbers(now, STR("1"), false, arena);
        break;
    case MEMBER_INCREMENT_SET:
        *ignore = order <= 0;
        out->value = *value;
        break;
    default:
        out->value = add_numbers(now, value->text, out->operation == MEMBER_DECREMENT, arena);
    }
    if (out->value.type != JSON_NUMBER) {
        return error_set(err, STATUS_INPUT, "the result is not a number that can be written");
    }
    return STATUS_OK;
}

enum status operation_add(const struct json *current, const struct json *value, struct arena *arena,
                          struct member_change *out, struct error *err)
{
    bool ignore;
    return change_number(current, value, arena, out, &ignore, err);
}

static enum status change_array(const struct json *current, const struct json *value, struct arena *arena,
                                struct member_change *out, struct error *err)
{
    uint32_t count = current && current->type == JSON_ARRAY ? current->count : 0;
    uint32_t kept = 0;
    bool there = false;
    if (current && current->type != JSON_ARRAY && current->type != JSON_NULL) {
        return error_set(err, STATUS_INPUT, "the attribute is not an array");
    }
    struct json *items = ARENA_ARRAY(arena, struct json, (size_t)count + 1);
    if (!items) {
        return error_set(err, STATUS_LIMIT, "out of memory for an array");
    }
    for (uint32_t i = 0; i < count; i++) {
        bool same = same_value(&current->items[i], value);
        there |= same;
        if (!same || out->operation != MEMBER_REMOVE) {
            items[kept++] = current->items[i];
        }
    }
    if (out->operation == MEMBER_ADD || (out->operation == MEMBER_ADD_UNIQUE && !there)) {
        items[kept++] = *value;
    }
    out->value = json_array(items, kept);
    return STATUS_OK;
}

enum status operation_apply(const struct json *current, const struct json *given, struct arena *arena,
                            struct member_change *out, bool *ignore, struct error *err)
{
    struct str name;
    const struct json *operation = json_get(given, "_operation");
    const struct json *value = json_get(given, "value");
    out->operation = MEMBER_SET;
    out->value = *given;
    if (!operation) {
        return STATUS_OK;
    }
    if (!json_string(operation, &name) || !value) {
        return error_set(err, STATUS_INPUT, "'_operation' must be a string with a 'value' beside it");
    }
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (!str_equal(name, str_from(NAMES[i].name))) {
            continue;
        }
        out->operation = NAMES[i].operation;
        bool array =
            out->operation == MEMBER_ADD || out->operation == MEMBER_REMOVE || out->operation == MEMBER_ADD_UNIQUE;
        return array ? change_array(current, value, arena, out, err)
                     : change_number(current, value, arena, out, ignore, err);
    }
    return error_set(err, STATUS_INPUT,
                     "'_operation' '" STR_FMT "' is not known; Increment, Decrement, Add, Remove, "
                     "AddUnique, IncrementFrom, IncrementSet are",
                     STR_ARG(name));
}
