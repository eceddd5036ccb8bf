/* Runs a fuzz target over the files of the folders it is given, so that a corpus is an ordinary test too. */
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST_INPUT = 16 << 20 };

static size_t replay(const char *folder)
{
    struct error err = {0};
    char **names = NULL;
    size_t count = 0;
    if (dir_list(folder, &names, &count, &err) != STATUS_OK) {
        fatal("%s", err.message);
    }
    for (size_t i = 0; i < count; i++) {
        char *path = NULL;
        struct buf content = BUF_EMPTY;
        if (asprintf(&path, "%s/%s", folder, names[i]) < 0) {
            fatal("out of memory");
        }
        if (file_read_all(path, &content, LARGEST_INPUT, &err) != STATUS_OK) {
            fatal("%s", err.message);
        }
        /* An exact copy, so that a read behind the end is seen. */
        uint8_t *input = xmalloc(content.size);
        if (content.size) {
            memcpy(input, content.data, content.size);
        }
        LLVMFuzzerTestOneInput(input, content.size);
        free(input);
        buf_release(&content);
        free(path);
    }
    dir_names_free(names, count);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        count += replay(argv[i]);
    }
    printf("%zu inputs replayed\n", count);
    return count ? 0 : 1;
}
