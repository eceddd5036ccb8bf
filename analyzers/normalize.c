#include "analyzers/normalize.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

/* Characters that normalize together: a base and its marks. Longer runs of marks are cut, which bounds the time that
 * sorting them takes. */
#define SPAN_UNITS 64
#define SPAN_OUT   2048 /* NFKC makes at most 18 units of one */

/* Letters that Unicode does not decompose, and what people type for them. */
static const struct {
    uint16_t from;
    uint16_t to[2];
} typed_as[] = {
    {0xe6, {'a', 'e'}},  {0xf0, {'d'}},  {0xf8, {'o'}},  {0xfe, {'t', 'h'}}, {0x111, {'d'}},
    {0x127, {'h'}},      {0x131, {'i'}}, {0x138, {'k'}}, {0x142, {'l'}},     {0x14b, {'n', 'g'}},
    {0x153, {'o', 'e'}}, {0x167, {'t'}}, {0x180, {'b'}}, {0x192, {'f'}},     {0x19a, {'l'}},
    {0x1dd, {'e'}},      {0x1e5, {'g'}}, {0x237, {'j'}}, {0x259, {'e'}},     {0x268, {'i'}},
};

/* Letters of their own, never mistaken for the base they decompose to: short i, Ukrainian yi, Belarusian short u. */
static bool is_own_letter(uint32_t c)
{
    return c == 0x439 || c == 0x457 || c == 0x45e;
}

static bool drops_marks(UScriptCode script)
{
    return script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC ||
           script == USCRIPT_ARABIC || script == USCRIPT_HEBREW;
}

static struct fold fold_of(const UNormalizer2 *nfd, uint32_t c, UErrorCode *code)
{
    struct fold fold = {{(uint16_t)c, 0}, 0};
    if (u_charType((UChar32)c) == U_NON_SPACING_MARK)
        return (struct fold){{0, 0}, 2};
    if (c == 0xb7 || c == 0x640) /* middle dot inside a word, Arabic tatweel */
        return (struct fold){{0, 0}, 0};
    fold.letters = drops_marks(uscript_getScript((UChar32)c, code)) && u_isalpha((UChar32)c);
    if (!fold.letters || is_own_letter(c))
        return fold;
    UChar parts[16];
    int32_t size = unorm2_getDecomposition(nfd, (UChar32)c, parts, 16, code);
    if (size > 0)
        fold.to[0] = parts[0];
    for (size_t i = 0; i < sizeof(typed_as) / sizeof(*typed_as); i++)
        if (typed_as[i].from == fold.to[0])
            memcpy(fold.to, typed_as[i].to, sizeof(fold.to));
    return fold;
}

static size_t put_utf8(char *out, uint32_t c)
{
    size_t size = 0;
    U8_APPEND_UNSAFE(out, size, c);
    return size;
}

size_t fold_code_point(const struct normalizer *n, uint32_t c, bool *base, char out[8])
{
    const struct fold *fold = NULL;
    if (c < FOLD_LOW_END)
        fold = &n->low[c];
    else if (c >= FOLD_HIGH_START && c < FOLD_HIGH_END)
        fold = &n->high[c - FOLD_HIGH_START];
    if (!fold) {
        if (u_getCombiningClass((UChar32)c) == 0)
            *base = false;
        return *base ? 0 : put_utf8(out, c);
    }
    if (fold->letters == 2) /* a mark stays on bases of other scripts */
        return *base ? 0 : put_utf8(out, c);
    *base = fold->letters;
    size_t size = 0;
    for (size_t i = 0; i < 2 && fold->to[i]; i++)
        size += put_utf8(out + size, fold->to[i]);
    return size;
}

static bool room(struct normalized *out, size_t more)
{
    if (out->capacity - out->count >= more)
        return true;
    size_t capacity = out->capacity + out->capacity / 2 + more;
    UChar *units = realloc(out->units, capacity * sizeof(*units));
    if (units)
        out->units = units;
    uint32_t *starts = realloc(out->starts, capacity * sizeof(*starts));
    if (starts)
        out->starts = starts;
    uint32_t *ends = realloc(out->ends, capacity * sizeof(*ends));
    if (ends)
        out->ends = ends;
    if (!units || !starts || !ends)
        return false;
    out->capacity = capacity;
    return true;
}

void normalized_release(struct normalized *out)
{
    free(out->units);
    free(out->starts);
    free(out->ends);
    *out = (struct normalized){0};
}

static void put(struct normalized *out, const UChar *units, size_t count, uint32_t start, uint32_t end)
{
    for (size_t i = 0; i < count; i++) {
        out->units[out->count] = units[i];
        out->starts[out->count] = start;
        out->ends[out->count++] = end;
    }
}

struct span {
    UChar units[SPAN_UNITS];
    size_t count;
    uint32_t start;
    uint32_t end;
};

/* As shoppers type it (see normalize.h); 0 when c is nothing special. */
static UChar typed(UChar32 c)
{
    switch (c) {
    case 0x2018:
    case 0x2019:
    case 0x201b:
    case 0x2032:
    case 0x2bc:
    case 0xb4:
        return '\'';
    case 0x2033:
    case 0x201c:
    case 0x201d:
        return '"';
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2212:
        return '-';
    case 0x2044:
    case 0x2215:
        return '/';
    case 0xb5:
        return 'u';
    case 0xa9:
    case 0xae:
    case 0x2014:
    case 0x2015:
    case 0x2120:
    case 0x2122:
    case 0x200b:
        return ' ';
    default:
        return 0;
    }
}

static bool is_fraction(UChar32 c)
{
    return (c >= 0xbc && c <= 0xbe) || (c >= 0x2150 && c <= 0x215e) || c == 0x2189;
}

static bool is_digit(uint32_t c)
{
    return c - '0' < 10;
}

static UChar last_unit(const struct span *span, const struct normalized *out)
{
    if (span->count)
        return span->units[span->count - 1];
    return out->count ? out->units[out->count - 1] : 0;
}

/* What stands for c before NFKC. `after` is the byte that follows it. */
static UChar32 replace(const struct normalizer *n, UChar32 c, UChar before, uint8_t after)
{
    if (n->dotless_i && c == 'I')
        return 0x131;
    if (n->dotless_i && c == 0x130)
        return 'i';
    if (c < 0x80)
        return c;
    if (c == 0xd7)
        return is_digit(after) && before > ' ' ? 'x' : ' ';
    UChar as = typed(c);
    return as ? as : c;
}

static bool is_plain_letter(UChar c, UErrorCode *code)
{
    UScriptCode script = uscript_getScript(c, code);
    return u_isalpha(c) && u_getIntPropertyValue(c, UCHAR_WORD_BREAK) == U_WB_ALETTER &&
           (script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC);
}

static bool is_alnum(UChar32 c)
{
    return is_digit((uint32_t)c) || (c >= 'a' && c <= 'z');
}

/* c as the whole chain of flush, word break and fold treats it wherever it stands; empty when that is not so simple. */
static struct simple simple_of(const struct normalizer *n, uint32_t c, UErrorCode *code)
{
    const struct simple none = {.folded_size = 0};
    struct simple simple = {.latin = true, .ascii = true};
    UChar in[2] = {(UChar)replace(n, (UChar32)c, 0, 0), 0}, units[20];
    bool base = false;
    int32_t size = unorm2_normalize(n->nfkc_casefold, in, 1, units, 20, code);
    if (U_FAILURE(*code) || size < 1 || size > 2 || c == 0xd7 || (c < 0xc0 && is_alnum(units[0])))
        return none;
    if (size == 1 && units[0] < 0x80 && !is_alnum(units[0]))
        return (struct simple){.folded = {(char)units[0]}, .folded_size = 1};
    for (int32_t i = 0; i < size; i++) {
        char bytes[8];
        size_t folded = fold_code_point(n, units[i], &base, bytes);
        if (!is_plain_letter(units[i], code) || folded == 0 || simple.folded_size + folded > sizeof(simple.folded))
            return none;
        memcpy(simple.folded + simple.folded_size, bytes, folded);
        simple.folded_size = (uint8_t)(simple.folded_size + folded);
        simple.cased_size = (uint8_t)(simple.cased_size + put_utf8(simple.cased + simple.cased_size, units[i]));
        simple.latin = simple.latin && (units[i] < 0x250 || (units[i] >= 0x1e00 && units[i] < 0x1f00));
        simple.ascii = simple.ascii && units[i] < 0x80;
    }
    return simple;
}

enum status normalizer_init(struct normalizer *n, bool dotless_i, struct error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    *n = (struct normalizer){.dotless_i = dotless_i};
    n->nfkc_casefold = unorm2_getNFKCCasefoldInstance(&code);
    const UNormalizer2 *nfd = unorm2_getNFDInstance(&code);
    for (uint32_t c = 0; c < FOLD_LOW_END && U_SUCCESS(code); c++)
        n->low[c] = fold_of(nfd, c, &code);
    for (uint32_t c = FOLD_HIGH_START; c < FOLD_HIGH_END && U_SUCCESS(code); c++)
        n->high[c - FOLD_HIGH_START] = fold_of(nfd, c, &code);
    for (uint32_t c = 0xa0; c < SIMPLE_LOW_END && U_SUCCESS(code); c++)
        n->simple_low[c] = simple_of(n, c, &code);
    for (uint32_t c = SIMPLE_HIGH_START; c < SIMPLE_HIGH_END && U_SUCCESS(code); c++)
        n->simple_high[c - SIMPLE_HIGH_START] = simple_of(n, c, &code);
    for (uint32_t c = SIMPLE_PUNCT_START; c < SIMPLE_PUNCT_END && U_SUCCESS(code); c++)
        n->simple_punct[c - SIMPLE_PUNCT_START] = simple_of(n, c, &code);
    if (U_FAILURE(code))
        return error_set(err, STATUS_LIMIT, "ICU cannot normalize text: %s", u_errorName(code));
    return STATUS_OK;
}

/* Normalizes what was collected and appends it. False when ICU or memory fails. */
static bool flush(const struct normalizer *n, struct span *span, struct normalized *out)
{
    UChar folded[SPAN_OUT];
    UErrorCode code = U_ZERO_ERROR;
    int32_t size = 1;
    if (span->count == 0)
        return true;
    if (span->count == 1 && span->units[0] < 0x80) {
        bool capital = span->units[0] >= 'A' && span->units[0] <= 'Z';
        folded[0] = (UChar)(span->units[0] + (capital ? 32 : 0));
    } else {
        size = unorm2_normalize(n->nfkc_casefold, span->units, (int32_t)span->count, folded, SPAN_OUT, &code);
    }
    span->count = 0;
    if (U_FAILURE(code) || !room(out, (size_t)size))
        return false;
    for (int32_t i = 0, next = 0; i < size; i = next) {
        UChar32 c;
        U16_NEXT(folded, next, size, c);
        UChar as = c < 0x80                                  ? 0
                   : u_charType(c) == U_DECIMAL_DIGIT_NUMBER ? (UChar)('0' + u_charDigitValue(c))
                                                             : typed(c);
        if (as)
            put(out, &as, 1, span->start, span->end);
        else
            put(out, folded + i, (size_t)(next - i), span->start, span->end);
    }
    return true;
}

/* Takes the code point c; place is its start and end in the text. */
static bool take(const struct normalizer *n, struct span *span, struct normalized *out, UChar32 c,
                 const uint32_t place[2])
{
    bool boundary = c < 0x300 || span->count + 2 > SPAN_UNITS || unorm2_hasBoundaryBefore(n->nfkc_casefold, c);
    if (boundary && !flush(n, span, out))
        return false;
    if (is_fraction(c) && is_digit(last_unit(span, out))) {
        if (!room(out, 1))
            return false;
        put(out, &(UChar){' '}, 1, place[0], place[1]);
    }
    if (span->count == 0)
        span->start = place[0];
    U16_APPEND_UNSAFE(span->units, span->count, c);
    span->end = place[1];
    return true;
}

enum status normalize(const struct normalizer *n, struct str text, size_t from, size_t to, struct normalized *out)
{
    struct span span = {.count = 0};
    out->count = 0;
    const uint8_t *bytes = (const uint8_t *)text.data;
    for (size_t at = from; at < to;) {
        size_t start = at;
        UChar32 c;
        U8_NEXT_OR_FFFD(bytes, at, to, c);
        c = replace(n, c, last_unit(&span, out), at < to ? bytes[at] : 0);
        uint32_t place[2] = {(uint32_t)start, (uint32_t)at};
        if (!take(n, &span, out, c, place))
            return STATUS_LIMIT;
    }
    return flush(n, &span, out) ? STATUS_OK : STATUS_LIMIT;
}

struct str normalizer_fold(const struct normalizer *n, struct str text, struct arena *arena)
{
    /* A code point of 2 bytes gives at most 2 letters, one of 3 bytes at most 3 bytes. */
    char *out = arena_alloc(arena, text.size + 8);
    if (!out)
        return (struct str){0};
    size_t size = 0;
    bool base = false;
    for (size_t at = 0; at < text.size;) {
        char bytes[8];
        size_t more = fold_code_point(n, str_utf8_next(text, &at), &base, bytes);
        memcpy(out + size, bytes, more);
        size += more;
    }
    return (struct str){out, size};
}

struct str normalized_fold(const struct normalizer *n, const struct normalized *in, struct arena *arena)
{
    char *out = arena_alloc(arena, in->count * 3 + 8);
    if (!out)
        return (struct str){0};
    size_t size = 0;
    bool base = false;
    for (size_t at = 0; at < in->count;) {
        char bytes[8];
        UChar32 c;
        U16_NEXT(in->units, at, in->count, c);
        size_t more = fold_code_point(n, (uint32_t)c, &base, bytes);
        memcpy(out + size, bytes, more);
        size += more;
    }
    return (struct str){out, size};
}
