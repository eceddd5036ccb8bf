#ifndef AISLE_DATA_WORKLOAD_H
#define AISLE_DATA_WORKLOAD_H

/* Search queries and stock updates that fit a catalog, for benchmarks and tests. */
#include "data/catalog.h"

/* One line "query TAB words TAB id": one to four words (30, 40, 20, 10 % of the queries) of the title of the product
 * `id`, lower case, in the title's order, so that the product matches all of them. */
void workload_query(struct catalog *c, uint64_t *random_state, struct buf *out);

/* One line of JSON as the batch endpoint takes them: a partial update that sets the quantity (60 %), takes some pieces
 * off (25 %) or sets the price (15 %). */
void workload_update(struct catalog *c, uint64_t *random_state, struct buf *out);

#endif
