#include "server/query/kept_lists.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/base/status.h"

#define WAYS 4 /* entries of a set */

static void list_release(struct kept_lists *c, struct kept_list *l)
{
    c->bytes -= l->size;
    free(l->data);
    *l = (struct kept_list){0};
}

void kept_lists_clear(struct kept_lists *c)
{
    for (uint32_t i = 0; c->lists && i < c->limits->lists; i++)
        list_release(c, &c->lists[i]);
    free(c->lists);
    *c = (struct kept_lists){0};
}

void kept_lists_begin(struct kept_lists *c)
{
    c->begun = c->clock;
}

static struct kept_list *find(struct kept_lists *c, const uint64_t *key)
{
    uint64_t hash = (key[0] ^ key[1]) * 0x9E3779B97F4A7C15ull;
    struct kept_list *set = c->lists + (hash >> 32 & (c->limits->lists / WAYS - 1)) * WAYS, *place = NULL;

    for (uint32_t i = 0; i < WAYS; i++) {
        struct kept_list *l = &set[i];
        if (memcmp(l->key, key, sizeof(l->key)) == 0)
            return l;
        if (l->used <= c->begun && (!place || l->used < place->used))
            place = l;
    }
    if (place) {
        list_release(c, place);
        memcpy(place->key, key, sizeof(place->key));
    }
    return place;
}

struct kept_list *kept_lists_ask(struct kept_lists *c, const struct kept_limits *limits, const uint64_t *key)
{
    struct kept_list *l;

    if (!c->lists) {
        c->limits = limits;
        c->lists = xcalloc(limits->lists, sizeof(*c->lists));
    }
    l = find(c, key);
    if (!l)
        return NULL;
    if (++c->clock % limits->age == 0) {
        c->refused = 0;
        for (uint32_t i = 0; i < limits->lists; i++)
            c->lists[i].asked = (c->lists[i].asked + 1) / 2;
    }
    l->used = c->clock;
    l->asked++;
    return l;
}

/* Who gives way: what was asked for the least, and of those the oldest. */
static struct kept_list *find_least(struct kept_lists *c, const struct kept_list *of)
{
    struct kept_list *least = NULL;

    for (uint32_t i = 0; i < c->limits->lists; i++) {
        struct kept_list *l = &c->lists[i];
        if (!l->data || l->used > c->begun || 2 * l->asked > of->asked)
            continue;
        if (!least || l->asked < least->asked || (l->asked == least->asked && l->used < least->used))
            least = l;
    }
    return least;
}

bool kept_lists_room(struct kept_lists *c, const struct kept_list *of, size_t size)
{
    if (size > c->limits->bytes || (c->bytes + size > c->limits->bytes && of->asked <= c->refused))
        return false; /* there was none */
    while (c->bytes + size > c->limits->bytes) {
        struct kept_list *least = find_least(c, of);
        if (!least) {
            c->refused = of->asked;
            return false;
        }
        list_release(c, least);
    }
    return true;
}

void *kept_lists_put(struct kept_lists *c, struct kept_list *l, size_t size)
{
    l->data = xcalloc(size, 1);
    l->size = size;
    c->bytes += size;
    return l->data;
}
