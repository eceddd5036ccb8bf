/*
 * The way into the chain without ICU: one table-driven loop over folded bytes. ASCII is folded eight bytes at a time;
 * words of the letters in normalizer.simple (Latin, Greek, Cyrillic: one code point is one folded form, whatever stands
 * beside it) are folded by table, with the places that their bytes came from.
 */
#include "analyzers/analyzer_internal.h"

enum { OTHER, LETTER, DIGIT };

/* Of folded bytes: all from 0x80 on are letters. */
/* clang-format off */
static const uint8_t class_of[256] = {
#define O OTHER
#define L LETTER
#define D DIGIT
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 00 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 10 */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 20 */
    D, D, D, D, D, D, D, D, D, D, O, O, O, O, O, O, /* 30 */
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 40 */
    L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O, /* 50 */
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 60 */
    L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O, /* 70 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 80 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 90 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* a0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* b0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* c0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* d0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* e0 */
    L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* f0 */
#undef O
#undef L
#undef D
};
/* clang-format on */

/* Bytes behind a word that may make more of it than a plain word. */
static const bool may_continue[256] = {
    ['-'] = true, ['/'] = true, ['.'] = true, ['_'] = true, ['\''] = true,
    ['&'] = true, [','] = true, ['+'] = true, ['#'] = true,
};

struct scan {
    struct analysis *s;
    const uint8_t *text; /* folded */
    size_t size;
    uint32_t from;          /* text[i] is the original byte from + i, unless there are places */
    const uint32_t *starts; /* the original characters that gave text[i], or NULL */
    const uint32_t *ends;
    const uint8_t *original;
};

/* The bit number of the first byte in memory whose top bit is set. */
static int first_top(uint64_t tops)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_clzll(tops);
#else
    return __builtin_ctzll(tops);
#endif
}

static uint32_t start_of(const struct scan *c, size_t at)
{
    return c->starts ? c->starts[at] : c->from + (uint32_t)at;
}

/* Where what gave the bytes before `at` ends. */
static uint32_t end_of(const struct scan *c, size_t at)
{
    return c->ends ? c->ends[at - 1] : c->from + (uint32_t)at;
}

static uint8_t byte_at(const struct scan *c, size_t at)
{
    return at < c->size ? c->text[at] : 0;
}

static uint8_t class_at(const struct scan *c, size_t at)
{
    return class_of[byte_at(c, at)];
}

static uint8_t marks_at(const struct scan *c, size_t from, size_t to)
{
    uint8_t marks = 0;
    if (from > 0 && c->text[from - 1] == '.') {
        uint8_t before = from > 1 ? c->text[from - 2] : ' ';
        if (before != '.' && !class_of[before])
            marks |= ATOM_DOT_BEFORE;
        if (before == ' ' || (before >= '\t' && before <= '\r'))
            marks |= ATOM_DOT_LEADS;
    }
    if (byte_at(c, to) == '+' && byte_at(c, to + 1) == '+' && !class_at(c, to + 2))
        marks |= ATOM_PLUS_PLUS;
    if (byte_at(c, to) == '#' && !class_at(c, to + 1))
        marks |= ATOM_SHARP;
    return marks;
}

/* The case-folded form of original[start..end) with its diacritics, when it has some and all of it is Latin letters. */
static struct str accented_form(const struct scan *c, uint32_t start, uint32_t end)
{
    const struct normalizer *n = &c->s->analyzer->normalizer;
    if (!c->starts || c->s->stemmer.kind != STEMMER_SNOWBALL)
        return (struct str){0};
    struct str text = {(const char *)c->original + start, end - start};
    char *out = arena_alloc(&c->s->texts, 2 * text.size + 8);
    size_t size = 0;
    bool plain = true;
    for (size_t at = 0; out && at < text.size;) {
        uint8_t byte = (uint8_t)text.data[at];
        if (byte < 0x80) {
            if (class_of[byte] != LETTER)
                return (struct str){0};
            at++;
            if (n->dotless_i && byte == 'I') {
                memcpy(out + size, "\xc4\xb1", 2);
                size += 2;
                plain = false;
            } else {
                out[size++] = (char)(byte | 0x20);
            }
            continue;
        }
        const struct simple *simple = simple_find(n, str_utf8_next(text, &at));
        if (!simple || !simple->latin)
            return (struct str){0};
        memcpy(out + size, simple->cased, simple->cased_size);
        size += simple->cased_size;
        plain = plain && simple->ascii;
    }
    return plain || !out ? (struct str){0} : (struct str){out, size};
}

/* The chain of atoms that starts at `at`; returns where it ends. */
static size_t scan_chain(const struct scan *c, size_t at)
{
    for (;;) {
        size_t start = at;
        uint32_t first_run = (uint32_t)c->s->run_count;
        while (class_at(c, at)) {
            size_t run = at;
            uint8_t class = class_at(c, at);
            while (class_at(c, at) == class)
                at++;
            chain_add_run(c->s, (struct run){{(const char *)c->text + run, at - run},
                                             start_of(c, run),
                                             end_of(c, at),
                                             class == DIGIT ? RUN_DIGITS : RUN_LETTERS});
        }
        bool joined = is_joiner((char)byte_at(c, at)) && class_at(c, at + 1);
        chain_add_atom(c->s, (struct atom){.first_run = first_run,
                                           .run_count = (uint32_t)c->s->run_count - first_run,
                                           .accented = accented_form(c, start_of(c, start), end_of(c, at)),
                                           .marks = marks_at(c, start, at),
                                           .joiner = joined ? (char)c->text[at] : 0});
        if (!joined || c->s->failed)
            break;
        at++;
    }
    compound_flush(c->s);
    return at;
}

/* True when the word in text[at..end) can be nothing but a plain word. */
static bool is_plain(const struct scan *c, size_t at, size_t end)
{
    if (end - at > LIMIT_TOKEN_BYTES || (at > 0 && c->text[at - 1] == '.'))
        return false;
    if (end >= c->size)
        return true;
    uint8_t next = c->text[end];
    if (!may_continue[next])
        return !class_of[next];
    return next != '+' && next != '#' && !class_at(c, end + 1);
}

/* True when the word may have Latin letters that the stemmer must see unfolded: bytes of other than ASCII that gave
 * ASCII, or a Latin letter of two or three bytes that has no other form. */
static bool has_accent(const struct scan *c, size_t at, size_t end)
{
    if (!c->starts || c->s->stemmer.kind != STEMMER_SNOWBALL)
        return false;
    bool dotless_i = c->s->analyzer->normalizer.dotless_i;
    for (; at < end; at++) {
        uint8_t original = c->original[c->starts[at]], folded = c->text[at];
        if (folded < 0x80 ? original >= 0x80 || (dotless_i && original == 'I')
                          : (folded >= 0xc2 && folded <= 0xc9) || folded == 0xe1)
            return true;
    }
    return false;
}

/* The end of the letters from `at` on, eight bytes at a time: words are short, and a loop over bytes would mispredict
 * the end of each. */
static size_t letters_end(const struct scan *c, size_t at)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x80 * ones;
    for (; at + 8 <= c->size; at += 8) {
        uint64_t w;
        memcpy(&w, c->text + at, 8);
        uint64_t from_a = (w | tops) - 'a' * ones, above_z = (w & ~tops) + (0x7f - 'z') * ones;
        uint64_t others = ~((from_a & ~above_z) | w) & tops;
        if (others)
            return at + (size_t)first_top(others) / 8;
    }
    while (at < c->size && class_of[c->text[at]] == LETTER)
        at++;
    return at;
}

static void scan(const struct scan *c)
{
    for (size_t at = 0; at < c->size && !c->s->failed;) {
        uint8_t class = class_of[c->text[at]];
        if (!class) {
            at++;
            continue;
        }
        size_t end = at + 1;
        if (class == LETTER)
            end = letters_end(c, end);
        else
            while (end < c->size && class_of[c->text[end]] == DIGIT)
                end++;
        if (!is_plain(c, at, end) || has_accent(c, at, end)) {
            at = scan_chain(c, at);
            continue;
        }
        struct str word = {(const char *)c->text + at, end - at};
        compound_word(c->s, word, start_of(c, at), end_of(c, end), class == DIGIT);
        at = end;
    }
}

/* ASCII bytes in lower case, eight at a time: a byte's top bit ends up set where it is at least A and not above Z. */
static void lower(char *out, const char *in, size_t size)
{
    const uint64_t ones = 0x0101010101010101u;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t w;
        memcpy(&w, in + at, 8);
        uint64_t from_a = w + (0x80 - 'A') * ones, above_z = w + (0x7f - 'Z') * ones;
        w |= ((from_a & ~above_z) & 0x80 * ones) >> 2;
        memcpy(out + at, &w, 8);
    }
    for (; at < size; at++)
        out[at] = (char)(in[at] + ((uint8_t)(in[at] - 'A') < 26) * 32);
}

void ascii_tokens(struct analysis *s, struct str text, size_t from, size_t to)
{
    if (s->failed || from >= to)
        return;
    char *folded = arena_alloc(&s->texts, to - from);
    if (!folded) {
        s->failed = true;
        return;
    }
    lower(folded, text.data + from, to - from);
    scan(&(struct scan){.s = s, .text = (const uint8_t *)folded, .size = to - from, .from = (uint32_t)from});
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the words from `from` on that hold simple characters only. */
static size_t simple_extent(const struct normalizer *n, struct str text, size_t from, size_t to)
{
    size_t end = from;
    for (size_t at = from; at < to;) {
        uint8_t byte = (uint8_t)text.data[at];
        if (is_space(byte))
            end = at;
        if (byte < 0x80)
            at++;
        else if (!simple_find(n, str_utf8_next(text, &at)))
            return end;
    }
    return to;
}

size_t simple_tokens(struct analysis *s, struct str text, size_t from, size_t to)
{
    const struct normalizer *n = &s->analyzer->normalizer;
    const uint8_t *bytes = (const uint8_t *)text.data;
    to = simple_extent(n, text, from, to);
    if (s->failed || to == from)
        return to;
    size_t room = 2 * (to - from) + sizeof(((struct simple *)0)->folded), size = 0;
    uint8_t *out = arena_alloc(&s->texts, room);
    uint32_t *starts = arena_alloc(&s->texts, room * sizeof(*starts));
    uint32_t *ends = arena_alloc(&s->texts, room * sizeof(*ends));
    if (!out || !starts || !ends) {
        s->failed = true;
        return to;
    }
    for (size_t at = from; at < to;) {
        size_t start = at, first = size;
        if (bytes[at] < 0x80) {
            out[size++] = (uint8_t)(bytes[at] + ((uint8_t)(bytes[at] - 'A') < 26) * 32);
            at++;
        } else {
            const struct simple *simple = simple_find(n, str_utf8_next(text, &at));
            memcpy(out + size, simple->folded, sizeof(simple->folded));
            size += simple->folded_size;
        }
        for (size_t i = first; i < size; i++) {
            starts[i] = (uint32_t)start;
            ends[i] = (uint32_t)at;
        }
    }
    scan(&(struct scan){.s = s, .text = out, .size = size, .starts = starts, .ends = ends, .original = bytes});
    return to;
}
