#ifndef AISLE_SHARD_DICTIONARY_H
#define AISLE_SHARD_DICTIONARY_H

/*
 * The attributes of an index and the facet values of each, for a whole generation: the same codes in every shard and
 * delta, so that counts add up. A base part is mapped from the generation's file; live writes append behind it.
 *
 * Append-only. One writer at a time; any number of readers without locks: what a reader saw stays where it is and what
 * it is. A reader uses the counts of its snapshot (struct dictionary_view) and takes codes and attributes at or above
 * them for absent.
 *
 * An attribute that is faceted or has numbers has an entry here. Its string and boolean values ("true", "false") have
 * codes; its numbers are in number columns. An attribute may have both. A hierarchical attribute's values are nodes:
 * the value is the full path "A > B > C", the parent of each node is a node too.
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"
#include "indexer/base/file.h"
#include "indexer/shard/settings.h"
#include "indexer/shard/types.h"

struct attribute {
    struct str name; /* dotted path */
    bool faceted;    /* strings have codes and counts are to be had */
    bool searchable; /* facet values can be searched */
    bool filter_only;
    bool hierarchical;
    bool numeric; /* strings that spell a number count as that number */
    bool stock;   /* the derived flag in_stock: no codes, no column; see columns.h */
};

struct dictionary;

/* Empty, with the attributes that the settings name. Returns owned. */
struct dictionary *dictionary_new(const struct settings *settings);
/* From the bytes that dictionary_write made; borrows map, which must outlive it. Every offset is checked. */
MUST_CHECK enum status dictionary_open(struct dictionary **out, struct str bytes, struct error *err);
void dictionary_write(const struct dictionary *d, struct buf *out);
void dictionary_free(struct dictionary *d);

uint32_t dictionary_attr_count(const struct dictionary *d);
attr_id dictionary_attr_find(const struct dictionary *d, struct str name);
const struct attribute *dictionary_attr(const struct dictionary *d, attr_id attr);
/* Writer only. ATTR_NONE when LIMIT_ATTRIBUTES is reached. An attribute that is there already is returned. */
attr_id dictionary_attr_add(struct dictionary *d, const struct attribute *attribute);

uint32_t dictionary_value_count(const struct dictionary *d, attr_id attr);
facet_code dictionary_value_find(const struct dictionary *d, attr_id attr, struct str value);
struct str dictionary_value(const struct dictionary *d, attr_id attr, facet_code code);
/* Writer only. For a hierarchical attribute the missing ancestors are added first. */
facet_code dictionary_value_add(struct dictionary *d, attr_id attr, struct str value);
/* Hierarchical attributes: the parent node (FACET_NONE for a root) and the level, from 0. */
facet_code dictionary_value_parent(const struct dictionary *d, attr_id attr, facet_code code);
uint32_t dictionary_value_level(const struct dictionary *d, attr_id attr, facet_code code);

/* "category.lvl1" -> the hierarchical attribute "category" and level 1. False when name is none. */
bool dictionary_level_find(const struct dictionary *d, struct str name, attr_id *attr, uint32_t *level);

#endif
