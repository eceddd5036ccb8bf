#include "server/query/window.h"

#include <math.h>

#include "server/query/kernels.h"

void window_init(struct window *w, const struct snapshot *snapshot, struct arena *arena)
{
    *w = (struct window){.snapshot = snapshot, .arena = arena};
}

uint32_t window_source(struct window *w, attr_id attr)
{
    for (uint32_t i = 0; i < w->source_count; i++) {
        if (w->sources[i].attr == attr)
            return i;
    }
    if (w->source_count == w->source_capacity) {
        uint32_t capacity = w->source_capacity ? 2 * w->source_capacity : 8;
        struct value_source *grown = ARENA_ARRAY(w->arena, struct value_source, capacity);
        if (!grown)
            return UINT32_MAX;
        if (w->source_count)
            memcpy(grown, w->sources, w->source_count * sizeof(*grown));
        w->sources = grown;
        w->source_capacity = capacity;
    }
    w->sources[w->source_count].attr = attr;
    return w->source_count++;
}

void window_segment(struct window *w, uint32_t segment)
{
    const struct segment *g = &w->snapshot->segments[segment];

    w->segment = segment;
    w->shard = g->shard;
    w->doc_count = shard_doc_count(g->shard);
    w->tombstones = g->tombstones;
    w->groups = shard_groups(g->shard);
    w->lengths = shard_lengths(g->shard, &w->length_stride);
    w->facts = shard_facts(g->shard, &w->fact_count);
    for (uint32_t i = 0; i < w->source_count; i++)
        w->sources[i].column = store_view_column(w->view, g->shard, w->sources[i].attr, &w->sources[i].shown);
}

static void begin(struct window *w, uint32_t count)
{
    w->count = count;
    w->serial++;
    w->stock_loaded = false;
    for (uint32_t i = 0; i < w->source_count; i++)
        w->sources[i].fresh = false;
}

void window_move(struct window *w, doc_id base)
{
    uint32_t count = w->doc_count - base < WINDOW_DOCS ? w->doc_count - base : WINDOW_DOCS;
    uint32_t words = (count + 63) / 64;

    begin(w, count);
    w->base = base;
    w->docs = NULL;
    memset(w->live.bits + words, 0, (WINDOW_WORDS - words) * sizeof(*w->live.bits));
    for (uint32_t i = 0; i < words; i++)
        w->live.bits[i] = w->tombstones ? ~w->tombstones[base / 64 + i] : ~0ull;
    if (count % 64)
        w->live.bits[words - 1] &= (1ull << (count % 64)) - 1;
    mask_refresh(&w->live);
}

void window_select(struct window *w, const doc_id *all, uint32_t first, uint32_t count)
{
    const doc_id *docs = all + first;
    uint32_t words = (count + 63) / 64;

    begin(w, count);
    w->base = DOC_NONE;
    w->docs = docs;
    w->first = first;
    memset(w->live.bits + words, 0, (WINDOW_WORDS - words) * sizeof(*w->live.bits));
    for (uint32_t i = 0; i < words; i++)
        w->live.bits[i] = ~0ull;
    if (count % 64)
        w->live.bits[words - 1] = (1ull << (count % 64)) - 1;
    if (w->tombstones)
        mask_and_not_docs(w->live.bits, w->tombstones, docs, count);
    mask_refresh(&w->live);
}

static void put_cell(struct value_source *v, uint32_t offset, int64_t cell)
{
    v->cells[offset] = cell;
    v->present[offset >> 6] |= (uint64_t)(cell != NUMBER_MISSING) << (offset & 63);
}

/* Both ascend: the column is galloped through. */
static void load_sparse_selection(struct window *w, struct value_source *v)
{
    const struct number_column *c = v->column;
    uint32_t at = 0;

    for (uint32_t i = 0; i < w->count && at < c->count; i++) {
        at = docs_seek(c->docs, at, c->count, w->docs[i]);
        if (at < c->count && c->docs[at] == w->docs[i])
            put_cell(v, i, number_load(&c->cells[at]));
    }
}

static void load_sparse(struct window *w, struct value_source *v)
{
    const struct number_column *c = v->column;
    uint32_t low = 0, high = c->count;

    memset(v->loaded, 0xff, sizeof(v->loaded));
    if (w->docs) {
        load_sparse_selection(w, v);
        return;
    }

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->docs[middle] < w->base)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < c->count && c->docs[low] - w->base < WINDOW_DOCS; low++)
        put_cell(v, c->docs[low] - w->base, number_load(&c->cells[low]));
}

static void load_dense_selection(struct window *w, struct value_source *v, uint32_t word, uint64_t wanted)
{
    v->loaded[word] |= wanted;
    for (; wanted; wanted &= wanted - 1) {
        uint32_t offset = word * 64 + (uint32_t)__builtin_ctzll(wanted);
        put_cell(v, offset, number_load(&v->column->cells[w->docs[offset]]));
    }
}

static void read_changed(struct window *w, struct value_source *v)
{
    const struct number_column *c = v->column;

    memset(v->changed, 0, sizeof(v->changed));
    v->any_changed = number_any_changed(c);
    if (!v->any_changed)
        return;
    for (uint32_t i = 0; w->docs && i < w->count; i++)
        v->changed[i >> 6] |= (uint64_t)number_changed(c, w->docs[i]) << (i & 63);
    for (uint32_t i = 0; !w->docs && i < (w->count + 63) / 64; i++)
        v->changed[i] = number_changed_word(c, w->base / 64 + i);
}

void window_codes(struct window *w, uint32_t source)
{
    struct value_source *v = &w->sources[source];

    if (v->fresh)
        return;
    v->fresh = true;
    memset(v->loaded, 0, sizeof(v->loaded));
    memset(v->present, 0, sizeof(v->present));
    if (v->column->codes)
        read_changed(w, v);
}

static void load_coded(struct window *w, struct value_source *v, uint32_t word, uint64_t wanted)
{
    const struct number_column *c = v->column;

    v->loaded[word] |= wanted;
    for (; wanted; wanted &= wanted - 1) {
        uint32_t bit = (uint32_t)__builtin_ctzll(wanted), offset = word * 64 + bit;
        doc_id doc = window_doc(w, offset);
        bool changed = v->changed[word] >> bit & 1;
        put_cell(v, offset, changed ? number_load(&c->cells[doc]) : c->values[c->codes[doc]]);
    }
}

static void load_dense(struct window *w, struct value_source *v, uint32_t word, uint64_t wanted)
{
    const _Atomic int64_t *cells = v->column->cells + w->base + (size_t)word * 64;
    int64_t *out = v->cells + (size_t)word * 64;
    uint64_t present = 0;

    v->loaded[word] |= wanted;
    if (wanted == ~0ull) {
        for (uint32_t i = 0; i < 64; i++) {
            out[i] = number_load(&cells[i]);
            present |= (uint64_t)(out[i] != NUMBER_MISSING) << i;
        }
    } else {
        for (; wanted; wanted &= wanted - 1) {
            uint32_t i = (uint32_t)__builtin_ctzll(wanted);
            out[i] = number_load(&cells[i]);
            present |= (uint64_t)(out[i] != NUMBER_MISSING) << i;
        }
    }
    v->present[word] |= present;
}

bool window_load(struct window *w, uint32_t source, const struct mask *wanted)
{
    struct value_source *v = &w->sources[source];

    if (!v->cells) {
        v->cells = arena_alloc(w->arena, WINDOW_DOCS * sizeof(*v->cells));
        if (!v->cells)
            return false;
    }
    if (v->shown.kind != SHOWN_COLUMN) {
        store_view_load(w, v, wanted);
        return true;
    }
    if (!v->fresh) {
        window_codes(w, source);
        if (v->column->kind == NUMBER_COLUMN_SPARSE)
            load_sparse(w, v);
    }
    if (v->column->kind != NUMBER_COLUMN_DENSE)
        return true;
    for (MASK_WORDS(wanted, i)) {
        uint64_t missing = wanted->bits[i] & ~v->loaded[i];
        if (missing && v->column->codes)
            load_coded(w, v, (uint32_t)i, missing);
        else if (missing && w->docs)
            load_dense_selection(w, v, (uint32_t)i, missing);
        else if (missing)
            load_dense(w, v, (uint32_t)i, missing);
    }
    return true;
}

/* --- ranges --- */
static uint64_t cells_in_range(const int64_t *cells, uint64_t wanted, int64_t low, int64_t high)
{
    uint64_t out = 0;

    if (__builtin_popcountll(wanted) > 20) {
        for (uint32_t i = 0; i < 64; i++)
            out |= (uint64_t)((cells[i] >= low) & (cells[i] <= high)) << i;
        return out & wanted;
    }
    for (; wanted; wanted &= wanted - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(wanted);
        out |= (uint64_t)((cells[i] >= low) & (cells[i] <= high)) << i;
    }
    return out;
}

/* The first of the column's values that is at least cell. */
static uint32_t value_seek(const struct number_column *c, int64_t cell)
{
    uint32_t low = 0, high = c->value_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->values[middle] < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct code_range *range_of(struct value_source *v, int64_t low, int64_t high)
{
    const struct number_column *c = v->column;
    struct code_range *r = &v->range;
    uint32_t first, end;

    if (r->column == c && r->low == low && r->high == high)
        return r;
    first = value_seek(c, low);
    end = high == INT64_MAX ? c->value_count : value_seek(c, high + 1);
    *r = (struct code_range){c, low, high, 1, 0};
    if (first < end) {
        r->first = (uint16_t)first;
        r->last = (uint16_t)(end - 1);
    }
    return r;
}

static uint64_t codes_in_range(const struct window *w, const uint16_t *codes, uint32_t word, uint64_t wanted,
                               const struct code_range *r)
{
    uint32_t at = word * 64;
    uint64_t out = 0;

    if (!w->docs && wanted) {
        __builtin_prefetch(codes + w->base + at + WINDOW_DOCS); /* the next window begins behind a page's end */
        __builtin_prefetch(codes + w->base + at + WINDOW_DOCS + 32);
    }
    if (!w->docs && at + 64 <= w->count && __builtin_popcountll(wanted) > 8) {
        return kernel_in_range(codes + w->base + at, r->first, r->last) & wanted;
    }
    for (; wanted; wanted &= wanted - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(wanted);
        uint16_t code = codes[window_doc(w, at + i)];
        out |= (uint64_t)((code >= r->first) & (code <= r->last)) << i;
    }
    return out;
}

bool window_narrow(struct window *w, uint32_t source, int64_t low, int64_t high, struct mask *m)
{
    struct value_source *v = &w->sources[source];
    const struct number_column *c = v->column;
    struct mask asked = *m;
    const struct code_range *r = NULL;
    uint64_t active = m->active;

    if (c->codes) {
        r = range_of(v, low, high);
        window_codes(w, source);
        mask_and_bits(&asked, v->changed);
    }
    if ((asked.active || !c->codes) && !window_load(w, source, &asked))
        return false;
    for (MASK_WORDS(m, i)) {
        uint64_t kept = 0;
        if (c->codes)
            kept = codes_in_range(w, c->codes, (uint32_t)i, m->bits[i] & ~asked.bits[i], r);
        if (asked.bits[i])
            kept |= cells_in_range(v->cells + i * 64, asked.bits[i] & v->present[i], low, high);
        m->bits[i] = kept;
        if (!kept)
            active &= ~(1ull << i);
    }
    m->active = active;
    return true;
}

void window_narrow_number(struct window *w, uint32_t source, double bound, bool at_least, struct mask *m)
{
    const struct number_column *c = w->sources[source].column;
    int64_t low = INT64_MIN + 1, high = INT64_MAX, cell;

    if (c->kind == NUMBER_COLUMN_MULTI || isnan(bound))
        return;
    if (c->kind == NUMBER_COLUMN_NONE) {
        mask_clear(m);
        return;
    }
    if (c->is_double) {
        cell = number_cell_of_double(bound);
    } else {
        for (uint8_t i = 0; i < c->scale; i++)
            bound *= 10;
        if (fabs(bound) > 9e15)
            return;
        cell = (int64_t)floor(bound) + (at_least ? -1 : 2);
    }
    if (at_least)
        low = cell;
    else
        high = cell;
    (void)window_narrow(w, source, low, high, m); /* out of memory: all stay */
}

int64_t window_cell(struct window *w, uint32_t source, uint32_t offset)
{
    struct value_source *v = &w->sources[source];

    if (!v->fresh || !(v->loaded[offset >> 6] >> (offset & 63) & 1)) {
        struct mask one;
        mask_clear(&one);
        mask_set(&one, offset);
        if (v->column->kind == NUMBER_COLUMN_NONE || v->column->kind == NUMBER_COLUMN_MULTI ||
            !window_load(w, source, &one))
            return NUMBER_MISSING;
    }
    return v->present[offset >> 6] >> (offset & 63) & 1 ? v->cells[offset] : NUMBER_MISSING;
}

const uint64_t *window_stock(struct window *w)
{
    const _Atomic uint64_t *bits;

    if (w->stock_loaded)
        return w->stock;
    w->stock_loaded = true;
    if (w->view && w->view->by_store) {
        store_view_stock(w);
        return w->stock;
    }
    bits = shard_in_stock_bits(w->shard);
    memset(w->stock, 0, sizeof(w->stock));
    for (uint32_t i = 0; bits && w->docs && i < w->count; i++) {
        doc_id doc = w->docs[i];
        uint64_t word = atomic_load_explicit(&bits[doc / 64], memory_order_relaxed);
        w->stock[i >> 6] |= (word >> (doc & 63) & 1) << (i & 63);
    }
    for (uint32_t i = 0; !w->docs && bits && i < WINDOW_WORDS && w->base + i * 64 < w->doc_count; i++)
        w->stock[i] = atomic_load_explicit(&bits[w->base / 64 + i], memory_order_relaxed);
    return w->stock;
}

double window_number(struct window *w, uint32_t source, uint32_t offset, bool largest)
{
    const struct number_column *c = w->sources[source].column;
    doc_id doc = window_doc(w, offset);

    if (c->kind == NUMBER_COLUMN_MULTI) {
        uint32_t first = c->offsets[doc], end = c->offsets[doc + 1];
        return first == end ? (double)NAN : number_as_double(c, number_load(&c->cells[largest ? end - 1 : first]));
    }
    return number_as_double(c, window_cell(w, source, offset));
}
