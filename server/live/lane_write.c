/* Updates that write the object anew. */
#include "server/live/changes_cells.h"
#include "server/live/lane_internal.h"
#include "server/live/operations.h"

/* What one value comes to as JSON. */
static bool change_value(struct lane_work *k, struct change *x, uint8_t i, struct member_change *m)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    const struct json *current = NULL;
    const struct json *given = &u->values[i].value;
    *m = (struct member_change){u->values[i].name, lane_operation(u), *given, k->values[i].key};
    if (changes_member(c, x, m->name, &current, NULL) != STATUS_OK) {
        return lane_refuse(u, UPDATE_NOT_WRITTEN);
    }
    if (u->kind != UPDATE_SET && operation_add(current, given, &c->arena, m, NULL) != STATUS_OK) {
        return lane_refuse(u, UPDATE_NOT_A_NUMBER);
    }
    if (k->values[i].attribute == LANE_CELL && !changes_cell_fits(c, m)) {
        return lane_refuse(u, UPDATE_NOT_A_NUMBER);
    }
    bool number = m->value.type == JSON_NUMBER && decimal_parse(m->value.text, &k->values[i].number);
    if ((u->flags & UPDATE_MIN) && (!number || decimal_compare(k->values[i].number, u->min) < 0)) {
        static const struct str zero = {"0", 1};
        struct str now = current && current->type == JSON_NUMBER ? current->text : zero;
        u->has_now = decimal_parse(now, &u->now);
        return lane_refuse(u, UPDATE_BELOW_MIN);
    }
    if (i == 0 && number) {
        u->has_now = true;
        u->now = k->values[i].number;
    }
    return true;
}

/* The price to pay as JSON, behind the members. False when it stays, or there is none. */
static bool derive_by_writing(struct lane_work *k, struct change *x, const struct member_change *members, size_t count,
                              struct member_change *out)
{
    struct changes *c = k->d->changes;
    struct str names[SALE_PARTS];
    struct sale sale = {0};
    struct decimal effective;
    struct decimal now;
    const struct json *value = NULL;
    struct buf text = BUF_EMPTY;
    sale_names(c->base->settings, names);
    for (int part = 0; part < SALE_PARTS; part++) {
        value = NULL;
        for (size_t i = 0; i < count; i++) {
            value = str_equal(members[i].name, names[part]) ? &members[i].value : value;
        }
        if (!value && names[part].size > 0 && changes_member(c, x, names[part], &value, NULL) != STATUS_OK) {
            return false;
        }
        sale.has[part] = decimal_of(value, &sale.part[part]);
    }
    if (changes_member(c, x, EFFECTIVE_PRICE, &value, NULL) != STATUS_OK) {
        return false;
    }
    lane_note_due(k, &sale);
    bool there = decimal_of(value, &now);
    bool priced = sale_effective(&sale, k->d->now_ms, &effective);
    if (there && !priced) { /* the price was taken away */
        *out = (struct member_change){EFFECTIVE_PRICE, MEMBER_DERIVED, {.type = JSON_NULL}, 0};
        return true;
    }
    if ((!there && !sale.has[SALE_REDUCED]) || !priced || (there && decimal_compare(now, effective) == 0)) {
        return false;
    }
    decimal_write(&text, effective.units, effective.scale);
    *out = (struct member_change){EFFECTIVE_PRICE, MEMBER_DERIVED,
                                  json_number_text(arena_copy(&c->arena, buf_str(&text))), 0};
    buf_release(&text);
    return true;
}

bool lane_add_price(struct changes *c, struct record *r, int64_t now_ms)
{
    struct str names[SALE_PARTS];
    struct live_update u = {.object_id = r->id};
    struct lane_decision d = {.changes = c, .now_ms = now_ms};
    struct lane_work k = {.d = &d, .u = &u};
    struct member_change *members = (struct member_change *)(uintptr_t)r->members;
    sale_names(c->base->settings, names);
    for (size_t i = 0; i < r->member_count; i++) {
        if (str_equal(members[i].name, EFFECTIVE_PRICE)) {
            return false; /* it was said */
        }
        for (int part = 0; part < SALE_PARTS; part++) {
            k.sale = k.sale || (names[part].size > 0 && str_equal(members[i].name, names[part]));
        }
    }
    if (!k.sale || !derive_by_writing(&k, changes_of(c, r->id), members, r->member_count, &members[r->member_count])) {
        return false;
    }
    r->member_count++;
    return true;
}

void lane_decide_by_writing(struct lane_work *k)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    struct error err = {0};
    struct member_change members[UPDATE_VALUES_MAX + 1];
    struct record r = {.kind = RECORD_UPDATE, .uid = c->index->uid, .members = members, .item = k->d->item};
    struct change *x = changes_of(c, u->object_id);
    u->has_now = false;
    for (uint8_t i = 0; i < u->value_count; i++) {
        if (!lane_is_dropped(u, i) && !change_value(k, x, i, &members[r.member_count++])) {
            return;
        }
    }
    if (k->sale && derive_by_writing(k, x, members, r.member_count, &members[r.member_count])) {
        r.member_count++;
    }
    if (r.member_count == 0) {
        return;
    }
    enum status status = changes_members(c, x, members, r.member_count, &err);
    if (status != STATUS_OK) {
        (void)lane_refuse(u, status == STATUS_LIMIT ? UPDATE_TOO_LARGE : UPDATE_NOT_WRITTEN);
        return;
    }
    lane_log_stream(k);
    r.flags = lane_record_flags(k);
    r.id = x->id;
    record_update(k->d->writer, &r);
}
