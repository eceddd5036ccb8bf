/* From decided changes to the next state: the delta that holds what was written anew, and the publication of it all. */
#include <stdlib.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "indexer/build/shard_build.h"
#include "server/live/changes.h"

enum {
    ABSORB_MAX = 2048, /* documents that a commit builds again so that deltas stay few; larger ones are merged aside */
    ABSORB_SMALL = 64  /* deltas up to this size are always taken in */
};

/* Places in the present state that will be deleted. */
static int compare_places(const void *a, const void *b)
{
    const struct doc_place *x = a;
    const struct doc_place *y = b;
    if (x->segment != y->segment) {
        return x->segment < y->segment ? -1 : 1;
    }
    return x->doc < y->doc ? -1 : x->doc > y->doc;
}

/* Needs the dead in order. */
static bool is_dead(const struct changes *c, uint32_t segment, doc_id doc)
{
    struct doc_place place = {segment, doc};
    return c->dead.count > 0 && bsearch(&place, c->dead.items, c->dead.count, sizeof(place), compare_places) != NULL;
}

static void sort_dead(struct changes *c)
{
    size_t kept = 0;
    if (c->dead.count == 0) {
        return;
    }
    qsort(c->dead.items, c->dead.count, sizeof(*c->dead.items), compare_places);
    for (size_t i = 0; i < c->dead.count; i++) {
        if (i == 0 || compare_places(&c->dead.items[i], &c->dead.items[kept - 1]) != 0) {
            c->dead.items[kept++] = c->dead.items[i];
        }
    }
    c->dead.count = kept;
}

static void add_object(struct shard_builder *b, const struct json *object)
{
    struct error err;
    if (shard_builder_add(b, object, &err) != STATUS_OK) {
        /* It was checked before it was logged, so this is our mistake; the others must not suffer. */
        log_error("an object was left out of a delta: %s", err.message);
    }
}

/* The variants that are live in a product's segment and not changed themselves go along into the delta. */
static enum status carry_group(struct changes *c, struct shard_builder *b, uint32_t segment, doc_id first,
                               struct error *err)
{
    doc_id end;
    doc_id begin;
    const struct segment *g = &c->base->segments[segment];
    index_group_range(c->base, segment, first, &begin, &end);
    for (doc_id doc = begin; doc < end; doc++) {
        if (segment_deleted(g, doc)) {
            continue;
        }
        struct change *x = changes_of(c, shard_object_id(g->shard, doc));
        struct doc_place place = {segment, doc};
        vec_push(&c->dead, place);
        if (x->whole || x->deleted) {
            continue;
        }
        enum status status = changes_load(c, x, err);
        if (status != STATUS_OK) {
            return status;
        }
        add_object(b, &x->object);
    }
    return STATUS_OK;
}

/* Each product that is written anew, once. */
static enum status carry_groups(struct changes *c, struct shard_builder *b, struct error *err)
{
    struct map seen;
    enum status status = STATUS_OK;
    size_t count = c->items.count; /* carrying adds to them */
    map_init(&seen);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        bool added;
        uint32_t segment;
        doc_id first;
        if (!c->items.items[i].whole) {
            continue;
        }
        struct json object = c->items.items[i].object;
        struct str group = object_group(c->index->settings->settings, &object);
        map_put(&seen, group, 0, &added);
        if (added && index_find_group(c->base, group, &segment, &first)) {
            status = carry_group(c, b, segment, first, err);
        }
    }
    map_release(&seen);
    return status;
}

/* Small deltas are taken into the new one, the newest first, as long as that costs little beside it. */
static enum status absorb(struct changes *c, struct shard_builder *b, struct error *err)
{
    uint32_t deltas = index_delta_count(c->index);
    for (uint32_t i = c->base->segment_count; i-- > 0;) {
        const struct segment *g = &c->base->segments[i];
        uint32_t live = shard_doc_count(g->shard) - g->deleted_docs;
        uint32_t built = shard_builder_count(b);
        bool small = live <= ABSORB_SMALL || live <= 4 * built;
        bool needed = deltas >= LIMIT_DELTAS && live <= 16 * (uint64_t)built + ABSORB_MAX;
        if (!g->is_delta || c->index->segments.items[i].segment->merging ||
            !((small && live + built <= ABSORB_MAX) || needed)) {
            continue;
        }
        for (doc_id doc = 0; doc < shard_doc_count(g->shard); doc++) {
            struct json object;
            if (segment_deleted(g, doc) || is_dead(c, i, doc)) {
                continue;
            }
            struct change *x = changes_of(c, shard_object_id(g->shard, doc));
            enum status status = changes_load(c, x, err);
            if (status != STATUS_OK) {
                return status;
            }
            object = x->object;
            add_object(b, &object);
        }
        vec_push(&c->absorbed, i);
        deltas--;
    }
    return STATUS_OK;
}

enum status changes_build(struct changes *c, struct error *err)
{
    struct live_index *x = c->index;
    struct buf image = BUF_EMPTY;
    struct buf copy = BUF_EMPTY;
    struct shard *shard = NULL;
    enum status status = STATUS_OK;
    struct shard_build_options options = {.settings = x->settings->settings,
                                          .analyzer = x->settings->analyzer,
                                          .dictionary = x->vocabulary->dictionary,
                                          .dictionary_lock = &x->vocabulary->lock};
    struct shard_builder *b = c->whole_count > 0 ? shard_builder_new(&options) : NULL;
    for (size_t i = 0; i < c->items.count; i++) {
        const struct change *change = &c->items.items[i];
        struct doc_place place = {change->segment, change->doc};
        if ((change->whole || change->deleted) && change->doc != DOC_NONE) {
            vec_push(&c->dead, place);
        }
        if (change->whole) {
            add_object(b, &change->object);
        }
    }
    if (b) {
        status = carry_groups(c, b, err);
        sort_dead(c);
        if (status == STATUS_OK) {
            status = absorb(c, b, err);
        }
        if (status == STATUS_OK && shard_builder_count(b) > 0 &&
            (status = shard_builder_finish(b, &image, err)) == STATUS_OK) {
            buf_append_str(&copy, buf_str(&image));
            if ((status = shard_open_memory(&shard, &image, err)) == STATUS_OK) {
                c->built = segment_new(shard, true, &copy, NULL);
            }
        }
    }
    sort_dead(c);
    buf_release(&copy);
    shard_builder_free(b);
    return status;
}

/* ---- publication ---- */

/* Suggestions count products: one that was there goes with the text of its first live variant, and comes with it. */
static void count_product(struct changes *c, const struct snapshot *s, uint32_t segment, doc_id doc, int change)
{
    struct json object;
    doc_id first;
    doc_id end;
    struct suggest *suggest = c->index->vocabulary->suggest;
    if (!suggest) {
        return;
    }
    index_group_range(s, segment, doc, &first, &end);
    while (first < end && segment_deleted(&s->segments[segment], first)) {
        first++;
    }
    if (first < end && index_object(s, segment, first, &c->arena, &object, NULL) == STATUS_OK) {
        suggest_count(suggest, &object, change);
    }
}

/* The products that vanish from their segments. */
static void count_dead_products(struct changes *c)
{
    const struct snapshot *s = c->base;
    uint32_t last_segment = UINT32_MAX;
    doc_id last_end = 0;
    for (size_t i = 0; i < c->dead.count; i++) {
        const struct doc_place *place = &c->dead.items[i];
        doc_id first;
        if (place->segment == last_segment && place->doc < last_end) {
            continue;
        }
        index_group_range(s, place->segment, place->doc, &first, &last_end);
        last_segment = place->segment;
        bool stays = false;
        for (doc_id doc = first; doc < last_end && !stays; doc++) {
            stays = !segment_deleted(&s->segments[place->segment], doc) && !is_dead(c, place->segment, doc);
        }
        if (!stays) {
            count_product(c, s, place->segment, place->doc, -1);
        }
    }
}

/* Products of the new delta, those apart that only came along from an absorbed one. */
static void count_new_products(struct changes *c, const struct snapshot *s)
{
    uint32_t segment = s->segment_count - 1;
    doc_id first;
    doc_id end;
    for (doc_id doc = 0; doc < shard_doc_count(s->segments[segment].shard); doc = end) {
        index_group_range(s, segment, doc, &first, &end);
        bool changed = false;
        for (doc_id d = first; d < end && !changed; d++) {
            const struct change *x = changes_of(c, shard_object_id(s->segments[segment].shard, d));
            changed = x->whole;
        }
        if (changed) {
            count_product(c, s, segment, first, 1);
        }
    }
}

static void replace_segments(struct changes *c)
{
    struct live_index *x = c->index;
    bool *copied = xcalloc(x->segments.count + 1, sizeof(*copied));
    for (size_t i = 0; i < c->dead.count; i++) {
        index_delete(x, c->dead.items[i].segment, c->dead.items[i].doc, copied);
    }
    free(copied);
    for (size_t i = 0; i < c->absorbed.count; i++) { /* in falling order */
        index_remove_segment(x, c->absorbed.items[i]);
    }
    if (c->built) {
        index_add_segment(x, c->built, NULL);
        c->built = NULL;
    }
    x->changed = true;
}

void changes_publish(struct changes *c, uint64_t seq, int64_t now_ms)
{
    struct live_index *x = c->index;
    bool built = c->built != NULL;
    bool same = !built && c->dead.count == 0 && c->absorbed.count == 0;
    for (size_t i = 0; i < c->cells.count; i++) {
        const struct cell_change *cell = &c->cells.items[i];
        index_store_cell(x, cell->segment, cell->doc, cell->attr, cell->value);
    }
    if (!same) {
        count_dead_products(c);
        replace_segments(c);
    }
    x->updated_ms = now_ms;
    index_publish(x, seq, same);
    if (built) {
        count_new_products(c, &index_current(x)->s);
    }
}
