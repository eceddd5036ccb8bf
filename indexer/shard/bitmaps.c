/*
 * Roaring sets are written by CRoaring in its portable format (RoaringFormatSpec) and read here in place: the views
 * that queries need are windows, membership and lists, and a reader of one's own needs no allocation and trusts nothing
 * that the validator did not see. A set's bytes are:
 *
 *   u32 cookie                    12346: no run containers; low half 12347: some, high half = containers - 1
 *   u32 containers                12346 only
 *   bit a container: it has runs  12347 only
 *   (u16 key, u16 cardinality-1)  a container
 *   u32 offset                    a container; 12346, or at least 4 containers
 *   containers: array u16[cardinality]; bitmap u64[1024] when cardinality > 4096; runs u16 n, (u16 start, u16 length-1)
 */
#include "indexer/shard/bitmaps.h"

#if __has_include(<roaring/roaring.h>)
#include <roaring/roaring.h>
#else
#include <roaring.h>
#endif

#include <assert.h>

#define COOKIE_PLAIN 12346
#define COOKIE_RUNS  12347
#define ARRAY_MAX    4096
#define BITMAP_BYTES 8192
#define OFFSETS_AT   4 /* containers from which a set with runs has offsets */
#define WINDOW       4096
#define LEAF_VALUES  65536

enum leaf_kind { LEAF_ARRAY, LEAF_BITMAP, LEAF_RUNS };

/* Leaves are what the format calls containers: the values with the same high 16 bits. */

/* Where the parts of a set are. */
struct layout {
    const uint8_t *bytes;
    uint32_t count;         /* containers */
    const uint8_t *is_run;  /* NULL: none */
    const uint8_t *keys;    /* 4 bytes each */
    const uint8_t *offsets; /* NULL: walk */
    size_t first;           /* where the first container begins */
};

struct leaf {
    enum leaf_kind kind;
    uint32_t key;
    uint32_t count; /* values, or runs */
    const uint8_t *data;
};

static uint32_t get_u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get_u32(const uint8_t *p)
{
    return get_u16(p) | get_u16(p + 2) << 16;
}

static uint64_t get_u64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* --- layout; the validator calls it before anything is trusted --- */
static bool layout_read(const uint8_t *bytes, size_t size, struct layout *out)
{
    uint32_t cookie = 0;
    size_t at = 4;

    if (size < 8)
        return false;
    cookie = get_u32(bytes);
    *out = (struct layout){.bytes = bytes};
    if ((cookie & 0xffff) == COOKIE_RUNS) {
        out->count = (cookie >> 16) + 1;
        out->is_run = bytes + at;
        at += (out->count + 7) / 8;
    } else if (cookie == COOKIE_PLAIN) {
        out->count = get_u32(bytes + at);
        at += 4;
    } else {
        return false;
    }
    if (out->count == 0 || out->count > LEAF_VALUES || size < at || (size - at) / 4 < out->count)
        return false;
    out->keys = bytes + at;
    at += (size_t)out->count * 4;
    if (!out->is_run || out->count >= OFFSETS_AT) {
        if ((size - at) / 4 < out->count)
            return false;
        out->offsets = bytes + at;
        at += (size_t)out->count * 4;
    }
    out->first = at;
    return true;
}

static bool is_run(const struct layout *l, uint32_t i)
{
    return l->is_run && (l->is_run[i / 8] >> (i % 8) & 1);
}

static uint32_t leaf_cardinality(const struct layout *l, uint32_t i)
{
    return get_u16(l->keys + (size_t)i * 4 + 2) + 1;
}

/* The bytes of container i, which begins at `at`; 0 when they do not fit size. */
static size_t leaf_bytes(const struct layout *l, uint32_t i, size_t at, size_t size)
{
    uint32_t cardinality = leaf_cardinality(l, i);
    size_t bytes = 0;

    if (is_run(l, i)) {
        if (at > size || size - at < 2)
            return 0;
        bytes = 2 + (size_t)get_u16(l->bytes + at) * 4;
    } else {
        bytes = cardinality > ARRAY_MAX ? BITMAP_BYTES : (size_t)cardinality * 2;
    }
    return at <= size && bytes <= size - at ? bytes : 0;
}

static size_t leaf_offset(const struct layout *l, uint32_t i)
{
    size_t at = l->first;

    if (l->offsets)
        return get_u32(l->offsets + (size_t)i * 4);
    for (uint32_t c = 0; c < i; c++)
        at += leaf_bytes(l, c, at, SIZE_MAX);
    return at;
}

static struct leaf leaf_at(const struct layout *l, uint32_t i)
{
    const uint8_t *data = l->bytes + leaf_offset(l, i);
    struct leaf v = {.key = get_u16(l->keys + (size_t)i * 4), .data = data};

    if (is_run(l, i)) {
        v.kind = LEAF_RUNS;
        v.count = get_u16(data);
        v.data = data + 2;
    } else {
        v.count = leaf_cardinality(l, i);
        v.kind = v.count > ARRAY_MAX ? LEAF_BITMAP : LEAF_ARRAY;
    }
    return v;
}

/* The first container with this key or a later one. */
static uint32_t leaf_find(const struct layout *l, uint32_t key)
{
    uint32_t low = 0, high = l->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (get_u16(l->keys + (size_t)middle * 4) < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- the validator --- */
static bool array_valid(const uint8_t *data, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (get_u16(data + (size_t)i * 2) <= get_u16(data + (size_t)i * 2 - 2))
            return false;
    }
    return true;
}

static bool runs_valid(const uint8_t *data, uint32_t cardinality)
{
    uint32_t count = get_u16(data), sum = 0;
    int64_t last = -2;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = get_u16(data + 2 + (size_t)i * 4), length = get_u16(data + 4 + (size_t)i * 4);

        if ((int64_t)start <= last + 1 || start + length > 65535)
            return false;
        last = (int64_t)start + length;
        sum += length + 1;
    }
    return sum == cardinality;
}

static bool leaf_valid(const struct layout *l, uint32_t i, const uint8_t *data)
{
    uint32_t cardinality = leaf_cardinality(l, i);
    uint32_t bits = 0;

    if (is_run(l, i))
        return runs_valid(data, cardinality);
    if (cardinality <= ARRAY_MAX)
        return array_valid(data, cardinality);
    for (int w = 0; w < BITMAP_BYTES / 8; w++)
        bits += (uint32_t)__builtin_popcountll(get_u64(data + (size_t)w * 8));
    return bits == cardinality;
}

bool docset_decode(struct str bytes, struct docset *out)
{
    struct layout l;
    const uint8_t *data = (const uint8_t *)bytes.data;
    uint64_t cardinality = 0;
    size_t at = 0;

    if (!layout_read(data, bytes.size, &l))
        return false;
    at = l.first;
    for (uint32_t i = 0; i < l.count; i++) {
        size_t size = leaf_bytes(&l, i, at, bytes.size);

        if (size == 0 || (l.offsets && get_u32(l.offsets + (size_t)i * 4) != at) ||
            (i > 0 && get_u16(l.keys + (size_t)i * 4) <= get_u16(l.keys + (size_t)i * 4 - 4)) ||
            !leaf_valid(&l, i, data + at))
            return false;
        cardinality += leaf_cardinality(&l, i);
        at += size;
    }
    if (at != bytes.size || cardinality > UINT32_MAX)
        return false;
    *out = (struct docset){
        .kind = DOCSET_ROARING, .cardinality = (uint32_t)cardinality, .data = bytes.data, .size_bytes = bytes.size};
    return true;
}

void docset_encode(const doc_id *docs, uint32_t count, struct buf *out)
{
    roaring_bitmap_t *set = roaring_bitmap_of_ptr(count, docs);
    char *to = NULL;

    assert(count > 0);
    if (!set)
        fatal("out of memory for a set");
    roaring_bitmap_run_optimize(set);
    while (out->size % 8)
        buf_put_u8(out, 0);
    to = buf_reserve(out, roaring_bitmap_portable_size_in_bytes(set));
    if (to)
        out->size += roaring_bitmap_portable_serialize(set, to);
    roaring_bitmap_free(set);
}

/* --- reading --- */
static struct layout layout_of(const struct docset *s)
{
    struct layout l = {0};

    if (!layout_read(s->data, s->size_bytes, &l))
        l.count = 0;
    return l;
}

/* Sets bits from..to (inclusive) of words. */
static void set_range(uint64_t *words, uint32_t from, uint32_t to)
{
    uint64_t first = ~UINT64_C(0) << (from & 63), last = ~UINT64_C(0) >> (63 - (to & 63));

    if (from / 64 == to / 64) {
        words[from / 64] |= first & last;
        return;
    }
    words[from / 64] |= first;
    for (uint32_t w = from / 64 + 1; w < to / 64; w++)
        words[w] = ~UINT64_C(0);
    words[to / 64] |= last;
}

/* The first value of the array >= low. */
static uint32_t leaf_array_lower(const struct leaf *v, uint32_t low)
{
    uint32_t from = 0, to = v->count;

    while (from < to) {
        uint32_t middle = (from + to) / 2;

        if (get_u16(v->data + (size_t)middle * 2) < low)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* The first run that ends at low or later. */
static uint32_t leaf_run_lower(const struct leaf *v, uint32_t low)
{
    uint32_t from = 0, to = v->count;

    while (from < to) {
        uint32_t middle = (from + to) / 2;
        const uint8_t *run = v->data + (size_t)middle * 4;

        if (get_u16(run) + get_u16(run + 2) < low)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* ORs values low..high (inclusive, within the container) into words, bit 0 of which is value low. */
static void leaf_or(const struct leaf *v, uint32_t low, uint32_t high, uint64_t *words)
{
    if (v->kind == LEAF_BITMAP) {
        for (uint32_t w = 0; w <= (high - low) / 64; w++)
            words[w] |= get_u64(v->data + (size_t)(low / 64 + w) * 8);
        return;
    }
    if (v->kind == LEAF_ARRAY) {
        for (uint32_t i = leaf_array_lower(v, low); i < v->count; i++) {
            uint32_t value = get_u16(v->data + (size_t)i * 2);

            if (value > high)
                return;
            words[(value - low) / 64] |= UINT64_C(1) << ((value - low) & 63);
        }
        return;
    }
    for (uint32_t i = leaf_run_lower(v, low); i < v->count; i++) {
        uint32_t start = get_u16(v->data + (size_t)i * 4), end = start + get_u16(v->data + (size_t)i * 4 + 2);

        if (start > high)
            return;
        set_range(words, (start > low ? start : low) - low, (end < high ? end : high) - low);
    }
}

void docset_window(const struct docset *s, doc_id base, uint64_t bits[64])
{
    if (s->kind == DOCSET_FLAT) {
        const uint64_t *words = (const uint64_t *)s->data + base / 64;
        size_t count = s->size_bytes / 8 > base / 64 ? s->size_bytes / 8 - base / 64 : 0;

        for (size_t w = 0; w < count && w < WINDOW / 64; w++)
            bits[w] |= words[w];
    } else if (s->kind == DOCSET_RANGE) {
        if (s->first < base + WINDOW && s->end > base)
            set_range(bits, s->first > base ? s->first - base : 0,
                      (s->end < base + WINDOW ? s->end - base : WINDOW) - 1);
    } else if (s->kind == DOCSET_ROARING) {
        struct layout l = layout_of(s);
        uint32_t i = leaf_find(&l, base >> 16);

        if (i < l.count && get_u16(l.keys + (size_t)i * 4) == base >> 16) {
            struct leaf v = leaf_at(&l, i);

            leaf_or(&v, base & 0xffff, (base & 0xffff) + WINDOW - 1, bits);
        }
    }
}

/* docs[from..to-1] are of the container. */
static void leaf_select(const struct leaf *v, const doc_id *docs, uint32_t from, uint32_t to, uint64_t *bits)
{
    for (uint32_t i = from; i < to; i++) {
        uint32_t low = docs[i] & 0xffff, at;
        bool in;

        if (v->kind == LEAF_BITMAP) {
            in = get_u64(v->data + (size_t)(low / 64) * 8) >> (low & 63) & 1;
        } else if (v->kind == LEAF_ARRAY) {
            at = leaf_array_lower(v, low);
            in = at < v->count && get_u16(v->data + (size_t)at * 2) == low;
        } else {
            at = leaf_run_lower(v, low);
            in = at < v->count && get_u16(v->data + (size_t)at * 4) <= low;
        }
        bits[i / 64] |= (uint64_t)in << (i & 63);
    }
}

static void roaring_select(const struct docset *s, const doc_id *docs, uint32_t count, uint64_t *bits)
{
    struct layout l = layout_of(s);

    for (uint32_t from = 0, to; from < count; from = to) {
        uint32_t key = docs[from] >> 16, i = leaf_find(&l, key);

        for (to = from + 1; to < count && docs[to] >> 16 == key;)
            to++;
        if (i < l.count && get_u16(l.keys + (size_t)i * 4) == key) {
            struct leaf v = leaf_at(&l, i);

            leaf_select(&v, docs, from, to, bits);
        }
    }
}

void docset_select(const struct docset *s, const doc_id *docs, uint32_t count, uint64_t bits[64])
{
    const uint64_t *words = s->data;

    if (s->kind == DOCSET_ROARING)
        roaring_select(s, docs, count, bits);
    for (uint32_t i = 0; s->kind == DOCSET_RANGE && i < count; i++)
        bits[i / 64] |= (uint64_t)(docs[i] >= s->first && docs[i] < s->end) << (i & 63);
    for (uint32_t i = 0; s->kind == DOCSET_FLAT && i < count && docs[i] / 64 < s->size_bytes / 8; i++)
        bits[i / 64] |= (words[docs[i] / 64] >> (docs[i] & 63) & 1) << (i & 63);
}

void docset_into(const struct docset *s, uint64_t *bits, uint32_t doc_count)
{
    uint32_t words = (doc_count + 63) / 64;

    if (doc_count == 0)
        return;
    if (s->kind == DOCSET_FLAT) {
        const uint64_t *from = s->data;

        for (uint32_t w = 0; w < words && w < s->size_bytes / 8; w++)
            bits[w] |= from[w];
    } else if (s->kind == DOCSET_RANGE) {
        doc_id end = s->end < doc_count ? s->end : doc_count;

        if (s->first < end)
            set_range(bits, s->first, end - 1);
    } else if (s->kind == DOCSET_ROARING) {
        struct layout l = layout_of(s);

        for (uint32_t i = 0; i < l.count; i++) {
            struct leaf v = leaf_at(&l, i);
            uint32_t base = v.key << 16;

            if (base >= doc_count)
                break;
            leaf_or(&v, 0, doc_count - base < LEAF_VALUES ? doc_count - base - 1 : LEAF_VALUES - 1, bits + base / 64);
        }
    }
}

bool docset_contains(const struct docset *s, doc_id doc)
{
    return docset_next(s, doc) == doc;
}

static doc_id flat_next(const struct docset *s, doc_id doc)
{
    const uint64_t *words = s->data;
    size_t count = s->size_bytes / 8;
    size_t w = doc / 64;
    uint64_t word = 0;

    if (w >= count)
        return DOC_NONE;
    word = words[w] & (~UINT64_C(0) << (doc & 63));
    while (!word) {
        if (++w >= count)
            return DOC_NONE;
        word = words[w];
    }
    return (doc_id)(w * 64 + (size_t)__builtin_ctzll(word));
}

/* The first value >= low of a container, or UINT32_MAX. */
static uint32_t leaf_next(const struct leaf *v, uint32_t low)
{
    uint32_t i = 0;

    if (v->kind == LEAF_ARRAY) {
        i = leaf_array_lower(v, low);
        return i < v->count ? get_u16(v->data + (size_t)i * 2) : UINT32_MAX;
    }
    if (v->kind == LEAF_RUNS) {
        uint32_t start = 0;

        i = leaf_run_lower(v, low);
        if (i >= v->count)
            return UINT32_MAX;
        start = get_u16(v->data + (size_t)i * 4);
        return start > low ? start : low;
    }
    for (uint32_t w = low / 64; w < BITMAP_BYTES / 8; w++) {
        uint64_t word = get_u64(v->data + (size_t)w * 8);

        if (w == low / 64)
            word &= ~UINT64_C(0) << (low & 63);
        if (word)
            return w * 64 + (uint32_t)__builtin_ctzll(word);
    }
    return UINT32_MAX;
}

doc_id docset_next(const struct docset *s, doc_id doc)
{
    struct layout l;

    if (s->kind == DOCSET_FLAT)
        return flat_next(s, doc);
    if (s->kind == DOCSET_RANGE)
        return doc >= s->end ? DOC_NONE : doc < s->first ? s->first : doc;
    if (s->kind == DOCSET_EMPTY)
        return DOC_NONE;
    l = layout_of(s);
    for (uint32_t i = leaf_find(&l, doc >> 16); i < l.count; i++) {
        struct leaf v = leaf_at(&l, i);
        uint32_t found = leaf_next(&v, v.key == doc >> 16 ? doc & 0xffff : 0);

        if (found != UINT32_MAX)
            return v.key << 16 | found;
    }
    return DOC_NONE;
}

static size_t leaf_list(const struct leaf *v, doc_id *out)
{
    doc_id base = v->key << 16;
    size_t n = 0;

    if (v->kind == LEAF_ARRAY) {
        for (; n < v->count; n++)
            out[n] = base | get_u16(v->data + n * 2);
    } else if (v->kind == LEAF_RUNS) {
        for (uint32_t i = 0; i < v->count; i++) {
            uint32_t start = get_u16(v->data + (size_t)i * 4), length = get_u16(v->data + (size_t)i * 4 + 2);

            for (uint32_t k = 0; k <= length; k++)
                out[n++] = base + start + k;
        }
    } else {
        for (uint32_t w = 0; w < BITMAP_BYTES / 8; w++) {
            for (uint64_t word = get_u64(v->data + (size_t)w * 8); word; word &= word - 1)
                out[n++] = base + w * 64 + (uint32_t)__builtin_ctzll(word);
        }
    }
    return n;
}

void docset_list(const struct docset *s, doc_id *out)
{
    if (s->kind == DOCSET_RANGE) {
        for (doc_id d = s->first; d < s->end; d++)
            *out++ = d;
    } else if (s->kind == DOCSET_FLAT) {
        const uint64_t *words = s->data;

        for (size_t w = 0; w < s->size_bytes / 8; w++) {
            for (uint64_t word = words[w]; word; word &= word - 1)
                *out++ = (doc_id)(w * 64 + (size_t)__builtin_ctzll(word));
        }
    } else if (s->kind == DOCSET_ROARING) {
        struct layout l = layout_of(s);

        for (uint32_t i = 0; i < l.count; i++) {
            struct leaf v = leaf_at(&l, i);

            out += leaf_list(&v, out);
        }
    }
}
