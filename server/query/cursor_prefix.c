/*
 * The union of a prefix's lists, for prefixes that have none prebuilt. The few long lists among them are walked as they
 * are. Of the many short ones every posting is taken once as (document, fields), sorted by radix and put together, so
 * that they are one list.
 */
#include "server/query/cursor.h"

#define LONG_LIST   256
#define LONG_LISTS  32
#define RADIX_BITS  11
#define RADIX_SIZE  (1u << RADIX_BITS)
#define FIELDS_BITS 16

struct prefix_union {
    struct cursor *cursors; /* long lists */
    uint32_t cursor_count;
    /* the short lists: documents ascending, each once, and a bit for each field */
    uint32_t count;
    doc_id *docs;
    uint16_t *fields;
    uint32_t at; /* about where the window begins */
    /* of the window: what the short lists have in it */
    uint32_t serial, found_count;
    uint16_t *found; /* offsets */
    uint16_t *found_fields;
    /* scratch for gathering */
    uint64_t *sums; /* by offset */
    uint64_t *facts;
    uint16_t *offsets;
};

/* The other way round: frequency 1 in each field. */
static uint64_t fact_of_fields(uint32_t fields)
{
    uint64_t x = fields;

    x = (x | x << 24) & 0x000000ff000000ffull;
    x = (x | x << 12) & 0x000f000f000f000full;
    x = (x | x << 6) & 0x0303030303030303ull;
    return (x | x << 3) & 0x1111111111111111ull;
}

/* Appends a short list's postings, as document << 16 | fields, to out at n; returns the new n. */
static size_t append_list(const struct shard *shard, const struct postings *p, uint64_t *out, size_t n)
{
    uint32_t docs[POSTINGS_BLOCK], facts[POSTINGS_BLOCK];
    uint32_t doc_count = shard_doc_count(shard), fact_count;
    const uint64_t *table = shard_facts(shard, &fact_count);

    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, docs, facts);
        for (uint32_t i = 0; i < count; i++) {
            if (docs[i] < doc_count && facts[i] < fact_count)
                out[n++] = (uint64_t)docs[i] << FIELDS_BITS | fact_fields(table[facts[i]]);
        }
    }
    return n;
}

/* Sorts by document; returns where the result is: a or b. */
static uint64_t *sort_by_doc(uint64_t *a, uint64_t *b, size_t n, uint32_t doc_count)
{
    for (uint32_t shift = FIELDS_BITS; n > 1 && (uint64_t)doc_count << FIELDS_BITS >> shift; shift += RADIX_BITS) {
        uint32_t starts[RADIX_SIZE] = {0}, sum = 0;
        uint64_t *other = b;
        for (size_t i = 0; i < n; i++)
            starts[a[i] >> shift & (RADIX_SIZE - 1)]++;
        for (uint32_t k = 0; k < RADIX_SIZE; k++) {
            uint32_t count = starts[k];
            starts[k] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            b[starts[a[i] >> shift & (RADIX_SIZE - 1)]++] = a[i];
        b = a;
        a = other;
    }
    return a;
}

static bool put_together(struct prefix_union *p, uint64_t *all, size_t n, const struct shard *shard,
                         struct arena *arena)
{
    uint64_t *other = arena_alloc(arena, (n + 1) * sizeof(*other));

    p->docs = arena_alloc(arena, (n + 1) * sizeof(*p->docs));
    p->fields = arena_alloc(arena, (n + 1) * sizeof(*p->fields));
    if (!other || !p->docs || !p->fields)
        return false;
    all = sort_by_doc(all, other, n, shard_doc_count(shard));
    for (size_t i = 0; i < n; i++) {
        doc_id doc = (doc_id)(all[i] >> FIELDS_BITS);
        if (p->count == 0 || p->docs[p->count - 1] != doc) {
            p->docs[p->count] = doc;
            p->fields[p->count++] = 0;
        }
        p->fields[p->count - 1] |= (uint16_t)all[i];
    }
    return true;
}

static bool is_long(const struct prefix_union *p, const struct postings *postings)
{
    return postings->bits || (postings->df >= LONG_LIST && p->cursor_count < LONG_LISTS);
}

static bool take_lists(struct prefix_union *p, const struct shard *shard, term_id first, term_id end,
                       struct arena *arena)
{
    uint64_t *all;
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
    return put_together(p, all, n, shard, arena);
}

bool cursor_open_prefix(struct cursor *c, const struct shard *shard, term_id first, term_id end, struct arena *arena)
{
    struct prefix_union *p = ARENA_NEW(arena, struct prefix_union);
    size_t room;

    cursor_init(c);
    if (!p || !take_lists(p, shard, first, end, arena))
        return false;
    room = p->count < WINDOW_DOCS ? p->count + 1 : WINDOW_DOCS;
    p->found = arena_alloc(arena, room * sizeof(*p->found));
    p->found_fields = arena_alloc(arena, room * sizeof(*p->found_fields));
    p->sums = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->sums));
    p->facts = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->facts));
    p->offsets = arena_alloc(arena, WINDOW_DOCS * sizeof(*p->offsets));
    if (!p->found || !p->found_fields || !p->sums || !p->facts || !p->offsets)
        return false;
    c->prefix = p;
    c->empty = p->count == 0 && p->cursor_count == 0;
    return true;
}

struct prefix_lists prefix_union_lists(const struct prefix_union *p)
{
    return (struct prefix_lists){p->docs, p->count, p->cursors, p->cursor_count};
}

const uint16_t *prefix_union_short(const struct prefix_union *p, uint32_t *count)
{
    *count = p->found_count;
    return p->found;
}

doc_id prefix_union_next(struct prefix_union *p, doc_id doc)
{
    uint32_t at = docs_seek(p->docs, p->at < p->count && p->docs[p->at] <= doc ? p->at : 0, p->count, doc);
    doc_id best = at < p->count ? p->docs[at] : DOC_NONE;

    for (uint32_t i = 0; i < p->cursor_count && best != doc; i++) {
        doc_id next = cursor_next(&p->cursors[i], doc);
        best = next < best ? next : best;
    }
    return best;
}

static void find_selection(struct prefix_union *p, const struct window *w, const struct mask *among)
{
    for (MASK_WORDS(among, j)) {
        for (uint64_t x = among->bits[j]; x; x &= x - 1) {
            uint32_t offset = (uint32_t)j * 64 + (uint32_t)__builtin_ctzll(x);
            p->at = docs_seek(p->docs, p->at, p->count, w->docs[offset]);
            if (p->at == p->count)
                return;
            if (p->docs[p->at] != w->docs[offset])
                continue;
            p->found[p->found_count] = (uint16_t)offset;
            p->found_fields[p->found_count++] = p->fields[p->at];
        }
    }
}

/* The short lists' documents in the window. */
static void find(struct prefix_union *p, const struct window *w, const struct mask *among)
{
    doc_id first = w->docs ? w->docs[0] : w->base;

    if (p->serial == w->serial)
        return;
    p->serial = w->serial;
    p->found_count = 0;
    p->at = docs_seek(p->docs, p->at < p->count && p->docs[p->at] <= first ? p->at : 0, p->count, first);
    if (w->docs) {
        find_selection(p, w, among);
        return;
    }
    for (uint32_t i = p->at; i < p->count && p->docs[i] - w->base < WINDOW_DOCS; i++) {
        p->found[p->found_count] = (uint16_t)(p->docs[i] - w->base);
        p->found_fields[p->found_count++] = p->fields[i];
    }
}

bool prefix_union_window(struct prefix_union *p, const struct window *w, uint64_t fields, const struct mask *among,
                         struct mask *out)
{
    find(p, w, among);
    for (uint32_t i = 0; i < p->found_count; i++) {
        if (!fields || fact_of_fields(p->found_fields[i]) & fields)
            mask_set(out, p->found[i]);
    }
    for (uint32_t i = 0; i < p->cursor_count; i++) {
        if (!cursor_window(&p->cursors[i], w, fields, among, out))
            return false;
    }
    return true;
}

void prefix_union_add_bits(struct prefix_union *p, doc_id base, uint64_t bits[WINDOW_WORDS])
{
    p->at = docs_seek(p->docs, p->at < p->count && p->docs[p->at] <= base ? p->at : 0, p->count, base);
    for (uint32_t i = p->at; i < p->count && p->docs[i] - base < WINDOW_DOCS; i++)
        bits[(p->docs[i] - base) >> 6] |= 1ull << (p->docs[i] & 63);
    for (uint32_t i = 0; i < p->cursor_count; i++)
        cursor_add_bits(&p->cursors[i], base, bits);
}

uint32_t prefix_union_gather(struct prefix_union *p, const struct window *w, uint64_t fields, const struct mask *wanted,
                             const struct gathered_facts *out)
{
    struct gathered_facts part = {p->offsets, p->facts};
    uint32_t n = 0;

    for (MASK_WORDS(wanted, j)) {
        for (uint64_t x = wanted->bits[j]; x; x &= x - 1)
            p->sums[j * 64 + (uint64_t)__builtin_ctzll(x)] = 0;
    }
    for (uint32_t i = 0; p->serial == w->serial && i < p->found_count; i++)
        p->sums[p->found[i]] = fact_of_fields(p->found_fields[i]);
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
