#ifndef AISLE_SERVER_LIVE_INVENTORY_H
#define AISLE_SERVER_LIVE_INVENTORY_H

/*
 * What the updates of an index leave behind beside its numbers: order keys, the streams that were done, and the updates
 * that wait for their product. It belongs to the index, whatever generation serves it.
 *
 * Thread rule: the index's writer; order.h and stats say what others may read.
 */
#include "server/live/cells.h"
#include "server/live/held.h"
#include "server/live/order.h"
#include "server/live/pending_keys.h"
#include "server/live/sales.h"
#include "server/live/streams.h"

struct inventory {
    struct order_keys keys;
    struct streams streams;
    struct held held;
    struct sales sales;
    struct stream *replayed; /* recovery: the stream of the records that are read */
    /* Empty tables with memory, for the next group. */
    struct cells spare_cells;
    struct pending_keys spare_keys;
};

struct inventory *inventory_new(void);
void inventory_free(struct inventory *v);

/* A part of a checkpoint, in two steps: all but the keys at once, on the writer's thread; the keys from a held table,
 * on any. */
void inventory_write(const struct inventory *v, struct buf *out);
MUST_CHECK enum status inventory_read(struct inventory *v, struct str bytes, struct error *err);

#endif
