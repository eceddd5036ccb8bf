#include "indexer/base/limits.h"
#include "indexer/build/infer_internal.h"
#include "indexer/build/product.h"

/* What one attribute will be. Names that the grammar of searchableAttributes would split (",", "^") are left to "*". */
struct part {
    const struct infer_attribute *a;
    enum role role;
    unsigned rank;
    bool chosen; /* plays its role */
};

struct plan {
    struct infer *f;
    struct part *parts;
    size_t count;
    const struct part *of_role[ROLE_COUNT];
    struct str id; /* the path that objectID is a copy of */
    bool json;     /* of JSON, only numbers are numbers */
    struct arena arena;
    struct json document;
};

static bool usable(const struct part *p)
{
    const struct infer_attribute *a = p->a;
    bool nested = str_find_char(a->path, '.') != SIZE_MAX;
    switch (p->role) {
    case ROLE_PRICE:
    case ROLE_SALE_PRICE:
        return !nested && a->numbers * 2 >= a->values;
    case ROLE_TITLE:
    case ROLE_BRAND:
    case ROLE_CATEGORY:
    case ROLE_SHORT_TEXT:
    case ROLE_DESCRIPTION:
        return !nested && a->strings * 2 >= a->values;
    case ROLE_QUANTITY:
    case ROLE_POPULARITY: /* XML and CSV have it as a string */
        return !nested && (a->numbers + a->numeric_strings) * 2 >= a->values;
    case ROLE_NONE:
        return false;
    default:
        return !nested;
    }
}

/* The best name of a role among the attributes that have at least half of what the fullest has. */
static void choose(struct plan *plan, enum role role)
{
    uint64_t fullest = 0;
    struct part *best = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        struct part *p = &plan->parts[i];
        if (p->role == role && usable(p) && p->a->objects > fullest) {
            fullest = p->a->objects;
        }
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct part *p = &plan->parts[i];
        if (p->role == role && usable(p) && p->a->objects * 2 >= fullest && (!best || p->rank < best->rank)) {
            best = p;
        }
    }
    /* "in_stock" is what product_from_feed made of availability and quantity, as true and false */
    for (size_t i = 0; role == ROLE_AVAILABILITY && i < plan->count; i++) {
        if (str_equal(plan->parts[i].a->path, STR("in_stock")) && plan->parts[i].a->kind == INFER_BOOL) {
            best = &plan->parts[i];
        }
    }
    if (best) {
        best->chosen = true;
        plan->of_role[role] = best;
    }
}

static void add_string(struct plan *plan, struct json *list, struct str text)
{
    if (list->count % 64 == 0) {
        struct json *items = ARENA_ARRAY(&plan->arena, struct json, list->count + 64);
        if (list->count) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
    }
    list->items[list->count++] = json_of_str(text);
}

static void set(struct plan *plan, const char *key, struct json value)
{
    (void)json_object_set(&plan->document, str_from(key), value, &plan->arena);
}

static void add_field(struct plan *plan, struct json *list, const struct part *p, const char *weight)
{
    if (p && str_find_char(p->a->path, ',') == SIZE_MAX && str_find_char(p->a->path, '^') == SIZE_MAX) {
        add_string(plan, list, arena_printf(&plan->arena, STR_FMT "%s", STR_ARG(p->a->path), weight));
    }
}

#define NAMES_MAX 3 /* fields of names; more go to the rest of the text */

static struct json searchable(struct plan *plan)
{
    static const struct {
        enum role role;
        const char *weight;
    } order[] = {{ROLE_TITLE, "^6"},
                 {ROLE_BRAND, "^2"},
                 {ROLE_CATEGORY, "^3"},
                 {ROLE_SHORT_TEXT, "^2"},
                 {ROLE_DESCRIPTION, "^0.7"}};
    struct json list = {.type = JSON_ARRAY};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        add_field(plan, &list, plan->of_role[order[i].role], order[i].weight);
        for (size_t k = 0; order[i].role == ROLE_TITLE && k < plan->count && list.count < NAMES_MAX; k++) {
            const struct part *p = &plan->parts[k];
            if (p->role == ROLE_TITLE && !p->chosen && usable(p)) {
                add_field(plan, &list, p, "^1.5"); /* a model's name beside the title */
            }
        }
    }
    add_string(plan, &list, list.count ? STR("*^0.5") : STR("*"));
    return list;
}

static bool is_identifier(const struct part *p)
{
    return (p->role == ROLE_IDENTIFIER || p->role == ROLE_ID) && !str_equal(p->a->path, STR("objectID"));
}

static bool ends_with_word(struct str path, const char *word)
{
    return str_ends_with(path, str_from(word));
}

static bool like_link(const struct infer_attribute *a)
{
    return a->links * 2 > a->values || ends_with_word(a->path, "image") || ends_with_word(a->path, "_link") ||
           ends_with_word(a->path, "url");
}

/* Short and repeated: few values for many objects. Attributes of few objects are taken when their values are short:
 * catalogs have thousands of them, each of a few products. */
static bool text_facet(const struct infer_attribute *a)
{
    uint64_t average = a->strings ? a->bytes / a->strings : 0;
    if (like_link(a) || average > 64 || a->longest > 8 * LIMIT_FACET_VALUE_BYTES) {
        return false;
    }
    if (a->values <= 20) {
        return average <= 40;
    }
    return a->distinct * 10 <= a->values * 7;
}

static bool number_facet(const struct plan *plan, const struct part *p)
{
    const struct infer_attribute *a = p->a;
    if (plan->json && a->numbers * 20 < a->values * 19) {
        return false;
    }
    bool codes = a->long_codes * 2 > a->values;
    bool measure = p->role == ROLE_NONE || p->role == ROLE_PRICE || p->role == ROLE_SALE_PRICE ||
                   p->role == ROLE_QUANTITY || p->role == ROLE_POPULARITY;
    return a->kind == INFER_NUMBER && !codes && measure;
}

static void add_facet(struct plan *plan, struct json *list, const struct part *p)
{
    const struct infer_attribute *a = p->a;
    const char *form = NULL;
    bool text = p->role == ROLE_TITLE || p->role == ROLE_SHORT_TEXT || p->role == ROLE_DESCRIPTION;
    if (p->role == ROLE_CATEGORY && p->chosen) {
        form = a->several || a->paths ? "hierarchical(%.*s)" : "%.*s";
    } else if (p->role == ROLE_GROUP && p->chosen) {
        form = "filterOnly(%.*s)";
    } else if (p->role == ROLE_BRAND && p->chosen) {
        form = a->distinct > 50 ? "searchable(%.*s)" : "%.*s";
    } else if (number_facet(plan, p) && !str_equal(a->path, plan->id)) {
        form = "numeric(%.*s)";
    } else if (is_identifier(p) || str_equal(a->path, plan->id) || str_equal(a->path, STR("objectID")) ||
               p->role == ROLE_GROUP || (text && p->chosen)) {
        return;
    } else if (a->kind == INFER_BOOL) {
        form = "%.*s";
    } else if (a->kind == INFER_TEXT && a->paths * 2 > a->values && text_facet(a)) {
        form = "hierarchical(%.*s)";
    } else if (a->kind != INFER_MIXED && text_facet(a)) {
        form = a->distinct > 100 ? "searchable(%.*s)" : "%.*s";
    }
    if (form && form[0] == '%' && str_find_char(a->path, '(') != SIZE_MAX) {
        form = "searchable(%.*s)"; /* "Size(cm)" alone would be a form of its own */
    }
    if (form) {
        struct buf out = {0};
        const char *path = strstr(form, "%.*s");
        buf_append(&out, form, (size_t)(path - form));
        buf_append_str(&out, a->path);
        buf_append(&out, path + 4, strlen(path + 4));
        add_string(plan, list, arena_copy(&plan->arena, buf_str(&out)));
        buf_release(&out);
    }
}

/* Brand and category first, then prices, then the rest in the feed's order. */
static struct json facets(struct plan *plan)
{
    static const enum role first[] = {ROLE_BRAND, ROLE_CATEGORY, ROLE_PRICE, ROLE_SALE_PRICE};
    struct json list = {.type = JSON_ARRAY};
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        if (plan->of_role[first[i]]) {
            add_facet(plan, &list, plan->of_role[first[i]]);
        }
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct part *p = &plan->parts[i];
        bool done = p->chosen && (p->role == ROLE_BRAND || p->role == ROLE_CATEGORY || p->role == ROLE_PRICE ||
                                  p->role == ROLE_SALE_PRICE);
        if (!done) {
            add_facet(plan, &list, p);
        }
    }
    return list;
}

static struct json identifiers(struct plan *plan)
{
    struct json list = {.type = JSON_ARRAY};
    for (size_t i = 0; i < plan->count; i++) {
        if (is_identifier(&plan->parts[i]) && str_find_char(plan->parts[i].a->path, '.') == SIZE_MAX) {
            add_string(plan, &list, plan->parts[i].a->path);
        }
    }
    return list;
}

static struct json roles(struct plan *plan)
{
    struct json object = {.type = JSON_OBJECT};
    for (unsigned r = 1; r < ROLE_COUNT; r++) {
        const struct part *p = plan->of_role[r];
        if (p && r != ROLE_ID && r != ROLE_IDENTIFIER) {
            (void)json_object_set(&object, str_from(role_name((enum role)r)), json_of_str(p->a->path), &plan->arena);
        }
    }
    return object;
}

static const char *kind_name(enum feed_kind kind)
{
    static const char *const names[] = {"", "xml", "ndjson", "json", "csv"};
    return names[kind];
}

static struct json feeds(struct plan *plan, const struct feed_mapping *mapping)
{
    struct json object = {.type = JSON_OBJECT};
    struct json fields = {.type = JSON_OBJECT};
    (void)json_object_set(&object, STR("kind"), json_of_str(str_from(kind_name(mapping->kind))), &plan->arena);
    if (mapping->item.size) {
        (void)json_object_set(&object, STR("item"), json_of_str(mapping->item), &plan->arena);
    }
    if (mapping->separator) {
        struct str separator = arena_copy(&plan->arena, (struct str){&mapping->separator, 1});
        (void)json_object_set(&object, STR("separator"), json_of_str(separator), &plan->arena);
    }
    for (size_t i = 0; i < mapping->field_count; i++) {
        (void)json_object_set(&fields, mapping->fields[i].name, json_of_str(mapping->fields[i].path), &plan->arena);
    }
    if (fields.count) {
        (void)json_object_set(&object, STR("fields"), fields, &plan->arena);
    }
    return object;
}

static void write_ranking(struct plan *plan)
{
    const struct part *p = plan->of_role[ROLE_POPULARITY];
    struct json list = {.type = JSON_ARRAY};
    if (p) {
        bool rank = p->rank >= 3; /* "rank" counts from the best */
        add_string(plan, &list,
                   arena_printf(&plan->arena, "%s(" STR_FMT ")", rank ? "asc" : "desc", STR_ARG(p->a->path)));
        set(plan, "customRanking", list);
    }
}

static void write_document(struct plan *plan, const struct feed_mapping *mapping)
{
    struct json languages = {.type = JSON_ARRAY};
    struct str language = infer_language(plan->f);
    set(plan, "searchableAttributes", searchable(plan));
    set(plan, "attributesForFaceting", facets(plan));
    struct json codes = identifiers(plan);
    if (codes.count) {
        set(plan, "identifiers", codes);
    }
    write_ranking(plan);
    if (language.size) {
        add_string(plan, &languages, language);
        set(plan, "languages", languages);
    }
    if (plan->of_role[ROLE_GROUP]) {
        set(plan, "groupAttribute", json_of_str(plan->of_role[ROLE_GROUP]->a->path));
    }
    set(plan, "roles", roles(plan));
    if (mapping && mapping->kind != FEED_UNKNOWN) {
        set(plan, "feeds", feeds(plan, mapping));
    }
}

enum status infer_settings(struct infer *f, const struct feed_mapping *mapping, struct buf *out_json, struct error *err)
{
    struct plan plan = {.f = f, .document = {.type = JSON_OBJECT}};
    const struct infer_attribute *attributes;
    arena_init(&plan.arena, 0);
    for (size_t i = 0; mapping && i < mapping->field_count; i++) {
        if (str_equal(mapping->fields[i].name, STR("objectID"))) {
            plan.id = mapping->fields[i].path;
        }
    }
    plan.json = mapping && (mapping->kind == FEED_NDJSON || mapping->kind == FEED_JSON_ARRAY);
    plan.count = infer_attributes(f, &attributes);
    plan.parts = ARENA_ARRAY(&plan.arena, struct part, plan.count + 1);
    for (size_t i = 0; i < plan.count; i++) {
        plan.parts[i].a = &attributes[i];
        plan.parts[i].role = role_of_name_ranked(attributes[i].path, &plan.parts[i].rank);
    }
    for (unsigned role = 1; role < ROLE_COUNT; role++) {
        choose(&plan, (enum role)role);
    }
    write_document(&plan, mapping);
    json_write_pretty(out_json, &plan.document);
    arena_release(&plan.arena);
    return out_json->failed ? error_set(err, STATUS_LIMIT, "the inferred settings are too long") : STATUS_OK;
}

bool feed_mapping_of_settings(const struct settings *settings, struct arena *arena, struct feed_mapping *out)
{
    const struct json *feeds_json = json_get(&settings->source, "feeds");
    const struct json *fields = json_get(feeds_json, "fields");
    struct str kind = {0};
    struct str separator = {0};
    *out = (struct feed_mapping){0};
    if (!feeds_json || feeds_json->type != JSON_OBJECT) {
        return false;
    }
    (void)json_string(json_get(feeds_json, "kind"), &kind);
    (void)json_string(json_get(feeds_json, "item"), &out->item);
    (void)json_string(json_get(feeds_json, "separator"), &separator);
    for (unsigned k = FEED_XML; k <= FEED_CSV; k++) {
        out->kind = str_equal(kind, str_from(kind_name((enum feed_kind)k))) ? (enum feed_kind)k : out->kind;
    }
    out->separator = separator.size == 1 ? separator.data[0] : '\0';
    if (fields && fields->type == JSON_OBJECT && fields->count) {
        struct feed_field *list = ARENA_ARRAY(arena, struct feed_field, fields->count);
        for (uint32_t i = 0; i < fields->count; i++) {
            list[i].name = fields->members[i].name;
            (void)json_string(&fields->members[i].value, &list[i].path);
            out->field_count += list[i].path.size > 0;
            if (list[i].path.size) {
                list[out->field_count - 1] = list[i];
            }
        }
        out->fields = list;
    }
    return true;
}

static enum status wrong_feeds(struct error *err, const char *key, const char *rule)
{
    return error_set(err, STATUS_INPUT, "'feeds%s': must be %s", key, rule);
}

enum status feed_mapping_check(const struct settings *settings, struct error *err)
{
    const struct json *feeds_json = json_get(&settings->source, "feeds");
    bool known = false;
    if (!feeds_json) {
        return STATUS_OK;
    }
    if (feeds_json->type != JSON_OBJECT) {
        return wrong_feeds(err, "", "an object such as {\"kind\":\"xml\",\"item\":\"product\",\"fields\":{..}}");
    }
    for (uint32_t i = 0; i < feeds_json->count; i++) {
        struct str name = feeds_json->members[i].name;
        const struct json *value = &feeds_json->members[i].value;
        struct str text = {0};
        bool is_text = json_string(value, &text);
        if (str_equal(name, STR("kind"))) {
            for (unsigned k = FEED_XML; k <= FEED_CSV; k++) {
                known = known || str_equal(text, str_from(kind_name((enum feed_kind)k)));
            }
            if (!known) {
                return wrong_feeds(err, ".kind", "\"xml\", \"ndjson\", \"json\" or \"csv\"");
            }
        } else if (str_equal(name, STR("item")) && !is_text) {
            return wrong_feeds(err, ".item", "an element's name or its path, such as \"shop/offers/offer\"");
        } else if (str_equal(name, STR("separator")) && text.size != 1) {
            return wrong_feeds(err, ".separator", "one character");
        } else if (str_equal(name, STR("fields")) && value->type != JSON_OBJECT) {
            return wrong_feeds(err, ".fields", "an object of attribute: path");
        }
    }
    const struct json *fields = json_get(feeds_json, "fields");
    for (uint32_t i = 0; fields && i < fields->count; i++) {
        struct str path;
        if (!json_string(&fields->members[i].value, &path) || path.size == 0) {
            return error_set(err, STATUS_INPUT, "'feeds.fields.%.*s': must be a path or a column's name",
                             (int)(fields->members[i].name.size < 80 ? fields->members[i].name.size : 80),
                             fields->members[i].name.data);
        }
    }
    return STATUS_OK;
}
