#ifndef AISLE_SERVER_EVENTS_EVENT_H
#define AISLE_SERVER_EVENTS_EVENT_H

/*
 * What shoppers do, as one record: a search with what was shown at which position, or an action on products. Reading
 * clients' JSON is event_parse.h's, keeping records is events.h's.
 *
 * Record payload (the log's kind is LOG_FIRST_KIND + type), little-endian, texts as a varint length and bytes:
 *
 *   u8 layout 1     u8 token length    token, zeroed when it was asked to be forgotten    i64 time, ms since 1970
 *   u64 identity    u8 flags (1: query id, 2: value)    [16 bytes query id]    [f64 value]
 *   index    name    currency    query    normal    note    varint total    varint item count
 *   items: object id    varint position    varint quantity    u8 flags (1: query id, 2: value)    [16 bytes]    [f64]
 */
#include "indexer/base/arena.h"
#include "indexer/base/buf.h"

enum event_type {
    EVENT_SEARCH, /* items: what was shown */
    EVENT_VIEW,
    EVENT_CLICK,
    EVENT_CART,
    EVENT_CONVERSION, /* one that says no more */
    EVENT_PURCHASE,
    EVENT_OTHER, /* an action that clients named and nothing here knows; kept */
    EVENT_TYPES
};
/* "search", "view", "click", "cart", "conversion", "purchase", "other" */
const char *event_type_name(enum event_type type);

#define EVENT_TOKEN_MAX    129 /* bytes, as Algolia's clients have it */
#define EVENT_NAME_MAX     128
#define EVENT_CURRENCY_MAX 16
#define EVENT_NOTE_MAX     4096
#define EVENT_ITEMS_MAX    100

/* The id of an answered search: 8 random bytes, then a hash of index and normal form of the query, masked by a hash of
 * the former, so that an event tells its query without a table of all searches. Ids that are not ours fit as well: a
 * UUID is its 16 bytes, other texts become their hash. As text 32 lower-case hexadecimal digits. */
struct query_id {
    uint8_t bytes[16];
};
#define QUERY_ID_TEXT 33
/* A new one. Any thread. */
struct query_id query_id_new(uint64_t query_key);
/* The hash that query_id_new was given, when it made this one; else nobody's. */
uint64_t query_id_key(const struct query_id *id);
void query_id_text(const struct query_id *id, char out[QUERY_ID_TEXT]);
struct query_id query_id_of(struct str text); /* text is not empty */
bool query_id_equal(const struct query_id *a, const struct query_id *b);
/* What names a query's signals: hash of an index's name and a query's normal form. */
uint64_t query_key_of(struct str index, struct str normal);

struct event_item {
    struct str object_id;
    uint32_t position; /* from 1; 0: not known */
    uint32_t quantity; /* 0: not known */
    double value;      /* of one piece; NaN: not known */
    bool has_query;    /* an id of its own, else the event's */
    struct query_id query_id;
};

struct event {
    enum event_type type;
    uint64_t seq;      /* in the log */
    int64_t wall_ms;   /* when it was logged */
    int64_t time_ms;   /* when it happened, as the client says, never after the clock */
    uint64_t identity; /* the same twice is a repeat; 0: none can be told */
    struct str index;  /* the index's name, for a replica its parent's; empty: to be told by the query */
    struct str name;   /* eventName, action_name */
    struct str token;  /* empty: none was given, or none is kept */
    struct str currency;
    bool has_query;
    struct query_id query_id;
    double value;      /* of all; NaN: not known */
    struct str query;  /* EVENT_SEARCH: as it was typed */
    struct str normal; /* its normal form (search_normal_form of server/query) */
    uint64_t total;    /* EVENT_SEARCH: how many were found */
    struct str note;   /* whoever logs a search may add bytes */
    const struct event_item *items;
    uint32_t item_count;
};

struct event_list {
    struct event *events;
    size_t count;
    bool malformed; /* the body is not JSON; else an error is about what it says */
};

/* Appends the payload. */
void event_encode(const struct event *e, struct buf *out);
/* type is set by the caller. Texts borrow the payload; items are in the arena. False: the bytes are no payload. */
bool event_decode(struct event *e, struct str payload, struct arena *arena);

/* Zeroes the token in a payload when it is this one. */
bool event_payload_forget(char *payload, size_t size, struct str token);

#endif
