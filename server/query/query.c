#include "server/query/query.h"

#include <math.h>

#include "indexer/shard/identifier.h"
#include "server/query/affinity.h"
#include "server/query/title.h"

#define WEIGHT_PREFIX   .8
#define WEIGHT_PARTS    .9
#define WEIGHT_SPLITS   .6
#define WEIGHT_EXCLUDED .7
#define TYPO_MAX_DF     3

struct query_builder {
    const struct snapshot *snapshot;
    struct analysis *analysis;
    const struct query_options *options;
    struct arena *arena;
    struct error *err;
    struct query *query;
    struct token *tokens; /* copied: the analysis' own are gone with its next use */
    size_t token_count;
    bool prefix; /* the last slot has a prefix alternative that is in the index */
};

const char *alternative_name(enum alternative_kind kind)
{
    static const char *const names[] = {"exact", "prefix", "typo", "synonym", "parts", "splits"};

    return names[kind];
}

double query_idf(const struct snapshot *snapshot, uint64_t df)
{
    double n = (double)snapshot->doc_count;
    double d = (double)df;

    return log(1 + (n - d + .5) / (d + .5));
}

struct query_term *query_term_of(const struct snapshot *snapshot, struct str text, struct arena *arena)
{
    struct query_term *t = ARENA_NEW(arena, struct query_term);
    term_id *ids = ARENA_ARRAY(arena, term_id, snapshot->segment_count + 1);

    if (!t || !ids)
        return NULL;
    t->text = arena_copy(arena, text);
    for (uint32_t i = 0; i < snapshot->segment_count; i++) {
        struct term term;
        bool found = shard_term_find(snapshot->segments[i].shard, text, &term);
        ids[i] = found ? term.id : TERM_NONE;
        t->df += found ? term.df : 0;
    }
    t->ids = ids;
    return arena->failed ? NULL : t;
}

static bool same_terms(const struct alternative *a, const struct alternative *b)
{
    if (a->kind == ALTERNATIVE_PREFIX || b->kind == ALTERNATIVE_PREFIX || a->term_count != b->term_count)
        return false;
    for (uint8_t i = 0; i < a->term_count; i++) {
        if (!str_equal(a->terms[i]->text, b->terms[i]->text))
            return false;
    }
    return true;
}

/* Adds an alternative that is in the index; one with the same terms keeps the larger weight. */
static void slot_add(struct slot *s, const struct alternative *a)
{
    if (a->df == 0)
        return;
    for (uint32_t i = 0; i < s->alternative_count; i++) {
        struct alternative *have = &s->alternatives[i];
        if (same_terms(have, a)) {
            if (a->weight > have->weight)
                *have = *a;
            return;
        }
    }
    if (s->alternative_count < QUERY_ALTERNATIVES)
        s->alternatives[s->alternative_count++] = *a;
}

/* An alternative of tokens that must all be there; its df is that of the rarest, 0 when one is nowhere. */
static bool slot_add_terms(struct query_builder *b, struct slot *s, const struct alternative *like,
                           const struct str *tokens, size_t count)
{
    struct alternative a = *like;

    if (count == 0 || count > QUERY_TOKENS)
        return true;
    a.df = UINT64_MAX;
    a.terms = ARENA_ARRAY(b->arena, const struct query_term *, count);
    if (!a.terms)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct query_term *t = query_term_of(b->snapshot, tokens[i], b->arena);
        if (!t)
            return false;
        a.terms[a.term_count++] = t;
        a.df = t->df < a.df ? t->df : a.df;
    }
    a.idf = query_idf(b->snapshot, a.df);
    slot_add(s, &a);
    return true;
}

static enum status copy_tokens(struct query_builder *b, struct str text)
{
    const struct token *tokens;
    size_t count;
    enum status status = analyze(b->analysis, text, &tokens, &count);

    if (status != STATUS_OK)
        return error_set(b->err, status, "'query': the text could not be analysed");
    b->tokens = ARENA_ARRAY(b->arena, struct token, count + 1);
    if (!b->tokens)
        return error_set(b->err, STATUS_LIMIT, "'query' needs more memory than a request may use");
    for (size_t i = 0; i < count; i++) {
        struct token *t = &b->tokens[b->token_count++];
        *t = tokens[i];
        t->text = arena_copy(b->arena, t->text);
        t->surface = arena_copy(b->arena, t->surface);
    }
    return b->arena->failed ? error_set(b->err, STATUS_LIMIT, "'query' needs more memory than a request may use")
                            : STATUS_OK;
}

/* The word; all of its parts; all of its leaves. tokens are those of one position, the word first. */
static bool slot_of_position(struct query_builder *b, struct slot *s, const struct token *tokens, size_t count)
{
    struct str texts[QUERY_TOKENS + 1];
    uint16_t leaves[QUERY_TOKENS + 1];
    struct alternative like = {.kind = ALTERNATIVE_EXACT, .weight = 1};
    size_t n = 0;

    s->typed = str_slice(b->query->text, tokens->start, tokens->end);
    s->stop = tokens->stop;
    s->has_digit = tokens->has_digit;
    if (!slot_add_terms(b, s, &like, &tokens->text, 1))
        return false;
    for (size_t i = 0; i < count && n <= QUERY_TOKENS; i++) {
        if (tokens[i].kind == TOKEN_PART)
            texts[n++] = tokens[i].text;
    }
    like = (struct alternative){.kind = ALTERNATIVE_PARTS, .weight = WEIGHT_PARTS};
    if (!slot_add_terms(b, s, &like, texts, n))
        return false;
    n = analyze_leaves(tokens, count, leaves, QUERY_TOKENS + 1);
    for (size_t i = 0; i < n; i++)
        texts[i] = tokens[leaves[i]].text;
    like = (struct alternative){.kind = ALTERNATIVE_SPLITS, .weight = WEIGHT_SPLITS};
    return slot_add_terms(b, s, &like, texts, n);
}

/* One slot a position; a slot's first token is its word. */
static enum status make_slots(struct query_builder *b)
{
    struct query *q = b->query;

    q->slots = ARENA_ARRAY(b->arena, struct slot, QUERY_SLOTS);
    if (!q->slots)
        return STATUS_LIMIT;
    for (size_t i = 0, end; i < b->token_count && q->slot_count < QUERY_SLOTS; i = end) {
        struct slot *s = &q->slots[q->slot_count];
        end = analyze_word_end(b->tokens, b->token_count, i);
        s->alternatives = ARENA_ARRAY(b->arena, struct alternative, QUERY_ALTERNATIVES);
        if (!s->alternatives)
            return STATUS_LIMIT;
        s->position = b->tokens[i].position;
        q->slot_count++;
        if (!slot_of_position(b, s, b->tokens + i, end - i))
            return STATUS_LIMIT;
    }
    return STATUS_OK;
}

static const struct token *slot_token(const struct query_builder *b, const struct slot *s)
{
    for (size_t i = 0; i < b->token_count; i++) {
        if (b->tokens[i].position == s->position)
            return &b->tokens[i];
    }
    return NULL;
}

static bool ends_in_space(struct str s)
{
    unsigned char c = s.size ? (unsigned char)s.data[s.size - 1] : 'x';

    return c == ' ' || (c >= '\t' && c <= '\r') || str_ends_with(s, STR("\xe3\x80\x80")) ||
           str_ends_with(s, STR("\xc2\xa0"));
}

static enum status add_prefix(struct query_builder *b)
{
    struct query *q = b->query;
    struct slot *s = &q->slots[q->slot_count - 1];
    uint32_t segments = b->snapshot->segment_count;
    struct alternative a = {.kind = ALTERNATIVE_PREFIX, .weight = WEIGHT_PREFIX};
    uint64_t word_df = 0;
    term_id *first, *end;

    if (!b->options->prefix_last || ends_in_space(b->options->text))
        return STATUS_OK;
    a.prefix = slot_token(b, s)->surface;
    first = ARENA_ARRAY(b->arena, term_id, segments + 1);
    end = ARENA_ARRAY(b->arena, term_id, segments + 1);
    if (!first || !end || b->arena->failed)
        return STATUS_LIMIT;
    if (a.prefix.size == 0)
        return STATUS_OK;
    for (uint32_t i = 0; i < segments; i++) {
        uint64_t df = 0;
        shard_term_prefix(b->snapshot->segments[i].shard, a.prefix, &first[i], &end[i], &df);
        a.df += df;
    }
    a.first = first;
    a.end = end;
    a.df = a.df < b->snapshot->doc_count ? a.df : b->snapshot->doc_count;
    /* No rarer than the word: terms are stems, so the word's own documents need not be among the prefix's. */
    for (uint32_t i = 0; i < s->alternative_count; i++)
        word_df = s->alternatives[i].kind == ALTERNATIVE_EXACT ? s->alternatives[i].df : word_df;
    a.idf = query_idf(b->snapshot, a.df > word_df ? a.df : word_df);
    b->prefix = a.df > 0;
    slot_add(s, &a);
    return STATUS_OK;
}

static enum status add_synonyms(struct query_builder *b)
{
    struct query *q = b->query;
    struct str words[QUERY_SLOTS];
    struct alternative like = {.kind = ALTERNATIVE_SYNONYM, .weight = b->snapshot->settings->synonym_weight};

    if (!b->snapshot->synonyms)
        return STATUS_OK;
    for (uint32_t i = 0; i < q->slot_count; i++)
        words[i] = slot_token(b, &q->slots[i])->text;
    for (size_t at = 0; at < q->slot_count;) {
        struct synonym_match match;
        if (!synonyms_match(b->snapshot->synonyms, words, q->slot_count, at, &match)) {
            at++;
            continue;
        }
        for (size_t k = 0; k < match.length * match.count; k++) {
            const struct synonym_phrase *p = &match.alternatives[k % match.count];
            if (!slot_add_terms(b, &q->slots[at + k / match.count], &like, p->tokens, p->count))
                return STATUS_LIMIT;
        }
        at += match.length;
    }
    return STATUS_OK;
}

static enum status add_typos(struct query_builder *b)
{
    struct query *q = b->query;

    if (!b->options->typo_tolerance)
        return STATUS_OK;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        struct slot *s = &q->slots[i];
        struct alternative typos[QUERY_TYPOS];
        uint64_t df = 0;
        if (s->has_digit)
            continue;
        for (uint32_t k = 0; k < s->alternative_count; k++) {
            enum alternative_kind kind = s->alternatives[k].kind;
            df += kind == ALTERNATIVE_EXACT || kind == ALTERNATIVE_PREFIX ? s->alternatives[k].df : 0;
        }
        if (df >= TYPO_MAX_DF)
            continue;
        uint32_t count = fuzzy_alternatives(b->snapshot, slot_token(b, s)->text, b->arena, typos);
        for (uint32_t k = 0; k < count; k++)
            slot_add(s, &typos[k]);
        if (b->arena->failed)
            return STATUS_LIMIT;
    }
    return STATUS_OK;
}

static enum status mark_optional(struct query_builder *b)
{
    struct query *q = b->query;
    uint32_t words = 0, wanted = 0; /* slots left that are no stop words; slots left that are not optional */

    for (size_t i = 0; i < b->options->optional_count; i++) {
        const struct token *tokens;
        size_t count;
        if (analyze(b->analysis, b->options->optional_words[i], &tokens, &count) != STATUS_OK)
            return error_set(b->err, STATUS_LIMIT, "'optionalWords': the text could not be analysed");
        for (size_t t = 0; t < count; t++) {
            for (uint32_t k = 0; k < q->slot_count; k++)
                q->slots[k].optional |= str_equal(tokens[t].text, slot_token(b, &q->slots[k])->text);
        }
    }
    for (uint32_t i = 0; i < q->slot_count; i++)
        words += !q->slots[i].dropped && !q->slots[i].stop;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        struct slot *s = &q->slots[i];
        bool prefixed = b->prefix && i + 1 == q->slot_count;
        if (s->stop && !prefixed && (words > 0 || (b->prefix && q->slots[q->slot_count - 1].stop)))
            s->optional = true;
        wanted += !s->dropped && !s->optional;
    }
    q->any_word = b->options->any_word || (wanted == 0 && q->live_slots > 0);
    return STATUS_OK;
}

/* Required slots by idf descending; of equal ones the earlier first, since the later is dropped first. */
/* The most documents that one of its alternatives has. */
static uint64_t most_of(const struct slot *s)
{
    uint64_t most = 0;

    for (uint32_t k = 0; k < s->alternative_count; k++)
        most = s->alternatives[k].df > most ? s->alternatives[k].df : most;
    return most;
}

static void order_required(struct query *q, uint64_t rare)
{
    for (uint32_t i = 0; i < q->slot_count; i++) {
        const struct slot *s = &q->slots[i];
        uint32_t at = q->required_count;
        if (s->dropped || s->optional)
            continue;
        for (; at > 0 && most_of(&q->slots[q->required[at - 1]]) > most_of(s); at--)
            q->required[at] = q->required[at - 1];
        q->required[at] = i;
        q->required_count++;
    }
    while (q->rare_count < q->required_count && most_of(&q->slots[q->required[q->rare_count]]) <= rare)
        q->rare_count++;
}

/* The slot that names the thing: the last before words that only relate it to something. */
static uint32_t find_named(const struct query_builder *b)
{
    const struct query *q = b->query;
    uint32_t words = 0, named = QUERY_NO_HEAD;
    bool found = false;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        const struct slot *s = &q->slots[i];
        bool relates = s->stop || analysis_is_exclusion(b->analysis, slot_token(b, s)->text);
        words += !s->stop;
        found |= relates && named != QUERY_NO_HEAD;
        named = relates || found ? named : i;
    }
    return words > 1 && named != QUERY_NO_HEAD && !q->slots[named].dropped ? named : QUERY_NO_HEAD;
}

/* What the order of the words may add, and which word names the thing. */
static void take_order(struct query_builder *b)
{
    struct query *q = b->query;
    bool accessory = false;

    q->head = QUERY_NO_HEAD;
    q->named = analysis_tells_order(b->analysis) ? find_named(b) : QUERY_NO_HEAD;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        struct slot *s = &q->slots[i], *next = i + 1 < q->slot_count ? s + 1 : NULL;
        accessory |= analysis_is_accessory(b->analysis, slot_token(b, s)->text);
        q->head = s->stop ? q->head : i;
        if (!next || s->dropped || next->dropped)
            continue;
        s->pair = TITLE_PAIR * (s->idf < next->idf ? s->idf : next->idf);
        s->apart = s->pair * (TITLE_APART / TITLE_PAIR);
        s->pair_limit += s->pair / 2;
        next->pair_limit += s->pair / 2;
        q->pair_sum += s->pair;
    }
    q->affinity = affinity_limit(q, q->max_lex);
    q->max_lex += q->pair_sum + q->affinity + (q->named == QUERY_NO_HEAD ? 0 : TITLE_NAMED * q->slots[q->named].idf);
    if (accessory || (q->head != QUERY_NO_HEAD && q->slots[q->head].dropped))
        q->head = QUERY_NO_HEAD;
}

/* White space of Unicode, controls, and what has no width by itself. */
static bool is_blank(uint32_t c)
{
    return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad || c == 0x1680 || c == 0x180e ||
           (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) ||
           c == 0x3000 || c == 0xfeff;
}

/* Whether there is something to see in the text, be it no word: an emoji, a hyphen. */
static bool is_written(struct str text)
{
    bool blank = true;

    for (size_t at = 0; at < text.size && blank;)
        blank = is_blank(str_utf8_next(text, &at));
    return !blank;
}

/* Words behind "without": the thing without it often says so, but those that have it do so, too. */
static void weigh_excluded(struct query_builder *b)
{
    struct query *q = b->query;
    bool excluded = false;

    for (uint32_t i = 0; i < q->slot_count; i++) {
        struct slot *s = &q->slots[i];
        for (uint32_t k = 0; excluded && !s->stop && k < s->alternative_count; k++)
            s->alternatives[k].weight *= WEIGHT_EXCLUDED;
        excluded |= analysis_is_exclusion(b->analysis, slot_token(b, s)->text);
    }
}

static enum status finish(struct query_builder *b)
{
    struct query *q = b->query;

    weigh_excluded(b);
    for (uint32_t i = 0; i < q->slot_count; i++) {
        struct slot *s = &q->slots[i];
        for (uint32_t k = 0; k < s->alternative_count; k++) {
            double value = s->alternatives[k].weight * s->alternatives[k].idf;
            s->idf = value > s->idf ? value : s->idf;
        }
        s->dropped = s->alternative_count == 0;
        q->live_slots += !s->dropped;
        q->max_lex += s->dropped ? query_idf(b->snapshot, 0) : s->idf;
    }
    if (mark_optional(b) != STATUS_OK)
        return STATUS_LIMIT;
    take_order(b);
    order_required(q, b->options->rare);
    q->wordless = q->slot_count == 0 && is_written(b->options->text);
    q->match_all = q->slot_count == 0 && !q->wordless;
    q->impossible = !q->match_all && q->live_slots == 0;
    for (uint32_t i = 0; i < q->slot_count; i++) {
        const struct slot *s = &q->slots[i];
        if (b->options->strict && !q->any_word && s->dropped && !s->optional)
            q->impossible = true;
    }
    return STATUS_OK;
}

static enum status add_identifier(struct query_builder *b)
{
    struct buf term = BUF_EMPTY;
    struct query_term *t = NULL;
    bool any = b->snapshot->settings->identifier_count > 0 && identifier_term(b->analysis, b->query->text, &term);

    if (any)
        t = query_term_of(b->snapshot, buf_str(&term), b->arena);
    if (t && t->df > 0)
        b->query->identifier = *t;
    buf_release(&term);
    return any && !t ? STATUS_LIMIT : STATUS_OK;
}

static struct str cut_text(struct str text)
{
    size_t end = text.size;

    if (end <= LIMIT_QUERY_BYTES)
        return text;
    end = str_utf8_cut(text, LIMIT_QUERY_BYTES);
    for (size_t i = end; i > 0; i--) {
        if (text.data[i - 1] == ' ')
            return str_slice(text, 0, i - 1);
    }
    return str_slice(text, 0, end);
}

enum status query_build(struct query **out, const struct snapshot *snapshot, struct analysis *analysis,
                        const struct query_options *options, struct arena *arena, struct error *err)
{
    struct query_builder b = {.snapshot = snapshot, .analysis = analysis, .options = options, .arena = arena};
    enum status status;

    b.err = err;
    b.query = ARENA_NEW(arena, struct query);
    if (!b.query)
        return error_set(err, STATUS_LIMIT, "'query' needs more memory than a request may use");
    b.query->snapshot = snapshot;
    b.query->text = cut_text(options->text);
    status = copy_tokens(&b, b.query->text);
    if (status != STATUS_OK)
        return status;
    status = make_slots(&b);
    if (status == STATUS_OK && b.query->slot_count > 0)
        status = add_prefix(&b);
    if (status == STATUS_OK)
        status = add_synonyms(&b);
    if (status == STATUS_OK)
        status = add_typos(&b);
    if (status == STATUS_OK)
        status = finish(&b);
    if (status == STATUS_OK)
        status = add_identifier(&b);
    if (status != STATUS_OK || arena->failed)
        return error_set(err, STATUS_LIMIT, "'query' needs more memory than a request may use");
    *out = b.query;
    return STATUS_OK;
}
