#ifndef AISLE_SERVER_LIVE_UPDATE_H
#define AISLE_SERVER_LIVE_UPDATE_H

/*
 * The inventory lane: updates of numbers that change in place, such as stock and prices. They overtake waiting writes
 * of whole objects, many share one sync, and none costs memory of its own. Each has its own outcome, decided in order
 * against what the ones before it came to.
 *
 * Order (STORAGE has the rules): a set may carry a key, a timestamp in ms or a version as the settings choose for the
 * attribute (settings_mutable). Keys decide, not arrival: an attribute whose key is not above the one it has is
 * dropped. A set without a key is never dropped, and lifts the key to the present time where timestamps order.
 * Increments and decrements have no key; they happen in the order of arrival.
 */
#include "indexer/base/hash.h"
#include "indexer/base/json.h"
#include "indexer/base/number.h"
#include "indexer/base/status.h"

struct live;

enum update_kind { UPDATE_SET, UPDATE_INCREMENT, UPDATE_DECREMENT };

enum update_flag {
    UPDATE_TIMESTAMP = 1, /* key is a timestamp */
    UPDATE_VERSION = 2,   /* key is a version */
    UPDATE_MIN = 4,       /* increments and decrements: a result below min is refused */
    UPDATE_IF_VERSION = 8,
    UPDATE_IF_STOCK = 16,
    UPDATE_NATIVE = 32 /* not held: refused with UPDATE_UNKNOWN_OBJECT; without a stream also refused where the object
                          would have to be written anew: UPDATE_NEEDS_WRITE */
};

enum update_result {
    UPDATE_APPLIED,
    UPDATE_DROPPED,   /* every attribute has a newer or equal key */
    UPDATE_DUPLICATE, /* done by an earlier request with the same Idempotency-Key */
    UPDATE_HELD,      /* until the product is there */
    UPDATE_REFUSED
};

enum update_reason {
    UPDATE_FINE,
    UPDATE_MALFORMED,     /* the line; live_update.text says how */
    UPDATE_NOT_MUTABLE,   /* an attribute that the settings don't let change */
    UPDATE_NOT_A_NUMBER,  /* the value, or what is to be incremented */
    UPDATE_KEY_NOT_TAKEN, /* increments take no key */
    UPDATE_WRONG_KEY,     /* a timestamp where versions order, or the other way round */
    UPDATE_FUTURE,        /* a timestamp more than a minute ahead */
    UPDATE_WRONG_ID,      /* an objectID of no or too many bytes, or not UTF-8 */
    UPDATE_BELOW_MIN,     /* conflicts */
    UPDATE_OTHER_VERSION,
    UPDATE_TOO_LITTLE,
    UPDATE_UNKNOWN_OBJECT, /* not held, since the settings say so, or it is native */
    UPDATE_HELD_FULL,      /* no room for more held updates */
    UPDATE_NEEDS_WRITE,
    UPDATE_TOO_LARGE,
    UPDATE_NOT_WRITTEN, /* the batch's status and error say why */
    UPDATE_REASON_END
};

enum { UPDATE_VALUES_MAX = 16 };
#define UPDATE_FUTURE_MS 60000

struct live_update {
    struct str object_id;
    const struct json_member *values; /* 1 to UPDATE_VALUES_MAX; numbers, for a set also true, false, null */
    uint8_t value_count;
    uint8_t kind;  /* enum update_kind */
    uint8_t flags; /* enum update_flag */
    /* outcome; a result that is not UPDATE_APPLIED when the batch is submitted stays, and nothing is done */
    uint8_t result;
    uint8_t reason;
    bool has_now;
    uint16_t dropped; /* bit i: values[i] has a newer or equal key */
    uint64_t key;
    uint64_t if_version;
    struct decimal min;
    struct decimal if_stock;
    struct decimal now; /* the first value, as it is after this update; when it was refused, as it was */
    const char *text;   /* UPDATE_MALFORMED: what is wrong */
};

struct live_updates {
    struct str index;
    struct live_update *items; /* all borrowed until done is called */
    size_t count;
    bool has_stream;
    struct hash128 stream;                    /* of the Idempotency-Key */
    uint64_t first_item;                      /* the number of items[0] in the stream */
    struct str source;                        /* who sends it, as in struct live_batch */
    void (*done)(struct live_updates *batch); /* called once, on a live thread; must not block */
    void *context;
    /* outcome */
    enum status status; /* of the whole; STATUS_NOT_FOUND: there is no such index */
    struct error error;
    uint64_t seq; /* snapshots from this number on show all of it */
    /* The lane's own. */
    struct live_updates *next;
    uint64_t submitted_ns;
};

/* Hands updates to the sequencer; done is always called. STATUS_BUSY when too many wait (then it is not). */
MUST_CHECK enum status live_update(struct live *l, struct live_updates *batch);
/* The same, waiting for done; for tools and tests. */
MUST_CHECK enum status live_update_wait(struct live *l, struct live_updates *batch);

/* The order key that an attribute of an object has. False when it has none, or there is no such index. Waits for the
 * sequencer: from a thread that is no event base. */
bool live_order_key(struct live *l, struct str index, struct str object_id, struct str attribute, uint64_t *key);

/* STATUS_OK, STATUS_INPUT, STATUS_CONFLICT, ...: what a reason is. */
enum status update_status(enum update_reason reason);
/* For people. */
const char *update_reason_text(enum update_reason reason);

#endif
