#include "indexer/build/feed_xml_tree.h"

static const char *const canonical_names[ROLE_COUNT] = {[ROLE_GROUP] = "item_group_id",
                                                        [ROLE_TITLE] = "title",
                                                        [ROLE_BRAND] = "brand",
                                                        [ROLE_CATEGORY] = "category",
                                                        [ROLE_SHORT_TEXT] = "short_description",
                                                        [ROLE_DESCRIPTION] = "description",
                                                        [ROLE_PRICE] = "price",
                                                        [ROLE_SALE_PRICE] = "sale_price",
                                                        [ROLE_QUANTITY] = "quantity",
                                                        [ROLE_AVAILABILITY] = "availability",
                                                        [ROLE_POPULARITY] = "popularity"};

static bool one_of(struct str name, const char *const *names)
{
    for (; *names; names++) {
        if (str_equal(name, str_from(*names))) {
            return true;
        }
    }
    return false;
}

/* Codes of the GTIN family are one attribute, the manufacturer's another; the rest (isbn, model) keep their names. */
static struct str identifier_name(struct str own)
{
    static const char *const gtin[] = {"gtin",   "ean",    "upc",      "barcode",           "ean13",
                                       "gtin13", "gtin14", "ean_code", "international_pid", "international_aid",
                                       NULL};
    static const char *const mpn[] = {
        "mpn", "productno", "manufacturer_aid", "manufacturer_pid", "manufacturer_part_number", NULL};
    return one_of(own, gtin) ? STR("gtin") : one_of(own, mpn) ? STR("mpn") : (struct str){0};
}

/* The prices that shoppers pay, where a portal's format has others of the more usual name. */
static void format_roles(enum xml_format format, struct xml_name *n)
{
    if (format == XML_SHOPITEM && str_equal(n->own, STR("price_vat"))) {
        n->rank = 0;
    } else if (format == XML_SHOPITEM && str_equal(n->own, STR("price"))) {
        n->rank = 2;
    } else if (format == XML_SHOPITEM && str_equal(n->own, STR("productname"))) {
        n->rank = 0;
    } else if (format == XML_YML && str_equal(n->own, STR("param"))) {
        n->role = ROLE_NONE;
    } else if (format == XML_YML && str_equal(n->own, STR("count"))) {
        n->role = ROLE_QUANTITY;
        n->rank = 9;
    } else if (format == XML_YML && str_equal(n->own, STR("vendorcode"))) {
        n->role = ROLE_IDENTIFIER;
        n->rank = 4;
    }
}

struct xml_name xml_name_of(enum xml_format format, struct str local, struct arena *arena)
{
    struct xml_name n = {0};
    char *own = arena_alloc(arena, local.size + 1);
    for (size_t i = 0; i < local.size; i++) {
        char c = local.data[i];
        own[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    own[local.size] = '\0';
    n.own = (struct str){own, local.size};
    n.role = role_of_name_ranked(n.own, &n.rank);
    format_roles(format, &n);
    n.canonical = n.role == ROLE_IDENTIFIER ? identifier_name(n.own) : str_from(canonical_names[n.role]);
    return n;
}

struct xml_name xml_names_get(struct xml_names *names, enum xml_format format, struct str local)
{
    size_t slot = ((uint64_t)(uintptr_t)local.data * UINT64_C(0x9e3779b97f4a7c15) >> 32) % XML_NAMES;
    if (names->keys[slot] != local.data) {
        names->keys[slot] = local.data;
        names->values[slot] = xml_name_of(format, local, &names->arena);
    }
    return names->values[slot];
}
