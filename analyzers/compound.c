/*
 * Chains of atoms to tokens.
 *
 * First the atoms of a chain become units. Numbers glue: 5.5mm, 1/2, 1,299.00 are one unit, the decimal comma becomes a
 * point and the comma of thousands goes. Apostrophes glue too: men's is the unit men that is also typed mens. What is
 * left between units is a soft joiner: - _ & . and, where model numbers or single letters stand around it, /. Units
 * with soft joiners between them are one word with the catenation as its WORD and the units as its PARTs; a break (a
 * comma between words, red/blue) starts the next word.
 */
#include "analyzers/analyzer_internal.h"

#include <stdlib.h>

#define COMPOUND_UNITS 6  /* a longer chain is a list: each unit is a word */
#define SPLIT_RUNS     16 /* a unit of more runs is noise, it is not split */

struct unit {
    struct str full; /* all its letters, as users type it without punctuation */
    struct str base; /* without possessive, article or ending: the same bytes as full when there is none */
    struct str accented;
    uint32_t start;
    uint32_t end;
    uint32_t first_run; /* in analysis.glued */
    uint32_t run_count;
    uint32_t digits;
    uint8_t marks;
    char joiner_before; /* the soft joiner, or 0: a new word starts here */
    bool apostrophe;    /* its runs are no pieces that users type */
    bool comma;         /* its numbers may be a list: they are found apart, too */
    uint32_t first_atom;
    uint32_t atom_count;
};

bool analysis_grow(struct analysis *s, void *items, size_t *capacity, size_t count, size_t item_size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *old;
    memcpy(&old, items, sizeof(old));
    void *grown = realloc(old, wanted * item_size);
    if (!grown) {
        s->failed = true;
        return false;
    }
    memcpy(items, &grown, sizeof(grown));
    *capacity = wanted;
    return true;
}

void chain_add_run(struct analysis *s, struct run run)
{
    if (analysis_grow(s, &s->runs, &s->run_capacity, s->run_count, sizeof(*s->runs)))
        s->runs[s->run_count++] = run;
}

void chain_add_atom(struct analysis *s, struct atom atom)
{
    if (analysis_grow(s, &s->atoms, &s->atom_capacity, s->atom_count, sizeof(*s->atoms)))
        s->atoms[s->atom_count++] = atom;
}

/* --- tokens --- */

struct token *compound_add(struct analysis *s)
{
    return analysis_grow(s, &s->tokens, &s->token_capacity, s->token_count, sizeof(*s->tokens))
               ? &s->tokens[s->token_count++]
               : NULL;
}

static void add_token(struct analysis *s, struct token token)
{
    struct token *slot = compound_add(s);
    if (slot)
        *slot = token;
}

/* The stem of a surface: the surface's own bytes where it is their beginning, else new ones. */
struct str compound_stem(struct analysis *s, struct str surface)
{
    if (stem_keeps(&s->stemmer, surface))
        return surface;
    char out[LIMIT_TOKEN_BYTES];
    struct str result = {out, stem(&s->stemmer, surface, out)};
    if (result.size <= surface.size && memcmp(result.data, surface.data, result.size) == 0)
        return (struct str){surface.data, result.size};
    result = normalizer_fold(&s->analyzer->normalizer, result, &s->texts); /* stemmers add letters of their own */
    if (!result.data)
        s->failed = true;
    return s->failed || result.size == 0 ? surface : result;
}

/* Adds a token at the present position, unless the position has the same text in the same kind. first: the position's
 * first token. */
static void add_piece(struct analysis *s, size_t first, struct token token, bool digits)
{
    token.surface.size = str_utf8_cut(token.surface, LIMIT_TOKEN_BYTES);
    token.has_digit = digits;
    token.stop = token.kind != TOKEN_SPLIT && stop_words_has(&s->analyzer->stop_words, token.surface);
    token.position = s->position;
    token.text = digits ? token.surface : compound_stem(s, token.surface);
    for (size_t i = first; i < s->token_count; i++)
        if (s->tokens[i].kind == token.kind && str_equal(s->tokens[i].text, token.text))
            return;
    add_token(s, token);
}

static void add_kind(struct analysis *s, size_t first, enum token_kind kind, struct str text, const struct unit *u)
{
    add_piece(s, first, (struct token){.surface = text, .start = u->start, .end = u->end, .kind = (uint8_t)kind},
              u->digits > 0);
}

/* A second spelling of the position's WORD. */
static void add_spelling(struct analysis *s, size_t first, struct str text, const struct unit *u)
{
    add_kind(s, first, TOKEN_PART, text, u);
    if (s->token_count > first + 1 && s->tokens[s->token_count - 1].kind == TOKEN_PART &&
        str_equal(s->tokens[s->token_count - 1].text, s->tokens[first].text))
        s->token_count--;
}

static void add_run(struct analysis *s, size_t first, enum token_kind kind, const struct run *run)
{
    add_piece(s, first,
              (struct token){.surface = run->text, .start = run->start, .end = run->end, .kind = (uint8_t)kind},
              run->kind == RUN_DIGITS);
}

static void add_splits(struct analysis *s, size_t first, const struct unit *u)
{
    if (u->apostrophe || u->run_count < 2 || u->run_count > SPLIT_RUNS)
        return;
    for (uint32_t i = 0; i < u->run_count; i++)
        add_run(s, first, TOKEN_SPLIT, &s->glued[u->first_run + i]);
}

/* Two slices as one: in place when they lie side by side. */
static struct str catenate(struct analysis *s, struct str a, const char *between, struct str b)
{
    size_t gap = strlen(between);
    if (a.size == 0 && gap == 0)
        return b;
    if (b.size == 0 && gap == 0)
        return a;
    if (gap == 0 && a.data + a.size == b.data)
        return (struct str){a.data, a.size + b.size};
    if (a.size >= LIMIT_TOKEN_BYTES) /* it will be cut there */
        return a;
    if (b.size > LIMIT_TOKEN_BYTES)
        b.size = str_utf8_cut(b, LIMIT_TOKEN_BYTES);
    char *out = arena_alloc(&s->texts, a.size + gap + b.size);
    if (!out) {
        s->failed = true;
        return a;
    }
    if (a.size)
        memcpy(out, a.data, a.size);
    memcpy(out + a.size, between, gap);
    if (b.size)
        memcpy(out + a.size + gap, b.data, b.size);
    return (struct str){out, a.size + gap + b.size};
}

/* Korean writes several words together: pairs of syllables find what is inside. */
static void add_hangul_pairs(struct analysis *s, size_t first, const struct unit *u)
{
    if (u->run_count < 3 || u->run_count > 4 * SPLIT_RUNS)
        return;
    for (uint32_t i = 1; i < u->run_count; i++) {
        const struct run *a = &s->glued[u->first_run + i - 1], *b = a + 1;
        if (a->kind != RUN_HANGUL || b->kind != RUN_HANGUL)
            continue;
        struct run pair = {catenate(s, a->text, "", b->text), a->start, b->end, RUN_HANGUL};
        add_run(s, first, TOKEN_PART, &pair);
    }
}

/* u->accented as people write it who lack the letters: gruen for grün. Each entry of digraphs is a character of two
 * bytes and its two letters. */
static struct str respelled(struct analysis *s, const struct unit *u, const char *digraphs)
{
    struct str text = u->accented;
    char *out = arena_alloc(&s->texts, text.size);
    if (!out)
        return (struct str){0};
    memcpy(out, text.data, text.size);
    for (size_t at = 0; at + 1 < text.size; at++)
        for (const char *entry = digraphs; *entry; entry += 4)
            if (memcmp(out + at, entry, 2) == 0)
                memcpy(out + at, entry + 2, 2);
    return normalizer_fold(&s->analyzer->normalizer, (struct str){out, text.size}, &s->texts);
}

/* A word of letters with diacritics is found by a second spelling: in the languages that have digraphs for them, with
 * these; in the others by its stem as the stemmer sees it with its diacritics, since it knows endings such as -ción
 * only so. */
static void add_accented(struct analysis *s, size_t first, const struct unit *u)
{
    char out[LIMIT_TOKEN_BYTES];
    const char *digraphs = s->analyzer->language->digraphs;
    if (u->accented.size == 0 || u->accented.size > LIMIT_TOKEN_BYTES)
        return;
    if (digraphs) {
        struct str text = respelled(s, u, digraphs);
        if (text.size > 0 && !str_equal(text, u->full))
            add_spelling(s, first, text, u);
        return;
    }
    struct str with = {out, stem(&s->stemmer, u->accented, out)};
    struct str text = normalizer_fold(&s->analyzer->normalizer, with, &s->texts);
    if (text.size == 0 || str_equal(text, s->tokens[first].text))
        return;
    add_token(s, (struct token){.text = text,
                                .surface = u->full,
                                .position = s->position,
                                .start = u->start,
                                .end = u->end,
                                .kind = TOKEN_PART});
}

static void emit_word(struct analysis *s, const struct unit *u)
{
    size_t first = s->token_count;
    struct unit marked = *u;
    struct str text = u->base;
    if (u->marks & ATOM_PLUS_PLUS) {
        text = catenate(s, u->base, "++", (struct str){0});
        marked.end += 2;
    } else if (u->marks & ATOM_SHARP) {
        text = catenate(s, u->base, "#", (struct str){0});
        marked.end += 1;
    } else if (u->marks & ATOM_DOT_LEADS) {
        text = catenate(s, (struct str){0}, ".", u->base);
        marked.start -= 1;
    }
    add_kind(s, first, TOKEN_WORD, text, &marked);
    if (u->base.size > 1) /* c++ is not c */
        add_spelling(s, first, u->base, u);
    if (u->apostrophe)
        add_spelling(s, first, u->full, u);
    add_accented(s, first, u);
    for (uint32_t i = 0; u->comma && u->run_count == 1 && i < u->atom_count && i < SPLIT_RUNS; i++)
        add_run(s, first, TOKEN_PART, &s->runs[s->atoms[u->first_atom + i].first_run]);
    add_hangul_pairs(s, first, u);
    add_splits(s, first, u);
    s->position++;
}

/* units[0..count) with soft joiners between them: one word. */
static void emit_compound(struct analysis *s, const struct unit *units, size_t count)
{
    size_t first = s->token_count;
    struct unit whole = units[0];
    bool numbers = true; /* 1-1/2 is not 11/2, but 501-0115 is also typed 5010115 */
    for (size_t i = 1; i < count; i++)
        whole.digits += units[i].digits;
    for (size_t i = 0; i < count; i++)
        numbers = numbers && s->glued[units[i].first_run].kind == RUN_DIGITS;
    for (size_t i = 1; i < count; i++) {
        bool keep = numbers && whole.digits < 6 && units[i].joiner_before == '-';
        whole.full = catenate(s, whole.full, keep ? "-" : "", units[i].full);
        whole.end = units[i].end;
    }
    add_kind(s, first, TOKEN_WORD, whole.full, &whole);
    for (size_t i = 0; i < count; i++)
        add_kind(s, first, TOKEN_PART, units[i].base, &units[i]);
    for (size_t i = 0; i < count; i++)
        add_splits(s, first, &units[i]);
    s->position++;
}

/* --- units --- */

static struct run *last_run(struct analysis *s)
{
    return &s->glued[s->glued_count - 1];
}

static void push_run(struct analysis *s, struct unit *u, struct run run)
{
    if (!analysis_grow(s, &s->glued, &s->glued_capacity, s->glued_count, sizeof(*s->glued)))
        return;
    s->glued[s->glued_count++] = run;
    u->run_count++;
    if (run.kind == RUN_DIGITS)
        u->digits += (uint32_t)run.text.size;
}

static struct str atom_text(const struct analysis *s, const struct atom *atom)
{
    const struct run *first = &s->runs[atom->first_run], *last = first + atom->run_count - 1;
    return (struct str){first->text.data, (size_t)(last->text.data - first->text.data) + last->text.size};
}

static void start_unit(struct analysis *s, size_t at, char joiner_before)
{
    const struct atom *atom = &s->atoms[at];
    if (!analysis_grow(s, &s->units, &s->unit_capacity, s->unit_count, sizeof(*s->units)))
        return;
    struct unit *u = &s->units[s->unit_count++];
    struct run first = s->runs[atom->first_run];
    *u = (struct unit){.full = atom_text(s, atom),
                       .accented = atom->accented,
                       .start = first.start,
                       .end = s->runs[atom->first_run + atom->run_count - 1].end,
                       .first_run = (uint32_t)s->glued_count,
                       .first_atom = (uint32_t)at,
                       .atom_count = 1,
                       .joiner_before = joiner_before};
    bool letters = first.kind == RUN_LETTERS && atom->run_count == 1;
    if (first.kind == RUN_DIGITS && (atom->marks & ATOM_DOT_BEFORE)) {
        first.text = catenate(s, STR("0"), ".", first.text);
        u->start = --first.start;
        u->full = catenate(s, STR("0"), ".", u->full);
    } else if (letters && (atom->marks & ATOM_DOT_LEADS)) {
        u->marks |= ATOM_DOT_LEADS;
    }
    if (letters && (atom->marks & ATOM_PLUS_PLUS))
        u->marks |= ATOM_PLUS_PLUS;
    if (letters && (atom->marks & ATOM_SHARP) && first.text.size == 1)
        u->marks |= ATOM_SHARP;
    u->base = u->full;
    push_run(s, u, first);
    for (uint32_t i = 1; i < atom->run_count; i++)
        push_run(s, u, s->runs[atom->first_run + i]);
}

/* Glues an atom that starts with digits to the unit that ends with digits; `between` is what stays of the joiner. */
static void glue_number(struct analysis *s, const struct atom *atom, const char *between)
{
    struct unit *u = &s->units[s->unit_count - 1];
    const struct run *first = &s->runs[atom->first_run];
    struct run *last = last_run(s);
    u->digits += (uint32_t)first->text.size;
    last->text = catenate(s, last->text, between, first->text);
    last->end = first->end;
    for (uint32_t i = 1; i < atom->run_count; i++)
        push_run(s, u, s->runs[atom->first_run + i]);
    u->full = u->base = catenate(s, u->full, between, atom_text(s, atom));
    u->end = s->runs[atom->first_run + atom->run_count - 1].end;
    u->accented = (struct str){0};
    u->marks = 0;
    u->atom_count++;
}

/* 1,299 or 5,5: what the comma between the last unit and atoms[at] becomes, or NULL: it separates. */
static const char *comma_glue(struct analysis *s, size_t at)
{
    const struct unit *u = &s->units[s->unit_count - 1];
    size_t left = last_run(s)->text.size, right = s->runs[s->atoms[at].first_run].text.size;
    bool again = at >= 2 && s->atoms[at - 2].joiner == ',';
    bool goes_on = s->atoms[at].joiner == ',';
    if (u->run_count != 1)
        return NULL;
    if (right == 3 && (left <= 3 || (again && u->comma)))
        return "";
    return right <= 2 && !again && !goes_on ? "." : NULL;
}

static bool try_number(struct analysis *s, size_t at)
{
    const struct run *left = last_run(s), *right = &s->runs[s->atoms[at].first_run];
    struct unit *u = &s->units[s->unit_count - 1];
    const char *between = NULL;
    if (left->kind != RUN_DIGITS || right->kind != RUN_DIGITS)
        return false;
    switch (s->atoms[at - 1].joiner) {
    case '.':
        between = ".";
        break;
    case '/':
        between = left->text.size <= 3 && right->text.size <= 3 ? "/" : NULL;
        break;
    case ',':
        between = comma_glue(s, at);
        break;
    default:
        break;
    }
    if (!between)
        return false;
    u->comma = u->comma || (s->atoms[at - 1].joiner == ',' && right->text.size > 1);
    glue_number(s, &s->atoms[at], between);
    return true;
}

static bool word_in(struct str word, const char *list)
{
    struct str rest = str_from(list);
    while (rest.data)
        if (str_equal(str_split(&rest, ' '), word))
            return true;
    return false;
}

/* men's, l'eau, don't, Samsung'un: what stands at the apostrophe belongs to the unit but is not its own word. */
static bool try_apostrophe(struct analysis *s, size_t at)
{
    const struct language *language = s->analyzer->language;
    const struct atom *atom = &s->atoms[at];
    struct unit *u = &s->units[s->unit_count - 1];
    struct str right = s->runs[atom->first_run].text;
    if (s->atoms[at - 1].joiner != '\'' || last_run(s)->kind != RUN_LETTERS || atom->run_count != 1 ||
        s->runs[atom->first_run].kind != RUN_LETTERS)
        return false;
    struct str full = catenate(s, u->full, "", right);
    if (str_equal(right, STR("s")) || language->suffix_apostrophe) {
        /* the base stays */
    } else if (language->elisions) {
        if (u->atom_count > 1 || !word_in(u->base, language->elisions))
            return false;
        u->base = right;
    } else if (word_in(right, "t ll re ve d m")) {
        u->base = full;
    } else {
        return false;
    }
    u->full = full;
    u->accented = (struct str){0};
    u->marks = 0;
    u->apostrophe = true;
    u->atom_count++;
    u->end = s->runs[atom->first_run].end;
    push_run(s, u, s->runs[atom->first_run]);
    return true;
}

/* The joiner between the last unit and atoms[at] when it makes one word of them, else 0. */
static char soft_joiner(struct analysis *s, size_t at)
{
    const struct unit *u = &s->units[s->unit_count - 1];
    const struct atom *atom = &s->atoms[at];
    const struct run *right = &s->runs[atom->first_run];
    char joiner = s->atoms[at - 1].joiner;
    bool digits = u->digits > 0;
    for (uint32_t i = 0; i < atom->run_count; i++)
        digits = digits || right[i].kind == RUN_DIGITS;
    switch (joiner) {
    case ',':
        return 0;
    case '\'':
        return last_run(s)->kind == RUN_LETTERS && right->kind == RUN_LETTERS ? joiner : 0;
    case '/':
        return digits || (u->full.size <= 2 && atom_text(s, atom).size <= 2) ? joiner : 0;
    default:
        return joiner;
    }
}

static void make_units(struct analysis *s)
{
    s->unit_count = 0;
    s->glued_count = 0;
    for (size_t at = 0; at < s->atom_count && !s->failed; at++) {
        if (at == 0)
            start_unit(s, at, 0);
        else if (!try_number(s, at) && !try_apostrophe(s, at))
            start_unit(s, at, soft_joiner(s, at));
    }
}

void compound_flush(struct analysis *s)
{
    if (s->atom_count > 0 && !s->failed)
        make_units(s);
    else
        s->unit_count = 0;
    for (size_t from = 0, to; from < s->unit_count && !s->failed; from = to) {
        to = from + 1;
        while (to < s->unit_count && s->units[to].joiner_before)
            to++;
        if (to - from > 1 && to - from <= COMPOUND_UNITS) {
            emit_compound(s, s->units + from, to - from);
            continue;
        }
        for (size_t i = from; i < to; i++)
            emit_word(s, &s->units[i]);
    }
    s->atom_count = 0;
    s->run_count = 0;
}
