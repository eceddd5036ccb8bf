#include "server/live/cells.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void cells_release(struct cells *c)
{
    vec_release(&c->items);
    free(c->heads);
    memset(c, 0, sizeof(*c));
}

static uint64_t place_of(uint32_t segment, doc_id doc)
{
    return ((uint64_t)segment << 32 | doc) + 1;
}

/* The place's head, or the free one where it would be. */
static struct cell_head *head_of(const struct cells *c, uint64_t place)
{
    size_t at = (size_t)((place * 0x9E3779B97F4A7C15u) >> 32) & (c->capacity - 1);
    while (c->heads[at].place != 0 && c->heads[at].place != place) {
        at = (at + 1) & (c->capacity - 1);
    }
    return &c->heads[at];
}

static void grow(struct cells *c)
{
    struct cells old = *c;
    c->capacity = old.capacity ? old.capacity * 4 : FIRST_CAPACITY;
    c->heads = xcalloc(c->capacity, sizeof(*c->heads));
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.heads[i].place != 0) {
            *head_of(c, old.heads[i].place) = old.heads[i];
        }
    }
    free(old.heads);
}

uint32_t cells_first(const struct cells *c, uint32_t segment, doc_id doc)
{
    if (c->capacity == 0) {
        return CELL_NONE;
    }
    const struct cell_head *head = head_of(c, place_of(segment, doc));
    return head->place ? head->first : CELL_NONE;
}

const struct cell_change *cells_find(const struct cells *c, uint32_t segment, doc_id doc, attr_id attr)
{
    for (uint32_t i = cells_first(c, segment, doc); i != CELL_NONE; i = c->items.items[i].next) {
        if (c->items.items[i].attr == attr) {
            return &c->items.items[i];
        }
    }
    return NULL;
}

void cells_put(struct cells *c, uint32_t segment, doc_id doc, attr_id attr, int64_t value)
{
    if (c->count * 2 >= c->capacity) {
        grow(c);
    }
    struct cell_head *head = head_of(c, place_of(segment, doc));
    for (uint32_t i = head->place ? head->first : CELL_NONE; i != CELL_NONE; i = c->items.items[i].next) {
        if (c->items.items[i].attr == attr) {
            c->items.items[i].value = value;
            return;
        }
    }
    struct cell_change added = {segment, doc, value, head->place ? head->first : CELL_NONE, attr};
    c->count += head->place == 0;
    head->place = place_of(segment, doc);
    head->first = (uint32_t)c->items.count;
    vec_push(&c->items, added);
}
