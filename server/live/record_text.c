#include "server/live/record_text.h"

#include "indexer/build/shard_build.h"

static const char *const KINDS[RECORD_KIND_END] = {
    [RECORD_PUT] = "put",           [RECORD_PARTIAL] = "partial",    [RECORD_DELETE] = "delete",
    [RECORD_CLEAR] = "clear",       [RECORD_CREATE] = "makeIndex",   [RECORD_DROP] = "dropIndex",
    [RECORD_SETTINGS] = "settings", [RECORD_RENAME] = "renameIndex", [RECORD_GENERATION] = "generation",
    [RECORD_UPDATE] = "update",     [RECORD_STREAM] = "stream",      [RECORD_HELD] = "held",
    [RECORD_RELEASE] = "release",   [RECORD_SOURCE] = "source",      [RECORD_DROPPED] = "dropped",
};

static const char *const OPERATIONS[] = {
    [MEMBER_SET] = "Set",
    [MEMBER_INCREMENT] = "Increment",
    [MEMBER_DECREMENT] = "Decrement",
    [MEMBER_ADD] = "Add",
    [MEMBER_REMOVE] = "Remove",
    [MEMBER_ADD_UNIQUE] = "AddUnique",
    [MEMBER_INCREMENT_FROM] = "IncrementFrom",
    [MEMBER_INCREMENT_SET] = "IncrementSet",
    [MEMBER_DERIVED] = "Derived",
};

const char *record_kind_name(enum record_kind kind)
{
    return kind < RECORD_KIND_END && KINDS[kind] ? KINDS[kind] : "unknown";
}

static void describe_member(const struct member_change *m, struct buf *out)
{
    json_write_string(out, m->name);
    buf_append_char(out, ':');
    if (m->operation == MEMBER_SET || m->operation >= sizeof(OPERATIONS) / sizeof(OPERATIONS[0])) {
        json_write(out, &m->value);
        return;
    }
    buf_printf(out, "{\"operation\":\"%s\",\"value\":", OPERATIONS[m->operation]);
    json_write(out, &m->value);
    buf_append_char(out, '}');
}

/* The keys that a RECORD_UPDATE gave. */
static void describe_keys(const struct record *r, struct buf *out)
{
    const char *comma = ",\"keys\":{";
    for (size_t i = 0; i < r->member_count; i++) {
        if (r->members[i].key) {
            buf_append_str(out, str_from(comma));
            json_write_string(out, r->members[i].name);
            buf_printf(out, ":%llu", (unsigned long long)r->members[i].key - 1);
            comma = ",";
        }
    }
    buf_append(out, "}", comma[1] == '\0');
}

struct str record_object_id(const struct record *r, struct arena *arena)
{
    struct json object;
    struct str id = {0};
    if (r->kind == RECORD_PUT && json_parse(r->text, arena, &object, NULL) == STATUS_OK && object_id(&object, &id)) {
        return id;
    }
    return r->kind == RECORD_CREATE || r->kind == RECORD_RENAME ? id : r->id;
}

void record_describe(const struct record *r, struct buf *out)
{
    buf_printf(out, "\"operation\":\"%s\"", record_kind_name(r->kind));
    if (r->flags & RECORD_CREATED) {
        buf_literal(out, ",\"created\":true");
    }
    if (r->kind == RECORD_CREATE || r->kind == RECORD_RENAME) {
        buf_literal(out, ",\"name\":");
        json_write_string(out, r->id);
    } else if (r->id.size > 0) {
        buf_literal(out, ",\"objectID\":");
        json_write_string(out, r->id);
    }
    if (r->kind == RECORD_DROPPED) {
        buf_literal(out, ",\"reason\":");
        json_write_string(out, r->reason);
        buf_literal(out, ",\"attributes\":");
        buf_append_str(out, r->text);
    }
    if (r->kind == RECORD_SOURCE) {
        buf_literal(out, ",\"text\":");
        json_write_string(out, r->text);
    }
    if (r->kind == RECORD_GENERATION) {
        buf_printf(out, ",\"generation\":%u", r->generation);
    }
    if (r->kind == RECORD_HELD) {
        buf_literal(out, ",\"update\":");
        buf_append_str(out, r->text);
    }
    if (r->flags & RECORD_ITEM) {
        buf_printf(out, ",\"item\":%llu", (unsigned long long)r->item);
    }
    if (r->kind == RECORD_PARTIAL || r->kind == RECORD_UPDATE) {
        buf_literal(out, ",\"attributes\":{");
        for (size_t i = 0; i < r->member_count; i++) {
            buf_append(out, ",", i > 0);
            describe_member(&r->members[i], out);
        }
        buf_append_char(out, '}');
        describe_keys(r, out);
    } else if (r->kind == RECORD_PUT) {
        buf_literal(out, ",\"object\":");
        buf_append_str(out, r->text);
    } else if (r->kind == RECORD_SETTINGS || r->kind == RECORD_CREATE) {
        buf_literal(out, ",\"settings\":");
        buf_append_str(out, r->text);
    }
}
