#ifndef AISLE_TESTS_SUPPORT_JSON_ORACLE_H
#define AISLE_TESTS_SUPPORT_JSON_ORACLE_H

/*
 * What jansson makes of a JSON text, in a form that can be compared: "n", "t", "f"; "#" and the number as "%.17g ";
 * a string as its size, ":" and its bytes; "[" elements "]"; "{" names and values in the order of their names' first
 * appearance "}".
 */
#include "indexer/base/buf.h"

enum json_oracle {
    JSON_ORACLE_ACCEPTS,
    JSON_ORACLE_REFUSES,
    JSON_ORACLE_CANNOT_TELL /* numbers out of its range, NUL in a name */
};

enum json_oracle json_oracle_read(struct str text, struct buf *out);

#endif
