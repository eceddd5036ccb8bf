#include "server/query/hit.h"

#include "indexer/base/number.h"

/* Where the value was, it is replaced; a new one becomes a member, unless its path leads deeper. */
static bool put(struct json *object, struct str name, const struct number_column *column, int64_t cell,
                struct arena *arena)
{
    struct json *place = (struct json *)(uintptr_t)json_get_path(object, name);

    if (cell == NUMBER_MISSING) {
        if (place && (place->type == JSON_NUMBER || json_is_bool(place)))
            *place = (struct json){.type = JSON_NULL};
        return true;
    }
    if (place && (place->type == JSON_NUMBER || place->type == JSON_NULL)) {
        *place = number_json(column, cell, arena);
        return true;
    }
    return place || str_find_char(name, '.') != SIZE_MAX ||
           json_object_set(object, name, number_json(column, cell, arena), arena);
}

/* "*" and names to leave out mean that any may be shown. */
static bool names_all(const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(names[i], STR("*")) || str_starts_with(names[i], STR("-")))
            return true;
    }
    return false;
}

static bool is_id_alone(const struct str *names, size_t count)
{
    return count == 0 || (count == 1 && str_equal(names[0], STR("objectID")));
}

/* Whether the answer shows no more than objectIDs: then no stored object is read. */
static bool ids_only(const struct search_request *request, const struct settings *s)
{
    size_t highlight_count = request->highlight_given ? request->highlight_count : s->highlight_count;

    return is_id_alone(request->retrieve_given ? request->retrieve : s->retrieve,
                       request->retrieve_given ? request->retrieve_count : s->retrieve_count) &&
           (request->retrieve_given || s->retrieve_count) && highlight_count == 0 && request->snippet_count == 0;
}

bool hit_reader_init(struct hit_reader *r, const struct snapshot *snapshot, const struct search_request *request,
                     struct arena *arena)
{
    const struct settings *s = snapshot->settings;
    const struct str *retrieve = request->retrieve_given ? request->retrieve : s->retrieve;
    const struct str *highlight = request->highlight_given ? request->highlight : s->highlight;
    size_t retrieve_count = request->retrieve_given ? request->retrieve_count : s->retrieve_count;
    size_t highlight_count = request->highlight_given ? request->highlight_count : s->highlight_count;
    struct str *names = ARENA_ARRAY(arena, struct str, retrieve_count + highlight_count + request->snippet_count + 2);

    *r = (struct hit_reader){.snapshot = snapshot, .arena = arena};
    if (!names)
        return false;
    /* A star among the names to mark stands for those that are shown. */
    r->all = names_all(retrieve, retrieve_count) || (retrieve_count == 0 && !request->retrieve_given);
    names[r->wanted.count++] = STR("objectID");
    names[r->wanted.count++] = STR("in_stock");
    for (size_t i = 0; i < retrieve_count; i++)
        names[r->wanted.count++] = retrieve[i];
    for (size_t i = 0; i < highlight_count; i++)
        names[r->wanted.count++] = highlight[i];
    for (size_t i = 0; i < request->snippet_count; i++) {
        struct str words = request->snippet[i];
        names[r->wanted.count++] = str_split(&words, ':');
    }
    r->wanted.names = names;
    for (size_t i = 0; i < r->wanted.count; i++) {
        struct str rest = names[i], first = str_split(&rest, '.');
        r->cells_wanted |= settings_dimension_list(s, first) != NULL;
    }
    r->id_only = ids_only(request, s);
    return true;
}

void hit_reader_release(struct hit_reader *r)
{
    buf_release(&r->text);
}

static bool is_named(const struct hit_reader *r, struct str name)
{
    for (size_t i = 0; i < r->wanted.count; i++) {
        if (str_equal(r->wanted.names[i], name))
            return true;
    }
    return false;
}

static bool is_wanted(const struct hit_reader *r, struct str name)
{
    return r->all || is_named(r, name);
}

/* A number deeper in an object is put where the object is. */
static bool shows(const struct hit_reader *r, struct str name)
{
    return !r->id_only && (is_wanted(r, name) || str_find_char(name, '.') != SIZE_MAX);
}

static bool any_shows(const struct hit_readers *readers, struct str name)
{
    bool any = false;

    for (size_t i = 0; i < readers->count; i++)
        any |= shows(&readers->all[i], name);
    return any;
}

static bool has_attr(const struct hit_overlay *o, attr_id attr)
{
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->attrs[i] == attr)
            return true;
    }
    return false;
}

bool hit_overlay_init(struct hit_overlay *o, const struct shard *shard, struct window *w,
                      const struct hit_readers *readers)
{
    uint32_t cut_count, changed = shard_changed_count(shard);
    const attr_id *cut = shard_cut_attributes(shard, &cut_count);
    attr_id *attrs = ARENA_ARRAY(w->arena, attr_id, (size_t)cut_count + changed + 1);
    uint32_t *sources = ARENA_ARRAY(w->arena, uint32_t, (size_t)cut_count + changed + 1);

    if (!attrs || !sources)
        return false;
    *o = (struct hit_overlay){.attrs = attrs, .sources = sources};
    for (uint32_t i = 0; i < cut_count + changed; i++) {
        attr_id attr = i < cut_count ? cut[i] : shard_changed_attribute(shard, i - cut_count);
        if (has_attr(o, attr))
            continue;
        attrs[o->count++] = attr;
        if (!any_shows(readers, dictionary_attr(w->snapshot->dictionary, attr)->name))
            continue;
        attrs[o->count - 1] = attrs[o->shown];
        attrs[o->shown] = attr;
        sources[o->shown] = window_source(w, attr);
        if (sources[o->shown++] == UINT32_MAX)
            return false;
    }
    return true;
}

/* Stores and price lists themselves, where the request names them: "stores", "prices.vip". */
static bool put_store_cells(const struct hit_reader *r, const struct candidate *c, struct json *out)
{
    const struct dimensions *all = shard_dimensions(r->snapshot->segments[c->segment].shard);
    uint32_t limit = r->cells_wanted ? dimensions_limit(all) : 0;

    for (uint32_t a = 0; a < limit; a++) {
        const struct dimension *d = dimensions_find(all, (attr_id)a);
        struct str name = d ? dictionary_attr(r->snapshot->dictionary, (attr_id)a)->name : STR("");
        int64_t value;
        if (!d || !(is_named(r, name) || is_named(r, str_slice(name, 0, str_find_char(name, '.')))) ||
            dimensions_check(all, (attr_id)a, NULL) != STATUS_OK)
            continue;
        value = dimension_value(d, c->doc);
        if (value != NUMBER_MISSING && !snapshot_put_cell(out, name, dimension_is_store(d), value, r->arena))
            return false;
    }
    return true;
}

static bool put_numbers(const struct hit_reader *r, const struct hit_overlay *overlay, const struct candidate *c,
                        struct json *out)
{
    const struct shard *shard = r->snapshot->segments[c->segment].shard;

    for (uint32_t i = 0; i < overlay->shown; i++) {
        struct str name = dictionary_attr(r->snapshot->dictionary, overlay->attrs[i])->name;
        struct shown_column shown;
        const struct number_column *column = store_view_column(r->view, shard, overlay->attrs[i], &shown);
        if (shows(r, name) && !put(out, name, column, c->cells[i], r->arena))
            return false;
    }
    if (!put_store_cells(r, c, out))
        return false;
    if (r->view && r->view->by_store)
        return json_object_set(out, STR("in_stock"), json_of_bool(c->in_stock > 0), r->arena);
    return c->in_stock < 0 || !json_is_bool(json_get(out, "in_stock")) ||
           json_object_set(out, STR("in_stock"), json_of_bool(c->in_stock), r->arena);
}

/* The cells that were read when the hit was found are those that were written. */
static enum status check_cells(const struct hit_reader *r, const struct hit_overlay *overlay, const struct candidate *c,
                               struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; status == STATUS_OK && i < overlay->count; i++)
        status = shard_check_cell(r->snapshot->segments[c->segment].shard, overlay->attrs[i], c->doc, err);
    return status;
}

enum status hit_object(struct hit_reader *r, const struct hit_overlay *overlay, const struct candidate *c,
                       struct json *out, struct error *err)
{
    enum status status;
    struct str text;

    if (r->id_only) {
        struct str key = shard_object_id(r->snapshot->segments[c->segment].shard, c->doc);
        struct str id = arena_copy(r->arena, key);
        if (key.size == 0)
            return error_set(err, STATUS_FORMAT, "the objectID of document %u is damaged", c->doc);
        *out = (struct json){.type = JSON_OBJECT};
        return id.data && json_object_set(out, STR("objectID"), json_of_str(id), r->arena)
                   ? STATUS_OK
                   : error_set(err, STATUS_LIMIT, "the hits need more memory than a request may use");
    }
    buf_clear(&r->text);
    status = shard_object(r->snapshot->segments[c->segment].shard, c->doc, &r->text, err);
    if (status == STATUS_OK)
        status = check_cells(r, overlay, c, err);
    if (status != STATUS_OK)
        return status;
    text = arena_copy(r->arena, buf_str(&r->text));
    status = r->all ? json_parse(text, r->arena, out, err) : json_parse_selected(text, &r->wanted, r->arena, out, err);
    if (r->arena->failed || (status == STATUS_OK && !put_numbers(r, overlay, c, out)))
        return error_set(err, STATUS_LIMIT, "the hits need more memory than a request may use");
    return status;
}
