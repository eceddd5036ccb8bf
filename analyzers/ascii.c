#include "analyzers/analyzer_internal.h"

enum { OTHER, LETTER, DIGIT };

/* 0 for what is no word, else LETTER or DIGIT. */
static const uint8_t class_of[256] = {
    ['0'] = DIGIT,  ['1'] = DIGIT,  ['2'] = DIGIT,  ['3'] = DIGIT,  ['4'] = DIGIT,  ['5'] = DIGIT,  ['6'] = DIGIT,
    ['7'] = DIGIT,  ['8'] = DIGIT,  ['9'] = DIGIT,  ['A'] = LETTER, ['B'] = LETTER, ['C'] = LETTER, ['D'] = LETTER,
    ['E'] = LETTER, ['F'] = LETTER, ['G'] = LETTER, ['H'] = LETTER, ['I'] = LETTER, ['J'] = LETTER, ['K'] = LETTER,
    ['L'] = LETTER, ['M'] = LETTER, ['N'] = LETTER, ['O'] = LETTER, ['P'] = LETTER, ['Q'] = LETTER, ['R'] = LETTER,
    ['S'] = LETTER, ['T'] = LETTER, ['U'] = LETTER, ['V'] = LETTER, ['W'] = LETTER, ['X'] = LETTER, ['Y'] = LETTER,
    ['Z'] = LETTER, ['a'] = LETTER, ['b'] = LETTER, ['c'] = LETTER, ['d'] = LETTER, ['e'] = LETTER, ['f'] = LETTER,
    ['g'] = LETTER, ['h'] = LETTER, ['i'] = LETTER, ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER, ['m'] = LETTER,
    ['n'] = LETTER, ['o'] = LETTER, ['p'] = LETTER, ['q'] = LETTER, ['r'] = LETTER, ['s'] = LETTER, ['t'] = LETTER,
    ['u'] = LETTER, ['v'] = LETTER, ['w'] = LETTER, ['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER,
};

struct scan {
    struct analysis *s;
    const uint8_t *text; /* the original text */
    char *folded;        /* text[from + i] in lower case */
    size_t from;
    size_t to;
};

static uint8_t class_at(const struct scan *c, size_t at)
{
    return at < c->to ? class_of[c->text[at]] : OTHER;
}

static uint8_t byte_at(const struct scan *c, size_t at)
{
    return at < c->to ? c->text[at] : 0;
}

static uint8_t marks_at(const struct scan *c, size_t from, size_t to)
{
    uint8_t marks = 0;
    if (from > c->from && c->text[from - 1] == '.') {
        uint8_t before = from - 1 > c->from ? c->text[from - 2] : ' ';
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
            chain_add_run(c->s, (struct run){{c->folded + (run - c->from), at - run},
                                             (uint32_t)run,
                                             (uint32_t)at,
                                             class == DIGIT ? RUN_DIGITS : RUN_LETTERS});
        }
        bool joined = at < c->to && is_joiner((char)c->text[at]) && class_at(c, at + 1);
        chain_add_atom(c->s, (struct atom){.first_run = first_run,
                                           .run_count = (uint32_t)c->s->run_count - first_run,
                                           .marks = marks_at(c, start, at),
                                           .joiner = joined ? (char)c->text[at] : 0});
        if (!joined || c->s->failed)
            break;
        at++;
    }
    compound_flush(c->s);
    return at;
}

/* True when the word that ends at `at` can be nothing but a plain word. */
static bool ends_plainly(const struct scan *c, size_t at)
{
    uint8_t next = byte_at(c, at);
    if (next == ' ' || at >= c->to)
        return true;
    return next != '+' && next != '#' && !(is_joiner((char)next) && class_at(c, at + 1));
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
    const uint8_t *bytes = (const uint8_t *)text.data;
    for (size_t i = 0; i < to - from; i++) {
        uint8_t byte = bytes[from + i];
        folded[i] = (char)(byte + ((uint8_t)(byte - 'A') < 26) * 32);
    }
    struct scan c = {s, bytes, folded, from, to};
    for (size_t at = from; at < to && !s->failed;) {
        uint8_t class = class_of[bytes[at]];
        if (!class) {
            at++;
            continue;
        }
        size_t end = at + 1;
        while (end < to && class_of[bytes[end]] == class)
            end++;
        bool plain = !class_at(&c, end) && ends_plainly(&c, end) && (at == from || bytes[at - 1] != '.');
        if (plain) {
            compound_word(s, (struct str){folded + (at - from), end - at}, (uint32_t)at, (uint32_t)end, class == DIGIT);
            at = end;
        } else {
            at = scan_chain(&c, at);
        }
    }
}
