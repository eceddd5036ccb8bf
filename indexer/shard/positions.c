#include "indexer/shard/positions.h"

void positions_put(struct buf *out, const struct term_position *positions, uint32_t count)
{
    uint32_t kept = count < POSITIONS_MAX ? count : POSITIONS_MAX;

    buf_put_varint(out, kept);
    for (uint32_t i = 0; i < kept; i++) {
        const struct term_position *p = &positions[i];

        if (i && p->field == p[-1].field) {
            buf_put_varint(out, (uint64_t)(p->position - p[-1].position) << 1);
        } else {
            buf_put_varint(out, (uint64_t)p->position << 1 | 1);
            buf_put_u8(out, p->field);
        }
    }
}

void positions_encode(struct str records, const uint32_t *sizes, uint32_t df, struct buf *out)
{
    uint32_t offset = 0;

    for (uint32_t i = 0; df > POSITIONS_BLOCK && i < df; i++) {
        if (i % POSITIONS_BLOCK == 0)
            buf_put_u32(out, offset);
        offset += sizes[i];
    }
    if (df > POSITIONS_BLOCK)
        buf_put_u32(out, offset);
    buf_append_str(out, records);
}

/* Reads a record, or skips it when out is NULL. */
static uint32_t read_record(struct reader *r, struct term_position *out, uint32_t limit)
{
    uint64_t count = reader_varint(r);
    struct term_position p = {0};
    uint32_t n = 0;

    for (uint64_t i = 0; i < count && !r->failed; i++) {
        uint64_t v = reader_varint(r);

        if (v & 1) {
            p.position = (uint32_t)(v >> 1);
            p.field = reader_u8(r);
        } else {
            p.position += (uint32_t)(v >> 1);
        }
        if (out && n < limit && !r->failed)
            out[n++] = p;
    }
    return n;
}

uint32_t positions_read(struct str bytes, uint32_t df, uint32_t rank, struct term_position *out, uint32_t limit)
{
    struct reader r = reader_of(bytes.data, bytes.size);
    uint32_t groups = df / POSITIONS_BLOCK + (df % POSITIONS_BLOCK != 0);

    if (rank >= df)
        return 0;
    if (df > POSITIONS_BLOCK) {
        size_t table = ((size_t)groups + 1) * 4;
        uint32_t offset = 0;

        r.at = (size_t)(rank / POSITIONS_BLOCK) * 4;
        if (bytes.size < table)
            return 0;
        offset = reader_u32(&r);
        r.at = offset <= bytes.size - table ? table + offset : bytes.size;
    }
    for (uint32_t i = 0; i < rank % POSITIONS_BLOCK && !r.failed; i++)
        (void)read_record(&r, NULL, 0);
    return read_record(&r, out, limit);
}
