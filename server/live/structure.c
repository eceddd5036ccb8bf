/* Operations on whole indexes: making and dropping them, settings, copy and move; and the names that readers see. */
#include <stdlib.h>
#include <string.h>

#include "indexer/base/limits.h"
#include "indexer/base/rcu.h"
#include "server/live/changes_cells.h"
#include "server/live/decide.h"
#include "server/live/live_internal.h"
#include "server/live/structure.h"

/* ---- names ---- */

bool index_name_valid(struct str name)
{
    if (name.size == 0 || name.size > LIMIT_INDEX_NAME_BYTES || !str_utf8_valid(name, NULL)) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == '/' || name.data[i] == 0x7F) {
            return false;
        }
    }
    return name.data[0] != '.' && !str_equal(name, STR("*"));
}

struct live_index *live_index_of_uid(struct live *l, uint64_t uid)
{
    for (size_t i = 0; i < l->indexes.count; i++) {
        if (l->indexes.items[i]->uid == uid) {
            return l->indexes.items[i];
        }
    }
    return NULL;
}

static const struct replica_setting *replica_of(const struct live_index *x, struct str name)
{
    const struct replica_setting *r = settings_replica(x->settings->settings, name);
    return r || !x->next_settings ? r : settings_replica(x->next_settings->settings, name);
}

struct live_index *live_index_find(struct live *l, struct str name, bool *replica)
{
    *replica = false;
    for (size_t i = 0; name.size > 0 && i < l->indexes.count; i++) {
        if (str_equal(str_from(l->indexes.items[i]->name), name)) {
            return l->indexes.items[i];
        }
    }
    for (size_t i = 0; name.size > 0 && i < l->indexes.count; i++) {
        if (l->indexes.items[i]->name[0] && replica_of(l->indexes.items[i], name)) {
            *replica = true;
            return l->indexes.items[i];
        }
    }
    return NULL;
}

static int compare_entries(const void *a, const void *b)
{
    const struct directory_entry *x = a;
    const struct directory_entry *y = b;
    int order = str_compare(x->name, y->name);
    return order != 0 ? order : (int)x->replica - (int)y->replica; /* an index hides a replica of its name */
}

static void directory_count(const struct live *l, size_t *entries, size_t *bytes)
{
    for (size_t i = 0; i < l->indexes.count; i++) {
        const struct live_index *x = l->indexes.items[i];
        const struct settings *s = x->settings->settings;
        if (x->name[0] == '\0') {
            continue;
        }
        ++*entries;
        *bytes += strlen(x->name);
        for (size_t k = 0; k < s->replica_count; k++) {
            ++*entries;
            *bytes += s->replicas[k].name.size;
        }
    }
}

static void directory_add(struct directory *d, char **names, struct str name, struct live_index *x, bool replica)
{
    memcpy(*names, name.data, name.size);
    d->entries[d->count++] = (struct directory_entry){{*names, name.size}, x, replica};
    *names += name.size;
}

void directory_publish(struct live *l)
{
    size_t count = 0;
    size_t bytes = 0;
    directory_count(l, &count, &bytes);
    /* The names are copied behind the entries: readers may hold them longer than the index has its name. */
    struct directory *d = xmalloc(sizeof(*d) + count * sizeof(d->entries[0]) + bytes);
    char *names = (char *)&d->entries[count];
    d->count = 0;
    for (size_t i = 0; i < l->indexes.count; i++) {
        struct live_index *x = l->indexes.items[i];
        const struct settings *s = x->settings->settings;
        if (x->name[0] == '\0') {
            continue;
        }
        directory_add(d, &names, str_from(x->name), x, false);
        for (size_t k = 0; k < s->replica_count; k++) {
            directory_add(d, &names, s->replicas[k].name, x, true);
        }
    }
    qsort(d->entries, d->count, sizeof(d->entries[0]), compare_entries);
    struct directory *old = atomic_exchange_explicit(&l->directory, d, memory_order_acq_rel);
    if (old) {
        rcu_defer(free, old);
    }
}

static void release_index(void *object)
{
    index_free(object);
}

void live_index_drop(struct live *l, struct live_index *x)
{
    for (size_t i = 0; i < l->indexes.count; i++) {
        if (l->indexes.items[i] == x) {
            memmove(&l->indexes.items[i], &l->indexes.items[i + 1],
                    (--l->indexes.count - i) * sizeof(l->indexes.items[0]));
            break;
        }
    }
    task_finish(l, x->uid, UINT64_MAX);
    directory_publish(l);
    rcu_defer(release_index, x);
}

/* ---- tasks ---- */

void task_add(struct live *l, uint64_t id, uint64_t uid)
{
    struct pending_task task = {id, uid};
    pthread_mutex_lock(&l->task_lock);
    vec_push(&l->tasks, task);
    pthread_mutex_unlock(&l->task_lock);
}

void task_finish(struct live *l, uint64_t uid, uint64_t up_to_id)
{
    size_t kept = 0;
    pthread_mutex_lock(&l->task_lock);
    for (size_t i = 0; i < l->tasks.count; i++) {
        if (l->tasks.items[i].uid != uid || l->tasks.items[i].id > up_to_id) {
            l->tasks.items[kept++] = l->tasks.items[i];
        }
    }
    l->tasks.count = kept;
    pthread_mutex_unlock(&l->task_lock);
}

/* ---- records ---- */

static uint64_t live_docs(const struct live_index *x)
{
    uint64_t docs = 0;
    for (size_t i = 0; i < x->segments.count; i++) {
        docs += shard_doc_count(x->segments.items[i].segment->shard) - x->segments.items[i].deleted_docs;
    }
    return docs;
}

static void settings_in_force(struct live_index *x, struct live_settings *s)
{
    index_set_settings(x, s);
    index_set_next(x, NULL, 0);
}

enum status index_record(struct live_index *x, const struct record *r, bool *rebuild, struct error *err)
{
    struct live_settings *s = NULL;
    *rebuild = false;
    if (r->kind == RECORD_CLEAR) {
        if (x->next_settings) {
            struct live_settings *next = x->next_settings;
            shared_keep(SHARED(next));
            settings_in_force(x, next);
            shared_drop(SHARED(next));
        }
        changes_cells_spill(x);
        index_clear(x);
        return STATUS_OK;
    }
    enum status status = live_settings_make(&s, r->text, NULL, err);
    if (status != STATUS_OK) {
        return status;
    }
    bool heavy = settings_compare(x->settings->settings, s->settings) == SETTINGS_REBUILD;
    if (heavy && (live_docs(x) > 0 || x->damaged_count > 0)) {
        index_set_next(x, s, r->seq);
        *rebuild = true;
    } else {
        settings_in_force(x, s);
        if (heavy) {
            index_clear(x); /* there is nothing that would have to be built again */
        }
    }
    shared_drop(SHARED(s));
    return STATUS_OK;
}

static enum status record_create_index(struct live *l, const struct record *r, struct error *err)
{
    struct live_settings *s = NULL;
    enum status status = live_settings_make(&s, r->text, NULL, err);
    if (status != STATUS_OK) {
        return status;
    }
    struct live_index *x = index_new(r->uid, r->id, s);
    shared_drop(SHARED(s));
    x->applied_seq = r->seq;
    x->base_seq = r->seq;
    x->created_ms = r->wall_ms;
    x->updated_ms = r->wall_ms;
    x->as_of_ms = r->wall_ms;
    x->keep_ms = r->wall_ms;
    index_publish(x, r->seq, false);
    vec_push(&l->indexes, x);
    directory_publish(l);
    return STATUS_OK;
}

/* A move leaves the target's replicas in place when what is moved brings none. */
static enum status keep_replicas(struct live_index *x, const struct live_index *target, struct error *err)
{
    const struct settings *from = target->settings->settings;
    const struct json *replicas = json_get(&from->source, "replicas");
    const struct json *ranking = json_get(&from->source, "replicaRanking");
    if (x->settings->settings->replica_count > 0 || from->replica_count == 0 || !replicas) {
        return STATUS_OK;
    }
    struct arena arena;
    struct buf text = BUF_EMPTY;
    struct live_settings *s = NULL;
    arena_init(&arena, 0);
    struct json source = json_clone(&x->settings->settings->source, &arena);
    (void)!json_object_set(&source, STR("replicas"), *replicas, &arena);
    if (ranking) {
        (void)!json_object_set(&source, STR("replicaRanking"), *ranking, &arena);
    }
    json_write(&text, &source);
    enum status status = live_settings_make(&s, buf_str(&text), NULL, err);
    if (status == STATUS_OK) {
        index_set_settings(x, s);
        shared_drop(SHARED(s));
    }
    buf_release(&text);
    arena_release(&arena);
    return status;
}

static enum status record_rename_index(struct live *l, struct live_index *x, const struct record *r, struct error *err)
{
    bool replica;
    struct live_index *target = live_index_find(l, r->id, &replica);
    enum status status = STATUS_OK;
    if (target && !replica && target != x) {
        status = keep_replicas(x, target, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    index_set_name(x, r->id);
    index_publish(x, r->seq, false);
    if (target && !replica && target != x) {
        live_index_drop(l, target); /* one store of the names makes both visible */
    } else {
        directory_publish(l);
    }
    return STATUS_OK;
}

enum status structure_record(struct live *l, const struct record *r, struct error *err)
{
    struct live_index *x = live_index_of_uid(l, r->uid);
    bool rebuild = false;
    enum status status = STATUS_OK;
    if (r->kind == RECORD_CREATE) {
        return x ? STATUS_OK : record_create_index(l, r, err);
    }
    if (!x) {
        return STATUS_OK; /* dropped later, before the files were written */
    }
    switch (r->kind) {
    case RECORD_GENERATION:
    case RECORD_SOURCE:
    case RECORD_DROPPED:
        return STATUS_OK; /* the manifest says which one is in service */
    case RECORD_DROP:
        live_index_drop(l, x);
        return STATUS_OK;
    case RECORD_RENAME:
        return record_rename_index(l, x, r, err);
    default:
        status = index_record(x, r, &rebuild, err);
        if (status == STATUS_OK && rebuild) {
            task_add(l, r->seq, x->uid);
            background_wake_rebuild(l);
        } else if (status == STATUS_OK) {
            task_finish(l, x->uid, r->seq);
        }
        x->updated_ms = r->wall_ms;
        index_publish(x, r->seq, false);
        directory_publish(l);
        return status;
    }
}
