/* Updates of numbers that have a cell: decided and logged in place. */
#include <string.h>

#include "server/live/changes_cells.h"
#include "server/live/lane_internal.h"

void lane_log_stream(struct lane_work *k)
{
    struct changes *c = k->d->changes;
    if (k->d->stream && c->stream_logged != k->d->stream) {
        record_stream(k->d->writer, c->index->uid, k->d->stream->key);
        c->stream_logged = k->d->stream;
    }
}

void lane_note_due(struct lane_work *k, const struct sale *sale)
{
    struct changes *c = k->d->changes;
    struct sale_due due = {sale_next(sale, k->d->now_ms), {0}};
    if (due.ms != INT64_MAX) {
        due.id = arena_copy(&c->arena, k->u->object_id);
        vec_push(&c->due, due);
    }
}

static bool decimal_add(struct decimal a, struct decimal b, bool subtract, uint8_t scale, int64_t *out)
{
    int64_t x;
    int64_t y;
    return decimal_rescale(a, scale, &x) && decimal_rescale(b, scale, &y) &&
           !(subtract ? __builtin_sub_overflow(x, y, out) : __builtin_add_overflow(x, y, out)) && number_fits(*out);
}

static int64_t cell_now(const struct lane_work *k, const struct number_column *column, attr_id attr)
{
    const struct cell_change *pending = cells_find(&k->d->changes->cells, k->at->segment, k->at->doc, attr);
    return pending ? pending->value : number_of_doc(column, k->at->doc);
}

static enum lane_outcome place_flag(struct lane_work *k, struct lane_value *v, bool yes)
{
    const struct lane_attribute *a = &k->d->changes->lane->attributes[v->attribute];
    const struct number_column *column = lane_cells_of(k->d->changes, k->at->segment, v->attribute);
    v->cell = yes ? NUMBER_TRUE : NUMBER_FALSE;
    return column && a->flag && cell_now(k, column, a->attr) != NUMBER_MISSING ? DONE : NOT_HERE;
}

/* What the number is now, and its scale. False when the object must be written anew. */
static bool number_now(const struct lane_work *k, const struct lane_value *v, int64_t *now, uint8_t *scale)
{
    struct changes *c = k->d->changes;
    if (v->attribute == LANE_CELL) {
        *now = v->have;
        *scale = c->lane->dimensions.items[v->dimension].scale;
        return v->read;
    }
    const struct number_column *column = lane_cells_of(c, k->at->segment, v->attribute);
    *now = column ? cell_now(k, column, c->lane->attributes[v->attribute].attr) : NUMBER_MISSING;
    *scale = column ? column->scale : 0;
    /* Else the stored object may have something else under the name. */
    return *now != NUMBER_MISSING && (k->u->kind == UPDATE_SET || !number_is_flag(*now));
}

/* What one value comes to, in its column's units. */
static enum lane_outcome place_value(struct lane_work *k, uint8_t i)
{
    struct live_update *u = k->u;
    struct lane_value *v = &k->values[i];
    const struct json *given = &u->values[i].value;
    struct decimal number;
    struct decimal current;
    if (json_is_bool(given)) {
        return v->attribute == LANE_CELL ? NOT_HERE : place_flag(k, v, given->type == JSON_TRUE);
    }
    if (given->type != JSON_NUMBER || !decimal_parse(given->text, &number) ||
        !number_now(k, v, &current.units, &current.scale)) {
        return NOT_HERE;
    }
    current.units = current.units == NUMBER_MISSING ? 0 : current.units;
    bool fits = u->kind == UPDATE_SET
                    ? decimal_rescale(number, current.scale, &v->cell) && number_fits(v->cell)
                    : decimal_add(current, number, u->kind == UPDATE_DECREMENT, current.scale, &v->cell);
    if (!fits) {
        return NOT_HERE;
    }
    v->number = (struct decimal){v->cell, current.scale};
    if (i == 0) {
        u->has_now = true;
        u->now = v->number;
    }
    if ((u->flags & UPDATE_MIN) && decimal_compare(v->number, u->min) < 0) {
        u->now = current;
        u->has_now = true;
        (void)lane_refuse(u, UPDATE_BELOW_MIN);
        return REFUSED;
    }
    return DONE;
}

/* Notes for publication what the values came to. */
static void put_values(struct lane_work *k)
{
    struct changes *c = k->d->changes;
    for (uint8_t i = 0; i < k->u->value_count + k->derived; i++) {
        const struct lane_value *v = &k->values[i];
        if (lane_is_dropped(k->u, i)) {
            continue;
        }
        if (v->attribute == LANE_CELL) {
            attr_id attr = c->lane->dimensions.items[v->dimension].attr;
            struct member_cell cell = {attr, v->cell, true, v->key};
            changes_cell_store(c, &(struct doc_place){k->at->segment, k->at->doc}, &cell);
        } else {
            cells_put(&c->cells, k->at->segment, k->at->doc, c->lane->attributes[v->attribute].attr, v->cell);
        }
    }
}

static char *put_varint(char *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        *p++ = (char)(v | 0x80);
    }
    *p++ = (char)v;
    return p;
}

static char *put_text(char *p, struct str s)
{
    p = put_varint(p, s.size);
    memcpy(p, s.data, s.size);
    return p + s.size;
}

/* As record_update writes a member. */
static char *put_member(char *p, const struct lane_value *v, enum member_operation operation)
{
    struct decimal d = v->number;
    if (number_is_flag(v->cell)) {
        *p++ = (char)RECORD_TAG_JSON;
        *p++ = (char)operation;
        p = put_text(p, v->cell == NUMBER_TRUE ? STR("true") : STR("false"));
        return put_varint(p, v->key);
    }
    while (d.scale > 0 && d.units % 10 == 0) {
        d.units /= 10;
        d.scale--;
    }
    *p++ = (char)d.scale;
    *p++ = (char)operation;
    p = put_varint(p, ((uint64_t)d.units << 1) ^ (uint64_t)(d.units >> 63));
    return put_varint(p, v->key);
}

/* As record_update writes it, without the way over JSON. */
void lane_log_cells(struct lane_work *k)
{
    const struct live_update *u = k->u;
    struct log_writer *w = k->d->writer;
    const struct lane *lane = k->d->changes->lane;
    size_t room = 64 + u->object_id.size;
    lane_log_stream(k);
    for (uint8_t i = 0; i < u->value_count; i++) {
        room += u->values[i].name.size + 40;
    }
    room += EFFECTIVE_PRICE.size + 40;
    log_writer_begin(w, RECORD_UPDATE, lane_record_flags(k));
    char *start = buf_reserve(&w->bytes, room);
    if (!start) {
        return; /* the append says so */
    }
    char *p = put_text(put_varint(start, k->d->changes->index->uid), u->object_id);
    p = k->d->stream ? put_varint(p, k->d->item) : p;
    for (uint8_t i = 0; i < u->value_count + k->derived; i++) {
        const struct lane_value *v = &k->values[i];
        if (lane_is_dropped(u, i)) {
            continue;
        }
        p = put_text(p, v->attribute == LANE_CELL ? u->values[i].name : lane->attributes[v->attribute].name);
        p = put_member(p, v, i < u->value_count ? lane_operation(u) : MEMBER_DERIVED);
    }
    w->bytes.size += (size_t)(p - start);
    log_writer_end(w);
}

static const struct lane_value *value_of(const struct lane_work *k, int attribute)
{
    for (uint8_t i = 0; i < k->u->value_count; i++) {
        if (k->values[i].attribute == attribute && !lane_is_dropped(k->u, i)) {
            return &k->values[i];
        }
    }
    return NULL;
}

/* The parts of a sale as this update leaves them. False when the cells don't say them. */
static bool sale_in_place(struct lane_work *k, struct sale *sale)
{
    struct lane *lane = k->d->changes->lane;
    *sale = (struct sale){0};
    for (int part = 0; part < SALE_PARTS; part++) {
        int attribute = lane->sale[part];
        const struct lane_value *given = attribute >= 0 ? value_of(k, attribute) : NULL;
        if (attribute < 0 || lane->attributes[attribute].attr == ATTR_NONE) {
            continue;
        }
        const struct number_column *column = lane_cells_of(k->d->changes, k->at->segment, attribute);
        if (given) {
            sale->has[part] = true;
            sale->part[part] = given->number;
        } else if (column) {
            int64_t cell = cell_now(k, column, lane->attributes[attribute].attr);
            sale->has[part] = cell != NUMBER_MISSING;
            sale->part[part] = (struct decimal){cell, column->scale};
        } else if (shard_number_column(k->d->changes->base->segments[k->at->segment].shard,
                                       lane->attributes[attribute].attr)
                       ->kind != NUMBER_COLUMN_NONE) {
            return false;
        }
    }
    return true;
}

/* The price to pay, when prices or the period change. */
enum lane_outcome lane_derive_in_place(struct lane_work *k)
{
    struct lane *lane = k->d->changes->lane;
    int attribute = (int)lane->attribute_count;
    const struct number_column *column = lane_cells_of(k->d->changes, k->at->segment, attribute);
    struct lane_value *v = &k->values[k->u->value_count];
    struct sale sale;
    *v = (struct lane_value){.attribute = attribute};
    if (!sale_in_place(k, &sale)) {
        return NOT_HERE;
    }
    bool priced = sale_effective(&sale, k->d->now_ms, &v->number);
    int64_t now = column ? cell_now(k, column, lane->attributes[attribute].attr) : NUMBER_MISSING;
    if (now == NUMBER_MISSING && !sale.has[SALE_REDUCED]) {
        return DONE; /* a product that never had a sale needs none */
    }
    lane_note_due(k, &sale);
    if (!priced || now == NUMBER_MISSING || !decimal_rescale(v->number, column->scale, &v->cell)) {
        return priced || now != NUMBER_MISSING ? NOT_HERE : DONE;
    }
    v->number = (struct decimal){v->cell, column->scale};
    k->derived = v->cell != now;
    return DONE;
}

enum lane_outcome lane_decide_in_place(struct lane_work *k)
{
    struct live_update *u = k->u;
    if (k->x && (k->x->whole || k->x->loaded)) {
        return NOT_HERE;
    }
    for (uint8_t i = 0; i < u->value_count; i++) {
        enum lane_outcome outcome = lane_is_dropped(u, i) ? DONE : place_value(k, i);
        if (outcome != DONE) {
            return outcome;
        }
    }
    if (k->sale && lane_derive_in_place(k) == NOT_HERE) {
        return NOT_HERE;
    }
    put_values(k);
    lane_log_cells(k);
    return DONE;
}
