#include "analyzers/analyzer_internal.h"
#include "analyzers/word_break.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

enum status word_break_open(UBreakIterator **out, const char *locale, struct error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    *out = ubrk_open(UBRK_WORD, locale, NULL, 0, &code);
    if (U_SUCCESS(code))
        return STATUS_OK;
    *out = NULL;
    return error_set(err, STATUS_LIMIT, "ICU has no word break data: %s", u_errorName(code));
}

/* One pass over normalized text. */
struct walk {
    struct analysis *s;
    const struct normalized *in;
    char *out;         /* where folded bytes go: room for all of them was made */
    size_t atom_start; /* units of the last atom, so that a joiner behind it is recognised */
    size_t atom_end;
    bool open; /* an atom has ended at atom_end and waits to learn its joiner */
};

static bool is_ascii_word(UChar c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool may_be_word(UChar c)
{
    return is_ascii_word(c) || c >= 0x80;
}

static bool is_space(UChar c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word_code_point(UChar32 c)
{
    if (c < 0x80)
        return is_ascii_word((UChar)c);
    return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) != 0 || c == 0xb7;
}

static enum run_kind kind_of(UChar32 c)
{
    if (c < 0x80)
        return c <= '9' ? RUN_DIGITS : RUN_LETTERS;
    if (c >= 0xac00 && c <= 0xd7a3)
        return RUN_HANGUL;
    if (c >= 0x2e80 && u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC))
        return RUN_HAN;
    return RUN_LETTERS;
}

static UChar unit_at(const struct normalized *in, size_t at)
{
    return at < in->count ? in->units[at] : 0;
}

/* The marks of an atom in units[from..to). */
static uint8_t marks_of(const struct normalized *in, size_t from, size_t to)
{
    uint8_t marks = 0;
    if (from > 0 && in->units[from - 1] == '.') {
        UChar before = from > 1 ? in->units[from - 2] : ' ';
        if (before != '.' && !may_be_word(before))
            marks |= ATOM_DOT_BEFORE;
        if (is_space(before))
            marks |= ATOM_DOT_LEADS;
    }
    UChar next = unit_at(in, to), after = unit_at(in, to + 1);
    if (next == '+' && after == '+' && !may_be_word(unit_at(in, to + 2)))
        marks |= ATOM_PLUS_PLUS;
    if (next == '#' && !may_be_word(after))
        marks |= ATOM_SHARP;
    return marks;
}

/* Adds the folded form of units[at..next), the code point c, to the runs of the atom that starts at first_run. */
static void add_code_point(struct walk *w, UChar32 c, size_t at, size_t first_run, bool *base)
{
    char bytes[8];
    size_t size = fold_code_point(&w->s->analyzer->normalizer, (uint32_t)c, base, bytes);
    uint32_t end = w->in->ends[at];
    struct run *last = w->s->run_count > first_run ? &w->s->runs[w->s->run_count - 1] : NULL;
    if (size == 0) {
        if (last && last->end < end)
            last->end = end;
        return;
    }
    memcpy(w->out, bytes, size);
    enum run_kind kind = kind_of(c);
    bool mark = (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
    if (last && (mark || (last->kind == kind && (kind == RUN_LETTERS || kind == RUN_DIGITS)))) {
        last->text.size += size;
        last->end = end > last->end ? end : last->end;
    } else {
        chain_add_run(w->s, (struct run){{w->out, size}, w->in->starts[at], end, kind});
    }
    w->out += size;
}

/* The unfolded form of units[from..to) when it has Latin letters with diacritics; else empty. */
static struct str accented_form(struct walk *w, size_t from, size_t to)
{
    bool plain = true;
    for (size_t i = from; i < to; i++) {
        UChar c = w->in->units[i];
        if (c >= 0x80 && !(c < 0x250 || (c >= 0x300 && c < 0x370) || (c >= 0x1e00 && c < 0x1f00)))
            return (struct str){0};
        if (c >= '0' && c <= '9')
            return (struct str){0};
        plain = plain && c < 0x80;
    }
    if (plain || w->s->stemmer.kind != STEMMER_SNOWBALL)
        return (struct str){0};
    char *out = arena_alloc(&w->s->texts, (to - from) * 3);
    if (!out)
        return (struct str){0};
    size_t size = 0;
    for (size_t i = from; i < to; i++)
        U8_APPEND_UNSAFE(out, size, w->in->units[i]);
    return (struct str){out, size};
}

static void add_atom(struct walk *w, size_t from, size_t to)
{
    if (w->open) {
        char joiner = 0;
        if (from == w->atom_end + 1 && w->in->units[w->atom_end] < 0x80 && is_joiner((char)w->in->units[w->atom_end]))
            joiner = (char)w->in->units[w->atom_end];
        w->s->atoms[w->s->atom_count - 1].joiner = joiner;
        if (!joiner)
            compound_flush(w->s);
    }
    w->open = false;
    size_t first_run = w->s->run_count;
    bool base = false;
    for (size_t at = from, next = from; at < to; at = next) {
        UChar32 c;
        U16_NEXT(w->in->units, next, to, c);
        add_code_point(w, c, at, first_run, &base);
    }
    if (w->s->run_count == first_run || w->s->failed) {
        w->s->run_count = first_run;
        compound_flush(w->s);
        return;
    }
    chain_add_atom(w->s, (struct atom){.first_run = (uint32_t)first_run,
                                       .run_count = (uint32_t)(w->s->run_count - first_run),
                                       .accented = accented_form(w, from, to),
                                       .marks = marks_of(w->in, from, to)});
    w->atom_end = to;
    w->open = !w->s->failed;
}

/* The atoms of one ICU segment: what lies between its ASCII punctuation. */
static void add_segment(struct walk *w, size_t from, size_t to)
{
    size_t start = from;
    for (size_t at = from, next = from; at < to; at = next) {
        UChar32 c;
        U16_NEXT(w->in->units, next, to, c);
        if (is_word_code_point(c))
            continue;
        if (at > start)
            add_atom(w, start, at);
        start = next;
    }
    if (to > start)
        add_atom(w, start, to);
}

void segment_tokens(struct analysis *s, struct str text, size_t from, size_t to)
{
    if (s->failed || from >= to)
        return;
    const struct normalized *in = &s->normalized;
    UErrorCode code = U_ZERO_ERROR;
    if (normalize(&s->analyzer->normalizer, text, from, to, &s->normalized) != STATUS_OK) {
        s->failed = true;
        return;
    }
    struct walk w = {.s = s, .in = in, .out = arena_alloc(&s->texts, in->count * 3 + 8)};
    ubrk_setText(s->words, in->units, (int32_t)in->count, &code);
    if (!w.out || U_FAILURE(code)) {
        s->failed = true;
        return;
    }
    int32_t start = ubrk_first(s->words);
    for (int32_t end = ubrk_next(s->words); end != UBRK_DONE && !s->failed; start = end, end = ubrk_next(s->words))
        if (ubrk_getRuleStatus(s->words) >= UBRK_WORD_NUMBER)
            add_segment(&w, (size_t)start, (size_t)end);
    compound_flush(s);
}
