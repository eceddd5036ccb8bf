#ifndef AISLE_ANALYZERS_ANALYZER_H
#define AISLE_ANALYZERS_ANALYZER_H

/*
 * Text in, tokens out: the one chain that indexing, queries and the tests' oracle share.
 *
 *   NFKC casefold -> diacritics off (Latin, Greek, Cyrillic) -> segmentation -> product tokens -> possessives ->
 *   stemming -> stop words
 *
 * An analyzer is immutable after analyzer_open and may be used by any number of threads at once; each thread brings its
 * own struct analysis, which holds ICU's iterators and scratch memory and is reused from call to call. The same bytes
 * always give the same tokens.
 *
 * Positions count segments of the original text, so that phrases work; tokens derived from one segment share its
 * position. Offsets are byte offsets into the original text, so that highlighting marks what the reader sees.
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"
#include "indexer/base/status.h"

enum token_kind {
    TOKEN_WORD, /* the segment itself, folded and stemmed; for WH-1000XM4 the catenated wh1000xm4 */
    TOKEN_PART, /* a piece of a compound segment that users also type: wh, 1000xm4, of WH-1000XM4 */
    TOKEN_SPLIT /* letter/digit splits (1000, xm, 4), for the side field of low weight only */
};

struct token {
    struct str text;    /* borrowed from the analysis until its next use */
    struct str surface; /* before stemming; the last word of a query is a prefix of this form, not of its stem */
    uint32_t position;  /* from 0 */
    uint32_t start;     /* byte range in the original text */
    uint32_t end;
    uint8_t kind; /* enum token_kind */
    bool stop;    /* a stop word: counted in positions; indexed, but optional in queries */
    bool has_digit;
};

struct analyzer;

/* "en", "de", "fr", ... by ISO 639-1; "" or NULL: language-neutral (no stemming, no stop words). stemmer: NULL or
 * "default" (the light plural stemmer for English, Snowball for the others where libstemmer has one), "light",
 * "snowball", "none". stop_words: NULL takes the language's list, else count words. STATUS_INPUT names an unknown
 * language and what is known. Returns owned. */
struct analyzer_options {
    const char *language;
    const char *stemmer;
    const struct str *stop_words;
    size_t stop_word_count;
    bool stop_words_given;
};
MUST_CHECK enum status analyzer_open(struct analyzer **out, const struct analyzer_options *options, struct error *err);
void analyzer_close(struct analyzer *a);

/* One thread's working memory. NULL only when memory or ICU data is missing. */
struct analysis;
struct analysis *analysis_new(const struct analyzer *a);
void analysis_free(struct analysis *s);

/* The tokens of a text, in order of (position, kind, start). Ill-formed UTF-8 is read as U+FFFD, which is no token.
 * Text beyond 1 MiB is not read. *tokens is borrowed until the next call with the same analysis. STATUS_LIMIT when ICU
 * or memory fails. */
MUST_CHECK enum status analyze(struct analysis *s, struct str text, const struct token **tokens, size_t *count);

/* The same tokens without the fast path for ASCII; for the test that proves them equal. */
MUST_CHECK enum status analyze_reference(struct analysis *s, struct str text, const struct token **tokens,
                                         size_t *count);

/* A query's last word, typed so far: folded but not stemmed, since "runnin" must find "running". Appends the folded
 * bytes of a text to out: NFKC casefold without diacritics, no segmentation. Facet-value search compares this form. */
void analyze_fold(struct analysis *s, struct str text, struct buf *out);

/* Every language code that analyzer_open takes, NULL-terminated. */
const char *const *analyzer_languages(void);

#endif
