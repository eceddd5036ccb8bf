#include "indexer/build/feed_csv_shopify.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/feed_csv.h"

/* A handle with more rows than this is handed over in parts. */
enum { ROWS_MAX = 4096, OPTIONS = 3 };

struct shopify_row {
    struct json object;
    uint64_t line;
    uint64_t offset;
    bool variant;
};

struct csv_shopify {
    struct feed_reader *r;
    struct arena arena; /* the rows of one handle */
    VEC(struct shopify_row) rows;
    struct str handle;
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

struct csv_shopify *csv_shopify_new(struct feed_reader *r, const struct str *names, uint32_t count)
{
    if (!has_name(names, count, STR("Handle")) || !has_name(names, count, STR("Variant Price")) ||
        !has_name(names, count, STR("Option1 Value"))) {
        return NULL;
    }
    struct csv_shopify *s = xcalloc(1, sizeof(*s));
    s->r = r;
    snprintf(r->info->title, sizeof(r->info->title), "Shopify export");
    snprintf(r->info->id_source, sizeof(r->info->id_source), "'Variant SKU', else 'Handle' and the options");
    return s;
}

void csv_shopify_free(struct csv_shopify *s)
{
    if (s) {
        arena_release(&s->arena);
        vec_release(&s->rows);
        free(s);
    }
}

static struct str value_of(const struct json *object, const char *name)
{
    struct str value = {0};
    (void)json_string(json_get(object, name), &value);
    return value;
}

/* Names of a variant's or an image's own values: these are not filled in from the product's first row. */
static bool own_name(struct str name)
{
    return str_starts_with(name, STR("Variant ")) || str_starts_with(name, STR("Option")) ||
           str_starts_with(name, STR("Image ")) || str_equal(name, STR("objectID"));
}

static bool option_name(struct str name)
{
    return str_starts_with(name, STR("Option"));
}

static struct str variant_id(struct csv_shopify *s, const struct json *object, struct arena *arena)
{
    struct str id = value_of(object, "Variant SKU");
    if (id.size == 0) {
        const char *const keys[OPTIONS] = {"Option1 Value", "Option2 Value", "Option3 Value"};
        id = s->handle;
        for (size_t i = 0; i < OPTIONS; i++) {
            struct str option = value_of(object, keys[i]);
            if (option.size && !str_equal(option, STR("Default Title"))) {
                id = arena_printf(arena, "%.*s/%.*s", (int)id.size, id.data, (int)option.size, option.data);
            }
        }
    }
    return id;
}

static struct json images_of(struct csv_shopify *s, struct arena *arena)
{
    struct json images = {.type = JSON_ARRAY};
    images.items = arena_alloc(arena, s->rows.count * sizeof(*images.items));
    for (size_t i = 0; i < s->rows.count; i++) {
        struct str source = value_of(&s->rows.items[i].object, "Image Src");
        if (source.size) {
            images.items[images.count++] = json_of_str(source);
        }
    }
    return images;
}

static void add(struct json *object, struct str name, struct json value)
{
    object->members[object->count++] = (struct json_member){name, value};
}

static void add_options(const struct json *product, const struct json *row, struct json *out)
{
    const char *const names[OPTIONS] = {"Option1 Name", "Option2 Name", "Option3 Name"};
    const char *const values[OPTIONS] = {"Option1 Value", "Option2 Value", "Option3 Value"};
    for (size_t i = 0; i < OPTIONS; i++) {
        struct str name = value_of(product, names[i]);
        struct str value = value_of(row, values[i]);
        bool none = str_equal(name, STR("Title")) && str_equal(value, STR("Default Title"));
        if (name.size && value.size && !none && !json_get_str(out, name)) {
            add(out, name, json_of_str(value));
        }
    }
}

static enum status deliver_variant(struct csv_shopify *s, const struct shopify_row *row, struct error *err)
{
    struct feed_reader *r = s->r;
    const struct json *product = &s->rows.items[0].object;
    struct feed_item item = {.line = row->line, .offset = row->offset};
    item.object.type = JSON_OBJECT;
    item.object.members =
        arena_alloc(&r->items, (row->object.count + product->count + OPTIONS + 4) * sizeof(*item.object.members));
    add(&item.object, STR("objectID"), json_of_str(variant_id(s, &row->object, &r->items)));
    add(&item.object, STR("item_group_id"), json_of_str(s->handle));
    for (uint32_t i = 1; i < row->object.count; i++) {
        struct json_member member = row->object.members[i];
        if (!option_name(member.name) && !str_starts_with(member.name, STR("Image "))) {
            add(&item.object, member.name, member.value);
        }
    }
    for (uint32_t i = 1; i < product->count && row != s->rows.items; i++) {
        struct json_member member = product->members[i];
        if (!own_name(member.name) && !json_get_str(&item.object, member.name)) {
            add(&item.object, member.name, member.value);
        }
    }
    add_options(product, &row->object, &item.object);
    struct str tags = value_of(&item.object, "Tags");
    if (tags.size) {
        (void)json_object_set(&item.object, STR("Tags"), csv_list(tags, &r->items), &r->items);
    }
    struct json images = images_of(s, &r->items);
    if (images.count) {
        add(&item.object, STR("images"), images);
    }
    return feed_deliver(r, &item, err);
}

static enum status flush(struct csv_shopify *s, struct error *err)
{
    enum status status = STATUS_OK;
    arena_reset(&s->r->items);
    bool priced = false; /* rows without a price are images, but a product is not lost for having none */
    for (size_t i = 0; i < s->rows.count; i++) {
        priced = priced || s->rows.items[i].variant;
    }
    for (size_t i = 0; i < s->rows.count && status == STATUS_OK; i++) {
        if (s->rows.items[i].variant || (!priced && i == 0)) {
            status = deliver_variant(s, &s->rows.items[i], err);
        }
    }
    s->rows.count = 0;
    return status;
}

enum status csv_shopify_row(struct csv_shopify *s, struct feed_item *row, struct error *err)
{
    struct str handle = value_of(&row->object, "Handle");
    if (handle.size == 0) {
        struct feed_reject reject = {.line = row->line, .field = STR("Handle"), .reason = "no 'Handle'"};
        feed_reject(s->r, &reject);
        return STATUS_OK;
    }
    row->object.members[0] = (struct json_member){STR("objectID"), {.type = JSON_NULL}};
    struct arena next;
    arena_init(&next, 0);
    bool another = s->rows.count && (!str_equal(handle, s->handle) || s->rows.count >= ROWS_MAX);
    struct shopify_row kept = {json_clone(&row->object, another ? &next : &s->arena), row->line, row->offset, false};
    if (another) { /* handing over ends the life of the row's own memory */
        enum status status = flush(s, err);
        arena_release(&s->arena);
        s->arena = next;
        if (status != STATUS_OK) {
            return status;
        }
    }
    kept.variant = value_of(&kept.object, "Variant Price").size > 0;
    s->handle = value_of(&kept.object, "Handle");
    vec_push(&s->rows, kept);
    return STATUS_OK;
}

enum status csv_shopify_end(struct csv_shopify *s, struct error *err)
{
    return flush(s, err);
}
