#include "indexer/build/feed_xml_tree.h"

/*
 * Paths of a mapping, from the item's element: "title", "g:price", "prices/price/amount", "@id", "image/@url", and for
 * names with values "PARAM[PARAM_NAME]=VAL" or "param[@name]" (the element's text). Prefixes are not compared.
 */
static struct str local_name(struct str name)
{
    size_t colon = str_find_char(name, ':');
    return colon == SIZE_MAX ? name : str_slice(name, colon + 1, name.size);
}

static void add_value(struct json *out, struct str text, struct arena *arena)
{
    if (text.size == 0) {
        return;
    }
    if (out->type == JSON_NULL) {
        *out = json_of_str(text);
        return;
    }
    uint32_t before = out->type == JSON_ARRAY ? out->count : 1;
    struct json *items = arena_alloc(arena, (before + 1) * sizeof(*items));
    memcpy(items, out->type == JSON_ARRAY ? out->items : out, before * sizeof(*items));
    items[before] = json_of_str(text);
    *out = json_array(items, before + 1);
}

static void values_below(const struct xml_node *node, struct str path, struct json *out, struct arena *arena)
{
    if (path.size && path.data[0] == '@') {
        add_value(out, xml_node_attribute(node, local_name(str_slice(path, 1, path.size))), arena);
        return;
    }
    if (!path.data) {
        add_value(out, xml_node_text(node, arena), arena);
        return;
    }
    struct str rest = path;
    struct str segment = local_name(str_split(&rest, '/'));
    for (const struct xml_node *c = node->first; c; c = c->next) {
        if (c->name.size && str_equal_nocase(c->name, segment)) {
            values_below(c, rest, out, arena);
        }
    }
}

static struct str selected(const struct xml_node *node, struct str what, struct arena *arena)
{
    struct json value = {.type = JSON_NULL};
    values_below(node, what, &value, arena);
    return value.type == JSON_STRING ? value.text : (struct str){0};
}

static void finish(struct xml_node *node)
{
    node->name.size = 0;
    node->text.size = 0;
    node->first = node->last = NULL;
}

/* "PARAM[PARAM_NAME]=VAL": every PARAM becomes an attribute of its own. */
static void take_pairs(struct xml_node *item, struct str path, struct json *object, struct arena *arena)
{
    size_t open = str_find_char(path, '[');
    size_t close = str_find_char(path, ']');
    struct str element = local_name(str_slice(path, 0, open));
    struct str name_path = str_slice(path, open + 1, close);
    struct str rest = str_slice(path, close + 1, path.size);
    struct str value_path = rest.size > 1 && rest.data[0] == '=' ? str_slice(rest, 1, rest.size) : (struct str){0};
    for (struct xml_node *c = item->first; c; c = c->next) {
        if (!str_equal_nocase(c->name, element)) {
            continue;
        }
        struct str name = selected(c, name_path, arena);
        struct str value = selected(c, value_path, arena);
        const struct json *old = json_get_str(object, name);
        if (name.size && value.size && !str_equal(name, STR("objectID"))) {
            struct json joined = old ? *old : (struct json){.type = JSON_NULL};
            add_value(&joined, value, arena);
            (void)json_object_set(object, name, joined, arena);
        }
        finish(c);
    }
}

void xml_path_take(struct xml_node *item, struct str name, struct str path, struct json *object, struct arena *arena)
{
    size_t open = str_find_char(path, '[');
    size_t close = str_find_char(path, ']');
    if (open != SIZE_MAX && close != SIZE_MAX && open < close) {
        take_pairs(item, path, object, arena);
        return;
    }
    struct json value = {.type = JSON_NULL};
    values_below(item, path, &value, arena);
    if (value.type == JSON_NULL) {
        return;
    }
    (void)json_object_set(object, name, value, arena);
    struct str element = local_name(path);
    for (struct xml_node *c = item->first; c && str_find_char(path, '/') == SIZE_MAX; c = c->next) {
        if (str_equal_nocase(c->name, element)) {
            finish(c); /* mapped: not a second time under its own name */
        }
    }
}
