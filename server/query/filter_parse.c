/*
 * The `filters` language, by recursive descent:
 *
 *   or        = and { "OR" and }
 *   and       = not { "AND" not }
 *   not       = [ "NOT" ] ( "(" or ")" | condition )
 *   condition = name ":" value [ "TO" number ] [ "<score=" n ">" ]  |  name op number  |  value (of _tags)
 *   name, value = "double" or 'single' quoted, or a run without white space and parentheses
 *
 * Operators are in capitals. AND binds tighter than OR.
 */
#include "server/query/filter.h"

struct filter_parser {
    struct str text;
    size_t at;
    int depth;
    size_t count;
    struct arena *arena;
    struct error *err;
};

static enum status parse_or(struct filter_parser *p, const struct filter **out);

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct filter_parser *p)
{
    while (p->at < p->text.size && is_space(p->text.data[p->at]))
        p->at++;
}

static enum status wrong(const struct filter_parser *p, const char *expected)
{
    return error_set(p->err, STATUS_INPUT, "offset %zu: expected %s", p->at, expected);
}

static enum status full(const struct filter_parser *p)
{
    return error_set(p->err, STATUS_LIMIT, "the filters need more memory than a request may use");
}

/* Takes a keyword that stands alone. */
static bool take_word(struct filter_parser *p, struct str word)
{
    struct str rest;

    skip_space(p);
    rest = str_slice(p->text, p->at, p->text.size);
    if (!str_starts_with(rest, word))
        return false;
    if (rest.size > word.size && !is_space(rest.data[word.size]) && rest.data[word.size] != '(')
        return false;
    p->at += word.size;
    return true;
}

static enum status quoted(struct filter_parser *p, struct str *out)
{
    char quote = p->text.data[p->at];
    char *copy = arena_alloc(p->arena, p->text.size - p->at + 1);
    size_t size = 0, from = p->at++;

    if (!copy)
        return full(p);
    for (; p->at < p->text.size && p->text.data[p->at] != quote; p->at++) {
        if (p->text.data[p->at] == '\\' && p->at + 1 < p->text.size)
            p->at++;
        copy[size++] = p->text.data[p->at];
    }
    if (p->at == p->text.size) {
        p->at = from;
        return wrong(p, "a closing quote for the one that opens here");
    }
    p->at++;
    *out = (struct str){copy, size};
    return STATUS_OK;
}

/* A quoted text, or a run up to white space, a parenthesis or one of `stops`. */
static enum status take_text(struct filter_parser *p, const char *stops, struct str *out)
{
    size_t from;

    skip_space(p);
    if (p->at < p->text.size && (p->text.data[p->at] == '"' || p->text.data[p->at] == '\''))
        return quoted(p, out);
    from = p->at;
    while (p->at < p->text.size && !is_space(p->text.data[p->at]) && !strchr("()", p->text.data[p->at]) &&
           !strchr(stops, p->text.data[p->at]))
        p->at++;
    *out = str_slice(p->text, from, p->at);
    return p->at > from ? STATUS_OK : wrong(p, "a name or a value");
}

static void take_score(struct filter_parser *p)
{
    struct str rest = str_slice(p->text, p->at, p->text.size);
    size_t end;

    if (!str_starts_with(rest, STR("<score=")))
        return;
    end = str_find_char(rest, '>');
    if (end != SIZE_MAX)
        p->at += end + 1;
}

static enum status made(const struct filter_parser *p, const struct filter **out, const struct filter *f)
{
    *out = f;
    return f ? STATUS_OK : full(p);
}

static enum status facet_or_range(struct filter_parser *p, struct str name, const struct filter **out)
{
    struct str value, high;
    enum status status = take_text(p, "<", &value);

    if (status != STATUS_OK)
        return status;
    take_score(p);
    if (filter_is_number(value) && take_word(p, STR("TO"))) {
        status = take_text(p, "<", &high);
        if (status != STATUS_OK)
            return status;
        if (!filter_is_number(high))
            return wrong(p, "a number after TO");
        take_score(p);
        return made(p, out, filter_range(name, value, high, p->arena));
    }
    return made(p, out,
                filter_new(&(struct filter){.kind = FILTER_FACET, .attribute = name, .value = value}, p->arena));
}

static enum status comparison(struct filter_parser *p, struct str name, const struct filter **out)
{
    struct filter f = {.kind = FILTER_NUMBER, .attribute = name};
    size_t size = p->at + 1 < p->text.size && p->text.data[p->at + 1] == '=' ? 2 : 1;
    enum status status;

    memcpy(f.op, p->text.data + p->at, size);
    if (strcmp(f.op, "==") == 0)
        f.op[1] = '\0';
    if (!filter_op_known(f.op))
        return wrong(p, "one of = != < <= > >=");
    p->at += size;
    status = take_text(p, "", &f.value);
    if (status != STATUS_OK)
        return status;
    if (!filter_is_number(f.value)) {
        p->at -= f.value.size < p->at ? f.value.size : p->at;
        return wrong(p, "a number");
    }
    return made(p, out, filter_new(&f, p->arena));
}

static enum status parse_condition(struct filter_parser *p, const struct filter **out)
{
    struct str name;
    enum status status = take_text(p, ":<>=!", &name);

    if (status != STATUS_OK)
        return status;
    if (++p->count > FILTERS_LIMIT)
        return error_set(p->err, STATUS_INPUT, "offset %zu: more than %d conditions", p->at, FILTERS_LIMIT);
    skip_space(p);
    if (p->at < p->text.size && p->text.data[p->at] == ':') {
        p->at++;
        return facet_or_range(p, name, out);
    }
    if (p->at < p->text.size && strchr("<>=!", p->text.data[p->at]))
        return comparison(p, name, out);
    return made(p, out,
                filter_new(&(struct filter){.kind = FILTER_FACET, .attribute = STR("_tags"), .value = name}, p->arena));
}

static enum status parse_not(struct filter_parser *p, const struct filter **out)
{
    bool negative = take_word(p, STR("NOT"));
    enum status status;

    skip_space(p);
    if (p->at < p->text.size && p->text.data[p->at] == '(') {
        p->at++;
        status = parse_or(p, out);
        if (status != STATUS_OK)
            return status;
        skip_space(p);
        if (p->at == p->text.size || p->text.data[p->at] != ')')
            return wrong(p, "')'");
        p->at++;
    } else {
        status = parse_condition(p, out);
        if (status != STATUS_OK)
            return status;
    }
    if (!negative)
        return STATUS_OK;
    return made(p, out, filter_new(&(struct filter){.kind = FILTER_NOT, .children = *out, .child_count = 1}, p->arena));
}

/* A chain of operands joined by `word`; the operands are gathered in blocks that double. */
static enum status parse_chain(struct filter_parser *p, struct str word,
                               enum status (*operand)(struct filter_parser *, const struct filter **),
                               enum filter_kind kind, const struct filter **out)
{
    struct filter *children = NULL;
    size_t count = 0, capacity = 0;

    do {
        const struct filter *child;
        enum status status = operand(p, &child);
        if (status != STATUS_OK)
            return status;
        if (count == capacity) {
            struct filter *grown = ARENA_ARRAY(p->arena, struct filter, capacity ? 2 * capacity : 2);
            if (!grown)
                return full(p);
            if (count)
                memcpy(grown, children, count * sizeof(*grown));
            children = grown;
            capacity = capacity ? 2 * capacity : 2;
        }
        children[count++] = *child;
    } while (take_word(p, word));
    if (count == 1)
        return made(p, out, children);
    return made(p, out,
                filter_new(&(struct filter){.kind = kind, .children = children, .child_count = count}, p->arena));
}

static enum status parse_and(struct filter_parser *p, const struct filter **out)
{
    return parse_chain(p, STR("AND"), parse_not, FILTER_AND, out);
}

static enum status parse_or(struct filter_parser *p, const struct filter **out)
{
    enum status status;

    if (++p->depth > FILTER_DEPTH)
        return error_set(p->err, STATUS_INPUT, "offset %zu: nested more than %d deep", p->at, FILTER_DEPTH);
    status = parse_chain(p, STR("OR"), parse_and, FILTER_OR, out);
    p->depth--;
    return status;
}

enum status filter_parse(const struct filter **out, struct str text, struct arena *arena, struct error *err)
{
    struct filter_parser p = {.text = text, .arena = arena, .err = err};
    enum status status;

    *out = NULL;
    skip_space(&p);
    if (p.at == text.size)
        return STATUS_OK;
    status = parse_or(&p, out);
    if (status != STATUS_OK)
        return status;
    skip_space(&p);
    if (p.at < text.size)
        return wrong(&p, "AND, OR or the end; quote a value with spaces");
    return STATUS_OK;
}
