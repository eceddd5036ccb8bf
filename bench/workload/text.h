#ifndef AISLE_BENCH_WORKLOAD_TEXT_H
#define AISLE_BENCH_WORKLOAD_TEXT_H

/*
 * The workload's text: what every engine cuts into the same words. Only lower case ASCII letters, words separated by
 * one space: a word here is a token in each of them, whatever its rules for case, digits, hyphens or accents are.
 */
#include "data/catalog.h"

/* Appends `s` so flattened, at most max_words of it (0: all): letters in lower case, digits as the letters a to j (so
 * that model numbers stay rare words), anything else in ASCII as a gap; what lies beyond ASCII is left out. */
void text_flatten(struct str s, size_t max_words, struct buf *out);

/* A category path, level by level: "a b > c > d e". */
void text_flatten_path(struct str path, struct buf *out);

enum { TEXT_WORDS_MAX = 48 };

/* The different words of a flattened text in their order, those left out that nobody searches for ("and", "with",
 * single letters). Returns how many. */
size_t text_words(struct str flat, struct str words[TEXT_WORDS_MAX]);

#endif
