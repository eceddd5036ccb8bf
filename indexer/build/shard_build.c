#include "indexer/build/shard_build.h"

#include <stdlib.h>

#include "indexer/base/clock.h"
#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/base/number.h"
#include "indexer/build/build_order.h"
#include "indexer/build/build_values.h"
#include "indexer/build/invert.h"
#include "indexer/build/invert_stage.h"
#include "indexer/build/object_cells.h"
#include "indexer/build/object_paths.h"
#include "indexer/build/object_store.h"
#include "indexer/shard/keys.h"
#include "indexer/shard/shard.h"

/* A text of the current object that goes to a field. */
struct field_text {
    field_id field;
    struct str text;
};

struct shard_builder {
    struct shard_build_options options;
    struct object_paths paths;
    struct build_order order;
    struct build_values values;
    struct build_cells cells;
    struct object_store store;
    struct invert *invert;
    struct invert_stage *stage; /* NULL: texts are inverted as they come */
    VEC(uint8_t) available;     /* by document of arrival; bit 0 available, bit 1 in stock */
    bool has_stock;
    struct arena arena;
    struct buf text, path;

    /* the current object */
    uint32_t doc;
    VEC(struct field_text) texts;
    VEC(struct str) identifiers;
    uint32_t facet_count;
    double quantity;
    bool quantity_known;
};

static void start(struct shard_builder *b)
{
    const struct shard_build_options *o = &b->options;

    object_paths_init(&b->paths, o->settings, o->dictionary, o->dictionary_lock);
    build_order_init(&b->order);
    object_store_init(&b->store, o->objects, o->memory_bytes, o->temp_dir);
    b->invert = invert_new(&(struct invert_options){.analyzer = o->analyzer,
                                                    .field_count = (uint32_t)o->settings->field_count,
                                                    .title_field = settings_title_field(o->settings),
                                                    .memory_bytes = o->memory_bytes,
                                                    .temp_dir = o->temp_dir});
}

static void stop(struct shard_builder *b)
{
    object_paths_release(&b->paths);
    build_order_release(&b->order);
    build_values_release(&b->values);
    build_cells_release(&b->cells);
    object_store_release(&b->store);
    invert_stage_free(b->stage);
    b->stage = NULL;
    invert_free(b->invert);
    b->invert = NULL;
    b->available.count = 0;
}

struct shard_builder *shard_builder_new(const struct shard_build_options *options)
{
    struct shard_builder *b = xcalloc(1, sizeof(*b));

    b->options = *options;
    b->has_stock = settings_has_stock(options->settings);
    arena_init(&b->arena, 0);
    start(b);
    return b;
}

void shard_builder_free(struct shard_builder *b)
{
    if (!b)
        return;
    stop(b);
    vec_release(&b->available);
    vec_release(&b->texts);
    vec_release(&b->identifiers);
    arena_release(&b->arena);
    buf_release(&b->text);
    buf_release(&b->path);
    free(b);
}

uint32_t shard_builder_count(const struct shard_builder *b)
{
    return (uint32_t)b->order.docs.count;
}

/* --- one object --- */
static void take_field_text(struct shard_builder *b, field_id field, struct str text)
{
    struct field_text t = {.field = field, .text = text};

    vec_push(&b->texts, t);
}

/* Links are no text that anybody searches for. */
static bool is_link(struct str text)
{
    return str_starts_with(text, STR("http://")) || str_starts_with(text, STR("https://"));
}

static void take_text(struct shard_builder *b, const struct path_info *info, const struct json *value)
{
    for (field_id f = 0; info->fields >> f; f++) {
        if (info->fields >> f & 1)
            take_field_text(b, f, value->text);
    }
    if (info->rest && value->type == JSON_STRING && !is_link(value->text))
        take_field_text(b, (field_id)b->paths.rest_field, value->text);
    if (info->identifier)
        vec_push(&b->identifiers, value->text);
}

static void take_facet(struct shard_builder *b, const struct path_info *info, struct str value)
{
    if (value.size == 0 || value.size > LIMIT_FACET_VALUE_BYTES || b->facet_count >= LIMIT_FACET_VALUES_PER_OBJECT)
        return;
    b->facet_count++;
    build_values_facet(&b->values, info->attr, b->doc, object_path_code(&b->paths, info->attr, value));
}

/* A number, or a flag, that stands alone at the top may leave the object for its column. */
static bool can_cut(const struct path_info *info, const struct json *value)
{
    return (info->cut && value->type == JSON_NUMBER && build_values_exact(value->text)) ||
           (info->flag && json_is_bool(value));
}

/* True or false that updates change in place. */
static bool take_flag(struct shard_builder *b, struct path_info *info, struct str path, const struct json *value)
{
    if (object_path_number(&b->paths, info, path) == ATTR_NONE)
        return false;
    build_values_flag(&b->values, info->attr, b->doc, value->type == JSON_TRUE);
    return true;
}

static void take_number(struct shard_builder *b, struct path_info *info, struct str path, const struct json *value,
                        bool in_array)
{
    if (object_path_number(&b->paths, info, path) == ATTR_NONE)
        return;
    build_values_number(&b->values, info->attr, b->doc, value->text,
                        in_array                                                       ? BUILD_NUMBER_LISTED
                        : can_cut(info, value) && str_find_char(path, '.') == SIZE_MAX ? BUILD_NUMBER_CUT
                                                                                       : BUILD_NUMBER_PLAIN);
    if (info->quantity && value->type == JSON_NUMBER)
        b->quantity_known = number_parse_double(value->text, &b->quantity);
}

/* A number of a store or a price list is neither searched nor faceted by itself. */
static bool take_cell(struct shard_builder *b, struct path_info *info, struct str path, const struct json *value)
{
    int64_t cell;

    if (!object_cell(value, (enum dimension_kind)info->dimension, &cell) ||
        object_path_number(&b->paths, info, path) == ATTR_NONE)
        return false;
    build_cells_put(&b->cells, info->attr, info->dimension == DIMENSION_STORE, b->doc, cell);
    return true;
}

static void on_value(void *context, struct path_info *info, struct str path, const struct json *value, bool in_array)
{
    struct shard_builder *b = context;
    bool text = value->type == JSON_STRING || value->type == JSON_NUMBER;
    double number = 0;

    if (info->dimension && !in_array && take_cell(b, info, path, value))
        return;
    if (text)
        take_text(b, info, value);
    if (info->stock)
        return;
    if (info->flag && json_is_bool(value) && !in_array && take_flag(b, info, path, value))
        return;
    if (value->type == JSON_NUMBER)
        take_number(b, info, path, value, in_array);
    else if (value->type == JSON_STRING && info->numeric && number_parse_double(str_trim(value->text), &number))
        take_number(b, info, path, &(struct json){.type = JSON_STRING, .text = str_trim(value->text)}, in_array);
    if (!info->faceted || info->hierarchical || value->type == JSON_NUMBER)
        return;
    take_facet(b, info,
               value->type == JSON_STRING ? value->text
               : value->type == JSON_TRUE ? STR("true")
                                          : STR("false"));
}

struct tree_context {
    struct shard_builder *builder;
    const struct path_info *info;
};

/* The node and its ancestors. */
static void on_path(void *context, struct str path)
{
    struct tree_context *t = context;
    const struct dictionary *d = t->builder->options.dictionary;
    facet_code code = FACET_NONE;

    if (t->builder->facet_count >= LIMIT_FACET_VALUES_PER_OBJECT)
        return;
    code = object_path_code(&t->builder->paths, t->info->attr, path);
    for (; code != FACET_NONE; code = dictionary_value_parent(d, t->info->attr, code)) {
        t->builder->facet_count++;
        build_values_facet(&t->builder->values, t->info->attr, t->builder->doc, code);
    }
}

static void on_tree(void *context, struct path_info *info, const struct json *value)
{
    struct tree_context t = {context, info};

    category_paths(value, on_path, &t);
}

/* Texts of a large build go to a thread of their own. */
static enum status stage_texts(struct shard_builder *b, struct error *err)
{
    if (!b->stage)
        b->stage = invert_stage_new(b->invert);
    for (field_id f = 0; f < b->options.settings->field_count; f++) {
        for (size_t i = 0; i < b->texts.count; i++) {
            if (b->texts.items[i].field == f)
                invert_stage_text(b->stage, f, b->texts.items[i].text);
        }
    }
    for (size_t i = 0; i < b->identifiers.count; i++)
        invert_stage_identifier(b->stage, b->identifiers.items[i]);
    return invert_stage_document(b->stage, err);
}

static enum status invert_texts(struct shard_builder *b, struct error *err)
{
    enum status status = STATUS_OK;

    if (b->options.memory_bytes && b->options.temp_dir)
        return stage_texts(b, err);
    invert_begin(b->invert);
    for (field_id f = 0; f < b->options.settings->field_count; f++) {
        for (size_t i = 0; status == STATUS_OK && i < b->texts.count; i++) {
            if (b->texts.items[i].field == f)
                status = invert_text(b->invert, f, b->texts.items[i].text, err);
        }
    }
    if (status != STATUS_OK) {
        invert_cancel(b->invert);
        return status;
    }
    for (size_t i = 0; i < b->identifiers.count; i++)
        invert_identifier(b->invert, b->identifiers.items[i]);
    return invert_end(b->invert, err);
}

/* Top-level numbers that are in columns become null; the column puts them back. */
static void write_stored(struct shard_builder *b, const struct json *object)
{
    struct json whole = object_without_cells(b->options.settings, object, &b->arena), copy = whole;
    bool changed = false;

    copy.members = arena_alloc(&b->arena, (size_t)whole.count * sizeof(*copy.members) + 1);
    if (whole.count)
        memcpy(copy.members, whole.members, (size_t)whole.count * sizeof(*copy.members));
    for (uint32_t i = 0; i < copy.count; i++) {
        struct json *value = &copy.members[i].value;

        if ((value->type == JSON_NUMBER || json_is_bool(value)) &&
            can_cut(object_path(&b->paths, copy.members[i].name), value)) {
            *value = (struct json){.type = JSON_NULL};
            changed = true;
        }
    }
    buf_clear(&b->text);
    json_write(&b->text, changed ? &copy : &whole);
}

static void first_path(void *context, struct str path)
{
    struct buf *out = context;

    if (out->size == 0)
        buf_append_str(out, path);
}

static double popularity_of(const struct settings *s, const struct json *object)
{
    struct str attribute = s->role_attribute[ROLE_POPULARITY];
    bool descending = true;
    double value = 0;

    if (attribute.size == 0 && s->custom_ranking_count) {
        attribute = s->custom_ranking[0].attribute;
        descending = s->custom_ranking[0].descending;
    }
    if (attribute.size == 0 || !json_double(json_get_path(object, attribute), &value))
        return 0;
    return descending ? value : -value;
}

static void add_order(struct shard_builder *b, const struct json *object, struct str id)
{
    const struct settings *s = b->options.settings;
    struct str attribute = s->role_attribute[ROLE_CATEGORY];
    const struct json *category = attribute.size ? json_get_path(object, attribute) : NULL;

    buf_clear(&b->path);
    if (category)
        category_paths(category, first_path, &b->path);
    build_order_add(&b->order, id, object_group(s, object), buf_str(&b->path), popularity_of(s, object));
}

static enum status check_object(const struct json *object, struct str *id, struct error *err)
{
    if (object->type != JSON_OBJECT || !object_id(object, id))
        return error_set(err, STATUS_INPUT, "'objectID': must be a string or a number");
    if (id->size == 0 || id->size > LIMIT_OBJECT_ID_BYTES || !str_utf8_valid(*id, NULL))
        return error_set(err, STATUS_INPUT, "'objectID': must have 1 to %d bytes of UTF-8", LIMIT_OBJECT_ID_BYTES);
    return STATUS_OK;
}

enum status shard_builder_add(struct shard_builder *b, const struct json *object, struct error *err)
{
    const struct object_visitor visitor = {.context = b, .on_value = on_value, .on_tree = on_tree};
    struct str id;
    uint8_t stock = 0;
    enum status status = check_object(object, &id, err);

    if (status != STATUS_OK)
        return status;
    arena_reset(&b->arena);
    write_stored(b, object);
    if (b->text.size > LIMIT_OBJECT_BYTES)
        return error_set(err, STATUS_LIMIT, "object '" STR_FMT "' has %zu bytes, %u is the most", STR_ARG(id),
                         b->text.size, LIMIT_OBJECT_BYTES);
    b->doc = shard_builder_count(b);
    b->texts.count = 0;
    b->identifiers.count = 0;
    b->facet_count = 0;
    b->quantity_known = false;
    object_walk(&b->paths, object, &visitor);
    status = invert_texts(b, err);
    if (status != STATUS_OK) {
        build_values_cancel(&b->values, b->doc);
        build_cells_cancel(&b->cells, b->doc);
        return status;
    }
    stock = object_available(b->options.settings, object) ? 1 : 0;
    if (stock && (!b->quantity_known || b->quantity > 0))
        stock |= 2;
    vec_push(&b->available, stock);
    add_order(b, object, id);
    return object_store_add(&b->store, buf_str(&b->text), err);
}

/* --- the shard --- */
static void write_stock(const struct shard_builder *b, const struct build_sorted *sorted, struct container_writer *w)
{
    uint32_t count = shard_builder_count(b);
    size_t words = ((size_t)count + 63) / 64;
    uint64_t *available = xcalloc(words + 1, sizeof(*available)), *in_stock = xcalloc(words + 1, sizeof(*in_stock));

    for (uint32_t i = 0; i < count; i++) {
        uint8_t stock = b->available.items[sorted->old_of_new[i]];

        available[i / 64] |= (uint64_t)(stock & 1) << (i & 63);
        in_stock[i / 64] |= (uint64_t)(stock >> 1) << (i & 63);
    }
    shard_write_stock(w, available, in_stock, count);
    free(available);
    free(in_stock);
}

static enum status write_keys(const struct build_sorted *sorted, const struct shard_meta *meta,
                              struct container_writer *w, struct error *err)
{
    enum status status = keys_write(w, KEYS_OBJECTS, sorted->keys, meta->doc_count, err);

    if (status == STATUS_OK && meta->has_group_keys)
        status = keys_write(w, KEYS_GROUPS, sorted->group_names, meta->group_count, err);
    if (meta->group_count < meta->doc_count)
        shard_write_groups(w, sorted->groups, meta->doc_count);
    shard_write_ranks(w, sorted->ranks, meta->doc_count);
    return status;
}

static enum status write_shard(struct shard_builder *b, struct container_writer *w, struct error *err)
{
    struct build_sorted sorted;
    struct shard_meta meta = {.doc_count = shard_builder_count(b),
                              .field_count = (uint32_t)b->options.settings->field_count,
                              .has_stock = b->has_stock,
                              .created_ms = clock_wall_ms()};
    uint64_t uid = 0;
    enum status status = STATUS_OK;

    if (b->stage)
        status = invert_stage_end(b->stage, err);
    if (status != STATUS_OK)
        return status;
    build_order_sort(&b->order, &sorted);
    meta.group_count = sorted.group_count;
    meta.has_group_keys = sorted.group_keys;
    status = write_keys(&sorted, &meta, w, err);
    if (status == STATUS_OK)
        status = object_store_write(&b->store, sorted.old_of_new, meta.doc_count, w, err);
    if (status == STATUS_OK) {
        build_values_write(&b->values, b->options.dictionary, sorted.new_of_old, meta.doc_count, w);
        if (b->has_stock)
            write_stock(b, &sorted, w);
        build_cells_write(&b->cells, sorted.new_of_old, meta.doc_count, w);
        status = invert_write(b->invert, sorted.old_of_new, w, &meta, err);
    }
    shard_write_meta(w, &meta);
    build_sorted_release(&sorted);
    random_bytes(&uid, sizeof(uid));
    return status == STATUS_OK ? container_finish(w, uid, err) : status;
}

static enum status finish(struct shard_builder *b, struct buf *image, struct file *file, struct error *err)
{
    struct container_writer w;
    enum status status = STATUS_OK;

    container_writer_init(&w, CONTAINER_SHARD, image, file);
    status = write_shard(b, &w, err);
    container_writer_release(&w);
    stop(b);
    start(b);
    return status;
}

enum status shard_builder_finish(struct shard_builder *b, struct buf *image, struct error *err)
{
    return finish(b, image, NULL, err);
}

static enum status sync_parent(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    struct buf parent = BUF_EMPTY;
    enum status status = STATUS_OK;

    buf_append(&parent, slash ? path : ".", slash && slash > path ? (size_t)(slash - path) : 1);
    buf_append_char(&parent, '\0');
    status = dir_sync(parent.data, err);
    buf_release(&parent);
    return status;
}

enum status shard_builder_finish_file(struct shard_builder *b, const char *path, struct error *err)
{
    struct buf aside = BUF_EMPTY;
    struct file *file = NULL;
    enum status status = STATUS_OK;

    buf_printf(&aside, "%s.new", path);
    buf_append_char(&aside, '\0');
    status = file_open(&file, aside.data, FILE_REWRITE, err);
    if (status == STATUS_OK)
        status = finish(b, NULL, file, err);
    file_close(file);
    if (status == STATUS_OK)
        status = file_rename(aside.data, path, err);
    if (status == STATUS_OK)
        status = sync_parent(path, err);
    buf_release(&aside);
    return status;
}
