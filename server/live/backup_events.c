/* The log of shoppers' events in backups: DATA/events is a log as update_log.h has it, and what was made of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "indexer/base/file.h"
#include "server/live/backup.h"
#include "server/live/backup_files.h"
#include "server/live/live_internal.h"

#define INSIDE_BYTES (LIVE_PATH_BYTES + 16)
#define TRIES        3

/* Where the folder is: while a backup's is replaced, the new one is aside, and whole before the old one goes. */
static void find_folder(const char *root, const char **found, char aside[LIVE_PATH_BYTES])
{
    char path[INSIDE_BYTES];

    snprintf(path, sizeof(path), "%s/events", root);
    snprintf(aside, LIVE_PATH_BYTES, "%s/" BACKUP_ASIDE, root);
    *found = file_exists(path) ? root : aside;
}

static enum status open_log(const char *root, struct update_log **log, struct log_stats *stats, struct error *err)
{
    char dir[INSIDE_BYTES];
    struct log_options options = {.dir = dir, .any_begin = true, .read_only = true};
    enum status status;

    snprintf(dir, sizeof(dir), "%s/events", root);
    status = update_log_open(log, &options, err);
    if (status == STATUS_OK)
        update_log_backend.stats(*log, stats);
    return status;
}

/* What was made of the log up to some record: read before the log, so that it is not of a later one. */
static enum status put_signals(const char *from, const char *to, struct error *err)
{
    char path[INSIDE_BYTES];
    const struct backup_file signals = {.path = STR("events/signals")};

    snprintf(path, sizeof(path), "%s/events/signals", from);
    return file_exists(path) ? backup_file_put(&signals, from, to, false, err) : STATUS_OK;
}

static enum status put_log(const char *from, const char *to, uint64_t *records, struct error *err)
{
    char path[INSIDE_BYTES];
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
    char aside[LIVE_PATH_BYTES], source[INSIDE_BYTES], target[INSIDE_BYTES];
    const char *from;
    enum status status = STATUS_OK;

    find_folder(root, &from, aside);
    snprintf(source, sizeof(source), "%s/events", from);
    snprintf(target, sizeof(target), "%s/events", to);
    *records = 0;
    if (!file_exists(source))
        return STATUS_OK;
    /* Old segments may be deleted while they are read: the rest is then read again. */
    for (int i = 0; i < TRIES; i++) {
        status = dir_remove(target, err);
        if (status == STATUS_OK)
            status = dir_make(target, err);
        if (status == STATUS_OK)
            status = put_signals(from, to, err);
        if (status == STATUS_OK)
            status = put_log(from, to, records, err);
        if (status != STATUS_NOT_FOUND)
            break;
    }
    if (status == STATUS_OK)
        status = dir_sync(target, err);
    return status == STATUS_OK ? dir_sync(to, err) : status;
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
    char aside[LIVE_PATH_BYTES];
    const char *root;
    enum status status;

    find_folder(dir, &root, aside);
    status = open_log(root, &log, &stats, err);
    if (status == STATUS_OK) {
        status = update_log_backend.read(log, stats.first_seq, LOG_READ_TO_END, count, &records, err);
        update_log_backend.close(log);
    }
    if (status == STATUS_OK && records < least)
        return error_set(err, STATUS_FORMAT, "'%.150s/events' has %" PRIu64 " events, not %" PRIu64, dir, records,
                         least);
    return status;
}
