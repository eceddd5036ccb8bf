#ifndef AISLE_SHARD_CODES_H
#define AISLE_SHARD_CODES_H

/*
 * Columns of two bytes a document, for what goes through many documents: a dense number column as numbers of its sorted
 * distinct values (counted, compared and looked up in less memory than cells); a facet column of which documents have
 * several values, as numbers of its distinct lists of codes; and a hierarchical attribute as the code of each
 * document's one path (its nodes are that one and its ancestors; a mark where it has more). With lists the paths are
 * the first ones, so that their numbers serve as such codes.
 *
 * Numbers with codes have no cells in the file: a cell is memory of its own, untouched until a number changes in place.
 * number_changed (columns.h) says of which documents, and there the code is of no use any more. Files of the format's
 * versions up to 3 have both.
 */
#include "indexer/shard/attributes.h"
#include "indexer/shard/dictionary.h"

/* As it lies in the file. */
struct codes_entry {
    uint32_t attr;
    uint32_t kind;        /* CODES_NUMBERS, CODES_PATHS, CODES_LISTS */
    uint32_t value_count; /* NUMBERS: with the missing one; PATHS: codes are below; LISTS: lists */
    uint32_t paths;       /* LISTS: so many, after the first one, are those of the nodes from 0 on; 0: of none */
    uint64_t offset;      /* in CODE: NUMBERS i64 value_count times, u16 a document; PATHS u16 a document; LISTS u32
                           * value_count + 1 times, their codes, u16 a document */
};

enum { CODES_NUMBERS = 1, CODES_PATHS, CODES_LISTS };

/* Attaches what the chunks have to the columns. After attributes_open. */
MUST_CHECK enum status codes_open(struct attributes *a, const struct container *c, struct error *err);
void codes_close(struct attributes *a);
/* Verifies an attribute's blocks and their structure. */
MUST_CHECK enum status codes_check(const struct attributes *a, struct container *c,
                                   const struct attribute_columns *columns, struct error *err);

/* Enough to read one document's number of a coded column. */
MUST_CHECK enum status codes_check_cell(const struct attribute_columns *columns, struct container *c, doc_id doc,
                                        struct error *err);

struct codes_writer {
    uint32_t doc_count;
    struct buf entries, bytes;
};
/* Single-valued pairs ascending by document. False, and nothing is written, where it would not pay. */
bool codes_put_numbers(struct codes_writer *w, attr_id attr, const struct number_pair *pairs, uint32_t count);
/* The distinct lists of pairs ascending by (document, code). Returns how many codes are in them: 0, and nothing is
 * written, where it would not pay. */
uint32_t codes_put_lists(struct codes_writer *w, attr_id attr, const struct facet_pair *pairs, uint32_t count,
                         const struct dictionary *dictionary);
/* Of a hierarchical attribute without lists: pairs ascending by (document, code). Nothing is written when many
 * documents have several paths. */
void codes_put_paths(struct codes_writer *w, attr_id attr, const struct facet_pair *pairs, uint32_t count,
                     const struct dictionary *dictionary);
/* Writes the chunks and lets go of the memory. */
void codes_write(struct codes_writer *w, struct container_writer *out);
void codes_writer_release(struct codes_writer *w);

/* For codes_lists.c: begins an entry's bytes, which are appended then. */
void codes_add_entry(struct codes_writer *w, struct codes_entry *e);

#endif
