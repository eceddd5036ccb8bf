#include "server/query/cursor.h"

void cursor_init(struct cursor *c)
{
    c->empty = true;
    c->flat = false;
    c->prefix = NULL;
    c->block = 0;
    c->block_count = 0;
    c->base = DOC_NONE;
    c->count = 0;
}

void cursor_open(struct cursor *c, const struct postings *postings)
{
    cursor_init(c);
    c->postings = *postings;
    c->empty = postings->df == 0;
}

static void decode(struct cursor *c, uint32_t block)
{
    if (c->block_count && c->block == block)
        return;
    c->block = block;
    c->block_count = postings_block(&c->postings, block, c->block_docs, c->block_facts);
}

/* --- finding the next document --- */
static doc_id next_dense(const struct cursor *c, doc_id doc)
{
    const struct postings *p = &c->postings;
    uint32_t words = (uint32_t)((const uint64_t *)(const void *)p->block_ranks - p->bits); /* the ranks follow them */
    uint32_t word = doc / 64;
    uint64_t bits;

    if (word >= words)
        return DOC_NONE;
    bits = p->bits[word] & (~0ull << (doc % 64));
    while (!bits) {
        if (++word >= words)
            return DOC_NONE;
        bits = p->bits[word];
    }
    return word * 64 + (doc_id)__builtin_ctzll(bits);
}

doc_id cursor_next(struct cursor *c, doc_id doc)
{
    uint32_t block, low, high;

    if (c->empty)
        return DOC_NONE;
    if (c->prefix)
        return prefix_union_next(c->prefix, doc);
    if (c->postings.bits)
        return next_dense(c, doc);
    block = postings_seek(&c->postings, c->block_count && c->block_docs[0] <= doc ? c->block : 0, doc);
    if (block >= c->postings.block_count)
        return DOC_NONE;
    decode(c, block);
    for (low = 0, high = c->block_count; low < high;) {
        uint32_t middle = (low + high) / 2;
        if (c->block_docs[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->block_count ? c->block_docs[low] : DOC_NONE;
}

/* --- a window's documents --- */
static bool reserve(struct cursor *c, uint32_t wanted, struct arena *arena)
{
    uint32_t capacity = c->capacity ? c->capacity : 2 * POSTINGS_BLOCK;
    uint16_t *offsets;
    uint32_t *facts;

    if (wanted <= c->capacity)
        return true;
    while (capacity < wanted)
        capacity *= 2;
    offsets = arena_alloc(arena, capacity * sizeof(*offsets));
    facts = arena_alloc(arena, capacity * sizeof(*facts));
    if (!offsets || !facts)
        return false;
    if (c->count) {
        memcpy(offsets, c->offsets, c->count * sizeof(*offsets));
        memcpy(facts, c->facts, c->count * sizeof(*facts));
    }
    c->offsets = offsets;
    c->facts = facts;
    c->capacity = capacity;
    return true;
}

static bool load_packed(struct cursor *c, const struct window *w)
{
    uint32_t from = c->block_count && c->block_docs[0] <= w->base ? c->block : 0;
    uint32_t block = postings_seek(&c->postings, from, w->base);

    c->base = w->base;
    c->count = 0;
    for (; block < c->postings.block_count; block++) {
        uint32_t i = 0, n = c->count;
        decode(c, block);
        if (c->block_count == 0 || c->block_docs[0] >= w->base + WINDOW_DOCS)
            break;
        if (!reserve(c, c->count + c->block_count, w->arena))
            return false;
        while (i < c->block_count && c->block_docs[i] < w->base)
            i++;
        for (; i < c->block_count && c->block_docs[i] - w->base < WINDOW_DOCS; i++, n++) {
            c->offsets[n] = (uint16_t)(c->block_docs[i] - w->base);
            c->facts[n] = c->block_facts[i];
        }
        c->count = n;
        if (i < c->block_count)
            break;
    }
    return true;
}

static uint64_t fact_of(const struct cursor *c, const struct window *w, uint32_t index, uint64_t fields)
{
    uint64_t fact = index < w->fact_count ? w->facts[index] : 0;

    if (c->flat)
        fact = fact_flat(fact);
    return fields ? fact & fields : fact;
}

static uint32_t dense_fact(const struct postings *p, uint32_t rank)
{
    const uint8_t *at = p->facts + (size_t)rank * p->fact_bytes;
    uint16_t two;
    uint32_t four;

    if (rank >= p->df)
        return 0;
    if (p->fact_bytes == 1)
        return *at;
    if (p->fact_bytes == 2) {
        memcpy(&two, at, sizeof(two));
        return two;
    }
    memcpy(&four, at, sizeof(four));
    return four;
}

/* The indexes of the facts of the documents in both. Where all of a word's documents are wanted, ranks just go up. */
static uint32_t dense_indexes(const struct cursor *c, const struct window *w, const struct mask *wanted,
                              uint16_t *offsets, uint32_t *indexes)
{
    const struct postings *p = &c->postings;
    const uint64_t *bits = p->bits + w->base / 64;
    uint32_t rank = p->block_ranks[w->base / WINDOW_DOCS], n = 0;
    uint32_t words = (w->doc_count - w->base + 63) / 64;

    for (uint32_t i = 0; i < WINDOW_WORDS && i < words; i++) {
        uint64_t have = bits[i], x = have & wanted->bits[i];
        uint32_t r = rank;
        rank += (uint32_t)__builtin_popcountll(have);
        if (x == have) {
            for (; x; x &= x - 1) {
                offsets[n] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(x));
                indexes[n++] = dense_fact(p, r++);
            }
            continue;
        }
        for (; x; x &= x - 1) {
            uint64_t below = (x & -x) - 1;
            offsets[n] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(x));
            indexes[n++] = dense_fact(p, r + (uint32_t)__builtin_popcountll(have & below));
        }
    }
    return n;
}

static uint32_t dense_gather(const struct cursor *c, const struct window *w, uint64_t fields, const struct mask *wanted,
                             const struct gathered_facts *out)
{
    uint32_t indexes[WINDOW_DOCS];
    uint32_t count = dense_indexes(c, w, wanted, out->offsets, indexes), n = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t fact = fact_of(c, w, indexes[i], fields);
        out->offsets[n] = out->offsets[i];
        out->facts[n] = fact;
        n += fact != 0;
    }
    return n;
}

uint32_t cursor_gather_indexes(struct cursor *c, const struct window *w, const struct mask *wanted, uint16_t *offsets,
                               uint32_t *indexes)
{
    uint32_t n = 0, valid = 0;

    if (c->empty)
        return 0;
    if (c->postings.bits) {
        n = dense_indexes(c, w, wanted, offsets, indexes);
    } else {
        for (uint32_t i = 0; c->base == w->base && i < c->count; i++) {
            offsets[n] = c->offsets[i];
            indexes[n] = c->facts[i];
            n += mask_has(wanted, c->offsets[i]);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        offsets[valid] = offsets[i];
        indexes[valid] = indexes[i];
        valid += indexes[i] < w->fact_count;
    }
    return valid;
}

/* The slow way, when only some fields count: whoever has a fact left. */
static void dense_window_of_fields(const struct cursor *c, const struct window *w, uint64_t fields, struct mask *out)
{
    uint16_t offsets[WINDOW_DOCS];
    uint64_t facts[WINDOW_DOCS];
    struct gathered_facts all = {offsets, facts};
    uint32_t n = dense_gather(c, w, fields, &w->live, &all);

    for (uint32_t i = 0; i < n; i++)
        mask_set(out, offsets[i]);
}

bool cursor_window(struct cursor *c, const struct window *w, uint64_t fields, struct mask *out)
{
    if (c->empty)
        return true;
    if (c->prefix)
        return prefix_union_window(c->prefix, w, fields, out);
    if (c->postings.bits) {
        const uint64_t *bits = c->postings.bits + w->base / 64;
        uint32_t words = (w->doc_count - w->base + 63) / 64;
        if (fields) {
            dense_window_of_fields(c, w, fields, out);
            return true;
        }
        for (uint32_t i = 0; i < WINDOW_WORDS && i < words; i++)
            out->bits[i] |= bits[i];
        mask_refresh(out);
        return true;
    }
    if (c->base != w->base && !load_packed(c, w))
        return false;
    for (uint32_t i = 0; i < c->count; i++) {
        if (!fields || fact_of(c, w, c->facts[i], fields))
            mask_set(out, c->offsets[i]);
    }
    return true;
}

uint32_t cursor_gather(struct cursor *c, const struct window *w, uint64_t fields, const struct mask *wanted,
                       const struct gathered_facts *out)
{
    uint32_t n = 0;

    if (c->empty)
        return 0;
    if (c->prefix)
        return prefix_union_gather(c->prefix, w, fields, wanted, out);
    if (c->postings.bits)
        return dense_gather(c, w, fields, wanted, out);
    for (uint32_t i = 0; c->base == w->base && i < c->count; i++) {
        if (mask_has(wanted, c->offsets[i])) {
            uint64_t fact = fact_of(c, w, c->facts[i], fields);
            out->offsets[n] = c->offsets[i];
            out->facts[n] = fact;
            n += fact != 0;
        }
    }
    return n;
}
