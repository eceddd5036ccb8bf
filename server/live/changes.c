#include "server/live/changes.h"

#include <string.h>

#include "indexer/base/limits.h"
#include "indexer/build/shard_build.h"
#include "server/live/changes_cells.h"
#include "server/live/lane.h"

void changes_init(struct changes *c, struct live_index *index)
{
    memset(c, 0, sizeof(*c));
    c->index = index;
    c->base = &index_current(index)->s;
    arena_init(&c->arena, 0);
    map_init(&c->ids);
    c->cells = index->inventory->spare_cells;
    c->keys = index->inventory->spare_keys;
    index->inventory->spare_cells = (struct cells){0};
    index->inventory->spare_keys = (struct pending_keys){0};
}

/* The next group's tables need not grow again. */
static void give_back(struct changes *c)
{
    struct inventory *v = c->index->inventory;
    cells_release(&v->spare_cells);
    pending_keys_release(&v->spare_keys);
    cells_clear(&c->cells);
    pending_keys_clear(&c->keys);
    v->spare_cells = c->cells;
    v->spare_keys = c->keys;
    c->cells = (struct cells){0};
    c->keys = (struct pending_keys){0};
}

void changes_release(struct changes *c)
{
    shared_drop(SHARED(c->built));
    vec_release(&c->dead);
    vec_release(&c->absorbed);
    cells_release(&c->store_cells);
    vec_release(&c->store_keys);
    vec_release(&c->written_keys);
    pending_keys_release(&c->written_by_tag);
    give_back(c);
    vec_release(&c->held);
    vec_release(&c->due);
    vec_release(&c->gone);
    lane_free(c->lane);
    vec_release(&c->items);
    map_release(&c->ids);
    arena_release(&c->arena);
}

bool changes_empty(const struct changes *c)
{
    return c->items.count == 0 && c->cells.items.count == 0 && c->store_cells.items.count == 0 &&
           c->keys.items.count == 0 && c->held.count == 0 && c->gone.count == 0;
}

struct change *changes_find(const struct changes *c, struct str id)
{
    uint64_t *at = c->items.count ? map_get(&c->ids, id) : NULL;
    return at ? &c->items.items[*at] : NULL;
}

struct change *changes_of(struct changes *c, struct str id)
{
    bool added;
    uint64_t *at = map_put(&c->ids, id, c->items.count, &added);
    if (!added) {
        return &c->items.items[*at];
    }
    struct change x = {.id = arena_copy(&c->arena, id)};
    if (!snapshot_find(c->base, id, &x.segment, &x.doc)) {
        x.doc = DOC_NONE;
    }
    vec_push(&c->items, x);
    return &c->items.items[c->items.count - 1];
}

static const struct number_column *column_of(const struct changes *c, uint32_t segment, attr_id attr)
{
    return shard_number_column(c->base->segments[segment].shard, attr);
}

enum status changes_load(struct changes *c, struct change *x, struct error *err)
{
    if (x->loaded) {
        return STATUS_OK;
    }
    enum status status = snapshot_object_source(c->base, x->segment, x->doc, &c->arena, &x->object, err);
    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = cells_first(&c->cells, x->segment, x->doc); i != CELL_NONE; i = c->cells.items.items[i].next) {
        const struct cell_change *cell = &c->cells.items.items[i];
        struct json value = number_json(column_of(c, cell->segment, cell->attr), cell->value, &c->arena);
        (void)!json_object_set(&x->object, dictionary_attr(c->base->dictionary, cell->attr)->name, value, &c->arena);
    }
    changes_cells_load(c, x);
    x->loaded = true;
    return STATUS_OK;
}

static bool is_cut(const struct shard *shard, attr_id attr)
{
    uint32_t count;
    const attr_id *cut = shard_cut_attributes(shard, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (cut[i] == attr) {
            return true;
        }
    }
    return false;
}

/* The column of a member of the object's shard, when the object has a cell in it. */
static const struct number_column *cell_column(const struct changes *c, const struct change *x, struct str name,
                                               attr_id *attr)
{
    *attr = dictionary_attr_find(c->base->dictionary, name);
    if (*attr == ATTR_NONE || str_find_char(name, '.') != SIZE_MAX) {
        return NULL; /* a dotted name may also stand for a member of a member */
    }
    const struct number_column *column = shard_number_column(c->base->segments[x->segment].shard, *attr);
    return number_index(column, x->doc) == NUMBER_NO_CELL ? NULL : column;
}

/* The member as the object's cell has it. False when there is no cell or it is empty: the stored object may then have a
 * value of another type under the name. */
static bool published_cell(struct changes *c, const struct change *x, struct str name, const struct json **out)
{
    attr_id attr;
    const struct number_column *column = cell_column(c, x, name, &attr);
    const struct shard *shard = c->base->segments[x->segment].shard;
    const struct cell_change *pending = column ? cells_find(&c->cells, x->segment, x->doc, attr) : NULL;
    int64_t value = pending ? pending->value : column ? number_of_doc(column, x->doc) : NUMBER_MISSING;
    if (value == NUMBER_MISSING || (!pending && !is_cut(shard, attr)) ||
        shard_check_attribute(shard, attr, NULL) != STATUS_OK) {
        return false;
    }
    struct json *number = ARENA_NEW(&c->arena, struct json);
    *number = number_json(column, value, &c->arena);
    *out = number;
    return true;
}

enum status changes_member(struct changes *c, struct change *x, struct str name, const struct json **out,
                           struct error *err)
{
    if (changes_cell_named(c, name)) {
        return changes_cell_member(c, x, name, out, err);
    }
    if (!x->loaded && published_cell(c, x, name, out)) {
        return STATUS_OK;
    }
    enum status status = changes_load(c, x, err);
    *out = status == STATUS_OK ? json_get_str(&x->object, name) : NULL;
    return status;
}

void changes_put(struct changes *c, struct change *x, const struct json *object)
{
    x->object = *object;
    x->loaded = true;
    x->deleted = false;
    c->whole_count += !x->whole;
    x->whole = true;
}

void changes_delete(struct changes *c, struct change *x)
{
    c->whole_count -= x->whole;
    x->whole = false;
    x->loaded = false;
    x->deleted = true;
}

/* Whether the cell alone says what the member is: a cut one that has a number does, else the stored object must have a
 * number or nothing under the name. */
static bool cell_decides(struct changes *c, struct change *x, const struct number_column *column, attr_id attr)
{
    const struct shard *shard = c->base->segments[x->segment].shard;
    if (shard_check_attribute(shard, attr, NULL) != STATUS_OK) {
        return false;
    }
    if (is_cut(shard, attr) && number_of_doc(column, x->doc) != NUMBER_MISSING) {
        return true;
    }
    if (changes_load(c, x, NULL) != STATUS_OK) {
        return false;
    }
    const struct json *stored = json_get_str(&x->object, dictionary_attr(c->base->dictionary, attr)->name);
    return !stored || stored->type == JSON_NUMBER || stored->type == JSON_NULL;
}

/* What a cell may hold of a member: a number, or a flag where flags are cells. */
static bool cell_text(const struct changes *c, const struct member_change *m, struct str *text)
{
    const struct settings *s = c->index->settings->settings;
    *text = m->value.type == JSON_NUMBER ? m->value.text : m->value.type == JSON_TRUE ? STR("true") : STR("false");
    return (m->value.type == JSON_NUMBER || (json_is_bool(&m->value) && settings_flag_cells(s, m->name))) &&
           settings_in_place(s, m->name);
}

/* The cells that hold the members, or false when one has none that can. */
static bool find_cells(struct changes *c, struct change *x, const struct member_change *members, size_t count,
                       struct member_cell *out)
{
    for (size_t i = 0; i < count; i++) {
        if (changes_cell_named(c, members[i].name)) {
            if (!changes_cell_find(c, x, &members[i], &out[i])) {
                return false;
            }
            continue;
        }
        out[i].dimension = false;
        const struct number_column *column = cell_column(c, x, members[i].name, &out[i].attr);
        struct str text;
        if (!column || !cell_text(c, &members[i], &text) || !number_cell_of_text(column, text, &out[i].value) ||
            !cell_decides(c, x, column, out[i].attr)) {
            return false;
        }
    }
    return true;
}

static void put_cell(struct changes *c, struct change *x, const struct member_cell *cell)
{
    if (cell->dimension) {
        changes_cell_put(c, x, cell);
        return;
    }
    cells_put(&c->cells, x->segment, x->doc, cell->attr, cell->value);
    if (x->loaded) {
        struct json value = number_json(column_of(c, x->segment, cell->attr), cell->value, &c->arena);
        (void)!json_object_set(&x->object, dictionary_attr(c->base->dictionary, cell->attr)->name, value, &c->arena);
    }
}

static bool object_too_large(const struct json *object)
{
    struct buf text;
    buf_init(&text, LIMIT_OBJECT_BYTES);
    json_write(&text, object);
    bool large = text.failed;
    buf_release(&text);
    return large;
}

enum { IN_PLACE_MAX = 16 };

enum status changes_members(struct changes *c, struct change *x, const struct member_change *members, size_t count,
                            struct error *err)
{
    struct member_cell cells[IN_PLACE_MAX];
    if (!x->whole && count <= IN_PLACE_MAX && find_cells(c, x, members, count, cells)) {
        for (size_t i = 0; i < count; i++) {
            put_cell(c, x, &cells[i]);
        }
        return STATUS_OK;
    }
    enum status status = changes_load(c, x, err);
    if (status != STATUS_OK) {
        return status;
    }
    struct json object = json_clone(&x->object, &c->arena);
    for (size_t i = 0; i < count; i++) {
        if (!changes_cell_write(c, x, &object, &members[i])) {
            return error_set(err, STATUS_LIMIT, "out of memory for an object");
        }
    }
    if (object_too_large(&object)) {
        return error_set(err, STATUS_LIMIT, "object '" STR_FMT "' would be larger than %u bytes", STR_ARG(x->id),
                         LIMIT_OBJECT_BYTES);
    }
    changes_put(c, x, &object);
    return STATUS_OK;
}

uint64_t changes_key_of(struct changes *c, struct str id, struct str name)
{
    uint64_t key = changes_key(c, order_tag(hash64(id.data, id.size), hash64(name.data, name.size)));
    uint64_t cell = changes_cell_named(c, name) ? changes_cell_key(c, id, name) : 0;
    return key > cell ? key : cell;
}

/* ---- order keys ---- */

uint64_t changes_key(const struct changes *c, uint64_t tag)
{
    uint64_t key = pending_keys_get(&c->keys, tag);
    return key ? key : order_get(&c->index->inventory->keys, tag);
}

void changes_lift_keys(struct changes *c, struct str id, const struct json *object, int64_t now_ms)
{
    const struct settings *s = c->index->settings->settings;
    uint64_t object_hash = hash64(id.data, id.size);
    changes_cells_lift(c, id, object, now_ms);
    if (c->index->inventory->keys.count + c->keys.items.count == 0) {
        return;
    }
    for (size_t i = 0; i < s->mutable_count; i++) {
        const struct mutable_setting *m = &s->mutable_attributes[i];
        uint64_t tag = order_tag(object_hash, hash64(m->attribute.data, m->attribute.size));
        uint64_t key = changes_key(c, tag);
        if (key && !m->by_version && key < (uint64_t)now_ms + 1 && json_get_str(object, m->attribute)) {
            pending_keys_put(&c->keys, tag, (uint64_t)now_ms + 1);
        }
    }
}

static void record_keys(struct changes *c, const struct record *r)
{
    uint64_t object_hash = hash64(r->id.data, r->id.size);
    for (size_t i = 0; i < r->member_count; i++) {
        const struct member_change *m = &r->members[i];
        if (m->key && !changes_cell_named(c, m->name)) {
            pending_keys_put(&c->keys, order_tag(object_hash, hash64(m->name.data, m->name.size)), m->key);
        }
    }
}

/* ---- records ---- */

/* What was done of a stream; while a generation is staged its index has nothing to note that in. */
static void record_item(struct changes *c, const struct record *r)
{
    struct inventory *v = c->index->inventory;
    if ((r->flags & RECORD_ITEM) && v->replayed) {
        stream_note(&v->streams, v->replayed, r->item, true);
        streams_keep(&v->streams);
    }
}

static void record_hold(struct changes *c, const struct record *r)
{
    struct held_change held = {arena_copy(&c->arena, r->id), arena_copy(&c->arena, r->text), r->wall_ms};
    vec_push(&c->held, held);
}

static enum status record_object(struct changes *c, const struct record *r, struct error *err)
{
    struct json object;
    struct str id;
    struct str text = arena_copy(&c->arena, r->text);
    enum status status = json_parse(text, &c->arena, &object, err);
    if (status != STATUS_OK || !object_id(&object, &id)) {
        return error_set(err, STATUS_FORMAT, "log record %llu holds no object", (unsigned long long)r->seq);
    }
    changes_lift_keys(c, id, &object, r->wall_ms);
    changes_put(c, changes_of(c, id), &object);
    return STATUS_OK;
}

static enum status record_members(struct changes *c, const struct record *r, struct error *err)
{
    struct change *x = changes_of(c, r->id);
    if (change_exists(x)) {
        enum status status = changes_members(c, x, r->members, r->member_count, err);
        if (status == STATUS_OK) {
            record_keys(c, r);
        }
        return status;
    }
    if (!(r->flags & RECORD_CREATED)) {
        return STATUS_OK; /* of an object that a newer feed does not have */
    }
    struct json object = {.type = JSON_OBJECT};
    bool ok = json_object_set(&object, STR("objectID"), json_of_str(x->id), &c->arena);
    for (size_t i = 0; i < r->member_count && ok; i++) {
        ok = changes_cell_write(c, x, &object, &r->members[i]);
    }
    changes_put(c, x, &object);
    return ok ? STATUS_OK : error_set(err, STATUS_LIMIT, "out of memory for an object");
}

enum status changes_record(struct changes *c, const struct record *r, struct error *err)
{
    switch (r->kind) {
    case RECORD_PUT:
        return record_object(c, r, err);
    case RECORD_UPDATE:
        record_item(c, r);
        return record_members(c, r, err);
    case RECORD_PARTIAL:
        return record_members(c, r, err);
    case RECORD_STREAM:
        c->index->inventory->replayed = streams_open(&c->index->inventory->streams, r->stream, r->wall_ms);
        return STATUS_OK;
    case RECORD_HELD:
        record_item(c, r);
        record_hold(c, r);
        return STATUS_OK;
    case RECORD_RELEASE: {
        struct str id = arena_copy(&c->arena, r->id);
        vec_push(&c->gone, id);
        return STATUS_OK;
    }
    case RECORD_DELETE:
        changes_delete(c, changes_of(c, r->id));
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}
