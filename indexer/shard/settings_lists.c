/* The keys of the settings whose values have a small grammar of their own. */
#include <stdio.h>

#include "indexer/base/limits.h"
#include "indexer/base/number.h"
#include "indexer/shard/settings_internal.h"

/* --- searchableAttributes --- */
static bool is_unnormalized(const struct settings *s, struct str attribute)
{
    static const enum role ROLES[] = {ROLE_BRAND, ROLE_CATEGORY};

    for (size_t i = 0; i < sizeof(ROLES) / sizeof(ROLES[0]); i++) {
        if (s->role_attribute[ROLES[i]].size && str_equal(s->role_attribute[ROLES[i]], attribute))
            return true;
    }
    for (size_t i = 0; i < s->identifier_count; i++) {
        if (str_equal(s->identifiers[i], attribute))
            return true;
    }
    return str_equal(attribute, STR("brand")) || str_equal(attribute, STR("category")) ||
           str_equal(attribute, STR("categories"));
}

/* What a field weighs that was given no weight: by the role of its attribute (measured, bench/relevance/README.md),
 * else the earlier the more: 6, 3, 2, 1.5, 1.2, ... but the rest of the text never more than .5 beside others. */
static float standard_weight(const struct settings *s, struct str attribute, size_t index, bool rest)
{
    static const struct {
        enum role role;
        float weight;
    } OF_ROLE[] = {{ROLE_TITLE, 6}, {ROLE_CATEGORY, 3}, {ROLE_BRAND, 2}, {ROLE_SHORT_TEXT, 2}, {ROLE_DESCRIPTION, .7F}};
    float weight = 6.F / (1.F + (float)index);

    for (size_t i = 0; i < sizeof(OF_ROLE) / sizeof(OF_ROLE[0]); i++) {
        struct str own = s->role_attribute[OF_ROLE[i].role];

        if (own.size && str_equal(own, attribute))
            return OF_ROLE[i].weight;
    }
    return rest && index > 0 && weight > .5F ? .5F : weight;
}

static enum status read_weight(const char *key, size_t index, struct str *text, float *weight, struct error *err)
{
    size_t caret = str_find_char(*text, '^');
    double number = 0;
    struct str tail;
    char written[32]; /* people write .5, which JSON has no form for */

    if (caret == SIZE_MAX)
        return STATUS_OK;
    tail = str_trim(str_slice(*text, caret + 1, text->size));
    snprintf(written, sizeof(written), "%s" STR_FMT, str_starts_with(tail, STR(".")) ? "0" : "", STR_ARG(tail));
    if (!number_parse_double(str_from(written), &number) || !(number > 0) || number > 1000)
        return error_set(err, STATUS_INPUT,
                         "'%s[%zu]': weight '" STR_FMT "' is not a number above 0 and up to 1000; write \"title^3\"",
                         key, index, STR_ARG(tail));
    *weight = (float)number;
    *text = str_trim(str_slice(*text, 0, caret));
    return STATUS_OK;
}

static enum status read_field(struct settings *s, const char *key, size_t index, struct str text,
                              struct search_field *field, struct error *err)
{
    struct str *names = ARENA_ARRAY(&s->arena, struct str, text.size + 1);
    struct str rest = {0};
    size_t count = 0;
    float weight = 0;
    enum status status = STATUS_OK;

    /* "unordered(title^3)" and "unordered(title)^3" */
    (void)(settings_modifier(text, "unordered", &text) || settings_modifier(text, "ordered", &text));
    status = read_weight(key, index, &text, &weight, err);
    if (status != STATUS_OK)
        return status;
    (void)(settings_modifier(text, "unordered", &text) || settings_modifier(text, "ordered", &text));
    rest = text;
    while (rest.data) {
        struct str name = str_trim(str_split(&rest, ','));

        (void)(settings_modifier(name, "unordered", &name) || settings_modifier(name, "ordered", &name));
        if (name.size)
            names[count++] = name;
    }
    if (count == 0)
        return error_set(err, STATUS_INPUT, "'%s[%zu]': names no attribute; write \"title\" or \"name,subtitle\"", key,
                         index);
    field->name = names[0];
    field->attributes = names;
    field->attribute_count = count;
    field->rest = count == 1 && str_equal(names[0], STR("*"));
    field->weight = weight > 0 ? weight : standard_weight(s, names[0], index, field->rest);
    field->b = is_unnormalized(s, names[0]) ? 0.F : s->b;
    return STATUS_OK;
}

enum status settings_read_fields(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    static const struct str EVERYTHING[] = {{"*", 1}};
    const struct str *list = NULL;
    size_t count = 0;
    struct search_field *fields = NULL;
    enum status status = settings_strings(s, key, value, &list, &count, err);

    if (status != STATUS_OK)
        return status;
    if (count == 0) {
        list = EVERYTHING;
        count = 1;
    }
    if (count > LIMIT_FIELDS)
        return error_set(err, STATUS_INPUT, "'%s': has %zu entries, %d is the most; join attributes with a comma", key,
                         count, LIMIT_FIELDS);
    fields = ARENA_ARRAY(&s->arena, struct search_field, count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = read_field(s, key, i, list[i], &fields[i], err);
    s->fields = fields;
    s->field_count = count;
    return status;
}

/* --- attributesForFaceting --- */
/* "word(name)": a form, known or not, and so is "word(name" without its end; "Weight (kg)" is a name. */
static bool is_form(struct str text)
{
    size_t open = str_find_char(text, '(');

    if (open != SIZE_MAX && open > 0 && str_find_char(text, ')') == SIZE_MAX && text.data[open - 1] != ' ')
        return true;
    return open != SIZE_MAX && open > 0 && text.data[open - 1] != ' ' && str_ends_with(text, STR(")"));
}

static void read_facet(struct str text, struct facet_setting *facet)
{
    bool again = true;

    while (again) {
        again = false;
        if (settings_modifier(text, "searchable", &text))
            again = facet->searchable = true;
        else if (settings_modifier(text, "filterOnly", &text))
            again = facet->filter_only = true;
        else if (settings_modifier(text, "afterDistinct", &text))
            again = true;
        else if (settings_modifier(text, "hierarchical", &text)) {
            again = facet->kind_given = true;
            facet->kind = FACET_HIERARCHICAL;
        } else if (settings_modifier(text, "numeric", &text)) {
            again = facet->kind_given = true;
            facet->kind = FACET_NUMERIC;
        }
    }
    facet->attribute = str_trim(text);
}

static bool facet_known(const struct facet_setting *facets, size_t count, struct str attribute, size_t *index)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(facets[i].attribute, attribute)) {
            *index = i;
            return true;
        }
    }
    return false;
}

enum status settings_read_facets(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    const struct str *list = NULL;
    struct facet_setting *facets = NULL;
    size_t count = 0;
    enum status status = settings_strings(s, key, value, &list, &count, err);

    if (status != STATUS_OK)
        return status;
    facets = ARENA_ARRAY(&s->arena, struct facet_setting, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct facet_setting facet = {0};
        size_t known = 0;

        read_facet(list[i], &facet);
        if (facet.attribute.size == 0 || (str_equal(facet.attribute, str_trim(list[i])) && is_form(list[i])))
            return error_set(err, STATUS_INPUT,
                             "'%s[%zu]': '" STR_FMT "' is not \"name\", \"searchable(name)\", \"filterOnly(name)\", "
                             "\"afterDistinct(name)\", \"hierarchical(name)\" or \"numeric(name)\"",
                             key, i, STR_ARG(list[i]));
        if (facet_known(facets, s->facet_count, facet.attribute, &known)) {
            facet.searchable |= facets[known].searchable;
            facets[known] = facet;
        } else {
            facets[s->facet_count++] = facet;
        }
    }
    s->facets = facets;
    return STATUS_OK;
}

/* Names that are hierarchical, declared in attributesForFaceting already or not. */
enum status settings_read_hierarchical(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    const struct str *list = NULL;
    struct facet_setting *facets = NULL;
    size_t count = 0;
    enum status status = settings_strings(s, key, value, &list, &count, err);

    if (status != STATUS_OK || count == 0)
        return status;
    facets = ARENA_ARRAY(&s->arena, struct facet_setting, s->facet_count + count);
    if (s->facet_count)
        memcpy(facets, s->facets, s->facet_count * sizeof(*facets));
    for (size_t i = 0; i < count; i++) {
        size_t at = s->facet_count;

        if (!facet_known(facets, s->facet_count, list[i], &at))
            facets[s->facet_count++].attribute = list[i];
        facets[at].kind_given = true;
        facets[at].kind = FACET_HIERARCHICAL;
    }
    s->facets = facets;
    return STATUS_OK;
}

/* --- orders --- */
static bool read_sort_key(struct str text, struct sort_key *key)
{
    if (settings_modifier(text, "desc", &key->attribute))
        key->descending = true;
    else if (settings_modifier(text, "asc", &key->attribute))
        key->descending = false;
    else
        return false;
    return key->attribute.size > 0;
}

/* A list of asc()/desc() entries; `named` entries such as "typo" are left out when they are allowed. */
struct sort_keys {
    const struct sort_key *keys;
    size_t count;
};

static enum status read_sort_keys(struct settings *s, const char *key, const struct json *value, bool named,
                                  struct sort_keys *out, struct error *err)
{
    static const char *const NAMED[] = {"typo", "geo", "words", "filters", "proximity", "exact", "custom", "attribute"};
    const struct str *list = NULL;
    struct sort_key *keys = NULL;
    size_t count = 0;
    enum status status = settings_strings(s, key, value, &list, &count, err);

    if (status != STATUS_OK)
        return status;
    keys = ARENA_ARRAY(&s->arena, struct sort_key, count + 1);
    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        bool known = false;

        if (read_sort_key(list[i], &keys[out->count])) {
            out->count++;
            continue;
        }
        for (size_t n = 0; named && n < sizeof(NAMED) / sizeof(NAMED[0]); n++)
            known |= str_equal(list[i], str_from(NAMED[n]));
        if (!known)
            return error_set(err, STATUS_INPUT,
                             "'%s[%zu]': '" STR_FMT "' is neither \"asc(name)\" nor \"desc(name)\"%s", key, i,
                             STR_ARG(list[i]), named ? " nor a ranking criterion such as \"typo\" or \"custom\"" : "");
    }
    out->keys = keys;
    return STATUS_OK;
}

enum status settings_read_custom_ranking(struct settings *s, const char *key, const struct json *value,
                                         struct error *err)
{
    struct sort_keys list = {0};
    enum status status = read_sort_keys(s, key, value, false, &list, err);

    s->custom_ranking = list.keys;
    s->custom_ranking_count = list.count;

    if (status == STATUS_OK && s->custom_ranking_count > SETTINGS_CUSTOM_MAX)
        return error_set(err, STATUS_INPUT, "'%s': has %zu entries, %d is the most", key, s->custom_ranking_count,
                         SETTINGS_CUSTOM_MAX);
    return status;
}

enum status settings_read_ranking(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    struct sort_keys list = {0};
    enum status status = read_sort_keys(s, key, value, true, &list, err);

    s->ranking = list.keys;
    s->ranking_count = list.count;
    return status;
}

static enum status read_replica_keys(struct settings *s, const char *key, const struct json *value,
                                     struct replica_setting *replica, struct error *err)
{
    struct sort_keys list = {0};
    enum status status = read_sort_keys(s, key, value, true, &list, err);

    replica->keys = list.keys;
    replica->key_count = list.count;
    return status;
}

static enum status read_replica(struct settings *s, const char *key, size_t index, const struct json *value,
                                struct replica_setting *replica, struct error *err)
{
    const struct json *ranking = NULL;
    char place[64];

    snprintf(place, sizeof(place), "%s[%zu]", key, index);
    if (value->type == JSON_STRING) {
        replica->name = value->text;
    } else if (value->type != JSON_OBJECT || !json_string(json_get(value, "name"), &replica->name)) {
        return error_set(err, STATUS_INPUT, "'%s': must be a name, \"virtual(name)\" or {\"name\":..,\"ranking\":[..]}",
                         place);
    }
    replica->virtual_name = settings_modifier(replica->name, "virtual", &replica->name);
    if (replica->name.size == 0 || replica->name.size > LIMIT_INDEX_NAME_BYTES)
        return error_set(err, STATUS_INPUT, "'%s': the name must have 1 to %d bytes", place, LIMIT_INDEX_NAME_BYTES);
    ranking = value->type == JSON_OBJECT ? json_get(value, "ranking") : NULL;
    if (!ranking || ranking->type == JSON_NULL)
        return STATUS_OK;
    return read_replica_keys(s, place, ranking, replica, err);
}

enum status settings_read_replicas(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    struct replica_setting *replicas = NULL;
    enum status status = STATUS_OK;

    if (value->type == JSON_NULL)
        return STATUS_OK;
    if (value->type != JSON_ARRAY)
        return error_set(err, STATUS_INPUT, "'%s': must be a list of names", key);
    replicas = ARENA_ARRAY(&s->arena, struct replica_setting, value->count + 1);
    for (uint32_t i = 0; status == STATUS_OK && i < value->count; i++)
        status = read_replica(s, key, i, &value->items[i], &replicas[i], err);
    s->replicas = replicas;
    s->replica_count = value->count;
    return status;
}

/* {"products_price_asc": ["asc(price)"]}: the ranking that was set on a replica's own name. */
enum status settings_read_replica_ranking(struct settings *s, const char *key, const struct json *value,
                                          struct error *err)
{
    enum status status = STATUS_OK;

    if (value->type == JSON_NULL)
        return STATUS_OK;
    if (value->type != JSON_OBJECT)
        return error_set(err, STATUS_INPUT, "'%s': must be an object such as {\"name\": [\"asc(price)\"]}", key);
    for (uint32_t i = 0; status == STATUS_OK && i < value->count; i++) {
        struct replica_setting *replica = (struct replica_setting *)settings_replica(s, value->members[i].name);

        if (replica)
            status = read_replica_keys(s, key, &value->members[i].value, replica, err);
    }
    return status;
}

/* --- synonyms --- */
static enum status split_phrases(struct settings *s, struct str text, const struct str **out, size_t *count)
{
    struct str *list = ARENA_ARRAY(&s->arena, struct str, text.size + 1);
    struct str rest = text;

    *count = 0;
    while (rest.data) {
        struct str phrase = str_trim(str_split(&rest, ','));

        if (phrase.size)
            list[(*count)++] = phrase;
    }
    *out = list;
    return STATUS_OK;
}

/* "tv, television" or "ipad => tablet, slate". */
static enum status read_synonym_text(struct settings *s, struct str text, struct synonym_setting *synonym)
{
    size_t arrow = str_find(text, STR("=>"));

    if (arrow == SIZE_MAX)
        return split_phrases(s, text, &synonym->to, &synonym->to_count);
    (void)split_phrases(s, str_slice(text, 0, arrow), &synonym->from, &synonym->from_count);
    return split_phrases(s, str_slice(text, arrow + 2, text.size), &synonym->to, &synonym->to_count);
}

/* Algolia's object. Typo-like corrections (altCorrection1, altCorrection2) are one-way rules from `word`. */
static enum status read_synonym_object(struct settings *s, const char *place, const struct json *value,
                                       struct synonym_setting *synonym, struct error *err)
{
    static const struct json null = {.type = JSON_NULL};
    const struct json *list = json_get(value, "synonyms");
    const struct json *from = json_get(value, "input");
    struct str type = STR("synonym");

    (void)json_string(json_get(value, "type"), &type);
    (void)json_string(json_get(value, "objectID"), &synonym->id);
    if (!str_equal_nocase(type, STR("synonym")) && !str_equal_nocase(type, STR("onewaysynonym")) &&
        !str_equal_nocase(type, STR("altcorrection1")) && !str_equal_nocase(type, STR("altcorrection2")))
        return error_set(err, STATUS_INPUT, "'%s.type': must be \"synonym\" or \"onewaysynonym\"", place);
    if (!list)
        list = json_get(value, "corrections");
    if (!from)
        from = json_get(value, "word");
    if (!str_equal_nocase(type, STR("synonym"))) {
        enum status status = settings_strings(s, place, from ? from : &null, &synonym->from, &synonym->from_count, err);

        if (status != STATUS_OK)
            return status;
        if (synonym->from_count == 0)
            return error_set(err, STATUS_INPUT, "'%s.input': must be the word that is replaced", place);
    }
    return settings_strings(s, place, list ? list : &null, &synonym->to, &synonym->to_count, err);
}

enum status settings_read_synonyms(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    struct synonym_setting *synonyms = NULL;
    enum status status = STATUS_OK;

    if (value->type == JSON_NULL)
        return STATUS_OK;
    if (value->type != JSON_ARRAY)
        return error_set(err, STATUS_INPUT, "'%s': must be a list such as [\"tv, television\", \"ipad => tablet\"]",
                         key);
    synonyms = ARENA_ARRAY(&s->arena, struct synonym_setting, value->count + 1);
    for (uint32_t i = 0; status == STATUS_OK && i < value->count; i++) {
        const struct json *item = &value->items[i];
        struct synonym_setting *synonym = &synonyms[i];
        char place[64];

        snprintf(place, sizeof(place), "%s[%u]", key, i);
        if (item->type == JSON_STRING)
            status = read_synonym_text(s, item->text, synonym);
        else if (item->type == JSON_ARRAY)
            status = settings_strings(s, place, item, &synonym->to, &synonym->to_count, err);
        else if (item->type == JSON_OBJECT)
            status = read_synonym_object(s, place, item, synonym, err);
        else
            status = error_set(err, STATUS_INPUT, "'%s': must be a string, a list or an object", place);
        if (status == STATUS_OK && synonym->to_count < (synonym->from_count ? 1U : 2U))
            status = error_set(err, STATUS_INPUT, "'%s': needs at least two phrases", place);
    }
    s->synonyms = synonyms;
    s->synonym_count = status == STATUS_OK ? value->count : 0;
    return status;
}
