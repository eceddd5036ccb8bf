#include "indexer/build/feed_internal.h"

#include <stdio.h>

static void append_utf8(struct buf *out, uint32_t c)
{
    char bytes[4];
    buf_append(out, bytes, str_utf8_put(c, bytes));
}

/* 0x80..0x9f of Windows-1252; the five unassigned ones stay the C1 controls that ISO 8859-1 has there. */
static const uint16_t windows_1252[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                          0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                          0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                          0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

/* From 0x80 on. */
static const uint16_t windows_1250[128] = {
    0x20ac, 0x81,  0x201a, 0x83,   0x201e, 0x2026, 0x2020, 0x2021, 0x88,   0x2030, 0x160,  0x2039, 0x15a,  0x164, 0x17d,
    0x179,  0x90,  0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x98,   0x2122, 0x161,  0x203a, 0x15b, 0x165,
    0x17e,  0x17a, 0xa0,   0x2c7,  0x2d8,  0x141,  0xa4,   0x104,  0xa6,   0xa7,   0xa8,   0xa9,   0x15e,  0xab,  0xac,
    0xad,   0xae,  0x17b,  0xb0,   0xb1,   0x2db,  0x142,  0xb4,   0xb5,   0xb6,   0xb7,   0xb8,   0x105,  0x15f, 0xbb,
    0x13d,  0x2dd, 0x13e,  0x17c,  0x154,  0xc1,   0xc2,   0x102,  0xc4,   0x139,  0x106,  0xc7,   0x10c,  0xc9,  0x118,
    0xcb,   0x11a, 0xcd,   0xce,   0x10e,  0x110,  0x143,  0x147,  0xd3,   0xd4,   0x150,  0xd6,   0xd7,   0x158, 0x16e,
    0xda,   0x170, 0xdc,   0xdd,   0x162,  0xdf,   0x155,  0xe1,   0xe2,   0x103,  0xe4,   0x13a,  0x107,  0xe7,  0x10d,
    0xe9,   0x119, 0xeb,   0x11b,  0xed,   0xee,   0x10f,  0x111,  0x144,  0x148,  0xf3,   0xf4,   0x151,  0xf6,  0xf7,
    0x159,  0x16f, 0xfa,   0x171,  0xfc,   0xfd,   0x163,  0x2d9};

/* 0x80..0xbf; what follows are the Russian letters in the order of Unicode. */
static const uint16_t windows_1251[64] = {
    0x402, 0x403,  0x201a, 0x453, 0x201e, 0x2026, 0x2020, 0x2021, 0x20ac, 0x2030, 0x409,  0x2039, 0x40a,
    0x40c, 0x40b,  0x40f,  0x452, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x98,   0x2122,
    0x459, 0x203a, 0x45a,  0x45c, 0x45b,  0x45f,  0xa0,   0x40e,  0x45e,  0x408,  0xa4,   0x490,  0xa6,
    0xa7,  0x401,  0xa9,   0x404, 0xab,   0xac,   0xad,   0xae,   0x407,  0xb0,   0xb1,   0x406,  0x456,
    0x491, 0xb5,   0xb6,   0xb7,  0x451,  0x2116, 0x454,  0xbb,   0x458,  0x405,  0x455,  0x457};

uint32_t feed_windows_1252(uint8_t c)
{
    return c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c;
}

static uint32_t windows_letter(enum feed_encoding encoding, uint8_t c)
{
    if (c < 0x80) {
        return c;
    }
    if (encoding == FEED_WINDOWS_1250) {
        return windows_1250[c - 0x80];
    }
    if (encoding == FEED_WINDOWS_1251) {
        return c < 0xc0 ? windows_1251[c - 0x80] : 0x410u + (c - 0xc0u);
    }
    return feed_windows_1252(c);
}

static size_t decode_windows(enum feed_encoding encoding, struct str raw, struct buf *out)
{
    for (size_t i = 0; i < raw.size; i++) {
        append_utf8(out, windows_letter(encoding, (uint8_t)raw.data[i]));
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
    case FEED_WINDOWS_1250:
    case FEED_WINDOWS_1251:
    case FEED_WINDOWS_1252:
        return decode_windows(encoding, raw, out);
    case FEED_UTF8:
        break;
    }
    buf_append(out, raw.data, raw.size);
    return raw.size;
}

static bool is_lower_ascii(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter_ascii(uint8_t c)
{
    return is_lower_ascii((uint8_t)(c | 0x20));
}

/* Whole words of high bytes that are not Cyrillic: Greek has its accented letters where Russian has capitals, Hebrew a
 * frequent letter where Russian has the hard sign and none behind it, Arabic its alef where Russian has a capital. */
static bool is_other_script(struct str text, size_t high)
{
    size_t greek = 0;
    size_t hebrew = 0;
    size_t last = 0;
    size_t arabic = 0;
    for (size_t i = 1; i < text.size; i++) {
        uint8_t c = (uint8_t)text.data[i];
        greek += c >= 0xdc && c <= 0xdf && (uint8_t)text.data[i - 1] >= 0xe0;
        hebrew += c == 0xfa;
        last += c > 0xfa;
        arabic += c == 0xc7;
    }
    return greek * 50 > high || (hebrew * 50 > high && last * 100 < high) || arabic * 20 > high;
}

/*
 * FEED_UTF8: none of the three. Text in Cyrillic is whole words of bytes above 0xbf; Latin text has single ones between
 * ASCII letters. Of those, the carons are at the same place in both Latin pages but hardly used in the west; where
 * Central Europe has its other letters, the western page has signs that don't stand inside words, and accents that come
 * with others of its own.
 */
static enum feed_encoding guess(struct str text)
{
    size_t high = 0;
    size_t in_runs = 0;
    size_t cyrillic = 0;
    size_t central = 0;
    size_t western = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = (uint8_t)text.data[i];
        uint8_t before = i > 0 ? (uint8_t)text.data[i - 1] : 0;
        uint8_t after = i + 1 < text.size ? (uint8_t)text.data[i + 1] : 0;
        if (c < 0x80) {
            continue;
        }
        high++;
        in_runs += before >= 0xc0 || after >= 0xc0;
        cyrillic += c >= 0xc0 || c == 0xa8 || c == 0xb8;
        switch (c) {
        case 0x8a: /* S, s, T, t, Z, z with carons */
        case 0x8d:
        case 0x8e:
        case 0x9a:
        case 0x9d:
        case 0x9e:
            central += is_letter_ascii(before) || is_letter_ascii(after);
            break;
        case 0x9f: /* z acute, L stroke, A ogonek, l stroke, a ogonek, l caron, z dot: signs in the west */
        case 0xa3:
        case 0xa5:
        case 0xb3:
        case 0xb9:
        case 0xbe:
        case 0xbf:
            central += is_lower_ascii(after) && (is_letter_ascii(before) || before == ' ');
            break;
        case 0xec: /* e caron, r caron, u ring */
        case 0xf8:
        case 0xf9:
            central++;
            break;
        case 0xe0: /* a grave, a tilde, a ring, ae, c cedilla, e circumflex, n tilde */
        case 0xe3:
        case 0xe5:
        case 0xe6:
        case 0xe7:
        case 0xf1:
            western++;
            break;
        default:
            break;
        }
    }
    if (high > 3 && in_runs * 10 > high * 7) {
        return cyrillic * 10 > high * 9 && !is_other_script(text, high) ? FEED_WINDOWS_1251 : FEED_UTF8;
    }
    return central > western && central * 10 > high ? FEED_WINDOWS_1250 : FEED_WINDOWS_1252;
}

void feed_choose_encoding(struct feed_reader *r)
{
    struct str w = feed_source_window(r->source);
    size_t bad_at = 0;
    if (r->info->encoding[0] || str_utf8_valid(w, &bad_at) || (bad_at + 4 > w.size && !feed_source_ended(r->source))) {
        return;
    }
    /* a single wrong byte in real UTF-8 is a bad row, not another encoding: count what follows well-formed */
    unsigned good = 0;
    unsigned bad = 0;
    for (size_t at = 0; at < w.size;) {
        if ((uint8_t)w.data[at] < 0x80) {
            at++;
            continue;
        }
        size_t before = at;
        uint32_t c = str_utf8_next(w, &at);
        bool ill_formed = c == 0xfffd && at == before + 1;
        bad += ill_formed;
        good += !ill_formed;
    }
    enum feed_encoding encoding = bad > good / 10 ? guess(w) : FEED_UTF8;
    if (encoding != FEED_UTF8) {
        snprintf(r->info->encoding, sizeof(r->info->encoding), "windows-%d",
                 encoding == FEED_WINDOWS_1250   ? 1250
                 : encoding == FEED_WINDOWS_1251 ? 1251
                                                 : 1252);
        feed_source_decode(r->source, encoding);
    }
}
