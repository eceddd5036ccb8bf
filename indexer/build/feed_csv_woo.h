#ifndef AISLE_BUILD_FEED_CSV_WOO_H
#define AISLE_BUILD_FEED_CSV_WOO_H

/*
 * WooCommerce's product export: a row of the type "variation" names its "Parent" by SKU, or by "id:" and the ID where
 * that has none. Parent and variations become variants of one product (item_group_id); a variation gets what it leaves
 * out from its parent, which comes before it. "Attribute 1 name" and "Attribute 1 value(s)" become an attribute of that
 * name; images, tags and several values become arrays. Only names in English are known.
 */
#include "indexer/build/feed_internal.h"

struct csv_woo;

/* NULL when the columns are not such an export. */
struct csv_woo *csv_woo_new(struct feed_reader *r, const struct str *names, uint32_t count);
void csv_woo_free(struct csv_woo *w);
/* Takes a row's object with its id set, and hands it over. */
MUST_CHECK enum status csv_woo_row(struct csv_woo *w, struct feed_item *row, struct error *err);

#endif
