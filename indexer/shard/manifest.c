#include "indexer/shard/manifest.h"

#include <inttypes.h>
#include <stdio.h>

#include "indexer/base/hash.h"

/*
 * The file is one JSON document and a last line "xxh3 0123456789abcdef" with the XXH3-64 of all bytes before that line.
 */
#define MANIFEST_LIMIT  (64u << 20)
#define CHECKSUM_SIZE   22 /* "xxh3 " + 16 digits + newline */
#define MANIFEST_FORMAT 1

static void manifest_path(const char *data_dir, char *out, size_t size)
{
    snprintf(out, size, "%s/MANIFEST", data_dir);
}

/* --- reading --- */

static bool take_u64(const struct json *object, const char *name, uint64_t *out)
{
    int64_t value;
    struct str text;
    const struct json *member = json_get(object, name);
    if (json_string(member, &text)) { /* 64-bit ids are written in hexadecimal */
        *out = 0;
        for (size_t i = 0; i < text.size; i++) {
            const char *digits = "0123456789abcdef", *at = memchr(digits, text.data[i], 16);
            if (!at || i == 16)
                return false;
            *out = *out << 4 | (uint64_t)(at - digits);
        }
        return text.size > 0;
    }
    if (!json_i64(member, &value) || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

static bool take_u32(const struct json *object, const char *name, uint32_t *out)
{
    uint64_t value;
    if (!take_u64(object, name, &value) || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Only names below the data directory: relative, without "..". */
static bool safe_path(struct str path)
{
    return path.size > 0 && path.data[0] != '/' && str_find(path, STR("..")) == SIZE_MAX &&
           str_find_char(path, '\0') == SIZE_MAX;
}

static bool take_path(const struct json *object, const char *name, bool may_be_empty, struct str *out)
{
    if (!json_string(json_get(object, name), out))
        return false;
    return out->size == 0 ? may_be_empty : safe_path(*out);
}

static bool take_index(const struct json *j, struct arena *arena, struct manifest_index *out)
{
    int64_t as_of;
    bool fine = json_string(json_get(j, "name"), &out->name) && take_u64(j, "uid", &out->uid) &&
                take_u32(j, "generation", &out->generation) && take_u64(j, "base_seq", &out->base_seq) &&
                take_u64(j, "applied_seq", &out->applied_seq) && json_i64(json_get(j, "as_of_ms"), &as_of) &&
                take_u32(j, "shards", &out->shard_count) &&
                take_u32(j, "previous_generation", &out->previous_generation) &&
                take_path(j, "settings", false, &out->settings) && take_path(j, "checkpoint", true, &out->checkpoint);
    const struct json *deltas = json_get(j, "deltas");
    if (!fine || !deltas || deltas->type != JSON_ARRAY)
        return false;
    out->as_of_ms = as_of;
    struct str *paths = ARENA_ARRAY(arena, struct str, deltas->count + 1);
    for (uint32_t i = 0; i < deltas->count; i++) {
        if (!json_string(&deltas->items[i], &paths[i]) || !safe_path(paths[i]))
            return false;
    }
    out->deltas = paths;
    out->delta_count = deltas->count;
    return true;
}

static enum status check_sum(struct str text, const char *path, struct str *document, struct error *err)
{
    char expected[CHECKSUM_SIZE + 1];
    if (text.size < CHECKSUM_SIZE)
        return error_set(err, STATUS_FORMAT, "'%s': too short to be a manifest", path);
    *document = str_slice(text, 0, text.size - CHECKSUM_SIZE);
    snprintf(expected, sizeof(expected), "xxh3 %016" PRIx64 "\n", hash64(document->data, document->size));
    if (memcmp(expected, text.data + document->size, CHECKSUM_SIZE) != 0)
        return error_set(err, STATUS_FORMAT, "'%s': the checksum line does not fit the content", path);
    return STATUS_OK;
}

static enum status read_document(const struct json *root, const char *path, struct arena *arena, struct manifest *out,
                                 struct error *err)
{
    uint64_t format = 0;
    if (!take_u64(root, "format", &format) || format != MANIFEST_FORMAT)
        return error_set(err, STATUS_FORMAT, "'%s': format %llu, this program reads %d", path,
                         (unsigned long long)format, MANIFEST_FORMAT);
    const struct json *indexes = json_get(root, "indexes");
    if (!take_u64(root, "version", &out->version) || !take_u64(root, "next_file", &out->next_file) ||
        !take_u64(root, "seq", &out->seq) || !indexes || indexes->type != JSON_ARRAY)
        return error_set(err, STATUS_FORMAT, "'%s': a member is missing or wrong", path);
    struct manifest_index *list = ARENA_ARRAY(arena, struct manifest_index, indexes->count + 1);
    for (uint32_t i = 0; i < indexes->count; i++) {
        if (!take_index(&indexes->items[i], arena, &list[i]))
            return error_set(err, STATUS_FORMAT, "'%s': index number %u is described wrongly", path, i);
    }
    out->indexes = list;
    out->index_count = indexes->count;
    return STATUS_OK;
}

enum status manifest_read(const char *data_dir, struct arena *arena, struct manifest *out, struct error *err)
{
    char path[4200];
    struct buf content;
    struct str document;
    struct json root;
    memset(out, 0, sizeof(*out));
    manifest_path(data_dir, path, sizeof(path));
    if (!file_exists(path))
        return error_set(err, STATUS_NOT_FOUND, "'%s': not there", path);
    buf_init(&content, 0);
    enum status status = file_read_all(path, &content, MANIFEST_LIMIT, err);
    if (status == STATUS_OK)
        status = check_sum(arena_copy(arena, buf_str(&content)), path, &document, err);
    if (status == STATUS_OK) {
        status = json_parse(document, arena, &root, err);
        if (status != STATUS_OK) {
            error_prefix(err, "'%s'", path);
            status = STATUS_FORMAT;
        }
    }
    if (status == STATUS_OK)
        status = read_document(&root, path, arena, out, err);
    buf_release(&content);
    return status;
}

/* --- writing --- */

static void put_path(struct buf *out, const char *name, struct str path)
{
    buf_printf(out, ",\n   \"%s\": ", name);
    json_write_string(out, path);
}

static void put_index(struct buf *out, const struct manifest_index *i)
{
    buf_literal(out, "\n  {\"name\": ");
    json_write_string(out, i->name);
    buf_printf(out,
               ",\n   \"uid\": \"%016" PRIx64 "\",\n   \"generation\": %u,\n   \"base_seq\": %" PRIu64
               ",\n   \"applied_seq\": %" PRIu64 ",\n   \"as_of_ms\": %" PRId64
               ",\n   \"shards\": %u,\n   \"previous_generation\": %u",
               i->uid, i->generation, i->base_seq, i->applied_seq, i->as_of_ms, i->shard_count, i->previous_generation);
    put_path(out, "settings", i->settings);
    put_path(out, "checkpoint", i->checkpoint);
    buf_literal(out, ",\n   \"deltas\": [");
    for (uint32_t d = 0; d < i->delta_count; d++) {
        if (d)
            buf_literal(out, ", ");
        json_write_string(out, i->deltas[d]);
    }
    buf_literal(out, "]}");
}

enum status manifest_publish(const char *data_dir, const struct manifest *m, struct error *err)
{
    char path[4200];
    struct buf text;
    buf_init(&text, 0);
    manifest_path(data_dir, path, sizeof(path));
    buf_printf(&text,
               "{\"format\": %d,\n \"version\": %" PRIu64 ",\n \"next_file\": %" PRIu64 ",\n \"seq\": %" PRIu64
               ",\n \"indexes\": [",
               MANIFEST_FORMAT, m->version, m->next_file, m->seq);
    for (uint32_t i = 0; i < m->index_count; i++) {
        if (i)
            buf_append_char(&text, ',');
        put_index(&text, &m->indexes[i]);
    }
    buf_literal(&text, "]}\n");
    uint64_t sum = hash64(text.data, text.size);
    buf_printf(&text, "xxh3 %016" PRIx64 "\n", sum);
    enum status status = file_replace(path, buf_str(&text), err);
    buf_release(&text);
    return status;
}

uint64_t manifest_needed_seq(const struct manifest *m)
{
    uint64_t needed = m->seq;
    for (uint32_t i = 0; i < m->index_count; i++) {
        needed = m->indexes[i].applied_seq < needed ? m->indexes[i].applied_seq : needed;
    }
    return needed;
}
