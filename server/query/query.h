#ifndef AISLE_SERVER_QUERY_QUERY_H
#define AISLE_SERVER_QUERY_QUERY_H

/*
 * A query's text against a snapshot's terms: slots (one a position of the text), and for each the alternatives that a
 * document may have instead. Read-only once built; lives in the request's arena.
 *
 * The rules:
 * - Tokens at one position make one slot. Its word is the exact alternative (weight 1); its parts together are one
 * (.9), its leaves (analyze_leaves) together one (.6): all of them must be in the document.
 * - The last slot gets the prefix alternative (.8), its word's surface, unless the text ends in white space.
 * - Where exact and prefix together have df < 3, and the token has no digit: terms within one edit (from 4 letters on,
 *   .7) or two (from 8 on, .4), merged over segments, the best 8 by (distance, df descending, text).
 * - Synonyms: the longest phrase at each word, left to right, not overlapping; every slot it covers gets the
 *   alternatives (settings.synonym_weight).
 * - Behind "without" all weights are .7 of that, but for stop words.
 * - idf = ln(1 + (N - df + .5) / (df + .5)); of several tokens the largest; a prefix's is at most its word's. A slot's
 * idf is the largest weight * idf of its alternatives.
 * - A slot without any alternative in the index is dropped before all else. Stop words and optionalWords are optional
 *   as long as another slot is left. Step i of the ladder asks for all but any i of the required slots, at least for
 *   one; from step 1 on a rare slot alone is enough, of whose alternatives none has more documents than `rare`: whoever
 *   has it is not to be kept out by common words that others have instead. Steps say who matches, not who comes first:
 * a document with most of the words often serves better than one that has all of them somewhere.
 */
#include "analyzers/analyzer.h"
#include "indexer/base/arena.h"
#include "indexer/base/limits.h"
#include "indexer/shard/snapshot.h"

#define QUERY_SLOTS        LIMIT_QUERY_WORDS
#define QUERY_ALTERNATIVES 24 /* of one slot */
#define QUERY_TYPOS        8
#define QUERY_TOKENS       16 /* of one alternative; one with more is left out */

enum alternative_kind {
    ALTERNATIVE_EXACT,
    ALTERNATIVE_PREFIX,
    ALTERNATIVE_TYPO,
    ALTERNATIVE_SYNONYM,
    ALTERNATIVE_PARTS,
    ALTERNATIVE_SPLITS
};
const char *alternative_name(enum alternative_kind kind);

/* A term in every segment. */
struct query_term {
    struct str text;
    uint64_t df;
    const term_id *ids; /* by segment; TERM_NONE */
};

struct alternative {
    enum alternative_kind kind;
    uint8_t distance; /* TYPO */
    uint8_t term_count;
    double weight;
    double idf;
    uint64_t df;
    const struct query_term **terms; /* all of them; PREFIX: none */
    struct str prefix;               /* PREFIX */
    const term_id *first, *end;      /* PREFIX: by segment */
};

struct slot {
    struct str typed; /* the query's bytes */
    uint32_t position;
    bool stop;
    bool has_digit;
    bool optional;
    bool dropped; /* no alternative is in the index */
    uint32_t alternative_count;
    double idf;
    double pair;       /* what this word with the next one beside it in a title adds (title.h); 0: nothing */
    double apart;      /* and what it adds when the next one stands farther behind */
    double pair_limit; /* half of it and half of what the word before adds: this slot's part of the upper limit */
    struct alternative *alternatives;
};

#define QUERY_NO_HEAD UINT32_MAX

struct query {
    const struct snapshot *snapshot;
    struct str text;
    struct slot *slots;
    uint32_t slot_count;
    uint32_t live_slots; /* not dropped */
    bool any_word;
    bool impossible; /* nothing can match but an identifier */
    bool match_all;  /* nothing was typed, or only white space */
    bool wordless;   /* something without a word was typed ("?!", an emoji): impossible, too */
    double max_lex;  /* the sum of the slots' idf, and of what titles and the category may add */
    double pair_sum; /* what words together in a title may add, part of it */
    double affinity; /* and what the category may add (affinity.h), part of max_lex too */
    uint32_t head;   /* the last slot that is no stop word, when accessories of it are to be told apart (title.h) */
    uint32_t named;  /* the slot that names the thing, QUERY_NO_HEAD: none is told (title.h) */
    uint32_t required[QUERY_SLOTS]; /* slots, the rarest first; step i needs all but i of them */
    uint32_t required_count;
    uint32_t rare_count;          /* so many of the first of them are enough alone from step 1 on */
    struct query_term identifier; /* text empty: none */
};

struct query_options {
    struct str text;
    bool prefix_last;
    bool strict;
    bool any_word;
    bool typo_tolerance;
    const struct str *optional_words;
    size_t optional_count;
    uint64_t rare; /* documents that have a rare word, at most */
};

MUST_CHECK enum status query_build(struct query **out, const struct snapshot *snapshot, struct analysis *analysis,
                                   const struct query_options *options, struct arena *arena, struct error *err);

double query_idf(const struct snapshot *snapshot, uint64_t df);

/* Whoever matches by one of that many steps has one of so many of the first required slots. */
static inline uint32_t query_leading(const struct query *q, uint32_t steps)
{
    uint32_t count = steps > 1 && steps < q->rare_count ? q->rare_count : steps;

    return count < q->required_count ? count : q->required_count;
}

/* Adds typo alternatives for an exact token to `out`, at most QUERY_TYPOS; returns how many (fuzzy.c). */
uint32_t fuzzy_alternatives(const struct snapshot *snapshot, struct str token, struct arena *arena,
                            struct alternative *out);
/* A term looked up in every segment, in the arena; NULL when memory runs out. */
struct query_term *query_term_of(const struct snapshot *snapshot, struct str text, struct arena *arena);

#endif
