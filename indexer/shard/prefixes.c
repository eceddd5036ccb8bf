#include "indexer/shard/prefixes.h"

#define CHUNK_RECORDS  CHUNK_ID('P', 'F', 'X', 'R')
#define CHUNK_TEXT     CHUNK_ID('P', 'F', 'X', 'T')
#define CHUNK_POSTINGS CHUNK_ID('P', 'F', 'X', 'P')

#define UNIT 4

_Static_assert(sizeof(struct prefix_record) == 12, "records are mapped as they lie in the file");

static struct str prefix_text(const struct prefixes *p, uint32_t i)
{
    return (struct str){p->text + p->records[i].text, p->records[i + 1].text - p->records[i].text};
}

enum status prefixes_open(struct prefixes *p, const struct container *c, struct error *err)
{
    struct str records = container_chunk(c, CHUNK_RECORDS), text = container_chunk(c, CHUNK_TEXT);

    *p = (struct prefixes){
        .records = (const void *)records.data, .text = text.data, .postings = container_chunk(c, CHUNK_POSTINGS)};
    if (records.size == 0)
        return STATUS_OK;
    if (records.size % sizeof(struct prefix_record))
        return error_set(err, STATUS_FORMAT, "chunk 'PFXR': %zu bytes", records.size);
    p->count = (uint32_t)(records.size / sizeof(struct prefix_record)) - 1;
    for (uint32_t i = 0; i <= p->count; i++) {
        const struct prefix_record *r = &p->records[i];

        if (r->text > text.size || (uint64_t)r->postings * UNIT > p->postings.size ||
            (i && (r->text < r[-1].text || r->postings < r[-1].postings)))
            return error_set(err, STATUS_FORMAT, "chunk 'PFXR': record %u", i);
        if (i > 1 && str_compare(prefix_text(p, i - 2), prefix_text(p, i - 1)) >= 0)
            return error_set(err, STATUS_FORMAT, "chunk 'PFXT': prefix %u is not in order", i - 1);
    }
    return STATUS_OK;
}

bool prefixes_find(const struct prefixes *p, struct container *c, struct str prefix, struct str *bytes, uint32_t *df)
{
    uint32_t low = 0, high = p->count;
    uint64_t from = 0, to = 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_compare(prefix_text(p, middle), prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->count || !str_equal(prefix_text(p, low), prefix))
        return false;
    from = (uint64_t)p->records[low].postings * UNIT;
    to = (uint64_t)p->records[low + 1].postings * UNIT;
    if (from == to)
        return false;
    *df = p->records[low].df;
    *bytes = (struct str){p->postings.data + from, (size_t)(to - from)};
    return container_check(c, CHUNK_POSTINGS, from, to, NULL) == STATUS_OK;
}

void prefixes_begin(struct prefixes_writer *p, struct container_writer *w)
{
    *p = (struct prefixes_writer){.w = w};
    container_begin(w, CHUNK_POSTINGS);
}

void prefixes_put(struct prefixes_writer *p, struct str prefix, uint32_t df, struct str postings)
{
    container_align(p->w, 8);
    buf_put_u32(&p->records, (uint32_t)p->text.size);
    buf_put_u32(&p->records, df);
    buf_put_u32(&p->records, (uint32_t)(container_chunk_size(p->w) / UNIT));
    buf_append_str(&p->text, prefix);
    container_put(p->w, postings.data, postings.size);
    p->count++;
}

void prefixes_end(struct prefixes_writer *p)
{
    container_align(p->w, 8);
    buf_put_u32(&p->records, (uint32_t)p->text.size);
    buf_put_u32(&p->records, 0);
    buf_put_u32(&p->records, (uint32_t)(container_chunk_size(p->w) / UNIT));
    container_end(p->w);
    if (p->count) {
        container_add(p->w, CHUNK_RECORDS, p->records.data, p->records.size);
        container_add(p->w, CHUNK_TEXT, p->text.data, p->text.size);
    }
    buf_release(&p->records);
    buf_release(&p->text);
}
