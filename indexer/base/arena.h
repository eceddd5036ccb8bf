#ifndef AISLE_BASE_ARENA_H
#define AISLE_BASE_ARENA_H

/*
 * Memory of one request or one build step: allocated piece by piece, released all at once. It has a ceiling; past it
 * arena_alloc returns NULL and `failed` is set. Not thread-safe.
 */
#include "indexer/base/status.h"
#include "indexer/base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used_bytes;          /* handed out since the last reset */
    size_t limit_bytes;         /* 0: no ceiling, and running out of memory is fatal */
    bool failed;
};

void arena_init(struct arena *a, size_t limit_bytes);
void arena_release(struct arena *a);
void arena_reset(struct arena *a); /* everything handed out is gone; up to 4 MiB are kept for reuse */

/* 16-byte aligned, not cleared. NULL only when there is a ceiling. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_calloc(struct arena *a, size_t count, size_t size); /* cleared; the product is checked */
struct str arena_copy(struct arena *a, struct str s);           /* with a terminating NUL behind it */
struct str arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(a, type)          ((type *)arena_calloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_calloc((a), (count), sizeof(type)))

#endif
