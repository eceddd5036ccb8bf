#ifndef AISLE_SERVER_LIVE_CHANGES_CELLS_H
#define AISLE_SERVER_LIVE_CHANGES_CELLS_H

/*
 * Changes of stores' stock and price lists' prices: members named "stores.berlin". A cell is set or taken away where
 * its document is, whether it was there before or not; in an object that is written anew it is a number in the member
 * "stores". Its order key lies with the cell. When a document moves to another segment the keys go along, and when it
 * is deleted they go to the table of keys (order.h), which is asked beside the cell.
 *
 * Thread rule: the index's writer.
 */
#include "indexer/shard/dimension.h"
#include "server/live/changes.h"

/* A member as a cell of a column, or of a store or price list. */
struct member_cell {
    attr_id attr;
    int64_t value;
    bool dimension;
    uint64_t key;
};

/* The attribute of a cell's name, made when there is none. */
attr_id changes_cell_attribute(struct changes *c, struct str name);
bool changes_cell_named(const struct changes *c, struct str name);
/* The number as it will be; *out NULL when there is none. */
MUST_CHECK enum status changes_cell_member(struct changes *c, struct change *x, struct str name,
                                           const struct json **out, struct error *err);
/* False when the object is to be written anew for it, or its file is damaged. */
bool changes_cell_find(struct changes *c, struct change *x, const struct member_change *m, struct member_cell *out);
/* Whether a cell can hold the value. */
bool changes_cell_fits(const struct changes *c, const struct member_change *m);
void changes_cell_put(struct changes *c, struct change *x, const struct member_cell *cell);
/* The cell of a document as the group leaves it; false when its file is damaged. */
bool changes_cell_read(const struct changes *c, const struct doc_place *at, attr_id attr, struct dimension_cell *out);
/* Sets it without a look at the object, which must not be loaded. */
void changes_cell_store(struct changes *c, const struct doc_place *at, const struct member_cell *cell);
/* Sets any member of an object that is written anew, a cell or not; a cell's key goes to the table. False when memory
 * runs out. */
bool changes_cell_write(struct changes *c, const struct change *x, struct json *object, const struct member_change *m);
/* The key that lies with the cell, plus 1; 0: none. */
uint64_t changes_cell_key(struct changes *c, struct str id, struct str name);
/* Puts the group's cells into an object that was just loaded. */
void changes_cells_load(struct changes *c, struct change *x);

/* The published cell; false when there is none. */
bool changes_cell_now(const struct live_index *x, struct str id, struct str name, struct dimension_cell *out);

/* An object is written whole: lifts the keys that its cells have. Before changes_put. */
void changes_cells_lift(struct changes *c, struct str id, const struct json *object, int64_t now_ms);
/* All objects of the index are about to go: their keys go to the table. */
void changes_cells_spill(struct live_index *x);

/* Publication: stores the group's cells, then takes keys along to the segment that was built. */
void changes_cells_publish(struct changes *c);
/* Brings the cells of a document to where it is now: what a merge missed. */
void changes_cells_copy(const struct shard *from, doc_id old, const struct shard *to, doc_id doc);
/* Gives the keys of all documents of a snapshot to the same objects in an index that is about to replace it; those of
 * objects that it does not have go to `gone`, by tag. Any thread that alone writes to that index. */
void changes_cells_carry(const struct snapshot *from, struct live_index *to, struct order_keys *gone);

#endif
