#ifndef AISLE_SHARD_PREFIXES_H
#define AISLE_SHARD_PREFIXES_H

/*
 * Unions of the postings of all terms that begin with a heavy prefix, prebuilt: their facts have frequency 1 in each
 * field where any of the terms stands. Sorted by prefix.
 */
#include "indexer/shard/container.h"
#include "indexer/shard/types.h"

#define PREFIX_SHARE     64 /* prefixes whose terms have more than 1/64 of the documents among them ... */
#define PREFIX_LONGEST   4  /* ... apart from so many of the longest lists ... */
#define PREFIX_TERMS_MIN 32 /* ... and are at least so many have a union */

struct prefix_record {
    uint32_t text; /* offset; the next record's ends it */
    uint32_t df;
    uint32_t postings; /* in units of 4 bytes */
};

struct prefixes {
    uint32_t count;
    const struct prefix_record *records; /* count + 1 */
    const char *text;
    struct str postings;
};

MUST_CHECK enum status prefixes_open(struct prefixes *p, const struct container *c, struct error *err);
/* The postings' bytes; false when the prefix has no union or its bytes are damaged. */
bool prefixes_find(const struct prefixes *p, struct container *c, struct str prefix, struct str *bytes, uint32_t *df);

/* begin, one put for each prefix in order with its encoded list, end. */
struct prefixes_writer {
    struct container_writer *w;
    struct buf records, text;
    uint32_t count;
};
void prefixes_begin(struct prefixes_writer *p, struct container_writer *w);
void prefixes_put(struct prefixes_writer *p, struct str prefix, uint32_t df, struct str postings);
void prefixes_end(struct prefixes_writer *p);

#endif
