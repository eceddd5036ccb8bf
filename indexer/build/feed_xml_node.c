#include "indexer/build/feed_xml_tree.h"

struct xml_node *xml_node_child(const struct xml_node *node, struct str name)
{
    struct xml_node *c = node ? node->first : NULL;
    while (c && !str_equal_nocase(c->name, name)) {
        c = c->next;
    }
    return c;
}

struct str xml_node_child_text(const struct xml_node *node, struct str name)
{
    const struct xml_node *c = xml_node_child(node, name);
    return c ? c->text : (struct str){0};
}

struct str xml_node_attribute(const struct xml_node *node, struct str name)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        if (str_equal_nocase(node->attributes[i].name, name)) {
            return node->attributes[i].value;
        }
    }
    return (struct str){0};
}

static size_t text_size(const struct xml_node *node)
{
    size_t size = node->text.size ? node->text.size + 1 : 0;
    for (const struct xml_node *c = node->first; c; c = c->next) {
        size += text_size(c);
    }
    return size;
}

static char *append_text(const struct xml_node *node, char *out)
{
    if (node->text.size) {
        memcpy(out, node->text.data, node->text.size);
        out[node->text.size] = ' ';
        out += node->text.size + 1;
    }
    for (const struct xml_node *c = node->first; c; c = c->next) {
        out = append_text(c, out);
    }
    return out;
}

struct str xml_node_text(const struct xml_node *node, struct arena *arena)
{
    size_t size = text_size(node);
    if (!node->first || size == 0) {
        return node->text;
    }
    char *out = arena_alloc(arena, size);
    (void)append_text(node, out);
    return (struct str){out, size - 1};
}
