#include "server/query/highlight.h"

#include <stdlib.h>

#include "server/query/searcher.h"

#define TEXT_LIMIT 65536 /* longer texts are shown, and marked up to here */

/* A term of an alternative. */
struct wanted {
    struct str text;
    const struct alternative *alternative;
    uint32_t slot;
    bool found; /* in the text at hand, as are the alternative's others */
};

struct prefix {
    struct str text;
    uint32_t slot;
};

struct mark {
    uint32_t start, end;
};

struct marker {
    const struct query *query;
    const struct search_request *request;
    struct analysis *analysis; /* NULL: nothing can be marked */
    struct arena *arena;
    struct wanted *wanted;
    size_t wanted_count;
    struct prefix *prefixes;
    size_t prefix_count;
    uint64_t filter; /* by first byte and size: most tokens are none of the terms */
    bool together;   /* some alternatives are of several terms, which all must be in the text */
    /* the text at hand */
    struct str text;
    const struct token *tokens;
    size_t token_count;
    struct mark *marks;
    size_t mark_count, mark_room;
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

/* Of ASCII alone a byte folds to a byte, unless a mark follows. SIZE_MAX: there is other text. */
static size_t cut_ascii(struct str text, size_t from, size_t folded)
{
    size_t end = folded < text.size - from ? from + folded : text.size;
    unsigned char all = end < text.size ? (unsigned char)text.data[end] : 0;

    for (size_t i = from; i < end; i++)
        all |= (unsigned char)text.data[i];
    return all < 0x80 ? end - from : SIZE_MAX;
}

/* --- what is wanted --- */
static uint64_t filter_bit(struct str s)
{
    return 1ull << (((unsigned char)s.data[0] * 7u + s.size) & 63);
}

static void collect_alternative(struct marker *m, const struct alternative *a, uint32_t slot)
{
    if (a->kind == ALTERNATIVE_PREFIX)
        m->prefixes[m->prefix_count++] = (struct prefix){a->prefix, slot};
    m->together |= a->term_count > 1;
    for (uint8_t t = 0; t < a->term_count; t++) {
        m->wanted[m->wanted_count++] = (struct wanted){a->terms[t]->text, a, slot, true};
        m->filter |= filter_bit(a->terms[t]->text);
    }
}

static bool collect(struct marker *m)
{
    const struct query *q = m->query;
    size_t room = 1, prefixes = 1;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        for (uint32_t k = 0; k < q->slots[i].alternative_count; k++) {
            room += q->slots[i].alternatives[k].term_count;
            prefixes += q->slots[i].alternatives[k].kind == ALTERNATIVE_PREFIX;
        }
    }
    m->wanted = ARENA_ARRAY(m->arena, struct wanted, room);
    m->prefixes = ARENA_ARRAY(m->arena, struct prefix, prefixes);
    if (!m->wanted || !m->prefixes)
        return false;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        for (uint32_t k = 0; k < q->slots[i].alternative_count; k++)
            collect_alternative(m, &q->slots[i].alternatives[k], i);
    }
    return true;
}

/* Terms that stand alone are found as they are marked. */
static void find_terms(struct marker *m)
{
    if (!m->together)
        return;
    for (size_t i = 0; i < m->wanted_count; i++)
        m->wanted[i].found = false;
    for (size_t t = 0; t < m->token_count; t++) {
        struct str text = m->tokens[t].text;
        if (!(m->filter & filter_bit(text)))
            continue;
        for (size_t i = 0; i < m->wanted_count; i++)
            m->wanted[i].found |= str_equal(m->wanted[i].text, text);
    }
    /* An alternative that lacks one of its terms marks nothing. */
    for (size_t i = 0, end; i < m->wanted_count; i = end) {
        bool all = true;
        for (end = i; end < m->wanted_count && m->wanted[end].alternative == m->wanted[i].alternative; end++)
            all &= m->wanted[end].found;
        for (size_t k = i; k < end; k++)
            m->wanted[k].found = all;
    }
}

/* --- marks --- */
static void mark(struct marker *m, uint32_t start, uint32_t end)
{
    if (start < end)
        m->marks[m->mark_count++] = (struct mark){start, end};
}

static bool mark_whole(struct marker *m, const struct token *t)
{
    bool any = false;

    if (!(m->filter & filter_bit(t->text)))
        return false;
    for (size_t i = 0; i < m->wanted_count; i++) {
        struct wanted *w = &m->wanted[i];
        if (!w->found || !str_equal(w->text, t->text))
            continue;
        m->matched[w->slot] = true;
        any = true;
    }
    if (any)
        mark(m, t->start, t->end);
    return any;
}

/* One mark a token: prefixes of the same word begin where it does. */
static void mark_prefix(struct marker *m, const struct token *t)
{
    for (size_t i = 0; i < m->prefix_count; i++) {
        const struct prefix *p = &m->prefixes[i];
        if (t->text.data[0] != p->text.data[0] && t->surface.data[0] != p->text.data[0])
            continue;
        if (!(str_starts_with(t->text, p->text) || str_starts_with(t->surface, p->text)))
            continue;
        struct str word = str_slice(m->text, 0, t->end);
        size_t size = cut_ascii(word, t->start, p->text.size);
        if (size == SIZE_MAX)
            size = highlight_cut(m->analysis, word, t->start, p->text.size);
        mark(m, t->start, t->start + (uint32_t)size);
        m->matched[p->slot] = true;
    }
}

static int by_start(const void *x, const void *y)
{
    const struct mark *a = x, *b = y;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static bool has_order(const struct marker *m)
{
    for (size_t i = 1; i < m->mark_count; i++) {
        if (m->marks[i].start < m->marks[i - 1].start)
            return false;
    }
    return true;
}

static bool make_marks(struct marker *m)
{
    size_t n = 0, room = m->token_count * (1 + m->prefix_count);

    m->mark_count = 0;
    if (room > m->mark_room) {
        m->marks = arena_alloc(m->arena, 2 * room * sizeof(*m->marks));
        m->mark_room = m->marks ? 2 * room : 0;
        if (!m->marks)
            return false;
    }
    find_terms(m);
    for (size_t t = 0; t < m->token_count; t++) {
        if (!mark_whole(m, &m->tokens[t]))
            mark_prefix(m, &m->tokens[t]);
    }
    if (!has_order(m))
        qsort(m->marks, m->mark_count, sizeof(*m->marks), by_start);
    for (size_t i = 0; i < m->mark_count; i++) {
        if (n > 0 && m->marks[i].start <= m->marks[n - 1].end)
            m->marks[n - 1].end = m->marks[i].end > m->marks[n - 1].end ? m->marks[i].end : m->marks[n - 1].end;
        else
            m->marks[n++] = m->marks[i];
    }
    m->mark_count = n;
    return true;
}

static bool copy_tokens(struct marker *m)
{
    struct token *copy = ARENA_ARRAY(m->arena, struct token, m->token_count + 1);

    if (!copy)
        return false;
    for (size_t i = 0; i < m->token_count; i++) {
        copy[i] = m->tokens[i];
        copy[i].text = arena_copy(m->arena, m->tokens[i].text);
        copy[i].surface = arena_copy(m->arena, m->tokens[i].surface);
    }
    m->tokens = copy;
    return !m->arena->failed;
}

/* Cutting a prefix out of other text than ASCII uses the analysis again: the tokens are copied before. */
static bool take_tokens(struct marker *m)
{
    struct str head = m->text;

    if (head.size > TEXT_LIMIT)
        head.size = str_utf8_cut(head, TEXT_LIMIT);
    if (analyze(m->analysis, head, &m->tokens, &m->token_count) != STATUS_OK)
        return false;
    return m->prefix_count == 0 || str_ascii_end(head, 0) == head.size || copy_tokens(m);
}

/* --- the answer --- */
static bool covered(const struct marker *m, const struct token *t)
{
    for (size_t i = 0; i < m->mark_count; i++) {
        if (m->marks[i].start <= t->start && m->marks[i].end >= t->end)
            return true;
    }
    return false;
}

static bool summarise(struct marker *m, struct highlighted *out)
{
    struct str *words;

    if (m->mark_count == 0)
        return true;
    words = ARENA_ARRAY(m->arena, struct str, m->query->slot_count + 1);
    if (!words)
        return false;
    for (uint32_t i = 0; i < m->query->slot_count; i++) {
        if (m->matched[i])
            words[out->word_count++] = m->query->slots[i].typed;
    }
    out->words = words;
    out->level = out->word_count == 0                     ? MATCH_NONE
                 : out->word_count < m->query->slot_count ? MATCH_PARTIAL
                                                          : MATCH_FULL;
    out->fully = m->mark_count > 0 && m->text.size <= TEXT_LIMIT;
    for (size_t t = 0; out->fully && t < m->token_count; t++)
        out->fully = m->tokens[t].kind != TOKEN_WORD || covered(m, &m->tokens[t]);
    return true;
}

/* The part of the text to show: `words` words, those with the most marks among them, the earliest of equal ones. */
static void choose_part(const struct marker *m, size_t words, size_t *from, size_t *to)
{
    size_t first = 0, count = 0, marked = 0, best = 0, at = 0;
    bool any = false;

    *from = 0;
    *to = m->text.size;
    for (size_t t = 0; t < m->token_count; t++) {
        if (m->tokens[t].kind != TOKEN_WORD)
            continue;
        while (at < m->mark_count && m->marks[at].end <= m->tokens[t].start)
            at++;
        marked += at < m->mark_count && m->marks[at].start < m->tokens[t].end;
        if (++count > words) {
            size_t left = 0;
            while (left < m->mark_count && m->marks[left].end <= m->tokens[first].start)
                left++;
            marked -= left < m->mark_count && m->marks[left].start < m->tokens[first].end;
            do
                first++;
            while (m->tokens[first].kind != TOKEN_WORD);
        }
        if (!any || marked > best || (count <= words && marked == best)) {
            any = true;
            best = marked;
            *from = count > words || first > 0 ? m->tokens[first].start : 0;
            *to = m->tokens[t].end;
        }
    }
    if (count <= words)
        *to = m->text.size;
}

static char *put(char *to, struct str s)
{
    if (s.size)
        memcpy(to, s.data, s.size);
    return to + s.size;
}

static bool write_value(const struct marker *m, size_t words, struct highlighted *out)
{
    const struct search_request *r = m->request;
    size_t from = 0, to = m->text.size, at, room;
    char *text, *end;

    if (words > 0)
        choose_part(m, words, &from, &to);
    room = to - from + 2 * r->ellipsis.size + m->mark_count * (r->pre_tag.size + r->post_tag.size);
    text = end = room <= LIMIT_REQUEST_ARENA ? arena_alloc(m->arena, room) : NULL;
    if (!text)
        return false;
    if (from > 0)
        end = put(end, r->ellipsis);
    at = from;
    for (size_t i = 0; i < m->mark_count; i++) {
        const struct mark *k = &m->marks[i];
        if (k->start < from || k->end > to)
            continue;
        end = put(end, str_slice(m->text, at, k->start));
        end = put(end, r->pre_tag);
        end = put(end, str_slice(m->text, k->start, k->end));
        end = put(end, r->post_tag);
        at = k->end;
    }
    end = put(end, str_slice(m->text, at, to));
    if (to < m->text.size)
        end = put(end, r->ellipsis);
    out->value = (struct str){text, (size_t)(end - text)};
    return true;
}

struct marker *search_marker(const struct search_context *c, const struct search_request *request,
                             const struct search_result *result)
{
    struct marker *m = ARENA_NEW(c->arena, struct marker);

    if (!m)
        return NULL;
    *m = (struct marker){.query = result->query, .request = request, .arena = c->arena};
    if (!m->query)
        return m;
    m->analysis = searcher_analysis(c->searcher, m->query->snapshot);
    return m->analysis && collect(m) ? m : NULL;
}

enum status search_highlight(struct marker *m, const struct highlight_text *what, struct highlighted *out)
{
    *out = (struct highlighted){.value = what->text};
    if (!m->query || (m->query->slot_count == 0 && what->words == 0))
        return STATUS_OK;
    m->text = what->text;
    memset(m->matched, 0, sizeof(m->matched));
    if (!take_tokens(m) || !make_marks(m) || !summarise(m, out))
        return STATUS_LIMIT;
    if (m->mark_count == 0 && what->words == 0)
        return STATUS_OK;
    return write_value(m, what->words, out) ? STATUS_OK : STATUS_LIMIT;
}
