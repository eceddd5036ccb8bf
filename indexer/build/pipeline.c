#include "indexer/build/pipeline.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzers/analyzer.h"
#include "indexer/base/clock.h"
#include "indexer/base/hash.h"
#include "indexer/base/limits.h"
#include "indexer/base/workers.h"
#include "indexer/build/build_plan.h"
#include "indexer/build/infer.h"
#include "indexer/build/product.h"
#include "indexer/build/shard_build.h"
#include "indexer/build/spool.h"
#include "indexer/shard/container.h"
#include "indexer/shard/dictionary.h"
#include "indexer/shard/suggest.h"

#define EARLY_CHECK_ITEMS 1000u /* from here on a percentage of errors stops a feed before its end */

struct pipeline {
    const struct build_options *options;
    struct report *report;
    struct spool *spool;
    struct infer *infer;
    struct settings *settings; /* NULL until pass 1 is through when they are inferred */
    struct settings *partial;  /* a file that leaves keys to inference, and its text */
    struct buf partial_text;
    struct arena arena; /* mappings of the feeds */
    struct feed_mapping mapping;
    bool mapping_known;
    char directory[4096];
    /* of the feed being read */
    struct product_options product;
    /* pass 2 */
    struct analyzer *analyzer;
    struct dictionary *dictionary;
    pthread_mutex_t dictionary_lock;
    uint8_t *shard_of; /* by ordinal; NULL: one shard */
    uint32_t shard_count;
    struct build_plan plan;
    struct job *jobs;
};

/* One shard's work, or, for the last of them, autocomplete's. */
struct job {
    struct pipeline *pipeline;
    uint32_t shard;
    uint32_t documents;
    uint64_t groups;
    enum status status;
    struct error error;
};

/* --- pass 1 --- */

static bool too_many_errors(const struct pipeline *p, bool at_end)
{
    const struct report *r = p->report;
    if (!p->options->max_errors_percent)
        return r->rejected > p->options->max_errors;
    if (!at_end && r->items < EARLY_CHECK_ITEMS)
        return false;
    return r->rejected * 10000 > p->options->max_errors * r->items;
}

static enum status errors_message(const struct pipeline *p, struct error *err)
{
    if (p->options->max_errors_percent)
        return error_set(err, STATUS_LIMIT, "%llu of %llu items rejected, more than %g %% (--max-errors)",
                         (unsigned long long)p->report->rejected, (unsigned long long)p->report->items,
                         (double)p->options->max_errors / 100.0);
    return error_set(err, STATUS_LIMIT, "%llu items rejected, more than %llu (--max-errors)",
                     (unsigned long long)p->report->rejected, (unsigned long long)p->options->max_errors);
}

static struct report_file *current_file(struct pipeline *p)
{
    return &p->report->files.items[p->report->files.count - 1];
}

static enum status on_item(void *context, struct feed_item *item, struct error *err)
{
    struct pipeline *p = context;
    if (too_many_errors(p, false))
        return errors_message(p, err);

    enum status status = product_from_feed(&p->product, item, err);
    struct str id;
    if (status == STATUS_OK && !object_id(&item->object, &id))
        status = error_set(err, STATUS_INPUT, "'objectID': missing, or neither a string nor a number");
    if (status == STATUS_OK && (id.size == 0 || id.size > LIMIT_OBJECT_ID_BYTES))
        status = error_set(err, STATUS_INPUT, "'objectID': must be 1 to %d bytes long", LIMIT_OBJECT_ID_BYTES);
    if (status != STATUS_OK)
        return status;

    status = spool_add(p->spool, id, &item->object, err);
    if (status != STATUS_OK)
        return status;
    if (p->infer)
        infer_add(p->infer, &item->object);
    report_accept(p->report);
    return STATUS_OK;
}

static void on_reject(void *context, const struct feed_reject *reject)
{
    struct pipeline *p = context;
    report_reject(p->report, reject);
}

static void on_progress(void *context, const struct feed_progress *progress)
{
    struct pipeline *p = context;
    if (p->options->on_progress)
        p->options->on_progress(p->options->context, progress, "reading");
}

static void take_as_of(struct pipeline *p, const char *path, const struct feed_info *info)
{
    int64_t ms = p->options->as_of_ms;
    const char *source = "--as-of";
    struct error ignored;
    if (!ms) {
        ms = info->date_ms;
        source = "feed";
    }
    if (!ms && (strcmp(path, "-") == 0 || file_modified_ms(path, &ms, &ignored) != STATUS_OK)) {
        ms = clock_wall_ms();
        source = "clock";
    } else if (ms != p->options->as_of_ms && ms != info->date_ms) {
        source = "file";
    }
    ms = ms < clock_wall_ms() ? ms : clock_wall_ms(); /* other clocks may be ahead */
    if (p->report->as_of_ms == 0 || ms < p->report->as_of_ms) {
        p->report->as_of_ms = ms;
        p->report->as_of_source = source;
    }
}

static enum status read_one_feed(struct pipeline *p, const char *path, struct error *err)
{
    struct report_file file = {0};
    file.path = xmalloc(strlen(path) + 1);
    memcpy(file.path, path, strlen(path) + 1);
    vec_push(&p->report->files, file);

    struct feed_handler handler = {p, on_item, on_reject, on_progress, true};
    struct feed_mapping recognised = {0};
    struct feed_info info = {0};
    p->product = (struct product_options){
        .settings = p->settings,
        .default_currency = "",
        .as_of_ms = p->options->as_of_ms ? p->options->as_of_ms : clock_wall_ms(),
    };
    enum status status =
        feed_read(path, p->mapping_known ? &p->mapping : NULL, &handler, &p->arena, &recognised, &info, err);
    struct report_file *f = current_file(p);
    memcpy(f->title, info.title, sizeof(f->title));
    memcpy(f->id_source, info.id_source, sizeof(info.id_source));
    memcpy(f->encoding, info.encoding, sizeof(info.encoding));
    if (p->infer && info.language[0])
        infer_set_language(p->infer, info.language);
    f->bytes = info.bytes;
    f->broken = info.broken;
    p->report->bytes += info.bytes;
    take_as_of(p, path, &info);
    if (!p->mapping_known && recognised.kind != FEED_UNKNOWN && p->mapping.kind == FEED_UNKNOWN)
        p->mapping = recognised;

    if (info.broken && status == STATUS_FORMAT) {
        struct error broken = *err;
        snprintf(f->break_message, sizeof(f->break_message), "%s", broken.message);
        if (!p->options->allow_broken_feed)
            return error_set(err, STATUS_LIMIT, "%.180s (--allow-broken-feed keeps the items before it)",
                             broken.message);
        status = STATUS_OK;
    }
    if (status == STATUS_OK && info.partial)
        status =
            error_set(err, STATUS_INPUT, "'%.150s' is a partial feed (%s), not a whole catalog: --partial applies it",
                      path, info.title);
    return status;
}

static enum status read_feeds(struct pipeline *p, struct error *err)
{
    for (size_t i = 0; i < p->options->feed_count; i++) {
        enum status status = read_one_feed(p, p->options->feeds[i], err);
        if (status != STATUS_OK)
            return status;
    }
    enum status status = spool_seal(p->spool, err);
    if (status != STATUS_OK)
        return status;
    p->report->replaced = spool_replaced(p->spool);
    if (too_many_errors(p, true))
        return errors_message(p, err);
    if (p->report->accepted == 0)
        return error_set(err, STATUS_NOT_FOUND, "'%.120s'%s: %llu items, none was accepted, nothing is published",
                         p->options->feeds[0], p->options->feed_count > 1 ? " and the others" : "",
                         (unsigned long long)p->report->items);
    return STATUS_OK;
}

/* --- settings --- */

/* A settings file need not say everything: without one of these its missing keys are inferred. */
static bool leaves_keys(const struct settings *s)
{
    return !json_get(&s->source, "searchableAttributes") || !json_get(&s->source, "attributesForFaceting");
}

/* The text analyzer that the settings ask for; a wrong language or stemmer is an error of the settings. */
static enum status open_analyzer(struct pipeline *p, struct error *err)
{
    struct analyzer_options options = {
        .language = arena_copy(&p->arena, p->settings->language).data,
        .stemmer = p->settings->stemmer.size ? arena_copy(&p->arena, p->settings->stemmer).data : NULL,
        .stop_words = p->settings->stop_words,
        .stop_word_count = p->settings->stop_word_count,
        .stop_words_given = p->settings->stop_words_given,
    };
    return analyzer_open(&p->analyzer, &options, err);
}

static enum status load_settings(struct pipeline *p, struct error *err)
{
    char kept[4096];
    const char *path = p->options->settings_path;
    if (!path) {
        snprintf(kept, sizeof(kept), "%s/settings/%s.json", p->options->data_dir, p->options->index_name);
        if (!file_exists(kept))
            return STATUS_OK;
        path = kept;
    }
    struct buf text;
    buf_init(&text, 16u << 20);
    enum status status = file_read_all(path, &text, 16u << 20, err);
    if (status == STATUS_OK) {
        status = settings_parse(&p->settings, buf_str(&text), NULL, err);
        if (status == STATUS_OK)
            status = feed_mapping_check(p->settings, err);
        if (status != STATUS_OK)
            error_prefix(err, "%s", path);
    }
    if (status == STATUS_OK)
        status = open_analyzer(p, err);
    if (status == STATUS_OK)
        p->mapping_known = feed_mapping_of_settings(p->settings, &p->arena, &p->mapping);
    if (status == STATUS_OK && p->options->settings_path && leaves_keys(p->settings)) {
        p->partial = p->settings;
        p->settings = NULL;
        analyzer_close(p->analyzer); /* the language may be inferred */
        p->analyzer = NULL;
        p->partial_text = text;
        text = BUF_EMPTY;
    }
    buf_release(&text);
    return status == STATUS_OK ? STATUS_OK : status == STATUS_IO ? STATUS_IO : STATUS_INPUT;
}

/* What was inferred under what a file says; `text` becomes the whole of it. */
static enum status merge_partial_settings(struct pipeline *p, struct buf *text, struct error *err)
{
    struct settings *inferred = p->settings;
    p->settings = NULL;
    enum status status = settings_parse(&p->settings, buf_str(&p->partial_text), inferred, err);
    if (status == STATUS_OK) {
        buf_clear(text);
        settings_write(p->settings, text, true);
    }
    settings_free(inferred);
    return status;
}

/* Writes what was inferred where people can edit it, and takes it. */
static enum status infer_missing_settings(struct pipeline *p, struct error *err)
{
    if (p->settings)
        return STATUS_OK;
    struct buf text;
    char path[4096];
    buf_init(&text, 16u << 20);
    enum status status = infer_settings(p->infer, &p->mapping, &text, err);
    if (status == STATUS_OK)
        status = settings_parse(&p->settings, buf_str(&text), NULL, err);
    if (status == STATUS_OK && p->partial)
        status = merge_partial_settings(p, &text, err);
    if (status == STATUS_OK)
        status = open_analyzer(p, err);
    if (status == STATUS_OK) {
        snprintf(path, sizeof(path), "%s/settings", p->options->data_dir);
        status = dir_make(path, err);
    }
    if (status == STATUS_OK) {
        snprintf(path, sizeof(path), "%s/settings/%s.json", p->options->data_dir, p->options->index_name);
        status = file_replace(path, buf_str(&text), err);
    }
    buf_release(&text);
    infer_free(p->infer);
    p->infer = NULL;
    return status;
}

/* --- pass 2 --- */

static enum status route_to_shards(struct pipeline *p, struct error *err)
{
    uint32_t objects = spool_count(p->spool) - spool_replaced(p->spool);
    p->plan = build_plan_of(objects, p->options->shard_count, p->options->memory_bytes, processor_count());
    p->shard_count = p->plan.shards;
    if (p->shard_count == 1)
        return STATUS_OK;
    p->shard_of = xcalloc(spool_count(p->spool), 1);
    struct arena arena;
    arena_init(&arena, 0);
    struct spool_cursor cursor = {0};
    uint32_t ordinal;
    struct json object;
    enum status status = STATUS_OK;
    while ((status = spool_next(p->spool, &cursor, &ordinal, &arena, &object, err)) == STATUS_OK) {
        p->shard_of[ordinal] = (uint8_t)shard_of_group(object_group(p->settings, &object), p->shard_count);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void shard_path(const struct pipeline *p, uint32_t shard, char *out, size_t size)
{
    snprintf(out, size, "%s/shard-%04u.aisle", p->directory, shard);
}

/* Walks the spool's items as they are stored: what the settings call numeric is a number, though XML and CSV spelled
 * it, and its quantity alone says whether it is in stock where that says enough. STATUS_NOT_FOUND at the end. */
static enum status next_object(const struct pipeline *p, struct spool_cursor *cursor, uint32_t *ordinal,
                               struct arena *arena, struct json *object, struct error *err)
{
    enum status status;
    arena_reset(arena);
    status = spool_next(p->spool, cursor, ordinal, arena, object, err);
    if (status == STATUS_OK && (p->mapping.kind == FEED_XML || p->mapping.kind == FEED_CSV))
        product_numbers(p->settings, object, arena);
    if (status == STATUS_OK)
        product_available(p->settings, object);
    return status;
}

static void build_shard(struct job *job)
{
    struct pipeline *p = job->pipeline;
    struct shard_build_options options = {
        .settings = p->settings,
        .analyzer = p->analyzer,
        .dictionary = p->dictionary,
        .dictionary_lock = &p->dictionary_lock,
        .memory_bytes = p->plan.builder_bytes,
        .temp_dir = p->directory,
    };
    struct shard_builder *builder = shard_builder_new(&options);
    struct arena arena;
    arena_init(&arena, 0);
    struct spool_cursor cursor = {.shard_of = p->shard_of, .shard = (uint8_t)job->shard};
    uint32_t ordinal;
    struct json object;
    while (job->status == STATUS_OK &&
           (job->status = next_object(p, &cursor, &ordinal, &arena, &object, &job->error)) == STATUS_OK) {
        job->status = shard_builder_add(builder, &object, &job->error);
        job->documents++;
    }
    if (job->status == STATUS_NOT_FOUND)
        job->status = STATUS_OK;
    if (job->status == STATUS_OK) {
        char path[4200];
        shard_path(p, job->shard, path, sizeof(path));
        job->status = shard_builder_finish_file(builder, path, &job->error);
    }
    arena_release(&arena);
    shard_builder_free(builder);
}

static double popularity_of(const struct settings *s, const struct json *object)
{
    double value = 0;
    struct str attribute = s->role_attribute[ROLE_POPULARITY];
    if (attribute.size == 0 || !json_double(json_get_path(object, attribute), &value))
        return 0;
    return value > 0 ? value : 0;
}

/* The phrases of autocomplete; and counts the products on the way. */
static void build_suggest(struct job *job)
{
    struct pipeline *p = job->pipeline;
    struct suggest_builder *builder = suggest_builder_new(p->settings, p->analyzer, p->plan.suggest_bytes);
    struct arena arena;
    arena_init(&arena, 0);
    struct map groups;
    map_init(&groups);
    struct spool_cursor cursor = {0};
    uint32_t ordinal;
    struct json object;
    while ((job->status = next_object(p, &cursor, &ordinal, &arena, &object, &job->error)) == STATUS_OK) {
        bool added = true;
        struct str own_id;
        struct str group = object_group(p->settings, &object);
        if (!object_id(&object, &own_id) || !str_equal(own_id, group)) {
            uint64_t key = hash64(group.data, group.size);
            map_put(&groups, (struct str){(const char *)&key, sizeof(key)}, 0, &added);
        }
        job->groups += added;
        suggest_builder_add(builder, &object, popularity_of(p->settings, &object));
    }
    if (job->status == STATUS_NOT_FOUND)
        job->status = STATUS_OK;
    if (job->status == STATUS_OK) {
        struct buf bytes;
        char path[4200];
        buf_init(&bytes, 0);
        suggest_builder_finish(builder, &bytes);
        snprintf(path, sizeof(path), "%s/suggest.aisle", p->directory);
        job->status = checked_file_write(path, buf_str(&bytes), &job->error);
        buf_release(&bytes);
    }
    map_release(&groups);
    arena_release(&arena);
    suggest_builder_free(builder);
}

static void run_shard(void *context)
{
    build_shard(context);
}

static enum status build_shards(struct pipeline *p, struct error *err)
{
    enum status status = STATUS_OK;
    struct workers *workers = workers_new(p->plan.parallel, LIMIT_SHARDS, "build", 0);
    p->jobs = xcalloc(p->shard_count + 1, sizeof(*p->jobs));
    for (uint32_t i = 0; i <= p->shard_count; i++)
        p->jobs[i] = (struct job){.pipeline = p, .shard = i};
    for (uint32_t i = 0; i < p->shard_count; i++)
        workers_submit(workers, run_shard, &p->jobs[i]);
    build_suggest(&p->jobs[p->shard_count]); /* on this thread, beside the first shards */
    workers_free(workers);
    for (uint32_t i = 0; i <= p->shard_count && status == STATUS_OK; i++) {
        status = p->jobs[i].status;
        if (status != STATUS_OK && err)
            *err = p->jobs[i].error;
    }
    p->report->products = p->jobs[p->shard_count].groups;
    return status == STATUS_INPUT ? STATUS_IO : status;
}

static enum status write_candidate(struct pipeline *p, struct error *err)
{
    struct buf text;
    char path[4200];
    buf_init(&text, 0);
    dictionary_write(p->dictionary, &text);
    snprintf(path, sizeof(path), "%s/dictionary.aisle", p->directory);
    enum status status = checked_file_write(path, buf_str(&text), err);

    buf_clear(&text);
    settings_write(p->settings, &text, true);
    settings_seal(&text);
    snprintf(path, sizeof(path), "%s/settings.json", p->directory);
    if (status == STATUS_OK)
        status = file_replace(path, buf_str(&text), err);

    buf_clear(&text);
    buf_literal(&text, "{\"format\":1,\"index\":");
    json_write_string(&text, str_from(p->options->index_name));
    buf_printf(&text, ",\"as_of_ms\":%lld,\"items\":%llu,\"products\":%llu,\"shards\":[",
               (long long)p->report->as_of_ms, (unsigned long long)(p->report->accepted - p->report->replaced),
               (unsigned long long)p->report->products);
    for (uint32_t i = 0; i < p->shard_count; i++)
        buf_printf(&text, "%s\"shard-%04u.aisle\"", i ? "," : "", i);
    buf_literal(&text, "]}\n");
    settings_seal(&text);
    snprintf(path, sizeof(path), "%s/candidate.json", p->directory);
    if (status == STATUS_OK)
        status = file_replace(path, buf_str(&text), err);
    buf_release(&text);
    return status;
}

static enum status second_pass(struct pipeline *p, struct error *err)
{
    p->dictionary = dictionary_new(p->settings);
    enum status status = route_to_shards(p, err);
    if (status == STATUS_OK)
        status = build_shards(p, err);
    if (status == STATUS_OK)
        status = write_candidate(p, err);
    return status;
}

/* --- the whole --- */

static enum status make_directory(struct pipeline *p, struct error *err)
{
    uint64_t name;
    random_bytes(&name, sizeof(name));
    snprintf(p->directory, sizeof(p->directory), "%s/candidates/%s-%016llx", p->options->data_dir,
             p->options->index_name, (unsigned long long)name);
    return dir_make(p->directory, err);
}

static void pipeline_release(struct pipeline *p)
{
    spool_free(p->spool);
    infer_free(p->infer);
    settings_free(p->settings);
    settings_free(p->partial);
    buf_release(&p->partial_text);
    analyzer_close(p->analyzer);
    dictionary_free(p->dictionary);
    pthread_mutex_destroy(&p->dictionary_lock);
    arena_release(&p->arena);
    free(p->shard_of);
    free(p->jobs);
}

enum status build_run(const struct build_options *options, struct report *report, char *candidate,
                      size_t candidate_size, struct error *err)
{
    struct pipeline p = {.options = options, .report = report};
    char path[4200];
    arena_init(&p.arena, 0);
    pthread_mutex_init(&p.dictionary_lock, NULL);
    enum status status = load_settings(&p, err);
    if (status == STATUS_OK)
        status = make_directory(&p, err);
    if (status != STATUS_OK)
        goto out;
    snprintf(path, sizeof(path), "%s/spool", p.directory);
    status = spool_create(&p.spool, path, err);
    if (status == STATUS_OK && !p.settings)
        p.infer = infer_new();
    if (status == STATUS_OK)
        status = read_feeds(&p, err);
    if (status == STATUS_OK)
        status = infer_missing_settings(&p, err);
    if (status == STATUS_OK)
        status = second_pass(&p, err);
    if (status == STATUS_OK)
        snprintf(candidate, candidate_size, "%s", p.directory);
out:
    pipeline_release(&p);
    if (status != STATUS_OK && p.directory[0]) {
        struct error ignored;
        if (dir_remove(p.directory, &ignored) != STATUS_OK)
            (void)ignored; /* the first failure is the one to tell */
    }
    return status;
}
