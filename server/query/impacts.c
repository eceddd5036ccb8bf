#include "server/query/impacts.h"

#include <math.h>
#include <stdlib.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#define HEAD 64 /* bytes of a list before its values */

static const struct kept_limits LIMITS = {.lists = 2048, .age = 1u << 17, .bytes = IMPACT_BYTES};

void impact_cache_clear(struct impact_cache *c)
{
    kept_lists_clear(&c->lists);
}

void impact_cache_begin(struct impact_cache *c)
{
    kept_lists_begin(&c->lists);
}

/* --- which lists --- */
static bool still_right(const struct impact_cache *c, const struct scorer *s)
{
    if (c->k1 != s->k1 || c->field_count != s->field_count)
        return false;
    for (uint32_t f = 0; f < s->field_count; f++) {
        double moved = (double)s->average[f] / (double)c->average[f];
        if (c->weight[f] != s->weight[f] || c->b[f] != s->b[f] || fabs(moved - 1) > (IMPACT_SLACK - 1) / 2.1)
            return false;
    }
    return true;
}

static void start_for(struct impact_cache *c, const struct scorer *s)
{
    if (c->lists.lists && still_right(c, s))
        return;
    impact_cache_clear(c); /* within a search the scorer is the same */
    c->k1 = s->k1;
    c->field_count = s->field_count;
    memcpy(c->average, s->average, sizeof(c->average));
    memcpy(c->weight, s->weight, sizeof(c->weight));
    memcpy(c->b, s->b, sizeof(c->b));
}

/* --- making them --- */
uint8_t impact_of_part(double part)
{
    double n = ceil(part * IMPACT_MOST - 1e-6);

    return n <= 0 ? 0 : n > IMPACT_MOST ? IMPACT_MOST + 1 : (uint8_t)n;
}

static uint8_t value_of(const struct impact_source *s, doc_id doc, uint32_t index)
{
    const struct window *w = s->window;
    const uint8_t *lengths = w->lengths + (size_t)doc * w->length_stride;
    double tf, part;
    uint8_t n;

    if (index >= w->fact_count || doc >= w->doc_count)
        return 0;
    if (s->places[2 * (size_t)index] != SCORE_SUM)
        tf = (double)score_tf_of_places(s->scorer, &s->places[2 * (size_t)index], lengths);
    else
        tf = scorer_tf(s->scorer, s->flat ? fact_flat(w->facts[index]) : w->facts[index], lengths);
    part = tf / (s->scorer->k1 + tf) * IMPACT_SLACK;
    n = impact_of_part(part + 1e-5);
    return (uint8_t)((n > IMPACT_MOST ? IMPACT_MOST : n) | (w->facts[index] & s->title ? IMPACT_TITLED : 0));
}

static void put_value(struct impact_list *l, uint32_t rank, doc_id doc, uint8_t value)
{
    uint8_t worth = value & IMPACT_MOST, *most = &l->window[doc / WINDOW_DOCS];

    l->values[rank] = value;
    *most = worth > *most ? worth : *most;
}

static void make_dense(struct impact_list *l, const struct postings *p, const struct impact_source *s)
{
    uint32_t rank = 0, words = (s->window->doc_count + 63) / 64;

    for (uint32_t i = 0; i < words; i++) {
        for (uint64_t x = p->bits[i]; x && rank < p->df; x &= x - 1, rank++) {
            doc_id doc = i * 64 + (doc_id)__builtin_ctzll(x);
            put_value(l, rank, doc, value_of(s, doc, cursor_dense_fact(p, rank)));
        }
    }
}

static void make_packed(struct impact_list *l, const struct postings *p, const struct impact_source *s)
{
    doc_id docs[POSTINGS_BLOCK];
    uint32_t facts[POSTINGS_BLOCK];

    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t n = postings_block(p, b, docs, facts);
        for (uint32_t i = 0; i < n; i++) {
            if (docs[i] < s->window->doc_count)
                put_value(l, b * POSTINGS_BLOCK + i, docs[i], value_of(s, docs[i], facts[i]));
        }
    }
}

static const struct impact_list *make(struct impact_cache *c, struct kept_list *kept, size_t size,
                                      const struct postings *p, const struct impact_source *source)
{
    uint32_t windows = source->window->doc_count / WINDOW_DOCS + 1;
    struct impact_list *l = kept_lists_put(&c->lists, kept, size);

    l->values = (uint8_t *)l + HEAD;
    l->window = (uint8_t *)l + size - windows;
    if (p->bits)
        make_dense(l, p, source);
    else
        make_packed(l, p, source);
    for (uint32_t i = 0; i < windows; i++)
        l->most = l->window[i] > l->most ? l->window[i] : l->most;
    return l;
}

const struct impact_list *impacts_of(struct impact_cache *c, const struct cursor *cursor,
                                     const struct impact_source *source)
{
    const struct postings *p = &cursor->postings;
    const uint64_t key[KEPT_KEY] = {shard_uid(source->window->shard),
                                    (uint64_t)(uintptr_t)(p->bits ? (const void *)p->bits : p->data),
                                    cursor->serial_of_list, source->flat ? ~source->title : source->title};
    size_t size = HEAD + (size_t)p->df + POSTINGS_BLOCK + source->window->doc_count / WINDOW_DOCS + 1;
    struct kept_list *kept;

    if (p->df < IMPACT_POSTINGS || size > IMPACT_BYTES)
        return NULL;
    start_for(c, source->scorer);
    kept = kept_lists_ask(&c->lists, &LIMITS, key);
    if (!kept || kept->data)
        return kept ? kept->data : NULL;
    if (kept->asked == 1 || !kept_lists_room(&c->lists, kept, size))
        return NULL;
    return make(c, kept, size, p, source);
}

/* --- asking them --- */
uint64_t impacts_at_least_plain(const uint8_t *values, const uint8_t least[2])
{
    uint64_t out = 0;

    for (uint32_t i = 0; i < 64; i++) {
        bool titled = values[i] & IMPACT_TITLED;
        out |= (uint64_t)((values[i] & IMPACT_MOST) >= least[titled]) << i;
    }
    return out;
}

#ifdef __AVX2__
/* As signed bytes titled values are below 0: x - 128 where x is what they are worth. */
static inline uint32_t half_at_least(const uint8_t *values, __m256i plain, __m256i titled)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)values);
    __m256i zero = _mm256_setzero_si256();
    __m256i in_plain = _mm256_cmpgt_epi8(v, plain);
    __m256i in_titled = _mm256_and_si256(_mm256_cmpgt_epi8(v, titled), _mm256_cmpgt_epi8(zero, v));

    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(in_plain, in_titled));
}

uint64_t impacts_at_least(const uint8_t *values, const uint8_t least[2])
{
    /* least - 1 as a signed byte; for plain values 0 means any of 0 to 127 */
    __m256i plain = _mm256_set1_epi8((char)(least[0] - 1)), titled;

    if (least[1] == 0)
        return impacts_at_least_plain(values, least);
    titled = _mm256_set1_epi8((char)(least[1] - 1 - 128));
    return half_at_least(values, plain, titled) | (uint64_t)half_at_least(values + 32, plain, titled) << 32;
}

static inline uint64_t spread(uint64_t bits, uint64_t over)
{
    return _pdep_u64(bits, over);
}
#else
uint64_t impacts_at_least(const uint8_t *values, const uint8_t least[2])
{
    return impacts_at_least_plain(values, least);
}

/* Bit i of bits goes to where the bit number i of over is. */
static inline uint64_t spread(uint64_t bits, uint64_t over)
{
    uint64_t out = 0;

    for (; over; over &= over - 1, bits >>= 1)
        out |= bits & 1 ? over & -over : 0;
    return out;
}
#endif

static void dense_window(const uint8_t *values, const struct postings *p, const struct window *w,
                         const uint8_t least[2], struct mask *out)
{
    uint32_t rank = p->block_ranks[w->base / WINDOW_DOCS], words = (w->count + 63) / 64;

    for (uint32_t i = 0; i < words; i++) {
        uint64_t have = p->bits[w->base / 64 + i], in;
        if (!have || rank >= p->df)
            continue;
        in = spread(impacts_at_least(values + rank, least), have);
        out->bits[i] |= in;
        out->active |= (uint64_t)(in != 0) << i;
        rank += (uint32_t)__builtin_popcountll(have);
    }
}

void impacts_window(const uint8_t *values, const struct cursor *c, const struct window *w, const uint8_t least[2],
                    struct mask *out)
{
    if (c->postings.bits) {
        dense_window(values, &c->postings, w, least, out);
        return;
    }
    values += (size_t)c->facts_block * POSTINGS_BLOCK + c->facts_at;
    for (uint32_t i = 0; i < c->count; i += 64) {
        uint64_t in = impacts_at_least(values + i, least);
        if (c->count - i < 64)
            in &= (1ull << (c->count - i)) - 1;
        for (; in; in &= in - 1)
            mask_set(out, c->offsets[i + (uint32_t)__builtin_ctzll(in)]);
    }
}

/* --- adding them up --- */
/* value * weight / 128: as (value << 9) * weight / 65536, which a vector does at once. */
static inline void sum_one(const struct impact_sums *to, uint32_t offset, uint8_t value)
{
    impacts_sum_one(to, offset, (value & IMPACT_MOST) * to->weight >> 7, value >> 7);
}

void impacts_sum_plain(const uint8_t *values, const uint64_t *bits, uint32_t words, const struct impact_sums *to)
{
    for (uint32_t i = 0; i < words; i++) {
        if (!(to->active >> i & 1)) {
            values += __builtin_popcountll(bits[i]);
            continue;
        }
        for (uint64_t x = bits[i]; x; x &= x - 1)
            sum_one(to, i * 64 + (uint32_t)__builtin_ctzll(x), *values++);
    }
}

#ifdef __x86_64__
#define WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vbmi2,popcnt")))
static bool has_wide(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2");
}

WIDE static void spread_wide(const uint8_t *values, const uint64_t *bits, uint32_t words, uint8_t *out)
{
    for (uint32_t i = 0; i < words; i++) {
        __m512i v = _mm512_loadu_si512((const void *)values);
        _mm512_storeu_si512((void *)(out + (size_t)i * 64), _mm512_maskz_expand_epi8(bits[i], v));
        values += __builtin_popcountll(bits[i]);
    }
}

/* 32 values, as bytes below 128. */
WIDE static inline void sum_half(__m256i values, const struct impact_sums *to, uint16_t *sums)
{
    __m512i v = _mm512_slli_epi16(_mm512_cvtepu8_epi16(values), 9), sum = _mm512_loadu_si512((const void *)sums);

    v = _mm512_mulhi_epu16(v, _mm512_set1_epi16((short)to->weight));
    _mm512_storeu_si512((void *)sums, to->raise ? _mm512_max_epu16(sum, v) : _mm512_adds_epu16(sum, v));
}

WIDE static void sum_wide(const uint8_t *values, const uint64_t *bits, uint32_t words, const struct impact_sums *to)
{
    for (uint32_t i = 0; i < words; i++) {
        if (to->active >> i & 1 && bits[i]) {
            __m512i v = _mm512_maskz_expand_epi8(bits[i], _mm512_loadu_si512((const void *)values));
            to->titled[i] |= _mm512_movepi8_mask(v);
            v = _mm512_and_si512(v, _mm512_set1_epi8(IMPACT_MOST));
            sum_half(_mm512_castsi512_si256(v), to, to->sums + (size_t)i * 64);
            sum_half(_mm512_extracti64x4_epi64(v, 1), to, to->sums + (size_t)i * 64 + 32);
        }
        values += __builtin_popcountll(bits[i]);
    }
}

WIDE static void sum_where_wide(const uint64_t *bits, uint64_t active, uint16_t amount, uint16_t *sums)
{
    __m512i more = _mm512_set1_epi16((short)amount);

    for (; active; active &= active - 1) {
        unsigned i = (unsigned)__builtin_ctzll(active);
        uint16_t *at = sums + (size_t)i * 64;
        __m512i a = _mm512_loadu_si512((const void *)at), b = _mm512_loadu_si512((const void *)(at + 32));
        if (!bits[i])
            continue;
        _mm512_storeu_si512((void *)at, _mm512_mask_adds_epu16(a, (__mmask32)bits[i], a, more));
        _mm512_storeu_si512((void *)(at + 32), _mm512_mask_adds_epu16(b, (__mmask32)(bits[i] >> 32), b, more));
    }
}
#else
static bool has_wide(void)
{
    return false;
}

static void spread_wide(const uint8_t *values, const uint64_t *bits, uint32_t words, uint8_t *out)
{
    impacts_spread_plain(values, bits, words, out);
}

static void sum_wide(const uint8_t *values, const uint64_t *bits, uint32_t words, const struct impact_sums *to)
{
    impacts_sum_plain(values, bits, words, to);
}

static void sum_where_wide(const uint64_t *bits, uint64_t active, uint16_t amount, uint16_t *sums)
{
    (void)bits, (void)active, (void)amount, (void)sums;
}
#endif

void impacts_spread_plain(const uint8_t *values, const uint64_t *bits, uint32_t words, uint8_t *out)
{
    for (uint32_t i = 0; i < words; i++) {
        for (uint64_t x = bits[i]; x; x &= x - 1)
            out[(size_t)i * 64 + (size_t)__builtin_ctzll(x)] = *values++;
    }
}

void impacts_spread_bits(const uint8_t *values, const uint64_t *bits, uint32_t words, uint8_t *out)
{
    if (has_wide())
        spread_wide(values, bits, words, out);
    else
        impacts_spread_plain(values, bits, words, out);
}

/* The window's bits of a dense list, and *values moved to the first of them. NULL: the list is no list. */
static const uint64_t *window_bits(const struct postings *p, const struct window *w, const uint8_t **values)
{
    const uint64_t *bits = p->bits + w->base / 64;
    uint32_t rank = p->block_ranks[w->base / WINDOW_DOCS], words = (w->count + 63) / 64, end = rank;

    for (uint32_t i = 0; i < words; i++)
        end += (uint32_t)__builtin_popcountll(bits[i]);
    if (rank > end || end > p->df)
        return NULL;
    *values += rank;
    return bits;
}

void impacts_spread(const uint8_t *values, const struct cursor *c, const struct window *w, uint8_t *out)
{
    const struct postings *p = &c->postings;

    if (p->bits) {
        const uint64_t *bits = window_bits(p, w, &values);
        if (bits)
            impacts_spread_bits(values, bits, (w->count + 63) / 64, out);
        return;
    }
    values += (size_t)c->facts_block * POSTINGS_BLOCK + c->facts_at;
    for (uint32_t i = 0; i < c->count; i++)
        out[c->offsets[i]] = values[i];
}

void impacts_spread_more(const uint8_t *values, const struct cursor *c, uint8_t *out)
{
    values += (size_t)c->facts_block * POSTINGS_BLOCK + c->facts_at;
    for (uint32_t i = 0; i < c->count; i++) {
        uint8_t *to = &out[c->offsets[i]];
        *to = *to + values[i] > UINT8_MAX ? UINT8_MAX : (uint8_t)(*to + values[i]);
    }
}

void impacts_sum_bits(const uint8_t *values, const uint64_t *bits, uint32_t words, const struct impact_sums *to)
{
    if (has_wide())
        sum_wide(values, bits, words, to);
    else
        impacts_sum_plain(values, bits, words, to);
}

void impacts_sum(const uint8_t *values, const struct cursor *c, const struct window *w, const struct impact_sums *to)
{
    const struct postings *p = &c->postings;

    if (p->bits) {
        const uint64_t *bits = window_bits(p, w, &values);
        if (bits)
            impacts_sum_bits(values, bits, (w->count + 63) / 64, to);
        return;
    }
    values += (size_t)c->facts_block * POSTINGS_BLOCK + c->facts_at;
    for (uint32_t i = 0; i < c->count; i++) {
        if (to->active >> (c->offsets[i] >> 6) & 1)
            sum_one(to, c->offsets[i], values[i]);
    }
}

void impacts_sum_most(const struct mask *m, const struct impact_sums *to)
{
    for (MASK_WORDS(m, i)) {
        for (uint64_t x = to->active >> i & 1 ? m->bits[i] : 0; x; x &= x - 1)
            sum_one(to, (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(x), IMPACT_TITLED | IMPACT_MOST);
    }
}

void impacts_sum_all(const uint8_t values[WINDOW_DOCS], const struct impact_sums *to)
{
    for (uint64_t left = to->active; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        const uint64_t all = ~0ull;
        struct impact_sums word = *to;
        word.active = 1;
        word.sums += (size_t)i * 64;
        word.titled += i;
        impacts_sum_bits(values + (size_t)i * 64, &all, 1, &word);
    }
}

void impacts_sum_where(const uint64_t *bits, uint64_t active, uint16_t amount, uint16_t *sums)
{
    if (has_wide()) {
        sum_where_wide(bits, active, amount, sums);
        return;
    }
    for (; active; active &= active - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(active);
        for (uint64_t x = bits[i]; x; x &= x - 1) {
            uint16_t *sum = &sums[i * 64 + (uint32_t)__builtin_ctzll(x)];
            *sum = *sum + amount > UINT16_MAX ? UINT16_MAX : (uint16_t)(*sum + amount);
        }
    }
}
