#ifndef AISLE_SERVER_QUERY_STORE_VIEW_H
#define AISLE_SERVER_QUERY_STORE_VIEW_H

/*
 * What a request's `store` and `priceList` change: the stock flag and the quantity are those of the stores asked for
 * (in stock in any of them; the quantity is their sum), the price and the price to pay are the list's where it has one,
 * else the product's own. Every reader of numbers goes through the window, so filters, facets, stats, order and hits
 * see the same. An attribute such as "stores.berlin" shows that store's cells without being asked for by `store`.
 */
#include "indexer/shard/dimension.h"
#include "indexer/shard/snapshot.h"
#include "server/query/search.h"

struct store_view {
    bool by_store;
    const attr_id *stores; /* those that have cells anywhere */
    uint32_t store_count;
    attr_id list; /* ATTR_NONE: none asked for, or it has no cells anywhere */
    attr_id quantity;
    attr_id prices[2];
};

enum shown_kind { SHOWN_COLUMN, SHOWN_STOCK, SHOWN_LIST, SHOWN_CELLS };

/* How a source's numbers of one segment come about. */
struct shown_column {
    enum shown_kind kind;
    const struct number_column *base; /* LIST: what stands in for missing cells */
    const struct dimension *cells;    /* LIST, CELLS */
    int64_t base_factor, cell_factor; /* to the form's scale */
    struct number_column form;        /* scale and kind of the numbers; it has no cells */
};

/* False when memory runs out. */
bool store_view_init(struct store_view *v, const struct snapshot *s, const struct search_request *r,
                     struct arena *arena);
/* Whether the attribute has numbers by the view, whatever columns there are. */
bool store_view_shows(const struct store_view *v, const struct snapshot *s, attr_id attr);
/* How often the cells that the view reads were set in a segment. */
uint64_t store_view_epoch(const struct store_view *v, const struct shard *shard);
/* The column that stands for an attribute in a segment: the shard's own, or out->form. view may be NULL. */
const struct number_column *store_view_column(const struct store_view *v, const struct shard *shard, attr_id attr,
                                              struct shown_column *out);

struct window;
struct value_source;
struct mask;
/* The part of window_load for shown columns; memory for the cells is there. */
void store_view_load(struct window *w, struct value_source *v, const struct mask *wanted);
/* The window's in-stock bits. */
void store_view_stock(struct window *w);
/* Everything that the window's sources and its stock read of the segment's cells is as it was written. */
MUST_CHECK enum status store_view_check(const struct window *w, struct error *err);

#endif
