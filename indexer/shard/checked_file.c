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

enum status checked_file_map(struct file_map *map, const char *path, struct str *bytes, struct error *err)
{
    struct reader r;
    enum status status = file_map(map, path, FILE_MAP_READ, err);

    *bytes = (struct str){0};
    if (status != STATUS_OK)
        return status;
    r = reader_of(map->data, map->size);
    if (map->size >= CHECKSUM_BYTES) {
        *bytes = reader_bytes(&r, map->size - CHECKSUM_BYTES);
        if (reader_u64(&r) == hash64(bytes->data, bytes->size))
            return STATUS_OK;
    }
    file_unmap(map);
    *map = (struct file_map){0};
    *bytes = (struct str){0};
    return error_set(err, STATUS_FORMAT, "'%s': checksum does not match", path);
}
