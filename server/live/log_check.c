#include "server/live/log_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/live/update_log_internal.h"

static void segment_path(const struct log_check *c, const struct log_segment_check *s, char *path)
{
    snprintf(path, LOG_PATH_BYTES, "%s/%s", c->dir, s->name);
}

/* ---- looking ---- */

/* Whole records behind `from` with numbers above above_seq. Their batch's time is that of the last one seen. */
static enum status visit_behind(const struct file_map *map, size_t from, uint64_t above_seq, log_visit visit,
                                void *context)
{
    int64_t wall_ms = 0;
    enum status status = STATUS_OK;
    for (size_t at = from; at < map->size && map->size - at >= LOG_RECORD_HEADER && status == STATUS_OK;) {
        struct log_record record;
        const uint8_t *hit = memchr(map->data + at + 8, LOG_MAGIC & 0xFF, map->size - at - 8);
        if (!hit) {
            break;
        }
        at = (size_t)(hit - map->data) - 8;
        if (!log_record_at(map->data, map->size, at, &record)) {
            at++;
            continue;
        }
        if (record.kind == LOG_BATCH) {
            memcpy(&wall_ms, record.payload.data + 8, sizeof(wall_ms));
        } else if (record.seq > above_seq) {
            record.wall_ms = wall_ms;
            status = visit(context, &record, NULL);
        }
        at += LOG_RECORD_HEADER + record.payload.size;
    }
    return status;
}

static enum status count_readable(void *context, const struct log_record *record, struct error *err)
{
    struct log_segment_check *s = context;
    (void)err;
    s->readable++;
    s->readable_last_seq = record->seq > s->readable_last_seq ? record->seq : s->readable_last_seq;
    return STATUS_OK;
}

static void mark_damaged(struct log_segment_check *s, const char *reason)
{
    s->state = LOG_DAMAGED;
    snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

/* next_first: of the segment behind it; 0: it is the last. */
static void check_segment(struct log_segment_check *s, const struct file_map *map, uint64_t next_first)
{
    uint64_t first_seq;
    int64_t made_ms;
    struct log_record record;
    s->last_seq = s->first_seq - 1;
    s->used_bytes = log_used_bytes(map->data, map->size);
    if (!log_header_read(map->data, map->size, &first_seq, &made_ms)) {
        if (next_first || log_named_later(map->data, map->size, 0, 0, true)) {
            mark_damaged(s, "the segment's header is wrong");
        } else {
            s->state = LOG_TORN; /* it was being made */
        }
        return;
    }
    if (first_seq != s->first_seq) {
        mark_damaged(s, "the first sequence number is not the file name's");
        return;
    }
    struct log_scan scan = {
        .data = map->data, .size = map->size, .at = LOG_SEGMENT_HEADER, .next_seq = first_seq, .wall_ms = made_ms};
    while (log_scan_next(&scan, &record)) {
    }
    s->size = scan.at;
    s->last_seq = scan.next_seq - 1;
    s->last_wall_ms = scan.wall_ms;
    if (next_first && next_first != scan.next_seq) {
        mark_damaged(s, "a record is wrong or missing");
    } else if (!next_first && log_named_later(map->data, map->size, scan.at, scan.next_seq, false)) {
        mark_damaged(s, "a record is wrong, and a later one says that it was durable");
    } else if (s->used_bytes > scan.at) {
        s->state = LOG_TORN;
    }
}

static enum status check_all(struct log_check *c, struct error *err)
{
    char path[LOG_PATH_BYTES];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < c->segments.count && status == STATUS_OK; i++) {
        struct log_segment_check *s = &c->segments.items[i];
        struct file_map map = {0};
        segment_path(c, s, path);
        status = file_map(&map, path, FILE_MAP_READ, err);
        if (status == STATUS_OK) {
            check_segment(s, &map, i + 1 < c->segments.count ? s[1].first_seq : 0);
            if (s->state == LOG_DAMAGED) {
                (void)visit_behind(&map, s->size, s->last_seq, count_readable, s);
            }
        }
        file_unmap(&map);
    }
    return status;
}

/* ---- what a repair would do ---- */

static void plan(struct log_check *c)
{
    size_t count = c->segments.count;
    const struct log_segment_check *items = c->segments.items;
    size_t cut = count; /* the first damaged segment that a start needs */
    c->keep_from = 0;
    for (size_t i = 0; i < count && cut == count; i++) {
        if (items[i].state != LOG_DAMAGED) {
            continue;
        }
        if (i + 1 < count && items[i + 1].first_seq <= c->applied_seq + 1) {
            c->keep_from = i + 1;
        } else {
            cut = i;
        }
    }
    c->keep_to = cut == count ? count : cut + 1;
    c->kept_last_seq = c->keep_to > c->keep_from ? items[c->keep_to - 1].last_seq : c->applied_seq;
    bool header = c->keep_to > c->keep_from && items[c->keep_to - 1].size == 0;
    bool early = c->keep_to > c->keep_from && items[c->keep_from].first_seq > c->applied_seq + 1;
    if (c->kept_last_seq < c->applied_seq || (header && cut < count) || early) {
        if (header && cut < count && c->keep_to - 1 > c->keep_from && items[cut - 1].last_seq >= c->applied_seq) {
            c->keep_to--;
            c->kept_last_seq = items[cut - 1].last_seq;
        } else {
            c->keep_from = c->keep_to = 0;
            c->kept_last_seq = c->applied_seq;
        }
    }
    c->starts = cut == count && c->kept_last_seq >= c->applied_seq && !early;
    c->lost_first = c->kept_last_seq + 1;
    c->lost_last = c->kept_last_seq;
}

static void count_lost(struct log_check *c)
{
    for (size_t i = 0; i < c->segments.count; i++) {
        const struct log_segment_check *s = &c->segments.items[i];
        uint64_t last = s->readable_last_seq > s->last_seq ? s->readable_last_seq : s->last_seq;
        uint64_t next = i + 1 < c->segments.count ? s[1].first_seq - 1 : 0;
        last = next > last ? next : last;
        c->lost_last = last > c->lost_last ? last : c->lost_last;
    }
}

static enum status add_one(void *context, const struct log_record *record, struct error *err)
{
    struct log_check *c = context;
    (void)record;
    (void)err;
    c->lost_readable++;
    return STATUS_OK;
}

enum status log_check_run(struct log_check *out, const char *dir, uint64_t applied_seq, struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    size_t size = strlen(dir) + 1;
    *out = (struct log_check){.dir = memcpy(xmalloc(size), dir, size), .applied_seq = applied_seq};
    enum status status = dir_list(dir, &names, &count, err);
    if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK;
        count = 0;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct log_segment_check s = {0};
        if (log_name_read(names[i], &s.first_seq)) {
            snprintf(s.name, sizeof(s.name), "%.31s", names[i]);
            vec_push(&out->segments, s);
        }
    }
    dir_names_free(names, count);
    if (status == STATUS_OK) {
        status = check_all(out, err);
    }
    if (status == STATUS_OK) {
        plan(out);
        for (size_t i = 0; i < out->segments.count; i++) {
            out->damaged = out->damaged || out->segments.items[i].state == LOG_DAMAGED;
        }
        out->damaged = out->damaged || !out->starts;
        count_lost(out);
        status = log_check_lost(out, add_one, out, err);
    }
    return status;
}

void log_check_release(struct log_check *c)
{
    free(c->dir);
    vec_release(&c->segments);
}

enum status log_check_lost(const struct log_check *c, log_visit visit, void *context, struct error *err)
{
    char path[LOG_PATH_BYTES];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < c->segments.count && status == STATUS_OK; i++) {
        const struct log_segment_check *s = &c->segments.items[i];
        struct file_map map = {0};
        if (s->last_seq <= c->kept_last_seq && s->readable_last_seq <= c->kept_last_seq) {
            continue;
        }
        segment_path(c, s, path);
        status = file_map(&map, path, FILE_MAP_READ, err);
        if (status == STATUS_OK) {
            /* With those before the damage, when the segment does not stay. */
            status = visit_behind(&map, s->size ? LOG_SEGMENT_HEADER : 0, c->kept_last_seq, visit, context);
        }
        file_unmap(&map);
    }
    return status;
}

/* ---- repairing ---- */

static enum status copy_file(const char *from, const char *to, struct error *err)
{
    struct file_map map = {0};
    struct file *file = NULL;
    enum status status = file_map(&map, from, FILE_MAP_READ, err);
    if (status == STATUS_OK && (status = file_open(&file, to, FILE_REWRITE, err)) == STATUS_OK &&
        (status = file_write_at(file, 0, map.data, map.size, err)) == STATUS_OK) {
        status = file_sync(file, err);
    }
    file_close(file);
    file_unmap(&map);
    return status;
}

static enum status cut_behind(const char *path, uint64_t size, struct error *err)
{
    struct file *file = NULL;
    enum status status = file_open(&file, path, FILE_UPDATE, err);
    if (status == STATUS_OK && (status = file_truncate(file, size, err)) == STATUS_OK) {
        status = file_sync(file, err);
    }
    file_close(file);
    return status;
}

static enum status put_aside(const struct log_check *c, const char *aside, size_t i, struct error *err)
{
    char from[LOG_PATH_BYTES];
    char to[2 * LOG_PATH_BYTES];
    segment_path(c, &c->segments.items[i], from);
    snprintf(to, sizeof(to), "%s/%s", aside, c->segments.items[i].name);
    enum status status = file_rename(from, to, err);
    if (status == STATUS_OK && (status = dir_sync(aside, err)) == STATUS_OK) {
        status = dir_sync(c->dir, err);
    }
    return status;
}

/* From the newest on, then the damaged one is cut, then the oldest: in between the log is as good as it was. */
static enum status repair_in(const struct log_check *c, const char *aside, struct error *err)
{
    char from[LOG_PATH_BYTES];
    char to[2 * LOG_PATH_BYTES];
    enum status status = dir_make(aside, err);
    for (size_t i = c->segments.count; i-- > c->keep_to && status == STATUS_OK;) {
        status = put_aside(c, aside, i, err);
    }
    if (status == STATUS_OK && c->keep_to > c->keep_from && c->segments.items[c->keep_to - 1].state == LOG_DAMAGED) {
        const struct log_segment_check *last = &c->segments.items[c->keep_to - 1];
        segment_path(c, last, from);
        snprintf(to, sizeof(to), "%s/%s", aside, last->name);
        status = copy_file(from, to, err);
        if (status == STATUS_OK && (status = dir_sync(aside, err)) == STATUS_OK) {
            status = cut_behind(from, last->size, err);
        }
    }
    for (size_t i = 0; i < c->keep_from && status == STATUS_OK; i++) {
        status = put_aside(c, aside, i, err);
    }
    return status;
}

enum status log_check_repair(const struct log_check *c, char *moved_to, struct error *err)
{
    char aside[LOG_PATH_BYTES];
    moved_to[0] = '\0';
    if (!c->damaged) {
        return STATUS_OK;
    }
    for (unsigned n = 1;; n++) {
        snprintf(moved_to, 64, "damaged-%u", n);
        snprintf(aside, sizeof(aside), "%s/%s", c->dir, moved_to);
        if (!file_exists(aside)) {
            break;
        }
    }
    enum status status = repair_in(c, aside, err);
    if (status != STATUS_OK) {
        return status;
    }
    struct update_log *log = NULL;
    struct log_options options = {.dir = c->dir, .applied_seq = c->applied_seq, .begin_seq = c->applied_seq + 1};
    status = update_log_open(&log, &options, err); /* makes one when none is left, and shows that a start works */
    if (status == STATUS_OK) {
        update_log_backend.close(log);
    }
    return status;
}
