#ifndef AISLE_DATA_CATALOG_H
#define AISLE_DATA_CATALOG_H

/*
 * An invented general store's assortment, item by item: the same options give the same items on every run, in bounded
 * memory whatever the number. Figures (lengths, skews, prices, shares) follow those measured on real catalogs;
 * README.md in this folder has the targets. Every name is invented.
 *
 * An item is a variant; variants of a product follow one another and share a group. Not thread-safe.
 */
#include <stdbool.h>
#include <stdint.h>

#include "indexer/base/buf.h"
#include "indexer/base/str.h"

struct catalog;

struct catalog_options {
    uint64_t items; /* 1 .. CATALOG_ITEMS_MAX */
    uint64_t seed;
    int64_t date_ms; /* the day the feed speaks of; sale periods lie around it */
};

#define CATALOG_ITEMS_MAX  UINT64_C(60000000)
#define CATALOG_ATTRIBUTES 8
#define CATALOG_ID_SIZE    11 /* "P123456789" */

struct item_attribute {
    struct str name; /* lower case with underscores */
    struct str value;
};

/* Everything is borrowed from the catalog until the next call. An empty slice or a zero is a missing value. */
struct item {
    struct str id;
    struct str group; /* empty: no variants */
    struct str title, description, link, image;
    struct str brand, gtin, mpn;
    struct str category; /* "A > B > C" */
    struct str category2;
    int google_category;
    struct str color, size, material, gender;
    struct str availability; /* as Google writes it: "in_stock", "out_of_stock", "preorder", "backorder" */
    struct str condition;
    int64_t price_cents;
    int64_t sale_cents;               /* 0: none; else below price_cents */
    int64_t sale_from_ms, sale_to_ms; /* both 0: always */
    uint32_t quantity;
    uint32_t popularity;    /* orders of the last month, at least 1 */
    uint32_t rating_tenths; /* 10..50; 0: not rated yet */
    uint32_t rating_count;
    struct item_attribute attributes[CATALOG_ATTRIBUTES];
    size_t attribute_count;
};

/* Running out of memory is fatal. Free with catalog_free. */
struct catalog *catalog_new(const struct catalog_options *options);
void catalog_free(struct catalog *c);

/* The next item; false after the last. */
bool catalog_next(struct catalog *c, struct item *out);

/* A random item, drawn by `random_state` (changed by the call), the same for the same state: for queries and updates
 * that fit the catalog. The first call passes once over the products' sizes. Not to be mixed with catalog_next. */
void catalog_pick(struct catalog *c, uint64_t *random_state, struct item *out);

#endif
