#include "indexer/build/object_paths.h"

#include "indexer/base/limits.h"

#define SEPARATOR STR(" > ")

void object_paths_init(struct object_paths *p, const struct settings *settings, struct dictionary *dictionary,
                       pthread_mutex_t *lock)
{
    *p = (struct object_paths){.settings = settings, .dictionary = dictionary, .lock = lock, .rest_field = -1};
    map_init(&p->known);
    arena_init(&p->paths, 0);
    for (size_t f = 0; f < settings->field_count; f++) {
        if (settings->fields[f].rest)
            p->rest_field = (int)f;
    }
}

void object_paths_release(struct object_paths *p)
{
    map_release(&p->known);
    arena_release(&p->paths);
    vec_release(&p->infos);
}

/* name is path, or an object above it. */
static bool covers(struct str name, struct str path)
{
    return str_equal(name, path) ||
           (path.size > name.size && path.data[name.size] == '.' && str_starts_with(path, name));
}

static bool listed(const struct str *list, size_t count, struct str path)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i], path))
            return true;
    }
    return false;
}

static bool in_keys(const struct sort_key *keys, size_t count, struct str path)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(keys[i].attribute, path))
            return true;
    }
    return false;
}

/* Attributes that change without the text: prices, stock, and what results are sorted by. */
static bool is_cut(const struct settings *s, struct str path)
{
    static const enum role ROLES[] = {ROLE_PRICE, ROLE_SALE_PRICE, ROLE_QUANTITY, ROLE_POPULARITY};

    for (size_t i = 0; i < sizeof(ROLES) / sizeof(ROLES[0]); i++) {
        if (s->role_attribute[ROLES[i]].size && str_equal(s->role_attribute[ROLES[i]], path))
            return true;
    }
    for (size_t i = 0; i < s->replica_count; i++) {
        if (in_keys(s->replicas[i].keys, s->replicas[i].key_count, path))
            return true;
    }
    if (settings_mutable(s, path))
        return true;
    return str_equal(path, STR("effective_price")) || in_keys(s->custom_ranking, s->custom_ranking_count, path) ||
           in_keys(s->ranking, s->ranking_count, path);
}

static uint16_t fields_of(const struct settings *s, struct str path)
{
    uint16_t fields = 0;

    for (size_t f = 0; f < s->field_count; f++) {
        for (size_t a = 0; !s->fields[f].rest && a < s->fields[f].attribute_count; a++) {
            if (covers(s->fields[f].attributes[a], path))
                fields |= (uint16_t)(1U << f);
        }
    }
    return fields;
}

static void take_attribute(struct path_info *info, const struct dictionary *d, struct str path)
{
    info->attr = dictionary_attr_find(d, path);
    if (info->attr == ATTR_NONE)
        return;
    info->faceted = dictionary_attr(d, info->attr)->faceted;
    info->numeric = dictionary_attr(d, info->attr)->numeric;
    info->hierarchical = dictionary_attr(d, info->attr)->hierarchical;
    info->stock = dictionary_attr(d, info->attr)->stock;
}

/* Objects are much alike: the path that followed the last one the last time is tried before the table. */
static struct path_info *object_path_guess(struct object_paths *p, struct str path)
{
    uint32_t guess = p->last < p->infos.count ? p->infos.items[p->last].next : 0;

    if (p->last < p->infos.count && str_equal(p->infos.items[p->last].path, path))
        return &p->infos.items[p->last];
    if (guess >= p->infos.count || !str_equal(p->infos.items[guess].path, path))
        return NULL;
    p->last = guess;
    return &p->infos.items[guess];
}

struct path_info *object_path(struct object_paths *p, struct str path)
{
    const struct settings *s = p->settings;
    bool added = false;
    struct path_info *guessed = object_path_guess(p, path);
    struct path_info info = {.attr = ATTR_NONE};
    uint64_t number = 0;

    if (guessed)
        return guessed;
    number = *map_put(&p->known, path, p->infos.count, &added);
    if (p->last < p->infos.count)
        p->infos.items[p->last].next = (uint32_t)number;
    p->last = (uint32_t)number;
    if (!added)
        return &p->infos.items[number];
    info.path = arena_copy(&p->paths, path);
    take_attribute(&info, p->dictionary, path);
    info.fields = fields_of(s, path);
    info.rest = p->rest_field >= 0 && info.fields == 0 && !str_equal(path, STR("objectID")) &&
                !str_equal(path, s->group_attribute);
    info.identifier = listed(s->identifiers, s->identifier_count, path);
    info.cut = is_cut(s, path);
    info.flag = settings_flag_cells(s, path) && str_find_char(path, '.') == SIZE_MAX;
    info.quantity = s->role_attribute[ROLE_QUANTITY].size && str_equal(path, s->role_attribute[ROLE_QUANTITY]);
    info.dimension = (uint8_t)settings_dimension_kind(s, path);
    vec_push(&p->infos, info);
    return &p->infos.items[p->infos.count - 1];
}

static void lock(struct object_paths *p)
{
    if (p->lock)
        pthread_mutex_lock(p->lock);
}

static void unlock(struct object_paths *p)
{
    if (p->lock)
        pthread_mutex_unlock(p->lock);
}

attr_id object_path_number(struct object_paths *p, struct path_info *info, struct str path)
{
    if (info->attr == ATTR_NONE) {
        lock(p);
        (void)dictionary_attr_add(p->dictionary, &(struct attribute){.name = path});
        unlock(p);
        take_attribute(info, p->dictionary, path);
    }
    return info->attr;
}

facet_code object_path_code(struct object_paths *p, attr_id attr, struct str value)
{
    facet_code code = dictionary_value_find(p->dictionary, attr, value);

    if (code == FACET_NONE) {
        lock(p);
        code = dictionary_value_add(p->dictionary, attr, value);
        unlock(p);
    }
    return code;
}

/* --- the walk --- */
struct walk {
    struct object_paths *paths;
    const struct object_visitor *visitor;
    unsigned arrays; /* that the walk is inside of */
    char path[1024];
};

static void walk_value(struct walk *w, size_t size, const struct json *value);

static void walk_members(struct walk *w, size_t size, const struct json *object)
{
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_member *m = &object->members[i];
        size_t at = size;

        if (size + 1 + m->name.size > sizeof(w->path))
            continue;
        if (size)
            w->path[at++] = '.';
        if (m->name.size)
            memcpy(w->path + at, m->name.data, m->name.size);
        at += m->name.size;
        if (m->value.type != JSON_NULL) {
            struct path_info *info = object_path(w->paths, (struct str){w->path, at});

            if (info->hierarchical)
                w->visitor->on_tree(w->visitor->context, info, &m->value);
            walk_value(w, at, &m->value);
        }
    }
}

static void walk_value(struct walk *w, size_t size, const struct json *value)
{
    struct str path = {w->path, size};

    if (value->type == JSON_OBJECT) {
        walk_members(w, size, value);
    } else if (value->type == JSON_ARRAY) {
        w->arrays++;
        for (uint32_t i = 0; i < value->count; i++)
            walk_value(w, size, &value->items[i]);
        w->arrays--;
    } else if (value->type != JSON_NULL) {
        w->visitor->on_value(w->visitor->context, object_path(w->paths, path), path, value, w->arrays > 0);
    }
}

void object_walk(struct object_paths *p, const struct json *object, const struct object_visitor *visitor)
{
    struct walk w = {.paths = p, .visitor = visitor};

    walk_members(&w, 0, object);
}

/* --- category paths --- */
struct path_list {
    void (*on_path)(void *context, struct str path);
    void *context;
};

/* At most LIMIT_CATEGORY_LEVELS levels of a path. */
static void give_path(const struct path_list *l, struct str path)
{
    size_t at = 0;
    unsigned levels = 1;

    path = str_trim(path);
    while (levels <= LIMIT_CATEGORY_LEVELS && at < path.size) {
        size_t next = str_find(str_slice(path, at, path.size), SEPARATOR);

        if (next == SIZE_MAX)
            break;
        if (levels++ == LIMIT_CATEGORY_LEVELS)
            path.size = at + next;
        at += next + SEPARATOR.size;
    }
    if (path.size && path.size <= LIMIT_FACET_VALUE_BYTES)
        l->on_path(l->context, path);
}

static void give_names(const struct path_list *l, const struct json *names)
{
    struct buf joined = BUF_EMPTY;

    for (uint32_t i = 0; i < names->count; i++) {
        if (names->items[i].type != JSON_STRING)
            continue;
        if (joined.size)
            buf_append_str(&joined, SEPARATOR);
        buf_append_str(&joined, names->items[i].text);
    }
    give_path(l, buf_str(&joined));
    buf_release(&joined);
}

static bool has_separator(const struct json *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (names->items[i].type == JSON_STRING && str_find(names->items[i].text, SEPARATOR) != SIZE_MAX)
            return true;
    }
    return false;
}

static void give_array(const struct path_list *l, const struct json *array)
{
    bool names = array->count > 1 && !has_separator(array);

    for (uint32_t i = 0; i < array->count; i++) {
        const struct json *item = &array->items[i];

        if (item->type == JSON_ARRAY) {
            give_names(l, item);
            names = false;
        } else if (item->type == JSON_STRING && !names) {
            give_path(l, item->text);
        }
    }
    if (names)
        give_names(l, array);
}

void category_paths(const struct json *value, void (*on_path)(void *context, struct str path), void *context)
{
    struct path_list l = {on_path, context};

    if (value->type == JSON_STRING) {
        give_path(&l, value->text);
    } else if (value->type == JSON_ARRAY) {
        give_array(&l, value);
    } else if (value->type == JSON_OBJECT) {
        /* lvl0, lvl1, ...: each level is a full path, or a list of them. The deepest first. */
        for (uint32_t i = value->count; i > 0; i--) {
            const struct json *level = &value->members[i - 1].value;

            if (level->type == JSON_STRING)
                give_path(&l, level->text);
            for (uint32_t k = 0; level->type == JSON_ARRAY && k < level->count; k++) {
                if (level->items[k].type == JSON_STRING)
                    give_path(&l, level->items[k].text);
            }
        }
    }
}
