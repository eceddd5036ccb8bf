#include "server/query/interleave.h"

#include <stdbool.h>

#include "indexer/base/hash.h"

struct draft {
    const struct interleave_ranking *side[2];
    size_t next[2]; /* the first item that may not be taken yet */
    struct interleave_pick *picks;
    size_t count;
};

static bool taken(const struct draft *d, uint64_t key)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct interleave_pick *p = &d->picks[i];
        if (d->side[p->side]->keys[p->place] == key)
            return true;
    }
    return false;
}

/* The place of a side's best item that is not taken; its count when there is none. */
static size_t best_of(struct draft *d, int side)
{
    while (d->next[side] < d->side[side]->count && taken(d, d->side[side]->keys[d->next[side]]))
        d->next[side]++;
    return d->next[side];
}

static void take(struct draft *d, int side, enum team team)
{
    d->picks[d->count++] = (struct interleave_pick){(uint32_t)d->next[side], (uint8_t)side, (uint8_t)team};
}

/* True for heads. Rounds are numbered by the length of the list, which is the same on every page. */
static bool coin(uint64_t seed, size_t round)
{
    uint64_t number = (uint64_t)round;

    return hash64_seed(&number, sizeof(number), seed) & 1;
}

size_t interleave_draft(const struct interleave_ranking *a, const struct interleave_ranking *b, uint64_t seed,
                        struct interleave_pick *picks, size_t limit)
{
    struct draft d = {.side = {a, b}, .picks = picks};

    while (d.count < limit) {
        size_t best[2] = {best_of(&d, 0), best_of(&d, 1)};
        bool has[2] = {best[0] < a->count, best[1] < b->count};
        int first = coin(seed, d.count);

        if (!has[0] && !has[1])
            break;
        if (!has[0] || !has[1] || a->keys[best[0]] == b->keys[best[1]]) {
            take(&d, !has[0], TEAM_NONE);
            continue;
        }
        for (int turn = 0; turn < 2 && d.count < limit; turn++) {
            int side = turn ? !first : first;
            if (best_of(&d, side) < d.side[side]->count)
                take(&d, side, side ? TEAM_B : TEAM_A);
        }
    }
    return d.count;
}

static uint64_t hash_text(struct str text, uint64_t seed)
{
    unsigned char lower[64];
    uint64_t hash = seed;

    /* in pieces, so that there is no need for memory */
    for (size_t from = 0; from < text.size; from += sizeof(lower)) {
        size_t size = text.size - from < sizeof(lower) ? text.size - from : sizeof(lower);
        for (size_t i = 0; i < size; i++) {
            unsigned char c = (unsigned char)text.data[from + i];
            lower[i] = (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        }
        hash = hash64_seed(lower, size, hash);
    }
    return hash64_seed(&text.size, sizeof(text.size), hash);
}

uint64_t interleave_seed(struct str experiment, uint64_t seed, struct str token, struct str query)
{
    return hash_text(str_trim(query), hash_text(token, hash_text(experiment, seed)));
}

double interleave_share(struct str experiment, uint64_t seed, struct str token, struct str query)
{
    struct str who = token.size ? token : str_trim(query);

    return (double)(hash_text(who, hash_text(experiment, ~seed)) >> 11) * 0x1p-53;
}
