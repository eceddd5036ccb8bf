/* An index in this process: of a data directory, or of a candidate that no server has adopted. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/target_internal.h"
#include "indexer/base/file.h"
#include "indexer/base/limits.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"

enum { FILE_LIMIT = 1 << 30, PATH_BYTES = 4096 };

/* ---- configuring, sessions: the same for both ---- */

static enum status configure(struct target *t, const char *settings, struct error *err)
{
    struct live_settings *made = NULL;
    enum status status = live_settings_make(&made, str_from(settings), t->base->settings, err);
    if (status != STATUS_OK)
        return status;
    if (settings_compare(t->base->settings, made->settings) == SETTINGS_REBUILD) {
        shared_drop(SHARED(made));
        return error_set(err, STATUS_INPUT,
                         "these settings need a rebuilt index: build a candidate with them and compare with that");
    }
    shared_drop(SHARED(t->override));
    t->override = made;
    t->configured = *t->base;
    t->configured.settings = made->settings;
    t->configured.analyzer = made->analyzer;
    t->configured.synonyms = made->synonyms;
    t->configured.other = NULL;
    snapshot_statistics(&t->configured);
    t->snapshot = &t->configured;
    return STATUS_OK;
}

static enum status open_session(struct session *s, struct error *err)
{
    (void)err;
    rcu_thread_register();
    s->registered = true;
    s->searcher = searcher_new();
    return STATUS_OK;
}

static void close_session(struct session *s)
{
    searcher_free(s->searcher);
    if (s->registered)
        rcu_thread_unregister();
}

static enum status search_index(struct session *s, const struct json *params, struct arena *arena, struct found *out,
                                struct error *err)
{
    const struct snapshot *snapshot = s->target->snapshot;
    struct search_context context = {s->searcher, snapshot, arena};
    struct search_request request;
    struct search_result result;
    enum status status = search_request_parse(&request, params, snapshot->settings, arena, err);
    if (status == STATUS_OK) {
        request.index = snapshot->index_name;
        status = search_run(&context, &request, 1, &result, err);
    }
    if (status != STATUS_OK)
        return status;
    out->total = result.total;
    out->docs = ARENA_ARRAY(arena, struct found_doc, result.hit_count + 1);
    for (size_t i = 0; i < result.hit_count; i++) {
        const struct hit *hit = &result.hits[i];
        struct found_doc *doc = &out->docs[out->count++];
        if (!json_string(json_get(&hit->object, "objectID"), &doc->id))
            return error_set(err, STATUS_FORMAT, "a stored object has no objectID");
        doc->score = hit->score;
        found_take(doc, &hit->object);
    }
    return STATUS_OK;
}

static const struct json *object_of(struct target *t, struct str id, struct arena *arena)
{
    struct json *object = ARENA_NEW(arena, struct json);
    uint32_t segment;
    doc_id doc;
    if (!snapshot_find(t->snapshot, id, &segment, &doc) ||
        snapshot_object(t->snapshot, segment, doc, arena, object, NULL) != STATUS_OK)
        return NULL;
    return object;
}

/* ---- a data directory ---- */

static enum status only_index(struct target *t, struct arena *arena, struct str *name, struct error *err)
{
    struct live_index_info *list;
    size_t count = 0;
    enum status status = live_list(t->live, arena, &list, &count);
    if (status != STATUS_OK)
        return error_set(err, status, "cannot list the indexes of '%s'", t->options.data);
    if (count != 1)
        return error_set(err, STATUS_INPUT, "'%s' has %zu indexes: say which with --index", t->options.data, count);
    *name = list[0].name;
    return STATUS_OK;
}

static enum status open_data(struct target *t, struct error *err)
{
    struct live_options options = {.data_dir = t->options.data, .read_only = true};
    struct arena arena;
    struct str name = str_from(t->options.index);
    enum status status = live_open(&t->live, &options, err);
    if (status != STATUS_OK)
        return status;
    arena_init(&arena, 0);
    rcu_thread_register();
    if (!t->options.index)
        status = only_index(t, &arena, &name, err);
    if (status == STATUS_OK) {
        t->base = t->snapshot = live_snapshot(t->live, name);
        snprintf(t->name, sizeof(t->name), "%s/" STR_FMT, t->options.data, STR_ARG(name));
        if (!t->base)
            status =
                error_set(err, STATUS_NOT_FOUND, "'%s' has no index '" STR_FMT "'", t->options.data, STR_ARG(name));
    }
    /* nothing changes a directory opened for reading, so the snapshot stays without this thread holding it */
    rcu_thread_unregister();
    arena_release(&arena);
    return status;
}

static void close_data(struct target *t)
{
    shared_drop(SHARED(t->override));
    if (t->live)
        live_close(t->live);
}

const struct target_kind target_data = {open_data,     close_data,   configure, open_session,
                                        close_session, search_index, object_of};

/* ---- a candidate ---- */

static enum status read_settings(struct target *t, struct error *err)
{
    struct buf text = BUF_EMPTY;
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/settings.json", t->options.candidate);
    enum status status = file_read_all(path, &text, FILE_LIMIT, err);
    struct str document = buf_str(&text);
    if (status == STATUS_OK)
        status = settings_unseal(&document, err);
    if (status == STATUS_OK)
        status = live_settings_make(&t->own, document, NULL, err);
    buf_release(&text);
    return status;
}

static enum status read_shards(struct target *t, struct error *err)
{
    struct shard_open_options options = {.verify_all = false};
    enum status status = STATUS_OK;
    t->shards = xcalloc(LIMIT_SHARDS, sizeof(*t->shards));
    while (status == STATUS_OK && t->shard_count < LIMIT_SHARDS) {
        char path[PATH_BYTES];
        snprintf(path, sizeof(path), "%s/shard-%04u.aisle", t->options.candidate, t->shard_count);
        if (!file_exists(path))
            break;
        status = shard_open(&t->shards[t->shard_count], path, &options, err);
        t->shard_count += status == STATUS_OK;
    }
    if (status == STATUS_OK && t->shard_count == 0)
        return error_set(err, STATUS_NOT_FOUND, "'%s' has no shard-0000.aisle: it is no generation",
                         t->options.candidate);
    return status;
}

static enum status open_candidate(struct target *t, struct error *err)
{
    char dictionary[PATH_BYTES];
    char suggest[PATH_BYTES];
    enum status status = read_settings(t, err);
    if (status == STATUS_OK)
        status = read_shards(t, err);
    snprintf(dictionary, sizeof(dictionary), "%s/dictionary.aisle", t->options.candidate);
    snprintf(suggest, sizeof(suggest), "%s/suggest.aisle", t->options.candidate);
    if (status == STATUS_OK)
        status = vocabulary_open(&t->vocabulary, t->own, dictionary, suggest, err);
    if (status != STATUS_OK)
        return status;
    struct snapshot_parts parts = {.settings = t->own->settings,
                                   .analyzer = t->own->analyzer,
                                   .synonyms = t->own->synonyms,
                                   .dictionary = t->vocabulary->dictionary,
                                   .shards = t->shards,
                                   .shard_count = t->shard_count};
    t->base = t->snapshot = t->made = snapshot_of_shards(&parts);
    return STATUS_OK;
}

static void close_candidate(struct target *t)
{
    shared_drop(SHARED(t->override));
    snapshot_free(t->made);
    for (uint32_t i = 0; i < t->shard_count; i++)
        shard_close(t->shards[i]);
    free(t->shards);
    shared_drop(SHARED(t->vocabulary));
    shared_drop(SHARED(t->own));
}

const struct target_kind target_candidate = {open_candidate, close_candidate, configure, open_session,
                                             close_session,  search_index,    object_of};
