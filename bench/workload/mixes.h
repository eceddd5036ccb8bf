#ifndef AISLE_BENCH_WORKLOAD_MIXES_H
#define AISLE_BENCH_WORKLOAD_MIXES_H

/*
 * The searches of the workload, drawn from the catalog they are for. A line is
 *
 *     text TAB category TAB brand TAB lowest price TAB highest price
 *
 * where an empty field is no condition; category is a path of any level ("a > b"), prices are in cents and inclusive.
 */
#include "data/catalog.h"

enum mix {
    MIX_SEARCH, /* 1 to 4 words of a title (30, 40, 20, 10 %); half have a filter: category, brand or price range */
    MIX_TYPING, /* the same, but every keystroke of the last word is a line: the last word is a prefix */
    MIX_TYPO,   /* as MIX_SEARCH, one letter of the longest word replaced by another */
    MIX_PREFIX, /* 2 to 6 letters that begin a title's word */
    MIX_BROWSE, /* no text, a category of any level; half have a brand or a price range, too */
    MIX_ALL,    /* no text, no filter */
    MIX_HALF,   /* no text, a price range that keeps about half */
    MIX_COUNT
};

extern const char *const mix_names[MIX_COUNT];

/* Appends the next draw: one line, or for MIX_TYPING one a keystroke. */
void mix_draw(enum mix mix, struct catalog *c, uint64_t *random_state, struct buf *out);

#endif
