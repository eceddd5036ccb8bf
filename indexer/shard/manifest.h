#ifndef AISLE_SHARD_MANIFEST_H
#define AISLE_SHARD_MANIFEST_H

/*
 * The one file that says what a data directory holds: MANIFEST, JSON with a checksum line, replaced atomically. It
 * names for each index its uid, generation, files, settings and the sequence number that they contain; the log after
 * that number completes them. Written by whoever holds the directory's lock.
 *
 *   DATA/LOCK  DATA/MANIFEST  DATA/control.sock
 *   DATA/log/%016llx.log                     update log segments, named by their first sequence number
 *   DATA/settings/NAME.json                  settings as people edit them (read by build, written by the server)
 *   DATA/index/UID/g%06u/shard-%04u.aisle    a generation's base shards
 *   DATA/index/UID/g%06u/dictionary.aisle, suggest.aisle, settings.json
 *   DATA/index/UID/d%010u.aisle              flushed delta shards
 *   DATA/index/UID/c%010u.aisle              checkpoints: changed cells, tombstones, versions, dictionary additions
 *   DATA/index/UID/candidate-*               a finished build that waits to be adopted (candidate.json says what)
 * File names are never used twice.
 */
#include "indexer/base/arena.h"
#include "indexer/base/file.h"
#include "indexer/base/json.h"

struct manifest_index {
    struct str name;
    uint64_t uid;
    uint32_t generation;
    uint64_t base_seq; /* the log position the generation's build contains (adoption replays what came after as-of) */
    uint64_t applied_seq; /* everything up to here is in the files named */
    int64_t as_of_ms;
    uint32_t shard_count;
    struct str settings;   /* file, relative to DATA; so are all */
    struct str checkpoint; /* empty: none */
    const struct str *deltas;
    uint32_t delta_count;
    uint32_t previous_generation; /* kept for rollback; 0: none */
};

struct manifest {
    uint64_t version; /* counts publications */
    uint64_t next_file;
    uint64_t seq; /* the log position at which it was made; indexes that it does not name were dropped by then */
    const struct manifest_index *indexes;
    uint32_t index_count;
};

/* STATUS_NOT_FOUND when the directory has none (it is empty), STATUS_FORMAT when it is damaged. */
MUST_CHECK enum status manifest_read(const char *data_dir, struct arena *arena, struct manifest *out,
                                     struct error *err);
/* The last update that every index's files contain: a start needs the log behind it. */
uint64_t manifest_needed_seq(const struct manifest *m);
MUST_CHECK enum status manifest_publish(const char *data_dir, const struct manifest *m, struct error *err);

#endif
