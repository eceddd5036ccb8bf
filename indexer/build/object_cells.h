#ifndef AISLE_BUILD_OBJECT_CELLS_H
#define AISLE_BUILD_OBJECT_CELLS_H

/*
 * The cells of stores and price lists (settings.h) in an object: numbers in the member that the settings say, however
 * deep, and top-level members with such a dotted name. They leave the stored object; snapshot_object puts them back.
 */
#include "indexer/base/json.h"
#include "indexer/base/vec.h"
#include "indexer/shard/attributes.h"
#include "indexer/shard/dimension.h"
#include "indexer/shard/settings.h"

/* A number, the text of one, or for a store true and false; false when the value is none of these, or has more digits
 * than a cell. */
bool object_cell(const struct json *value, enum dimension_kind kind, int64_t *out);

/* The object without its cells: a copy in the arena where it has any, else itself. */
struct json object_without_cells(const struct settings *s, const struct json *object, struct arena *arena);

/* --- the cells of a shard in the making, by attribute in order of arrival --- */
struct build_cell {
    uint32_t doc;
    uint32_t low, high; /* of the value */
};
struct build_cells_list {
    VEC(struct build_cell) cells;
    bool store;
};
struct build_cells {
    VEC(struct build_cells_list) attributes; /* by attr_id */
};

void build_cells_release(struct build_cells *b);
void build_cells_put(struct build_cells *b, attr_id attr, bool store, uint32_t doc, int64_t value);
/* Drops what was given for documents from `doc` on. */
void build_cells_cancel(struct build_cells *b, uint32_t doc);
void build_cells_write(struct build_cells *b, const uint32_t *new_of_old, uint32_t doc_count,
                       struct container_writer *w);

#endif
