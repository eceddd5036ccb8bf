#include "indexer/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, FIRST_BLOCK_BYTES = 4096 - 64, LARGEST_BLOCK_BYTES = 1 << 20, KEPT_BYTES = 4 << 20 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    *a = (struct arena){.limit_bytes = limit_bytes};
}

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_release(struct arena *a)
{
    free_blocks(a->blocks);
    arena_init(a, a->limit_bytes);
}

/* Of several blocks one is made, so that the next request of this size needs no other. */
void arena_reset(struct arena *a)
{
    struct arena_block *kept = a->blocks;
    size_t total = 0;
    for (const struct arena_block *at = kept; at; at = at->next) {
        total += at->size;
    }
    if (kept && kept->next) {
        free_blocks(kept);
        kept = total <= KEPT_BYTES ? malloc(sizeof(*kept) + total) : NULL;
        if (kept) {
            kept->size = total;
        }
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    a->blocks = kept;
    a->used_bytes = 0;
    a->failed = false;
}

static void *fail(struct arena *a, size_t size)
{
    if (a->limit_bytes == 0) {
        fatal("out of memory for %zu bytes", size);
    }
    a->failed = true;
    return NULL;
}

/* A block that has room for size bytes. Blocks double, so that a large request has few of them. */
static struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t block_size = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK_BYTES;
    if (block_size > LARGEST_BLOCK_BYTES) {
        block_size = LARGEST_BLOCK_BYTES;
    }
    if (block_size < size) {
        block_size = size;
    }
    struct arena_block *block = malloc(sizeof(*block) + block_size);
    if (block) {
        block->next = a->blocks;
        block->size = block_size;
        block->used = 0;
        a->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return fail(a, size);
    }
    size_t rounded = size ? (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
    if (a->limit_bytes && (a->failed || rounded > a->limit_bytes - a->used_bytes)) {
        return fail(a, size);
    }
    struct arena_block *block = a->blocks;
    if (!block || rounded > block->size - block->used) {
        block = add_block(a, rounded);
        if (!block) {
            return fail(a, size);
        }
    }
    void *p = block->data + block->used;
    block->used += rounded;
    a->used_bytes += rounded;
    return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return fail(a, SIZE_MAX);
    }
    void *p = arena_alloc(a, bytes);
    if (p) {
        memset(p, 0, bytes);
    }
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *to = arena_alloc(a, s.size + 1);
    if (!to) {
        return (struct str){NULL, 0};
    }
    if (s.size) {
        memcpy(to, s.data, s.size);
    }
    to[s.size] = '\0';
    return (struct str){to, s.size};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    struct str out = {NULL, 0};
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = size < 0 ? NULL : arena_alloc(a, (size_t)size + 1);
    if (to) {
        vsnprintf(to, (size_t)size + 1, format, again);
        out = (struct str){to, (size_t)size};
    }
    va_end(again);
    return out;
}
