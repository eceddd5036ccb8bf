/* Deciding operations on whole indexes: each is a group of its own. */
#include <stdlib.h>

#include "indexer/base/limits.h"
#include "server/live/decide.h"
#include "server/live/structure.h"
#include "server/live/synonyms_change.h"

enum { COPY_BYTES = 4 << 20, COPY_OBJECTS = 2048 };

bool op_is_structural(const struct live_op *op)
{
    return op->kind != LIVE_PUT && op->kind != LIVE_PARTIAL && op->kind != LIVE_DELETE;
}

/* Commits the one record in the writer and lets it take effect. */
static enum status commit_record(struct live *l, struct record *r, struct error *err)
{
    r->seq = l->seq + 1;
    enum status status = writer_commit(l, err);
    r->wall_ms = l->wall_ms;
    return status == STATUS_OK ? structure_record(l, r, err) : status;
}

enum status structure_make_index(struct live *l, struct str name, struct live_index **out, struct error *err)
{
    struct record r = {.kind = RECORD_CREATE, .id = name, .text = STR("{}")};
    writer_start(l);
    r.uid = record_create(&l->writer, r.id, r.text);
    enum status status = commit_record(l, &r, err);
    *out = status == STATUS_OK ? live_index_of_uid(l, r.uid) : NULL;
    return status;
}

/* The settings that a change starts from: those that wait, else those in force. */
static const struct settings *newest_settings(const struct live_index *x)
{
    return x->next_settings ? x->next_settings->settings : x->settings->settings;
}

/* ---- settings ---- */

/* What a replica's own settings become in its parent's document. */
static bool replica_document(struct json *document, struct str name, const struct json *body, struct arena *arena)
{
    const struct json *ranking = json_get(body, "ranking");
    const struct json *custom = json_get(body, "customRanking");
    const struct json *all = json_get(document, "replicaRanking");
    struct json map = {.type = JSON_OBJECT};
    if (all && all->type == JSON_OBJECT) {
        map = json_clone(all, arena);
    }
    /* Virtual replicas are sorted by customRanking, standard ones by ranking: its asc() and desc() entries count. */
    VEC(struct json) keys = {0};
    const struct json *from[] = {ranking, custom};
    for (size_t f = 0; f < 2; f++) {
        for (uint32_t i = 0; from[f] && from[f]->type == JSON_ARRAY && i < from[f]->count; i++) {
            struct str text;
            if (json_string(&from[f]->items[i], &text) &&
                (str_starts_with(text, STR("asc(")) || str_starts_with(text, STR("desc(")))) {
                vec_push(&keys, json_of_str(text));
            }
        }
    }
    struct json *items = ARENA_ARRAY(arena, struct json, keys.count + 1);
    for (size_t i = 0; i < keys.count; i++) {
        items[i] = keys.items[i];
    }
    bool ok = json_object_set(&map, name, json_array(items, keys.count), arena) &&
              json_object_set(document, STR("replicaRanking"), map, arena);
    vec_release(&keys);
    return ok;
}

static bool merge_document(struct json *document, const struct json *body, struct arena *arena)
{
    bool ok = true;
    for (uint32_t i = 0; i < body->count && ok; i++) {
        const struct json_member *m = &body->members[i];
        if (m->value.type == JSON_NULL) {
            json_object_remove(document, m->name);
        } else {
            ok = json_object_set(document, m->name, m->value, arena);
        }
    }
    return ok;
}

/* Checks the document, logs it and puts it in force or on the way. */
static enum status store_settings(struct live *l, struct live_batch *batch, struct live_op *op, struct live_index *x,
                                  const struct json *document, struct error *err)
{
    struct buf text = BUF_EMPTY;
    struct live_settings *checked = NULL;
    struct error wrong = {0};
    json_write(&text, document);
    enum status status = live_settings_make(&checked, buf_str(&text), NULL, &wrong);
    if (status == STATUS_OK && settings_replica(checked->settings, str_from(x->name))) {
        status = error_set(&wrong, STATUS_INPUT,
                           "'replicas': '%s' is the index itself; a replica needs a name of its own", x->name);
    }
    shared_drop(SHARED(checked));
    if (status != STATUS_OK) {
        op_fail(op, status, "%s", wrong.message);
        buf_release(&text);
        return STATUS_OK;
    }
    struct record r = {.kind = RECORD_SETTINGS, .uid = x->uid, .text = buf_str(&text)};
    writer_start(l);
    record_settings(&l->writer, r.uid, r.text);
    status = commit_record(l, &r, err);
    op->rebuilding = status == STATUS_OK && x->next_settings != NULL;
    if (op->rebuilding) {
        batch->task_id = r.seq;
    }
    buf_release(&text);
    return status;
}

enum status structure_add_setting(struct live *l, struct live_index *x, struct str key, const struct json *value,
                                  struct error *err)
{
    struct live_batch batch = {0};
    struct live_op op = {.status = STATUS_OK};
    struct arena arena;
    arena_init(&arena, 0);
    struct json document = json_clone(&newest_settings(x)->source, &arena);
    (void)!json_object_set(&document, key, *value, &arena);
    enum status status = store_settings(l, &batch, &op, x, &document, err);
    if (status == STATUS_OK && op.status != STATUS_OK) {
        status = error_set(err, op.status, "%s", op.message);
    }
    arena_release(&arena);
    return status;
}

static enum status find_or_make(struct live *l, struct live_op *op, struct str name, struct live_index **out,
                                bool *replica, struct error *err)
{
    *out = live_index_find(l, name, replica);
    if (*out) {
        return STATUS_OK;
    }
    if (!index_name_valid(name)) {
        op_fail(op, STATUS_INPUT, "an index name has 1 to %d bytes, without '/' and control characters",
                LIMIT_INDEX_NAME_BYTES);
        return STATUS_OK;
    }
    return structure_make_index(l, name, out, err);
}

static enum status run_settings(struct live *l, struct live_batch *batch, struct live_op *op, struct error *err)
{
    struct live_index *x;
    bool replica;
    struct arena arena;
    if (op->body.type != JSON_OBJECT) {
        op_fail(op, STATUS_INPUT, "settings must be a JSON object");
        return STATUS_OK;
    }
    enum status status = find_or_make(l, op, op->index, &x, &replica, err);
    if (status != STATUS_OK || !x) {
        return status;
    }
    arena_init(&arena, 0);
    struct json document = {.type = JSON_OBJECT};
    if (op->kind != LIVE_SETTINGS_REPLACE || replica) {
        document = json_clone(&newest_settings(x)->source, &arena);
    }
    bool ok = true;
    if (op->kind == LIVE_SYNONYMS) {
        ok = synonyms_change(&document, &op->body, &arena);
    } else if (replica) {
        ok = replica_document(&document, op->index, &op->body, &arena);
    } else {
        ok = merge_document(&document, &op->body, &arena);
    }
    if (ok) {
        status = store_settings(l, batch, op, x, &document, err);
    } else {
        op_fail(op, STATUS_LIMIT, "out of memory for settings");
    }
    arena_release(&arena);
    return status;
}

/* ---- copy and move ---- */

static bool is_replica_key(struct str name)
{
    return str_equal(name, STR("replicas")) || str_equal(name, STR("replicaRanking"));
}

/* The document that `to` has after taking from `from` what scope says; replicas stay with their own index. */
static struct json copied_document(const struct json *from, const struct json *to, unsigned scope, struct arena *arena)
{
    struct json out = {.type = JSON_OBJECT};
    const struct json *sources[] = {from, to};
    for (size_t s = 0; s < 2; s++) {
        for (uint32_t i = 0; sources[s] && i < sources[s]->count; i++) {
            const struct json_member *m = &sources[s]->members[i];
            unsigned part = str_equal(m->name, STR("synonyms")) ? LIVE_SCOPE_SYNONYMS : LIVE_SCOPE_SETTINGS;
            bool take_from = (scope & part) && !is_replica_key(m->name);
            if (take_from == (s == 0)) {
                (void)!json_object_set(&out, m->name, json_clone(&m->value, arena), arena);
            }
        }
    }
    return out;
}

/* Every live object of x into the hidden index, in groups. */
static enum status copy_objects(struct live *l, const struct live_index *x, struct live_index *hidden,
                                struct error *err)
{
    const struct snapshot *s = &index_current(x)->s;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < s->segment_count && status == STATUS_OK; i++) {
        uint32_t count = shard_doc_count(s->segments[i].shard);
        for (doc_id doc = 0; doc < count && status == STATUS_OK; doc++) {
            struct json object;
            if (segment_deleted(&s->segments[i], doc)) {
                continue;
            }
            struct changes *c = group_changes(l, hidden);
            status = snapshot_object_source(s, i, doc, &c->arena, &object, err);
            if (status == STATUS_OK) {
                record_put(&l->writer, hidden->uid, RECORD_CREATED, &object);
                changes_put(c, changes_of(c, shard_object_id(s->segments[i].shard, doc)), &object);
            }
            if (l->writer.count >= COPY_OBJECTS || l->writer.bytes.size >= COPY_BYTES) {
                status = status == STATUS_OK ? group_commit(l, err) : status;
                writer_start(l);
            }
        }
    }
    return status == STATUS_OK ? group_commit(l, err) : status;
}

/* Copies into an index that nobody sees, then gives it the name: all or nothing, for readers and after a crash. */
static enum status copy_whole(struct live *l, struct live_op *op, struct live_index *x, const struct json *document,
                              struct error *err)
{
    struct buf text = BUF_EMPTY;
    json_write(&text, document);
    struct record r = {.kind = RECORD_CREATE, .text = buf_str(&text)};
    writer_start(l);
    r.uid = record_create(&l->writer, r.id, r.text);
    enum status status = commit_record(l, &r, err);
    buf_release(&text);
    if (status != STATUS_OK) {
        return status;
    }
    struct live_index *hidden = live_index_of_uid(l, r.uid);
    writer_start(l);
    status = copy_objects(l, x, hidden, err);
    struct record end = {.kind = RECORD_RENAME, .uid = r.uid, .id = op->target};
    if (status != STATUS_OK) {
        struct error ignored;
        end.kind = RECORD_DROP;
        writer_start(l);
        record_uid(&l->writer, RECORD_DROP, r.uid);
        (void)!commit_record(l, &end, &ignored);
        return status;
    }
    writer_start(l);
    record_name(&l->writer, RECORD_RENAME, r.uid, op->target);
    return commit_record(l, &end, err);
}

static enum status run_copy(struct live *l, struct live_batch *batch, struct live_op *op, struct live_index *x,
                            struct error *err)
{
    bool replica;
    struct arena arena;
    struct live_index *target = live_index_find(l, op->target, &replica);
    enum status status = STATUS_OK;
    const struct json *own = target ? &newest_settings(target)->source : NULL;
    arena_init(&arena, 0);
    struct json document = copied_document(&newest_settings(x)->source, own, op->scope, &arena);
    if (op->scope & LIVE_SCOPE_OBJECTS) {
        status = copy_whole(l, op, x, &document, err);
    } else {
        status = find_or_make(l, op, op->target, &target, &replica, err);
        if (status == STATUS_OK && target) {
            status = store_settings(l, batch, op, target, &document, err);
        }
    }
    arena_release(&arena);
    return status;
}

static enum status run_between(struct live *l, struct live_batch *batch, struct live_op *op, struct live_index *x,
                               struct error *err)
{
    bool replica;
    struct live_index *target = live_index_find(l, op->target, &replica);
    if (!index_name_valid(op->target)) {
        op_fail(op, STATUS_INPUT, "an index name has 1 to %d bytes, without '/' and control characters",
                LIMIT_INDEX_NAME_BYTES);
        return STATUS_OK;
    }
    if (target == x || (target && replica)) {
        op_fail(op, STATUS_INPUT, "'" STR_FMT "' is the same index or a replica", STR_ARG(op->target));
        return STATUS_OK;
    }
    if (op->kind == LIVE_COPY) {
        return run_copy(l, batch, op, x, err);
    }
    struct record r = {.kind = RECORD_RENAME, .uid = x->uid, .id = op->target};
    writer_start(l);
    record_name(&l->writer, RECORD_RENAME, x->uid, op->target);
    return commit_record(l, &r, err);
}

enum status structure_execute(struct live *l, struct live_batch *batch, struct live_op *op, struct error *err)
{
    bool replica;
    if (op->kind == LIVE_SETTINGS || op->kind == LIVE_SETTINGS_REPLACE || op->kind == LIVE_SYNONYMS) {
        return run_settings(l, batch, op, err);
    }
    struct live_index *x = live_index_find(l, op->index, &replica);
    if (!x) {
        if (op->kind != LIVE_DELETE_INDEX) {
            op_fail(op, STATUS_NOT_FOUND, "index '" STR_FMT "' does not exist", STR_ARG(op->index));
        }
        return STATUS_OK;
    }
    if (replica) {
        op_fail(op, STATUS_INPUT, "index '" STR_FMT "' is a replica of '%s'", STR_ARG(op->index), x->name);
        return STATUS_OK;
    }
    if (op->kind == LIVE_COPY || op->kind == LIVE_MOVE) {
        return run_between(l, batch, op, x, err);
    }
    struct record r = {.kind = op->kind == LIVE_CLEAR ? RECORD_CLEAR : RECORD_DROP, .uid = x->uid};
    writer_start(l);
    record_uid(&l->writer, r.kind, x->uid);
    return commit_record(l, &r, err);
}
