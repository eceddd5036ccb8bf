#ifndef AISLE_DATA_OUTPUT_H
#define AISLE_DATA_OUTPUT_H

/* Where the generator writes: a file, made or emptied, or standard output ("-"), in blocks. */
#include "indexer/base/buf.h"
#include "indexer/base/file.h"

struct output {
    struct file *file; /* NULL: standard output */
    uint64_t offset;
    struct buf buf; /* append here, then call output_drain */
};

MUST_CHECK enum status output_open(struct output *o, const char *path, struct error *err);
/* Writes what was appended once it is a block's worth. */
MUST_CHECK enum status output_drain(struct output *o, struct error *err);
/* Writes the rest. */
MUST_CHECK enum status output_flush(struct output *o, struct error *err);
void output_close(struct output *o);

#endif
