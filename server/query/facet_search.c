/*
 * Facet-value search: which values of a facet a shopper means by what was typed, with their counts among the request's
 * matches. Compared are folded forms, from the start of any word of the value; one edit is forgiven from five letters
 * on.
 */
#include <stdlib.h>

#include "server/query/highlight.h"
#include "server/query/searcher.h"

#define TYPO_LENGTH  5
#define TYPED_LIMIT  128
#define VALUES_LIMIT 1000000

static bool word_byte(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z');
}

/* Whether text has a beginning within one edit of typed, the first byte kept; *size is that beginning's length. */
static bool begins_about(struct str text, struct str typed, size_t *size)
{
    size_t same = 0;
    size_t tails[3][2]; /* how much of text and of typed the edit takes */

    while (same < typed.size && same < text.size && text.data[same] == typed.data[same])
        same++;
    if (same == typed.size) {
        *size = same;
        return true;
    }
    if (same == 0)
        return false;
    memcpy(tails, (size_t[3][2]){{1, 1}, {1, 0}, {0, 1}}, sizeof(tails));
    for (int i = 0; i < 3; i++) {
        size_t t = same + tails[i][0], q = same + tails[i][1];
        if (t <= text.size && q <= typed.size && text.size - t >= typed.size - q &&
            memcmp(text.data + t, typed.data + q, typed.size - q) == 0) {
            *size = t + typed.size - q;
            return true;
        }
    }
    if (same + 2 <= typed.size && same + 2 <= text.size && text.data[same] == typed.data[same + 1] &&
        text.data[same + 1] == typed.data[same] && text.size >= typed.size &&
        memcmp(text.data + same + 2, typed.data + same + 2, typed.size - same - 2) == 0) {
        *size = typed.size;
        return true;
    }
    return false;
}

struct value_match {
    size_t from, size; /* in the folded value */
};

static bool value_matches(struct str folded, struct str typed, bool typos, struct value_match *out)
{
    for (int about = 0; about <= (int)typos; about++) {
        for (size_t i = 0; i < folded.size; i++) {
            struct str rest = str_slice(folded, i, folded.size);
            if (i > 0 && word_byte(folded.data[i - 1]))
                continue;
            out->from = i;
            out->size = typed.size;
            if (about ? begins_about(rest, typed, &out->size) : str_starts_with(rest, typed))
                return true;
        }
    }
    return false;
}

static size_t letters(struct str s)
{
    size_t n = 0;

    for (size_t at = 0; at < s.size; n++)
        (void)str_utf8_next(s, &at);
    return n;
}

static struct str highlighted(struct analysis *analysis, const struct search_request *request, struct str value,
                              const struct value_match *m, struct arena *arena)
{
    size_t from = m->from ? highlight_cut(analysis, value, 0, m->from) : 0;
    size_t end = m->size ? highlight_cut(analysis, value, 0, m->from + m->size) : from;

    if (m->size == 0)
        return value;
    return arena_printf(arena, STR_FMT STR_FMT STR_FMT STR_FMT STR_FMT, STR_ARG(str_slice(value, 0, from)),
                        STR_ARG(request->pre_tag), STR_ARG(str_slice(value, from, end)), STR_ARG(request->post_tag),
                        STR_ARG(str_slice(value, end, value.size)));
}

static enum status check_facet(const struct snapshot *snapshot, struct str facet, struct error *err)
{
    const struct dictionary *d = snapshot->dictionary;
    attr_id attr = dictionary_attr_find(d, facet);
    uint32_t level;
    struct str shown = str_slice(facet, 0, str_utf8_cut(facet, facet.size < 60 ? facet.size : 60));

    if (attr == ATTR_NONE && !dictionary_level_find(d, facet, &attr, &level))
        attr = ATTR_NONE;
    if (attr == ATTR_NONE || attr >= snapshot->attr_count || !dictionary_attr(d, attr)->searchable)
        return error_set(err, STATUS_INPUT,
                         "'" STR_FMT "' is no searchable facet; write \"searchable(" STR_FMT
                         ")\" in attributesForFaceting",
                         STR_ARG(shown), STR_ARG(shown));
    return STATUS_OK;
}

static enum status pick(const struct search_context *c, const struct search_request *request,
                        const struct facet_result *values, const struct facet_search *wanted, struct facet_hits *out)
{
    struct analysis *analysis = searcher_analysis(c->searcher, c->snapshot);
    struct buf folded = BUF_EMPTY;
    bool typos = letters(wanted->typed) >= TYPO_LENGTH;

    for (size_t i = 0; i < values->count && out->count < wanted->limit; i++) {
        const struct facet_count *v = &values->counts[i];
        struct facet_hit *hit = &out->hits[out->count];
        struct value_match m = {0, 0};
        buf_clear(&folded);
        analyze_fold(analysis, v->value, &folded);
        if (wanted->typed.size && !value_matches(buf_str(&folded), wanted->typed, typos, &m))
            continue;
        hit->value = arena_copy(c->arena, v->value);
        hit->count = v->count;
        hit->highlighted = highlighted(analysis, request, v->value, &m, c->arena);
        out->count++;
    }
    buf_release(&folded);
    return c->arena->failed ? STATUS_LIMIT : STATUS_OK;
}

enum status search_facet_values(const struct search_context *c, const struct search_request *request,
                                const struct facet_search *wanted, struct facet_hits *out, struct error *err)
{
    struct search_request counting = *request;
    struct facet_search folded_search = *wanted;
    struct search_result result;
    struct buf folded = BUF_EMPTY;
    size_t typed_size = wanted->typed.size < TYPED_LIMIT ? wanted->typed.size : TYPED_LIMIT;
    enum status status = check_facet(c->snapshot, wanted->facet, err);

    out->count = 0;
    if (status != STATUS_OK)
        return status;
    counting.facets = &wanted->facet;
    counting.facet_count = 1;
    counting.max_values_per_facet = VALUES_LIMIT;
    counting.hits_per_page = 0;
    counting.length = 0;
    status = search_run(c, &counting, 1, &result, err);
    if (status != STATUS_OK)
        return status;
    out->hits = ARENA_ARRAY(c->arena, struct facet_hit, wanted->limit + 1);
    if (!out->hits || !searcher_analysis(c->searcher, c->snapshot))
        return error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
    if (typed_size > 0)
        analyze_fold(searcher_analysis(c->searcher, c->snapshot),
                     str_slice(wanted->typed, 0, str_utf8_cut(wanted->typed, typed_size)), &folded);
    folded_search.typed = str_trim(buf_str(&folded));
    if (result.facet_count > 0)
        status = pick(c, &counting, &result.facets[0], &folded_search, out);
    buf_release(&folded);
    return status == STATUS_OK ? STATUS_OK
                               : error_set(err, STATUS_LIMIT, "the request needs more memory than it may use");
}
