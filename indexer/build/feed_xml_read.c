#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/feed_xml_tree.h"

/* Reading the items: each one's elements become a tree in the items' arena, the tree an object, and the object is
 * handed over. Elements outside of items that the format needs (categories, currency) go the same way to the catalog.
 */
struct xml_feed {
    struct feed_reader *r;
    struct xml_parser *parser;
    struct xml_context context;
    struct str names[XML_DEPTH + 1]; /* of the open elements */
    size_t depth;
    struct xml_node *node; /* the open element of the tree; NULL outside of items */
    bool is_item;          /* the tree is an item, else a part of the catalog */
    bool catalog_only;     /* items are not looked at */
    size_t top_depth;      /* of the tree's root */
    size_t bytes;          /* of the tree */
    struct buf text;       /* of the open element since its last child */
    uint64_t line;
    uint64_t offset;
};

static void add_child(struct xml_node *parent, struct xml_node *child)
{
    child->parent = parent;
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
}

static struct xml_node *new_node(struct xml_feed *f, const struct xml_element *e)
{
    struct arena *arena = &f->r->items;
    struct xml_node *node = ARENA_NEW(arena, struct xml_node);
    node->name = e->name;
    node->prefix = e->prefix;
    if (e->attribute_count) {
        struct xml_attribute *copies = arena_alloc(arena, e->attribute_count * sizeof(*copies));
        for (size_t i = 0; i < e->attribute_count; i++) {
            copies[i] = e->attributes[i];
            copies[i].value = str_trim(arena_copy(arena, e->attributes[i].value));
            f->bytes += copies[i].value.size;
        }
        node->attributes = copies;
        node->attribute_count = e->attribute_count;
    }
    f->bytes += sizeof(*node);
    return node;
}

/* Text before a child element becomes a node of its own. */
static void flush_text(struct xml_feed *f)
{
    struct str text = str_trim(buf_str(&f->text));
    if (text.size) {
        struct xml_node *piece = ARENA_NEW(&f->r->items, struct xml_node);
        piece->text = arena_copy(&f->r->items, text);
        add_child(f->node, piece);
    }
    buf_clear(&f->text);
}

static bool on_start(void *context, const struct xml_element *e)
{
    struct xml_feed *f = context;
    f->names[f->depth++] = e->name;
    if (f->node) {
        if (f->bytes > FEED_ITEM_BYTES) {
            return true; /* too large: rejected at its end */
        }
        flush_text(f);
        struct xml_node *node = new_node(f, e);
        add_child(f->node, node);
        f->node = node;
        return true;
    }
    bool item = xml_layout_is_item(&f->context.layout, f->names, f->depth);
    if ((item && !f->catalog_only) || xml_catalog_wants(f->context.layout.format, e->name, f->depth)) {
        f->is_item = item;
        f->bytes = 0;
        f->top_depth = f->depth;
        f->line = xml_parser_line(f->parser);
        f->offset = xml_parser_offset(f->parser);
        f->node = new_node(f, e);
        buf_clear(&f->text);
    } else if (f->depth == 1 && e->attribute_count) {
        struct xml_node *root = new_node(f, e);
        struct str date = xml_node_attribute(root, STR("date"));
        if (date.size) {
            root->name = STR("date");
            root->text = date;
            xml_catalog_take(&f->context.catalog, XML_GENERIC, root, f->r->info);
        }
        arena_reset(&f->r->items);
    }
    return true;
}

static bool on_text(void *context, struct str text)
{
    struct xml_feed *f = context;
    if (f->node && f->bytes <= FEED_ITEM_BYTES) {
        buf_append(&f->text, text.data, text.size);
        f->bytes += text.size;
    }
    return true;
}

static void reject(struct xml_feed *f, const struct json *object, struct str field, const char *reason)
{
    struct feed_reject reject = {.line = f->line, .field = field, .reason = reason};
    if (object) {
        buf_clear(&f->r->scratch);
        json_write(&f->r->scratch, object);
        struct str text = buf_str(&f->r->scratch);
        reject.excerpt =
            text.size > FEED_EXCERPT_BYTES ? str_slice(text, 0, str_utf8_cut(text, FEED_EXCERPT_BYTES)) : text;
    }
    feed_reject(f->r, &reject);
    arena_reset(&f->r->items);
}

/* False: the reading ends with *err. */
static bool take_item(struct xml_feed *f, struct xml_node *node, struct error *err)
{
    struct feed_reader *r = f->r;
    if (f->bytes > FEED_ITEM_BYTES) {
        reject(f, NULL, (struct str){0}, "longer than 1 MiB");
        return true;
    }
    if (f->context.layout.id_pending) {
        xml_layout_find_id(r, &f->context.layout, node);
    }
    struct feed_item item = {.line = f->line, .offset = f->offset};
    item.object = xml_object_make(&f->context, node, &r->items);
    struct json *id = &item.object.members[0].value;
    if (id->type == JSON_NULL && f->context.layout.id.size) {
        char reason[96];
        snprintf(reason, sizeof(reason), "no '%.60s', which is the feed's id", f->context.layout.id.data);
        reject(f, &item.object, f->context.layout.id, reason);
        return true;
    }
    if (id->type == JSON_NULL) {
        struct json rest = item.object;
        rest.members++;
        rest.count--;
        *id = json_of_str(feed_item_hash(r, &rest));
    }
    feed_report_progress(r);
    return feed_deliver(r, &item, err) == STATUS_OK;
}

static bool on_end(void *context, struct str name)
{
    struct xml_feed *f = context;
    (void)name;
    f->depth--;
    if (!f->node) {
        return true;
    }
    struct xml_node *node = f->node;
    bool top = f->depth + 1 == f->top_depth;
    bool whole = f->bytes <= FEED_ITEM_BYTES;
    if (whole && node->first) {
        flush_text(f);
    } else if (whole) {
        node->text = str_trim(buf_str(&f->text));
        node->text = node->text.size ? arena_copy(&f->r->items, node->text) : (struct str){0};
    }
    buf_clear(&f->text);
    if (!top) {
        f->node = whole ? node->parent : node;
        return true;
    }
    f->node = NULL;
    if (!f->is_item) {
        if (whole) {
            xml_catalog_take(&f->context.catalog, f->context.layout.format, node, f->r->info);
        }
        arena_reset(&f->r->items);
        return true;
    }
    struct error why = {0};
    if (!take_item(f, node, &why)) {
        xml_parser_stop(f->parser, &why);
        return false;
    }
    return true;
}

static enum status read_document(struct xml_feed *f, struct feed_source *source, struct error *err)
{
    for (;;) {
        struct str w = feed_source_window(source);
        bool final = feed_source_ended(source);
        struct error why = {0};
        enum status status = xml_parser_push(f->parser, w, final, &why);
        feed_source_consume(source, w.size);
        if (status == STATUS_FORMAT) {
            return error_set(err, status, "%s:%s", f->r->path, why.message);
        }
        if (status != STATUS_OK || final) {
            if (err && status != STATUS_OK) {
                *err = why;
            }
            return status;
        }
        feed_source_fill(source, FEED_CHUNK_BYTES);
    }
}

/* BMEcat says behind the products which group each is in: a file is read once before, only for that. Its errors come
 * again. Standard input goes without. */
static void read_catalog(struct xml_feed *f)
{
    struct feed_source *source = NULL;
    struct error ignored;
    struct xml_events events = {f, on_start, on_text, on_end};
    if (f->context.layout.format != XML_BMECAT || !f->r->file_path ||
        feed_source_open(&source, f->r->file_path, &ignored) != STATUS_OK) {
        return;
    }
    f->catalog_only = true;
    f->parser = xml_parser_new(&events, f->r->blank_lines + 1);
    if (read_document(f, source, &ignored) != STATUS_OK) {
        ignored.code = STATUS_OK;
    }
    xml_parser_free(f->parser);
    feed_source_close(source);
    buf_clear(&f->text);
    arena_reset(&f->r->items);
    f->catalog_only = false;
    f->depth = 0;
    f->node = NULL;
}

/* What XML is when it says nothing else. */
static bool says_utf8(struct str w)
{
    size_t end = str_starts_with(w, STR("<?xml")) ? str_find(w, STR("?>")) : 0;
    struct str head = str_slice(w, 0, end == SIZE_MAX ? w.size : end);
    return str_find(head, STR("encoding")) == SIZE_MAX || str_find(head, STR("UTF-8")) != SIZE_MAX ||
           str_find(head, STR("utf-8")) != SIZE_MAX;
}

enum status feed_read_xml(struct feed_reader *r, struct error *err)
{
    struct xml_feed *f = xcalloc(1, sizeof(*f));
    struct xml_events events = {f, on_start, on_text, on_end};
    f->r = r;
    f->context.mapping = r->mapping;
    feed_source_fill(r->source, FEED_PREFIX_BYTES);
    if (says_utf8(feed_source_window(r->source))) {
        feed_choose_encoding(r);
    }
    xml_layout_find(r, &f->context.layout);
    read_catalog(f);
    f->parser = xml_parser_new(&events, f->r->blank_lines + 1);
    enum status status = read_document(f, r->source, err);
    if (status == STATUS_OK && f->context.layout.path_count == 0) {
        status = error_set(err, STATUS_FORMAT, "no repeated element looks like a product; name it in the settings");
    }
    xml_parser_free(f->parser);
    xml_catalog_release(&f->context.catalog);
    arena_release(&f->context.names.arena);
    buf_release(&f->text);
    free(f);
    return status;
}
