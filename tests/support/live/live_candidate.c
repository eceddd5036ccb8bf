/* Candidates for adoption, built as a feed's build would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/file.h"
#include "indexer/build/shard_build.h"
#include "indexer/shard/container.h"
#include "tests/support/live/live_model.h"

void model_random_feed(struct random *r, const struct model *at, struct model *feed)
{
    struct model_op op;
    *feed = *at;
    for (int i = 0; i < MODEL_OBJECTS; i++) {
        struct model_object *o = &feed->objects[i];
        if (o->there && random_chance(r, 15)) {
            memset(o, 0, sizeof(*o));
        } else if (o->there) {
            o->title = (int)random_below(r, 200);
        } else if (random_chance(r, 20)) {
            model_random_op(r, &op);
            *o = op.given;
            o->tag_count = 0;
        }
    }
}

void model_replay(struct model *m, const struct model_op *op, const struct model_object *outcome, bool created)
{
    struct model_object *o = &m->objects[op->id];
    if (op->kind == MODEL_PUT || op->kind == MODEL_DELETE || op->kind == MODEL_CLEAR) {
        model_apply(m, op);
        return;
    }
    if (!outcome->there || (!o->there && !created)) {
        return;
    }
    if (!o->there) {
        *o = (struct model_object){.there = true, .group = -1, .title = -1, .brand = -1, .popularity = -1};
    }
    if (op->set_quantity) {
        o->has_quantity = true;
        o->quantity = outcome->quantity;
    }
    if (op->set_price) {
        o->has_price = true;
        o->cents = outcome->cents;
    }
    for (int i = 0; i < MODEL_CELLS; i++) {
        if (op->set_cell[i] || (op->kind == MODEL_SET && i == 0)) {
            o->has_cell[i] = outcome->has_cell[i];
            o->cell[i] = outcome->cell[i];
        }
    }
    if (op->kind == MODEL_SELL || op->kind == MODEL_RESTOCK || op->kind == MODEL_SET) {
        o->has_quantity = true;
        o->quantity = outcome->quantity;
    }
    if (op->kind == MODEL_SET) {
        o->has_price = true;
        o->cents = outcome->cents;
    } else if (op->kind == MODEL_TITLE) {
        o->title = outcome->title;
    } else if (op->kind == MODEL_REGROUP) {
        o->group = outcome->group;
    } else if (op->kind == MODEL_TAG || op->kind == MODEL_UNTAG) {
        memcpy(o->tags, outcome->tags, sizeof(o->tags));
        o->tag_count = outcome->tag_count;
    }
}

struct built {
    struct settings *settings;
    struct analyzer *analyzer;
    struct dictionary *dictionary;
    struct suggest_builder *suggest;
    struct shard_builder *shard;
    struct arena arena;
};

static enum status add_objects(struct built *b, const struct model *feed, struct error *err)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < MODEL_OBJECTS && status == STATUS_OK; i++) {
        struct json object;
        if (feed->objects[i].there) {
            model_object_json(&feed->objects[i], i, &b->arena, &object);
            status = shard_builder_add(b->shard, &object, err);
            suggest_builder_add(b->suggest, &object, (double)feed->objects[i].popularity);
        }
    }
    return status;
}

static enum status write_files(struct built *b, const char *dir, int64_t as_of_ms, struct error *err)
{
    char path[256];
    struct buf bytes = BUF_EMPTY;
    bool any = shard_builder_count(b->shard) > 0;
    snprintf(path, sizeof(path), "%s/shard-0000.aisle", dir);
    enum status status = any ? shard_builder_finish_file(b->shard, path, err) : STATUS_OK;
    if (status == STATUS_OK) {
        dictionary_write(b->dictionary, &bytes);
        snprintf(path, sizeof(path), "%s/dictionary.aisle", dir);
        status = checked_file_write(path, buf_str(&bytes), err);
    }
    if (status == STATUS_OK) {
        buf_clear(&bytes);
        suggest_builder_finish(b->suggest, &bytes);
        snprintf(path, sizeof(path), "%s/suggest.aisle", dir);
        status = checked_file_write(path, buf_str(&bytes), err);
    }
    if (status == STATUS_OK) {
        snprintf(path, sizeof(path), "%s/settings.json", dir);
        status = file_replace(path, STR(MODEL_SETTINGS), err);
    }
    if (status == STATUS_OK) {
        buf_clear(&bytes);
        buf_printf(&bytes, "{\"format\":1,\"index\":\"%s\",\"as_of_ms\":%lld,\"shards\":[%s]}", MODEL_INDEX,
                   (long long)as_of_ms, any ? "\"shard-0000.aisle\"" : "");
        snprintf(path, sizeof(path), "%s/candidate.json", dir);
        status = file_replace(path, buf_str(&bytes), err);
    }
    buf_release(&bytes);
    return status;
}

enum status model_write_candidate(const struct model *feed, const char *dir, const char *name, int64_t as_of_ms,
                                  struct error *err)
{
    struct built b = {0};
    char path[200];
    struct analyzer_options language = {.language = ""};
    arena_init(&b.arena, 0);
    snprintf(path, sizeof(path), "%s/candidates/%s", dir, name);
    enum status status = settings_parse(&b.settings, STR(MODEL_SETTINGS), NULL, err);
    if (status == STATUS_OK) {
        status = analyzer_open(&b.analyzer, &language, err);
    }
    if (status == STATUS_OK && (status = dir_make(path, err)) == STATUS_OK) {
        b.dictionary = dictionary_new(b.settings);
        b.suggest = suggest_builder_new(b.settings, b.analyzer, 1 << 20);
        struct shard_build_options options = {
            .settings = b.settings, .analyzer = b.analyzer, .dictionary = b.dictionary};
        b.shard = shard_builder_new(&options);
        status = add_objects(&b, feed, err);
    }
    if (status == STATUS_OK) {
        status = write_files(&b, path, as_of_ms, err);
    }
    shard_builder_free(b.shard);
    suggest_builder_free(b.suggest);
    dictionary_free(b.dictionary);
    analyzer_close(b.analyzer);
    settings_free(b.settings);
    arena_release(&b.arena);
    return status;
}
