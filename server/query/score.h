#ifndef AISLE_SERVER_QUERY_SCORE_H
#define AISLE_SERVER_QUERY_SCORE_H

/*
 * The ranking formula: boosted multi-field BM25F, and the capped prior of customRanking.
 *
 *   tf~(t, d)   = sum over fields f of W_f * tf_f / (1 - b_f + b_f * len_f / avglen_f)      side field: W .3, b 0
 *   part(t, d)  = w * idf * tf~ / (k1 + tf~)
 *   lex(d)      = (sum over slots of the largest part of the slot's alternatives + pairs) * cut, as title.h says,
 *                 + what the category says (affinity.h)
 *   score(d)    = lex / max_lex + prior_weight * prior(d)
 *   prior(d)    = mean of x over the customRanking keys with weights 1, 1/2, 1/4, ...; x = log1p(v - low) /
 *                 log1p(high - low), cut to 0..1, 1 - x for ascending keys, 0 for missing values
 *
 * Scores compare after rounding to 1e-6. All in doubles.
 */
#include "indexer/shard/snapshot.h"
#include "server/query/window.h"

#define SCORE_SIDE_WEIGHT .3
#define SCORE_SIDE_FIELD  15
#define SCORE_KEYS        8

struct scorer {
    bool ready;
    uint32_t field_count;
    float average[FIELD_MAX], weight[FIELD_MAX], b[FIELD_MAX];
    double norm[FIELD_MAX][256]; /* W_f / (1 - b_f + b_f * len / avglen), by length code */
    double k1;
    float tfs[SCORE_SIDE_FIELD * 16 * 256]; /* a field's part of tf~, by field, frequency and length code */
};

/* Where in `tfs` the length codes of a field's frequency begin; and which field that is. */
static inline uint32_t score_place(field_id field, uint32_t frequency)
{
    return ((uint32_t)field << 4 | frequency) << 8;
}
static inline uint32_t score_place_field(uint32_t place)
{
    return place >> 12;
}
/* tf~ of a fact of at most two fields, whose places these are. The place of a field that it lacks is that of frequency
 * 0. Facts of more fields have SCORE_SUM there, and are summed by scorer_tf. */
#define SCORE_SUM UINT32_MAX
static inline float score_tf_of_places(const struct scorer *s, const uint32_t place[2], const uint8_t *lengths)
{
    return s->tfs[place[0] + lengths[score_place_field(place[0])]] +
           s->tfs[place[1] + lengths[score_place_field(place[1])]];
}

/* Makes the tables for a snapshot's statistics and settings; cheap when they are the same as the last time. */
void scorer_prepare(struct scorer *s, const struct snapshot *snapshot);

static inline double scorer_tf(const struct scorer *s, uint64_t fact, const uint8_t *lengths)
{
    double tf = SCORE_SIDE_WEIGHT * (double)(fact >> 60);

    for (fact &= ~0ull >> 4; fact;) {
        unsigned field = (unsigned)__builtin_ctzll(fact) >> 2;
        tf += (double)fact_frequency(fact, (field_id)field) * s->norm[field][lengths[field]];
        fact &= ~(15ull << (4 * field));
    }
    return tf;
}

static inline int64_t score_rounded(double score)
{
    return (int64_t)(score * 1e6 + (score < 0 ? -.5 : .5)); /* what llround gives for what a score can be */
}

/* x by the code of a number (columns.h), NaN where it was not asked for yet. A thread keeps those of a few columns,
 * since they only change with the snapshot's range. */
struct prior_shares {
    uint64_t shard_uid;
    attr_id attr;
    double low, scale;
    double *x;
};
#define PRIOR_SHARES 64
struct prior_cache {
    struct prior_shares shares[PRIOR_SHARES];
    uint32_t next;
};
void prior_cache_clear(struct prior_cache *c);

struct prior_key {
    uint32_t source;
    bool stock; /* in_stock as 0 or 1 */
    bool descending;
    double low, scale; /* x = log1p(v - low) * scale; scale 0: all values are alike */
    double weight;     /* of all keys together 1 */
    attr_id attr;
    double *shares; /* of the segment; NULL: its column has no codes */
};

struct prior {
    uint32_t key_count;
    double weight;
    struct prior_key keys[SCORE_KEYS];
};

/* Registers the attributes as sources of the window. False when memory runs out. */
bool prior_init(struct prior *p, struct window *w);
/* The window went to another segment. */
void prior_segment(struct prior *p, const struct window *w, struct prior_cache *cache);
/* prior_weight * prior of a document of the window. */
double prior_of(const struct prior *p, struct window *w, uint32_t offset);

/* x by a code of the key's column, which has shares. */
double prior_share_of_code(const struct prior_key *k, const struct number_column *c, uint16_t code);

/* Leaves the documents whose prior may be at least this, told by its first key alone, and perhaps more. */
void prior_narrow(const struct prior *p, struct window *w, double needed, struct mask *m);

#endif
