#ifndef AISLE_BASE_FILE_INTERNAL_H
#define AISLE_BASE_FILE_INTERNAL_H

/*
 * What a disk must be able to do: the real one (file_real.c) and the simulated one (file_sim.c). The functions have
 * the contracts of their namesakes in file.h; what file.h offers beyond them is made of them in file.c.
 */
#include "indexer/base/file.h"

struct file_backend;

/* The head of each backend's handle. */
struct file {
    const struct file_backend *backend;
    char *path; /* for messages; owned */
};

struct file_info {
    bool is_directory;
    bool is_link; /* a symbolic link; the rest is about what it leads to */
    uint64_t size;
    int64_t modified_ms;
};

struct file_backend {
    enum status (*open)(struct file **out, const char *path, enum file_mode mode, struct error *err);
    enum status (*lock)(struct file **out, const char *path, struct error *err);
    void (*close)(struct file *f);
    enum status (*write_at)(struct file *f, uint64_t offset, const void *data, size_t size, struct error *err);
    enum status (*read_at)(struct file *f, uint64_t offset, void *data, size_t size, size_t *got, struct error *err);
    enum status (*sync)(struct file *f, struct error *err);
    enum status (*truncate)(struct file *f, uint64_t size, struct error *err);
    enum status (*preallocate)(struct file *f, uint64_t size, struct error *err);
    enum status (*size)(struct file *f, uint64_t *size, struct error *err);
    enum status (*map)(struct file_map *out, const char *path, enum file_map_mode mode, struct error *err);
    enum status (*data_end)(const char *path, uint64_t *end, struct error *err);
    enum status (*rename)(const char *from, const char *to, struct error *err);
    enum status (*remove)(const char *path, bool directory, struct error *err); /* a directory must be empty */
    enum status (*link)(const char *from, const char *to, struct error *err);
    enum status (*info)(const char *path, struct file_info *info, struct error *err);
    enum status (*make)(const char *path, struct error *err); /* one level; STATUS_CONFLICT when it is there */
    enum status (*dir_sync)(const char *path, struct error *err);
    enum status (*dir_list)(const char *path, char ***names, size_t *count, struct error *err); /* in any order */
};

extern const struct file_backend file_real;

/* All of file.h goes to this one from now on. Not while another thread is inside file.h. */
void file_use_backend(const struct file_backend *backend);

#endif
