#ifndef AISLE_SERVER_QUERY_FILTER_H
#define AISLE_SERVER_QUERY_FILTER_H

/*
 * Filters as clients spell them -> struct filter (search.h): `filters` strings (filter_parse.c), facetFilters and
 * numericFilters as strings, arrays and nested arrays (filter_json.c). Depth and size are bounded; every error names
 * the parameter or the offset.
 */
#include "server/query/search.h"

#define FILTER_DEPTH  32
#define FILTERS_LIMIT 16384 /* conditions of one request */

/* "brand:Acme", "brand:-Acme", "price:10 TO 20" is not one of these. Splits at the first ':'. */
MUST_CHECK enum status filter_of_facet(const struct filter **out, struct str text, struct arena *arena,
                                       struct error *err);
/* "price>=50", "price = 10", "price:10 TO 20". */
MUST_CHECK enum status filter_of_number(const struct filter **out, struct str text, struct arena *arena,
                                        struct error *err);
/* The values of the parameters facetFilters, tagFilters and numericFilters: a condition, an array (all of them), arrays
 * inside (one of them), JSON in a string. *out is NULL when there is no condition. */
enum filter_list { FILTER_LIST_FACET, FILTER_LIST_TAG, FILTER_LIST_NUMBER };
MUST_CHECK enum status filter_of_json(const struct filter **out, const struct json *value, enum filter_list list,
                                      struct arena *arena, struct error *err);

/* Both, or the one that is not NULL. NULL only when both are, or the arena's ceiling is reached. */
const struct filter *filter_both(const struct filter *a, const struct filter *b, struct arena *arena);
/* One node in the arena; children are borrowed. NULL at the arena's ceiling. */
const struct filter *filter_new(const struct filter *like, struct arena *arena);
/* "price:10 TO 20" and its like: low <= attribute <= high. */
const struct filter *filter_range(struct str attribute, struct str low, struct str high, struct arena *arena);
bool filter_op_known(const char *op);
/* True when s is a number as filters write it ("12", "-3.5", "1e3"). */
bool filter_is_number(struct str s);

#endif
