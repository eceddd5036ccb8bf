#ifndef AISLE_BASE_FILE_H
#define AISLE_BASE_FILE_H

/*
 * The only door to the disk. Everything that reads, writes, maps, renames, lists or syncs goes through here, so that
 * tests can put a simulated disk behind it (file_sim.h), which knows what was synced, cuts the power at the Nth
 * operation, and fails the Nth call.
 *
 * Operations on one handle are not thread-safe against each other, except file_read_at. Paths are UTF-8, terminated.
 */
#include "indexer/base/buf.h"
#include "indexer/base/status.h"

struct file;

enum file_mode {
    FILE_READ,    /* must exist */
    FILE_CREATE,  /* must not exist; read and write */
    FILE_REWRITE, /* made or emptied; read and write */
    FILE_UPDATE   /* must exist; read and write */
};

MUST_CHECK enum status file_open(struct file **out, const char *path, enum file_mode mode, struct error *err);
void file_close(struct file *f); /* no sync */

/* Writes all bytes at the offset. A short write is STATUS_IO, a full disk STATUS_FULL; part may have been written. */
MUST_CHECK enum status file_write_at(struct file *f, uint64_t offset, const void *data, size_t size, struct error *err);
/* Reads up to size bytes; *got is less only at the end of the file. */
MUST_CHECK enum status file_read_at(struct file *f, uint64_t offset, void *data, size_t size, size_t *got,
                                    struct error *err);
MUST_CHECK enum status file_sync(struct file *f, struct error *err); /* fdatasync; size changes included */
MUST_CHECK enum status file_truncate(struct file *f, uint64_t size, struct error *err);
/* Reserves blocks without changing the content; the file's size becomes at least `size`, new bytes read as 0. */
MUST_CHECK enum status file_preallocate(struct file *f, uint64_t size, struct error *err);
MUST_CHECK enum status file_size(struct file *f, uint64_t *size, struct error *err);

/* A whole file mapped. Read-only, or private: writable, copy on write, never reaching the file. */
struct file_map {
    uint8_t *data;
    size_t size;
    bool heap; /* the simulated disk's copy */
};
enum file_map_mode { FILE_MAP_READ, FILE_MAP_PRIVATE };
MUST_CHECK enum status file_map(struct file_map *out, const char *path, enum file_map_mode mode, struct error *err);
void file_unmap(struct file_map *map);
/* Bytes from here on read as 0 as the disk knows without looking at them: what was reserved and never written. At most
 * the size of the file. */
MUST_CHECK enum status file_data_end(const char *path, uint64_t *end, struct error *err);
/* The pages of a read-only map that lie wholly in from..to need not stay in memory; they may be read again. */
void file_map_drop(const struct file_map *map, size_t from, size_t to);

/* A whole small file; STATUS_LIMIT when it is over limit_bytes. Appends to out. */
MUST_CHECK enum status file_read_all(const char *path, struct buf *out, size_t limit_bytes, struct error *err);
/* Write aside, fsync, rename, fsync the directory: afterwards path is the old or the new content, whole. */
MUST_CHECK enum status file_replace(const char *path, struct str content, struct error *err);

MUST_CHECK enum status file_rename(const char *from, const char *to, struct error *err);
MUST_CHECK enum status file_remove(const char *path, struct error *err); /* STATUS_NOT_FOUND when it is not there */
MUST_CHECK enum status file_link(const char *from, const char *to, struct error *err); /* a hard link */
/* False only when it is known not to be there: one that can't be looked at counts, and fails when it is used. */
bool file_exists(const char *path);
/* Modification time, ms since 1970. */
MUST_CHECK enum status file_modified_ms(const char *path, int64_t *ms, struct error *err);

/* With parents; fine when it is there. What it made is durable when it returns. */
MUST_CHECK enum status dir_make(const char *path, struct error *err);
MUST_CHECK enum status dir_remove(const char *path, struct error *err); /* with all it holds; fine when it is not */
MUST_CHECK enum status dir_sync(const char *path, struct error *err);
/* The names in a directory, sorted, "." and ".." left out; returns owned: free with dir_names_free. */
MUST_CHECK enum status dir_list(const char *path, char ***names, size_t *count, struct error *err);
void dir_names_free(char **names, size_t count);

/* An exclusive lock held until the process ends or file_close: STATUS_BUSY when another process holds it. */
MUST_CHECK enum status file_lock(struct file **out, const char *path, struct error *err);

#endif
