#ifndef AISLE_SHARD_DIMENSION_INTERNAL_H
#define AISLE_SHARD_DIMENSION_INTERNAL_H

/* What dimension.c (the cells) and dimension_file.c (their chunks) share. */
#include "indexer/shard/dimension.h"

#define DIMENSION_WINDOW 4096

struct dimension_block {
    uint32_t count;
    bool owned;                 /* in memory, changed since the file was made; else it points into the file */
    uint16_t *docs;             /* document - the block's first, ascending */
    _Atomic int32_t *values;    /* INT32_MIN: missing; or */
    _Atomic int64_t *wide;      /* NUMBER_MISSING: missing */
    _Atomic uint32_t *keys_low; /* NULL: none has a key */
    _Atomic uint16_t *keys_high;
    _Atomic uint64_t *wide_keys;
};

struct dimension {
    uint32_t doc_count;
    bool store;
    uint32_t block_count;
    uint64_t cells;                    /* the writer's */
    size_t stock_words;                /* room for whole windows */
    _Atomic(_Atomic uint64_t *) stock; /* in-stock bits; NULL: the cells say it */
    _Atomic uint64_t *stock_memory;    /* the same when they are in memory */
    struct dimension_block *mapped;    /* heads of the file's blocks */
    uint64_t file_from, file_end;      /* in the chunk of cells */
    _Atomic uint64_t epoch;
    _Atomic(struct dimension_block *) blocks[];
};

struct dimension_table {
    uint32_t count;
    _Atomic(struct dimension *) by_attr[];
};

struct dimension *dimension_new(uint32_t doc_count, bool store);
void dimension_free(struct dimension *d);
/* Takes the block. */
void dimension_put_block(struct dimension *d, uint32_t number, struct dimension_block *b);
/* The attribute's, made when there is none. */
struct dimension *dimensions_make(struct dimensions *all, attr_id attr, bool store);

#endif
