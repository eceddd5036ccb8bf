#ifndef AISLE_SERVER_LIVE_BACKUP_FILES_H
#define AISLE_SERVER_LIVE_BACKUP_FILES_H

/* Lists of files with checksums, and their copies: what backups and restores share. Inside server/live only. */
#include "indexer/base/arena.h"
#include "indexer/base/vec.h"

struct backup_file {
    struct str path; /* relative, terminated */
    uint64_t size;
    uint64_t sum;
};

struct backup_list {
    struct arena arena;
    int64_t made_ms;
    uint64_t seq;
    uint64_t events;           /* records of the events' log; it has checksums of its own */
    struct str events_missing; /* why it is not there; empty: it is, or there was none */
    VEC(struct backup_file) files;
};

void backup_list_release(struct backup_list *l);
/* Adds a file, or what a directory holds. */
MUST_CHECK enum status backup_list_add(struct backup_list *l, const char *root, const char *relative,
                                       struct error *err);
/* backup.json in dir. */
MUST_CHECK enum status backup_list_write(const struct backup_list *l, const char *dir, struct error *err);
MUST_CHECK enum status backup_list_read(struct backup_list *l, const char *dir, struct error *err);

/* Size and checksum of the file under root must be what the list says. */
MUST_CHECK enum status backup_file_check(const struct backup_file *f, const char *root, struct error *err);
/* Fills size and sum. */
MUST_CHECK enum status backup_file_sum(struct backup_file *f, const char *root, struct error *err);
/* The file under another root, with the folders that it needs there: linked, if that is wanted and the disk can, else
 * copied and synced. Names are durable after backup_sync_dirs. */
MUST_CHECK enum status backup_file_put(const struct backup_file *f, const char *from, const char *to, bool link,
                                       struct error *err);
/* Where live_backup_log puts events in a backup before they take the place of the old ones. */
#define BACKUP_ASIDE "new"

/* DIR/events: copies the log as far as it goes, while somebody may write it, and the signals; replaces what is there.
 * STATUS_FORMAT: the log is damaged. */
MUST_CHECK enum status backup_events_put(const char *root, const char *to, uint64_t *records, struct error *err);
/* Reads all of it: at least so many records must be there. */
MUST_CHECK enum status backup_events_check(const char *dir, uint64_t least, struct error *err);
MUST_CHECK enum status backup_sync_dirs(const struct backup_list *l, const char *root, struct error *err);

#endif
