#ifndef AISLE_SHARD_POSTINGS_H
#define AISLE_SHARD_POSTINGS_H

/*
 * A posting list: the documents that hold a term in any field, ascending, and for each the fact: how often in which
 * field. One list a term, not one a field. A fact is 16 nibbles, four bits of frequency a field, 15 meaning 15 or more;
 * nibble 15 is the side field of letter/digit splits. Facts are few, so a shard has a table of them, the most frequent
 * first, and postings hold its indices.
 *
 * Two kinds. Packed: blocks of 128 documents, delta coded and bit-packed, with the last document of each block apart so
 * that seeking touches no block. Dense, for terms with df > N/32: a flat bitmap, with facts by rank. Both have facts in
 * blocks of 128 by rank, those of dense lists each at hand.
 *
 * A struct postings is a borrowed view; decoding writes to the caller's memory. No function here fails: the bytes were
 * checked by shard_check_terms before the query started, and every loop is bounded by the chunk's end on any bytes.
 */
#include <stdbool.h>

#include "indexer/base/buf.h"
#include "indexer/shard/packed_facts.h"
#include "indexer/shard/types.h"

#define POSTINGS_BLOCK 128

struct postings {
    uint32_t df;
    uint32_t block_count;
    const uint64_t *bits;         /* dense: bit doc of word doc/64; else NULL */
    const uint32_t *block_ranks;  /* dense: the number of set bits before each 4,096 documents; else NULL */
    const doc_id *block_last;     /* packed: the last document of each block */
    const uint32_t *block_offset; /* packed: where each block begins in data */
    const uint8_t *data;
    const uint8_t *data_end;
    struct packed_facts facts; /* dense: fact indices by rank */
};

/* Packed lists: decodes block number `block` into docs[128] and fact indices into facts[128] (NULL: not wanted);
 * returns how many, 128 but for the last block. */
uint32_t postings_block(const struct postings *p, uint32_t block, doc_id docs[POSTINGS_BLOCK],
                        uint32_t facts[POSTINGS_BLOCK]);

/* Packed lists: the fact indices of a block that was decoded without them. */
void postings_block_facts(const struct postings *p, uint32_t block, uint32_t facts[POSTINGS_BLOCK]);

/* Packed lists: the first block at or after `from` whose last document is >= doc; block_count when there is none. */
uint32_t postings_seek(const struct postings *p, uint32_t from, doc_id doc);

/* Dense lists: the fact index of a document that is set. */
uint32_t postings_dense_fact(const struct postings *p, doc_id doc);

/* Both kinds: sets the bits of the list's documents in window base..base+4095 into bits[64] (OR). base is a multiple of
 * 4096. *block is a cursor for packed lists: 0 at first, moved forward. */
void postings_window(const struct postings *p, doc_id base, uint32_t *block, uint64_t bits[64]);

/* Both kinds: the fact indices of postings group * 128 on, up to 128 of them; returns how many. */
uint32_t postings_group_facts(const struct postings *p, uint32_t group, uint32_t facts[POSTINGS_BLOCK]);

/* Both kinds: decodes the whole list into docs[df] and facts[df] (either may be NULL). For building and checking. */
void postings_list(const struct postings *p, doc_id *docs, uint32_t *facts);

/* --- the list's bytes (FORMAT.md, "POST") --- */
/* Whether a list of df of doc_count documents is dense. */
static inline bool postings_is_dense(uint32_t df, uint32_t doc_count)
{
    return df > doc_count / 32 && df >= POSTINGS_BLOCK;
}

/* Appends the list of ascending docs and their fact indices, whose place must be a multiple of 8 in out. */
void postings_encode(const doc_id *docs, const uint32_t *facts, uint32_t df, uint32_t doc_count, struct buf *out);

/* The view of a list that begins at bytes.data; what follows the list may be in bytes too. *used is the list's own
 * size. False when the bytes are too few for such a list; an over-read of up to 16 bytes behind it must be harmless. */
bool postings_open(struct str bytes, uint32_t df, uint32_t doc_count, struct postings *out, size_t *used);

/* Whether the list is well-formed: ascending documents below doc_count, df of them, facts below fact_count. */
bool postings_valid(const struct postings *p, uint32_t doc_count, uint32_t fact_count);

/* The frequency of a fact in a field. */
static inline uint32_t fact_frequency(uint64_t fact, field_id field)
{
    return (uint32_t)(fact >> (4 * field)) & 15u;
}

#endif
