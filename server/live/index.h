#ifndef AISLE_SERVER_LIVE_INDEX_H
#define AISLE_SERVER_LIVE_INDEX_H

/*
 * One index as its writer sees it: the parts of its present state, and the snapshot that readers see. A new snapshot
 * holds its parts and replaces the old one in one store; the old one goes after a grace period.
 *
 * Thread rule: `snapshot` is read by anyone (rcu.h); the rest belongs to the index's one writer.
 */
#include "server/live/inventory.h"
#include "server/live/parts.h"

struct index_segment {
    struct live_segment *segment;
    struct tombstones *tombstones; /* NULL: none */
    uint32_t deleted_docs;
    uint32_t deleted_groups;
};

/* A snapshot and what it holds; readers only see the first member. */
struct index_snapshot {
    struct snapshot s;
    struct snapshot other; /* s.other, if it has one */
    char *name;
    struct segment *segments;
    struct index_segment *held;
    struct live_settings *settings;
    struct vocabulary *vocabulary;
    uint64_t data_bytes;
    int64_t created_ms;
    int64_t updated_ms;
    bool pending;
};

struct live_index {
    _Atomic(struct index_snapshot *) snapshot;
    char *name; /* "" hidden */
    uint64_t uid;
    uint32_t generation;          /* 0: no base */
    uint32_t previous_generation; /* kept on disk; 0: none */
    uint32_t shard_count;
    uint32_t damaged_count; /* base shards that could not be opened */
    bool uncounted;         /* the suggestions' counts are still those of the generation (load_check_rest) */
    uint64_t base_seq;
    int64_t as_of_ms;
    int64_t keep_ms; /* the log is kept since then: the as-of time of the oldest kept generation */
    int64_t created_ms;
    int64_t updated_ms;
    uint64_t applied_seq; /* of the files that it was loaded from: older records are in it */
    struct live_settings *settings;
    struct vocabulary *vocabulary;
    VEC(struct index_segment) segments; /* base shards, then deltas, oldest first */

    struct live_settings *next_settings; /* in force when their rebuild is done; NULL: none */
    uint64_t next_task;

    bool changed; /* since the last checkpoint */
    char *settings_file;
    char *checkpoint_file;
    struct inventory *inventory;
    uint64_t merge_number; /* grows when the segments were replaced under a merge */
};

struct live_index *index_new(uint64_t uid, struct str name, struct live_settings *settings);
void index_free(struct live_index *x);
void index_set_name(struct live_index *x, struct str name);
void index_set_settings(struct live_index *x, struct live_settings *settings);            /* takes a hold */
void index_set_next(struct live_index *x, struct live_settings *settings, uint64_t task); /* takes a hold; NULL: none */
void index_set_vocabulary(struct live_index *x, struct vocabulary *v);                    /* takes a hold */
/* Takes the caller's holds on both. */
void index_add_segment(struct live_index *x, struct live_segment *s, struct tombstones *tombstones);
void index_remove_segment(struct live_index *x, size_t at);
uint32_t index_delta_count(const struct live_index *x);
/* No objects: no segments and an empty vocabulary. */
void index_clear(struct live_index *x);

/* Publishes the present state as the snapshot with this sequence number. same_segments: only cells were changed since
 * the last one, whose statistics then still hold. */
void index_publish(struct live_index *x, uint64_t seq, bool same_segments);
struct index_snapshot *index_current(const struct live_index *x);
/* The present state as a snapshot of the caller's own: it holds its parts, whatever readers do, until index_let_go. On
 * the index's writer; any thread may read it then. Needs index_publish before. */
struct index_snapshot *index_hold(const struct live_index *x);
void index_let_go(struct index_snapshot *held); /* fine with NULL */

/* The documents of a product in its segment: first..end-1. */
void index_group_range(const struct snapshot *s, uint32_t segment, doc_id doc, doc_id *first, doc_id *end);
/* Finds the live product with a group value: its segment, and its first document there. */
bool index_find_group(const struct snapshot *s, struct str group, uint32_t *segment, doc_id *first);

/* Marks a document deleted in the present state. copied[segment] says whether the segment's tombstones are already a
 * copy of this change's own. True when it was alive. */
bool index_delete(struct live_index *x, uint32_t segment, doc_id doc, bool *copied);

/* Stores a number cell and keeps the stock bit in step. */
void index_store_cell(struct live_index *x, uint32_t segment, doc_id doc, attr_id attr, int64_t value);

/* The same for many cells: what a column needs is looked up once. Valid as long as the index's segments stay. */
enum { CELL_WRITER_COLUMNS = 32 };
struct cell_column {
    struct live_segment *segment; /* NULL: unused */
    const struct number_column *column;
    uint64_t *dirty; /* bits by block */
    attr_id attr;
    bool quantity;
};
struct cell_writer {
    struct live_index *index;
    attr_id quantity;
    struct cell_column columns[CELL_WRITER_COLUMNS];
};
void cell_writer_init(struct cell_writer *w, struct live_index *x);
/* Asks for the memory of a cell that will be stored soon. */
void cell_writer_prefetch(const struct cell_writer *w, uint32_t segment, doc_id doc, attr_id attr);
void cell_writer_store(struct cell_writer *w, uint32_t segment, doc_id doc, attr_id attr, int64_t value);

#endif
