#ifndef AISLE_SERVER_QUERY_AFFINITY_H
#define AISLE_SERVER_QUERY_AFFINITY_H

/*
 * Which categories a query of several words (stop words apart) is about, told by where its words stand: of "white
 * shades glasses" the shades and glasses are mostly in Sunglasses, so what is in Sunglasses gains, also without one of
 * the words.
 *
 *   share(t, c)    = documents of category node c with t in title or category / (documents with t there + 1)
 *   of_code(c)     = sum over words of idf * share / sum over words of idf
 *   affinity(d)    = mean of of_code over the category nodes of d, ancestors included; 0 without a category
 *   lex(d)        += AFFINITY_WEIGHT * (sum of the slots' idf) * affinity(d)
 *
 * Words are those of the query's slots that are no stop words, in their exact form. The attribute is the one whose role
 * is category, when it is faceted. Nothing of it depends on filters or on what matched. Lists of more than
 * AFFINITY_WHOLE postings in a segment are sampled at even distances; since documents lie in the order of categories,
 * such a sample misses the shares by little. A thread remembers what it counted: nothing of a word's
 * list changes as long as its segment lives.
 */
#include "server/query/affinity_sets.h"
#include "server/query/query.h"

#define AFFINITY_WEIGHT .5
#define AFFINITY_SAMPLE 512
#define AFFINITY_WHOLE  1024
#define AFFINITY_CODES  65536 /* categories; with more nothing is told */

/* What was counted for a word in a segment. */
struct affinity_tally {
    uint64_t shard_uid;
    term_id term;
    attr_id attr;
    uint64_t fields; /* nibbles of title and category */
    uint32_t docs;
    uint32_t count; /* of codes */
    struct affinity_count {
        facet_code code;
        uint32_t docs;
    } * counts;
};
#define AFFINITY_TALLIES 32768 /* a power of two; each of at most some KiB, mostly some hundred bytes */
#define AFFINITY_WAYS    4
struct affinity_cache {
    struct affinity_tally *tallies; /* in sets of AFFINITY_WAYS by hash; NULL until the first is needed */
    uint32_t next;
};
void affinity_cache_clear(struct affinity_cache *c);

struct affinity {
    attr_id attr;
    uint32_t code_count;
    float *of_code;                    /* NULL: nothing is told */
    double most;                       /* no document has more, in units of lex before it is divided */
    double scale;                      /* from the mean to those units */
    const struct facet_column *column; /* of the segment */
    struct affinity_sets *sets;        /* of the segment */
    double *of_set;                    /* by set of the segment; below 0: not computed yet */
    uint32_t known;                    /* of_set has so many */
    double window_most;                /* no document of the window at hand has more */
};

/* False when memory runs out. */
bool affinity_init(struct affinity *a, const struct query *q, struct affinity_cache *cache, struct arena *arena);
/* Moves to a segment, whose attribute must have been checked. */
void affinity_segment(struct affinity *a, const struct shard *shard);
/* Moves to the window that begins at *base; NULL: to a selection of documents. */
void affinity_window(struct affinity *a, const doc_id *base);
/* The most that a document of the window that begins at base gains. */
double affinity_window_most(struct affinity *a, doc_id base);
/* What a document of the segment gains. */
double affinity_of(struct affinity *a, doc_id doc);

/* What the upper limit of the lexical score grows by; the sum of the slots' idf is given. */
double affinity_limit(const struct query *q, double idf_sum);

#endif
