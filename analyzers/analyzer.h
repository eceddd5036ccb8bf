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
 * Positions count words of the original text, so that phrases work; tokens derived from one word share its position.
 * Offsets are byte offsets into the original text, at code point boundaries, so that highlighting marks what the reader
 * sees.
 *
 * What is one word. Letters, marks and digits that touch, as ICU's root word break has them (dictionaries for Thai,
 * Lao, Khmer, Burmese, Chinese and Japanese). Pieces joined by one of - _ . & ' without spaces are one word of at most
 * 6 pieces (t-shirt, node.js, AT&T, WH-1000XM4); by / only where a digit or single letters stand around it (18V/20V,
 * a/c, but red/blue is two words). 5.5mm, 1/2, 1-1/2 and 1,299.00 are numbers: they keep what makes them that number
 * (the decimal comma becomes a point, the comma of thousands goes, .5 is 0.5). c++, c#, .net keep their signs.
 *
 *   text         WORD         PART             SPLIT
 *   WH-1000XM4   wh1000xm4    wh 1000xm4       1000 xm 4
 *   5.5mm        5.5mm                         5.5 mm
 *   t-shirts     tshirt       t shirt
 *   1-1/2        1-1/2        1 1/2
 *   Levi's       levi         levis            the same word, spelled otherwise: a possessive, l'eau, an accent that
 *   educación    educacion    educ             the stemmer needs
 *   C# .NET      c#   .net    -    net
 *   中文         中文                          中 文       every Han character
 *   무선이어폰   whole        pairs            syllables   a single syllable is only found by SPLIT
 *
 * How an index uses the kinds: WORD and PART into the text's field, SPLIT into the side field of low weight.
 *
 * How a query uses them: each position of the query is one word, and it is met by a document that has, in any field,
 * the side field included,
 *     the WORD, or all PARTs, or all leaves (analyze_leaves: SPLITs, and the PARTs that have none),
 * the earlier the better. So wh1000xm4, wh-1000xm4, wh 1000xm4, wh1000 xm4 and WH-1000XM4 find each other, and so do
 * 5.5mm and 5.5 mm. Two words that a text writes as one (t shirt, tshirt; head set, headset) are met by their join
 * (analyze_join). A query's last word is a prefix of its WORD's `surface`.
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"
#include "indexer/base/status.h"

enum token_kind {
    TOKEN_WORD, /* the word itself, folded and stemmed; for WH-1000XM4 the catenated wh1000xm4; one a position */
    TOKEN_PART, /* a piece of a compound word that users also type: wh, 1000xm4, of WH-1000XM4; or a second spelling */
    TOKEN_SPLIT /* letter/digit splits (1000, xm, 4), for the side field of low weight only */
};

struct token {
    struct str text;    /* borrowed from the analysis until its next use */
    struct str surface; /* before stemming; the last word of a query is a prefix of this form, not of its stem */
    uint32_t position;  /* from 0 */
    uint32_t start;     /* byte range in the original text */
    uint32_t end;
    uint8_t kind; /* enum token_kind */
    bool stop;    /* a stop word: counted in positions; indexed, but optional in queries; never a SPLIT */
    bool has_digit;
};

struct analyzer;

/* "en", "de", "fr", ... by ISO 639-1; "" or NULL: language-neutral (no stemming, no stop words). stemmer: NULL or
 * "default" (the light plural stemmer for English, Snowball for the others where libstemmer has one), "light"
 * (English only), "snowball", "none". A region after the language (pt-BR) is ignored. stop_words: NULL takes the
 * language's list, else count words. STATUS_INPUT names an unknown language and what is known. Returns owned. */
struct analyzer_options {
    const char *language;
    const char *stemmer;
    const struct str *stop_words;
    size_t stop_word_count;
    bool stop_words_given;
};
MUST_CHECK enum status analyzer_open(struct analyzer **out, const struct analyzer_options *options, struct error *err);
void analyzer_close(struct analyzer *a);

/* A number that no other analyzer of this process has or had; never 0. For caches, since addresses come again. */
uint64_t analyzer_id(const struct analyzer *a);

/* One thread's working memory. NULL only when memory or ICU data is missing. */
struct analysis;
struct analysis *analysis_new(const struct analyzer *a);
void analysis_free(struct analysis *s);

/* The tokens of a text, in order of (position, kind, start); every position has a WORD and no text twice in a kind.
 * Texts and surfaces are 1 to LIMIT_TOKEN_BYTES long, in UTF-8. Ill-formed UTF-8 is read as U+FFFD, which is no token.
 * Text beyond 1 MiB is not read. *tokens is borrowed until the next call with the same analysis. STATUS_LIMIT when ICU
 * or memory fails. */
MUST_CHECK enum status analyze(struct analysis *s, struct str text, const struct token **tokens, size_t *count);

/* The same tokens without the fast path for ASCII; for the test that proves them equal. */
MUST_CHECK enum status analyze_reference(struct analysis *s, struct str text, const struct token **tokens,
                                         size_t *count);

/* The end of the position that tokens[at] begins: the next position's first token, or count. */
static inline size_t analyze_word_end(const struct token *tokens, size_t count, size_t at)
{
    size_t end = at + 1;
    while (end < count && tokens[end].position == tokens[at].position)
        end++;
    return end;
}

/* The finest spelling of one word, whose tokens these are: fills leaves with the indexes of its SPLITs and of the PARTs
 * that share no bytes with a SPLIT, at most room of them, and returns how many. 0: the word has no SPLIT. */
size_t analyze_leaves(const struct token *tokens, size_t count, uint16_t *leaves, size_t room);

/* The WORD that two neighbouring WORDs would be without the space between them, in *joined (borrowed until the next use
 * of the analysis). False when it were too long, or memory is out. */
bool analyze_join(struct analysis *s, const struct token *left, const struct token *right, struct token *joined);

/* Whether a WORD's text is a noun that names what belongs to another thing: case, charger, stand. In a title, such a
 * word behind "phone" says that the thing is no phone. False in languages that have no list, or join such words. */
bool analysis_is_accessory(const struct analysis *s, struct str text);

/* Whether a WORD's text says that what follows is not wanted: without. False in languages that have no list. */
bool analysis_is_exclusion(const struct analysis *s, struct str text);

/* Whether, in its language, a phrase names the thing last, before the first preposition: "strappy heels for women". */
bool analysis_tells_order(const struct analysis *s);

/* A query's last word, typed so far: folded but not stemmed, since "runnin" must find "running". Appends the folded
 * bytes of a text to out: NFKC casefold without diacritics, no segmentation. Facet-value search compares this form. */
void analyze_fold(struct analysis *s, struct str text, struct buf *out);

/* Every language code that analyzer_open takes, NULL-terminated. */
const char *const *analyzer_languages(void);

#endif
