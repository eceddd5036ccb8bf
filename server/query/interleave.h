#ifndef AISLE_SERVER_QUERY_INTERLEAVE_H
#define AISLE_SERVER_QUERY_INTERLEAVE_H

/*
 * Two rankings of one query made into one list, so that clicks say which is the better: team-draft interleaving
 * (Radlinski, Kurup and Joachims, "How Does Clickthrough Data Reflect Retrieval Quality?", CIKM 2008). In each round a
 * coin decides which ranking drafts first; each takes its best item that is not in the list yet and gets the clicks on
 * it. An item that both would take next belongs to neither: a click on it says nothing of a difference, and would only
 * add noise. So equal rankings give no team at all, and it makes no difference which of two rankings is called A.
 *
 * The list's beginning depends on nothing but the rankings' beginnings and the seed: a longer list (a later page)
 * begins with the shorter one. No state; any thread.
 */
#include <stddef.h>
#include <stdint.h>

#include "indexer/base/str.h"

enum team { TEAM_NONE, TEAM_A, TEAM_B };

/* Keys of items, best first; no key is there twice. Of a ranking that goes on, as many as the list is to have. */
struct interleave_ranking {
    const uint64_t *keys;
    size_t count;
};

struct interleave_pick {
    uint32_t place; /* in the ranking that it was taken from: */
    uint8_t side;   /* 0: A's, 1: B's */
    uint8_t team;   /* enum team: whose a click is */
};

/* Fills at most limit picks; returns how many. */
size_t interleave_draft(const struct interleave_ranking *a, const struct interleave_ranking *b, uint64_t seed,
                        struct interleave_pick *picks, size_t limit);

/* A seed for a shopper's query: the same for the same four. Letters count without case, as queries do. */
uint64_t interleave_seed(struct str experiment, uint64_t seed, struct str token, struct str query);
/* Where in 0..1 a shopper stands when traffic is shared out; another seed shares out anew. Without a token it is the
 * query that is shared out. */
double interleave_share(struct str experiment, uint64_t seed, struct str token, struct str query);

#endif
