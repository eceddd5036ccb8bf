/*
 * A packed list:
 *
 *   u32 block_last[blocks]       the last document of each block
 *   u32 block_offset[blocks+1]   into what follows; a list of one block has none
 *   blocks
 *
 * A list of one document is u32 document, u32 fact.
 *
 * A block: u8 bits of a document gap, u8 bits of a fact, u16 zero; the gaps; the facts. A gap is document - the one
 * before - 1; the first one's is taken from the last document of the block before (-1 for the first block). A full
 * block of 128 values is laid out in four lanes of 32 (value i is number i / 4 of lane i % 4), so that one vector
 * instruction works on four values (Lemire and Boytsov, "Decoding billions of integers per second", 2012, section 4:
 * SIMD-BP128). A shorter block is a plain stream of bits, lowest first.
 *
 * A dense list: u64 words of the bitmap, u32 ranks (bits set before each 4,096 documents), the facts by rank
 * (packed_facts.h).
 */
#include "indexer/shard/postings.h"

#include <assert.h>
#include <string.h>

#define WINDOW 4096
#define LANES  4
#define ROWS   (POSTINGS_BLOCK / LANES)

typedef uint32_t lanes __attribute__((vector_size(16)));

/* Rounded up to 4 bytes, so that the next block's header and lists behind are aligned. */
static size_t align4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static size_t packed_size(uint32_t bits, uint32_t count)
{
    return align4(((size_t)bits * count + 7) / 8);
}

/* --- bits: plain streams --- */
static void pack_plain(const uint32_t *values, uint32_t count, uint32_t bits, uint8_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t b = 0; b < bits; b++) {
            uint32_t at = i * bits + b;

            out[at / 8] |= (uint8_t)((values[i] >> b & 1) << (at % 8));
        }
    }
}

/* Reads 8 bytes at a time, so up to 8 bytes behind the stream. */
static void unpack_plain(const uint8_t *in, uint32_t count, uint32_t bits, uint32_t *out)
{
    uint64_t mask = ((uint64_t)1 << bits) - 1;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t word;

        memcpy(&word, in + (size_t)i * bits / 8, sizeof(word));
        out[i] = (uint32_t)(word >> ((size_t)i * bits % 8) & mask);
    }
}

/* --- bits: four lanes --- */
static void pack_lanes(const uint32_t values[POSTINGS_BLOCK], uint32_t bits, uint8_t *out)
{
    for (uint32_t i = 0; i < POSTINGS_BLOCK; i++) {
        uint32_t lane = i % LANES, at = i / LANES * bits;
        uint64_t word;
        uint8_t *low = out + ((size_t)(at / 32) * LANES + lane) * 4;
        uint32_t part;

        word = (uint64_t)values[i] << (at % 32);
        memcpy(&part, low, 4);
        part |= (uint32_t)word;
        memcpy(low, &part, 4);
        if (at % 32 + bits > 32) {
            memcpy(&part, low + LANES * 4, 4);
            part |= (uint32_t)(word >> 32);
            memcpy(low + LANES * 4, &part, 4);
        }
    }
}

static lanes lanes_load(const uint8_t *p)
{
    lanes v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static void lanes_store(uint32_t *p, lanes v)
{
    memcpy(p, &v, sizeof(v));
}

/* Inlined with each number of bits, so that every shift is a constant and no row has a branch. */
static inline __attribute__((always_inline)) void unpack_fixed(const uint8_t *in, uint32_t bits, uint32_t *out)
{
    uint32_t keep = bits == 32 ? UINT32_MAX : (1U << bits) - 1;
    lanes mask = {keep, keep, keep, keep};

#pragma GCC unroll 32
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t at = row * bits, shift = at % 32;
        const uint8_t *word = in + (size_t)(at / 32) * sizeof(lanes);
        lanes v = lanes_load(word) >> shift;

        if (shift + bits > 32)
            v |= lanes_load(word + sizeof(lanes)) << (32 - shift);
        lanes_store(out + (size_t)row * LANES, v & mask);
    }
}

#define UNPACK(bits)                                                                                                   \
    case (bits):                                                                                                       \
        unpack_fixed(in, (bits), out);                                                                                 \
        break
#define UNPACK_FOUR(bits)                                                                                              \
    UNPACK(bits);                                                                                                      \
    UNPACK((bits) + 1);                                                                                                \
    UNPACK((bits) + 2);                                                                                                \
    UNPACK((bits) + 3)

static void unpack_lanes(const uint8_t *in, uint32_t bits, uint32_t out[POSTINGS_BLOCK])
{
    switch (bits) {
        UNPACK_FOUR(1);
        UNPACK_FOUR(5);
        UNPACK_FOUR(9);
        UNPACK_FOUR(13);
        UNPACK_FOUR(17);
        UNPACK_FOUR(21);
        UNPACK_FOUR(25);
        UNPACK_FOUR(29);
    default:
        memset(out, 0, POSTINGS_BLOCK * sizeof(*out));
    }
}

/* Lanes of a (0 to 3) and b (4 to 7) in a new order: the two compilers' names for it. */
#ifdef __clang__
#define LANES_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector((a), (b), (i), (j), (k), (l))
#else
#define LANES_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle((a), (b), (lanes){(i), (j), (k), (l)})
#endif

/* Gaps to documents: out[i] = base + sum of (gap + 1) up to i. */
static void sum_lanes(uint32_t values[POSTINGS_BLOCK], uint32_t base)
{
    const lanes one = {1, 1, 1, 1};
    const lanes zero = {0, 0, 0, 0};
    lanes before = {base, base, base, base};

    for (uint32_t row = 0; row < ROWS; row++) {
        lanes v = lanes_load((const uint8_t *)(values + (size_t)row * LANES)) + one;

        v += LANES_SHUFFLE(zero, v, 0, 4, 5, 6);
        v += LANES_SHUFFLE(zero, v, 0, 1, 4, 5);
        v += before;
        lanes_store(values + (size_t)row * LANES, v);
        before = LANES_SHUFFLE(v, v, 3, 3, 3, 3);
    }
}

/* --- writing --- */
static uint32_t bits_of(const uint32_t *values, uint32_t count)
{
    uint32_t all = 0;

    for (uint32_t i = 0; i < count; i++)
        all |= values[i];
    return all ? 32U - (uint32_t)__builtin_clz(all) : 0;
}

static void put_packed(struct buf *out, const uint32_t *values, uint32_t count, uint32_t bits)
{
    size_t size = packed_size(bits, count);
    uint8_t *to = (uint8_t *)buf_reserve(out, size);

    if (!to || size == 0)
        return;
    memset(to, 0, size);
    if (count == POSTINGS_BLOCK)
        pack_lanes(values, bits, to);
    else
        pack_plain(values, count, bits, to);
    out->size += size;
}

/* base: the last document of the block before, or UINT32_MAX (-1) for the first. */
static void put_block(struct buf *out, const doc_id *docs, const uint32_t *facts, uint32_t count, doc_id base)
{
    uint32_t gaps[POSTINGS_BLOCK];
    uint32_t doc_bits = 0, fact_bits = bits_of(facts, count);

    for (uint32_t i = 0; i < count; i++) {
        gaps[i] = docs[i] - base - 1;
        base = docs[i];
    }
    doc_bits = bits_of(gaps, count);
    buf_put_u8(out, (uint8_t)doc_bits);
    buf_put_u8(out, (uint8_t)fact_bits);
    buf_put_u16(out, 0);
    put_packed(out, gaps, count, doc_bits);
    put_packed(out, facts, count, fact_bits);
}

static void patch_u32(struct buf *out, size_t at, uint32_t v)
{
    if (!out->failed)
        memcpy(out->data + at, &v, sizeof(v));
}

static void encode_packed(const doc_id *docs, const uint32_t *facts, uint32_t df, struct buf *out)
{
    uint32_t blocks = (df + POSTINGS_BLOCK - 1) / POSTINGS_BLOCK;
    size_t offsets = 0, data = 0;

    if (df == 1) {
        buf_put_u32(out, docs[0]);
        buf_put_u32(out, facts[0]);
        return;
    }

    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t end = (b + 1) * POSTINGS_BLOCK;

        buf_put_u32(out, docs[(end < df ? end : df) - 1]);
    }
    offsets = out->size;
    for (uint32_t b = 0; blocks > 1 && b <= blocks; b++)
        buf_put_u32(out, 0);
    data = out->size;
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t from = b * POSTINGS_BLOCK;
        uint32_t count = df - from < POSTINGS_BLOCK ? df - from : POSTINGS_BLOCK;

        if (blocks > 1)
            patch_u32(out, offsets + (size_t)b * 4, (uint32_t)(out->size - data));
        put_block(out, docs + from, facts + from, count, from ? docs[from - 1] : UINT32_MAX);
    }
    if (blocks > 1)
        patch_u32(out, offsets + (size_t)blocks * 4, (uint32_t)(out->size - data));
}

static void encode_dense(const doc_id *docs, const uint32_t *facts, uint32_t df, uint32_t doc_count, struct buf *out)
{
    uint32_t words = (doc_count + 63) / 64, windows = (doc_count + WINDOW - 1) / WINDOW;
    uint64_t word = 0;
    uint32_t i = 0;

    for (uint32_t w = 0; w < words; w++) {
        for (word = 0; i < df && docs[i] / 64 == w; i++)
            word |= (uint64_t)1 << (docs[i] & 63);
        buf_put_u64(out, word);
    }
    i = 0;
    for (uint32_t w = 0; w < windows; w++) {
        while (i < df && docs[i] < w * WINDOW)
            i++;
        buf_put_u32(out, i);
    }
    packed_facts_put(facts, df, out);
}

void postings_encode(const doc_id *docs, const uint32_t *facts, uint32_t df, uint32_t doc_count, struct buf *out)
{
    assert(df > 0);
    if (postings_is_dense(df, doc_count))
        encode_dense(docs, facts, df, doc_count, out);
    else
        encode_packed(docs, facts, df, out);
}

/* --- opening --- */
static bool open_dense(struct str bytes, uint32_t doc_count, struct postings *p, size_t *used)
{
    size_t words = ((size_t)doc_count + 63) / 64 * 8, ranks = ((size_t)doc_count + WINDOW - 1) / WINDOW * 4;
    size_t head = words + ranks;

    if (bytes.size < head || !packed_facts_open(&p->facts, str_slice(bytes, head, bytes.size), p->df, used))
        return false;
    p->bits = (const uint64_t *)(const void *)bytes.data;
    p->block_ranks = (const uint32_t *)(const void *)(bytes.data + words);
    *used += head;
    return true;
}

static const uint32_t SINGLE_BLOCK[2] = {0, 0};

static bool open_packed(struct str bytes, struct postings *p, size_t *used)
{
    const uint8_t *data = (const uint8_t *)bytes.data;
    size_t head = (size_t)p->block_count * 4, size = 0;

    if (p->block_count > 1)
        head = head * 2 + 4;
    if (bytes.size < head + 4)
        return false;
    p->block_last = (const doc_id *)(const void *)data;
    p->data = data + head;
    if (p->block_count > 1) {
        p->block_offset = (const uint32_t *)(const void *)(data + (size_t)p->block_count * 4);
        size = p->block_offset[p->block_count];
    } else {
        p->block_offset = SINGLE_BLOCK;
        size = p->df == 1 ? 4 : 4 + packed_size(data[head], p->df) + packed_size(data[head + 1], p->df);
    }
    if (size > bytes.size - head)
        return false;
    p->data_end = p->data + size;
    *used = head + size;
    return true;
}

bool postings_open(struct str bytes, uint32_t df, uint32_t doc_count, struct postings *out, size_t *used)
{
    *out = (struct postings){.df = df};
    if (df == 0 || df > doc_count)
        return false;
    if (postings_is_dense(df, doc_count))
        return open_dense(bytes, doc_count, out, used);
    out->block_count = (df + POSTINGS_BLOCK - 1) / POSTINGS_BLOCK;
    return open_packed(bytes, out, used);
}

/* --- reading --- */
/* A block whose bytes are there. */
struct block {
    const uint8_t *docs, *facts; /* their packed values */
    uint32_t count;              /* 0: its bytes do not fit the list */
    uint32_t doc_bits, fact_bits;
};

static struct block block_of(const struct postings *p, uint32_t block)
{
    uint32_t count = block + 1 < p->block_count ? POSTINGS_BLOCK : p->df - block * POSTINGS_BLOCK;
    size_t size = (size_t)(p->data_end - p->data), offset = p->block_offset[block], docs_size, facts_size;
    struct block b = {0};
    const uint8_t *at;

    if (size < 4 || offset > size - 4)
        return b;
    at = p->data + offset;
    b.doc_bits = at[0];
    b.fact_bits = at[1];
    if (b.doc_bits > 32 || b.fact_bits > 32)
        return b;
    docs_size = packed_size(b.doc_bits, count);
    facts_size = packed_size(b.fact_bits, count);
    if (4 + docs_size + facts_size > size - offset)
        return b;
    b.docs = at + 4;
    b.facts = b.docs + docs_size;
    b.count = count;
    return b;
}

static void unpack(const uint8_t *in, uint32_t count, uint32_t bits, uint32_t *out)
{
    if (count == POSTINGS_BLOCK)
        unpack_lanes(in, bits, out);
    else
        unpack_plain(in, count, bits, out);
}

static uint32_t single(const struct postings *p, doc_id *docs, uint32_t *facts)
{
    const uint8_t *at = p->data + p->block_offset[0];

    if (p->data_end - p->data < 4 || p->block_offset[0] > (size_t)(p->data_end - p->data) - 4)
        return 0;
    docs[0] = p->block_last[0];
    if (facts)
        memcpy(facts, at, sizeof(*facts));
    return 1;
}

/* Bytes of a block that does not fit its list give an empty block; the callers' loops end. */
uint32_t postings_block(const struct postings *p, uint32_t block, doc_id docs[POSTINGS_BLOCK],
                        uint32_t facts[POSTINGS_BLOCK])
{
    doc_id base = block ? p->block_last[block - 1] : UINT32_MAX;
    struct block b;

    if (p->df == 1)
        return single(p, docs, facts);
    b = block_of(p, block);
    unpack(b.docs, b.count, b.doc_bits, docs);
    if (b.count == POSTINGS_BLOCK)
        sum_lanes(docs, base);
    for (uint32_t i = 0; i < b.count && b.count < POSTINGS_BLOCK; i++)
        base = docs[i] = base + docs[i] + 1;
    if (facts)
        unpack(b.facts, b.count, b.fact_bits, facts);
    return b.count;
}

void postings_block_facts(const struct postings *p, uint32_t block, uint32_t facts[POSTINGS_BLOCK])
{
    doc_id doc;
    struct block b;

    if (p->df == 1) {
        (void)single(p, &doc, facts);
        return;
    }
    b = block_of(p, block);
    unpack(b.facts, b.count, b.fact_bits, facts);
}

uint32_t postings_seek(const struct postings *p, uint32_t from, doc_id doc)
{
    uint32_t low = from, step = 1, high = from;

    while (high < p->block_count && p->block_last[high] < doc) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    if (high > p->block_count)
        high = p->block_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (p->block_last[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t postings_dense_fact(const struct postings *p, doc_id doc)
{
    uint32_t window = doc / WINDOW;
    uint32_t rank = p->block_ranks[window];
    uint32_t word = window * (WINDOW / 64);

    for (; word < doc / 64; word++)
        rank += (uint32_t)__builtin_popcountll(p->bits[word]);
    rank += (uint32_t)__builtin_popcountll(p->bits[word] & (((uint64_t)1 << (doc & 63)) - 1));
    return packed_facts_at(&p->facts, rank);
}

uint32_t postings_group_facts(const struct postings *p, uint32_t group, uint32_t facts[POSTINGS_BLOCK])
{
    doc_id docs[POSTINGS_BLOCK];

    if (p->bits)
        return packed_facts_block(&p->facts, group, facts);
    return group < p->block_count ? postings_block(p, group, docs, facts) : 0;
}

void postings_window(const struct postings *p, doc_id base, uint32_t *block, uint64_t bits[64])
{
    doc_id docs[POSTINGS_BLOCK];

    if (p->bits) {
        const uint64_t *from = p->bits + base / 64;
        /* The bitmap ends where the ranks begin. */
        size_t words = (size_t)((const uint64_t *)(const void *)p->block_ranks - from);

        for (size_t w = 0; w < words && w < WINDOW / 64; w++)
            bits[w] |= from[w];
        return;
    }
    *block = postings_seek(p, *block, base);
    for (uint32_t b = *block; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, docs, NULL);

        for (uint32_t i = 0; i < count; i++) {
            uint32_t at = docs[i] - base;

            if (at < WINDOW)
                bits[at / 64] |= (uint64_t)1 << (at & 63);
        }
        if (p->block_last[b] - base >= WINDOW)
            return;
        *block = b;
    }
}

void postings_list(const struct postings *p, doc_id *docs, uint32_t *facts)
{
    doc_id block_docs[POSTINGS_BLOCK];
    uint32_t block_facts[POSTINGS_BLOCK];
    uint32_t n = 0;

    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, block_docs, block_facts);

        for (uint32_t i = 0; i < count; i++, n++) {
            if (docs)
                docs[n] = block_docs[i];
            if (facts)
                facts[n] = block_facts[i];
        }
    }
    if (!p->bits)
        return;
    for (const uint64_t *w = p->bits; w < (const uint64_t *)(const void *)p->block_ranks; w++) {
        for (uint64_t word = *w; word && n < p->df; word &= word - 1, n++) {
            if (docs)
                docs[n] = (doc_id)((size_t)(w - p->bits) * 64 + (size_t)__builtin_ctzll(word));
            if (facts)
                facts[n] = packed_facts_at(&p->facts, n);
        }
    }
}

/* --- checking --- */
static bool dense_valid(const struct postings *p, uint32_t doc_count, uint32_t fact_count)
{
    uint32_t words = (doc_count + 63) / 64, rank = 0;

    for (uint32_t w = 0; w < words; w++) {
        if (w % (WINDOW / 64) == 0 && p->block_ranks[w / (WINDOW / 64)] != rank)
            return false;
        rank += (uint32_t)__builtin_popcountll(p->bits[w]);
    }
    if (rank != p->df || (doc_count % 64 && p->bits[words - 1] >> (doc_count % 64)))
        return false;
    return packed_facts_valid(&p->facts, fact_count);
}

bool postings_valid(const struct postings *p, uint32_t doc_count, uint32_t fact_count)
{
    doc_id docs[POSTINGS_BLOCK];
    uint32_t facts[POSTINGS_BLOCK];
    int64_t last = -1;

    if (p->bits)
        return dense_valid(p, doc_count, fact_count);
    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, docs, facts);

        if (count == 0)
            return false;
        for (uint32_t i = 0; i < count; i++) {
            if (docs[i] <= last || docs[i] >= doc_count || facts[i] >= fact_count)
                return false;
            last = docs[i];
        }
        if (p->block_last[b] != last)
            return false;
    }
    return true;
}
