#ifndef AISLE_ANALYZERS_ANALYZER_INTERNAL_H
#define AISLE_ANALYZERS_ANALYZER_INTERNAL_H

/*
 * How the chain is cut up.
 *
 *   scan.c     ASCII, Latin, Greek, Cyrillic -> atoms      one table-driven loop; plain words go straight to a token
 *   segment.c  any UTF-8                     -> atoms      normalize.c, then ICU's word break
 *   compound.c atoms                         -> tokens     product tokens, possessives, and through stem.c and
 * stopwords.c the rest
 *
 * An atom is a maximal piece of letters, marks and digits, folded; its runs are its letter and digit pieces (and each
 * Han character and Hangul syllable). Atoms joined by one joiner (- / . _ ' & ,) without spaces form a chain, and only
 * compound.c decides what a chain means. So the two ways into the chain can differ in nothing but how they find atoms.
 */
#include "analyzers/analyzer.h"
#include "analyzers/normalize.h"
#include "analyzers/stem.h"
#include "analyzers/stopwords.h"
#include "indexer/base/limits.h"

#include <unicode/ubrk.h>

#define ANALYZE_TEXT_BYTES  (1u << 20)   /* of a text, the rest is not read */
#define ANALYZE_ARENA_BYTES (256u << 20) /* derived token texts of one call */
#define KEPT_TOKENS         (1u << 16)   /* memory for more is released after use */

struct language; /* languages.c */

struct analyzer {
    uint64_t id;
    const struct language *language;
    struct normalizer normalizer;
    struct stop_words stop_words;
    struct stop_words accessories; /* stems */
    struct stop_words exclusions;  /* stems */
    enum stemmer_kind stemmer;
    UBreakIterator *words; /* cloned by each analysis */
};

enum run_kind { RUN_LETTERS, RUN_DIGITS, RUN_HAN, RUN_HANGUL };

struct run {
    struct str text; /* folded; the runs of an atom lie side by side */
    uint32_t start;  /* in the original text */
    uint32_t end;
    enum run_kind kind;
};

enum atom_mark {
    ATOM_DOT_BEFORE = 1, /* .5 after anything but a word or dot */
    ATOM_DOT_LEADS = 2,  /* .net after white space */
    ATOM_PLUS_PLUS = 4,  /* notepad++ */
    ATOM_SHARP = 8       /* c# */
};

struct atom {
    uint32_t first_run;
    uint32_t run_count;
    struct str accented; /* case-folded with its diacritics, when that differs and has Latin letters only */
    uint8_t marks;       /* of enum atom_mark */
    char joiner;         /* the one character between this atom and the next, or 0: the chain ends */
};

struct unit; /* compound.c */

struct analysis {
    const struct analyzer *analyzer;
    struct arena texts;
    struct token *tokens;
    size_t token_count;
    size_t token_capacity;
    uint32_t position; /* of the next word */
    bool failed;

    struct run *runs; /* the chain being collected */
    size_t run_count;
    size_t run_capacity;
    struct atom *atoms;
    size_t atom_count;
    size_t atom_capacity;

    struct unit *units; /* the chain being composed */
    size_t unit_count;
    size_t unit_capacity;
    struct run *glued;
    size_t glued_count;
    size_t glued_capacity;

    struct normalized normalized;
    UBreakIterator *words;
    struct stemmer stemmer;
};

/* scan.c: text[from..to) is ASCII and is bounded by white space or the text's ends. */
void ascii_tokens(struct analysis *s, struct str text, size_t from, size_t to);

/* scan.c: takes the words of text[from..to) up to the first that needs ICU and returns where it stopped: at white space
 * or the end, or where it started. Bounded as above. */
size_t simple_tokens(struct analysis *s, struct str text, size_t from, size_t to);

/* segment.c: the same for any text. */
void segment_tokens(struct analysis *s, struct str text, size_t from, size_t to);

/* Adds a run to the atom being collected. */
void chain_add_run(struct analysis *s, struct run run);
/* Makes an atom of the runs from first_run on. */
void chain_add_atom(struct analysis *s, struct atom atom);

/* compound.c: turns the collected chain into tokens and empties it. */
void compound_flush(struct analysis *s);

/* compound.c: a new token, or NULL when memory is out; a word's stem. */
struct token *compound_add(struct analysis *s);
struct str compound_stem(struct analysis *s, struct str surface);

/* One plain word, which has at most LIMIT_TOKEN_BYTES: a token and the next position. */
static inline void compound_word(struct analysis *s, struct str folded, uint32_t start, uint32_t end, bool has_digit)
{
    struct token *token = s->token_count < s->token_capacity ? &s->tokens[s->token_count++] : compound_add(s);
    if (!token)
        return;
    token->text = has_digit || stem_keeps(&s->stemmer, folded) ? folded : compound_stem(s, folded);
    token->surface = folded;
    token->position = s->position++;
    token->start = start;
    token->end = end;
    token->kind = TOKEN_WORD;
    token->stop = stop_words_has(&s->analyzer->stop_words, folded);
    token->has_digit = has_digit;
}

static inline bool is_joiner(char c)
{
    return c == '-' || c == '/' || c == '.' || c == '_' || c == '\'' || c == '&' || c == ',';
}

/* Room for one more item in an array of the analysis; false (and failed) when memory is out. */
bool analysis_grow(struct analysis *s, void *items, size_t *capacity, size_t count, size_t item_size);

struct language {
    const char *code;
    const char *stemmer;     /* libstemmer's algorithm, or NULL */
    const char *stop_words;  /* separated by spaces, or NULL */
    const char *accessories; /* nouns of things that belong to another thing, separated by spaces, or NULL */
    const char *exclusions;  /* words before what is not wanted, no stop words, separated by spaces, or NULL */
    const char *elisions;    /* articles before an apostrophe, between spaces, or NULL */
    const char *digraphs;    /* characters of two bytes, each with the two letters that stand for it, or NULL */
    bool dotless_i;          /* I is the capital of dotless i */
    bool suffix_apostrophe;  /* what follows an apostrophe is an ending */
};
extern const struct language languages[];
extern const size_t language_count;
extern const char *const language_codes[];
const struct language *language_find(const char *code);

#endif
