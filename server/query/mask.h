#ifndef AISLE_SERVER_QUERY_MASK_H
#define AISLE_SERVER_QUERY_MASK_H

/*
 * Sets of documents within one window of 4,096: 64 words, and a word that says which of them may be other than zero, so
 * that a window with few documents costs few operations. Invariant: a word outside `active` is zero.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WINDOW_DOCS  4096u
#define WINDOW_WORDS 64u

struct mask {
    uint64_t active;
    uint64_t bits[WINDOW_WORDS];
};

/* for (MASK_WORDS(m, w)): w goes over the active words. */
#define MASK_WORDS(m, w)                                                                                               \
    uint64_t w##_left = (m)->active, w = w##_left ? (uint64_t)__builtin_ctzll(w##_left) : 0;                           \
    w##_left;                                                                                                          \
    w##_left &= w##_left - 1, w = w##_left ? (uint64_t)__builtin_ctzll(w##_left) : 0

static inline void mask_clear(struct mask *m)
{
    memset(m, 0, sizeof(*m));
}

static inline void mask_refresh(struct mask *m)
{
    uint64_t active = 0;

    for (unsigned w = 0; w < WINDOW_WORDS; w++)
        active |= (uint64_t)(m->bits[w] != 0) << w;
    m->active = active;
}

static inline void mask_and_bits(struct mask *m, const uint64_t *bits)
{
    uint64_t active = m->active;

    for (MASK_WORDS(m, w)) {
        m->bits[w] &= bits[w];
        if (!m->bits[w])
            active &= ~(1ull << w);
    }
    m->active = active;
}

static inline void mask_and(struct mask *m, const struct mask *o)
{
    uint64_t gone = m->active & ~o->active;

    for (; gone; gone &= gone - 1)
        m->bits[__builtin_ctzll(gone)] = 0;
    m->active &= o->active;
    mask_and_bits(m, o->bits);
}

static inline void mask_and_not(struct mask *m, const struct mask *o)
{
    uint64_t both = m->active & o->active;
    uint64_t active = m->active;

    for (; both; both &= both - 1) {
        unsigned w = (unsigned)__builtin_ctzll(both);
        m->bits[w] &= ~o->bits[w];
        if (!m->bits[w])
            active &= ~(1ull << w);
    }
    m->active = active;
}

static inline void mask_or(struct mask *m, const struct mask *o)
{
    for (MASK_WORDS(o, w))
        m->bits[w] |= o->bits[w];
    m->active |= o->active;
}

static inline void mask_set(struct mask *m, uint32_t offset)
{
    m->bits[offset >> 6] |= 1ull << (offset & 63);
    m->active |= 1ull << (offset >> 6);
}

/* Adds the first count offsets. */
static inline void mask_set_first(struct mask *m, uint32_t count)
{
    uint32_t words = count / 64;

    for (uint32_t i = 0; i < words; i++)
        m->bits[i] = ~0ull;
    if (count % 64)
        m->bits[words] |= (1ull << (count % 64)) - 1;
    words += count % 64 != 0;
    m->active |= words < 64 ? (1ull << words) - 1 : ~0ull;
}

static inline bool mask_has(const struct mask *m, uint32_t offset)
{
    return m->bits[offset >> 6] >> (offset & 63) & 1;
}

static inline uint32_t mask_count(const struct mask *m)
{
    uint32_t n = 0;

    for (MASK_WORDS(m, w))
        n += (uint32_t)__builtin_popcountll(m->bits[w]);
    return n;
}

/* Takes out of bits[i] the documents, by their number in docs, that are set in a bitmap over all documents. */
static inline void mask_and_not_docs(uint64_t *bits, const uint64_t *all, const uint32_t *docs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bits[i >> 6] &= ~((all[docs[i] >> 6] >> (docs[i] & 63) & 1) << (i & 63));
}

/* The first of docs[from..count-1], which ascend, that is at least doc; count when there is none: gallop, then halve.
 */
static inline uint32_t docs_seek(const uint32_t *docs, uint32_t from, uint32_t count, uint32_t doc)
{
    uint32_t low = from, high = from, step = 1;

    while (high < count && docs[high] < doc) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    high = high < count ? high : count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (docs[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Writes the members' offsets in the window, ascending; returns how many. */
static inline uint32_t mask_list(const struct mask *m, uint16_t out[WINDOW_DOCS])
{
    uint32_t n = 0;

    for (MASK_WORDS(m, w)) {
        for (uint64_t x = m->bits[w]; x; x &= x - 1)
            out[n++] = (uint16_t)(w << 6 | (uint64_t)__builtin_ctzll(x));
    }
    return n;
}

#endif
