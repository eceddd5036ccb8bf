/*
 * The union of a prefix's lists, for prefixes that have none prebuilt. The few long lists among them are walked as they
 * are. Of the many short ones every posting is taken once as (document, fields) and put in the order of windows by
 * counting, so that a window's part is one run; within it documents are in no order and repeat. The window's bitmap and
 * an array of fields by offset put all together.
 */
#include "server/query/cursor.h"

#define LONG_LIST  256
#define LONG_LISTS 32

struct prefix_union {
    struct cursor *cursors; /* long lists */
    uint32_t cursor_count;
    uint32_t window_count;
    uint32_t entry_count;
    uint32_t *starts;  /* by window, and the end */
    uint32_t *entries; /* offset << 16 | fields */
    uint16_t *fields;  /* by offset, of the window `base`; zero elsewhere */
    doc_id base;
    uint32_t shown_from, shown_to; /* the entries that `fields` holds */
    /* scratch for gathering */
    uint64_t *sums; /* by offset */
    uint64_t *facts;
    uint16_t *offsets;
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

/* Appends a short list's postings to out at n; returns the new n. */
static size_t append_list(const struct shard *shard, const struct postings *p, struct doc_fields *out, size_t n)
{
    uint32_t docs[POSTINGS_BLOCK], facts[POSTINGS_BLOCK];
    uint32_t doc_count = shard_doc_count(shard), fact_count;
    const uint64_t *table = shard_facts(shard, &fact_count);

    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, docs, facts);
        for (uint32_t i = 0; i < count; i++) {
            if (docs[i] < doc_count && facts[i] < fact_count)
                out[n++] = (struct doc_fields){docs[i], fields_of_fact(table[facts[i]])};
        }
    }
    return n;
}

static bool sort_by_window(struct prefix_union *p, const struct doc_fields *all, size_t n, struct arena *arena)
{
    uint32_t *at = ARENA_ARRAY(arena, uint32_t, p->window_count + 1);

    p->starts = ARENA_ARRAY(arena, uint32_t, p->window_count + 2);
    p->entries = arena_alloc(arena, (n + 1) * sizeof(*p->entries));
    if (!at || !p->starts || !p->entries)
        return false;
    for (size_t i = 0; i < n; i++)
        p->starts[all[i].doc / WINDOW_DOCS + 1]++;
    for (uint32_t w = 0; w < p->window_count; w++) {
        p->starts[w + 1] += p->starts[w];
        at[w] = p->starts[w];
    }
    for (size_t i = 0; i < n; i++)
        p->entries[at[all[i].doc / WINDOW_DOCS]++] = (all[i].doc % WINDOW_DOCS) << 16 | all[i].fields;
    p->entry_count = (uint32_t)n;
    return true;
}

static bool is_long(const struct prefix_union *p, const struct postings *postings)
{
    return postings->bits || (postings->df >= LONG_LIST && p->cursor_count < LONG_LISTS);
}

static bool take_lists(struct prefix_union *p, const struct shard *shard, term_id first, term_id end,
                       struct arena *arena)
{
    struct doc_fields *all;
    size_t total = 0, n = 0, longs = LONG_LISTS;
    struct postings postings;

    for (term_id t = first; t < end; t++) {
        shard_postings(shard, t, &postings);
        longs += postings.bits != NULL;
        total += postings.df;
    }
    longs = longs < end - first ? longs : end - first;
    p->cursors = ARENA_ARRAY(arena, struct cursor, longs);
    if (!p->cursors)
        return false;
    for (term_id t = first; t < end; t++) {
        shard_postings(shard, t, &postings);
        if (is_long(p, &postings)) {
            cursor_open(&p->cursors[p->cursor_count], &postings);
            p->cursors[p->cursor_count++].flat = true;
            total -= postings.df;
        }
    }
    all = arena_alloc(arena, (total + 1) * sizeof(*all));
    if (!all)
        return false;
    p->cursor_count = 0;
    for (term_id t = first; t < end; t++) {
        shard_postings(shard, t, &postings);
        if (is_long(p, &postings))
            p->cursor_count++;
        else
            n = append_list(shard, &postings, all, n);
    }
    return sort_by_window(p, all, n, arena);
}

bool cursor_open_prefix(struct cursor *c, const struct shard *shard, term_id first, term_id end, struct arena *arena)
{
    struct prefix_union *p = ARENA_NEW(arena, struct prefix_union);

    cursor_init(c);
    if (!p)
        return false;
    p->window_count = (shard_doc_count(shard) + WINDOW_DOCS - 1) / WINDOW_DOCS;
    p->base = DOC_NONE;
    p->fields = ARENA_ARRAY(arena, uint16_t, WINDOW_DOCS);
    p->sums = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->sums));
    p->facts = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->facts));
    p->offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->offsets));
    if (!p->fields || !p->sums || !p->facts || !p->offsets || !take_lists(p, shard, first, end, arena))
        return false;
    c->prefix = p;
    c->empty = p->entry_count == 0 && p->cursor_count == 0;
    return true;
}

static doc_id next_entry(const struct prefix_union *p, doc_id doc)
{
    for (uint32_t w = doc / WINDOW_DOCS; p->entry_count && w < p->window_count; w++) {
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

doc_id prefix_union_next(struct prefix_union *p, doc_id doc)
{
    doc_id best = next_entry(p, doc);

    for (uint32_t i = 0; i < p->cursor_count && best != doc; i++) {
        doc_id next = cursor_next(&p->cursors[i], doc);
        best = next < best ? next : best;
    }
    return best;
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

bool prefix_union_window(struct prefix_union *p, const struct window *w, uint64_t fields, struct mask *out)
{
    show(p, w->base);
    for (uint32_t i = p->shown_from; i < p->shown_to; i++) {
        uint32_t offset = p->entries[i] >> 16;
        if (!fields || fact_of_fields(p->fields[offset]) & fields)
            mask_set(out, offset);
    }
    for (uint32_t i = 0; i < p->cursor_count; i++) {
        if (!cursor_window(&p->cursors[i], w, fields, out))
            return false;
    }
    return true;
}

uint32_t prefix_union_gather(struct prefix_union *p, const struct window *w, uint64_t fields, const struct mask *wanted,
                             const struct gathered_facts *out)
{
    struct gathered_facts part = {p->offsets, p->facts};
    uint32_t n = 0;

    show(p, w->base);
    for (MASK_WORDS(wanted, j)) {
        for (uint64_t x = wanted->bits[j]; x; x &= x - 1) {
            uint64_t offset = j * 64 + (uint64_t)__builtin_ctzll(x);
            p->sums[offset] = fact_of_fields(p->fields[offset]);
        }
    }
    for (uint32_t i = 0; i < p->cursor_count; i++) {
        uint32_t count = cursor_gather(&p->cursors[i], w, 0, wanted, &part);
        for (uint32_t k = 0; k < count; k++)
            p->sums[p->offsets[k]] |= p->facts[k];
    }
    for (MASK_WORDS(wanted, i)) {
        for (uint64_t x = wanted->bits[i]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x);
            uint64_t fact = fields ? p->sums[offset] & fields : p->sums[offset];
            out->offsets[n] = (uint16_t)offset;
            out->facts[n] = fact;
            n += fact != 0;
        }
    }
    return n;
}
