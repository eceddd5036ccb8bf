#ifndef AISLE_TESTS_UNIT_ANALYZERS_TOKENS_H
#define AISLE_TESTS_UNIT_ANALYZERS_TOKENS_H

/* Tokens as text, for the analyzers' tests. Include it first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyzers/analyzer.h"
#include "indexer/base/limits.h"
#include "tests/support/random.h"

struct setup {
    struct analyzer *analyzer;
    struct analysis *analysis;
};

static inline struct setup setup_open(const char *language, const char *stemmer)
{
    struct setup setup;
    struct error err = {0};
    struct analyzer_options options = {.language = language, .stemmer = stemmer};
    if (analyzer_open(&setup.analyzer, &options, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    setup.analysis = analysis_new(setup.analyzer);
    assert_non_null(setup.analysis);
    return setup;
}

static inline void setup_close(struct setup *setup)
{
    analysis_free(setup->analysis);
    analyzer_close(setup->analyzer);
}

/* "0 att p:at! p:t": positions, kinds, ! for stop words. */
static inline void describe(struct setup *setup, struct str text, bool reference, struct buf *out)
{
    const struct token *tokens;
    size_t count;
    assert_int_equal((reference ? analyze_reference : analyze)(setup->analysis, text, &tokens, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_char(out, ' ');
        if (i == 0 || tokens[i].position != tokens[i - 1].position)
            buf_printf(out, "%u ", tokens[i].position);
        static const char *const kinds[] = {"", "p:", "s:"};
        buf_printf(out, "%s" STR_FMT "%s", kinds[tokens[i].kind], STR_ARG(tokens[i].text), tokens[i].stop ? "!" : "");
    }
    buf_append_char(out, 0);
}

/* Everything a token has. */
static inline void describe_fully(struct setup *setup, struct str text, bool reference, struct buf *out)
{
    const struct token *tokens;
    size_t count;
    assert_int_equal((reference ? analyze_reference : analyze)(setup->analysis, text, &tokens, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%u:%u:%u-%u:" STR_FMT "(" STR_FMT ")%s%s ", tokens[i].position, tokens[i].kind,
                   tokens[i].start, tokens[i].end, STR_ARG(tokens[i].text), STR_ARG(tokens[i].surface),
                   tokens[i].stop ? "!" : "", tokens[i].has_digit ? "#" : "");
    buf_append_char(out, 0);
}

static inline void check_text(struct str s)
{
    assert_in_range(s.size, 1, LIMIT_TOKEN_BYTES);
    assert_true(str_utf8_valid(s, NULL));
}

/* True when byte `at` of text starts a character, as far as bytes tell. */
static inline bool is_boundary(struct str text, size_t at)
{
    return at >= text.size || ((uint8_t)text.data[at] & 0xc0) != 0x80 || !str_utf8_valid(text, NULL);
}

/* What analyzer.h promises of any text. */
static inline void check_tokens(struct setup *setup, struct str text, bool reference)
{
    const struct token *tokens;
    size_t count;
    assert_int_equal((reference ? analyze_reference : analyze)(setup->analysis, text, &tokens, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        const struct token *t = &tokens[i], *before = i ? t - 1 : NULL;
        check_text(t->text);
        check_text(t->surface);
        if (t->start >= t->end || t->end > text.size)
            fail_msg("token %zu covers %u-%u of %zu bytes", i, t->start, t->end, text.size);
        if (text.size < 1000)
            assert_true(is_boundary(text, t->start) && is_boundary(text, t->end));
        if (!before || before->position != t->position) {
            assert_int_equal(t->position, before ? before->position + 1 : 0);
            assert_int_equal(t->kind, TOKEN_WORD);
            continue;
        }
        assert_true(t->kind > before->kind || (t->kind == before->kind && t->start >= before->start));
        assert_int_not_equal(t->kind, TOKEN_WORD);
        assert_false(t->stop && t->kind == TOKEN_SPLIT);
    }
}

static inline void append_code_point(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(size == 1 ? c : (0xf00u >> size & 0xff) | c);
    buf_append(out, bytes, size);
}

#endif
