/* The operating system's disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "indexer/base/file_internal.h"
#include "indexer/base/vec.h"

struct real_file {
    struct file head;
    int fd;
};

static struct real_file *real_of(struct file *f)
{
    return (struct real_file *)f;
}

/* The status of a failed call that names a file: that it is not there is told apart. */
static enum status path_error(struct error *err, const char *doing, const char *path)
{
    if (errno == ENOENT) {
        return error_set(err, STATUS_NOT_FOUND, "cannot %s '%s': no such file or directory", doing, path);
    }
    return error_errno(err, "cannot %s '%s'", doing, path);
}

static void adopt(struct file **out, int fd, const char *path)
{
    struct real_file *f = xcalloc(1, sizeof(*f));
    f->head.backend = &file_real;
    f->head.path = strdup(path);
    if (!f->head.path) {
        fatal("out of memory for a path");
    }
    f->fd = fd;
    *out = &f->head;
}

static int open_retrying(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0644);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static enum status real_open(struct file **out, const char *path, enum file_mode mode, struct error *err)
{
    static const int flags[] = {[FILE_READ] = O_RDONLY,
                                [FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
                                [FILE_REWRITE] = O_RDWR | O_CREAT | O_TRUNC,
                                [FILE_UPDATE] = O_RDWR};
    int fd = open_retrying(path, flags[mode]);
    if (fd < 0) {
        return path_error(err, "open", path);
    }
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        errno = EISDIR;
        return error_errno(err, "cannot open '%s'", path);
    }
    adopt(out, fd, path);
    return STATUS_OK;
}

static enum status real_lock(struct file **out, const char *path, struct error *err)
{
    int fd = open_retrying(path, O_RDWR | O_CREAT);
    if (fd < 0) {
        return path_error(err, "lock", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum status status = errno == EWOULDBLOCK
                                 ? error_set(err, STATUS_BUSY, "'%s' is locked by another process", path)
                                 : error_errno(err, "cannot lock '%s'", path);
        close(fd);
        return status;
    }
    adopt(out, fd, path);
    return STATUS_OK;
}

static void real_close(struct file *f)
{
    close(real_of(f)->fd);
    free(f->path);
    free(f);
}

static enum status real_write_at(struct file *f, uint64_t offset, const void *data, size_t size, struct error *err)
{
    const char *from = data;
    while (size) {
        ssize_t written = pwrite(real_of(f)->fd, from, size, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return error_errno(err, "cannot write '%s' at offset %llu", f->path, (unsigned long long)offset);
        }
        if (written == 0) {
            return error_set(err, STATUS_IO, "cannot write '%s' at offset %llu: short write", f->path,
                             (unsigned long long)offset);
        }
        from += written;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return STATUS_OK;
}

static enum status real_read_at(struct file *f, uint64_t offset, void *data, size_t size, size_t *got,
                                struct error *err)
{
    char *to = data;
    while (*got < size) {
        ssize_t count = pread(real_of(f)->fd, to + *got, size - *got, (off_t)(offset + *got));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_errno(err, "cannot read '%s' at offset %llu", f->path, (unsigned long long)(offset + *got));
        }
        if (count == 0) {
            break;
        }
        *got += (size_t)count;
    }
    return STATUS_OK;
}

static enum status real_sync(struct file *f, struct error *err)
{
    return fdatasync(real_of(f)->fd) == 0 ? STATUS_OK : error_errno(err, "cannot sync '%s'", f->path);
}

static enum status real_truncate(struct file *f, uint64_t size, struct error *err)
{
    return ftruncate(real_of(f)->fd, (off_t)size) == 0 ? STATUS_OK : error_errno(err, "cannot truncate '%s'", f->path);
}

static enum status real_preallocate(struct file *f, uint64_t size, struct error *err)
{
    if (size == 0) {
        return STATUS_OK;
    }
    do {
        errno = posix_fallocate(real_of(f)->fd, 0, (off_t)size); /* returns the number instead of setting it */
    } while (errno == EINTR);
    return errno == 0 ? STATUS_OK
                      : error_errno(err, "cannot reserve %llu bytes for '%s'", (unsigned long long)size, f->path);
}

static enum status real_size(struct file *f, uint64_t *size, struct error *err)
{
    struct stat st;
    if (fstat(real_of(f)->fd, &st) != 0) {
        return error_errno(err, "cannot tell the size of '%s'", f->path);
    }
    *size = (uint64_t)st.st_size;
    return STATUS_OK;
}

static enum status real_map(struct file_map *out, const char *path, enum file_map_mode mode, struct error *err)
{
    struct file *f = NULL;
    uint64_t size = 0;
    enum status status = real_open(&f, path, FILE_READ, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = real_size(f, &size, err);
    if (status == STATUS_OK && size > 0) {
        int protection = mode == FILE_MAP_PRIVATE ? PROT_READ | PROT_WRITE : PROT_READ;
        int flags = mode == FILE_MAP_PRIVATE ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;
        void *data = mmap(NULL, (size_t)size, protection, flags, real_of(f)->fd, 0);
        if (data == MAP_FAILED) {
            status = error_errno(err, "cannot map '%s'", path);
        } else {
            *out = (struct file_map){data, (size_t)size, false};
        }
    }
    real_close(f);
    return status;
}

/* A disk that can't tell says that all of the file is data. */
static enum status real_data_end(const char *path, uint64_t *end, struct error *err)
{
    struct file *f = NULL;
    enum status status = real_open(&f, path, FILE_READ, err);
    if (status != STATUS_OK) {
        return status;
    }
    off_t hole = 0;
    off_t data = lseek(real_of(f)->fd, 0, SEEK_DATA);
    while (data >= hole && (hole = lseek(real_of(f)->fd, data, SEEK_HOLE)) > data) {
        data = lseek(real_of(f)->fd, hole, SEEK_DATA);
    }
    if (data < 0 && errno == ENXIO) { /* there is none behind `hole` */
        *end = (uint64_t)hole;
    } else {
        status = real_size(f, end, err);
    }
    real_close(f);
    return status;
}

static enum status real_rename(const char *from, const char *to, struct error *err)
{
    return rename(from, to) == 0 ? STATUS_OK : path_error(err, "rename", from);
}

static enum status real_remove(const char *path, bool directory, struct error *err)
{
    return (directory ? rmdir(path) : unlink(path)) == 0 ? STATUS_OK : path_error(err, "remove", path);
}

static enum status real_link(const char *from, const char *to, struct error *err)
{
    return link(from, to) == 0 ? STATUS_OK : path_error(err, "link", from);
}

static enum status real_info(const char *path, struct file_info *info, struct error *err)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return path_error(err, "look at", path);
    }
    info->is_link = S_ISLNK(st.st_mode);
    if (info->is_link && stat(path, &st) != 0) {
        return path_error(err, "look at", path);
    }
    info->is_directory = S_ISDIR(st.st_mode);
    info->size = (uint64_t)st.st_size;
    info->modified_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    return STATUS_OK;
}

static enum status real_make(const char *path, struct error *err)
{
    if (mkdir(path, 0755) == 0) {
        return STATUS_OK;
    }
    if (errno == EEXIST) {
        return error_set(err, STATUS_CONFLICT, "'%s' is there already", path);
    }
    return path_error(err, "make", path);
}

static enum status real_dir_sync(const char *path, struct error *err)
{
    int fd = open_retrying(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        return path_error(err, "sync", path);
    }
    enum status status = fsync(fd) == 0 ? STATUS_OK : error_errno(err, "cannot sync '%s'", path);
    close(fd);
    return status;
}

static enum status real_dir_list(const char *path, char ***names, size_t *count, struct error *err)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return path_error(err, "list", path);
    }
    VEC(char *) list = {0};
    struct dirent *entry;
    for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *name = strdup(entry->d_name);
            if (!name) {
                fatal("out of memory for a name");
            }
            vec_push(&list, name);
        }
    }
    enum status status = errno == 0 ? STATUS_OK : error_errno(err, "cannot list '%s'", path);
    closedir(dir);
    if (status != STATUS_OK) {
        dir_names_free(list.items, list.count);
        return status;
    }
    *names = list.items;
    *count = list.count;
    return STATUS_OK;
}

const struct file_backend file_real = {
    .open = real_open,
    .lock = real_lock,
    .close = real_close,
    .write_at = real_write_at,
    .read_at = real_read_at,
    .sync = real_sync,
    .truncate = real_truncate,
    .preallocate = real_preallocate,
    .size = real_size,
    .map = real_map,
    .data_end = real_data_end,
    .rename = real_rename,
    .remove = real_remove,
    .link = real_link,
    .info = real_info,
    .make = real_make,
    .dir_sync = real_dir_sync,
    .dir_list = real_dir_list,
};
