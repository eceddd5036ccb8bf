#include "server/live/apply.h"

#include "indexer/base/hash.h"
#include "server/live/record_text.h"

enum { LATER_MOST = 50000000 };

struct key {
    uint64_t id, attribute;
};

static struct key key_of(struct str id, struct str attribute)
{
    return (struct key){hash64(id.data, id.size), attribute.size ? hash64_seed(attribute.data, attribute.size, 1) : 0};
}

static struct str key_bytes(const struct key *k)
{
    return (struct str){(const char *)k, sizeof(*k)};
}

void later_init(struct later *t, uint64_t uid, int64_t as_of_ms, uint64_t seq)
{
    *t = (struct later){.uid = uid, .as_of_ms = as_of_ms, .seq = seq};
    map_init(&t->entries);
    arena_init(&t->arena, 0);
}

void later_release(struct later *t)
{
    if (t->uid) {
        map_release(&t->entries);
        arena_release(&t->arena);
    }
    *t = (struct later){0};
}

enum later_object later_object(const struct later *t, struct str id)
{
    struct key k = key_of(id, (struct str){0});
    const uint64_t *value = map_get(&t->entries, key_bytes(&k));
    return t->cleared ? LATER_DELETED : value ? (enum later_object) * value : LATER_NONE;
}

unsigned later_attribute(const struct later *t, struct str id, struct str attribute)
{
    struct key k = key_of(id, attribute);
    const uint64_t *value = map_get(&t->entries, key_bytes(&k));
    return value ? (unsigned)*value : 0;
}

static void note_object(struct later *t, struct str id, enum later_object what)
{
    struct key k = key_of(id, (struct str){0});
    uint64_t *value = map_put(&t->entries, key_bytes(&k), LATER_NONE, NULL);
    /* Made again after it was deleted: what it had before does not come back. */
    bool whole = what == LATER_MADE && *value != LATER_NONE;
    *value = (uint64_t)(whole ? LATER_WHOLE : what);
}

static void note_record(struct later *t, const struct record *r)
{
    struct str id = record_object_id(r, &t->arena);
    if (r->kind == RECORD_PUT) {
        note_object(t, id, LATER_WHOLE);
    } else if (r->kind == RECORD_DELETE) {
        note_object(t, id, LATER_DELETED);
    } else if (r->kind == RECORD_CLEAR) {
        t->cleared = true;
    } else if (r->kind == RECORD_PARTIAL || r->kind == RECORD_UPDATE) {
        if (r->flags & RECORD_CREATED) {
            note_object(t, id, LATER_MADE);
        }
        for (size_t i = 0; i < r->member_count; i++) {
            struct key k = key_of(id, r->members[i].name);
            *map_put(&t->entries, key_bytes(&k), 0, NULL) |= r->members[i].key ? LATER_KEYED : LATER_UNKEYED;
        }
    }
}

static enum status visit(void *context, const struct log_record *from, struct error *err)
{
    struct later *t = context;
    struct record r;
    arena_reset(&t->arena);
    enum status status = record_decode(from, &t->arena, &r, err);
    if (status != STATUS_OK || r.uid != t->uid || record_known_ms(&r) <= t->as_of_ms) {
        return status;
    }
    note_record(t, &r);
    return t->entries.count <= LATER_MOST
               ? STATUS_OK
               : error_set(err, STATUS_LIMIT, "more than %d attributes were changed since the feed's time", LATER_MOST);
}

enum status later_read(struct later *t, const struct log_backend *backend, void *log, uint64_t to, struct error *err)
{
    enum status status = STATUS_OK;
    if (t->seq < to) {
        status = backend->read(log, t->seq + 1, to, visit, t, err);
    }
    if (status == STATUS_OK) {
        t->seq = to > t->seq ? to : t->seq;
    }
    return status;
}
