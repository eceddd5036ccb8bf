#include "bench/relevance/commands.h"

#include <stdio.h>

#include "indexer/base/file.h"

enum status command_write(const char *path, const struct buf *text, struct error *err)
{
    if (text->failed)
        return error_set(err, STATUS_LIMIT, "the output is too large");
    if (path && strcmp(path, "-") != 0)
        return file_replace(path, buf_str(text), err);
    if (text->size && fwrite(text->data, 1, text->size, stdout) != text->size)
        return error_errno(err, "cannot write to standard output");
    if (fflush(stdout) != 0)
        return error_errno(err, "cannot write to standard output");
    return STATUS_OK;
}
