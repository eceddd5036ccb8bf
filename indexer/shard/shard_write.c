#include "indexer/shard/shard_write.h"

#include <stdlib.h>

#include "indexer/shard/shard_internal.h"

void shard_write_meta(struct container_writer *w, const struct shard_meta *m)
{
    struct buf out = BUF_EMPTY;

    buf_put_u32(&out, m->doc_count);
    buf_put_u32(&out, m->group_count);
    buf_put_u32(&out, m->term_count);
    buf_put_u32(&out, m->fact_count);
    buf_put_u32(&out, m->field_count);
    buf_put_u32(&out, (m->has_stock ? META_STOCK : 0) | (m->has_group_keys ? META_GROUP_KEYS : 0));
    buf_put_u64(&out, (uint64_t)m->created_ms);
    for (int f = 0; f < META_FIELDS; f++) {
        buf_put_u64(&out, m->field_tokens[f]);
        buf_put_u64(&out, m->field_docs[f]);
    }
    container_add(w, CHUNK_META, out.data, out.size);
    buf_release(&out);
}

void shard_write_groups(struct container_writer *w, const uint32_t *groups, uint32_t doc_count)
{
    if (groups)
        container_add(w, CHUNK_GROUPS, groups, (size_t)doc_count * sizeof(*groups));
}

void shard_write_ranks(struct container_writer *w, const uint32_t *ranks, uint32_t doc_count)
{
    container_add(w, CHUNK_RANKS, ranks, (size_t)doc_count * sizeof(*ranks));
}

void shard_write_facts(struct container_writer *w, const uint64_t *facts, uint32_t count)
{
    container_add(w, CHUNK_FACTS, facts, (size_t)count * sizeof(*facts));
}

void shard_write_lengths(struct container_writer *w, const uint8_t *lengths, uint32_t doc_count, uint32_t stride)
{
    container_add(w, CHUNK_LENGTHS, lengths, (size_t)doc_count * stride);
}

void shard_write_stock(struct container_writer *w, const uint64_t *available, const uint64_t *in_stock,
                       uint32_t doc_count)
{
    size_t size = ((size_t)doc_count + 63) / 64 * 8;

    container_add(w, CHUNK_AVAILABLE, available, size);
    container_add(w, CHUNK_IN_STOCK, in_stock, size);
}

void shard_begin_postings(struct container_writer *w)
{
    container_begin(w, CHUNK_POSTINGS);
}

void shard_begin_positions(struct container_writer *w)
{
    container_needs(w, 5);
    container_begin(w, CHUNK_POSITIONS);
}

/* --- stored objects --- */
void docs_writer_begin(struct docs_writer *d, struct container_writer *w, uint32_t doc_count)
{
    *d = (struct docs_writer){.w = w, .doc_count = doc_count};
    d->bases = xcalloc((size_t)doc_count / DOCS_PER_BASE + 1, sizeof(*d->bases));
    d->offsets = xcalloc((size_t)doc_count + 1, sizeof(*d->offsets));
    container_begin(w, CHUNK_DOCS);
}

static void note_place(struct docs_writer *d)
{
    uint64_t at = container_chunk_size(d->w);

    if (d->next % DOCS_PER_BASE == 0)
        d->bases[d->next / DOCS_PER_BASE] = at;
    d->offsets[d->next] = (uint32_t)(at - d->bases[d->next / DOCS_PER_BASE]);
}

void docs_writer_put(struct docs_writer *d, struct str compressed)
{
    note_place(d);
    d->next++;
    container_put(d->w, compressed.data, compressed.size);
}

void docs_writer_end(struct docs_writer *d, struct str dictionary)
{
    note_place(d);
    container_end(d->w);
    container_add(d->w, CHUNK_DOC_BASES, d->bases, ((size_t)d->doc_count / DOCS_PER_BASE + 1) * sizeof(*d->bases));
    container_add(d->w, CHUNK_DOC_ENDS, d->offsets, ((size_t)d->doc_count + 1) * sizeof(*d->offsets));
    container_add(d->w, CHUNK_DOC_DICT, dictionary.data, dictionary.size);
    free(d->bases);
    free(d->offsets);
    *d = (struct docs_writer){0};
}
