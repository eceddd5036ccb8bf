#ifndef AISLE_SERVER_EVENTS_SHOPPERS_H
#define AISLE_SERVER_EVENTS_SHOPPERS_H

/*
 * What shoppers did lately, by token, and which products the same shoppers looked at or bought: a product that is
 * viewed or clicked within a day of another by the same token is viewed with it; products of one order, or of orders
 * and carts within a day, are bought together. Counts fade by half in 30 days.
 *
 * Tokens are kept as their hash. Memory is bounded: the shoppers and the products that were not heard of for longest
 * go.
 *
 * Any thread; calls hold a lock for some microseconds.
 */
#include "indexer/shard/boosts.h"
#include "server/events/event.h"

#define SHOPPERS_MAX     (1u << 15)
#define SHOPPERS_RECENT  16 /* products of a shopper */
#define RELATED_MAX      (1u << 16)
#define RELATED_PRODUCTS 24 /* of a product */

struct shoppers;

struct shoppers *shoppers_new(void);
void shoppers_free(struct shoppers *s); /* takes NULL */

void shoppers_apply(struct shoppers *s, const struct event *event);
/* Drops what is known of a token. */
void shoppers_forget(struct shoppers *s, struct str token);

enum related_kind { RELATED_VIEWED, RELATED_BOUGHT };
/* What belongs to a product, the most first, at most `room`; copied to the arena. */
struct related_query {
    enum related_kind kind;
    struct str index, object_id;
};
size_t shoppers_related(struct shoppers *s, const struct related_query *q, struct arena *arena,
                        struct boost out[RELATED_PRODUCTS]);
/* What a shopper did with products of an index, the latest first: values are weights, a purchase 3, a cart 2, others
 * 1. Copied to the arena. */
size_t shoppers_recent(struct shoppers *s, struct str token, struct str index, struct arena *arena,
                       struct boost out[SHOPPERS_RECENT]);

/* The state as bytes, and back (STATUS_FORMAT: s is only fit to be freed). */
void shoppers_write(struct shoppers *s, struct buf *out);
MUST_CHECK enum status shoppers_read(struct shoppers *s, struct reader *r, struct error *err);

/* How many there are. */
void shoppers_count(struct shoppers *s, uint64_t *shoppers, uint64_t *related);

#endif
