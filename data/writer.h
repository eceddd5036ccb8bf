#ifndef AISLE_DATA_WRITER_H
#define AISLE_DATA_WRITER_H

/* Items as text: a Google Merchant feed (RSS 2.0 with the g: namespace), NDJSON or CSV. */
#include "data/catalog.h"

enum feed_format { FORMAT_GOOGLE_XML, FORMAT_NDJSON, FORMAT_CSV };

/* What stands before the first item and after the last. */
void writer_begin(enum feed_format format, int64_t date_ms, struct buf *out);
void writer_end(enum feed_format format, struct buf *out);

void writer_item(enum feed_format format, const struct item *item, struct buf *out);

#endif
