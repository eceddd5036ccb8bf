#include "indexer/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 64, U64_DIGITS = 20, VARINT_BYTES = 10 };

void buf_init(struct buf *b, size_t limit_bytes)
{
    *b = (struct buf){.limit_bytes = limit_bytes};
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->limit_bytes);
}

void buf_clear(struct buf *b)
{
    b->size = 0;
    b->failed = false;
}

char *buf_grow(struct buf *b, size_t more)
{
    size_t wanted;
    size_t ceiling = b->limit_bytes ? b->limit_bytes : SIZE_MAX;
    if (b->failed || __builtin_add_overflow(b->size, more, &wanted) || wanted > ceiling) {
        b->failed = true;
        return NULL;
    }
    size_t capacity = b->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : b->capacity;
    while (capacity < wanted) {
        capacity = capacity > SIZE_MAX / 2 ? wanted : capacity * 2;
    }
    if (capacity > ceiling) {
        capacity = ceiling;
    }
    char *data = realloc(b->data, capacity);
    if (!data) {
        b->failed = true;
        return NULL;
    }
    memory_large(data, capacity);
    b->data = data;
    b->capacity = capacity;
    return data + b->size;
}

void buf_append_utf8(struct buf *b, struct str s)
{
    if (str_utf8_valid(s, NULL)) {
        buf_append_str(b, s);
        return;
    }
    for (size_t at = 0; at < s.size;) {
        size_t from = at;
        if (str_utf8_next(s, &at) == 0xFFFD) {
            buf_literal(b, "\xEF\xBF\xBD");
        } else {
            buf_append(b, s.data + from, at - from);
        }
    }
}

void buf_append_u64(struct buf *b, uint64_t value)
{
    char digits[U64_DIGITS];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_append(b, digits + at, sizeof(digits) - at);
}

void buf_append_i64(struct buf *b, int64_t value)
{
    char *sign = value < 0 ? buf_reserve(b, 1 + U64_DIGITS) : NULL;
    if (sign) {
        *sign = '-';
        b->size++;
    }
    buf_append_u64(b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* vsnprintf also writes a terminator; it is not part of the content. */
    char *to = size < 0 ? NULL : buf_reserve(b, (size_t)size + 1);
    if (to) {
        vsnprintf(to, (size_t)size + 1, format, again);
        b->size += (size_t)size;
    }
    va_end(again);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
    uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    buf_append(b, bytes, sizeof(bytes));
}

void buf_put_u32(struct buf *b, uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    buf_append(b, bytes, sizeof(bytes));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(v >> (8 * i));
    }
    buf_append(b, bytes, sizeof(bytes));
}

void buf_put_float(struct buf *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_put_u32(b, bits);
}

/* The next size bytes, or NULL and the reader has failed. */
static const uint8_t *take(struct reader *r, size_t size)
{
    if (r->failed || size > r->size - r->at) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->data + r->at;
    r->at += size;
    return p;
}

static uint64_t take_integer(struct reader *r, size_t size)
{
    const uint8_t *p = take(r, size);
    uint64_t value = 0;
    for (size_t i = 0; p && i < size; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)take_integer(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)take_integer(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)take_integer(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return take_integer(r, 8);
}

uint64_t reader_varint(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_BYTES; shift += 7) {
        const uint8_t *p = take(r, 1);
        if (!p) {
            return 0;
        }
        if (shift == 63 && *p > 1) {
            break; /* over 64 bits, or no end in sight */
        }
        value |= (uint64_t)(*p & 0x7F) << shift;
        if (*p < 0x80) {
            return value;
        }
    }
    r->failed = true;
    return 0;
}

struct str reader_bytes(struct reader *r, size_t size)
{
    const uint8_t *p = take(r, size);
    return p ? (struct str){(const char *)p, size} : (struct str){NULL, 0};
}

float reader_float(struct reader *r)
{
    uint32_t bits = reader_u32(r);
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

struct str reader_text(struct reader *r)
{
    return reader_bytes(r, (size_t)reader_varint(r));
}
