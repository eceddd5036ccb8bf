/*
 * A shard's bytes, with the checksums put right so that the checks of structure are what is tried: refused, or read
 * wholly without a step outside. Links: aisle_shard
 */
#include "tests/support/shard_exercise.h"

#include "tests/support/reseal.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf image = BUF_EMPTY;
    struct shard *s = NULL;

    buf_append(&image, data, size);
    reseal((uint8_t *)image.data, image.size);
    if (shard_open_memory(&s, &image, NULL) == STATUS_OK)
        (void)exercise_shard(s);
    shard_close(s);
    buf_release(&image);
    return 0;
}
