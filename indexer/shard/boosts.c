#include "indexer/shard/boosts.h"

#include <stdlib.h>

#include "indexer/base/vec.h"

struct found {
    doc_id doc;
    float value;
};

struct found_list {
    VEC(struct found) list;
};

static int by_doc(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->doc != y->doc)
        return x->doc < y->doc ? -1 : 1;
    return x->value > y->value ? -1 : x->value < y->value;
}

/* The document and the other variants of its product, which lie beside it. */
static void add(struct found_list *f, const struct shard *shard, doc_id doc, float value)
{
    const uint32_t *groups = shard_groups(shard);
    doc_id first = doc, end = doc + 1, count = shard_doc_count(shard);

    while (groups && first > 0 && groups[first - 1] == groups[doc])
        first--;
    while (groups && end < count && groups[end] == groups[doc])
        end++;
    for (doc_id d = first; d < end; d++) {
        struct found one = {d, value};
        vec_push(&f->list, one);
    }
}

static bool keep(struct boost_docs *out, const struct found_list *f, struct arena *arena)
{
    doc_id *docs = arena_alloc(arena, (f->list.count + 1) * sizeof(*docs));
    float *values = arena_alloc(arena, (f->list.count + 1) * sizeof(*values));
    uint32_t n = 0;

    if (!docs || !values)
        return false;
    for (size_t i = 0; i < f->list.count; i++) {
        const struct found *one = &f->list.items[i];
        if (n > 0 && docs[n - 1] == one->doc)
            continue;
        docs[n] = one->doc;
        values[n++] = one->value;
        out->most = one->value > out->most ? one->value : out->most;
    }
    out->docs = docs;
    out->values = values;
    out->count = n;
    return true;
}

bool boosts_resolve(struct boost_docs *out, const struct shard *shard, const struct boost *boosts, size_t count,
                    struct arena *arena)
{
    struct found_list f = {{0}};
    bool fine = true;

    *out = (struct boost_docs){0};
    if (shard_check_groups(shard, NULL) != STATUS_OK)
        return true; /* the search leaves the segment out, too */
    for (size_t i = 0; i < count; i++) {
        doc_id doc = shard_find(shard, boosts[i].object_id);
        if (doc != DOC_NONE)
            add(&f, shard, doc, boosts[i].value);
    }
    if (f.list.count > 0) {
        qsort(f.list.items, f.list.count, sizeof(f.list.items[0]), by_doc);
        fine = keep(out, &f, arena);
    }
    vec_release(&f.list);
    return fine;
}

uint32_t boosts_from(const struct boost_docs *b, doc_id doc)
{
    uint32_t low = 0, high = b->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (b->docs[middle] < doc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
