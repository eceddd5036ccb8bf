#include "indexer/build/object_cells.h"

#include <stdlib.h>

#include "indexer/base/number.h"

/* --- objects --- */
bool object_cell(const struct json *value, enum dimension_kind kind, int64_t *out)
{
    uint8_t scale = kind == DIMENSION_STORE ? DIMENSION_STORE_SCALE : DIMENSION_PRICE_SCALE;
    struct decimal d = {0, 0};
    double number;

    if (json_is_bool(value) && kind == DIMENSION_STORE)
        d.units = value->type == JSON_TRUE;
    else if ((value->type != JSON_NUMBER && value->type != JSON_STRING) ||
             !number_parse_double(str_trim(value->text), &number) || !decimal_parse(str_trim(value->text), &d))
        return false;
    return decimal_rescale(d, scale, out) && *out != NUMBER_MISSING;
}

static bool any_cells(const struct json *value, enum dimension_kind kind)
{
    int64_t cell;

    if (value->type != JSON_OBJECT)
        return object_cell(value, kind, &cell);
    for (uint32_t i = 0; i < value->count; i++) {
        if (any_cells(&value->members[i].value, kind))
            return true;
    }
    return false;
}

/* What is left of a value under the attribute; false when nothing is. */
static bool strip(const struct json *value, enum dimension_kind kind, struct arena *arena, struct json *out)
{
    int64_t cell;

    *out = *value;
    if (value->type != JSON_OBJECT)
        return !object_cell(value, kind, &cell);
    *out = (struct json){.type = JSON_OBJECT};
    for (uint32_t i = 0; i < value->count; i++) {
        struct json left;
        if (strip(&value->members[i].value, kind, arena, &left))
            (void)json_object_set(out, value->members[i].name, left, arena);
    }
    return out->count > 0;
}

/* The kind of a top-level member's cells. */
static enum dimension_kind kind_of(const struct settings *s, const struct json_member *m)
{
    const struct dimension_list *list = settings_dimension_list(s, m->name);

    if (list)
        return m->value.type != JSON_OBJECT ? DIMENSION_NONE
               : list == &s->stores         ? DIMENSION_STORE
                                            : DIMENSION_PRICE_LIST;
    return settings_dimension_kind(s, m->name);
}

struct json object_without_cells(const struct settings *s, const struct json *object, struct arena *arena)
{
    struct json out = {.type = JSON_OBJECT};
    bool any = false;

    if (s->stores.count + s->price_lists.count == 0)
        return *object;
    for (uint32_t i = 0; i < object->count && !any; i++) {
        enum dimension_kind kind = kind_of(s, &object->members[i]);
        any = kind != DIMENSION_NONE && any_cells(&object->members[i].value, kind);
    }
    for (uint32_t i = 0; i < object->count && any; i++) {
        const struct json_member *m = &object->members[i];
        enum dimension_kind kind = kind_of(s, m);
        struct json left = m->value;
        if (kind == DIMENSION_NONE || strip(&m->value, kind, arena, &left))
            (void)json_object_set(&out, m->name, left, arena);
    }
    return any ? out : *object;
}

/* --- the shard --- */
void build_cells_release(struct build_cells *b)
{
    for (size_t i = 0; i < b->attributes.count; i++)
        vec_release(&b->attributes.items[i].cells);
    vec_release(&b->attributes);
}

void build_cells_put(struct build_cells *b, attr_id attr, bool store, uint32_t doc, int64_t value)
{
    struct build_cells_list none = {.store = store};
    struct build_cell cell = {doc, (uint32_t)(uint64_t)value, (uint32_t)((uint64_t)value >> 32)};

    while (b->attributes.count <= attr)
        vec_push(&b->attributes, none);
    b->attributes.items[attr].store = store;
    vec_push(&b->attributes.items[attr].cells, cell);
}

void build_cells_cancel(struct build_cells *b, uint32_t doc)
{
    for (size_t i = 0; i < b->attributes.count; i++) {
        struct build_cells_list *list = &b->attributes.items[i];
        while (list->cells.count && list->cells.items[list->cells.count - 1].doc >= doc)
            list->cells.count--;
    }
}

static int by_doc(const void *a, const void *b)
{
    const struct dimension_cell *x = a, *y = b;

    if (x->doc != y->doc)
        return x->doc < y->doc ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key; /* the order of arrival */
}

/* Renumbered and sorted; of a document's several cells the last one counts. */
static struct dimension_source settle(const struct build_cells_list *list, attr_id attr, const uint32_t *new_of_old)
{
    size_t count = list->cells.count, kept = 0;
    struct dimension_cell *cells = xrealloc_array(NULL, count + 1, sizeof(*cells));

    for (size_t i = 0; i < count; i++) {
        const struct build_cell *c = &list->cells.items[i];
        cells[i] = (struct dimension_cell){new_of_old[c->doc], (int64_t)((uint64_t)c->high << 32 | c->low), i};
    }
    qsort(cells, count, sizeof(*cells), by_doc);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && cells[kept - 1].doc == cells[i].doc)
            kept--;
        cells[kept++] = cells[i];
    }
    return (struct dimension_source){.attr = attr, .store = list->store, .cells = cells, .count = (uint32_t)kept};
}

void build_cells_write(struct build_cells *b, const uint32_t *new_of_old, uint32_t doc_count,
                       struct container_writer *w)
{
    struct dimensions_writer dw;

    dimensions_writer_init(&dw, w, doc_count);
    for (size_t i = 0; i < b->attributes.count; i++) {
        struct dimension_source source;
        if (b->attributes.items[i].cells.count == 0)
            continue;
        source = settle(&b->attributes.items[i], (attr_id)i, new_of_old);
        vec_release(&b->attributes.items[i].cells);
        dimensions_writer_put(&dw, &source);
        free((void *)(uintptr_t)source.cells);
    }
    dimensions_writer_end(&dw);
}
