/*
 * Terms near a word: optimal string alignment distance (Damerau-Levenshtein without edits inside a transposition) in
 * code points, the first letter kept. The terms with that letter are walked in order; rows of the distance matrix that
 * belong to bytes shared with the term before are kept.
 */
#include "indexer/shard/shard_internal.h"

#define WORD_MAX 64 /* code points; longer words are not looked for */

struct matrix {
    uint32_t word[WORD_MAX];
    uint32_t word_size;
    uint32_t text[TERM_MAX_BYTES];
    uint8_t rows[TERM_MAX_BYTES + 1][WORD_MAX + 1];
    int distance;
};

static uint32_t decode(struct str text, uint32_t *out, uint32_t room)
{
    uint32_t n = 0;

    for (size_t at = 0; at < text.size && n < room; n++)
        out[n] = str_utf8_next(text, &at);
    return n;
}

static uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* Row i from rows i - 1 and i - 2; returns the smallest value in it. */
static uint8_t fill_row(struct matrix *m, uint32_t i)
{
    const uint8_t *up = m->rows[i - 1];
    uint8_t *row = m->rows[i];
    uint8_t smallest = row[0] = (uint8_t)i;

    for (uint32_t k = 1; k <= m->word_size; k++) {
        uint8_t cost = m->text[i - 1] != m->word[k - 1];

        row[k] = least((uint8_t)(up[k - 1] + cost), (uint8_t)(least(up[k], row[k - 1]) + 1));
        if (i > 1 && k > 1 && m->text[i - 1] == m->word[k - 2] && m->text[i - 2] == m->word[k - 1])
            row[k] = least(row[k], (uint8_t)(m->rows[i - 2][k - 2] + 1));
        smallest = least(smallest, row[k]);
    }
    return smallest;
}

static bool fuzzy_before(const struct fuzzy_term *a, const struct fuzzy_term *b)
{
    if (a->distance != b->distance)
        return a->distance < b->distance;
    return a->df != b->df ? a->df > b->df : a->id < b->id;
}

/* Keeps the best `limit` in order. */
static uint32_t keep(struct fuzzy_term *out, uint32_t count, uint32_t limit, struct fuzzy_term found)
{
    uint32_t at = count < limit ? count : limit;

    while (at > 0 && fuzzy_before(&found, &out[at - 1])) {
        if (at < limit)
            out[at] = out[at - 1];
        at--;
    }
    if (at < limit)
        out[at] = found;
    return count < limit ? count + 1 : limit;
}

uint32_t shard_term_fuzzy(const struct shard *s, struct str text, int distance, struct fuzzy_term *out, uint32_t limit)
{
    struct matrix m = {.distance = distance};
    struct terms_cursor c;
    term_id first = 0, end = 0, id = 0;
    size_t letter = 0;
    uint32_t count = 0;

    m.word_size = decode(text, m.word, WORD_MAX);
    if (text.size == 0 || text.size > TERM_MAX_BYTES || m.word_size >= WORD_MAX || limit == 0)
        return 0;
    for (uint32_t k = 0; k <= m.word_size; k++)
        m.rows[0][k] = (uint8_t)k;
    (void)str_utf8_next(text, &letter);
    terms_prefix(&s->terms, str_slice(text, 0, letter), &first, &end);
    terms_cursor_start(&c, &s->terms, first);
    while (terms_cursor_next(&c, &id) && id < end) {
        uint32_t size = decode((struct str){c.text, c.size}, m.text, TERM_MAX_BYTES), row = 1;

        if (size + (uint32_t)distance < m.word_size || size > m.word_size + (uint32_t)distance)
            continue;
        while (row <= size && fill_row(&m, row) <= distance)
            row++;
        if (row > size && m.rows[size][m.word_size] <= distance)
            count = keep(
                out, count, limit,
                (struct fuzzy_term){.id = id, .df = s->terms.records[id].df, .distance = m.rows[size][m.word_size]});
    }
    return count;
}
