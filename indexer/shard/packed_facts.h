#ifndef AISLE_SHARD_PACKED_FACTS_H
#define AISLE_SHARD_PACKED_FACTS_H

/*
 * The facts of a dense list by rank, in little room and each at hand. A list has few different facts, some much more
 * often than others, and documents of a category have the same ones. So they get numbers in the list, the most frequent
 * first, and each block of 128 has them packed with as many bits as its largest number needs: mostly one or none.
 *
 * A struct packed_facts is a borrowed view. Reading is bounded on any bytes; up to 16 bytes behind them are read, too.
 */
#include <string.h>

#include "indexer/base/buf.h"

#define PACKED_FACTS 128 /* facts of a block */

struct packed_facts {
    uint32_t count;
    uint32_t palette_count;
    const uint32_t *palette; /* facts by their number in the list; NULL: plain, as version 1 has them */
    const uint32_t *blocks;  /* low five bits: the width; above: where it begins in data, in units of 16 bytes */
    const uint8_t *data;
    size_t size;   /* of data */
    uint8_t width; /* plain: bytes of a fact: 1, 2 or 4 */
};

uint32_t packed_facts_plain(const struct packed_facts *f, uint32_t rank);

/* The fact of posting number `rank`; 0 when there is none such. */
static inline uint32_t packed_facts_at(const struct packed_facts *f, uint32_t rank)
{
    uint32_t block, index;
    size_t bit;
    uint64_t word;

    if (rank >= f->count)
        return 0;
    if (!f->palette)
        return packed_facts_plain(f, rank);
    block = f->blocks[rank / PACKED_FACTS];
    bit = (size_t)(block >> 5) * 128 + (size_t)(rank % PACKED_FACTS) * (block & 31);
    if (bit / 8 > f->size)
        return 0;
    memcpy(&word, f->data + bit / 8, sizeof(word));
    index = (uint32_t)(word >> (bit % 8)) & ((1U << (block & 31)) - 1);
    return index < f->palette_count ? f->palette[index] : 0;
}

/* The facts of block number `block`; returns how many. */
uint32_t packed_facts_block(const struct packed_facts *f, uint32_t block, uint32_t facts[PACKED_FACTS]);

/* Appends count facts; the place must be a multiple of 4 in out, and is one behind them. */
void packed_facts_put(const uint32_t *facts, uint32_t count, struct buf *out);
/* The same as version 1 has it. */
void packed_facts_put_plain(const uint32_t *facts, uint32_t count, struct buf *out);

/* The view of what packed_facts_put made. *used is its size. False when the bytes are too few. */
bool packed_facts_open(struct packed_facts *f, struct str bytes, uint32_t count, size_t *used);

/* Whether every number has a fact, and every fact is below fact_count. */
bool packed_facts_valid(const struct packed_facts *f, uint32_t fact_count);

#endif
