#ifndef AISLE_SERVER_LIVE_SALES_H
#define AISLE_SERVER_LIVE_SALES_H

/*
 * The price to pay, and when it changes by itself. An index that has a role salePrice has sale periods: from
 * `sale_price_starts` until before `sale_price_ends`, both ms since 1970, each open when it is missing.
 * `effective_price` is the sale price within them, if that is above 0 and below the price, else the price; it follows
 * the price also where there are no sales, in objects that have it, as those of feeds do.
 *
 * When a period begins or ends the sequencer logs the new price as an update of its own, so that replicas and a start
 * see what searches saw. What is due is kept in a heap that is made from the columns at a start; an entry only says
 * when to look, so one too many does no harm.
 *
 * Thread rule: the index's writer.
 */
#include "indexer/base/number.h"
#include "indexer/base/str.h"
#include "indexer/base/vec.h"

enum sale_part { SALE_PRICE, SALE_REDUCED, SALE_STARTS, SALE_ENDS, SALE_PARTS };

struct sale {
    bool has[SALE_PARTS];
    struct decimal part[SALE_PARTS];
};

/* False when there is no price at all. */
bool sale_effective(const struct sale *s, int64_t now_ms, struct decimal *out);
/* When it may change next, after now; INT64_MAX: never. */
int64_t sale_next(const struct sale *s, int64_t now_ms);

struct sale_due {
    int64_t ms;
    struct str id; /* owned by the heap */
};

struct sales {
    VEC(struct sale_due) heap; /* the earliest first */
};

void sales_release(struct sales *s); /* empty afterwards */
void sales_push(struct sales *s, int64_t ms, struct str id);
/* INT64_MAX: nothing is due ever. */
static inline int64_t sales_next_ms(const struct sales *s)
{
    return s->heap.count ? s->heap.items[0].ms : INT64_MAX;
}
/* Takes the earliest; needs one. The id is to be freed. */
struct str sales_pop(struct sales *s);

#endif
