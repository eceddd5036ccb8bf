#include "indexer/build/build_plan.h"

#include <unistd.h>

#include "indexer/base/limits.h"

#define PRODUCTS_PER_SHARD 2000000u
#define BASE_BYTES         ((size_t)32 << 20) /* batches between threads, compression, the process itself */
#define BUILDER_BYTES_MIN  ((size_t)8 << 20)
#define SUGGEST_BYTES_MAX  ((size_t)256 << 20) /* suggestions of a catalog are then the same on every machine */
#define GIB                ((size_t)1 << 30)

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

struct build_plan build_plan_of(uint64_t objects, uint32_t shards, size_t memory_bytes, size_t processors)
{
    struct build_plan plan = {.shards = shards, .parallel = 1};
    uint64_t for_objects = 0, most = 0, at_once = 0, taken = 0;
    size_t share = 0;

    memory_bytes -= memory_bytes / 2 < BASE_BYTES ? memory_bytes / 2 : BASE_BYTES;
    for_objects = memory_bytes / 4 * 3;
    most = for_objects / BUILDER_OBJECT_BYTES;
    most = most < 1 ? 1 : most < PRODUCTS_PER_SHARD ? most : PRODUCTS_PER_SHARD;
    if (shards == 0) {
        uint64_t needed = divide_up(objects, most);

        needed += needed > 1 && needed % 2; /* halves for two threads that search them together */
        plan.shards = needed < 1 ? 1 : needed < LIMIT_SHARDS ? (uint32_t)needed : LIMIT_SHARDS;
    }
    taken = divide_up(objects, plan.shards) * BUILDER_OBJECT_BYTES;
    at_once = taken ? for_objects / taken : processors;
    at_once = at_once < processors ? at_once : processors;
    at_once = at_once < plan.shards ? at_once : plan.shards;
    plan.parallel = at_once < 1 ? 1 : (uint32_t)at_once;
    plan.suggest_bytes = memory_bytes / 8 < SUGGEST_BYTES_MAX ? memory_bytes / 8 : SUGGEST_BYTES_MAX;
    share = (memory_bytes - plan.suggest_bytes) / plan.parallel;
    plan.builder_bytes = share > taken + BUILDER_BYTES_MIN ? share - (size_t)taken : BUILDER_BYTES_MIN;
    return plan;
}

size_t build_plan_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t quarter = pages > 0 && page > 0 ? (size_t)pages * (size_t)page / 4 : GIB;

    return quarter < GIB ? GIB : quarter < 8 * GIB ? quarter : 8 * GIB;
}
