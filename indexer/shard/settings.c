#include "indexer/shard/settings.h"

#include <stddef.h>
#include <stdlib.h>

#include "indexer/base/limits.h"
#include "indexer/shard/settings_internal.h"

static const char *const ROLE_NAMES[ROLE_COUNT] = {
    [ROLE_NONE] = "none",
    [ROLE_ID] = "objectID",
    [ROLE_GROUP] = "group",
    [ROLE_TITLE] = "title",
    [ROLE_BRAND] = "brand",
    [ROLE_CATEGORY] = "category",
    [ROLE_SHORT_TEXT] = "shortText",
    [ROLE_DESCRIPTION] = "description",
    [ROLE_PRICE] = "price",
    [ROLE_SALE_PRICE] = "salePrice",
    [ROLE_IDENTIFIER] = "identifier",
    [ROLE_QUANTITY] = "quantity",
    [ROLE_AVAILABILITY] = "availability",
    [ROLE_POPULARITY] = "popularity",
};

const char *role_name(enum role role)
{
    return ROLE_NAMES[role];
}

static bool json_is_given(const struct json *value)
{
    return value->type != JSON_NULL;
}

/* --- scalars: one row a key --- */
struct integer_row {
    const char *key;
    size_t offset;
    int64_t standard;
    int64_t min, max;
};

static const struct integer_row INTEGERS[] = {
    {"hitsPerPage", offsetof(struct settings, hits_per_page), 20, 1, LIMIT_HITS_PER_PAGE},
    {"maxValuesPerFacet", offsetof(struct settings, max_values_per_facet), 100, 1, 10000},
    {"paginationLimitedTo", offsetof(struct settings, pagination_limited_to), LIMIT_PAGINATION, 0, 1000000},
    {"minHits", offsetof(struct settings, min_hits), 100, 0, 1000000},
    {"holdUpdatesMinutes", offsetof(struct settings, hold_minutes), 1440, 0, 525600},
};

struct real_row {
    const char *key;
    size_t offset;
    float standard;
    double max;
};

static const struct real_row REALS[] = {
    {"k1", offsetof(struct settings, k1), 1, 10},
    {"b", offsetof(struct settings, b), .75F, 1},
    {"priorWeight", offsetof(struct settings, prior_weight), .05F, 10},
    {"synonymWeight", offsetof(struct settings, synonym_weight), .5F, 1},
};

static enum status read_integers(struct settings *s, struct error *err)
{
    for (size_t i = 0; i < sizeof(INTEGERS) / sizeof(INTEGERS[0]); i++) {
        const struct integer_row *row = &INTEGERS[i];
        int64_t *place = (int64_t *)((char *)s + row->offset);
        const struct json *value = json_get(&s->source, row->key);

        *place = row->standard;
        if (!value || !json_is_given(value))
            continue;
        if (!json_i64(value, place) || *place < row->min || *place > row->max)
            return error_set(err, STATUS_INPUT, "'%s': must be a whole number from %lld to %lld", row->key,
                             (long long)row->min, (long long)row->max);
    }
    return STATUS_OK;
}

static enum status read_reals(struct settings *s, struct error *err)
{
    for (size_t i = 0; i < sizeof(REALS) / sizeof(REALS[0]); i++) {
        const struct real_row *row = &REALS[i];
        const struct json *value = json_get(&s->source, row->key);
        double number = 0;

        *(float *)((char *)s + row->offset) = row->standard;
        if (!value || !json_is_given(value))
            continue;
        if (!json_double(value, &number) || !(number >= 0) || number > row->max)
            return error_set(err, STATUS_INPUT, "'%s': must be a number from 0 to %g", row->key, row->max);
        *(float *)((char *)s + row->offset) = (float)number;
    }
    return STATUS_OK;
}

/* --- strings and flags --- */
enum status settings_strings(struct settings *s, const char *key, const struct json *value, const struct str **out,
                             size_t *count, struct error *err)
{
    struct str *list = NULL;

    *out = NULL;
    *count = 0;
    if (!json_is_given(value))
        return STATUS_OK;
    if (value->type == JSON_STRING) {
        list = ARENA_ARRAY(&s->arena, struct str, 1);
        list[0] = value->text;
        *out = list;
        *count = 1;
        return STATUS_OK;
    }
    if (value->type != JSON_ARRAY)
        return error_set(err, STATUS_INPUT, "'%s': must be a list of strings", key);
    list = ARENA_ARRAY(&s->arena, struct str, value->count + 1);
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->items[i].type != JSON_STRING)
            return error_set(err, STATUS_INPUT, "'%s[%u]': must be a string", key, i);
        list[i] = value->items[i].text;
    }
    *out = list;
    *count = value->count;
    return STATUS_OK;
}

bool settings_modifier(struct str text, const char *name, struct str *inside)
{
    size_t size = strlen(name);

    if (text.size < size + 2 || memcmp(text.data, name, size) != 0 || text.data[size] != '(' ||
        text.data[text.size - 1] != ')')
        return false;
    *inside = str_trim(str_slice(text, size + 1, text.size - 1));
    return true;
}

static enum status read_text(struct settings *s, const char *key, const char *standard, struct str *out,
                             struct error *err)
{
    const struct json *value = json_get(&s->source, key);

    *out = str_from(standard);
    if (!value || !json_is_given(value))
        return STATUS_OK;
    if (!json_string(value, out))
        return error_set(err, STATUS_INPUT, "'%s': must be a string", key);
    return STATUS_OK;
}

/* distinct: true, false, or how many variants of a product are shown (Algolia's form; anything above 0 is true). */
static enum status read_distinct(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    int64_t number = 0;

    s->distinct = false;
    if (!json_is_given(value) || json_bool(value, &s->distinct))
        return STATUS_OK;
    if (!json_i64(value, &number) || number < 0)
        return error_set(err, STATUS_INPUT, "'%s': must be true or false", key);
    s->distinct = number > 0;
    return STATUS_OK;
}

static enum status read_typo(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    struct str text;

    s->typo_tolerance = true;
    if (!json_is_given(value) || json_bool(value, &s->typo_tolerance))
        return STATUS_OK;
    if (json_string(value, &text)) {
        s->typo_tolerance = !str_equal(text, STR("false"));
        if (!s->typo_tolerance || str_equal(text, STR("true")) || str_equal(text, STR("min")) ||
            str_equal(text, STR("strict")))
            return STATUS_OK;
    }
    return error_set(err, STATUS_INPUT, "'%s': must be true, false, \"min\" or \"strict\"", key);
}

static enum status read_bury(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    s->bury_out_of_stock = false;
    if (json_is_given(value) && !json_bool(value, &s->bury_out_of_stock))
        return error_set(err, STATUS_INPUT, "'%s': must be true or false", key);
    return STATUS_OK;
}

static enum status read_facet_order(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    struct str text = STR("count");

    if (json_is_given(value) &&
        (!json_string(value, &text) || (!str_equal(text, STR("count")) && !str_equal(text, STR("alpha")))))
        return error_set(err, STATUS_INPUT, "'%s': must be \"count\" or \"alpha\"", key);
    s->sort_facets_by_alpha = str_equal(text, STR("alpha"));
    return STATUS_OK;
}

static enum status read_language(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    static const char *const ALIASES[] = {"indexLanguages", "queryLanguages"};
    const struct str *list = NULL;
    size_t count = 0;
    enum status status = settings_strings(s, key, value, &list, &count, err);

    for (size_t i = 0; status == STATUS_OK && count == 0 && i < 2; i++) {
        const struct json *alias = json_get(&s->source, ALIASES[i]);

        if (alias)
            status = settings_strings(s, ALIASES[i], alias, &list, &count, err);
    }
    s->language = count ? list[0] : STR("");
    return status;
}

static enum status read_stop_words(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    s->stop_words_given = json_is_given(value);
    return settings_strings(s, key, value, &s->stop_words, &s->stop_word_count, err);
}

static enum status read_retrieve(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    enum status status = settings_strings(s, key, value, &s->retrieve, &s->retrieve_count, err);

    for (size_t i = 0; i < s->retrieve_count; i++) {
        if (str_equal(s->retrieve[i], STR("*")))
            s->retrieve_count = 0;
    }
    return status;
}

static enum status read_unretrievable(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    return settings_strings(s, key, value, &s->unretrievable, &s->unretrievable_count, err);
}

static enum status read_highlight(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    s->highlight_given = json_is_given(value);
    return settings_strings(s, key, value, &s->highlight, &s->highlight_count, err);
}

/* --- roles, identifiers, groups --- */
static enum role role_of_key(struct str key)
{
    for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
        if (str_equal_nocase(key, str_from(ROLE_NAMES[role])))
            return (enum role)role;
    }
    if (str_equal_nocase(key, STR("short_text")))
        return ROLE_SHORT_TEXT;
    if (str_equal_nocase(key, STR("sale_price")))
        return ROLE_SALE_PRICE;
    return ROLE_NONE;
}

static enum status read_roles(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    enum status status = STATUS_OK;

    if (!json_is_given(value))
        return STATUS_OK;
    if (value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s': must be an object such as {\"title\": \"name\"}", key);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *m = &value->members[i];
        enum role role = role_of_key(m->name);

        if (role == ROLE_NONE)
            return error_set(err, STATUS_INPUT,
                             "'%s." STR_FMT "': is no role; roles are title, brand, category, "
                             "shortText, description, price, salePrice, identifier, quantity, availability, "
                             "popularity, group, objectID",
                             key, STR_ARG(m->name));
        if (role == ROLE_IDENTIFIER)
            status = settings_strings(s, "roles.identifier", &m->value, &s->identifiers, &s->identifier_count, err);
        else if (m->value.type != JSON_NULL && !json_string(&m->value, &s->role_attribute[role]))
            status =
                error_set(err, STATUS_INPUT, "'%s." STR_FMT "': must be an attribute's name", key, STR_ARG(m->name));
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void add_mutable(struct mutable_setting *list, size_t *count, struct mutable_setting added)
{
    for (size_t i = 0; i < *count; i++) {
        if (str_equal(list[i].attribute, added.attribute)) {
            list[i] = added;
            return;
        }
    }
    list[(*count)++] = added;
}

/* Roles whose attribute is a number, or is read in a way of its own. */
static bool has_number_role(const struct settings *s, struct str attribute)
{
    static const enum role ROLES[] = {ROLE_PRICE, ROLE_SALE_PRICE, ROLE_QUANTITY, ROLE_POPULARITY, ROLE_AVAILABILITY};

    for (size_t i = 0; i < sizeof(ROLES) / sizeof(ROLES[0]); i++) {
        if (str_equal(s->role_attribute[ROLES[i]], attribute))
            return true;
    }
    return str_starts_with(attribute, STR("sale_price_")) || str_equal(attribute, STR("in_stock"));
}

static enum status read_mutable(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    static const enum role ALWAYS[] = {ROLE_PRICE, ROLE_SALE_PRICE, ROLE_QUANTITY, ROLE_POPULARITY};
    const struct str *names = NULL;
    size_t count = 0, roles = sizeof(ALWAYS) / sizeof(ALWAYS[0]);
    enum status status = settings_strings(s, key, value, &names, &count, err);

    if (status != STATUS_OK)
        return status;
    if (count > SETTINGS_MUTABLE_MAX)
        return error_set(err, STATUS_INPUT, "'%s': at most %d attributes", key, SETTINGS_MUTABLE_MAX);
    struct mutable_setting *list = ARENA_ARRAY(&s->arena, struct mutable_setting, count + roles + 2);
    s->mutable_attributes = list;
    s->mutable_count = 0;
    for (size_t i = 0; i < roles; i++) {
        if (s->role_attribute[ALWAYS[i]].size)
            add_mutable(list, &s->mutable_count, (struct mutable_setting){.attribute = s->role_attribute[ALWAYS[i]]});
    }
    if (s->role_attribute[ROLE_SALE_PRICE].size) {
        add_mutable(list, &s->mutable_count, (struct mutable_setting){.attribute = STR("sale_price_starts")});
        add_mutable(list, &s->mutable_count, (struct mutable_setting){.attribute = STR("sale_price_ends")});
    }
    for (size_t i = 0; i < count; i++) {
        struct mutable_setting m = {.attribute = names[i]};

        if (settings_modifier(names[i], "version", &m.attribute))
            m.by_version = true;
        else
            (void)settings_modifier(names[i], "timestamp", &m.attribute);
        if (m.attribute.size == 0 || str_find_char(m.attribute, '(') != SIZE_MAX)
            return error_set(err, STATUS_INPUT,
                             "'%s[%zu]': '" STR_FMT "' is no attribute; write \"margin\" or \"version(margin)\"", key,
                             i, STR_ARG(names[i]));
        m.named = !has_number_role(s, m.attribute);
        add_mutable(list, &s->mutable_count, m);
    }
    return STATUS_OK;
}

const struct mutable_setting *settings_mutable(const struct settings *s, struct str attribute)
{
    for (size_t i = 0; i < s->mutable_count; i++) {
        if (str_equal(s->mutable_attributes[i].attribute, attribute))
            return &s->mutable_attributes[i];
    }
    return settings_dimension_mutable(s, attribute);
}

bool settings_flag_cells(const struct settings *s, struct str attribute)
{
    for (size_t i = 0; i < s->mutable_count; i++) {
        if (s->mutable_attributes[i].named && str_equal(s->mutable_attributes[i].attribute, attribute))
            return true;
    }
    return false;
}

bool settings_in_place(const struct settings *s, struct str attribute)
{
    for (size_t f = 0; f < s->field_count; f++) {
        for (size_t a = 0; !s->fields[f].rest && a < s->fields[f].attribute_count; a++) {
            if (str_equal(s->fields[f].attributes[a], attribute))
                return false;
        }
    }
    for (size_t i = 0; i < s->identifier_count; i++) {
        if (str_equal(s->identifiers[i], attribute))
            return false;
    }
    return !str_equal(attribute, s->group_attribute) && !str_equal(attribute, s->role_attribute[ROLE_CATEGORY]) &&
           (!str_equal(attribute, s->role_attribute[ROLE_AVAILABILITY]) ||
            str_equal(attribute, s->role_attribute[ROLE_QUANTITY]));
}

static enum status read_identifiers(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    if (!json_is_given(value))
        return STATUS_OK; /* roles.identifier stands */
    return settings_strings(s, key, value, &s->identifiers, &s->identifier_count, err);
}

static enum status read_group(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    enum status status = STATUS_OK;

    (void)value;
    status = read_text(s, key, "", &s->group_attribute, err);
    if (status == STATUS_OK && s->group_attribute.size == 0)
        status = read_text(s, "attributeForDistinct", "", &s->group_attribute, err);
    if (s->group_attribute.size == 0)
        s->group_attribute = s->role_attribute[ROLE_GROUP];
    if (s->group_attribute.size == 0)
        s->group_attribute = STR("item_group_id");
    return status;
}

/* In order: a later key may lean on an earlier one. */
static const struct {
    const char *key;
    settings_reader *read;
} READERS[] = {
    {"roles", read_roles},
    {"mutableAttributes", read_mutable},
    {"identifiers", read_identifiers},
    {"groupAttribute", read_group},
    {"searchableAttributes", settings_read_fields},
    {"attributesForFaceting", settings_read_facets},
    {"hierarchicalAttributes", settings_read_hierarchical},
    {"customRanking", settings_read_custom_ranking},
    {"ranking", settings_read_ranking},
    {"replicas", settings_read_replicas},
    {"replicaRanking", settings_read_replica_ranking},
    {"languages", read_language},
    {"stopWords", read_stop_words},
    {"synonyms", settings_read_synonyms},
    {"attributesToRetrieve", read_retrieve},
    {"unretrievableAttributes", read_unretrievable},
    {"attributesToHighlight", read_highlight},
    {"distinct", read_distinct},
    {"typoTolerance", read_typo},
    {"sortFacetValuesBy", read_facet_order},
    {"gates", settings_read_gates},
    {"experiment", settings_read_experiment},
    {"events", settings_read_events},
    {"stores", settings_read_stores},
    {"priceLists", settings_read_price_lists},
    {"buryOutOfStock", read_bury},
};

static enum status compile(struct settings *s, struct error *err)
{
    static const struct json null = {.type = JSON_NULL};
    const struct {
        const char *key;
        const char *standard;
        struct str *out;
    } texts[] = {
        {"stemmer", "default", &s->stemmer},
        {"highlightPreTag", "<em>", &s->highlight_pre_tag},
        {"highlightPostTag", "</em>", &s->highlight_post_tag},
    };
    enum status status = read_integers(s, err);

    if (status == STATUS_OK)
        status = read_reals(s, err);
    for (size_t i = 0; status == STATUS_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
        status = read_text(s, texts[i].key, texts[i].standard, texts[i].out, err);
    for (size_t i = 0; status == STATUS_OK && i < sizeof(READERS) / sizeof(READERS[0]); i++) {
        const struct json *value = json_get(&s->source, READERS[i].key);

        status = READERS[i].read(s, READERS[i].key, value ? value : &null, err);
    }
    return status;
}

/* The document over what base says; a key set to null goes back to its default. */
static void merge_source(struct settings *s, const struct json *document, const struct settings *base)
{
    if (base)
        s->source = json_clone(&base->source, &s->arena);
    else
        s->source = (struct json){.type = JSON_OBJECT};
    for (uint32_t i = 0; i < document->count; i++) {
        const struct json_member *m = &document->members[i];

        if (m->value.type == JSON_NULL)
            json_object_remove(&s->source, m->name);
        else if (!str_equal(m->name, STR(SETTINGS_WEIGHTS)))
            json_object_set(&s->source, m->name, m->value, &s->arena);
    }
}

enum status settings_parse(struct settings **out, struct str text, const struct settings *base, struct error *err)
{
    struct settings *s = xcalloc(1, sizeof(*s));
    struct json document = {.type = JSON_NULL};
    enum status status = STATUS_OK;

    *out = NULL;
    arena_init(&s->arena, 0);
    map_init(&s->dimension_names);
    status = json_parse(arena_copy(&s->arena, text), &s->arena, &document, err);
    if (status != STATUS_OK)
        goto out;
    if (document.type != JSON_OBJECT) {
        status = error_set(err, STATUS_INPUT, "settings must be a JSON object");
        goto out;
    }
    merge_source(s, &document, base);
    status = compile(s, err);
    if (status == STATUS_OK) {
        *out = s;
        s = NULL;
    }
out:
    settings_free(s);
    return status;
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    arena_release(&s->arena);
    map_release(&s->dimension_names);
    free(s);
}

int settings_title_field(const struct settings *s)
{
    struct str title = s->role_attribute[ROLE_TITLE];

    for (size_t f = 0; title.size && f < s->field_count; f++) {
        for (size_t a = 0; a < s->fields[f].attribute_count; a++) {
            if (str_equal(s->fields[f].attributes[a], title))
                return (int)f;
        }
    }
    return s->field_count && !s->fields[0].rest ? 0 : -1;
}

const struct replica_setting *settings_replica(const struct settings *s, struct str name)
{
    for (size_t i = 0; i < s->replica_count; i++) {
        if (str_equal(s->replicas[i].name, name))
            return &s->replicas[i];
    }
    return NULL;
}
