#ifndef AISLE_BASE_BUF_H
#define AISLE_BASE_BUF_H

/*
 * A growable byte buffer with a ceiling. Appending past the ceiling, or running out of memory, sets `failed`, drops the
 * bytes, and every later append does nothing: writers append freely and check once at the end.
 */
#include "indexer/base/status.h"
#include "indexer/base/str.h"

struct buf {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit_bytes; /* 0: no ceiling */
    bool failed;
};

#define BUF_EMPTY ((struct buf){0})

void buf_init(struct buf *b, size_t limit_bytes);
void buf_release(struct buf *b); /* leaves it empty and usable */
void buf_clear(struct buf *b);   /* size 0, failed false, memory kept */

/* Room for `more` bytes: returns where to write them, or NULL (then failed is set). Does not change size. */
static inline char *buf_reserve(struct buf *b, size_t more);

static inline void buf_append(struct buf *b, const void *data, size_t size);
static inline void buf_append_str(struct buf *b, struct str s);
static inline void buf_append_char(struct buf *b, char c);
void buf_append_utf8(struct buf *b, struct str s);  /* with U+FFFD for what is ill-formed */
void buf_append_u64(struct buf *b, uint64_t value); /* decimal digits */
void buf_append_i64(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
#define buf_literal(b, literal) buf_append((b), (literal), sizeof(literal) - 1)

/* Little-endian integers and LEB128 variable-length integers, as the file formats use them. */
static inline void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
static inline void buf_put_varint(struct buf *b, uint64_t v);

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->data, b->size};
}

char *buf_grow(struct buf *b, size_t more); /* the slow half of buf_reserve */

static inline char *buf_reserve(struct buf *b, size_t more)
{
    if (b->data && more <= b->capacity - b->size && !b->failed) {
        return b->data + b->size;
    }
    return buf_grow(b, more);
}

static inline void buf_append(struct buf *b, const void *data, size_t size)
{
    char *to = size ? buf_reserve(b, size) : NULL;
    if (to) {
        memcpy(to, data, size);
        b->size += size;
    }
}

static inline void buf_append_str(struct buf *b, struct str s)
{
    buf_append(b, s.data, s.size);
}

static inline void buf_append_char(struct buf *b, char c)
{
    char *to = buf_reserve(b, 1);
    if (to) {
        *to = c;
        b->size++;
    }
}

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
    buf_append_char(b, (char)v);
}

static inline void buf_put_varint(struct buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t size = 0;
    while (v >= 0x80) {
        bytes[size++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    bytes[size++] = (uint8_t)v;
    buf_append(b, bytes, size);
}

/* The size as a varint, then the bytes: what reader_text reads. */
static inline void buf_put_text(struct buf *b, struct str s)
{
    buf_put_varint(b, s.size);
    buf_append_str(b, s);
}

void buf_put_float(struct buf *b, float v); /* its 4 bytes, little-endian */

/* A bounded reader over bytes. After a read past the end `failed` is set and every read gives 0 or an empty slice. */
struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
    bool failed;
};

static inline struct reader reader_of(const void *data, size_t size)
{
    return (struct reader){(const uint8_t *)data, size, 0, false};
}

uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
uint64_t reader_varint(struct reader *r);
struct str reader_bytes(struct reader *r, size_t size);
float reader_float(struct reader *r);
struct str reader_text(struct reader *r); /* borrowed */

#endif
