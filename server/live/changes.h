#ifndef AISLE_SERVER_LIVE_CHANGES_H
#define AISLE_SERVER_LIVE_CHANGES_H

/*
 * The changes of one group commit to one index: decided against its present state and each other, seen by nobody until
 * they are published, and dropped when the log could not be synced. Recovery and the replay onto a new generation use
 * the same code, with outcomes read from the log.
 *
 * Single numbers that live in cut columns are changed in place. Anything else writes the object anew: its whole product
 * is deleted where it is and built into a delta shard together with its variants.
 *
 * Thread rule: the index's writer.
 */
#include "indexer/base/map.h"
#include "server/live/cells.h"
#include "server/live/index.h"
#include "server/live/pending_keys.h"
#include "server/live/record.h"

struct change {
    struct str id;
    uint32_t segment; /* where the object is in the present state */
    doc_id doc;       /* DOC_NONE: it is not there */
    bool loaded;      /* object is what it will be */
    bool whole;       /* to be written anew */
    bool deleted;
    bool released; /* its held updates were decided */
    struct json object;
};

/* A held update that a group accepted. */
struct held_change {
    struct str id;
    struct str line;
    int64_t wall_ms;
};

struct lane;

struct doc_place {
    uint32_t segment;
    doc_id doc;
};

struct cell_key {
    struct str id;
    attr_id attr;
    uint64_t tag;
    uint64_t key;
};

struct changes {
    struct live_index *index;
    const struct snapshot *base;
    struct arena arena;
    struct map ids;
    VEC(struct change) items;
    struct cells cells;
    struct pending_keys keys;
    struct cells store_cells;           /* of stores and price lists; value NUMBER_MISSING: taken away */
    VEC(uint64_t) store_keys;           /* of store_cells' items; 0: it stays */
    VEC(struct cell_key) written_keys;  /* of cells in objects that are written anew */
    struct pending_keys written_by_tag; /* the same */
    VEC(struct held_change) held;
    VEC(struct sale_due) due;           /* prices that may change by themselves; ids in the arena */
    VEC(struct str) gone;               /* objects whose held updates were decided */
    struct lane *lane;                  /* lane.h's own */
    const struct stream *stream_logged; /* whose RECORD_STREAM stands last in the log's batch */
    size_t whole_count;
    size_t whole_bytes; /* of their JSON, roughly */

    /* What changes_build made. */
    VEC(struct doc_place) dead;
    VEC(uint32_t) absorbed; /* deltas that the new one replaces */
    struct live_segment *built;
};

void changes_init(struct changes *c, struct live_index *index);
void changes_release(struct changes *c);
bool changes_empty(const struct changes *c);

/* The change of an object, made and located when it is new. Valid until the next one is made. */
struct change *changes_of(struct changes *c, struct str id);
static inline bool change_exists(const struct change *x)
{
    return x->whole || (!x->deleted && x->doc != DOC_NONE);
}

/* The change of an object if there is one. */
struct change *changes_find(const struct changes *c, struct str id);

/* Loads what the object will be; needs change_exists. */
MUST_CHECK enum status changes_load(struct changes *c, struct change *x, struct error *err);
/* The member as it will be; *out NULL when it is missing. Does not load the object when a cell says it. */
MUST_CHECK enum status changes_member(struct changes *c, struct change *x, struct str name, const struct json **out,
                                      struct error *err);

/* object is borrowed until the changes are released. */
void changes_put(struct changes *c, struct change *x, const struct json *object);
void changes_delete(struct changes *c, struct change *x);
/* In place when all members can be, else the object is written anew. The object must be there. */
MUST_CHECK enum status changes_members(struct changes *c, struct change *x, const struct member_change *members,
                                       size_t count, struct error *err);

/* The order key that an attribute has, plus 1; 0: none. The tag is order_tag's. */
uint64_t changes_key(const struct changes *c, uint64_t tag);
/* The same of an attribute that may be a cell of a store or price list. */
uint64_t changes_key_of(struct changes *c, struct str id, struct str name);
/* Lifts the keys that the attributes of an object written whole have already: it sets them, without a key. */
void changes_lift_keys(struct changes *c, struct str id, const struct json *object, int64_t now_ms);

/* Applies a record of the log that concerns an object. */
MUST_CHECK enum status changes_record(struct changes *c, const struct record *r, struct error *err);

/* Builds the delta that is needed, if any; nothing is to be seen of it yet. */
MUST_CHECK enum status changes_build(struct changes *c, struct error *err);
/* Tests: how many documents a commit may build again to keep deltas few, instead of leaving them to the merges; 0: as
 * usual. */
void changes_set_absorb_for_test(uint32_t docs);
/* Makes it all the present state and publishes it; the changes are then to be released. Needs changes_build. */
void changes_publish(struct changes *c, uint64_t seq, int64_t now_ms);

#endif
