#ifndef AISLE_BASE_FILE_SIM_INTERNAL_H
#define AISLE_BASE_FILE_SIM_INTERNAL_H

/*
 * The state of the simulated disk: nodes (files and directories), what of them is durable, and what is pending. No
 * locking and no faults here: file_sim.c does those. Out of memory is fatal.
 */
#include "indexer/base/file_sim.h"
#include "indexer/base/vec.h"

struct sim_node;

/* A sector of a file that was ever written; all others are zeros. */
struct sim_sector {
    uint8_t now[FILE_SIM_SECTOR];
    uint8_t durable[FILE_SIM_SECTOR];
    uint8_t (*past)[FILE_SIM_SECTOR]; /* what it held between the last sync and now */
    unsigned past_count;
    bool dirty; /* written since the last sync */
};

struct sim_entry {
    char *name;
    struct sim_node *node;
};

struct sim_entries {
    struct sim_entry *items;
    size_t count;
    size_t capacity;
};

struct sim_node {
    struct sim_node *next; /* of all nodes */
    bool is_directory;
    bool locked;
    bool reached; /* while unreachable nodes are looked for */
    int64_t modified_ms;
    uint64_t size;
    uint64_t durable_size;
    VEC(uint64_t) past_sizes;
    VEC(struct sim_sector *) sectors; /* NULL: zeros */
    VEC(size_t) dirty;                /* the numbers of the dirty sectors */
    struct sim_entries now;           /* of a directory */
    struct sim_entries durable;
};

/* A change of one entry; node NULL takes it away. */
struct sim_change {
    struct sim_node *dir;
    char *name; /* owned; NULL: no change, or already durable */
    struct sim_node *node;
};

/* What one call did to entries; happens as a whole or not at all. The second is the old name of a rename. */
struct sim_step {
    struct sim_change changes[2];
};

struct sim_disk {
    struct sim_node *nodes;
    struct sim_node *root;
    VEC(struct sim_step) steps; /* not durable yet, oldest first */
    uint64_t random;
};

/* Where a path leads. */
struct sim_place {
    struct sim_node *dir; /* NULL: the root itself, or a directory on the way is not there */
    const char *name;     /* in dir; borrows the path */
    size_t name_size;
    struct sim_node *node; /* NULL: nothing there */
};

void sim_disk_init(struct sim_disk *disk);
void sim_disk_release(struct sim_disk *disk);
struct sim_place sim_disk_find(struct sim_disk *disk, const char *path);

/* Sets place's entry to node (NULL: removes it) and removes old's entry (may be NULL): now, and pending for the disk.
 */
void sim_disk_change(struct sim_disk *disk, const struct sim_place *place, struct sim_node *node,
                     const struct sim_place *old);
void sim_disk_sync_directory(struct sim_disk *disk, struct sim_node *dir);

/* What a power cut leaves. */
void sim_disk_recover(struct sim_disk *disk, uint64_t seed);

struct sim_node *sim_node_new(struct sim_disk *disk, bool is_directory);
size_t sim_node_read(const struct sim_node *node, uint64_t offset, void *data, size_t size);
void sim_node_write(struct sim_disk *disk, struct sim_node *node, uint64_t offset, const void *data, size_t size);
void sim_node_resize(struct sim_disk *disk, struct sim_node *node, uint64_t size);
void sim_node_sync(struct sim_node *node);
void sim_node_sync_failed(struct sim_disk *disk, struct sim_node *node);

char *sim_name_copy(const char *name); /* returns owned */

#endif
