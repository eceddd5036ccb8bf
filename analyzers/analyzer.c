#include "analyzers/analyzer.h"

#include "analyzers/analyzer_internal.h"
#include "analyzers/word_break.h"

#include <stdatomic.h>
#include <stdlib.h>

static enum status choose_stemmer(struct analyzer *a, const char *name, struct error *err)
{
    bool english = strcmp(a->language->code, "en") == 0;
    bool has_snowball = a->language->stemmer != NULL;
    if (!name || !*name || strcmp(name, "default") == 0) {
        a->stemmer = english ? STEMMER_LIGHT : has_snowball ? STEMMER_SNOWBALL : STEMMER_NONE;
        return STATUS_OK;
    }
    if (strcmp(name, "none") == 0) {
        a->stemmer = STEMMER_NONE;
        return STATUS_OK;
    }
    if (strcmp(name, "light") == 0 && english) {
        a->stemmer = STEMMER_LIGHT;
        return STATUS_OK;
    }
    if (strcmp(name, "snowball") == 0 && has_snowball) {
        a->stemmer = STEMMER_SNOWBALL;
        return STATUS_OK;
    }
    const char *known = english ? "light, snowball" : has_snowball ? "snowball" : "nothing else";
    return error_set(err, STATUS_INPUT, "no stemmer '%s' for language '%s': it takes default, none, %s", name,
                     a->language->code, known);
}

static enum status unknown_language(const char *code, struct error *err)
{
    struct buf known = BUF_EMPTY;
    for (size_t i = 1; i < language_count; i++)
        buf_printf(&known, "%s%s", i > 1 ? " " : "", languages[i].code);
    enum status status =
        error_set(err, STATUS_INPUT, "unknown language '%.16s', known are: %.*s", code, STR_ARG(buf_str(&known)));
    buf_release(&known);
    return status;
}

/* The stop words folded as texts are, separated by spaces. */
static enum status collect_stop_words(struct analyzer *a, const struct analyzer_options *options, struct error *err)
{
    struct arena arena;
    struct buf words = BUF_EMPTY;
    struct normalized normalized = {0};
    arena_init(&arena, 0);
    enum status status = STATUS_OK;
    if (!options->stop_words_given && a->language->stop_words)
        buf_append_str(&words, str_from(a->language->stop_words));
    for (size_t i = 0; options->stop_words_given && i < options->stop_word_count && status == STATUS_OK; i++) {
        struct str word = options->stop_words[i];
        status = normalize(&a->normalizer, word, 0, word.size, &normalized);
        struct str folded = normalized_fold(&a->normalizer, &normalized, &arena);
        for (size_t at = 0; at < folded.size; at++) /* "don't" is the word dont */
            if (folded.data[at] != '\'')
                buf_append_char(&words, folded.data[at]);
        buf_append_char(&words, ' ');
    }
    if (status != STATUS_OK || words.failed || !stop_words_init(&a->stop_words, buf_str(&words)))
        status = error_set(err, STATUS_LIMIT, "no memory for stop words");
    normalized_release(&normalized);
    buf_release(&words);
    arena_release(&arena);
    return status;
}

/* The stems of a language's words. */
static enum status collect_stems(const struct analyzer *a, const char *words, struct stop_words *out, struct error *err)
{
    struct str rest = str_from(words ? words : "");
    struct buf stems = BUF_EMPTY;
    struct stemmer stemmer;
    bool fine = stemmer_init(&stemmer, a->stemmer, a->language->stemmer);

    while (fine && rest.size) {
        char stemmed[LIMIT_TOKEN_BYTES];
        struct str word = str_split(&rest, ' ');
        buf_append(&stems, stemmed, stem(&stemmer, word, stemmed));
        buf_append_char(&stems, ' ');
    }
    fine = fine && !stems.failed && stop_words_init(out, buf_str(&stems));
    stemmer_release(&stemmer);
    buf_release(&stems);
    return fine ? STATUS_OK : error_set(err, STATUS_LIMIT, "no memory for the words of a language");
}

bool analysis_is_accessory(const struct analysis *s, struct str text)
{
    return text.size > 0 && stop_words_has(&s->analyzer->accessories, text);
}

bool analysis_is_exclusion(const struct analysis *s, struct str text)
{
    return text.size > 0 && stop_words_has(&s->analyzer->exclusions, text);
}

bool analysis_tells_order(const struct analysis *s)
{
    return s->analyzer->language->accessories != NULL;
}

static _Atomic uint64_t next_id = 1;

enum status analyzer_open(struct analyzer **out, const struct analyzer_options *options, struct error *err)
{
    *out = NULL;
    const struct language *language = language_find(options->language ? options->language : "");
    if (!language)
        return unknown_language(options->language, err);
    struct analyzer *a = xcalloc(1, sizeof(*a));
    a->id = atomic_fetch_add(&next_id, 1);
    a->language = language;
    enum status status = choose_stemmer(a, options->stemmer, err);
    if (status != STATUS_OK)
        goto out;
    status = normalizer_init(&a->normalizer, language->dotless_i, err);
    if (status != STATUS_OK)
        goto out;
    status = collect_stop_words(a, options, err);
    if (status == STATUS_OK)
        status = collect_stems(a, language->accessories, &a->accessories, err);
    if (status == STATUS_OK)
        status = collect_stems(a, language->exclusions, &a->exclusions, err);
    if (status != STATUS_OK)
        goto out;
    status = word_break_open(&a->words, WORD_BREAK_LOCALE, err);
out:
    if (status == STATUS_OK)
        *out = a;
    else
        analyzer_close(a);
    return status;
}

uint64_t analyzer_id(const struct analyzer *a)
{
    return a->id;
}

void analyzer_close(struct analyzer *a)
{
    if (!a)
        return;
    if (a->words)
        ubrk_close(a->words);
    stop_words_release(&a->stop_words);
    stop_words_release(&a->accessories);
    stop_words_release(&a->exclusions);
    free(a);
}

struct analysis *analysis_new(const struct analyzer *a)
{
    struct analysis *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    UErrorCode code = U_ZERO_ERROR;
    s->analyzer = a;
    arena_init(&s->texts, ANALYZE_ARENA_BYTES);
    s->words = ubrk_clone(a->words, &code);
    if (U_FAILURE(code) || !stemmer_init(&s->stemmer, a->stemmer, a->language->stemmer)) {
        analysis_free(s);
        return NULL;
    }
    return s;
}

void analysis_free(struct analysis *s)
{
    if (!s)
        return;
    if (s->words)
        ubrk_close(s->words);
    stemmer_release(&s->stemmer);
    normalized_release(&s->normalized);
    arena_release(&s->texts);
    free(s->tokens);
    free(s->runs);
    free(s->atoms);
    free(s->units);
    free(s->glued);
    free(s);
}

/* What one huge text needed is not kept for ever. */
static void shrink(struct analysis *s)
{
    if (s->token_capacity <= KEPT_TOKENS && s->normalized.capacity <= KEPT_TOKENS)
        return;
    free(s->tokens);
    s->tokens = NULL;
    s->token_capacity = 0;
    normalized_release(&s->normalized);
    arena_release(&s->texts);
    arena_init(&s->texts, ANALYZE_ARENA_BYTES);
}

static struct str start(struct analysis *s, struct str text)
{
    shrink(s);
    arena_reset(&s->texts);
    s->token_count = s->run_count = s->atom_count = 0;
    s->position = 0;
    s->failed = false;
    if (text.size > ANALYZE_TEXT_BYTES)
        text.size = str_utf8_cut(text, ANALYZE_TEXT_BYTES);
    return text;
}

static enum status finish(const struct analysis *s, const struct token **tokens, size_t *count)
{
    *tokens = s->tokens;
    *count = s->failed ? 0 : s->token_count;
    return s->failed ? STATUS_LIMIT : STATUS_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the words from `at` on that hold other characters than ASCII, one beside the other. */
static size_t end_of_foreign(struct str text, size_t at)
{
    for (;;) {
        while (at < text.size && !is_space(text.data[at]))
            at++;
        size_t space = at;
        while (at < text.size && is_space(text.data[at]))
            at++;
        while (at < text.size && !is_space(text.data[at]) && !((uint8_t)text.data[at] & 0x80))
            at++;
        if (at >= text.size || is_space(text.data[at]))
            return space;
    }
}

/* Words of which some hold other characters than ASCII. */
static void foreign_tokens(struct analysis *s, struct str text, size_t at, size_t end)
{
    while (at < end && !s->failed) {
        at = simple_tokens(s, text, at, end);
        size_t word = at;
        while (at < end && is_space(text.data[at]))
            at++;
        while (at < end && !is_space(text.data[at]))
            at++;
        segment_tokens(s, text, word, at);
    }
}

/* White space bounds everything in the chain: words are independent of what stands behind it. So only the words that
 * hold characters outside of the tables need ICU. */
enum status analyze(struct analysis *s, struct str text, const struct token **tokens, size_t *count)
{
    text = start(s, text);
    size_t at = 0;
    if (s->analyzer->language->dotless_i) { /* I has a second spelling there, as letters with diacritics have */
        foreign_tokens(s, text, 0, text.size);
        at = text.size;
    }
    while (at < text.size && !s->failed) {
        size_t foreign = str_ascii_end(text, at);
        while (foreign < text.size && foreign > at && !is_space(text.data[foreign - 1]))
            foreign--;
        ascii_tokens(s, text, at, foreign);
        at = foreign < text.size ? end_of_foreign(text, foreign) : foreign;
        foreign_tokens(s, text, foreign, at);
    }
    return finish(s, tokens, count);
}

enum status analyze_reference(struct analysis *s, struct str text, const struct token **tokens, size_t *count)
{
    text = start(s, text);
    segment_tokens(s, text, 0, text.size);
    return finish(s, tokens, count);
}

void analyze_fold(struct analysis *s, struct str text, struct buf *out)
{
    text = start(s, text);
    if (normalize(&s->analyzer->normalizer, text, 0, text.size, &s->normalized) != STATUS_OK) {
        out->failed = true;
        return;
    }
    struct str folded = normalized_fold(&s->analyzer->normalizer, &s->normalized, &s->texts);
    if (folded.data)
        buf_append_str(out, folded);
    else
        out->failed = true;
}

static bool has_split(const struct token *tokens, size_t count, const struct token *part)
{
    for (size_t i = 0; i < count; i++)
        if (tokens[i].kind == TOKEN_SPLIT && tokens[i].start < part->end && tokens[i].end > part->start)
            return true;
    return false;
}

size_t analyze_leaves(const struct token *tokens, size_t count, uint16_t *leaves, size_t room)
{
    size_t found = 0;
    if (count == 0 || tokens[count - 1].kind != TOKEN_SPLIT)
        return 0;
    for (size_t i = 0; i < count && found < room; i++)
        if (tokens[i].kind == TOKEN_SPLIT || (tokens[i].kind == TOKEN_PART && !has_split(tokens, count, &tokens[i])))
            leaves[found++] = (uint16_t)i;
    return found;
}

bool analyze_join(struct analysis *s, const struct token *left, const struct token *right, struct token *joined)
{
    size_t size = left->surface.size + right->surface.size;
    char *out = size <= LIMIT_TOKEN_BYTES ? arena_alloc(&s->texts, size) : NULL;
    if (!out)
        return false;
    memcpy(out, left->surface.data, left->surface.size);
    memcpy(out + left->surface.size, right->surface.data, right->surface.size);
    *joined = *left;
    joined->surface = (struct str){out, size};
    joined->has_digit = left->has_digit || right->has_digit;
    joined->text = joined->has_digit ? joined->surface : compound_stem(s, joined->surface);
    joined->end = right->end;
    joined->stop = false;
    return !s->failed;
}

const char *const *analyzer_languages(void)
{
    return language_codes;
}
