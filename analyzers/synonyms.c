/*
 * A trie over tokens in one map: the key of an edge is the number of the node it leaves (8 hex digits) and the token,
 * its value the number of the node it reaches. Node 0 is the root. Lookup therefore walks one hash a token, and the
 * longest phrase wins.
 */
#include "analyzers/synonyms.h"

#include "indexer/base/limits.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

#include <stdio.h>

struct node {
    const struct synonym_phrase *alternatives;
    size_t alternative_count;
    VEC(uint32_t) to; /* numbers of phrases, while building */
};

struct synonyms {
    struct arena arena;
    struct map edges;
    VEC(struct node) nodes;
    VEC(struct synonym_phrase) phrases; /* every phrase of the rules, analyzed */
};

#define EDGE_BYTES (8 + LIMIT_TOKEN_BYTES)

static struct str edge_key(char key[EDGE_BYTES], uint64_t node, struct str token)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 8; i++)
        key[i] = digits[node >> (28 - 4 * i) & 15];
    if (token.size > LIMIT_TOKEN_BYTES)
        token.size = LIMIT_TOKEN_BYTES;
    memcpy(key + 8, token.data, token.size);
    return (struct str){key, 8 + token.size};
}

/* The node that a phrase leads to, made where it is missing. */
static struct node *insert(struct synonyms *s, const struct synonym_phrase *phrase)
{
    uint64_t at = 0;
    for (size_t i = 0; i < phrase->count; i++) {
        char key[EDGE_BYTES];
        bool added;
        at = *map_put(&s->edges, edge_key(key, at, phrase->tokens[i]), s->nodes.count, &added);
        if (added)
            vec_push(&s->nodes, (struct node){0});
    }
    return &s->nodes.items[at];
}

static enum status add_phrase(struct synonyms *s, struct analysis *analysis, struct str text, struct error *err)
{
    const struct token *tokens;
    size_t count, words = 0;
    enum status status = analyze(analysis, text, &tokens, &count);
    if (status != STATUS_OK)
        return error_set(err, status, "cannot analyze synonym '" STR_FMT "'", STR_ARG(text));
    struct str *copy = ARENA_ARRAY(&s->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++)
        if (tokens[i].kind == TOKEN_WORD)
            copy[words++] = arena_copy(&s->arena, tokens[i].text);
    if (words == 0)
        return error_set(err, STATUS_INPUT, "synonym '" STR_FMT "' has no word", STR_ARG(text));
    if (words > LIMIT_QUERY_WORDS)
        return error_set(err, STATUS_INPUT, "synonym '" STR_FMT "' has more than %d words", STR_ARG(text),
                         LIMIT_QUERY_WORDS);
    vec_push(&s->phrases, ((struct synonym_phrase){copy, words}));
    return STATUS_OK;
}

static bool same_phrase(const struct synonym_phrase *a, const struct synonym_phrase *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!str_equal(a->tokens[i], b->tokens[i]))
            return false;
    return true;
}

static enum status add_rule(struct synonyms *s, struct analysis *analysis, const struct synonym_rule *rule,
                            struct error *err)
{
    size_t from = s->phrases.count, to = from + rule->from_count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < rule->from_count && status == STATUS_OK; i++)
        status = add_phrase(s, analysis, rule->from[i], err);
    for (size_t i = 0; i < rule->to_count && status == STATUS_OK; i++)
        status = add_phrase(s, analysis, rule->to[i], err);
    if (status != STATUS_OK)
        return status;
    for (size_t i = from; i < to; i++) {
        struct node *node = insert(s, &s->phrases.items[i]);
        for (size_t k = to; k < s->phrases.count; k++)
            if (!same_phrase(&s->phrases.items[i], &s->phrases.items[k]))
                vec_push(&node->to, (uint32_t)k);
    }
    return STATUS_OK;
}

/* The alternatives of a node as one array, each once, in the order of the rules. */
static void settle(struct synonyms *s, struct node *node)
{
    struct synonym_phrase *list = ARENA_ARRAY(&s->arena, struct synonym_phrase, node->to.count + 1);
    for (size_t i = 0; i < node->to.count; i++) {
        const struct synonym_phrase *phrase = &s->phrases.items[node->to.items[i]];
        bool again = false;
        for (size_t k = 0; k < node->alternative_count; k++)
            again = again || same_phrase(&list[k], phrase);
        if (!again)
            list[node->alternative_count++] = *phrase;
    }
    node->alternatives = list;
    vec_release(&node->to);
}

enum status synonyms_build(struct synonyms **out, const struct analyzer *a, const struct synonym_rule *rules,
                           size_t count, struct error *err)
{
    enum status status = STATUS_OK;
    struct synonyms *s = xcalloc(1, sizeof(*s));
    struct analysis *analysis = analysis_new(a);
    *out = NULL;
    arena_init(&s->arena, 0);
    map_init(&s->edges);
    vec_push(&s->nodes, (struct node){0});
    if (!analysis)
        status = error_set(err, STATUS_LIMIT, "no memory for synonyms");
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = add_rule(s, analysis, &rules[i], err);
        if (status != STATUS_OK)
            error_prefix(err, "synonym rule %zu", i + 1);
    }
    for (size_t i = 0; i < s->nodes.count && status == STATUS_OK; i++)
        settle(s, &s->nodes.items[i]);
    analysis_free(analysis);
    if (status == STATUS_OK)
        *out = s;
    else
        synonyms_free(s);
    return status;
}

void synonyms_free(struct synonyms *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->nodes.count; i++)
        vec_release(&s->nodes.items[i].to);
    vec_release(&s->nodes);
    vec_release(&s->phrases);
    map_release(&s->edges);
    arena_release(&s->arena);
    free(s);
}

bool synonyms_match(const struct synonyms *s, const struct str *tokens, size_t count, size_t at,
                    struct synonym_match *match)
{
    uint64_t number = 0;
    bool found = false;
    for (size_t i = at; s && i < count; i++) {
        char key[EDGE_BYTES];
        const uint64_t *next = map_get(&s->edges, edge_key(key, number, tokens[i]));
        if (!next)
            break;
        number = *next;
        const struct node *node = &s->nodes.items[number];
        if (node->alternative_count > 0) {
            *match = (struct synonym_match){i + 1 - at, node->alternatives, node->alternative_count};
            found = true;
        }
    }
    return found;
}
