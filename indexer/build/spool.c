#include "indexer/build/spool.h"

#include <stdlib.h>

#include "indexer/base/buf.h"
#include "indexer/base/file.h"
#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/build/packed_object.h"

#define SPOOL_BUFFER  (1u << 20)
#define SPOOL_DROPPED UINT32_MAX
#define SPOOL_WINDOW  (8u << 20) /* mapped bytes that stay behind a cursor */

struct spool_slot {
    uint64_t low;
    uint32_t high;
    uint32_t ordinal_plus_one; /* 0: free */
};

struct spool {
    char *path;
    struct file *file;
    struct file_map map;
    struct buf buffer;
    struct buf packed, json; /* an object on its way */
    struct packed_names names;
    uint64_t written;
    struct spool_slot *slots;
    size_t capacity;
    uint8_t *dropped; /* a bit an ordinal */
    size_t dropped_bytes;
    uint32_t count;
    uint32_t replaced;
};

enum status spool_create(struct spool **out, const char *path, struct error *err)
{
    struct spool *s = xcalloc(1, sizeof(*s));
    s->path = xmalloc(strlen(path) + 1);
    memcpy(s->path, path, strlen(path) + 1);
    buf_init(&s->buffer, 0);
    packed_names_init(&s->names);
    s->capacity = 1024;
    s->slots = xcalloc(s->capacity, sizeof(*s->slots));
    enum status status = file_open(&s->file, path, FILE_CREATE, err);
    if (status != STATUS_OK) {
        spool_free(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    file_unmap(&s->map);
    if (s->file) {
        file_close(s->file);
        struct error ignored;
        if (file_remove(s->path, &ignored) != STATUS_OK)
            (void)ignored; /* the build's directory is removed whole later */
    }
    buf_release(&s->buffer);
    buf_release(&s->packed);
    buf_release(&s->json);
    packed_names_release(&s->names);
    free(s->slots);
    free(s->dropped);
    free(s->path);
    free(s);
}

static struct spool_slot *slot_of(struct spool_slot *slots, size_t capacity, struct hash128 hash)
{
    size_t at = hash.low & (capacity - 1);
    while (slots[at].ordinal_plus_one && (slots[at].low != hash.low || slots[at].high != (uint32_t)hash.high))
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static void slots_grow(struct spool *s)
{
    size_t capacity = s->capacity * 2;
    struct spool_slot *slots = xcalloc(capacity, sizeof(*slots));
    for (size_t i = 0; i < s->capacity; i++) {
        if (!s->slots[i].ordinal_plus_one)
            continue;
        struct hash128 hash = {s->slots[i].low, s->slots[i].high};
        *slot_of(slots, capacity, hash) = s->slots[i];
    }
    free(s->slots);
    s->slots = slots;
    s->capacity = capacity;
}

static void drop(struct spool *s, uint32_t ordinal)
{
    size_t byte = ordinal / 8;
    if (byte >= s->dropped_bytes) {
        size_t bytes = (byte + 1) * 2;
        s->dropped = xrealloc_array(s->dropped, bytes, 1);
        memset(s->dropped + s->dropped_bytes, 0, bytes - s->dropped_bytes);
        s->dropped_bytes = bytes;
    }
    s->dropped[byte] |= (uint8_t)(1u << (ordinal % 8));
    s->replaced++;
}

static bool is_dropped(const struct spool *s, uint32_t ordinal)
{
    return ordinal / 8 < s->dropped_bytes && (s->dropped[ordinal / 8] >> (ordinal % 8) & 1);
}

static enum status flush(struct spool *s, struct error *err)
{
    enum status status = file_write_at(s->file, s->written, s->buffer.data, s->buffer.size, err);
    s->written += s->buffer.size;
    buf_clear(&s->buffer);
    return status;
}

/* As JSON, a text is at most six times as long, and a name that is a number here has at most 64 bytes: below so many
 * packed bytes no object is too large. */
enum { SURELY_SMALL = LIMIT_OBJECT_BYTES / 256 };

static enum status pack(struct spool *s, const struct json *object, struct error *err)
{
    enum status status = STATUS_OK;
    buf_clear(&s->packed);
    status = packed_object_put(&s->names, object, &s->packed, err);
    if (status != STATUS_OK)
        return error_set(err, STATUS_INPUT, "the item is nested deeper than %d levels", LIMIT_JSON_DEPTH);
    if (s->packed.size < SURELY_SMALL)
        return STATUS_OK;
    buf_clear(&s->json);
    json_write(&s->json, object);
    if (s->json.size > LIMIT_OBJECT_BYTES)
        status = error_set(err, STATUS_INPUT, "the item is larger than %u bytes", LIMIT_OBJECT_BYTES);
    return status;
}

enum status spool_add(struct spool *s, struct str object_id, const struct json *object, struct error *err)
{
    if (s->count == SPOOL_DROPPED - 1)
        return error_set(err, STATUS_LIMIT, "more than %u objects in one index", s->count);
    enum status status = pack(s, object, err);
    if (status != STATUS_OK)
        return status;
    struct hash128 hash = hash128(object_id.data, object_id.size);
    struct spool_slot *slot = slot_of(s->slots, s->capacity, hash);
    if (slot->ordinal_plus_one)
        drop(s, slot->ordinal_plus_one - 1);
    else
        *slot = (struct spool_slot){hash.low, (uint32_t)hash.high, 0};
    slot->ordinal_plus_one = ++s->count;
    if ((size_t)(s->count - s->replaced) * 4 > s->capacity * 3)
        slots_grow(s);

    buf_put_u32(&s->buffer, (uint32_t)s->packed.size);
    buf_append_str(&s->buffer, buf_str(&s->packed));
    if (s->buffer.size >= SPOOL_BUFFER && flush(s, err) != STATUS_OK)
        return STATUS_IO; /* not the object's fault */
    return STATUS_OK;
}

enum status spool_seal(struct spool *s, struct error *err)
{
    enum status status = flush(s, err);
    free(s->slots);
    s->slots = NULL;
    buf_release(&s->buffer);
    if (status == STATUS_OK && s->written > 0)
        status = file_map(&s->map, s->path, FILE_MAP_READ, err);
    return status;
}

uint32_t spool_count(const struct spool *s)
{
    return s->count;
}

uint32_t spool_replaced(const struct spool *s)
{
    return s->replaced;
}

enum status spool_next(const struct spool *s, struct spool_cursor *cursor, uint32_t *ordinal, struct arena *arena,
                       struct json *object, struct error *err)
{
    while (cursor->next < s->count) {
        struct reader r = reader_of(s->map.data + cursor->at, s->map.size - cursor->at);
        uint32_t size = reader_u32(&r);
        struct str packed = reader_bytes(&r, size);
        if (r.failed)
            return error_set(err, STATUS_FORMAT, "'%s': ends before its end", s->path);
        if (cursor->at - cursor->dropped >= SPOOL_WINDOW) {
            file_map_drop(&s->map, cursor->dropped, cursor->at);
            cursor->dropped = cursor->at;
        }
        uint32_t this = cursor->next++;
        cursor->at += r.at;
        if (is_dropped(s, this) || (cursor->shard_of && cursor->shard_of[this] != cursor->shard))
            continue;
        *ordinal = this;
        return packed_object_get(&s->names, packed, arena, object, err);
    }
    return STATUS_NOT_FOUND;
}
