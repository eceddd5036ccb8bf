#ifndef AISLE_SERVER_QUERY_KERNELS_H
#define AISLE_SERVER_QUERY_KERNELS_H

/*
 * Loops over codes in vectors, 64 documents at a time, and the same in plain C, which other processors use and tests
 * compare with.
 */
#include <stdbool.h>
#include <stdint.h>
#ifdef __x86_64__
#include <immintrin.h>
/* The engine is compiled for processors that have it; tests and benches that include this are not. */
#define KERNEL_TARGET __attribute__((target("avx2")))
#endif

/* Bit i: low <= codes[i] <= high, of 64 codes. */
static inline uint64_t kernel_in_range_plain(const uint16_t *codes, uint16_t low, uint16_t high)
{
    uint64_t out = 0;

    for (uint32_t i = 0; i < 64; i++)
        out |= (uint64_t)((codes[i] >= low) & (codes[i] <= high)) << i;
    return out;
}

/* Whether 64 codes are the same. */
static inline bool kernel_all_equal_plain(const uint16_t *codes)
{
    uint16_t differ = 0;

    for (uint32_t i = 1; i < 64; i++)
        differ |= codes[i] ^ codes[0];
    return differ == 0;
}

/* The first of counts[from..end-1] that is not 0; end when there is none. */
static inline uint32_t kernel_next_used(const uint32_t *counts, uint32_t from, uint32_t end)
{
    for (; from % 8 && from < end; from++) {
        if (counts[from])
            return from;
    }
    for (; from + 8 <= end; from += 8) {
        uint32_t any = 0;
        for (uint32_t i = 0; i < 8; i++)
            any |= counts[from + i];
        if (any)
            break;
    }
    while (from < end && !counts[from])
        from++;
    return from;
}

#ifdef __x86_64__
/* 32 of them. A code is in the range when code - low, as an unsigned number, is at most high - low. */
KERNEL_TARGET static inline uint32_t kernel_in_range_half(const uint16_t *codes, __m256i low, __m256i span)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)codes);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(codes + 16));
    __m256i zero = _mm256_setzero_si256();

    a = _mm256_cmpeq_epi16(_mm256_subs_epu16(_mm256_sub_epi16(a, low), span), zero);
    b = _mm256_cmpeq_epi16(_mm256_subs_epu16(_mm256_sub_epi16(b, low), span), zero);
    /* Packing goes by halves of 128 bits: put the quarters back in order. */
    a = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xd8);
    return (uint32_t)_mm256_movemask_epi8(a);
}

KERNEL_TARGET static inline uint64_t kernel_in_range(const uint16_t *codes, uint16_t low, uint16_t high)
{
    __m256i first = _mm256_set1_epi16((short)low), span = _mm256_set1_epi16((short)(high - low));

    if (low > high)
        return 0;
    return kernel_in_range_half(codes, first, span) | (uint64_t)kernel_in_range_half(codes + 32, first, span) << 32;
}

KERNEL_TARGET static inline bool kernel_all_equal(const uint16_t *codes)
{
    const __m256i *at = (const __m256i *)(const void *)codes;
    __m256i first = _mm256_set1_epi16((short)codes[0]);
    __m256i a = _mm256_xor_si256(_mm256_loadu_si256(at), first);
    __m256i b = _mm256_xor_si256(_mm256_loadu_si256(at + 1), first);
    __m256i c = _mm256_xor_si256(_mm256_loadu_si256(at + 2), first);
    __m256i d = _mm256_xor_si256(_mm256_loadu_si256(at + 3), first);

    a = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
    return _mm256_testz_si256(a, a);
}
#else
static inline uint64_t kernel_in_range(const uint16_t *codes, uint16_t low, uint16_t high)
{
    return kernel_in_range_plain(codes, low, high);
}

static inline bool kernel_all_equal(const uint16_t *codes)
{
    return kernel_all_equal_plain(codes);
}
#endif

#endif
