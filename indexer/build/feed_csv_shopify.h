#ifndef AISLE_BUILD_FEED_CSV_SHOPIFY_H
#define AISLE_BUILD_FEED_CSV_SHOPIFY_H

/*
 * Shopify's product export: a product is several rows with the same Handle. Its first row has the product's values, a
 * row with a price is a variant, one with only an image adds it to the product. Each variant becomes an item with the
 * product's values filled in, its options under their own names ("Size": "L"), the images as an array, objectID from
 * "Variant SKU" or else the handle and the options, and the handle as item_group_id.
 */
#include "indexer/build/feed_internal.h"

struct csv_shopify;

/* NULL when the columns are not such an export. */
struct csv_shopify *csv_shopify_new(struct feed_reader *r, const struct str *names, uint32_t count);
void csv_shopify_free(struct csv_shopify *s);
/* Takes a row's object, whose members[0] is free for the id. Hands over the products that are complete. */
MUST_CHECK enum status csv_shopify_row(struct csv_shopify *s, struct feed_item *row, struct error *err);
MUST_CHECK enum status csv_shopify_end(struct csv_shopify *s, struct error *err);

#endif
