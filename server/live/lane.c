#include "server/live/lane.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "indexer/shard/keys.h"
#include "server/live/changes_cells.h"
#include "server/live/lane_internal.h"
#include "server/live/operations.h"
#include "server/live/update_line.h"

/* ---- what is known of the attributes ---- */

struct lane_attribute {
    struct str name;
    uint64_t hash;
    attr_id attr; /* ATTR_NONE: no object has it as a number */
    bool by_version;
    bool quantity;
};

enum { LANE_CELL = -2 };
enum column_state { COLUMN_UNKNOWN, COLUMN_CELLS, COLUMN_NONE };

struct lane_column {
    const struct number_column *column;
    uint8_t state;
};

struct lane {
    struct lane_attribute *attributes;
    size_t attribute_count;
    struct lane_column *columns; /* [segment * (attribute_count + 1) + attribute] */
    int quantity;                /* the attribute; -1: none */
    bool has_prices;
    int sale[SALE_PARTS]; /* attributes; -1: none */
};

void lane_free(struct lane *lane)
{
    if (lane) {
        free(lane->attributes);
        free(lane->columns);
        free(lane);
    }
}

static int attribute_find(const struct lane *lane, struct str name)
{
    for (size_t i = 0; i < lane->attribute_count; i++) {
        if (str_equal(lane->attributes[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static void find_sale_parts(struct lane *lane, const struct snapshot *s)
{
    struct str names[SALE_PARTS];
    struct str effective = EFFECTIVE_PRICE;
    sale_names(s->settings, names);
    lane->has_prices = names[SALE_PRICE].size > 0 || names[SALE_REDUCED].size > 0;
    for (int i = 0; i < SALE_PARTS; i++) {
        lane->sale[i] = names[i].size > 0 ? attribute_find(lane, names[i]) : -1;
    }
    lane->attributes[lane->attribute_count] =
        (struct lane_attribute){.name = effective, .attr = dictionary_attr_find(s->dictionary, effective)};
}

static struct lane *lane_of(struct changes *c)
{
    const struct settings *s = c->index->settings->settings;
    if (c->lane) {
        return c->lane;
    }
    struct lane *lane = xcalloc(1, sizeof(*lane));
    /* The last one is the price to pay, which no update names. */
    lane->attributes = xcalloc(s->mutable_count + 1, sizeof(*lane->attributes));
    lane->attribute_count = s->mutable_count;
    lane->columns = xcalloc((size_t)c->base->segment_count * (s->mutable_count + 1) + 1, sizeof(*lane->columns));
    lane->quantity = -1;
    for (size_t i = 0; i < s->mutable_count; i++) {
        struct str name = s->mutable_attributes[i].attribute;
        bool quantity = str_equal(name, s->role_attribute[ROLE_QUANTITY]);
        lane->attributes[i] =
            (struct lane_attribute){name, hash64(name.data, name.size), dictionary_attr_find(c->base->dictionary, name),
                                    s->mutable_attributes[i].by_version, quantity};
        lane->quantity = quantity ? (int)i : lane->quantity;
    }
    find_sale_parts(lane, c->base);
    c->lane = lane;
    return lane;
}

/* The column whose cells alone say what the attribute is: it is cut out of the stored objects, and of decimals. */
static const struct number_column *cells_of(struct changes *c, uint32_t segment, int attribute)
{
    struct lane *lane = c->lane;
    struct lane_column *column = &lane->columns[segment * (lane->attribute_count + 1) + (size_t)attribute];
    if (column->state == COLUMN_UNKNOWN) {
        const struct shard *shard = c->base->segments[segment].shard;
        attr_id attr = lane->attributes[attribute].attr;
        uint32_t count;
        const attr_id *cut = shard_cut_attributes(shard, &count);
        column->state = COLUMN_NONE;
        for (uint32_t i = 0; i < count && attr != ATTR_NONE; i++) {
            const struct number_column *numbers = shard_number_column(shard, attr);
            if (cut[i] == attr && !numbers->is_double && shard_check_attribute(shard, attr, NULL) == STATUS_OK) {
                column->state = COLUMN_CELLS;
                column->column = numbers;
            }
        }
    }
    return column->state == COLUMN_CELLS ? column->column : NULL;
}

/* ---- finding objects ---- */

static void prefetch_cells(struct changes *c, const struct live_update *u, const struct lane_place *at)
{
    struct lane *lane = c->lane;
    for (uint8_t i = 0; i < u->value_count && at->doc != DOC_NONE; i++) {
        int attribute = attribute_find(lane, u->values[i].name);
        if (attribute < 0) {
            continue;
        }
        const struct number_column *column = cells_of(c, at->segment, attribute);
        if (column && column->kind == NUMBER_COLUMN_DENSE) {
            __builtin_prefetch((const void *)&column->cells[at->doc], 1);
        }
        if (u->kind == UPDATE_SET) {
            order_prefetch(&c->index->inventory->keys, order_tag(at->hash, lane->attributes[attribute].hash));
        }
    }
}

void lane_prefetch(const struct changes *c, const struct lane_place *places, size_t count)
{
    static void (*const STEPS[])(const struct keys *, uint64_t) = {keys_prefetch_slot, keys_prefetch_offset,
                                                                   keys_prefetch_text};
    for (size_t step = 0; step < sizeof(STEPS) / sizeof(STEPS[0]); step++) {
        for (uint32_t s = 0; s < c->base->segment_count; s++) {
            const struct keys *keys = shard_keys(c->base->segments[s].shard);
            for (size_t i = 0; i < count; i++) {
                STEPS[step](keys, places[i].hash);
            }
        }
    }
}

void lane_locate(struct changes *c, const struct live_update *updates, size_t count, struct lane_place *out)
{
    const struct snapshot *s = c->base;
    (void)lane_of(c);
    for (size_t i = 0; i < count; i++) {
        out[i].hash = hash64(updates[i].object_id.data, updates[i].object_id.size);
    }
    lane_prefetch(c, out, count);
    for (size_t i = 0; i < count; i++) {
        out[i].doc = DOC_NONE;
        for (uint32_t k = s->segment_count; k-- > 0;) {
            doc_id doc = keys_find_hashed(shard_keys(s->segments[k].shard), updates[i].object_id, out[i].hash);
            if (doc != DOC_NONE && !segment_deleted(&s->segments[k], doc)) {
                out[i].segment = k;
                out[i].doc = doc;
                break;
            }
        }
        prefetch_cells(c, &updates[i], &out[i]);
    }
}

/* ---- one update ---- */

/* A value on its way to be decided. */
struct value {
    int attribute; /* LANE_CELL: of a store or price list, decided as what is written anew but done in place */
    bool by_version;
    int64_t cell;
    uint64_t tag;
    uint64_t key; /* the attribute's key after this update, plus 1; 0: it stays */
    struct decimal number;
};

struct work {
    struct lane_decision *d;
    struct live_update *u;
    const struct lane_place *at;
    struct change *x;                           /* what else the group does to the object; NULL: nothing */
    bool derived;                               /* there is a price to pay behind the values */
    bool sale;                                  /* prices or the sale's period change */
    uint8_t cells;                              /* values that are cells of stores and price lists */
    struct value values[UPDATE_VALUES_MAX + 1]; /* a KB, so each is cleared only when it is used */
};

static bool refuse(struct live_update *u, enum update_reason reason)
{
    u->result = UPDATE_REFUSED;
    u->reason = (uint8_t)reason;
    return false;
}

static bool name_cell(struct work *k, struct value *v, struct str name)
{
    const struct mutable_setting *m = settings_dimension_mutable(k->d->changes->index->settings->settings, name);
    v->attribute = LANE_CELL;
    v->by_version = m && m->by_version;
    k->cells += m != NULL;
    return m != NULL;
}

static bool check_attributes(struct work *k)
{
    struct live_update *u = k->u;
    const struct lane *lane = k->d->changes->lane;
    for (uint8_t i = 0; i < u->value_count; i++) {
        struct value *v = &k->values[i];
        *v = (struct value){.attribute = attribute_find(lane, u->values[i].name)};
        if (v->attribute < 0 && !name_cell(k, v, u->values[i].name)) {
            return refuse(u, UPDATE_NOT_MUTABLE);
        }
        v->by_version = v->attribute < 0 ? v->by_version : lane->attributes[v->attribute].by_version;
        if (u->flags & (v->by_version ? UPDATE_TIMESTAMP : UPDATE_VERSION)) {
            return refuse(u, UPDATE_WRONG_KEY);
        }
        v->tag = v->attribute < 0 ? 0 : order_tag(k->at->hash, lane->attributes[v->attribute].hash);
        for (int part = 0; lane->has_prices && part < SALE_PARTS; part++) {
            k->sale = k->sale || lane->sale[part] == v->attribute;
        }
    }
    return true;
}

static bool check_form(struct work *k)
{
    struct live_update *u = k->u;
    bool keyed = (u->flags & (UPDATE_TIMESTAMP | UPDATE_VERSION)) != 0;
    if (u->object_id.size == 0 || u->object_id.size > LIMIT_OBJECT_ID_BYTES) {
        return refuse(u, UPDATE_WRONG_ID);
    }
    if (keyed && u->kind != UPDATE_SET) {
        return refuse(u, UPDATE_KEY_NOT_TAKEN);
    }
    if ((u->flags & UPDATE_TIMESTAMP) && (int64_t)u->key > k->d->now_ms + UPDATE_FUTURE_MS) {
        return refuse(u, UPDATE_FUTURE);
    }
    if (keyed && u->key > INT64_MAX) {
        return refuse(u, UPDATE_WRONG_KEY);
    }
    return check_attributes(k);
}

/* Which of a set's attributes are older than what is there, and the keys of the others. False: nothing is left. */
static bool order_values(struct work *k)
{
    struct live_update *u = k->u;
    bool keyed = (u->flags & (UPDATE_TIMESTAMP | UPDATE_VERSION)) != 0;
    for (uint8_t i = 0; i < u->value_count; i++) {
        struct value *v = &k->values[i];
        bool conditional = (u->flags & UPDATE_IF_VERSION) != 0;
        uint64_t have = v->attribute == LANE_CELL ? changes_key_of(k->d->changes, u->object_id, u->values[i].name)
                        : conditional || u->kind == UPDATE_SET ? changes_key(k->d->changes, v->tag)
                                                               : 0;
        if (conditional && have != u->if_version + 1) {
            return refuse(u, UPDATE_OTHER_VERSION);
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

static bool is_dropped(const struct live_update *u, uint8_t i)
{
    return u->dropped >> i & 1;
}

/* ---- in place ---- */

static bool decimal_add(struct decimal a, struct decimal b, bool subtract, uint8_t scale, int64_t *out)
{
    int64_t x;
    int64_t y;
    return decimal_rescale(a, scale, &x) && decimal_rescale(b, scale, &y) &&
           !(subtract ? __builtin_sub_overflow(x, y, out) : __builtin_add_overflow(x, y, out)) &&
           *out != NUMBER_MISSING;
}

enum outcome { DONE, REFUSED, NOT_HERE };

static int64_t cell_now(const struct work *k, const struct number_column *column, attr_id attr)
{
    const struct cell_change *pending = cells_find(&k->d->changes->cells, k->at->segment, k->at->doc, attr);
    const _Atomic int64_t *cell = number_cell(column, k->at->doc);
    return pending ? pending->value : cell ? number_load(cell) : NUMBER_MISSING;
}

/* What one value comes to, in its column's units. */
static enum outcome place_value(struct work *k, uint8_t i)
{
    struct live_update *u = k->u;
    struct value *v = &k->values[i];
    if (v->attribute == LANE_CELL) {
        return NOT_HERE;
    }
    const struct number_column *column = cells_of(k->d->changes, k->at->segment, v->attribute);
    const struct json *given = &u->values[i].value;
    struct decimal number;
    if (!column || given->type != JSON_NUMBER || !decimal_parse(given->text, &number)) {
        return NOT_HERE;
    }
    int64_t now = cell_now(k, column, k->d->changes->lane->attributes[v->attribute].attr);
    if (now == NUMBER_MISSING) {
        return NOT_HERE; /* the stored object may have something else under the name */
    }
    struct decimal current = {now, column->scale};
    bool fits = u->kind == UPDATE_SET
                    ? decimal_rescale(number, column->scale, &v->cell) && v->cell != NUMBER_MISSING
                    : decimal_add(current, number, u->kind == UPDATE_DECREMENT, column->scale, &v->cell);
    if (!fits) {
        return NOT_HERE;
    }
    v->number = (struct decimal){v->cell, column->scale};
    if (i == 0) {
        u->has_now = true;
        u->now = v->number;
    }
    if ((u->flags & UPDATE_MIN) && decimal_compare(v->number, u->min) < 0) {
        u->now = current;
        u->has_now = true;
        (void)refuse(u, UPDATE_BELOW_MIN);
        return REFUSED;
    }
    return DONE;
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

static enum member_operation operation_of(const struct live_update *u)
{
    static const enum member_operation OPERATIONS[] = {MEMBER_SET, MEMBER_INCREMENT, MEMBER_DECREMENT};
    return OPERATIONS[u->kind];
}

static uint8_t record_flags(const struct work *k)
{
    return k->d->stream ? RECORD_ITEM : 0;
}

static void log_stream(struct work *k)
{
    struct changes *c = k->d->changes;
    if (k->d->stream && c->stream_logged != k->d->stream) {
        record_stream(k->d->writer, c->index->uid, k->d->stream->key);
        c->stream_logged = k->d->stream;
    }
}

/* As record_update writes it, without the way over JSON. */
static void log_cells(struct work *k)
{
    const struct live_update *u = k->u;
    struct log_writer *w = k->d->writer;
    const struct lane *lane = k->d->changes->lane;
    size_t room = 64 + u->object_id.size;
    log_stream(k);
    for (uint8_t i = 0; i < u->value_count; i++) {
        room += u->values[i].name.size + 40;
    }
    room += EFFECTIVE_PRICE.size + 40;
    log_writer_begin(w, RECORD_UPDATE, record_flags(k));
    char *start = buf_reserve(&w->bytes, room);
    if (!start) {
        return; /* the append says so */
    }
    char *p = put_text(put_varint(start, k->d->changes->index->uid), u->object_id);
    p = k->d->stream ? put_varint(p, k->d->item) : p;
    for (uint8_t i = 0; i < u->value_count + k->derived; i++) {
        const struct value *v = &k->values[i];
        if (is_dropped(u, i)) {
            continue;
        }
        struct decimal d = v->number;
        while (d.scale > 0 && d.units % 10 == 0) {
            d.units /= 10;
            d.scale--;
        }
        p = put_text(p, lane->attributes[v->attribute].name);
        *p++ = (char)d.scale;
        *p++ = (char)(i < u->value_count ? operation_of(u) : MEMBER_DERIVED);
        p = put_varint(p, ((uint64_t)d.units << 1) ^ (uint64_t)(d.units >> 63));
        p = put_varint(p, v->key);
    }
    w->bytes.size += (size_t)(p - start);
    log_writer_end(w);
}

static const struct value *value_of(const struct work *k, int attribute)
{
    for (uint8_t i = 0; i < k->u->value_count; i++) {
        if (k->values[i].attribute == attribute && !is_dropped(k->u, i)) {
            return &k->values[i];
        }
    }
    return NULL;
}

/* The parts of a sale as this update leaves them. False when the cells don't say them. */
static bool sale_in_place(struct work *k, struct sale *sale)
{
    struct lane *lane = k->d->changes->lane;
    *sale = (struct sale){0};
    for (int part = 0; part < SALE_PARTS; part++) {
        int attribute = lane->sale[part];
        const struct value *given = attribute >= 0 ? value_of(k, attribute) : NULL;
        if (attribute < 0 || lane->attributes[attribute].attr == ATTR_NONE) {
            continue;
        }
        const struct number_column *column = cells_of(k->d->changes, k->at->segment, attribute);
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

static void note_due(struct work *k, const struct sale *sale)
{
    struct changes *c = k->d->changes;
    struct sale_due due = {sale_next(sale, k->d->now_ms), {0}};
    if (due.ms != INT64_MAX) {
        due.id = arena_copy(&c->arena, k->u->object_id);
        vec_push(&c->due, due);
    }
}

/* The price to pay, when prices or the period change. */
static enum outcome derive_in_place(struct work *k)
{
    struct lane *lane = k->d->changes->lane;
    int attribute = (int)lane->attribute_count;
    const struct number_column *column = cells_of(k->d->changes, k->at->segment, attribute);
    struct value *v = &k->values[k->u->value_count];
    struct sale sale;
    *v = (struct value){.attribute = attribute};
    if (!sale_in_place(k, &sale)) {
        return NOT_HERE;
    }
    bool priced = sale_effective(&sale, k->d->now_ms, &v->number);
    int64_t now = column ? cell_now(k, column, lane->attributes[attribute].attr) : NUMBER_MISSING;
    if (now == NUMBER_MISSING && !sale.has[SALE_REDUCED]) {
        return DONE; /* a product that never had a sale needs none */
    }
    note_due(k, &sale);
    if (!priced || now == NUMBER_MISSING || !decimal_rescale(v->number, column->scale, &v->cell)) {
        return priced || now != NUMBER_MISSING ? NOT_HERE : DONE;
    }
    v->number = (struct decimal){v->cell, column->scale};
    k->derived = v->cell != now;
    return DONE;
}

static enum outcome decide_in_place(struct work *k)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    if (k->x && (k->x->whole || k->x->loaded)) {
        return NOT_HERE;
    }
    for (uint8_t i = 0; i < u->value_count; i++) {
        enum outcome outcome = is_dropped(u, i) ? DONE : place_value(k, i);
        if (outcome != DONE) {
            return outcome;
        }
    }
    if (k->sale && derive_in_place(k) == NOT_HERE) {
        return NOT_HERE;
    }
    for (uint8_t i = 0; i < u->value_count + k->derived; i++) {
        if (!is_dropped(u, i)) {
            attr_id attr = c->lane->attributes[k->values[i].attribute].attr;
            cells_put(&c->cells, k->at->segment, k->at->doc, attr, k->values[i].cell);
        }
    }
    log_cells(k);
    return DONE;
}

/* ---- by writing the object anew ---- */

/* What one value comes to as JSON. */
static bool change_value(struct work *k, struct change *x, uint8_t i, struct member_change *m)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    const struct json *current = NULL;
    const struct json *given = &u->values[i].value;
    *m = (struct member_change){u->values[i].name, operation_of(u), *given, k->values[i].key};
    if (changes_member(c, x, m->name, &current, NULL) != STATUS_OK) {
        return refuse(u, UPDATE_NOT_WRITTEN);
    }
    if (u->kind != UPDATE_SET && operation_add(current, given, &c->arena, m, NULL) != STATUS_OK) {
        return refuse(u, UPDATE_NOT_A_NUMBER);
    }
    if (k->values[i].attribute == LANE_CELL && !changes_cell_fits(c, m)) {
        return refuse(u, UPDATE_NOT_A_NUMBER);
    }
    bool number = m->value.type == JSON_NUMBER && decimal_parse(m->value.text, &k->values[i].number);
    if ((u->flags & UPDATE_MIN) && (!number || decimal_compare(k->values[i].number, u->min) < 0)) {
        static const struct str zero = {"0", 1};
        struct str now = current && current->type == JSON_NUMBER ? current->text : zero;
        u->has_now = decimal_parse(now, &u->now);
        return refuse(u, UPDATE_BELOW_MIN);
    }
    if (i == 0 && number) {
        u->has_now = true;
        u->now = k->values[i].number;
    }
    return true;
}

/* The price to pay as JSON, behind the members. False when it stays, or there is none. */
static bool derive_by_writing(struct work *k, struct change *x, const struct member_change *members, size_t count,
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
    note_due(k, &sale);
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
    struct work k = {.d = &d, .u = &u};
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

static void decide_by_writing(struct work *k)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    struct error err = {0};
    struct member_change members[UPDATE_VALUES_MAX + 1];
    struct record r = {.kind = RECORD_UPDATE, .uid = c->index->uid, .members = members, .item = k->d->item};
    struct change *x = changes_of(c, u->object_id);
    u->has_now = false;
    for (uint8_t i = 0; i < u->value_count; i++) {
        if (!is_dropped(u, i) && !change_value(k, x, i, &members[r.member_count++])) {
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
        (void)refuse(u, status == STATUS_LIMIT ? UPDATE_TOO_LARGE : UPDATE_NOT_WRITTEN);
        return;
    }
    log_stream(k);
    r.flags = record_flags(k);
    r.id = x->id;
    record_update(k->d->writer, &r);
}

/* ---- the whole ---- */

static void hold(struct work *k)
{
    struct live_update *u = k->u;
    struct changes *c = k->d->changes;
    struct buf line = BUF_EMPTY;
    struct record r = {.kind = RECORD_HELD, .uid = c->index->uid, .id = u->object_id, .item = k->d->item};
    if (u->flags & UPDATE_NATIVE || c->index->settings->settings->hold_minutes == 0) {
        (void)refuse(u, UPDATE_UNKNOWN_OBJECT);
        return;
    }
    if (!str_utf8_valid(u->object_id, NULL)) {
        (void)refuse(u, UPDATE_WRONG_ID);
        return;
    }
    update_line_write(u, false, &line);
    if (!held_has_room(&c->index->inventory->held, line.size)) {
        (void)refuse(u, UPDATE_HELD_FULL);
    } else {
        struct held_change held = {arena_copy(&c->arena, u->object_id), arena_copy(&c->arena, buf_str(&line)),
                                   k->d->now_ms};
        vec_push(&c->held, held);
        r.text = held.line;
        r.flags = record_flags(k);
        log_stream(k);
        record_held(k->d->writer, &r);
        u->result = UPDATE_HELD;
    }
    buf_release(&line);
}

/* ifStockAtLeast, against the pending quantity. */
static bool enough_stock(struct work *k)
{
    struct changes *c = k->d->changes;
    struct live_update *u = k->u;
    struct decimal quantity;
    const struct json *current = NULL;
    struct str name = lane_stock_named(c->index->settings->settings, u);
    if (name.size == 0) {
        return refuse(u, UPDATE_TOO_LITTLE);
    }
    struct change *x = changes_of(c, u->object_id);
    k->x = changes_find(c, u->object_id);
    bool known = changes_member(c, x, name, &current, NULL) == STATUS_OK && current && current->type == JSON_NUMBER &&
                 decimal_parse(current->text, &quantity);
    if (!known || decimal_compare(quantity, u->if_stock) < 0) {
        u->has_now = known;
        u->now = known ? quantity : u->now;
        return refuse(u, UPDATE_TOO_LITTLE);
    }
    return true;
}

static void decide(struct work *k)
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
    if (decide_in_place(k) == NOT_HERE) {
        if ((u->flags & UPDATE_NATIVE) && !k->d->stream && k->cells < u->value_count) {
            (void)refuse(u, UPDATE_NEEDS_WRITE);
            return;
        }
        decide_by_writing(k);
    }
    for (uint8_t i = 0; i < u->value_count && u->result == UPDATE_APPLIED; i++) {
        if (k->values[i].key && k->values[i].attribute != LANE_CELL) {
            pending_keys_put(&c->keys, k->values[i].tag, k->values[i].key);
        }
    }
}

void lane_decide(struct lane_decision *d, struct live_update *u, const struct lane_place *at)
{
    struct work k;
    memset(&k, 0, offsetof(struct work, values));
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

/* ---- sales ---- */

void lane_sale_due(struct changes *c, struct log_writer *w, struct str id, int64_t now_ms)
{
    struct live_update u = {.object_id = id};
    struct lane_place at;
    struct lane_decision d = {.changes = c, .writer = w, .now_ms = now_ms};
    struct work k = {.d = &d, .u = &u, .at = &at, .sale = true};
    lane_locate(c, &u, 1, &at);
    k.x = changes_find(c, id);
    if (!c->lane->has_prices || (k.x ? !change_exists(k.x) : at.doc == DOC_NONE)) {
        return;
    }
    if ((k.x && (k.x->whole || k.x->loaded)) || derive_in_place(&k) == NOT_HERE) {
        decide_by_writing(&k);
    } else if (k.derived) {
        attr_id attr = c->lane->attributes[c->lane->attribute_count].attr;
        cells_put(&c->cells, at.segment, at.doc, attr, k.values[0].cell);
        log_cells(&k);
    }
}

void lane_note_sale(struct changes *c, struct str id, const struct json *object, int64_t now_ms)
{
    struct str names[SALE_PARTS];
    struct sale sale = {0};
    struct live_update u = {.object_id = id};
    struct lane_decision d = {.changes = c, .now_ms = now_ms};
    struct work k = {.d = &d, .u = &u};
    sale_names(c->base->settings, names);
    for (int part = 0; part < SALE_PARTS && names[SALE_REDUCED].size > 0; part++) {
        sale.has[part] = decimal_of(json_get_str(object, names[part]), &sale.part[part]);
    }
    if (sale.has[SALE_REDUCED]) {
        note_due(&k, &sale);
    }
}
