/* The lane's part of the sequencer: its batches are decided before others, in groups that share a sync. */
#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "server/live/changes_cells.h"
#include "server/live/lane.h"
#include "server/live/live_internal.h"

enum {
    HELD_CHECK_MS = 60000,
    /* While the lane is never empty, other writes get a part of the time that its last round took. */
    PAUSE_PART = 4,
    PAUSE_MAX_NS = 10000000
};

static struct live_updates *take_waiting(struct live *l)
{
    pthread_mutex_lock(&l->queue_lock);
    struct live_updates *first = l->lane_first;
    l->lane_first = NULL;
    l->lane_end = &l->lane_first;
    l->lane_items = 0;
    atomic_store_explicit(&l->lane_waits, false, memory_order_relaxed);
    pthread_mutex_unlock(&l->queue_lock);
    return first;
}

/* Nothing of the batch can be done: its status and error say why. */
static void fail(struct live_updates *batch)
{
    batch->status = batch->error.code;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].result == UPDATE_APPLIED) {
            batch->items[i].result = UPDATE_REFUSED;
            batch->items[i].reason = UPDATE_NOT_WRITTEN;
        }
    }
}

static struct live_index *index_for(struct live *l, struct live_updates *batch)
{
    bool replica;
    enum status status = STATUS_OK;
    struct live_index *x = live_index_find(l, batch->index, &replica);
    if (!x) {
        status =
            error_set(&batch->error, STATUS_NOT_FOUND, "index '" STR_FMT "' does not exist", STR_ARG(batch->index));
    } else if (replica) {
        status = error_set(&batch->error, STATUS_INPUT, "index '" STR_FMT "' is a replica; write to '%s'",
                           STR_ARG(batch->index), x->name);
    } else if (x->damaged_count > 0) {
        status = error_set(&batch->error, STATUS_IO,
                           "index '%s' has damaged files and takes no writes until it is rebuilt", x->name);
    }
    if (status != STATUS_OK) {
        fail(batch);
    }
    return status == STATUS_OK ? x : NULL;
}

static void open_add(struct live *l, struct live_updates *batch, size_t from, size_t to)
{
    struct open_updates *last = l->open_updates.count ? &l->open_updates.items[l->open_updates.count - 1] : NULL;
    if (last && last->batch == batch) {
        last->to = to;
        return;
    }
    struct open_updates added = {batch, from, to};
    vec_push(&l->open_updates, added);
}

static void run_batch(struct live *l, struct live_updates *batch)
{
    struct live_index *x = index_for(l, batch);
    struct lane_place places[LANE_BLOCK];
    for (size_t from = 0; x && from < batch->count;) {
        struct changes *c = group_changes(l, x);
        size_t to = batch->count - from < LANE_BLOCK ? batch->count : from + LANE_BLOCK;
        struct lane_decision d = {.changes = c, .writer = &l->writer, .now_ms = clock_wall_ms()};
        if (batch->has_stream) {
            d.stream = streams_open(&x->inventory->streams, batch->stream, d.now_ms);
        }
        writer_source(l, batch->source);
        lane_locate(c, &batch->items[from], to - from, places);
        for (size_t i = from; i < to; i++) {
            d.item = batch->first_item + i;
            lane_decide(&d, &batch->items[i], &places[i - from]);
        }
        open_add(l, batch, from, to);
        from = to;
        if (group_full(l)) {
            group_finish(l);
        }
    }
    vec_push(&l->finished_updates, batch);
}

/* Held updates that waited too long are forgotten; no record says so, since their age does. */
static void expire_held(struct live *l)
{
    int64_t now = clock_wall_ms();
    if (now - l->held_checked_ms < HELD_CHECK_MS && now >= l->held_checked_ms) {
        return;
    }
    l->held_checked_ms = now;
    for (size_t i = 0; i < l->indexes.count; i++) {
        struct live_index *x = l->indexes.items[i];
        int64_t keep_ms = x->settings->settings->hold_minutes * 60000;
        uint64_t expired = x->inventory->held.count ? held_expire(&x->inventory->held, now - keep_ms) : 0;
        x->changed = x->changed || expired > 0;
    }
}

void updates_run(struct live *l)
{
    uint64_t begin = clock_monotonic_ns();
    struct live_updates *first = take_waiting(l);
    expire_held(l);
    if (first) {
        group_finish(l);      /* what is open of other writes */
        updates_run_sales(l); /* after the taking: an update finds the prices of the time when it came */
    }
    while (first) {
        struct live_updates *next = first->next;
        run_batch(l, first);
        first = next;
    }
    if (l->finished_updates.count > 0) {
        group_finish(l);
        uint64_t now = clock_monotonic_ns();
        l->lane_pause_ns = (now - begin) / PAUSE_PART < PAUSE_MAX_NS ? (now - begin) / PAUSE_PART : PAUSE_MAX_NS;
        l->lane_end_ns = now;
    }
}

bool updates_due(const struct live *l)
{
    return atomic_load_explicit(&l->lane_waits, memory_order_relaxed) &&
           clock_monotonic_ns() - l->lane_end_ns >= l->lane_pause_ns;
}

static void add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static void count_batch(struct live *l, const struct live_updates *batch)
{
    uint64_t results[UPDATE_REFUSED + 1] = {0};
    uint64_t taken = clock_monotonic_ns() - batch->submitted_ns;
    for (size_t i = 0; i < batch->count; i++) {
        results[batch->items[i].result]++;
    }
    for (int i = 0; i <= UPDATE_REFUSED; i++) {
        add(&l->stat_updates[i], results[i]);
    }
    add(&l->stat_update_batches, 1);
    add(&l->stat_update_ns, taken);
    if (taken > atomic_load_explicit(&l->stat_update_ns_max, memory_order_relaxed)) {
        atomic_store_explicit(&l->stat_update_ns_max, taken, memory_order_relaxed);
    }
}

void updates_count(struct live *l)
{
    uint64_t held = 0;
    uint64_t bytes = 0;
    uint64_t keys = 0;
    for (size_t i = 0; i < l->indexes.count; i++) {
        const struct inventory *v = l->indexes.items[i]->inventory;
        held += v->held.count;
        bytes += v->held.bytes;
        keys += v->keys.count;
    }
    atomic_store_explicit(&l->stat_held, held, memory_order_relaxed);
    atomic_store_explicit(&l->stat_held_bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&l->stat_keys, keys, memory_order_relaxed);
}

void updates_finish(struct live *l, enum status status, const struct error *error)
{
    for (size_t i = 0; i < l->open_updates.count; i++) {
        struct open_updates *o = &l->open_updates.items[i];
        o->batch->seq = l->seq;
        if (status == STATUS_OK) {
            continue;
        }
        o->batch->status = status;
        o->batch->error = *error;
        for (size_t k = o->from; k < o->to; k++) {
            struct live_update *u = &o->batch->items[k];
            if (u->result == UPDATE_APPLIED || u->result == UPDATE_HELD) {
                u->result = UPDATE_REFUSED;
                u->reason = UPDATE_NOT_WRITTEN;
            }
        }
    }
    l->open_updates.count = 0;
    for (size_t i = 0; i < l->finished_updates.count; i++) {
        struct live_updates *batch = l->finished_updates.items[i];
        count_batch(l, batch);
        batch->done(batch); /* it may be gone now */
    }
    if (l->finished_updates.count > 0) {
        updates_count(l);
    }
    l->finished_updates.count = 0;
}

int64_t updates_next_sale(const struct live *l)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < l->indexes.count; i++) {
        int64_t ms = sales_next_ms(&l->indexes.items[i]->inventory->sales);
        next = ms < next ? ms : next;
    }
    return next;
}

void updates_run_sales(struct live *l)
{
    int64_t now = clock_wall_ms();
    if (updates_next_sale(l) > now) {
        return;
    }
    for (size_t i = 0; i < l->indexes.count; i++) {
        struct sales *sales = &l->indexes.items[i]->inventory->sales;
        while (l->indexes.items[i]->damaged_count == 0 && sales_next_ms(sales) <= now) {
            struct str id = sales_pop(sales);
            lane_sale_due(group_changes(l, l->indexes.items[i]), &l->writer, id, now);
            free((void *)id.data);
            if (group_full(l)) {
                group_finish(l);
            }
        }
    }
    group_finish(l);
}

void updates_scan_sales(struct live *l, struct live_index *x)
{
    (void)l;
    lane_scan_sales(x, clock_wall_ms());
}

void updates_release_held(struct live *l, struct live_index *x)
{
    struct held *held = &x->inventory->held;
    struct error err;
    size_t at = 0;
    struct str id;
    uint64_t value;
    writer_start(l);
    writer_source(l, STR(""));
    struct changes *c = held->count ? group_changes(l, x) : NULL;
    while (held->count && map_next(&held->by_id, &at, &id, &value)) {
        uint32_t segment;
        doc_id doc;
        if (snapshot_find(c->base, id, &segment, &doc)) {
            lane_release(c, &l->writer, id, clock_wall_ms(), x->as_of_ms);
        }
    }
    if (group_commit(l, &err) != STATUS_OK) {
        log_error("updates that waited for products of '%s' could not be applied: %s", x->name, err.message);
    }
    writer_start(l);
}

struct key_question {
    struct str index, object_id, attribute;
    uint64_t key; /* plus 1; 0: none */
};

static void answer_key(struct live *l, void *context)
{
    struct key_question *q = context;
    bool replica;
    struct live_index *x = live_index_find(l, q->index, &replica);
    uint64_t tag =
        order_tag(hash64(q->object_id.data, q->object_id.size), hash64(q->attribute.data, q->attribute.size));
    q->key = x ? order_get(&x->inventory->keys, tag) : 0;
    struct dimension_cell cell;
    if (x && changes_cell_now(x, q->object_id, q->attribute, &cell) && cell.key > q->key) {
        q->key = cell.key;
    }
}

bool live_order_key(struct live *l, struct str index, struct str object_id, struct str attribute, uint64_t *key)
{
    struct key_question q = {index, object_id, attribute, 0};
    live_control(l, answer_key, &q);
    *key = q.key ? q.key - 1 : 0;
    return q.key != 0;
}
