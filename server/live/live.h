#ifndef AISLE_SERVER_LIVE_LIVE_H
#define AISLE_SERVER_LIVE_LIVE_H

/*
 * A data directory in service: its indexes, the update log, and the one sequencer that decides, logs, syncs, publishes
 * and acknowledges, in this order (STORAGE in FORMAT.md has the files). No sockets, no searches.
 *
 * Threads: readers (registered with rcu.h) take snapshots; any thread submits batches; one sequencer thread decides and
 * applies; one log thread writes and syncs; one background thread checkpoints, merges deltas and rebuilds.
 *
 * Batches are applied in the order of submission. A batch is acknowledged when its log records are on disk and the next
 * snapshot shows it. Each operation has its own outcome; a failed one changes nothing.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"
#include "indexer/shard/shard_memory.h"
#include "indexer/shard/snapshot.h"

struct live;
struct log_backend;

/* When an update counts (update_log.h): on disk; or written, and on disk an interval later; or when the system likes.
 */
enum live_sync { LIVE_SYNC_ALWAYS, LIVE_SYNC_INTERVAL, LIVE_SYNC_SYSTEM };

/* How many products a query finds; what canary queries are asked with (search_count_hits of server/query). */
typedef enum status live_count_hits(const struct snapshot *snapshot, struct str query, uint64_t *hits,
                                    struct error *err);

struct live_options {
    const char *data_dir;
    bool create;                /* make the directory when it is not there */
    uint64_t checkpoint_bytes;  /* of log since the last checkpoint, or half of its size if that is more; 64 MB */
    uint64_t checkpoint_ms;     /* 30 s */
    uint64_t commit_delay_us;   /* how long a group commit may wait for company; 0 */
    uint64_t log_segment_bytes; /* of one file of the log; 64 MB */
    enum live_sync sync;
    uint64_t sync_interval_ms;             /* 1,000 */
    const struct log_backend *log_backend; /* NULL: files */
    int64_t history_ms;                    /* how long the log is kept for the history; 0: not for that */
    uint64_t history_bytes;                /* the most that is kept for generations, history and backups; 10 GB */
    live_count_hits *count_hits;           /* NULL: canary queries are not asked */
    bool verify_on_start;                  /* every block of every file */
    uint64_t memory_bytes;                 /* the most that the process may have resident; 0: no ceiling */
    uint64_t merge_bytes; /* the most that a merge of deltas, or a rebuild, may take; an eighth of the machine's,
                             512 MB to 4 GB, or a quarter of memory_bytes if that is less */
    bool read_only;       /* no lock, no log, no updates: the tools' view of the newest manifest and log */
};

/* Opens and recovers: newest manifest, then the log after it. STATUS_BUSY when another process has the lock;
 * STATUS_FORMAT names the damaged file and offset. Returns owned. */
MUST_CHECK enum status live_open(struct live **out, const struct live_options *options, struct error *err);
/* Acknowledges what was submitted, checkpoints, stops the threads. */
void live_close(struct live *l);

/* The newest snapshot of an index, or of the parent of a replica's name; NULL when there is none. Valid until the
 * reader's next quiescent moment. */
const struct snapshot *live_snapshot(struct live *l, struct str index);

/* Every update up to this sequence number is in the snapshots that are taken from now on, of any index. */
uint64_t live_seq(struct live *l);

struct live_index_info {
    struct str name; /* borrowed until the reader's next quiescent moment */
    uint64_t entries, products;
    uint64_t data_bytes, file_bytes;
    int64_t created_ms, updated_ms;
    uint32_t deltas;
    uint32_t generation;
    bool pending;        /* a rebuild is under way */
    bool no_suggestions; /* the generation's file of them is damaged or gone */
};
/* Whether an index may have this name: 1 to LIMIT_INDEX_NAME_BYTES of UTF-8, no '/' and control characters. */
bool index_name_valid(struct str name);
/* All indexes in name order into the arena. */
MUST_CHECK enum status live_list(struct live *l, struct arena *arena, struct live_index_info **out, size_t *count);

enum live_op_kind {
    /* The first objects put into an index whose settings have no `roles` give it some, by the names of their attributes
     * (product.h) and where their values fit; they are then in its settings. */
    LIVE_PUT,     /* add or replace an object whole; without objectID in the body one is made */
    LIVE_PARTIAL, /* merge members into an object; values {"_operation": Increment | Decrement | IncrementFrom |
                     IncrementSet | Add | Remove | AddUnique, "value": ...} are applied */
    LIVE_DELETE,
    LIVE_CLEAR, /* all objects; settings stay */
    LIVE_DELETE_INDEX,
    LIVE_SETTINGS, /* body: keys to change */
    LIVE_SETTINGS_REPLACE,
    LIVE_SYNONYMS, /* body: {"replace": true, "delete": [ids], "save": [synonyms]}, each optional, in this order; a
                      replica's are its parent's (synonyms_change.h) */
    LIVE_COPY,     /* index -> target; scope bits */
    LIVE_MOVE      /* index -> target, which is replaced; atomic for readers */
};

enum live_scope { LIVE_SCOPE_OBJECTS = 1, LIVE_SCOPE_SETTINGS = 2, LIVE_SCOPE_SYNONYMS = 4, LIVE_SCOPE_ALL = 7 };

struct live_op {
    enum live_op_kind kind;
    struct str index;
    struct str object_id; /* may be empty for LIVE_PUT: then taken from the body or made */
    struct json body;
    struct str target;
    unsigned scope;
    bool create_missing; /* LIVE_PARTIAL of an object that is not there: create it */
    bool must_be_new;    /* LIVE_PUT: STATUS_CONFLICT when it is there */
    /* outcome */
    enum status status;
    char message[160];
    struct str object_id_out; /* in the batch's arena */
    bool created;
    bool found;      /* LIVE_DELETE: the object was there */
    bool rebuilding; /* LIVE_SETTINGS: in force when the task is published */
    uint32_t kept;   /* live_apply: members that stay as they are, since they were set later */
    /* live_apply's: what the operation knows about; 0: it is of now */
    int64_t as_of_ms;
};

struct live_batch {
    struct arena arena; /* owns the operations and what they borrow; released by the one who made it */
    struct live_op *ops;
    size_t op_count;
    struct str source; /* who sends it, for the history: key, line feed, route; borrowed until done */
    void (*done)(struct live_batch *batch); /* called once, on a live thread; must not block */
    void *context;
    /* outcome */
    enum status
        status; /* of the whole: STATUS_OK, STATUS_FULL (507), STATUS_IO (503: the log is fenced), STATUS_LIMIT */
    struct error error;
    uint64_t seq; /* the last sequence number of the batch; visible in snapshots with seq at least this */
    uint64_t task_id;
};

/* Hands a batch to the sequencer; done is always called. STATUS_BUSY when too much is waiting (then done is not). */
MUST_CHECK enum status live_submit(struct live *l, struct live_batch *batch);
/* The same, waiting for done; for tools and tests. */
MUST_CHECK enum status live_submit_wait(struct live *l, struct live_batch *batch);

/* Applies operations of a partial feed, LIVE_PARTIAL and LIVE_DELETE with object_id set, all of one index, as of a
 * moment: attribute by attribute, what was accepted later stays (op->kept counts it), and an object that was deleted
 * or replaced later stays so. The first batch of a moment reads the log since then, the next ones only what came
 * meanwhile; a batch without operations forgets it. All or nothing on failure of the log; each operation has its
 * own outcome. STATUS_CONFLICT: the log does not go back so far. Blocks; from a thread that is no reader. */
MUST_CHECK enum status live_apply(struct live *l, struct live_batch *batch, int64_t as_of_ms, struct error *err);

/* True when the task is in force; false while a rebuild that it needs goes on. Tasks never heard of are published. */
bool live_task_published(struct live *l, uint64_t task_id);

/*
 * A candidate is a directory DATA/candidates/NAME that aisle-indexer build leaves, all files synced: shard-0000.aisle
 * and so on, dictionary.aisle and suggest.aisle (checked_file_write of container.h), settings.json (the document that
 * the shards were built with) and, last, candidate.json:
 *
 *   format       1
 *   index        the index's name
 *   uid          its uid in 16 hexadecimal digits; absent: the index of that name, or a new one
 *   as_of_ms     what the feed knows: updates accepted later win over it, attribute by attribute
 *   settings_ms  when settings.json was read (optional, default as_of_ms): settings accepted later win over it
 *   shards       ["shard-0000.aisle", ...] in this order, at most 64
 *   items, products   for people
 *
 * and, where aisle-indexer wrote it, a last line with its hash (settings_seal).
 *
 * Adoption renames the directory to DATA/index/UID/gNNNNNN; when it fails the candidate stays where it was, except
 * after a failed write of the manifest.
 */
/* Adopts a finished candidate (a directory that aisle-indexer build left, with candidate.json): replays the updates
 * accepted after its as-of time onto it, checks it, holds it against the gates (gates.h), publishes the manifest,
 * swaps. *report is JSON text in the arena, also when a gate does not hold, which is STATUS_CONFLICT: then nothing
 * changed. Blocks; from a thread that is no reader. */
MUST_CHECK enum status live_adopt(struct live *l, const char *candidate_dir, struct arena *arena, struct str *report,
                                  struct error *err);
/* The same, whatever the gates say; the report tells. */
MUST_CHECK enum status live_adopt_anyway(struct live *l, const char *candidate_dir, struct arena *arena,
                                         struct str *report, struct error *err);
/* Goes back to the generation before the present one, with the updates accepted since its as-of time; the present one
 * is kept and is what the next rollback goes to. STATUS_NOT_FOUND: there is no such index, or no generation before. No
 * gates are asked. Blocks; from a thread that is no reader. */
MUST_CHECK enum status live_rollback(struct live *l, struct str index, struct arena *arena, struct str *report,
                                     struct error *err);
/* Writes a checkpoint now; for tests and tools. */
MUST_CHECK enum status live_checkpoint(struct live *l, struct error *err);

struct live_stats {
    uint64_t seq; /* last acknowledged */
    uint64_t log_bytes, log_segments;
    uint64_t syncs, sync_ns_total, sync_ns_max;
    uint64_t ops_applied, batches;
    uint64_t queue_ops;
    uint64_t checkpoints, merges;
    uint64_t merge_bytes_max; /* the most that one was expected to take */
    uint64_t deltas;
    uint64_t replayed; /* records at the last start */
    uint64_t recovery_ms;
    bool fenced;
    /* The inventory lane (update.h). */
    uint64_t updates[5];      /* by enum update_result */
    uint64_t updates_waiting; /* for the sequencer */
    uint64_t update_lag_ns;   /* how long the oldest of them has waited */
    uint64_t update_batches;  /* acknowledged */
    uint64_t update_ns_total; /* from submission to acknowledgement, of all of them */
    uint64_t update_ns_max;
    uint64_t held_updates, held_bytes;
    uint64_t order_keys;
};
void live_stats(struct live *l, struct live_stats *out);

/* What is in memory, as it was counted when this was last asked for, or at the start: counting takes some ms a GB. */
struct live_memory {
    struct shard_memory shards; /* of all indexes */
    uint64_t suggest_bytes, suggest_resident;
    uint64_t resident_bytes, file_bytes, anonymous_bytes; /* of the process (memory.h) */
    uint64_t heap_bytes;
    uint64_t ceiling_bytes; /* 0: none */
    uint64_t released;      /* how often mapped pages were given back to keep it */
};
void live_memory(struct live *l, struct live_memory *out);

#endif
