#ifndef AISLE_ANALYZERS_STEM_H
#define AISLE_ANALYZERS_STEM_H

/*
 * Word endings. The light stemmer takes English plurals to the singular and nothing else, so that terms stay words;
 * Snowball is libstemmer's. A stemmer is one thread's: libstemmer works in place, and recent results are kept.
 */
#include <stdbool.h>

#include "indexer/base/limits.h"
#include "indexer/base/status.h"
#include "indexer/base/str.h"

enum stemmer_kind { STEMMER_NONE, STEMMER_LIGHT, STEMMER_SNOWBALL };

struct sb_stemmer;
struct stem_entry;

struct stemmer {
    enum stemmer_kind kind;
    struct sb_stemmer *snowball;
    struct stem_entry *recent;
};

/* algorithm is libstemmer's name, used by STEMMER_SNOWBALL only. False when memory is out or the name unknown. */
bool stemmer_init(struct stemmer *s, enum stemmer_kind kind, const char *algorithm);
void stemmer_release(struct stemmer *s);

/* Writes the stem of a word of letters (at most LIMIT_TOKEN_BYTES) to out and returns its size; the stem is never
 * empty nor longer than LIMIT_TOKEN_BYTES. */
size_t stem(struct stemmer *s, struct str word, char out[LIMIT_TOKEN_BYTES]);

/* The light stemmer alone. ASCII lower case; other words come back as they are. */
size_t stem_light(struct str word, char out[LIMIT_TOKEN_BYTES]);

/* True for words that stem_light certainly leaves alone. */
static inline bool stem_light_keeps(struct str word)
{
    return word.size < 3 || word.data[word.size - 1] != 's';
}

/* True for words that the stemmer certainly leaves alone. */
static inline bool stem_keeps(const struct stemmer *s, struct str word)
{
    return s->kind == STEMMER_NONE || (s->kind == STEMMER_LIGHT && stem_light_keeps(word));
}

#endif
