#ifndef AISLE_BASE_GZIP_H
#define AISLE_BASE_GZIP_H

/* zlib: a streaming inflater for feeds and request bodies, and a one-shot deflater for answers. */
#include "indexer/base/buf.h"

struct inflater;

enum inflate_format { INFLATE_GZIP_OR_ZLIB };

struct inflater *inflater_new(void);
void inflater_free(struct inflater *z);

/* Feeds input and appends what it gives to out, at most max_out bytes; *used tells how much input was taken.
 * Concatenated members are read on, zeros behind the last are skipped. STATUS_FORMAT on damage. */
MUST_CHECK enum status inflater_push(struct inflater *z, struct str input, size_t *used, struct buf *out,
                                     size_t max_out, struct error *err);
/* True at the end of a member: input that ends elsewhere was cut. */
bool inflater_done(const struct inflater *z);

/* A gzip member holding data. */
MUST_CHECK enum status gzip_compress(struct str data, int level, struct buf *out);

static inline bool gzip_is(struct str head)
{
    return head.size >= 2 && (uint8_t)head.data[0] == 0x1f && (uint8_t)head.data[1] == 0x8b;
}

#endif
