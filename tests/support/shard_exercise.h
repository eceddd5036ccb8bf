#ifndef AISLE_TESTS_SUPPORT_SHARD_EXERCISE_H
#define AISLE_TESTS_SUPPORT_SHARD_EXERCISE_H

/* Reads everything that an opened shard offers, as queries do, whatever its bytes are: for damage and fuzzing under
 * sanitizers. Returns a sum of what was read, so that nothing is left out by the compiler. */
#include <stdlib.h>

#include "indexer/shard/shard.h"

static inline uint64_t exercise_postings(const struct shard *s, const struct postings *p)
{
    doc_id docs[POSTINGS_BLOCK];
    uint32_t facts[POSTINGS_BLOCK], cursor = 0;
    uint64_t sum = 0;

    for (uint32_t b = 0; b < p->block_count; b++) {
        uint32_t count = postings_block(p, b, docs, facts);

        for (uint32_t i = 0; i < count; i++)
            sum += docs[i] ^ facts[i];
    }
    for (doc_id base = 0; base < shard_doc_count(s); base += 4096) {
        uint64_t bits[64] = {0};

        postings_window(p, base, &cursor, bits);
        for (int w = 0; w < 64; w++)
            sum += bits[w];
    }
    for (doc_id d = 0; p->bits && d < shard_doc_count(s); d++)
        sum += p->bits[d / 64] >> (d & 63) & 1 ? postings_dense_fact(p, d) : 0;
    return sum + postings_seek(p, 0, shard_doc_count(s) / 2);
}

static inline uint64_t exercise_term(const struct shard *s, term_id id)
{
    struct term_position positions[8];
    struct postings p;
    struct buf text = BUF_EMPTY;
    struct fuzzy_term near[8];
    struct term found;
    uint64_t sum = 0;
    term_id first = 0, end = 0;

    if (shard_check_terms(s, id, id + 1, NULL) != STATUS_OK || shard_check_positions(s, id, NULL) != STATUS_OK)
        return 0;
    shard_postings(s, id, &p);
    sum += exercise_postings(s, &p);
    for (uint32_t rank = 0; rank < p.df; rank += 1 + p.df / 4)
        sum += shard_positions(s, id, rank, positions, 8);
    shard_term_text(s, id, &text);
    sum += shard_term_find(s, buf_str(&text), &found);
    sum += shard_term_fuzzy(s, buf_str(&text), 2, near, 8);
    shard_term_prefix(s, str_slice(buf_str(&text), 0, text.size / 2), &first, &end, &sum);
    if (shard_prefix_postings(s, str_slice(buf_str(&text), 0, text.size ? 1 : 0), &p))
        sum += exercise_postings(s, &p);
    buf_release(&text);
    return sum;
}

static inline uint64_t exercise_attribute(const struct shard *s, attr_id attr)
{
    const struct facet_column *f = shard_facet_column(s, attr);
    const struct number_column *n = shard_number_column(s, attr);
    uint64_t sum = 0;

    if (shard_check_attribute(s, attr, NULL) != STATUS_OK)
        return 0;
    for (facet_code code = 0; code < 64; code++) {
        struct docset set;
        uint64_t bits[64] = {0};

        if (!shard_facet_set(s, attr, code, &set))
            continue;
        docset_window(&set, 0, bits);
        sum += bits[0] + docset_next(&set, 1) + docset_contains(&set, 5);
    }
    for (doc_id d = 0; d < shard_doc_count(s); d++) {
        facet_code one;
        uint32_t count;
        const facet_code *codes = facet_codes(f, d, &one, &count);

        sum += (uint64_t)number_of_doc(n, d);
        sum += f->kind == FACET_COLUMN_U8 ? ((const uint8_t *)f->codes)[d] : 0;
        for (uint32_t i = 0; i < count; i++)
            sum += codes[i];
        for (uint32_t i = 0; n->offsets && i < n->offsets[d + 1] - n->offsets[d]; i++)
            sum += (uint64_t)number_load(&n->cells[n->offsets[d] + i]);
    }
    return sum;
}

static inline uint64_t exercise_shard(const struct shard *s)
{
    struct buf text = BUF_EMPTY;
    uint32_t stride = 0;
    const uint8_t *lengths = shard_lengths(s, &stride);
    uint64_t sum = 0;

    for (term_id id = 0; id < shard_term_count(s); id++)
        sum += exercise_term(s, id);
    for (attr_id attr = 0; attr < 32; attr++)
        sum += exercise_attribute(s, attr);
    for (doc_id d = 0; d < shard_doc_count(s); d++) {
        uint32_t words[TITLE_WORDS] = {0};

        sum += titles_read(shard_titles(s), d, words) + words[0];
    }
    for (doc_id d = 0; d < shard_doc_count(s); d++) {
        buf_clear(&text);
        if (shard_object(s, d, &text, NULL) == STATUS_OK)
            sum += text.size;
        sum += shard_find(s, shard_object_id(s, d)) + shard_find_group(s, shard_object_id(s, d)) + shard_id_ranks(s)[d];
        sum += shard_groups(s) ? shard_groups(s)[d] : 0;
        for (uint32_t f = 0; f < stride; f++)
            sum += lengths[(size_t)d * stride + f];
    }
    buf_release(&text);
    return sum;
}

#endif
