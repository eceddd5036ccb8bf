#include "indexer/build/feed_internal.h"

static void append_utf8(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t n = 0;
    if (c < 0x80) {
        bytes[n++] = (char)c;
    } else if (c < 0x800) {
        bytes[n++] = (char)(0xc0 | (c >> 6));
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        bytes[n++] = (char)(0xe0 | (c >> 12));
        bytes[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        bytes[n++] = (char)(0xf0 | (c >> 18));
        bytes[n++] = (char)(0x80 | ((c >> 12) & 0x3f));
        bytes[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
        bytes[n++] = (char)(0x80 | (c & 0x3f));
    }
    buf_append(out, bytes, n);
}

/* 0x80..0x9f of Windows-1252; the five unassigned ones stay the C1 controls that ISO 8859-1 has there. */
static const uint16_t windows_1252[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                          0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                          0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

static size_t decode_windows_1252(struct str raw, struct buf *out)
{
    for (size_t i = 0; i < raw.size; i++) {
        uint8_t c = (uint8_t)raw.data[i];
        append_utf8(out, c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c);
    }
    return raw.size;
}

static uint32_t utf16_unit(struct str raw, size_t at, bool big_endian)
{
    uint8_t a = (uint8_t)raw.data[at];
    uint8_t b = (uint8_t)raw.data[at + 1];
    return big_endian ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

static size_t decode_utf16(struct str raw, bool big_endian, bool final, struct buf *out)
{
    size_t at = 0;
    while (at + 2 <= raw.size) {
        uint32_t c = utf16_unit(raw, at, big_endian);
        size_t used = 2;
        if (c >= 0xd800 && c < 0xdc00) {
            if (at + 4 > raw.size && !final) {
                break;
            }
            uint32_t low = at + 4 <= raw.size ? utf16_unit(raw, at + 2, big_endian) : 0;
            bool pair = low >= 0xdc00 && low < 0xe000;
            c = pair ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
            used = pair ? 4 : 2;
        } else if (c >= 0xdc00 && c < 0xe000) {
            c = 0xfffd;
        }
        append_utf8(out, c);
        at += used;
    }
    return final ? raw.size : at;
}

size_t feed_encoding_decode(enum feed_encoding encoding, struct str raw, bool final, struct buf *out)
{
    switch (encoding) {
    case FEED_UTF16LE:
        return decode_utf16(raw, false, final, out);
    case FEED_UTF16BE:
        return decode_utf16(raw, true, final, out);
    case FEED_WINDOWS_1252:
        return decode_windows_1252(raw, out);
    case FEED_UTF8:
        break;
    }
    buf_append(out, raw.data, raw.size);
    return raw.size;
}
