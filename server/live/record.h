#ifndef AISLE_SERVER_LIVE_RECORD_H
#define AISLE_SERVER_LIVE_RECORD_H

/*
 * What the log's records say. Records hold outcomes: values as they were decided, never "two less than before" alone,
 * so applying one again changes nothing. They name an index by its uid (the sequence number of the record that made
 * it), an object by its objectID and an attribute by its name, none of which a rebuild changes. A number of one
 * attribute of one object takes some 60 bytes.
 *
 * Payloads; v is a LEB128 varint, s a v length and bytes:
 *   RECORD_PUT       v uid, object's JSON to the end
 *   RECORD_PARTIAL   v uid, s objectID, members to the end: s name, u8 tag, u8 operation, value
 *                    tag 0..9: v zigzag of units of 10^-tag; tag 16: s JSON text
 *   RECORD_DELETE    v uid, s objectID
 *   RECORD_CLEAR     v uid
 *   RECORD_CREATE    s name (empty: not to be seen until it is renamed), settings JSON to the end; uid = sequence
 *   RECORD_DROP      v uid
 *   RECORD_SETTINGS  v uid, whole settings JSON to the end
 *   RECORD_RENAME    v uid, s new name; the index that had the name is dropped
 *   RECORD_GENERATION v uid, v number: a generation is about to be taken into service
 *   RECORD_UPDATE    v uid, s objectID, with RECORD_ITEM: v item number, members to the end: those of RECORD_PARTIAL,
 *                    each with a v order key behind it, plus 1 (order.h); 0: the attribute's key stays what it is
 *   RECORD_STREAM    v uid, 16 bytes: hash128 of an Idempotency-Key. The records behind it in its batch, up to the next
 *                    of its kind, that have RECORD_ITEM are items of that stream
 *   RECORD_HELD      v uid, s objectID, with RECORD_ITEM: v item number, the update as held.h encodes it: of a product
 *                    that is not there yet
 *   RECORD_RELEASE   v uid, s objectID: its held updates are applied by the records that follow, or expired
 *   RECORD_SOURCE    text to the end: who sent what follows, up to the next one: key, line feed, route
 *   RECORD_DROPPED   v uid, s objectID, s reason, JSON of what was dropped to the end: changes nothing
 *
 * With the flag RECORD_AS_OF, PARTIAL, UPDATE and DELETE have v as-of ms behind the uid: what they know about, when
 * that is not the time they were accepted at. A record of an unknown kind or with unknown flags is an error: it was
 * written by a later version.
 */
#include "indexer/base/arena.h"
#include "indexer/base/hash.h"
#include "indexer/base/json.h"
#include "server/live/update_log.h"

enum record_kind {
    RECORD_PUT = LOG_FIRST_KIND,
    RECORD_PARTIAL,
    RECORD_DELETE,
    RECORD_CLEAR,
    RECORD_CREATE,
    RECORD_DROP,
    RECORD_SETTINGS,
    RECORD_RENAME,
    RECORD_GENERATION,
    RECORD_UPDATE,
    RECORD_STREAM,
    RECORD_HELD,
    RECORD_RELEASE,
    RECORD_SOURCE,
    RECORD_DROPPED,
    RECORD_KIND_END
};

/* Whether a record concerns a whole index, and not its objects. */
static inline bool record_is_structural(enum record_kind kind)
{
    return kind >= RECORD_CLEAR && kind <= RECORD_GENERATION;
}

/* A source is written when it is another one, and at least each so many records. */
enum { RECORD_SOURCE_EACH = 4096 };

enum record_flag {
    RECORD_CREATED = 1, /* the object was not there before; a RECORD_PARTIAL without it never makes one */
    RECORD_AS_OF = 2,   /* from a feed of an earlier time */
    RECORD_ITEM = 4     /* an item of the stream that the last RECORD_STREAM names */
};

/* How a member got its value; for those who read the log. */
enum member_operation {
    MEMBER_SET,
    MEMBER_INCREMENT,
    MEMBER_DECREMENT,
    MEMBER_ADD,
    MEMBER_REMOVE,
    MEMBER_ADD_UNIQUE,
    MEMBER_INCREMENT_FROM,
    MEMBER_INCREMENT_SET,
    MEMBER_DERIVED, /* follows from others: the price to pay when a sale begins or ends */
    MEMBER_OPERATION_END
};

/* Stands in an update's member where a decimal has its scale: the value is JSON. */
enum { RECORD_TAG_JSON = 16 };

struct member_change {
    struct str name; /* of the object's member */
    enum member_operation operation;
    struct json value; /* the outcome */
    uint64_t key;      /* RECORD_UPDATE: the order key plus 1; 0: it stays */
};

struct record {
    enum record_kind kind;
    uint64_t seq;
    int64_t wall_ms;
    int64_t as_of_ms; /* 0: wall_ms */
    uint8_t flags;
    uint64_t uid;
    uint32_t generation; /* of RECORD_GENERATION */
    struct str id;       /* objectID, or the name of RECORD_CREATE and RECORD_RENAME */
    struct str text;     /* JSON of RECORD_PUT, RECORD_CREATE, RECORD_SETTINGS, RECORD_DROPPED; the source */
    struct str reason;   /* of RECORD_DROPPED */
    const struct member_change *members;
    size_t member_count;
    uint64_t item;         /* with RECORD_ITEM */
    struct hash128 stream; /* RECORD_STREAM */
};

/* Each appends one record and returns its sequence number. */
uint64_t record_put(struct log_writer *w, uint64_t uid, uint8_t flags, const struct json *object);
uint64_t record_partial(struct log_writer *w, const struct record *r);
uint64_t record_delete(struct log_writer *w, const struct record *r); /* uid, id, as_of_ms */
uint64_t record_update(struct log_writer *w, const struct record *r); /* UPDATE; r->item with RECORD_ITEM */
uint64_t record_stream(struct log_writer *w, uint64_t uid, struct hash128 stream);
uint64_t record_held(struct log_writer *w, const struct record *r); /* HELD; text is the encoded update */
uint64_t record_name(struct log_writer *w, enum record_kind kind, uint64_t uid, struct str name); /* RENAME, RELEASE */
uint64_t record_uid(struct log_writer *w, enum record_kind kind, uint64_t uid);                   /* CLEAR, DROP */
uint64_t record_generation(struct log_writer *w, uint64_t uid, uint32_t generation);
uint64_t record_source(struct log_writer *w, struct str source);
/* r: uid, id, reason, text. */
uint64_t record_dropped(struct log_writer *w, const struct record *r);
uint64_t record_create(struct log_writer *w, struct str name, struct str settings);
uint64_t record_settings(struct log_writer *w, uint64_t uid, struct str settings);

/* Borrows the log's bytes and the arena. STATUS_FORMAT when the payload is not what its kind says. */
MUST_CHECK enum status record_decode(const struct log_record *from, struct arena *arena, struct record *out,
                                     struct error *err);

#endif
