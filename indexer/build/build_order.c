#include "indexer/build/build_order.h"

#include <stdlib.h>

#define NO_CATEGORY UINT32_MAX

void build_order_init(struct build_order *o)
{
    *o = (struct build_order){0};
    map_init(&o->group_numbers);
    map_init(&o->category_numbers);
}

void build_order_release(struct build_order *o)
{
    vec_release(&o->docs);
    vec_release(&o->groups);
    buf_release(&o->keys);
    map_release(&o->group_numbers);
    map_release(&o->category_numbers);
}

/* The separator becomes a low byte, so that byte order is preorder. */
static uint32_t category_number(struct build_order *o, struct str path)
{
    struct buf key = BUF_EMPTY;
    uint32_t number = NO_CATEGORY;

    if (path.size == 0)
        return NO_CATEGORY;
    for (size_t i = 0; i < path.size; i++) {
        if (path.size - i >= 3 && memcmp(path.data + i, " > ", 3) == 0) {
            buf_append_char(&key, '\x01');
            i += 2;
        } else {
            buf_append_char(&key, path.data[i]);
        }
    }
    number = (uint32_t)*map_put(&o->category_numbers, buf_str(&key), o->category_numbers.count, NULL);
    buf_release(&key);
    return number;
}

void build_order_add(struct build_order *o, struct str object_id, struct str group, struct str category,
                     double popularity)
{
    bool added = false;
    uint32_t number = (uint32_t)*map_put(&o->group_numbers, group, o->groups.count, &added);
    struct build_doc doc = {.key = o->keys.size, .key_size = (uint32_t)object_id.size, .group = number};

    buf_append_str(&o->keys, object_id);
    vec_push(&o->docs, doc);
    if (added) {
        struct build_group g = {.name = o->keys.size,
                                .name_size = (uint32_t)group.size,
                                .category = category_number(o, category),
                                .popularity = popularity};

        if (str_equal(group, object_id))
            g.name = doc.key;
        else
            buf_append_str(&o->keys, group);
        vec_push(&o->groups, g);
    } else if (popularity > o->groups.items[number].popularity) {
        o->groups.items[number].popularity = popularity;
    }
}

/* --- sorting --- */
/* A text with its first eight bytes at hand. */
struct sort_text {
    uint64_t head;
    struct str text;
};

static struct sort_text sort_text_of(struct str text)
{
    struct sort_text t = {.text = text};

    for (size_t i = 0; i < 8; i++)
        t.head = t.head << 8 | (i < text.size ? (uint8_t)text.data[i] : 0);
    return t;
}

static int text_compare(const struct sort_text *a, const struct sort_text *b)
{
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return str_compare(a->text, b->text);
}

struct group_key {
    uint32_t category; /* rank */
    uint32_t group;
    double popularity;
    struct sort_text name;
};

static int group_compare(const void *a, const void *b)
{
    const struct group_key *x = a, *y = b;

    if (x->category != y->category)
        return x->category < y->category ? -1 : 1;
    if (x->popularity != y->popularity)
        return x->popularity > y->popularity ? -1 : 1;
    return text_compare(&x->name, &y->name);
}

struct doc_key {
    uint32_t group; /* rank */
    uint32_t doc;
    struct sort_text key;
};

static int doc_compare(const void *a, const void *b)
{
    const struct doc_key *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return text_compare(&x->key, &y->key);
}

static int id_compare(const void *a, const void *b)
{
    const struct doc_key *x = a, *y = b;

    return text_compare(&x->key, &y->key);
}

struct category_key {
    struct str path;
    uint32_t number;
};

static int category_compare(const void *a, const void *b)
{
    return str_compare(((const struct category_key *)a)->path, ((const struct category_key *)b)->path);
}

static uint32_t *rank_categories(const struct build_order *o)
{
    size_t count = o->category_numbers.count, at = 0, n = 0;
    struct category_key *keys = xrealloc_array(NULL, count + 1, sizeof(*keys));
    uint32_t *ranks = xrealloc_array(NULL, count + 1, sizeof(*ranks));
    struct str path;
    uint64_t number = 0;

    while (map_next(&o->category_numbers, &at, &path, &number))
        keys[n++] = (struct category_key){path, (uint32_t)number};
    qsort(keys, count, sizeof(*keys), category_compare);
    for (uint32_t i = 0; i < count; i++)
        ranks[keys[i].number] = i;
    free(keys);
    return ranks;
}

static uint32_t *rank_groups(const struct build_order *o, struct build_sorted *out)
{
    size_t count = o->groups.count;
    struct group_key *keys = xrealloc_array(NULL, count + 1, sizeof(*keys));
    uint32_t *categories = rank_categories(o), *ranks = xrealloc_array(NULL, count + 1, sizeof(*ranks));

    for (uint32_t i = 0; i < count; i++) {
        const struct build_group *g = &o->groups.items[i];
        struct str name = {o->keys.data + g->name, g->name_size};

        keys[i] = (struct group_key){.category = g->category == NO_CATEGORY ? NO_CATEGORY : categories[g->category],
                                     .group = i,
                                     .popularity = g->popularity,
                                     .name = sort_text_of(name)};
    }
    qsort(keys, count, sizeof(*keys), group_compare);
    out->group_names = xrealloc_array(NULL, count + 1, sizeof(*out->group_names));
    for (uint32_t i = 0; i < count; i++) {
        ranks[keys[i].group] = i;
        out->group_names[i] = keys[i].name.text;
    }
    out->group_count = (uint32_t)count;
    free(categories);
    free(keys);
    return ranks;
}

static void fill(const struct build_order *o, struct doc_key *keys, struct build_sorted *out)
{
    uint32_t count = (uint32_t)o->docs.count;

    for (uint32_t i = 0; i < count; i++) {
        out->old_of_new[i] = keys[i].doc;
        out->new_of_old[keys[i].doc] = i;
        out->groups[i] = keys[i].group;
        out->keys[i] = keys[i].key.text;
        if (!str_equal(out->group_names[keys[i].group], keys[i].key.text))
            out->group_keys = true;
    }
    qsort(keys, count, sizeof(*keys), id_compare);
    for (uint32_t i = 0; i < count; i++)
        out->ranks[out->new_of_old[keys[i].doc]] = i;
}

void build_order_sort(const struct build_order *o, struct build_sorted *out)
{
    size_t count = o->docs.count;
    struct doc_key *keys = xrealloc_array(NULL, count + 1, sizeof(*keys));
    uint32_t *groups = NULL;

    *out = (struct build_sorted){0};
    groups = rank_groups(o, out);
    out->old_of_new = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->new_of_old = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->groups = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->ranks = xrealloc_array(NULL, count + 1, sizeof(uint32_t));
    out->keys = xrealloc_array(NULL, count + 1, sizeof(*out->keys));
    for (uint32_t i = 0; i < count; i++) {
        const struct build_doc *d = &o->docs.items[i];

        keys[i] = (struct doc_key){
            .group = groups[d->group], .doc = i, .key = sort_text_of((struct str){o->keys.data + d->key, d->key_size})};
    }
    if (count)
        qsort(keys, count, sizeof(*keys), doc_compare);
    fill(o, keys, out);
    free(groups);
    free(keys);
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
