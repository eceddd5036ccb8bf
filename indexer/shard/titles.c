#include "indexer/shard/titles.h"

enum status titles_open(struct titles *t, struct container *c, uint32_t doc_count, struct error *err)
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
    t->container = c;
    t->offset_chunk = container_find(c, CHUNK_TITLE_OFFSETS);
    t->word_chunk = container_find(c, CHUNK_TITLE_WORDS);
    return STATUS_OK;
}

bool titles_check(const struct titles *t, doc_id first, doc_id end)
{
    if (!t->offsets)
        return true;
    if (container_sound(t->container, t->offset_chunk, (uint64_t)first * 4, ((uint64_t)end + 1) * 4) &&
        container_sound(t->container, t->word_chunk, (uint64_t)t->offsets[first] * 4, (uint64_t)t->offsets[end] * 4))
        return true;
    atomic_store_explicit((_Atomic bool *)(uintptr_t)&t->damaged, true, memory_order_release);
    return false;
}

void titles_write(struct container_writer *w, const uint32_t *offsets, uint32_t doc_count, const uint32_t *words)
{
    if (offsets[doc_count] == 0)
        return;
    container_add(w, CHUNK_TITLE_OFFSETS, offsets, ((size_t)doc_count + 1) * sizeof(*offsets));
    container_add(w, CHUNK_TITLE_WORDS, words, (size_t)offsets[doc_count] * sizeof(*words));
}
