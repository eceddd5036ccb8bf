#ifndef AISLE_BUILD_PACKED_OBJECT_H
#define AISLE_BUILD_PACKED_OBJECT_H

/*
 * Objects between the two passes of a build: as few bytes as their JSON, but read in a fraction of its time, since
 * nothing is escaped, lengths stand before texts, and names are numbers of a table that all objects share. In memory
 * and in temporary files only; nothing else reads it.
 *
 * A value: u8 type (enum json_type), then of numbers and texts varint size and bytes, of arrays varint count and the
 * values, of objects varint count, a varint for each name (0: varint size and bytes follow), and the values.
 */
#include "indexer/base/json.h"
#include "indexer/base/map.h"
#include "indexer/base/vec.h"

enum { PACKED_NAME_BYTES = 64 /* of the longest name in the table */ };

struct packed_name {
    struct str text;
    uint32_t next;   /* the name that came after this one the last time */
    uint64_t serial; /* of the last object that had it */
};

struct packed_names {
    VEC(struct packed_name) items; /* number 1 is the first */
    struct map numbers;
    struct arena arena;
    uint32_t last;
    uint64_t serial;
};

void packed_names_init(struct packed_names *n);
void packed_names_release(struct packed_names *n);

/* Appends an object as json_parse would give it after json_write: of repeated names the last value, U+FFFD for what is
 * no UTF-8. STATUS_LIMIT: nested too deep (out then has a part of it). */
MUST_CHECK enum status packed_object_put(struct packed_names *n, const struct json *object, struct buf *out,
                                         struct error *err);

/* Reads what packed_object_put wrote. The result borrows bytes, the names and the arena. STATUS_FORMAT: other bytes.
 * Several threads may read at a time. */
MUST_CHECK enum status packed_object_get(const struct packed_names *n, struct str bytes, struct arena *arena,
                                         struct json *out, struct error *err);

#endif
