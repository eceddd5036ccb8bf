#include "server/events/event.h"

#include <assert.h>
#include <math.h>

#include "indexer/base/hash.h"
#include "indexer/base/limits.h"

enum { LAYOUT = 1, HAS_QUERY = 1, HAS_VALUE = 2, TOKEN_AT = 2 };

const char *event_type_name(enum event_type type)
{
    static const char *const NAMES[EVENT_TYPES] = {"search",     "view",     "click", "cart",
                                                   "conversion", "purchase", "other"};
    return NAMES[type];
}

/* ---- query ids ---- */

struct query_id query_id_new(uint64_t query_key)
{
    static _Thread_local uint64_t seed[2];
    struct query_id id;
    if (seed[0] == 0) {
        random_bytes(seed, sizeof(seed));
        seed[0] |= 1;
    }
    seed[1]++;
    uint64_t nonce = hash64(seed, sizeof(seed));
    uint64_t masked = query_key ^ hash64(&nonce, sizeof(nonce));
    memcpy(id.bytes, &nonce, sizeof(nonce));
    memcpy(id.bytes + 8, &masked, sizeof(masked));
    return id;
}

uint64_t query_id_key(const struct query_id *id)
{
    uint64_t masked;
    memcpy(&masked, id->bytes + 8, sizeof(masked));
    return masked ^ hash64(id->bytes, 8);
}

void query_id_text(const struct query_id *id, char out[QUERY_ID_TEXT])
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof(id->bytes); i++) {
        out[2 * i] = DIGITS[id->bytes[i] >> 4];
        out[2 * i + 1] = DIGITS[id->bytes[i] & 15];
    }
    out[QUERY_ID_TEXT - 1] = '\0';
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct query_id query_id_of(struct str text)
{
    struct query_id id = {{0}};
    size_t digits = 0;
    size_t others = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = digit_of(text.data[i]);
        if (digit >= 0 && digits < 32) {
            id.bytes[digits / 2] = (uint8_t)(id.bytes[digits / 2] << 4 | digit);
            digits++;
        } else if (digit >= 0 || text.data[i] != '-') {
            others++;
        }
    }
    if (digits != 32 || others > 0) {
        struct hash128 hash = hash128(text.data, text.size);
        memcpy(id.bytes, &hash, sizeof(id.bytes));
    }
    return id;
}

bool query_id_equal(const struct query_id *a, const struct query_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

uint64_t query_key_of(struct str index, struct str normal)
{
    return hash64_seed(normal.data, normal.size, hash64(index.data, index.size));
}

/* ---- payloads ---- */

static void put_double(struct buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    buf_put_u64(out, bits);
}

static void put_options(struct buf *out, bool has_query, const struct query_id *id, double value)
{
    bool has_value = !isnan(value);
    buf_put_u8(out, (uint8_t)((has_query ? HAS_QUERY : 0) | (has_value ? HAS_VALUE : 0)));
    if (has_query) {
        buf_append(out, id->bytes, sizeof(id->bytes));
    }
    if (has_value) {
        put_double(out, value);
    }
}

void event_encode(const struct event *e, struct buf *out)
{
    assert(e->token.size <= EVENT_TOKEN_MAX && e->item_count <= EVENT_ITEMS_MAX);
    buf_put_u8(out, LAYOUT);
    buf_put_u8(out, (uint8_t)e->token.size);
    buf_append_str(out, e->token);
    buf_put_u64(out, (uint64_t)e->time_ms);
    buf_put_u64(out, e->identity);
    put_options(out, e->has_query, &e->query_id, e->value);
    buf_put_text(out, e->index);
    buf_put_text(out, e->name);
    buf_put_text(out, e->currency);
    buf_put_text(out, e->query);
    buf_put_text(out, e->normal);
    buf_put_text(out, e->note);
    buf_put_varint(out, e->total);
    buf_put_varint(out, e->item_count);
    for (uint32_t i = 0; i < e->item_count; i++) {
        const struct event_item *item = &e->items[i];
        buf_put_text(out, item->object_id);
        buf_put_varint(out, item->position);
        buf_put_varint(out, item->quantity);
        put_options(out, item->has_query, &item->query_id, item->value);
    }
}

static void take_options(struct reader *r, bool *has_query, struct query_id *id, double *value)
{
    uint8_t flags = reader_u8(r);
    *has_query = flags & HAS_QUERY;
    *value = (double)NAN;
    if (*has_query) {
        struct str bytes = reader_bytes(r, sizeof(id->bytes));
        if (bytes.size == sizeof(id->bytes)) {
            memcpy(id->bytes, bytes.data, bytes.size);
        }
    }
    if (flags & HAS_VALUE) {
        uint64_t bits = reader_u64(r);
        memcpy(value, &bits, sizeof(bits));
    }
}

static bool take_items(struct reader *r, struct event *e, struct arena *arena)
{
    uint64_t count = reader_varint(r);
    if (r->failed || count > EVENT_ITEMS_MAX) {
        return false;
    }
    struct event_item *items = ARENA_ARRAY(arena, struct event_item, count + 1);
    for (uint64_t i = 0; items && i < count; i++) {
        items[i].object_id = reader_text(r);
        r->failed = r->failed || items[i].object_id.size > LIMIT_OBJECT_ID_BYTES;
        items[i].position = (uint32_t)reader_varint(r);
        items[i].quantity = (uint32_t)reader_varint(r);
        take_options(r, &items[i].has_query, &items[i].query_id, &items[i].value);
    }
    e->items = items;
    e->item_count = (uint32_t)count;
    return items != NULL;
}

bool event_decode(struct event *e, struct str payload, struct arena *arena)
{
    struct reader r = reader_of(payload.data, payload.size);
    enum event_type type = e->type;
    *e = (struct event){.type = type};
    if (reader_u8(&r) != LAYOUT) {
        return false;
    }
    e->token = reader_bytes(&r, reader_u8(&r));
    if (e->token.size > 0 && e->token.data[0] == '\0') {
        e->token = (struct str){0};
    }
    e->time_ms = (int64_t)reader_u64(&r);
    e->identity = reader_u64(&r);
    take_options(&r, &e->has_query, &e->query_id, &e->value);
    e->index = reader_text(&r);
    e->name = reader_text(&r);
    e->currency = reader_text(&r);
    e->query = reader_text(&r);
    e->normal = reader_text(&r);
    e->note = reader_text(&r);
    e->total = reader_varint(&r);
    return take_items(&r, e, arena) && !r.failed && r.at == r.size;
}

bool event_payload_forget(char *payload, size_t size, struct str token)
{
    size_t length = size > TOKEN_AT ? (uint8_t)payload[1] : 0;
    if (token.size == 0 || length != token.size || TOKEN_AT + length > size ||
        memcmp(payload + TOKEN_AT, token.data, length) != 0) {
        return false;
    }
    memset(payload + TOKEN_AT, 0, length);
    return true;
}
