#include "server/query/searcher.h"

enum status search_normal_form(const struct search_context *c, struct str text, struct str *out, struct error *err)
{
    struct analysis *analysis = searcher_analysis(c->searcher, c->snapshot);
    const struct token *tokens = NULL;
    size_t count = 0, size = 0;
    enum status status = analysis ? analyze(analysis, text, &tokens, &count) : STATUS_LIMIT;
    char *bytes;

    if (status != STATUS_OK)
        return error_set(err, status, "'query': the text could not be analysed");
    for (size_t i = 0; i < count; i++)
        size += tokens[i].kind == TOKEN_WORD ? tokens[i].text.size + 1 : 0;
    bytes = arena_alloc(c->arena, size + 1);
    if (!bytes)
        return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
    size = 0;
    for (size_t i = 0; i < count; i++) {
        if (tokens[i].kind != TOKEN_WORD || size + tokens[i].text.size >= LIMIT_QUERY_BYTES)
            continue;
        if (size > 0)
            bytes[size++] = ' ';
        memcpy(bytes + size, tokens[i].text.data, tokens[i].text.size);
        size += tokens[i].text.size;
    }
    *out = (struct str){bytes, size};
    return STATUS_OK;
}
