#ifndef AISLE_BUILD_FEED_XML_TREE_H
#define AISLE_BUILD_FEED_XML_TREE_H

/*
 * One item of an XML feed as a small tree in the item's arena, how items are found in a document, and how a tree
 * becomes an object.
 */
#include "indexer/build/feed_internal.h"
#include "indexer/build/feed_xml.h"
#include "indexer/build/product.h"

struct xml_node {
    struct str name; /* local; empty: a piece of text between elements */
    struct str prefix;
    struct str text; /* trimmed; of a node without children */
    const struct xml_attribute *attributes;
    size_t attribute_count;
    struct xml_node *parent;
    struct xml_node *first, *last; /* children */
    struct xml_node *next;
};

enum xml_format { XML_GENERIC, XML_RSS, XML_ATOM, XML_YML, XML_SHOPITEM, XML_BMECAT };

/* Which elements are items: the last segments of their path from the root. */
enum { XML_PATH_SEGMENTS = XML_DEPTH };
struct xml_layout {
    enum xml_format format;
    struct str path[XML_PATH_SEGMENTS]; /* the item's last */
    size_t path_count;                  /* 0: no item was found */
    bool whole_path;                    /* path begins at the root */
    struct str id;                      /* the local name of the child or attribute that is the id; empty: a hash */
    bool id_is_attribute;
    bool id_pending; /* no item was in the prefix: the first one decides */
    bool partial;
};

/* Decides on the window's prefix of the document. Names are kept in r->arena. */
void xml_layout_find(struct feed_reader *r, struct xml_layout *layout);
void xml_layout_find_id(struct feed_reader *r, struct xml_layout *layout, const struct xml_node *item);
bool xml_layout_is_item(const struct xml_layout *layout, const struct str *names, size_t depth);

/* Category trees and defaults that a feed declares outside its items. */
struct xml_category {
    struct str name;
    struct str parent; /* an id */
};
struct xml_catalog {
    struct map ids; /* category id -> index in categories */
    VEC(struct xml_category) categories;
    struct map products; /* BMEcat: product id -> id of its group, where the maps stand before the products */
    struct arena arena;
    char currency[4];
};
void xml_catalog_release(struct xml_catalog *c);
/* True when the element, outside of items, is one the format needs (a category, the catalog's currency). */
bool xml_catalog_wants(enum xml_format format, struct str name, size_t depth);
void xml_catalog_take(struct xml_catalog *c, enum xml_format format, const struct xml_node *node,
                      struct feed_info *info);
/* "A > B > C" of a category id; empty when it is not known. */
struct str xml_catalog_path(const struct xml_catalog *c, struct str id, struct arena *arena);

/* The role of an element or attribute of an item in this format, its rank (lowest wins) and its canonical name. */
struct xml_name {
    enum role role;
    unsigned rank;
    struct str canonical; /* empty: has none */
    struct str own;       /* local name in lower case */
};
struct xml_name xml_name_of(enum xml_format format, struct str local, struct arena *arena);

/* The same, remembered by the name's pointer, which is one for all equal names of a document. */
enum { XML_NAMES = 1024 };
struct xml_names {
    const char *keys[XML_NAMES];
    struct xml_name values[XML_NAMES];
    struct arena arena;
};
struct xml_name xml_names_get(struct xml_names *names, enum xml_format format, struct str local);

/* The item's object: objectID first (JSON null when the item has no id), all values strings, arrays, objects. */
struct xml_context {
    struct xml_layout layout;
    struct xml_catalog catalog;
    struct xml_names names;
    const struct feed_mapping *mapping;
};
struct json xml_object_make(struct xml_context *context, struct xml_node *item, struct arena *arena);

/* All text below a node, pieces joined by spaces. */
struct str xml_node_text(const struct xml_node *node, struct arena *arena);
struct xml_node *xml_node_child(const struct xml_node *node, struct str name);
struct str xml_node_child_text(const struct xml_node *node, struct str name);
struct str xml_node_attribute(const struct xml_node *node, struct str name);

/* Sets what a mapping's path finds in the item; the nodes are then done with. `name` is the attribute, unless the path
 * gives names itself ("PARAM[PARAM_NAME]=VAL"). */
void xml_path_take(struct xml_node *item, struct str name, struct str path, struct json *object, struct arena *arena);

/* Format-specific members, made before the generic ones: values by role; nodes that are then done with are marked by
 * clearing their name. */
struct xml_extra {
    enum role role;
    struct str name; /* without a role: the attribute's name */
    struct json value;
};
enum { XML_EXTRAS = 8 };
size_t xml_format_extras(enum xml_format format, const struct xml_catalog *catalog, struct xml_node *item,
                         struct arena *arena, struct xml_extra extras[XML_EXTRAS]);

#endif
