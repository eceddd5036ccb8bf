#include "tests/property/oracle.h"

#include <stdlib.h>

#include "tests/property/oracle_internal.h"

/* --- objects --- */

static void add_token(struct oracle *o, struct oracle_doc *doc, struct str text, int field)
{
    for (size_t i = 0; i < doc->token_count; i++) {
        if (str_equal(doc->tokens[i].text, text)) {
            doc->tokens[i].frequency[field]++;
            return;
        }
    }
    if ((doc->token_count & (doc->token_count - 1)) == 0) {
        size_t capacity = doc->token_count ? doc->token_count * 2 : 1;
        struct oracle_token *more = ARENA_ARRAY(&o->arena, struct oracle_token, capacity);
        if (doc->token_count)
            memcpy(more, doc->tokens, doc->token_count * sizeof(*more));
        doc->tokens = more;
    }
    struct oracle_token *t = &doc->tokens[doc->token_count++];
    t->text = arena_copy(&o->arena, text);
    t->frequency[field] = 1;
}

static void add_text(struct oracle *o, struct oracle_doc *doc, struct str text, int field)
{
    const struct token *tokens;
    size_t count;
    if (analyze(o->analysis, text, &tokens, &count) != STATUS_OK)
        abort();
    bool title = str_equal(o->settings->fields[field].attributes[0], STR("title")) && doc->length[field] == 0;
    for (size_t i = 0; i < count; i++) {
        if (title && tokens[i].kind == TOKEN_WORD && doc->title_count < ORACLE_TITLE) {
            doc->accessory[doc->title_count] = analysis_is_accessory(o->analysis, tokens[i].text);
            doc->title[doc->title_count++] = arena_copy(&o->arena, tokens[i].text);
        }
        if (tokens[i].kind == TOKEN_SPLIT) {
            add_token(o, doc, tokens[i].text, ORACLE_FIELDS - 1);
        } else {
            add_token(o, doc, tokens[i].text, field);
            doc->length[field]++;
        }
    }
}

static void add_value(struct oracle *o, struct oracle_doc *doc, const struct json *value, int field)
{
    if (!value)
        return;
    if (value->type == JSON_STRING)
        add_text(o, doc, value->text, field);
    for (size_t i = 0; value->type == JSON_ARRAY && i < value->count; i++)
        add_value(o, doc, &value->items[i], field);
}

static bool stated_available(const struct json *object)
{
    bool available;
    return !json_bool(json_get(object, "in_stock"), &available) || available;
}

size_t oracle_add(struct oracle *o, struct str json_text)
{
    struct oracle_doc doc = {0};
    struct error err;
    struct str text = arena_copy(&o->arena, json_text);
    if (json_parse(text, &o->arena, &doc.object, &err) != STATUS_OK)
        abort();
    if (!json_string(json_get(&doc.object, "objectID"), &doc.id))
        abort();
    if (!json_string(json_get(&doc.object, "item_group_id"), &doc.group))
        doc.group = doc.id;
    for (size_t f = 0; f < o->settings->field_count; f++) {
        const struct search_field *field = &o->settings->fields[f];
        for (size_t a = 0; a < field->attribute_count; a++)
            add_value(o, &doc, json_get_path(&doc.object, field->attributes[a]), (int)f);
    }
    double quantity;
    doc.in_stock =
        stated_available(&doc.object) && (!json_double(json_get(&doc.object, "stock"), &quantity) || quantity > 0);
    vec_push(&o->docs, doc);
    return o->docs.count - 1;
}

void oracle_init(struct oracle *o, const struct settings *settings, const struct analyzer *analyzer)
{
    memset(o, 0, sizeof(*o));
    o->settings = settings;
    o->analysis = analysis_new(analyzer);
    arena_init(&o->arena, 0);
}

void oracle_release(struct oracle *o)
{
    analysis_free(o->analysis);
    arena_release(&o->arena);
    vec_release(&o->docs);
}

/* --- values --- */

/* The values of an attribute as a facet shows them: numbers by their shortest text. */
void oracle_values(const struct oracle_doc *doc, struct str attribute, struct arena *arena, struct oracle_list *out)
{
    out->count = 0;
    if (str_equal(attribute, STR("in_stock"))) {
        out->values[out->count++] = doc->in_stock ? STR("true") : STR("false");
        return;
    }
    if (str_starts_with(attribute, STR("category.lvl"))) {
        oracle_category_values(doc, (uint32_t)(attribute.data[12] - '0'), arena, out);
        return;
    }
    const struct json *value = json_get_path(&doc->object, attribute);
    size_t count = !value ? 0 : value->type == JSON_ARRAY ? value->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct json *v = value->type == JSON_ARRAY ? &value->items[i] : value;
        struct str text = {0};
        double number;
        bool flag;
        if (v->type == JSON_STRING)
            text = v->text;
        else if (json_double(v, &number))
            text = arena_printf(arena, "%.10g", number);
        else if (json_bool(v, &flag))
            text = flag ? STR("true") : STR("false");
        bool fresh = text.size > 0;
        for (size_t k = 0; k < out->count; k++)
            fresh = fresh && !str_equal(out->values[k], text);
        if (fresh && out->count < ORACLE_VALUES)
            out->values[out->count++] = text;
    }
}

static void add_level(struct str path, uint32_t level, struct oracle_list *out)
{
    size_t end = 0;
    for (uint32_t l = 0; l <= level && end < path.size; l++) {
        size_t from = l ? end + 3 : 0;
        size_t next = str_find(str_slice(path, from, path.size), STR(" > "));
        end = next == SIZE_MAX ? path.size : from + next;
        if (l == level)
            oracle_list_add(out, str_slice(path, 0, end));
    }
}

/* Paths, one or several; an array of names without any " > " is one path. */
void oracle_category_values(const struct oracle_doc *doc, uint32_t level, struct arena *arena, struct oracle_list *out)
{
    const struct json *value = json_get(&doc->object, "category");
    size_t count = !value ? 0 : value->type == JSON_ARRAY ? value->count : 1;
    bool names = count > 1;
    struct str joined = {0};
    for (size_t i = 0; i < count && value->type == JSON_ARRAY; i++) {
        names = names && str_find(value->items[i].text, STR(" > ")) == SIZE_MAX;
        joined = i == 0 ? value->items[i].text
                        : arena_printf(arena, STR_FMT " > " STR_FMT, STR_ARG(joined), STR_ARG(value->items[i].text));
    }
    if (names) {
        add_level(joined, level, out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_level(value->type == JSON_ARRAY ? value->items[i].text : value->text, level, out);
}

void oracle_list_add(struct oracle_list *list, struct str value)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->values[i], value))
            return;
    }
    if (list->count < ORACLE_VALUES)
        list->values[list->count++] = value;
}

/* The numbers of an attribute. */
size_t oracle_numbers(const struct oracle_doc *doc, struct str attribute, double out[ORACLE_VALUES])
{
    const struct json *value = json_get_path(&doc->object, attribute);
    size_t count = !value ? 0 : value->type == JSON_ARRAY ? value->count : 1;
    size_t found = 0;
    for (size_t i = 0; i < count && found < ORACLE_VALUES; i++) {
        const struct json *v = value->type == JSON_ARRAY ? &value->items[i] : value;
        if (v->type == JSON_NUMBER && json_double(v, &out[found]))
            found++;
    }
    return found;
}

/* --- filters --- */

static bool compare_number(double value, enum oracle_op op, double bound)
{
    switch (op) {
    case ORACLE_EQ:
        return value == bound;
    case ORACLE_LT:
        return value < bound;
    case ORACLE_LE:
        return value <= bound;
    case ORACLE_GT:
        return value > bound;
    default:
        return value >= bound;
    }
}

static bool condition_holds(const struct oracle_doc *doc, const struct oracle_condition *c, struct arena *arena)
{
    bool holds = false;
    if (c->numeric) {
        double numbers[ORACLE_VALUES];
        size_t count = oracle_numbers(doc, c->attribute, numbers);
        for (size_t i = 0; i < count; i++)
            holds = holds || compare_number(numbers[i], c->op == ORACLE_NE ? ORACLE_EQ : c->op, c->number);
        if (c->op == ORACLE_NE) /* not equal is the opposite of equal: objects without the attribute are in */
            holds = !holds;
    } else {
        struct oracle_list list;
        oracle_values(doc, c->attribute, arena, &list);
        for (size_t i = 0; i < list.count; i++)
            holds = holds || str_equal(list.values[i], c->value);
    }
    return holds != c->negated;
}

bool oracle_passes(const struct oracle_doc *doc, const struct oracle_query *q, struct arena *arena)
{
    if (doc->deleted)
        return false;
    for (size_t i = 0; i < q->clause_count; i++) {
        bool any = false;
        for (size_t k = 0; k < q->clauses[i].count; k++)
            any = any || condition_holds(doc, &q->clauses[i].any[k], arena);
        if (!any)
            return false;
    }
    return true;
}
