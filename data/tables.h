#ifndef AISLE_DATA_TABLES_H
#define AISLE_DATA_TABLES_H

/*
 * What the invented store sells: constant tables, all text written for it. Lists are one string with '|' between the
 * entries, the frequent ones first. tables_sections is split over several files by department.
 */
#include <stddef.h>

/* How titles and descriptions of a section are built. */
enum style {
    STYLE_TECH,    /* model numbers, figures */
    STYLE_FASHION, /* for whom, material, colour, size */
    STYLE_HOME,    /* material, measures */
    STYLE_GOODS    /* things used up: contents, packs */
};

enum { LEAVES_MAX = 6 };

/* A third-level category. */
struct leaf_row {
    const char *name;
    const char *nouns;      /* what the things are called, lower case but for proper spellings */
    const char *kind;       /* the picture's name */
    double price;           /* median in USD */
    double spread;          /* deviation of the price's logarithm */
    int weight;             /* its square is the share of the assortment: real categories are that uneven */
    const char *attributes; /* keys of tables_attributes, separated by spaces; the first two may stand in titles */
};

/* A second-level category. */
struct section_row {
    const char *department;
    const char *name;
    enum style style;
    const char *palette; /* a key of tables_palettes, or NULL */
    const char *sizes;   /* a key of tables_sizes, or NULL */
    const char *materials;
    const char *gender; /* "women", "men", "kids", "unisex" or NULL */
    const char *adjectives;
    const char *features; /* noun phrases */
    const char *uses;     /* what follows "for" */
    struct leaf_row leaves[LEAVES_MAX];
};

extern const struct section_row tables_living[];
extern const size_t tables_living_count;
extern const struct section_row tables_technology[];
extern const size_t tables_technology_count;
extern const struct section_row tables_fashion[];
extern const size_t tables_fashion_count;
extern const struct section_row tables_leisure[];
extern const size_t tables_leisure_count;

/* A leaf whose materials or features are not its section's; NULL: they are. Leaf names here are unique. */
struct detail_row {
    const char *leaf;
    const char *materials;
    const char *features;
};
extern const struct detail_row tables_details[];
extern const size_t tables_detail_count;

struct attribute_row {
    const char *key;
    const char *name; /* the attribute in the feed */
    const char *values;
};
extern const struct attribute_row tables_attributes[];
extern const size_t tables_attribute_count;

struct list_row {
    const char *key;
    const char *values;
};
extern const struct list_row tables_palettes[];
extern const size_t tables_palette_count;
extern const struct list_row tables_sizes[];
extern const size_t tables_size_count;

/* Google's number of the product category that a department is. */
struct department_row {
    const char *name;
    int google_category;
};
extern const struct department_row tables_departments[];
extern const size_t tables_department_count;

extern const char tables_series[]; /* names of product lines */
extern const char tables_onsets[]; /* syllables of invented names */
extern const char tables_vowels[];
extern const char tables_codas[];
extern const char tables_endings[];
extern const char tables_brand_suffixes[];

/* Sentences. Slots: {B} brand, {S} brand and line, {N} the noun, {F} a feature, {U} a use, {A} an adjective, {M} the
 * material, {K} an attribute with its value; {is/are} the first for one thing, the second for several. */
extern const char *const tables_openers[];
extern const size_t tables_opener_count;
extern const char *const tables_middles[];
extern const size_t tables_middle_count;
extern const char *const tables_closers[];
extern const size_t tables_closer_count;

#endif
