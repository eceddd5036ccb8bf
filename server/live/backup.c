#include "server/live/backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/log.h"
#include "server/live/adopt.h"
#include "server/live/backup_files.h"
#include "server/live/live_internal.h"

/* ---- what the data directory notes of its backups ---- */

static void noted_path(const char *data_dir, char *path)
{
    snprintf(path, LIVE_PATH_BYTES, "%s/backups.json", data_dir);
}

/* backups.json: {"backups":[{"dir":"/..","seq":..}]}; `seq` is the last update that the backup's log has. An unreadable
 * one counts as empty: it only makes the log be kept. */
static struct json read_noted(const char *data_dir, struct arena *arena)
{
    char path[LIVE_PATH_BYTES];
    struct buf text = BUF_EMPTY;
    struct json root = {.type = JSON_NULL};
    noted_path(data_dir, path);
    if (file_exists(path) && file_read_all(path, &text, 1 << 20, NULL) == STATUS_OK &&
        json_parse(arena_copy(arena, buf_str(&text)), arena, &root, NULL) != STATUS_OK) {
        root.type = JSON_NULL;
    }
    buf_release(&text);
    const struct json *list = json_get(&root, "backups");
    return list && list->type == JSON_ARRAY ? *list : json_array(NULL, 0);
}

static bool is_there(struct str dir)
{
    char path[LIVE_PATH_BYTES];
    snprintf(path, sizeof(path), STR_FMT "/backup.json", STR_ARG(dir));
    return file_exists(path);
}

uint64_t backups_need(const char *data_dir)
{
    struct arena arena;
    uint64_t need = UINT64_MAX;
    arena_init(&arena, 0);
    struct json list = read_noted(data_dir, &arena);
    for (uint32_t i = 0; i < list.count; i++) {
        struct str dir;
        int64_t seq;
        if (json_string(json_get(&list.items[i], "dir"), &dir) && json_i64(json_get(&list.items[i], "seq"), &seq) &&
            is_there(dir) && (uint64_t)seq + 1 < need) {
            need = (uint64_t)seq + 1;
        }
    }
    arena_release(&arena);
    return need;
}

/* Notes how far a backup's log goes; forgets those that are gone. */
static enum status note(const struct live *l, const char *dir, uint64_t seq, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    struct arena arena;
    struct buf text = BUF_EMPTY;
    arena_init(&arena, 0);
    struct json list = read_noted(l->data_dir, &arena);
    buf_literal(&text, "{\"backups\":[\n{\"dir\":");
    json_write_string(&text, str_from(dir));
    buf_printf(&text, ",\"seq\":%" PRIu64 "}", seq);
    for (uint32_t i = 0; i < list.count; i++) {
        struct str other;
        if (json_string(json_get(&list.items[i], "dir"), &other) && !str_equal(other, str_from(dir)) &&
            is_there(other)) {
            buf_literal(&text, ",\n");
            json_write(&text, &list.items[i]);
        }
    }
    buf_literal(&text, "]}\n");
    noted_path(l->data_dir, path);
    enum status status = file_replace(path, buf_str(&text), err);
    buf_release(&text);
    arena_release(&arena);
    return status;
}

/* ---- making one ---- */

static enum status list_files(struct live *l, const struct manifest *m, struct backup_list *list, struct error *err)
{
    char relative[64];
    char path[LIVE_PATH_BYTES];
    enum status status = backup_list_add(list, l->data_dir, "MANIFEST", err);
    live_path(l, path, sizeof(path), "settings");
    if (status == STATUS_OK && file_exists(path)) {
        status = backup_list_add(list, l->data_dir, "settings", err);
    }
    for (uint32_t i = 0; i < m->index_count && status == STATUS_OK; i++) {
        snprintf(relative, sizeof(relative), "index/%016" PRIx64, m->indexes[i].uid);
        live_path(l, path, sizeof(path), "%s", relative);
        if (file_exists(path)) {
            status = backup_list_add(list, l->data_dir, relative, err);
        }
    }
    return status;
}

/* Settings are edited in place by people; all else is never changed once it has its name. */
static bool may_link(const struct backup_file *f)
{
    return !str_starts_with(f->path, STR("settings/"));
}

static enum status put_files(const struct live *l, struct backup_list *list, const char *to, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < list->files.count && status == STATUS_OK; i++) {
        struct backup_file *f = &list->files.items[i];
        status = backup_file_put(f, l->data_dir, to, may_link(f), err);
        if (status == STATUS_OK) {
            status = backup_file_sum(f, to, err);
        }
    }
    return status == STATUS_OK ? backup_sync_dirs(list, to, err) : status;
}

/* The as-of time of the oldest generation that is kept. */
static int64_t oldest_as_of(const struct live *l, const struct manifest_index *x, struct arena *arena)
{
    char dir[LIVE_PATH_BYTES];
    struct generation_plan plan;
    live_path(l, dir, sizeof(dir), "index/%016" PRIx64 "/g%06u", x->uid, x->previous_generation);
    bool older = x->previous_generation > 0 && generation_read(dir, arena, &plan, NULL) == STATUS_OK;
    return older && plan.as_of_ms < x->as_of_ms ? plan.as_of_ms : x->as_of_ms;
}

/* From where the log is needed: by a start, and by generations that may be rolled back to. */
static uint64_t log_from(struct live *l, const struct manifest *m, struct arena *arena)
{
    struct log_stats stats;
    uint64_t from = manifest_needed_seq(m) + 1;
    l->log_backend->stats(l->log, &stats);
    for (uint32_t i = 0; i < m->index_count; i++) {
        uint64_t since = l->log_backend->since(l->log, oldest_as_of(l, &m->indexes[i], arena));
        from = since < from ? since : from;
    }
    return from > stats.first_seq ? from : stats.first_seq;
}

/* A shop goes on with a damaged log of events, and so does its backup, which says so. */
static enum status put_events(const struct live *l, const char *to, struct backup_list *list, struct error *err)
{
    char path[LIVE_PATH_BYTES + 8];
    struct error wrong = {0};
    enum status status = backup_events_put(l->data_dir, to, &list->events, &wrong);
    if (status == STATUS_FORMAT) {
        log_warn("the backup lacks the events: %s", wrong.message);
        list->events = 0;
        list->events_missing = arena_copy(&list->arena, str_from(wrong.message));
        snprintf(path, sizeof(path), "%s/events", to);
        return dir_remove(path, err);
    }
    *err = wrong;
    return status;
}

static enum status make_in(struct live *l, const char *to, bool events, struct backup_list *list, struct error *err)
{
    char path[LIVE_PATH_BYTES + 16];
    struct manifest m = {0};
    struct log_stats stats;
    enum status status = checkpoint_write(l, NULL, err);
    if (status == STATUS_OK) {
        status = manifest_read(l->data_dir, &list->arena, &m, err);
    }
    if (status != STATUS_OK || (status = dir_remove(to, err)) != STATUS_OK ||
        (status = dir_make(to, err)) != STATUS_OK) {
        return status;
    }
    list->seq = m.seq;
    list->made_ms = clock_wall_ms();
    status = list_files(l, &m, list, err);
    if (status == STATUS_OK) {
        status = put_files(l, list, to, err);
    }
    if (status == STATUS_OK) {
        l->log_backend->stats(l->log, &stats);
        snprintf(path, sizeof(path), "%s/log", to);
        status = log_export(l->log_backend, l->log, path, log_from(l, &m, &list->arena), stats.durable_seq, err);
    }
    if (status == STATUS_OK && events) {
        status = put_events(l, to, list, err);
    }
    return status == STATUS_OK ? backup_list_write(list, to, err) : status;
}

static enum status rename_durably(const char *from, const char *to, struct error *err)
{
    char parent[LIVE_PATH_BYTES];
    enum status status = dir_sync(from, err);
    if (status == STATUS_OK) {
        status = file_rename(from, to, err);
    }
    snprintf(parent, sizeof(parent), "%s", to);
    char *slash = strrchr(parent, '/');
    if (slash) {
        slash[slash == parent] = '\0';
    }
    return status == STATUS_OK ? dir_sync(slash ? parent : ".", err) : status;
}

enum status live_backup(struct live *l, const char *dir, bool events, struct backup_info *out, struct error *err)
{
    char partial[LIVE_PATH_BYTES];
    struct backup_list list = {0};
    struct error ignored;
    int64_t ms;
    enum status status = file_modified_ms(dir, &ms, err);
    if (status != STATUS_NOT_FOUND) {
        return status == STATUS_OK ? error_set(err, STATUS_CONFLICT, "'%.180s' is there already", dir) : status;
    }
    arena_init(&list.arena, 0);
    snprintf(partial, sizeof(partial), "%s.partial", dir);
    pthread_mutex_lock(&l->publish_lock);
    status = make_in(l, partial, events, &list, err);
    if (status == STATUS_OK && (status = rename_durably(partial, dir, err)) == STATUS_OK) {
        status = backup_read(dir, out, err);
    }
    if (status == STATUS_OK) {
        status = note(l, dir, out->log_last, err);
    } else {
        (void)!dir_remove(partial, &ignored);
    }
    pthread_mutex_unlock(&l->publish_lock);
    backup_list_release(&list);
    return status;
}

struct next_generation {
    uint64_t seq; /* of its record; 0: none */
};

static enum status find_generation(void *context, const struct log_record *from, struct error *err)
{
    struct next_generation *g = context;
    if (from->kind == RECORD_GENERATION) {
        g->seq = from->seq;
        return error_set(err, STATUS_LIMIT, "found");
    }
    return STATUS_OK;
}

/* Up to where the log of a backup may go on: what changed generations can't be told by updates alone. */
static enum status log_until(struct live *l, uint64_t after, uint64_t durable, uint64_t *to, struct error *err)
{
    struct next_generation g = {.seq = 0};
    enum status status = STATUS_OK;
    if (after < durable) {
        status = l->log_backend->read(l->log, after + 1, durable, find_generation, &g, err);
    }
    *to = g.seq ? g.seq - 1 : durable;
    return g.seq ? STATUS_OK : status;
}

/* The events aside take the place of those that are there, which go at once: a folder that is deleted file by file
 * would be taken for whole. */
static enum status replace_events(const char *dir, const char *aside, struct error *err)
{
    char from[LIVE_PATH_BYTES + 8], old[LIVE_PATH_BYTES + 8], to[LIVE_PATH_BYTES + 8];
    enum status status = STATUS_OK;

    snprintf(from, sizeof(from), "%s/events", aside);
    snprintf(old, sizeof(old), "%s/old", aside);
    snprintf(to, sizeof(to), "%s/events", dir);
    if (file_exists(to)) {
        status = dir_sync(dir, err);
        if (status == STATUS_OK)
            status = file_rename(to, old, err);
        if (status == STATUS_OK)
            status = dir_sync(dir, err);
    }
    if (status == STATUS_OK)
        status = file_rename(from, to, err);
    if (status == STATUS_OK)
        status = dir_sync(dir, err);
    return status;
}

static enum status remove_aside(const char *dir, const char *aside, struct error *err)
{
    enum status status = dir_remove(aside, err);

    return status == STATUS_OK ? dir_sync(dir, err) : status;
}

/* Finishes what a power cut broke off: then the only events are aside. */
static enum status clear_aside(const char *dir, const char *aside, struct error *err)
{
    char from[LIVE_PATH_BYTES + 8], to[LIVE_PATH_BYTES + 8];
    enum status status = STATUS_OK;

    snprintf(from, sizeof(from), "%s/events", aside);
    snprintf(to, sizeof(to), "%s/events", dir);
    if (file_exists(from) && !file_exists(to))
        status = replace_events(dir, aside, err);
    return status == STATUS_OK ? remove_aside(dir, aside, err) : status;
}

/* Copies the events aside, then in the place of those that are there: tokens that were forgotten since are forgotten
 * in the backup, too. A log that has become damaged leaves what the backup has. */
static enum status renew_events(const struct live *l, const char *dir, struct error *err)
{
    char aside[LIVE_PATH_BYTES];
    uint64_t records = 0;
    enum status status;

    snprintf(aside, sizeof(aside), "%s/" BACKUP_ASIDE, dir);
    status = clear_aside(dir, aside, err);
    if (status == STATUS_OK)
        status = backup_events_put(l->data_dir, aside, &records, err);
    if (status == STATUS_FORMAT) {
        log_warn("the events of '%s' stay as they were: %s", dir, err->message);
        return remove_aside(dir, aside, err);
    }
    if (status == STATUS_OK && records > 0)
        status = replace_events(dir, aside, err);
    return status == STATUS_OK ? remove_aside(dir, aside, err) : status;
}

enum status live_backup_log(struct live *l, const char *dir, struct backup_info *out, struct error *err)
{
    char path[LIVE_PATH_BYTES + 16];
    struct log_stats stats;
    enum status status = backup_read(dir, out, err);
    if (status != STATUS_OK) {
        return status;
    }
    pthread_mutex_lock(&l->publish_lock);
    l->log_backend->stats(l->log, &stats);
    if (out->log_last > stats.durable_seq || out->log_last + 1 < stats.first_seq) {
        status = error_set(err, STATUS_CONFLICT,
                           "'%.120s' ends at update %" PRIu64 ", but the log has %" PRIu64 " to %" PRIu64
                           ": make a new backup",
                           dir, out->log_last, stats.first_seq, stats.durable_seq);
    }
    uint64_t to = 0;
    if (status == STATUS_OK && (status = log_until(l, out->log_last, stats.durable_seq, &to, err)) == STATUS_OK) {
        snprintf(path, sizeof(path), "%s/log", dir);
        status = log_export(l->log_backend, l->log, path, out->log_first, to, err);
    }
    if (status == STATUS_OK && out->events > 0) {
        status = renew_events(l, dir, err);
    }
    if (status == STATUS_OK && (status = backup_read(dir, out, err)) == STATUS_OK) {
        status = note(l, dir, out->log_last, err);
    }
    if (status == STATUS_OK && to < stats.durable_seq) {
        status = error_set(err, STATUS_CONFLICT,
                           "a new generation was taken into service with update %" PRIu64
                           ", which the backup lacks: its log ends before that, make a new backup",
                           to + 1);
    }
    pthread_mutex_unlock(&l->publish_lock);
    return status;
}
