#ifndef AISLE_BUILD_STORE_ROWS_H
#define AISLE_BUILD_STORE_ROWS_H

/*
 * Partial feeds that say, row by row, what one store has of one product: Google's local inventory feed (XML or TSV:
 * store_code, id, quantity, availability, price, sale_price and its period) and Magento's source items (CSV:
 * source_code, sku, quantity, status). Such a row sets cells of stores and price lists ("stores.berlin", 3), so that
 * the rows of a product do not replace each other. Names are compared without case, "g:", '_' and '-'.
 *
 * Thread-safe: no state.
 */
#include "indexer/build/feed.h"
#include "indexer/shard/settings.h"

enum store_row_kind { STORE_ROW_NONE, STORE_ROW_GOOGLE, STORE_ROW_MAGENTO };

/* Told from an item's members, or a header's columns: a store, an id and something about it, and no title, since a
 * catalog's items have one. feed_info.store_rows has it for a feed. */
enum store_row_kind store_row_kind(const struct json *object);
enum store_row_kind store_row_kind_of_names(const struct str *names, size_t count);
/* "Google local inventory", ... */
const char *store_row_name(enum store_row_kind kind);

/*
 * Replaces the item's object by its objectID and the cells that it sets. A quantity is the store's stock; out of stock
 * (Magento: status 0) is 0 whatever the quantity, in stock without a quantity is true. Without settings (NULL) every
 * store is taken, under "stores", and prices are passed over. A price, the sale price while it
 * is in effect at as_of_ms, goes to the price list that has the store's name, where the settings have one. deleted: the
 * cells are taken away (null). STATUS_INPUT says the field and what is wrong: a store that the settings do not have, a
 * quantity that is no number, a row that says nothing.
 */
struct store_row_options {
    const struct settings *settings;
    enum store_row_kind kind;
    int64_t as_of_ms;
    bool deleted;
};
MUST_CHECK enum status store_row_take(const struct store_row_options *options, struct feed_item *item,
                                      struct error *err);

#endif
