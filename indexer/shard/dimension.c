/*
 * The cells in memory. A block that was never changed points into the file; dimension_file.c reads and writes that.
 */
#include <stdlib.h>
#include <string.h>

#include "indexer/base/rcu.h"
#include "indexer/shard/dimension_internal.h"

#define FLAT_SHARE 32 /* a document in so many has a cell: the in-stock set is flat */

/* --- blocks --- */
static int64_t value_at(const struct dimension_block *b, uint32_t i)
{
    int32_t narrow;

    if (b->wide)
        return atomic_load_explicit(&b->wide[i], memory_order_relaxed);
    narrow = atomic_load_explicit(&b->values[i], memory_order_relaxed);
    return narrow == INT32_MIN ? NUMBER_MISSING : narrow;
}

static uint64_t key_at(const struct dimension_block *b, uint32_t i)
{
    if (b->wide_keys)
        return atomic_load_explicit(&b->wide_keys[i], memory_order_relaxed);
    if (!b->keys_low)
        return 0;
    return atomic_load_explicit(&b->keys_low[i], memory_order_relaxed) |
           (uint64_t)atomic_load_explicit(&b->keys_high[i], memory_order_relaxed) << 32;
}

static void store_at(struct dimension_block *b, uint32_t i, int64_t value, uint64_t key)
{
    if (b->wide)
        atomic_store_explicit(&b->wide[i], value, memory_order_relaxed);
    else
        atomic_store_explicit(&b->values[i], value == NUMBER_MISSING ? INT32_MIN : (int32_t)value,
                              memory_order_relaxed);
    if (b->wide_keys) {
        atomic_store_explicit(&b->wide_keys[i], key, memory_order_relaxed);
    } else if (b->keys_low) {
        atomic_store_explicit(&b->keys_low[i], (uint32_t)key, memory_order_relaxed);
        atomic_store_explicit(&b->keys_high[i], (uint16_t)(key >> 32), memory_order_relaxed);
    }
}

static bool is_narrow(int64_t value)
{
    return value == NUMBER_MISSING || (value > INT32_MIN && value <= INT32_MAX);
}

struct block_form {
    bool wide, keys, wide_keys;
};

static void widen(struct block_form *f, int64_t value, uint64_t key)
{
    f->wide |= !is_narrow(value);
    f->keys |= key != 0;
    f->wide_keys |= key >> 48 != 0;
}

static struct block_form form_of(const struct dimension_block *b)
{
    return (struct block_form){b->wide != NULL, b->keys_low || b->wide_keys, b->wide_keys != NULL};
}

static bool fits(const struct dimension_block *b, int64_t value, uint64_t key)
{
    return (b->wide || is_narrow(value)) && (key == 0 || b->wide_keys || (b->keys_low && key >> 48 == 0));
}

static size_t block_bytes(uint32_t count, struct block_form f)
{
    size_t values = f.wide ? 8 : 4, keys = f.wide_keys ? 8 : f.keys ? 6 : 0;

    return sizeof(struct dimension_block) + (size_t)count * (2 + values + keys);
}

/* One piece of memory: the widest arrays first. */
static struct dimension_block *block_new(uint32_t count, struct block_form f)
{
    struct dimension_block *b = xmalloc(block_bytes(count, f));
    char *at = (char *)(b + 1);

    *b = (struct dimension_block){.count = count, .owned = true};
    if (f.wide_keys) {
        b->wide_keys = (_Atomic uint64_t *)(void *)at;
        at += (size_t)count * 8;
    }
    if (f.wide) {
        b->wide = (_Atomic int64_t *)(void *)at;
        at += (size_t)count * 8;
    } else {
        b->values = (_Atomic int32_t *)(void *)at;
        at += (size_t)count * 4;
    }
    if (f.keys && !f.wide_keys) {
        b->keys_low = (_Atomic uint32_t *)(void *)at;
        at += (size_t)count * 4;
        b->keys_high = (_Atomic uint16_t *)(void *)at;
        at += (size_t)count * 2;
    }
    b->docs = (uint16_t *)(void *)at;
    return b;
}

static void block_free(void *block)
{
    struct dimension_block *b = block;

    if (b && b->owned)
        free(b);
}

/* Where an offset would be if the documents lay evenly. */
static uint32_t block_guess(const struct dimension_block *b, uint32_t offset)
{
    return (uint32_t)((uint64_t)offset * b->count / DIMENSION_BLOCK);
}

/* The first of the block's cells at or behind an offset. Searched from the guess in growing steps, so that few lines of
 * memory are touched. */
static uint32_t block_seek(const struct dimension_block *b, uint32_t offset)
{
    uint32_t low = 0, high = b->count, at = block_guess(b, offset);

    if (at < high && b->docs[at] < offset) {
        low = at + 1;
        for (uint32_t step = 8; low + step < high; step *= 2) {
            if (b->docs[low + step] >= offset)
                high = low + step;
            else
                low += step + 1;
        }
    } else {
        high = at;
        for (uint32_t step = 8; high > step; step *= 2) {
            if (b->docs[high - step] < offset) {
                low = high - step + 1;
                break;
            }
            high -= step;
        }
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (b->docs[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct dimension_block *block_of(const struct dimension *d, doc_id doc)
{
    return atomic_load_explicit(&d->blocks[doc / DIMENSION_BLOCK], memory_order_acquire);
}

/* --- reading --- */
bool dimension_is_store(const struct dimension *d)
{
    return d->store;
}

bool dimension_find(const struct dimension *d, doc_id doc, struct dimension_cell *out)
{
    const struct dimension_block *b = block_of(d, doc);
    uint32_t offset = doc % DIMENSION_BLOCK, at = b ? block_seek(b, offset) : 0;

    if (!b || at == b->count || b->docs[at] != offset)
        return false;
    *out = (struct dimension_cell){doc, value_at(b, at), key_at(b, at)};
    return true;
}

void dimension_prefetch(const struct dimension *d, doc_id doc)
{
    const struct dimension_block *b = block_of(d, doc);

    if (b && b->count > 0)
        __builtin_prefetch(&b->docs[block_guess(b, doc % DIMENSION_BLOCK)]);
}

int64_t dimension_value(const struct dimension *d, doc_id doc)
{
    struct dimension_cell cell;

    return dimension_find(d, doc, &cell) ? cell.value : NUMBER_MISSING;
}

void dimension_window(const struct dimension *d, doc_id first, int64_t *cells, uint64_t *present)
{
    const struct dimension_block *b = block_of(d, first);
    uint32_t from = first % DIMENSION_BLOCK;

    for (uint32_t i = b ? block_seek(b, from) : 0; b && i < b->count && b->docs[i] - from < DIMENSION_WINDOW; i++) {
        uint32_t at = b->docs[i] - from;
        int64_t value = value_at(b, i);
        if (value == NUMBER_MISSING)
            continue;
        cells[at] = value;
        present[at >> 6] |= 1ull << (at & 63);
    }
}

void dimension_stock_window(const struct dimension *d, doc_id first, uint64_t *bits)
{
    const _Atomic uint64_t *flat = atomic_load_explicit(&d->stock, memory_order_acquire);
    const struct dimension_block *b = flat ? NULL : block_of(d, first);
    uint32_t from = first % DIMENSION_BLOCK;

    for (uint32_t i = 0; flat && i < DIMENSION_WINDOW / 64; i++)
        bits[i] |= atomic_load_explicit(&flat[first / 64 + i], memory_order_relaxed);
    for (uint32_t i = b ? block_seek(b, from) : 0; b && i < b->count && b->docs[i] - from < DIMENSION_WINDOW; i++) {
        uint32_t at = b->docs[i] - from;
        bits[at >> 6] |= (uint64_t)(value_at(b, i) > 0) << (at & 63);
    }
}

bool dimension_in_stock(const struct dimension *d, doc_id doc)
{
    const _Atomic uint64_t *flat = atomic_load_explicit(&d->stock, memory_order_acquire);

    if (flat)
        return atomic_load_explicit(&flat[doc / 64], memory_order_relaxed) >> (doc & 63) & 1;
    return dimension_value(d, doc) > 0;
}

void dimension_each(const struct dimension *d, dimension_visitor *on_cell, void *context)
{
    for (uint32_t k = 0; k < d->block_count; k++) {
        const struct dimension_block *b = block_of(d, k * DIMENSION_BLOCK);
        for (uint32_t i = 0; b && i < b->count; i++) {
            struct dimension_cell cell = {k * DIMENSION_BLOCK + b->docs[i], value_at(b, i), key_at(b, i)};
            if (cell.doc < d->doc_count)
                on_cell(context, &cell);
        }
    }
}

size_t dimension_memory(const struct dimension *d, size_t *cells)
{
    size_t bytes = sizeof(*d) + d->block_count * sizeof(d->blocks[0]);

    *cells = 0;
    for (uint32_t k = 0; k < d->block_count; k++) {
        const struct dimension_block *b = block_of(d, k * DIMENSION_BLOCK);
        *cells += b ? b->count : 0;
        bytes += b && b->owned ? block_bytes(b->count, form_of(b)) : b ? sizeof(*b) : 0;
    }
    return bytes + (d->stock_memory ? d->stock_words * sizeof(uint64_t) : 0);
}

/* --- the in-stock set --- */
/* The bits from the file are copied before the first change. */
static _Atomic uint64_t *own_stock(struct dimension *d)
{
    _Atomic uint64_t *now = atomic_load_explicit(&d->stock, memory_order_relaxed);

    if (d->stock_memory || !now)
        return now;
    d->stock_memory = xcalloc(d->stock_words, sizeof(*d->stock_memory));
    memcpy((void *)d->stock_memory, (const void *)now, ((size_t)d->doc_count + 63) / 64 * sizeof(uint64_t));
    atomic_store_explicit(&d->stock, d->stock_memory, memory_order_release);
    return d->stock_memory;
}

static void set_bit(_Atomic uint64_t *bits, doc_id doc, bool in)
{
    uint64_t bit = 1ull << (doc & 63);

    if (in)
        atomic_fetch_or_explicit(&bits[doc / 64], bit, memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&bits[doc / 64], ~bit, memory_order_relaxed);
}

static void put_bit(void *context, const struct dimension_cell *cell)
{
    set_bit(context, cell->doc, cell->value > 0);
}

/* Once there are cells enough. */
static void make_stock(struct dimension *d)
{
    if (!d->store || atomic_load_explicit(&d->stock, memory_order_relaxed) || d->cells * FLAT_SHARE < d->doc_count)
        return;
    d->stock_memory = xcalloc(d->stock_words, sizeof(*d->stock_memory));
    dimension_each(d, put_bit, (void *)d->stock_memory);
    atomic_store_explicit(&d->stock, d->stock_memory, memory_order_release);
}

/* --- writing --- */
struct dimension *dimension_new(uint32_t doc_count, bool store)
{
    uint32_t blocks = (doc_count + DIMENSION_BLOCK - 1) / DIMENSION_BLOCK;
    struct dimension *d = xcalloc(1, sizeof(*d) + blocks * sizeof(d->blocks[0]));

    d->doc_count = doc_count;
    d->store = store;
    d->block_count = blocks;
    d->stock_words = (size_t)(blocks ? blocks : 1) * (DIMENSION_BLOCK / 64);
    return d;
}

void dimension_free(struct dimension *d)
{
    if (!d)
        return;
    for (uint32_t k = 0; k < d->block_count; k++)
        block_free(atomic_load_explicit(&d->blocks[k], memory_order_relaxed));
    free(d->mapped);
    free((void *)d->stock_memory);
    free(d);
}

/* All have their cell already, in a block of memory that has room for what they become. */
static bool set_in_place(struct dimension_block *b, const struct dimension_cell *cells, uint32_t count)
{
    uint32_t at = 0;

    if (!b || !b->owned)
        return false;
    for (int pass = 0; pass < 2; pass++, at = 0) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t offset = cells[i].doc % DIMENSION_BLOCK;
            at = count > 4 ? at : block_seek(b, offset);
            while (at < b->count && b->docs[at] < offset)
                at++;
            if (at == b->count || b->docs[at] != offset || !fits(b, cells[i].value, cells[i].key))
                return false;
            if (pass == 1)
                store_at(b, at, cells[i].value, cells[i].key ? cells[i].key : key_at(b, at));
        }
    }
    return true;
}

static struct dimension_block *merge(const struct dimension_block *old, const struct dimension_cell *cells,
                                     uint32_t count)
{
    static const struct dimension_block none = {.count = 0};
    struct block_form form = {0};
    struct dimension_block *b;
    uint32_t total = count, out = 0;

    old = old ? old : &none;
    form = form_of(old);
    for (uint32_t i = 0, at = 0; i < count; i++) {
        uint32_t offset = cells[i].doc % DIMENSION_BLOCK;
        while (at < old->count && old->docs[at] < offset)
            at++;
        total -= at < old->count && old->docs[at] == offset;
        widen(&form, cells[i].value, cells[i].key);
    }
    total += old->count;
    b = block_new(total, form);
    for (uint32_t i = 0, at = 0; i < count || at < old->count; out++) {
        uint32_t offset = i < count ? cells[i].doc % DIMENSION_BLOCK : UINT32_MAX;
        if (at < old->count && old->docs[at] < offset) {
            b->docs[out] = old->docs[at];
            store_at(b, out, value_at(old, at), key_at(old, at));
            at++;
            continue;
        }
        bool there = at < old->count && old->docs[at] == offset;
        b->docs[out] = (uint16_t)offset;
        store_at(b, out, cells[i].value, cells[i].key || !there ? cells[i].key : key_at(old, at));
        at += there;
        i++;
    }
    return b;
}

void dimension_put_block(struct dimension *d, uint32_t number, struct dimension_block *b)
{
    struct dimension_block *old = atomic_load_explicit(&d->blocks[number], memory_order_relaxed);

    d->cells += (uint64_t)b->count - (old ? old->count : 0);
    atomic_store_explicit(&d->blocks[number], b, memory_order_release);
    if (old && old->owned)
        rcu_defer(block_free, old);
}

static void set_cells(struct dimension *d, const struct dimension_cell *cells, uint32_t count)
{
    _Atomic uint64_t *stock = own_stock(d);

    for (uint32_t i = 0, end = 0; i < count; i = end) {
        uint32_t number = cells[i].doc / DIMENSION_BLOCK;
        struct dimension_block *b = atomic_load_explicit(&d->blocks[number], memory_order_relaxed);
        for (end = i; end < count && cells[end].doc / DIMENSION_BLOCK == number;)
            end++;
        if (!set_in_place(b, cells + i, end - i))
            dimension_put_block(d, number, merge(b, cells + i, end - i));
    }
    for (uint32_t i = 0; stock && i < count; i++)
        set_bit(stock, cells[i].doc, cells[i].value > 0);
    make_stock(d);
    atomic_store_explicit(&d->epoch, atomic_load_explicit(&d->epoch, memory_order_relaxed) + 1, memory_order_release);
}

uint64_t dimension_epoch(const struct dimension *d)
{
    return d ? atomic_load_explicit(&d->epoch, memory_order_acquire) : 0;
}

/* --- all of a shard --- */
static struct dimension_table *table_of(const struct dimensions *all)
{
    return atomic_load_explicit(&all->table, memory_order_acquire);
}

struct dimension *dimensions_make(struct dimensions *all, attr_id attr, bool store)
{
    struct dimension_table *t = table_of(all), *grown;
    struct dimension *d = t && attr < t->count ? atomic_load_explicit(&t->by_attr[attr], memory_order_relaxed) : NULL;
    uint32_t count = t ? t->count : 0;

    if (d)
        return d;
    if (attr >= count) {
        uint32_t wanted = attr + attr / 2u + 16u;
        grown = xcalloc(1, sizeof(*grown) + wanted * sizeof(grown->by_attr[0]));
        grown->count = wanted;
        for (uint32_t i = 0; i < count; i++)
            atomic_store_explicit(&grown->by_attr[i], atomic_load_explicit(&t->by_attr[i], memory_order_relaxed),
                                  memory_order_relaxed);
        atomic_store_explicit(&all->table, grown, memory_order_release);
        if (t)
            rcu_defer(free, t);
        t = grown;
    }
    d = dimension_new(all->doc_count, store);
    atomic_store_explicit(&t->by_attr[attr], d, memory_order_release);
    return d;
}

const struct dimension *dimensions_find(const struct dimensions *all, attr_id attr)
{
    const struct dimension_table *t = table_of(all);

    return t && attr < t->count ? atomic_load_explicit(&t->by_attr[attr], memory_order_acquire) : NULL;
}

uint32_t dimensions_limit(const struct dimensions *all)
{
    const struct dimension_table *t = table_of(all);

    return t ? t->count : 0;
}

void dimensions_set(struct dimensions *all, attr_id attr, bool store, const struct dimension_cell *cells,
                    uint32_t count)
{
    if (count)
        set_cells(dimensions_make(all, attr, store), cells, count);
}

void dimensions_close(struct dimensions *all)
{
    struct dimension_table *t = table_of(all);

    for (uint32_t i = 0; t && i < t->count; i++)
        dimension_free(atomic_load_explicit(&t->by_attr[i], memory_order_relaxed));
    free(t);
    atomic_store_explicit(&all->table, NULL, memory_order_relaxed);
}

/* --- what changed --- */
bool dimension_is_changed(const struct dimension *d)
{
    for (uint32_t k = 0; k < d->block_count; k++) {
        const struct dimension_block *b = block_of(d, k * DIMENSION_BLOCK);
        if (b && b->owned)
            return true;
    }
    return false;
}

static void write_block(struct buf *out, uint32_t number, const struct dimension_block *b)
{
    buf_put_u32(out, number);
    buf_put_varint(out, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        int64_t value = value_at(b, i);
        bool missing = value == NUMBER_MISSING;
        buf_put_u16(out, b->docs[i]);
        buf_put_varint(out, missing ? 0 : (((uint64_t)value << 1) ^ (uint64_t)(value >> 63)) + 1);
        buf_put_varint(out, key_at(b, i));
    }
}

void dimension_write_changed(const struct dimension *d, struct buf *out)
{
    size_t at = out->size;
    uint32_t blocks = 0;

    buf_put_u32(out, 0);
    for (uint32_t k = 0; k < d->block_count; k++) {
        const struct dimension_block *b = block_of(d, k * DIMENSION_BLOCK);
        if (!b || !b->owned)
            continue;
        write_block(out, k, b);
        blocks++;
    }
    if (!out->failed)
        memcpy(out->data + at, &blocks, sizeof(blocks));
}

/* The cells of one block into the list; false when they are none. */
static bool read_cells(struct dimension_cell *cells, uint32_t count, uint32_t number, uint32_t doc_count,
                       struct reader *r)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = reader_u16(r);
        uint64_t value = reader_varint(r), zigzag = value - 1;
        struct dimension_cell *c = &cells[i];

        *c = (struct dimension_cell){.doc = number * DIMENSION_BLOCK + offset, .key = reader_varint(r)};
        c->value = value == 0 ? NUMBER_MISSING : (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
        if (r->failed || offset >= DIMENSION_BLOCK || c->doc >= doc_count || (i > 0 && c->doc <= cells[i - 1].doc))
            return false;
    }
    return true;
}

enum status dimensions_read_changed(struct dimensions *all, attr_id attr, bool store, struct reader *r,
                                    struct error *err)
{
    uint32_t blocks = reader_u32(r);
    uint32_t doc_count = all ? all->doc_count : UINT32_MAX;
    struct dimension_cell *cells = xrealloc_array(NULL, DIMENSION_BLOCK, sizeof(*cells));
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < blocks && status == STATUS_OK; i++) {
        uint32_t number = reader_u32(r);
        uint64_t count = reader_varint(r);
        if (count > DIMENSION_BLOCK || number > doc_count / DIMENSION_BLOCK ||
            !read_cells(cells, (uint32_t)count, number, doc_count, r))
            status = error_set(err, STATUS_FORMAT, "offset %zu: a block of cells is wrong", r->at);
        else if (all && count)
            dimensions_set(all, attr, store, cells, (uint32_t)count);
    }
    free(cells);
    return status;
}
