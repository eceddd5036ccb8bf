#include "data/catalog.h"

#include <stdlib.h>

#include "data/catalog_internal.h"

/* Enough for any product's or item's strings; slices point into the buffers, so they may not grow. */
#define TEXT_BYTES 65536

static const char *row_values(const struct list_row *rows, size_t count, const char *key)
{
    for (size_t i = 0; key && i < count; i++) {
        if (strcmp(rows[i].key, key) == 0) {
            return rows[i].values;
        }
    }
    return NULL;
}

static uint32_t department_of(const char *name)
{
    for (uint32_t i = 0; i < tables_department_count; i++) {
        if (strcmp(tables_departments[i].name, name) == 0) {
            return i;
        }
    }
    fatal("the tables have no department '%s'", name);
}

static void leaf_attributes(struct leaf *leaf, struct str keys)
{
    while (keys.data && leaf->attribute_count < CATALOG_ATTRIBUTES) {
        struct str key = str_split(&keys, ' ');
        for (size_t i = 0; i < tables_attribute_count; i++) {
            const struct attribute_row *row = &tables_attributes[i];
            if (str_equal(str_from(row->key), key)) {
                leaf->attributes[leaf->attribute_count++] =
                    (struct attribute){str_from(row->name), list_of(row->values)};
            }
        }
    }
}

static void leaf_details(struct leaf *leaf)
{
    for (size_t i = 0; i < tables_detail_count; i++) {
        if (strcmp(tables_details[i].leaf, leaf->row->name) == 0) {
            leaf->own_features = list_of(tables_details[i].features);
            leaf->own_materials = list_of(tables_details[i].materials);
        }
    }
}

static void leaf_compile(struct catalog *c, const struct section *section, const struct leaf_row *row)
{
    struct leaf *leaf = &c->leaves[c->leaf_count];
    *leaf = (struct leaf){.row = row, .section = section, .number = (uint32_t)c->leaf_count};
    size_t start = c->list_text.size;
    buf_printf(&c->list_text, "%s > %s > %s", section->row->department, section->row->name, row->name);
    leaf->path = buf_since(&c->list_text, start);
    leaf->nouns = list_of(row->nouns);
    leaf->price_mu = log(row->price);
    leaf_attributes(leaf, str_from(row->attributes));
    leaf_details(leaf);
    for (int i = 0; i < row->weight * row->weight; i++) {
        c->leaf_of_ticket[c->ticket_count++] = (uint16_t)c->leaf_count;
    }
    c->leaf_count++;
}

static void section_compile(struct catalog *c, const struct section_row *row)
{
    struct section *s = &c->sections[c->section_count++];
    *s = (struct section){.row = row,
                          .department = department_of(row->department),
                          .adjectives = list_of(row->adjectives),
                          .features = list_of(row->features),
                          .uses = list_of(row->uses),
                          .materials = list_of(row->materials),
                          .colors = list_of(row_values(tables_palettes, tables_palette_count, row->palette)),
                          .sizes = list_of(row_values(tables_sizes, tables_size_count, row->sizes))};
    for (size_t i = 0; i < LEAVES_MAX && row->leaves[i].name; i++) {
        leaf_compile(c, s, &row->leaves[i]);
    }
}

static void tables_compile(struct catalog *c)
{
    const struct {
        const struct section_row *rows;
        size_t count;
    } parts[] = {{tables_technology, tables_technology_count},
                 {tables_living, tables_living_count},
                 {tables_fashion, tables_fashion_count},
                 {tables_leisure, tables_leisure_count}};
    size_t sections = 0;
    size_t tickets = 0;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        sections += parts[p].count;
        for (size_t i = 0; i < parts[p].count; i++) {
            for (size_t k = 0; k < LEAVES_MAX; k++) {
                int weight = parts[p].rows[i].leaves[k].weight;
                tickets += (size_t)(weight * weight);
            }
        }
    }
    c->sections = xcalloc(sections, sizeof *c->sections);
    c->leaves = xcalloc(sections * LEAVES_MAX, sizeof *c->leaves);
    c->leaf_of_ticket = xcalloc(tickets, sizeof *c->leaf_of_ticket);
    buf_reserve(&c->list_text, sections * LEAVES_MAX * 128);
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        for (size_t i = 0; i < parts[p].count; i++) {
            section_compile(c, &parts[p].rows[i]);
        }
    }
}

struct catalog *catalog_new(const struct catalog_options *options)
{
    struct catalog *c = xcalloc(1, sizeof *c);
    c->options = *options;
    c->series = list_of(tables_series);
    c->onsets = list_of(tables_onsets);
    c->vowels = list_of(tables_vowels);
    c->codas = list_of(tables_codas);
    c->endings = list_of(tables_endings);
    c->suffixes = list_of(tables_brand_suffixes);
    tables_compile(c);
    brands_make(c);
    buf_init(&c->product_text, TEXT_BYTES);
    buf_init(&c->item_text, TEXT_BYTES);
    if (!buf_reserve(&c->product_text, TEXT_BYTES) || !buf_reserve(&c->item_text, TEXT_BYTES)) {
        fatal("out of memory");
    }
    return c;
}

void catalog_free(struct catalog *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; i < c->section_count; i++) {
        struct section *s = &c->sections[i];
        struct list *lists[] = {&s->adjectives, &s->features, &s->uses, &s->materials, &s->colors, &s->sizes};
        for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
            list_free(lists[k]);
        }
    }
    for (size_t i = 0; i < c->leaf_count; i++) {
        list_free(&c->leaves[i].nouns);
        list_free(&c->leaves[i].own_features);
        list_free(&c->leaves[i].own_materials);
        for (size_t k = 0; k < c->leaves[i].attribute_count; k++) {
            list_free(&c->leaves[i].attributes[k].values);
        }
    }
    struct list *lists[] = {&c->series, &c->onsets, &c->vowels, &c->codas, &c->endings, &c->suffixes};
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        list_free(lists[k]);
    }
    free(c->sections);
    free(c->leaves);
    free(c->leaf_of_ticket);
    free(c->brands.names);
    buf_release(&c->brands.text);
    buf_release(&c->list_text);
    buf_release(&c->product_text);
    buf_release(&c->item_text);
    free(c);
}

bool catalog_next(struct catalog *c, struct item *out)
{
    if (c->next_item == c->options.items) {
        return false;
    }
    if (c->next_variant == c->product.variants) {
        product_begin(c, c->next_product++, &c->product);
        buf_clear(&c->product_text);
        product_make(c, &c->product, &c->product_text);
        c->next_variant = 0;
    }
    buf_clear(&c->item_text);
    item_make(c, &c->product, c->next_variant++, out, &c->item_text);
    c->next_item++;
    return true;
}

/* Products that lie in the catalog whole; at least 1. */
static uint64_t products_count(const struct catalog *c)
{
    uint64_t items = 0;
    uint64_t products = 0;
    struct product p;
    while (items < c->options.items) {
        product_begin(c, products, &p);
        items += p.variants;
        products += items <= c->options.items;
    }
    return products ? products : 1;
}

void catalog_pick(struct catalog *c, uint64_t *random_state, struct item *out)
{
    if (!c->product_count) {
        c->product_count = products_count(c);
    }
    struct random r = {*random_state};
    product_begin(c, random_next(&r) % c->product_count, &c->product);
    buf_clear(&c->product_text);
    buf_clear(&c->item_text);
    product_make(c, &c->product, &c->product_text);
    item_make(c, &c->product, random_below(&r, c->product.variants), out, &c->item_text);
    *random_state = r.state;
}
