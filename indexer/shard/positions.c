#include "indexer/shard/positions.h"

#define FIELDS        15
#define FREQUENCY_MAX 15

void positions_put(struct buf *out, const struct term_position *positions, uint32_t count)
{
    for (uint32_t from = 0, end = 0; from < count; from = end) {
        uint32_t kept = 0, last = 0;

        while (end < count && positions[end].field == positions[from].field)
            end++;
        kept = end - from < POSITIONS_MAX ? end - from : POSITIONS_MAX;
        if (end - from >= FREQUENCY_MAX)
            buf_put_varint(out, kept);
        for (uint32_t i = from; i < from + kept; i++) {
            buf_put_varint(out, positions[i].position - last);
            last = positions[i].position;
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

static void give(struct positions_out *out, field_id field, uint32_t position)
{
    const struct term_position *last = out->count ? &out->items[out->count - 1] : NULL;

    if (out->count < out->limit && !(last && last->field == field && last->position == position))
        out->items[out->count++] = (struct term_position){.field = field, .position = position};
}

/* Reads a record, or skips it when out is NULL. */
static void read_record(struct reader *r, uint64_t fact, struct positions_out *out)
{
    for (field_id f = 0; f < FIELDS && fact; f++, fact >>= 4) {
        uint64_t count = fact & 15;
        uint32_t position = 0;

        if (count == FREQUENCY_MAX)
            count = reader_varint(r);
        for (uint64_t i = 0; i < count && !r->failed; i++) {
            position += (uint32_t)reader_varint(r);
            if (out && !r->failed)
                give(out, f, position);
        }
    }
}

void positions_read(struct str bytes, uint32_t df, uint32_t rank, const uint64_t *facts, struct positions_out *out)
{
    struct reader r = reader_of(bytes.data, bytes.size);
    uint32_t groups = df / POSITIONS_BLOCK + (df % POSITIONS_BLOCK != 0);

    if (rank >= df)
        return;
    if (df > POSITIONS_BLOCK) {
        size_t table = ((size_t)groups + 1) * 4;
        uint32_t offset = 0;

        r.at = (size_t)(rank / POSITIONS_BLOCK) * 4;
        if (bytes.size < table)
            return;
        offset = reader_u32(&r);
        r.at = offset <= bytes.size - table ? table + offset : bytes.size;
    }
    for (uint32_t i = 0; i < rank % POSITIONS_BLOCK && !r.failed; i++)
        read_record(&r, facts[i], NULL);
    read_record(&r, facts[rank % POSITIONS_BLOCK], out);
}
