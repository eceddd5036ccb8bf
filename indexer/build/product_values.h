#ifndef AISLE_BUILD_PRODUCT_INTERNAL_H
#define AISLE_BUILD_PRODUCT_INTERNAL_H

/* Reading what feeds write: currencies, dates, availability. */
#include "indexer/build/product.h"

/* The ISO 4217 code of a code, a symbol or a name ("EUR", "€", "Kč", "руб."); false when s is none. "kr", which several
 * countries have, gives true and "". */
bool currency_code(struct str s, char out[4]);
/* Digits behind the point that the currency has: 2 for most, 3 for KWD, OMR, ..., 0 for JPY, ... */
unsigned currency_digits(const char code[4]);

/* ISO 8601 ("2016-03-01T13:00-0800", "2012-03-31 01:04", "2000-10-24") and RFC 822 dates, ms since 1970; without a zone
 * it is UTC. */
bool date_parse(struct str s, int64_t *ms);

enum availability { AVAILABILITY_UNKNOWN, AVAILABILITY_IN, AVAILABILITY_OUT };
enum availability availability_parse(struct str s);

#endif
