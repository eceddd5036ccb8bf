#include <stdio.h>
#include <stdlib.h>

#include "indexer/build/feed_xml_tree.h"

/*
 * Finding the items. The document's prefix is read once only to count paths of elements. Known formats are told by
 * their root. For any other, each path gets a score: what product roles its children and attributes (and, for less,
 * the elements below them that do not repeat within it) have. The best path is the item.
 */
enum { PATHS = 4096 };

struct path {
    struct path *parent, *first, *next;
    struct str name;
    struct str prefix;
    unsigned depth;
    uint64_t count;
    uint64_t texts;           /* of them with text */
    unsigned attribute_roles; /* bits by enum role */
    unsigned attribute_names; /* the most that one element has */
    enum role role;
    struct str id_attribute;
    unsigned id_rank;
    uint64_t id_attributes; /* elements that have it */
};

struct scout {
    struct arena arena;
    struct path root; /* above the document's root */
    struct path *current;
    struct path *all[PATHS];
    size_t count;
    bool text;
    struct str namespace;
    bool google;
};

static struct path *path_below(struct scout *s, struct path *parent, const struct xml_element *e)
{
    for (struct path *p = parent->first; p; p = p->next) {
        if (str_equal(p->name, e->name)) {
            return p;
        }
    }
    if (s->count == PATHS) {
        return NULL;
    }
    struct path *p = ARENA_NEW(&s->arena, struct path);
    *p = (struct path){.parent = parent,
                       .name = arena_copy(&s->arena, e->name),
                       .prefix = arena_copy(&s->arena, e->prefix),
                       .depth = parent->depth + 1,
                       .role = role_of_name(e->name)};
    struct path **at = &parent->first;
    while (*at) {
        at = &(*at)->next;
    }
    *at = p;
    s->all[s->count++] = p;
    return p;
}

static void count_attributes(struct scout *s, struct path *p, const struct xml_element *e)
{
    p->attribute_names = e->attribute_count > p->attribute_names ? (unsigned)e->attribute_count : p->attribute_names;
    for (size_t i = 0; i < e->attribute_count; i++) {
        const struct xml_attribute *a = &e->attributes[i];
        unsigned rank = 0;
        if (a->xml_prefix || a->value.size == 0) {
            continue;
        }
        enum role role = role_of_name_ranked(a->name, &rank);
        p->attribute_roles |= 1u << role;
        if (role == ROLE_ID && (p->id_attribute.size == 0 || rank < p->id_rank)) {
            p->id_attribute = arena_copy(&s->arena, a->name);
            p->id_rank = rank;
            p->id_attributes = 0;
        }
        p->id_attributes += role == ROLE_ID && str_equal(a->name, p->id_attribute);
    }
}

static bool on_start(void *context, const struct xml_element *e)
{
    struct scout *s = context;
    struct path *p = path_below(s, s->current, e);
    if (!p) {
        return false;
    }
    if (p->depth == 1) {
        s->namespace = arena_copy(&s->arena, e->namespace);
    }
    s->google = s->google || str_find(e->namespace, STR("base.google.com")) != SIZE_MAX;
    p->count++;
    count_attributes(s, p, e);
    s->current = p;
    s->text = false;
    return true;
}

static bool on_text(void *context, struct str text)
{
    struct scout *s = context;
    s->text = s->text || str_trim(text).size > 0;
    return true;
}

static bool on_end(void *context, struct str name)
{
    struct scout *s = context;
    (void)name;
    s->current->texts += s->text;
    s->text = false;
    s->current = s->current->parent;
    return true;
}

static const double role_weight[ROLE_COUNT] = {
    [ROLE_ID] = 2,         [ROLE_GROUP] = .5,      [ROLE_TITLE] = 3,         [ROLE_BRAND] = 1,
    [ROLE_CATEGORY] = 1,   [ROLE_SHORT_TEXT] = .5, [ROLE_DESCRIPTION] = 1.5, [ROLE_PRICE] = 3,
    [ROLE_SALE_PRICE] = 1, [ROLE_IDENTIFIER] = 1,  [ROLE_QUANTITY] = 1,      [ROLE_AVAILABILITY] = 1,
    [ROLE_POPULARITY] = .5};

static void best_of(double best[ROLE_COUNT], enum role role, double factor)
{
    double value = role_weight[role] * factor;
    best[role] = value > best[role] ? value : best[role];
}

static void add_below(const struct path *p, uint64_t items, double factor, double best[ROLE_COUNT])
{
    for (const struct path *c = p->first; c; c = c->next) {
        if (c->count > items && c->role != ROLE_CATEGORY) {
            continue; /* repeats within the item */
        }
        if (c->texts) {
            best_of(best, c->role, factor);
        }
        for (unsigned role = 1; role < ROLE_COUNT; role++) {
            if (c->attribute_roles & (1u << role)) {
                best_of(best, (enum role)role, factor * .5);
            }
        }
        add_below(c, items, factor * .9, best);
    }
}

static unsigned width(const struct path *p)
{
    unsigned n = p->attribute_names;
    for (const struct path *c = p->first; c; c = c->next) {
        n++;
    }
    return n;
}

static double score_of(const struct path *p)
{
    double best[ROLE_COUNT] = {0};
    double sum = 0;
    for (unsigned role = 1; role < ROLE_COUNT; role++) {
        if (p->attribute_roles & (1u << role)) {
            best_of(best, (enum role)role, 1);
        }
    }
    add_below(p, p->count, 1, best);
    for (unsigned role = 1; role < ROLE_COUNT; role++) {
        sum += best[role];
    }
    return sum * (p->count > 1 ? 1 : .95);
}

/* The item of a document whose names say nothing: what repeats most and has most children. */
static const struct path *most_repeated(const struct scout *s)
{
    const struct path *best = NULL;
    uint64_t best_weight = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct path *p = s->all[i];
        unsigned wide = width(p);
        uint64_t weight = p->count * (wide < 8 ? wide : 8);
        if (p->count > 1 && wide > 1 && weight > best_weight) {
            best = p;
            best_weight = weight;
        }
    }
    return best;
}

static const struct path *best_path(const struct scout *s)
{
    const struct path *best = NULL;
    double best_score = 3.5; /* a title alone is no product */
    for (size_t i = 0; i < s->count; i++) {
        const struct path *p = s->all[i];
        double score = p->depth > 1 && width(p) > 1 ? score_of(p) : 0;
        if (score > best_score) {
            best = p;
            best_score = score;
        }
    }
    return best ? best : most_repeated(s);
}

static void set_path(struct xml_layout *layout, const struct path *p, struct arena *arena)
{
    layout->path_count = p->depth;
    layout->whole_path = true;
    for (; p->depth > 0; p = p->parent) {
        layout->path[p->depth - 1] = arena_copy(arena, p->name);
    }
}

struct known {
    const char *root;
    const char *item;
    enum xml_format format;
    const char *title;
};
static const struct known formats[] = {{"rss", "item", XML_RSS, "RSS"},
                                       {"RDF", "item", XML_RSS, "RSS 1.0"},
                                       {"feed", "entry", XML_ATOM, "Atom"},
                                       {"yml_catalog", "offer", XML_YML, "Yandex YML"},
                                       {"SHOP", "SHOPITEM", XML_SHOPITEM, "Heureka"},
                                       {"BMECAT", "PRODUCT", XML_BMECAT, "BMEcat 2005"},
                                       {"BMECAT", "ARTICLE", XML_BMECAT, "BMEcat 1.2"}};

static const struct path *find_named(const struct scout *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (str_equal(s->all[i]->name, str_from(name))) {
            return s->all[i];
        }
    }
    return NULL;
}

static const struct known *known_format(const struct scout *s, const struct path **item)
{
    const struct path *root = s->root.first;
    const struct known *first = NULL;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && root; i++) {
        if (str_equal(root->name, str_from(formats[i].root))) {
            *item = find_named(s, formats[i].item);
            if (*item) {
                return &formats[i];
            }
            first = first ? first : &formats[i];
        }
    }
    return first;
}

static void name_format(struct feed_reader *r, const struct scout *s, const struct known *known)
{
    const char *google = s->google ? "Google Merchant " : "";
    const char *title = known->title;
    if (known->format == XML_SHOPITEM && str_find(s->namespace, STR("zbozi")) != SIZE_MAX) {
        title = "Zbozi";
    }
    snprintf(r->info->title, sizeof(r->info->title), "%s%s", google, title);
}

static void find_id(struct feed_reader *r, struct xml_layout *layout, const struct path *item)
{
    const struct path *best = NULL;
    unsigned best_rank = UINT32_MAX;
    for (const struct path *c = item->first; c; c = c->next) {
        struct xml_name name = xml_name_of(layout->format, c->name, r->arena);
        if (name.role == ROLE_ID && c->texts * 2 >= item->count && name.rank < best_rank) {
            best = c;
            best_rank = name.rank;
        }
    }
    char *source = r->info->id_source;
    size_t size = sizeof(r->info->id_source);
    if (item->id_attribute.size && item->id_attributes * 2 >= item->count && item->id_rank < best_rank) {
        layout->id = arena_copy(r->arena, item->id_attribute);
        layout->id_is_attribute = true;
        snprintf(source, size, "'@%.60s'", layout->id.data);
    } else if (best) {
        layout->id = arena_copy(r->arena, best->name);
        snprintf(source, size, "'%.20s%s%.60s'", best->prefix.size ? best->prefix.data : "",
                 best->prefix.size ? ":" : "", best->name.data);
    } else {
        snprintf(source, size, "a hash of the item (no id field)");
    }
}

void xml_layout_find_id(struct feed_reader *r, struct xml_layout *layout, const struct xml_node *item)
{
    unsigned best = UINT32_MAX;
    for (size_t i = 0; i < item->attribute_count; i++) {
        struct xml_name name = xml_name_of(layout->format, item->attributes[i].name, r->arena);
        if (name.role == ROLE_ID && name.rank < best) {
            best = name.rank;
            layout->id = arena_copy(r->arena, item->attributes[i].name);
            layout->id_is_attribute = true;
        }
    }
    for (const struct xml_node *c = item->first; c; c = c->next) {
        struct xml_name name = xml_name_of(layout->format, c->name, r->arena);
        if (name.role == ROLE_ID && name.rank < best && c->text.size) {
            best = name.rank;
            layout->id = arena_copy(r->arena, c->name);
            layout->id_is_attribute = false;
        }
    }
    layout->id_pending = false;
    if (layout->id.size) {
        snprintf(r->info->id_source, sizeof(r->info->id_source), "'%.60s'", layout->id.data);
    } else {
        snprintf(r->info->id_source, sizeof(r->info->id_source), "a hash of the item (no id field)");
    }
}

/* What is written into the settings: the item and the fields whose role was recognised. */
static void report_mapping(struct feed_reader *r, const struct xml_layout *layout, const struct path *item)
{
    struct buf path = {0};
    for (size_t i = 0; i < layout->path_count; i++) {
        buf_printf(&path, "%s%.*s", i ? "/" : "", (int)layout->path[i].size, layout->path[i].data);
    }
    r->recognised->item = arena_copy(r->arena, buf_str(&path));
    buf_release(&path);
    if (item && layout->id.size) {
        struct feed_field *field = ARENA_NEW(r->arena, struct feed_field);
        field->name = STR("objectID");
        field->path = layout->id_is_attribute ? arena_printf(r->arena, "@%.*s", (int)layout->id.size, layout->id.data)
                                              : layout->id;
        r->recognised->fields = field;
        r->recognised->field_count = 1;
    }
}

static void layout_from_mapping(struct feed_reader *r, struct xml_layout *layout)
{
    struct str rest = r->mapping->item;
    layout->path_count = 0;
    layout->whole_path = str_find_char(rest, '/') != SIZE_MAX;
    while (rest.data && layout->path_count < XML_PATH_SEGMENTS) {
        struct str segment = str_split(&rest, '/');
        size_t colon = str_find_char(segment, ':');
        layout->path[layout->path_count++] = colon == SIZE_MAX ? segment : str_slice(segment, colon + 1, segment.size);
    }
    struct str id = feed_mapping_path(r->mapping, STR("objectID"));
    if (id.size) {
        layout->id_is_attribute = id.data[0] == '@';
        size_t colon = str_find_char(id, ':');
        size_t from = layout->id_is_attribute ? 1 : colon == SIZE_MAX ? 0 : colon + 1;
        layout->id = str_slice(id, from, id.size);
        snprintf(r->info->id_source, sizeof(r->info->id_source), "'%.60s' (from the settings)",
                 arena_copy(r->arena, id).data);
    }
}

static const struct path *path_of_layout(const struct scout *s, const struct xml_layout *layout)
{
    for (size_t i = 0; i < s->count; i++) {
        struct str names[XML_DEPTH];
        const struct path *p = s->all[i];
        for (const struct path *up = p; up->depth > 0; up = up->parent) {
            names[up->depth - 1] = up->name;
        }
        if (xml_layout_is_item(layout, names, p->depth)) {
            return p;
        }
    }
    return NULL;
}

/* A mapping whose item does not occur where another does was made for another feed of the same index. */
static bool use_mapping(struct feed_reader *r, struct xml_layout *layout, const struct scout *s,
                        const struct path *recognised)
{
    struct xml_layout without = *layout;
    if (r->mapping->item.size == 0) {
        return false;
    }
    layout_from_mapping(r, layout);
    if (path_of_layout(s, layout) || (!recognised && !best_path(s))) {
        return true;
    }
    *layout = without;
    r->info->id_source[0] = '\0';
    return false;
}

static void decide(struct feed_reader *r, struct xml_layout *layout, const struct scout *s)
{
    const struct path *item = NULL;
    const struct known *known = known_format(s, &item);
    if (known) {
        layout->format = known->format;
        layout->partial = known->format == XML_BMECAT && !find_named(s, "T_NEW_CATALOG");
        layout->path[0] = str_from(known->item);
        layout->path_count = 1;
        name_format(r, s, known);
    }
    if (item && known->format == XML_BMECAT) {
        set_path(layout, item, r->arena);
    }
    if (use_mapping(r, layout, s, item)) {
        item = path_of_layout(s, layout);
        if (!known) {
            snprintf(r->info->title, sizeof(r->info->title), "XML, items as in the settings");
        }
    } else if (!item) {
        const struct path *best = best_path(s);
        if (best && (!known || score_of(best) > 3.5)) {
            item = best;
            layout->format = XML_GENERIC;
            set_path(layout, item, r->arena);
            snprintf(r->info->title, sizeof(r->info->title), "XML, items '%.60s'", item->name.data);
        }
    }
    r->info->partial = layout->partial;
    if (item && layout->id.size == 0) {
        find_id(r, layout, item);
    }
    layout->id_pending = !item && layout->id.size == 0;
    report_mapping(r, layout, item);
}

void xml_layout_find(struct feed_reader *r, struct xml_layout *layout)
{
    struct scout *s = xcalloc(1, sizeof(*s));
    arena_init(&s->arena, 0);
    s->current = &s->root;
    struct xml_events events = {s, on_start, on_text, on_end};
    struct xml_parser *parser = xml_parser_new(&events, r->blank_lines + 1);
    struct error ignored;
    /* an error here comes again when the items are read; what was seen before it is enough */
    if (xml_parser_push(parser, feed_source_window(r->source), false, &ignored) != STATUS_OK) {
        ignored.code = STATUS_OK;
    }
    memset(layout, 0, sizeof(*layout));
    decide(r, layout, s);
    xml_parser_free(parser);
    arena_release(&s->arena);
    free(s);
}

bool xml_layout_is_item(const struct xml_layout *layout, const struct str *names, size_t depth)
{
    size_t count = layout->path_count;
    if (layout->format == XML_BMECAT && depth == 3) {
        return str_equal(names[2], STR("PRODUCT")) || str_equal(names[2], STR("ARTICLE"));
    }
    if (count == 0 || count > depth || (layout->whole_path && count != depth)) {
        return false;
    }
    for (size_t i = 1; i <= count; i++) {
        if (!str_equal(layout->path[count - i], names[depth - i])) {
            return false;
        }
    }
    return true;
}
