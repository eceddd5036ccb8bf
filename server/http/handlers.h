#ifndef AISLE_SERVER_HTTP_HANDLERS_H
#define AISLE_SERVER_HTTP_HANDLERS_H

/* The route tables of the handler families, each ended by a row without pattern. README.md has the reference. */
#include "server/http/exchange.h"

extern const struct route health_routes[];    /* /health /ready /metrics */
extern const struct route search_routes[];    /* one search, several, facet values */
extern const struct route browse_routes[];    /* every object, by cursor */
extern const struct route suggest_routes[];   /* autocomplete */
extern const struct route object_routes[];    /* objects one by one */
extern const struct route batch_routes[];     /* many writes in one request */
extern const struct route delete_by_routes[]; /* deletions by query */
extern const struct route settings_routes[];  /* settings, rules, tasks */
extern const struct route synonym_routes[];   /* synonyms */
extern const struct route admin_routes[];     /* indexes: list, delete, copy, move; keys; adoption of a candidate */
extern const struct route apply_routes[];     /* changes as of some moment */
extern const struct route inventory_routes[]; /* updates of stock and prices, streamed both ways */
extern const struct route recommend_routes[]; /* products that belong to a product */
extern const struct route event_routes[];     /* what shoppers do */
extern const struct route report_routes[];    /* what that adds up to */
extern const struct route bulk_routes[];      /* Elasticsearch's _bulk */
extern const struct route elastic_routes[];   /* what its clients ask beside it */

/* All of them, in the order in which they are looked through. */
extern const struct route *const handler_families[];

#endif
