#ifndef AISLE_SERVER_LIVE_HELD_H
#define AISLE_SERVER_LIVE_HELD_H

/*
 * Updates of products that are not there yet, in the order of arrival, as lines of update_line.h without objectID. They
 * are applied when the product comes, and forgotten after the time that the settings say.
 *
 * Thread rule: the index's writer.
 */
#include "indexer/base/buf.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

#define HELD_BYTES_MAX (UINT64_C(256) << 20)

struct held_update {
    int64_t wall_ms; /* when it was accepted */
    struct str line; /* behind this struct in memory */
};

struct held_list {
    VEC(struct held_update *) updates;
};

struct held {
    struct map by_id; /* -> struct held_list * */
    uint64_t bytes;
    uint64_t count;
};

void held_init(struct held *h);
void held_release(struct held *h);

static inline bool held_has_room(const struct held *h, size_t line_bytes)
{
    return h->bytes + line_bytes + 128 <= HELD_BYTES_MAX;
}
void held_add(struct held *h, struct str id, int64_t wall_ms, struct str line);
/* NULL when nothing waits for the object. */
const struct held_list *held_find(const struct held *h, struct str id);
void held_remove(struct held *h, struct str id);
/* Forgets what was accepted before; returns how many. */
uint64_t held_expire(struct held *h, int64_t before_ms);

/* v lists, then of each: string id, v count, u64 wall ms and string line of each. */
void held_write(const struct held *h, struct buf *out);
bool held_read(struct held *h, struct reader *r);

#endif
