#include "indexer/shard/titles.h"

#include <stdlib.h>

#define CHUNK_PLACES  CHUNK_ID('T', 'I', 'P', 'L')
#define CHUNK_PACKED  CHUNK_ID('T', 'I', 'P', 'W')
#define CHUNK_OFFSETS CHUNK_ID('T', 'I', 'T', 'O') /* versions up to 3 */
#define CHUNK_WORDS   CHUNK_ID('T', 'I', 'T', 'W')

#define HEAD_BYTES 8 /* before the words: their width and how many they are */

_Static_assert(sizeof(struct title_group) == 12, "groups are mapped as they lie in the file");

static enum status open_packed(struct titles *t, struct container *c, uint32_t doc_count, struct error *err)
{
    struct str places = container_chunk(c, CHUNK_PLACES), packed = container_chunk(c, CHUNK_PACKED);
    struct reader r = reader_of(packed.data, packed.size);

    t->width = reader_u32(&r);
    t->word_count = reader_u32(&r);
    if (r.failed || t->width < 2 || t->width > 32 ||
        packed.size != HEAD_BYTES + bits_bytes((uint64_t)t->word_count * t->width))
        return error_set(err, STATUS_FORMAT, "chunk 'TIPW': has %zu bytes", packed.size);
    if (places.size != ((size_t)doc_count / TITLE_GROUP + 1) * sizeof(*t->groups))
        return error_set(err, STATUS_FORMAT, "chunk 'TIPL': has %zu bytes", places.size);
    t->groups = (const void *)places.data;
    t->bits = (const uint8_t *)packed.data + HEAD_BYTES;
    t->place_chunk = container_find(c, CHUNK_PLACES);
    t->word_chunk = container_find(c, CHUNK_PACKED);
    return STATUS_OK;
}

enum status titles_open(struct titles *t, struct container *c, uint32_t doc_count, struct error *err)
{
    struct str offsets = container_chunk(c, CHUNK_OFFSETS), words = container_chunk(c, CHUNK_WORDS);

    *t = (struct titles){.container = c};
    if (container_chunk(c, CHUNK_PLACES).size || container_chunk(c, CHUNK_PACKED).size)
        return open_packed(t, c, doc_count, err);
    if (offsets.size == 0 && words.size == 0)
        return STATUS_OK;
    if (offsets.size != ((uint64_t)doc_count + 1) * 4)
        return error_set(err, STATUS_FORMAT, "chunk 'TITO': has %zu bytes instead of %llu", offsets.size,
                         (unsigned long long)(((uint64_t)doc_count + 1) * 4));
    t->offsets = (const void *)offsets.data;
    t->words = (const void *)words.data;
    t->word_count = (uint32_t)(words.size / 4);
    t->place_chunk = container_find(c, CHUNK_OFFSETS);
    t->word_chunk = container_find(c, CHUNK_WORDS);
    return STATUS_OK;
}

/* Bytes of the chunk of words from a word on; for its end those of the word before it. */
static uint64_t word_place(const struct titles *t, uint64_t word, bool end)
{
    return t->words ? word * 4 : HEAD_BYTES + (word * t->width + (end ? 7 : 0)) / 8;
}

static bool documents_sound(const struct titles *t, doc_id first, doc_id end)
{
    uint64_t from = t->groups ? (uint64_t)first / TITLE_GROUP * sizeof(*t->groups) : (uint64_t)first * 4;
    uint64_t to = t->groups ? ((uint64_t)end / TITLE_GROUP + 1) * sizeof(*t->groups) : ((uint64_t)end + 1) * 4;

    return container_sound(t->container, t->place_chunk, from, to) &&
           container_sound(t->container, t->word_chunk, 0, t->groups ? HEAD_BYTES : 0) &&
           container_sound(t->container, t->word_chunk, word_place(t, titles_start(t, first), false),
                           word_place(t, titles_start(t, end), true));
}

bool titles_check(const struct titles *t, doc_id first, doc_id end)
{
    if (!titles_any(t) || documents_sound(t, first, end))
        return true;
    atomic_store_explicit((_Atomic bool *)(uintptr_t)&t->damaged, true, memory_order_release);
    return false;
}

void titles_write(struct container_writer *w, const uint32_t *offsets, uint32_t doc_count, const uint32_t *words,
                  uint32_t term_count)
{
    uint32_t count = offsets[doc_count], width = 1 + bits_of(term_count > 1 ? term_count - 1 : 1);
    size_t groups = (size_t)doc_count / TITLE_GROUP + 1;
    struct title_group *places = NULL;
    uint64_t bytes = bits_bytes((uint64_t)count * width);
    uint8_t *stream = NULL;

    if (count == 0)
        return;
    stream = xcalloc(bytes, 1);
    places = xcalloc(groups, sizeof(*places));
    for (uint32_t d = 0; d <= doc_count; d++) {
        struct title_group *g = &places[d / TITLE_GROUP];

        if (d % TITLE_GROUP == 0)
            g->base = offsets[d];
        g->from[d % TITLE_GROUP] = (uint8_t)(offsets[d] - g->base);
    }
    for (uint32_t i = 0; i < count; i++)
        bits_put(stream, (uint64_t)i * width, words[i] << 1 | words[i] >> 31);
    container_needs(w, 5);
    container_add(w, CHUNK_PLACES, places, groups * sizeof(*places));
    container_begin(w, CHUNK_PACKED);
    container_put(w, (const uint32_t[]){width, count}, HEAD_BYTES);
    container_put(w, stream, bytes);
    container_end(w);
    free(stream);
    free(places);
}
