#ifndef AISLE_BUILD_BUILD_VALUES_H
#define AISLE_BUILD_BUILD_VALUES_H

/* Facet codes and numbers of a shard in the making, by attribute in order of arrival; written as columns and sets. */
#include "indexer/base/vec.h"
#include "indexer/shard/attributes.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/types.h"

struct build_number {
    uint32_t doc;
    bool is_double; /* units are then the bits of number_cell_of_double */
    bool is_flag;   /* units are then NUMBER_TRUE or NUMBER_FALSE */
    uint8_t scale;
    int64_t units;
};

struct build_attribute {
    bool cut;    /* some object had it cut out */
    bool listed; /* some object had it in an array, be it of one number: no cell stands for such a value alone */
    VEC(struct facet_pair) facets;
    VEC(struct build_number) numbers;
};

struct build_values {
    VEC(struct build_attribute) attributes; /* by attr_id */
};

void build_values_release(struct build_values *v);
void build_values_facet(struct build_values *v, attr_id attr, uint32_t doc, facet_code code);
enum build_number_place {
    BUILD_NUMBER_PLAIN,
    BUILD_NUMBER_CUT,   /* taken out of the stored object */
    BUILD_NUMBER_LISTED /* in an array */
};
/* From a JSON number's text. */
void build_values_number(struct build_values *v, attr_id attr, uint32_t doc, struct str text,
                         enum build_number_place place);
/* true or false, cut. */
void build_values_flag(struct build_values *v, attr_id attr, uint32_t doc, bool yes);
/* Drops what was given for documents from `doc` on. */
void build_values_cancel(struct build_values *v, uint32_t doc);
/* Whether a number's text can be cut: it will come back the same from a column of decimals or doubles. */
bool build_values_exact(struct str text);

/* The chunks of columns, their codes, and sets. new_of_old has doc_count entries. */
void build_values_write(struct build_values *v, const struct dictionary *dictionary, const uint32_t *new_of_old,
                        uint32_t doc_count, struct container_writer *w);

#endif
