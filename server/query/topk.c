#include "server/query/topk.h"

bool topk_init(struct topk *t, const struct snapshot *snapshot, size_t k, uint32_t cells, struct arena *arena)
{
    struct candidate *all;
    int64_t *room;

    t->snapshot = snapshot;
    t->k = k;
    t->count = 0;
    if (k == 0)
        return true;
    t->heap = ARENA_ARRAY(arena, struct candidate *, k + 1);
    all = ARENA_ARRAY(arena, struct candidate, k + 1);
    room = ARENA_ARRAY(arena, int64_t, (k + 1) * (cells + 1));
    if (!t->heap || !all || !room)
        return false;
    for (size_t i = 0; i <= k; i++) {
        all[i].cells = room + i * (cells + 1);
        t->heap[i] = &all[i];
    }
    t->spare = t->heap[k];
    return true;
}

int topk_compare_value(const struct topk *t, uint32_t key, const struct sort_value *a, const struct sort_value *b)
{
    const struct topk_key *k = &t->keys[key];
    int order = 0;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == SORT_NUMBER)
        order = (a->number > b->number) - (a->number < b->number);
    else if (a->kind == SORT_STRING && a->code != b->code)
        order = str_compare(dictionary_value(t->snapshot->dictionary, k->attr, a->code),
                            dictionary_value(t->snapshot->dictionary, k->attr, b->code));
    return k->descending ? -order : order;
}

static int compare_keys(const struct topk *t, uint32_t from, uint32_t end, const struct candidate *a,
                        const struct candidate *b)
{
    for (uint32_t i = from; i < end; i++) {
        int order = topk_compare_value(t, i, &a->values[i], &b->values[i]);
        if (order)
            return order;
    }
    return 0;
}

static int compare_ids(const struct topk *t, const struct candidate *a, const struct candidate *b)
{
    if (a->segment == b->segment)
        return (a->id_rank > b->id_rank) - (a->id_rank < b->id_rank);
    return str_compare(shard_object_id(t->snapshot->segments[a->segment].shard, a->doc),
                       shard_object_id(t->snapshot->segments[b->segment].shard, b->doc));
}

int topk_compare(const struct topk *t, const struct candidate *a, const struct candidate *b)
{
    int order;

    if (t->ids_only)
        return compare_ids(t, a, b);
    order = compare_keys(t, 0, t->sort_count, a, b);
    if (order)
        return order;
    if (a->exact != b->exact)
        return a->exact ? -1 : 1;
    if (t->bury && a->step != b->step)
        return a->step < b->step ? -1 : 1;
    if (t->bury && a->buried != b->buried)
        return a->buried ? 1 : -1;
    if (a->rounded != b->rounded)
        return a->rounded > b->rounded ? -1 : 1;
    order = compare_keys(t, t->sort_count, t->key_count, a, b);
    return order ? order : compare_ids(t, a, b);
}

static void sift_down(struct topk *t, size_t at, size_t count)
{
    struct candidate *moved = t->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && topk_compare(t, t->heap[child + 1], t->heap[child]) > 0)
            child++;
        if (topk_compare(t, t->heap[child], moved) <= 0)
            break;
        t->heap[at] = t->heap[child];
        at = child;
    }
    t->heap[at] = moved;
}

static void sift_up(struct topk *t, size_t at)
{
    struct candidate *moved = t->heap[at];

    while (at > 0 && topk_compare(t, moved, t->heap[(at - 1) / 2]) > 0) {
        t->heap[at] = t->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    t->heap[at] = moved;
}

bool topk_push(struct topk *t)
{
    struct candidate *taken = t->spare;

    if (t->k == 0)
        return false;
    if (t->count < t->k) {
        /* The unused candidates stand behind the heap; the spare takes the place of the first of them. */
        t->spare = t->heap[t->count];
        t->heap[t->count] = taken;
        sift_up(t, t->count++);
        return true;
    }
    if (topk_compare(t, taken, t->heap[0]) >= 0)
        return false;
    t->spare = t->heap[0];
    t->heap[0] = taken;
    sift_down(t, 0, t->count);
    return true;
}

void topk_sort(struct topk *t)
{
    for (size_t n = t->count; n > 1; n--) {
        struct candidate *worst = t->heap[0];
        t->heap[0] = t->heap[n - 1];
        t->heap[n - 1] = worst;
        sift_down(t, 0, n - 1);
    }
}
