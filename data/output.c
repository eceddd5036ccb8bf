#include "data/output.h"

#include <stdio.h>

#define BLOCK_BYTES ((size_t)1 << 20)

enum status output_open(struct output *o, const char *path, struct error *err)
{
    *o = (struct output){0};
    buf_init(&o->buf, 0);
    return strcmp(path, "-") == 0 ? STATUS_OK : file_open(&o->file, path, FILE_REWRITE, err);
}

enum status output_flush(struct output *o, struct error *err)
{
    if (o->buf.failed) {
        fatal("out of memory");
    }
    enum status status = STATUS_OK;
    if (o->file) {
        status = file_write_at(o->file, o->offset, o->buf.data, o->buf.size, err);
        o->offset += o->buf.size;
    } else if (fwrite(o->buf.data, 1, o->buf.size, stdout) != o->buf.size || fflush(stdout) != 0) {
        status = error_errno(err, "cannot write to standard output");
    }
    buf_clear(&o->buf);
    return status;
}

enum status output_drain(struct output *o, struct error *err)
{
    return o->buf.size < BLOCK_BYTES ? STATUS_OK : output_flush(o, err);
}

void output_close(struct output *o)
{
    file_close(o->file);
    buf_release(&o->buf);
    *o = (struct output){0};
}
