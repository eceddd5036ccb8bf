#ifndef AISLE_SERVER_LIVE_RECORD_TEXT_H
#define AISLE_SERVER_LIVE_RECORD_TEXT_H

/* Log records as JSON members, for people and for the history. */
#include "server/live/record.h"

/* "put", "partial", "delete", "clear", ... */
const char *record_kind_name(enum record_kind kind);

/* The object that a record is about; for RECORD_PUT it is read from the object. Empty: none. Borrows record and arena.
 */
struct str record_object_id(const struct record *r, struct arena *arena);

/* Appends "operation":"partial","objectID":"a1","attributes":{"stock":{"operation":"Decrement","value":7}} and the
 * like: values are outcomes; one that was set plainly stands alone. */
void record_describe(const struct record *r, struct buf *out);

#endif
