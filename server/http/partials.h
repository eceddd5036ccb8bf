#ifndef AISLE_SERVER_HTTP_PARTIALS_H
#define AISLE_SERVER_HTTP_PARTIALS_H

/*
 * Partial updates of single objects that only set, increment or decrement numbers which change in place: they take the
 * inventory lane and overtake other writes. Everything else, and what turns out to need the object written anew, is an
 * ordinary write.
 */
#include "server/http/writes.h"

/* op: a LIVE_PARTIAL of w, as it was read. PENDING: it is under way and answered with answer; MORE: it is none for the
 * lane; HANDLED: an error answer. An Idempotency-Key header makes it happen once. */
enum handled partial_try(struct exchange *x, struct write *w, struct live_op *op,
                         void (*answer)(struct exchange *x, struct write *w));

#endif
