#include "server/live/decide.h"

#include <stdarg.h>
#include <stdio.h>

#include "indexer/base/clock.h"
#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/build/shard_build.h"
#include "server/live/changes_cells.h"
#include "server/live/lane.h"
#include "server/live/operations.h"

void op_fail(struct live_op *op, enum status status, const char *format, ...)
{
    va_list arguments;
    op->status = status;
    va_start(arguments, format);
    vsnprintf(op->message, sizeof(op->message), format, arguments);
    va_end(arguments);
    op->message[str_utf8_cut(str_from(op->message), sizeof(op->message) - 1)] = '\0';
}

static struct str new_id(struct arena *arena)
{
    uint64_t bits[2];
    random_bytes(bits, sizeof(bits));
    return arena_printf(arena, "%016llx%08llx", (unsigned long long)bits[0],
                        (unsigned long long)(bits[1] & UINT32_MAX));
}

static bool check_id(struct live_op *op, struct str id)
{
    if (id.size == 0 || id.size > LIMIT_OBJECT_ID_BYTES) {
        op_fail(op, STATUS_INPUT, "objectID must have 1 to %d bytes", LIMIT_OBJECT_ID_BYTES);
        return false;
    }
    if (!str_utf8_valid(id, NULL)) {
        op_fail(op, STATUS_INPUT, "objectID must be UTF-8");
        return false;
    }
    return true;
}

/* The objectID of a body, as the operation, the body itself or chance gives it. */
static bool find_id(struct live_batch *batch, struct live_op *op, struct str *id)
{
    const struct json *member = json_get(&op->body, "objectID");
    if (op->body.type != JSON_OBJECT) {
        op_fail(op, STATUS_INPUT, "the body must be a JSON object");
        return false;
    }
    if (op->object_id.size > 0) {
        *id = op->object_id;
    } else if (member) {
        if (!object_id(&op->body, id)) {
            op_fail(op, STATUS_INPUT, "objectID must be a string or a number");
            return false;
        }
    } else if (op->kind == LIVE_PUT) {
        *id = new_id(&batch->arena);
    } else {
        op_fail(op, STATUS_INPUT, "objectID is missing");
        return false;
    }
    *id = arena_copy(&batch->arena, *id);
    if (!id->data || !check_id(op, *id)) {
        return false;
    }
    op->object_id_out = *id;
    return true;
}

static void decide_put(struct changes *c, struct log_writer *w, struct live_batch *batch, struct live_op *op)
{
    struct str id;
    int64_t now_ms = clock_wall_ms();
    if (!find_id(batch, op, &id)) {
        return;
    }
    struct change *x = changes_of(c, id);
    bool exists = change_exists(x);
    if (exists && op->must_be_new) {
        op_fail(op, STATUS_CONFLICT, "object '" STR_FMT "' is there already", STR_ARG(id));
        return;
    }
    if (!json_object_set(&op->body, STR("objectID"), json_of_str(id), &batch->arena)) {
        op_fail(op, STATUS_LIMIT, "out of memory for an object");
        return;
    }
    record_put(w, c->index->uid, exists ? 0 : RECORD_CREATED, &op->body);
    if (w->bytes.size - w->record_at > LIMIT_OBJECT_BYTES) {
        log_writer_cancel(w);
        op_fail(op, STATUS_LIMIT, "object '" STR_FMT "' is larger than %u bytes", STR_ARG(id), LIMIT_OBJECT_BYTES);
        return;
    }
    op->created = !exists;
    changes_lift_keys(c, id, &op->body, now_ms);
    lane_note_sale(c, id, &op->body, now_ms);
    changes_put(c, x, &op->body);
    lane_release(c, w, id, now_ms, 0);
}

/* Fills r->members with what the body's members come to. False when the operation failed or is to be ignored. */
static bool decide_members(struct changes *c, struct live_batch *batch, struct live_op *op, struct record *r)
{
    struct error err = {0};
    struct member_change *members = ARENA_ARRAY(&batch->arena, struct member_change, op->body.count + 2);
    if (!members) {
        op_fail(op, STATUS_LIMIT, "out of memory for an update");
        return false;
    }
    for (uint32_t i = 0; i < op->body.count; i++) {
        const struct json_member *given = &op->body.members[i];
        struct member_change *m = &members[r->member_count];
        const struct json *current = NULL;
        bool ignore = false;
        if (str_equal(given->name, STR("objectID"))) {
            continue;
        }
        m->name = given->name;
        enum status status = STATUS_OK;
        if (json_get(&given->value, "_operation") && change_exists(changes_of(c, r->id))) {
            status = changes_member(c, changes_of(c, r->id), given->name, &current, &err);
        }
        if (status == STATUS_OK) {
            status = operation_apply(current, &given->value, &c->arena, m, &ignore, &err);
        }
        if (status != STATUS_OK) {
            op_fail(op, status, "'" STR_FMT "': %s", STR_ARG(given->name), err.message);
            return false;
        }
        if (ignore) {
            return false;
        }
        if (changes_cell_named(c, m->name) && !changes_cell_fits(c, m)) {
            op_fail(op, STATUS_INPUT, "'" STR_FMT "': must be a number that a cell can hold, or null",
                    STR_ARG(m->name));
            return false;
        }
        r->member_count++;
    }
    r->members = members;
    return true;
}

/* Numbers that are set without a key get the one that they have, or the present time. False when there is none. */
static bool give_keys(struct changes *c, struct record *r)
{
    const struct settings *s = c->index->settings->settings;
    uint64_t now = (uint64_t)(r->as_of_ms ? r->as_of_ms : clock_wall_ms()) + 1;
    bool any = false;
    for (size_t i = 0; i < r->member_count; i++) {
        struct member_change *m = (struct member_change *)&r->members[i];
        const struct mutable_setting *mutable = settings_mutable(s, m->name);
        bool set = m->operation == MEMBER_SET || m->operation == MEMBER_INCREMENT_SET;
        if (mutable && set) {
            uint64_t have = changes_key_of(c, r->id, m->name);
            m->key = mutable->by_version || have > now ? have : now;
            any = any || m->key;
        }
    }
    return any;
}

static void decide_partial(struct changes *c, struct log_writer *w, struct live_batch *batch, struct live_op *op)
{
    struct error err = {0};
    struct record r = {.kind = RECORD_PARTIAL, .uid = c->index->uid, .as_of_ms = op->as_of_ms};
    if (!find_id(batch, op, &r.id)) {
        return;
    }
    if (!decide_flatten(c->index->settings->settings, batch, op)) {
        return;
    }
    bool exists = change_exists(changes_of(c, r.id));
    if (!exists && !op->create_missing) {
        op_fail(op, STATUS_NOT_FOUND, "object '" STR_FMT "' does not exist", STR_ARG(r.id));
        return;
    }
    r.flags = exists ? 0 : RECORD_CREATED;
    if (!decide_members(c, batch, op, &r) || (exists && r.member_count == 0)) {
        return;
    }
    if (exists) {
        (void)lane_add_price(c, &r, clock_wall_ms());
    }
    bool keyed = exists && give_keys(c, &r);
    r.kind = keyed ? RECORD_UPDATE : RECORD_PARTIAL;
    enum status status = changes_record(c, &r, &err);
    if (status != STATUS_OK) {
        op_fail(op, status, "%s", err.message);
        return;
    }
    op->created = !exists;
    if (keyed) {
        record_update(w, &r);
    } else {
        record_partial(w, &r);
    }
    if (!exists) {
        lane_release(c, w, r.id, clock_wall_ms(), 0);
    }
}

static void decide_delete(struct changes *c, struct log_writer *w, struct live_batch *batch, struct live_op *op)
{
    struct str id = op->object_id;
    if (id.size == 0 && !object_id(&op->body, &id)) {
        op_fail(op, STATUS_INPUT, "objectID is missing");
        return;
    }
    op->object_id_out = arena_copy(&batch->arena, id);
    if (!check_id(op, id)) {
        return;
    }
    /* Logged even when it is not there: a feed from before now that has the object must not bring it back. */
    struct change *x = changes_of(c, id);
    op->found = change_exists(x);
    changes_delete(c, x);
    struct record r = {.uid = c->index->uid, .id = x->id, .as_of_ms = op->as_of_ms};
    record_delete(w, &r);
}

void decide_object(struct changes *c, struct log_writer *w, struct live_batch *batch, struct live_op *op)
{
    op->status = STATUS_OK;
    switch (op->kind) {
    case LIVE_PUT:
        decide_put(c, w, batch, op);
        break;
    case LIVE_PARTIAL:
        decide_partial(c, w, batch, op);
        break;
    default:
        decide_delete(c, w, batch, op);
    }
}
