#include "indexer/build/feed_csv_magento.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 2048 };

struct magento_row {
    struct json object;
    uint64_t line;
    uint64_t offset;
};

struct csv_magento {
    struct feed_reader *r;
    struct arena arena; /* of the rows that wait */
    VEC(struct magento_row) rows;
    struct map seen;   /* SKUs of the rows so far */
    struct map groups; /* SKU to place in parents, of variants that come behind their parent */
    VEC(struct str) parents;
    struct arena parent_names;
};

static bool has_name(const struct str *names, uint32_t count, struct str name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

struct csv_magento *csv_magento_new(struct feed_reader *r, const struct str *names, uint32_t count)
{
    if (!has_name(names, count, STR("sku")) || !has_name(names, count, STR("configurable_variations")) ||
        !has_name(names, count, STR("additional_attributes"))) {
        return NULL;
    }
    struct csv_magento *m = xcalloc(1, sizeof(*m));
    m->r = r;
    map_init(&m->seen);
    map_init(&m->groups);
    snprintf(r->info->title, sizeof(r->info->title), "Magento export");
    return m;
}

void csv_magento_free(struct csv_magento *m)
{
    if (m) {
        arena_release(&m->arena);
        vec_release(&m->rows);
        map_release(&m->seen);
        map_release(&m->groups);
        vec_release(&m->parents);
        arena_release(&m->parent_names);
        free(m);
    }
}

static struct str value_of(const struct json *object, const char *name)
{
    struct str value = {0};
    (void)json_string(json_get(object, name), &value);
    return value;
}

static struct json list_value(struct str text, struct arena *arena)
{
    if (str_find_char(text, '|') == SIZE_MAX) {
        return json_of_str(text);
    }
    struct json list = {.type = JSON_ARRAY, .items = arena_alloc(arena, (text.size + 1) * sizeof(struct json))};
    for (struct str rest = text; rest.data;) {
        struct str piece = str_trim(str_split(&rest, '|'));
        if (piece.size) {
            list.items[list.count++] = json_of_str(piece);
        }
    }
    return list;
}

/* The end of a pair: the comma before the next "name=", for values may have commas. */
static size_t pair_end(struct str s)
{
    for (size_t at = 0; at < s.size; at++) {
        size_t name = at + 1;
        while (s.data[at] == ',' && name < s.size && s.data[name] != ',' && s.data[name] != '=' &&
               s.data[name] != ' ') {
            name++;
        }
        if (s.data[at] == ',' && name > at + 1 && name < s.size && s.data[name] == '=') {
            return at;
        }
    }
    return s.size;
}

static void expand_attributes(struct json *object, struct arena *arena)
{
    struct str rest = value_of(object, "additional_attributes");
    if (rest.size == 0) {
        return;
    }
    (void)json_object_remove(object, STR("additional_attributes"));
    while (rest.size) {
        size_t end = pair_end(rest);
        struct str pair = str_slice(rest, 0, end);
        size_t equals = str_find_char(pair, '=');
        struct str name = equals == SIZE_MAX ? (struct str){0} : str_trim(str_slice(pair, 0, equals));
        struct str value = equals == SIZE_MAX ? (struct str){0} : str_trim(str_slice(pair, equals + 1, pair.size));
        if (name.size && value.size && !json_get_str(object, name)) {
            (void)json_object_set(object, name, list_value(value, arena), arena);
        }
        rest = str_slice(rest, end < rest.size ? end + 1 : end, rest.size);
    }
}

static enum status flush(struct csv_magento *m, struct error *err)
{
    enum status status = STATUS_OK;
    arena_reset(&m->r->items);
    for (size_t i = 0; i < m->rows.count && status == STATUS_OK; i++) {
        struct magento_row *row = &m->rows.items[i];
        struct feed_item item = {.line = row->line, .offset = row->offset};
        item.object = json_clone(&row->object, &m->r->items);
        status = feed_deliver(m->r, &item, err);
    }
    m->rows.count = 0;
    arena_reset(&m->arena);
    return status;
}

static void set_group(struct csv_magento *m, struct json *object, struct str group)
{
    (void)json_object_set(object, STR("item_group_id"), json_of_str(group), &m->arena);
}

/* "sku=A-XS,size=XS|sku=A-S,size=S": the group of those rows that wait, and of those to come. */
static void set_groups(struct csv_magento *m, struct str variations, struct str group)
{
    uint64_t parent = m->parents.count;
    vec_push(&m->parents, arena_copy(&m->parent_names, group));
    for (struct str rest = variations; rest.data;) {
        struct str piece = str_split(&rest, '|');
        struct str sku = str_split(&piece, ',');
        if (!str_starts_with(sku, STR("sku="))) {
            continue;
        }
        sku = str_slice(sku, 4, sku.size);
        if (!map_get(&m->seen, sku)) {
            (void)map_put(&m->groups, sku, parent, NULL);
            continue;
        }
        for (size_t i = 0; i < m->rows.count; i++) {
            struct json *object = &m->rows.items[i].object;
            if (str_equal(value_of(object, "sku"), sku)) {
                set_group(m, object, group);
            }
        }
    }
}

enum status csv_magento_row(struct csv_magento *m, struct feed_item *row, struct error *err)
{
    struct str sku = value_of(&row->object, "sku");
    bool added = false;
    (void)map_put(&m->seen, sku, 0, &added);
    if (!added && value_of(&row->object, "store_view_code").size) {
        return STATUS_OK; /* what one view of the shop has otherwise, a translation, say: the product was there before
                           */
    }
    struct magento_row kept = {json_clone(&row->object, &m->arena), row->line, row->offset};
    struct str variations = value_of(&kept.object, "configurable_variations");
    const uint64_t *parent = map_get(&m->groups, sku);
    expand_attributes(&kept.object, &m->arena);
    if (variations.size && sku.size) {
        set_groups(m, variations, sku);
        set_group(m, &kept.object, value_of(&kept.object, "sku"));
    } else if (parent) {
        set_group(m, &kept.object, m->parents.items[*parent]);
    }
    vec_push(&m->rows, kept);
    return variations.size || m->rows.count >= ROWS_MAX ? flush(m, err) : STATUS_OK;
}

enum status csv_magento_end(struct csv_magento *m, struct error *err)
{
    return flush(m, err);
}
