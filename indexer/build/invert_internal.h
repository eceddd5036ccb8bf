#ifndef AISLE_BUILD_INVERT_INTERNAL_H
#define AISLE_BUILD_INVERT_INTERNAL_H

/* The state of an inversion, for the files that fill it and write it out. */
#include "indexer/base/vec.h"
#include "indexer/build/invert.h"
#include "indexer/shard/positions.h"
#include "indexer/shard/terms.h"
#include "indexer/shard/titles.h"

struct invert_term {
    uint32_t text; /* offset in texts */
    uint32_t size;
    uint32_t df;
    uint32_t position_bytes;
    uint32_t seen; /* the last document that had it, + 1 */
    uint32_t slot; /* its place among that document's terms */
};

/* A term of the current document. */
struct invert_slot {
    uint32_t term;
    uint64_t fact;
    uint32_t occurrences;
};

struct invert_occurrence {
    uint32_t slot;
    uint32_t position;
    field_id field;
};

/* From a number of 64 bits to an index: facts. */
struct invert_facts {
    VEC(uint64_t) values;
    VEC(uint32_t) counts;
    uint32_t *slots; /* index + 1 */
    uint32_t capacity;
};

struct invert {
    struct invert_options options;
    struct analysis *analysis;

    VEC(struct invert_term) terms;
    struct buf texts;
    uint64_t *table; /* high half of the hash, term + 1 */
    uint32_t table_capacity;
    struct invert_facts facts;

    uint32_t doc_count;
    VEC(uint64_t) offsets; /* where each document's record begins in the stream */
    struct buf stream;     /* what is in memory of it */
    uint64_t stream_start; /* the stream's offset at which that begins */
    struct file *spill;
    char *spill_path;
    struct buf lengths;
    VEC(uint32_t) titles;       /* term numbers, with TITLE_ACCESSORY, document by document in order of arrival */
    VEC(uint32_t) title_starts; /* by document of arrival */
    uint64_t field_tokens[META_FIELDS];
    uint64_t field_docs[META_FIELDS];

    /* the current document */
    VEC(struct invert_slot) slots;
    VEC(struct invert_occurrence) occurrences;
    VEC(struct term_position) positions;
    uint32_t field_length[META_FIELDS];
    uint32_t field_position[META_FIELDS]; /* the first free position */
    struct buf scratch;
};

uint32_t invert_fact(struct invert_facts *f, uint64_t fact);

/* Terms in byte order: returns an array of term numbers, owned by the caller. */
uint32_t *invert_sort_terms(const struct invert *v);

/* One term's list in a range of terms, as it is dealt out. */
struct invert_lists {
    const uint32_t *order; /* sorted place -> term */
    uint32_t first, end;   /* places */
    uint64_t *starts;      /* end - first + 1: where each list begins */
    uint64_t *byte_starts;
    doc_id *docs;
    uint32_t *facts;
    uint16_t *sizes; /* of positions records */
    char *bytes;     /* of positions */
};

/* What a pass over the stream deals out. */
enum { DEAL_FACTS = 1, DEAL_POSITIONS = 2 };

/* Reads the whole stream and fills the lists of the range: facts, or sizes and bytes of positions, or both. */
enum status invert_deal(struct invert *v, const uint32_t *old_of_new, const uint32_t *place_of_term, unsigned what,
                        struct invert_lists *l, struct error *err);
void invert_lists_release(struct invert_lists *l);

#endif
