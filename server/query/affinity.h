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
 * AFFINITY_SAMPLE postings in a segment are sampled at even distances, so the cost is bounded: some 5 us a word.
 */
#include "server/query/query.h"

#define AFFINITY_WEIGHT .5
#define AFFINITY_SAMPLE 512
#define AFFINITY_CODES  65536 /* categories; with more nothing is told */

struct affinity {
    attr_id attr;
    uint32_t code_count;
    float *of_code;                    /* NULL: nothing is told */
    double most;                       /* no document has more, in units of lex before it is divided */
    double scale;                      /* from the mean to those units */
    const struct facet_column *column; /* of the segment */
};

/* False when memory runs out. */
bool affinity_init(struct affinity *a, const struct query *q, struct arena *arena);
/* Moves to a segment, whose attribute must have been checked. */
void affinity_segment(struct affinity *a, const struct shard *shard);
/* What a document of the segment gains. */
double affinity_of(const struct affinity *a, doc_id doc);

/* What the upper limit of the lexical score grows by; the sum of the slots' idf is given. */
double affinity_limit(const struct query *q, double idf_sum);

#endif
