#include "server/http/static_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "indexer/base/gzip.h"
#include "indexer/base/hash.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

#define FOLDER_DEPTH_MAX 16
#define COMPRESS_FROM    1024

struct static_files {
    struct map by_path;
    size_t total_bytes;
    VEC(struct static_file *) files;
};

static const struct {
    struct str suffix;
    const char *type;
    bool text;
} types[] = {
    {{".html", 5}, "text/html; charset=utf-8", true},
    {{".css", 4}, "text/css; charset=utf-8", true},
    {{".js", 3}, "text/javascript; charset=utf-8", true},
    {{".mjs", 4}, "text/javascript; charset=utf-8", true},
    {{".json", 5}, "application/json; charset=utf-8", true},
    {{".map", 4}, "application/json; charset=utf-8", true},
    {{".svg", 4}, "image/svg+xml; charset=utf-8", true},
    {{".txt", 4}, "text/plain; charset=utf-8", true},
    {{".xml", 4}, "application/xml; charset=utf-8", true},
    {{".webmanifest", 12}, "application/manifest+json; charset=utf-8", true},
    {{".png", 4}, "image/png", false},
    {{".jpg", 4}, "image/jpeg", false},
    {{".jpeg", 5}, "image/jpeg", false},
    {{".gif", 4}, "image/gif", false},
    {{".webp", 5}, "image/webp", false},
    {{".avif", 5}, "image/avif", false},
    {{".ico", 4}, "image/x-icon", false},
    {{".woff", 5}, "font/woff", false},
    {{".woff2", 6}, "font/woff2", false},
    {{".ttf", 4}, "font/ttf", false},
    {{".wasm", 5}, "application/wasm", false},
};

static const char *type_of(struct str path, bool *text)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (str_ends_with(path, types[i].suffix)) {
            *text = types[i].text;
            return types[i].type;
        }
    }
    *text = false;
    return "application/octet-stream";
}

/* Takes content. */
static void add_file(struct static_files *s, struct str path, struct buf *content)
{
    bool text;
    struct static_file *f = xcalloc(1, sizeof(*f));
    f->type = type_of(path, &text);
    f->content = buf_str(content);
    snprintf(f->etag, sizeof(f->etag), "\"%016llx\"", (unsigned long long)hash64(content->data, content->size));
    if (text && content->size >= COMPRESS_FROM) {
        struct buf packed = BUF_EMPTY;
        if (gzip_compress(f->content, 6, &packed) == STATUS_OK && packed.size < content->size) {
            f->compressed = buf_str(&packed);
        } else {
            buf_release(&packed);
        }
    }
    s->total_bytes += content->size;
    vec_push(&s->files, f);
    map_put(&s->by_path, path, s->files.count - 1, NULL);
    struct str index = STR("/index.html");
    if (str_ends_with(path, index)) {
        struct str folder = str_slice(path, 0, path.size - index.size + 1);
        map_put(&s->by_path, folder, s->files.count - 1, NULL);
    }
}

static enum status load_folder(struct static_files *s, const char *folder, struct str path, int depth,
                               struct error *err);

static enum status load_entry(struct static_files *s, const char *file, struct str path, int depth, struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    if (dir_list(file, &names, &count, NULL) == STATUS_OK) {
        dir_names_free(names, count);
        return load_folder(s, file, path, depth + 1, err);
    }
    struct buf content = BUF_EMPTY;
    enum status status = file_read_all(file, &content, STATIC_FILE_MAX, err);
    if (status == STATUS_OK && s->total_bytes + content.size > STATIC_TOTAL_MAX) {
        status = error_set(err, STATUS_LIMIT, "'%s': the folder holds over %u bytes", file, STATIC_TOTAL_MAX);
    }
    if (status != STATUS_OK) {
        buf_release(&content);
        return status;
    }
    add_file(s, path, &content);
    return STATUS_OK;
}

static enum status load_folder(struct static_files *s, const char *folder, struct str path, int depth,
                               struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    if (depth > FOLDER_DEPTH_MAX) {
        return error_set(err, STATUS_LIMIT, "'%s': folders are nested over %d deep", folder, FOLDER_DEPTH_MAX);
    }
    enum status status = dir_list(folder, &names, &count, err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (names[i][0] == '.') {
            continue;
        }
        struct buf file = BUF_EMPTY;
        struct buf url = BUF_EMPTY;
        buf_printf(&file, "%s/%s%c", folder, names[i], '\0');
        buf_printf(&url, STR_FMT "/%s", STR_ARG(path), names[i]);
        status = load_entry(s, file.data, buf_str(&url), depth, err);
        buf_release(&url);
        buf_release(&file);
    }
    dir_names_free(names, count);
    return status;
}

enum status static_files_load(struct static_files **out, const char *folder, struct error *err)
{
    struct static_files *s = xcalloc(1, sizeof(*s));
    map_init(&s->by_path);
    enum status status = load_folder(s, folder, STR(""), 0, err);
    if (status != STATUS_OK) {
        static_files_free(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void static_files_free(struct static_files *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->files.count; i++) {
        free((void *)s->files.items[i]->content.data);
        free((void *)s->files.items[i]->compressed.data);
        free(s->files.items[i]);
    }
    vec_release(&s->files);
    map_release(&s->by_path);
    free(s);
}

const struct static_file *static_files_find(const struct static_files *s, struct str path)
{
    uint64_t *place = s ? map_get(&s->by_path, path) : NULL;
    return place ? s->files.items[*place] : NULL;
}
