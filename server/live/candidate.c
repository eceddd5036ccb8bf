/* live_adopt: a candidate directory, as aisle-indexer build leaves it (candidate.json in live.h). live_rollback: the
 * generation before, as a candidate again. */
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

static enum status read_json(const char *path, struct arena *arena, struct json *root, struct error *err)
{
    struct buf text = BUF_EMPTY;
    enum status status = file_read_all(path, &text, CANDIDATE_LIMIT, err);
    struct str copy = status == STATUS_OK ? arena_copy(arena, buf_str(&text)) : (struct str){0};
    buf_release(&text);
    if (status == STATUS_OK &&
        (settings_unseal(&copy, err) != STATUS_OK || json_parse(copy, arena, root, err) != STATUS_OK)) {
        error_prefix(err, "'%s'", path);
        status = STATUS_FORMAT;
    }
    return status;
}

enum status candidate_read(const char *dir, struct arena *arena, struct generation_plan *plan, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    char name[32];
    struct json root;
    struct str uid;
    int64_t format = 0;
    snprintf(path, sizeof(path), "%s/candidate.json", dir);
    enum status status = read_json(path, arena, &root, err);
    if (status != STATUS_OK) {
        return status;
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

enum status generation_note(const struct generation_plan *plan, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    struct buf text = BUF_EMPTY;
    snprintf(path, sizeof(path), "%s/GENERATION.json", plan->dir);
    buf_printf(&text,
               "{\"format\":1,\"shards\":%u,\"as_of_ms\":%" PRId64 ",\"settings_ms\":%" PRId64 ",\"base_seq\":%" PRIu64
               "}\n",
               plan->shard_count, plan->as_of_ms, plan->settings_ms, plan->base_seq);
    settings_seal(&text);
    enum status status = file_replace(path, buf_str(&text), err);
    buf_release(&text);
    return status;
}

enum status generation_read(const char *dir, struct arena *arena, struct generation_plan *plan, struct error *err)
{
    char path[LIVE_PATH_BYTES];
    struct json root;
    int64_t format = 0;
    int64_t shards = 0;
    int64_t base_seq = 0;
    snprintf(path, sizeof(path), "%s/GENERATION.json", dir);
    if (!file_exists(path)) {
        return candidate_read(dir, arena, plan, err);
    }
    enum status status = read_json(path, arena, &root, err);
    if (status != STATUS_OK) {
        return status;
    }
    *plan = (struct generation_plan){.dir = dir};
    if (!json_i64(json_get(&root, "format"), &format) || format != 1 || !json_i64(json_get(&root, "shards"), &shards) ||
        shards < 0 || shards > LIMIT_SHARDS || !json_i64(json_get(&root, "as_of_ms"), &plan->as_of_ms) ||
        !json_i64(json_get(&root, "settings_ms"), &plan->settings_ms) ||
        !json_i64(json_get(&root, "base_seq"), &base_seq) || base_seq < 0) {
        return error_set(err, STATUS_FORMAT, "'%s': a member is missing or wrong", path);
    }
    plan->shard_count = (uint32_t)shards;
    plan->base_seq = (uint64_t)base_seq;
    return STATUS_OK;
}

static struct str report_of(const struct generation_plan *plan, const struct generation_outcome *outcome,
                            const struct buf *gates, struct arena *arena)
{
    struct buf text = BUF_EMPTY;
    buf_literal(&text, "{\"index\":");
    json_write_string(&text, plan->name);
    if (outcome) {
        buf_printf(&text,
                   ",\"uid\":\"%016" PRIx64 "\",\"generation\":%u,\"as_of_ms\":%" PRId64 ",\"objects\":%" PRIu64
                   ",\"products\":%" PRIu64 ",\"replayed\":%" PRIu64 ",\"seq\":%" PRIu64,
                   outcome->uid, outcome->generation, plan->as_of_ms, outcome->objects, outcome->products,
                   outcome->replayed, outcome->seq);
    }
    if (gates->size > 0) {
        buf_literal(&text, ",\"gates\":");
        buf_append_str(&text, buf_str(gates));
    }
    buf_append_char(&text, '}');
    struct str report = arena_copy(arena, buf_str(&text));
    buf_release(&text);
    return report;
}

static enum status install(struct live *l, struct generation_plan *plan, struct arena *arena, struct str *report,
                           struct error *err)
{
    struct generation_outcome outcome;
    struct buf gates = BUF_EMPTY;
    plan->gates = &gates;
    enum status status = generation_install(l, plan, &outcome, err);
    if (status == STATUS_OK || gates.size > 0) {
        *report = report_of(plan, status == STATUS_OK ? &outcome : NULL, &gates, arena);
    }
    buf_release(&gates);
    return status;
}

static enum status adopt(struct live *l, const char *dir, bool obey_gates, struct arena *arena, struct str *report,
                         struct error *err)
{
    struct arena own;
    struct generation_plan plan;
    arena_init(&own, 0);
    *report = (struct str){0};
    enum status status = candidate_read(dir, &own, &plan, err);
    if (status == STATUS_OK && plan.uid == 0 && !index_name_valid(plan.name)) {
        status = error_set(err, STATUS_INPUT, "'" STR_FMT "' can't be an index name", STR_ARG(plan.name));
    }
    if (status == STATUS_OK) {
        plan.ask_gates = true;
        plan.obey_gates = obey_gates;
        pthread_mutex_lock(&l->publish_lock);
        status = install(l, &plan, arena, report, err);
        pthread_mutex_unlock(&l->publish_lock);
    }
    arena_release(&own);
    return status;
}

enum status live_adopt(struct live *l, const char *candidate_dir, struct arena *arena, struct str *report,
                       struct error *err)
{
    return adopt(l, candidate_dir, true, arena, report, err);
}

enum status live_adopt_anyway(struct live *l, const char *candidate_dir, struct arena *arena, struct str *report,
                              struct error *err)
{
    return adopt(l, candidate_dir, false, arena, report, err);
}

/* ---- back to the generation before ---- */

struct rollback {
    struct str index;
    struct str name; /* in the arena */
    struct arena *arena;
    uint64_t uid;
    uint32_t previous;
    bool found;
};

static void find_previous(struct live *l, void *context)
{
    struct rollback *r = context;
    bool replica;
    const struct live_index *x = live_index_find(l, r->index, &replica);
    if (x && !replica) {
        r->found = true;
        r->uid = x->uid;
        r->previous = x->previous_generation;
        r->name = arena_copy(r->arena, str_from(x->name));
    }
}

/* The same files under a second name: the generation's own directory stays what it is until the next one is named. */
static enum status link_files(const char *from, const char *to, struct error *err)
{
    char **names = NULL;
    size_t count = 0;
    char source[LIVE_PATH_BYTES + 256];
    char target[LIVE_PATH_BYTES + 256];
    enum status status = dir_remove(to, err);
    if (status == STATUS_OK && (status = dir_make(to, err)) == STATUS_OK) {
        status = dir_list(from, &names, &count, err);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        snprintf(source, sizeof(source), "%s/%.250s", from, names[i]);
        snprintf(target, sizeof(target), "%s/%.250s", to, names[i]);
        status = file_link(source, target, err);
    }
    dir_names_free(names, count);
    return status == STATUS_OK ? dir_sync(to, err) : status;
}

static enum status roll_back(struct live *l, struct rollback *r, struct str *report, struct error *err)
{
    char from[LIVE_PATH_BYTES];
    char dir[LIVE_PATH_BYTES];
    struct generation_plan plan;
    struct error ignored;
    live_control(l, find_previous, r);
    if (!r->found) {
        return error_set(err, STATUS_NOT_FOUND, "index '" STR_FMT "' does not exist", STR_ARG(r->index));
    }
    live_path(l, from, sizeof(from), "index/%016" PRIx64 "/g%06u", r->uid, r->previous);
    if (r->previous == 0 || !file_exists(from)) {
        return error_set(err, STATUS_NOT_FOUND, "index '" STR_FMT "' has no generation before the present one",
                         STR_ARG(r->index));
    }
    live_path(l, dir, sizeof(dir), "candidates/rollback-%016" PRIx64 "-%06u", r->uid, r->previous);
    enum status status = link_files(from, dir, err);
    if (status == STATUS_OK && (status = generation_read(dir, r->arena, &plan, err)) == STATUS_OK) {
        plan.uid = r->uid;
        plan.name = r->name;
        status = install(l, &plan, r->arena, report, err);
    }
    if (status != STATUS_OK) {
        (void)!dir_remove(dir, &ignored);
    }
    return status;
}

enum status live_rollback(struct live *l, struct str index, struct arena *arena, struct str *report, struct error *err)
{
    struct rollback r = {.index = index, .arena = arena};
    *report = (struct str){0};
    pthread_mutex_lock(&l->publish_lock);
    enum status status = roll_back(l, &r, report, err);
    pthread_mutex_unlock(&l->publish_lock);
    return status;
}
