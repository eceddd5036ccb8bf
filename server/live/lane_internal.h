#ifndef AISLE_SERVER_LIVE_LANE_INTERNAL_H
#define AISLE_SERVER_LIVE_LANE_INTERNAL_H

/* What lane.c (updates) and lane_sales.c (what is due) share. */
#include "server/live/lane.h"

#define EFFECTIVE_PRICE STR("effective_price")

/* The attributes that a sale is made of; the sale price's name is empty when the index has no sales. */
void sale_names(const struct settings *s, struct str names[SALE_PARTS]);

/* What ifStockAtLeast is about: the stock of the store that the update names, else the quantity; empty: neither. */
struct str lane_stock_named(const struct settings *s, const struct live_update *u);

static inline bool decimal_of(const struct json *value, struct decimal *out)
{
    return value && value->type == JSON_NUMBER && decimal_parse(value->text, out);
}

#endif
