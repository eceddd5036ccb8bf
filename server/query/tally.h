#ifndef AISLE_SERVER_QUERY_TALLY_H
#define AISLE_SERVER_QUERY_TALLY_H

/*
 * Counts over all live documents of a segment, or of those with one facet value: of how many there are, of the codes of
 * an attribute, and of the codes of a number (columns.h), which are what searches without text ask. Facet columns and
 * codes never change, so what is counted once stays right but for documents that die; those are taken out of each tally
 * when it is asked for next. Products that lose a variant are counted anew.
 *
 * Bounded by bytes. A thread's own.
 */
#include "server/query/filter_plan.h"

#define TALLY_BYTES   (64u << 20)
#define TALLY_BUCKETS 4096
#define TALLY_SHARDS  64

struct tally_key {
    uint64_t serial; /* the shard's */
    uint32_t code;   /* the scope's */
    attr_id scope;
    attr_id attr; /* ATTR_NONE: the number of documents, at place 0 */
    bool products;
    bool numbers;
};

struct tally {
    struct tally_key key;
    struct tally *next; /* of the bucket */
    uint32_t seen;      /* so many of the shard's dead are not in it any more */
    uint32_t count;     /* places, or pairs of place and count */
    bool pairs;
    uint32_t counts[];
};

/* The documents of a shard that died since it was seen first. */
struct tally_shard {
    uint64_t serial;
    uint64_t tombstones_id;
    uint64_t *tombstones; /* as they were last; NULL: none */
    doc_id *dead;
    uint32_t dead_count, dead_room;
};

struct tallies {
    struct tally *buckets[TALLY_BUCKETS];
    struct tally_shard shards[TALLY_SHARDS];
    uint32_t shard_count;
    uint32_t kept;
    size_t bytes;
    uint64_t asked, found; /* since the thread began */
};

void tallies_clear(struct tallies *t);

/* Whose tallies: those of the window's segment, for a scope. */
struct tally_place {
    struct tallies *tallies;
    struct tally_shard *shard;
    const struct window *window;
    struct filter_scope scope;
    struct docset set; /* the scope's documents, but for ATTR_NONE */
    bool products;
};
/* Looks who died; valid until the next one, of any segment. */
struct tally_place tally_place(struct tallies *t, const struct window *w, const struct filter_scope *scope,
                               bool products);
static inline bool tally_all(const struct tally_place *p)
{
    return p->scope.attr == ATTR_NONE;
}

/* The attribute's counts, up to date; NULL: not known. The attribute was checked. */
const struct tally *tally_find(struct tally_place *p, attr_id attr, bool numbers);
/* Adds them to places 0..room-1 of counts. */
void tally_add(const struct tally *t, uint32_t *counts, uint32_t room);
/* counts[i] - before[i], or counts[i] for before NULL, for i below count. */
struct tally_counted {
    const uint32_t *counts, *before;
    uint32_t count;
};
/* Keeps them as the attribute's. */
void tally_keep(struct tally_place *p, attr_id attr, bool numbers, const struct tally_counted *counted);

#endif
