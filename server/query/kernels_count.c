#include "server/query/kernels_count.h"

#include <stdatomic.h>
#include <stddef.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

/* --- plain C --- */
static bool always(void)
{
    return true;
}

/* Two histograms in turn, so that equal neighbours do not wait for each other. */
static void plain_u8(const uint8_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts)
{
    uint32_t odd[256] = {0};

    for (MASK_WORDS(m, w)) {
        const uint8_t *at = codes + w * 64;
        uint64_t x = m->bits[w];
        while (x) {
            uint8_t code = at[__builtin_ctzll(x)];
            counts[code <= limit ? code : 0]++;
            x &= x - 1;
            if (!x)
                break;
            code = at[__builtin_ctzll(x)];
            odd[code <= limit ? code : 0]++;
            x &= x - 1;
        }
    }
    for (uint32_t k = 0; k < 256; k++)
        counts[k] += odd[k];
}

static void plain_u16(const uint16_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts)
{
    for (MASK_WORDS(m, w)) {
        for (uint64_t x = m->bits[w]; x; x &= x - 1) {
            uint32_t at = codes[w * 64 + (uint64_t)__builtin_ctzll(x)];
            counts[at <= limit ? at : 0]++;
        }
    }
}

#ifdef __x86_64__
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,popcnt")))

/* With up to so many values, comparing is faster than counting one by one. */
#define FEW       40
#define FEW_FROM  12 /* documents of 64, on an average */
#define PACK_FROM 128
#define ONCE      4 /* values compared in one go through the window */

static bool has_wide(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
}

WIDE static void compare_u8(const uint8_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts)
{
    for (uint32_t v = 1; v <= limit; v += ONCE) {
        uint64_t n[ONCE] = {0};
        __m512i value[ONCE];
        for (uint32_t i = 0; i < ONCE; i++)
            value[i] = _mm512_set1_epi8((char)(v + i));
        for (MASK_WORDS(m, w)) {
            __mmask64 x = m->bits[w];
            if (v == 1)
                __builtin_prefetch(codes + WINDOW_DOCS + w * 64);
            __m512i of = _mm512_maskz_loadu_epi8(x, codes + w * 64); /* reads nothing that is not in the mask */
            for (uint32_t i = 0; i < ONCE; i++)
                n[i] += (uint64_t)__builtin_popcountll(_mm512_mask_cmpeq_epi8_mask(x, of, value[i]));
        }
        for (uint32_t i = 0; i < ONCE && v + i <= limit; i++)
            counts[v + i] += (uint32_t)n[i];
    }
}

WIDE static void pack_u8(const uint8_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts)
{
    uint8_t packed[WINDOW_DOCS + 64];
    uint32_t n = 0, i = 0, more[3][256];
    __m512i most = _mm512_set1_epi8((char)(limit > 255 ? 255 : limit));

    for (MASK_WORDS(m, w)) {
        __mmask64 x = m->bits[w];
        __m512i of = _mm512_maskz_loadu_epi8(x, codes + w * 64);
        __builtin_prefetch(codes + WINDOW_DOCS + w * 64); /* the next window begins behind a page's end */
        x = _mm512_mask_cmple_epu8_mask(x, of, most);
        _mm512_storeu_si512(packed + n, _mm512_maskz_compress_epi8(x, of));
        n += (uint32_t)__builtin_popcountll(x);
    }
    memset(more, 0, sizeof(more));
    for (; i + 8 <= n; i += 8) {
        uint64_t eight;
        memcpy(&eight, packed + i, sizeof(eight));
        counts[eight & 255]++;
        more[0][eight >> 8 & 255]++;
        more[1][eight >> 16 & 255]++;
        more[2][eight >> 24 & 255]++;
        counts[eight >> 32 & 255]++;
        more[0][eight >> 40 & 255]++;
        more[1][eight >> 48 & 255]++;
        more[2][eight >> 56]++;
    }
    for (; i < n; i++)
        counts[packed[i]]++;
    for (uint32_t k = 0; k < 256; k++)
        counts[k] += more[0][k] + more[1][k] + more[2][k];
}

WIDE static void wide_u8(const uint8_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts)
{
    uint32_t words = (uint32_t)__builtin_popcountll(m->active), n = mask_count(m);

    if (limit <= FEW && n >= words * FEW_FROM)
        compare_u8(codes, m, limit, counts);
    else if (n < PACK_FROM)
        plain_u8(codes, m, limit, counts);
    else
        pack_u8(codes, m, limit, counts);
}

WIDE static inline uint32_t pack_half(const uint16_t *codes, uint32_t bits, __m512i most, uint16_t *to)
{
    __mmask32 x = bits;
    __m512i of = _mm512_maskz_loadu_epi16(x, codes);

    x = _mm512_mask_cmple_epu16_mask(x, of, most);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi16(x, of));
    return (uint32_t)__builtin_popcount(x);
}

WIDE static void wide_u16(const uint16_t *codes, const struct mask *m, uint32_t limit, uint32_t *counts)
{
    uint16_t packed[WINDOW_DOCS + 32];
    __m512i most = _mm512_set1_epi16((short)(limit > UINT16_MAX ? UINT16_MAX : limit));
    uint32_t n = 0;

    for (MASK_WORDS(m, w)) {
        __builtin_prefetch(codes + WINDOW_DOCS + w * 64);
        __builtin_prefetch(codes + WINDOW_DOCS + w * 64 + 32);
        n += pack_half(codes + w * 64, (uint32_t)m->bits[w], most, packed + n);
        n += pack_half(codes + w * 64 + 32, (uint32_t)(m->bits[w] >> 32), most, packed + n);
    }
    for (uint32_t i = 0; i < n; i++)
        counts[packed[i]]++;
}
#endif

const struct count_kernels COUNT_KERNELS[] = {
#ifdef __x86_64__
    {"AVX-512", has_wide, wide_u8, wide_u16},
#endif
    {"plain C", always, plain_u8, plain_u16},
};
const uint32_t COUNT_KERNELS_COUNT = sizeof(COUNT_KERNELS) / sizeof(COUNT_KERNELS[0]);

const struct count_kernels *count_kernels(void)
{
    static _Atomic(const struct count_kernels *) chosen;
    const struct count_kernels *k = atomic_load_explicit(&chosen, memory_order_relaxed);

    for (uint32_t i = 0; !k && i < COUNT_KERNELS_COUNT; i++) {
        if (COUNT_KERNELS[i].fits())
            k = &COUNT_KERNELS[i];
    }
    atomic_store_explicit(&chosen, k, memory_order_relaxed);
    return k;
}
