#ifndef AISLE_SHARD_COLUMNS_H
#define AISLE_SHARD_COLUMNS_H

/*
 * Values by document, in memory as the shard file holds them.
 *
 * Facet columns are immutable and hold codes of the generation's dictionary. Number columns that are single-valued can
 * be changed in place: a cell is one aligned 64-bit word, written by the live writer with a release store and read by
 * searches with relaxed loads; it is in memory of its own or in the file, which is mapped copy-on-write, so changes
 * never reach it. The stock flag is a flat bitmap derived from availability and quantity and is changed with atomic bit
 * operations.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "indexer/base/json.h"
#include "indexer/shard/types.h"

enum facet_column_kind {
    FACET_COLUMN_NONE, /* no document of the shard has a value */
    FACET_COLUMN_U8,   /* one value at most: codes[doc] = code + 1, 0 for none */
    FACET_COLUMN_U16,
    FACET_COLUMN_U32,
    FACET_COLUMN_MULTI, /* offsets[x] .. offsets[x + 1] in list, x by facet_list; distinct, ascending codes */
    FACET_COLUMN_SPARSE /* docs[i] has list[i]; docs ascend, repeated for several values */
};

struct facet_column {
    enum facet_column_kind kind;
    const void *codes;       /* U8, U16, U32 */
    const uint32_t *offsets; /* MULTI */
    const facet_code *list;  /* MULTI, SPARSE: plain codes */
    const doc_id *docs;      /* SPARSE */
    uint32_t list_count;
    bool listed;           /* MULTI: with lists */
    const uint16_t *lists; /* MULTI, or NULL: the number of the document's list */
    /* MULTI, hierarchical, or NULL: paths[doc] = code + 1 of the one path's node, 0 for none, above path_limit for
     * several
     */
    const uint16_t *paths;
    uint32_t path_limit; /* the codes of paths are below */
};

/* MULTI: which list is the document's. */
static inline uint32_t facet_list(const struct facet_column *c, doc_id doc)
{
    return c->lists ? c->lists[doc] : doc;
}

/* The codes of a document: *count of them, in the column or in *one. */
const facet_code *facet_codes(const struct facet_column *c, doc_id doc, facet_code *one, uint32_t *count);

#define NUMBER_MISSING INT64_MIN
/* Cells that are no numbers but true and false, of attributes that settings_flag_cells allows: whatever the kind of the
 * column, below all numbers, and missing where numbers are compared, ordered or added up. */
#define NUMBER_FALSE (INT64_MIN + 1)
#define NUMBER_TRUE  (INT64_MIN + 2)

static inline bool number_is_flag(int64_t cell)
{
    return cell == NUMBER_FALSE || cell == NUMBER_TRUE;
}
/* Whether units can be a number's cell. */
static inline bool number_fits(int64_t units)
{
    return units > NUMBER_TRUE;
}

enum number_column_kind {
    NUMBER_COLUMN_NONE,
    NUMBER_COLUMN_DENSE, /* cells[doc], or what its code says (below) */
    NUMBER_COLUMN_MULTI, /* cells[offsets[doc] .. offsets[doc + 1]], ascending; immutable */
    NUMBER_COLUMN_SPARSE /* docs[i] has cells[i]; docs ascend, each once */
};

struct number_column {
    enum number_column_kind kind;
    bool is_double; /* a cell holds a double as number_cell_of_double makes it; else units of 10^-scale */
    uint8_t scale;
    _Atomic int64_t *cells;
    const uint32_t *offsets;
    const doc_id *docs;
    uint32_t count; /* of cells */
    /* DENSE, or NULL: a document has values[codes[doc]], unless number_changed; values ascend, the first is missing */
    const uint16_t *codes;
    bool coded; /* with codes: cells[doc] holds nothing before number_changed */
    const int64_t *values;
    uint32_t value_count;
    _Atomic uint64_t *changed; /* word 0: whether any bit is set; then the bits by document */
    _Atomic uint64_t *epoch;   /* how often cells were stored; NULL: they never are */
};

#define NUMBER_NO_CELL UINT32_MAX

/* The number of a document's cell, or NUMBER_NO_CELL when there is none (SPARSE without the document, MULTI, NONE). */
uint32_t number_index(const struct number_column *c, doc_id doc);

static inline int64_t number_load(const _Atomic int64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

/* With codes: the bits, word by word, of the documents whose cells were changed. One whose bit is not set has what its
 * code says, or did when the bit was read. */
static inline bool number_any_changed(const struct number_column *c)
{
    return atomic_load_explicit(&c->changed[0], memory_order_acquire) != 0;
}
static inline uint64_t number_changed_word(const struct number_column *c, uint32_t word)
{
    return atomic_load_explicit(&c->changed[word + 1], memory_order_acquire);
}
static inline bool number_changed(const struct number_column *c, doc_id doc)
{
    return number_changed_word(c, doc / 64) >> (doc & 63) & 1;
}

/* What a single-valued column has in a cell, and for a document: NUMBER_MISSING without a cell. */
static inline int64_t number_at(const struct number_column *c, uint32_t index)
{
    if (c->coded && !number_changed(c, index))
        return c->values[c->codes[index]];
    return number_load(&c->cells[index]);
}
static inline int64_t number_of_doc(const struct number_column *c, doc_id doc)
{
    uint32_t index = number_index(c, doc);
    return index == NUMBER_NO_CELL ? NUMBER_MISSING : number_at(c, index);
}
static inline void number_mark_changed(const struct number_column *c, doc_id doc)
{
    _Atomic uint64_t *word = &c->changed[doc / 64 + 1];
    uint64_t old = atomic_load_explicit(word, memory_order_relaxed), bit = (uint64_t)1 << (doc & 63);
    if (old & bit)
        return;
    atomic_store_explicit(word, old | bit, memory_order_release);
    atomic_store_explicit(&c->changed[0], 1, memory_order_release);
}

/* The one writer's, before anybody is told. A cell that held nothing is filled before its bit is set, others after. */
static inline void number_store(const struct number_column *c, uint32_t index, int64_t cell)
{
    if (c->codes && !c->coded)
        number_mark_changed(c, index);
    atomic_store_explicit(&c->cells[index], cell, memory_order_release);
    if (c->coded)
        number_mark_changed(c, index);
    if (c->epoch)
        atomic_store_explicit(c->epoch, atomic_load_explicit(c->epoch, memory_order_relaxed) + 1, memory_order_release);
}
/* Grows with each store: what was read after it was asked for is right as long as it stays the same. */
static inline uint64_t number_epoch(const struct number_column *c)
{
    return c->epoch ? atomic_load_explicit(c->epoch, memory_order_acquire) : 0;
}

/* A double as a cell: its bits, with all but the sign flipped in negative numbers, so that cells of a column compare as
 * their values do. -0 is stored as 0. The value must be finite. */
int64_t number_cell_of_double(double value);

/* A cell's value as a double; NaN for NUMBER_MISSING and flags. Equal decimals give equal doubles below 2^53 units. */
double number_as_double(const struct number_column *c, int64_t cell);

/* The cell that holds a JSON number's text exactly, or "true" or "false"; false when the column can't (then the object
 * is rebuilt in a delta shard, whose column can). */
bool number_cell_of_text(const struct number_column *c, struct str text, int64_t *cell);

/* Bounds of a comparison in the column's own units: the cells that satisfy `value op bound` are low..high inclusive
 * (never NUMBER_MISSING, nor a flag). False when none can. op is one of "=", "<", "<=", ">", ">=". bound is a JSON
 * number's text; or "true" or "false", which only flags are equal to. */
bool number_range_of(const struct number_column *c, const char *op, struct str bound, int64_t *low, int64_t *high);

/* Appends a cell's value as JSON, exact: "12.9", "true". Nothing for NUMBER_MISSING. */
void number_write(const struct number_column *c, int64_t cell, struct buf *out);
/* The same in an arena; the cell must not be NUMBER_MISSING. */
struct json number_json(const struct number_column *c, int64_t cell, struct arena *arena);

#endif
