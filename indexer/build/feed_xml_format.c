#include <stdio.h>

#include "indexer/base/limits.h"
#include "indexer/base/number.h"
#include "indexer/build/feed_xml_tree.h"
#include "indexer/build/product_values.h"

void xml_catalog_release(struct xml_catalog *c)
{
    map_release(&c->ids);
    map_release(&c->products);
    vec_release(&c->categories);
    arena_release(&c->arena);
}

static bool listed(struct str name, const char *const *names)
{
    for (; *names; names++) {
        if (str_equal(name, str_from(*names))) {
            return true;
        }
    }
    return false;
}

bool xml_catalog_wants(enum xml_format format, struct str name, size_t depth)
{
    static const char *const yml[] = {"category", "currency", NULL};
    static const char *const bmecat[] = {"CURRENCY",
                                         "LANGUAGE",
                                         "DATETIME",
                                         "CLASSIFICATION_GROUP",
                                         "CATALOG_STRUCTURE",
                                         "PRODUCT_TO_CATALOGGROUP_MAP",
                                         "ARTICLE_TO_CATALOGGROUP_MAP",
                                         NULL};
    static const char *const rss[] = {"language", "lastBuildDate", "pubDate", "updated", NULL};
    static const char *const any[] = {"language", "created_at", "date", "generated_at", "last_update", NULL};
    switch (format) {
    case XML_YML:
        return listed(name, yml);
    case XML_BMECAT:
        return listed(name, bmecat);
    case XML_RSS:
    case XML_ATOM:
        return depth <= 3 && listed(name, rss);
    default:
        return depth <= 3 && listed(name, any);
    }
}

static void set_text(char *out, size_t size, struct str text)
{
    if (text.size < size && out[0] == '\0' && text.size) {
        snprintf(out, size, STR_FMT, STR_ARG(text));
    }
}

static void add_category(struct xml_catalog *c, struct str id, struct str name, struct str parent)
{
    bool added;
    if (id.size == 0 || name.size == 0) {
        return;
    }
    uint64_t *place = map_put(&c->ids, id, c->categories.count, &added);
    if (added) {
        struct xml_category category = {arena_copy(&c->arena, name), arena_copy(&c->arena, parent)};
        vec_push(&c->categories, category);
    }
    (void)place;
}

static void take_currency(struct xml_catalog *c, struct str code, struct feed_info *info)
{
    struct money money;
    if (c->currency[0] == '\0' && currency_code(code, money.currency)) {
        memcpy(c->currency, money.currency, sizeof(c->currency));
        memcpy(info->currency, money.currency, sizeof(info->currency));
    }
}

static void take_language(struct str text, struct feed_info *info)
{
    /* BMEcat has ISO 639-2 */
    static const char *const three[][2] = {{"deu", "de"}, {"ger", "de"}, {"eng", "en"}, {"fra", "fr"}, {"fre", "fr"},
                                           {"ita", "it"}, {"spa", "es"}, {"nld", "nl"}, {"dut", "nl"}, {"ces", "cs"},
                                           {"cze", "cs"}, {"pol", "pl"}, {"rus", "ru"}, {"por", "pt"}, {"swe", "sv"},
                                           {"dan", "da"}, {"fin", "fi"}, {"nor", "no"}, {"hun", "hu"}, {"tur", "tr"}};
    for (size_t i = 0; i < sizeof(three) / sizeof(three[0]); i++) {
        if (str_equal_nocase(text, str_from(three[i][0]))) {
            text = str_from(three[i][1]);
        }
    }
    set_text(info->language, sizeof(info->language), text);
}

static void take_date(struct str text, struct feed_info *info)
{
    int64_t ms;
    if (info->date_ms == 0 && date_parse(text, &ms)) {
        info->date_ms = ms;
    }
}

static void take_bmecat(struct xml_catalog *c, const struct xml_node *node, struct feed_info *info)
{
    struct str name = node->name;
    if (str_equal(name, STR("CURRENCY"))) {
        take_currency(c, node->text, info);
    } else if (str_equal(name, STR("LANGUAGE"))) {
        take_language(node->text, info);
    } else if (str_equal(name, STR("DATETIME"))) {
        if (str_equal(xml_node_attribute(node, STR("type")), STR("generation_date"))) {
            take_date(xml_node_child_text(node, STR("DATE")), info);
        }
    } else if (str_equal(name, STR("CLASSIFICATION_GROUP"))) {
        add_category(c, xml_node_child_text(node, STR("CLASSIFICATION_GROUP_ID")),
                     xml_node_child_text(node, STR("CLASSIFICATION_GROUP_NAME")),
                     xml_node_child_text(node, STR("CLASSIFICATION_GROUP_PARENT_ID")));
    } else if (str_equal(name, STR("CATALOG_STRUCTURE"))) {
        if (!str_equal(xml_node_attribute(node, STR("type")), STR("root"))) {
            add_category(c, xml_node_child_text(node, STR("GROUP_ID")), xml_node_child_text(node, STR("GROUP_NAME")),
                         xml_node_child_text(node, STR("PARENT_ID")));
        }
    } else {
        struct str id = xml_node_child_text(node, STR("PROD_ID"));
        id = id.size ? id : xml_node_child_text(node, STR("ART_ID"));
        const uint64_t *group = map_get(&c->ids, xml_node_child_text(node, STR("CATALOG_GROUP_ID")));
        if (id.size && group) {
            (void)map_put(&c->products, id, *group, NULL);
        }
    }
}

void xml_catalog_take(struct xml_catalog *c, enum xml_format format, const struct xml_node *node,
                      struct feed_info *info)
{
    if (format == XML_BMECAT) {
        take_bmecat(c, node, info);
    } else if (format == XML_YML && str_equal(node->name, STR("category"))) {
        add_category(c, xml_node_attribute(node, STR("id")), node->text, xml_node_attribute(node, STR("parentId")));
    } else if (format == XML_YML) {
        struct str rate = xml_node_attribute(node, STR("rate"));
        if (str_equal(rate, STR("1"))) {
            take_currency(c, xml_node_attribute(node, STR("id")), info);
        }
    } else if (str_equal(node->name, STR("language"))) {
        take_language(node->text, info);
    } else {
        take_date(node->text, info);
    }
}

static struct str path_of(const struct xml_catalog *c, size_t index, struct arena *arena)
{
    struct str names[LIMIT_CATEGORY_LEVELS];
    size_t count = 0;
    for (; count < LIMIT_CATEGORY_LEVELS; count++) { /* the bound also ends a tree with a circle */
        names[count] = c->categories.items[index].name;
        const uint64_t *parent = map_get(&c->ids, c->categories.items[index].parent);
        if (!parent) {
            count++;
            break;
        }
        index = *parent;
    }
    struct str path = names[count - 1];
    for (size_t i = count - 1; i-- > 0;) {
        path = arena_printf(arena, STR_FMT " > " STR_FMT, STR_ARG(path), STR_ARG(names[i]));
    }
    return path;
}

struct str xml_catalog_path(const struct xml_catalog *c, struct str id, struct arena *arena)
{
    const uint64_t *index = map_get(&c->ids, id);
    return index ? path_of(c, *index, arena) : (struct str){0};
}

static void add_extra(struct xml_extra *extras, size_t *count, enum role role, const char *name, struct json value)
{
    if (*count < XML_EXTRAS && value.type != JSON_NULL && !(value.type == JSON_STRING && value.text.size == 0)) {
        extras[(*count)++] = (struct xml_extra){role, str_from(name), value};
    }
}

/* Takes the node out of what the generic rules see. */
static void done(struct xml_node *node)
{
    if (node) {
        node->name.size = 0;
        node->text.size = 0;
        node->first = node->last = NULL;
    }
}

static void rename_node(struct xml_node *node, const char *name)
{
    if (node) {
        node->name = str_from(name);
    }
}

/* vendor.model offers have no name: it is the type's prefix, the vendor and the model */
static struct str yml_title(const struct xml_node *offer, struct arena *arena)
{
    struct str vendor = xml_node_child_text(offer, STR("vendor"));
    struct str model = xml_node_child_text(offer, STR("model"));
    struct str prefix = xml_node_child_text(offer, STR("typePrefix"));
    if (model.size == 0) {
        return (struct str){0};
    }
    bool named = vendor.size == 0 || str_find(model, vendor) != SIZE_MAX;
    return arena_printf(arena, STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(prefix), prefix.size ? " " : "",
                        STR_ARG(named ? STR("") : vendor), named ? "" : " ", STR_ARG(model));
}

static size_t yml_extras(const struct xml_catalog *catalog, struct xml_node *offer, struct arena *arena,
                         struct xml_extra *extras)
{
    size_t count = 0;
    if (xml_node_child_text(offer, STR("name")).size == 0) {
        add_extra(extras, &count, ROLE_TITLE, "title", json_of_str(yml_title(offer, arena)));
    }
    struct json paths = {.type = JSON_ARRAY, .items = arena_alloc(arena, XML_EXTRAS * sizeof(struct json))};
    for (struct xml_node *c = offer->first; c; c = c->next) {
        struct str path = str_equal(c->name, STR("categoryId")) && paths.count < XML_EXTRAS
                              ? xml_catalog_path(catalog, c->text, arena)
                              : (struct str){0};
        if (path.size) {
            paths.items[paths.count++] = json_of_str(path);
            done(c);
        }
    }
    add_extra(extras, &count, ROLE_CATEGORY, "category", paths.count ? paths : (struct json){.type = JSON_NULL});
    struct xml_node *currency = xml_node_child(offer, STR("currencyId"));
    struct xml_node *price = xml_node_child(offer, STR("price"));
    if (currency && price && price->text.size && !price->first) {
        price->text = arena_printf(arena, STR_FMT " " STR_FMT, STR_ARG(price->text), STR_ARG(currency->text));
        done(currency);
    }
    return count;
}

/* The price for the smallest quantity. */
static const struct xml_node *bmecat_price(const struct xml_node *details)
{
    const struct xml_node *best = NULL;
    double best_bound = 0;
    for (const struct xml_node *c = details ? details->first : NULL; c; c = c->next) {
        double bound = 1;
        if (!str_ends_with(c->name, STR("_PRICE"))) {
            continue;
        }
        (void)number_parse_double(xml_node_child_text(c, STR("LOWER_BOUND")), &bound);
        if (!best || bound < best_bound) {
            best = c;
            best_bound = bound;
        }
    }
    return best;
}

static void bmecat_features(const struct xml_catalog *catalog, struct xml_node *features, struct json *paths,
                            struct arena *arena)
{
    struct str path =
        xml_catalog_path(catalog, xml_node_child_text(features, STR("REFERENCE_FEATURE_GROUP_ID")), arena);
    if (path.size && paths->count < XML_EXTRAS) {
        paths->items[paths->count++] = json_of_str(path);
    }
    for (struct xml_node *c = features->first; c; c = c->next) {
        if (str_starts_with(c->name, STR("REFERENCE_FEATURE_"))) {
            done(c);
        }
    }
}

/* Children of the "details" elements stand for the product's own. */
static void promote(struct xml_node *item, struct xml_node *container)
{
    if (container->first) {
        container->last->next = container->next;
        container->next = container->first;
        if (item->last == container) {
            item->last = container->last;
        }
        container->first = container->last = NULL;
    }
    done(container);
}

static struct json bmecat_images(const struct xml_node *info, struct arena *arena)
{
    struct json list = {.type = JSON_ARRAY};
    size_t count = 0;
    for (const struct xml_node *c = info->first; c; c = c->next) {
        count++;
    }
    list.items = arena_alloc(arena, (count + 1) * sizeof(*list.items));
    for (const struct xml_node *c = info->first; c; c = c->next) {
        struct str source = xml_node_child_text(c, STR("MIME_SOURCE"));
        if (source.size) {
            list.items[list.count++] = json_of_str(source);
        }
    }
    return list.count ? list : (struct json){.type = JSON_NULL};
}

static void bmecat_promote(struct xml_node *item)
{
    for (struct xml_node *c = item->first; c; c = c->next) {
        if (str_ends_with(c->name, STR("_DETAILS")) || str_ends_with(c->name, STR("_FEATURES"))) {
            promote(item, c);
        }
    }
}

static size_t bmecat_extras(const struct xml_catalog *catalog, struct xml_node *item, struct arena *arena,
                            struct xml_extra *extras)
{
    size_t count = 0;
    struct json paths = {.type = JSON_ARRAY, .items = arena_alloc(arena, (XML_EXTRAS + 1) * sizeof(struct json))};
    struct str id = item->first ? item->first->text : (struct str){0};
    const uint64_t *group = map_get(&catalog->products, id);
    if (group) {
        paths.items[paths.count++] = json_of_str(path_of(catalog, *group, arena));
    }
    for (struct xml_node *c = item->first; c; c = c->next) {
        if (str_ends_with(c->name, STR("_FEATURES"))) {
            bmecat_features(catalog, c, &paths, arena);
        } else if (str_ends_with(c->name, STR("_PRICE_DETAILS"))) {
            const struct xml_node *price = bmecat_price(c);
            struct str amount = xml_node_child_text(price, STR("PRICE_AMOUNT"));
            struct str code = xml_node_child_text(price, STR("PRICE_CURRENCY"));
            code = code.size ? code : str_from(catalog->currency);
            struct str text = amount.size ? arena_printf(arena, STR_FMT " " STR_FMT, STR_ARG(amount), STR_ARG(code))
                                          : (struct str){0};
            add_extra(extras, &count, ROLE_PRICE, "price", json_of_str(text));
            done(c);
        } else if (str_equal(c->name, STR("MIME_INFO"))) {
            add_extra(extras, &count, ROLE_NONE, "image", bmecat_images(c, arena));
            done(c);
        }
    }
    add_extra(extras, &count, ROLE_CATEGORY, "category", paths.count ? paths : (struct json){.type = JSON_NULL});
    bmecat_promote(item);
    return count;
}

/* Of Czech portals' delivery dates only "at once" says something about the stock. */
static size_t shopitem_extras(struct xml_node *item, struct xml_extra *extras)
{
    static const char *const at_once[] = {"0", "ihned", "skladem", NULL};
    size_t count = 0;
    if (xml_node_child_text(item, STR("PRICE_VAT")).size) {
        rename_node(xml_node_child(item, STR("PRICE")), "price_without_vat");
    }
    if (listed(xml_node_child_text(item, STR("DELIVERY_DATE")), at_once) &&
        !xml_node_child(item, STR("AVAILABILITY"))) {
        add_extra(extras, &count, ROLE_AVAILABILITY, "availability", json_of_str(STR("in stock")));
    }
    return count;
}

size_t xml_format_extras(enum xml_format format, const struct xml_catalog *catalog, struct xml_node *item,
                         struct arena *arena, struct xml_extra extras[XML_EXTRAS])
{
    switch (format) {
    case XML_YML:
        return yml_extras(catalog, item, arena, extras);
    case XML_BMECAT:
        return bmecat_extras(catalog, item, arena, extras);
    case XML_SHOPITEM:
        return shopitem_extras(item, extras);
    default:
        return 0;
    }
}
