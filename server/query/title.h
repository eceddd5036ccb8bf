#ifndef AISLE_SERVER_QUERY_TITLE_H
#define AISLE_SERVER_QUERY_TITLE_H

/*
 * What the order of a title's words tells, beyond that the words are there:
 *
 * - Two words that stand beside each other in the query and in the title, in this order, add TITLE_PAIR * the smaller
 *   of their slots' idf; with up to TITLE_NEAR - 1 other words between them, TITLE_APART times it. ("red wine glass":
 * "red wine" and "wine glass"; "high waisted tankini" and "high waisted ruffle tankini".)
 * - Of a query of several words, stop words apart, the last word before the first stop word or "without" names the
 * thing: where it stands in the title, its part grows by TITLE_NAMED * weight * idf. ("heels" of "strappy heels for
 * women".)
 * - Where the query's last word is followed in the title, within TITLE_REACH words of its first place, by a word that
 *   names an accessory, the product is the accessory, not the thing: its lexical score is cut by TITLE_CUT, unless the
 *   query has such a word itself. ("keyboard cover" for "keyboard".)
 *
 * A title's word is the slot's when it is one of its alternatives of a single term, which prefixes are not.
 */
#include "server/query/query.h"
#include "server/query/title_signs.h"

#define TITLE_PAIR  .45
#define TITLE_APART .15
#define TITLE_NEAR  4
#define TITLE_NAMED .15
#define TITLE_CUT   .2
#define TITLE_REACH 2

struct title_matcher {
    const struct query *query;
    const struct shard *shard;   /* the segment */
    const struct titles *titles; /* its titles; NULL: nothing to look for */
    uint64_t field;              /* the nibble of a fact that tells whether a word is in the title; 0 with no titles */
    uint64_t filter;             /* bit id % 64 is set for each term below */
    uint32_t count;
    term_id ids[QUERY_SLOTS * QUERY_ALTERNATIVES];
    uint8_t slots[QUERY_SLOTS * QUERY_ALTERNATIVES];
    uint32_t pair_signs[QUERY_SLOTS]; /* of the slot's words with the next slot's */
    struct title_signs *signs;        /* of the segment */
    const uint32_t *window;           /* the signs of the window by offset; NULL: not known */
};

/* fields: the nibbles that count, 0 for all; without the title's nothing is looked for. */
void title_segment(struct title_matcher *t, const struct query *q, uint32_t segment, uint64_t fields);
/* Moves to the window that begins at *base; NULL: to a selection of documents. */
void title_window(struct title_matcher *t, const doc_id *base);

/* Takes out of `bits` the window's documents, by offset, in whose title the slot's words are not before the next one's,
 * as far as that can be told. */
void title_narrow_pairs(const struct title_matcher *t, uint32_t slot, uint64_t active, uint64_t *bits);

/* What neighbours may add in the title of the window's document that has the words of these slots, as bits. */
static inline double title_limit(const struct title_matcher *t, uint32_t slots, uint32_t offset)
{
    double sum = 0;

    for (slots &= slots >> 1; slots; slots &= slots - 1) {
        uint32_t slot = (uint32_t)__builtin_ctz(slots);
        bool beside = !t->window || t->window[offset] & t->pair_signs[slot];
        sum += beside ? t->query->slots[slot].pair : t->query->slots[slot].apart;
    }
    return sum;
}
/* Whether there is something to find in it. */
static inline bool title_may_tell(const struct title_matcher *t, uint32_t slots, uint32_t offset)
{
    uint32_t head = t->query->head;

    if (head != QUERY_NO_HEAD && slots >> head & 1 && (!t->window || t->window[offset] & TITLE_SIGN_ACCESSORY))
        return true;
    return title_limit(t, slots, offset) > 0;
}
/* Whether the alternative's words are looked for. */
static inline bool title_has(const struct alternative *a)
{
    return a->term_count == 1;
}

/* What a document's title that has the alternative of the slot adds to its part. */
static inline double title_named(const struct query *q, uint32_t slot, const struct alternative *a)
{
    return slot == q->named && title_has(a) ? TITLE_NAMED * a->weight * a->idf : 0;
}

struct title_found {
    double pairs;   /* what words beside and near each other add */
    bool accessory; /* what the query names is followed by an accessory's name */
};
struct title_found title_look(const struct title_matcher *t, doc_id doc);

/* The lexical score, not yet divided, of a document whose parts sum to `sum`. */
static inline double title_score(const struct title_matcher *t, doc_id doc, double sum)
{
    struct title_found found;

    if (!t->titles)
        return sum;
    found = title_look(t, doc);
    sum += found.pairs;
    return found.accessory ? sum * (1 - TITLE_CUT) : sum;
}

#endif
