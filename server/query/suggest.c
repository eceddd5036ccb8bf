#include "server/query/suggest.h"

#include "server/query/searcher.h"

#define SUGGESTIONS_LIMIT 100

static enum status full(struct error *err)
{
    return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}

static struct str without_leading_space(struct str s)
{
    while (s.size && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = str_slice(s, 1, s.size);
    return s;
}

enum status suggest_run(const struct search_context *c, const struct suggest_request *request,
                        struct suggest_answer *out, struct error *err)
{
    const struct snapshot *snapshot = c->snapshot;
    struct arena *arena = c->arena;
    struct str typed = without_leading_space(request->typed);
    struct analysis *analysis = searcher_analysis(c->searcher, snapshot);
    size_t limit = request->limit < SUGGESTIONS_LIMIT ? request->limit : SUGGESTIONS_LIMIT;
    struct buf folded = BUF_EMPTY;

    *out = (struct suggest_answer){0};
    out->suggestions = ARENA_ARRAY(arena, struct suggestion, limit + 1);
    if (!analysis || !out->suggestions)
        return full(err);
    if (snapshot->suggest && limit > 0) {
        if (typed.size > 0)
            typed = str_slice(typed, 0,
                              str_utf8_cut(typed, typed.size < LIMIT_QUERY_BYTES ? typed.size : LIMIT_QUERY_BYTES));
        analyze_fold(analysis, typed, &folded);
        out->count = suggest_find(snapshot->suggest, buf_str(&folded), out->suggestions, limit);
        buf_release(&folded);
    }
    for (size_t i = 0; i < out->count; i++) {
        out->suggestions[i].text = arena_copy(arena, out->suggestions[i].text);
        out->suggestions[i].category = arena_copy(arena, out->suggestions[i].category);
    }
    if (arena->failed)
        return full(err);
    enum status status = request->products ? search_run(c, request->products, 1, &out->products, err) : STATUS_OK;
    out->partial = out->products.partial || (snapshot->suggest && suggest_damaged(snapshot->suggest));
    return status;
}
