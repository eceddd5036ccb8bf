/* The log of shoppers' events in backups: DATA/events is a log as update_log.h has it, and what was made of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "indexer/base/file.h"
#include "server/live/backup.h"
#include "server/live/backup_files.h"

enum { PATH_BYTES = 4096, TRIES = 3 };

/* Where the folder is: while a backup's is replaced, the new one is aside, and whole before the old one goes. */
static void find_folder(const char *root, const char **found, char aside[PATH_BYTES])
{
    char path[PATH_BYTES + 8];
    snprintf(path, sizeof(path), "%s/events", root);
    snprintf(aside, PATH_BYTES, "%s/" BACKUP_ASIDE, root);
    *found = file_exists(path) ? root : aside;
}

static enum status open_log(const char *root, struct update_log **log, struct log_stats *stats, struct error *err)
{
    char dir[PATH_BYTES];
    snprintf(dir, sizeof(dir), "%s/events", root);
    struct log_options options = {.dir = dir, .any_begin = true, .read_only = true};
    enum status status = update_log_open(log, &options, err);
    if (status == STATUS_OK) {
        update_log_backend.stats(*log, stats);
    }
    return status;
}

/* What was made of the log up to some record: read before the log, so that it is not of a later one. */
static enum status put_signals(const char *from, const char *to, struct error *err)
{
    char path[PATH_BYTES];
    const struct backup_file signals = {.path = STR("events/signals")};
    snprintf(path, sizeof(path), "%s/events/signals", from);
    return file_exists(path) ? backup_file_put(&signals, from, to, false, err) : STATUS_OK;
}

static enum status put_log(const char *from, const char *to, uint64_t *records, struct error *err)
{
    char path[PATH_BYTES];
    struct update_log *log = NULL;
    struct log_stats stats;
    enum status status = open_log(from, &log, &stats, err);
    if (status == STATUS_OK) {
        uint64_t first = stats.first_seq ? stats.first_seq : 1;
        snprintf(path, sizeof(path), "%s/events", to);
        *records = stats.durable_seq + 1 - first;
        status = log_export(&update_log_backend, log, path, first, stats.durable_seq, err);
        update_log_backend.close(log);
    }
    return status;
}

enum status backup_events_put(const char *root, const char *to, uint64_t *records, struct error *err)
{
    char aside[PATH_BYTES];
    char source[PATH_BYTES];
    char target[PATH_BYTES];
    const char *from;
    enum status status = STATUS_OK;
    find_folder(root, &from, aside);
    snprintf(source, sizeof(source), "%s/events", from);
    snprintf(target, sizeof(target), "%s/events", to);
    *records = 0;
    if (!file_exists(source)) {
        return STATUS_OK;
    }
    /* Old segments may be deleted while they are read: the rest is then read again. */
    for (int i = 0; i < TRIES; i++) {
        status = dir_remove(target, err);
        if (status == STATUS_OK && (status = dir_make(target, err)) == STATUS_OK &&
            (status = put_signals(from, to, err)) == STATUS_OK) {
            status = put_log(from, to, records, err);
        }
        if (status != STATUS_NOT_FOUND) {
            break;
        }
    }
    if (status == STATUS_OK && (status = dir_sync(target, err)) == STATUS_OK) {
        status = dir_sync(to, err);
    }
    return status;
}

static enum status count(void *context, const struct log_record *record, struct error *err)
{
    (void)record;
    (void)err;
    ++*(uint64_t *)context;
    return STATUS_OK;
}

enum status backup_events_check(const char *dir, uint64_t least, struct error *err)
{
    struct update_log *log = NULL;
    struct log_stats stats;
    uint64_t records = 0;
    char aside[PATH_BYTES];
    const char *root;
    find_folder(dir, &root, aside);
    enum status status = open_log(root, &log, &stats, err);
    if (status == STATUS_OK) {
        status = update_log_backend.read(log, stats.first_seq, LOG_READ_TO_END, count, &records, err);
        update_log_backend.close(log);
    }
    if (status == STATUS_OK && records < least) {
        status =
            error_set(err, STATUS_FORMAT, "'%.150s/events' has %" PRIu64 " events, not %" PRIu64, dir, records, least);
    }
    return status;
}
