#ifndef AISLE_SERVER_QUERY_CURSOR_H
#define AISLE_SERVER_QUERY_CURSOR_H

/*
 * A posting list walked window by window. The windows asked for ascend. Packed lists are decoded once a window, in a
 * selection only the blocks that have one of its documents; dense ones are read where they lie. Two kinds behind one
 * interface: a list of the shard (cursor.c), and the union of a short prefix's lists (cursor_prefix.c), whose facts are
 * frequency 1 in each field where any of them occurs.
 */
#include "indexer/shard/shard.h"
#include "server/query/window.h"

struct impact_list;
struct prefix_union;

struct cursor {
    struct postings postings;
    bool empty;
    bool own;  /* selections are of this list: window.first is the rank of a window's first posting */
    bool flat; /* frequencies count as 1: a prefix's list */
    struct prefix_union *prefix;
    uint64_t serial_of_list;           /* of a list that is not the shard's (unions.h); else 0 */
    bool valued;                       /* impacts.h was asked for its postings' values: */
    const struct impact_list *impacts; /* or NULL */
    /* the block decoded last */
    uint32_t block;
    uint32_t block_count; /* documents in it; 0: none yet */
    bool has_facts;       /* block_facts is decoded, too */
    doc_id block_docs[POSTINGS_BLOCK];
    uint32_t block_facts[POSTINGS_BLOCK];
    /* packed: the window's postings */
    uint32_t serial; /* of the window; 0: none yet */
    uint32_t count, capacity;
    uint16_t *offsets;
    uint32_t *facts;
    bool facts_read; /* facts is right; else they are those from this place on: */
    uint32_t facts_block, facts_at;
};

void cursor_init(struct cursor *c); /* an empty list */
void cursor_open(struct cursor *c, const struct postings *postings);
/* The union of terms first..end-1. False when memory runs out. */
bool cursor_open_prefix(struct cursor *c, const struct shard *shard, term_id first, term_id end, struct arena *arena);

/* The first document >= doc, or DOC_NONE. */
doc_id cursor_next(struct cursor *c, doc_id doc);
/* How many documents the list has; of a union at most. */
uint32_t cursor_size(const struct cursor *c);
/* ORs the window's documents into out; with fields != 0 only those with the term in one of these (nibbles of a fact).
 * Of a selection only those in `among` need to be right: whatever is asked later of the same window must be in it.
 * False when memory runs out. */
bool cursor_window(struct cursor *c, const struct window *w, uint64_t fields, const struct mask *among,
                   struct mask *out);
/* ORs the documents of base..base+4095 into bits, whatever window is at hand; base is a multiple of 4,096. */
void cursor_add_bits(struct cursor *c, doc_id base, uint64_t bits[WINDOW_WORDS]);
/* The facts of the window's documents that are in `wanted`, ascending; both of out's arrays have room for WINDOW_DOCS.
 * After cursor_window of the same window. Returns how many. */
struct gathered_facts {
    uint16_t *offsets;
    uint64_t *facts;
};
uint32_t cursor_gather(struct cursor *c, const struct window *w, uint64_t fields, const struct mask *wanted,
                       const struct gathered_facts *out);

/* The same with the facts' indexes, for cursors that are no union. */
uint32_t cursor_gather_indexes(struct cursor *c, const struct window *w, const struct mask *wanted, uint16_t *offsets,
                               uint32_t *indexes);

/* Of a dense list: the fact's index of the posting number `rank`. */
static inline uint32_t cursor_dense_fact(const struct postings *p, uint32_t rank)
{
    return packed_facts_at(&p->facts, rank);
}

/* Frequency 1 in each field that the fact has. */
static inline uint64_t fact_flat(uint64_t fact)
{
    uint64_t x = fact | fact >> 1;

    return (x | x >> 2) & 0x1111111111111111ull;
}

/* A bit for each field that the fact has. */
static inline uint32_t fact_fields(uint64_t fact)
{
    uint64_t x = fact_flat(fact);

    x = (x | x >> 3) & 0x0303030303030303ull;
    x = (x | x >> 6) & 0x000f000f000f000full;
    x = (x | x >> 12) & 0x000000ff000000ffull;
    return (uint32_t)((x | x >> 24) & 0xffff);
}

/* cursor_prefix.c */
/* The short lists together, ascending, and the long ones. */
struct prefix_lists {
    const doc_id *docs;
    uint32_t count;
    struct cursor *cursors;
    uint32_t cursor_count;
};
struct prefix_lists prefix_union_lists(const struct prefix_union *p);
/* The offsets of the window's documents in the short lists: *count of them. After prefix_union_window. */
const uint16_t *prefix_union_short(const struct prefix_union *p, uint32_t *count);
doc_id prefix_union_next(struct prefix_union *p, doc_id doc);
bool prefix_union_window(struct prefix_union *p, const struct window *w, uint64_t fields, const struct mask *among,
                         struct mask *out);
void prefix_union_add_bits(struct prefix_union *p, doc_id base, uint64_t bits[WINDOW_WORDS]);
uint32_t prefix_union_gather(struct prefix_union *p, const struct window *w, uint64_t fields, const struct mask *wanted,
                             const struct gathered_facts *out);

#endif
