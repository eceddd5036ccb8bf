#include "indexer/base/hash.h"
#include "indexer/shard/container.h"

#define CHECKSUM_BYTES 8

enum status checked_file_write(const char *path, struct str bytes, struct error *err)
{
    struct buf content = BUF_EMPTY;
    enum status status = STATUS_OK;

    buf_append_str(&content, bytes);
    buf_put_u64(&content, hash64(bytes.data, bytes.size));
    status = file_replace(path, buf_str(&content), err);
    buf_release(&content);
    return status;
}

bool checked_bytes_sound(struct str bytes)
{
    struct reader r = reader_of(bytes.data + bytes.size, CHECKSUM_BYTES);

    return reader_u64(&r) == hash64(bytes.data, bytes.size);
}

static enum status refuse(struct file_map *map, const char *path, struct str *bytes, struct error *err)
{
    file_unmap(map);
    *bytes = (struct str){0};
    return error_set(err, STATUS_FORMAT, "'%s': checksum does not match", path);
}

enum status checked_file_view(struct file_map *map, const char *path, struct str *bytes, struct error *err)
{
    enum status status = file_map(map, path, FILE_MAP_READ, err);

    *bytes = (struct str){0};
    if (status != STATUS_OK)
        return status;
    if (map->size < CHECKSUM_BYTES)
        return refuse(map, path, bytes, err);
    *bytes = (struct str){(const char *)map->data, map->size - CHECKSUM_BYTES};
    return STATUS_OK;
}

enum status checked_file_map(struct file_map *map, const char *path, struct str *bytes, struct error *err)
{
    enum status status = checked_file_view(map, path, bytes, err);

    return status == STATUS_OK && !checked_bytes_sound(*bytes) ? refuse(map, path, bytes, err) : status;
}
