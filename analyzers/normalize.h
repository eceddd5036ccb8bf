#ifndef AISLE_ANALYZERS_NORMALIZE_H
#define AISLE_ANALYZERS_NORMALIZE_H

/*
 * Bytes to case-folded UTF-16 (NFKC_Casefold) with the place of every unit in the original text, and code points to
 * their form without diacritics. The normalizer is immutable and shared; struct normalized is one thread's.
 *
 * Before NFKC, a few characters are read as shoppers type them: curly apostrophes and primes as ', hyphens and the en
 * dash as -, fraction slash as /, micro sign as u, the trade mark signs as a space (else Lego(tm) became "legotm"), a
 * vulgar fraction after a digit as a word of its own (1 1/2), the multiplication sign between digits as x. Decimal
 * digits of all scripts become ASCII digits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indexer/base/arena.h"
#include "indexer/base/status.h"
#include "indexer/base/str.h"

#include <unicode/unorm2.h>

#define FOLD_LOW_END    0x700u
#define FOLD_HIGH_START 0x1e00u
#define FOLD_HIGH_END   0x2000u

struct fold {
    uint16_t to[2];  /* 0-terminated; none: dropped */
    uint8_t letters; /* true: a base whose marks are dropped */
};

/* A code point whose whole treatment is in a table: letters of Latin, Greek and Cyrillic, and punctuation that is read
 * as an ASCII character. What stands beside it changes nothing, but marks, which are not simple. */
struct simple {
    char folded[4];
    uint8_t folded_size; /* 0: not simple */
    char cased[6];       /* case-folded, with diacritics */
    uint8_t cased_size;
    bool latin;
    bool ascii; /* cased has none but ASCII letters */
};

#define SIMPLE_LOW_END     0x530u
#define SIMPLE_HIGH_START  0x1e00u
#define SIMPLE_HIGH_END    0x1f00u
#define SIMPLE_PUNCT_START 0x2010u
#define SIMPLE_PUNCT_END   0x2130u

struct normalizer {
    const UNormalizer2 *nfkc_casefold;
    struct fold low[FOLD_LOW_END];
    struct fold high[FOLD_HIGH_END - FOLD_HIGH_START];
    struct simple simple_low[SIMPLE_LOW_END];
    struct simple simple_high[SIMPLE_HIGH_END - SIMPLE_HIGH_START];
    struct simple simple_punct[SIMPLE_PUNCT_END - SIMPLE_PUNCT_START];
    bool dotless_i;
};

struct normalized {
    UChar *units;
    uint32_t *starts; /* of the original characters that gave units[i] */
    uint32_t *ends;
    size_t count;
    size_t capacity;
};

/* NULL when c needs ICU. Not for ASCII. */
static inline const struct simple *simple_find(const struct normalizer *n, uint32_t c)
{
    const struct simple *simple;
    if (c < SIMPLE_LOW_END)
        simple = &n->simple_low[c];
    else if (c - SIMPLE_HIGH_START < SIMPLE_HIGH_END - SIMPLE_HIGH_START)
        simple = &n->simple_high[c - SIMPLE_HIGH_START];
    else if (c - SIMPLE_PUNCT_START < SIMPLE_PUNCT_END - SIMPLE_PUNCT_START)
        simple = &n->simple_punct[c - SIMPLE_PUNCT_START];
    else
        return NULL;
    return simple->folded_size ? simple : NULL;
}

MUST_CHECK enum status normalizer_init(struct normalizer *n, bool dotless_i, struct error *err);

/* Replaces out's content by text[from..to); offsets count from the start of text. */
MUST_CHECK enum status normalize(const struct normalizer *n, struct str text, size_t from, size_t to,
                                 struct normalized *out);
void normalized_release(struct normalized *out);

/* Writes c without diacritics (0 to 2 code points, at most 6 bytes of UTF-8) to out and returns the size. *base says
 * whether marks are being dropped: start with false, keep it from one code point to the next. */
size_t fold_code_point(const struct normalizer *n, uint32_t c, bool *base, char out[8]);

/* All of a well-formed, case-folded text without diacritics. Borrowed from the arena; NULL data when it is full. */
struct str normalizer_fold(const struct normalizer *n, struct str text, struct arena *arena);

/* The same for normalized text. */
struct str normalized_fold(const struct normalizer *n, const struct normalized *in, struct arena *arena);

#endif
