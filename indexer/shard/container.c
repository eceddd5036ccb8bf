#include "indexer/shard/container.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "indexer/base/hash.h"

#define FORMAT_VERSION 5 /* the latest; all from 1 on are read */
#define WRITTEN        2 /* unless a chunk needs a later one */

/* Offsets in the header. */
enum {
    HEADER_MAGIC = 0,
    HEADER_VERSION = 8,
    HEADER_CHUNKS = 12,
    HEADER_SIZE = 16,
    HEADER_TABLE = 24,
    HEADER_BLOCKS = 32,
    HEADER_UID = 40,
    HEADER_TABLE_SUM = 48,
    HEADER_SUM = 56
};

static const char *const MAGIC[] = {
    [CONTAINER_SHARD] = "AISLESHD",
    [CONTAINER_DICTIONARY] = "AISLEDIC",
};

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t load_u64(const uint8_t *p)
{
    return load_u32(p) | (uint64_t)load_u32(p + 4) << 32;
}

static void store_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void store_u64(uint8_t *p, uint64_t v)
{
    store_u32(p, (uint32_t)v);
    store_u32(p + 4, (uint32_t)(v >> 32));
}

static uint64_t align_up(uint64_t n, uint64_t alignment)
{
    return (n + alignment - 1) & ~(alignment - 1);
}

void container_chunk_name(uint32_t id, char out[5])
{
    for (int i = 0; i < 4; i++) {
        char c = (char)(id >> (8 * i));

        out[i] = c >= ' ' && c <= '~' ? c : '?';
    }
    out[4] = '\0';
}

/* --- reading --- */
static enum status check_header(struct container *c, enum container_kind kind, struct error *err)
{
    const uint8_t *h = c->data;

    if (c->size < CONTAINER_HEADER_SIZE)
        return error_set(err, STATUS_FORMAT, "header: the file has %zu bytes, a header alone has %d", c->size,
                         CONTAINER_HEADER_SIZE);
    if (memcmp(h + HEADER_MAGIC, MAGIC[kind], 8) != 0)
        return error_set(err, STATUS_FORMAT, "header: does not begin with '%s'", MAGIC[kind]);
    if (load_u64(h + HEADER_SUM) != hash64(h, HEADER_SUM))
        return error_set(err, STATUS_FORMAT, "header: checksum does not match");
    c->version = load_u32(h + HEADER_VERSION);
    if (c->version < 1 || c->version > FORMAT_VERSION)
        return error_set(err, STATUS_FORMAT, "header: format version %" PRIu32 " is none of 1 to %d", c->version,
                         FORMAT_VERSION);
    if (load_u64(h + HEADER_SIZE) != c->size)
        return error_set(err, STATUS_FORMAT, "header: says %" PRIu64 " bytes, the file has %zu",
                         load_u64(h + HEADER_SIZE), c->size);
    c->uid = load_u64(h + HEADER_UID);
    return STATUS_OK;
}

/* Chunks lie back to back from the header to the table, so that no byte is outside of a checksum. */
static enum status check_table(struct container *c, struct error *err)
{
    uint64_t table = load_u64(c->data + HEADER_TABLE);
    uint64_t blocks = load_u64(c->data + HEADER_BLOCKS);
    uint64_t at = CONTAINER_HEADER_SIZE, block = 0;

    c->chunk_count = load_u32(c->data + HEADER_CHUNKS);
    if (c->chunk_count > CONTAINER_CHUNKS_MAX || table > c->size || blocks > c->size / 8 ||
        c->size - table != (uint64_t)c->chunk_count * CONTAINER_ENTRY_SIZE + blocks * 8)
        return error_set(err, STATUS_FORMAT, "table of chunks: does not fit the file");
    if (hash64(c->data + table, c->size - table) != load_u64(c->data + HEADER_TABLE_SUM))
        return error_set(err, STATUS_FORMAT, "table of chunks: checksum does not match");
    for (uint32_t i = 0; i < c->chunk_count; i++) {
        const uint8_t *entry = c->data + table + (size_t)i * CONTAINER_ENTRY_SIZE;
        struct container_chunk *chunk = &c->chunks[i];
        uint64_t padded;

        *chunk = (struct container_chunk){.id = load_u32(entry),
                                          .offset = load_u64(entry + 8),
                                          .size = load_u64(entry + 16),
                                          .first_block = load_u32(entry + 24),
                                          .block_count = load_u32(entry + 28)};
        padded = align_up(chunk->size, CONTAINER_ALIGNMENT);
        if (chunk->offset != at || chunk->size > table || padded > table - at || chunk->first_block != block ||
            chunk->block_count != (padded + CONTAINER_BLOCK - 1) / CONTAINER_BLOCK || load_u32(entry + 4) != 0)
            return error_set(err, STATUS_FORMAT, "table of chunks: entry %" PRIu32 " does not follow the one before",
                             i);
        at += padded;
        block += chunk->block_count;
    }
    if (at != table || block != blocks)
        return error_set(err, STATUS_FORMAT, "table of chunks: bytes outside of every chunk");
    c->block_count = (uint32_t)blocks;
    c->checksums = c->data + table + (size_t)c->chunk_count * CONTAINER_ENTRY_SIZE;
    return STATUS_OK;
}

enum status container_open(struct container *c, enum container_kind kind, const void *data, size_t size,
                           struct error *err)
{
    enum status status = STATUS_OK;

    *c = (struct container){.data = data, .size = size};
    status = check_header(c, kind, err);
    if (status == STATUS_OK)
        status = check_table(c, err);
    if (status != STATUS_OK)
        return status;
    c->verified = xcalloc(c->block_count / 64 + 1, sizeof(*c->verified));
    pthread_mutex_init(&c->lock, NULL);
    return STATUS_OK;
}

void container_close(struct container *c)
{
    if (!c->verified)
        return;
    free((void *)c->verified);
    c->verified = NULL;
    pthread_mutex_destroy(&c->lock);
}

int container_find(const struct container *c, uint32_t id)
{
    for (uint32_t i = 0; i < c->chunk_count; i++) {
        if (c->chunks[i].id == id)
            return (int)i;
    }
    return -1;
}

struct str container_chunk(const struct container *c, uint32_t id)
{
    int i = container_find(c, id);

    return i < 0 ? (struct str){0}
                 : (struct str){(const char *)c->data + c->chunks[i].offset, (size_t)c->chunks[i].size};
}

/* Under the lock, since a thread that changes cells in a checked block must not find another one hashing it. */
static bool block_matches(struct container *c, const struct container_chunk *chunk, uint32_t index)
{
    uint64_t offset = chunk->offset + (uint64_t)index * CONTAINER_BLOCK;
    uint64_t end = chunk->offset + align_up(chunk->size, CONTAINER_ALIGNMENT);
    uint32_t block = chunk->first_block + index;
    size_t size = end - offset < CONTAINER_BLOCK ? (size_t)(end - offset) : CONTAINER_BLOCK;
    uint64_t bit = (uint64_t)1 << (block & 63);
    bool good = true;

    pthread_mutex_lock(&c->lock);
    if (!(atomic_load_explicit(&c->verified[block / 64], memory_order_relaxed) & bit)) {
        good = hash64(c->data + offset, size) == load_u64(c->checksums + (size_t)block * 8);
        if (good)
            atomic_fetch_or_explicit(&c->verified[block / 64], bit, memory_order_release);
    }
    pthread_mutex_unlock(&c->lock);
    return good;
}

static enum status check_blocks(struct container *c, const struct container_chunk *chunk, uint32_t first, uint32_t end,
                                struct error *err)
{
    char name[5];

    for (uint32_t i = first; i < end; i++) {
        uint32_t block = chunk->first_block + i;
        uint64_t verified = atomic_load_explicit(&c->verified[block / 64], memory_order_acquire) >> (block & 63);

        if (verified & 1) {
            /* all that follow in the same word at once: a chunk of 10 million documents has thousands */
            uint32_t more = ~verified ? (uint32_t)__builtin_ctzll(~verified) : 64;
            i += (more < 64 - (block & 63) ? more : 64 - (block & 63)) - 1;
            continue;
        }
        if (!block_matches(c, chunk, i)) {
            container_chunk_name(chunk->id, name);
            return error_set(err, STATUS_FORMAT, "chunk '%s': checksum does not match in the block at offset %" PRIu64,
                             name, chunk->offset + (uint64_t)i * CONTAINER_BLOCK);
        }
    }
    return STATUS_OK;
}

enum status container_check(struct container *c, uint32_t id, uint64_t from, uint64_t to, struct error *err)
{
    int i = container_find(c, id);
    char name[5];

    if (from >= to)
        return STATUS_OK;
    if (i < 0 || to > c->chunks[i].size) {
        container_chunk_name(id, name);
        return error_set(err, STATUS_FORMAT, "chunk '%s': ends before offset %" PRIu64, name, to);
    }
    return check_blocks(c, &c->chunks[i], (uint32_t)(from / CONTAINER_BLOCK),
                        (uint32_t)((to + CONTAINER_BLOCK - 1) / CONTAINER_BLOCK), err);
}

bool container_sound(struct container *c, int chunk, uint64_t from, uint64_t to)
{
    const struct container_chunk *k = chunk < 0 ? NULL : &c->chunks[chunk];

    if (from >= to)
        return true;
    if (!k || to > k->size)
        return false;
    for (uint64_t i = from / CONTAINER_BLOCK; i <= (to - 1) / CONTAINER_BLOCK; i++) {
        uint64_t block = k->first_block + i;
        uint64_t word = atomic_load_explicit(&c->verified[block / 64], memory_order_acquire);

        if (!(word >> (block & 63) & 1) && !block_matches(c, k, (uint32_t)i))
            return false;
    }
    return true;
}

enum status container_check_chunk(struct container *c, uint32_t id, struct error *err)
{
    int i = container_find(c, id);

    return i < 0 ? STATUS_OK : check_blocks(c, &c->chunks[i], 0, c->chunks[i].block_count, err);
}

enum status container_check_all(struct container *c, struct error *err)
{
    for (uint32_t i = 0; i < c->chunk_count; i++) {
        enum status status = check_blocks(c, &c->chunks[i], 0, c->chunks[i].block_count, err);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* --- writing --- */
static void write_bytes(struct container_writer *w, const void *data, size_t size)
{
    if (w->status != STATUS_OK || size == 0)
        return;
    if (w->image) {
        buf_append(w->image, data, size);
        if (w->image->failed)
            w->status = error_set(&w->error, STATUS_LIMIT, "shard is larger than its ceiling of %zu bytes",
                                  w->image->limit_bytes);
    } else {
        w->status = file_write_at(w->file, w->size, data, size, &w->error);
    }
    w->size += size;
}

void container_writer_init(struct container_writer *w, enum container_kind kind, struct buf *image, struct file *file)
{
    static const uint8_t zeros[CONTAINER_HEADER_SIZE];

    *w = (struct container_writer){.image = image, .file = file, .kind = kind, .start = image ? image->size : 0};
    assert(w->start % CONTAINER_ALIGNMENT == 0);
    write_bytes(w, zeros, sizeof(zeros));
}

void container_writer_release(struct container_writer *w)
{
    buf_release(&w->checksums);
    buf_release(&w->block);
}

void container_begin(struct container_writer *w, uint32_t id)
{
    assert(!w->open && w->chunk_count < CONTAINER_CHUNKS_MAX);
    w->open = true;
    w->chunks[w->chunk_count] =
        (struct container_chunk){.id = id, .offset = w->size, .first_block = (uint32_t)(w->checksums.size / 8)};
}

static void flush_block(struct container_writer *w)
{
    if (w->block.size == 0)
        return;
    buf_put_u64(&w->checksums, hash64(w->block.data, w->block.size));
    write_bytes(w, w->block.data, w->block.size);
    buf_clear(&w->block);
}

void container_put(struct container_writer *w, const void *data, size_t size)
{
    const char *p = data;

    assert(w->open);
    w->chunks[w->chunk_count].size += size;
    while (size) {
        size_t room = CONTAINER_BLOCK - w->block.size;
        size_t piece = size < room ? size : room;

        buf_append(&w->block, p, piece);
        p += piece;
        size -= piece;
        if (w->block.size == CONTAINER_BLOCK)
            flush_block(w);
    }
}

void container_align(struct container_writer *w, size_t alignment)
{
    static const uint8_t zeros[CONTAINER_ALIGNMENT];
    uint64_t size = w->chunks[w->chunk_count].size;

    container_put(w, zeros, (size_t)(align_up(size, alignment) - size));
}

uint64_t container_chunk_size(const struct container_writer *w)
{
    return w->chunks[w->chunk_count].size;
}

void container_end(struct container_writer *w)
{
    static const uint8_t zeros[CONTAINER_ALIGNMENT];
    struct container_chunk *chunk = &w->chunks[w->chunk_count];

    assert(w->open);
    buf_append(&w->block, zeros, (size_t)(align_up(chunk->size, CONTAINER_ALIGNMENT) - chunk->size));
    flush_block(w);
    chunk->block_count = (uint32_t)(w->checksums.size / 8) - chunk->first_block;
    w->chunk_count++;
    w->open = false;
}

void container_add(struct container_writer *w, uint32_t id, const void *data, size_t size)
{
    if (size == 0)
        return;
    container_begin(w, id);
    container_put(w, data, size);
    container_end(w);
}

static void put_table(const struct container_writer *w, struct buf *table)
{
    for (uint32_t i = 0; i < w->chunk_count; i++) {
        buf_put_u32(table, w->chunks[i].id);
        buf_put_u32(table, 0);
        buf_put_u64(table, w->chunks[i].offset);
        buf_put_u64(table, w->chunks[i].size);
        buf_put_u32(table, w->chunks[i].first_block);
        buf_put_u32(table, w->chunks[i].block_count);
    }
    buf_append_str(table, buf_str(&w->checksums));
}

enum status container_finish(struct container_writer *w, uint64_t uid, struct error *err)
{
    struct buf table = BUF_EMPTY;
    uint8_t header[CONTAINER_HEADER_SIZE] = {0};
    uint64_t table_offset = w->size;

    put_table(w, &table);
    write_bytes(w, table.data, table.size);
    memcpy(header + HEADER_MAGIC, MAGIC[w->kind], 8);
    store_u32(header + HEADER_VERSION, w->version > WRITTEN ? w->version : WRITTEN);
    store_u32(header + HEADER_CHUNKS, w->chunk_count);
    store_u64(header + HEADER_SIZE, w->size);
    store_u64(header + HEADER_TABLE, table_offset);
    store_u64(header + HEADER_BLOCKS, w->checksums.size / 8);
    store_u64(header + HEADER_UID, uid);
    store_u64(header + HEADER_TABLE_SUM, hash64(table.data, table.size));
    store_u64(header + HEADER_SUM, hash64(header, HEADER_SUM));
    buf_release(&table);
    if (w->status == STATUS_OK && w->image)
        memcpy(w->image->data + w->start, header, sizeof(header));
    else if (w->status == STATUS_OK)
        w->status = file_write_at(w->file, 0, header, sizeof(header), &w->error);
    if (w->status == STATUS_OK && w->file)
        w->status = file_sync(w->file, &w->error);
    if (w->status != STATUS_OK && err)
        *err = w->error;
    return w->status;
}
