#ifndef AISLE_ANALYZERS_STOPWORDS_H
#define AISLE_ANALYZERS_STOPWORDS_H

/*
 * A set of folded words, immutable after it is built; asked once for every word of every text, so most words are
 * turned away by their first byte and size alone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indexer/base/str.h"

struct stop_words {
    uint32_t sizes[256]; /* by first byte: bit n is set when a word of n bytes starts with it; bit 31: 31 or more */
    struct str *slots;
    size_t mask;
    char *texts;
};

/* words: folded, separated by single spaces; copied. False when memory is out. */
bool stop_words_init(struct stop_words *s, struct str words);
void stop_words_release(struct stop_words *s);

bool stop_words_find(const struct stop_words *s, struct str word);

static inline bool stop_words_has(const struct stop_words *s, struct str word)
{
    uint32_t bit = word.size < 31 ? (uint32_t)word.size : 31;
    return (s->sizes[(uint8_t)word.data[0]] >> bit & 1) && stop_words_find(s, word);
}

#endif
