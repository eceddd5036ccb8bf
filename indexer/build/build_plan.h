#ifndef AISLE_BUILD_BUILD_PLAN_H
#define AISLE_BUILD_BUILD_PLAN_H

/*
 * How a build divides the memory that it may use: into how many shards the catalog goes, how many of them are built at
 * once, and what each may hold of streams and lists before it goes to files. What a builder keeps of every object (its
 * order, values, keys and its share of the terms) can't go to a file, so a catalog that would take too much of it is
 * built as more shards, one after another.
 */
#include <stddef.h>
#include <stdint.h>

/* What order, values, keys and terms of an object take in a builder: 500 to 750 bytes, measured on catalogs with and
 * without descriptions. */
#define BUILDER_OBJECT_BYTES 700

struct build_plan {
    uint32_t shards;
    uint32_t parallel;    /* shards at once */
    size_t builder_bytes; /* of each of them, beside its objects */
    size_t suggest_bytes; /* of autocomplete, which is made beside the shards */
};

/* shards 0: as few as memory allows, one for up to 2,000,000 objects, and of several an even number. */
struct build_plan build_plan_of(uint64_t objects, uint32_t shards, size_t memory_bytes, size_t processors);

/* What a build uses when nothing is said: a quarter of the machine's memory, 1 to 8 GiB. */
size_t build_plan_memory(void);

#endif
