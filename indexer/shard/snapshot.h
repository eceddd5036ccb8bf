#ifndef AISLE_SHARD_SNAPSHOT_H
#define AISLE_SHARD_SNAPSHOT_H

/*
 * What a search sees: the shards and deltas of one index with their tombstones, dictionary, settings and statistics, at
 * one sequence number. Immutable, but for the mutable cells of its shards' columns. Readers get one from the live room
 * (or make one of shards, in tests and tools) and hold it until their next quiescent moment (rcu.h).
 *
 * Statistics count every document of every segment, deleted ones included until a merge drops them, so that a delete
 * never moves other products' scores.
 */
#include "analyzers/analyzer.h"
#include "analyzers/synonyms.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/shard.h"
#include "indexer/shard/suggest.h"

#define FIELD_SIDE 15 /* letter/digit splits of all fields together */
#define FIELD_MAX  16

struct segment {
    struct shard *shard;
    const uint64_t *tombstones; /* bit doc set: deleted; NULL: none */
    uint64_t tombstones_id;     /* no other set of tombstones of this process has it; 0: not known */
    uint32_t deleted_docs;
    uint32_t deleted_groups;
    bool is_delta;
};

struct snapshot {
    uint64_t seq; /* every update up to this sequence number is in it */
    struct str index_name;
    uint64_t index_uid;
    uint64_t generation;
    int64_t created_ms;

    const struct settings *settings;
    const struct analyzer *analyzer;
    const struct synonyms *synonyms; /* NULL: none */
    /* The same data under the settings that an experiment tries; NULL: there is no experiment. */
    const struct snapshot *other;
    struct dictionary *dictionary;
    uint32_t attr_count;     /* of the dictionary, at this snapshot */
    struct suggest *suggest; /* NULL: none */

    const struct segment *segments;
    uint32_t segment_count;
    uint32_t damaged_count; /* segments left out since their files are damaged: answers are partial */

    uint64_t doc_count; /* N, deleted ones included */
    uint64_t live_docs;
    uint64_t live_groups;
    float average_length[FIELD_MAX]; /* tokens by documents that have any in the field; 1 when none has */
    /* For each customRanking key: the smallest and largest value in the generation when the snapshot was made; the
     * prior maps values between them to 0..1. */
    double custom_low[8];
    double custom_high[8];
    bool has_stock;
};

/* Fills the statistics from segments, settings and dictionary, which the caller has set. */
void snapshot_statistics(struct snapshot *s);

static inline bool segment_deleted(const struct segment *g, doc_id doc)
{
    return g->tombstones && (g->tombstones[doc >> 6] >> (doc & 63) & 1);
}

/* Tells sets of tombstones of a segment apart: 0 for none. */
uint64_t segment_tombstones_id(const struct segment *g);

/* The live document with an objectID: the last segment, which is the newest, first. False when there is none. */
bool snapshot_find(const struct snapshot *s, struct str object_id, uint32_t *segment, doc_id *doc);

/* The stored object with current numbers and stock put back, in the arena. in_stock is replaced where the object has it
 * as a boolean, never invented. */
MUST_CHECK enum status snapshot_object(const struct snapshot *s, uint32_t segment, doc_id doc, struct arena *arena,
                                       struct json *out, struct error *err);

/* The same for building the object again: in_stock says whether the object is available, as it was given, so that a
 * quantity that comes later decides anew. */
MUST_CHECK enum status snapshot_object_source(const struct snapshot *s, uint32_t segment, doc_id doc,
                                              struct arena *arena, struct json *out, struct error *err);

/* Puts a cell of a store or price list into an object: "stores.berlin" becomes the member berlin of its member stores.
 * False when the arena is full. */
bool snapshot_put_cell(struct json *object, struct str path, bool store, int64_t value, struct arena *arena);

/* A snapshot of shard files or memory images, without a server: takes nothing, borrows all. For tools and tests. */
struct snapshot_parts {
    const struct settings *settings;
    const struct analyzer *analyzer;
    const struct synonyms *synonyms;
    struct dictionary *dictionary;
    struct suggest *suggest;
    struct shard **shards;
    uint32_t shard_count;
};
struct snapshot *snapshot_of_shards(const struct snapshot_parts *parts);
void snapshot_free(struct snapshot *s); /* only what snapshot_of_shards made */

#endif
