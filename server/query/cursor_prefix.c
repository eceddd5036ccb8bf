/*
 * The union of a prefix's lists, for prefixes too short-listed to have one prebuilt: every posting once as (document,
 * fields), put in the order of windows by counting, so that a window's part is one run. Within it documents are in no
 * order and repeat; the window's bitmap and an array of fields by offset put them together.
 */
#include "server/query/cursor.h"

struct prefix_union {
    uint32_t window_count;
    uint32_t *starts;  /* by window, and the end */
    uint32_t *entries; /* offset << 16 | fields */
    uint16_t *fields;  /* by offset, of the window `base`; zero elsewhere */
    doc_id base;
    uint32_t shown_from, shown_to; /* the entries that `fields` holds */
};

struct doc_fields {
    doc_id doc;
    uint32_t fields;
};

/* Nibbles to bits and back: bit f for frequency in field f. */
static uint32_t fields_of_fact(uint64_t fact)
{
    uint64_t x = fact_flat(fact);

    x = (x | x >> 3) & 0x0303030303030303ull;
    x = (x | x >> 6) & 0x000f000f000f000full;
    x = (x | x >> 12) & 0x000000ff000000ffull;
    return (uint32_t)((x | x >> 24) & 0xffff);
}

static uint64_t fact_of_fields(uint32_t fields)
{
    uint64_t x = fields;

    x = (x | x << 24) & 0x000000ff000000ffull;
    x = (x | x << 12) & 0x000f000f000f000full;
    x = (x | x << 6) & 0x0303030303030303ull;
    return (x | x << 3) & 0x1111111111111111ull;
}

/* Appends a list's postings to out at n; returns the new n. */
static size_t append_list(const struct shard *shard, const struct postings *p, struct doc_fields *out, size_t n,
                          size_t limit, uint32_t *docs, uint32_t *facts)
{
    uint32_t doc_count = shard_doc_count(shard), fact_count;
    const uint64_t *table = shard_facts(shard, &fact_count);
    struct postings part = *p;

    for (uint32_t b = 0; !p->bits && b < p->block_count; b++) {
        uint32_t count = postings_block(&part, b, docs, facts);
        for (uint32_t i = 0; i < count && n < limit; i++) {
            if (docs[i] < doc_count && facts[i] < fact_count)
                out[n++] = (struct doc_fields){docs[i], fields_of_fact(table[facts[i]])};
        }
    }
    for (uint32_t w = 0; p->bits && w < (doc_count + 63) / 64; w++) {
        for (uint64_t x = p->bits[w]; x && n < limit; x &= x - 1) {
            doc_id doc = w * 64 + (doc_id)__builtin_ctzll(x);
            uint32_t fact = postings_dense_fact(p, doc);
            if (fact < fact_count)
                out[n++] = (struct doc_fields){doc, fields_of_fact(table[fact])};
        }
    }
    return n;
}

static bool sort_by_window(struct prefix_union *p, const struct doc_fields *all, size_t n, struct arena *arena)
{
    uint32_t *at = ARENA_ARRAY(arena, uint32_t, p->window_count + 1);

    p->starts = ARENA_ARRAY(arena, uint32_t, p->window_count + 2);
    p->entries = arena_alloc(arena, (n + 1) * sizeof(*p->entries));
    p->fields = ARENA_ARRAY(arena, uint16_t, WINDOW_DOCS);
    if (!at || !p->starts || !p->entries || !p->fields)
        return false;
    for (size_t i = 0; i < n; i++)
        p->starts[all[i].doc / WINDOW_DOCS + 1]++;
    for (uint32_t w = 0; w < p->window_count; w++) {
        p->starts[w + 1] += p->starts[w];
        at[w] = p->starts[w];
    }
    for (size_t i = 0; i < n; i++)
        p->entries[at[all[i].doc / WINDOW_DOCS]++] = (all[i].doc % WINDOW_DOCS) << 16 | all[i].fields;
    return true;
}

bool cursor_open_prefix(struct cursor *c, const struct shard *shard, term_id first, term_id end, struct arena *arena)
{
    uint32_t docs[POSTINGS_BLOCK], facts[POSTINGS_BLOCK];
    struct prefix_union *p = ARENA_NEW(arena, struct prefix_union);
    struct doc_fields *all;
    size_t total = 0, n = 0;

    cursor_init(c);
    for (term_id t = first; t < end; t++)
        total += shard_term_df(shard, t);
    all = arena_alloc(arena, (total + 1) * sizeof(*all));
    if (!p || !all)
        return false;
    for (term_id t = first; t < end; t++) {
        struct postings postings;
        shard_postings(shard, t, &postings);
        n = append_list(shard, &postings, all, n, total, docs, facts);
    }
    p->window_count = (shard_doc_count(shard) + WINDOW_DOCS - 1) / WINDOW_DOCS;
    p->base = DOC_NONE;
    if (!sort_by_window(p, all, n, arena))
        return false;
    c->prefix = p;
    c->empty = n == 0;
    return true;
}

doc_id prefix_union_next(struct prefix_union *p, doc_id doc)
{
    for (uint32_t w = doc / WINDOW_DOCS; w < p->window_count; w++) {
        uint32_t best = WINDOW_DOCS;
        for (uint32_t i = p->starts[w]; i < p->starts[w + 1]; i++) {
            uint32_t offset = p->entries[i] >> 16;
            if (w * WINDOW_DOCS + offset >= doc && offset < best)
                best = offset;
        }
        if (best < WINDOW_DOCS)
            return w * WINDOW_DOCS + best;
    }
    return DOC_NONE;
}

static void show(struct prefix_union *p, doc_id base)
{
    uint32_t w = base / WINDOW_DOCS;

    if (p->base == base)
        return;
    for (uint32_t i = p->shown_from; i < p->shown_to; i++)
        p->fields[p->entries[i] >> 16] = 0;
    p->base = base;
    p->shown_from = p->starts[w];
    p->shown_to = p->starts[w + 1];
    for (uint32_t i = p->shown_from; i < p->shown_to; i++)
        p->fields[p->entries[i] >> 16] |= (uint16_t)p->entries[i];
}

void prefix_union_window(struct prefix_union *p, const struct window *w, uint64_t fields, struct mask *out)
{
    show(p, w->base);
    for (uint32_t i = p->shown_from; i < p->shown_to; i++) {
        uint32_t offset = p->entries[i] >> 16;
        if (!fields || fact_of_fields(p->fields[offset]) & fields)
            mask_set(out, offset);
    }
}

uint32_t prefix_union_gather(struct prefix_union *p, const struct window *w, uint64_t fields, const struct mask *wanted,
                             uint16_t *offsets, uint64_t *facts)
{
    uint32_t n = 0;

    show(p, w->base);
    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            uint64_t fact = fact_of_fields(p->fields[offset]);
            fact = fields ? fact & fields : fact;
            offsets[n] = (uint16_t)offset;
            facts[n] = fact;
            n += fact != 0;
        }
    }
    return n;
}
