#ifndef AISLE_SERVER_LIVE_UPDATE_LINE_H
#define AISLE_SERVER_LIVE_UPDATE_LINE_H

/*
 * One update as a line of JSON:
 *
 *   {"objectID":"sku-1","set":{"stock":5,"price":12.9},"timestamp":1764000000000}
 *   {"objectID":"sku-1","set":{"stock":5},"version":17,"ifVersion":16}
 *   {"objectID":"sku-1","decrement":{"stock":2},"min":0}
 *   {"objectID":"sku-1","increment":{"stock":10}}
 *
 *   objectID         a string, or a number as it is written
 *   set | increment | decrement   exactly one: 1 to 16 attributes with numbers; for set also true, false and null
 *   timestamp        of a set: ms since 1970, or an ISO 8601 text
 *   version          of a set: a whole number from 0
 *   min              of increment and decrement: a result below it is refused
 *   ifVersion        refused unless this is the key that each of the attributes has
 *   ifStockAtLeast   refused unless the quantity is at least this
 *
 * Any other member is an error. The common form is read by a scanner of its own, which leaves the rest (escapes,
 * letters outside ASCII, repeated members, errors) to the JSON parser; both read the same.
 */
#include "server/live/update.h"

/* Fills all but the outcome. Values go to values, which has room for UPDATE_VALUES_MAX; everything borrows line and the
 * arena, which is only used where the scanner leaves the line to the parser. False: out->result is UPDATE_REFUSED, the
 * reason UPDATE_MALFORMED, and out->text, in the arena, says what is wrong. */
bool update_line_read(struct str line, struct json_member *values, struct arena *arena, struct live_update *out);
/* The same by the JSON parser alone; for tests. */
bool update_line_parse(struct str line, struct json_member *values, struct arena *arena, struct live_update *out);

/* Appends the line without its end. with_id false: without objectID, as update_line_body reads it. */
void update_line_write(const struct live_update *u, bool with_id, struct buf *out);
bool update_line_body(struct str line, struct json_member *values, struct arena *arena, struct live_update *out);

#endif
