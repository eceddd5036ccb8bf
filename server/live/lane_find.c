/* What the lane knows of its attributes, and where the objects of updates are. */
#include <stdlib.h>

#include "indexer/shard/keys.h"
#include "server/live/changes_cells.h"
#include "server/live/lane_internal.h"

/* ---- what is known of the attributes ---- */

void lane_free(struct lane *lane)
{
    if (lane) {
        free(lane->attributes);
        free(lane->columns);
        map_release(&lane->dimension_names);
        vec_release(&lane->dimensions);
        free(lane);
    }
}

int lane_attribute_find(const struct lane *lane, struct str name)
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
        lane->sale[i] = names[i].size > 0 ? lane_attribute_find(lane, names[i]) : -1;
    }
    lane->attributes[lane->attribute_count] = (struct lane_attribute){
        .name = effective, .attr = dictionary_attr_find(s->dictionary, effective), .in_place = true};
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
    map_init(&lane->dimension_names);
    for (size_t i = 0; i < s->mutable_count; i++) {
        struct str name = s->mutable_attributes[i].attribute;
        bool quantity = str_equal(name, s->role_attribute[ROLE_QUANTITY]);
        lane->attributes[i] = (struct lane_attribute){.name = name,
                                                      .hash = hash64(name.data, name.size),
                                                      .attr = dictionary_attr_find(c->base->dictionary, name),
                                                      .by_version = s->mutable_attributes[i].by_version,
                                                      .quantity = quantity,
                                                      .flag = s->mutable_attributes[i].named,
                                                      .in_place = settings_in_place(s, name)};
        lane->quantity = quantity ? (int)i : lane->quantity;
    }
    find_sale_parts(lane, c->base);
    c->lane = lane;
    return lane;
}

/* The column whose cells alone say what the attribute is: it is cut out of the stored objects, and of decimals. */
const struct number_column *lane_cells_of(struct changes *c, uint32_t segment, int attribute)
{
    struct lane *lane = c->lane;
    struct lane_column *column = &lane->columns[segment * (lane->attribute_count + 1) + (size_t)attribute];
    if (column->state == COLUMN_UNKNOWN) {
        const struct shard *shard = c->base->segments[segment].shard;
        attr_id attr = lane->attributes[attribute].attr;
        uint32_t count;
        const attr_id *cut = shard_cut_attributes(shard, &count);
        column->state = COLUMN_NONE;
        for (uint32_t i = 0; i < count && attr != ATTR_NONE && lane->attributes[attribute].in_place; i++) {
            const struct number_column *numbers = shard_number_column(shard, attr);
            if (cut[i] == attr && !numbers->is_double && shard_check_attribute(shard, attr, NULL) == STATUS_OK) {
                column->state = COLUMN_CELLS;
                column->column = numbers;
            }
        }
    }
    return column->state == COLUMN_CELLS ? column->column : NULL;
}

int lane_dimension_find(struct changes *c, struct str name)
{
    struct lane *lane = c->lane;
    const struct settings *s = c->index->settings->settings;
    const uint64_t *at = map_get(&lane->dimension_names, name);
    const struct mutable_setting *m = at ? NULL : settings_dimension_mutable(s, name);
    if (!at && m) {
        bool store = settings_dimension_kind(s, name) == DIMENSION_STORE;
        struct lane_dimension added = {.name = arena_copy(&c->arena, name),
                                       .hash = hash64(name.data, name.size),
                                       .attr = changes_cell_attribute(c, name),
                                       .scale = store ? DIMENSION_STORE_SCALE : DIMENSION_PRICE_SCALE,
                                       .by_version = m->by_version};
        at = map_put(&lane->dimension_names, name, lane->dimensions.count, NULL);
        vec_push(&lane->dimensions, added);
    }
    return at ? (int)*at : -1;
}

/* ---- finding objects ---- */

static void prefetch_keys(struct changes *c, uint64_t tag)
{
    order_prefetch(&c->index->inventory->keys, tag);
    pending_keys_prefetch(&c->keys, tag);
}

static void prefetch_dimension(struct changes *c, const struct live_update *u, const struct lane_place *at,
                               struct str name)
{
    int number = lane_dimension_find(c, name);
    if (number >= 0) {
        const struct lane_dimension *n = &c->lane->dimensions.items[number];
        const struct dimension *d = dimensions_find(shard_dimensions(c->base->segments[at->segment].shard), n->attr);
        cells_prefetch(&c->store_cells, at->segment, at->doc);
        if (d) {
            dimension_prefetch(d, at->doc);
        }
        if (u->kind == UPDATE_SET) {
            prefetch_keys(c, order_tag(at->hash, n->hash));
        }
    }
}

/* What deciding looks at, where the object is believed to be. */
static void prefetch_cells(struct changes *c, const struct live_update *u, const struct lane_place *at)
{
    struct lane *lane = c->lane;
    for (uint8_t i = 0; i < u->value_count && at->doc != DOC_NONE; i++) {
        int attribute = lane_attribute_find(lane, u->values[i].name);
        if (attribute < 0) {
            prefetch_dimension(c, u, at, u->values[i].name);
            continue;
        }
        const struct number_column *column = lane_cells_of(c, at->segment, attribute);
        if (column && column->kind == NUMBER_COLUMN_DENSE) {
            __builtin_prefetch((const void *)&column->cells[at->doc], 1);
            if (column->coded) {
                __builtin_prefetch(&column->codes[at->doc]);
            }
            cells_prefetch(&c->cells, at->segment, at->doc);
        }
        if (u->kind == UPDATE_SET) {
            prefetch_keys(c, order_tag(at->hash, lane->attributes[attribute].hash));
        }
    }
}

/* Where the objects probably are. */
static void guess(const struct changes *c, struct lane_place *places, size_t count)
{
    const struct snapshot *s = c->base;
    for (uint32_t k = 0; k < s->segment_count; k++) {
        const struct keys *keys = shard_keys(s->segments[k].shard);
        for (size_t i = 0; i < count; i++) {
            keys_prefetch_slot(keys, places[i].hash);
        }
    }
    for (size_t i = 0; i < count; i++) {
        places[i].doc = DOC_NONE;
        for (uint32_t k = s->segment_count; k-- > 0 && places[i].doc == DOC_NONE;) {
            const struct keys *keys = shard_keys(s->segments[k].shard);
            places[i].segment = k;
            places[i].doc = keys_guess(keys, places[i].hash);
            if (places[i].doc != DOC_NONE) {
                keys_prefetch_offset(keys, places[i].doc);
            }
        }
    }
}

static void prefetch_texts(const struct changes *c, const struct lane_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (places[i].doc != DOC_NONE) {
            keys_prefetch_text(shard_keys(c->base->segments[places[i].segment].shard), places[i].doc);
        }
    }
}

void lane_prefetch(const struct changes *c, struct lane_place *places, size_t count)
{
    guess(c, places, count);
    prefetch_texts(c, places, count);
}

static bool guessed_right(const struct snapshot *s, struct str id, const struct lane_place *at)
{
    const struct segment *g = &s->segments[at->segment];
    return str_equal(keys_text(shard_keys(g->shard), at->doc), id) && !segment_deleted(g, at->doc);
}

static void find(const struct snapshot *s, struct str id, struct lane_place *at)
{
    at->doc = DOC_NONE;
    for (uint32_t k = s->segment_count; k-- > 0;) {
        doc_id doc = keys_find_hashed(shard_keys(s->segments[k].shard), id, at->hash);
        if (doc != DOC_NONE && !segment_deleted(&s->segments[k], doc)) {
            at->segment = k;
            at->doc = doc;
            return;
        }
    }
}

void lane_locate(struct changes *c, const struct live_update *updates, size_t count, struct lane_place *out)
{
    (void)lane_of(c);
    for (size_t i = 0; i < count; i++) {
        out[i].hash = hash64(updates[i].object_id.data, updates[i].object_id.size);
    }
    guess(c, out, count);
    prefetch_texts(c, out, count);
    for (size_t i = 0; i < count; i++) {
        prefetch_cells(c, &updates[i], &out[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (out[i].doc != DOC_NONE && !guessed_right(c->base, updates[i].object_id, &out[i])) {
            find(c->base, updates[i].object_id, &out[i]);
        }
    }
}
