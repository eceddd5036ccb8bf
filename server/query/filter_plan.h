#ifndef AISLE_SERVER_QUERY_FILTER_PLAN_H
#define AISLE_SERVER_QUERY_FILTER_PLAN_H

/*
 * A filter ready to run: attributes and values resolved against the snapshot's dictionary, disjunctions of values put
 * together as one node, cheap conditions first. Bound to a segment, then applied window by window: a node narrows the
 * documents it is given, so that a condition on numbers looks only at those that are left.
 */
#include "server/query/search.h"
#include "server/query/window.h"

#define FILTER_NUMBERS_LIMIT 1000 /* comparisons of numbers in one request */

/* The documents of one facet value, or with ATTR_NONE all. */
struct filter_scope {
    attr_id attr;
    facet_code code;
};

enum filter_node_kind {
    FILTER_NODE_ALL,
    FILTER_NODE_NONE,
    FILTER_NODE_DOCUMENT, /* the one with an objectID */
    FILTER_NODE_SETS,     /* documents with one of some facet values */
    FILTER_NODE_STOCK,
    FILTER_NODE_STORES, /* in stock in one of some stores */
    FILTER_NODE_NUMBER,
    FILTER_NODE_AND,
    FILTER_NODE_OR,
    FILTER_NODE_NOT
};

struct filter_value {
    attr_id attr;
    facet_code code;
};

struct filter_node {
    enum filter_node_kind kind;
    struct filter_node *children;
    uint32_t child_count;
    /* DOCUMENT */
    uint32_t segment;
    doc_id doc;
    /* SETS */
    const struct filter_value *values;
    uint32_t value_count;
    struct docset *sets; /* of the segment */
    uint32_t set_count;
    uint64_t *flat; /* their union, when they are many */
    uint64_t *flat_memory;
    size_t flat_words;
    uint64_t cardinality; /* at most, of the segment */
    /* STORES */
    const attr_id *stores;
    uint32_t store_count;
    /* STOCK, NUMBER */
    bool in_stock;
    uint32_t source;
    attr_id attr;
    char op[3];
    struct str bound;
    bool merged;   /* in this segment: into another condition beside it */
    bool possible; /* in this segment: low..high */
    int64_t low, high;
};

/* STATUS_INPUT when there are too many conditions on numbers. */
MUST_CHECK enum status filter_compile(struct filter_node **out, const struct filter *filter, struct window *w,
                                      struct arena *arena, struct error *err);
/* STATUS_FORMAT: what the filter reads of the segment is damaged. */
MUST_CHECK enum status filter_bind(struct filter_node *n, struct window *w, struct arena *arena, struct error *err);
/* Narrows m, in the window where w is. False when memory runs out. */
bool filter_apply(struct filter_node *n, struct window *w, struct mask *m);
/* True when the filter lets through just the documents of a scope. NULL: all. */
bool filter_scope(const struct filter_node *n, struct filter_scope *out);
/* filter_store.c: whether a condition is about stores, and its node. */
bool filter_store_named(const struct filter *f, const struct window *w);
MUST_CHECK enum status filter_store_condition(struct filter_node *out, const struct filter *f, struct window *w,
                                              struct arena *arena, struct error *err);
MUST_CHECK enum status filter_store_bind(const struct filter_node *n, const struct window *w, struct error *err);
void filter_store_apply(const struct filter_node *n, const struct window *w, struct mask *m);
/* The least facet set that all matches are in, or NULL: windows without any of it need no look. */
const struct filter_node *filter_driver(const struct filter_node *n);
/* No more documents of the snapshot pass than this. NULL: all. */
uint64_t filter_most(const struct filter_node *n, const struct snapshot *snapshot);
/* The driver's first document >= doc. */
doc_id filter_driver_next(const struct filter_node *driver, doc_id doc, uint32_t doc_count);

#endif
