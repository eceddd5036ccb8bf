#ifndef AISLE_BUILD_PRODUCT_H
#define AISLE_BUILD_PRODUCT_H

/*
 * From a feed's item to the product object that is stored and indexed: roles recognised by name, prices as exact
 * numbers with their currency apart, availability as stock, HTML as text, category paths as levels.
 *
 * Feeds speak in strings, clients of the API in JSON: product_from_feed normalizes the first, while objects sent over
 * the wire are taken as they are (only objectID is checked). What a role is called in an index is in its settings.
 */
#include "indexer/build/feed.h"
#include "indexer/shard/settings.h"

/* The roles recognised without settings, in the order that decides between two candidates. Returns ROLE_NONE for
 * names that are plain attributes. Case, "g:" and punctuation do not matter. */
enum role role_of_name(struct str name);

struct product_options {
    const struct settings *settings; /* NULL: roles recognised by name */
    enum feed_kind kind;
    const char *default_currency; /* "" when the feed declares none */
    int64_t as_of_ms;             /* decides whether a sale price is in effect */
};

/* Normalizes item->object in place. Afterwards it has "objectID" when one of the id fields was there. XML and money
 * strings: price, sale_price become numbers, "currency" the code, "effective_price" the price to pay at as_of;
 * "availability" gives "in_stock" (true, false) and a quantity field becomes a number; HTML in descriptions becomes
 * text; category strings with separators become arrays of "A > B > C" paths kept under the same name. STATUS_INPUT
 * names the field and the reason, such as "'g:price': '12,99,1 USD' is not an amount". */
MUST_CHECK enum status product_from_feed(const struct product_options *options, struct feed_item *item,
                                         struct error *err);

/* "12.99 USD", "USD 12.99", "$1,299.00", "1.299,00 EUR", "1 299,00 Kč", "SR 2,375", "1'299.00". The amount goes to out
 * as a JSON number's text, the ISO 4217 code (or "" when the string has none) to currency. A lone separator with three
 * digits behind it is a thousands separator ("1,299") unless hint says decimals. False when s is not an amount. */
struct money {
    char amount[32];
    char currency[4];
};
bool money_parse(struct str s, struct money *out);

/* HTML to text: tags off (block elements end a word), entities decoded, script and style dropped, white space folded.
 */
void html_to_text(struct str html, struct buf *out);

#endif
