#ifndef AISLE_SHARD_ATTRIBUTES_H
#define AISLE_SHARD_ATTRIBUTES_H

/*
 * The columns and facet sets of a shard by attribute: a directory entry each, which is checked when the shard is
 * opened, while what it points to is checked before its first use (attributes_check).
 */
#include "indexer/shard/bitmaps.h"
#include "indexer/shard/columns.h"
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

/* As it lies in the file. Kinds are those of columns.h, by these numbers. */
struct attribute_entry {
    uint32_t attr;
    uint8_t facet_kind;  /* 0 none, 1 u8, 2 u16, 3 u32, 4 multi, 5 sparse, 6 lists */
    uint8_t number_kind; /* 0 none, 1 dense, 2 multi, 3 sparse, 4 coded */
    uint8_t is_double;
    uint8_t scale;
    uint32_t flags;      /* bit 0: cut out of stored objects */
    uint32_t code_limit; /* codes of the shard are below */
    uint32_t facet_count;
    uint32_t number_count;
    uint32_t set_first; /* in the directory of sets */
    uint32_t set_count;
    uint64_t facet_offset;
    uint64_t number_offset;
    uint64_t set_offset; /* bytes of the attribute's sets: set_offset .. set_end in SETS */
    uint64_t set_end;
    int64_t lowest; /* of the number cells at build; NUMBER_MISSING when there is none */
    int64_t highest;
};

#define ATTRIBUTE_CUT 1u

struct set_entry {
    uint32_t code;
    uint32_t cardinality;
    uint32_t kind;  /* 1 roaring, 2 flat, 3 range */
    uint32_t size;  /* bytes in SETS; 0 for a range */
    uint64_t place; /* offset in SETS; for a range its first document */
};

struct attribute_columns {
    struct facet_column facet;
    struct number_column number;
    const struct attribute_entry *entry;
    const struct codes_entry *number_codes, *path_codes, *lists; /* codes.h; NULL: none */
    _Atomic uint64_t epoch;                                      /* of the number column */
    _Atomic uint8_t checked;
};

struct attributes {
    uint32_t count;
    uint32_t doc_count;
    struct attribute_columns *columns;
    uint16_t *slot; /* by attr_id: number of the columns + 1, 0 for none; slot_count of them */
    uint32_t slot_count;
    const struct set_entry *sets;
    const uint8_t *set_bytes;
    attr_id *cut;
    uint32_t cut_count;
};

MUST_CHECK enum status attributes_open(struct attributes *a, const struct container *c, uint32_t doc_count,
                                       struct error *err);
void attributes_close(struct attributes *a);

/* NULL when the shard has nothing of the attribute. */
struct attribute_columns *attributes_find(const struct attributes *a, attr_id attr);
MUST_CHECK enum status attributes_check(const struct attributes *a, struct container *c, attr_id attr,
                                        struct error *err);
/* Enough to read one document's cell where each has one of its own (NUMBER_COLUMN_DENSE); else all of the attribute. */
MUST_CHECK enum status attributes_check_cell(const struct attributes *a, struct container *c, attr_id attr, doc_id doc,
                                             struct error *err);
bool attributes_set(const struct attributes *a, attr_id attr, facet_code code, struct docset *out);

/* --- writing: all facet columns, then all number columns, then all sets, each in ascending order of attributes --- */
struct attributes_writer {
    struct container_writer *w;
    uint32_t doc_count;
    struct attribute_entry *entries;
    uint32_t entry_count, entry_capacity;
    uint32_t *slot;  /* by attr_id: number of the entry + 1 */
    struct buf sets; /* directory */
};

struct facet_pair {
    doc_id doc;
    facet_code code;
};

/* Values of one attribute, ascending by document. number cells are already in the column's units. */
struct number_pair {
    doc_id doc;
    int64_t cell;
};

struct number_form {
    bool is_double;
    uint8_t scale;
    bool cut;
    bool listed; /* MULTI, even if no document has several */
    bool coded;  /* its cells are in CODE (codes.h): single-valued */
};

void attributes_writer_init(struct attributes_writer *aw, struct container_writer *w, uint32_t doc_count);
void attributes_writer_release(struct attributes_writer *aw);
void attributes_begin_facets(struct attributes_writer *aw);
/* Whether the column of these is MULTI. */
bool attributes_facets_multi(const struct attributes_writer *aw, const struct facet_pair *pairs, uint32_t count);
/* pairs ascend by (doc, code), each once. listed: so many codes are in the lists of codes.h, which the column is then;
 * 0: it has none. */
void attributes_put_facets(struct attributes_writer *aw, attr_id attr, const struct facet_pair *pairs, uint32_t count,
                           uint32_t listed);
void attributes_begin_numbers(struct attributes_writer *aw);
/* pairs ascend by (doc, cell). A cut attribute with one value at most a document becomes dense. */
void attributes_put_numbers(struct attributes_writer *aw, attr_id attr, const struct number_pair *pairs, uint32_t count,
                            struct number_form form);
void attributes_begin_sets(struct attributes_writer *aw);
/* The same pairs as for the column, ascending by (code, doc). */
void attributes_put_sets(struct attributes_writer *aw, attr_id attr, const struct facet_pair *pairs, uint32_t count);
void attributes_end(struct attributes_writer *aw);

#endif
