#ifndef AISLE_BASE_STR_H
#define AISLE_BASE_STR_H

/*
 * A string slice: borrowed bytes with a length, not terminated. Pass by value. An empty slice may have NULL data.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *data;
    size_t size;
};

/* A slice of a string literal. STR_FMT/STR_ARG print a slice: printf("'" STR_FMT "'", STR_ARG(s)). */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_FMT      "%.*s"
#define STR_ARG(s)   (int)(s).size, (s).data

static inline struct str str_from(const char *terminated)
{
    return (struct str){terminated, terminated ? strlen(terminated) : 0};
}

static inline struct str str_slice(struct str s, size_t from, size_t to)
{
    return (struct str){s.data + from, to - from};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* memcmp order, a proper prefix first: below 0, 0, above 0. For UTF-8 this is code point order. */
int str_compare(struct str a, struct str b);

/* ASCII letters compared without case. */
bool str_equal_nocase(struct str a, struct str b);

bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* The position of needle in s, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);

/* Without leading and trailing ASCII white space. */
struct str str_trim(struct str s);

/* Cuts *rest at the first separator and returns the piece before it; *rest is then what follows, or has NULL data when
 * no separator was left. Loop: while (rest.data) { piece = str_split(&rest, ','); ... } */
struct str str_split(struct str *rest, char separator);

/* The first byte from `at` on that is not ASCII, or the size. */
size_t str_ascii_end(struct str s, size_t at);
/* True when s is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF); else *bad_at, if not NULL, is
 * the offset of the first wrong byte. */
bool str_utf8_valid(struct str s, size_t *bad_at);

/* Decodes the code point at s[*at] and moves *at on; ill-formed bytes give U+FFFD and move by one. Needs *at < size. */
uint32_t str_utf8_next(struct str s, size_t *at);

/* The largest n <= limit that does not cut a code point of s. */
size_t str_utf8_cut(struct str s, size_t limit);
/* Writes a code point's 1 to 4 bytes; returns their number. */
size_t str_utf8_put(uint32_t c, char out[4]);

/* Whole-string decimal numbers: digits only, no sign, no spaces. False when wrong or out of range. */
bool str_to_u64(struct str s, uint64_t *out);
bool str_to_i64(struct str s, int64_t *out); /* takes one leading '-' */

#endif
