/*
 * A new generation out of the index itself, for settings that need one, while updates go on. It is written on a thread
 * of the lowest priority; installing it, which catches up with the updates, has the caller's.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/limits.h"
#include "indexer/base/log.h"
#include "indexer/build/shard_build.h"
#include "indexer/shard/container.h"
#include "server/live/adopt.h"

#define MEMORY_BYTES (UINT64_C(256) << 20)

struct rebuild {
    struct live *l;
    uint64_t uid;
    uint64_t seq;
    struct str name;
    int64_t as_of_ms;
    uint32_t shard_count;
    uint32_t generation;
    struct live_settings *settings;
    struct live_settings *old_settings;
    struct vocabulary *vocabulary;
    struct index_segment *held;
    struct segment *views;
    uint32_t count;
    uint64_t live_docs;
    struct arena arena;
    enum status status; /* of the writing */
    struct error error;
    char dir[LIVE_PATH_BYTES];
};

/* On the sequencer: the first index whose settings wait. */
static void take_hold(struct live *l, void *context)
{
    struct rebuild *r = context;
    for (size_t i = 0; i < l->indexes.count && !r->settings; i++) {
        struct live_index *x = l->indexes.items[i];
        if (!x->next_settings || x->damaged_count > 0 || x->name[0] == '\0') {
            continue;
        }
        r->uid = x->uid;
        r->seq = l->seq;
        r->name = arena_copy(&r->arena, str_from(x->name));
        r->as_of_ms = x->as_of_ms;
        r->generation = x->generation;
        r->shard_count = x->generation && x->shard_count ? x->shard_count : 1;
        r->settings = x->next_settings;
        r->old_settings = x->settings;
        r->vocabulary = x->vocabulary;
        shared_keep(SHARED(r->settings));
        shared_keep(SHARED(r->old_settings));
        shared_keep(SHARED(r->vocabulary));
        r->count = (uint32_t)x->segments.count;
        r->held = xcalloc(x->segments.count + 1, sizeof(*r->held));
        r->views = xcalloc(x->segments.count + 1, sizeof(*r->views));
        for (uint32_t k = 0; k < r->count; k++) {
            r->held[k] = x->segments.items[k];
            shared_keep(SHARED(r->held[k].segment));
            shared_keep(SHARED(r->held[k].tombstones));
            r->views[k] = (struct segment){.shard = r->held[k].segment->shard,
                                           .tombstones = r->held[k].tombstones ? r->held[k].tombstones->bits : NULL};
            r->live_docs += shard_doc_count(r->views[k].shard) - r->held[k].deleted_docs;
        }
    }
}

static void let_go(struct rebuild *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        shared_drop(SHARED(r->held[i].segment));
        shared_drop(SHARED(r->held[i].tombstones));
    }
    shared_drop(SHARED(r->settings));
    shared_drop(SHARED(r->old_settings));
    shared_drop(SHARED(r->vocabulary));
    free(r->held);
    free(r->views);
    arena_release(&r->arena);
}

struct builders {
    struct shard_builder *shards[LIMIT_SHARDS];
    struct dictionary *dictionary;
    struct suggest_builder *suggest;
    uint32_t count;
};

/* Of a rebuild's: what a merge may take, and a quarter of the process's, where that has a ceiling. */
static uint64_t memory_of(const struct rebuild *r)
{
    uint64_t most = r->l->options.memory_bytes / 4;
    uint64_t memory = most > 0 && most < MEMORY_BYTES ? most : MEMORY_BYTES;
    return r->l->options.merge_bytes < memory ? r->l->options.merge_bytes : memory;
}

static void builders_open(struct builders *b, const struct rebuild *r)
{
    b->count = r->live_docs > 0 ? r->shard_count : 0;
    b->dictionary = dictionary_new(r->settings->settings);
    b->suggest = suggest_builder_new(r->settings->settings, r->settings->analyzer, memory_of(r) / 4);
    for (uint32_t i = 0; i < b->count; i++) {
        struct shard_build_options options = {.settings = r->settings->settings,
                                              .analyzer = r->settings->analyzer,
                                              .dictionary = b->dictionary,
                                              .memory_bytes = memory_of(r) / b->count,
                                              .temp_dir = r->dir};
        b->shards[i] = shard_builder_new(&options);
    }
}

static void builders_close(struct builders *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        shard_builder_free(b->shards[i]);
    }
    suggest_builder_free(b->suggest);
    dictionary_free(b->dictionary);
}

static double popularity_of(const struct settings *s, const struct json *object)
{
    double value = 0;
    struct str name = s->role_attribute[ROLE_POPULARITY];
    (void)(name.size > 0 && json_double(json_get_path(object, name), &value));
    return value;
}

static enum status add_all(const struct rebuild *r, struct builders *b, struct error *err)
{
    struct snapshot s = {.settings = r->old_settings->settings,
                         .dictionary = r->vocabulary->dictionary,
                         .attr_count = dictionary_attr_count(r->vocabulary->dictionary),
                         .segments = r->views,
                         .segment_count = r->count,
                         .has_stock = true};
    const struct settings *settings = r->settings->settings;
    struct arena arena;
    enum status status = STATUS_OK;
    arena_init(&arena, 0);
    for (uint32_t i = 0; i < r->count && status == STATUS_OK; i++) {
        for (doc_id doc = 0; doc < shard_doc_count(s.segments[i].shard) && status == STATUS_OK; doc++) {
            struct json object;
            if (segment_deleted(&s.segments[i], doc)) {
                continue;
            }
            status = snapshot_object_source(&s, i, doc, &arena, &object, err);
            if (status == STATUS_OK) {
                uint32_t shard = shard_of_group(object_group(settings, &object), b->count);
                status = shard_builder_add(b->shards[shard], &object, err);
                suggest_builder_add(b->suggest, &object, popularity_of(settings, &object));
            }
            arena_reset(&arena);
            if (doc % 1024 == 0 && background_is_stopping(r->l)) {
                status = error_set(err, STATUS_BUSY, "the server stops");
            }
        }
    }
    arena_release(&arena);
    return status;
}

static enum status write_file(const struct rebuild *r, const char *name, const struct buf *bytes, struct error *err)
{
    char path[LIVE_PATH_BYTES + 32];
    snprintf(path, sizeof(path), "%s/%s", r->dir, name);
    return checked_file_write(path, buf_str(bytes), err);
}

static enum status write_all(const struct rebuild *r, struct builders *b, struct error *err)
{
    char path[LIVE_PATH_BYTES + 32];
    struct buf bytes = BUF_EMPTY;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < b->count && status == STATUS_OK; i++) {
        snprintf(path, sizeof(path), "%s/shard-%04u.aisle", r->dir, i);
        status = shard_builder_finish_file(b->shards[i], path, err);
    }
    if (status == STATUS_OK) {
        dictionary_write(b->dictionary, &bytes);
        status = write_file(r, "dictionary.aisle", &bytes, err);
    }
    if (status == STATUS_OK) {
        buf_clear(&bytes);
        suggest_builder_finish(b->suggest, &bytes);
        status = write_file(r, "suggest.aisle", &bytes, err);
    }
    if (status == STATUS_OK) {
        buf_clear(&bytes);
        live_settings_text(r->settings, &bytes);
        settings_seal(&bytes);
        snprintf(path, sizeof(path), "%s/settings.json", r->dir);
        status = file_replace(path, buf_str(&bytes), err);
    }
    buf_release(&bytes);
    return status;
}

static void *write_main(void *context)
{
    struct rebuild *r = context;
    struct builders b = {0};
    background_become("rebuild-write", BACKGROUND_LOWEST);
    builders_open(&b, r);
    r->status = add_all(r, &b, &r->error);
    if (r->status == STATUS_OK) {
        r->status = write_all(r, &b, &r->error);
    }
    r->shard_count = b.count;
    builders_close(&b);
    return NULL;
}

static enum status write_in_background(struct rebuild *r, struct error *err)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, write_main, r) != 0) {
        return error_set(err, STATUS_LIMIT, "a rebuild's thread can't be started");
    }
    pthread_join(thread, NULL);
    if (r->status != STATUS_OK) {
        *err = r->error;
    }
    return r->status;
}

static enum status build_and_install(struct rebuild *r, struct error *err)
{
    struct live *l = r->l;
    struct generation_outcome outcome;
    struct error ignored;
    live_path(l, r->dir, sizeof(r->dir), "candidates/rebuild-%016" PRIx64 "-%" PRIu64, r->uid, r->seq);
    enum status status = dir_remove(r->dir, err);
    if (status == STATUS_OK && (status = dir_make(r->dir, err)) == STATUS_OK &&
        (status = write_in_background(r, err)) == STATUS_OK) {
        struct generation_plan plan = {.dir = r->dir,
                                       .name = r->name,
                                       .uid = r->uid,
                                       .shard_count = r->shard_count,
                                       .as_of_ms = r->as_of_ms,
                                       .base_seq = r->seq,
                                       .rebuild = true,
                                       .rebuild_of = r->generation};
        pthread_mutex_lock(&l->publish_lock);
        status = generation_install(l, &plan, &outcome, err);
        pthread_mutex_unlock(&l->publish_lock);
    }
    if (status != STATUS_OK) {
        (void)!dir_remove(r->dir, &ignored);
    }
    return status;
}

bool rebuild_pending(struct live *l)
{
    bool again = true;
    bool fine = true;
    while (again && fine && !background_is_stopping(l)) {
        struct rebuild r = {.l = l};
        struct error err;
        arena_init(&r.arena, 0);
        live_control(l, take_hold, &r);
        again = r.settings != NULL;
        enum status status = again ? build_and_install(&r, &err) : STATUS_OK;
        if (status != STATUS_OK) {
            if (status != STATUS_CONFLICT && !background_is_stopping(l)) {
                log_warn("the rebuild of '%s' for its new settings failed: %s", r.name.data, err.message);
            }
            fine = false;
        }
        let_go(&r);
    }
    return fine;
}
