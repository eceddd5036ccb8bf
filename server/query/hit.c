#include "server/query/hit.h"

#include "indexer/base/number.h"

struct json hit_number(const struct number_column *column, int64_t cell, struct arena *arena)
{
    struct buf text = BUF_EMPTY;
    struct json out;

    if (column->is_double)
        return json_of_double(number_as_double(column, cell), arena);
    decimal_write(&text, cell, column->scale);
    out = json_number_text(arena_copy(arena, buf_str(&text)));
    buf_release(&text);
    return out;
}

bool hit_overlay_init(struct hit_overlay *o, const struct shard *shard, struct window *w, struct arena *arena)
{
    uint32_t cut_count, changed = shard_changed_count(shard);
    const attr_id *cut = shard_cut_attributes(shard, &cut_count);
    attr_id *attrs = ARENA_ARRAY(arena, attr_id, (size_t)cut_count + changed + 1);
    uint32_t *sources = ARENA_ARRAY(arena, uint32_t, (size_t)cut_count + changed + 1);

    if (!attrs || !sources)
        return false;
    *o = (struct hit_overlay){.attrs = attrs, .sources = sources};
    for (uint32_t i = 0; i < cut_count + changed; i++) {
        attr_id attr = i < cut_count ? cut[i] : shard_changed_attribute(shard, i - cut_count);
        bool known = false;
        for (uint32_t k = 0; k < o->count && !known; k++)
            known = attrs[k] == attr;
        if (known)
            continue;
        attrs[o->count] = attr;
        sources[o->count] = window_source(w, attr);
        if (sources[o->count++] == UINT32_MAX)
            return false;
    }
    return true;
}

/* Where the value was, it is replaced; a new one becomes a member, unless its path leads deeper. */
static bool put(struct json *object, struct str name, const struct number_column *column, int64_t cell,
                struct arena *arena)
{
    struct json *place = (struct json *)(uintptr_t)json_get_path(object, name);

    if (cell == NUMBER_MISSING) {
        if (place && place->type == JSON_NUMBER)
            *place = (struct json){.type = JSON_NULL};
        return true;
    }
    if (place && (place->type == JSON_NUMBER || place->type == JSON_NULL)) {
        *place = hit_number(column, cell, arena);
        return true;
    }
    return place || str_find_char(name, '.') != SIZE_MAX ||
           json_object_set(object, name, hit_number(column, cell, arena), arena);
}

enum status hit_object(const struct snapshot *snapshot, const struct hit_overlay *overlay, const struct candidate *c,
                       struct arena *arena, struct json *out, struct error *err)
{
    const struct shard *shard = snapshot->segments[c->segment].shard;
    struct buf text = BUF_EMPTY;
    enum status status = shard_object(shard, c->doc, &text, err);

    if (status == STATUS_OK)
        status = json_parse(arena_copy(arena, buf_str(&text)), arena, out, err);
    buf_release(&text);
    for (uint32_t i = 0; status == STATUS_OK && i < overlay->count; i++) {
        const struct number_column *column = shard_number_column(shard, overlay->attrs[i]);
        struct str name = dictionary_attr(snapshot->dictionary, overlay->attrs[i])->name;
        if (!put(out, name, column, c->cells[i], arena))
            status = STATUS_LIMIT;
    }
    if (status == STATUS_OK && c->in_stock >= 0 && json_is_bool(json_get(out, "in_stock")) &&
        !json_object_set(out, STR("in_stock"), json_of_bool(c->in_stock), arena))
        status = STATUS_LIMIT;
    return arena->failed ? error_set(err, STATUS_LIMIT, "the hits need more memory than a request may use") : status;
}
