#include "server/live/held.h"

#include <string.h>

enum { OVERHEAD_BYTES = 64 }; /* of one, roughly */

void held_init(struct held *h)
{
    memset(h, 0, sizeof(*h));
    map_init(&h->by_id);
}

static void list_free(struct held_list *list)
{
    for (size_t i = 0; i < list->updates.count; i++) {
        free(list->updates.items[i]);
    }
    vec_release(&list->updates);
    free(list);
}

void held_release(struct held *h)
{
    size_t at = 0;
    struct str id;
    uint64_t value;
    while (map_next(&h->by_id, &at, &id, &value)) {
        list_free((struct held_list *)(uintptr_t)value);
    }
    map_release(&h->by_id);
}

void held_add(struct held *h, struct str id, int64_t wall_ms, struct str line)
{
    uint64_t *at = map_put(&h->by_id, id, 0, NULL);
    struct held_list *list = (struct held_list *)(uintptr_t)*at;
    struct held_update *u = xmalloc(sizeof(*u) + line.size + 1);
    char *text = (char *)(u + 1);
    if (!list) {
        list = xcalloc(1, sizeof(*list));
        *at = (uint64_t)(uintptr_t)list;
    }
    if (line.size > 0) {
        memcpy(text, line.data, line.size);
    }
    text[line.size] = '\0';
    *u = (struct held_update){wall_ms, {text, line.size}};
    vec_push(&list->updates, u);
    h->count++;
    h->bytes += line.size + OVERHEAD_BYTES;
}

const struct held_list *held_find(const struct held *h, struct str id)
{
    uint64_t *at = h->count ? map_get(&h->by_id, id) : NULL;
    return at ? (const struct held_list *)(uintptr_t)*at : NULL;
}

static void forget(struct held *h, struct held_list *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        h->bytes -= list->updates.items[i]->line.size + OVERHEAD_BYTES;
        free(list->updates.items[i]);
    }
    h->count -= count;
    list->updates.count -= count;
    memmove(list->updates.items, list->updates.items + count, list->updates.count * sizeof(*list->updates.items));
}

void held_remove(struct held *h, struct str id)
{
    uint64_t *at = h->count ? map_get(&h->by_id, id) : NULL;
    struct held_list *list = at ? (struct held_list *)(uintptr_t)*at : NULL;
    if (list) {
        forget(h, list, list->updates.count);
        list_free(list);
        (void)map_remove(&h->by_id, id);
    }
}

uint64_t held_expire(struct held *h, int64_t before_ms)
{
    uint64_t expired = 0;
    size_t at = 0;
    struct str id;
    uint64_t value;
    VEC(char) empty = {0}; /* ids of lists that end, each behind its size */
    while (map_next(&h->by_id, &at, &id, &value)) {
        struct held_list *list = (struct held_list *)(uintptr_t)value;
        size_t old = 0;
        while (old < list->updates.count && list->updates.items[old]->wall_ms < before_ms) {
            old++;
        }
        expired += old;
        if (old > 0) {
            forget(h, list, old);
        }
        if (list->updates.count == 0) {
            vec_reserve(&empty, empty.count + sizeof(size_t) + id.size);
            memcpy(empty.items + empty.count, &id.size, sizeof(size_t));
            memcpy(empty.items + empty.count + sizeof(size_t), id.data, id.size);
            empty.count += sizeof(size_t) + id.size;
        }
    }
    for (size_t i = 0; i < empty.count;) {
        memcpy(&id.size, empty.items + i, sizeof(size_t));
        id.data = empty.items + i + sizeof(size_t);
        i += sizeof(size_t) + id.size;
        list_free((struct held_list *)(uintptr_t)*map_get(&h->by_id, id));
        (void)map_remove(&h->by_id, id);
    }
    vec_release(&empty);
    return expired;
}

void held_write(const struct held *h, struct buf *out)
{
    size_t at = 0;
    struct str id;
    uint64_t value;
    buf_put_varint(out, h->by_id.count);
    while (map_next(&h->by_id, &at, &id, &value)) {
        const struct held_list *list = (const struct held_list *)(uintptr_t)value;
        buf_put_text(out, id);
        buf_put_varint(out, list->updates.count);
        for (size_t i = 0; i < list->updates.count; i++) {
            buf_put_u64(out, (uint64_t)list->updates.items[i]->wall_ms);
            buf_put_text(out, list->updates.items[i]->line);
        }
    }
}

static struct str take_str(struct reader *r)
{
    uint64_t size = reader_varint(r);
    if (size > r->size - r->at) {
        r->failed = true;
        size = 0;
    }
    return reader_bytes(r, (size_t)size);
}

bool held_read(struct held *h, struct reader *r)
{
    uint64_t lists = reader_varint(r);
    for (uint64_t i = 0; i < lists && !r->failed; i++) {
        struct str id = take_str(r);
        uint64_t count = reader_varint(r);
        for (uint64_t k = 0; k < count && !r->failed; k++) {
            int64_t wall_ms = (int64_t)reader_u64(r);
            struct str line = take_str(r);
            if (!r->failed) {
                held_add(h, id, wall_ms, line);
            }
        }
    }
    return !r->failed;
}
