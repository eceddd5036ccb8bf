#include "indexer/shard/titles.h"

enum status titles_open(struct titles *t, const struct container *c, uint32_t doc_count, struct error *err)
{
    struct str offsets = container_chunk(c, CHUNK_TITLE_OFFSETS), words = container_chunk(c, CHUNK_TITLE_WORDS);

    *t = (struct titles){0};
    if (offsets.size == 0 && words.size == 0)
        return STATUS_OK;
    if (offsets.size != ((uint64_t)doc_count + 1) * 4)
        return error_set(err, STATUS_FORMAT, "chunk 'TITO': has %zu bytes instead of %llu", offsets.size,
                         (unsigned long long)(((uint64_t)doc_count + 1) * 4));
    t->offsets = (const void *)offsets.data;
    t->words = (const void *)words.data;
    t->word_count = (uint32_t)(words.size / 4);
    return STATUS_OK;
}

void titles_write(struct container_writer *w, const uint32_t *offsets, uint32_t doc_count, const uint32_t *words)
{
    if (offsets[doc_count] == 0)
        return;
    container_add(w, CHUNK_TITLE_OFFSETS, offsets, ((size_t)doc_count + 1) * sizeof(*offsets));
    container_add(w, CHUNK_TITLE_WORDS, words, (size_t)offsets[doc_count] * sizeof(*words));
}
