#ifndef AISLE_BUILD_PRODUCT_H
#define AISLE_BUILD_PRODUCT_H

/*
 * From a feed's item to the product object that is stored and indexed: roles recognised by name, prices as exact
 * numbers with their currency apart, availability as stock, HTML as text, category paths as levels.
 *
 * Feeds speak in strings, clients of the API in JSON: product_from_feed normalizes the first, while objects sent over
 * the wire are taken as they are (only objectID is checked). What a role is called in an index is in its settings.
 */
#include "indexer/base/limits.h"
#include "indexer/build/feed.h"
#include "indexer/shard/settings.h"

/* The roles recognised without settings, in the order that decides between two candidates. Returns ROLE_NONE for
 * names that are plain attributes. Case, "g:" and punctuation do not matter. */
enum role role_of_name(struct str name);

/* The same, with the name's place among the names of its role: the lowest wins. *rank may be NULL. */
enum role role_of_name_ranked(struct str name, unsigned *rank);

struct product_options {
    const struct settings *settings; /* NULL: roles recognised by name */
    const char *default_currency;    /* "" when the feed declares none */
    int64_t as_of_ms;                /* decides whether a sale price is in effect */
    bool partial;                    /* the item says only what changed: in_stock only where availability is said */
};

/*
 * Normalizes item->object in place; "objectID" is there already; JSON numbers stay as they are. Strings: price,
 * sale_price and other names with "price" in them become numbers, "currency" the code, "effective_price" the price to
 * pay at as_of; availability and quantity give "in_stock" (true, false), a quantity becomes a number; HTML in texts
 * becomes text; category strings with separators become arrays of "A > B > C" paths. A price may be an object, too:
 * {"value": 12.5, "currency": "EUR"}. One without any digit ("on request") is kept as a string. Other numbers stay
 * strings here: which columns are numeric is known only at the feed's end (infer.h) and done by product_numbers.
 * STATUS_INPUT names the field and the reason, such as "'price': '12,99,1 USD' is not an amount".
 */
MUST_CHECK enum status product_from_feed(const struct product_options *options, struct feed_item *item,
                                         struct error *err);

/* Strings of attributes that the settings make numeric facets become JSON numbers ("51", "2,5"), where they are plain
 * numbers; all else stays. For objects of XML and CSV feeds, before they are stored. */
void product_numbers(const struct settings *settings, struct json *object, struct arena *arena);

/*
 * A feed's object says that it is out of stock, and its quantity is 0: then the one is only said because of the other.
 * Its in_stock becomes true, which in a stored object means that it is in stock when there is any (columns.h), so that
 * a later quantity counts. What is said for other reasons (preorder, discontinued) stays. For new objects of feeds,
 * after product_numbers.
 */
void product_available(const struct settings *settings, struct json *object);

/* A plain number as feeds write it: digits with at most one '.' or ',' as the decimal point, an optional '-', no
 * leading zeros before other digits, at most 15 digits. The JSON number's text goes to out. */
bool plain_number(struct str s, char out[24]);

/* "12.99 USD", "USD 12.99", "$1,299.00", "1.299,00 EUR", "1 299,00 Kč", "SR 2,375", "1'299.00". The amount goes to out
 * as a JSON number's text, the ISO 4217 code (or "" when the string has none) to currency. A lone separator with three
 * digits behind it is a thousands separator ("1,299") except in currencies with three decimals. "free" is 0. Nothing is
 * rounded. Of a range ("12.99 - 15.99 USD") it is the lower end; "from", "ab", "incl. VAT", "/kg" and the like are
 * passed over. False when s is not an amount: other words, a minus, separators that make no sense ("12,99,1"). */
struct money {
    char amount[32];
    char currency[4];
};
bool money_parse(struct str s, struct money *out);
/* The same for an amount whose currency is said elsewhere: a code or "", which decides what "1.500" is. */
bool money_parse_in(struct str s, const char *currency, struct money *out);

/*
 * The category paths a value stands for, each "A > B > C" with at most LIMIT_CATEGORY_LEVELS levels: a string is a path
 * cut at '>', '|' or " / " (the first of these that it has); an array of strings without any is one path, its elements
 * the levels; in any other array each element is a path (or an array of levels). Paths borrow the value or the arena.
 */
enum { CATEGORY_PATHS = 64 };
struct category_paths {
    struct str items[CATEGORY_PATHS];
    size_t count;
};
void category_paths_of(const struct json *value, struct arena *arena, struct category_paths *paths);

/* A path's levels, trimmed; returns their number. */
size_t category_levels(struct str path, struct str levels[LIMIT_CATEGORY_LEVELS]);
struct str category_join(const struct str *levels, size_t count, struct arena *arena);

/* HTML to text: tags off (block elements end a word), entities decoded, script and style dropped, white space folded.
 */
void html_to_text(struct str html, struct buf *out);

#endif
