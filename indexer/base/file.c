#include "indexer/base/file.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "indexer/base/file_internal.h"

static const struct file_backend *_Atomic current = &file_real;

void file_use_backend(const struct file_backend *backend)
{
    atomic_store(&current, backend);
}

static const struct file_backend *disk(void)
{
    return atomic_load_explicit(&current, memory_order_relaxed);
}

enum status file_open(struct file **out, const char *path, enum file_mode mode, struct error *err)
{
    *out = NULL;
    return disk()->open(out, path, mode, err);
}

enum status file_lock(struct file **out, const char *path, struct error *err)
{
    *out = NULL;
    return disk()->lock(out, path, err);
}

void file_close(struct file *f)
{
    if (f) {
        f->backend->close(f);
    }
}

enum status file_write_at(struct file *f, uint64_t offset, const void *data, size_t size, struct error *err)
{
    return f->backend->write_at(f, offset, data, size, err);
}

enum status file_read_at(struct file *f, uint64_t offset, void *data, size_t size, size_t *got, struct error *err)
{
    *got = 0;
    return f->backend->read_at(f, offset, data, size, got, err);
}

enum status file_sync(struct file *f, struct error *err)
{
    return f->backend->sync(f, err);
}

enum status file_truncate(struct file *f, uint64_t size, struct error *err)
{
    return f->backend->truncate(f, size, err);
}

enum status file_preallocate(struct file *f, uint64_t size, struct error *err)
{
    return f->backend->preallocate(f, size, err);
}

enum status file_size(struct file *f, uint64_t *size, struct error *err)
{
    return f->backend->size(f, size, err);
}

enum status file_map(struct file_map *out, const char *path, enum file_map_mode mode, struct error *err)
{
    *out = (struct file_map){0};
    return disk()->map(out, path, mode, err);
}

enum status file_data_end(const char *path, uint64_t *end, struct error *err)
{
    return disk()->data_end(path, end, err);
}

void file_unmap(struct file_map *map)
{
    if (map->heap) {
        free(map->data);
    } else if (map->data) {
        munmap(map->data, map->size);
    }
    *map = (struct file_map){0};
}

void file_map_drop(const struct file_map *map, size_t from, size_t to)
{
    const size_t page = 4096;
    from = (from + page - 1) & ~(page - 1);
    to &= ~(page - 1);
    if (map->data && !map->heap && from < to) {
        (void)madvise(map->data + from, to - from, MADV_DONTNEED); /* of another page size: nothing happens */
    }
}

enum status file_read_all(const char *path, struct buf *out, size_t limit_bytes, struct error *err)
{
    struct file *f = NULL;
    uint64_t size = 0;
    size_t got = 0;
    char *to = NULL;
    enum status status = file_open(&f, path, FILE_READ, err);
    if (status == STATUS_OK) {
        status = file_size(f, &size, err);
    }
    if (status != STATUS_OK) {
        goto out;
    }
    if (size > limit_bytes) {
        status = error_set(err, STATUS_LIMIT, "'%s' has %llu bytes, at most %zu are taken", path,
                           (unsigned long long)size, limit_bytes);
        goto out;
    }
    to = buf_reserve(out, (size_t)size);
    if (!to) {
        status = error_set(err, STATUS_LIMIT, "no memory for the %llu bytes of '%s'", (unsigned long long)size, path);
        goto out;
    }
    status = file_read_at(f, 0, to, (size_t)size, &got, err);
    if (status == STATUS_OK) {
        out->size += got;
    }
out:
    file_close(f);
    return status;
}

/* The directory that holds path; returns owned. */
static char *parent_of(const char *path)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/') {
        size--;
    }
    while (size > 0 && path[size - 1] != '/') {
        size--;
    }
    while (size > 1 && path[size - 1] == '/') {
        size--;
    }
    char *parent = xmalloc(size + 2);
    memcpy(parent, size ? path : ".", size ? size : 1);
    parent[size ? size : 1] = '\0';
    return parent;
}

static enum status write_whole(const char *path, struct str content, struct error *err)
{
    struct file *f = NULL;
    enum status status = file_open(&f, path, FILE_REWRITE, err);
    if (status == STATUS_OK && content.size) {
        status = file_write_at(f, 0, content.data, content.size, err);
    }
    if (status == STATUS_OK) {
        status = file_sync(f, err);
    }
    file_close(f);
    return status;
}

enum status file_replace(const char *path, struct str content, struct error *err)
{
    char *parent = parent_of(path);
    char *aside = NULL;
    if (asprintf(&aside, "%s.new", path) < 0) {
        fatal("out of memory for a path");
    }
    enum status status = write_whole(aside, content, err);
    if (status == STATUS_OK) {
        status = file_rename(aside, path, err);
    }
    if (status != STATUS_OK) {
        /* Best effort: the next replacement empties it anyway. */
        enum status ignored = file_remove(aside, NULL);
        (void)ignored;
        goto out;
    }
    status = dir_sync(parent, err);
out:
    free(aside);
    free(parent);
    return status;
}

enum status file_rename(const char *from, const char *to, struct error *err)
{
    return disk()->rename(from, to, err);
}

enum status file_remove(const char *path, struct error *err)
{
    return disk()->remove(path, false, err);
}

enum status file_link(const char *from, const char *to, struct error *err)
{
    return disk()->link(from, to, err);
}

bool file_exists(const char *path)
{
    struct file_info info;
    return disk()->info(path, &info, NULL) != STATUS_NOT_FOUND;
}

enum status file_modified_ms(const char *path, int64_t *ms, struct error *err)
{
    struct file_info info = {0};
    enum status status = disk()->info(path, &info, err);
    *ms = info.modified_ms;
    return status;
}

enum status dir_make(const char *path, struct error *err)
{
    struct file_info info;
    if (disk()->info(path, &info, NULL) == STATUS_OK) {
        return info.is_directory ? STATUS_OK : error_set(err, STATUS_IO, "'%s' is not a directory", path);
    }
    char *parent = parent_of(path);
    enum status status = STATUS_OK;
    if (strcmp(parent, ".") != 0 && strcmp(parent, path) != 0) {
        status = dir_make(parent, err);
    }
    bool made = false;
    if (status == STATUS_OK) {
        status = disk()->make(path, err);
        made = status == STATUS_OK;
        if (status == STATUS_CONFLICT) {
            status = STATUS_OK; /* another one made it meanwhile */
        }
    }
    if (status == STATUS_OK) {
        status = dir_sync(parent, err);
    }
    if (status != STATUS_OK && made) {
        /* Left there it would look durable to the next caller, and a power cut would take it with all it holds. */
        enum status ignored = disk()->remove(path, true, NULL);
        (void)ignored;
    }
    free(parent);
    return status;
}

enum status dir_remove(const char *path, struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    enum status status = dir_list(path, &names, &count, err);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char *child = NULL;
        if (asprintf(&child, "%s/%s", path, names[i]) < 0) {
            fatal("out of memory for a path");
        }
        struct file_info info = {0};
        bool is_folder = disk()->info(child, &info, NULL) == STATUS_OK && info.is_directory && !info.is_link;
        status = is_folder ? dir_remove(child, err) : disk()->remove(child, false, err);
        free(child);
    }
    dir_names_free(names, count);
    return status == STATUS_OK ? disk()->remove(path, true, err) : status;
}

enum status dir_sync(const char *path, struct error *err)
{
    return disk()->dir_sync(path, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum status dir_list(const char *path, char ***names, size_t *count, struct error *err)
{
    *names = NULL;
    *count = 0;
    enum status status = disk()->dir_list(path, names, count, err);
    if (status == STATUS_OK && *count) {
        qsort(*names, *count, sizeof(**names), compare_names);
    }
    return status;
}

void dir_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}
