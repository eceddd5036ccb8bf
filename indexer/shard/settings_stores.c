/* Stores and price lists: the dimensions of stock and price. */
#include "indexer/shard/settings_internal.h"

enum { DIMENSIONS_MAX = 8000, NAME_MAX_BYTES = 128 };

/* What differs between `stores` and `priceLists`. */
struct dimension_key {
    const char *key;
    const char *attribute; /* unless the settings say another */
    bool stores;
};

static enum status read_store_member(struct dimension_setting *out, const char *at, const struct json_member *m,
                                     struct error *err)
{
    if (str_equal(m->name, STR("name")))
        return STATUS_OK;
    if (str_equal(m->name, STR("pickupToday")))
        return json_bool(&m->value, &out->pickup_today)
                   ? STATUS_OK
                   : error_set(err, STATUS_INPUT, "'%s.pickupToday': must be true or false", at);
    if (str_equal(m->name, STR("shipsFrom")))
        return json_string(&m->value, &out->ships_from) ? STATUS_OK
                                                        : error_set(err, STATUS_INPUT,
                                                                    "'%s.shipsFrom': must be a "
                                                                    "string",
                                                                    at);
    return error_set(err, STATUS_INPUT, "'%s." STR_FMT "': there are name, pickupToday and shipsFrom", at,
                     STR_ARG(m->name));
}

static enum status read_dimension(struct settings *s, const struct dimension_key *k, const char *at,
                                  const struct json *value, struct dimension_setting *out, struct error *err)
{
    enum status status = STATUS_OK;
    struct str attribute = k->stores ? s->stores.attribute : s->price_lists.attribute;

    *out = (struct dimension_setting){0};
    if (!json_string(value, &out->name) &&
        (value->type != JSON_OBJECT || !k->stores || !json_string(json_get(value, "name"), &out->name)))
        return error_set(err, STATUS_INPUT, "'%s': must be a name%s", at,
                         k->stores ? " or {\"name\": \"...\", \"pickupToday\": true, \"shipsFrom\": \"...\"}" : "");
    if (out->name.size == 0 || out->name.size > NAME_MAX_BYTES)
        return error_set(err, STATUS_INPUT, "'%s': a name has 1 to %d bytes", at, NAME_MAX_BYTES);
    for (uint32_t i = 0; status == STATUS_OK && value->type == JSON_OBJECT && i < value->count; i++)
        status = read_store_member(out, at, &value->members[i], err);
    out->path = arena_printf(&s->arena, STR_FMT "." STR_FMT, STR_ARG(attribute), STR_ARG(out->name));
    return status;
}

/* The object form around the list of names: {"attribute", "order", "names"}. */
static enum status read_form(const char *key, const struct json **names, struct dimension_list *out, struct error *err)
{
    const struct json *form = *names;
    struct str order = STR("timestamp");

    if (form->type != JSON_OBJECT)
        return STATUS_OK;
    *names = json_get(form, "names");
    for (uint32_t i = 0; i < form->count; i++) {
        const struct json_member *m = &form->members[i];
        if (str_equal(m->name, STR("names")))
            continue;
        if (!str_equal(m->name, STR("attribute")) && !str_equal(m->name, STR("order")))
            return error_set(err, STATUS_INPUT, "'%s." STR_FMT "': there are names, attribute and order", key,
                             STR_ARG(m->name));
        if (!json_string(&m->value, m->name.data[0] == 'a' ? &out->attribute : &order))
            return error_set(err, STATUS_INPUT, "'%s." STR_FMT "': must be a string", key, STR_ARG(m->name));
    }
    if (out->attribute.size == 0 || str_find_char(out->attribute, '.') != SIZE_MAX)
        return error_set(err, STATUS_INPUT, "'%s.attribute': must be a name without a dot", key);
    out->mutable_as.by_version = str_equal(order, STR("version"));
    if (!out->mutable_as.by_version && !str_equal(order, STR("timestamp")))
        return error_set(err, STATUS_INPUT, "'%s.order': must be \"timestamp\" or \"version\"", key);
    return STATUS_OK;
}

static enum status read_list(struct settings *s, const struct dimension_key *k, const struct json *value,
                             struct error *err)
{
    struct dimension_list *out = k->stores ? &s->stores : &s->price_lists;
    const struct json *names = value;
    struct dimension_setting *items;
    enum status status;

    *out = (struct dimension_list){.attribute = str_from(k->attribute)};
    if (value->type == JSON_NULL)
        return STATUS_OK;
    status = read_form(k->key, &names, out, err);
    if (status != STATUS_OK)
        return status;
    out->mutable_as.attribute = out->attribute;
    if (!names || names->type != JSON_ARRAY || names->count > DIMENSIONS_MAX)
        return error_set(err, STATUS_INPUT, "'%s': must be a list of at most %d names", k->key, DIMENSIONS_MAX);
    items = ARENA_ARRAY(&s->arena, struct dimension_setting, names->count + 1);
    out->items = items;
    for (uint32_t i = 0; status == STATUS_OK && i < names->count; i++) {
        bool added = true;
        struct str at = arena_printf(&s->arena, "%s[%u]", k->key, i);
        status = read_dimension(s, k, at.data, &names->items[i], &items[i], err);
        if (status != STATUS_OK)
            return status;
        (void)map_put(&s->dimension_names, items[i].path, i, &added);
        if (!added)
            return error_set(err, STATUS_INPUT, "'%s': the name '" STR_FMT "' is there twice", at.data,
                             STR_ARG(items[i].name));
        out->count++;
    }
    return status;
}

enum status settings_read_stores(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    return read_list(s, &(struct dimension_key){key, "stores", true}, value, err);
}

enum status settings_read_price_lists(struct settings *s, const char *key, const struct json *value, struct error *err)
{
    enum status status = read_list(s, &(struct dimension_key){key, "prices", false}, value, err);

    if (status == STATUS_OK && s->stores.count && s->price_lists.count &&
        str_equal(s->stores.attribute, s->price_lists.attribute))
        status = error_set(err, STATUS_INPUT, "'%s.attribute': the stores have '" STR_FMT "' already", key,
                           STR_ARG(s->stores.attribute));
    return status;
}

static bool under(const struct dimension_list *list, struct str path)
{
    struct str a = list->attribute;

    return list->count && path.size > a.size + 1 && path.data[a.size] == '.' && str_starts_with(path, a);
}

enum dimension_kind settings_dimension_kind(const struct settings *s, struct str path)
{
    return under(&s->stores, path)        ? DIMENSION_STORE
           : under(&s->price_lists, path) ? DIMENSION_PRICE_LIST
                                          : DIMENSION_NONE;
}

const struct dimension_list *settings_dimension_list(const struct settings *s, struct str attribute)
{
    if (s->stores.count && str_equal(s->stores.attribute, attribute))
        return &s->stores;
    return s->price_lists.count && str_equal(s->price_lists.attribute, attribute) ? &s->price_lists : NULL;
}

const struct dimension_setting *settings_dimension(const struct settings *s, struct str path)
{
    enum dimension_kind kind = settings_dimension_kind(s, path);
    const uint64_t *at = kind == DIMENSION_NONE ? NULL : map_get(&s->dimension_names, path);

    return !at ? NULL : kind == DIMENSION_STORE ? &s->stores.items[*at] : &s->price_lists.items[*at];
}

const struct mutable_setting *settings_dimension_mutable(const struct settings *s, struct str path)
{
    if (!settings_dimension(s, path))
        return NULL;
    return settings_dimension_kind(s, path) == DIMENSION_STORE ? &s->stores.mutable_as : &s->price_lists.mutable_as;
}

static bool same_list(const struct dimension_list *a, const struct dimension_list *b)
{
    return (a->count > 0) == (b->count > 0) && (a->count == 0 || str_equal(a->attribute, b->attribute));
}

bool settings_same_dimensions(const struct settings *a, const struct settings *b)
{
    return same_list(&a->stores, &b->stores) && same_list(&a->price_lists, &b->price_lists);
}

bool settings_has_stock(const struct settings *s)
{
    return s->role_attribute[ROLE_AVAILABILITY].size || s->role_attribute[ROLE_QUANTITY].size || s->stores.count;
}
