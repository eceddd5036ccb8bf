#include "tests/support/reseal.h"

#include <string.h>

#include "indexer/base/hash.h"

#define HEADER 64
#define ENTRY  32
#define BLOCK  65536

static uint64_t get(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static void put(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof(v));
}

/* The checksums of one chunk, as far as both lie in the file. */
static void reseal_chunk(uint8_t *data, size_t size, const uint8_t *entry, uint64_t sums)
{
    uint64_t offset = get(entry + 8), length = (get(entry + 16) + 63) & ~UINT64_C(63);
    uint64_t first = get(entry + 24) & UINT32_MAX;

    if (offset > size || length > size - offset)
        return;
    for (uint64_t at = 0, i = first; at < length; at += BLOCK, i++) {
        uint64_t piece = length - at < BLOCK ? length - at : BLOCK;

        if (i > size / 8 || sums + i * 8 + 8 > size)
            return;
        put(data + sums + i * 8, hash64(data + offset + at, piece));
    }
}

void reseal(uint8_t *data, size_t size)
{
    uint64_t table = 0, count = 0;

    if (size < HEADER)
        return;
    table = get(data + 24);
    count = get(data + 8) >> 32;
    if (table <= size && count <= 64 && count * ENTRY <= size - table) {
        for (uint64_t i = 0; i < count; i++)
            reseal_chunk(data, size, data + table + i * ENTRY, table + count * ENTRY);
        put(data + 48, hash64(data + table, size - table));
    }
    put(data + 56, hash64(data, 56));
}
