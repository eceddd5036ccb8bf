#ifndef AISLE_BASE_JSON_INTERNAL_H
#define AISLE_BASE_JSON_INTERNAL_H

/* Scanning strings eight or sixteen bytes at a time, for the parser and the writer. */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "indexer/base/str.h"

#define JSON_ONES UINT64_C(0x0101010101010101)
#define JSON_TOPS UINT64_C(0x8080808080808080)

/* Not 0 when one of the eight bytes is a quote, a backslash, a control character or not ASCII. (A borrow into the next
 * byte starts only at such a byte, so there are no false alarms.) */
static inline uint64_t json_special_bytes(uint64_t word)
{
    uint64_t quote = word ^ (JSON_ONES * '"');
    uint64_t backslash = word ^ (JSON_ONES * '\\');
    return ((quote - JSON_ONES) | (backslash - JSON_ONES) | (word - JSON_ONES * 0x20) | word) & JSON_TOPS;
}

/* The first byte at or behind `at` that is one of those, or where fewer than sixteen are left. */
static inline const char *json_special_find(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* As signed bytes, those of other text than ASCII are below the space, too. */
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        int bits = _mm_movemask_epi8(_mm_or_si128(found, _mm_cmplt_epi8(bytes, space)));
        if (bits)
            return at + __builtin_ctz((unsigned)bits);
    }
#else
    (void)end;
#endif
    return at;
}

/* The first byte at or behind `at` that ends a plain run: a quote, a backslash, a control character; or the end.
 * *not_ascii is set when the run holds other than ASCII. */
static inline const char *json_plain_end(const char *at, const char *end, bool *not_ascii)
{
    at = json_special_find(at, end);
    while ((size_t)(end - at) >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        if (json_special_bytes(word)) {
            break;
        }
        at += sizeof(word);
    }
    for (; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\' || c < 0x20) {
            break;
        }
        if (c >= 0x80) {
            *not_ascii = true;
        }
    }
    return at;
}

#endif
