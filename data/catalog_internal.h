#ifndef AISLE_DATA_CATALOG_INTERNAL_H
#define AISLE_DATA_CATALOG_INTERNAL_H

/* What catalog.c compiles from the tables, and the product from which its variants are written. */
#include "data/catalog.h"
#include "data/random.h"
#include "data/tables.h"

struct list {
    struct str *values;
    uint32_t count;
};

struct attribute {
    struct str name;
    struct list values;
};

struct section {
    const struct section_row *row;
    uint32_t department;
    struct list adjectives, features, uses, materials, colors, sizes;
};

struct leaf {
    const struct leaf_row *row;
    const struct section *section;
    uint32_t number;
    struct str path;
    struct list nouns;
    struct list own_features, own_materials; /* empty: the section's */
    struct attribute attributes[CATALOG_ATTRIBUTES];
    uint32_t attribute_count;
    double price_mu;
};

#define PRODUCT_VARIANTS_MAX 16
#define PRODUCT_COLORS_MAX   4

struct product {
    uint64_t number;
    struct random random; /* for what follows the choice of leaf and size */
    const struct leaf *leaf;
    uint32_t variants; /* 1: no group */
    uint32_t color_count, size_count;
    uint32_t color_first, size_first;
    struct str brand, line, model, noun, mpn;
    bool plural;
    struct str adjective, adjective2, material;
    struct item_attribute attributes[CATALOG_ATTRIBUTES];
    uint32_t attribute_count;
    uint32_t brand_id;
    uint64_t shape; /* bits that decide the form of title and description */
    int64_t price_cents, sale_cents, sale_from_ms, sale_to_ms;
    uint32_t popularity, rating_tenths, rating_count;
    struct str description;
};

struct brands {
    struct str *names;
    uint32_t count;
    uint32_t pool; /* brands of one department */
    struct buf text;
};

struct catalog {
    struct catalog_options options;
    struct section *sections;
    size_t section_count;
    struct leaf *leaves;
    size_t leaf_count;
    uint16_t *leaf_of_ticket; /* leaf k appears row->weight squared times */
    uint32_t ticket_count;
    struct list series, onsets, vowels, codas, endings, suffixes;
    struct brands brands;
    struct buf list_text; /* paths */
    uint64_t next_product, next_item;
    uint32_t next_variant;
    uint64_t product_count; /* 0: not counted yet */
    struct product product;
    struct buf product_text; /* strings of `product`; never grows past what it was made with */
    struct buf item_text;
};

/* list.c */
struct list list_of(const char *joined);
void list_free(struct list *l);
static inline struct str list_skewed(const struct list *l, struct random *r)
{
    return l->count ? l->values[random_skewed(r, l->count)] : (struct str){0};
}
static inline const struct list *leaf_features(const struct leaf *leaf)
{
    return leaf->own_features.count ? &leaf->own_features : &leaf->section->features;
}
static inline const struct list *leaf_materials(const struct leaf *leaf)
{
    return leaf->own_materials.count ? &leaf->own_materials : &leaf->section->materials;
}
static inline struct str list_any(const struct list *l, struct random *r)
{
    return l->count ? l->values[random_below(r, l->count)] : (struct str){0};
}

/* names.c */
void brands_make(struct catalog *c);
uint32_t brand_pick(const struct catalog *c, const struct leaf *leaf, struct random *r);
void line_write(const struct catalog *c, const struct product *p, struct random *r, struct buf *out);
void model_write(const struct product *p, struct random *r, struct buf *out);

/* product.c */
/* Chooses leaf and number of variants only: a few nanoseconds. */
void product_begin(const struct catalog *c, uint64_t number, struct product *p);
/* The rest; its strings go to `text`. */
void product_make(const struct catalog *c, struct product *p, struct buf *text);
void item_make(const struct catalog *c, const struct product *p, uint32_t variant, struct item *out, struct buf *text);

/* prose.c */
void title_write(const struct product *p, struct str color, struct str size, struct buf *out);
void description_write(const struct product *p, struct random *r, struct buf *out);

/* The slice of out from `start` to its end. */
static inline struct str buf_since(const struct buf *out, size_t start)
{
    return (struct str){out->data + start, out->size - start};
}

#endif
