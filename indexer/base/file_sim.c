/* The simulated disk: file.h's calls on it. What survives a power cut is decided in file_sim_disk.c. */
#include "indexer/base/file_sim.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/file_internal.h"
#include "indexer/base/file_sim_internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    struct sim_disk disk;
    uint64_t epoch; /* handles of another epoch are dead */
    uint64_t operations;
    uint64_t cut_at;
    bool cutting; /* the operation under way is the one */
    bool off;
    bool ignore_sync;
    struct file_sim_fault fault;
    uint64_t fault_seen;
    uint64_t fault_count;
} sim;

struct sim_file {
    struct file head;
    struct sim_node *node;
    uint64_t epoch;
    bool writable;
    bool holds_lock;
};

static const struct file_backend file_sim_backend;

static struct sim_file *sim_of(struct file *f)
{
    return (struct sim_file *)f;
}

static void reset_state(void)
{
    uint64_t epoch = sim.epoch + 1;
    memset(&sim, 0, sizeof(sim));
    sim.epoch = epoch;
}

void file_sim_start(void)
{
    reset_state();
    sim_disk_init(&sim.disk);
    file_use_backend(&file_sim_backend);
}

void file_sim_stop(void)
{
    file_use_backend(&file_real);
    sim_disk_release(&sim.disk);
    reset_state();
}

uint64_t file_sim_operations(void)
{
    pthread_mutex_lock(&lock);
    uint64_t operations = sim.operations;
    pthread_mutex_unlock(&lock);
    return operations;
}

void file_sim_cut_power_at(uint64_t operation)
{
    pthread_mutex_lock(&lock);
    sim.cut_at = operation;
    pthread_mutex_unlock(&lock);
}

bool file_sim_power_is_off(void)
{
    pthread_mutex_lock(&lock);
    bool off = sim.off;
    pthread_mutex_unlock(&lock);
    return off;
}

void file_sim_power_on(uint64_t seed)
{
    pthread_mutex_lock(&lock);
    sim_disk_recover(&sim.disk, seed);
    sim.epoch++;
    sim.off = false;
    sim.cut_at = 0;
    sim.fault = (struct file_sim_fault){0};
    pthread_mutex_unlock(&lock);
}

void file_sim_ignore_sync(bool ignore)
{
    pthread_mutex_lock(&lock);
    sim.ignore_sync = ignore;
    pthread_mutex_unlock(&lock);
}

void file_sim_fail(const struct file_sim_fault *fault)
{
    pthread_mutex_lock(&lock);
    sim.fault = fault ? *fault : (struct file_sim_fault){0};
    sim.fault_seen = 0;
    sim.fault_count = fault ? 0 : sim.fault_count;
    pthread_mutex_unlock(&lock);
}

uint64_t file_sim_fault_count(void)
{
    pthread_mutex_lock(&lock);
    uint64_t count = sim.fault_count;
    pthread_mutex_unlock(&lock);
    return count;
}

/* Every call begins with enter and ends with leave; the lock is held in between. */
static void enter(void)
{
    pthread_mutex_lock(&lock);
}

static enum status leave(enum status status, const char *path, struct error *err)
{
    if (sim.cutting) {
        sim.cutting = false;
        sim.off = true;
        status = error_set(err, STATUS_IO, "'%s': the power failed", path);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

static enum status check_power(const char *path, struct error *err)
{
    return sim.off ? error_set(err, STATUS_IO, "'%s': the power is off", path) : STATUS_OK;
}

/* Whether the fault strikes this call. */
static enum status check_fault(enum file_sim_calls kind, const char *path, struct error *err)
{
    if (!(sim.fault.calls & kind)) {
        return STATUS_OK;
    }
    uint64_t seen = ++sim.fault_seen;
    if (seen < sim.fault.nth || (seen > sim.fault.nth && !sim.fault.for_good)) {
        return STATUS_OK;
    }
    sim.fault_count++;
    switch (sim.fault.error) {
    case FILE_SIM_ENOSPC:
        return error_set(err, STATUS_FULL, "'%s': No space left on device", path);
    case FILE_SIM_SHORT_WRITE:
        return error_set(err, STATUS_IO, "'%s': short write", path);
    case FILE_SIM_EIO:
        break;
    }
    return error_set(err, STATUS_IO, "'%s': Input/output error", path);
}

/* The beginning of a call that only reads. */
static enum status begin_read(const char *path, struct error *err)
{
    enum status status = check_power(path, err);
    return status == STATUS_OK ? check_fault(FILE_SIM_READS, path, err) : status;
}

/* The beginning of an operation: numbers it. */
static enum status begin_operation(enum file_sim_calls kind, const char *path, struct error *err)
{
    enum status status = check_power(path, err);
    if (status != STATUS_OK) {
        return status;
    }
    sim.operations++;
    sim.cutting = sim.operations == sim.cut_at;
    return check_fault(kind, path, err);
}

/* The same for a handle, which may be from before a power cut or for reading only. */
static enum status check_handle(const struct sim_file *f, bool writing, struct error *err)
{
    if (f->epoch != sim.epoch) {
        return error_set(err, STATUS_IO, "'%s': opened before the power failed", f->head.path);
    }
    if (writing && !f->writable) {
        return error_set(err, STATUS_IO, "'%s': Bad file descriptor", f->head.path);
    }
    return STATUS_OK;
}

static enum status begin_handle(struct sim_file *f, enum file_sim_calls kind, struct error *err)
{
    enum status status = check_handle(f, kind == FILE_SIM_WRITES, err);
    if (status != STATUS_OK) {
        return status;
    }
    return kind == FILE_SIM_READS ? begin_read(f->head.path, err) : begin_operation(kind, f->head.path, err);
}

static enum status not_found(const char *path, struct error *err)
{
    return error_set(err, STATUS_NOT_FOUND, "'%s': no such file or directory", path);
}

static struct sim_file *new_handle(struct sim_node *node, const char *path, bool writable)
{
    struct sim_file *f = xcalloc(1, sizeof(*f));
    f->head.backend = &file_sim_backend;
    f->head.path = strdup(path);
    if (!f->head.path) {
        fatal("out of memory for a path");
    }
    f->node = node;
    f->epoch = sim.epoch;
    f->writable = writable;
    return f;
}

/* Finds the file, or makes it as the mode says. */
static enum status open_node(const char *path, enum file_mode mode, struct sim_node **out, struct error *err)
{
    struct sim_place place = sim_disk_find(&sim.disk, path);
    bool makes = mode == FILE_CREATE || mode == FILE_REWRITE;
    enum status status = makes ? begin_operation(FILE_SIM_NAMES, path, err) : begin_read(path, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!place.dir || (!place.node && !makes)) {
        return not_found(path, err);
    }
    if (place.node && place.node->is_directory) {
        return error_set(err, STATUS_IO, "'%s': Is a directory", path);
    }
    if (place.node && mode == FILE_CREATE) {
        return error_set(err, STATUS_IO, "'%s': File exists", path);
    }
    if (!place.node) {
        place.node = sim_node_new(&sim.disk, false);
        sim_disk_change(&sim.disk, &place, place.node, NULL);
    } else if (mode == FILE_REWRITE) {
        sim_node_resize(&sim.disk, place.node, 0);
    }
    *out = place.node;
    return STATUS_OK;
}

static enum status sim_open(struct file **out, const char *path, enum file_mode mode, struct error *err)
{
    struct sim_node *node = NULL;
    enter();
    enum status status = open_node(path, mode, &node, err);
    status = leave(status, path, err);
    if (status == STATUS_OK) {
        *out = &new_handle(node, path, mode != FILE_READ)->head;
    }
    return status;
}

static enum status sim_lock(struct file **out, const char *path, struct error *err)
{
    struct sim_node *node = NULL;
    enter();
    bool there = sim_disk_find(&sim.disk, path).node != NULL;
    enum status status = open_node(path, there ? FILE_UPDATE : FILE_CREATE, &node, err);
    if (status == STATUS_OK && node->locked) {
        status = error_set(err, STATUS_BUSY, "'%s' is locked by another process", path);
    }
    bool locked = status == STATUS_OK && !sim.cutting;
    if (locked) {
        node->locked = true;
    }
    status = leave(status, path, err);
    if (locked) {
        struct sim_file *f = new_handle(node, path, true);
        f->holds_lock = true;
        *out = &f->head;
    }
    return status;
}

static void sim_close(struct file *file)
{
    struct sim_file *f = sim_of(file);
    enter();
    if (f->holds_lock && f->epoch == sim.epoch) {
        f->node->locked = false;
    }
    pthread_mutex_unlock(&lock);
    free(f->head.path);
    free(f);
}

static enum status sim_write_at(struct file *file, uint64_t offset, const void *data, size_t size, struct error *err)
{
    struct sim_file *f = sim_of(file);
    enter();
    enum status status = begin_handle(f, FILE_SIM_WRITES, err);
    bool struck = status != STATUS_OK && f->epoch == sim.epoch && !sim.off && f->writable;
    size_t done = status == STATUS_OK ? size : struck && sim.fault.error != FILE_SIM_EIO ? size / 2 : 0;
    if (done) {
        sim_node_write(&sim.disk, f->node, offset, data, done);
    }
    return leave(status, file->path, err);
}

static enum status sim_read_at(struct file *file, uint64_t offset, void *data, size_t size, size_t *got,
                               struct error *err)
{
    struct sim_file *f = sim_of(file);
    enter();
    enum status status = begin_handle(f, FILE_SIM_READS, err);
    if (status == STATUS_OK) {
        *got = sim_node_read(f->node, offset, data, size);
    }
    return leave(status, file->path, err);
}

static enum status sim_sync(struct file *file, struct error *err)
{
    struct sim_file *f = sim_of(file);
    enter();
    enum status status = check_handle(f, false, err);
    if (status == STATUS_OK) {
        bool was_off = sim.off;
        status = begin_operation(FILE_SIM_SYNCS, file->path, err);
        if (status != STATUS_OK && !was_off) {
            sim_node_sync_failed(&sim.disk, f->node);
        } else if (status == STATUS_OK && !sim.ignore_sync && !sim.cutting) {
            sim_node_sync(f->node);
        }
    }
    return leave(status, file->path, err);
}

static enum status sim_truncate(struct file *file, uint64_t size, struct error *err)
{
    struct sim_file *f = sim_of(file);
    enter();
    enum status status = begin_handle(f, FILE_SIM_WRITES, err);
    if (status == STATUS_OK) {
        sim_node_resize(&sim.disk, f->node, size);
    }
    return leave(status, file->path, err);
}

static enum status sim_preallocate(struct file *file, uint64_t size, struct error *err)
{
    struct sim_file *f = sim_of(file);
    enter();
    enum status status = begin_handle(f, FILE_SIM_WRITES, err);
    if (status == STATUS_OK && size > f->node->size) {
        sim_node_resize(&sim.disk, f->node, size);
    }
    return leave(status, file->path, err);
}

static enum status sim_size(struct file *file, uint64_t *size, struct error *err)
{
    struct sim_file *f = sim_of(file);
    enter();
    enum status status = begin_handle(f, FILE_SIM_READS, err);
    if (status == STATUS_OK) {
        *size = f->node->size;
    }
    return leave(status, file->path, err);
}

static enum status sim_map(struct file_map *out, const char *path, enum file_map_mode mode, struct error *err)
{
    (void)mode; /* a copy is both */
    struct sim_node *node = NULL;
    enter();
    enum status status = open_node(path, FILE_READ, &node, err);
    if (status == STATUS_OK && node->size) {
        out->size = (size_t)node->size;
        out->data = xmalloc(out->size);
        out->heap = true;
        sim_node_read(node, 0, out->data, out->size);
    }
    return leave(status, path, err);
}

static enum status sim_data_end(const char *path, uint64_t *end, struct error *err)
{
    struct sim_node *node = NULL;
    enter();
    enum status status = open_node(path, FILE_READ, &node, err);
    if (status == STATUS_OK) {
        *end = node->size;
    }
    return leave(status, path, err);
}

/* Why `from` may not become `to`, if it may not. */
static enum status check_rename(const struct sim_place *from, const struct sim_place *to, const char *path,
                                struct error *err)
{
    if (!from->dir || !from->node || !to->dir) {
        return not_found(path, err);
    }
    if (to->node && to->node->is_directory != from->node->is_directory) {
        return error_set(err, STATUS_IO, "'%s': Is a directory, or is not", path);
    }
    if (to->node && to->node->is_directory && to->node->now.count) {
        return error_set(err, STATUS_IO, "'%s': Directory not empty", path);
    }
    return STATUS_OK;
}

static enum status sim_rename(const char *from, const char *to, struct error *err)
{
    enter();
    enum status status = begin_operation(FILE_SIM_NAMES, from, err);
    if (status == STATUS_OK) {
        struct sim_place source = sim_disk_find(&sim.disk, from);
        struct sim_place target = sim_disk_find(&sim.disk, to);
        status = check_rename(&source, &target, from, err);
        if (status == STATUS_OK && source.node != target.node) {
            sim_disk_change(&sim.disk, &target, source.node, &source);
        }
    }
    return leave(status, from, err);
}

static enum status sim_remove(const char *path, bool directory, struct error *err)
{
    enter();
    enum status status = begin_operation(FILE_SIM_NAMES, path, err);
    if (status == STATUS_OK) {
        struct sim_place place = sim_disk_find(&sim.disk, path);
        if (!place.dir || !place.node) {
            status = not_found(path, err);
        } else if (place.node->is_directory != directory) {
            status = error_set(err, STATUS_IO, "'%s': Is a directory, or is not", path);
        } else if (directory && place.node->now.count) {
            status = error_set(err, STATUS_IO, "'%s': Directory not empty", path);
        } else {
            sim_disk_change(&sim.disk, &place, NULL, NULL);
        }
    }
    return leave(status, path, err);
}

static enum status sim_link(const char *from, const char *to, struct error *err)
{
    enter();
    enum status status = begin_operation(FILE_SIM_NAMES, from, err);
    if (status == STATUS_OK) {
        struct sim_place source = sim_disk_find(&sim.disk, from);
        struct sim_place target = sim_disk_find(&sim.disk, to);
        if (!source.node || !target.dir) {
            status = not_found(from, err);
        } else if (target.node || source.node->is_directory) {
            status = error_set(err, STATUS_IO, "'%s': File exists, or is a directory", to);
        } else {
            sim_disk_change(&sim.disk, &target, source.node, NULL);
        }
    }
    return leave(status, from, err);
}

static enum status sim_info(const char *path, struct file_info *info, struct error *err)
{
    enter();
    enum status status = begin_read(path, err);
    if (status == STATUS_OK) {
        struct sim_node *node = sim_disk_find(&sim.disk, path).node;
        if (node) {
            *info = (struct file_info){node->is_directory, false, node->size, node->modified_ms};
        } else {
            status = not_found(path, err);
        }
    }
    return leave(status, path, err);
}

static enum status sim_make(const char *path, struct error *err)
{
    enter();
    enum status status = begin_operation(FILE_SIM_NAMES, path, err);
    if (status == STATUS_OK) {
        struct sim_place place = sim_disk_find(&sim.disk, path);
        if (place.node) {
            status = error_set(err, STATUS_CONFLICT, "'%s' is there already", path);
        } else if (!place.dir) {
            status = not_found(path, err);
        } else {
            sim_disk_change(&sim.disk, &place, sim_node_new(&sim.disk, true), NULL);
        }
    }
    return leave(status, path, err);
}

static enum status sim_dir_sync(const char *path, struct error *err)
{
    enter();
    enum status status = begin_operation(FILE_SIM_SYNCS, path, err);
    if (status == STATUS_OK) {
        struct sim_node *node = sim_disk_find(&sim.disk, path).node;
        if (!node || !node->is_directory) {
            status = not_found(path, err);
        } else if (!sim.cutting) {
            sim_disk_sync_directory(&sim.disk, node);
        }
    }
    return leave(status, path, err);
}

static enum status sim_dir_list(const char *path, char ***names, size_t *count, struct error *err)
{
    enter();
    enum status status = begin_read(path, err);
    if (status == STATUS_OK) {
        struct sim_node *node = sim_disk_find(&sim.disk, path).node;
        if (!node) {
            status = not_found(path, err);
        } else if (!node->is_directory) {
            status = error_set(err, STATUS_IO, "'%s': Not a directory", path);
        } else if (node->now.count) {
            *names = xcalloc(node->now.count, sizeof(**names));
            for (*count = 0; *count < node->now.count; (*count)++) {
                (*names)[*count] = sim_name_copy(node->now.items[*count].name);
            }
        }
    }
    return leave(status, path, err);
}

static const struct file_backend file_sim_backend = {
    .open = sim_open,
    .lock = sim_lock,
    .close = sim_close,
    .write_at = sim_write_at,
    .read_at = sim_read_at,
    .sync = sim_sync,
    .truncate = sim_truncate,
    .preallocate = sim_preallocate,
    .size = sim_size,
    .map = sim_map,
    .data_end = sim_data_end,
    .rename = sim_rename,
    .remove = sim_remove,
    .link = sim_link,
    .info = sim_info,
    .make = sim_make,
    .dir_sync = sim_dir_sync,
    .dir_list = sim_dir_list,
};
