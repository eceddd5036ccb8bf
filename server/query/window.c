#include "server/query/window.h"

#include <math.h>

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
    w->id_ranks = shard_id_ranks(g->shard);
    w->lengths = shard_lengths(g->shard, &w->length_stride);
    w->facts = shard_facts(g->shard, &w->fact_count);
    for (uint32_t i = 0; i < w->source_count; i++)
        w->sources[i].column = shard_number_column(g->shard, w->sources[i].attr);
}

void window_move(struct window *w, doc_id base)
{
    uint32_t count = w->doc_count - base < WINDOW_DOCS ? w->doc_count - base : WINDOW_DOCS;
    uint32_t words = (count + 63) / 64;

    w->base = base;
    w->stock_loaded = false;
    for (uint32_t i = 0; i < w->source_count; i++)
        w->sources[i].fresh = false;
    memset(w->live.bits, 0, sizeof(w->live.bits));
    for (uint32_t i = 0; i < words; i++)
        w->live.bits[i] = w->tombstones ? ~w->tombstones[base / 64 + i] : ~0ull;
    if (count % 64)
        w->live.bits[words - 1] &= (1ull << (count % 64)) - 1;
    mask_refresh(&w->live);
}

static void load_sparse(struct window *w, struct value_source *v)
{
    const struct number_column *c = v->column;
    uint32_t low = 0, high = c->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->docs[middle] < w->base)
            low = middle + 1;
        else
            high = middle;
    }
    memset(v->present, 0, sizeof(v->present));
    memset(v->loaded, 0xff, sizeof(v->loaded));
    for (; low < c->count && c->docs[low] - w->base < WINDOW_DOCS; low++) {
        uint32_t offset = c->docs[low] - w->base;
        int64_t cell = number_load(&c->cells[low]);
        v->cells[offset] = cell;
        v->present[offset >> 6] |= (uint64_t)(cell != NUMBER_MISSING) << (offset & 63);
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
    if (!v->fresh) {
        v->fresh = true;
        memset(v->loaded, 0, sizeof(v->loaded));
        memset(v->present, 0, sizeof(v->present));
        if (v->column->kind == NUMBER_COLUMN_SPARSE)
            load_sparse(w, v);
    }
    if (v->column->kind != NUMBER_COLUMN_DENSE)
        return true;
    for (MASK_WORDS(wanted, i)) {
        uint64_t missing = wanted->bits[i] & ~v->loaded[i];
        if (missing)
            load_dense(w, v, (uint32_t)i, missing);
    }
    return true;
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
    bits = shard_in_stock_bits(w->shard);
    memset(w->stock, 0, sizeof(w->stock));
    for (uint32_t i = 0; bits && i < WINDOW_WORDS && w->base + i * 64 < w->doc_count; i++)
        w->stock[i] = atomic_load_explicit(&bits[w->base / 64 + i], memory_order_relaxed);
    return w->stock;
}

double window_number(struct window *w, uint32_t source, uint32_t offset, bool largest)
{
    const struct number_column *c = w->sources[source].column;
    doc_id doc = w->base + offset;

    if (c->kind == NUMBER_COLUMN_MULTI) {
        uint32_t first = c->offsets[doc], end = c->offsets[doc + 1];
        return first == end ? (double)NAN : number_as_double(c, number_load(&c->cells[largest ? end - 1 : first]));
    }
    return number_as_double(c, window_cell(w, source, offset));
}
