/* The chunks DIMX (which cells are where) and DIMS (the cells): FORMAT.md, "Stores and price lists". */
#include <stdlib.h>

#include "indexer/base/limits.h"
#include "indexer/shard/dimension_internal.h"

#define CHUNK_INDEX CHUNK_ID('D', 'I', 'M', 'X')
#define CHUNK_CELLS CHUNK_ID('D', 'I', 'M', 'S')

#define FLAG_STORE 1u
#define FLAG_STOCK 2u
#define WIDE       0x80000000u
#define FLAT_SHARE 32

static uint32_t blocks_of(uint32_t doc_count)
{
    return (doc_count + DIMENSION_BLOCK - 1) / DIMENSION_BLOCK;
}

static uint64_t stock_bytes(uint32_t doc_count)
{
    return ((uint64_t)blocks_of(doc_count) * DIMENSION_BLOCK) / 8;
}

static uint64_t align8(uint64_t n)
{
    return (n + 7) & ~(uint64_t)7;
}

/* --- reading --- */
static enum status wrong(struct error *err, uint32_t number)
{
    return error_set(err, STATUS_FORMAT, "chunk 'DIMX': entry %u does not say where its cells are", number);
}

static enum status open_one(struct dimensions *all, struct reader *r, uint32_t number, struct str cells,
                            struct error *err)
{
    uint32_t attr = reader_u32(r), flags = reader_u32(r), blocks = blocks_of(all->doc_count);
    uint64_t at = reader_u64(r);
    struct dimension *d;

    if (r->failed || attr >= LIMIT_ATTRIBUTES || dimensions_find(all, (attr_id)attr) || at % 8 || at > cells.size)
        return wrong(err, number);
    d = dimensions_make(all, (attr_id)attr, flags & FLAG_STORE);
    d->mapped = xcalloc(blocks ? blocks : 1, sizeof(*d->mapped));
    d->file_from = at;
    if (flags & FLAG_STOCK) {
        if (stock_bytes(all->doc_count) > cells.size - at)
            return wrong(err, number);
        atomic_store_explicit(&d->stock, (_Atomic uint64_t *)(uintptr_t)(cells.data + at), memory_order_relaxed);
        at += stock_bytes(all->doc_count);
    }
    for (uint32_t k = 0; k < blocks; k++) {
        uint32_t count = reader_u32(r);
        bool wide = count & WIDE;
        struct dimension_block *b = &d->mapped[k];
        uint64_t values = 0, docs = 0;
        count &= ~WIDE;
        values = align8((uint64_t)count * (wide ? 8 : 4));
        docs = align8((uint64_t)count * 2);
        if (r->failed || count > DIMENSION_BLOCK || values + docs > cells.size - at)
            return wrong(err, number);
        if (!count)
            continue;
        *b = (struct dimension_block){.count = count, .docs = (uint16_t *)(uintptr_t)(cells.data + at + values)};
        if (wide)
            b->wide = (_Atomic int64_t *)(uintptr_t)(cells.data + at);
        else
            b->values = (_Atomic int32_t *)(uintptr_t)(cells.data + at);
        dimension_put_block(d, k, b);
        at += values + docs;
    }
    d->file_end = at;
    return STATUS_OK;
}

enum status dimensions_open(struct dimensions *all, struct container *c, uint32_t doc_count, struct error *err)
{
    struct str index = container_chunk(c, CHUNK_INDEX), cells = container_chunk(c, CHUNK_CELLS);
    struct reader r = reader_of(index.data, index.size);
    enum status status = STATUS_OK;
    uint32_t count;

    all->doc_count = doc_count;
    all->container = c;
    if (index.size == 0)
        return STATUS_OK;
    status = container_check_chunk(c, CHUNK_INDEX, err);
    count = status == STATUS_OK ? reader_u32(&r) : 0;
    if (status == STATUS_OK && reader_u32(&r) != blocks_of(doc_count))
        status = error_set(err, STATUS_FORMAT, "chunk 'DIMX': is of another number of documents");
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++)
        status = open_one(all, &r, i, cells, err);
    if (status == STATUS_OK && (r.failed || r.at != r.size))
        status = error_set(err, STATUS_FORMAT, "chunk 'DIMX': does not hold what it must");
    return status;
}

enum status dimensions_check(const struct dimensions *all, attr_id attr, struct error *err)
{
    const struct dimension *d = dimensions_find(all, attr);

    if (!d || d->file_from == d->file_end)
        return STATUS_OK;
    return container_check(all->container, CHUNK_CELLS, d->file_from, d->file_end, err);
}

/* --- writing --- */
static bool is_wide(const struct dimension_cell *cells, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (cells[i].value <= INT32_MIN || cells[i].value > INT32_MAX)
            return true;
    }
    return false;
}

static void put_block(struct container_writer *w, const struct dimension_cell *cells, uint32_t count, bool wide)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t narrow = (int32_t)cells[i].value;
        container_put(w, wide ? (const void *)&cells[i].value : &narrow, wide ? 8 : 4);
    }
    container_align(w, 8);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t doc = (uint16_t)(cells[i].doc % DIMENSION_BLOCK);
        container_put(w, &doc, sizeof(doc));
    }
    container_align(w, 8);
}

static void put_stock(struct container_writer *w, uint32_t doc_count, const struct dimension_source *s)
{
    uint64_t *bits = xcalloc(stock_bytes(doc_count) / 8 + 1, sizeof(*bits));

    for (uint32_t i = 0; i < s->count; i++)
        bits[s->cells[i].doc / 64] |= (uint64_t)(s->cells[i].value > 0) << (s->cells[i].doc & 63);
    container_put(w, bits, stock_bytes(doc_count));
    free(bits);
}

void dimensions_writer_init(struct dimensions_writer *dw, struct container_writer *w, uint32_t doc_count)
{
    *dw = (struct dimensions_writer){.w = w, .doc_count = doc_count};
}

void dimensions_writer_put(struct dimensions_writer *dw, const struct dimension_source *s)
{
    struct container_writer *w = dw->w;
    bool stock = s->store && (uint64_t)s->count * FLAT_SHARE >= dw->doc_count;

    if (dw->count++ == 0)
        container_begin(w, CHUNK_CELLS);
    buf_put_u32(&dw->index, s->attr);
    buf_put_u32(&dw->index, (s->store ? FLAG_STORE : 0) | (stock ? FLAG_STOCK : 0));
    buf_put_u64(&dw->index, container_chunk_size(w));
    if (stock)
        put_stock(w, dw->doc_count, s);
    for (uint32_t k = 0, i = 0, end = 0; k < blocks_of(dw->doc_count); k++, i = end) {
        bool wide;
        while (end < s->count && s->cells[end].doc / DIMENSION_BLOCK == k)
            end++;
        wide = is_wide(s->cells + i, end - i);
        buf_put_u32(&dw->index, (end - i) | (wide ? WIDE : 0));
        put_block(w, s->cells + i, end - i, wide);
    }
}

void dimensions_writer_end(struct dimensions_writer *dw)
{
    struct buf head = BUF_EMPTY;

    if (dw->count > 0) {
        container_needs(dw->w, 3); /* older readers would lose the cells */
        container_end(dw->w);
        buf_put_u32(&head, dw->count);
        buf_put_u32(&head, blocks_of(dw->doc_count));
        buf_append_str(&head, buf_str(&dw->index));
        container_add(dw->w, CHUNK_INDEX, head.data, head.size);
    }
    buf_release(&head);
    buf_release(&dw->index);
}
