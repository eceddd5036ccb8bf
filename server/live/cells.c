#include "server/live/cells.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64, FEW = 8 /* a table this much larger than what is in it is cleared one by one */ };

void cells_release(struct cells *c)
{
    vec_release(&c->items);
    free(c->heads);
    memset(c, 0, sizeof(*c));
}

static uint64_t hash_of(uint32_t segment, doc_id doc)
{
    return ((uint64_t)segment << 32 | doc) * 0x9E3779B97F4A7C15u;
}

static size_t place_of(const struct cells *c, uint64_t hash)
{
    return (size_t)(hash >> 28) & (c->capacity - 1);
}

/* The head of a document, or the free one where it would be. It has the upper half of the hash, so that others are
 * passed without a look at their items. */
static uint64_t *head_of(const struct cells *c, uint32_t segment, doc_id doc)
{
    uint64_t hash = hash_of(segment, doc);
    for (size_t at = place_of(c, hash);; at = (at + 1) & (c->capacity - 1)) {
        uint64_t head = c->heads[at];
        const struct cell_change *first = head && (head ^ hash) >> 32 == 0 ? &c->items.items[(uint32_t)head - 1] : NULL;
        if (!head || (first && first->doc == doc && first->segment == segment)) {
            return &c->heads[at];
        }
    }
}

static uint64_t head_make(uint32_t segment, doc_id doc, size_t number)
{
    return (hash_of(segment, doc) & ~UINT64_C(0xFFFFFFFF)) | (uint32_t)number;
}

void cells_prefetch(const struct cells *c, uint32_t segment, doc_id doc)
{
    if (c->capacity > 0) {
        __builtin_prefetch(&c->heads[place_of(c, hash_of(segment, doc))], 1);
    }
}

void cells_clear(struct cells *c)
{
    if (c->count < c->capacity / FEW) {
        /* Backwards, so that each is still found: what it had to pass was put before it. A document's head came with
         * the first of its cells, which is the last of its list. */
        for (size_t i = c->items.count; i-- > 0;) {
            if (c->items.items[i].next == CELL_NONE) {
                *head_of(c, c->items.items[i].segment, c->items.items[i].doc) = 0;
            }
        }
    } else if (c->capacity > 0) {
        memset(c->heads, 0, c->capacity * sizeof(*c->heads));
    }
    c->items.count = 0;
    c->count = 0;
}

static void grow(struct cells *c)
{
    free(c->heads);
    c->capacity = c->capacity ? c->capacity * 4 : FIRST_CAPACITY;
    c->heads = xcalloc(c->capacity, sizeof(*c->heads));
    for (size_t i = 0; i < c->items.count; i++) { /* the last of a document is its first in the list */
        const struct cell_change *cell = &c->items.items[i];
        *head_of(c, cell->segment, cell->doc) = head_make(cell->segment, cell->doc, i + 1);
    }
}

uint32_t cells_first(const struct cells *c, uint32_t segment, doc_id doc)
{
    uint64_t head = c->count ? *head_of(c, segment, doc) : 0;
    return head ? (uint32_t)head - 1 : CELL_NONE;
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

size_t cells_put(struct cells *c, uint32_t segment, doc_id doc, attr_id attr, int64_t value)
{
    if (c->count * 2 >= c->capacity) {
        grow(c);
    }
    uint64_t *head = head_of(c, segment, doc);
    uint32_t first = *head ? (uint32_t)*head - 1 : CELL_NONE;
    for (uint32_t i = first; i != CELL_NONE; i = c->items.items[i].next) {
        if (c->items.items[i].attr == attr) {
            c->items.items[i].value = value;
            return i;
        }
    }
    struct cell_change added = {segment, doc, value, first, attr};
    vec_push(&c->items, added);
    c->count += *head == 0;
    *head = head_make(segment, doc, c->items.count);
    return c->items.count - 1;
}
