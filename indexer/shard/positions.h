#ifndef AISLE_SHARD_POSITIONS_H
#define AISLE_SHARD_POSITIONS_H

/*
 * Where in its documents a term stands. A term's positions: when it has more than 128 postings, u32 offsets of each
 * group of 128 postings (and of the end); then a record for each posting, which only its fact makes readable: for each
 * field of the fact, in order, as many positions as its frequency says; when it says 15, a varint before them does. The
 * first position of a field is a varint, the others varints of the gap to the one before (0: a second token there). At
 * most POSITIONS_MAX positions of a field are kept, the first ones. The side field has none.
 */
#include "indexer/base/buf.h"
#include "indexer/shard/types.h"

#define POSITIONS_MAX   64
#define POSITIONS_BLOCK 128

struct term_position {
    field_id field;
    uint32_t position;
};

struct positions_out {
    struct term_position *items;
    uint32_t count, limit;
};

/* Appends one posting's record; positions are those of the fact, ascending by (field, position). */
void positions_put(struct buf *out, const struct term_position *positions, uint32_t count);

/* Reads the record of posting `rank` from a term's bytes; facts are those of the postings of its group of 128, up to
 * its own. Appends to out up to its limit; a position that holds two tokens is given once. */
void positions_read(struct str bytes, uint32_t df, uint32_t rank, const uint64_t *facts, struct positions_out *out);

/* Appends a term's bytes: records of df postings back to back, sizes[i] bytes each. */
void positions_encode(struct str records, const uint32_t *sizes, uint32_t df, struct buf *out);

#endif
