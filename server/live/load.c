#include "server/live/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "indexer/base/memory.h"
#include "indexer/base/workers.h"
#include "indexer/shard/shard_memory.h"
#include "server/live/checkpoint_file.h"

#define PARALLEL_SHARDS 4 /* fewer are opened before threads have started */

enum { FILE_LIMIT = 1 << 30, PATH_BYTES = LIVE_PATH_BYTES };

enum status load_settings(const char *path, struct live_settings **out, struct error *err)
{
    struct buf text = BUF_EMPTY;
    enum status status = file_read_all(path, &text, FILE_LIMIT, err);
    struct str document = buf_str(&text);
    bool read = status == STATUS_OK;
    if (read) {
        status = settings_unseal(&document, err);
    }
    if (status == STATUS_OK) {
        status = live_settings_make(out, document, NULL, err);
    }
    if (read && status != STATUS_OK) {
        error_prefix(err, "'%s'", path);
    }
    buf_release(&text);
    return status;
}

static enum status add_delta(struct live_index *x, const char *path, const char *relative,
                             struct shard_open_options options, struct error *err)
{
    struct shard *shard;
    enum status status = shard_open(&shard, path, &options, err);
    if (status == STATUS_OK) {
        index_add_segment(x, segment_new(shard, true, NULL, relative), NULL);
    }
    return status;
}

/* A base shard as it is opened. */
struct opening {
    const struct load_base *from;
    struct shard *shard;
    enum status status;
    struct error error;
};

static void open_one(void *context, size_t index)
{
    struct opening *o = (struct opening *)context + index;
    const struct shard_open_options options = {.verify_all = o->from->verify_all, .lazy = o->from->lazy};
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/shard-%04zu.aisle", o->from->dir, index);
    o->status = shard_open(&o->shard, path, &options, &o->error);
}

/* Adds what was opened, in order. A damaged shard is left out; of other errors the first is given. */
static enum status take_opened(struct live_index *x, struct opening *list, uint32_t count, struct error *err)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < count; i++) {
        struct opening *o = &list[i];
        if (o->status == STATUS_OK) {
            index_add_segment(x, segment_new(o->shard, false, NULL, NULL), NULL);
        } else if (o->status == STATUS_FORMAT) {
            log_error("a shard is left out: %s", o->error.message);
            x->damaged_count++;
        } else if (status == STATUS_OK) {
            status = o->status;
            *err = o->error;
        }
    }
    return status;
}

static enum status open_base_shards(struct live_index *x, const struct load_base *from, struct error *err)
{
    struct opening *list = xcalloc(from->shard_count + 1, sizeof(*list));
    struct error first = {0};
    for (uint32_t i = 0; i < from->shard_count; i++) {
        list[i].from = from;
    }
    if (from->shard_count >= PARALLEL_SHARDS) {
        struct workers *workers = workers_new(0, LIMIT_SHARDS, "open", 0);
        workers_for(workers, from->shard_count, open_one, list);
        workers_free(workers);
    } else {
        for (uint32_t i = 0; i < from->shard_count; i++) {
            open_one(list, i);
        }
    }
    enum status status = take_opened(x, list, from->shard_count, &first);
    if (status != STATUS_OK && err) {
        *err = first;
    }
    free(list);
    return status;
}

enum status load_base(struct live_index **out, const struct load_base *from, struct error *err)
{
    char path[PATH_BYTES];
    char suggest[PATH_BYTES];
    struct vocabulary *v = NULL;
    enum status status = STATUS_OK;
    struct live_index *x = index_new(from->uid, from->name, from->settings);
    *out = NULL;
    if (from->shard_count > 0 || from->dictionary_file) {
        snprintf(path, sizeof(path), "%s/dictionary.aisle", from->dir);
        snprintf(suggest, sizeof(suggest), "%s/suggest.aisle", from->dir);
        status = vocabulary_open(&v, from->settings, from->dictionary_file ? from->dictionary_file : path,
                                 from->shard_count > 0 ? suggest : NULL, err);
        if (status == STATUS_OK) {
            if (!from->lazy) {
                (void)suggest_check(v->suggest);
            }
            index_set_vocabulary(x, v);
            shared_drop(SHARED(v));
        }
    }
    if (status == STATUS_OK) {
        status = open_base_shards(x, from, err);
    }
    if (status != STATUS_OK) {
        index_free(x);
        return status;
    }
    if (x->segments.count > 0) {
        vocabulary_compress_as(x->vocabulary, x->segments.items[0].segment->shard);
    }
    x->shard_count = from->shard_count;
    *out = x;
    return STATUS_OK;
}

static char *copy_text(struct str s)
{
    char *copy = xmalloc(s.size + 1);
    memcpy(copy, s.size ? s.data : "", s.size);
    copy[s.size] = '\0';
    return copy;
}

/* The deltas and what the checkpoint says, on top of the base. */
static enum status load_changes(struct live *l, const struct manifest_index *from, struct str bytes,
                                struct live_index *x, struct error *err)
{
    const struct shard_open_options options = {.verify_all = l->options.verify_on_start};
    char path[PATH_BYTES];
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < from->delta_count && status == STATUS_OK; i++) {
        live_path(l, path, sizeof(path), STR_FMT, STR_ARG(from->deltas[i]));
        char *relative = copy_text(from->deltas[i]);
        status = add_delta(x, path, relative, options, err);
        free(relative);
    }
    if (status == STATUS_OK && bytes.size > 0) {
        status = checkpoint_restore(bytes, x, err);
        if (status != STATUS_OK) {
            error_prefix(err, "'" STR_FMT "'", STR_ARG(from->checkpoint));
        }
    }
    return status;
}

static enum status load_next_settings(struct live *l, const struct checkpoint_state *saved, struct live_index *x,
                                      struct error *err)
{
    struct live_settings *next;
    if (saved->next_settings.size == 0) {
        return STATUS_OK;
    }
    enum status status = live_settings_make(&next, saved->next_settings, NULL, err);
    if (status == STATUS_OK) {
        index_set_next(x, next, saved->next_task);
        task_add(l, saved->next_task, x->uid);
        l->rebuild_wanted = true;
        shared_drop(SHARED(next));
    }
    return status;
}

static void take_saved(struct live_index *x, const struct manifest_index *from, const struct checkpoint_state *saved)
{
    x->generation = from->generation;
    x->previous_generation = from->previous_generation;
    x->base_seq = from->base_seq;
    x->applied_seq = from->applied_seq;
    x->as_of_ms = from->as_of_ms;
    x->keep_ms = from->as_of_ms;
    x->settings_file = copy_text(from->settings);
    x->checkpoint_file = copy_text(from->checkpoint);
    if (from->checkpoint.size > 0) {
        x->keep_ms = saved->keep_ms;
        x->created_ms = saved->created_ms;
        x->updated_ms = saved->updated_ms;
    }
}

enum status load_index(struct live *l, const struct manifest_index *from, struct live_index **out, struct error *err)
{
    char path[PATH_BYTES];
    char dictionary[PATH_BYTES];
    struct buf checkpoint = BUF_EMPTY;
    struct live_settings *settings = NULL;
    struct live_index *x = NULL;
    struct checkpoint_state saved = {0};
    *out = NULL;
    live_path(l, path, sizeof(path), STR_FMT, STR_ARG(from->settings));
    enum status status = load_settings(path, &settings, err);
    if (status == STATUS_OK && from->checkpoint.size > 0) {
        live_path(l, path, sizeof(path), STR_FMT, STR_ARG(from->checkpoint));
        status = file_read_all(path, &checkpoint, FILE_LIMIT, err);
        if (status == STATUS_OK && (status = checkpoint_decode(buf_str(&checkpoint), &saved, err)) != STATUS_OK) {
            error_prefix(err, "'%s'", path);
        }
    }
    if (status != STATUS_OK) {
        goto out;
    }
    live_path(l, dictionary, sizeof(dictionary), STR_FMT, STR_ARG(saved.dictionary_file));
    live_path(l, path, sizeof(path), "index/%016" PRIx64 "/g%06u", from->uid, from->generation);
    struct load_base base = {.dir = path,
                             .dictionary_file = saved.dictionary_file.size > 0 ? dictionary : NULL,
                             .shard_count = from->shard_count,
                             .uid = from->uid,
                             .name = from->name,
                             .settings = settings,
                             .verify_all = l->options.verify_on_start,
                             .lazy = !l->options.verify_on_start};
    status = load_base(&x, &base, err);
    if (status == STATUS_OK) {
        take_saved(x, from, &saved);
        status = load_changes(l, from, buf_str(&checkpoint), x, err);
    }
    if (status == STATUS_OK) {
        status = load_next_settings(l, &saved, x, err);
    }
    if (status == STATUS_OK) {
        if (saved.dictionary_file.size > 0) {
            x->vocabulary->file = copy_text(saved.dictionary_file);
            x->vocabulary->file_size = vocabulary_size(x->vocabulary);
        }
        x->changed = false;
        *out = x;
        x = NULL;
    }
out:
    index_free(x);
    shared_drop(SHARED(settings));
    buf_release(&checkpoint);
    return status;
}

/* True when one was damaged. */
static bool drop_damaged_shards(struct live_index *x)
{
    uint32_t damaged = x->damaged_count;
    for (size_t i = x->segments.count; i-- > 0;) {
        struct error reason;
        const struct shard *shard = x->segments.items[i].segment->shard;
        if (shard_check_rest(shard, &reason) == STATUS_OK) {
            shard_memory_release_checked(shard);
        } else {
            log_error("index '%s', generation %u: base shard %zu is left out: %s", x->name, x->generation, i,
                      reason.message);
            index_remove_segment(x, i);
            x->damaged_count++;
        }
    }
    return x->damaged_count > damaged;
}

void load_check_rest(struct live *l)
{
    for (size_t i = 0; i < l->indexes.count; i++) {
        struct live_index *x = l->indexes.items[i];
        if (drop_damaged_shards(x)) {
            index_publish(x, index_current(x)->s.seq, false);
        }
        (void)suggest_check(x->vocabulary->suggest); /* says itself when it is damaged */
        memory_release(x->vocabulary->suggest_map.data, x->vocabulary->suggest_map.size);
        if (x->uncounted) {
            load_count_suggestions(x);
            x->uncounted = false;
        }
    }
}

void load_count_suggestions(struct live_index *x)
{
    const struct snapshot *s = &index_current(x)->s;
    struct vocabulary *v = x->vocabulary;
    struct arena arena;
    arena_init(&arena, 0);
    for (uint32_t i = 0; i < s->segment_count; i++) {
        const struct segment *g = &s->segments[i];
        uint32_t count = shard_doc_count(g->shard);
        if (!g->is_delta && g->deleted_docs == 0) {
            continue;
        }
        for (doc_id doc = 0; doc < count; doc++) {
            struct json object;
            if (segment_deleted(g, doc) != g->is_delta &&
                snapshot_object_source(s, i, doc, &arena, &object, NULL) == STATUS_OK) {
                suggest_count(v->suggest, v->analysis, &object, g->is_delta ? 1 : -1);
            }
            arena_reset(&arena);
        }
    }
    suggest_publish(v->suggest);
    arena_release(&arena);
}
