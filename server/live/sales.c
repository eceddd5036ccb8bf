#include "server/live/sales.h"

#include <stdlib.h>
#include <string.h>

static bool ms_of(const struct sale *s, enum sale_part part, int64_t *ms)
{
    return s->has[part] && decimal_rescale(s->part[part], 0, ms);
}

bool sale_effective(const struct sale *s, int64_t now_ms, struct decimal *out)
{
    static const struct decimal nothing = {0, 0};
    int64_t ms;
    bool in_effect = s->has[SALE_REDUCED] && decimal_compare(s->part[SALE_REDUCED], nothing) > 0 &&
                     !(ms_of(s, SALE_STARTS, &ms) && now_ms < ms) && !(ms_of(s, SALE_ENDS, &ms) && now_ms >= ms) &&
                     (!s->has[SALE_PRICE] || decimal_compare(s->part[SALE_REDUCED], s->part[SALE_PRICE]) < 0);
    *out = in_effect ? s->part[SALE_REDUCED] : s->part[SALE_PRICE];
    return in_effect || s->has[SALE_PRICE];
}

int64_t sale_next(const struct sale *s, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    int64_t ms;
    if (s->has[SALE_REDUCED] && ms_of(s, SALE_STARTS, &ms) && ms > now_ms) {
        next = ms;
    }
    if (s->has[SALE_REDUCED] && ms_of(s, SALE_ENDS, &ms) && ms > now_ms && ms < next) {
        next = ms;
    }
    return next;
}

void sales_release(struct sales *s)
{
    for (size_t i = 0; i < s->heap.count; i++) {
        free((void *)s->heap.items[i].id.data);
    }
    vec_release(&s->heap);
}

static void exchange(struct sales *s, size_t a, size_t b)
{
    struct sale_due due = s->heap.items[a];
    s->heap.items[a] = s->heap.items[b];
    s->heap.items[b] = due;
}

void sales_push(struct sales *s, int64_t ms, struct str id)
{
    char *copy = xmalloc(id.size + 1);
    memcpy(copy, id.data, id.size);
    struct sale_due due = {ms, {copy, id.size}};
    vec_push(&s->heap, due);
    for (size_t at = s->heap.count - 1; at > 0 && s->heap.items[at].ms < s->heap.items[(at - 1) / 2].ms;
         at = (at - 1) / 2) {
        exchange(s, at, (at - 1) / 2);
    }
}

struct str sales_pop(struct sales *s)
{
    struct str id = s->heap.items[0].id;
    s->heap.items[0] = s->heap.items[--s->heap.count];
    for (size_t at = 0;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < s->heap.count && s->heap.items[child + 1].ms < s->heap.items[child].ms) {
            child++;
        }
        if (child >= s->heap.count || s->heap.items[at].ms <= s->heap.items[child].ms) {
            break;
        }
        exchange(s, at, child);
        at = child;
    }
    return id;
}
