#include "indexer/base/number.h"
#include "server/query/filter.h"

const struct filter *filter_new(const struct filter *like, struct arena *arena)
{
    struct filter *f = ARENA_NEW(arena, struct filter);

    if (f)
        *f = *like;
    return f;
}

const struct filter *filter_both(const struct filter *a, const struct filter *b, struct arena *arena)
{
    struct filter *children;

    if (!a || !b)
        return a ? a : b;
    children = ARENA_ARRAY(arena, struct filter, 2);
    if (!children)
        return NULL;
    children[0] = *a;
    children[1] = *b;
    return filter_new(&(struct filter){.kind = FILTER_AND, .children = children, .child_count = 2}, arena);
}

const struct filter *filter_range(struct str attribute, struct str low, struct str high, struct arena *arena)
{
    struct filter from = {.kind = FILTER_NUMBER, .attribute = attribute, .value = low, .op = ">="};
    struct filter to = {.kind = FILTER_NUMBER, .attribute = attribute, .value = high, .op = "<="};

    return filter_both(&from, &to, arena);
}

bool filter_is_number(struct str s)
{
    double value;

    return number_parse_double(s, &value);
}

bool filter_op_known(const char *op)
{
    static const char *const known[] = {"=", "!=", "<", "<=", ">", ">="};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(op, known[i]) == 0)
            return true;
    }
    return false;
}

static const struct filter *negate(const struct filter *f, struct arena *arena)
{
    return f ? filter_new(&(struct filter){.kind = FILTER_NOT, .children = f, .child_count = 1}, arena) : NULL;
}

enum status filter_of_facet(const struct filter **out, struct str text, struct arena *arena, struct error *err)
{
    struct filter f = {.kind = FILTER_FACET};
    size_t colon = str_find_char(text, ':');
    bool negative = false;

    if (colon == SIZE_MAX || colon == 0)
        return error_set(err, STATUS_INPUT, "'" STR_FMT "' is no facet filter; write \"attribute:value\"",
                         STR_ARG(str_slice(text, 0, str_utf8_cut(text, text.size < 60 ? text.size : 60))));
    f.attribute = str_trim(str_slice(text, 0, colon));
    f.value = str_slice(text, colon + 1, text.size);
    if (str_starts_with(f.attribute, STR("-"))) {
        negative = true;
        f.attribute = str_slice(f.attribute, 1, f.attribute.size);
    }
    if (str_starts_with(f.value, STR("-"))) {
        negative = !negative;
        f.value = str_slice(f.value, 1, f.value.size);
    } else if (str_starts_with(f.value, STR("\\-"))) {
        f.value = str_slice(f.value, 1, f.value.size);
    }
    *out = filter_new(&f, arena);
    if (negative)
        *out = negate(*out, arena);
    return *out ? STATUS_OK : error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
}

static enum status wrong_number(struct str text, struct error *err)
{
    return error_set(err, STATUS_INPUT,
                     "'" STR_FMT "' is no numeric filter; write \"attribute >= 10\" or \"attribute:10 TO 20\"",
                     STR_ARG(str_slice(text, 0, str_utf8_cut(text, text.size < 60 ? text.size : 60))));
}

static enum status range_of(const struct filter **out, struct str text, struct arena *arena, struct error *err)
{
    size_t colon = str_find_char(text, ':');
    struct str rest, low, high;
    size_t to;

    if (colon == SIZE_MAX || colon == 0)
        return wrong_number(text, err);
    rest = str_slice(text, colon + 1, text.size);
    to = str_find(rest, STR(" TO "));
    low = str_trim(to == SIZE_MAX ? rest : str_slice(rest, 0, to));
    high = to == SIZE_MAX ? low : str_trim(str_slice(rest, to + 4, rest.size));
    if (!filter_is_number(low) || !filter_is_number(high))
        return wrong_number(text, err);
    *out = filter_range(str_trim(str_slice(text, 0, colon)), low, high, arena);
    return *out ? STATUS_OK : error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
}

enum status filter_of_number(const struct filter **out, struct str text, struct arena *arena, struct error *err)
{
    struct filter f = {.kind = FILTER_NUMBER};
    size_t at = 0, op_size;

    while (at < text.size && !strchr("<>=!:", text.data[at]))
        at++;
    if (at == text.size || at == 0)
        return wrong_number(text, err);
    if (text.data[at] == ':')
        return range_of(out, text, arena, err);
    op_size = at + 1 < text.size && text.data[at + 1] == '=' ? 2 : 1;
    memcpy(f.op, text.data + at, op_size);
    f.attribute = str_trim(str_slice(text, 0, at));
    f.value = str_trim(str_slice(text, at + op_size, text.size));
    if (strcmp(f.op, "==") == 0)
        f.op[1] = '\0';
    if (!filter_op_known(f.op) || f.attribute.size == 0 || !filter_is_number(f.value))
        return wrong_number(text, err);
    *out = filter_new(&f, arena);
    return *out ? STATUS_OK : error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
}

/* --- lists --- */
struct list_parser {
    enum filter_list list;
    struct arena *arena;
    struct error *err;
    size_t count;
};

static enum status list_value(struct list_parser *p, const struct filter **out, const struct json *value, int depth);

static enum status condition(struct list_parser *p, const struct filter **out, struct str text)
{
    if (++p->count > FILTERS_LIMIT)
        return error_set(p->err, STATUS_INPUT, "more than %d conditions", FILTERS_LIMIT);
    if (p->list == FILTER_LIST_NUMBER)
        return filter_of_number(out, text, p->arena, p->err);
    if (p->list == FILTER_LIST_TAG)
        text = arena_printf(p->arena, "_tags:" STR_FMT, STR_ARG(text));
    return filter_of_facet(out, text, p->arena, p->err);
}

/* "price>=50,price<=400": all of them. Commas of facet values are theirs ("Ibex, Ltd"). */
static enum status condition_list(struct list_parser *p, const struct filter **out, struct str text)
{
    *out = NULL;
    for (struct str rest = text; rest.data;) {
        const struct filter *f;
        struct str piece = str_trim(str_split(&rest, ','));
        enum status status;
        if (piece.size == 0)
            continue;
        status = condition(p, &f, piece);
        if (status != STATUS_OK)
            return status;
        *out = filter_both(*out, f, p->arena);
    }
    return STATUS_OK;
}

static enum status string_value(struct list_parser *p, const struct filter **out, struct str text, int depth)
{
    struct str trimmed = str_trim(text);

    *out = NULL;
    if (trimmed.size == 0)
        return STATUS_OK;
    if (trimmed.data[0] == '[' && depth == 0) {
        struct json *inner = ARENA_NEW(p->arena, struct json);
        enum status status;
        if (!inner)
            return error_set(p->err, STATUS_LIMIT, "the filters need more memory than a request may use");
        status = json_parse(trimmed, p->arena, inner, p->err);
        return status == STATUS_OK ? list_value(p, out, inner, depth + 1) : status;
    }
    if (p->list == FILTER_LIST_NUMBER)
        return condition_list(p, out, trimmed);
    return condition(p, out, text);
}

/* Outer arrays are conjunctions, arrays inside them disjunctions, and so on in turn. */
static enum status array_value(struct list_parser *p, const struct filter **out, const struct json *value, int depth,
                               bool any)
{
    struct filter *children = ARENA_ARRAY(p->arena, struct filter, value->count + 1);
    struct filter f = {.kind = any ? FILTER_OR : FILTER_AND, .children = children};

    *out = NULL;
    if (!children)
        return error_set(p->err, STATUS_LIMIT, "the filters need more memory than a request may use");
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json *item = &value->items[i];
        const struct filter *child = NULL;
        enum status status = item->type == JSON_ARRAY && depth < FILTER_DEPTH
                                 ? array_value(p, &child, item, depth + 1, !any)
                                 : list_value(p, &child, item, depth + 1);
        if (status != STATUS_OK)
            return status;
        if (child)
            children[f.child_count++] = *child;
    }
    if (f.child_count == 0)
        return STATUS_OK;
    *out = f.child_count == 1 ? children : filter_new(&f, p->arena);
    return *out ? STATUS_OK : error_set(p->err, STATUS_LIMIT, "the filters need more memory than a request may use");
}

static enum status list_value(struct list_parser *p, const struct filter **out, const struct json *value, int depth)
{
    *out = NULL;
    if (depth > FILTER_DEPTH)
        return error_set(p->err, STATUS_INPUT, "nested more than %d deep", FILTER_DEPTH);
    if (value->type == JSON_STRING)
        return string_value(p, out, value->text, depth);
    if (value->type == JSON_ARRAY)
        return array_value(p, out, value, depth, false);
    if (value->type == JSON_NULL)
        return STATUS_OK;
    return error_set(p->err, STATUS_INPUT, "must be a string or an array of strings and arrays");
}

enum status filter_of_json(const struct filter **out, const struct json *value, enum filter_list list,
                           struct arena *arena, struct error *err)
{
    struct list_parser p = {list, arena, err, 0};
    enum status status = list_value(&p, out, value, 0);

    if (status == STATUS_OK && arena->failed)
        status = error_set(err, STATUS_LIMIT, "the filters need more memory than a request may use");
    return status;
}
