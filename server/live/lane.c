#include "server/live/lane.h"

#include <stddef.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "server/live/changes_cells.h"
#include "server/live/lane_internal.h"
#include "server/live/update_line.h"

bool lane_refuse(struct live_update *u, enum update_reason reason)
{
    u->result = UPDATE_REFUSED;
    u->reason = (uint8_t)reason;
    return false;
}

static bool name_cell(struct lane_work *k, struct lane_value *v, struct str name)
{
    v->dimension = lane_dimension_find(k->d->changes, name);
    if (v->dimension < 0) {
        return false;
    }
    v->attribute = LANE_CELL;
    v->by_version = k->d->changes->lane->dimensions.items[v->dimension].by_version;
    k->cells++;
    return true;
}

static bool check_attributes(struct lane_work *k)
{
    struct live_update *u = k->u;
    const struct lane *lane = k->d->changes->lane;
    for (uint8_t i = 0; i < u->value_count; i++) {
        struct lane_value *v = &k->values[i];
        *v = (struct lane_value){.attribute = lane_attribute_find(lane, u->values[i].name)};
        if (v->attribute < 0 && !name_cell(k, v, u->values[i].name)) {
            return lane_refuse(u, UPDATE_NOT_MUTABLE);
        }
        v->by_version = v->attribute < 0 ? v->by_version : lane->attributes[v->attribute].by_version;
        if (u->flags & (v->by_version ? UPDATE_TIMESTAMP : UPDATE_VERSION)) {
            return lane_refuse(u, UPDATE_WRONG_KEY);
        }
        v->tag = v->attribute < 0 ? 0 : order_tag(k->at->hash, lane->attributes[v->attribute].hash);
        for (int part = 0; lane->has_prices && part < SALE_PARTS; part++) {
            k->sale = k->sale || lane->sale[part] == v->attribute;
        }
    }
    return true;
}

static bool check_form(struct lane_work *k)
{
    struct live_update *u = k->u;
    bool keyed = (u->flags & (UPDATE_TIMESTAMP | UPDATE_VERSION)) != 0;
    if (u->object_id.size == 0 || u->object_id.size > LIMIT_OBJECT_ID_BYTES) {
        return lane_refuse(u, UPDATE_WRONG_ID);
    }
    if (keyed && u->kind != UPDATE_SET) {
        return lane_refuse(u, UPDATE_KEY_NOT_TAKEN);
    }
    if ((u->flags & UPDATE_TIMESTAMP) && (int64_t)u->key > k->d->now_ms + UPDATE_FUTURE_MS) {
        return lane_refuse(u, UPDATE_FUTURE);
    }
    if (keyed && u->key > INT64_MAX) {
        return lane_refuse(u, UPDATE_WRONG_KEY);
    }
    return check_attributes(k);
}

/* What a cell has now, and its key. An object that the group writes anew has neither yet. */
static uint64_t read_cell(struct lane_work *k, struct lane_value *v, struct str name)
{
    struct changes *c = k->d->changes;
    const struct lane_dimension *n = &c->lane->dimensions.items[v->dimension];
    struct dimension_cell cell;
    bool written = k->x && (k->x->whole || k->x->loaded);
    if (written || !changes_cell_read(c, &(struct doc_place){k->at->segment, k->at->doc}, n->attr, &cell)) {
        return changes_key_of(c, k->u->object_id, name);
    }
    v->read = true;
    v->have = cell.value;
    uint64_t key = k->u->kind == UPDATE_SET ? changes_key(c, order_tag(k->at->hash, n->hash)) : 0;
    return key > cell.key ? key : cell.key;
}

/* Which of a set's attributes are older than what is there, and the keys of the others. False: nothing is left. */
static bool order_values(struct lane_work *k)
{
    struct live_update *u = k->u;
    bool keyed = (u->flags & (UPDATE_TIMESTAMP | UPDATE_VERSION)) != 0;
    for (uint8_t i = 0; i < u->value_count; i++) {
        struct lane_value *v = &k->values[i];
        bool conditional = (u->flags & UPDATE_IF_VERSION) != 0;
        uint64_t have = v->attribute == LANE_CELL              ? read_cell(k, v, u->values[i].name)
                        : conditional || u->kind == UPDATE_SET ? changes_key(k->d->changes, v->tag)
                                                               : 0;
        if (conditional && have != u->if_version + 1) {
            return lane_refuse(u, UPDATE_OTHER_VERSION);
        }
        if (u->kind != UPDATE_SET) {
            continue;
        }
        uint64_t now = v->by_version ? 0 : (uint64_t)k->d->now_ms + 1;
        uint64_t given = keyed ? u->key + 1 : now > have ? now : have;
        if (keyed && given <= have) {
            u->dropped |= (uint16_t)(1u << i);
        } else {
            v->key = given;
        }
    }
    if (u->dropped == (uint16_t)((1u << u->value_count) - 1)) {
        u->result = UPDATE_DROPPED;
        return false;
    }
    return true;
}

/* ---- the whole ---- */

static void hold(struct lane_work *k)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    struct buf line = BUF_EMPTY;
    struct record r = {.kind = RECORD_HELD, .uid = c->index->uid, .id = u->object_id, .item = k->d->item};
    if (u->flags & UPDATE_NATIVE || c->index->settings->settings->hold_minutes == 0) {
        (void)lane_refuse(u, UPDATE_UNKNOWN_OBJECT);
        return;
    }
    if (!str_utf8_valid(u->object_id, NULL)) {
        (void)lane_refuse(u, UPDATE_WRONG_ID);
        return;
    }
    update_line_write(u, false, &line);
    if (!held_has_room(&c->index->inventory->held, line.size)) {
        (void)lane_refuse(u, UPDATE_HELD_FULL);
    } else {
        struct held_change held = {arena_copy(&c->arena, u->object_id), arena_copy(&c->arena, buf_str(&line)),
                                   k->d->now_ms};
        vec_push(&c->held, held);
        r.text = held.line;
        r.flags = lane_record_flags(k);
        lane_log_stream(k);
        record_held(k->d->writer, &r);
        u->result = UPDATE_HELD;
    }
    buf_release(&line);
}

/* ifStockAtLeast, against the pending quantity. */
static bool enough_stock(struct lane_work *k)
{
    struct changes *c = k->d->changes;
    struct live_update *u = k->u;
    struct decimal quantity;
    const struct json *current = NULL;
    struct str name = lane_stock_named(c->index->settings->settings, u);
    if (name.size == 0) {
        return lane_refuse(u, UPDATE_TOO_LITTLE);
    }
    struct change *x = changes_of(c, u->object_id);
    k->x = changes_find(c, u->object_id);
    bool known = changes_member(c, x, name, &current, NULL) == STATUS_OK && current && current->type == JSON_NUMBER &&
                 decimal_parse(current->text, &quantity);
    if (!known || decimal_compare(quantity, u->if_stock) < 0) {
        u->has_now = known;
        u->now = known ? quantity : u->now;
        return lane_refuse(u, UPDATE_TOO_LITTLE);
    }
    return true;
}

static void decide(struct lane_work *k)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    if (!check_form(k)) {
        return;
    }
    k->x = changes_find(c, u->object_id);
    if (k->x ? !change_exists(k->x) : k->at->doc == DOC_NONE) {
        hold(k);
        return;
    }
    if (!order_values(k) || ((u->flags & UPDATE_IF_STOCK) && !enough_stock(k))) {
        return;
    }
    if (lane_decide_in_place(k) == NOT_HERE) {
        if ((u->flags & UPDATE_NATIVE) && !k->d->stream && k->cells < u->value_count) {
            (void)lane_refuse(u, UPDATE_NEEDS_WRITE);
            return;
        }
        lane_decide_by_writing(k);
    }
    for (uint8_t i = 0; i < u->value_count && u->result == UPDATE_APPLIED; i++) {
        if (k->values[i].key && k->values[i].attribute != LANE_CELL) {
            pending_keys_put(&c->keys, k->values[i].tag, k->values[i].key);
        }
    }
}

void lane_decide(struct lane_decision *d, struct live_update *u, const struct lane_place *at)
{
    struct lane_work k;
    memset(&k, 0, offsetof(struct lane_work, values));
    k.d = d;
    k.u = u;
    k.at = at;
    u->dropped = 0;
    u->has_now = false;
    if (d->stream && stream_is_done(d->stream, d->item)) {
        u->result = UPDATE_DUPLICATE;
        return;
    }
    if (u->result == UPDATE_APPLIED) {
        u->reason = UPDATE_FINE;
        decide(&k);
    }
    if (d->stream) {
        stream_note(&d->changes->index->inventory->streams, d->stream, d->item, u->result != UPDATE_REFUSED);
    }
}
