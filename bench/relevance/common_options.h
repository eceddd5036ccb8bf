#ifndef AISLE_BENCH_RELEVANCE_COMMON_OPTIONS_H
#define AISLE_BENCH_RELEVANCE_COMMON_OPTIONS_H

/* The options that several commands have: the same names, ranges, defaults and words of help everywhere. */
#include "indexer/base/options.h"

struct common_options {
    const char *queries; /* a file; NULL */
    const char *grades;  /* entries_options.grades; NULL */
    const char *output;  /* command_write; NULL */
    int64_t level;       /* 1 */
    int64_t hits;        /* 100 */
    int64_t threads;     /* 0 */
    int64_t rounds;      /* 10,000 */
    int64_t seed;        /* 1 */
};

enum {
    COMMON_QUERIES = 1 << 0,
    COMMON_GRADES = 1 << 1,
    COMMON_OUTPUT = 1 << 2,
    COMMON_LEVEL = 1 << 3,
    COMMON_HITS = 1 << 4,
    COMMON_THREADS = 1 << 5,
    COMMON_ROUNDS = 1 << 6,
    COMMON_SEED = 1 << 7,
    COMMON_JUDGED = COMMON_GRADES | COMMON_LEVEL, /* who reads judgments */
    COMMON_ASKS = COMMON_HITS | COMMON_THREADS,   /* who asks queries */
    COMMON_CHANCE = COMMON_ROUNDS | COMMON_SEED   /* who tests for significance */
};
#define COMMON_ROWS 8

/* Appends the rows of the wanted ones to rows[count...], sets defaults in c, and gives the new count. */
size_t common_options_rows(struct common_options *c, unsigned wanted, struct option_row *rows, size_t count);

#endif
