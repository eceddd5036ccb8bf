#include "indexer/build/packed_object.h"

#include "indexer/base/limits.h"

enum { NAMES_MAX = 1 << 16 /* in the table; others, and long ones, stand in the objects */ };

void packed_names_init(struct packed_names *n)
{
    *n = (struct packed_names){.last = 0};
    map_init(&n->numbers);
    arena_init(&n->arena, 0);
}

void packed_names_release(struct packed_names *n)
{
    vec_release(&n->items);
    map_release(&n->numbers);
    arena_release(&n->arena);
}

/* --- writing --- */
/* The name's number; 0 when the table is full. Objects are much alike, so the name that followed the last one before is
 * tried first. */
static uint32_t number_of(struct packed_names *n, struct str name)
{
    uint32_t guess = n->last ? n->items.items[n->last - 1].next : 0;
    uint64_t *known = NULL;

    if (name.size > PACKED_NAME_BYTES)
        return 0;
    if (guess && str_equal(n->items.items[guess - 1].text, name)) {
        n->last = guess;
        return guess;
    }
    known = map_get(&n->numbers, name);
    if (!known && n->items.count >= NAMES_MAX)
        return 0;
    if (!known) {
        struct packed_name added = {.text = arena_copy(&n->arena, name)};

        vec_push(&n->items, added);
        known = map_put(&n->numbers, name, n->items.count, NULL);
    }
    guess = (uint32_t)*known;
    if (n->last)
        n->items.items[n->last - 1].next = guess;
    n->last = guess;
    return guess;
}

struct writing {
    struct packed_names *names;
    struct buf *out;
    bool repeated; /* an object has a name twice */
    bool deep;
};

static void put_text(struct buf *out, struct str text)
{
    struct buf repaired = BUF_EMPTY;

    if (!str_utf8_valid(text, NULL)) {
        buf_append_utf8(&repaired, text);
        text = buf_str(&repaired);
    }
    buf_put_text(out, text);
    buf_release(&repaired);
}

static void put_names(struct writing *w, const struct json *object)
{
    uint64_t serial = ++w->names->serial;

    for (uint32_t i = 0; i < object->count; i++) {
        uint32_t number = number_of(w->names, object->members[i].name);

        buf_put_varint(w->out, number);
        if (number) {
            w->repeated |= w->names->items.items[number - 1].serial == serial;
            w->names->items.items[number - 1].serial = serial;
        } else {
            put_text(w->out, object->members[i].name);
            w->repeated = true; /* not known; it is looked for in the JSON */
        }
    }
}

static void put_value(struct writing *w, const struct json *value, unsigned depth)
{
    buf_put_u8(w->out, (uint8_t)value->type);
    w->deep |= depth > LIMIT_JSON_DEPTH && (value->type == JSON_ARRAY || value->type == JSON_OBJECT);
    if (w->deep)
        return;
    switch (value->type) {
    case JSON_NUMBER:
    case JSON_STRING:
        put_text(w->out, value->text);
        break;
    case JSON_ARRAY:
        buf_put_varint(w->out, value->count);
        for (uint32_t i = 0; i < value->count; i++)
            put_value(w, &value->items[i], depth + 1);
        break;
    case JSON_OBJECT:
        buf_put_varint(w->out, value->count);
        put_names(w, value);
        for (uint32_t i = 0; i < value->count; i++)
            put_value(w, &value->members[i].value, depth + 1);
        break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
}

/* Writing and reading JSON takes repeated names away. */
static enum status put_cleaned(struct writing *w, const struct json *object, struct error *err)
{
    struct buf text = BUF_EMPTY;
    struct arena arena;
    struct json cleaned;
    enum status status = STATUS_OK;

    arena_init(&arena, 0);
    json_write(&text, object);
    status = json_parse(buf_str(&text), &arena, &cleaned, err);
    if (status == STATUS_OK)
        put_value(w, &cleaned, 1);
    arena_release(&arena);
    buf_release(&text);
    return status;
}

enum status packed_object_put(struct packed_names *n, const struct json *object, struct buf *out, struct error *err)
{
    struct writing w = {.names = n, .out = out};
    size_t from = out->size;

    put_value(&w, object, 1);
    if (w.deep)
        return error_set(err, STATUS_LIMIT, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
    if (!w.repeated)
        return STATUS_OK;
    out->size = from;
    return put_cleaned(&w, object, err);
}

/* --- reading --- */
struct reading {
    const struct packed_names *names;
    struct arena *arena;
    const uint8_t *at, *end;
    bool failed;
};

static uint64_t get_varint(struct reading *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;

        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    r->failed = true;
    return 0;
}

static struct str get_text(struct reading *r)
{
    uint64_t size = get_varint(r);
    struct str text = {(const char *)r->at, (size_t)size};

    if (size > (size_t)(r->end - r->at)) {
        r->failed = true;
        return (struct str){0};
    }
    r->at += size;
    return text;
}

/* How many values follow, each of which has a byte at least. */
static uint32_t get_count(struct reading *r)
{
    uint64_t count = get_varint(r);

    if (count > (size_t)(r->end - r->at))
        r->failed = true;
    return r->failed ? 0 : (uint32_t)count;
}

static void get_value(struct reading *r, struct json *out, unsigned depth);

static void get_members(struct reading *r, struct json *out, unsigned depth)
{
    out->count = get_count(r);
    out->capacity = out->count;
    out->members = arena_alloc(r->arena, (size_t)out->count * sizeof(*out->members));
    for (uint32_t i = 0; i < out->count && !r->failed; i++) {
        uint64_t number = get_varint(r);

        if (number > r->names->items.count)
            r->failed = true;
        else
            out->members[i].name = number ? r->names->items.items[number - 1].text : get_text(r);
    }
    for (uint32_t i = 0; i < out->count && !r->failed; i++)
        get_value(r, &out->members[i].value, depth + 1);
}

static void get_value(struct reading *r, struct json *out, unsigned depth)
{
    *out = (struct json){.type = JSON_NULL};
    if (r->at == r->end || depth > LIMIT_JSON_DEPTH + 1) {
        r->failed = true;
        return;
    }
    out->type = (enum json_type) * r->at++;
    switch (out->type) {
    case JSON_NUMBER:
    case JSON_STRING:
        out->text = get_text(r);
        break;
    case JSON_ARRAY:
        out->count = get_count(r);
        out->items = arena_alloc(r->arena, (size_t)out->count * sizeof(*out->items));
        for (uint32_t i = 0; i < out->count && !r->failed; i++)
            get_value(r, &out->items[i], depth + 1);
        break;
    case JSON_OBJECT:
        get_members(r, out, depth);
        break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    default:
        r->failed = true;
    }
}

enum status packed_object_get(const struct packed_names *n, struct str bytes, struct arena *arena, struct json *out,
                              struct error *err)
{
    struct reading r = {
        .names = n, .arena = arena, .at = (const uint8_t *)bytes.data, .end = (const uint8_t *)bytes.data + bytes.size};

    get_value(&r, out, 1);
    if (r.failed || r.at != r.end) {
        *out = (struct json){.type = JSON_NULL};
        return error_set(err, STATUS_FORMAT, "an object between the passes is damaged");
    }
    return STATUS_OK;
}
