#include "tests/support/live/live_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/rcu.h"
#include "indexer/shard/dimension.h"
#include "server/live/update.h"

static const char *const WORDS[] = {"red", "blue", "trail", "shoe", "lamp", "chair", "phone", "green", "cover"};
static const char *const CELLS[MODEL_CELLS] = {"stores.berlin", "prices.vip"};
enum { WORD_COUNT = 9, TITLES = 200, BRANDS = 6 };

/* ---- operations ---- */

static void random_object(struct random *r, struct model_object *o)
{
    *o = (struct model_object){.there = true};
    o->group = random_chance(r, 60) ? (int)random_below(r, MODEL_GROUPS) : -1;
    o->title = (int)random_below(r, TITLES);
    o->brand = (int)random_below(r, BRANDS);
    o->has_price = random_chance(r, 90);
    o->has_quantity = random_chance(r, 85);
    o->cents = (int64_t)random_below(r, 100000);
    o->quantity = (int64_t)random_below(r, 4);
    o->popularity = (int64_t)random_below(r, 1000);
    for (int i = 0; i < MODEL_CELLS; i++) {
        o->has_cell[i] = random_chance(r, 60);
        o->cell[i] = (int64_t)random_below(r, i == 0 ? 4 : 100000);
    }
}

void model_random_op(struct random *r, struct model_op *op)
{
    unsigned dice = (unsigned)random_below(r, 290);
    op->set_quantity = op->set_price = op->set_cell[0] = op->set_cell[1] = false;
    op->key = 1 + (int)random_below(r, MODEL_KEY_MAX);
    op->id = (int)random_below(r, MODEL_OBJECTS);
    op->create = random_chance(r, 50);
    random_object(r, &op->given);
    op->given.tags[0] = (int)random_below(r, 3);
    op->kind = dice < 40    ? MODEL_PUT
               : dice < 80  ? MODEL_SELL
               : dice < 110 ? MODEL_RESTOCK
               : dice < 140 ? MODEL_SET
               : dice < 155 ? MODEL_TITLE
               : dice < 165 ? MODEL_REGROUP
               : dice < 175 ? MODEL_TAG
               : dice < 182 ? MODEL_UNTAG
               : dice < 199 ? MODEL_DELETE
               : dice < 200 ? MODEL_CLEAR
               : dice < 225 ? MODEL_LANE_SET
               : dice < 240 ? MODEL_LANE_SELL
               : dice < 260 ? MODEL_LANE_CELLS
               : dice < 275 ? MODEL_LANE_TAKE
                            : MODEL_LANE_DROP;
}

static void tag(struct model_object *o, int value, bool add)
{
    int kept = 0;
    bool there = false;
    for (int i = 0; i < o->tag_count; i++) {
        there = there || o->tags[i] == value;
        if (add || o->tags[i] != value) {
            o->tags[kept++] = o->tags[i];
        }
    }
    if (add && !there) {
        o->tags[kept++] = value;
    }
    o->tag_count = kept;
}

static void apply_partial(struct model_object *o, const struct model_op *op)
{
    switch (op->kind) {
    case MODEL_SELL:
    case MODEL_RESTOCK:
        o->quantity =
            (o->has_quantity ? o->quantity : 0) + (op->kind == MODEL_SELL ? -1 : 1) * (1 + op->given.quantity);
        o->has_quantity = true;
        break;
    case MODEL_SET:
        o->quantity = op->given.quantity;
        o->cents = op->given.cents;
        o->cell[0] = op->given.cell[0];
        o->has_quantity = o->has_price = o->has_cell[0] = true;
        break;
    case MODEL_TITLE:
        o->title = op->given.title;
        break;
    case MODEL_REGROUP:
        o->group = op->given.group < 0 ? 0 : op->given.group;
        break;
    default:
        tag(o, op->given.tags[0], op->kind == MODEL_TAG);
    }
}

static void apply_cells(struct model_object *o, struct model_keys *keys, const struct model_op *op)
{
    if (op->kind == MODEL_LANE_TAKE) {
        int64_t left = (o->has_cell[0] ? o->cell[0] : 0) - (1 + op->given.quantity);
        o->cell[0] = left >= 0 ? left : o->cell[0];
        o->has_cell[0] = o->has_cell[0] || left >= 0;
        return;
    }
    for (int i = op->kind == MODEL_LANE_DROP; i < MODEL_CELLS; i++) {
        if (op->key > keys->cells[i]) {
            o->has_cell[i] = op->kind == MODEL_LANE_CELLS;
            o->cell[i] = op->given.cell[i];
            keys->cells[i] = op->key;
        }
    }
}

static void apply_lane(struct model_object *o, struct model_keys *keys, const struct model_op *op)
{
    if (op->kind > MODEL_LANE_SELL) {
        apply_cells(o, keys, op);
        return;
    }
    if (op->kind == MODEL_LANE_SELL) {
        int64_t left = (o->has_quantity ? o->quantity : 0) - (1 + op->given.quantity);
        o->quantity = left >= 0 ? left : o->quantity;
        o->has_quantity = o->has_quantity || left >= 0;
        return;
    }
    if (op->key > keys->quantity) {
        o->quantity = op->given.quantity;
        o->has_quantity = true;
        keys->quantity = op->key;
    }
    if (op->key > keys->price) {
        o->cents = op->given.cents;
        o->has_price = true;
        keys->price = op->key;
    }
}

/* An object written whole sets what it has, without a key: that lifts the keys that are there. */
static void lift_keys(struct model_keys *keys, const struct model_object *o)
{
    keys->quantity = keys->quantity && o->has_quantity ? MODEL_KEY_NOW : keys->quantity;
    keys->price = keys->price && o->has_price ? MODEL_KEY_NOW : keys->price;
    for (int i = 0; i < MODEL_CELLS; i++) {
        keys->cells[i] = keys->cells[i] && o->has_cell[i] ? MODEL_KEY_NOW : keys->cells[i];
    }
}

void model_note(struct model_op *op, const struct model *before, const struct model *after)
{
    const struct model_object *a = &before->objects[op->id];
    const struct model_object *b = &after->objects[op->id];
    const struct model_keys *x = &before->keys[op->id];
    const struct model_keys *y = &after->keys[op->id];
    bool sold = op->kind == MODEL_LANE_SELL && (a->quantity != b->quantity || a->has_quantity != b->has_quantity);
    op->set_quantity = sold || (op->kind == MODEL_LANE_SET && x->quantity != y->quantity);
    op->set_price = op->kind == MODEL_LANE_SET && x->price != y->price;
    for (int i = 0; i < MODEL_CELLS; i++) {
        op->set_cell[i] = op->kind == MODEL_LANE_TAKE ? a->cell[i] != b->cell[i] || a->has_cell[i] != b->has_cell[i]
                                                      : op->kind > MODEL_LANE_SELL && x->cells[i] != y->cells[i];
    }
}

void model_apply(struct model *m, const struct model_op *op)
{
    struct model_object *o = &m->objects[op->id];
    struct model_keys *keys = &m->keys[op->id];
    if (op->kind == MODEL_CLEAR) {
        memset(m->objects, 0, sizeof(m->objects));
    } else if (op->kind >= MODEL_LANE_SET) {
        if (o->there) {
            apply_lane(o, keys, op);
        }
    } else if (op->kind == MODEL_DELETE) {
        memset(o, 0, sizeof(*o));
    } else if (op->kind == MODEL_PUT) {
        *o = op->given;
        o->tag_count = 0;
        lift_keys(keys, o);
    } else if (o->there || op->create) {
        if (op->kind == MODEL_SET && o->there) {
            keys->quantity = keys->price = keys->cells[0] = MODEL_KEY_NOW;
        }
        if (!o->there) {
            *o = (struct model_object){.there = true, .group = -1, .title = -1, .brand = -1, .popularity = -1};
        }
        apply_partial(o, op);
    }
}

/* ---- as JSON ---- */

static struct json number(struct arena *arena, int64_t value)
{
    return json_number_text(arena_printf(arena, "%lld", (long long)value));
}

static struct json cents_json(struct arena *arena, int64_t cents)
{
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "%" PRId64 ".%02d", cents / 100, (int)(cents % 100));
    struct json out = json_number_text(arena_copy(arena, buf_str(&text)));
    buf_release(&text);
    return out;
}

static void set(struct json *object, const char *name, struct json value, struct arena *arena)
{
    if (!json_object_set(object, str_from(name), value, arena)) {
        abort();
    }
}

static struct json cell_json(struct arena *arena, int cell, int64_t value)
{
    return cell == 0 ? number(arena, value) : cents_json(arena, value);
}

/* {"stores": {"berlin": 3}} */
static void set_cell(struct json *object, const struct model_object *o, int cell, struct arena *arena)
{
    struct json inner = {.type = JSON_OBJECT};
    struct str member = str_from(CELLS[cell]);
    struct str name = member;
    member = str_split(&name, '.');
    if (!json_object_set(&inner, name, cell_json(arena, cell, o->cell[cell]), arena) ||
        !json_object_set(object, member, inner, arena)) {
        abort();
    }
}

static struct json title_json(int title, struct arena *arena)
{
    return json_of_str(
        arena_printf(arena, "%s %s t%d", WORDS[title % WORD_COUNT], WORDS[title / WORD_COUNT % WORD_COUNT], title));
}

static struct json tags_json(const struct model_object *o, struct arena *arena)
{
    struct json *items = ARENA_ARRAY(arena, struct json, MODEL_TAGS);
    for (int i = 0; i < o->tag_count; i++) {
        items[i] = json_of_str(arena_printf(arena, "tag%d", o->tags[i]));
    }
    return json_array(items, (size_t)o->tag_count);
}

void model_object_json(const struct model_object *o, int id, struct arena *arena, struct json *out)
{
    *out = (struct json){.type = JSON_OBJECT};
    set(out, "objectID", json_of_str(arena_printf(arena, "p%d", id)), arena);
    if (o->title >= 0) {
        set(out, "title", title_json(o->title, arena), arena);
    }
    if (o->brand >= 0) {
        set(out, "brand", json_of_str(arena_printf(arena, "Brand %d", o->brand)), arena);
    }
    if (o->group >= 0) {
        set(out, "item_group_id", json_of_str(arena_printf(arena, "g%d", o->group)), arena);
    }
    if (o->has_price) {
        set(out, "price", cents_json(arena, o->cents), arena);
    }
    if (o->has_quantity) {
        set(out, "quantity", number(arena, o->quantity), arena);
    }
    if (o->popularity >= 0) {
        set(out, "popularity", number(arena, o->popularity), arena);
    }
    for (int i = 0; i < MODEL_CELLS; i++) {
        if (o->has_cell[i]) {
            set_cell(out, o, i, arena);
        }
    }
    if (o->tag_count > 0) {
        set(out, "tags", tags_json(o, arena), arena);
    }
}

static struct json operation(const char *name, struct json value, struct arena *arena)
{
    struct json out = {.type = JSON_OBJECT};
    set(&out, "_operation", json_of_str(str_from(name)), arena);
    set(&out, "value", value, arena);
    return out;
}

static void partial_body(const struct model_op *op, struct arena *arena, struct json *body)
{
    struct json step = number(arena, op->given.quantity + 1);
    struct json one_tag = json_of_str(arena_printf(arena, "tag%d", op->given.tags[0]));
    switch (op->kind) {
    case MODEL_SELL:
        set(body, "quantity", operation("Decrement", step, arena), arena);
        break;
    case MODEL_RESTOCK:
        set(body, "quantity", operation("Increment", step, arena), arena);
        break;
    case MODEL_SET:
        set(body, "quantity", number(arena, op->given.quantity), arena);
        set(body, "price", cents_json(arena, op->given.cents), arena);
        set_cell(body, &op->given, 0, arena);
        break;
    case MODEL_TITLE:
        set(body, "title", title_json(op->given.title, arena), arena);
        break;
    case MODEL_REGROUP:
        set(body, "item_group_id", json_of_str(arena_printf(arena, "g%d", op->given.group < 0 ? 0 : op->given.group)),
            arena);
        break;
    default:
        set(body, "tags", operation(op->kind == MODEL_TAG ? "AddUnique" : "Remove", one_tag, arena), arena);
    }
}

void model_to_live(const struct model_op *op, struct live_batch *batch, struct live_op *out)
{
    struct arena *arena = &batch->arena;
    *out = (struct live_op){.kind = LIVE_PARTIAL, .index = STR(MODEL_INDEX), .create_missing = op->create};
    out->object_id = arena_printf(arena, "p%d", op->id);
    out->body = (struct json){.type = JSON_OBJECT};
    if (op->kind == MODEL_PUT) {
        struct model_object o = op->given;
        o.tag_count = 0;
        out->kind = LIVE_PUT;
        model_object_json(&o, op->id, arena, &out->body);
    } else if (op->kind == MODEL_DELETE) {
        out->kind = LIVE_DELETE;
    } else if (op->kind == MODEL_CLEAR) {
        out->kind = LIVE_CLEAR;
    } else {
        partial_body(op, arena, &out->body);
    }
}

/* ---- reading an index ---- */

/* The number behind a prefix: 3 of "Brand 3". */
static bool scan_int(const struct json *object, const char *name, const char *prefix, int *out)
{
    struct str text;
    int64_t value;
    if (!json_string(json_get(object, name), &text) || !str_starts_with(text, str_from(prefix)) ||
        !str_to_i64(str_slice(text, strlen(prefix), text.size), &value)) {
        return false;
    }
    *out = (int)value;
    return true;
}

static void read_object(const struct json *object, struct model_object *o)
{
    double price;
    *o = (struct model_object){.there = true, .group = -1, .title = -1, .brand = -1, .popularity = -1};
    struct str title;
    if (json_string(json_get(object, "title"), &title)) {
        size_t at = title.size;
        int64_t value;
        while (at > 0 && title.data[at - 1] != 't') {
            at--;
        }
        o->title = str_to_i64(str_slice(title, at, title.size), &value) ? (int)value : -2;
    }
    (void)scan_int(object, "brand", "Brand ", &o->brand);
    (void)scan_int(object, "item_group_id", "g", &o->group);
    o->has_price = json_double(json_get(object, "price"), &price);
    o->cents = o->has_price ? (int64_t)(price * 100 + .5) : 0;
    o->has_quantity = json_i64(json_get(object, "quantity"), &o->quantity);
    (void)json_i64(json_get(object, "popularity"), &o->popularity);
    for (int i = 0; i < MODEL_CELLS; i++) {
        double value;
        o->has_cell[i] = json_double(json_get_path(object, str_from(CELLS[i])), &value);
        o->cell[i] = o->has_cell[i] ? (int64_t)(i == 0 ? value : value * 100 + .5) : 0;
    }
    const struct json *tags = json_get(object, "tags");
    for (uint32_t i = 0; tags && i < tags->count && i < MODEL_TAGS; i++) {
        o->tags[o->tag_count++] = tags->items[i].text.data[3] - '0';
    }
}

static bool same_object(const struct model_object *a, const struct model_object *b)
{
    if (a->there != b->there || !a->there) {
        return a->there == b->there;
    }
    bool same = a->group == b->group && a->title == b->title && a->brand == b->brand && a->has_price == b->has_price &&
                a->has_quantity == b->has_quantity && a->popularity == b->popularity && a->tag_count == b->tag_count &&
                (!a->has_price || a->cents == b->cents) && (!a->has_quantity || a->quantity == b->quantity);
    for (int i = 0; same && i < MODEL_CELLS; i++) {
        same = a->has_cell[i] == b->has_cell[i] && (!a->has_cell[i] || a->cell[i] == b->cell[i]);
    }
    for (int i = 0; same && i < a->tag_count; i++) {
        same = a->tags[i] == b->tags[i];
    }
    return same;
}

bool model_equal(const struct model *a, const struct model *b)
{
    for (int i = 0; i < MODEL_OBJECTS; i++) {
        if (!same_object(&a->objects[i], &b->objects[i])) {
            return false;
        }
        if ((a->keys_read || b->keys_read) && memcmp(&a->keys[i], &b->keys[i], sizeof(a->keys[i])) != 0) {
            return false;
        }
    }
    return true;
}

static void describe(const struct model_object *o, char *out, size_t size)
{
    if (!o->there) {
        snprintf(out, size, "missing");
    } else {
        snprintf(out, size,
                 "g%d t%d b%d price %d:%lld quantity %d:%lld popularity %lld tags %d berlin %d:%lld vip %d:%lld",
                 o->group, o->title, o->brand, o->has_price, (long long)o->cents, o->has_quantity,
                 (long long)o->quantity, (long long)o->popularity, o->tag_count, o->has_cell[0], (long long)o->cell[0],
                 o->has_cell[1], (long long)o->cell[1]);
    }
}

void model_difference(const struct model *a, const struct model *b, char *out, size_t size)
{
    char x[240];
    char y[240];
    out[0] = '\0';
    for (int i = 0; i < MODEL_OBJECTS; i++) {
        if (!same_object(&a->objects[i], &b->objects[i])) {
            describe(&a->objects[i], x, sizeof(x));
            describe(&b->objects[i], y, sizeof(y));
            snprintf(out + strlen(out), size - strlen(out), "p%d: %s; %s\n", i, x, y);
        }
        const struct model_keys *p = &a->keys[i];
        const struct model_keys *q = &b->keys[i];
        if (memcmp(p, q, sizeof(*p)) != 0) {
            snprintf(out + strlen(out), size - strlen(out), "p%d: keys %d, %d, %d, %d; %d, %d, %d, %d\n", i,
                     p->quantity, p->price, p->cells[0], p->cells[1], q->quantity, q->price, q->cells[0], q->cells[1]);
        }
    }
}

static bool wrong(char *reason, size_t size, int id, const char *what)
{
    snprintf(reason, size, "p%d: %s", id, what);
    return false;
}

/* The columns, flags and facets of a document say what its object says. */
static bool check_columns(const struct snapshot *s, uint32_t segment, doc_id doc, const struct model_object *o)
{
    static const char *const NAMES[] = {"price", "quantity", "popularity"};
    const struct shard *shard = s->segments[segment].shard;
    double want[] = {o->has_price ? (double)o->cents / 100 : -1, o->has_quantity ? (double)o->quantity : -1e9,
                     (double)o->popularity};
    for (int i = 0; i < 3; i++) {
        attr_id attr = dictionary_attr_find(s->dictionary, str_from(NAMES[i]));
        const struct number_column *c = attr == ATTR_NONE ? NULL : shard_number_column(shard, attr);
        int64_t cell = c ? number_of_doc(c, doc) : NUMBER_MISSING;
        bool missing = i == 0 ? !o->has_price : i == 1 ? !o->has_quantity : o->popularity < 0;
        bool none = cell == NUMBER_MISSING;
        if (missing != none) {
            return false;
        }
        if (!none) {
            double have = number_as_double(c, cell);
            if (have < want[i] - 1e-6 || have > want[i] + 1e-6) {
                return false;
            }
        }
    }
    const _Atomic uint64_t *stock = shard_in_stock_bits(shard);
    bool in_stock = stock && (atomic_load(&stock[doc >> 6]) >> (doc & 63) & 1);
    if (in_stock != (!o->has_quantity || o->quantity > 0)) {
        return false;
    }
    attr_id berlin = dictionary_attr_find(s->dictionary, str_from(CELLS[0]));
    const struct dimension *store = berlin == ATTR_NONE ? NULL : dimensions_find(shard_dimensions(shard), berlin);
    if (s->settings->stores.count > 0 && /* else a rebuild is to come */
        (store && dimension_in_stock(store, doc)) != (o->has_cell[0] && o->cell[0] > 0)) {
        return false;
    }
    attr_id brand = dictionary_attr_find(s->dictionary, STR("brand"));
    struct docset set;
    char name[32];
    snprintf(name, sizeof(name), "Brand %d", o->brand);
    facet_code code = brand == ATTR_NONE ? FACET_NONE : dictionary_value_find(s->dictionary, brand, str_from(name));
    bool in_set =
        o->brand >= 0 && code != FACET_NONE && shard_facet_set(shard, brand, code, &set) && docset_contains(&set, doc);
    return in_set == (o->brand >= 0);
}

bool model_read(const struct snapshot *s, struct model *out, char *reason, size_t reason_size)
{
    struct arena arena;
    bool groups[MODEL_GROUPS] = {false};
    uint64_t docs = 0;
    uint64_t products = 0;
    bool fine = true;
    memset(out, 0, sizeof(*out));
    arena_init(&arena, 0);
    for (int i = 0; s && i < MODEL_OBJECTS && fine; i++) {
        uint32_t segment;
        doc_id doc;
        struct json object;
        struct error err;
        struct model_object *o = &out->objects[i];
        if (!snapshot_find(s, arena_printf(&arena, "p%d", i), &segment, &doc)) {
            continue;
        }
        if (snapshot_object(s, segment, doc, &arena, &object, &err) != STATUS_OK) {
            fine = wrong(reason, reason_size, i, err.message);
            break;
        }
        read_object(&object, o);
        docs++;
        products += o->group < 0 || !groups[o->group];
        if (o->group >= 0) {
            groups[o->group] = true;
        }
        if (!check_columns(s, segment, doc, o)) {
            struct buf text = BUF_EMPTY;
            json_write(&text, &object);
            buf_append_char(&text, '\0');
            snprintf(reason, reason_size, "p%d: columns, stock or facets contradict %s", i, text.data);
            buf_release(&text);
            fine = false;
        }
    }
    if (fine && s && (s->live_docs != docs || s->live_groups != products)) {
        snprintf(reason, reason_size, "%llu objects and %llu products are there, the counts say %llu and %llu",
                 (unsigned long long)docs, (unsigned long long)products, (unsigned long long)s->live_docs,
                 (unsigned long long)s->live_groups);
        fine = false;
    }
    arena_release(&arena);
    return fine;
}

static int key_of(struct live *l, int id, const char *attribute)
{
    char name[16];
    uint64_t key;
    snprintf(name, sizeof(name), "p%d", id);
    if (!live_order_key(l, STR(MODEL_INDEX), str_from(name), str_from(attribute), &key)) {
        return 0;
    }
    return key > MODEL_KEY_MAX ? MODEL_KEY_NOW : (int)key;
}

void model_read_keys(struct live *l, struct model *out)
{
    out->keys_read = true;
    for (int i = 0; i < MODEL_OBJECTS; i++) {
        out->keys[i].quantity = key_of(l, i, "quantity");
        out->keys[i].price = key_of(l, i, "price");
        for (int k = 0; k < MODEL_CELLS; k++) {
            out->keys[i].cells[k] = key_of(l, i, CELLS[k]);
        }
    }
}

/* ---- driving an index ---- */

static bool is_lane(const struct model_op *op)
{
    return op->kind >= MODEL_LANE_SET;
}

/* An update of the lane, with room for its values. */
static void model_to_update(const struct model_op *op, struct arena *arena, struct live_update *out)
{
    struct json_member *values = ARENA_ARRAY(arena, struct json_member, 2);
    *out = (struct live_update){.values = values, .value_count = 1, .kind = UPDATE_DECREMENT, .flags = UPDATE_MIN};
    out->object_id = arena_printf(arena, "p%d", op->id);
    values[0] = (struct json_member){STR("quantity"), number(arena, op->given.quantity + 1)};
    if (op->kind == MODEL_LANE_SET) {
        values[0].value = number(arena, op->given.quantity);
        values[1] = (struct json_member){STR("price"), cents_json(arena, op->given.cents)};
        out->value_count = 2;
        out->kind = UPDATE_SET;
        out->flags = UPDATE_TIMESTAMP;
        out->key = (uint64_t)op->key;
    }
    if (op->kind == MODEL_LANE_TAKE) {
        values[0].name = str_from(CELLS[0]);
    } else if (op->kind > MODEL_LANE_SELL) {
        int first = op->kind == MODEL_LANE_DROP;
        out->value_count = (uint8_t)(MODEL_CELLS - first);
        for (int i = first; i < MODEL_CELLS; i++) {
            values[i - first] = (struct json_member){str_from(CELLS[i]), {0}};
            if (!first) {
                values[i].value = cell_json(arena, i, op->given.cell[i]);
            }
        }
        out->kind = UPDATE_SET;
        out->flags = UPDATE_TIMESTAMP;
        out->key = (uint64_t)op->key;
    }
}

static enum status submit_updates(struct live *l, const struct model_op *ops, size_t count)
{
    struct live_update list[MODEL_OPS];
    struct live_updates batch = {.index = STR(MODEL_INDEX), .items = list, .count = count};
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < count; i++) {
        model_to_update(&ops[i], &arena, &list[i]);
    }
    enum status status = live_update_wait(l, &batch);
    arena_release(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* no index yet: nothing is there to be changed */
}

static enum status submit_writes(struct live *l, const struct model_op *ops, size_t count)
{
    struct live_batch batch = {0};
    struct live_op list[MODEL_OPS];
    arena_init(&batch.arena, 0);
    for (size_t i = 0; i < count; i++) {
        model_to_live(&ops[i], &batch, &list[i]);
    }
    batch.ops = list;
    batch.op_count = count;
    enum status status = live_submit_wait(l, &batch);
    arena_release(&batch.arena);
    return status;
}

enum status model_submit(struct live *l, const struct model_op *ops, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t from = 0, to; from < count && status == STATUS_OK; from = to) {
        for (to = from + 1; to < count && is_lane(&ops[to]) == is_lane(&ops[from]); to++) {
        }
        status = (is_lane(&ops[from]) ? submit_updates : submit_writes)(l, &ops[from], to - from);
    }
    return status;
}

enum status model_settings(struct live *l, const char *text)
{
    struct live_batch batch = {0};
    struct live_op op = {.kind = LIVE_SETTINGS, .index = STR(MODEL_INDEX)};
    struct error err;
    arena_init(&batch.arena, 0);
    enum status status = json_parse(str_from(text), &batch.arena, &op.body, &err);
    batch.ops = &op;
    batch.op_count = 1;
    status = status == STATUS_OK ? live_submit_wait(l, &batch) : status;
    status = status == STATUS_OK ? op.status : status;
    if (status == STATUS_INPUT) {
        fprintf(stderr, "settings: %s\n", op.message);
    }
    arena_release(&batch.arena);
    return status;
}

enum status model_open(struct live **l, const char *dir, uint64_t checkpoint_ms, struct error *err)
{
    struct live_options options = {
        .data_dir = dir, .create = true, .checkpoint_ms = checkpoint_ms, .log_segment_bytes = 8192};
    return live_open(l, &options, err);
}
