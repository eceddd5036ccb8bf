#include "server/live/inventory.h"

#include <stdlib.h>

struct inventory *inventory_new(void)
{
    struct inventory *v = xcalloc(1, sizeof(*v));
    streams_init(&v->streams);
    held_init(&v->held);
    return v;
}

void inventory_free(struct inventory *v)
{
    if (v) {
        order_release(&v->keys);
        streams_release(&v->streams);
        held_release(&v->held);
        sales_release(&v->sales);
        cells_release(&v->spare_cells);
        pending_keys_release(&v->spare_keys);
        free(v);
    }
}

void inventory_write(const struct inventory *v, struct buf *out)
{
    streams_write(&v->streams, out);
    held_write(&v->held, out);
}

enum status inventory_read(struct inventory *v, struct str bytes, struct error *err)
{
    struct reader r = reader_of(bytes.data, bytes.size);
    if (!streams_read(&v->streams, &r) || !held_read(&v->held, &r)) {
        return error_set(err, STATUS_FORMAT, "offset %zu of the inventory's state is wrong", r.at);
    }
    streams_keep(&v->streams);
    enum status status = order_read(&v->keys, &r, err);
    if (status == STATUS_OK && (r.failed || r.at != r.size)) {
        status =
            error_set(err, STATUS_FORMAT, "the inventory's state ends at offset %zu before its content does", r.at);
    }
    return status;
}
