/* Reading backups, and making data directories of them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/shard/manifest.h"
#include "server/live/backup.h"
#include "server/live/backup_files.h"

enum { PATH_BYTES = 4096 };

/* The backup's log, opened for reading; first: its oldest update. */
static enum status open_log(const char *dir, struct update_log **log, struct log_stats *stats, struct error *err)
{
    char path[PATH_BYTES];
    struct arena arena;
    struct manifest m = {0};
    arena_init(&arena, 0);
    enum status status = manifest_read(dir, &arena, &m, err);
    if (status == STATUS_OK) {
        snprintf(path, sizeof(path), "%s/log", dir);
        struct log_options options = {.dir = path, .applied_seq = manifest_needed_seq(&m), .read_only = true};
        status = update_log_open(log, &options, err);
    }
    if (status == STATUS_OK) {
        update_log_backend.stats(*log, stats);
    }
    arena_release(&arena);
    return status;
}

static enum status describe(const char *dir, const struct backup_list *list, struct backup_info *out, struct error *err)
{
    struct update_log *log = NULL;
    struct log_stats stats;
    enum status status = open_log(dir, &log, &stats, err);
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct backup_info){.seq = list->seq,
                                .made_ms = list->made_ms,
                                .log_first = stats.first_seq,
                                .log_last = stats.durable_seq,
                                .log_last_ms = stats.wall_ms,
                                .files = list->files.count,
                                .events = list->events};
    snprintf(out->events_missing, sizeof(out->events_missing), "%.*s", (int)str_utf8_cut(list->events_missing, 159),
             list->events_missing.data ? list->events_missing.data : "");
    for (size_t i = 0; i < list->files.count; i++) {
        out->bytes += list->files.items[i].size;
    }
    update_log_backend.close(log);
    return STATUS_OK;
}

enum status backup_read(const char *dir, struct backup_info *out, struct error *err)
{
    struct backup_list list;
    enum status status = backup_list_read(&list, dir, err);
    if (status == STATUS_OK) {
        status = describe(dir, &list, out, err);
    }
    backup_list_release(&list);
    return status;
}

enum status backup_check(const char *dir,
                         void (*checked)(void *context, const char *path, enum status status, const char *message),
                         void *context, struct error *err)
{
    char path[PATH_BYTES];
    struct backup_list list;
    enum status status = backup_list_read(&list, dir, err);
    for (size_t i = 0; i < list.files.count && status == STATUS_OK; i++) {
        struct error wrong = {0};
        snprintf(path, sizeof(path), "%s/%s", dir, list.files.items[i].path.data);
        enum status found = backup_file_check(&list.files.items[i], dir, &wrong);
        checked(context, path, found, wrong.message);
    }
    if (status == STATUS_OK && list.events > 0) {
        struct error wrong = {0};
        snprintf(path, sizeof(path), "%s/events", dir);
        checked(context, path, backup_events_check(dir, list.events, &wrong), wrong.message);
    }
    backup_list_release(&list);
    return status;
}

/* ---- restoring ---- */

struct last_before {
    int64_t ms;
    uint64_t seq;
};

static enum status note_before(void *context, const struct log_record *record, struct error *err)
{
    struct last_before *b = context;
    if (record->wall_ms > b->ms) {
        return error_set(err, STATUS_LIMIT, "later");
    }
    b->seq = record->seq;
    return STATUS_OK;
}

/* Where the restore is to stop. */
static enum status find_target(const struct restore_options *o, const struct backup_info *info, struct update_log *log,
                               uint64_t *seq, struct error *err)
{
    *seq = o->to_seq ? o->to_seq : info->log_last;
    if (o->to_ms) {
        struct last_before before = {.ms = o->to_ms};
        struct error ignored;
        enum status status =
            update_log_backend.read(log, info->log_first, LOG_READ_TO_END, note_before, &before, &ignored);
        if (status != STATUS_OK && status != STATUS_LIMIT) {
            *err = ignored;
            return status;
        }
        *seq = before.seq;
    }
    if (*seq < info->seq && o->to_ms) {
        char made[CLOCK_ISO_SIZE];
        clock_format_iso(info->made_ms, made);
        return error_set(err, STATUS_INPUT, "the backup was made at %s and has nothing earlier: take an older one",
                         made);
    }
    if (*seq < info->seq) {
        return error_set(err, STATUS_INPUT,
                         "the backup is of update %" PRIu64 " and later, not of %" PRIu64 ": take an older one",
                         info->seq, *seq);
    }
    if (*seq > info->log_last) {
        return error_set(err, STATUS_INPUT, "the backup's log ends at update %" PRIu64 ", before %" PRIu64,
                         info->log_last, *seq);
    }
    return STATUS_OK;
}

static enum status put_all(const struct restore_options *o, const struct backup_list *list, const char *to,
                           struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < list->files.count && status == STATUS_OK; i++) {
        const struct backup_file *f = &list->files.items[i];
        status = backup_file_check(f, o->backup, err);
        if (status == STATUS_OK) {
            status = backup_file_put(f, o->backup, to, o->link && !str_starts_with(f->path, STR("settings/")), err);
        }
    }
    return status == STATUS_OK ? backup_sync_dirs(list, to, err) : status;
}

/* Those that were there, and those that came since (live_backup_log). */
static enum status put_events(const struct restore_options *o, const struct backup_list *list, const char *to,
                              struct error *err)
{
    uint64_t records;
    if (o->without_events || list->events == 0) {
        return STATUS_OK;
    }
    enum status status = backup_events_put(o->backup, to, &records, err);
    if (status == STATUS_OK && records < list->events) {
        status = error_set(err, STATUS_FORMAT, "'%.150s/events' has %" PRIu64 " events, not %" PRIu64, o->backup,
                           records, list->events);
    }
    return status;
}

static enum status refuse_full(const char *dir, struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    enum status status = dir_list(dir, &names, &count, err);
    dir_names_free(names, count);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && count > 0) {
        status = error_set(err, STATUS_CONFLICT, "'%.180s' is not empty: restore into a new directory", dir);
    }
    return status == STATUS_OK ? dir_remove(dir, err) : status;
}

static enum status finish(const char *partial, const char *dir, struct error *err)
{
    char parent[PATH_BYTES];
    enum status status = dir_sync(partial, err);
    if (status == STATUS_OK) {
        status = file_rename(partial, dir, err);
    }
    snprintf(parent, sizeof(parent), "%s", dir);
    char *slash = strrchr(parent, '/');
    if (slash) {
        slash[slash == parent] = '\0';
    }
    return status == STATUS_OK ? dir_sync(slash ? parent : ".", err) : status;
}

static enum status restore(const struct restore_options *o, const struct backup_list *list, uint64_t *seq,
                           struct error *err)
{
    char partial[PATH_BYTES];
    char path[PATH_BYTES + 8];
    struct backup_info info;
    struct update_log *log = NULL;
    struct log_stats stats;
    enum status status = describe(o->backup, list, &info, err);
    if (status == STATUS_OK) {
        status = open_log(o->backup, &log, &stats, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    snprintf(partial, sizeof(partial), "%s.partial", o->data_dir);
    status = find_target(o, &info, log, seq, err);
    if (status == STATUS_OK && (status = refuse_full(o->data_dir, err)) == STATUS_OK &&
        (status = dir_remove(partial, err)) == STATUS_OK && (status = dir_make(partial, err)) == STATUS_OK) {
        status = put_all(o, list, partial, err);
        if (status == STATUS_OK) {
            snprintf(path, sizeof(path), "%s/log", partial);
            status = log_export(&update_log_backend, log, path, info.log_first, *seq, err);
        }
        if (status == STATUS_OK) {
            status = put_events(o, list, partial, err);
        }
        if (status == STATUS_OK) {
            status = finish(partial, o->data_dir, err);
        } else {
            struct error ignored;
            (void)!dir_remove(partial, &ignored);
        }
    }
    update_log_backend.close(log);
    return status;
}

enum status backup_restore(const struct restore_options *options, uint64_t *seq, struct error *err)
{
    struct backup_list list;
    enum status status = backup_list_read(&list, options->backup, err);
    if (status == STATUS_OK) {
        status = restore(options, &list, seq, err);
    }
    backup_list_release(&list);
    return status;
}
