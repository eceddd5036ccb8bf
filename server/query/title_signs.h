#ifndef AISLE_SERVER_QUERY_TITLE_SIGNS_H
#define AISLE_SERVER_QUERY_TITLE_SIGNS_H

/*
 * 32 bits for each title: one bit for each pair of words that stand beside each other (a Bloom filter with one hash),
 * and one that tells whether a word names an accessory. Where the bits of a query are not set, the title's words need
 * not be read, which are far away. Made window by window, when a window is first asked for, and kept with
 * the shard for all threads, four bytes a document.
 */
#include "indexer/shard/shard.h"
#include "server/query/mask.h"

#define TITLE_SIGN_ACCESSORY 0x80000000u
#define TITLE_SIGN_ANY       0xffffffffu /* nothing is known */

struct title_signs {
    struct shard_note note;
    const struct titles *titles;
    uint32_t doc_count;
    _Atomic(uint32_t *) windows[]; /* NULL: not made */
};

/* Borrowed from the shard. */
struct title_signs *title_signs_of(const struct shard *shard);
/* The signs of the 4,096 documents from base on. */
const uint32_t *title_signs_window(struct title_signs *s, doc_id base);

/* The bit of two words in this order. */
static inline uint32_t title_sign_of_pair(term_id a, term_id b)
{
    uint32_t hash = (a * 0x9E3779B1u ^ b) * 0x85EBCA77u;

    return 1u << ((uint64_t)hash * 31 >> 32);
}

#endif
