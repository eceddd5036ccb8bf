#ifndef AISLE_BUILD_BUILD_ORDER_H
#define AISLE_BUILD_BUILD_ORDER_H

/*
 * The order of a shard's documents: by the product's primary category in tree preorder, its popularity (descending),
 * its group value, then the variant's objectID. It depends on the objects only, never on the order they came in.
 */
#include "indexer/base/buf.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

struct build_doc {
    uint64_t key;  /* offset of its objectID in keys */
    uint64_t name; /* of its group's value */
    uint64_t hash; /* of that */
    double popularity;
    uint32_t key_size, name_size;
    uint32_t category;
};

struct build_order {
    VEC(struct build_doc) docs;
    struct buf keys;
    struct map category_numbers; /* by path */
};

void build_order_init(struct build_order *o);
void build_order_release(struct build_order *o);
/* category: the product's first path; empty: none. A product's first document decides its category, its most popular
 * one its popularity. */
void build_order_add(struct build_order *o, struct str object_id, struct str group, struct str category,
                     double popularity);

/* The result; arrays are owned by the caller's struct, which build_order_release does not touch. */
struct build_sorted {
    uint32_t *old_of_new;
    uint32_t *new_of_old;
    uint32_t *groups; /* by new document */
    uint32_t *ranks;  /* by new document: of its objectID in byte order */
    struct str *keys; /* by new document */
    struct str *group_names;
    uint32_t group_count;
    bool group_keys; /* some group has several documents or a name that is not its objectID */
};
void build_order_sort(const struct build_order *o, struct build_sorted *out);
void build_sorted_release(struct build_sorted *s);

#endif
