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
 */
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

#define TITLE_WORDS     32
#define TITLE_ACCESSORY 0x80000000u

#define CHUNK_TITLE_OFFSETS CHUNK_ID('T', 'I', 'T', 'O')
#define CHUNK_TITLE_WORDS   CHUNK_ID('T', 'I', 'T', 'W')

struct titles {
    const uint32_t *offsets; /* NULL: no document has a title */
    const uint32_t *words;
    uint32_t word_count;
    struct container *container;
    int offset_chunk, word_chunk;
    _Atomic bool damaged;
};

/* Borrows the container. A shard without the chunks has no titles. Their bytes are not looked at. */
MUST_CHECK enum status titles_open(struct titles *t, struct container *c, uint32_t doc_count, struct error *err);
/* Before titles_of of documents first..end-1: false when what is there is damaged. Any thread. */
bool titles_check(const struct titles *t, doc_id first, doc_id end);

/* NULL when there is none, or its place is not sound. */
static inline const uint32_t *titles_of(const struct titles *t, doc_id doc, uint32_t *count)
{
    uint32_t from = t->offsets ? t->offsets[doc] : 0, to = t->offsets ? t->offsets[doc + 1] : 0;

    *count = from < to && to <= t->word_count && to - from <= TITLE_WORDS ? to - from : 0;
    return *count ? t->words + from : NULL;
}

/* offsets has doc_count + 1 entries, the last is the number of words. */
void titles_write(struct container_writer *w, const uint32_t *offsets, uint32_t doc_count, const uint32_t *words);

#endif
