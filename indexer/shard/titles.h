#ifndef AISLE_SHARD_TITLES_H
#define AISLE_SHARD_TITLES_H

/*
 * The words of each document's title, in order: what positions say of one field, the other way round, so that a scorer
 * sees at once which words stand beside each other. A word is its term, with TITLE_ACCESSORY set where it names a thing
 * that belongs to another (the "case" of a phone case). Of a title the first TITLE_WORDS words are kept, of several
 * titles the first.
 *
 * They are the largest of what a search may read, and it reads few of them, so their checksums are looked at block by
 * block, when titles_check is asked for the documents. What is not what was written marks the shard (shard_damaged).
 *
 * In the file a word has as many bits as the terms need, and where a title begins is one byte above a base for each
 * TITLE_GROUP documents. Files of the format's versions up to 3 have four bytes for each.
 */
#include <string.h>

#include "indexer/shard/bits.h"
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

#define TITLE_WORDS     32
#define TITLE_GROUP     8 /* documents with a base: the last of them begins at most 7 * 32 words behind it */
#define TITLE_ACCESSORY 0x80000000u

/* As it lies in the file. */
struct title_group {
    uint32_t base; /* words before the first document */
    uint8_t from[TITLE_GROUP];
};

struct titles {
    const struct title_group *groups; /* document count / TITLE_GROUP + 1 */
    const uint8_t *bits;
    uint32_t width; /* bits of a word */
    /* versions up to 3; all NULL: no document has a title */
    const uint32_t *offsets;
    const uint32_t *words;
    uint32_t word_count;
    struct container *container;
    int place_chunk, word_chunk;
    _Atomic bool damaged;
};

/* Borrows the container. A shard without the chunks has no titles. Their bytes are not looked at. */
MUST_CHECK enum status titles_open(struct titles *t, struct container *c, uint32_t doc_count, struct error *err);
/* Before titles_read of documents first..end-1: false when what is there is damaged. Any thread. */
bool titles_check(const struct titles *t, doc_id first, doc_id end);

static inline bool titles_any(const struct titles *t)
{
    return t->groups || t->offsets;
}

/* Where a title begins; of the document count, where all end. */
static inline uint32_t titles_start(const struct titles *t, doc_id doc)
{
    const struct title_group *g = t->groups ? &t->groups[doc / TITLE_GROUP] : NULL;

    return g ? g->base + g->from[doc % TITLE_GROUP] : t->offsets[doc];
}

/* Many are read faster when their memory is asked for before: first places, then words. There are titles. */
static inline void titles_prefetch_place(const struct titles *t, doc_id doc)
{
    __builtin_prefetch(t->groups ? (const void *)&t->groups[doc / TITLE_GROUP] : (const void *)&t->offsets[doc]);
}
static inline void titles_prefetch_words(const struct titles *t, doc_id doc)
{
    uint64_t word = titles_start(t, doc);

    __builtin_prefetch(t->words ? (const void *)&t->words[word] : (const void *)&t->bits[word * t->width / 8]);
}

/* The title's words into out; 0 when there is none, or its place is not sound. */
static inline uint32_t titles_read(const struct titles *t, doc_id doc, uint32_t out[TITLE_WORDS])
{
    uint32_t from, to;

    if (!titles_any(t))
        return 0;
    from = titles_start(t, doc);
    to = titles_start(t, doc + 1);
    if (from >= to || to > t->word_count || to - from > TITLE_WORDS)
        return 0;
    if (t->words)
        memcpy(out, t->words + from, (to - from) * sizeof(*out));
    for (uint32_t i = 0; t->bits && i < to - from; i++) {
        uint32_t word = bits_get(t->bits, (uint64_t)(from + i) * t->width, t->width);

        out[i] = word >> 1 | word << 31; /* the lowest bit is TITLE_ACCESSORY's */
    }
    return to - from;
}

/* offsets has doc_count + 1 entries, the last is the number of words. */
void titles_write(struct container_writer *w, const uint32_t *offsets, uint32_t doc_count, const uint32_t *words,
                  uint32_t term_count);

#endif
