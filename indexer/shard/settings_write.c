/* Settings given back, and what a change of them costs. */
#include <stdio.h>
#include <stdlib.h>

#include "indexer/shard/settings_internal.h"

static void set_default(struct json *document, const char *key, struct json value, struct arena *arena)
{
    if (!json_get(document, key))
        json_object_set(document, str_from(key), value, arena);
}

static struct json strings_json(const struct str *list, size_t count, struct arena *arena)
{
    struct json *items = ARENA_ARRAY(arena, struct json, count + 1);

    for (size_t i = 0; i < count; i++)
        items[i] = json_of_str(list[i]);
    return json_array(items, count);
}

/* What was set, and the defaults of what every document names. */
static struct json document_of(const struct settings *s, struct arena *arena)
{
    static const struct str EVERYTHING[] = {{"*", 1}};
    struct json document = json_clone(&s->source, arena);

    set_default(&document, "searchableAttributes", strings_json(EVERYTHING, 1, arena), arena);
    set_default(&document, "attributesForFaceting", json_array(NULL, 0), arena);
    set_default(&document, "customRanking", json_array(NULL, 0), arena);
    set_default(&document, "replicas", json_array(NULL, 0), arena);
    set_default(&document, "languages", strings_json(&s->language, s->language.size ? 1 : 0, arena), arena);
    set_default(&document, "stemmer", json_of_str(s->stemmer), arena);
    set_default(&document, "synonyms", json_array(NULL, 0), arena);
    set_default(&document, "identifiers", strings_json(s->identifiers, s->identifier_count, arena), arena);
    set_default(&document, "groupAttribute", json_of_str(s->group_attribute), arena);
    set_default(&document, "attributesToRetrieve", strings_json(EVERYTHING, 1, arena), arena);
    set_default(&document, "unretrievableAttributes", json_array(NULL, 0), arena);
    set_default(&document, "highlightPreTag", json_of_str(s->highlight_pre_tag), arena);
    set_default(&document, "highlightPostTag", json_of_str(s->highlight_post_tag), arena);
    set_default(&document, "hitsPerPage", json_of_i64(s->hits_per_page, arena), arena);
    set_default(&document, "maxValuesPerFacet", json_of_i64(s->max_values_per_facet, arena), arena);
    set_default(&document, "paginationLimitedTo", json_of_i64(s->pagination_limited_to, arena), arena);
    set_default(&document, "minHits", json_of_i64(s->min_hits, arena), arena);
    set_default(&document, "typoTolerance", json_of_bool(s->typo_tolerance), arena);
    set_default(&document, "distinct", json_of_bool(s->distinct), arena);
    set_default(&document, "sortFacetValuesBy", json_of_str(s->sort_facets_by_alpha ? STR("alpha") : STR("count")),
                arena);
    set_default(&document, "buryOutOfStock", json_of_bool(s->bury_out_of_stock), arena);
    set_default(&document, "stores", json_array(NULL, 0), arena);
    set_default(&document, "priceLists", json_array(NULL, 0), arena);
    json_object_set(&document, STR("events"), settings_events_json(s, arena), arena);
    return document;
}

void settings_write(const struct settings *s, struct buf *out, bool pretty)
{
    struct arena arena;
    struct json document;

    arena_init(&arena, 0);
    document = document_of(s, &arena);
    if (pretty)
        json_write_pretty(out, &document);
    else
        json_write(out, &document);
    arena_release(&arena);
}

/* .7, not .69999999: what a float was written as. */
static struct json number_json(float number, struct arena *arena)
{
    char text[32];

    snprintf(text, sizeof(text), "%g", (double)number);
    return json_of_double(strtod(text, NULL), arena);
}

void settings_show(const struct settings *s, struct buf *out)
{
    struct arena arena;
    struct json document, weights = {.type = JSON_OBJECT};

    arena_init(&arena, 0);
    document = document_of(s, &arena);
    set_default(&document, "k1", number_json(s->k1, &arena), &arena);
    set_default(&document, "b", number_json(s->b, &arena), &arena);
    set_default(&document, "priorWeight", number_json(s->prior_weight, &arena), &arena);
    set_default(&document, "synonymWeight", number_json(s->synonym_weight, &arena), &arena);
    for (size_t i = 0; i < s->field_count; i++)
        json_object_set(&weights, s->fields[i].name, number_json(s->fields[i].weight, &arena), &arena);
    json_object_set(&document, STR(SETTINGS_WEIGHTS), weights, &arena);
    json_write(out, &document);
    arena_release(&arena);
}

static bool strings_equal(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (!str_equal(a[i], b[i]))
            return false;
    }
    return true;
}

/* Stop words are indexed like other words, so their list is the queries' alone. */
static bool same_analysis(const struct settings *a, const struct settings *b)
{
    return str_equal(a->language, b->language) && str_equal(a->stemmer, b->stemmer);
}

/* Fields are numbered by position, so the attributes of each must stay; weights may change. */
static bool same_fields(const struct settings *a, const struct settings *b)
{
    if (a->field_count != b->field_count)
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        if (!strings_equal(a->fields[i].attributes, a->fields[i].attribute_count, b->fields[i].attributes,
                           b->fields[i].attribute_count))
            return false;
    }
    return true;
}

static const struct facet_setting *find_facet(const struct settings *s, struct str attribute)
{
    for (size_t i = 0; i < s->facet_count; i++) {
        if (str_equal(s->facets[i].attribute, attribute))
            return &s->facets[i];
    }
    return NULL;
}

/* Every facet of b has its column under a. */
static bool facets_covered(const struct settings *a, const struct settings *b)
{
    for (size_t i = 0; i < b->facet_count; i++) {
        const struct facet_setting *old = find_facet(a, b->facets[i].attribute);

        if (!old || old->kind != b->facets[i].kind)
            return false;
    }
    return true;
}

enum settings_change settings_compare(const struct settings *a, const struct settings *b)
{
    struct buf left = BUF_EMPTY, right = BUF_EMPTY;
    enum settings_change change = SETTINGS_IMMEDIATE;

    settings_write(a, &left, false);
    settings_write(b, &right, false);
    if (str_equal(buf_str(&left), buf_str(&right)))
        change = SETTINGS_SAME;
    buf_release(&left);
    buf_release(&right);
    if (change == SETTINGS_SAME)
        return change;
    for (int role = 0; role < ROLE_COUNT; role++) {
        if (!str_equal(a->role_attribute[role], b->role_attribute[role]))
            return SETTINGS_REBUILD;
    }
    if (!settings_same_dimensions(a, b) || !same_analysis(a, b) || !same_fields(a, b) || !facets_covered(a, b) ||
        !str_equal(a->group_attribute, b->group_attribute) ||
        !strings_equal(a->identifiers, a->identifier_count, b->identifiers, b->identifier_count))
        return SETTINGS_REBUILD;
    return SETTINGS_IMMEDIATE;
}
