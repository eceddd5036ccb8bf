#ifndef AISLE_SERVER_QUERY_PRUNE_INTERNAL_H
#define AISLE_SERVER_QUERY_PRUNE_INTERNAL_H

/* What the parts of pruning share: prune.c (demands, sums in single precision), prune_values.c (values of postings)
 * and prune_windows.c (which windows are worth looking at).
 */
#include "server/query/prune.h"

#define PRUNE_SLACK 4e-6 /* rounding of scores, and of limits in single precision */

/* The values of a cursor's postings, or NULL: it is short, or a union, or the window a selection. title: the nibble of
 * a fact that tells of the title, or 0. */
const struct impact_list *prune_list_values(struct prune *p, struct cursor *c, uint64_t title);
/* The same of an alternative of one list. */
const struct impact_list *prune_alternative_values(struct prune *p, struct match_alternative *a);
/* All documents of the alternative that are wanted. False when memory runs out. */
bool prune_alternative_bits(struct prune *p, struct match_alternative *a, const struct mask *wanted, struct mask *out);

#define PRUNE_WHOLE DOC_NONE /* as base: limits are to hold for the whole segment, not for a window alone */

/* What the prior gives at most. */
double prune_prior_most(const struct prune *p, doc_id base);
/* What a document's part of the alternative is at most, with what the title adds to the part itself. */
double prune_most_of_part(struct prune *p, uint32_t slot, struct match_alternative *a, doc_id base);
/* What a document has of the slot at most. */
double prune_most_of_slot(struct prune *p, uint32_t slot, doc_id base);

/* What a posting is worth, of 1: its fact, and where the scorer's table has the fields of it, or of the same with
 * frequencies 1. */
static inline float prune_part(const struct prune *p, const uint32_t place[2], uint64_t fact, const uint8_t *lengths)
{
    float k1 = (float)p->match->scorer->k1, sum;
    double tf;

    if (place[0] != SCORE_SUM) {
        sum = score_tf_of_places(p->match->scorer, place, lengths);
        return sum / (k1 + sum);
    }
    tf = scorer_tf(p->match->scorer, fact, lengths);
    return (float)(tf / (p->match->scorer->k1 + tf));
}

#endif
