#include "indexer/build/feed_csv_woo.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/feed_csv.h"

/* What is kept of parents; variations of those beyond it get only their group. */
enum { PARENT_BYTES = 256 << 20 };

struct csv_woo {
    struct feed_reader *r;
    struct arena arena; /* of the parents */
    VEC(struct json) parents;
    struct map keys; /* a parent's SKU, and "id:" with its ID, to its place */
};

static bool has_name(const struct str *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_equal(names[i], str_from(name))) {
            return true;
        }
    }
    return false;
}

struct csv_woo *csv_woo_new(struct feed_reader *r, const struct str *names, uint32_t count)
{
    static const char *const needed[] = {"Type", "SKU", "Name", "Regular price", "Parent", NULL};
    for (size_t i = 0; needed[i]; i++) {
        if (!has_name(names, count, needed[i])) {
            return NULL;
        }
    }
    struct csv_woo *w = xcalloc(1, sizeof(*w));
    w->r = r;
    map_init(&w->keys);
    snprintf(r->info->title, sizeof(r->info->title), "WooCommerce export");
    return w;
}

void csv_woo_free(struct csv_woo *w)
{
    if (w) {
        arena_release(&w->arena);
        vec_release(&w->parents);
        map_release(&w->keys);
        free(w);
    }
}

static struct str value_of(const struct json *object, const char *name)
{
    struct str value = {0};
    (void)json_string(json_get(object, name), &value);
    return str_trim(value);
}

static void split_list(struct json *object, const char *name, struct arena *arena)
{
    struct str text = value_of(object, name);
    if (text.size) {
        (void)json_object_set(object, str_from(name), csv_list(text, arena), arena);
    }
}

/* The attributes under their own names, and all else but the columns "Attribute N ...". */
static void name_attributes(struct json *object, struct arena *arena)
{
    struct json out = {.type = JSON_OBJECT};
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_member *m = &object->members[i];
        if (!str_starts_with(m->name, STR("Attribute "))) {
            (void)json_object_set(&out, m->name, m->value, arena);
            continue;
        }
        struct str name = {0};
        size_t end = m->name.size - strlen(" name");
        (void)json_string(&m->value, &name);
        name = str_trim(name);
        if (!str_ends_with(m->name, STR(" name")) || name.size == 0) {
            continue;
        }
        struct str column = arena_printf(arena, STR_FMT " value(s)", STR_ARG(str_slice(m->name, 0, end)));
        struct str values = {0};
        (void)json_string(json_get_str(object, column), &values);
        if (values.size && !json_get_str(&out, name)) {
            (void)json_object_set(&out, name, csv_list(values, arena), arena);
        }
    }
    *object = out;
}

/* What belongs to the shop's way of selling one row, or is the row's own. */
static bool inherited(struct str name)
{
    static const char *const own[] = {"objectID",
                                      "ID",
                                      "Type",
                                      "SKU",
                                      "Name",
                                      "Parent",
                                      "Published",
                                      "Sale price",
                                      "Regular price",
                                      "In stock?",
                                      "Stock",
                                      "Position",
                                      "GTIN, UPC, EAN, or ISBN",
                                      NULL};
    for (size_t i = 0; own[i]; i++) {
        if (str_equal(name, str_from(own[i]))) {
            return false;
        }
    }
    return true;
}

static void keep_parent(struct csv_woo *w, const struct json *object, struct str sku, struct str id_key)
{
    uint64_t at = w->parents.count;
    if (w->arena.used_bytes > PARENT_BYTES) {
        return;
    }
    vec_push(&w->parents, json_clone(object, &w->arena));
    if (sku.size) {
        (void)map_put(&w->keys, sku, at, NULL);
    }
    (void)map_put(&w->keys, id_key, at, NULL);
}

enum status csv_woo_row(struct csv_woo *w, struct feed_item *row, struct error *err)
{
    struct arena *arena = &w->r->items;
    struct json *object = &row->object;
    struct str type = value_of(object, "Type");
    struct str sku = value_of(object, "SKU");
    struct str group = value_of(object, "Parent");
    struct str id_key = arena_printf(arena, "id:" STR_FMT, STR_ARG(value_of(object, "ID")));
    name_attributes(object, arena);
    split_list(object, "Images", arena);
    split_list(object, "Tags", arena);
    if (str_starts_with(type, STR("variable"))) {
        group = sku.size ? sku : id_key;
        (void)json_object_set(object, STR("item_group_id"), json_of_str(group), arena);
        keep_parent(w, object, sku, id_key);
    } else if (str_starts_with(type, STR("variation")) && group.size) {
        const uint64_t *at = map_get(&w->keys, group);
        const struct json *parent = at ? &w->parents.items[*at] : NULL;
        if (parent) {
            (void)json_string(json_get(parent, "item_group_id"), &group);
        }
        (void)json_object_set(object, STR("item_group_id"), json_of_str(arena_copy(arena, group)), arena);
        for (uint32_t i = 0; parent && i < parent->count; i++) {
            const struct json_member *m = &parent->members[i];
            if (inherited(m->name) && !json_get_str(object, m->name)) {
                (void)json_object_set(object, m->name, json_clone(&m->value, arena), arena);
            }
        }
    }
    return feed_deliver(w->r, row, err);
}
