/*
 *   u8 kind, three zeros
 *
 * Kind 1, 2, 4, plain: count facts of so many bytes. Kind 8, packed:
 *
 *   u32 entries of the palette
 *   u32 palette: the facts that occur, the most frequent first
 *   u32 blocks: low five bits the width, above it the block's offset in what follows, in units of 16 bytes
 *   the blocks: 128 numbers of that width each, lowest bits first
 */
#include "indexer/shard/packed_facts.h"

#include <stdlib.h>

#include "indexer/base/status.h"

enum { KIND_PACKED = 8, WIDTH_BITS = 5, PACKED_MAX = 1 << 29 };

static size_t align4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static uint32_t bits_of(uint32_t value)
{
    return value ? 32U - (uint32_t)__builtin_clz(value) : 0;
}

/* --- which facts there are --- */
struct entry {
    uint32_t fact;
    uint32_t count; /* 0: a free slot */
    uint32_t number;
};

/* A table with open addressing. */
struct palette {
    struct entry *slots;
    uint32_t capacity, used;
};

static struct entry *slot_of(const struct palette *p, uint32_t fact)
{
    uint32_t at = fact * UINT32_C(0x9e3779b1) & (p->capacity - 1);

    while (p->slots[at].count && p->slots[at].fact != fact)
        at = (at + 1) & (p->capacity - 1);
    return &p->slots[at];
}

static void grow(struct palette *p)
{
    struct palette bigger = {.capacity = p->capacity ? p->capacity * 2 : 64, .used = p->used};

    bigger.slots = xcalloc(bigger.capacity, sizeof(*bigger.slots));
    for (uint32_t i = 0; i < p->capacity; i++) {
        if (p->slots[i].count)
            *slot_of(&bigger, p->slots[i].fact) = p->slots[i];
    }
    free(p->slots);
    *p = bigger;
}

static void count_facts(struct palette *p, const uint32_t *facts, uint32_t count)
{
    for (uint32_t i = 0, run = 0; i < count; i += run) {
        struct entry *e = NULL;

        for (run = 1; i + run < count && facts[i + run] == facts[i];)
            run++;
        if (p->used * 2 >= p->capacity)
            grow(p);
        e = slot_of(p, facts[i]);
        p->used += e->count == 0;
        e->fact = facts[i];
        e->count += run;
    }
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->fact > y->fact) - (x->fact < y->fact);
}

/* Numbers the facts and appends them. */
static void put_palette(struct palette *p, struct buf *out)
{
    struct entry **order = xrealloc_array(NULL, (size_t)p->used + 1, sizeof(*order));
    uint32_t n = 0;

    for (uint32_t i = 0; i < p->capacity; i++) {
        if (p->slots[i].count)
            order[n++] = &p->slots[i];
    }
    qsort(order, n, sizeof(struct entry *), compare_entries);
    buf_put_u32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        order[i]->number = i;
        buf_put_u32(out, order[i]->fact);
    }
    free(order);
}

/* --- writing --- */
void packed_facts_put_plain(const uint32_t *facts, uint32_t count, struct buf *out)
{
    uint32_t all = 0, width = 0;

    for (uint32_t i = 0; i < count; i++)
        all |= facts[i];
    width = bits_of(all) <= 8 ? 1 : bits_of(all) <= 16 ? 2 : 4;
    buf_put_u32(out, width);
    for (uint32_t i = 0; i < count; i++)
        buf_append(out, &facts[i], width); /* little-endian: the low bytes come first */
    while (out->size % 4)
        buf_put_u8(out, 0);
}

/* Returns the width. */
static uint32_t put_block(const uint32_t *numbers, uint32_t count, struct buf *out)
{
    uint32_t all = 0, bits = 0, filled = 0;
    uint64_t word = 0;

    for (uint32_t i = 0; i < count; i++)
        all |= numbers[i];
    bits = bits_of(all);
    for (uint32_t i = 0; i < PACKED_FACTS && bits; i++) {
        uint64_t number = i < count ? numbers[i] : 0;

        word |= number << filled;
        filled += bits;
        if (filled >= 64) {
            buf_put_u64(out, word);
            filled -= 64;
            word = filled ? number >> (bits - filled) : 0;
        }
    }
    return bits;
}

void packed_facts_put(const uint32_t *facts, uint32_t count, struct buf *out)
{
    struct palette p = {0};
    uint32_t numbers[PACKED_FACTS];
    size_t blocks = 0, data = 0;

    if (count > PACKED_MAX) { /* offsets might not suffice */
        packed_facts_put_plain(facts, count, out);
        return;
    }
    count_facts(&p, facts, count);
    buf_put_u32(out, KIND_PACKED);
    put_palette(&p, out);
    blocks = out->size;
    for (uint32_t i = 0; i < count; i += PACKED_FACTS)
        buf_put_u32(out, 0);
    data = out->size;
    for (uint32_t from = 0; from < count; from += PACKED_FACTS, blocks += 4) {
        uint32_t size = count - from < PACKED_FACTS ? count - from : PACKED_FACTS;
        uint32_t block = (uint32_t)((out->size - data) / 16) << WIDTH_BITS;

        for (uint32_t i = 0; i < size; i++)
            numbers[i] =
                i && facts[from + i] == facts[from + i - 1] ? numbers[i - 1] : slot_of(&p, facts[from + i])->number;
        block |= put_block(numbers, size, out);
        if (!out->failed)
            memcpy(out->data + blocks, &block, sizeof(block));
    }
    free(p.slots);
}

/* --- opening --- */
static bool open_packed(struct packed_facts *f, struct str bytes, size_t *used)
{
    size_t blocks = ((size_t)f->count + PACKED_FACTS - 1) / PACKED_FACTS, head = 0;
    uint32_t last = 0;

    if (bytes.size < 8)
        return false;
    memcpy(&f->palette_count, bytes.data + 4, sizeof(f->palette_count));
    head = 8 + ((size_t)f->palette_count + blocks) * 4;
    if (f->palette_count > f->count || bytes.size < head)
        return false;
    f->palette = (const uint32_t *)(const void *)(bytes.data + 8);
    f->blocks = f->palette + f->palette_count;
    f->data = (const uint8_t *)bytes.data + head;
    last = f->blocks[blocks - 1];
    f->size = ((size_t)(last >> WIDTH_BITS) + (last & 31)) * 16;
    *used = head + f->size;
    return *used <= bytes.size;
}

bool packed_facts_open(struct packed_facts *f, struct str bytes, uint32_t count, size_t *used)
{
    uint32_t kind = 0;

    *f = (struct packed_facts){.count = count};
    if (bytes.size < sizeof(kind) || count == 0)
        return false;
    memcpy(&kind, bytes.data, sizeof(kind));
    if (kind == KIND_PACKED)
        return open_packed(f, bytes, used);
    if (kind != 1 && kind != 2 && kind != 4)
        return false;
    f->width = (uint8_t)kind;
    f->data = (const uint8_t *)bytes.data + 4;
    f->size = (size_t)count * kind;
    *used = align4(4 + f->size);
    return *used <= bytes.size;
}

/* --- reading --- */
uint32_t packed_facts_plain(const struct packed_facts *f, uint32_t rank)
{
    uint32_t fact = 0;

    memcpy(&fact, f->data + (size_t)rank * f->width, f->width);
    return fact;
}

uint32_t packed_facts_block(const struct packed_facts *f, uint32_t block, uint32_t facts[PACKED_FACTS])
{
    uint32_t from = block * PACKED_FACTS;
    uint32_t count = from >= f->count ? 0 : f->count - from < PACKED_FACTS ? f->count - from : PACKED_FACTS;

    for (uint32_t i = 0; i < count; i++)
        facts[i] = packed_facts_at(f, from + i);
    return count;
}

bool packed_facts_valid(const struct packed_facts *f, uint32_t fact_count)
{
    size_t offset = 0;

    for (uint32_t i = 0; i < f->palette_count; i++) {
        if (f->palette[i] >= fact_count)
            return false;
    }
    for (uint32_t b = 0; f->palette && b * PACKED_FACTS < f->count; b++) {
        if (f->blocks[b] >> WIDTH_BITS != offset || (f->blocks[b] & 31) > bits_of(f->palette_count - 1))
            return false;
        offset += f->blocks[b] & 31;
    }
    for (uint32_t i = 0; !f->palette && i < f->count; i++) {
        if (packed_facts_plain(f, i) >= fact_count)
            return false;
    }
    return !f->palette || f->palette_count > 0;
}
