#ifndef AISLE_BUILD_FEED_CSV_H
#define AISLE_BUILD_FEED_CSV_H

/*
 * Rows of CSV and TSV (RFC 4180, and what is really out there): cells are separated by one byte and may be quoted; a
 * quoted cell ends at a quote that a separator or a line's end follows, so a lone quote inside it is text; a quote is
 * written twice or, in some dialects, behind a backslash.
 */
#include "indexer/base/arena.h"
#include "indexer/base/json.h"

struct csv_dialect {
    char separator;
    bool backslash;   /* \" is a quote inside quotes */
    uint32_t columns; /* not 0: a quote before a line's end ends the cell only when it is this one: for damaged rows */
};

enum { CSV_COLUMNS = 8192 };

struct csv_row {
    struct str *cells; /* trimmed; borrowed from the text or in the arena */
    uint32_t count;
    uint32_t capacity;
    size_t used;  /* bytes, the line's end included */
    bool partial; /* the text ended inside the row */
    bool damaged; /* it has quotes where none may be */
};

/* Reads the row at the start of text. `final` means that nothing follows text. At most `most` cells are read: a row
 * with more stops there with count = most. The cells' array lives in the arena and is reused when it is large enough.
 */
void csv_row_parse(const struct csv_dialect *dialect, struct str text, bool final, uint32_t most, struct arena *arena,
                   struct csv_row *row);

/* The dialect that gives most rows of the sample as many cells as the first row has. `separator`, if not 0, is fixed.
 */
struct csv_dialect csv_dialect_find(struct str sample, bool final, char separator);

/* "Blue, Green, Red": an array, or a string when it is only one. A comma behind a backslash is the value's own. */
struct json csv_list(struct str text, struct arena *arena);

#endif
