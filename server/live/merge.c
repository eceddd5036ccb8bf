#include "server/live/merge.h"

#include <stdlib.h>

#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "indexer/base/rcu.h"
#include "indexer/build/shard_build.h"
#include "server/live/changes_cells.h"

/* From MERGE_AT deltas on; the next is taken along when it has at most 3/2 of the documents of those taken. Of what was
 * tried in a simulation of a thousand equal batches this writes a document anew the least often, 6 to 8 times, without
 * letting many deltas stand: a larger factor takes the largest delta along too early, a smaller one too late. */
enum { MERGE_AT = 5, FACTOR_ABOVE = 3, FACTOR_BELOW = 2 };
/* Bytes that a merge has in memory for each byte of its sources' images: objects and postings in the making, the new
 * image, and its copy for the checkpoint. */
enum { MERGE_COST = 4 };

/* One merge from choice to installation. */
struct merge {
    uint64_t uid;

    struct index_segment *sources;
    struct segment *views;
    uint32_t count;
    uint64_t bytes; /* that it is expected to have in memory */
    struct live_settings *settings;
    struct vocabulary *vocabulary;
    uint64_t merge_number;
    uint64_t id;
    bool urgent;
    struct live_segment *built;
    bool installed;
};

static uint32_t live_docs(const struct index_segment *g)
{
    return shard_doc_count(g->segment->shard) - g->deleted_docs;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = live_docs(a);
    uint32_t y = live_docs(b);
    return x < y ? -1 : x > y;
}

/* What of the delta's image a merge works on. */
static uint64_t live_bytes(const struct index_segment *g)
{
    uint32_t docs = shard_doc_count(g->segment->shard);
    return docs ? shard_size_bytes(g->segment->shard) * live_docs(g) / docs : 0;
}

bool merge_is_full(const struct live *l, const struct index_segment *g)
{
    return g->segment->is_delta && 2 * MERGE_COST * live_bytes(g) > l->options.merge_bytes;
}

/* The deltas that can be merged: not those of a merge at the lowest priority, which would be lost, if there are others.
 */
static uint32_t collect(const struct live *l, const struct live_index *x, bool urgent, struct index_segment *out)
{
    uint32_t count = 0;
    for (int pass = 0; pass < 2 && count < 3; pass++) {
        count = 0;
        for (size_t i = 0; i < x->segments.count; i++) {
            const struct index_segment *g = &x->segments.items[i];
            bool busy = urgent && pass == 0 && g->segment->merging;
            if (g->segment->is_delta && !busy && !merge_is_full(l, g)) {
                out[count++] = *g;
            }
        }
    }
    return count;
}

/* The smallest deltas, as long as the next is not much larger than those taken together; all that are needed to stay
 * below the limit; and no more than there is memory for. */
static uint32_t choose(const struct live *l, const struct live_index *x, struct merge *m)
{
    uint32_t count = collect(l, x, m->urgent, m->sources);
    uint32_t all = index_delta_count(x);
    uint64_t total = 0;
    uint32_t taken = 0;
    m->bytes = 0;
    qsort(m->sources, count, sizeof(*m->sources), by_size);
    while (taken < count && MERGE_COST * (m->bytes + live_bytes(&m->sources[taken])) <= l->options.merge_bytes &&
           (taken < 2 || FACTOR_BELOW * (uint64_t)live_docs(&m->sources[taken]) <= FACTOR_ABOVE * total ||
            all - taken + 1 > LIMIT_DELTAS - 2)) {
        m->bytes += live_bytes(&m->sources[taken]);
        total += live_docs(&m->sources[taken]);
        taken++;
    }
    m->bytes *= MERGE_COST;
    return taken < 2 ? 0 : taken;
}

/* Urgent merges have odd numbers. */
static bool is_merged_urgently(const struct live_index *x)
{
    for (size_t i = 0; i < x->segments.count; i++) {
        if (x->segments.items[i].segment->merging & 1) {
            return true;
        }
    }
    return false;
}

static void start_merge(struct live *l, void *context)
{
    struct merge *m = context;
    l->merge_id += 2;
    m->id = l->merge_id + m->urgent;
    for (size_t i = 0; i < l->indexes.count && m->count == 0; i++) {
        struct live_index *x = l->indexes.items[i];
        if (index_delta_count(x) < (m->urgent ? LIMIT_DELTAS : MERGE_AT) || x->damaged_count > 0 ||
            is_merged_urgently(x)) {
            continue;
        }
        m->sources = xcalloc(x->segments.count + 1, sizeof(*m->sources));
        m->count = choose(l, x, m);
        if (m->count == 0) {
            free(m->sources);
            m->sources = NULL;
            continue;
        }
        m->uid = x->uid;
        m->merge_number = x->merge_number;
        m->settings = x->settings;
        m->vocabulary = x->vocabulary;
        shared_keep(SHARED(m->settings));
        shared_keep(SHARED(m->vocabulary));
        m->views = xcalloc(m->count, sizeof(*m->views));
        for (uint32_t k = 0; k < m->count; k++) {
            struct index_segment *g = &m->sources[k];
            shared_keep(SHARED(g->segment));
            shared_keep(SHARED(g->tombstones));
            /* Also if a merge at the lowest priority has begun with it: that one is lost. */
            segment_set_merging(g->segment, m->id);
            m->views[k] = (struct segment){
                .shard = g->segment->shard, .tombstones = g->tombstones ? g->tombstones->bits : NULL, .is_delta = true};
        }
    }
}

/* The keys of what was merged; the sources' documents may go on changing, then they are touched. */
static void carry_cells(const struct merge *m, const struct shard *built)
{
    for (uint32_t i = 0; i < m->count; i++) {
        const struct shard *from = m->views[i].shard;
        for (doc_id doc = 0; dimensions_limit(shard_dimensions(from)) > 0 && doc < shard_doc_count(from); doc++) {
            doc_id at = segment_deleted(&m->views[i], doc) ? DOC_NONE : shard_find(built, shard_object_id(from, doc));
            if (at != DOC_NONE) {
                enum rcu_hold hold = rcu_hold();
                changes_cells_copy(from, doc, built, at);
                rcu_let_go(hold);
            }
        }
    }
}

static enum status build(struct merge *m, struct error *err)
{
    struct snapshot s = {.settings = m->settings->settings,
                         .dictionary = m->vocabulary->dictionary,
                         .attr_count = dictionary_attr_count(m->vocabulary->dictionary),
                         .segments = m->views,
                         .segment_count = m->count,
                         .has_stock = true};
    struct shard_build_options options = {.settings = m->settings->settings,
                                          .analyzer = m->settings->analyzer,
                                          .dictionary = m->vocabulary->dictionary,
                                          .dictionary_lock = &m->vocabulary->lock,
                                          .objects = m->vocabulary->objects};
    struct shard_builder *b = shard_builder_new(&options);
    struct arena arena;
    struct buf image = BUF_EMPTY;
    struct buf copy = BUF_EMPTY;
    struct shard *shard;
    enum status status = STATUS_OK;
    arena_init(&arena, 0);
    for (uint32_t i = 0; i < m->count && status == STATUS_OK; i++) {
        for (doc_id doc = 0; doc < shard_doc_count(m->views[i].shard) && status == STATUS_OK; doc++) {
            struct json object;
            if (segment_deleted(&m->views[i], doc)) {
                continue;
            }
            status = snapshot_object_source(&s, i, doc, &arena, &object, err);
            if (status == STATUS_OK) {
                status = shard_builder_add(b, &object, err);
            }
            arena_reset(&arena);
        }
    }
    if (status == STATUS_OK && shard_builder_count(b) > 0 &&
        (status = shard_builder_finish(b, &image, err)) == STATUS_OK) {
        buf_append_str(&copy, buf_str(&image));
        if ((status = shard_open_memory(&shard, &image, err)) == STATUS_OK) {
            m->built = segment_new(shard, true, &copy, NULL);
            carry_cells(m, shard);
        }
    }
    buf_release(&copy);
    arena_release(&arena);
    shard_builder_free(b);
    return status;
}

/* ---- taking their place, on the sequencer ---- */

static size_t place_of(const struct live_index *x, const struct live_segment *s)
{
    for (size_t i = 0; i < x->segments.count; i++) {
        if (x->segments.items[i].segment == s) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Brings one attribute's cell of a document up to date. False when the new column can't hold the value. */
static bool copy_cell(struct live_index *x, const struct shard *from, doc_id old, struct doc_place to, attr_id attr)
{
    struct buf text = BUF_EMPTY;
    int64_t value = NUMBER_MISSING;
    const struct shard *shard = x->segments.items[to.segment].segment->shard;
    const struct number_column *source = shard_number_column(from, attr);
    const struct number_column *target = shard_number_column(shard, attr);
    int64_t cell = number_of_doc(source, old);
    bool place = number_index(target, to.doc) != NUMBER_NO_CELL;
    number_write(source, cell, &text);
    bool fits = cell == NUMBER_MISSING || (place && number_cell_of_text(target, buf_str(&text), &value));
    buf_release(&text);
    if (fits && place && number_of_doc(target, to.doc) != value) {
        index_store_cell(x, to.segment, to.doc, attr, value);
    }
    return fits;
}

static bool copy_cells(struct live_index *x, const struct shard *from, doc_id old, struct doc_place to)
{
    uint32_t count = shard_changed_count(from);
    bool fits = true;
    for (uint32_t i = 0; i < count && fits; i++) {
        fits = copy_cell(x, from, old, to, shard_changed_attribute(from, i));
    }
    changes_cells_copy(from, old, x->segments.items[to.segment].segment->shard, to.doc);
    return fits;
}

/* Brings a document up to date that was changed where the merge took it from. */
static bool copy_change(struct live_index *x, const struct index_segment *from, doc_id old, size_t to, bool *copied)
{
    const struct shard *shard = x->segments.items[to].segment->shard;
    doc_id doc = shard_find(shard, shard_object_id(from->segment->shard, old));
    if (doc == DOC_NONE) {
        return true; /* it was deleted before */
    }
    if (from->tombstones && (from->tombstones->bits[old >> 6] >> (old & 63) & 1)) {
        index_delete(x, (uint32_t)to, doc, copied);
        return true;
    }
    return copy_cells(x, from->segment->shard, old, (struct doc_place){(uint32_t)to, doc});
}

static bool catch_up(struct live_index *x, struct merge *m, size_t to)
{
    bool copied[1024] = {false};
    if (x->segments.count > sizeof(copied)) {
        return false;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        struct live_segment *s = m->sources[i].segment;
        const struct index_segment *from = &x->segments.items[place_of(x, s)];
        for (uint32_t word = 0; word < (shard_doc_count(s->shard) + 63) / 64; word++) {
            for (uint64_t bits = s->touched[word]; bits; bits &= bits - 1) {
                if (!copy_change(x, from, word * 64 + (doc_id)__builtin_ctzll(bits), to, copied)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static void install(struct live *l, void *context)
{
    struct merge *m = context;
    struct live_index *x = live_index_of_uid(l, m->uid);
    bool fits = x && x->merge_number == m->merge_number && x->vocabulary == m->vocabulary;
    for (uint32_t i = 0; i < m->count; i++) {
        fits = fits && place_of(x, m->sources[i].segment) != SIZE_MAX && m->sources[i].segment->merging == m->id;
    }
    if (fits && m->built) {
        shared_keep(SHARED(m->built));
        index_add_segment(x, m->built, NULL);
        if (!catch_up(x, m, x->segments.count - 1)) {
            index_remove_segment(x, x->segments.count - 1);
            fits = false;
        }
    }
    for (uint32_t i = 0; i < m->count; i++) {
        struct live_segment *s = m->sources[i].segment;
        if (s->merging == m->id) {
            segment_set_merging(s, 0);
        }
        if (fits) {
            index_remove_segment(x, place_of(x, s));
        }
    }
    if (fits) {
        x->changed = true;
        index_publish(x, l->seq, false);
        m->installed = true;
    }
}

static void release(struct merge *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        shared_drop(SHARED(m->sources[i].segment));
        shared_drop(SHARED(m->sources[i].tombstones));
    }
    shared_drop(SHARED(m->built));
    shared_drop(SHARED(m->settings));
    shared_drop(SHARED(m->vocabulary));
    free(m->sources);
    free(m->views);
}

void merge_deltas(struct live *l, bool urgent)
{
    bool again = true;
    while (again && !background_is_stopping(l)) {
        struct merge m = {.urgent = urgent};
        struct error err;
        live_control(l, start_merge, &m);
        again = m.count > 0;
        if (m.count > 0) {
            if (build(&m, &err) != STATUS_OK) {
                log_warn("deltas could not be merged: %s", err.message);
                m.merge_number = UINT64_MAX; /* only lets go of them */
            }
            live_control(l, install, &m);
            again = m.installed;
            atomic_fetch_add(&l->stat_merges, m.installed);
            if (m.bytes > atomic_load(&l->stat_merge_bytes_max)) { /* two threads: what one tells may be lost */
                atomic_store(&l->stat_merge_bytes_max, m.bytes);
            }
        }
        release(&m);
    }
}
