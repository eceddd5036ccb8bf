#include "server/live/record.h"

#include <inttypes.h>
#include <string.h>

#include "indexer/base/number.h"

uint64_t record_put(struct log_writer *w, uint64_t uid, uint8_t flags, const struct json *object)
{
    uint64_t seq = log_writer_begin(w, RECORD_PUT, flags);
    buf_put_varint(&w->bytes, uid);
    json_write(&w->bytes, object);
    log_writer_end(w);
    return seq;
}

static void put_member(struct buf *b, const struct member_change *m)
{
    struct decimal d;
    buf_put_text(b, m->name);
    if (m->value.type == JSON_NUMBER && decimal_parse(m->value.text, &d)) {
        buf_put_u8(b, d.scale);
        buf_put_u8(b, (uint8_t)m->operation);
        buf_put_varint(b, ((uint64_t)d.units << 1) ^ (uint64_t)(d.units >> 63));
        return;
    }
    struct buf text = BUF_EMPTY;
    json_write(&text, &m->value);
    buf_put_u8(b, RECORD_TAG_JSON);
    buf_put_u8(b, (uint8_t)m->operation);
    buf_put_text(b, buf_str(&text));
    buf_release(&text);
}

/* Begins a record that may know about an earlier time. */
static uint64_t begin_as_of(struct log_writer *w, enum record_kind kind, const struct record *r)
{
    bool as_of = r->as_of_ms > 0;
    uint64_t seq = log_writer_begin(w, (uint8_t)kind, (uint8_t)(r->flags | (as_of ? RECORD_AS_OF : 0)));
    buf_put_varint(&w->bytes, r->uid);
    if (as_of) {
        buf_put_varint(&w->bytes, (uint64_t)r->as_of_ms);
    }
    return seq;
}

uint64_t record_delete(struct log_writer *w, const struct record *r)
{
    uint64_t seq = begin_as_of(w, RECORD_DELETE, r);
    buf_put_text(&w->bytes, r->id);
    log_writer_end(w);
    return seq;
}

uint64_t record_partial(struct log_writer *w, const struct record *r)
{
    uint64_t seq = begin_as_of(w, RECORD_PARTIAL, r);
    buf_put_text(&w->bytes, r->id);
    for (size_t i = 0; i < r->member_count; i++) {
        put_member(&w->bytes, &r->members[i]);
    }
    log_writer_end(w);
    return seq;
}

uint64_t record_update(struct log_writer *w, const struct record *r)
{
    uint64_t seq = begin_as_of(w, RECORD_UPDATE, r);
    buf_put_text(&w->bytes, r->id);
    if (r->flags & RECORD_ITEM) {
        buf_put_varint(&w->bytes, r->item);
    }
    for (size_t i = 0; i < r->member_count; i++) {
        put_member(&w->bytes, &r->members[i]);
        buf_put_varint(&w->bytes, r->members[i].key);
    }
    log_writer_end(w);
    return seq;
}

uint64_t record_stream(struct log_writer *w, uint64_t uid, struct hash128 stream)
{
    uint64_t seq = log_writer_begin(w, RECORD_STREAM, 0);
    buf_put_varint(&w->bytes, uid);
    buf_put_u64(&w->bytes, stream.low);
    buf_put_u64(&w->bytes, stream.high);
    log_writer_end(w);
    return seq;
}

uint64_t record_held(struct log_writer *w, const struct record *r)
{
    uint64_t seq = log_writer_begin(w, RECORD_HELD, r->flags);
    buf_put_varint(&w->bytes, r->uid);
    buf_put_text(&w->bytes, r->id);
    if (r->flags & RECORD_ITEM) {
        buf_put_varint(&w->bytes, r->item);
    }
    buf_append_str(&w->bytes, r->text);
    log_writer_end(w);
    return seq;
}

uint64_t record_name(struct log_writer *w, enum record_kind kind, uint64_t uid, struct str name)
{
    uint64_t seq = log_writer_begin(w, (uint8_t)kind, 0);
    buf_put_varint(&w->bytes, uid);
    buf_put_text(&w->bytes, name);
    log_writer_end(w);
    return seq;
}

uint64_t record_uid(struct log_writer *w, enum record_kind kind, uint64_t uid)
{
    uint64_t seq = log_writer_begin(w, (uint8_t)kind, 0);
    buf_put_varint(&w->bytes, uid);
    log_writer_end(w);
    return seq;
}

uint64_t record_generation(struct log_writer *w, uint64_t uid, uint32_t generation)
{
    uint64_t seq = log_writer_begin(w, RECORD_GENERATION, 0);
    buf_put_varint(&w->bytes, uid);
    buf_put_varint(&w->bytes, generation);
    log_writer_end(w);
    return seq;
}

uint64_t record_source(struct log_writer *w, struct str source)
{
    uint64_t seq = log_writer_begin(w, RECORD_SOURCE, 0);
    buf_append_str(&w->bytes, source);
    log_writer_end(w);
    return seq;
}

uint64_t record_dropped(struct log_writer *w, const struct record *r)
{
    uint64_t seq = begin_as_of(w, RECORD_DROPPED, r);
    buf_put_text(&w->bytes, r->id);
    buf_put_text(&w->bytes, r->reason);
    buf_append_str(&w->bytes, r->text);
    log_writer_end(w);
    return seq;
}

uint64_t record_create(struct log_writer *w, struct str name, struct str settings)
{
    uint64_t seq = log_writer_begin(w, RECORD_CREATE, 0);
    buf_put_text(&w->bytes, name);
    buf_append_str(&w->bytes, settings);
    log_writer_end(w);
    return seq;
}

uint64_t record_settings(struct log_writer *w, uint64_t uid, struct str settings)
{
    uint64_t seq = log_writer_begin(w, RECORD_SETTINGS, 0);
    buf_put_varint(&w->bytes, uid);
    buf_append_str(&w->bytes, settings);
    log_writer_end(w);
    return seq;
}

static struct str take_str(struct reader *r)
{
    uint64_t size = reader_varint(r);
    if (size > r->size - r->at) {
        r->failed = true;
        size = 0;
    }
    return reader_bytes(r, (size_t)size);
}

static bool take_member(struct reader *r, struct arena *arena, struct member_change *m)
{
    m->name = take_str(r);
    uint8_t tag = reader_u8(r);
    m->operation = (enum member_operation)reader_u8(r);
    if (tag == RECORD_TAG_JSON) {
        struct str text = take_str(r);
        return !r->failed && json_parse(text, arena, &m->value, NULL) == STATUS_OK;
    }
    uint64_t zigzag = reader_varint(r);
    int64_t units = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
    if (r->failed || tag > NUMBER_SCALE_MAX || m->operation >= MEMBER_OPERATION_END) {
        return false;
    }
    struct buf text = BUF_EMPTY;
    decimal_write(&text, units, tag);
    m->value = json_number_text(arena_copy(arena, buf_str(&text)));
    buf_release(&text);
    return true;
}

static bool take_members(struct reader *r, struct arena *arena, struct record *out)
{
    size_t capacity = 4;
    size_t count = 0;
    struct member_change *members = ARENA_ARRAY(arena, struct member_change, capacity);
    while (r->at < r->size) {
        if (count == capacity) {
            struct member_change *more = ARENA_ARRAY(arena, struct member_change, capacity * 2);
            memcpy(more, members, count * sizeof(*more));
            members = more;
            capacity *= 2;
        }
        if (!take_member(r, arena, &members[count])) {
            return false;
        }
        members[count].key = out->kind == RECORD_UPDATE ? reader_varint(r) : 0;
        count++;
    }
    out->members = members;
    out->member_count = count;
    return !r->failed;
}

static struct str take_rest(struct reader *r)
{
    return reader_bytes(r, r->size - r->at);
}

static void take_target(struct reader *r, struct record *out)
{
    out->id = take_str(r);
    if (out->flags & RECORD_ITEM) {
        out->item = reader_varint(r);
    }
}

static bool decode(struct reader *r, struct arena *arena, struct record *out)
{
    if (out->kind != RECORD_CREATE && out->kind != RECORD_SOURCE) {
        out->uid = reader_varint(r);
    }
    if (out->flags & RECORD_AS_OF) {
        out->as_of_ms = (int64_t)reader_varint(r);
    }
    switch (out->kind) {
    case RECORD_PUT:
    case RECORD_SETTINGS:
    case RECORD_SOURCE:
        out->text = take_rest(r);
        break;
    case RECORD_PARTIAL:
        out->id = take_str(r);
        return !r->failed && take_members(r, arena, out);
    case RECORD_UPDATE:
        take_target(r, out);
        return !r->failed && take_members(r, arena, out);
    case RECORD_HELD:
        take_target(r, out);
        out->text = r->failed ? out->text : take_rest(r);
        break;
    case RECORD_STREAM:
        out->stream.low = reader_u64(r);
        out->stream.high = reader_u64(r);
        break;
    case RECORD_RELEASE:
    case RECORD_DELETE:
    case RECORD_RENAME:
        out->id = take_str(r);
        break;
    case RECORD_CREATE:
        out->uid = out->seq;
        out->id = take_str(r);
        out->text = r->failed ? out->text : take_rest(r);
        break;
    case RECORD_DROPPED:
        out->id = take_str(r);
        out->reason = take_str(r);
        out->text = r->failed ? out->text : take_rest(r);
        break;
    case RECORD_GENERATION:
        out->generation = (uint32_t)reader_varint(r);
        break;
    case RECORD_CLEAR:
    case RECORD_DROP:
        break;
    case RECORD_KIND_END:
        return false;
    }
    return !r->failed && r->at == r->size;
}

enum status record_decode(const struct log_record *from, struct arena *arena, struct record *out, struct error *err)
{
    *out = (struct record){.seq = from->seq, .wall_ms = from->wall_ms, .flags = from->flags};
    struct reader r = reader_of(from->payload.data, from->payload.size);
    if (from->kind < LOG_FIRST_KIND || from->kind >= RECORD_KIND_END ||
        (from->flags & ~(RECORD_CREATED | RECORD_AS_OF | RECORD_ITEM)) != 0) {
        return error_set(err, STATUS_FORMAT,
                         "log record %" PRIu64 " has kind %u and flags %u, which this version does not know", from->seq,
                         from->kind, from->flags);
    }
    out->kind = (enum record_kind)from->kind;
    if (!decode(&r, arena, out)) {
        return error_set(err, STATUS_FORMAT, "log record %" PRIu64 " of kind %u has a wrong payload at offset %zu",
                         from->seq, from->kind, r.at);
    }
    return STATUS_OK;
}
