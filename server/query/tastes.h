#ifndef AISLE_SERVER_QUERY_TASTES_H
#define AISLE_SERVER_QUERY_TASTES_H

/*
 * What a shopper likes, told by the products that they lately looked at and bought: of brand and of category (the
 * attributes with these roles, when they are faceted),
 *
 *   of_code(c) = weight / 2 * (weights of the products with value c) / (weights of all that have a value)
 *   taste(d)   = mean of of_code over the values that d has
 *
 * so that a product gains at most `weight` by both. Read-only once made.
 */
#include "indexer/shard/boosts.h"
#include "indexer/shard/snapshot.h"

#define TASTES      2
#define TASTE_CODES 65536 /* values of an attribute; with more nothing is told */

struct taste {
    attr_id attr;
    uint32_t code_count;
    const float *of_code;
};

struct taste_source {
    const struct boost *products; /* values are weights */
    size_t count;
    double weight;
};

/* Returns how many were made, in the arena. */
uint32_t tastes_make(struct taste out[TASTES], const struct snapshot *snapshot, const struct taste_source *source,
                     struct arena *arena);
/* Of a document; the column is its shard's, whose attribute was checked. */
double taste_of(const struct taste *t, const struct facet_column *column, doc_id doc);

#endif
