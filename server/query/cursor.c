#include "server/query/cursor.h"

void cursor_init(struct cursor *c)
{
    c->empty = true;
    c->flat = false;
    c->own = false;
    c->prefix = NULL;
    c->serial_of_list = 0;
    c->valued = false;
    c->block = 0;
    c->block_count = 0;
    c->has_facts = false;
    c->serial = 0;
    c->count = 0;
}

void cursor_open(struct cursor *c, const struct postings *postings)
{
    cursor_init(c);
    c->postings = *postings;
    c->empty = postings->df == 0;
}

uint32_t cursor_size(const struct cursor *c)
{
    uint64_t size = c->empty ? 0 : c->postings.df;

    if (c->prefix) {
        struct prefix_lists lists = prefix_union_lists(c->prefix);
        size = lists.count;
        for (uint32_t i = 0; i < lists.cursor_count; i++)
            size += lists.cursors[i].postings.df;
    }
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static void decode(struct cursor *c, uint32_t block, bool facts)
{
    if (c->block_count && c->block == block && (c->has_facts || !facts))
        return;
    if (c->block_count && c->block == block) {
        postings_block_facts(&c->postings, block, c->block_facts);
    } else {
        c->block = block;
        c->block_count = postings_block(&c->postings, block, c->block_docs, facts ? c->block_facts : NULL);
    }
    c->has_facts = facts;
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
    decode(c, block, false);
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

    c->serial = w->serial;
    c->count = 0;
    c->facts_read = false;
    for (; block < c->postings.block_count; block++) {
        uint32_t i = 0, n = c->count;
        decode(c, block, false);
        if (c->block_count == 0 || c->block_docs[0] >= w->base + WINDOW_DOCS)
            break;
        if (!reserve(c, c->count + c->block_count, w->arena))
            return false;
        while (i < c->block_count && c->block_docs[i] < w->base)
            i++;
        if (n == 0) {
            c->facts_block = block;
            c->facts_at = i;
        }
        for (; i < c->block_count && c->block_docs[i] - w->base < WINDOW_DOCS; i++, n++)
            c->offsets[n] = (uint16_t)(c->block_docs[i] - w->base);
        c->count = n;
        if (i < c->block_count)
            break;
    }
    return true;
}

/* The facts of the window's postings: many windows are only counted. */
static void read_facts(struct cursor *c)
{
    uint32_t facts[POSTINGS_BLOCK], at = c->facts_at, block = c->facts_block;

    if (c->facts_read)
        return;
    c->facts_read = true;
    for (uint32_t n = 0; n < c->count; block++, at = 0) {
        uint32_t some = POSTINGS_BLOCK - at < c->count - n ? POSTINGS_BLOCK - at : c->count - n;
        postings_block_facts(&c->postings, block, facts);
        memcpy(c->facts + n, facts + at, some * sizeof(*facts));
        n += some;
    }
}

/* The first place from `at` on in the block whose document is >= doc; there is one. */
static uint32_t block_seek(const doc_id *docs, uint32_t at, uint32_t count, doc_id doc)
{
    for (; at + 16 <= count && docs[at + 15] < doc; at += 16) {
    }
    while (docs[at] < doc)
        at++;
    return at;
}

/* A selection of this very list: every document, and the facts of its blocks. */
static bool load_own(struct cursor *c, const struct window *w)
{
    uint32_t facts[POSTINGS_BLOCK];

    c->serial = w->serial;
    c->count = 0;
    c->facts_read = true;
    if (!reserve(c, w->count, w->arena))
        return false;
    for (uint32_t at = 0; at < w->count; at += POSTINGS_BLOCK) {
        uint32_t n = w->count - at < POSTINGS_BLOCK ? w->count - at : POSTINGS_BLOCK;
        postings_block_facts(&c->postings, (w->first + at) / POSTINGS_BLOCK, facts);
        memcpy(c->facts + at, facts, n * sizeof(*facts));
    }
    for (uint32_t i = 0; i < w->count; i++)
        c->offsets[i] = (uint16_t)i;
    c->count = w->count;
    return true;
}

/* Of a selection: the documents that are in `among` and in the list. */
static bool load_selection(struct cursor *c, const struct window *w, const struct mask *among)
{
    uint32_t at = 0, n = 0, block = c->block_count ? c->block : 0;

    c->serial = w->serial;
    c->count = 0;
    c->facts_read = true;
    if (!reserve(c, w->count < c->postings.df ? w->count : c->postings.df, w->arena))
        return false;
    if (c->block_count && c->block_docs[0] > w->docs[0])
        block = 0;
    c->block_count = c->block_count && block == c->block ? c->block_count : 0;
    for (MASK_WORDS(among, j)) {
        for (uint64_t x = among->bits[j]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)j * 64 + (uint32_t)__builtin_ctzll(x);
            doc_id doc = w->docs[offset];
            if (c->block_count == 0 || doc > c->block_docs[c->block_count - 1]) {
                block = postings_seek(&c->postings, block, doc);
                if (block >= c->postings.block_count)
                    goto out;
                decode(c, block, false);
                at = 0;
                if (c->block_count == 0 || doc > c->block_docs[c->block_count - 1])
                    goto out;
            }
            at = block_seek(c->block_docs, at, c->block_count, doc);
            if (c->block_docs[at] != doc)
                continue;
            decode(c, block, true);
            c->offsets[n] = (uint16_t)offset;
            c->facts[n++] = c->block_facts[at];
        }
    }
out:
    c->count = n;
    return true;
}

static bool load(struct cursor *c, const struct window *w, const struct mask *among)
{
    if (c->serial == w->serial)
        return true;
    if (!w->docs)
        return load_packed(c, w);
    return c->own ? load_own(c, w) : load_selection(c, w, among);
}

static uint64_t fact_of(const struct cursor *c, const struct window *w, uint32_t index, uint64_t fields)
{
    uint64_t fact = index < w->fact_count ? w->facts[index] : 0;

    if (c->flat)
        fact = fact_flat(fact);
    return fields ? fact & fields : fact;
}

static bool dense_has(const struct postings *p, doc_id doc)
{
    return p->bits[doc / 64] >> (doc & 63) & 1;
}

static uint32_t dense_rank(const struct postings *p, doc_id doc)
{
    uint32_t word = doc / WINDOW_DOCS * WINDOW_WORDS, rank = p->block_ranks[doc / WINDOW_DOCS];

    for (; word < doc / 64; word++)
        rank += (uint32_t)__builtin_popcountll(p->bits[word]);
    return rank + (uint32_t)__builtin_popcountll(p->bits[word] & ((1ull << (doc & 63)) - 1));
}

/* Ranks of ascending documents, each from the one before where they are of the same 4,096. */
struct rank_walk {
    uint32_t word, rank; /* bits set in the words before this one */
    bool started;
};

static uint32_t walk_rank(struct rank_walk *k, const struct postings *p, doc_id doc)
{
    uint32_t word = doc / 64;

    if (!k->started || k->word / WINDOW_WORDS != word / WINDOW_WORDS) {
        k->started = true;
        k->word = word & ~(WINDOW_WORDS - 1);
        k->rank = p->block_ranks[doc / WINDOW_DOCS];
    }
    for (; k->word < word; k->word++)
        k->rank += (uint32_t)__builtin_popcountll(p->bits[k->word]);
    return k->rank + (uint32_t)__builtin_popcountll(p->bits[word] & ((1ull << (doc & 63)) - 1));
}

static uint32_t dense_selection_indexes(const struct cursor *c, const struct window *w, const struct mask *wanted,
                                        uint16_t *offsets, uint32_t *indexes)
{
    struct rank_walk walk = {0};
    uint32_t n = 0;

    for (MASK_WORDS(wanted, j)) {
        for (uint64_t x = wanted->bits[j]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)j * 64 + (uint32_t)__builtin_ctzll(x);
            if (!dense_has(&c->postings, w->docs[offset]))
                continue;
            offsets[n] = (uint16_t)offset;
            indexes[n++] = cursor_dense_fact(&c->postings, walk_rank(&walk, &c->postings, w->docs[offset]));
        }
    }
    return n;
}

/* The indexes of the facts of the documents in both. Where all of a word's documents are wanted, ranks just go up. */
static uint32_t dense_indexes(const struct cursor *c, const struct window *w, const struct mask *wanted,
                              uint16_t *offsets, uint32_t *indexes)
{
    const struct postings *p = &c->postings;
    const uint64_t *bits;
    uint32_t rank, words, n = 0;

    if (w->docs)
        return dense_selection_indexes(c, w, wanted, offsets, indexes);
    bits = p->bits + w->base / 64;
    rank = p->block_ranks[w->base / WINDOW_DOCS];
    words = (w->doc_count - w->base + 63) / 64;
    for (uint32_t i = 0; i < WINDOW_WORDS && i < words; i++) {
        uint64_t have = bits[i], x = have & wanted->bits[i];
        uint32_t r = rank;
        rank += (uint32_t)__builtin_popcountll(have);
        if (x == have) {
            for (; x; x &= x - 1) {
                offsets[n] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(x));
                indexes[n++] = cursor_dense_fact(p, r++);
            }
            continue;
        }
        for (; x; x &= x - 1) {
            uint64_t below = (x & -x) - 1;
            offsets[n] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(x));
            indexes[n++] = cursor_dense_fact(p, r + (uint32_t)__builtin_popcountll(have & below));
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
        if (c->serial == w->serial)
            read_facts(c);
        for (uint32_t i = 0; c->serial == w->serial && i < c->count; i++) {
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

static void dense_selection(const struct cursor *c, const struct window *w, uint64_t fields, const struct mask *among,
                            struct mask *out)
{
    for (MASK_WORDS(among, j)) {
        uint64_t found = 0;
        for (uint64_t x = among->bits[j]; x; x &= x - 1)
            found |= dense_has(&c->postings, w->docs[j * 64 + (uint64_t)__builtin_ctzll(x)]) ? x & -x : 0;
        for (uint64_t x = fields ? found : 0; x; x &= x - 1) {
            uint32_t rank = dense_rank(&c->postings, w->docs[j * 64 + (uint64_t)__builtin_ctzll(x)]);
            if (!fact_of(c, w, cursor_dense_fact(&c->postings, rank), fields))
                found &= ~(x & -x);
        }
        out->bits[j] |= found;
        out->active |= (uint64_t)(found != 0) << j;
    }
}

static void dense_run(const struct cursor *c, const struct window *w, struct mask *out)
{
    const uint64_t *bits = c->postings.bits + w->base / 64;
    uint32_t words = (w->doc_count - w->base + 63) / 64;

    for (uint32_t i = 0; i < WINDOW_WORDS && i < words; i++)
        out->bits[i] |= bits[i];
    mask_refresh(out);
}

bool cursor_window(struct cursor *c, const struct window *w, uint64_t fields, const struct mask *among,
                   struct mask *out)
{
    uint64_t active = 0; /* gathered apart: a store for each posting would wait for the one before */

    if (c->empty)
        return true;
    if (c->prefix)
        return prefix_union_window(c->prefix, w, fields, among, out);
    if (c->postings.bits) {
        if (w->docs)
            dense_selection(c, w, fields, among, out);
        else if (fields)
            dense_window_of_fields(c, w, fields, out);
        else
            dense_run(c, w, out);
        return true;
    }
    if (!load(c, w, among))
        return false;
    if (!fields && w->docs && c->own) {
        mask_set_first(out, c->count);
        return true;
    }
    if (fields)
        read_facts(c);
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t word = c->offsets[i] >> 6;
        if (fields && !fact_of(c, w, c->facts[i], fields))
            continue;
        out->bits[word] |= 1ull << (c->offsets[i] & 63);
        active |= 1ull << word;
    }
    out->active |= active;
    return true;
}

static void add_dense(const struct postings *p, doc_id base, uint64_t bits[WINDOW_WORDS])
{
    const uint64_t *from = p->bits + base / 64;
    ptrdiff_t words = (const uint64_t *)(const void *)p->block_ranks - from; /* the ranks follow them */

    if (words >= (ptrdiff_t)WINDOW_WORDS) {
        for (uint32_t i = 0; i < WINDOW_WORDS; i++)
            bits[i] |= from[i];
        return;
    }
    for (ptrdiff_t i = 0; i < words; i++)
        bits[i] |= from[i];
}

void cursor_add_bits(struct cursor *c, doc_id base, uint64_t bits[WINDOW_WORDS])
{
    uint32_t block;

    if (c->empty)
        return;
    if (c->prefix) {
        prefix_union_add_bits(c->prefix, base, bits);
        return;
    }
    if (c->postings.bits) {
        add_dense(&c->postings, base, bits);
        return;
    }
    block = postings_seek(&c->postings, c->block_count && c->block_docs[0] <= base ? c->block : 0, base);
    for (; block < c->postings.block_count; block++) {
        uint32_t i = 0;
        decode(c, block, false);
        while (i < c->block_count && c->block_docs[i] < base)
            i++;
        for (; i < c->block_count && c->block_docs[i] - base < WINDOW_DOCS; i++)
            bits[(c->block_docs[i] - base) >> 6] |= 1ull << (c->block_docs[i] & 63);
        if (i < c->block_count || c->block_count == 0)
            break;
    }
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
    if (c->serial == w->serial)
        read_facts(c);
    for (uint32_t i = 0; c->serial == w->serial && i < c->count; i++) {
        if (mask_has(wanted, c->offsets[i])) {
            uint64_t fact = fact_of(c, w, c->facts[i], fields);
            out->offsets[n] = c->offsets[i];
            out->facts[n] = fact;
            n += fact != 0;
        }
    }
    return n;
}
