#ifndef AISLE_BASE_FILE_SIM_H
#define AISLE_BASE_FILE_SIM_H

/*
 * A simulated disk behind file.h, for tests. It lives in memory, knows what was synced, can cut the power at any
 * operation, and can fail any call.
 *
 * What survives a power cut is the worst that a disk without a journal may do:
 * - A file's content: every 512-byte sector written since the file's last file_sync independently has its synced
 *   content, what it was written with last, or something it held in between; a sector that lies behind the synced size
 *   may also hold garbage. The size is the synced one, the last, or one in between. Sectors are never torn.
 * - Directory entries: creation, rename, link and removal of files and directories are durable only after dir_sync of
 *   the directory; syncing the file is not enough. Of what was not synced any subset has happened, in the order in
 *   which it was done. A rename is one step; syncing either of two directories makes the new name durable, the old one
 *   goes when its own directory is synced.
 * - A failed file_sync leaves what it should have made durable half written and counts it as clean: a later successful
 *   sync does not bring it to the disk (as on Linux), though reading shows it until the power goes.
 *
 * Paths start at the root, with or without a leading '/'; "." is dropped, ".." is not known. file_map gives a copy on
 * the heap. Locks (file_lock) hold between handles and end with the power. Thread-safe, but for file_sim_start,
 * file_sim_stop and file_sim_power_on, which need the disk to be idle.
 */
#include <stdbool.h>
#include <stdint.h>

enum { FILE_SIM_SECTOR = 512 };

/* An empty disk; from now on file.h goes to it. */
void file_sim_start(void);
/* Forgets it all; file.h goes to the real disk again. Handles may still be closed afterwards, nothing else. */
void file_sim_stop(void);

/*
 * Operations are what changes or syncs something: making or emptying a file, writing, truncating, preallocating,
 * file_sync, dir_sync, making, removing, renaming and linking names. They are numbered from 1 since file_sim_start.
 */
uint64_t file_sim_operations(void);

/* The power goes at that operation: it may or may not take effect, fails with STATUS_IO, and so does every call after
 * it until file_sim_power_on. 0: never. */
void file_sim_cut_power_at(uint64_t operation);
bool file_sim_power_is_off(void);

/* Brings the disk back as the seed decides (see above); all that is left counts as synced. Handles from before only
 * fail with STATUS_IO and can be closed. When the power was on, it is cut first. Faults and the cut are cleared. */
void file_sim_power_on(uint64_t seed);

/* From now on file_sync does nothing and says that all is well; dir_sync works. Shows that a test notices. */
void file_sim_ignore_sync(bool ignore);

/* Which calls a fault strikes. */
enum file_sim_calls {
    FILE_SIM_READS = 1,  /* opening for reading, file_read_at, file_map, file_size, listing */
    FILE_SIM_WRITES = 2, /* file_write_at, file_truncate, file_preallocate */
    FILE_SIM_SYNCS = 4,  /* file_sync and dir_sync */
    FILE_SIM_NAMES = 8,  /* making, emptying, removing, renaming, linking */
    FILE_SIM_ALL_CALLS = 15
};

enum file_sim_errno {
    FILE_SIM_EIO,        /* STATUS_IO; nothing of a write was done */
    FILE_SIM_ENOSPC,     /* STATUS_FULL; half of a write was done */
    FILE_SIM_SHORT_WRITE /* STATUS_IO; half of a write was done */
};

struct file_sim_fault {
    unsigned calls; /* of enum file_sim_calls */
    uint64_t nth;   /* the nth of them from now on, from 1 */
    bool for_good;  /* and all that follow it */
    enum file_sim_errno error;
};

/* One fault at a time; NULL: none. */
void file_sim_fail(const struct file_sim_fault *fault);
/* How often the present or last fault has struck. A sweep over nth ends when this stays 0. */
uint64_t file_sim_fault_count(void);

#endif
