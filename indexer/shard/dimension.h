#ifndef AISLE_SHARD_DIMENSION_H
#define AISLE_SHARD_DIMENSION_H

/*
 * Cells of stores and price lists in one shard: for each such attribute ("stores.berlin", "prices.vip") the documents
 * that have one, ascending, with the value and the order key of its last update. Stores also have an in-stock set: a
 * flat bitmap where at least one document in 32 has a cell, else what the cells say.
 *
 * Cells lie in blocks of 16,384 documents. A block is mapped from the shard's file, where cells have no keys, until it
 * changes; from then on it is in memory: 2 bytes for the document, 4 for the value, 6 for the key once there is one (8
 * and 8 where a number needs more). A value changes in place; cells that are new make a new block, and the old one goes
 * after a grace period.
 *
 * Values are whole units of 10^-3 (stores) or 10^-4 (price lists): DIMENSION_SCALE of the kind.
 *
 * Thread rule: one writer; any number of readers, each within a grace period (rcu.h). A cell that is missing may have a
 * key: it was taken away by an update that is newer than others yet to come.
 */
#include <stdatomic.h>

#include "indexer/base/buf.h"
#include "indexer/shard/columns.h"
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

#define DIMENSION_BLOCK       16384 /* documents; a multiple of the searches' windows */
#define DIMENSION_STORE_SCALE 3
#define DIMENSION_PRICE_SCALE 4

struct dimension;

struct dimension_cell {
    doc_id doc;
    int64_t value; /* NUMBER_MISSING: none */
    uint64_t key;  /* as in order.h, plus 1; 0: none; in a change: the one there is stays */
};

/* Of a shard; all zeros is empty. */
struct dimensions {
    uint32_t doc_count;
    struct container *container;
    _Atomic(struct dimension_table *) table;
};

/* Of the chunks that dimensions_writer_end made, if the shard has them. */
MUST_CHECK enum status dimensions_open(struct dimensions *all, struct container *c, uint32_t doc_count,
                                       struct error *err);
void dimensions_close(struct dimensions *all);

/* NULL: no cells. */
const struct dimension *dimensions_find(const struct dimensions *all, attr_id attr);
/* One above the largest attribute that has any. */
uint32_t dimensions_limit(const struct dimensions *all);
/* What is read of the attribute's cells in the file is as it was written. Cheap when it was checked before. */
MUST_CHECK enum status dimensions_check(const struct dimensions *all, attr_id attr, struct error *err);

/* --- reading --- */
bool dimension_is_store(const struct dimension *d);
/* False when the document has no cell; one that was taken away has the value NUMBER_MISSING. */
bool dimension_find(const struct dimension *d, doc_id doc, struct dimension_cell *out);
/* Asks for the memory that finding looks at. */
void dimension_prefetch(const struct dimension *d, doc_id doc);
int64_t dimension_value(const struct dimension *d, doc_id doc); /* NUMBER_MISSING: none */
/* The cells of documents first..first + 4095 (first a multiple of 4,096): cells and bits by document - first. Others
 * stay as they are. */
void dimension_window(const struct dimension *d, doc_id first, int64_t *cells, uint64_t *present);
/* Adds the documents first..first + 4095 with more than none to the bits. */
void dimension_stock_window(const struct dimension *d, doc_id first, uint64_t *bits);
bool dimension_in_stock(const struct dimension *d, doc_id doc);
/* How often cells were set, read before the cells that a page is made of (number_epoch of columns.h). d NULL: 0. */
uint64_t dimension_epoch(const struct dimension *d);
/* Calls on_cell for each cell, ascending. */
typedef void dimension_visitor(void *context, const struct dimension_cell *cell);
void dimension_each(const struct dimension *d, dimension_visitor *on_cell, void *context);
/* What is in memory, beside the file: bytes, and the cells there are. */
size_t dimension_memory(const struct dimension *d, size_t *cells);

/* --- writing --- */
/* Sets cells, ascending by document, each once, below the shard's document count. The attribute gets its first cell
 * here, too. The file's cells must have been checked. */
void dimensions_set(struct dimensions *all, attr_id attr, bool store, const struct dimension_cell *cells,
                    uint32_t count);

/* --- what changed since the file was made --- */
bool dimension_is_changed(const struct dimension *d);
/* u32 blocks; each u32 number, varint cells; per cell u16 document - the block's first, varint value (0: missing, else
 * its zigzag code plus 1), varint key. Any thread within a grace period; values may be newer than the call. */
void dimension_write_changed(const struct dimension *d, struct buf *out);
/* Reads it back; doc_count and attribute are those of the same shard. all NULL: only passes over it. */
MUST_CHECK enum status dimensions_read_changed(struct dimensions *all, attr_id attr, bool store, struct reader *r,
                                               struct error *err);

/* --- the file --- */
/* One attribute's cells at build; ascending by document, keys are not written. */
struct dimension_source {
    attr_id attr;
    bool store;
    const struct dimension_cell *cells;
    uint32_t count;
};
struct dimensions_writer {
    struct container_writer *w;
    uint32_t doc_count;
    uint32_t count;
    struct buf index;
};
/* Attributes ascending, each once; nothing is written when there is none. */
void dimensions_writer_init(struct dimensions_writer *dw, struct container_writer *w, uint32_t doc_count);
void dimensions_writer_put(struct dimensions_writer *dw, const struct dimension_source *source);
void dimensions_writer_end(struct dimensions_writer *dw);

#endif
