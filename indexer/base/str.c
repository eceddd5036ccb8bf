#include "indexer/base/str.h"

/* What a code point that cannot be decoded becomes. */
enum { REPLACEMENT = 0xFFFD };

int str_compare(struct str a, struct str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.size >= prefix.size && (prefix.size == 0 || memcmp(s.data, prefix.data, prefix.size) == 0);
}

bool str_ends_with(struct str s, struct str suffix)
{
    return s.size >= suffix.size &&
           (suffix.size == 0 || memcmp(s.data + s.size - suffix.size, suffix.data, suffix.size) == 0);
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.size == 0) {
        return 0;
    }
    const char *at = s.size ? memmem(s.data, s.size, needle.data, needle.size) : NULL;
    return at ? (size_t)(at - s.data) : SIZE_MAX;
}

size_t str_find_char(struct str s, char c)
{
    const char *at = s.size ? memchr(s.data, c, s.size) : NULL;
    return at ? (size_t)(at - s.data) : SIZE_MAX;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.size;
    while (from < to && is_space(s.data[from])) {
        from++;
    }
    while (to > from && is_space(s.data[to - 1])) {
        to--;
    }
    return (struct str){s.data ? s.data + from : NULL, to - from};
}

struct str str_split(struct str *rest, char separator)
{
    struct str piece = *rest;
    size_t at = str_find_char(*rest, separator);
    if (at == SIZE_MAX) {
        *rest = (struct str){NULL, 0};
    } else {
        piece.size = at;
        *rest = (struct str){rest->data + at + 1, rest->size - at - 1};
    }
    return piece;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/*
 * The length of the well-formed sequence at p, or 0 (Unicode 15, table 3-7). Only the second byte's range depends on
 * the first: it keeps out overlong forms (E0, F0), surrogates (ED) and what is over U+10FFFF (F4).
 */
static size_t sequence_size(const uint8_t *p, size_t left)
{
    uint8_t first = p[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4 || left < 2) {
        return 0;
    }
    if (first < 0xE0) {
        return is_continuation(p[1]) ? 2 : 0;
    }
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high || left < 3 || !is_continuation(p[2])) {
        return 0;
    }
    if (first < 0xF0) {
        return 3;
    }
    return left >= 4 && is_continuation(p[3]) ? 4 : 0;
}

size_t str_ascii_end(struct str s, size_t at)
{
    for (; at + sizeof(uint64_t) <= s.size; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, s.data + at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080)) {
            break;
        }
    }
    while (at < s.size && !((uint8_t)s.data[at] & 0x80)) {
        at++;
    }
    return at;
}

bool str_utf8_valid(struct str s, size_t *bad_at)
{
    const uint8_t *p = (const uint8_t *)s.data;
    size_t at = 0;
    while (at < s.size) {
        uint64_t word;
        while (s.size - at >= sizeof(word)) {
            memcpy(&word, p + at, sizeof(word));
            if (word & UINT64_C(0x8080808080808080)) {
                break;
            }
            at += sizeof(word);
        }
        if (at == s.size) {
            break;
        }
        size_t size = sequence_size(p + at, s.size - at);
        if (size == 0) {
            if (bad_at) {
                *bad_at = at;
            }
            return false;
        }
        at += size;
    }
    return true;
}

uint32_t str_utf8_next(struct str s, size_t *at)
{
    const uint8_t *p = (const uint8_t *)s.data + *at;
    size_t size = sequence_size(p, s.size - *at);
    *at += size ? size : 1;
    switch (size) {
    case 1:
        return p[0];
    case 2:
        return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    case 3:
        return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 |
               (p[3] & 0x3F);
    default:
        return REPLACEMENT;
    }
}

size_t str_utf8_cut(struct str s, size_t limit)
{
    if (s.size < limit) {
        return s.size;
    }
    const uint8_t *p = (const uint8_t *)s.data;
    /* Go back to the start of the code point that ends at or spans the limit; it stays when it ends there. */
    size_t start = limit;
    for (int back = 0; back < 4 && start > 0; back++) {
        start--;
        if (!is_continuation(p[start])) {
            break;
        }
    }
    if (start == limit || p[start] < 0xC0) {
        return limit; /* ASCII, nothing, or bytes that are not UTF-8 anyway */
    }
    size_t wanted = p[start] < 0xE0 ? 2 : p[start] < 0xF0 ? 3 : 4;
    return start + wanted > limit ? start : limit;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    if (s.size == 0) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return false;
        }
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool negative = s.size > 0 && s.data[0] == '-';
    uint64_t value;
    if (!str_to_u64(negative ? str_slice(s, 1, s.size) : s, &value)) {
        return false;
    }
    if (value > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = (int64_t)(negative ? 0 - value : value);
    return true;
}

size_t str_utf8_put(uint32_t c, char out[4])
{
    size_t n = 0;
    if (c < 0x80) {
        out[n++] = (char)c;
        return n;
    }
    if (c < 0x800) {
        out[n++] = (char)(0xc0 | (c >> 6));
    } else if (c < 0x10000) {
        out[n++] = (char)(0xe0 | (c >> 12));
        out[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
    } else {
        out[n++] = (char)(0xf0 | (c >> 18));
        out[n++] = (char)(0x80 | ((c >> 12) & 0x3f));
        out[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
    }
    out[n++] = (char)(0x80 | (c & 0x3f));
    return n;
}
