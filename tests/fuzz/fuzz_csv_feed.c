/*
 * As fuzz_xml_feed, for CSV: the first byte never makes the feed JSON or XML.
 * Links: aisle_build
 */
#include "tests/fuzz/feed_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_fuzz("i", data, size);
}
