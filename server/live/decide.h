#ifndef AISLE_SERVER_LIVE_DECIDE_H
#define AISLE_SERVER_LIVE_DECIDE_H

/*
 * Decides one operation on an object against the pending state, and writes down what it came to: LIVE_PUT,
 * LIVE_PARTIAL, LIVE_DELETE. The outcome is in op->status and op->message; a failed operation leaves no trace.
 */
#include "server/live/changes.h"
#include "server/live/live.h"

void decide_object(struct changes *c, struct log_writer *w, struct live_batch *batch, struct live_op *op);

/* A partial update's body with the cells of stores and price lists as members of their own. False when it names one
 * that is not declared. */
bool decide_flatten(const struct settings *s, struct live_batch *batch, struct live_op *op);

/* Fills an operation's outcome. */
void op_fail(struct live_op *op, enum status status, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
