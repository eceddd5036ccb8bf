#include "server/live/changes_cells.h"

#include <stdlib.h>

#include "indexer/base/rcu.h"
#include "indexer/build/object_cells.h"

/* ---- names and places ---- */

static const struct settings *settings_of(const struct changes *c)
{
    return c->index->settings->settings;
}

bool changes_cell_named(const struct changes *c, struct str name)
{
    return settings_dimension_kind(settings_of(c), name) != DIMENSION_NONE;
}

static const struct dimensions *dimensions_of(const struct changes *c, uint32_t segment)
{
    return shard_dimensions(c->base->segments[segment].shard);
}

static attr_id attribute_in(struct vocabulary *v, struct str name)
{
    attr_id attr = dictionary_attr_find(v->dictionary, name);
    if (attr == ATTR_NONE) {
        pthread_mutex_lock(&v->lock);
        attr = dictionary_attr_add(v->dictionary, &(struct attribute){.name = name});
        pthread_mutex_unlock(&v->lock);
    }
    return attr;
}

attr_id changes_cell_attribute(struct changes *c, struct str name)
{
    return attribute_in(c->index->vocabulary, name);
}

/* The cell as the group leaves it. */
static struct dimension_cell cell_of(const struct changes *c, const struct doc_place *at, attr_id attr)
{
    const struct dimension *d = dimensions_find(dimensions_of(c, at->segment), attr);
    const struct cell_change *pending = cells_find(&c->store_cells, at->segment, at->doc, attr);
    struct dimension_cell cell = {at->doc, NUMBER_MISSING, 0};
    if (d) {
        (void)dimension_find(d, at->doc, &cell);
    }
    if (pending) {
        uint64_t key = c->store_keys.items[pending - c->store_cells.items.items];
        cell.value = pending->value;
        cell.key = key ? key : cell.key;
    }
    return cell;
}

bool changes_cell_read(const struct changes *c, const struct doc_place *at, attr_id attr, struct dimension_cell *out)
{
    if (attr == ATTR_NONE || dimensions_check(dimensions_of(c, at->segment), attr, NULL) != STATUS_OK) {
        return false;
    }
    *out = cell_of(c, at, attr);
    return true;
}

static enum status check(const struct changes *c, const struct change *x, attr_id attr, struct error *err)
{
    return dimensions_check(dimensions_of(c, x->segment), attr, err);
}

/* ---- objects ---- */

/* Without the member when the value is missing. */
static bool set_in_object(const struct changes *c, struct json *object, struct str path, int64_t value,
                          struct arena *arena)
{
    size_t dot = str_find_char(path, '.');
    struct str member = str_slice(path, 0, dot);
    const struct json *there = json_get_str(object, member);
    bool store = settings_dimension_kind(settings_of(c), path) == DIMENSION_STORE;
    (void)json_object_remove(object, path);
    if (value != NUMBER_MISSING) {
        return snapshot_put_cell(object, path, store, value, arena);
    }
    if (!there || there->type != JSON_OBJECT) {
        return true;
    }
    struct json cells = json_clone(there, arena);
    (void)json_object_remove(&cells, str_slice(path, dot + 1, path.size));
    return json_object_set(object, member, cells, arena);
}

/* A key that lies with the cell once its object is built. */
static void write_key(struct changes *c, struct str id, struct str name, uint64_t key)
{
    uint64_t tag = order_tag(hash64(id.data, id.size), hash64(name.data, name.size));
    struct cell_key written = {arena_copy(&c->arena, id), changes_cell_attribute(c, name), tag, key};
    vec_push(&c->written_keys, written);
    pending_keys_put(&c->written_by_tag, tag, key);
}

bool changes_cell_write(struct changes *c, const struct change *x, struct json *object, const struct member_change *m)
{
    struct str name = arena_copy(&c->arena, m->name);
    int64_t value = NUMBER_MISSING;
    enum dimension_kind kind = settings_dimension_kind(settings_of(c), name);
    bool cell = kind != DIMENSION_NONE && (m->value.type == JSON_NULL || object_cell(&m->value, kind, &value));
    if (kind != DIMENSION_NONE && m->key) {
        write_key(c, x->id, name, m->key);
    }
    if (cell) {
        return set_in_object(c, object, name, value, &c->arena);
    }
    return json_object_set(object, name, json_clone(&m->value, &c->arena), &c->arena);
}

void changes_cells_load(struct changes *c, struct change *x)
{
    const struct cell_change *items = c->store_cells.items.items;
    for (uint32_t i = cells_first(&c->store_cells, x->segment, x->doc); i != CELL_NONE; i = items[i].next) {
        struct str name = dictionary_attr(c->index->vocabulary->dictionary, items[i].attr)->name;
        (void)!set_in_object(c, &x->object, name, items[i].value, &c->arena);
    }
}

/* ---- one cell ---- */

enum status changes_cell_member(struct changes *c, struct change *x, struct str name, const struct json **out,
                                struct error *err)
{
    attr_id attr = changes_cell_attribute(c, name);
    *out = NULL;
    if (x->loaded || attr == ATTR_NONE) {
        enum status loaded = changes_load(c, x, err);
        *out = loaded == STATUS_OK ? json_get_path(&x->object, name) : NULL;
        return loaded;
    }
    enum status status = check(c, x, attr, err);
    int64_t value =
        status == STATUS_OK ? cell_of(c, &(struct doc_place){x->segment, x->doc}, attr).value : NUMBER_MISSING;
    if (value != NUMBER_MISSING) {
        bool store = settings_dimension_kind(settings_of(c), name) == DIMENSION_STORE;
        struct buf text = BUF_EMPTY;
        struct json *number = ARENA_NEW(&c->arena, struct json);
        decimal_write(&text, value, store ? DIMENSION_STORE_SCALE : DIMENSION_PRICE_SCALE);
        *number = json_number_text(arena_copy(&c->arena, buf_str(&text)));
        buf_release(&text);
        *out = number;
    }
    return status;
}

bool changes_cell_find(struct changes *c, struct change *x, const struct member_change *m, struct member_cell *out)
{
    enum dimension_kind kind = settings_dimension_kind(settings_of(c), m->name);
    *out = (struct member_cell){changes_cell_attribute(c, m->name), NUMBER_MISSING, true, m->key};
    return x->doc != DOC_NONE && out->attr != ATTR_NONE &&
           (m->value.type == JSON_NULL || object_cell(&m->value, kind, &out->value)) &&
           check(c, x, out->attr, NULL) == STATUS_OK;
}

bool changes_cell_fits(const struct changes *c, const struct member_change *m)
{
    int64_t value;
    return m->value.type == JSON_NULL ||
           object_cell(&m->value, settings_dimension_kind(settings_of(c), m->name), &value);
}

void changes_cell_store(struct changes *c, const struct doc_place *at, const struct member_cell *cell)
{
    size_t i = cells_put(&c->store_cells, at->segment, at->doc, cell->attr, cell->value);
    while (c->store_keys.count <= i) {
        vec_push(&c->store_keys, 0);
    }
    c->store_keys.items[i] = cell->key ? cell->key : c->store_keys.items[i];
}

void changes_cell_put(struct changes *c, struct change *x, const struct member_cell *cell)
{
    changes_cell_store(c, &(struct doc_place){x->segment, x->doc}, cell);
    if (x->loaded) {
        struct str name = dictionary_attr(c->index->vocabulary->dictionary, cell->attr)->name;
        (void)!set_in_object(c, &x->object, name, cell->value, &c->arena);
    }
}

uint64_t changes_cell_key(struct changes *c, struct str id, struct str name)
{
    attr_id attr = changes_cell_attribute(c, name);
    const struct change *x = changes_of(c, id);
    uint64_t tag = order_tag(hash64(id.data, id.size), hash64(name.data, name.size));
    uint64_t written = c->written_keys.count ? pending_keys_get(&c->written_by_tag, tag) : 0;
    if (attr == ATTR_NONE || x->doc == DOC_NONE || check(c, x, attr, NULL) != STATUS_OK) {
        return written;
    }
    uint64_t key = cell_of(c, &(struct doc_place){x->segment, x->doc}, attr).key;
    return key > written ? key : written;
}

bool changes_cell_now(const struct live_index *x, struct str id, struct str name, struct dimension_cell *out)
{
    const struct snapshot *s = &index_current(x)->s;
    attr_id attr = dictionary_attr_find(s->dictionary, name);
    uint32_t segment;
    doc_id doc;
    if (attr == ATTR_NONE || !snapshot_find(s, id, &segment, &doc)) {
        return false;
    }
    const struct dimensions *all = shard_dimensions(s->segments[segment].shard);
    const struct dimension *d = dimensions_find(all, attr);
    return d && dimensions_check(all, attr, NULL) == STATUS_OK && dimension_find(d, doc, out);
}

/* ---- publication ---- */

/* A cell of the group and where it goes. */
struct placed {
    uint32_t segment;
    attr_id attr;
    struct dimension_cell cell;
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;
    if (x->segment != y->segment) {
        return x->segment < y->segment ? -1 : 1;
    }
    if (x->attr != y->attr) {
        return x->attr < y->attr ? -1 : 1;
    }
    return x->cell.doc < y->cell.doc ? -1 : x->cell.doc > y->cell.doc;
}

static void store_placed(struct changes *c, const struct placed *list, size_t count)
{
    struct dimension_cell *run = xrealloc_array(NULL, count + 1, sizeof(*run));
    for (size_t i = 0, end = 0; i < count; i = end) {
        struct str name = dictionary_attr(c->index->vocabulary->dictionary, list[i].attr)->name;
        struct live_segment *s = c->index->segments.items[list[i].segment].segment;
        bool store = settings_dimension_kind(settings_of(c), name) == DIMENSION_STORE;
        for (end = i; end < count && list[end].segment == list[i].segment && list[end].attr == list[i].attr; end++) {
            run[end - i] = list[end].cell;
            segment_touch(s, list[end].cell.doc);
        }
        dimensions_set(shard_dimensions(s->shard), list[i].attr, store, run, (uint32_t)(end - i));
    }
    free(run);
}

static void store_cells(struct changes *c)
{
    size_t count = c->store_cells.items.count;
    if (count == 0) {
        return;
    }
    struct placed *list = xrealloc_array(NULL, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        const struct cell_change *cell = &c->store_cells.items.items[i];
        list[i] = (struct placed){cell->segment, cell->attr, {cell->doc, cell->value, c->store_keys.items[i]}};
    }
    qsort(list, count, sizeof(*list), by_place);
    store_placed(c, list, count);
    free(list);
    c->index->changed = true;
}

/* The keys of a document that is in the segment that was built now. */
static void carry_keys(struct changes *c, const struct change *x, struct shard *built, doc_id doc)
{
    const struct dimensions *from = dimensions_of(c, x->segment);
    struct dimensions *to = shard_dimensions(built);
    for (uint32_t a = 0, n = dimensions_limit(from); a < n; a++) {
        const struct dimension *d = dimensions_find(from, (attr_id)a);
        const struct dimension *there = dimensions_find(to, (attr_id)a);
        struct dimension_cell cell;
        struct dimension_cell now = {doc, NUMBER_MISSING, 0};
        if (!d || !dimension_find(d, x->doc, &cell) || cell.key == 0) {
            continue;
        }
        if (there) {
            (void)dimension_find(there, doc, &now);
        }
        bool store = dimension_is_store(d);
        now.key = now.key > cell.key ? now.key : cell.key;
        dimensions_set(to, (attr_id)a, store, &now, 1);
    }
}

/* An object that is gone keeps its keys in the table. */
static void spill_keys(struct changes *c, const struct change *x)
{
    const struct dimensions *from = dimensions_of(c, x->segment);
    uint64_t object_hash = hash64(x->id.data, x->id.size);
    for (uint32_t a = 0, n = dimensions_limit(from); a < n; a++) {
        const struct dimension *d = dimensions_find(from, (attr_id)a);
        struct str name = d ? dictionary_attr(c->index->vocabulary->dictionary, (attr_id)a)->name : STR("");
        struct dimension_cell cell;
        if (d && dimension_find(d, x->doc, &cell) && cell.key) {
            uint64_t tag = order_tag(object_hash, hash64(name.data, name.size));
            uint64_t have = changes_key(c, tag);
            pending_keys_put(&c->keys, tag, have > cell.key ? have : cell.key);
        }
    }
}

/* Those that updates gave to cells of objects that were written anew. */
static void set_written_keys(struct changes *c)
{
    for (size_t i = 0; i < c->written_keys.count; i++) {
        const struct cell_key *k = &c->written_keys.items[i];
        struct dimensions *all = c->built ? shard_dimensions(c->built->shard) : NULL;
        doc_id doc = c->built && k->attr != ATTR_NONE ? shard_find(c->built->shard, k->id) : DOC_NONE;
        if (doc == DOC_NONE) {
            uint64_t have = changes_key(c, k->tag);
            pending_keys_put(&c->keys, k->tag, have > k->key ? have : k->key);
            continue;
        }
        const struct dimension *d = dimensions_find(all, k->attr);
        struct dimension_cell cell = {doc, NUMBER_MISSING, 0};
        if (d) {
            (void)dimension_find(d, doc, &cell);
        }
        if (cell.key < k->key) {
            cell.key = k->key;
            struct str name = dictionary_attr(c->index->vocabulary->dictionary, k->attr)->name;
            dimensions_set(all, k->attr, settings_dimension_kind(settings_of(c), name) == DIMENSION_STORE, &cell, 1);
        }
    }
}

void changes_cells_publish(struct changes *c)
{
    store_cells(c);
    for (size_t i = 0; i < c->items.count; i++) {
        const struct change *x = &c->items.items[i];
        if (x->doc == DOC_NONE || dimensions_limit(dimensions_of(c, x->segment)) == 0) {
            continue;
        }
        doc_id doc = c->built ? shard_find(c->built->shard, x->id) : DOC_NONE;
        if (doc != DOC_NONE) {
            carry_keys(c, x, c->built->shard, doc);
        } else if (x->deleted && !x->whole) {
            spill_keys(c, x);
        }
    }
    set_written_keys(c);
}

static void spill_cells(struct order_keys *to, const struct snapshot *s, uint32_t segment,
                        const struct doc_place *places);

void changes_cells_spill(struct live_index *x)
{
    const struct index_snapshot *now = index_current(x);
    for (uint32_t i = 0; now && i < now->s.segment_count; i++) {
        spill_cells(&x->inventory->keys, &now->s, i, NULL);
    }
}

void changes_cells_lift(struct changes *c, struct str id, const struct json *object, int64_t now_ms)
{
    const struct settings *s = settings_of(c);
    for (int k = 0; k < 2; k++) {
        const struct dimension_list *list = k == 0 ? &s->stores : &s->price_lists;
        const struct json *cells = list->count ? json_get_str(object, list->attribute) : NULL;
        for (uint32_t i = 0; cells && cells->type == JSON_OBJECT && i < cells->count; i++) {
            struct str name =
                arena_printf(&c->arena, STR_FMT "." STR_FMT, STR_ARG(list->attribute), STR_ARG(cells->members[i].name));
            uint64_t key = changes_key_of(c, id, name);
            if (key && !list->mutable_as.by_version && key < (uint64_t)now_ms + 1) {
                write_key(c, id, name, (uint64_t)now_ms + 1);
            }
        }
    }
}

/* ---- merges and generations ---- */

void changes_cells_copy(const struct shard *from, doc_id old, const struct shard *to, doc_id doc)
{
    const struct dimensions *all = shard_dimensions(from);
    for (uint32_t a = 0, n = dimensions_limit(all); a < n; a++) {
        const struct dimension *d = dimensions_find(all, (attr_id)a);
        const struct dimension *there = dimensions_find(shard_dimensions(to), (attr_id)a);
        struct dimension_cell cell;
        struct dimension_cell now;
        if (!d || !dimension_find(d, old, &cell)) {
            continue;
        }
        cell.doc = doc;
        bool same = there && dimension_find(there, doc, &now) && now.value == cell.value && now.key == cell.key;
        if (!same) {
            dimensions_set(shard_dimensions(to), (attr_id)a, dimension_is_store(d), &cell, 1);
        }
    }
}

/* Keys on their way to a table: of documents that have no other place. */
struct spilling {
    struct order_keys *to;
    const struct segment *g;
    const struct doc_place *places; /* NULL: none has */
    uint64_t name_hash;
};

static void spill_cell(void *context, const struct dimension_cell *cell)
{
    struct spilling *k = context;
    if (cell->key == 0 || segment_deleted(k->g, cell->doc) || (k->places && k->places[cell->doc].doc != DOC_NONE)) {
        return;
    }
    struct str id = shard_object_id(k->g->shard, cell->doc);
    uint64_t tag = order_tag(hash64(id.data, id.size), k->name_hash);
    uint64_t have = order_get(k->to, tag);
    order_put(k->to, tag, have > cell->key ? have : cell->key);
}

static void spill_cells(struct order_keys *to, const struct snapshot *s, uint32_t segment,
                        const struct doc_place *places)
{
    struct spilling k = {.to = to, .g = &s->segments[segment], .places = places};
    const struct dimensions *all = shard_dimensions(k.g->shard);
    for (uint32_t a = 0, n = dimensions_limit(all); a < n; a++) {
        enum rcu_hold hold = rcu_hold();
        const struct dimension *d = dimensions_find(all, (attr_id)a);
        if (d && dimension_is_changed(d)) {
            struct str name = dictionary_attr(s->dictionary, (attr_id)a)->name;
            k.name_hash = hash64(name.data, name.size);
            dimension_each(d, spill_cell, &k);
        }
        rcu_let_go(hold);
    }
}

/* Where the documents of a segment are in the other snapshot. */
struct carrying {
    const struct snapshot *to;
    struct doc_place *places; /* by document */
    VEC(struct placed) found;
    attr_id attr;
};

static void carry_cell(void *context, const struct dimension_cell *cell)
{
    struct carrying *k = context;
    struct doc_place at = k->places[cell->doc];
    if (cell->key && at.doc != DOC_NONE) {
        struct placed placed = {at.segment, k->attr, {at.doc, NUMBER_MISSING, cell->key}};
        vec_push(&k->found, placed);
    }
}

/* Values stay what the new snapshot has. */
static void carry_found(struct carrying *k, bool store)
{
    if (k->found.count == 0) {
        return;
    }
    qsort(k->found.items, k->found.count, sizeof(*k->found.items), by_place);
    struct dimension_cell *run = xrealloc_array(NULL, k->found.count, sizeof(*run));
    for (size_t i = 0, end = 0; i < k->found.count; i = end) {
        struct dimensions *to = shard_dimensions(k->to->segments[k->found.items[i].segment].shard);
        const struct dimension *there = dimensions_find(to, k->attr);
        uint32_t count = 0;
        for (end = i; end < k->found.count && k->found.items[end].segment == k->found.items[i].segment; end++) {
            struct dimension_cell cell = k->found.items[end].cell;
            struct dimension_cell now;
            if (there && dimension_find(there, cell.doc, &now)) {
                cell.value = now.value;
                cell.key = now.key > cell.key ? now.key : cell.key;
            }
            run[count++] = cell;
        }
        dimensions_set(to, k->attr, store, run, count);
    }
    free(run);
    k->found.count = 0;
}

static struct doc_place *places_in(const struct snapshot *to, const struct segment *g)
{
    uint32_t docs = shard_doc_count(g->shard);
    struct doc_place *places = xrealloc_array(NULL, (size_t)docs + 1, sizeof(*places));
    for (doc_id doc = 0; doc < docs; doc++) {
        if (segment_deleted(g, doc) ||
            !snapshot_find(to, shard_object_id(g->shard, doc), &places[doc].segment, &places[doc].doc)) {
            places[doc].doc = DOC_NONE;
        }
    }
    return places;
}

void changes_cells_carry(const struct snapshot *from, struct live_index *to, struct order_keys *gone)
{
    for (uint32_t s = 0; s < from->segment_count; s++) {
        const struct segment *g = &from->segments[s];
        const struct dimensions *all = shard_dimensions(g->shard);
        struct carrying k = {.to = &index_current(to)->s};
        if (dimensions_limit(all) == 0) {
            continue;
        }
        k.places = places_in(k.to, g);
        for (uint32_t a = 0, n = dimensions_limit(all); a < n; a++) {
            enum rcu_hold hold = rcu_hold();
            const struct dimension *d = dimensions_find(all, (attr_id)a);
            if (d && dimension_is_changed(d)) {
                k.attr = attribute_in(to->vocabulary, dictionary_attr(from->dictionary, (attr_id)a)->name);
            }
            if (d && dimension_is_changed(d) && k.attr != ATTR_NONE) {
                dimension_each(d, carry_cell, &k);
                carry_found(&k, dimension_is_store(d));
            }
            rcu_let_go(hold);
        }
        spill_cells(gone, from, s, k.places);
        to->changed = true;
        vec_release(&k.found);
        free(k.places);
    }
}
