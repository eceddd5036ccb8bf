#include "server/live/backup_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "indexer/base/file.h"
#include "indexer/base/hash.h"
#include "indexer/base/json.h"

enum { PATH_BYTES = 4096, LIST_LIMIT = 256 << 20 };

void backup_list_release(struct backup_list *l)
{
    vec_release(&l->files);
    arena_release(&l->arena);
}

enum status backup_list_add(struct backup_list *l, const char *root, const char *relative, struct error *err)
{
    char path[PATH_BYTES];
    char **names = NULL;
    size_t count = 0;
    snprintf(path, sizeof(path), "%s/%s", root, relative);
    if (!file_exists(path)) {
        return error_set(err, STATUS_NOT_FOUND, "'%s' is not there", path);
    }
    if (dir_list(path, &names, &count, NULL) != STATUS_OK) {
        struct backup_file f = {.path = arena_copy(&l->arena, str_from(relative))};
        vec_push(&l->files, f);
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct str inside = arena_printf(&l->arena, "%s/%s", relative, names[i]);
        status = backup_list_add(l, root, inside.data, err);
    }
    dir_names_free(names, count);
    return status;
}

enum status backup_list_write(const struct backup_list *l, const char *dir, struct error *err)
{
    char path[PATH_BYTES];
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "{\"format\":1,\"made_ms\":%" PRId64 ",\"seq\":%" PRIu64 ",\"events\":%" PRIu64, l->made_ms,
               l->seq, l->events);
    if (l->events_missing.size > 0) {
        buf_literal(&text, ",\"eventsMissing\":");
        json_write_string(&text, l->events_missing);
    }
    buf_literal(&text, ",\"files\":[");
    for (size_t i = 0; i < l->files.count; i++) {
        const struct backup_file *f = &l->files.items[i];
        buf_printf(&text, "%s\n{\"path\":", i ? "," : "");
        json_write_string(&text, f->path);
        buf_printf(&text, ",\"size\":%" PRIu64 ",\"xxh3\":\"%016" PRIx64 "\"}", f->size, f->sum);
    }
    buf_literal(&text, "]}\n");
    snprintf(path, sizeof(path), "%s/backup.json", dir);
    enum status status = file_replace(path, buf_str(&text), err);
    buf_release(&text);
    return status;
}

/* "index/..", without a way out of the directory. */
static bool path_is_inside(struct str path)
{
    bool fine = path.size > 0 && path.size < 1024 && path.data[0] != '/' && str_find(path, STR("..")) == SIZE_MAX;
    return fine && memchr(path.data, 0, path.size) == NULL;
}

static bool read_file(struct backup_list *l, const struct json *from)
{
    struct backup_file f = {0};
    struct str path, sum;
    char digits[17] = {0};
    int64_t size;
    if (!json_string(json_get(from, "path"), &path) || !path_is_inside(path) ||
        !json_i64(json_get(from, "size"), &size) || size < 0 || !json_string(json_get(from, "xxh3"), &sum) ||
        sum.size != 16) {
        return false;
    }
    memcpy(digits, sum.data, 16);
    f.path = arena_copy(&l->arena, path);
    f.size = (uint64_t)size;
    f.sum = strtoull(digits, NULL, 16);
    vec_push(&l->files, f);
    return true;
}

enum status backup_list_read(struct backup_list *l, const char *dir, struct error *err)
{
    char path[PATH_BYTES];
    struct buf text = BUF_EMPTY;
    struct json root;
    int64_t format = 0;
    int64_t seq = 0;
    int64_t events = 0; /* backups of old have none */
    *l = (struct backup_list){0};
    arena_init(&l->arena, 0);
    snprintf(path, sizeof(path), "%s/backup.json", dir);
    if (!file_exists(path)) {
        return error_set(err, STATUS_NOT_FOUND, "'%s' is no backup: it has no backup.json", dir);
    }
    enum status status = file_read_all(path, &text, LIST_LIMIT, err);
    struct str copy = status == STATUS_OK ? arena_copy(&l->arena, buf_str(&text)) : (struct str){0};
    buf_release(&text);
    if (status != STATUS_OK) {
        return status;
    }
    if (json_parse(copy, &l->arena, &root, err) != STATUS_OK) {
        error_prefix(err, "'%s'", path);
        return STATUS_FORMAT;
    }
    const struct json *files = json_get(&root, "files");
    bool fine = json_i64(json_get(&root, "format"), &format) && format == 1 && json_i64(json_get(&root, "seq"), &seq) &&
                seq >= 0 && json_i64(json_get(&root, "made_ms"), &l->made_ms) && files && files->type == JSON_ARRAY;
    for (uint32_t i = 0; fine && i < files->count; i++) {
        fine = read_file(l, &files->items[i]);
    }
    l->seq = (uint64_t)seq;
    (void)json_i64(json_get(&root, "events"), &events);
    l->events = events > 0 ? (uint64_t)events : 0;
    (void)json_string(json_get(&root, "eventsMissing"), &l->events_missing);
    return fine ? STATUS_OK : error_set(err, STATUS_FORMAT, "'%s': a member is missing or wrong", path);
}

enum status backup_file_sum(struct backup_file *f, const char *root, struct error *err)
{
    char path[PATH_BYTES];
    struct file_map map = {0};
    snprintf(path, sizeof(path), "%s/%s", root, f->path.data);
    enum status status = file_map(&map, path, FILE_MAP_READ, err);
    if (status == STATUS_OK) {
        f->size = map.size;
        f->sum = hash64(map.data, map.size);
    }
    file_unmap(&map);
    return status;
}

enum status backup_file_check(const struct backup_file *f, const char *root, struct error *err)
{
    struct backup_file now = {.path = f->path};
    enum status status = backup_file_sum(&now, root, err);
    if (status == STATUS_OK && now.size != f->size) {
        status = error_set(err, STATUS_FORMAT, "'%s/%s' has %" PRIu64 " bytes, not %" PRIu64, root, f->path.data,
                           now.size, f->size);
    } else if (status == STATUS_OK && now.sum != f->sum) {
        status = error_set(err, STATUS_FORMAT, "'%s/%s' is damaged: its checksum is wrong", root, f->path.data);
    }
    return status;
}

static void parent_of(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = '\0';
    }
}

static enum status copy_file(const char *from, const char *to, struct error *err)
{
    struct file_map map = {0};
    struct file *file = NULL;
    enum status status = file_map(&map, from, FILE_MAP_READ, err);
    if (status == STATUS_OK && (status = file_open(&file, to, FILE_REWRITE, err)) == STATUS_OK &&
        (map.size == 0 || (status = file_write_at(file, 0, map.data, map.size, err)) == STATUS_OK)) {
        status = file_sync(file, err);
    }
    file_close(file);
    file_unmap(&map);
    return status;
}

enum status backup_file_put(const struct backup_file *f, const char *from, const char *to, bool link, struct error *err)
{
    char source[PATH_BYTES];
    char target[PATH_BYTES];
    char parent[PATH_BYTES];
    snprintf(source, sizeof(source), "%s/%s", from, f->path.data);
    snprintf(target, sizeof(target), "%s/%s", to, f->path.data);
    snprintf(parent, sizeof(parent), "%s", target);
    parent_of(parent);
    enum status status = dir_make(parent, err);
    if (status != STATUS_OK || (link && file_link(source, target, NULL) == STATUS_OK)) {
        return status;
    }
    return copy_file(source, target, err);
}

enum status backup_sync_dirs(const struct backup_list *l, const char *root, struct error *err)
{
    char path[PATH_BYTES];
    char last[PATH_BYTES] = "";
    enum status status = STATUS_OK;
    for (size_t i = 0; i < l->files.count && status == STATUS_OK; i++) {
        snprintf(path, sizeof(path), "%s/%s", root, l->files.items[i].path.data);
        parent_of(path);
        if (strcmp(path, last) != 0) {
            status = dir_sync(path, err);
            memcpy(last, path, sizeof(last));
        }
    }
    return status;
}
