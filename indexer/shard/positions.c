#include "indexer/shard/positions.h"

#include "indexer/shard/bits.h"

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

/* Appends records of a group: the bits of a number, and the numbers. */
static void pack_group(struct str records, struct buf *out)
{
    struct reader r = reader_of(records.data, records.size);
    uint64_t all = 0, word = 0;
    uint32_t width, filled = 0;

    while (r.at < r.size)
        all |= reader_varint(&r);
    width = bits_of(all);
    buf_put_u8(out, (uint8_t)width);
    for (r.at = 0; r.at < r.size && width;) {
        word |= reader_varint(&r) << filled;
        for (filled += width; filled >= 8; filled -= 8, word >>= 8)
            buf_put_u8(out, (uint8_t)word);
    }
    if (filled)
        buf_put_u8(out, (uint8_t)word);
}

void positions_encode(struct str records, const uint32_t *sizes, uint32_t df, struct buf *out)
{
    uint32_t groups = df / POSITIONS_BLOCK + (df % POSITIONS_BLOCK != 0);
    size_t table = out->size, from = 0;

    if (records.size == 0 && df <= POSITIONS_BLOCK)
        return;
    for (uint32_t i = 0; df > POSITIONS_BLOCK && i <= groups; i++)
        buf_put_u32(out, 0);
    for (uint32_t g = 0, i = 0; g < groups; g++) {
        size_t to = from;
        uint32_t offset;

        for (; i < df && i / POSITIONS_BLOCK == g; i++)
            to += sizes[i];
        pack_group(str_slice(records, from, to), out);
        from = to;
        offset = (uint32_t)(out->size - table) - (groups + 1) * 4;
        if (df > POSITIONS_BLOCK)
            memcpy(out->data + table + ((size_t)g + 1) * 4, &offset, sizeof(offset));
    }
}

static void give(struct positions_out *out, field_id field, uint32_t position)
{
    const struct term_position *last = out->count ? &out->items[out->count - 1] : NULL;

    if (out->count < out->limit && !(last && last->field == field && last->position == position))
        out->items[out->count++] = (struct term_position){.field = field, .position = position};
}

/* The numbers of a group, one after another, packed or as varints. */
struct numbers {
    struct reader r; /* varints; packed: from their bits on */
    bool varints;
    uint32_t width;
    uint64_t at; /* packed: which number */
    bool failed;
};

static uint64_t next_number(struct numbers *n)
{
    uint64_t bit = n->at++ * n->width, word = 0;
    size_t left;

    if (n->varints) {
        uint64_t number = reader_varint(&n->r);

        n->failed = n->r.failed;
        return number;
    }
    n->failed = bit + n->width > (uint64_t)n->r.size * 8;
    if (n->failed || n->width == 0)
        return 0;
    left = n->r.size - (size_t)(bit / 8);
    memcpy(&word, n->r.data + bit / 8, left < sizeof(word) ? left : sizeof(word));
    return word >> bit % 8 & (((uint64_t)1 << n->width) - 1);
}

/* Reads a record, or skips it when out is NULL. */
static void read_record(struct numbers *n, uint64_t fact, struct positions_out *out)
{
    for (field_id f = 0; f < FIELDS && fact && !n->failed; f++, fact >>= 4) {
        uint64_t count = fact & 15;
        uint32_t position = 0;

        if (count == FREQUENCY_MAX)
            count = next_number(n);
        if (!out && !n->varints)
            n->at += count;
        for (uint64_t i = 0; (out || n->varints) && i < count && i < POSITIONS_MAX && !n->failed; i++) {
            position += (uint32_t)next_number(n);
            if (out && !n->failed)
                give(out, f, position);
        }
    }
}

static bool numbers_start(struct numbers *n, const struct positions *p, uint32_t rank)
{
    uint32_t groups = p->df / POSITIONS_BLOCK + (p->df % POSITIONS_BLOCK != 0);
    size_t table = p->df > POSITIONS_BLOCK ? ((size_t)groups + 1) * 4 : 0;
    struct reader r = reader_of(p->bytes.data, p->bytes.size);
    uint32_t from = 0, to = 0;

    if (p->bytes.size < table)
        return false;
    to = (uint32_t)(p->bytes.size - table);
    if (table) {
        r.at = (size_t)(rank / POSITIONS_BLOCK) * 4;
        from = reader_u32(&r);
        to = p->varints ? to : reader_u32(&r);
    }
    if (from > to || to > p->bytes.size - table)
        return false;
    *n = (struct numbers){.r = reader_of(p->bytes.data + table + from, to - from), .varints = p->varints};
    if (p->varints)
        return true;
    n->width = reader_u8(&n->r);
    n->r = reader_of(n->r.data + n->r.at, n->r.size - n->r.at);
    return to > from && n->width <= 32;
}

void positions_read(const struct positions *p, uint32_t rank, const uint64_t *facts, struct positions_out *out)
{
    struct numbers n;

    if (rank >= p->df || !numbers_start(&n, p, rank))
        return;
    for (uint32_t i = 0; i < rank % POSITIONS_BLOCK && !n.failed; i++)
        read_record(&n, facts[i], NULL);
    read_record(&n, facts[rank % POSITIONS_BLOCK], out);
}
