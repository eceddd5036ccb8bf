#ifndef AISLE_SHARD_POSITIONS_H
#define AISLE_SHARD_POSITIONS_H

/*
 * Where in its documents a term stands. A record of a posting is a row of numbers, which only its fact makes readable:
 * for each field of the fact, in order, as many positions as its frequency says; when it says 15, a number before them
 * does. Of a field come its first position and then the gaps, each to the position before (0: a second token there). At
 * most POSITIONS_MAX positions of a field are kept, the first ones. The side field has none.
 *
 * In the file the numbers of 128 postings have as many bits as the largest of them needs. Files of the format's
 * versions up to 4 have the records as positions_put makes them, varints.
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

/* A term's bytes, and how they are written. */
struct positions {
    struct str bytes;
    uint32_t df;
    bool varints; /* as versions up to 4 have them */
};

/* Appends one posting's record as varints; positions are those of the fact, ascending by (field, position). */
void positions_put(struct buf *out, const struct term_position *positions, uint32_t count);

/* Reads the record of posting `rank`; facts are those of the postings of its group of 128, up to its own. Appends to
 * out up to its limit; a position that holds two tokens is given once. */
void positions_read(const struct positions *p, uint32_t rank, const uint64_t *facts, struct positions_out *out);

/* Appends a term's bytes, packed. records are those of df postings back to back as positions_put made them, sizes[i]
 * bytes each. */
void positions_encode(struct str records, const uint32_t *sizes, uint32_t df, struct buf *out);

#endif
