#include "indexer/build/feed_xml_tree.h"

/*
 * From an item's tree to its object.
 *
 * 1. What the format itself knows (a category's path by its id) comes first.
 * 2. Of the children and attributes with the same role the best one (its name's rank, then a namespace prefix, then the
 *    first) gets the role's canonical name; the others keep their own names, and a child that repeats becomes an array.
 * 3. Names with values (PARAM, FEATURE, <param name="...">) become attributes of those names.
 * 4. Everything else: text is a string; an element with children is an object, or an array when all of them have one
 *    name.
 */
struct candidate {
    const struct xml_node *node;           /* NULL for an attribute of the item */
    const struct xml_attribute *attribute; /* NULL for a child */
    struct xml_name name;
    struct json value;
    bool nested; /* in a group: only for its role */
};

struct maker {
    const struct xml_layout *layout;
    struct xml_context *context;
    struct arena *arena;
    struct json object;
    uint32_t capacity;
    struct candidate *candidates;
    size_t count;
    size_t best[ROLE_COUNT]; /* index + 1 */
    size_t best_gtin, best_mpn;
};

static struct json node_value(struct maker *m, const struct xml_node *node);

static bool blank(const struct json *value)
{
    return value->type == JSON_NULL;
}

static struct json text_value(struct str text)
{
    return text.size ? json_of_str(text) : (struct json){.type = JSON_NULL};
}

static void push(struct maker *m, struct str name, struct json value)
{
    if (m->object.count == m->capacity) {
        uint32_t capacity = m->capacity * 2;
        struct json_member *members = arena_alloc(m->arena, capacity * sizeof(*members));
        memcpy(members, m->object.members, m->object.count * sizeof(*members));
        m->object.members = members;
        m->capacity = capacity;
    }
    m->object.members[m->object.count++] = (struct json_member){name, value};
}

static struct json *member_of(struct json *object, struct str name)
{
    for (uint32_t i = 0; i < object->count; i++) {
        struct str other = object->members[i].name;
        if (other.size == name.size && other.data[0] == name.data[0] && str_equal(other, name)) {
            return &object->members[i].value;
        }
    }
    return NULL;
}

/* Makes an array of the old value and the new one; arrays are joined. Equal values are kept once. */
static void join(struct json *old, struct json value, struct arena *arena)
{
    uint32_t more = value.type == JSON_ARRAY ? value.count : 1;
    uint32_t before = old->type == JSON_ARRAY ? old->count : 1;
    const struct json *add = value.type == JSON_ARRAY ? value.items : &value;
    struct json *items = arena_alloc(arena, (before + more) * sizeof(*items));
    memcpy(items, old->type == JSON_ARRAY ? old->items : old, before * sizeof(*items));
    uint32_t n = before;
    for (uint32_t i = 0; i < more; i++) {
        bool known = false;
        for (uint32_t k = 0; k < n && k < 32 && add[i].type == JSON_STRING; k++) {
            known = known || (items[k].type == JSON_STRING && str_equal(items[k].text, add[i].text));
        }
        if (!known) {
            items[n++] = add[i];
        }
    }
    *old = n == 1 ? items[0] : json_array(items, n);
}

static void add(struct maker *m, struct str name, struct json value)
{
    if (blank(&value) || name.size == 0) {
        return;
    }
    struct json *old = member_of(&m->object, name);
    if (old) {
        join(old, value, m->arena);
    } else {
        push(m, name, value);
    }
}

static bool ends_with_any(struct str name, const char *const *ends)
{
    for (; *ends; ends++) {
        struct str end = str_from(*ends);
        if (name.size >= end.size && str_equal_nocase(str_slice(name, name.size - end.size, name.size), end)) {
            return true;
        }
    }
    return false;
}

static const char *const name_ends[] = {"name", "key", "label", "title", "code", NULL};
static const char *const value_ends[] = {"value", "val", "content", "text", NULL};
static const char *const unit_ends[] = {"unit", "section_name", "descr", "order", NULL};

struct pair {
    struct str name;
    struct json value;
};

static struct json value_with_unit(struct json value, struct str unit, struct arena *arena)
{
    if (unit.size && value.type == JSON_STRING) {
        value = json_of_str(arena_printf(arena, STR_FMT " " STR_FMT, STR_ARG(value.text), STR_ARG(unit)));
    }
    for (uint32_t i = 0; unit.size && value.type == JSON_ARRAY && i < value.count; i++) {
        value.items[i] = value_with_unit(value.items[i], unit, arena);
    }
    return value;
}

/* <PARAM><PARAM_NAME>..</PARAM_NAME><VAL>..</VAL></PARAM> and its like: nothing but leaves, one of them a name, at
 * least one a value. */
static bool pair_of_children(struct maker *m, const struct xml_node *node, struct pair *pair)
{
    struct str unit = {0};
    pair->name = (struct str){0};
    pair->value = (struct json){.type = JSON_NULL};
    for (const struct xml_node *c = node->first; c; c = c->next) {
        if (c->first || c->name.size == 0) {
            return false;
        }
        if (ends_with_any(c->name, unit_ends)) {
            unit = ends_with_any(c->name, (const char *const[]){"unit", NULL}) ? c->text : unit;
        } else if (ends_with_any(c->name, value_ends)) {
            if (blank(&pair->value)) {
                pair->value = text_value(c->text);
            } else {
                join(&pair->value, text_value(c->text), m->arena);
            }
        } else if (ends_with_any(c->name, name_ends) && pair->name.size == 0) {
            pair->name = c->text;
        } else {
            return false;
        }
    }
    pair->value = value_with_unit(pair->value, unit, m->arena);
    return pair->name.size > 0 && !blank(&pair->value);
}

/* <param name="Colour">red</param>, <applink property="ios_url" content="..."/> */
static bool pair_of_attributes(struct maker *m, const struct xml_node *node, struct pair *pair)
{
    static const char *const names[] = {"name", "key", "label", "property", NULL};
    static const char *const values[] = {"value", "content", NULL};
    pair->name = (struct str){0};
    for (size_t i = 0; names[i] && pair->name.size == 0; i++) {
        pair->name = xml_node_attribute(node, str_from(names[i]));
    }
    if (pair->name.size == 0 || role_of_name(node->name) != ROLE_NONE) {
        return false;
    }
    struct str text = xml_node_text(node, m->arena);
    for (size_t i = 0; values[i] && text.size == 0; i++) {
        text = xml_node_attribute(node, str_from(values[i]));
    }
    pair->value = value_with_unit(text_value(text), xml_node_attribute(node, STR("unit")), m->arena);
    return true;
}

static bool pair_of(struct maker *m, const struct xml_node *node, struct pair *pair)
{
    return node->first ? pair_of_children(m, node, pair) || pair_of_attributes(m, node, pair)
                       : node->attribute_count > 0 && pair_of_attributes(m, node, pair);
}

/* An attribute of the product by a pair; it never touches a member that is there for another reason. */
static void add_pair(struct maker *m, const struct pair *pair)
{
    static const char *const kept[] = {"objectID",    "item_group_id", "title",      "price", "sale_price",
                                       "description", "availability",  "category",   "brand", "currency",
                                       "quantity",    "in_stock",      "popularity", NULL};
    struct str name = pair->name;
    for (size_t i = 0; kept[i]; i++) {
        if (str_equal(name, str_from(kept[i]))) {
            name = arena_printf(m->arena, "attribute_" STR_FMT, STR_ARG(name));
        }
    }
    add(m, name, pair->value);
}

/* A container of nothing but pairs. */
static bool add_pairs_of(struct maker *m, const struct xml_node *node)
{
    struct pair pair;
    if (!node->first) {
        return false;
    }
    for (const struct xml_node *c = node->first; c; c = c->next) {
        if (c->name.size == 0 || !pair_of(m, c, &pair)) {
            return false;
        }
    }
    for (const struct xml_node *c = node->first; c; c = c->next) {
        if (pair_of(m, c, &pair)) {
            add_pair(m, &pair);
        }
    }
    return true;
}

static struct json attributes_value(const struct xml_node *node, struct arena *arena)
{
    struct json object = {.type = JSON_OBJECT};
    struct str last = {0};
    object.members = arena_alloc(arena, (node->attribute_count + 1) * sizeof(*object.members));
    for (size_t i = 0; i < node->attribute_count; i++) {
        const struct xml_attribute *a = &node->attributes[i];
        if (a->value.size && !a->xml_prefix) {
            struct xml_name name = xml_name_of(XML_GENERIC, a->name, arena);
            object.members[object.count++] = (struct json_member){name.own, json_of_str(a->value)};
            last = a->value;
        }
    }
    struct str href = xml_node_attribute(node, STR("href"));
    struct str url = href.size ? href : xml_node_attribute(node, STR("url"));
    if (url.size) {
        return json_of_str(url);
    }
    return object.count == 1 ? json_of_str(last) : object.count == 0 ? (struct json){.type = JSON_NULL} : object;
}

/* True when text stands between child elements, as in XHTML. */
static bool mixed(const struct xml_node *node)
{
    for (const struct xml_node *c = node->first; c; c = c->next) {
        if (c->name.size == 0) {
            return true;
        }
    }
    return false;
}

static bool one_name(const struct xml_node *node)
{
    for (const struct xml_node *c = node->first; c; c = c->next) {
        if (!str_equal(c->name, node->first->name)) {
            return false;
        }
    }
    return true;
}

/* <images><image>..</image></images>: a list even with a single element */
static bool is_list(const struct xml_node *node)
{
    if (!one_name(node)) {
        return false;
    }
    struct str list = node->name;
    struct str element = node->first->name;
    if (element.size > 2 && (element.data[element.size - 1] | 0x20) == 'y') {
        element.size--; /* categories, category */
    }
    bool plural = list.size > element.size && str_equal_nocase(str_slice(list, 0, element.size), element);
    return node->first != node->last || plural;
}

static struct json list_value(struct maker *m, const struct xml_node *node)
{
    size_t count = 0;
    for (const struct xml_node *c = node->first; c; c = c->next) {
        count++;
    }
    struct json list = {.type = JSON_ARRAY};
    list.items = arena_alloc(m->arena, count * sizeof(*list.items));
    for (const struct xml_node *c = node->first; c; c = c->next) {
        struct json value = node_value(m, c);
        if (!blank(&value)) {
            list.items[list.count++] = value;
        }
    }
    return list.count ? list : (struct json){.type = JSON_NULL};
}

static struct json object_value(struct maker *m, const struct xml_node *node)
{
    struct json attributes = attributes_value(node, m->arena);
    struct json object = attributes.type == JSON_OBJECT ? attributes : (struct json){.type = JSON_OBJECT};
    for (const struct xml_node *c = node->first; c; c = c->next) {
        struct json value = node_value(m, c);
        struct str name = xml_name_of(XML_GENERIC, c->name, m->arena).own;
        struct pair pair;
        if (pair_of(m, c, &pair)) {
            name = pair.name;
            value = pair.value;
        }
        struct json *old = member_of(&object, name);
        if (blank(&value)) {
            continue;
        }
        if (old) {
            join(old, value, m->arena);
        } else {
            (void)json_object_set(&object, name, value, m->arena);
        }
    }
    return object.count ? object : (struct json){.type = JSON_NULL};
}

static struct json node_value(struct maker *m, const struct xml_node *node)
{
    if (!node->first) {
        return node->text.size ? json_of_str(node->text) : attributes_value(node, m->arena);
    }
    if (mixed(node)) {
        return text_value(xml_node_text(node, m->arena));
    }
    return is_list(node) ? list_value(m, node) : object_value(m, node);
}

/* "12.90 EUR" from <price currency="EUR">12.90</price> and <price><amount>..</amount><currency>..</currency></price> */
static struct json price_value(struct maker *m, const struct xml_node *node)
{
    static const char *const currency_names[] = {"currency", "currencyid", "currency_code", "currencycode", NULL};
    struct str amount = node->text;
    struct str currency = {0};
    if (!node->first && node->attribute_count == 0) {
        return text_value(amount);
    }
    for (size_t i = 0; currency_names[i] && currency.size == 0; i++) {
        struct str name = str_from(currency_names[i]);
        currency = xml_node_attribute(node, name);
        currency = currency.size ? currency : xml_node_child_text(node, name);
    }
    for (const struct xml_node *c = node->first; c && amount.size == 0; c = c->next) {
        static const char *const amounts[] = {"amount", "value", "price", "gross", NULL};
        amount = ends_with_any(c->name, amounts) ? c->text : amount;
    }
    if (amount.size && currency.size == 3 && str_find(amount, currency) == SIZE_MAX) {
        amount = arena_printf(m->arena, STR_FMT " " STR_FMT, STR_ARG(amount), STR_ARG(currency));
    }
    return amount.size ? json_of_str(amount) : node_value(m, node);
}

/* <brand><id>9</id><name>Acme</name></brand> */
static const struct xml_node *name_child(const struct xml_node *node)
{
    static const char *const names[] = {"path", "full_path", "name", "title", "label", "value"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && node->first && !mixed(node); i++) {
        const struct xml_node *child = xml_node_child(node, str_from(names[i]));
        if (child && child->text.size) {
            return child;
        }
    }
    return NULL;
}

static struct json role_value(struct maker *m, const struct xml_node *node, enum role role)
{
    const struct xml_node *named = node->first ? name_child(node) : NULL;
    switch (role) {
    case ROLE_PRICE:
    case ROLE_SALE_PRICE:
        return price_value(m, node);
    case ROLE_CATEGORY:
        return named ? json_of_str(named->text) : node_value(m, node);
    case ROLE_TITLE:
    case ROLE_BRAND:
    case ROLE_SHORT_TEXT:
    case ROLE_DESCRIPTION:
        return text_value(named ? named->text : xml_node_text(node, m->arena));
    default:
        return node_value(m, node);
    }
}

static size_t *best_slot(struct maker *m, const struct xml_name *name)
{
    if (name->canonical.size == 0) {
        return NULL;
    }
    if (name->role == ROLE_IDENTIFIER) {
        return name->canonical.data[0] == 'g' ? &m->best_gtin : &m->best_mpn;
    }
    return &m->best[name->role];
}

static bool better(const struct candidate *a, const struct candidate *b)
{
    if (a->name.rank != b->name.rank) {
        return a->name.rank < b->name.rank;
    }
    bool a_prefix = a->node && a->node->prefix.size;
    bool b_prefix = b->node && b->node->prefix.size;
    return a_prefix && !b_prefix;
}

static void add_candidate(struct maker *m, struct candidate c)
{
    size_t *slot = best_slot(m, &c.name);
    m->candidates[m->count++] = c;
    if (slot && !blank(&c.value) && (*slot == 0 || better(&c, &m->candidates[*slot - 1]))) {
        *slot = m->count;
    }
}

/* Elements whose names and prices are not the product's. */
static bool of_others(struct str name)
{
    static const char *const words[] = {"shipping", "delivery", "tax",    "seller",  "merchant", "store",   "shop",
                                        "supplier", "variant",  "option", "related", "accessor", "payment", "review",
                                        "doprava",  "versand",  "image",  "picture", NULL};
    for (size_t i = 0; words[i]; i++) {
        struct str word = str_from(words[i]);
        if (name.size >= word.size && str_equal_nocase(str_slice(name, 0, word.size), word)) {
            return true;
        }
    }
    return false;
}

enum { NESTED_RANK = 1000, NESTED_MAX = 64 };

/* Formats of one's own often group fields: <pricing><price>. What has a role there counts as the product's own where
 * the product itself has none; it stays in its group too. */
static void collect_nested(struct maker *m, const struct xml_node *parent, size_t most)
{
    for (const struct xml_node *c = parent->first; c && m->count < most; c = c->next) {
        struct xml_name name = c->name.size ? xml_names_get(&m->context->names, m->layout->format, c->name)
                                            : (struct xml_name){.role = ROLE_NONE};
        struct candidate nested = {.name = name, .nested = true};
        size_t *slot = name.role != ROLE_ID && name.role != ROLE_GROUP ? best_slot(m, &name) : NULL;
        if (slot && *slot == 0) {
            nested.name.rank += NESTED_RANK;
            nested.value = role_value(m, c, name.role);
            add_candidate(m, nested);
        }
    }
}

static void collect(struct maker *m, const struct xml_node *item)
{
    size_t most = item->attribute_count;
    bool groups = false;
    for (const struct xml_node *c = item->first; c; c = c->next) {
        most++;
        groups = groups || c->first;
    }
    most += groups && m->layout->format == XML_GENERIC ? NESTED_MAX : 0;
    m->candidates = arena_alloc(m->arena, (most + 1) * sizeof(*m->candidates));
    for (size_t i = 0; i < item->attribute_count; i++) {
        const struct xml_attribute *a = &item->attributes[i];
        if (!a->xml_prefix) {
            struct candidate c = {.attribute = a, .value = text_value(a->value)};
            c.name = xml_names_get(&m->context->names, m->layout->format, a->name);
            add_candidate(m, c);
        }
    }
    for (const struct xml_node *n = item->first; n; n = n->next) {
        if (n->name.size) {
            struct candidate c = {.node = n};
            c.name = xml_names_get(&m->context->names, m->layout->format, n->name);
            c.value = role_value(m, n, c.name.role);
            add_candidate(m, c);
        }
    }
    for (const struct xml_node *n = item->first; n && groups && m->layout->format == XML_GENERIC; n = n->next) {
        bool own_role = n->name.size && xml_names_get(&m->context->names, XML_GENERIC, n->name).role != ROLE_NONE;
        if (n->first && !own_role && !of_others(n->name) && !mixed(n)) {
            collect_nested(m, n, most);
        }
    }
}

static bool is_id(const struct maker *m, const struct candidate *c)
{
    const struct xml_layout *layout = m->layout;
    if (c->nested || layout->id.size == 0 || (c->attribute != NULL) != layout->id_is_attribute) {
        return false;
    }
    return str_equal(c->attribute ? c->attribute->name : c->node->name, layout->id);
}

static void take_id(struct maker *m)
{
    const struct candidate *id = NULL;
    for (size_t i = 0; i < m->count; i++) {
        struct candidate *c = &m->candidates[i];
        if (is_id(m, c) && c->value.type == JSON_STRING && (!id || better(c, id))) {
            id = c;
        }
    }
    m->object.members[0] = (struct json_member){STR("objectID"), id ? id->value : (struct json){.type = JSON_NULL}};
    for (size_t i = 0; i < m->count; i++) {
        struct candidate *c = &m->candidates[i];
        if (id && is_id(m, c) && (c == id || str_equal(c->value.text, id->value.text))) {
            c->value.type = JSON_NULL;
        }
    }
}

/* Attributes beside a child's text, such as <size system="EU">42</size>, become "size_system". */
static void add_side_attributes(struct maker *m, const struct candidate *c)
{
    static const char *const dropped[] = {"lang", "currency", "currencyid", "type", "unit", "encoding", NULL};
    if (!c->node || c->node->first || c->node->text.size == 0) {
        return;
    }
    for (size_t i = 0; i < c->node->attribute_count; i++) {
        const struct xml_attribute *a = &c->node->attributes[i];
        struct str own = xml_name_of(XML_GENERIC, a->name, m->arena).own;
        if (!a->xml_prefix && a->value.size && !ends_with_any(own, dropped)) {
            add(m, arena_printf(m->arena, STR_FMT "_" STR_FMT, STR_ARG(c->name.own), STR_ARG(own)),
                json_of_str(a->value));
        }
    }
}

static void add_named(struct maker *m, size_t index)
{
    struct candidate *c = &m->candidates[index];
    size_t *slot = best_slot(m, &c->name);
    bool single = slot && c->name.role != ROLE_CATEGORY && c->name.role != ROLE_IDENTIFIER;
    struct pair pair;
    if (blank(&c->value)) {
        return;
    }
    if (c->nested && !(slot && *slot == index + 1)) {
        return;
    }
    if (slot && *slot == index + 1) {
        add(m, c->name.canonical, c->value);
    } else if (slot && str_equal(c->name.own, c->name.canonical)) {
        /* the same name again: a list where a product may have several */
        struct str name = single ? arena_printf(m->arena, STR_FMT "_other", STR_ARG(c->name.own)) : c->name.own;
        const struct json *first = member_of(&m->object, c->name.canonical);
        bool same = first && first->type == JSON_STRING && c->value.type == JSON_STRING &&
                    str_equal(first->text, c->value.text);
        add(m, name, same ? (struct json){.type = JSON_NULL} : c->value);
    } else if (slot && *slot != SIZE_MAX && c->node && m->candidates[*slot - 1].node && !single &&
               str_equal(c->name.own, m->candidates[*slot - 1].name.own)) {
        add(m, c->name.canonical, c->value);
    } else if (c->node && c->name.role == ROLE_NONE && pair_of(m, c->node, &pair)) {
        add_pair(m, &pair);
    } else if (!(c->node && c->name.role == ROLE_NONE && add_pairs_of(m, c->node))) {
        add(m, c->name.own, c->value);
        add_side_attributes(m, c);
    }
}

static void add_extras(struct maker *m, const struct xml_extra *extras, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (extras[i].role == ROLE_NONE) {
            add(m, extras[i].name, extras[i].value);
            continue;
        }
        struct candidate c = {.name = {.role = extras[i].role, .canonical = extras[i].name}, .value = extras[i].value};
        c.name.own = c.name.canonical;
        push(m, c.name.canonical, c.value);
        size_t *slot = best_slot(m, &c.name);
        if (slot) {
            *slot = SIZE_MAX; /* taken: others keep their own names */
        }
    }
}

/* What the mapping names keeps these names; the recognition does not use them again. */
static void take_mapped(struct maker *m, const struct feed_mapping *mapping, struct xml_node *item)
{
    for (size_t i = 0; i < mapping->field_count; i++) {
        const struct feed_field *field = &mapping->fields[i];
        if (!str_equal(field->name, STR("objectID"))) {
            xml_path_take(item, field->name, field->path, &m->object, m->arena);
            m->capacity = m->object.count; /* the array is json_object_set's: the next push makes another */
            m->object.capacity = 0;
        }
    }
    for (uint32_t i = 1; i < m->object.count; i++) {
        struct xml_name name = {.role = role_of_name(m->object.members[i].name)};
        name.canonical = m->object.members[i].name;
        size_t *slot = name.role != ROLE_NONE && name.role != ROLE_ID ? best_slot(m, &name) : NULL;
        if (slot && str_equal(xml_name_of(XML_GENERIC, name.canonical, m->arena).canonical, name.canonical)) {
            *slot = SIZE_MAX;
        }
    }
}

struct json xml_object_make(struct xml_context *context, struct xml_node *item, struct arena *arena)
{
    struct maker m = {.layout = &context->layout, .context = context, .arena = arena, .capacity = 32};
    struct xml_extra extras[XML_EXTRAS];
    m.object.type = JSON_OBJECT;
    m.object.members = arena_alloc(arena, m.capacity * sizeof(*m.object.members));
    m.object.count = 1;
    size_t extra_count = xml_format_extras(m.layout->format, &context->catalog, item, arena, extras);
    m.object.members[0] = (struct json_member){STR("objectID"), {.type = JSON_NULL}};
    take_mapped(&m, context->mapping, item);
    collect(&m, item);
    take_id(&m);
    add_extras(&m, extras, extra_count);
    for (size_t i = 0; i < m.count; i++) {
        add_named(&m, i);
    }
    return m.object;
}
