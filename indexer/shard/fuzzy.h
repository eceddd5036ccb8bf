#ifndef AISLE_SHARD_FUZZY_H
#define AISLE_SHARD_FUZZY_H

/*
 * Terms near a word, by symmetric deletion: two texts within k edits have a text in common among those that each gives
 * by deleting up to k of its letters (Mor and Fraenkel, "A hash code method for detecting and correcting spelling
 * errors", 1982; bounded to a prefix as in Garbe's SymSpell). The table maps a hash of each such text to its term; what
 * it finds is verified by the distance itself.
 *
 * The first letter is kept, and only the first FUZZY_PREFIX letters are deleted from: an edit behind them leaves them
 * alike, one among them moves at most one letter over their end.
 *
 * In the table are the terms of 3 letters and more that a word without digits can come to: with one digit at most, or,
 * from 6 letters on, two. Terms of 6 letters and more have two deletions, for words of 8 and more.
 */
#include "indexer/shard/container.h"
#include "indexer/shard/shard.h"
#include "indexer/shard/terms.h"

#define FUZZY_PREFIX   7
#define FUZZY_TWO_WORD 8 /* letters of a word from which two edits are looked for */
#define FUZZY_TWO_TERM (FUZZY_TWO_WORD - 2)
#define FUZZY_TERM_MIN 3

struct fuzzy {
    const struct terms *terms;
    uint32_t bucket_count; /* a power of two; 0: no terms */
    uint32_t entry_count;
    const uint32_t *offsets; /* bucket_count + 1 */
    const uint8_t *packed;   /* entries of `width` bits: the tag, a byte of the hash, and above it the term */
    uint32_t width;
    const term_id *entries; /* instead, in the format's versions up to 4 */
    const uint8_t *tags;
};

/* Checks sizes only; fuzzy_check, which comes before fuzzy_find, the whole. */
MUST_CHECK enum status fuzzy_open(struct fuzzy *f, const struct container *c, const struct terms *terms,
                                  struct error *err);
MUST_CHECK enum status fuzzy_check(const struct fuzzy *f, struct container *c, struct error *err);
uint32_t fuzzy_find(const struct fuzzy *f, struct str word, int distance, struct fuzzy_term *out, uint32_t limit);
/* texts are the terms in order. */
void fuzzy_write(struct container_writer *w, const struct str *texts, uint32_t count);

#endif
