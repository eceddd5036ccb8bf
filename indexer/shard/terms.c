#include "indexer/shard/terms.h"

#include <assert.h>
#include <stdlib.h>

#include "indexer/base/hash.h"

#define CHUNK_BLOCKS  CHUNK_ID('T', 'B', 'L', 'K')
#define CHUNK_TEXT    CHUNK_ID('T', 'T', 'X', 'T')
#define CHUNK_RECORDS CHUNK_ID('T', 'R', 'E', 'C')
#define CHUNK_SUMS    CHUNK_ID('T', 'S', 'U', 'M')
#define CHUNK_HASH    CHUNK_ID('T', 'H', 'S', 'H')

_Static_assert(sizeof(struct term_record) == 12, "records are mapped as they lie in the file");

static uint32_t capacity_for(uint32_t count)
{
    return count ? count + count / 2 + 2 : 0;
}

static uint32_t slot_of(uint64_t hash, uint32_t capacity)
{
    return (uint32_t)((hash >> 32) * capacity >> 32);
}

/* --- texts --- */
/* Lengths are one byte each: how much is shared with the text before (none at a block's start), and what follows. */
static const uint8_t *next_text(const uint8_t *at, char *text, size_t *size, size_t *shared)
{
    *shared = at[0];
    memcpy(text + at[0], at + 2, at[1]);
    *size = (size_t)at[0] + at[1];
    return at + 2 + at[1];
}

void terms_cursor_start(struct terms_cursor *c, const struct terms *t, term_id first)
{
    *c = (struct terms_cursor){.terms = t, .next = first};
    if (first >= t->count)
        return;
    c->next = first / TERMS_BLOCK * TERMS_BLOCK;
    c->at = t->text + t->block_text[first / TERMS_BLOCK];
    while (c->next < first) {
        c->at = next_text(c->at, c->text, &c->size, &c->shared);
        c->next++;
    }
}

bool terms_cursor_next(struct terms_cursor *c, term_id *id)
{
    if (c->next >= c->terms->count)
        return false;
    c->at = next_text(c->at, c->text, &c->size, &c->shared);
    *id = c->next++;
    return true;
}

size_t terms_text(const struct terms *t, term_id id, char *out)
{
    const uint8_t *at = t->text + t->block_text[id / TERMS_BLOCK];
    size_t size = 0, shared = 0;

    for (uint32_t i = 0; i <= id % TERMS_BLOCK; i++)
        at = next_text(at, out, &size, &shared);
    return size;
}

/* --- lookup --- */
static bool text_is(const struct terms *t, term_id id, struct str text)
{
    char found[TERM_MAX_BYTES];
    size_t size = terms_text(t, id, found);

    return size == text.size && memcmp(found, text.data, size) == 0;
}

term_id terms_find(const struct terms *t, struct str text)
{
    uint64_t hash = hash64(text.data, text.size);
    uint32_t at = 0;

    if (t->capacity == 0 || text.size == 0)
        return TERM_NONE;
    at = slot_of(hash, t->capacity);
    for (uint32_t probes = 0; probes < t->capacity && t->slots[at]; probes++) {
        if (t->tags[at] == (uint8_t)hash && text_is(t, t->slots[at] - 1, text))
            return t->slots[at] - 1;
        at = at + 1 == t->capacity ? 0 : at + 1;
    }
    return TERM_NONE;
}

/* The first text of a block, which is stored whole. */
static struct str block_first(const struct terms *t, uint32_t block)
{
    const uint8_t *at = t->text + t->block_text[block];

    return (struct str){(const char *)at + 2, at[1]};
}

term_id terms_lower_bound(const struct terms *t, struct str text)
{
    uint32_t low = 0, high = t->block_count;
    struct terms_cursor c;
    term_id id = 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (str_compare(block_first(t, middle), text) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    terms_cursor_start(&c, t, (low - 1) * TERMS_BLOCK);
    while (terms_cursor_next(&c, &id)) {
        if (str_compare((struct str){c.text, c.size}, text) >= 0)
            return id;
    }
    return t->count;
}

void terms_prefix(const struct terms *t, struct str prefix, term_id *first, term_id *end)
{
    char next[TERM_MAX_BYTES];
    size_t size = prefix.size;

    *first = *end = t->count;
    if (size > TERM_MAX_BYTES)
        return;
    *first = terms_lower_bound(t, prefix);
    if (size)
        memcpy(next, prefix.data, size);
    while (size && (uint8_t)next[size - 1] == 0xff)
        size--;
    if (size == 0)
        return;
    next[size - 1] = (char)(next[size - 1] + 1);
    *end = terms_lower_bound(t, (struct str){next, size});
}

uint64_t terms_df_sum(const struct terms *t, term_id first, term_id end)
{
    uint64_t sum = 0;

    if (first >= end)
        return 0;
    sum = t->sums[end / TERMS_BLOCK] - t->sums[first / TERMS_BLOCK];
    for (term_id id = end / TERMS_BLOCK * TERMS_BLOCK; id < end; id++)
        sum += t->records[id].df;
    for (term_id id = first / TERMS_BLOCK * TERMS_BLOCK; id < first; id++)
        sum -= t->records[id].df;
    return sum;
}

/* --- opening --- */
static enum status check_texts(const struct terms *t, size_t text_size, struct error *err)
{
    char text[TERM_MAX_BYTES], last[TERM_MAX_BYTES];
    size_t size = 0, last_size = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        size_t from = t->block_text[i / TERMS_BLOCK], end = t->block_text[i / TERMS_BLOCK + 1];
        const uint8_t *at = NULL;

        if (from >= end || end > text_size)
            return error_set(err, STATUS_FORMAT, "chunk 'TBLK': offset of block %u", i / TERMS_BLOCK);
        at = t->text + from;
        for (uint32_t k = 0; k < TERMS_BLOCK && i + k < t->count; k++) {
            size_t room = end - (size_t)(at - t->text);

            if (room < 2 || room - 2 < at[1] || at[0] > (k ? size : 0) || (size_t)at[0] + at[1] > TERM_MAX_BYTES)
                return error_set(err, STATUS_FORMAT, "chunk 'TTXT': term %u does not fit its block", i + k);
            memcpy(last, text, size);
            last_size = size;
            memcpy(text + at[0], at + 2, at[1]);
            size = (size_t)at[0] + at[1];
            if (i + k && str_compare((struct str){last, last_size}, (struct str){text, size}) >= 0)
                return error_set(err, STATUS_FORMAT, "chunk 'TTXT': term %u is not in order", i + k);
            at += 2 + at[1];
        }
        if ((size_t)(at - t->text) != end)
            return error_set(err, STATUS_FORMAT, "chunk 'TTXT': bytes behind block %u", i / TERMS_BLOCK);
        i += TERMS_BLOCK - 1;
    }
    return STATUS_OK;
}

static enum status check_records(const struct terms *t, struct error *err)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i <= t->count; i++) {
        const struct term_record *r = &t->records[i];

        if (i && (r->postings < r[-1].postings || r->positions < r[-1].positions))
            return error_set(err, STATUS_FORMAT, "chunk 'TREC': record %u goes back", i);
        if ((r->df == 0) != (i == t->count))
            return error_set(err, STATUS_FORMAT, "chunk 'TREC': document frequency of term %u", i);
        if (i % TERMS_BLOCK == 0 && t->sums[i / TERMS_BLOCK] != sum)
            return error_set(err, STATUS_FORMAT, "chunk 'TSUM': sum %u", i / TERMS_BLOCK);
        sum += r->df;
    }
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (t->slots[i] > t->count)
            return error_set(err, STATUS_FORMAT, "chunk 'THSH': slot %u", i);
    }
    return STATUS_OK;
}

enum status terms_open(struct terms *t, const struct container *c, uint32_t count, struct error *err)
{
    struct str blocks = container_chunk(c, CHUNK_BLOCKS), text = container_chunk(c, CHUNK_TEXT);
    struct str records = container_chunk(c, CHUNK_RECORDS), sums = container_chunk(c, CHUNK_SUMS);
    struct str hash = container_chunk(c, CHUNK_HASH);
    enum status status = STATUS_OK;

    *t = (struct terms){.count = count,
                        .block_count = count / TERMS_BLOCK + (count % TERMS_BLOCK != 0),
                        .block_text = (const uint32_t *)(const void *)blocks.data,
                        .text = (const uint8_t *)text.data,
                        .records = (const struct term_record *)(const void *)records.data,
                        .sums = (const uint64_t *)(const void *)sums.data,
                        .capacity = capacity_for(count),
                        .slots = (const uint32_t *)(const void *)hash.data};
    if (count > UINT32_MAX / 2)
        return error_set(err, STATUS_FORMAT, "chunk 'META': %u terms", count);
    if (blocks.size != ((size_t)t->block_count + 1) * 4 || records.size != ((size_t)count + 1) * sizeof(*t->records) ||
        sums.size != ((size_t)count / TERMS_BLOCK + 1) * 8 || hash.size != (size_t)t->capacity * 5)
        return error_set(err, STATUS_FORMAT, "terms: the sizes of their chunks do not match %u terms", count);
    if (t->capacity)
        t->tags = (const uint8_t *)hash.data + (size_t)t->capacity * 4;
    status = check_texts(t, text.size, err);
    return status == STATUS_OK ? check_records(t, err) : status;
}

/* --- writing --- */
static void write_texts(struct container_writer *w, const struct str *texts, uint32_t count)
{
    struct buf blocks = BUF_EMPTY;

    container_begin(w, CHUNK_TEXT);
    for (uint32_t i = 0; i < count; i++) {
        size_t shared = 0;
        uint8_t head[2];

        assert(texts[i].size <= TERM_MAX_BYTES);
        if (i % TERMS_BLOCK == 0) {
            buf_put_u32(&blocks, (uint32_t)container_chunk_size(w));
        } else {
            while (shared < texts[i].size && shared < texts[i - 1].size &&
                   texts[i].data[shared] == texts[i - 1].data[shared])
                shared++;
        }
        head[0] = (uint8_t)shared;
        head[1] = (uint8_t)(texts[i].size - shared);
        container_put(w, head, 2);
        container_put(w, texts[i].data + shared, texts[i].size - shared);
    }
    buf_put_u32(&blocks, (uint32_t)container_chunk_size(w));
    container_end(w);
    container_add(w, CHUNK_BLOCKS, blocks.data, blocks.size);
    buf_release(&blocks);
}

static void write_hash(struct container_writer *w, const struct str *texts, uint32_t count)
{
    uint32_t capacity = capacity_for(count);
    uint32_t *slots = NULL;
    uint8_t *tags = NULL;

    if (capacity == 0)
        return;
    slots = xcalloc(capacity, sizeof(*slots));
    tags = xcalloc(capacity, 1);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = hash64(texts[i].data, texts[i].size);
        uint32_t at = slot_of(hash, capacity);

        while (slots[at])
            at = at + 1 == capacity ? 0 : at + 1;
        slots[at] = i + 1;
        tags[at] = (uint8_t)hash;
    }
    container_begin(w, CHUNK_HASH);
    container_put(w, slots, (size_t)capacity * sizeof(*slots));
    container_put(w, tags, capacity);
    container_end(w);
    free(slots);
    free(tags);
}

void terms_write(struct container_writer *w, const struct str *texts, const struct term_record *records, uint32_t count)
{
    struct buf sums = BUF_EMPTY;
    uint64_t sum = 0;

    write_texts(w, texts, count);
    for (uint32_t i = 0; i <= count; i++) {
        if (i % TERMS_BLOCK == 0)
            buf_put_u64(&sums, sum);
        sum += records[i].df;
    }
    container_add(w, CHUNK_RECORDS, records, ((size_t)count + 1) * sizeof(*records));
    container_add(w, CHUNK_SUMS, sums.data, sums.size);
    write_hash(w, texts, count);
    buf_release(&sums);
}
