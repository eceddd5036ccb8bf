/* live_apply: changes as of some moment, through the sequencer, one batch a group. */
#include "server/live/apply.h"

#include <inttypes.h>
#include <string.h>

#include "server/live/adopt.h"
#include "server/live/decide.h"
#include "server/live/live_internal.h"

struct apply {
    struct live_batch *batch;
    int64_t as_of_ms;
    uint64_t uid;
    enum status status;
    struct error error;
};

static struct live_index *target_of(struct live *l, struct apply *a)
{
    bool replica;
    struct str name = a->batch->ops[0].index;
    struct live_index *x = live_index_find(l, name, &replica);
    if (!x || replica) {
        a->status = error_set(&a->error, STATUS_NOT_FOUND, "index '" STR_FMT "' does not exist%s", STR_ARG(name),
                              replica ? ": it is a replica" : "");
    } else if (x->damaged_count > 0) {
        a->status = error_set(&a->error, STATUS_IO,
                              "index '%s' has damaged files and takes no writes until it is rebuilt", x->name);
    }
    return a->status == STATUS_OK ? x : NULL;
}

static void find_uid(struct live *l, void *context)
{
    struct apply *a = context;
    const struct live_index *x = target_of(l, a);
    a->uid = x ? x->uid : 0;
}

/* Where timestamps order an attribute they decide, not when its sets came: then it does not matter which of the feed
 * and a set comes first. Increments have none. */
static bool attribute_is_later(const struct later *t, struct changes *c, struct str id, struct str name)
{
    const struct mutable_setting *mutable = settings_mutable(c->index->settings->settings, name);
    unsigned later = later_attribute(t, id, name);
    if (!mutable || mutable->by_version) {
        return later != 0;
    }
    return (later & LATER_UNKEYED) || changes_key_of(c, id, name) > (uint64_t)t->as_of_ms + 1;
}

/* Feeds derive in_stock from the quantity and effective_price from the prices: they go with these. */
static bool source_is_later(const struct later *t, struct changes *c, struct str id, struct str name)
{
    static const struct {
        struct str name;
        enum role from;
    } DERIVED[] = {{{"in_stock", 8}, ROLE_QUANTITY},
                   {{"effective_price", 15}, ROLE_PRICE},
                   {{"effective_price", 15}, ROLE_SALE_PRICE}};
    bool later = false;
    for (size_t i = 0; i < sizeof(DERIVED) / sizeof(DERIVED[0]) && !later; i++) {
        struct str source = c->index->settings->settings->role_attribute[DERIVED[i].from];
        later = source.size > 0 && str_equal(name, DERIVED[i].name) && attribute_is_later(t, c, id, source);
    }
    return later;
}

/* The history tells what was not taken. */
static void note_dropped(struct live *l, const struct apply *a, const struct live_op *op, const struct json *dropped)
{
    struct buf text = BUF_EMPTY;
    if (op->kept == 0) {
        return;
    }
    json_write(&text, dropped);
    struct record r = {.uid = l->later->uid,
                       .id = op->object_id,
                       .as_of_ms = a->as_of_ms,
                       .reason = op->kind == LIVE_DELETE ? STR("the feed deletes it, but it was made later")
                                                         : STR("set later than the feed's time"),
                       .text = buf_str(&text)};
    record_dropped(&l->writer, &r);
    buf_release(&text);
}

/* Leaves out what is known better already, into *dropped. False: nothing is left of the operation. */
static bool leave_out(const struct later *t, struct changes *c, struct live_op *op, struct arena *arena,
                      struct json *dropped)
{
    enum later_object object = later_object(t, op->object_id);
    if (op->kind == LIVE_DELETE) {
        op->kept = object == LATER_WHOLE || object == LATER_MADE;
        return op->kept == 0 && object != LATER_DELETED;
    }
    struct json body = {.type = JSON_OBJECT};
    for (uint32_t i = 0; i < op->body.count; i++) {
        const struct json_member *m = &op->body.members[i];
        if (str_equal(m->name, STR("objectID"))) {
            continue;
        }
        if (object == LATER_WHOLE || object == LATER_DELETED || attribute_is_later(t, c, op->object_id, m->name) ||
            source_is_later(t, c, op->object_id, m->name)) {
            op->kept++;
            (void)!json_object_set(dropped, m->name, m->value, arena);
        } else {
            (void)!json_object_set(&body, m->name, m->value, arena);
        }
    }
    op->body = body;
    return body.count > 0;
}

/* On the sequencer, between two groups: everything accepted is in the log. */
static void run(struct live *l, void *context)
{
    struct apply *a = context;
    struct live_index *x = target_of(l, a);
    if (x && x->uid != l->later->uid) {
        a->status = error_set(&a->error, STATUS_CONFLICT, "the index was replaced meanwhile");
    }
    if (a->status != STATUS_OK ||
        (a->status = later_read(l->later, l->log_backend, l->log, l->seq, &a->error)) != STATUS_OK) {
        return;
    }
    writer_start(l);
    for (size_t i = 0; i < a->batch->op_count; i++) {
        struct live_op *op = &a->batch->ops[i];
        op->status = STATUS_OK;
        op->message[0] = '\0';
        op->created = op->found = false;
        op->kept = 0;
        op->as_of_ms = a->as_of_ms;
        struct json dropped = {.type = JSON_OBJECT};
        struct changes *c = group_changes(l, x);
        bool left = leave_out(l->later, c, op, &a->batch->arena, &dropped);
        writer_source(l, a->batch->source);
        note_dropped(l, a, op, &dropped);
        if (left) {
            decide_object(c, &l->writer, a->batch, op);
        }
    }
    a->status = group_commit(l, &a->error);
    a->batch->seq = l->seq;
    for (size_t i = 0; i < a->batch->op_count && a->status != STATUS_OK; i++) {
        op_fail(&a->batch->ops[i], a->status, "%s", a->error.message);
    }
}

/* Remembers for one feed at a time; another one begins anew. */
static enum status prepare(struct live *l, const struct apply *a, struct error *err)
{
    struct log_stats stats;
    enum status status = STATUS_OK;
    l->log_backend->stats(l->log, &stats);
    if (!l->later || l->later->uid != a->uid || l->later->as_of_ms != a->as_of_ms) {
        uint64_t from;
        apply_forget(l);
        status = log_starts(l, a->uid, a->as_of_ms, &from, err);
        if (status != STATUS_OK) {
            return status;
        }
        l->later = xcalloc(1, sizeof(*l->later));
        later_init(l->later, a->uid, a->as_of_ms, from - 1);
    }
    status = later_read(l->later, l->log_backend, l->log, stats.durable_seq, err);
    if (status != STATUS_OK) {
        apply_forget(l);
    }
    return status;
}

void apply_forget(struct live *l)
{
    if (l->later) {
        later_release(l->later);
        free(l->later);
        l->later = NULL;
    }
}

enum status live_apply(struct live *l, struct live_batch *batch, int64_t as_of_ms, struct error *err)
{
    struct apply a = {.batch = batch, .as_of_ms = as_of_ms};
    if (l->options.read_only) {
        return error_set(err, STATUS_BUSY, "the data directory was opened for reading");
    }
    pthread_mutex_lock(&l->apply_lock);
    if (batch->op_count > 0) {
        live_control(l, find_uid, &a);
        if (a.status == STATUS_OK) {
            a.status = prepare(l, &a, &a.error);
        }
        if (a.status == STATUS_OK) {
            live_control(l, run, &a);
        }
    } else {
        apply_forget(l);
    }
    pthread_mutex_unlock(&l->apply_lock);
    batch->status = a.status;
    batch->error = a.error;
    if (a.status != STATUS_OK && err) {
        *err = a.error;
    }
    return a.status;
}
