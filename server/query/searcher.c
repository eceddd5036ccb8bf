#include "server/query/searcher.h"

#include <stdlib.h>

struct searcher *searcher_new(void)
{
    struct searcher *s = xcalloc(1, sizeof(*s));

    arena_init(&s->scratch, LIMIT_REQUEST_ARENA);
    s->own = s->pages = pages_new(SEARCHER_PAGES_BYTES, false);
    return s;
}

void searcher_share(struct searcher *s, struct pages *pages)
{
    pages_free(s->own);
    s->own = NULL;
    s->pages = pages;
}

void searcher_help(struct searcher *s, struct crew *crew)
{
    s->crew = crew;
}

static void tell(_Atomic uint64_t *sum, uint64_t *told, uint64_t now)
{
    if (*told != now)
        atomic_fetch_add_explicit(sum, now - *told, memory_order_relaxed);
    *told = now;
}

void searcher_tell(struct searcher *s)
{
    struct searcher_memory *all = s->memory_of_all;

    if (!all)
        return;
    tell(&all->tallies, &s->told.tallies, s->facets.kept);
    tell(&all->tally_bytes, &s->told.tally_bytes, s->facets.bytes);
    tell(&all->tallies_asked, &s->told.tallies_asked, s->facets.asked);
    tell(&all->tallies_found, &s->told.tallies_found, s->facets.found);
    tell(&all->value_bytes, &s->told.value_bytes, s->lengths.impacts.lists.bytes + s->memory.unions.lists.bytes);
}

void searcher_report(struct searcher *s, struct searcher_memory *memory)
{
    s->memory_of_all = memory;
}

void searcher_free(struct searcher *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < SEARCHER_ANALYSES; i++)
        analysis_free(s->analyses[i].analysis);
    tallies_clear(&s->facets);
    prune_cache_clear(&s->lengths);
    match_memory_clear(&s->memory);
    searcher_tell(s);
    prior_cache_clear(&s->priors);
    pages_free(s->own);
    buf_release(&s->page_key);
    arena_release(&s->scratch);
    free(s);
}

struct analysis *searcher_analysis(struct searcher *s, const struct snapshot *snapshot)
{
    uint64_t id = analyzer_id(snapshot->analyzer);
    uint32_t at;

    for (uint32_t i = 0; i < SEARCHER_ANALYSES; i++) {
        if (s->analyses[i].analysis && s->analyses[i].analyzer == id)
            return s->analyses[i].analysis;
    }
    at = s->next_analysis++ % SEARCHER_ANALYSES;
    analysis_free(s->analyses[at].analysis);
    s->analyses[at].analysis = analysis_new(snapshot->analyzer);
    s->analyses[at].analyzer = id;
    return s->analyses[at].analysis;
}

enum status searcher_query(const struct search_context *c, const struct search_request *request,
                           const struct query **out, struct error *err)
{
    struct analysis *analysis;
    struct query *built = NULL;
    enum status status;
    struct query_options options = {.text = request->query,
                                    .prefix_last = request->prefix_last,
                                    .strict = request->strict,
                                    .any_word = request->any_word,
                                    .typo_tolerance = request->typo_tolerance,
                                    .optional_words = request->optional_words,
                                    .optional_count = request->optional_count,
                                    .rare = (uint64_t)request->min_hits};

    if (request->built && request->built->snapshot == c->snapshot) {
        *out = request->built;
        return STATUS_OK;
    }
    analysis = searcher_analysis(c->searcher, c->snapshot);
    if (!analysis)
        return error_set(err, STATUS_LIMIT, "the query cannot be analysed: out of memory");
    status = query_build(&built, c->snapshot, analysis, &options, c->arena, err);
    *out = built;
    return status;
}

enum status searcher_fields(const struct snapshot *snapshot, const struct search_request *request, uint64_t *fields,
                            struct error *err)
{
    const struct settings *s = snapshot->settings;

    *fields = 0;
    for (size_t i = 0; i < request->restrict_count; i++) {
        bool known = false;
        for (size_t f = 0; f < s->field_count; f++) {
            bool is = str_equal(s->fields[f].name, request->restrict_fields[i]);
            for (size_t k = 0; k < s->fields[f].attribute_count; k++)
                is |= str_equal(s->fields[f].attributes[k], request->restrict_fields[i]);
            if (is)
                *fields |= 15ull << (4 * f);
            known |= is;
        }
        if (!known)
            return error_set(err, STATUS_INPUT,
                             "'restrictSearchableAttributes': '" STR_FMT "' is not one of searchableAttributes",
                             STR_ARG(str_slice(request->restrict_fields[i], 0,
                                               request->restrict_fields[i].size < 60
                                                   ? request->restrict_fields[i].size
                                                   : str_utf8_cut(request->restrict_fields[i], 60))));
    }
    return STATUS_OK;
}

/* The first step that can have enough: whoever lacks at most i words has one of any i + 1 of them, of those that the
 * fewest documents have, for instance; or a rare one. */
static uint32_t first_step(const struct evaluation *e)
{
    const struct query *q = e->query;
    uint64_t sizes[QUERY_SLOTS], least = (uint64_t)e->requests[0].request->min_hits, most = q->identifier.df;
    uint64_t rare = 0;
    uint32_t steps = 1;

    for (uint32_t i = 0; i < q->required_count; i++) {
        const struct slot *s = &q->slots[q->required[i]];
        uint64_t size = 0;
        uint32_t at = i;
        for (uint32_t k = 0; k < s->alternative_count; k++)
            size += s->alternatives[k].df;
        rare += i < q->rare_count ? size : 0;
        for (; at > 0 && sizes[at - 1] > size; at--)
            sizes[at] = sizes[at - 1];
        sizes[at] = size;
    }
    for (; steps < q->required_count && most + sizes[steps - 1] + (steps > 1 ? rare : 0) < least; steps++)
        most += sizes[steps - 1];
    return steps;
}

static bool too_few(const struct evaluation *e)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->requests[i].total < (uint64_t)e->requests[i].request->min_hits)
            return true;
    }
    return false;
}

void searcher_lend(struct searcher *s, struct evaluation *e)
{
    scorer_prepare(&s->scorer, e->snapshot);
    e->counts = &s->facets;
    e->lengths = &s->lengths;
    e->priors = &s->priors;
    e->memory = &s->memory;
    e->pages = s->pages;
    e->page_key = &s->page_key;
    e->crew = s->crew;
    e->steps = 1;
}

bool searcher_keeps(struct searcher *s, const struct snapshot *snapshot, const struct search_request *request,
                    const struct query *query)
{
    struct evaluation_request r = {.request = request};
    struct evaluation e = {
        .snapshot = snapshot, .arena = &s->scratch, .scratch = &s->scratch, .requests = &r, .count = 1, .query = query};
    struct error err;

    if (!s->pages || !query->match_all)
        return false;
    searcher_lend(s, &e);
    return evaluation_init(&e, &s->scorer, &err) == STATUS_OK && r.page.counted && (r.page.k == 0 || r.page.known);
}

enum status searcher_evaluate(struct searcher *s, struct evaluation *e, struct error *err)
{
    enum status status;
    bool relaxed;

    searcher_lend(s, e);
    relaxed =
        !e->query->any_word && !e->query->impossible && e->query->required_count > 1 && !e->requests[0].request->strict;
    if (relaxed)
        e->steps = first_step(e);
    status = evaluation_init(e, &s->scorer, err);
    if (status == STATUS_OK)
        status = evaluation_run(e, err);
    /* One more word may be missing each time: all steps counted at once cost more than those that are needed. */
    while (status == STATUS_OK && relaxed && e->steps < e->query->required_count && too_few(e)) {
        e->steps++;
        status = evaluation_run(e, err);
    }
    return status;
}
