#include "indexer/shard/shard_memory.h"

#include "indexer/base/memory.h"
#include "indexer/shard/shard_internal.h"

static const struct {
    char chunk[5];
    enum shard_memory_part part;
} PARTS[] = {
    {"TBLK", MEMORY_TERMS},    {"TTXT", MEMORY_TERMS},     {"TREC", MEMORY_TERMS},     {"TSUM", MEMORY_TERMS},
    {"THSH", MEMORY_TERMS},    {"POST", MEMORY_POSTINGS},  {"FACT", MEMORY_POSTINGS},  {"LENS", MEMORY_POSTINGS},
    {"PFXP", MEMORY_PREFIXES}, {"PFXR", MEMORY_PREFIXES},  {"PFXT", MEMORY_PREFIXES},  {"POSI", MEMORY_POSITIONS},
    {"FZOF", MEMORY_SPELLING}, {"FZEN", MEMORY_SPELLING},  {"FZTG", MEMORY_SPELLING},  {"COLF", MEMORY_FACETS},
    {"SETS", MEMORY_FACETS},   {"SETX", MEMORY_FACETS},    {"COLN", MEMORY_NUMBERS},   {"STKA", MEMORY_NUMBERS},
    {"STKI", MEMORY_NUMBERS},  {"KOFF", MEMORY_KEYS},      {"KTXT", MEMORY_KEYS},      {"KHSH", MEMORY_KEYS},
    {"GOFF", MEMORY_KEYS},     {"GTXT", MEMORY_KEYS},      {"GHSH", MEMORY_KEYS},      {"RANK", MEMORY_KEYS},
    {"GRUP", MEMORY_KEYS},     {"DOCS", MEMORY_OBJECTS},   {"DBAS", MEMORY_OBJECTS},   {"DOFF", MEMORY_OBJECTS},
    {"DDIC", MEMORY_OBJECTS},  {"TITO", MEMORY_POSITIONS}, {"TITW", MEMORY_POSITIONS}, {"CODX", MEMORY_NUMBERS},
    {"CODE", MEMORY_NUMBERS},  {"KSLT", MEMORY_KEYS},      {"POSP", MEMORY_POSITIONS}, {"FZPK", MEMORY_SPELLING},
    {"GSLT", MEMORY_KEYS},     {"TIPL", MEMORY_POSITIONS}, {"TIPW", MEMORY_POSITIONS},
};

const char *shard_memory_name(enum shard_memory_part part)
{
    static const char *const NAMES[MEMORY_PARTS] = {"terms",    "postings", "prefixes", "positions",
                                                    "spelling", "facets",   "numbers",  "keys",
                                                    "objects",  "rest",     "deltas"};

    return NAMES[part];
}

enum shard_memory_part shard_memory_part_of(uint32_t chunk_id)
{
    char name[5];

    container_chunk_name(chunk_id, name);
    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
        if (strcmp(PARTS[i].chunk, name) == 0)
            return PARTS[i].part;
    }
    return MEMORY_REST;
}

void shard_memory_add(const struct shard *s, struct shard_memory *m)
{
    const struct container *c = &s->container;

    if (!s->map.data || s->map.heap) {
        m->bytes[MEMORY_DELTAS] += c->size;
        m->resident[MEMORY_DELTAS] += c->size;
        return;
    }
    for (uint32_t i = 0; i < c->chunk_count; i++) {
        enum shard_memory_part part = shard_memory_part_of(c->chunks[i].id);

        m->bytes[part] += c->chunks[i].size;
        m->resident[part] += memory_resident(c->data + c->chunks[i].offset, (size_t)c->chunks[i].size);
    }
}

void shard_memory_release_checked(const struct shard *s)
{
    const struct container *c = &s->container;

    for (uint32_t i = 0; s->map.data && !s->map.heap && i < c->chunk_count; i++) {
        enum shard_memory_part part = shard_memory_part_of(c->chunks[i].id);

        if (part == MEMORY_KEYS || part == MEMORY_SPELLING || part == MEMORY_OBJECTS)
            memory_release(c->data + c->chunks[i].offset, (size_t)c->chunks[i].size);
    }
}

void shard_memory_release(const struct shard *s, bool numbers)
{
    const struct container *c = &s->container;

    for (uint32_t i = 0; s->map.data && !s->map.heap && i < c->chunk_count; i++) {
        enum shard_memory_part part = shard_memory_part_of(c->chunks[i].id);

        if (part == MEMORY_NUMBERS && numbers)
            memory_page_out(c->data + c->chunks[i].offset, (size_t)c->chunks[i].size);
        else if (part != MEMORY_NUMBERS && part != MEMORY_REST)
            memory_release(c->data + c->chunks[i].offset, (size_t)c->chunks[i].size);
    }
}
