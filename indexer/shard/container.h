#ifndef AISLE_SHARD_CONTAINER_H
#define AISLE_SHARD_CONTAINER_H

/*
 * The chunked file that shards and dictionaries are kept in (FORMAT.md, "Container"): a header of 64
 * bytes, chunks that begin at multiples of 64, a table of chunks, and a checksum for each 64 KB of every chunk. Every
 * byte of the file is under some checksum.
 *
 * Opening checks header, table and the bounds of chunks. The content of a chunk is to be checked before it is read, by
 * container_check; each block is hashed once only, and a block found damaged stays so. A block whose memory somebody
 * changes (the mutable columns of a private mapping) must have been checked before the first change.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "indexer/base/buf.h"
#include "indexer/base/file.h"

#define CONTAINER_ALIGNMENT   64
#define CONTAINER_BLOCK       65536
#define CONTAINER_CHUNKS_MAX  64
#define CONTAINER_HEADER_SIZE 64
#define CONTAINER_ENTRY_SIZE  32

/* A chunk's name: four letters, the first in the lowest byte. */
#define CHUNK_ID(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* What a container holds; its eight bytes begin the file. */
enum container_kind { CONTAINER_SHARD, CONTAINER_DICTIONARY };

struct container_chunk {
    uint32_t id;
    uint64_t offset;
    uint64_t size;
    uint32_t first_block; /* of its checksums and its verified bits */
    uint32_t block_count;
};

struct container {
    const uint8_t *data;
    size_t size;
    uint64_t uid;
    uint32_t version;
    struct container_chunk chunks[CONTAINER_CHUNKS_MAX];
    uint32_t chunk_count;
    uint32_t block_count;
    const uint8_t *checksums; /* 8 bytes a block, in the file */
    _Atomic uint64_t *verified;
    pthread_mutex_t lock; /* held while a block is hashed, so that it can't be changed meanwhile */
};

/* Borrows data. STATUS_FORMAT says what is wrong and where. */
MUST_CHECK enum status container_open(struct container *c, enum container_kind kind, const void *data, size_t size,
                                      struct error *err);
void container_close(struct container *c); /* also of one that was never opened, all zeros */

/* The chunk's number, or -1. */
int container_find(const struct container *c, uint32_t id);
/* The content of a chunk; empty when the file has none of this name. */
struct str container_chunk(const struct container *c, uint32_t id);

/* The blocks that hold bytes from..to-1 of a chunk are what was written. Cheap when they were checked before. A chunk
 * that is not there is fine when from == to. Any thread. */
MUST_CHECK enum status container_check(struct container *c, uint32_t id, uint64_t from, uint64_t to, struct error *err);
/* The same for a small place, by the chunk's number (of container_find) and without a message. */
bool container_sound(struct container *c, int chunk, uint64_t from, uint64_t to);
MUST_CHECK enum status container_check_chunk(struct container *c, uint32_t id, struct error *err);
MUST_CHECK enum status container_check_all(struct container *c, struct error *err);

/* "KEYS" from its id. */
void container_chunk_name(uint32_t id, char out[5]);

/* --- writing --- */
/* Chunks are written one after another; a container goes to a buffer, or to a file through a buffer of one block. */
struct container_writer {
    struct buf *image; /* NULL: to file */
    struct file *file;
    uint64_t size;  /* written so far, staged bytes included */
    uint64_t start; /* where this container begins in image */
    struct container_chunk chunks[CONTAINER_CHUNKS_MAX];
    uint32_t chunk_count;
    struct buf checksums;
    struct buf block; /* staged: the block of the open chunk */
    bool open;
    uint32_t version; /* of the format, that what is written needs: see container_needs */
    enum container_kind kind;
    uint64_t uid;
    enum status status; /* the first failure; later calls do nothing */
    struct error error;
};

/* To a buffer (appended; it must be empty or a multiple of 64 long) or to a file made by the caller (file_open with
 * FILE_CREATE or FILE_REWRITE). Both are borrowed. */
void container_writer_init(struct container_writer *w, enum container_kind kind, struct buf *image, struct file *file);
void container_writer_release(struct container_writer *w);
/* What is written is understood from this version of the format on. */
static inline void container_needs(struct container_writer *w, uint32_t version)
{
    w->version = w->version > version ? w->version : version;
}
void container_begin(struct container_writer *w, uint32_t id);
void container_put(struct container_writer *w, const void *data, size_t size);
/* Zeros until the open chunk's size is a multiple of alignment (a power of two up to 64). */
void container_align(struct container_writer *w, size_t alignment);
uint64_t container_chunk_size(const struct container_writer *w); /* of the open chunk so far */
void container_end(struct container_writer *w);
/* A whole chunk; nothing when size is 0. */
void container_add(struct container_writer *w, uint32_t id, const void *data, size_t size);
/* The table and the header; syncs a file. uid becomes the container's. */
MUST_CHECK enum status container_finish(struct container_writer *w, uint64_t uid, struct error *err);

/* --- small files with one checksum: the bytes, then XXH3-64 of them, little-endian --- */
/* Written aside, synced, renamed. */
MUST_CHECK enum status checked_file_write(const char *path, struct str bytes, struct error *err);
/* Maps the file read-only and verifies it; *bytes is the content without the checksum. file_unmap(map) ends it. */
MUST_CHECK enum status checked_file_map(struct file_map *map, const char *path, struct str *bytes, struct error *err);
/* The same, but the content is yet to be verified, by checked_bytes_sound. */
MUST_CHECK enum status checked_file_view(struct file_map *map, const char *path, struct str *bytes, struct error *err);
/* Whether the content matches the checksum that lies behind it. */
bool checked_bytes_sound(struct str bytes);

#endif
