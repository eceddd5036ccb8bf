#ifndef AISLE_SERVER_QUERY_TITLE_H
#define AISLE_SERVER_QUERY_TITLE_H

/*
 * What the order of a title's words tells, beyond that the words are there:
 *
 * - Two words that stand beside each other in the query and in the title, in this order, add TITLE_PAIR * the smaller
 *   of their slots' idf. ("red wine glass": "red wine" and "wine glass".)
 * - Where the query's last word is followed in the title, within TITLE_REACH words of its first place, by a word that
 *   names an accessory, the product is the accessory, not the thing: its lexical score is cut by TITLE_CUT, unless the
 *   query has such a word itself. ("keyboard cover" for "keyboard".)
 *
 * A title's word is the slot's when it is one of its alternatives of a single term, which prefixes are not.
 */
#include "server/query/query.h"

#define TITLE_PAIR  .3
#define TITLE_CUT   .2
#define TITLE_REACH 2

struct title_matcher {
    const struct query *query;
    const struct titles *titles; /* of the segment; NULL: nothing to look for */
    uint64_t field;              /* the nibble of a fact that tells whether a word is in the title; 0 with no titles */
    uint64_t filter;             /* bit id % 64 is set for each term below */
    uint32_t count;
    term_id ids[QUERY_SLOTS * QUERY_ALTERNATIVES];
    uint8_t slots[QUERY_SLOTS * QUERY_ALTERNATIVES];
};

/* fields: the nibbles that count, 0 for all; without the title's nothing is looked for. */
void title_segment(struct title_matcher *t, const struct query *q, uint32_t segment, uint64_t fields);

/* Whether there is something to find in a title that has the words of these slots, as bits, and of no others. */
static inline bool title_may_tell(const struct title_matcher *t, uint32_t slots)
{
    const struct query *q = t->query;

    return (slots & slots >> 1) || (q->head != QUERY_NO_HEAD && slots >> q->head & 1);
}
/* What neighbours among these words may add. */
static inline double title_limit(const struct title_matcher *t, uint32_t slots)
{
    double sum = 0;

    for (slots &= slots >> 1; slots; slots &= slots - 1)
        sum += t->query->slots[__builtin_ctz(slots)].pair;
    return sum;
}
/* Whether the alternative's words are looked for. */
static inline bool title_has(const struct alternative *a)
{
    return a->term_count == 1;
}

struct title_found {
    double pairs;   /* what neighbouring words add */
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
