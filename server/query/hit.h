#ifndef AISLE_SERVER_QUERY_HIT_H
#define AISLE_SERVER_QUERY_HIT_H

/*
 * A hit's object: what was stored, with the numbers and the stock flag put back as they were read when it was matched.
 */
#include "server/query/search.h"
#include "server/query/topk.h"

/* The number attributes that a segment's stored objects may have wrong: those cut out of them, and those that were
 * changed in place since. */
struct hit_overlay {
    uint32_t count, shown; /* the first of them are shown */
    const attr_id *attrs;
    const uint32_t *sources; /* of the window, of those shown */
};

/* What the objects of one answer are read with. */
struct hit_reader {
    const struct snapshot *snapshot;
    const struct store_view *view;
    struct arena *arena;      /* of the objects */
    struct json_names wanted; /* the members that the answer shows */
    bool all;                 /* it shows any */
    bool cells_wanted;        /* it names stores or price lists */
    bool id_only;             /* it shows no more than the objectID: nothing is read */
    struct buf text;          /* scratch; released by hit_reader_release */
};

/* Finds the members that a request's answer can show. False when memory runs out. */
bool hit_reader_init(struct hit_reader *r, const struct snapshot *snapshot, const struct search_request *request,
                     struct arena *arena);
void hit_reader_release(struct hit_reader *r);

/* Those who will read the hits of one evaluation. */
struct hit_readers {
    const struct hit_reader *all;
    size_t count;
};

/* Finds which attributes any of the readers shows, and registers those with the window, whose arena has the lists.
 * False when memory runs out. */
bool hit_overlay_init(struct hit_overlay *o, const struct shard *shard, struct window *w,
                      const struct hit_readers *readers);

/* The object without members that the answer does not show. STATUS_FORMAT when the stored object is damaged. */
MUST_CHECK enum status hit_object(struct hit_reader *r, const struct hit_overlay *overlay, const struct candidate *c,
                                  struct json *out, struct error *err);
/* A number column's cell as JSON; the text is in the arena. */

#endif
