#include "server/query/highlight.h"

#include <stdlib.h>

#include "server/query/searcher.h"

#define TEXT_LIMIT 65536 /* longer texts are shown, and marked up to here */

/* A term of an alternative, or a prefix. */
struct wanted {
    struct str text;
    const struct alternative *alternative;
    uint32_t slot;
    bool found;
};

struct mark {
    uint32_t start, end;
};

struct highlighter {
    const struct query *query;
    struct analysis *analysis;
    struct arena *arena;
    struct str text;
    const struct token *tokens;
    size_t token_count;
    struct wanted *wanted;
    size_t wanted_count;
    uint64_t filter; /* by first byte and size: most tokens are none of the terms */
    struct mark *marks;
    size_t mark_count;
    bool matched[QUERY_SLOTS];
};

size_t highlight_cut(struct analysis *analysis, struct str text, size_t from, size_t folded)
{
    struct buf out = BUF_EMPTY;
    size_t at = from;

    while (at < text.size) {
        (void)str_utf8_next(text, &at);
        buf_clear(&out);
        analyze_fold(analysis, str_slice(text, from, at), &out);
        if (out.size >= folded)
            break;
    }
    /* Marks that belong to the last character go with it. */
    while (at < text.size) {
        size_t next = at, size = out.size;
        (void)str_utf8_next(text, &next);
        if ((unsigned char)text.data[at] < 0x80)
            break;
        buf_clear(&out);
        analyze_fold(analysis, str_slice(text, from, next), &out);
        if (out.size != size)
            break;
        at = next;
    }
    buf_release(&out);
    return at - from;
}

/* --- what is wanted --- */
static uint64_t filter_bit(struct str s)
{
    return 1ull << (((unsigned char)s.data[0] * 7u + s.size) & 63);
}

static bool collect(struct highlighter *h)
{
    size_t room = 0;

    for (uint32_t i = 0; i < h->query->slot_count; i++) {
        for (uint32_t k = 0; k < h->query->slots[i].alternative_count; k++)
            room += h->query->slots[i].alternatives[k].term_count + 1u;
    }
    h->wanted = ARENA_ARRAY(h->arena, struct wanted, room + 1);
    if (!h->wanted)
        return false;
    for (uint32_t i = 0; i < h->query->slot_count; i++) {
        for (uint32_t k = 0; k < h->query->slots[i].alternative_count; k++) {
            const struct alternative *a = &h->query->slots[i].alternatives[k];
            if (a->kind == ALTERNATIVE_PREFIX)
                h->wanted[h->wanted_count++] = (struct wanted){a->prefix, a, i, false};
            for (uint8_t t = 0; t < a->term_count; t++) {
                h->wanted[h->wanted_count++] = (struct wanted){a->terms[t]->text, a, i, false};
                h->filter |= filter_bit(a->terms[t]->text);
            }
        }
    }
    return true;
}

static bool is_prefix(const struct wanted *w)
{
    return w->alternative->kind == ALTERNATIVE_PREFIX;
}

static void find_terms(struct highlighter *h)
{
    for (size_t t = 0; t < h->token_count; t++) {
        struct str text = h->tokens[t].text;
        if (!(h->filter & filter_bit(text)))
            continue;
        for (size_t i = 0; i < h->wanted_count; i++)
            h->wanted[i].found |= !is_prefix(&h->wanted[i]) && str_equal(h->wanted[i].text, text);
    }
    /* An alternative that lacks one of its terms marks nothing. */
    for (size_t i = 0, end; i < h->wanted_count; i = end) {
        bool all = true;
        for (end = i; end < h->wanted_count && h->wanted[end].alternative == h->wanted[i].alternative; end++)
            all &= h->wanted[end].found;
        for (size_t k = i; k < end; k++)
            h->wanted[k].found = all;
    }
}

/* --- marks --- */
static void mark(struct highlighter *h, uint32_t start, uint32_t end)
{
    if (start < end)
        h->marks[h->mark_count++] = (struct mark){start, end};
}

static bool mark_whole(struct highlighter *h, const struct token *t)
{
    bool any = false;

    if (!(h->filter & filter_bit(t->text)))
        return false;
    for (size_t i = 0; i < h->wanted_count; i++) {
        struct wanted *w = &h->wanted[i];
        if (!w->found || is_prefix(w) || !str_equal(w->text, t->text))
            continue;
        h->matched[w->slot] = true;
        any = true;
    }
    if (any)
        mark(h, t->start, t->end);
    return any;
}

static bool mark_prefix(struct highlighter *h, const struct token *t)
{
    bool any = false;

    for (size_t i = 0; i < h->wanted_count; i++) {
        const struct wanted *w = &h->wanted[i];
        if (!is_prefix(w) || !(str_starts_with(t->text, w->text) || str_starts_with(t->surface, w->text)))
            continue;
        size_t size = highlight_cut(h->analysis, str_slice(h->text, 0, t->end), t->start, w->text.size);
        mark(h, t->start, t->start + (uint32_t)size);
        h->matched[w->slot] = true;
        any = true;
    }
    return any;
}

static int by_start(const void *x, const void *y)
{
    const struct mark *a = x, *b = y;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* The tokens were copied: cutting a prefix uses the analysis again. */
static bool make_marks(struct highlighter *h)
{
    size_t n = 0;

    h->marks = ARENA_ARRAY(h->arena, struct mark, 2 * h->token_count + 2);
    if (!h->marks)
        return false;
    find_terms(h);
    for (size_t t = 0; t < h->token_count; t++) {
        if (h->mark_count + 2 < 2 * h->token_count + 2 && !mark_whole(h, &h->tokens[t]))
            (void)mark_prefix(h, &h->tokens[t]);
    }
    qsort(h->marks, h->mark_count, sizeof(*h->marks), by_start);
    for (size_t i = 0; i < h->mark_count; i++) {
        if (n > 0 && h->marks[i].start <= h->marks[n - 1].end)
            h->marks[n - 1].end = h->marks[i].end > h->marks[n - 1].end ? h->marks[i].end : h->marks[n - 1].end;
        else
            h->marks[n++] = h->marks[i];
    }
    h->mark_count = n;
    return true;
}

static enum status copy_tokens(struct highlighter *h)
{
    const struct token *tokens;
    struct token *copy;
    size_t count;
    struct str head = h->text;

    if (head.size > TEXT_LIMIT)
        head.size = str_utf8_cut(head, TEXT_LIMIT);
    if (analyze(h->analysis, head, &tokens, &count) != STATUS_OK)
        return STATUS_LIMIT;
    copy = ARENA_ARRAY(h->arena, struct token, count + 1);
    if (!copy)
        return STATUS_LIMIT;
    for (size_t i = 0; i < count; i++) {
        copy[i] = tokens[i];
        copy[i].text = arena_copy(h->arena, tokens[i].text);
        copy[i].surface = arena_copy(h->arena, tokens[i].surface);
    }
    h->tokens = copy;
    h->token_count = count;
    return h->arena->failed ? STATUS_LIMIT : STATUS_OK;
}

/* --- the answer --- */
static bool covered(const struct highlighter *h, const struct token *t)
{
    for (size_t i = 0; i < h->mark_count; i++) {
        if (h->marks[i].start <= t->start && h->marks[i].end >= t->end)
            return true;
    }
    return false;
}

static bool summarise(struct highlighter *h, struct highlighted *out)
{
    struct str *words = ARENA_ARRAY(h->arena, struct str, h->query->slot_count + 1);

    if (!words)
        return false;
    for (uint32_t i = 0; i < h->query->slot_count; i++) {
        if (h->matched[i])
            words[out->word_count++] = h->query->slots[i].typed;
    }
    out->words = words;
    out->level = out->word_count == 0                     ? MATCH_NONE
                 : out->word_count < h->query->slot_count ? MATCH_PARTIAL
                                                          : MATCH_FULL;
    out->fully = h->mark_count > 0 && h->text.size <= TEXT_LIMIT;
    for (size_t t = 0; out->fully && t < h->token_count; t++)
        out->fully = h->tokens[t].kind != TOKEN_WORD || covered(h, &h->tokens[t]);
    return true;
}

/* The part of the text to show: `words` words, those with the most marks among them, the earliest of equal ones. */
static void choose_part(const struct highlighter *h, size_t words, size_t *from, size_t *to)
{
    size_t first = 0, count = 0, marked = 0, best = 0, at = 0;
    bool any = false;

    *from = 0;
    *to = h->text.size;
    for (size_t t = 0; t < h->token_count; t++) {
        if (h->tokens[t].kind != TOKEN_WORD)
            continue;
        while (at < h->mark_count && h->marks[at].end <= h->tokens[t].start)
            at++;
        marked += at < h->mark_count && h->marks[at].start < h->tokens[t].end;
        if (++count > words) {
            size_t left = 0;
            while (left < h->mark_count && h->marks[left].end <= h->tokens[first].start)
                left++;
            marked -= left < h->mark_count && h->marks[left].start < h->tokens[first].end;
            do
                first++;
            while (h->tokens[first].kind != TOKEN_WORD);
        }
        if (!any || marked > best || (count <= words && marked == best)) {
            any = true;
            best = marked;
            *from = count > words || first > 0 ? h->tokens[first].start : 0;
            *to = h->tokens[t].end;
        }
    }
    if (count <= words)
        *to = h->text.size;
}

static enum status write_value(struct highlighter *h, const struct search_request *request, size_t words,
                               struct highlighted *out)
{
    struct buf text;
    size_t from = 0, to = h->text.size, at;

    buf_init(&text, LIMIT_REQUEST_ARENA);
    if (words > 0)
        choose_part(h, words, &from, &to);
    if (from > 0)
        buf_append_str(&text, request->ellipsis);
    at = from;
    for (size_t i = 0; i < h->mark_count; i++) {
        const struct mark *m = &h->marks[i];
        if (m->start < from || m->end > to)
            continue;
        buf_append_str(&text, str_slice(h->text, at, m->start));
        buf_append_str(&text, request->pre_tag);
        buf_append_str(&text, str_slice(h->text, m->start, m->end));
        buf_append_str(&text, request->post_tag);
        at = m->end;
    }
    buf_append_str(&text, str_slice(h->text, at, to));
    if (to < h->text.size)
        buf_append_str(&text, request->ellipsis);
    out->value = arena_copy(h->arena, buf_str(&text));
    bool failed = text.failed || h->arena->failed;
    buf_release(&text);
    return failed ? STATUS_LIMIT : STATUS_OK;
}

enum status search_highlight(const struct search_context *c, const struct search_request *request,
                             const struct search_result *result, const struct highlight_text *what,
                             struct highlighted *out)
{
    struct highlighter h = {.query = result->query, .arena = c->arena, .text = what->text};
    enum status status = STATUS_OK;

    *out = (struct highlighted){.value = what->text};
    if (!h.query || (h.query->slot_count == 0 && what->words == 0))
        return STATUS_OK;
    h.analysis = searcher_analysis(c->searcher, h.query->snapshot);
    if (!h.analysis || !collect(&h))
        return STATUS_LIMIT;
    status = copy_tokens(&h);
    if (status != STATUS_OK)
        return status;
    if (!make_marks(&h) || !summarise(&h, out))
        return STATUS_LIMIT;
    return write_value(&h, request, what->words, out);
}
