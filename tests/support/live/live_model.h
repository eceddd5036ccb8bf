#ifndef AISLE_TESTS_SUPPORT_LIVE_LIVE_MODEL_H
#define AISLE_TESTS_SUPPORT_LIVE_LIVE_MODEL_H

/*
 * A small catalog that random operations change, kept twice: as plain structs here, and in a live index. The two must
 * agree in every object, number, stock flag and count. Objects have a title, brand, tags, a price, a quantity, a
 * popularity and a product group; the last three numbers live in columns that are changed in place. They also have a
 * stock in one store and a price in one list.
 */
#include "server/live/live.h"
#include "tests/support/random.h"

enum { MODEL_OBJECTS = 40, MODEL_GROUPS = 12, MODEL_TAGS = 4, MODEL_OPS = 8, MODEL_CELLS = 2 };

struct model_object {
    bool there;
    int group; /* below 0: none, a product of its own */
    int title;
    int brand;
    bool has_price, has_quantity;
    int64_t cents;
    int64_t quantity;
    int64_t popularity;
    bool has_cell[MODEL_CELLS]; /* stores.berlin, prices.vip */
    int64_t cell[MODEL_CELLS];  /* pieces, cents */
    int tags[MODEL_TAGS];
    int tag_count;
};

/* The order keys of an object's quantity and price, which outlive the object. */
struct model_keys {
    int quantity; /* 0: none; MODEL_KEY_NOW: a time of the clock, above all that operations carry */
    int price;
    int cells[MODEL_CELLS];
};
#define MODEL_KEY_MAX 1000
#define MODEL_KEY_NOW 1000000

struct model {
    struct model_object objects[MODEL_OBJECTS];
    struct model_keys keys[MODEL_OBJECTS];
    bool keys_read; /* by model_read_keys: they are to be compared */
};

/* What an operation will do, so that it can be done to a model and to an index. */
enum model_kind {
    MODEL_PUT,
    MODEL_SELL,    /* Decrement of quantity */
    MODEL_RESTOCK, /* Increment of quantity */
    MODEL_SET,     /* quantity, price and the store's stock set to plain numbers, in place where they can be */
    MODEL_TITLE,   /* a text change */
    MODEL_REGROUP, /* into another product */
    MODEL_TAG,     /* AddUnique */
    MODEL_UNTAG,   /* Remove */
    MODEL_DELETE,
    MODEL_CLEAR,
    MODEL_LANE_SET,   /* quantity and price on the inventory lane, with a timestamp */
    MODEL_LANE_SELL,  /* a decrement of quantity that must not go below 0 */
    MODEL_LANE_CELLS, /* the store's stock and the list's price, with a timestamp */
    MODEL_LANE_TAKE,  /* a decrement of the store's stock that must not go below 0 */
    MODEL_LANE_DROP,  /* the list's price taken away, with a timestamp */
    MODEL_KINDS
};

struct model_op {
    enum model_kind kind;
    int id;
    bool create; /* partial updates: make the object when it is missing */
    int key;     /* of sets on the lane */
    /* MODEL_LANE_*: what it set, as model_note found it out. */
    bool set_quantity, set_price, set_cell[MODEL_CELLS];
    struct model_object given;
};

#define MODEL_INDEX "shop"
#define MODEL_SETTINGS                                                                                                 \
    "{\"searchableAttributes\":[\"title\",\"brand\"],\"attributesForFaceting\":[\"brand\",\"tags\"],"                  \
    "\"customRanking\":[\"desc(popularity)\"],\"roles\":{\"price\":\"price\",\"quantity\":\"quantity\"},"              \
    "\"stores\":[\"berlin\"],\"priceLists\":[\"vip\"],\"holdUpdatesMinutes\":0}"

/* The same but for a facet: going there or back needs a rebuild. */
#define MODEL_SETTINGS_OTHER                                                                                           \
    "{\"searchableAttributes\":[\"title\",\"brand\"],\"attributesForFaceting\":[\"brand\",\"tags\",\"title\"],"        \
    "\"customRanking\":[\"desc(popularity)\"],\"roles\":{\"price\":\"price\",\"quantity\":\"quantity\"},"              \
    "\"stores\":[\"berlin\"],\"priceLists\":[\"vip\"],\"holdUpdatesMinutes\":0}"

void model_random_op(struct random *r, struct model_op *op);
void model_apply(struct model *m, const struct model_op *op);
/* Notes in the operation what it set, for model_replay. */
void model_note(struct model_op *op, const struct model *before, const struct model *after);
/* The same as an operation of a batch, made in its arena. */
void model_to_live(const struct model_op *op, struct live_batch *batch, struct live_op *out);
/* An object of the model as JSON; for shards that a test builds itself. */
void model_object_json(const struct model_object *o, int id, struct arena *arena, struct json *out);

bool model_equal(const struct model *a, const struct model *b);
/* Reads the whole index. NULL when there is none: then everything is missing. False and a reason when it contradicts
 * itself: counts, flags, facets, columns. */
bool model_read(const struct snapshot *s, struct model *out, char *reason, size_t reason_size);
/* The order keys, into out; of an index that nobody writes to. */
void model_read_keys(struct live *l, struct model *out);
/* What differs, for a person. */
void model_difference(const struct model *a, const struct model *b, char *out, size_t size);

/* A batch of operations; status of the whole. */
enum status model_submit(struct live *l, const struct model_op *ops, size_t count);
enum status model_settings(struct live *l, const char *text);
/* Opens a data directory with small limits; the error is in err. */
enum status model_open(struct live **l, const char *dir, uint64_t checkpoint_ms, struct error *err);

/* A feed as of some moment: objects of the model with new titles, some gone, some new. It becomes a candidate in
 * DIR/candidates/name, as aisle-indexer build would leave it. */
void model_random_feed(struct random *r, const struct model *at, struct model *feed);
MUST_CHECK enum status model_write_candidate(const struct model *feed, const char *dir, const char *name,
                                             int64_t as_of_ms, struct error *err);
/* What an accepted operation does to a state made from a feed: outcome is the object as the operation left it, created
 * says that it made it then. The attributes that it set have the outcome's values. */
void model_replay(struct model *m, const struct model_op *op, const struct model_object *outcome, bool created);

#endif
