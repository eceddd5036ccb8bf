#ifndef AISLE_BASE_JSON_INTERNAL_H
#define AISLE_BASE_JSON_INTERNAL_H

/* Scanning strings eight bytes at a time, for the parser and the writer. */
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

/* The first byte at or behind `at` that ends a plain run: a quote, a backslash, a control character; or the end.
 * *not_ascii is set when the run holds other than ASCII. */
static inline const char *json_plain_end(const char *at, const char *end, bool *not_ascii)
{
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
