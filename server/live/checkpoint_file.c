#include "server/live/checkpoint_file.h"

#include <inttypes.h>
#include <string.h>

#include "indexer/base/hash.h"
#include "indexer/base/rcu.h"
#include "indexer/shard/dimension.h"

enum { HEAD_BYTES = 72, VERSION = 3 };

static bool block_dirty(const struct dirty_column *d, uint32_t block)
{
    return d->blocks[block / 64] >> block % 64 & 1;
}

static void put_column(struct buf *b, const struct shard *shard, const struct dirty_column *d)
{
    bool stock = d->attr == ATTR_NONE;
    const struct number_column *column = stock ? NULL : shard_number_column(shard, d->attr);
    const _Atomic uint64_t *words = shard_in_stock_bits(shard);
    uint32_t count = stock ? (shard_doc_count(shard) + 63) / 64 : column->count;
    uint32_t blocks = 0;
    for (uint32_t i = 0; i < d->block_count; i++) {
        blocks += block_dirty(d, i);
    }
    buf_put_u16(b, d->attr);
    buf_put_u32(b, count);
    buf_put_varint(b, blocks);
    for (uint32_t i = 0; i < d->block_count; i++) {
        if (!block_dirty(d, i)) {
            continue;
        }
        uint32_t first = i * DIRTY_BLOCK;
        uint32_t end = count - first < DIRTY_BLOCK ? count : first + DIRTY_BLOCK;
        buf_put_u32(b, i);
        char *to = buf_reserve(b, (size_t)(end - first) * sizeof(uint64_t));
        for (uint32_t k = first; k < end && to; k++, to += sizeof(uint64_t), b->size += sizeof(uint64_t)) {
            uint64_t value =
                stock ? atomic_load_explicit(&words[k], memory_order_relaxed) : (uint64_t)number_at(column, k);
            memcpy(to, &value, sizeof(value));
        }
    }
}

/* Stores and price lists that changed. */
static void put_cells(struct buf *out, const struct shard *shard)
{
    const struct dimensions *all = shard_dimensions(shard);
    size_t at = out->size;
    uint32_t count = 0;
    buf_put_u32(out, 0);
    for (uint32_t a = 0, n = dimensions_limit(all); a < n; a++) {
        enum rcu_hold hold = rcu_hold();
        const struct dimension *d = dimensions_find(all, (attr_id)a);
        if (d && dimension_is_changed(d)) {
            buf_put_u16(out, (attr_id)a);
            buf_put_u8(out, dimension_is_store(d));
            dimension_write_changed(d, out);
            count++;
        }
        rcu_let_go(hold);
    }
    if (!out->failed) {
        memcpy(out->data + at, &count, sizeof(count));
    }
}

static enum status take_cells(struct reader *r, const struct shard *shard, struct error *err)
{
    uint32_t count = reader_u32(r);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < count && status == STATUS_OK && !r->failed; i++) {
        attr_id attr = reader_u16(r);
        bool store = reader_u8(r) != 0;
        if (attr == ATTR_NONE) {
            return error_set(err, STATUS_FORMAT, "offset %zu: cells of no attribute", r->at);
        }
        if (shard) {
            status = dimensions_check(shard_dimensions(shard), attr, err);
        }
        if (status == STATUS_OK) {
            status = dimensions_read_changed(shard ? shard_dimensions(shard) : NULL, attr, store, r, err);
        }
    }
    return status;
}

static void put_inventory(const struct checkpoint_state *s, struct buf *out)
{
    size_t at = out->size;
    buf_put_u64(out, 0);
    buf_append_str(out, s->inventory);
    order_write(s->keys, out);
    uint64_t size = out->size - at - sizeof(uint64_t);
    if (!out->failed) {
        memcpy(out->data + at, &size, sizeof(size));
    }
}

void checkpoint_encode(const struct checkpoint_state *s, struct buf *out)
{
    size_t start = out->size;
    buf_append(out, "AISLECKP", 8);
    buf_put_u32(out, VERSION);
    buf_put_u32(out, (uint32_t)s->segment_count);
    buf_put_u64(out, s->uid);
    buf_put_u64(out, s->seq);
    buf_put_u32(out, s->generation);
    buf_put_u32(out, 0);
    buf_put_u64(out, (uint64_t)s->created_ms);
    buf_put_u64(out, (uint64_t)s->updated_ms);
    buf_put_u64(out, (uint64_t)s->keep_ms);
    buf_put_u64(out, s->next_task);
    buf_put_text(out, s->next_settings);
    buf_put_text(out, s->dictionary_file);
    for (size_t i = 0; i < s->segment_count; i++) {
        const struct checkpoint_segment *g = &s->segments[i];
        buf_put_u64(out, shard_uid(g->segment->shard));
        buf_put_u32(out, shard_doc_count(g->segment->shard));
        buf_put_u8(out, g->tombstones != NULL);
        if (g->tombstones) {
            buf_append(out, g->tombstones->bits, g->tombstones->words * sizeof(uint64_t));
        }
        buf_put_varint(out, g->dirty_count);
        for (size_t k = 0; k < g->dirty_count; k++) {
            put_column(out, g->segment->shard, &g->dirty[k]);
        }
        put_cells(out, g->segment->shard);
    }
    put_inventory(s, out);
    if (!out->failed) {
        buf_put_u64(out, hash64(out->data + start, out->size - start));
    }
}

static struct str take_str(struct reader *r)
{
    uint64_t size = reader_varint(r);
    if (size > r->size - r->at) {
        r->failed = true;
        size = 0;
    }
    return reader_bytes(r, (size_t)size);
}

static enum status decode_head(struct str bytes, struct checkpoint_state *out, struct reader *r, struct error *err)
{
    uint64_t checksum = 0;
    *out = (struct checkpoint_state){0};
    if (bytes.size < HEAD_BYTES + 8 || memcmp(bytes.data, "AISLECKP", 8) != 0) {
        return error_set(err, STATUS_FORMAT, "is no checkpoint");
    }
    memcpy(&checksum, bytes.data + bytes.size - 8, sizeof(checksum));
    if (checksum != hash64(bytes.data, bytes.size - 8)) {
        return error_set(err, STATUS_FORMAT, "the checksum of bytes 0 to %zu is wrong", bytes.size - 8);
    }
    *r = reader_of(bytes.data, bytes.size - 8);
    (void)reader_bytes(r, 8);
    uint32_t version = reader_u32(r);
    out->segment_count = reader_u32(r);
    out->uid = reader_u64(r);
    out->seq = reader_u64(r);
    out->generation = reader_u32(r);
    (void)reader_u32(r);
    out->created_ms = (int64_t)reader_u64(r);
    out->updated_ms = (int64_t)reader_u64(r);
    out->keep_ms = (int64_t)reader_u64(r);
    out->next_task = reader_u64(r);
    out->next_settings = take_str(r);
    out->dictionary_file = take_str(r);
    out->version = version;
    if (version < 1 || version > VERSION || r->failed) {
        return error_set(err, STATUS_FORMAT, "version %" PRIu32 " of a checkpoint is not known", version);
    }
    return STATUS_OK;
}

enum status checkpoint_decode(struct str bytes, struct checkpoint_state *out, struct error *err)
{
    struct reader r;
    return decode_head(bytes, out, &r, err);
}

/* segment NULL: only skips. */
static enum status take_column(struct reader *r, struct live_segment *segment, struct error *err)
{
    attr_id attr = reader_u16(r);
    uint32_t count = reader_u32(r);
    uint64_t blocks = reader_varint(r);
    bool stock = attr == ATTR_NONE;
    const struct number_column *column = segment && !stock ? shard_number_column(segment->shard, attr) : NULL;
    _Atomic uint64_t *words = segment ? shard_in_stock_bits(segment->shard) : NULL;
    uint32_t have =
        stock ? (segment && words ? (shard_doc_count(segment->shard) + 63) / 64 : 0)
              : (column && (column->kind == NUMBER_COLUMN_DENSE || column->kind == NUMBER_COLUMN_SPARSE) ? column->count
                                                                                                         : 0);
    if (segment && have != count) {
        return error_set(err, STATUS_FORMAT, "offset %zu: %" PRIu32 " cells for a column of %" PRIu32, r->at, count,
                         have);
    }
    for (uint64_t i = 0; i < blocks && !r->failed; i++) {
        uint64_t first = (uint64_t)reader_u32(r) * DIRTY_BLOCK;
        if (first >= count) {
            return error_set(err, STATUS_FORMAT, "offset %zu: a block behind its column's end", r->at);
        }
        for (uint64_t k = first; k < count && k < first + DIRTY_BLOCK && !r->failed; k++) {
            uint64_t cell = reader_u64(r);
            if (segment && stock) {
                atomic_store_explicit(&words[k], cell, memory_order_relaxed);
                shard_stock_stored(segment->shard);
            } else if (segment && i == 0 && k == first) { /* checks the column, and notes that it was changed */
                doc_id doc = column->kind == NUMBER_COLUMN_SPARSE ? column->docs[k] : (doc_id)k;
                enum status status = shard_number_store(segment->shard, attr, doc, (int64_t)cell, err);
                if (status != STATUS_OK) {
                    return status;
                }
            } else if (segment && number_at(column, (uint32_t)k) != (int64_t)cell) {
                number_store(column, (uint32_t)k, (int64_t)cell);
            }
        }
        if (segment) {
            segment_dirty(segment, attr, (uint32_t)first, count);
        }
    }
    return STATUS_OK;
}

static struct index_segment *segment_of_uid(struct live_index *x, uint64_t uid)
{
    for (size_t i = 0; i < x->segments.count; i++) {
        if (shard_uid(x->segments.items[i].segment->shard) == uid) {
            return &x->segments.items[i];
        }
    }
    return NULL;
}

/* A segment is taken out and put back with its tombstones, so that they are counted in one place. */
static enum status set_tombstones(struct live_index *x, struct index_segment *g, struct str words, struct error *err)
{
    uint32_t count = shard_doc_count(g->segment->shard);
    struct tombstones *t = tombstones_copy(NULL, count);
    size_t at = (size_t)(g - x->segments.items);
    if (words.size != t->words * sizeof(uint64_t)) {
        shared_drop(SHARED(t));
        return error_set(err, STATUS_FORMAT, "tombstones of another size than their segment's");
    }
    memcpy(t->bits, words.data, words.size);
    if (count % 64 != 0 && t->words > 0) {
        t->bits[t->words - 1] &= (UINT64_C(1) << count % 64) - 1;
    }
    index_add_segment(x, g->segment, t);
    x->segments.items[at] = x->segments.items[--x->segments.count];
    return STATUS_OK;
}

enum status checkpoint_restore(struct str bytes, struct live_index *x, struct error *err)
{
    struct checkpoint_state head;
    struct reader r;
    enum status status = decode_head(bytes, &head, &r, err);
    for (size_t i = 0; i < head.segment_count && status == STATUS_OK && !r.failed; i++) {
        struct index_segment *g = segment_of_uid(x, reader_u64(&r));
        struct live_segment *segment = g ? g->segment : NULL; /* set_tombstones moves g */
        uint32_t docs = reader_u32(&r);
        bool tombstones = reader_u8(&r) != 0;
        if (tombstones) {
            struct str words = reader_bytes(&r, (size_t)(docs / 64 + (docs % 64 != 0)) * sizeof(uint64_t));
            status = g && !r.failed ? set_tombstones(x, g, words, err) : STATUS_OK;
        }
        uint64_t columns = reader_varint(&r);
        for (uint64_t k = 0; k < columns && status == STATUS_OK && !r.failed; k++) {
            status = take_column(&r, segment, err);
        }
        if (status == STATUS_OK && head.version >= 3 && !r.failed) {
            status = take_cells(&r, segment ? segment->shard : NULL, err);
        }
    }
    if (status == STATUS_OK && head.version >= 2 && !r.failed) {
        uint64_t size = reader_u64(&r);
        struct str state = reader_bytes(&r, size <= r.size - r.at ? (size_t)size : SIZE_MAX);
        status = r.failed ? STATUS_OK : inventory_read(x->inventory, state, err);
    }
    if (status == STATUS_OK && (r.failed || r.at != r.size)) {
        status = error_set(err, STATUS_FORMAT, "ends at offset %zu before its content does", r.at);
    }
    return status;
}
