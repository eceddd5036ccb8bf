#include <stdatomic.h>
#include <stdlib.h>

#include "indexer/build/feed_internal.h"
#include "indexer/build/stage.h"

enum { BATCH_BYTES = 256 << 10 };

/* An item, or a reject. */
struct relayed {
    bool rejected;
    struct feed_item item;
    struct feed_reject reject;
};

struct relay_batch {
    struct arena arena; /* the copies */
    VEC(struct relayed) entries;
};

struct feed_relay {
    const struct feed_handler *handler;
    struct stage *stage;
    struct relay_batch batches[STAGE_BATCHES];
    atomic_bool failed;
    /* the thread's */
    struct buf scratch;
    enum status status;
    struct error error;
};

static void take_batch(void *context, void *batch)
{
    struct feed_relay *y = context;
    struct relay_batch *b = batch;
    for (size_t i = 0; i < b->entries.count && y->status == STATUS_OK; i++) {
        struct relayed *e = &b->entries.items[i];
        if (!e->rejected) {
            e->item.arena = &b->arena;
            y->status = feed_handle(y->handler, &e->item, &y->scratch, &y->error);
        } else if (y->handler->on_reject) {
            y->handler->on_reject(y->handler->context, &e->reject);
        }
    }
    b->entries.count = 0;
    arena_reset(&b->arena);
    if (y->status != STATUS_OK) {
        atomic_store(&y->failed, true);
    }
}

struct feed_relay *feed_relay_new(const struct feed_handler *handler)
{
    struct feed_relay *y = xcalloc(1, sizeof(*y));
    void *batches[STAGE_BATCHES];
    y->handler = handler;
    for (int i = 0; i < STAGE_BATCHES; i++) {
        arena_init(&y->batches[i].arena, 0);
        batches[i] = &y->batches[i];
    }
    y->stage = stage_new("products", batches, take_batch, y);
    return y;
}

static void send_when_full(struct feed_relay *y, const struct relay_batch *b)
{
    if (b->arena.used_bytes >= BATCH_BYTES) {
        stage_send(y->stage);
    }
}

enum status feed_relay_item(struct feed_relay *y, const struct feed_item *item, struct error *err)
{
    if (atomic_load(&y->failed)) {
        stage_free(y->stage);
        y->stage = NULL;
        if (err) {
            *err = y->error;
        }
        return y->status;
    }
    struct relay_batch *b = stage_batch(y->stage);
    struct relayed e = {.item = *item};
    e.item.object = json_clone(&item->object, &b->arena);
    vec_push(&b->entries, e);
    send_when_full(y, b);
    return STATUS_OK;
}

void feed_relay_reject(struct feed_relay *y, const struct feed_reject *reject)
{
    if (!y->stage) {
        return;
    }
    struct relay_batch *b = stage_batch(y->stage);
    struct relayed e = {.rejected = true, .reject = *reject};
    e.reject.id = arena_copy(&b->arena, reject->id);
    e.reject.field = arena_copy(&b->arena, reject->field);
    e.reject.excerpt = arena_copy(&b->arena, reject->excerpt);
    e.reject.reason = arena_copy(&b->arena, str_from(reject->reason)).data;
    vec_push(&b->entries, e);
    send_when_full(y, b);
}

enum status feed_relay_end(struct feed_relay *y, struct error *err)
{
    if (y->stage) {
        stage_send(y->stage);
        stage_free(y->stage);
    }
    enum status status = y->status;
    if (status != STATUS_OK && err) {
        *err = y->error;
    }
    for (int i = 0; i < STAGE_BATCHES; i++) {
        vec_release(&y->batches[i].entries);
        arena_release(&y->batches[i].arena);
    }
    buf_release(&y->scratch);
    free(y);
    return status;
}
