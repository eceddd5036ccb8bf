/* live_adopt: a candidate directory, as aisle-indexer build leaves it (candidate.json in live.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "server/live/adopt.h"

enum { CANDIDATE_LIMIT = 1 << 20 };

static bool parse_uid(struct str text, uint64_t *uid)
{
    char copy[17] = {0};
    char *end;
    if (text.size != 16) {
        return false;
    }
    memcpy(copy, text.data, 16);
    *uid = strtoull(copy, &end, 16);
    return *end == '\0' && *uid != 0;
}

static enum status wrong(struct error *err, const char *dir, const char *what)
{
    return error_set(err, STATUS_FORMAT, "'%s/candidate.json': %s", dir, what);
}

static enum status read_plan(const char *dir, struct arena *arena, struct generation_plan *plan, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    char name[32];
    struct buf text = BUF_EMPTY;
    struct json root;
    struct str uid;
    int64_t format = 0;
    snprintf(path, sizeof(path), "%s/candidate.json", dir);
    enum status status = file_read_all(path, &text, CANDIDATE_LIMIT, err);
    struct str copy = status == STATUS_OK ? arena_copy(arena, buf_str(&text)) : (struct str){0};
    buf_release(&text);
    if (status != STATUS_OK) {
        return status;
    }
    if (json_parse(copy, arena, &root, err) != STATUS_OK) {
        error_prefix(err, "'%s'", path);
        return STATUS_FORMAT;
    }
    const struct json *shards = json_get(&root, "shards");
    *plan = (struct generation_plan){.dir = dir};
    if (!json_i64(json_get(&root, "format"), &format) || format != 1) {
        return wrong(err, dir, "'format' is not 1");
    }
    if (!json_string(json_get(&root, "index"), &plan->name) ||
        !json_i64(json_get(&root, "as_of_ms"), &plan->as_of_ms)) {
        return wrong(err, dir, "'index' or 'as_of_ms' is missing");
    }
    if (json_get(&root, "uid") && (!json_string(json_get(&root, "uid"), &uid) || !parse_uid(uid, &plan->uid))) {
        return wrong(err, dir, "'uid' is not 16 hexadecimal digits");
    }
    (void)json_i64(json_get(&root, "settings_ms"), &plan->settings_ms);
    if (!shards || shards->type != JSON_ARRAY || shards->count > LIMIT_SHARDS) {
        return wrong(err, dir, "'shards' is not a list of up to 64 files");
    }
    for (uint32_t i = 0; i < shards->count; i++) {
        struct str given;
        snprintf(name, sizeof(name), "shard-%04u.aisle", i);
        if (!json_string(&shards->items[i], &given) || !str_equal(given, str_from(name))) {
            return wrong(err, dir, "'shards' must be shard-0000.aisle, shard-0001.aisle, ...");
        }
    }
    plan->shard_count = shards->count;
    return STATUS_OK;
}

enum status live_adopt(struct live *l, const char *candidate_dir, struct arena *arena, struct str *report,
                       struct error *err)
{
    struct arena own;
    struct generation_plan plan;
    struct generation_outcome outcome;
    struct buf text = BUF_EMPTY;
    arena_init(&own, 0);
    enum status status = read_plan(candidate_dir, &own, &plan, err);
    if (status == STATUS_OK && plan.uid == 0 && !index_name_valid(plan.name)) {
        status = error_set(err, STATUS_INPUT, "'" STR_FMT "' can't be an index name", STR_ARG(plan.name));
    }
    if (status == STATUS_OK) {
        pthread_mutex_lock(&l->publish_lock);
        status = generation_install(l, &plan, &outcome, err);
        pthread_mutex_unlock(&l->publish_lock);
    }
    if (status == STATUS_OK) {
        buf_literal(&text, "{\"index\":");
        json_write_string(&text, plan.name);
        buf_printf(&text,
                   ",\"uid\":\"%016" PRIx64 "\",\"generation\":%u,\"as_of_ms\":%" PRId64 ",\"objects\":%" PRIu64
                   ",\"products\":%" PRIu64 ",\"replayed\":%" PRIu64 ",\"seq\":%" PRIu64 "}",
                   outcome.uid, outcome.generation, plan.as_of_ms, outcome.objects, outcome.products, outcome.replayed,
                   outcome.seq);
        *report = arena_copy(arena, buf_str(&text));
    }
    buf_release(&text);
    arena_release(&own);
    return status;
}
