/* From decided changes to the next state: the delta that holds what was written anew, and the publication of it all. */
#include <stdlib.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "indexer/build/shard_build.h"
#include "server/live/changes_cells.h"

enum {
    ABSORB_MAX = 2048, /* documents that a commit builds again so that deltas stay few; larger ones are merged aside */
    ABSORB_SMALL = 64, /* deltas up to this size are always taken in */
    KEYS_AHEAD = 16,
    CELLS_AHEAD = 16
};

static uint32_t absorb_max = ABSORB_MAX;

void changes_set_absorb_for_test(uint32_t docs)
{
    absorb_max = docs ? docs : ABSORB_MAX;
}

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
static void carry_group(struct changes *c, struct shard_builder *b, uint32_t segment, doc_id first)
{
    doc_id end;
    doc_id begin;
    const struct segment *g = &c->base->segments[segment];
    index_group_range(c->base, segment, first, &begin, &end);
    for (doc_id doc = begin; doc < end; doc++) {
        if (segment_deleted(g, doc)) {
            continue;
        }
        struct error err;
        struct change *x = changes_of(c, shard_object_id(g->shard, doc));
        struct doc_place place = {segment, doc};
        if (x->whole || x->deleted) {
            continue;
        }
        if (changes_load(c, x, &err) != STATUS_OK) {
            log_error("a variant stays apart from its product: %s", err.message);
            continue;
        }
        vec_push(&c->dead, place);
        add_object(b, &x->object);
    }
}

/* Each product that is written anew, once. */
static void carry_groups(struct changes *c, struct shard_builder *b)
{
    struct map seen;
    size_t count = c->items.count; /* carrying adds to them */
    map_init(&seen);
    for (size_t i = 0; i < count; i++) {
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
            carry_group(c, b, segment, first);
        }
    }
    map_release(&seen);
}

/* Takes a delta's live objects into the new one. False, and nothing is taken, when one can't be read. */
static bool absorb_segment(struct changes *c, struct shard_builder *b, uint32_t segment)
{
    const struct segment *g = &c->base->segments[segment];
    uint32_t count = shard_doc_count(g->shard);
    struct error err;
    for (int pass = 0; pass < 2; pass++) {
        for (doc_id doc = 0; doc < count; doc++) {
            if (segment_deleted(g, doc) || is_dead(c, segment, doc)) {
                continue;
            }
            struct change *x = changes_of(c, shard_object_id(g->shard, doc));
            if (changes_load(c, x, &err) != STATUS_OK) {
                log_error("a delta can't be merged: %s", err.message);
                return false;
            }
            if (pass == 1) {
                add_object(b, &x->object);
            }
        }
    }
    return true;
}

/* Small deltas are taken into the new one, the newest first, as long as that costs little beside it. */
static void absorb(struct changes *c, struct shard_builder *b)
{
    uint32_t deltas = index_delta_count(c->index);
    for (uint32_t i = c->base->segment_count; i-- > 0;) {
        const struct segment *g = &c->base->segments[i];
        uint32_t live = shard_doc_count(g->shard) - g->deleted_docs;
        uint32_t built = shard_builder_count(b);
        bool small = live <= ABSORB_SMALL || live <= 4 * built;
        bool needed = deltas >= LIMIT_DELTAS && live <= 16 * (uint64_t)built + ABSORB_MAX;
        if (g->is_delta && !c->index->segments.items[i].segment->merging &&
            ((small && live + built <= absorb_max) || needed) && absorb_segment(c, b, i)) {
            vec_push(&c->absorbed, i);
            deltas--;
        }
    }
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
                                          .dictionary_lock = &x->vocabulary->lock,
                                          .objects = x->vocabulary->objects};
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
        carry_groups(c, b);
        sort_dead(c);
        absorb(c, b);
        if (shard_builder_count(b) > 0 && (status = shard_builder_finish(b, &image, err)) == STATUS_OK) {
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

/* Suggestions count objects: those that go, with their old text, and those that come. */
static void count_objects(struct changes *c)
{
    struct vocabulary *v = c->index->vocabulary;
    for (size_t i = 0; i < c->items.count; i++) {
        const struct change *x = &c->items.items[i];
        struct json old;
        if ((x->whole || x->deleted) && x->doc != DOC_NONE &&
            snapshot_object_source(c->base, x->segment, x->doc, &c->arena, &old, NULL) == STATUS_OK) {
            suggest_count(v->suggest, v->analysis, &old, -1);
        }
        if (x->whole) {
            suggest_count(v->suggest, v->analysis, &x->object, 1);
        }
    }
    suggest_publish(v->suggest);
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

static void publish_keys(struct changes *c)
{
    struct order_keys *to = &c->index->inventory->keys;
    for (size_t i = 0; i < c->keys.items.count; i++) {
        if (i + KEYS_AHEAD < c->keys.items.count) {
            order_prefetch(to, c->keys.items.items[i + KEYS_AHEAD].tag);
        }
        order_put(to, c->keys.items.items[i].tag, c->keys.items.items[i].key);
    }
}

static void publish_inventory(struct changes *c)
{
    struct inventory *v = c->index->inventory;
    publish_keys(c);
    streams_keep(&v->streams);
    /* A product that comes takes what waited for it; nothing is held for it in the same group. */
    for (size_t i = 0; i < c->held.count; i++) {
        held_add(&v->held, c->held.items[i].id, c->held.items[i].wall_ms, c->held.items[i].line);
    }
    for (size_t i = 0; i < c->due.count; i++) {
        sales_push(&v->sales, c->due.items[i].ms, c->due.items[i].id);
    }
    for (size_t i = 0; i < c->gone.count; i++) {
        held_remove(&v->held, c->gone.items[i]);
    }
    c->index->changed = c->index->changed || c->keys.items.count > 0 || c->held.count > 0 || c->gone.count > 0;
}

static void publish_cells(struct changes *c)
{
    struct cell_writer writer;
    cell_writer_init(&writer, c->index);
    for (size_t i = 0; i < c->cells.items.count; i++) {
        const struct cell_change *cell = &c->cells.items.items[i];
        if (i + CELLS_AHEAD < c->cells.items.count) {
            cell_writer_prefetch(&writer, cell[CELLS_AHEAD].segment, cell[CELLS_AHEAD].doc, cell[CELLS_AHEAD].attr);
        }
        cell_writer_store(&writer, cell->segment, cell->doc, cell->attr, cell->value);
    }
}

void changes_publish(struct changes *c, uint64_t seq, int64_t now_ms)
{
    struct live_index *x = c->index;
    bool same = !c->built && c->dead.count == 0 && c->absorbed.count == 0;
    publish_cells(c);
    changes_cells_publish(c);
    publish_inventory(c);
    if (!same) {
        count_objects(c);
        replace_segments(c);
    }
    x->updated_ms = now_ms;
    index_publish(x, seq, same);
}
