#include "server/live/parts.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/base/log.h"
#include "indexer/shard/container.h"

/* ---- segments ---- */

static void segment_release(struct shared *self)
{
    struct live_segment *s = (struct live_segment *)self;
    for (size_t i = 0; i < s->dirty.count; i++) {
        free(s->dirty.items[i].blocks);
    }
    vec_release(&s->dirty);
    free(s->touched);
    shard_close(s->shard);
    buf_release(&s->image);
    free(s->file);
    free(s);
}

static char *text_copy(const char *text)
{
    if (!text) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    return memcpy(xmalloc(size), text, size);
}

struct live_segment *segment_new(struct shard *shard, bool is_delta, struct buf *image, const char *file)
{
    struct live_segment *s = xcalloc(1, sizeof(*s));
    shared_init(&s->shared, segment_release);
    s->shard = shard;
    s->is_delta = is_delta;
    if (image) {
        s->image = *image;
        *image = BUF_EMPTY;
    }
    s->file = text_copy(file);
    return s;
}

void segment_set_merging(struct live_segment *s, uint64_t merging)
{
    free(s->touched);
    s->merging = merging;
    s->touched = merging ? xcalloc((size_t)shard_doc_count(s->shard) / 64 + 1, sizeof(*s->touched)) : NULL;
}

uint64_t *segment_dirty_blocks(struct live_segment *s, attr_id attr, uint32_t count)
{
    for (size_t i = 0; i < s->dirty.count; i++) {
        if (s->dirty.items[i].attr == attr) {
            return s->dirty.items[i].blocks;
        }
    }
    struct dirty_column added = {.attr = attr, .block_count = (count + DIRTY_BLOCK - 1) / DIRTY_BLOCK};
    added.blocks = xcalloc(added.block_count / 64 + 1, sizeof(uint64_t));
    vec_push(&s->dirty, added);
    return added.blocks;
}

void segment_dirty(struct live_segment *s, attr_id attr, uint32_t index, uint32_t count)
{
    uint32_t block = index / DIRTY_BLOCK;
    segment_dirty_blocks(s, attr, count)[block / 64] |= UINT64_C(1) << block % 64;
}

static void tombstones_release(struct shared *self)
{
    free(self);
}

struct tombstones *tombstones_copy(const struct tombstones *old, uint32_t doc_count)
{
    static _Atomic uint64_t next_id;
    uint32_t words = (doc_count + 63) / 64;
    struct tombstones *t = xcalloc(1, sizeof(*t) + words * sizeof(uint64_t));
    shared_init(&t->shared, tombstones_release);
    t->id = atomic_fetch_add(&next_id, 1) + 1;
    t->words = words;
    if (old) {
        memcpy(t->bits, old->bits, words * sizeof(uint64_t));
    }
    return t;
}

/* ---- settings ---- */

static void settings_release(struct shared *self)
{
    struct live_settings *s = (struct live_settings *)self;
    shared_drop(SHARED(s->other));
    synonyms_free(s->synonyms);
    analyzer_close(s->analyzer);
    settings_free(s->settings);
    free(s);
}

static enum status make_synonyms(struct live_settings *s, struct error *err)
{
    size_t count = s->settings->synonym_count;
    if (count == 0) {
        return STATUS_OK;
    }
    struct synonym_rule *rules = xcalloc(count, sizeof(*rules));
    for (size_t i = 0; i < count; i++) {
        const struct synonym_setting *from = &s->settings->synonyms[i];
        bool group = from->from_count == 0;
        rules[i] = (struct synonym_rule){group ? from->to : from->from, group ? from->to_count : from->from_count,
                                         from->to, from->to_count};
    }
    enum status status = synonyms_build(&s->synonyms, s->analyzer, rules, count, err);
    free(rules);
    return status;
}

/* The settings again with those that the experiment tries. They must not need other shards. */
static enum status make_other(struct live_settings *s, struct error *err)
{
    const struct settings *own = s->settings;
    if (own->experiment.name.size == 0) {
        return STATUS_OK;
    }
    struct buf text = BUF_EMPTY;
    struct arena arena;
    arena_init(&arena, 0);
    struct json document = json_clone(&own->experiment.settings, &arena);
    json_object_set(&document, STR("experiment"), (struct json){.type = JSON_NULL}, &arena);
    json_write(&text, &document);
    enum status status = live_settings_make(&s->other, buf_str(&text), own, err);
    if (status == STATUS_OK && settings_compare(own, s->other->settings) == SETTINGS_REBUILD) {
        status = error_set(err, STATUS_INPUT, "need a rebuilt index: only what changes at once can be tried");
    }
    if (status != STATUS_OK) {
        error_prefix(err, "'experiment.settings'");
    }
    buf_release(&text);
    arena_release(&arena);
    return status;
}

enum status live_settings_make(struct live_settings **out, struct str text, const struct settings *base,
                               struct error *err)
{
    struct live_settings *s = xcalloc(1, sizeof(*s));
    shared_init(&s->shared, settings_release);
    enum status status = settings_parse(&s->settings, text, base, err);
    if (status == STATUS_OK) {
        char *language = text_copy("");
        char *stemmer = NULL;
        const struct settings *set = s->settings;
        if (set->language.size > 0) {
            free(language);
            language = strndup(set->language.data, set->language.size);
        }
        if (set->stemmer.size > 0) {
            stemmer = strndup(set->stemmer.data, set->stemmer.size);
        }
        struct analyzer_options options = {language, stemmer, set->stop_words, set->stop_word_count,
                                           set->stop_words_given};
        status = analyzer_open(&s->analyzer, &options, err);
        free(language);
        free(stemmer);
    }
    if (status == STATUS_OK) {
        status = make_synonyms(s, err);
    }
    if (status == STATUS_OK) {
        status = make_other(s, err);
    }
    if (status != STATUS_OK) {
        settings_release(&s->shared);
        s = NULL;
    }
    *out = s;
    return status;
}

void live_settings_text(const struct live_settings *s, struct buf *out)
{
    json_write(out, &s->settings->source);
}

/* ---- vocabulary ---- */

static void vocabulary_release(struct shared *self)
{
    struct vocabulary *v = (struct vocabulary *)self;
    analysis_free(v->analysis);
    docs_dictionary_free(v->objects);
    suggest_free(v->suggest);
    dictionary_free(v->dictionary);
    file_unmap(&v->dictionary_map);
    file_unmap(&v->suggest_map);
    shared_drop(SHARED(v->settings));
    pthread_mutex_destroy(&v->lock);
    free(v->file);
    free(v);
}

static struct vocabulary *vocabulary_make(struct live_settings *settings)
{
    struct vocabulary *v = xcalloc(1, sizeof(*v));
    shared_init(&v->shared, vocabulary_release);
    pthread_mutex_init(&v->lock, NULL);
    shared_keep(SHARED(settings));
    v->settings = settings;
    v->objects = docs_dictionary_new((struct str){0});
    v->analysis = analysis_new(settings->analyzer);
    if (!v->analysis) {
        fatal("out of memory for an analysis");
    }
    return v;
}

struct vocabulary *vocabulary_new(struct live_settings *settings)
{
    struct vocabulary *v = vocabulary_make(settings);
    v->dictionary = dictionary_new(settings->settings);
    v->suggest = suggest_new(settings->settings);
    return v;
}

/* Suggestions are an aid: searches and updates go on without them. */
static void open_suggest(struct vocabulary *v, const char *path)
{
    const struct settings *settings = v->settings->settings;
    struct error err = {0};
    struct str bytes;
    enum status status = checked_file_view(&v->suggest_map, path, &bytes, &err);
    if (status == STATUS_OK && (status = suggest_open_lazy(&v->suggest, settings, bytes, &err)) != STATUS_OK) {
        error_prefix(&err, "'%s'", path);
    }
    if (status != STATUS_OK) {
        log_error("there are no suggestions until the next generation: %s", err.message);
        v->suggest = suggest_new_damaged(settings);
    }
}

enum status vocabulary_open(struct vocabulary **out, struct live_settings *settings, const char *dictionary_path,
                            const char *suggest_path, struct error *err)
{
    struct vocabulary *v = vocabulary_make(settings);
    struct str bytes;
    enum status status = checked_file_map(&v->dictionary_map, dictionary_path, &bytes, err);
    if (status == STATUS_OK) {
        status = dictionary_open(&v->dictionary, bytes, err);
        if (status != STATUS_OK) {
            error_prefix(err, "'%s'", dictionary_path);
        }
    }
    if (status == STATUS_OK && !suggest_path) {
        v->suggest = suggest_new(settings->settings);
    } else if (status == STATUS_OK) {
        open_suggest(v, suggest_path);
    } else {
        vocabulary_release(&v->shared);
        v = NULL;
    }
    *out = v;
    return status;
}

void vocabulary_compress_as(struct vocabulary *v, const struct shard *shard)
{
    docs_dictionary_free(v->objects);
    v->objects = docs_dictionary_new(shard_docs_dictionary(shard));
}

uint64_t vocabulary_size(const struct vocabulary *v)
{
    uint32_t attributes = dictionary_attr_count(v->dictionary);
    uint64_t size = attributes;
    for (uint32_t i = 0; i < attributes; i++) {
        size += dictionary_value_count(v->dictionary, (attr_id)i);
    }
    return size;
}
