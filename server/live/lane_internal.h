#ifndef AISLE_SERVER_LIVE_LANE_INTERNAL_H
#define AISLE_SERVER_LIVE_LANE_INTERNAL_H

/* What the files of the lane share: lane.c decides, lane_find.c knows where objects and cells are, lane_place.c changes
 * cells, lane_write.c writes objects anew, lane_sales.c does what is due. */
#include "server/live/lane.h"

#define EFFECTIVE_PRICE STR("effective_price")

/* The attributes that a sale is made of; the sale price's name is empty when the index has no sales. */
void sale_names(const struct settings *s, struct str names[SALE_PARTS]);

/* What ifStockAtLeast is about: the stock of the store that the update names, else the quantity; empty: neither. */
struct str lane_stock_named(const struct settings *s, const struct live_update *u);

struct lane_attribute {
    struct str name;
    uint64_t hash;
    attr_id attr; /* ATTR_NONE: no object has it as a number */
    bool by_version;
    bool quantity;
    bool flag;     /* true and false are cells */
    bool in_place; /* nothing else follows from it */
};

enum { LANE_CELL = -2 };
enum column_state { COLUMN_UNKNOWN, COLUMN_CELLS, COLUMN_NONE };

struct lane_column {
    const struct number_column *column;
    uint8_t state;
};

/* A cell of a store or price list, by its name. */
struct lane_dimension {
    struct str name;
    uint64_t hash;
    attr_id attr;
    uint8_t scale;
    bool by_version;
};

struct lane {
    struct lane_attribute *attributes;
    size_t attribute_count;
    struct lane_column *columns; /* [segment * (attribute_count + 1) + attribute] */
    int quantity;                /* the attribute; -1: none */
    bool has_prices;
    int sale[SALE_PARTS];       /* attributes; -1: none */
    struct map dimension_names; /* those that updates named so far -> a number in dimensions */
    VEC(struct lane_dimension) dimensions;
};

/* ---- one update on its way ---- */

/* A value on its way to be decided. */
struct lane_value {
    int attribute; /* LANE_CELL: of a store or price list */
    int dimension; /* LANE_CELL: its number */
    bool by_version;
    bool read;    /* LANE_CELL: have is what the group leaves there; else it is decided by writing */
    int64_t have; /* NUMBER_MISSING: none */
    int64_t cell;
    uint64_t tag;
    uint64_t key; /* the attribute's key after this update, plus 1; 0: it stays */
    struct decimal number;
};

struct lane_work {
    struct lane_decision *d;
    struct live_update *u;
    const struct lane_place *at;
    struct change *x;                                /* what else the group does to the object; NULL: nothing */
    bool derived;                                    /* there is a price to pay behind the values */
    bool sale;                                       /* prices or the sale's period change */
    uint8_t cells;                                   /* values that are cells of stores and price lists */
    struct lane_value values[UPDATE_VALUES_MAX + 1]; /* a KB, so each is cleared only when it is used */
};

enum lane_outcome { DONE, REFUSED, NOT_HERE };

static inline bool lane_is_dropped(const struct live_update *u, uint8_t i)
{
    return u->dropped >> i & 1;
}

static inline enum member_operation lane_operation(const struct live_update *u)
{
    static const enum member_operation OPERATIONS[] = {MEMBER_SET, MEMBER_INCREMENT, MEMBER_DECREMENT};
    return OPERATIONS[u->kind];
}

static inline uint8_t lane_record_flags(const struct lane_work *k)
{
    return k->d->stream ? RECORD_ITEM : 0;
}

static inline bool decimal_of(const struct json *value, struct decimal *out)
{
    return value && value->type == JSON_NUMBER && decimal_parse(value->text, out);
}

/* --- lane_find.c --- */
/* The attribute's number; -1: the settings don't let it change. */
int lane_attribute_find(const struct lane *lane, struct str name);
/* The column whose cells alone say what the attribute is: it is cut out of the stored objects, and of decimals. */
const struct number_column *lane_cells_of(struct changes *c, uint32_t segment, int attribute);

/* The number of a cell's name; -1: the settings have no such store or price list. */
int lane_dimension_find(struct changes *c, struct str name);

/* --- lane.c --- */
bool lane_refuse(struct live_update *u, enum update_reason reason);

/* --- lane_place.c --- */
/* Names the stream of the records that follow, if the update has one and it was not named yet. */
void lane_log_stream(struct lane_work *k);
void lane_note_due(struct lane_work *k, const struct sale *sale);
enum lane_outcome lane_decide_in_place(struct lane_work *k);
/* The price to pay, when prices or the period change. */
enum lane_outcome lane_derive_in_place(struct lane_work *k);
/* As record_update writes it, without the way over JSON. */
void lane_log_cells(struct lane_work *k);

/* --- lane_write.c --- */
void lane_decide_by_writing(struct lane_work *k);

#endif
