#ifndef AISLE_BUILD_FEED_CSV_MAGENTO_H
#define AISLE_BUILD_FEED_CSV_MAGENTO_H

/*
 * Magento's product export: a configurable product stands behind its variants and names them in
 * "configurable_variations"; "additional_attributes" holds "name=value" pairs. Variants wait, at most some thousands of
 * rows, until the configurable product comes: its sku becomes the item_group_id of all of them. The pairs become
 * attributes of their names.
 */
#include "indexer/build/feed_internal.h"

struct csv_magento;

/* NULL when the columns are not such an export. */
struct csv_magento *csv_magento_new(struct feed_reader *r, const struct str *names, uint32_t count);
void csv_magento_free(struct csv_magento *m);
/* Takes a row's object with its objectID. Hands over what need not wait. */
MUST_CHECK enum status csv_magento_row(struct csv_magento *m, struct feed_item *row, struct error *err);
MUST_CHECK enum status csv_magento_end(struct csv_magento *m, struct error *err);

#endif
