/* The state of signals as bytes: a count and the entries of each table, numbers little-endian. */
#include <stdlib.h>

#include "server/events/signals_internal.h"

#define SIGNALS_MAGIC UINT32_C(0x32474953) /* "SIG2" */

static void put_sum(struct buf *out, struct sum s)
{
    buf_put_float(out, s.longer);
    buf_put_float(out, s.shorter);
}

static struct sum take_sum(struct reader *r)
{
    float longer = reader_float(r);
    return (struct sum){longer, reader_float(r)};
}

static struct str take_text(struct reader *r)
{
    struct str text = reader_text(r);
    char *bytes = xmalloc(text.size + 1);
    memcpy(bytes, text.data ? text.data : "", text.size);
    return (struct str){bytes, text.size};
}

/* ---- writing ---- */

static void put_pair(struct buf *out, const struct pair *p)
{
    buf_put_text(out, p->id);
    put_sum(out, p->shown);
    put_sum(out, p->weight);
    for (int i = 0; i < SIGNALS_CELLS; i++) {
        buf_put_u8(out, p->cells[i].position);
        buf_put_float(out, p->cells[i].shown);
        buf_put_float(out, p->cells[i].clicked);
    }
}

static void put_query(struct buf *out, const struct query_state *q)
{
    buf_put_u64(out, q->key);
    buf_put_u32(out, q->index);
    buf_put_u64(out, (uint64_t)q->last_ms);
    put_sum(out, q->asked);
    buf_put_text(out, q->text);
    buf_put_varint(out, q->pairs.count);
    for (size_t i = 0; i < q->pairs.count; i++) {
        put_pair(out, &q->pairs.items[i]);
    }
}

void signals_write(const struct signals *s, uint64_t seq, struct buf *out)
{
    buf_put_u32(out, SIGNALS_MAGIC);
    buf_put_u64(out, seq);
    buf_put_varint(out, s->indexes.count);
    for (size_t i = 0; i < s->indexes.count; i++) {
        const struct index_state *x = &s->indexes.items[i];
        buf_put_text(out, x->name);
        buf_put_u64(out, (uint64_t)x->last_ms);
        put_sum(out, x->exam);
        put_sum(out, x->weight);
    }
    buf_put_varint(out, s->queries.count);
    for (size_t i = 0; i < s->queries.count; i++) {
        put_query(out, s->queries.items[i]);
    }
    buf_put_varint(out, s->products.count);
    for (size_t i = 0; i < s->products.count; i++) {
        const struct product_state *p = &s->products.items[i];
        buf_put_u32(out, p->index);
        buf_put_text(out, p->id);
        buf_put_u64(out, (uint64_t)p->last_ms);
        put_sum(out, p->exam);
        put_sum(out, p->weight);
    }
}

/* ---- reading ---- */

static bool take_indexes(struct signals *s, struct reader *r)
{
    uint64_t count = reader_varint(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        struct str name = take_text(r);
        uint32_t number = signals_index_add(s, name);
        free((char *)name.data);
        if (number != i) {
            return false;
        }
        struct index_state *x = &s->indexes.items[number];
        x->last_ms = (int64_t)reader_u64(r);
        x->exam = take_sum(r);
        x->weight = take_sum(r);
    }
    return !r->failed;
}

static bool take_pairs(struct signals *s, struct query_state *q, struct reader *r)
{
    uint64_t count = reader_varint(r);
    for (uint64_t i = 0; i < count && !r->failed && count <= SIGNALS_PAIRS; i++) {
        struct pair p = {.id = take_text(r)};
        p.shown = take_sum(r);
        p.weight = take_sum(r);
        for (int k = 0; k < SIGNALS_CELLS; k++) {
            p.cells[k].position = reader_u8(r);
            p.cells[k].shown = reader_float(r);
            p.cells[k].clicked = reader_float(r);
            r->failed = r->failed || p.cells[k].position > EXAM_POSITIONS;
        }
        vec_push(&q->pairs, p);
        s->pairs++;
    }
    return !r->failed && count <= SIGNALS_PAIRS;
}

static bool take_queries(struct signals *s, struct reader *r)
{
    uint64_t count = reader_varint(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        uint64_t key = reader_u64(r);
        uint32_t index = reader_u32(r);
        if (r->failed || index >= s->indexes.count || signals_query_find(s, key)) {
            return false;
        }
        struct query_state *q = signals_query_add(s, key, index);
        q->last_ms = (int64_t)reader_u64(r);
        q->asked = take_sum(r);
        q->text = take_text(r);
        if (!take_pairs(s, q, r)) {
            return false;
        }
    }
    return !r->failed;
}

static bool take_products(struct signals *s, struct reader *r)
{
    uint64_t count = reader_varint(r);
    for (uint64_t i = 0; i < count && !r->failed; i++) {
        uint32_t index = reader_u32(r);
        struct str id = take_text(r);
        bool fine = !r->failed && index < s->indexes.count && id.size <= 512;
        if (fine) {
            struct product_state *p = signals_product_add(s, index, id);
            p->last_ms = (int64_t)reader_u64(r);
            p->exam = take_sum(r);
            p->weight = take_sum(r);
        }
        free((char *)id.data);
        if (!fine) {
            return false;
        }
    }
    return !r->failed;
}

enum status signals_read(struct signals *s, struct reader *r, uint64_t *seq, struct error *err)
{
    bool fine = reader_u32(r) == SIGNALS_MAGIC;
    *seq = reader_u64(r);
    fine = fine && take_indexes(s, r) && take_queries(s, r) && take_products(s, r);
    s->all_dirty = true;
    return fine ? STATUS_OK : error_set(err, STATUS_FORMAT, "offset %zu: the signals are damaged", r->at);
}
