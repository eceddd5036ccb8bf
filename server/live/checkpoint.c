/*
 * A checkpoint: the sequencer takes hold of every index's parts at one sequence number, between two groups; then, while
 * updates go on, what is not on disk is written, and one manifest names it all. The log before that number is not
 * needed to start any more.
 */
#include "server/live/checkpoint_file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/clock.h"
#include "indexer/base/log.h"
#include "indexer/shard/container.h"
#include "server/live/backup.h"
#include "server/live/live_internal.h"

#define LOG_KEEP_BYTES (UINT64_C(10) << 30)
#define KEPT_BYTES     (64u << 20) /* of memory for the next checkpoint */

/* One index as it is to be named. */
struct captured {
    uint64_t uid;
    struct str name;
    uint32_t previous_generation;
    uint32_t shard_count;
    uint64_t base_seq;
    uint64_t applied_seq;
    int64_t as_of_ms;
    struct checkpoint_state state;
    struct checkpoint_segment *segments;
    struct live_settings *settings;
    struct vocabulary *vocabulary;
    struct order_table *keys;
    bool write;   /* it changed since the last checkpoint */
    bool damaged; /* nothing of it is written: its files stay what they are */
    uint32_t delta_count;
    struct str *deltas; /* files */
    struct str settings_file;
    struct str checkpoint_file;
    struct str vocabulary_file;
    uint64_t vocabulary_size;
};

struct capture {
    struct live *l;
    struct arena arena;
    struct replacement *replace;
    struct captured *items;
    size_t count;
    uint64_t seq;
    enum status status;
    struct error error;
    struct log_stats log;
    uint64_t written; /* bytes of checkpoint files */
};

void live_path(const struct live *l, char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t used = (size_t)snprintf(out, size, "%s/", l->data_dir);
    if (used < size) {
        va_start(arguments, format);
        vsnprintf(out + used, size - used, format, arguments);
        va_end(arguments);
    }
}

/* ---- taking hold, on the sequencer ---- */

static void capture_segment(struct capture *c, struct checkpoint_segment *out, const struct index_segment *g)
{
    struct live_segment *s = g->segment;
    out->segment = s;
    out->tombstones = g->tombstones;
    shared_keep(SHARED(s));
    shared_keep(SHARED(g->tombstones));
    out->dirty_count = s->dirty.count;
    out->dirty = ARENA_ARRAY(&c->arena, struct dirty_column, s->dirty.count + 1);
    for (size_t i = 0; i < s->dirty.count; i++) {
        size_t bytes = (s->dirty.items[i].block_count / 64 + 1) * sizeof(uint64_t);
        out->dirty[i] = s->dirty.items[i];
        out->dirty[i].blocks = memcpy(arena_alloc(&c->arena, bytes), s->dirty.items[i].blocks, bytes);
    }
}

static struct str arena_text(struct capture *c, const char *text)
{
    return text ? arena_copy(&c->arena, str_from(text)) : (struct str){0};
}

/* The index's own, also while a new generation of it is staged. */
static void capture_inventory(struct capture *c, struct captured *out, const struct live_index *x)
{
    struct buf bytes = BUF_EMPTY;
    if (x) {
        inventory_write(x->inventory, &bytes);
        out->state.inventory = arena_copy(&c->arena, buf_str(&bytes));
        out->state.keys = x->inventory->keys.table;
        out->keys = x->inventory->keys.table;
        shared_keep(SHARED(out->keys));
    }
    buf_release(&bytes);
}

static void capture_index(struct capture *c, struct captured *out, struct live_index *x)
{
    struct buf text = BUF_EMPTY;
    *out = (struct captured){.uid = x->uid,
                             .name = arena_text(c, x->name),
                             .previous_generation = x->previous_generation,
                             .shard_count = x->generation ? x->shard_count : 0,
                             .base_seq = x->base_seq,
                             .applied_seq = x->damaged_count ? x->applied_seq : c->seq,
                             .as_of_ms = x->as_of_ms,
                             .settings = x->settings,
                             .vocabulary = x->vocabulary,
                             .write = x->changed && x->damaged_count == 0,
                             .damaged = x->damaged_count > 0};
    shared_keep(SHARED(x->settings));
    shared_keep(SHARED(x->vocabulary));
    out->settings_file = arena_text(c, x->settings_file);
    out->checkpoint_file = arena_text(c, x->checkpoint_file);
    if (x->next_settings) {
        live_settings_text(x->next_settings, &text);
    }
    size_t count = x->segments.count;
    out->segments = ARENA_ARRAY(&c->arena, struct checkpoint_segment, count + 1);
    out->deltas = ARENA_ARRAY(&c->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++) {
        capture_segment(c, &out->segments[i], &x->segments.items[i]);
    }
    out->state = (struct checkpoint_state){.uid = x->uid,
                                           .seq = c->seq,
                                           .generation = x->generation,
                                           .created_ms = x->created_ms,
                                           .updated_ms = x->updated_ms,
                                           .keep_ms = x->keep_ms,
                                           .next_task = x->next_task,
                                           .next_settings = arena_copy(&c->arena, buf_str(&text)),
                                           .segments = out->segments,
                                           .segment_count = count};
    buf_release(&text);
    capture_inventory(c, out, live_index_of_uid(c->l, x->uid));
    x->changed = x->changed && x->damaged_count > 0;
}

static void capture_all(struct live *l, void *context)
{
    struct capture *c = context;
    if (c->replace && !c->replace->ready(l, c->replace, &c->error)) {
        c->status = c->error.code;
        return;
    }
    c->seq = l->seq;
    /* What files contain must be in the log: a start refuses a log that ends before them. */
    c->status = log_thread_flush(&l->log_thread, &c->error);
    if (c->status != STATUS_OK) {
        return;
    }
    c->items = ARENA_ARRAY(&c->arena, struct captured, l->indexes.count + 1);
    for (size_t i = 0; i < l->indexes.count; i++) {
        struct live_index *x = l->indexes.items[i];
        if (c->replace && c->replace->staged->uid == x->uid) {
            x = c->replace->staged;
            x->changed = true;
        }
        capture_index(c, &c->items[c->count++], x);
    }
    l->log_backend->stats(l->log, &c->log);
}

static void release_capture(struct capture *c)
{
    for (size_t i = 0; i < c->count; i++) {
        for (size_t k = 0; k < c->items[i].state.segment_count; k++) {
            shared_drop(SHARED(c->items[i].segments[k].segment));
            shared_drop(SHARED(c->items[i].segments[k].tombstones));
        }
        shared_drop(SHARED(c->items[i].settings));
        shared_drop(SHARED(c->items[i].vocabulary));
        shared_drop(SHARED(c->items[i].keys));
    }
    arena_release(&c->arena);
}

/* ---- writing ---- */

static enum status write_file(struct live *l, struct str relative, struct str content, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    struct file *file = NULL;
    live_path(l, path, sizeof(path), "%s", relative.data);
    enum status status = file_open(&file, path, FILE_REWRITE, err);
    if (status == STATUS_OK) {
        status = file_write_at(file, 0, content.data, content.size, err);
    }
    if (status == STATUS_OK) {
        status = file_sync(file, err);
    }
    file_close(file);
    return status;
}

static struct str new_file(struct capture *c, uint64_t uid, const char *kind, const char *extension)
{
    uint64_t number = atomic_fetch_add(&c->l->next_file, 1);
    return arena_printf(&c->arena, "index/%016" PRIx64 "/%s%010" PRIu64 ".%s", uid, kind, number, extension);
}

static enum status write_deltas(struct capture *c, struct captured *x, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < x->state.segment_count && status == STATUS_OK; i++) {
        struct live_segment *s = x->segments[i].segment;
        if (!s->is_delta) {
            continue;
        }
        struct str file = arena_text(c, s->file);
        if (!s->file) {
            file = new_file(c, x->uid, "d", "aisle");
            status = write_file(c->l, file, buf_str(&s->image), err);
        }
        x->deltas[x->delta_count++] = file;
    }
    return status;
}

static enum status write_vocabulary(struct capture *c, struct captured *x, struct error *err)
{
    struct vocabulary *v = x->vocabulary;
    struct buf bytes = BUF_EMPTY;
    enum status status = STATUS_OK;
    pthread_mutex_lock(&v->lock);
    x->vocabulary_size = vocabulary_size(v);
    bool write = !v->file || v->file_size != x->vocabulary_size;
    if (write) {
        dictionary_write(v->dictionary, &bytes);
    }
    pthread_mutex_unlock(&v->lock);
    if (write) {
        char path[LIVE_PATH_BYTES];
        x->vocabulary_file = new_file(c, x->uid, "v", "aisle");
        live_path(c->l, path, sizeof(path), "%s", x->vocabulary_file.data);
        status = checked_file_write(path, buf_str(&bytes), err);
    } else {
        x->vocabulary_file = arena_text(c, v->file);
    }
    x->state.dictionary_file = x->vocabulary_file;
    buf_release(&bytes);
    return status;
}

/* For people: the settings in force, where a build finds and reads them. */
static void write_editable_settings(struct capture *c, const struct captured *x)
{
    char path[LIVE_PATH_BYTES];
    struct buf text = BUF_EMPTY;
    struct buf present = BUF_EMPTY;
    struct error err;
    live_path(c->l, path, sizeof(path), "settings/%s.json", x->name.data);
    json_write_pretty(&text, &x->settings->settings->source);
    buf_append_char(&text, '\n');
    bool same = file_exists(path) && file_read_all(path, &present, 1 << 24, &err) == STATUS_OK &&
                str_equal(buf_str(&present), buf_str(&text));
    if (!same && file_replace(path, buf_str(&text), &err) != STATUS_OK) {
        log_warn("the settings of '%s' could not be written out: %s", x->name.data, err.message);
    }
    buf_release(&text);
    buf_release(&present);
}

static enum status write_index(struct capture *c, struct captured *x, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    struct buf bytes = BUF_EMPTY;
    live_path(c->l, path, sizeof(path), "index/%016" PRIx64, x->uid);
    enum status status = dir_make(path, err);
    if (status == STATUS_OK) {
        /* Also when it was there: the sync after making it may have failed. */
        char parent[LIVE_PATH_BYTES];
        live_path(c->l, parent, sizeof(parent), "index");
        status = dir_sync(parent, err);
    }
    if (status == STATUS_OK) {
        status = write_deltas(c, x, err);
    }
    if (status == STATUS_OK && x->settings_file.size == 0) {
        live_settings_text(x->settings, &bytes);
        settings_seal(&bytes);
        x->settings_file = new_file(c, x->uid, "s", "json");
        status = write_file(c->l, x->settings_file, buf_str(&bytes), err);
        if (status == STATUS_OK && x->name.size > 0) {
            write_editable_settings(c, x);
        }
    }
    if (status == STATUS_OK && (x->write || x->checkpoint_file.size == 0)) {
        struct buf *encoded = &c->l->checkpoint_bytes;
        status = write_vocabulary(c, x, err);
        buf_clear(encoded);
        (void)buf_reserve(encoded, c->l->checkpoint_size); /* rather than to grow step by step */
        checkpoint_encode(&x->state, encoded);
        x->checkpoint_file = new_file(c, x->uid, "c", "aisle");
        if (status == STATUS_OK) {
            status = write_file(c->l, x->checkpoint_file, buf_str(encoded), err);
            c->written += encoded->size;
        }
        if (encoded->capacity > KEPT_BYTES) {
            buf_release(encoded);
        }
    }
    if (x->state.dictionary_file.size == 0) {
        x->state.dictionary_file = arena_text(c, x->vocabulary->file); /* named by the checkpoint that stays */
    }
    buf_release(&bytes);
    return status == STATUS_OK ? dir_sync(path, err) : status;
}

/* An index with damaged shards keeps the files that it has, and the log behind them. */
static void name_damaged(struct capture *c, struct captured *x)
{
    for (size_t i = 0; i < x->state.segment_count; i++) {
        if (x->segments[i].segment->is_delta) {
            x->deltas[x->delta_count++] = arena_text(c, x->segments[i].segment->file);
        }
    }
}

static enum status publish(struct capture *c, struct error *err)
{
    struct live *l = c->l;
    struct manifest_index *indexes = ARENA_ARRAY(&c->arena, struct manifest_index, c->count + 1);
    for (size_t i = 0; i < c->count; i++) {
        const struct captured *x = &c->items[i];
        indexes[i] = (struct manifest_index){.name = x->name,
                                             .uid = x->uid,
                                             .generation = x->state.generation,
                                             .base_seq = x->base_seq,
                                             .applied_seq = x->applied_seq,
                                             .as_of_ms = x->as_of_ms,
                                             .shard_count = x->shard_count,
                                             .settings = x->settings_file,
                                             .checkpoint = x->checkpoint_file,
                                             .deltas = x->deltas,
                                             .delta_count = x->delta_count,
                                             .previous_generation = x->previous_generation};
    }
    struct manifest m = {.version = l->manifest_version + 1,
                         .next_file = atomic_load(&l->next_file),
                         .seq = c->seq,
                         .indexes = indexes,
                         .index_count = (uint32_t)c->count};
    enum status status = manifest_publish(l->data_dir, &m, err);
    if (status == STATUS_OK) {
        l->manifest_version = m.version;
    }
    return status;
}

/* ---- what is on disk now, on the sequencer ---- */

static void set_text(char **to, struct str from)
{
    free(*to);
    *to = memcpy(xmalloc(from.size + 1), from.data ? from.data : "", from.size + (from.data ? 1 : 0));
    (*to)[from.size] = '\0';
}

static void note_written(struct live *l, void *context)
{
    struct capture *c = context;
    for (size_t i = 0; i < c->count; i++) {
        struct captured *x = &c->items[i];
        struct live_index *index = live_index_of_uid(l, x->uid);
        uint32_t delta = 0;
        if (c->replace && c->replace->staged->uid == x->uid) {
            index = c->replace->staged;
        }
        for (size_t k = 0; k < x->state.segment_count; k++) {
            struct live_segment *s = x->segments[k].segment;
            if (s->is_delta && delta < x->delta_count) {
                set_text(&s->file, x->deltas[delta++]);
                buf_release(&s->image);
            }
        }
        if (x->vocabulary_file.size > 0) {
            set_text(&x->vocabulary->file, x->vocabulary_file);
            x->vocabulary->file_size = x->vocabulary_size;
        }
        if (index && index->settings == x->settings) {
            set_text(&index->settings_file, x->settings_file);
        }
        if (index) {
            set_text(&index->checkpoint_file, x->checkpoint_file);
        }
    }
}

static void note_failed(struct live *l, void *context)
{
    struct capture *c = context;
    for (size_t i = 0; i < c->count; i++) {
        struct live_index *index = live_index_of_uid(l, c->items[i].uid);
        if (index && c->items[i].write) {
            index->changed = true;
        }
    }
}

/* ---- tidying up ---- */

static bool is_named(const struct captured *x, struct str relative)
{
    bool named = str_equal(relative, x->settings_file) || str_equal(relative, x->checkpoint_file) ||
                 str_equal(relative, x->state.dictionary_file);
    for (uint32_t i = 0; i < x->delta_count && !named; i++) {
        named = str_equal(relative, x->deltas[i]);
    }
    return named;
}

static bool generation_kept(const struct captured *x, const char *name)
{
    unsigned number;
    char end;
    if (sscanf(name, "g%6u%c", &number, &end) != 1) {
        return false;
    }
    return number == x->state.generation || number == x->previous_generation;
}

static void remove_unnamed(struct capture *c, const struct captured *x)
{
    char path[LIVE_PATH_BYTES];
    char **names = NULL;
    size_t count = 0;
    struct error err;
    live_path(c->l, path, sizeof(path), "index/%016" PRIx64, x->uid);
    if (dir_list(path, &names, &count, &err) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct str relative = arena_printf(&c->arena, "index/%016" PRIx64 "/%s", x->uid, names[i]);
        live_path(c->l, path, sizeof(path), "%s", relative.data);
        if (names[i][0] == 'g' && !generation_kept(x, names[i])) {
            (void)!dir_remove(path, &err);
        } else if (strchr("dcsv", names[i][0]) && !is_named(x, relative)) {
            (void)!file_remove(path, &err);
        }
    }
    dir_names_free(names, count);
}

static void remove_dropped(struct capture *c)
{
    char path[LIVE_PATH_BYTES];
    char **names = NULL;
    size_t count = 0;
    struct error err;
    live_path(c->l, path, sizeof(path), "index");
    if (dir_list(path, &names, &count, &err) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t uid = strtoull(names[i], NULL, 16);
        bool kept = false;
        for (size_t k = 0; k < c->count && !kept; k++) {
            kept = c->items[k].uid == uid;
        }
        if (!kept && uid <= c->seq) {
            live_path(c->l, path, sizeof(path), "index/%s", names[i]);
            (void)!dir_remove(path, &err);
        }
    }
    dir_names_free(names, count);
}

/* Files that the new manifest does not name, and log that neither a start nor a build's as-of time needs. */
static void tidy(struct capture *c)
{
    struct live *l = c->l;
    int64_t keep_ms = INT64_MAX;
    uint64_t before = c->seq;
    struct error err;
    for (size_t i = 0; i < c->count; i++) {
        if (!c->items[i].damaged) {
            remove_unnamed(c, &c->items[i]);
        }
        keep_ms = c->items[i].state.keep_ms < keep_ms ? c->items[i].state.keep_ms : keep_ms;
        before = c->items[i].applied_seq < before ? c->items[i].applied_seq : before;
    }
    remove_dropped(c);
    uint64_t backups = backups_need(l->data_dir);
    int64_t history_ms = l->options.history_ms ? clock_wall_ms() - l->options.history_ms : INT64_MAX;
    struct log_trim trim = {.before_seq = before,
                            .unneeded_seq = backups < before ? backups : before,
                            .unneeded_ms = history_ms < keep_ms ? history_ms : keep_ms,
                            .keep_bytes = l->options.history_bytes ? l->options.history_bytes : LOG_KEEP_BYTES};
    if (l->log_backend->trim(l->log, &trim, &err) != STATUS_OK) {
        log_warn("the log could not be trimmed: %s", err.message);
    }
}

enum status checkpoint_write(struct live *l, struct replacement *replace, struct error *err)
{
    struct capture c = {.l = l, .replace = replace};
    arena_init(&c.arena, 0);
    uint64_t begin = clock_monotonic_ns();
    live_control(l, capture_all, &c);
    enum status status = c.status;
    if (status != STATUS_OK && err) {
        *err = c.error;
    }
    for (size_t i = 0; i < c.count && status == STATUS_OK; i++) {
        if (c.items[i].damaged) {
            name_damaged(&c, &c.items[i]);
        } else {
            status = write_index(&c, &c.items[i], err);
        }
    }
    if (status == STATUS_OK) {
        status = publish(&c, err);
    }
    if (status == STATUS_OK) {
        live_control(l, note_written, &c);
        l->checkpoint_seq = c.seq;
        if (!replace) { /* else after the next one: until the swap the old generation's files may still be needed */
            tidy(&c);
        }
        atomic_fetch_add(&l->stat_checkpoints, 1);
        pthread_mutex_lock(&l->background_lock);
        l->checkpoint_log_bytes = c.log.written;
        l->checkpoint_ns = begin;
        l->checkpoint_size = c.written;
        pthread_mutex_unlock(&l->background_lock);
        if (replace) {
            replace->seq = c.seq;
        }
    } else {
        live_control(l, note_failed, &c);
    }
    release_capture(&c);
    return status;
}
