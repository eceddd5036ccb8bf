#ifndef AISLE_SERVER_LIVE_GATES_H
#define AISLE_SERVER_LIVE_GATES_H

/*
 * Gates: what a new generation must be like to replace the one in service, as its settings say (`gates`):
 *
 *   products   at least a share of the present products are there still
 *   prices     among products that both have, at most a share has a price that grew or fell by more than a factor, or
 *              that is gone; looked at are up to GATE_SAMPLE products, evenly spread
 *   canaries   queries that must find something
 *
 * The first two hold when the present generation has at least `fromProducts` products; the canaries always. Thread
 * rule: a thread that may read both snapshots.
 */
#include "server/live/live.h"

enum { GATE_SAMPLE = 200000 };

struct gates_input {
    const struct snapshot *present; /* NULL: there is none */
    const struct snapshot *next;
    live_count_hits *count_hits; /* NULL: canaries are not asked */
};

/* STATUS_CONFLICT when one does not hold; err names each that does not. out gets a JSON array of all that were looked
 * at: [{"gate":"products","passed":true,"value":.98,"limit":.5,"text":"..."}]. */
MUST_CHECK enum status gates_check(const struct gates_input *in, struct buf *out, struct error *err);

#endif
