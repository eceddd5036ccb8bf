#ifndef AISLE_SERVER_LIVE_LANE_H
#define AISLE_SERVER_LIVE_LANE_H

/*
 * Deciding the updates of the inventory lane: against the pending state of their group, in order, each alone. Most
 * touch numbers that have a cell, which costs a look at the objectID's place, the cell and the order key; what they
 * need of memory is asked for LANE_BLOCK updates ahead. Others write the object anew, as a partial update does.
 *
 * Thread rule: the index's writer.
 */
#include "server/live/changes.h"
#include "server/live/update.h"

enum { LANE_BLOCK = 32 };

/* Where an update's object is in the present state. */
struct lane_place {
    uint64_t hash; /* hash64 of the objectID */
    uint32_t segment;
    doc_id doc; /* DOC_NONE: it is not there */
};

/* What is decided with: borrowed. */
struct lane_decision {
    struct changes *changes;
    struct log_writer *writer;
    struct stream *stream; /* NULL: the batch has none */
    uint64_t item;
    int64_t now_ms;
};

void lane_free(struct lane *lane);

/* Asks for the memory that finding objects by these hashes looks at; their places are a guess. */
void lane_prefetch(const struct changes *c, struct lane_place *places, size_t count);
/* Finds the objects of up to LANE_BLOCK updates and fetches what deciding looks at. */
void lane_locate(struct changes *c, const struct live_update *updates, size_t count, struct lane_place *out);
/* Decides one, fills its outcome, writes its record and notes it in the stream. */
void lane_decide(struct lane_decision *d, struct live_update *u, const struct lane_place *at);

/* The product is there now: decides what was held for it and writes RECORD_RELEASE before that. Updates accepted up to
 * known_ms are left out: whoever brought the product knows better. */
void lane_release(struct changes *c, struct log_writer *w, struct str id, int64_t now_ms, int64_t known_ms);

/* Other partial updates: when r's members change a part of the price and do not say the price to pay, it is added to
 * them. There is room for one more. */
bool lane_add_price(struct changes *c, struct record *r, int64_t now_ms);
/* A sale of the object may have begun or ended: decides the price to pay anew. */
void lane_sale_due(struct changes *c, struct log_writer *w, struct str id, int64_t now_ms);
/* An object was written whole: notes when its price changes by itself. */
void lane_note_sale(struct changes *c, struct str id, const struct json *object, int64_t now_ms);
/* Fills the heap of what is due from the columns; prices that should have changed before now are due at once. */
void lane_scan_sales(struct live_index *x, int64_t now_ms);
/* Whether there can be any: some base or delta has a sale's dates. */
bool lane_has_sales(const struct live_index *x);

#endif
