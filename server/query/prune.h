#ifndef AISLE_SERVER_QUERY_PRUNE_H
#define AISLE_SERVER_QUERY_PRUNE_H

/*
 * Which of a window's matches can still become hits. Where few letters match most of a catalog, the order's first key
 * refuses most, compared in its own units. The lexical score of the others is summed once, in single precision and
 * without what a title says beyond the words, which makes an upper limit; the prior and the category are asked for
 * where that alone does not decide. Exact scores are then computed for the few documents that are left; totals and
 * facets are not touched by this.
 */
#include "server/query/impacts.h"
#include "server/query/match.h"
#include "server/query/prior_bytes.h"

#define PRUNE_SHARDS       16
#define PRUNE_BEST_WINDOWS 8

/* Of a segment, which never changes; a thread keeps those of a few. */
struct prune_shard {
    uint64_t uid;
    uint32_t *places;      /* two by fact: where in the scorer's table its fields are, or SCORE_SUM for more than two */
    uint32_t *flat_places; /* the same when frequencies count as 1 */
    uint32_t windows, stride;
    uint8_t *least; /* window * stride + field: the shortest length code of the field in a window (0: no document has
                       it), */
    bool *known;    /* of the windows that were looked at */
};
struct prune_cache {
    struct prune_shard shards[PRUNE_SHARDS];
    uint32_t next;
    struct impact_cache impacts;
    struct prior_byte_cache priors;
};
void prune_cache_clear(struct prune_cache *c);

struct prune {
    struct match *match;
    const struct prior *prior;
    struct prune_cache *cache;
    const struct prune_shard *shard; /* of the segment */
    struct prior_bytes *priors;      /* of the segment; NULL: they tell nothing */
    float *in_words;                 /* by window of the segment: what its words give at most, in units of lex */
    uint32_t room;                   /* windows that it has room for */
    bool in_words_known;
    uint16_t *offsets; /* the wanted documents of the window: */
    uint32_t count;
    float *limits; /* lex / max_lex, by offset */
    /* the slot at hand */
    bool alone; /* it has one alternative */
    uint32_t slot_bit;
    float *best; /* its alternatives' largest part, by max_lex, by offset */
    struct gathered_facts gathered;
    uint32_t *indexes;
    /* values of a union's postings by offset, and of all their sums over slots and over a slot's alternatives */
    uint8_t *bytes;
    uint16_t *sums, *slot_sums;
    uint32_t *titled; /* bit s: a word of slot s is in the title, by offset */
};

/* False when memory runs out. */
bool prune_init(struct prune *p, struct match *match, const struct prior *prior, struct prune_cache *cache);
/* The match's window went to another segment. */
void prune_segment(struct prune *p);
/* Takes out of `wanted` documents that lack a word, or an alternative of it, or with it the prior, without which
 * nobody's score, rounded, reaches `worst`. False when memory runs out. */
bool prune_require(struct prune *p, int64_t worst, struct mask *wanted);
/* Adds up, in 16 bits, what the window's wanted documents are worth at most, before their category: of a run. False
 * when memory runs out. Then what can be told by that: takes out those whose score, rounded, must be below `worst`; */
bool prune_values(struct prune *p, const struct mask *wanted);
void prune_by_values(struct prune *p, int64_t worst, struct mask *wanted);
/* about `count` or more of the wanted that are worth the most: taken first, they make the least score high. */
void prune_best_values(const struct prune *p, const struct mask *wanted, uint32_t count, struct mask *best);
/* Whether a document of the window that begins at base may have a score that reaches `worst`; one whose identifier is
 * spelled apart. */
bool prune_window_able(struct prune *p, int64_t worst, doc_id base);
/* The first window at or behind the one of doc that may have a document whose score reaches `worst`: its first
 * document, or DOC_NONE. For searches that need no total. */
doc_id prune_next(struct prune *p, int64_t worst, doc_id doc);
/* The `count` windows, at most PRUNE_BEST_WINDOWS, whose documents may have the best scores, the best first; returns
 * how many there are. */
uint32_t prune_best_windows(struct prune *p, doc_id *bases, uint32_t count);
/* Sums the limits of the wanted documents of the window. False when memory runs out. */
bool prune_sum(struct prune *p, const struct mask *wanted);
/* Adds the prior and the gain to their limits, and takes out of `wanted` the documents whose score, rounded, must be
 * below `worst` (INT64_MIN: none). */
void prune_total(struct prune *p, int64_t worst, struct mask *wanted);
/* The same once more, after prune_total, when `worst` has grown. */
void prune_narrow(const struct prune *p, int64_t worst, struct mask *wanted);
/* About `count` or more of the wanted whose limits are the largest, after prune_total: taken first, they make the least
 * score high. */
void prune_best(struct prune *p, const struct mask *wanted, uint32_t count, struct mask *best);

#endif
