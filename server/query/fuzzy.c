/*
 * Typo alternatives of a token: the candidates of each segment, merged by their text, since one segment's rare word may
 * be another's common one.
 */
#include <stdlib.h>

#include "server/query/query.h"

#define TYPO_ONE_LENGTH     4
#define TYPO_TWO_LENGTH     8
#define TYPO_WEIGHT_ONE     .7
#define TYPO_WEIGHT_TWO     .4
#define CANDIDATES          256 /* of one segment */
#define CANDIDATES_TOGETHER 1024

struct candidate_term {
    struct str text;
    uint64_t df;
    uint8_t distance;
};

static size_t code_points(struct str s)
{
    size_t n = 0;

    for (size_t at = 0; at < s.size; n++)
        (void)str_utf8_next(s, &at);
    return n;
}

static int by_rank(const void *x, const void *y)
{
    const struct candidate_term *a = x, *b = y;

    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    if (a->df != b->df)
        return a->df > b->df ? -1 : 1;
    return str_compare(a->text, b->text);
}

static void merge(struct candidate_term *all, uint32_t *count, struct str text, const struct fuzzy_term *t,
                  struct arena *arena)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (str_equal(all[i].text, text)) {
            all[i].df += t->df;
            return;
        }
    }
    if (*count < CANDIDATES_TOGETHER)
        all[(*count)++] = (struct candidate_term){arena_copy(arena, text), t->df, t->distance};
}

static uint32_t collect(const struct snapshot *snapshot, struct str token, int distance, struct arena *arena,
                        struct candidate_term *all)
{
    struct fuzzy_term found[CANDIDATES];
    struct buf text = BUF_EMPTY;
    uint32_t count = 0;

    for (uint32_t i = 0; i < snapshot->segment_count; i++) {
        const struct shard *shard = snapshot->segments[i].shard;
        uint32_t n = shard_term_fuzzy(shard, token, distance, found, CANDIDATES);
        for (uint32_t k = 0; k < n; k++) {
            buf_clear(&text);
            shard_term_text(shard, found[k].id, &text);
            if (found[k].distance > 0 && found[k].distance <= distance)
                merge(all, &count, buf_str(&text), &found[k], arena);
        }
    }
    buf_release(&text);
    return count;
}

uint32_t fuzzy_alternatives(const struct snapshot *snapshot, struct str token, struct arena *arena,
                            struct alternative *out)
{
    size_t length = code_points(token);
    struct candidate_term *all;
    uint32_t count, taken = 0;

    if (length < TYPO_ONE_LENGTH)
        return 0;
    all = ARENA_ARRAY(arena, struct candidate_term, CANDIDATES_TOGETHER);
    if (!all)
        return 0;
    count = collect(snapshot, token, length >= TYPO_TWO_LENGTH ? 2 : 1, arena, all);
    if (arena->failed)
        return 0;
    qsort(all, count, sizeof(*all), by_rank);
    for (; taken < count && taken < QUERY_TYPOS; taken++) {
        const struct query_term *t = query_term_of(snapshot, all[taken].text, arena);
        const struct query_term **terms = ARENA_ARRAY(arena, const struct query_term *, 1);
        if (!t || !terms)
            return taken;
        terms[0] = t;
        out[taken] = (struct alternative){.kind = ALTERNATIVE_TYPO,
                                          .distance = all[taken].distance,
                                          .term_count = 1,
                                          .weight = all[taken].distance == 1 ? TYPO_WEIGHT_ONE : TYPO_WEIGHT_TWO,
                                          .idf = query_idf(snapshot, t->df),
                                          .df = t->df,
                                          .terms = terms};
    }
    return taken;
}
