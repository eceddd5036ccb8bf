#ifndef AISLE_SERVER_QUERY_IMPACTS_H
#define AISLE_SERVER_QUERY_IMPACTS_H

/*
 * What each posting of a long list is worth, in a byte: bit 7 tells whether the word is in the title, the other seven
 * are the least n with n / 127 >= part * IMPACT_SLACK, where part = tf~ / (k1 + tf~) (score.h). A threshold is then one
 * comparison for 32 postings. (Impact-ordered scores: Anh and Moffat, SIGIR 2006; here in the order of documents.)
 *
 * The average lengths in tf~ move a little with each change of the catalog: the slack covers that until they have moved
 * by half of it, and then everything is made again. A thread makes those of a list when it is asked for them the second
 * time, and keeps them (kept_lists.h) within IMPACT_BYTES, with the most of each window, by which windows are left out
 * whole (block limits: Ding and Suel, SIGIR 2011).
 */
#include "server/query/cursor.h"
#include "server/query/kept_lists.h"
#include "server/query/score.h"

#define IMPACT_BYTES    (32u << 20)
#define IMPACT_POSTINGS 2048 /* shorter lists are not worth it */
#define IMPACT_SLACK    1.01
#define IMPACT_MOST     127
#define IMPACT_TITLED   0x80

struct impact_list {
    uint8_t *values; /* by rank, and 64 more behind them */
    uint8_t *window; /* the most of each window, titled or not */
    uint8_t most;    /* of all of them */
};

struct impact_cache {
    struct kept_lists lists;
    /* what they were made for */
    double k1;
    uint32_t field_count;
    float average[FIELD_MAX], weight[FIELD_MAX], b[FIELD_MAX];
};
void impact_cache_clear(struct impact_cache *c);
/* A search begins: those that it asks for stay until the next one does. */
void impact_cache_begin(struct impact_cache *c);

/* How a list's facts are valued. */
struct impact_source {
    const struct scorer *scorer;
    const struct window *window; /* its segment */
    const uint32_t *places;      /* prune.h: of plain or flat facts */
    uint64_t title;              /* the nibble of a fact that tells of the title; 0: nothing is titled */
    bool flat;
};

/* Once for a search and segment: NULL when they are not there yet. */
const struct impact_list *impacts_of(struct impact_cache *c, const struct cursor *cursor,
                                     const struct impact_source *source);

/* Of a dense or packed list in a run: sets in `out` the window's documents whose posting is worth at least least[0],
 * or, being titled, least[1] (0 to 128; 128: none). After cursor_window of the same window. */
void impacts_window(const uint8_t *values, const struct cursor *cursor, const struct window *w, const uint8_t least[2],
                    struct mask *out);

/* Writes the values of the window's postings to their documents' places, of 4,096. After cursor_window of the same
 * window. */
void impacts_spread(const uint8_t *values, const struct cursor *cursor, const struct window *w, uint8_t *out);
/* The same of a packed list, added to what is there, up to 255. */
void impacts_spread_more(const uint8_t *values, const struct cursor *cursor, uint8_t *out);

/* Where values are added up: of 4,096 documents those of the active words. */
struct impact_sums {
    uint16_t *sums;   /* by offset: grows by value * weight / 128, cut, up to 65,535; */
    bool raise;       /* or becomes that, if that is more */
    uint64_t active;  /* words */
    uint32_t weight;  /* below 65,536 */
    uint64_t *titled; /* by word: the bits of the titled are set */
};
/* Those of the window's postings. After cursor_window of the same window. */
void impacts_sum(const uint8_t *values, const struct cursor *cursor, const struct window *w,
                 const struct impact_sums *to);
/* One document's. */
static inline void impacts_sum_one(const struct impact_sums *to, uint32_t offset, uint32_t more, bool titled)
{
    uint32_t sum = to->sums[offset];

    if (to->raise)
        sum = more > sum ? more : sum;
    else
        sum = sum + more > UINT16_MAX ? UINT16_MAX : sum + more;
    to->sums[offset] = (uint16_t)sum;
    to->titled[offset >> 6] |= (uint64_t)titled << (offset & 63);
}
/* As if every document of the mask had the most, and the word in the title. */
void impacts_sum_most(const struct mask *m, const struct impact_sums *to);
/* Of a value for each document. */
void impacts_sum_all(const uint8_t values[WINDOW_DOCS], const struct impact_sums *to);
/* Sums of the documents whose bits are set grow by amount. */
void impacts_sum_where(const uint64_t *bits, uint64_t active, uint16_t amount, uint16_t *sums);

/* The least value that a part of at least this has. */
uint8_t impact_of_part(double part);

/* Bit i: values[i] says so, of 64. The plain one is for tests and for other processors. */
uint64_t impacts_at_least(const uint8_t *values, const uint8_t least[2]);
uint64_t impacts_at_least_plain(const uint8_t *values, const uint8_t least[2]);
/* The values, in turn, to the places of the bits set; the others may be cleared. 64 values more may be read. */
void impacts_spread_bits(const uint8_t *values, const uint64_t *bits, uint32_t words, uint8_t *out);
void impacts_spread_plain(const uint8_t *values, const uint64_t *bits, uint32_t words, uint8_t *out);
/* The values, in turn, are those of the bits set. */
void impacts_sum_bits(const uint8_t *values, const uint64_t *bits, uint32_t words, const struct impact_sums *to);
void impacts_sum_plain(const uint8_t *values, const uint64_t *bits, uint32_t words, const struct impact_sums *to);

#endif
