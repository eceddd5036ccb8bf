#ifndef AISLE_SHARD_POSITIONS_H
#define AISLE_SHARD_POSITIONS_H

/*
 * Where in its documents a term stands. A term's positions: when it has more than 128 postings, u32 offsets of each
 * group of 128 postings (and of the end); then for each posting a record: varint count, and for each position
 * varint(gap << 1) in the same field, or varint(position << 1 | 1) and a byte for the field when the field changes
 * (always for the first). At most POSITIONS_MAX positions a posting are kept, the first ones.
 */
#include "indexer/base/buf.h"
#include "indexer/shard/types.h"

#define POSITIONS_MAX   64
#define POSITIONS_BLOCK 128

struct term_position {
    field_id field;
    uint32_t position;
};

/* Appends one posting's record; positions ascend by (field, position), each once. */
void positions_put(struct buf *out, const struct term_position *positions, uint32_t count);

/* Reads the record of posting `rank` from a term's bytes; returns how many, at most limit. */
uint32_t positions_read(struct str bytes, uint32_t df, uint32_t rank, struct term_position *out, uint32_t limit);

/* Appends a term's bytes: records of df postings back to back, sizes[i] bytes each. */
void positions_encode(struct str records, const uint32_t *sizes, uint32_t df, struct buf *out);

#endif
