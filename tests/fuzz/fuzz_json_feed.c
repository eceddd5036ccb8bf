/*
 * As fuzz_xml_feed, for NDJSON, arrays and wrapped arrays.
 * Links: aisle_build
 */
#include "tests/fuzz/feed_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_fuzz("", data, size);
}
