/* Words: slots, alternatives, statistics and scores, each computed from the objects' tokens by looking at all of them.
 */
#include <math.h>
#include <stdlib.h>

#include "indexer/base/limits.h"
#include "tests/property/oracle_internal.h"

#define SIDE_WEIGHT .3
#define PAIR        .45
#define APART       .15
#define NEAR        4
#define NAMED       .15
#define EXCLUDED    .7
#define CUT         .2
#define CATEGORY    .5

static const struct oracle_token *token_of(const struct oracle_doc *doc, struct str text)
{
    for (size_t i = 0; i < doc->token_count; i++) {
        if (str_equal(doc->tokens[i].text, text))
            return &doc->tokens[i];
    }
    return NULL;
}

static double df_of(const struct oracle *o, struct str text)
{
    double df = 0;
    for (size_t i = 0; i < o->docs.count; i++)
        df += token_of(&o->docs.items[i], text) != NULL;
    return df;
}

static double idf_of(const struct oracle *o, double df)
{
    return log(1 + ((double)o->docs.count - df + .5) / (df + .5));
}

/* The sum of the document frequencies of every term that begins with prefix: pairs of (object, term). */
static double prefix_df(const struct oracle *o, struct str prefix)
{
    double df = 0;
    for (size_t i = 0; i < o->docs.count; i++) {
        for (size_t t = 0; t < o->docs.items[i].token_count; t++)
            df += str_starts_with(o->docs.items[i].tokens[t].text, prefix);
    }
    return df < (double)o->docs.count ? df : (double)o->docs.count;
}

/* --- typing errors: optimal string alignment, the plain dynamic program over code points --- */

static size_t code_points(struct str s, uint32_t out[LIMIT_QUERY_BYTES])
{
    size_t count = 0;
    for (size_t at = 0; at < s.size && count < LIMIT_QUERY_BYTES;)
        out[count++] = str_utf8_next(s, &at);
    return count;
}

static int edit_distance(struct str a_text, struct str b_text)
{
    uint32_t a[LIMIT_QUERY_BYTES], b[LIMIT_QUERY_BYTES];
    static int d[64][64];
    int n = (int)code_points(a_text, a), m = (int)code_points(b_text, b);
    if (n > 60 || m > 60 || n == 0 || m == 0 || a[0] != b[0])
        return 99;
    for (int i = 0; i <= n; i++) {
        for (int j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            int cost = a[i - 1] == b[j - 1] ? 0 : 1;
            int best = d[i - 1][j - 1] + cost;
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[n][m];
}

struct candidate {
    struct str text;
    int distance;
    double df;
};

static int candidate_order(const void *a_void, const void *b_void)
{
    const struct candidate *a = a_void, *b = b_void;
    if (a->distance != b->distance)
        return a->distance - b->distance;
    if (a->df != b->df)
        return a->df > b->df ? -1 : 1;
    return str_compare(a->text, b->text);
}

static struct oracle_alternative *alternative(struct oracle_slot *slot, struct str word, double weight, double df)
{
    struct oracle_alternative *a = &slot->alternatives[slot->count++];
    *a = (struct oracle_alternative){.word_count = 1, .weight = weight, .df = df};
    a->words[0] = word;
    return a;
}

static void add_typos(struct oracle *o, struct oracle_slot *slot, struct str word)
{
    uint32_t points[LIMIT_QUERY_BYTES];
    size_t length = code_points(word, points);
    int allowed = length >= 8 ? 2 : length >= 4 ? 1 : 0;
    VEC(struct candidate) found = {0};
    for (size_t i = 0; i < o->docs.count && allowed; i++) {
        for (size_t t = 0; t < o->docs.items[i].token_count; t++) {
            struct str text = o->docs.items[i].tokens[t].text;
            bool known = false;
            for (size_t k = 0; k < found.count; k++)
                known = known || str_equal(found.items[k].text, text);
            int distance = known ? 99 : edit_distance(word, text);
            if (distance >= 1 && distance <= allowed)
                vec_push(&found, ((struct candidate){text, distance, df_of(o, text)}));
        }
    }
    if (found.count)
        qsort(found.items, found.count, sizeof(*found.items), candidate_order);
    for (size_t i = 0; i < found.count && i < 8; i++)
        alternative(slot, arena_copy(o->scratch, found.items[i].text), found.items[i].distance == 1 ? .7 : .4,
                    found.items[i].df);
    vec_release(&found);
}

/* --- slots --- */

/* The tokens of one segment of the query. */
struct piece {
    const struct token *tokens;
    size_t count;
};

static void add_pieces(struct oracle *o, struct oracle_slot *slot, const struct str *words, size_t count, double weight)
{
    struct oracle_alternative a = {.weight = weight, .word_count = count};
    bool known = count > 0 && count <= ORACLE_WORDS;
    for (size_t i = 0; i < count && known; i++) {
        double df = df_of(o, words[i]);
        known = df > 0;
        a.words[i] = words[i];
        if (a.df == 0 || df < a.df)
            a.df = df;
    }
    if (known)
        slot->alternatives[slot->count++] = a;
}

static void add_parts(struct oracle *o, struct oracle_slot *slot, struct piece piece)
{
    struct str words[64];
    size_t count = 0;
    for (size_t i = 0; i < piece.count && count < 64; i++) {
        if (piece.tokens[i].kind == TOKEN_PART)
            words[count++] = piece.tokens[i].text;
    }
    add_pieces(o, slot, words, count, .9);
}

static void add_leaves(struct oracle *o, struct oracle_slot *slot, struct piece piece)
{
    struct str words[64];
    uint16_t leaves[64];
    size_t count = analyze_leaves(piece.tokens, piece.count, leaves, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        words[i] = piece.tokens[leaves[i]].text;
    add_pieces(o, slot, words, count < 64 ? count : 64, .6);
}

static void make_slot(struct oracle *o, const struct oracle_query *q, struct oracle_slot *slot, struct piece piece,
                      bool last)
{
    const struct token *word = &piece.tokens[0];
    slot->text = arena_copy(o->scratch, word->text);
    slot->optional = slot->stop = word->stop;
    bool digit = word->has_digit;
    double df = df_of(o, slot->text);
    alternative(slot, slot->text, 1, df);
    add_parts(o, slot, piece);
    add_leaves(o, slot, piece);
    double with_prefix = df;
    if (last) {
        struct str prefix = word->surface;
        alternative(slot, prefix, .8, prefix_df(o, prefix))->prefix = true;
        with_prefix += prefix_df(o, prefix);
        slot->optional = false;
    }
    if (q->typo_tolerance && with_prefix < 3 && !digit)
        add_typos(o, slot, slot->text);
}

static void finish_slot(const struct oracle *o, struct oracle_slot *slot)
{
    slot->dropped = true;
    for (size_t i = 0; i < slot->count; i++) {
        struct oracle_alternative *a = &slot->alternatives[i];
        if (a->df == 0)
            continue;
        slot->dropped = false;
        slot->most = fmax(slot->most, a->df);
        a->weight *= slot->excluded && !slot->stop ? EXCLUDED : 1;
        double df = a->prefix ? fmax(a->df, df_of(o, slot->text)) : a->df;
        a->idf = a->prefix || a->word_count == 1 ? idf_of(o, df) : 0;
        for (size_t w = 0; a->word_count > 1 && w < a->word_count; w++)
            a->idf = fmax(a->idf, idf_of(o, df_of(o, a->words[w])));
        slot->idf = fmax(slot->idf, a->weight * a->idf);
    }
}

uint32_t oracle_length(uint32_t tokens)
{
    uint32_t unit = 1;
    while (tokens > 40 && tokens / unit >= 32)
        unit *= 2;
    return tokens / unit * unit;
}

static void take_averages(const struct oracle *o, struct oracle_text *out)
{
    for (int f = 0; f < ORACLE_FIELDS; f++) {
        double tokens = 0, docs = 0;
        for (size_t i = 0; i < o->docs.count; i++) {
            uint32_t length = oracle_length(o->docs.items[i].length[f]);
            tokens += length;
            docs += length > 0;
        }
        out->average[f] = docs > 0 ? tokens / docs : 1;
    }
}

/* --- categories --- */
static bool has_word_in_field(const struct oracle *o, const struct oracle_doc *doc, struct str word, const char *field)
{
    const struct oracle_token *t = token_of(doc, word);
    for (size_t f = 0; t && f < o->settings->field_count; f++) {
        if (str_equal(o->settings->fields[f].attributes[0], str_from(field)) && t->frequency[f])
            return true;
    }
    return false;
}

#define NODES 256

/* Of how many documents with the word in title or category, and how many of them each category node has. */
struct shares {
    struct str nodes[NODES];
    double docs[NODES];
    size_t count;
    double all;
};

static double *docs_of(struct shares *s, struct str node, bool add)
{
    for (size_t n = 0; n < s->count; n++) {
        if (str_equal(s->nodes[n], node))
            return &s->docs[n];
    }
    if (!add)
        return NULL;
    if (s->count == NODES)
        abort();
    s->nodes[s->count] = node;
    return &s->docs[s->count++];
}

static void take_shares(const struct oracle *o, const struct oracle_list *nodes, struct str word, struct shares *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t d = 0; d < o->docs.count; d++) {
        const struct oracle_doc *doc = &o->docs.items[d];
        if (!has_word_in_field(o, doc, word, "title") && !has_word_in_field(o, doc, word, "category"))
            continue;
        out->all++;
        for (size_t n = 0; n < nodes[d].count; n++)
            ++*docs_of(out, nodes[d].values[n], true);
    }
}

/* What each document's categories add: the mean over its nodes of the words' shares, weighed by their idf. */
static void take_affinity(const struct oracle *o, double scale, struct oracle_text *out)
{
    struct oracle_list *nodes = ARENA_ARRAY(o->scratch, struct oracle_list, o->docs.count + 1);
    struct shares *shares = ARENA_NEW(o->scratch, struct shares);
    double idfs = 0;
    for (size_t d = 0; d < o->docs.count; d++) {
        for (uint32_t level = 0; level < 8; level++)
            oracle_category_values(&o->docs.items[d], level, o->scratch, &nodes[d]);
    }
    for (size_t s = 0; s < out->count; s++) {
        if (out->slots[s].stop)
            continue;
        take_shares(o, nodes, out->slots[s].text, shares);
        idfs += shares->all > 0 ? out->slots[s].idf : 0;
        for (size_t d = 0; d < o->docs.count; d++) {
            for (size_t n = 0; n < nodes[d].count; n++) {
                const double *docs = docs_of(shares, nodes[d].values[n], false);
                out->affinity[d] += docs ? out->slots[s].idf * *docs / (shares->all + 1) / (double)nodes[d].count : 0;
            }
        }
    }
    for (size_t d = 0; d < o->docs.count && idfs > 0; d++)
        out->affinity[d] *= scale / idfs;
}

/* Of several words the last one before the first that is a stop word or excludes, when it comes behind others or alone.
 * The slots that are not dropped are counted. */
static void find_named(const struct oracle *o, const struct oracle_slot *slots, size_t count, struct oracle_text *out)
{
    size_t words = 0, at = 0, named = SIZE_MAX, number = 0;
    for (size_t i = 0; i < count; i++)
        words += !slots[i].stop;
    while (at < count && (slots[at].stop || analysis_is_exclusion(o->analysis, slots[at].text)))
        at++;
    for (; at < count && !slots[at].stop && !analysis_is_exclusion(o->analysis, slots[at].text); at++)
        named = at;
    out->named = SIZE_MAX;
    if (named == SIZE_MAX || words < 2 || slots[named].dropped)
        return;
    for (size_t i = 0; i < named; i++)
        number += !slots[i].dropped;
    out->named = number;
    out->max_lex += NAMED * slots[named].idf;
}

/* The questions have no other white space than ' '. */
static bool is_written(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != ' ')
            return true;
    }
    return false;
}

void oracle_text_of(struct oracle *o, const struct oracle_query *q, struct arena *arena, struct oracle_text *out)
{
    memset(out, 0, sizeof(*out));
    o->scratch = arena;
    const struct token *borrowed;
    size_t count;
    if (analyze(o->analysis, q->text, &borrowed, &count) != STATUS_OK)
        abort();
    struct token *tokens = ARENA_ARRAY(arena, struct token, count + 1);
    for (size_t i = 0; i < count; i++) {
        tokens[i] = borrowed[i];
        tokens[i].text = arena_copy(arena, borrowed[i].text);
        tokens[i].surface = arena_copy(arena, borrowed[i].surface);
    }
    bool typing = q->prefix_last && q->text.size && q->text.data[q->text.size - 1] != ' ';
    struct oracle_slot *slots = ARENA_ARRAY(arena, struct oracle_slot, ORACLE_SLOTS);
    size_t slot_count = 0;
    bool excluded = false;
    for (size_t i = 0; i < count && slot_count < ORACLE_SLOTS;) {
        size_t end = i;
        while (end < count && tokens[end].position == tokens[i].position)
            end++;
        make_slot(o, q, &slots[slot_count], (struct piece){tokens + i, end - i}, typing && end == count);
        slots[slot_count].excluded = excluded;
        excluded = excluded || analysis_is_exclusion(o->analysis, slots[slot_count].text);
        finish_slot(o, &slots[slot_count++]);
        i = end;
    }
    out->head = SIZE_MAX;
    bool accessory = false;
    double idf_sum = 0;
    size_t words = 0;
    for (size_t i = 0; i < slot_count; i++) {
        idf_sum += slots[i].dropped ? idf_of(o, 0) : slots[i].idf;
        words += !slots[i].stop;
        accessory = accessory || analysis_is_accessory(o->analysis, slots[i].text);
        if (i + 1 < slot_count && !slots[i].dropped && !slots[i + 1].dropped)
            slots[i].pair = fmin(slots[i].idf, slots[i + 1].idf);
        out->max_lex += PAIR * slots[i].pair;
        if (!slots[i].stop)
            out->head = slots[i].dropped ? SIZE_MAX : out->count;
        if (!slots[i].dropped) {
            out->slots[out->count++] = slots[i];
            continue;
        }
        out->max_lex += idf_of(o, 0);
        if (q->strict && !q->any_word && !slots[i].stop)
            out->hopeless = true;
    }
    if (is_written(q->text) && out->count == 0)
        out->hopeless = true;
    if (accessory)
        out->head = SIZE_MAX;
    find_named(o, slots, slot_count, out);
    out->affinity = ARENA_ARRAY(arena, double, o->docs.count + 1);
    if (words > 1) {
        out->max_lex += CATEGORY * idf_sum;
        take_affinity(o, CATEGORY * idf_sum, out);
    }
    bool required = false;
    for (size_t i = 0; i < out->count; i++) {
        required = required || !out->slots[i].optional;
        out->max_lex += out->slots[i].idf;
    }
    for (size_t i = 0; i < out->count && !required; i++)
        out->slots[i].optional = false;
    take_averages(o, out);
}

/* --- scores --- */

static double frequency_sum(const struct oracle *o, const struct oracle_text *text, const struct oracle_doc *doc,
                            const double frequency[ORACLE_FIELDS])
{
    double sum = 0;
    for (size_t f = 0; f < o->settings->field_count; f++) {
        double b = o->settings->fields[f].b;
        double norm = 1 - b + b * oracle_length(doc->length[f]) / text->average[f];
        sum += o->settings->fields[f].weight * fmin(frequency[f], 15) / norm;
    }
    return sum + SIDE_WEIGHT * fmin(frequency[ORACLE_FIELDS - 1], 15);
}

static bool word_frequency(const struct oracle *o, const struct oracle_text *text, const struct oracle_doc *doc,
                           struct str word, double *out)
{
    const struct oracle_token *token = token_of(doc, word);
    double frequency[ORACLE_FIELDS] = {0};
    for (int f = 0; token && f < ORACLE_FIELDS; f++)
        frequency[f] = token->frequency[f];
    *out = frequency_sum(o, text, doc, frequency);
    return token != NULL;
}

static bool prefix_frequency(const struct oracle *o, const struct oracle_text *text, const struct oracle_doc *doc,
                             struct str prefix, double *out)
{
    double frequency[ORACLE_FIELDS] = {0};
    bool any = false;
    for (size_t t = 0; t < doc->token_count; t++) {
        if (!str_starts_with(doc->tokens[t].text, prefix))
            continue;
        any = true;
        for (int f = 0; f < ORACLE_FIELDS; f++) {
            if (doc->tokens[t].frequency[f])
                frequency[f] = 1;
        }
    }
    *out = frequency_sum(o, text, doc, frequency);
    return any;
}

static double contribution(const struct oracle *o, const struct oracle_text *text, const struct oracle_slot *slot,
                           const struct oracle_doc *doc, bool *matched)
{
    double best = 0;
    *matched = false;
    for (size_t i = 0; i < slot->count; i++) {
        const struct oracle_alternative *a = &slot->alternatives[i];
        double least = 1e300;
        bool all = a->df > 0;
        for (size_t w = 0; w < a->word_count && all; w++) {
            double tf;
            all = a->prefix ? prefix_frequency(o, text, doc, a->words[w], &tf)
                            : word_frequency(o, text, doc, a->words[w], &tf);
            least = fmin(least, tf);
        }
        if (!all)
            continue;
        *matched = true;
        bool titled = slot == &text->slots[text->named == SIZE_MAX ? text->count : text->named] && a->word_count == 1 &&
                      !a->prefix && has_word_in_field(o, doc, a->words[0], "title");
        best = fmax(best, a->weight * a->idf * (least / (o->settings->k1 + least) + (titled ? NAMED : 0)));
    }
    return best;
}

static bool is_word_of(const struct oracle_slot *slot, struct str word)
{
    for (size_t i = 0; i < slot->count; i++) {
        const struct oracle_alternative *a = &slot->alternatives[i];
        if (a->word_count == 1 && !a->prefix && a->df > 0 && str_equal(a->words[0], word))
            return true;
    }
    return false;
}

/* The sum of the parts, with what the order of the title's words says. */
static double with_title(const struct oracle_text *text, const struct oracle_doc *doc, double sum)
{
    for (size_t s = 0; s < text->count; s++) {
        double best = 0;
        for (size_t i = 0; i < doc->title_count && text->slots[s].pair > 0; i++) {
            for (size_t k = i + 1; k < doc->title_count && k <= i + NEAR; k++) {
                if (is_word_of(&text->slots[s], doc->title[i]) && is_word_of(&text->slots[s + 1], doc->title[k]))
                    best = fmax(best, k == i + 1 ? PAIR : APART);
            }
        }
        sum += best * text->slots[s].pair;
    }
    for (size_t i = 0; i < doc->title_count && text->head != SIZE_MAX; i++) {
        if (!is_word_of(&text->slots[text->head], doc->title[i]))
            continue;
        bool followed =
            (i + 1 < doc->title_count && doc->accessory[i + 1]) || (i + 2 < doc->title_count && doc->accessory[i + 2]);
        return followed ? sum * (1 - CUT) : sum;
    }
    return sum;
}

uint32_t oracle_match(const struct oracle *o, const struct oracle_text *text, const struct oracle_doc *doc, double *lex)
{
    uint32_t bits = 0;
    double sum = 0;
    for (size_t s = 0; s < text->count; s++) {
        bool matched;
        sum += contribution(o, text, &text->slots[s], doc, &matched);
        bits |= (uint32_t)matched << s;
    }
    sum = with_title(text, doc, sum) + text->affinity[doc - o->docs.items];
    *lex = text->count && text->max_lex > 0 ? sum / text->max_lex : 0;
    return bits;
}
