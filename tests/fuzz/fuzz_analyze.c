/* Any bytes, any language: the fast way and the reference give the same tokens, and each is what analyzer.h promises.
 * The first byte chooses the language and the stemmer. Links: aisle_analyzers */
#include <stdlib.h>

#include "analyzers/analyzer.h"
#include "indexer/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHAINS 8

static struct analysis *chain(size_t which)
{
    static struct analysis *chains[CHAINS];
    static const char *const languages[CHAINS] = {"", "en", "en", "de", "fr", "tr", "ru", "ko"};
    struct error err;
    if (!chains[which]) {
        struct analyzer *analyzer; /* kept for the whole run */
        struct analyzer_options options = {.language = languages[which], .stemmer = which == 2 ? "snowball" : NULL};
        if (analyzer_open(&analyzer, &options, &err) != STATUS_OK)
            fatal("%s", err.message);
        chains[which] = analysis_new(analyzer);
    }
    return chains[which];
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check(const struct token *tokens, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        const struct token *t = &tokens[i];
        require(t->text.size > 0 && t->text.size <= LIMIT_TOKEN_BYTES && str_utf8_valid(t->text, NULL));
        require(t->surface.size > 0 && t->surface.size <= LIMIT_TOKEN_BYTES && str_utf8_valid(t->surface, NULL));
        require(t->start < t->end && t->end <= size);
        bool first = i == 0 || t[-1].position != t->position;
        require(first == (t->kind == TOKEN_WORD));
        require(i == 0 ? t->position == 0 : t->position - t[-1].position <= 1);
    }
}

/* Every field of every token, one after another. */
static void copy(const struct token *tokens, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_put_u32(out, tokens[i].position);
        buf_put_u32(out, tokens[i].start);
        buf_put_u32(out, tokens[i].end);
        buf_put_u8(out, (uint8_t)(tokens[i].kind << 2 | tokens[i].stop << 1 | tokens[i].has_digit));
        buf_append_str(out, tokens[i].text);
        buf_put_u8(out, 0xff);
        buf_append_str(out, tokens[i].surface);
        buf_put_u8(out, 0xff);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct analysis *analysis = chain(data[0] % CHAINS);
    struct str text = {(const char *)data + 1, size - 1};
    struct buf fast = BUF_EMPTY, reference = BUF_EMPTY, folded = BUF_EMPTY;
    const struct token *tokens;
    size_t count;
    require(analyze(analysis, text, &tokens, &count) == STATUS_OK);
    check(tokens, count, text.size);
    copy(tokens, count, &fast);
    require(analyze_reference(analysis, text, &tokens, &count) == STATUS_OK);
    copy(tokens, count, &reference);
    require(str_equal(buf_str(&fast), buf_str(&reference)));
    analyze_fold(analysis, text, &folded);
    require(str_utf8_valid(buf_str(&folded), NULL));
    buf_release(&fast);
    buf_release(&reference);
    buf_release(&folded);
    return 0;
}
