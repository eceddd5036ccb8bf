/*
 * Any bytes read as a feed end with a status; each item handed over has its objectID and gives settings that compile.
 * Links: aisle_build
 */
#include "tests/fuzz/feed_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_fuzz("<", data, size);
}
