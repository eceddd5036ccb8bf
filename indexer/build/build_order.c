#include "indexer/build/build_order.h"

#include <stdlib.h>

#include "indexer/base/hash.h"
#include "indexer/base/sort.h"

#define NO_CATEGORY     UINT32_MAX
#define CATEGORY_BITS   20
#define POPULARITY_BITS 44

void build_order_init(struct build_order *o)
{
    *o = (struct build_order){0};
    map_init(&o->category_numbers);
}

void build_order_release(struct build_order *o)
{
    vec_release(&o->docs);
    buf_release(&o->keys);
    map_release(&o->category_numbers);
}

void build_order_add(struct build_order *o, struct str object_id, struct str group, struct str category,
                     double popularity)
{
    struct build_doc doc = {.key = o->keys.size,
                            .name = o->keys.size,
                            .hash = hash64_secret(group.data, group.size),
                            .popularity = popularity,
                            .key_size = (uint32_t)object_id.size,
                            .name_size = (uint32_t)group.size,
                            .category = NO_CATEGORY};

    if (category.size)
        doc.category = (uint32_t)*map_put(&o->category_numbers, category, o->category_numbers.count, NULL);
    buf_append_str(&o->keys, object_id);
    if (!str_equal(group, object_id)) {
        doc.name = o->keys.size;
        buf_append_str(&o->keys, group);
    }
    vec_push(&o->docs, doc);
}

/* --- categories --- */
struct category_key {
    struct str preorder; /* the path with a low byte as separator, so that byte order is preorder */
    struct str path;
    uint32_t number;
};

static int category_compare(const void *a, const void *b)
{
    const struct category_key *x = a, *y = b;
    int order = str_compare(x->preorder, y->preorder);

    return order ? order : str_compare(x->path, y->path);
}

static void put_preorder(struct buf *out, struct str path)
{
    for (size_t i = 0; i < path.size; i++) {
        if (path.size - i >= 3 && memcmp(path.data + i, " > ", 3) == 0) {
            buf_append_char(out, '\x01');
            i += 2;
        } else {
            buf_append_char(out, path.data[i]);
        }
    }
}

static uint32_t *rank_categories(const struct build_order *o)
{
    size_t count = o->category_numbers.count, at = 0, n = 0;
    struct category_key *keys = xrealloc_array(NULL, count + 1, sizeof(*keys));
    uint32_t *ranks = xrealloc_array(NULL, count + 1, sizeof(*ranks));
    struct buf texts = BUF_EMPTY;
    struct str path;
    uint64_t number = 0;

    (void)buf_reserve(&texts, o->category_numbers.keys_size); /* the texts never move */
    while (map_next(&o->category_numbers, &at, &path, &number)) {
        size_t from = texts.size;

        put_preorder(&texts, path);
        keys[n++] = (struct category_key){{texts.data + from, texts.size - from}, path, (uint32_t)number};
    }
    qsort(keys, count, sizeof(*keys), category_compare);
    for (uint32_t i = 0; i < count; i++)
        ranks[keys[i].number] = i;
    buf_release(&texts);
    free(keys);
    return ranks;
}

/* --- products --- */
struct group {
    struct str name;
    uint32_t category; /* rank */
    double popularity;
};

struct sorting {
    const struct build_order *o;
    struct sort_item *items;
    struct group *groups;
    uint32_t group_count;
    uint32_t *group_of; /* by document of arrival */
    struct str *keys;   /* likewise: objectIDs */
};

static struct str text_of(const struct build_order *o, uint64_t offset, uint32_t size)
{
    return (struct str){o->keys.data + offset, size};
}

/* Gives documents first..end-1 of the items, whose group values have one hash, their groups. */
static void group_run(struct sorting *s, const uint32_t *categories, size_t first, size_t end)
{
    uint32_t from = s->group_count;

    for (size_t i = first; i < end; i++) {
        const struct build_doc *d = &s->o->docs.items[s->items[i].value];
        struct str name = text_of(s->o, d->name, d->name_size);
        uint32_t g = from;

        while (g < s->group_count && !str_equal(s->groups[g].name, name))
            g++;
        if (g == s->group_count)
            s->groups[s->group_count++] =
                (struct group){.name = name,
                               .category = d->category == NO_CATEGORY ? NO_CATEGORY : categories[d->category],
                               .popularity = d->popularity};
        else if (d->popularity > s->groups[g].popularity)
            s->groups[g].popularity = d->popularity;
        s->group_of[s->items[i].value] = g;
    }
}

static void find_groups(struct sorting *s)
{
    size_t count = s->o->docs.count;
    uint32_t *categories = rank_categories(s->o);

    for (uint32_t i = 0; i < count; i++)
        s->items[i] = (struct sort_item){s->o->docs.items[i].hash, i};
    sort_items(s->items, count, NULL, NULL); /* in a run in order of arrival */
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && s->items[end].key == s->items[i].key;)
            end++;
        group_run(s, categories, i, end);
    }
    free(categories);
}

static int group_compare(void *context, uint32_t a, uint32_t b)
{
    const struct sorting *s = context;
    const struct group *x = &s->groups[a], *y = &s->groups[b];

    if (x->category != y->category)
        return x->category < y->category ? -1 : 1;
    if (x->popularity != y->popularity)
        return x->popularity > y->popularity ? -1 : 1;
    return str_compare(x->name, y->name);
}

/* Orders as group_compare does, as far as it goes. */
static uint64_t group_key(const struct group *g)
{
    double popularity = g->popularity + 0.0; /* -0 is 0 */
    uint32_t category = g->category >> CATEGORY_BITS ? (1U << CATEGORY_BITS) - 1 : g->category;
    uint64_t bits;

    memcpy(&bits, &popularity, sizeof(bits));
    bits = bits >> 63 ? bits : ~bits & INT64_MAX; /* the most popular first */
    return (uint64_t)category << POPULARITY_BITS | bits >> CATEGORY_BITS;
}

/* Fills the names in order; returns the ranks by group. */
static uint32_t *rank_groups(struct sorting *s, struct build_sorted *out)
{
    uint32_t *ranks = xrealloc_array(NULL, (size_t)s->group_count + 1, sizeof(*ranks));

    for (uint32_t i = 0; i < s->group_count; i++)
        s->items[i] = (struct sort_item){group_key(&s->groups[i]), i};
    sort_items(s->items, s->group_count, group_compare, s);
    out->group_names = xrealloc_array(NULL, (size_t)s->group_count + 1, sizeof(*out->group_names));
    for (uint32_t i = 0; i < s->group_count; i++) {
        ranks[s->items[i].value] = i;
        out->group_names[i] = s->groups[s->items[i].value].name;
    }
    out->group_count = s->group_count;
    return ranks;
}

/* --- documents --- */
static int key_compare(void *context, uint32_t a, uint32_t b)
{
    const struct sorting *s = context;

    return str_compare(s->keys[a], s->keys[b]);
}

/* What the objectIDs begin with alike says nothing. */
static uint64_t key_head(const struct sorting *s, uint32_t doc, size_t common)
{
    return sort_head(str_slice(s->keys[doc], common, s->keys[doc].size));
}

static void order_docs(struct sorting *s, const uint32_t *ranks, size_t common, struct build_sorted *out)
{
    uint32_t count = (uint32_t)s->o->docs.count;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t head = s->group_count == count ? 0 : key_head(s, i, common) >> 32;

        s->items[i] = (struct sort_item){(uint64_t)ranks[s->group_of[i]] << 32 | head, i};
    }
    sort_items(s->items, count, key_compare, s);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t doc = s->items[i].value, group = (uint32_t)(s->items[i].key >> 32);

        out->old_of_new[i] = doc;
        out->new_of_old[doc] = i;
        out->groups[i] = group;
        out->keys[i] = s->keys[doc];
        if (!str_equal(out->group_names[group], s->keys[doc]))
            out->group_keys = true;
    }
}

static void rank_keys(struct sorting *s, size_t common, struct build_sorted *out)
{
    uint32_t count = (uint32_t)s->o->docs.count;

    for (uint32_t i = 0; i < count; i++)
        s->items[i] = (struct sort_item){key_head(s, i, common), i};
    sort_items(s->items, count, key_compare, s);
    for (uint32_t i = 0; i < count; i++)
        out->ranks[out->new_of_old[s->items[i].value]] = i;
}

void build_order_sort(const struct build_order *o, struct build_sorted *out)
{
    size_t count = o->docs.count, common = 0;
    struct sorting s = {.o = o};
    uint32_t *ranks = NULL;

    *out = (struct build_sorted){0};
    s.items = xrealloc_array(NULL, count + 1, sizeof(*s.items));
    s.groups = xrealloc_array(NULL, count + 1, sizeof(*s.groups));
    s.group_of = xrealloc_array(NULL, count + 1, sizeof(*s.group_of));
    s.keys = xrealloc_array(NULL, count + 1, sizeof(*s.keys));
    for (size_t i = 0; i < count; i++)
        s.keys[i] = text_of(o, o->docs.items[i].key, o->docs.items[i].key_size);
    common = sort_common_prefix(s.keys, count);
    find_groups(&s);
    ranks = rank_groups(&s, out);
    free(s.groups);
    out->old_of_new = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->new_of_old = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->groups = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->ranks = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->keys = xrealloc_array(NULL, count + 1, sizeof(*out->keys));
    order_docs(&s, ranks, common, out);
    rank_keys(&s, common, out);
    free(ranks);
    free(s.items);
    free(s.group_of);
    free(s.keys);
}

void build_sorted_release(struct build_sorted *s)
{
    free(s->old_of_new);
    free(s->new_of_old);
    free(s->groups);
    free(s->ranks);
    free(s->keys);
    free(s->group_names);
    *s = (struct build_sorted){0};
}
