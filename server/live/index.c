#include "server/live/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"

static char *name_copy(struct str name)
{
    char *copy = xmalloc(name.size + 1);
    if (name.size > 0) {
        memcpy(copy, name.data, name.size);
    }
    copy[name.size] = '\0';
    return copy;
}

/* ---- snapshots ---- */

static void snapshot_release(void *object)
{
    struct index_snapshot *box = object;
    for (uint32_t i = 0; i < box->s.segment_count; i++) {
        shared_drop(SHARED(box->held[i].segment));
        shared_drop(SHARED(box->held[i].tombstones));
    }
    shared_drop(SHARED(box->vocabulary));
    shared_drop(SHARED(box->settings));
    free(box->held);
    free(box->segments);
    free(box->name);
    free(box);
}

static void hold_segments(struct index_snapshot *box, const struct live_index *x)
{
    size_t count = x->segments.count;
    box->held = xcalloc(count + 1, sizeof(*box->held));
    box->segments = xcalloc(count + 1, sizeof(*box->segments));
    for (size_t i = 0; i < count; i++) {
        struct index_segment *g = &box->held[i];
        *g = x->segments.items[i];
        shared_keep(SHARED(g->segment));
        shared_keep(SHARED(g->tombstones));
        box->segments[i] = (struct segment){
            .shard = g->segment->shard,
            .tombstones = g->tombstones ? g->tombstones->bits : NULL,
            .tombstones_id = g->tombstones ? g->tombstones->id : 0,
            .deleted_docs = g->deleted_docs,
            .deleted_groups = g->deleted_groups,
            .is_delta = g->segment->is_delta,
        };
        box->data_bytes += shard_size_bytes(g->segment->shard);
    }
    box->s.segments = box->segments;
    box->s.segment_count = (uint32_t)count;
}

static struct index_snapshot *snapshot_make(const struct live_index *x)
{
    struct index_snapshot *box = xcalloc(1, sizeof(*box));
    box->name = name_copy(str_from(x->name));
    box->settings = x->settings;
    box->vocabulary = x->vocabulary;
    shared_keep(SHARED(box->settings));
    shared_keep(SHARED(box->vocabulary));
    box->created_ms = x->created_ms;
    box->updated_ms = x->updated_ms;
    box->pending = x->next_settings != NULL;
    hold_segments(box, x);
    return box;
}

struct index_snapshot *index_current(const struct live_index *x)
{
    return atomic_load_explicit(&x->snapshot, memory_order_acquire);
}

/* What an experiment of the settings tries: the same but for what the settings decide. */
static void publish_other(struct index_snapshot *box, const struct snapshot *same)
{
    const struct live_settings *settings = box->settings->other;
    box->s.other = NULL;
    if (!settings) {
        return;
    }
    box->other = box->s;
    box->other.settings = settings->settings;
    box->other.analyzer = settings->analyzer;
    box->other.synonyms = settings->synonyms;
    if (same) {
        memcpy(box->other.custom_low, same->custom_low, sizeof(same->custom_low));
        memcpy(box->other.custom_high, same->custom_high, sizeof(same->custom_high));
    } else {
        snapshot_statistics(&box->other);
    }
    box->s.other = &box->other;
}

void index_publish(struct live_index *x, uint64_t seq, bool same_segments)
{
    struct index_snapshot *old = index_current(x);
    struct index_snapshot *box = snapshot_make(x);
    struct snapshot *s = &box->s;
    const struct segment *segments = s->segments;
    uint32_t segment_count = s->segment_count;
    if (same_segments && old) {
        *s = old->s; /* the statistics */
    }
    s->segments = segments;
    s->segment_count = segment_count;
    s->seq = seq;
    s->index_name = str_from(box->name);
    s->index_uid = x->uid;
    s->generation = x->generation;
    s->created_ms = x->created_ms;
    s->settings = box->settings->settings;
    s->analyzer = box->settings->analyzer;
    s->synonyms = box->settings->synonyms;
    s->dictionary = box->vocabulary->dictionary;
    s->attr_count = dictionary_attr_count(s->dictionary);
    s->suggest = box->vocabulary->suggest;
    s->damaged_count = x->damaged_count;
    if (!same_segments || !old) {
        snapshot_statistics(s);
    }
    publish_other(box, same_segments && old && old->s.other ? &old->other : NULL);
    atomic_store_explicit(&x->snapshot, box, memory_order_release);
    if (old) {
        rcu_defer(snapshot_release, old);
    }
}

struct index_snapshot *index_hold(const struct live_index *x)
{
    struct index_snapshot *now = index_current(x);
    struct index_snapshot *box = snapshot_make(x);
    const struct segment *segments = box->s.segments;
    box->s = now->s;
    box->s.segments = segments;
    box->s.index_name = str_from(box->name);
    box->s.other = NULL; /* of the snapshot that readers see */
    return box;
}

void index_let_go(struct index_snapshot *held)
{
    if (held) {
        snapshot_release(held);
    }
}

/* ---- the index ---- */

struct live_index *index_new(uint64_t uid, struct str name, struct live_settings *settings)
{
    struct live_index *x = xcalloc(1, sizeof(*x));
    x->uid = uid;
    x->name = name_copy(name);
    x->shard_count = 1;
    x->created_ms = clock_wall_ms();
    x->updated_ms = x->created_ms;
    x->changed = true;
    index_set_settings(x, settings);
    x->vocabulary = vocabulary_new(settings);
    x->inventory = inventory_new();
    return x;
}

static void drop_segments(struct live_index *x)
{
    for (size_t i = 0; i < x->segments.count; i++) {
        shared_drop(SHARED(x->segments.items[i].segment));
        shared_drop(SHARED(x->segments.items[i].tombstones));
    }
    x->segments.count = 0;
    x->merge_number++;
}

void index_free(struct live_index *x)
{
    if (!x) {
        return;
    }
    struct index_snapshot *box = index_current(x);
    if (box) {
        snapshot_release(box);
    }
    drop_segments(x);
    vec_release(&x->segments);
    shared_drop(SHARED(x->vocabulary));
    shared_drop(SHARED(x->settings));
    shared_drop(SHARED(x->next_settings));
    inventory_free(x->inventory);
    free(x->settings_file);
    free(x->checkpoint_file);
    free(x->name);
    free(x);
}

void index_set_name(struct live_index *x, struct str name)
{
    char *copy = name_copy(name);
    free(x->name);
    x->name = copy;
    x->changed = true;
}

void index_set_settings(struct live_index *x, struct live_settings *settings)
{
    shared_keep(SHARED(settings));
    shared_drop(SHARED(x->settings));
    x->settings = settings;
    free(x->settings_file);
    x->settings_file = NULL;
    x->changed = true;
}

void index_set_next(struct live_index *x, struct live_settings *settings, uint64_t task)
{
    shared_keep(SHARED(settings));
    shared_drop(SHARED(x->next_settings));
    x->next_settings = settings;
    x->next_task = task;
    x->changed = true;
}

void index_set_vocabulary(struct live_index *x, struct vocabulary *v)
{
    shared_keep(SHARED(v));
    shared_drop(SHARED(x->vocabulary));
    x->vocabulary = v;
}

void index_add_segment(struct live_index *x, struct live_segment *s, struct tombstones *tombstones)
{
    struct index_segment added = {.segment = s, .tombstones = tombstones};
    if (tombstones) {
        doc_id first;
        doc_id end;
        uint32_t docs = shard_doc_count(s->shard);
        struct segment view = {.shard = s->shard, .tombstones = tombstones->bits};
        struct snapshot one = {.segments = &view, .segment_count = 1};
        for (doc_id doc = 0; doc < docs; doc = end) {
            index_group_range(&one, 0, doc, &first, &end);
            uint32_t deleted = 0;
            for (doc_id d = first; d < end; d++) {
                deleted += segment_deleted(&view, d);
            }
            added.deleted_docs += deleted;
            added.deleted_groups += deleted == end - first;
        }
    }
    vec_push(&x->segments, added);
}

void index_remove_segment(struct live_index *x, size_t at)
{
    shared_drop(SHARED(x->segments.items[at].segment));
    shared_drop(SHARED(x->segments.items[at].tombstones));
    x->segments.count--;
    memmove(&x->segments.items[at], &x->segments.items[at + 1], (x->segments.count - at) * sizeof(*x->segments.items));
}

uint32_t index_delta_count(const struct live_index *x)
{
    uint32_t count = 0;
    for (size_t i = 0; i < x->segments.count; i++) {
        count += x->segments.items[i].segment->is_delta;
    }
    return count;
}

void index_clear(struct live_index *x)
{
    drop_segments(x);
    struct vocabulary *v = vocabulary_new(x->settings);
    index_set_vocabulary(x, v);
    shared_drop(SHARED(v));
    x->damaged_count = 0;
    x->shard_count = 0; /* a start must not open the base again */
    x->changed = true;
}

/* ---- objects and products ---- */

void index_group_range(const struct snapshot *s, uint32_t segment, doc_id doc, doc_id *first, doc_id *end)
{
    const struct shard *shard = s->segments[segment].shard;
    const uint32_t *groups = shard_groups(shard);
    *first = doc;
    *end = doc + 1;
    if (groups) {
        uint32_t count = shard_doc_count(shard);
        while (*first > 0 && groups[*first - 1] == groups[doc]) {
            --*first;
        }
        while (*end < count && groups[*end] == groups[doc]) {
            ++*end;
        }
    }
}

bool index_find_group(const struct snapshot *s, struct str group, uint32_t *segment, doc_id *first)
{
    for (uint32_t i = s->segment_count; i-- > 0;) {
        doc_id begin;
        doc_id end;
        doc_id doc = shard_find_group(s->segments[i].shard, group);
        if (doc == DOC_NONE) {
            continue;
        }
        index_group_range(s, i, doc, &begin, &end);
        for (doc_id d = begin; d < end; d++) {
            if (!segment_deleted(&s->segments[i], d)) {
                *segment = i;
                *first = begin;
                return true;
            }
        }
    }
    return false;
}

static bool is_deleted(const struct index_segment *g, doc_id doc)
{
    return g->tombstones && (g->tombstones->bits[doc >> 6] >> (doc & 63) & 1);
}

bool index_delete(struct live_index *x, uint32_t segment, doc_id doc, bool *copied)
{
    struct index_segment *g = &x->segments.items[segment];
    if (is_deleted(g, doc)) {
        return false;
    }
    if (!copied[segment]) {
        struct tombstones *copy = tombstones_copy(g->tombstones, shard_doc_count(g->segment->shard));
        shared_drop(SHARED(g->tombstones));
        g->tombstones = copy;
        copied[segment] = true;
    }
    g->tombstones->bits[doc >> 6] |= UINT64_C(1) << (doc & 63);
    g->deleted_docs++;
    doc_id first;
    doc_id end;
    struct segment view = {.shard = g->segment->shard};
    struct snapshot one = {.segments = &view, .segment_count = 1};
    index_group_range(&one, 0, doc, &first, &end);
    while (first < end && is_deleted(g, first)) {
        first++;
    }
    g->deleted_groups += first == end;
    segment_touch(g->segment, doc);
    x->changed = true;
    return true;
}

/* In stock = available and (the quantity is not known or above 0). */
static void set_stock_bit(struct live_segment *s, doc_id doc, int64_t quantity)
{
    _Atomic uint64_t *in_stock = shard_in_stock_bits(s->shard);
    const _Atomic uint64_t *available = shard_available_bits(s->shard);
    if (!in_stock) {
        return;
    }
    uint64_t bit = UINT64_C(1) << (doc & 63);
    bool stated = !available || (atomic_load_explicit(&available[doc >> 6], memory_order_relaxed) & bit);
    /* There is one writer, so a load and a store do; a locked operation would wait for the cell's store before it. */
    uint64_t old = atomic_load_explicit(&in_stock[doc >> 6], memory_order_relaxed);
    uint64_t now = stated && (quantity == NUMBER_MISSING || quantity > 0) ? old | bit : old & ~bit;
    if (now == old) {
        return;
    }
    atomic_store_explicit(&in_stock[doc >> 6], now, memory_order_relaxed);
    shard_stock_stored(s->shard);
    segment_dirty(s, ATTR_NONE, doc >> 6, (shard_doc_count(s->shard) + 63) / 64);
}

/* ---- cells ---- */

void cell_writer_init(struct cell_writer *w, struct live_index *x)
{
    struct str quantity = x->settings->settings->role_attribute[ROLE_QUANTITY];
    memset(w, 0, sizeof(*w));
    w->index = x;
    w->quantity = quantity.size > 0 ? dictionary_attr_find(x->vocabulary->dictionary, quantity) : ATTR_NONE;
}

/* The first store into a column goes the long way: it checks the blocks and notes that they were changed. */
static struct cell_column *column_of(struct cell_writer *w, uint32_t segment, doc_id doc, attr_id attr, int64_t value)
{
    struct cell_column *c = &w->columns[(segment * 7 + attr) % CELL_WRITER_COLUMNS];
    struct live_segment *s = w->index->segments.items[segment].segment;
    struct error err;
    if (c->segment == s && c->attr == attr) {
        return c;
    }
    const struct number_column *column = shard_number_column(s->shard, attr);
    if (shard_number_store(s->shard, attr, doc, value, &err) != STATUS_OK) {
        log_error("a number can't be changed: %s", err.message); /* its block was whole when this was decided */
        return NULL;
    }
    *c = (struct cell_column){s, column, segment_dirty_blocks(s, attr, column->count), attr, attr == w->quantity};
    return c;
}

void cell_writer_prefetch(const struct cell_writer *w, uint32_t segment, doc_id doc, attr_id attr)
{
    const struct cell_column *c = &w->columns[(segment * 7 + attr) % CELL_WRITER_COLUMNS];
    if (c->segment == w->index->segments.items[segment].segment && c->attr == attr &&
        c->column->kind == NUMBER_COLUMN_DENSE) {
        __builtin_prefetch((const void *)&c->column->cells[doc], 1);
    }
}

/* A cell of doubles is above 0 when its bits are, so the sign of the cell decides in both kinds of columns. */
void cell_writer_store(struct cell_writer *w, uint32_t segment, doc_id doc, attr_id attr, int64_t value)
{
    struct cell_column *c = column_of(w, segment, doc, attr, value);
    if (!c) {
        return;
    }
    uint32_t index = number_index(c->column, doc), block = index / DIRTY_BLOCK;
    assert(index != NUMBER_NO_CELL);
    number_store(c->column, index, value);
    c->dirty[block / 64] |= UINT64_C(1) << block % 64;
    if (c->quantity) {
        set_stock_bit(c->segment, doc, value);
    }
    segment_touch(c->segment, doc);
    w->index->changed = true;
}

void index_store_cell(struct live_index *x, uint32_t segment, doc_id doc, attr_id attr, int64_t value)
{
    struct cell_writer w;
    cell_writer_init(&w, x);
    cell_writer_store(&w, segment, doc, attr, value);
}
