#ifndef AISLE_SERVER_LIVE_LIVE_INTERNAL_H
#define AISLE_SERVER_LIVE_LIVE_INTERNAL_H

/*
 * The parts of a struct live, and which file has what:
 *
 *   live.c        opening, closing, submitting, reading
 *   sequencer.c   the sequencer's thread: groups of batches, data operations
 *   structure.c   operations on whole indexes: making, clearing, settings, copy, move
 *   checkpoint.c  writing the state to files; background.c its thread, and those of the merges
 *   recovery.c    reading it back, and replaying the log
 *   adopt.c       new generations: candidates of a build, rebuilds for new settings
 *   apply.c       partial feeds
 *
 * The sequencer owns the indexes. Other threads ask it to run a function between two groups (live_control). Files and
 * manifest are written under publish_lock.
 */
#include <pthread.h>

#include "indexer/base/file.h"
#include "indexer/shard/manifest.h"
#include "server/live/changes.h"
#include "server/live/live.h"
#include "server/live/log_thread.h"
#include "server/live/memory_guard.h"
#include "server/live/update.h"

enum { LIVE_PATH_BYTES = 4096 };

/* Names as readers look them up, replicas included, in order. */
struct directory_entry {
    struct str name;
    struct live_index *index;
    bool replica;
};
struct directory {
    size_t count;
    struct directory_entry entries[];
};

struct control {
    void (*run)(struct live *l, void *context);
    void *context;
    bool done;
    struct control *next;
};

struct pending_task {
    uint64_t id;
    uint64_t uid;
};

/* The changes of a group to one index. */
struct group_index {
    struct live_index *index;
    struct changes changes;
};

/* Operations from..to-1 of a batch are in the open group. */
struct open_ops {
    struct live_batch *batch;
    size_t from;
    size_t to;
};

/* The same for updates of the lane. */
struct open_updates {
    struct live_updates *batch;
    size_t from;
    size_t to;
};

struct live {
    struct live_options options;
    char *data_dir;
    struct file *lock_file;
    const struct log_backend *log_backend;
    void *log;
    struct log_thread log_thread;

    _Atomic(struct directory *) directory;
    struct memory_guard guard;

    /* The sequencer's own. */
    VEC(struct live_index *) indexes;
    uint64_t seq; /* the last that is published */
    int64_t wall_ms;
    struct log_writer writer;
    struct buf source;   /* the last that was written to the log */
    uint64_t source_seq; /* its record; 0: it must be written again */
    VEC(struct group_index *) group;
    VEC(struct open_ops) open;         /* operations whose outcome the open group decides */
    VEC(struct live_batch *) finished; /* batches that end with the open group */
    VEC(struct open_updates) open_updates;
    VEC(struct live_updates *) finished_updates;
    int64_t held_checked_ms;
    uint64_t lane_end_ns; /* of the last round of the lane, and how long others are let go on after it */
    uint64_t lane_pause_ns;
    uint64_t merge_id;
    pthread_t sequencer;
    bool sequencer_started;

    /* The queue, under queue_lock. */
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_wake;
    pthread_cond_t control_done;
    VEC(struct live_batch *) queue;
    uint64_t queue_ops;
    struct live_updates *lane_first, **lane_end; /* they overtake the queue */
    uint64_t lane_items;
    atomic_bool lane_waits; /* read without the lock */
    struct control *controls;
    bool stopping;

    /* Background work, under background_lock. */
    pthread_mutex_t background_lock;
    pthread_cond_t background_wake;
    pthread_t background;
    pid_t background_tid; /* 0: it does not run yet */
    pthread_t checkpointer;
    pthread_t rebuilder;
    bool background_started;
    bool background_stopping;
    pthread_t urgent;
    bool merge_wanted;
    bool urgent_wanted;
    bool rebuild_wanted;
    uint64_t checkpoint_log_bytes; /* written when the last checkpoint was taken */
    uint64_t checkpoint_ns;
    uint64_t checkpoint_size; /* bytes that the last one wrote */

    pthread_mutex_t publish_lock; /* guards the files below */
    struct buf checkpoint_bytes;  /* memory for the next checkpoint, while they come often: new memory costs more time
                                     than what is written into it */
    uint64_t manifest_version;
    _Atomic uint64_t next_file;
    uint64_t checkpoint_seq;

    pthread_mutex_t apply_lock; /* guards what a partial feed needs to know (apply.h) */
    struct later *later;        /* NULL: none is being applied */

    pthread_mutex_t task_lock;
    VEC(struct pending_task) tasks;

    _Atomic uint64_t visible_seq;
    _Atomic uint64_t stat_updates[UPDATE_REFUSED + 1];
    _Atomic uint64_t stat_update_batches, stat_update_ns, stat_update_ns_max;
    _Atomic uint64_t stat_held, stat_held_bytes, stat_keys;
    _Atomic uint64_t stat_seq, stat_ops, stat_batches, stat_checkpoints, stat_merges, stat_deltas;
    _Atomic uint64_t stat_merge_bytes_max;
    uint64_t replayed;
    uint64_t recovery_ms;
};

/* --- sequencer.c --- */
void sequencer_start(struct live *l);
void sequencer_stop(struct live *l); /* after everything queued */
/* Runs a function on the sequencer's thread, between two groups, and waits for it. Not from that thread. */
void live_control(struct live *l, void (*run)(struct live *l, void *context), void *context);
/* The changes of the group that is open to an index, made when there are none. Sequencer, recovery. */
struct changes *group_changes(struct live *l, struct live_index *x);
/* Logs, syncs and publishes the open group. On failure nothing of it stays. */
MUST_CHECK enum status group_commit(struct live *l, struct error *err);
/* Builds and publishes the open group without logging it: what comes from the log. */
MUST_CHECK enum status group_apply(struct live *l, uint64_t seq, struct error *err);
/* Writes l->writer's records and waits until they are durable. */
MUST_CHECK enum status writer_commit(struct live *l, struct error *err);
void writer_start(struct live *l);
/* Notes who sends the records that follow, if that is another one. Before the first record of an operation. */
void writer_source(struct live *l, struct str source);

/* Logs what is open, gives it its outcome and acknowledges it. */
void group_finish(struct live *l);
bool group_full(const struct live *l);

/* --- updates.c --- */
/* Decides the lane's batches that wait now and acknowledges them. */
void updates_run(struct live *l);
/* Whether batches wait that other writes must let pass. */
bool updates_due(const struct live *l);
/* The group's outcome becomes that of its updates. */
void updates_finish(struct live *l, enum status status, const struct error *error);
/* Sales that begin or end: when the next does (wall clock, ms), and those until now. */
int64_t updates_next_sale(const struct live *l);
void updates_run_sales(struct live *l);
/* Finds what is due in an index whose objects were loaded or replaced. */
void updates_scan_sales(struct live *l, struct live_index *x);
/* Fills the counters of what is held. */
void updates_count(struct live *l);
/* Decides what is held for products that are there now, after an index's objects were replaced. */
void updates_release_held(struct live *l, struct live_index *x);

/* --- structure.c --- */
bool op_is_structural(const struct live_op *op);
/* Executes a structural operation, or makes the index of one on an object; the open group was committed. The outcome is
 * in op; a status that is not OK concerns the log and so the whole batch. */
MUST_CHECK enum status structure_execute(struct live *l, struct live_batch *batch, struct live_op *op,
                                         struct error *err);
MUST_CHECK enum status structure_make_index(struct live *l, struct str name, struct live_index **out,
                                            struct error *err);
/* Logs one more key of an index's settings and puts it in force. The open group was committed. */
MUST_CHECK enum status structure_add_setting(struct live *l, struct live_index *x, struct str key,
                                             const struct json *value, struct error *err);
/* Applies a record that concerns a whole index. Sequencer, recovery. */
MUST_CHECK enum status structure_record(struct live *l, const struct record *r, struct error *err);
/* The index of a name, or of its replica's parent. */
struct live_index *live_index_find(struct live *l, struct str name, bool *replica);
struct live_index *live_index_of_uid(struct live *l, uint64_t uid);
/* Makes readers see the present names. */
void directory_publish(struct live *l);
/* Removes an index from the sequencer's list and frees it when no reader can see it. */
void live_index_drop(struct live *l, struct live_index *x);

void task_add(struct live *l, uint64_t id, uint64_t uid);
void task_finish(struct live *l, uint64_t uid, uint64_t up_to_id);

/* --- checkpoint.c --- */
/* Writes all that is not on disk yet and publishes the manifest. replace, if not NULL, stands in for the index with its
 * uid (adopt.c). Under publish_lock. */
struct replacement {
    struct live_index *staged; /* what the manifest is to name instead of the index that has its uid, if any */
    uint64_t seq;              /* set: the manifest contains everything up to here */
    bool (*ready)(struct live *l, struct replacement *r, struct error *err); /* on the sequencer, at that point */
    void *context;
};
MUST_CHECK enum status checkpoint_write(struct live *l, struct replacement *replace, struct error *err);
/* "DATA/relative" */
void live_path(const struct live *l, char *out, size_t size, const char *format, ...) PRINTF_LIKE(4, 5);

/* --- apply.c --- */
void apply_forget(struct live *l);

/* --- adopt.c --- */
/* *from is where the log must be read to find all that an index got after as_of_ms. STATUS_CONFLICT when it does not go
 * back so far. */
MUST_CHECK enum status log_starts(struct live *l, uint64_t uid, int64_t as_of_ms, uint64_t *from, struct error *err);

/* --- recovery.c --- */
MUST_CHECK enum status recovery_load(struct live *l, struct error *err);
MUST_CHECK enum status recovery_replay(struct live *l, struct error *err);

/* --- background.c --- */
void background_start(struct live *l);
void background_stop(struct live *l);
bool background_is_stopping(struct live *l);
/* Gives the calling thread a name and a lower priority, for good: an unprivileged thread can't take it back. The lowest
 * gets a hundredth of a processor under full load, the low one a tenth. */
enum { BACKGROUND_LOW = 10, BACKGROUND_LOWEST = 19 };
void background_become(const char *name, int nice);
void background_wake_merge(struct live *l);
void background_wake_urgent(struct live *l);
void background_wake_rebuild(struct live *l);

#endif
