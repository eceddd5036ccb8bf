#ifndef AISLE_SERVER_LIVE_BACKUP_H
#define AISLE_SERVER_LIVE_BACKUP_H

/*
 * Backups: a directory that has the layout of a data directory, as it was at one sequence number, with the log that it
 * needs, the log of shoppers' events as far as it then went, and backup.json, which lists every other file with size
 * and checksum. The log of a backup can be continued, so that restoring can stop at any later number or time. Files
 * that never change are hard links where the disk allows it.
 *
 *   backup.json: {"format":1,"made_ms":..,"seq":..,"events":..,"files":[{"path":"MANIFEST","size":..,"xxh3":"16
 * digits"}, ...]}
 *
 * A backup is complete or not there: it is written aside (DIR.partial) and renamed. The data directory notes its
 * backups (backups.json), so that the log is kept from where each one's ends, within the bound on its bytes; a backup
 * whose directory is gone is forgotten.
 */
#include "indexer/base/arena.h"
#include "server/live/live.h"
#include "server/live/update_log.h"

struct backup_info {
    uint64_t seq; /* of the files */
    int64_t made_ms;
    uint64_t log_first, log_last; /* what the log holds; a restore can stop anywhere from seq to log_last */
    int64_t log_last_ms;
    uint64_t files, bytes;
    uint64_t events;          /* what shoppers did, and searches: records of their log */
    char events_missing[160]; /* why that log is not there; "": it is, or there was none */
};

/* Makes a backup of an open data directory, running or not. events: with DATA/events, too; a damaged log of events is
 * left out, and out says why. STATUS_CONFLICT: dir is there already. Blocks; from a thread that is no reader. */
MUST_CHECK enum status live_backup(struct live *l, const char *dir, bool events, struct backup_info *out,
                                   struct error *err);
/* Continues the log of a backup of this data directory up to now; or, when another generation was taken into service
 * since, whose files the backup lacks, up to that, which is STATUS_CONFLICT: then it is time for a new backup. The
 * events, where the backup has them, are copied anew. */
MUST_CHECK enum status live_backup_log(struct live *l, const char *dir, struct backup_info *out, struct error *err);

/* Reads a backup's description and its log's extent. */
MUST_CHECK enum status backup_read(const char *dir, struct backup_info *out, struct error *err);
/* Every file that backup.json lists, byte by byte; called for each with the outcome. */
MUST_CHECK enum status
backup_check(const char *dir, void (*checked)(void *context, const char *path, enum status status, const char *message),
             void *context, struct error *err);

struct restore_options {
    const char *backup;
    const char *data_dir; /* must not be there, or be empty */
    uint64_t to_seq;      /* 0: the end of the log */
    int64_t to_ms;        /* 0: none; the last update accepted at or before that time */
    bool link;            /* hard links instead of copies */
    bool without_events;  /* else all that the backup has, whenever the restore stops */
};
/* Checks the backup, then makes the data directory, which a server can start on: *seq is where it stopped.
 * STATUS_INPUT: the point lies outside of what the backup has. */
MUST_CHECK enum status backup_restore(const struct restore_options *options, uint64_t *seq, struct error *err);

/* --- the log --- */
/* Copies the records from_seq..to_seq into a log of files, which is made beginning at from_seq, or goes on behind its
 * last record. */
MUST_CHECK enum status log_export(const struct log_backend *backend, void *log, const char *dir, uint64_t from_seq,
                                  uint64_t to_seq, struct error *err);

/* --- for checkpoints --- */
/* The lowest sequence number that the log must keep for the backups of a data directory; UINT64_MAX: none. */
uint64_t backups_need(const char *data_dir);

#endif
