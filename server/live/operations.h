#ifndef AISLE_SERVER_LIVE_OPERATIONS_H
#define AISLE_SERVER_LIVE_OPERATIONS_H

/*
 * Partial updates: what a member becomes. A plain value replaces the member; {"_operation": NAME, "value": V} changes
 * it: Increment and Decrement a number (exactly; a missing one starts at 0), Add, Remove and AddUnique an array's
 * elements, IncrementFrom adds 1 if the number is V, IncrementSet sets it to V if that is larger; when these two do
 * not apply, the whole update of the object is ignored.
 */
#include "server/live/record.h"

/* current: the member now, NULL when it is missing. *ignore is set when the whole update is to be ignored. STATUS_INPUT
 * says what is wrong. The outcome borrows both and the arena. */
MUST_CHECK enum status operation_apply(const struct json *current, const struct json *given, struct arena *arena,
                                       struct member_change *out, bool *ignore, struct error *err);

/* out->operation is MEMBER_INCREMENT or MEMBER_DECREMENT by a number: out->value is what it comes to. */
MUST_CHECK enum status operation_add(const struct json *current, const struct json *value, struct arena *arena,
                                     struct member_change *out, struct error *err);

#endif
