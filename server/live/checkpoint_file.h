#ifndef AISLE_SERVER_LIVE_CHECKPOINT_FILE_H
#define AISLE_SERVER_LIVE_CHECKPOINT_FILE_H

/*
 * The checkpoint file of one index: what differs from its shard files. Cells may be newer than the sequence number that
 * it is taken at: the log behind that number sets them again, to the same values.
 *
 *   0 "AISLECKP"  8 u32 version 3  12 u32 segments  16 u64 index uid  24 u64 sequence  32 u32 generation  36 u32 0
 *   40 i64 made ms  48 i64 changed ms  56 i64 log kept since, ms  64 u64 task of the settings that wait
 *   72 string: the settings that wait, or empty   then string: the dictionary's file, or empty: the generation's own
 *   (a string is a varint length and bytes)
 *   per segment: u64 shard uid, u32 documents, u8 tombstones there, [u64 words], varint columns;
 *     per column: u16 attribute (FFFF: in-stock bits), u32 cells, varint blocks;
 *       per block: u32 block number, its up to 512 cells (or words), 8 bytes each
 *     since version 3: u32 stores and price lists with changed cells; per each u16 attribute, u8 1: a store, and what
 *       dimension_write_changed (dimension.h) makes
 *   since version 2: u64 length and the inventory's state (inventory.h)
 *   last 8 bytes: XXH3-64 of all before
 */
#include "server/live/index.h"

/* A segment with its tombstones and dirty blocks as they were at one moment. */
struct checkpoint_segment {
    struct live_segment *segment;
    struct tombstones *tombstones;
    struct dirty_column *dirty; /* copies */
    size_t dirty_count;
};

struct checkpoint_state {
    uint32_t version; /* of the file that it was read from */
    uint64_t uid;
    uint64_t seq;
    uint32_t generation;
    int64_t created_ms;
    int64_t updated_ms;
    int64_t keep_ms;
    uint64_t next_task;
    struct str next_settings;
    struct str dictionary_file;
    const struct checkpoint_segment *segments;
    size_t segment_count;
    struct str inventory;           /* but for the keys; as inventory_write makes it */
    const struct order_table *keys; /* held */
};

void checkpoint_encode(const struct checkpoint_state *s, struct buf *out);

/* Checks the checksum and reads what stands before the segments; strings are borrowed from bytes. */
MUST_CHECK enum status checkpoint_decode(struct str bytes, struct checkpoint_state *out, struct error *err);
/* Puts the saved cells, stock bits and tombstones into the segments of x that it names; those it names that x does not
 * have are passed over. dictionary and settings of x are in place. */
MUST_CHECK enum status checkpoint_restore(struct str bytes, struct live_index *x, struct error *err);

#endif
