/* aisle-indexer dump: what a shard file holds, for people. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/memory.h"
#include "indexer/base/options.h"
#include "indexer/commands.h"
#include "indexer/shard/container.h"
#include "indexer/shard/shard.h"
#include "indexer/shard/shard_memory.h"

#define POSITIONS_SHOWN 16
#define ROW_BYTES       16

struct dump_command {
    bool sizes;
    const char *chunk;
    const char *term;
    const char *object;
    int64_t limit;
};

/* --- the file's chunks --- */
static double by_document(uint64_t bytes, uint32_t docs)
{
    return docs ? (double)bytes / docs : 0.;
}

static uint64_t cached_bytes(const struct container *c, const struct container_chunk *chunk)
{
    return memory_cached(c->data + chunk->offset, (size_t)chunk->size);
}

/* What the chunks are for, as in the server's metrics. */
static void dump_parts(const struct container *c, uint32_t docs)
{
    uint64_t bytes[MEMORY_PARTS] = {0}, cached[MEMORY_PARTS] = {0};

    for (uint32_t i = 0; i < c->chunk_count; i++) {
        enum shard_memory_part part = shard_memory_part_of(c->chunks[i].id);

        bytes[part] += c->chunks[i].size;
        cached[part] += cached_bytes(c, &c->chunks[i]);
    }
    printf("\npart              bytes  bytes/document     in memory\n");
    for (int part = 0; part < MEMORY_PARTS; part++) {
        if (bytes[part])
            printf("%-9s  %12" PRIu64 "  %14.2f  %12" PRIu64 "\n", shard_memory_name((enum shard_memory_part)part),
                   bytes[part], by_document(bytes[part], docs), cached[part]);
    }
    printf("whole file: %.2f bytes/document; without stored objects: %.2f\n", by_document(c->size, docs),
           by_document(c->size - bytes[MEMORY_OBJECTS], docs));
}

static void dump_chunks(const struct container *c, const struct shard *s, bool by_product)
{
    uint32_t docs = shard_doc_count(s);

    printf("version %u, uid %016" PRIx64 ", %zu bytes\n", c->version, c->uid, c->size);
    printf("%u documents, %u products, %u terms\n\n", docs, shard_group_count(s), shard_term_count(s));
    printf("chunk       offset         bytes  blocks%s\n", by_product ? "  bytes/document     in memory" : "");
    for (uint32_t i = 0; i < c->chunk_count; i++) {
        const struct container_chunk *chunk = &c->chunks[i];
        char name[5];

        container_chunk_name(chunk->id, name);
        printf("%s  %12" PRIu64 "  %12" PRIu64 "  %6u", name, chunk->offset, chunk->size, chunk->block_count);
        if (by_product)
            printf("  %14.2f  %12" PRIu64, by_document(chunk->size, docs), cached_bytes(c, chunk));
        putchar('\n');
    }
    if (by_product)
        dump_parts(c, docs);
}

static void dump_row(const uint8_t *bytes, size_t at, size_t size)
{
    printf("%08zx ", at);
    for (size_t i = 0; i < ROW_BYTES; i++) {
        if (i < size)
            printf(" %02x", bytes[i]);
        else
            fputs("   ", stdout);
    }
    fputs("  ", stdout);
    for (size_t i = 0; i < size; i++)
        putchar(isprint(bytes[i]) ? bytes[i] : '.');
    putchar('\n');
}

static enum status dump_chunk(const struct container *c, const char *name, size_t limit, struct error *err)
{
    struct str bytes = {0};
    size_t shown = 0;

    if (strlen(name) != 4)
        return error_set(err, STATUS_INPUT, "'%s' is no chunk's name; names have four letters", name);
    bytes = container_chunk(c, CHUNK_ID((uint8_t)name[0], (uint8_t)name[1], (uint8_t)name[2], (uint8_t)name[3]));
    if (bytes.size == 0)
        return error_set(err, STATUS_NOT_FOUND, "the file has no chunk '%s'", name);
    shown = bytes.size < limit * ROW_BYTES ? bytes.size : limit * ROW_BYTES;
    for (size_t at = 0; at < shown; at += ROW_BYTES)
        dump_row((const uint8_t *)bytes.data + at, at, shown - at < ROW_BYTES ? shown - at : ROW_BYTES);
    if (shown < bytes.size)
        printf("... %zu bytes more\n", bytes.size - shown);
    return STATUS_OK;
}

/* --- a term --- */
static void dump_posting(const struct shard *s, term_id id, uint32_t rank, doc_id doc, uint64_t fact)
{
    struct term_position positions[POSITIONS_SHOWN];
    uint32_t count = shard_positions(s, id, rank, positions, POSITIONS_SHOWN);

    printf("%8u  " STR_FMT " ", doc, STR_ARG(shard_object_id(s, doc)));
    for (field_id f = 0; f < 16; f++) {
        if (fact_frequency(fact, f))
            printf(" field %u x %u", f, fact_frequency(fact, f));
    }
    for (uint32_t i = 0; i < count; i++)
        printf("%s%u:%u", i ? " " : "  at ", positions[i].field, positions[i].position);
    putchar('\n');
}

static enum status dump_term(const struct shard *s, const char *text, uint32_t limit, struct error *err)
{
    uint32_t fact_count = 0;
    const uint64_t *facts = shard_facts(s, &fact_count);
    struct postings p;
    struct term term;
    doc_id *docs = NULL;
    uint32_t *indexes = NULL;
    enum status status = STATUS_OK;

    if (!shard_term_find(s, str_from(text), &term))
        return error_set(err, STATUS_NOT_FOUND, "no document has the term '%s'", text);
    status = shard_check_positions(s, term.id, err);
    if (status != STATUS_OK)
        return status;
    shard_postings(s, term.id, &p);
    docs = xcalloc((size_t)p.df + 1, sizeof(*docs));
    indexes = xcalloc((size_t)p.df + 1, sizeof(*indexes));
    postings_list(&p, docs, indexes);
    printf("term %u '%s': %u documents, %s\n", term.id, text, p.df, p.bits ? "dense" : "packed");
    for (uint32_t i = 0; i < p.df && i < limit; i++)
        dump_posting(s, term.id, i, docs[i], indexes[i] < fact_count ? facts[indexes[i]] : 0);
    if (p.df > limit)
        printf("... %u documents more\n", p.df - limit);
    free(docs);
    free(indexes);
    return STATUS_OK;
}

static enum status dump_object(const struct shard *s, const char *id, struct error *err)
{
    struct buf text = BUF_EMPTY;
    doc_id doc = shard_find(s, str_from(id));
    enum status status = STATUS_OK;

    if (doc == DOC_NONE)
        return error_set(err, STATUS_NOT_FOUND, "the shard has no object '%s'", id);
    status = shard_object(s, doc, &text, err);
    if (status == STATUS_OK)
        printf("document %u, as it is stored (numbers that live in columns are null):\n" STR_FMT "\n", doc,
               STR_ARG(buf_str(&text)));
    buf_release(&text);
    return status;
}

static enum status dump(const struct dump_command *c, const char *path, struct error *err)
{
    struct shard *s = NULL;
    struct file_map map = {0};
    struct container container = {0};
    enum status status = shard_open(&s, path, NULL, err);

    if (status == STATUS_OK)
        status = file_map(&map, path, FILE_MAP_READ, err);
    if (status == STATUS_OK)
        status = container_open(&container, CONTAINER_SHARD, map.data, map.size, err);
    if (status != STATUS_OK)
        goto out;
    if (c->chunk)
        status = dump_chunk(&container, c->chunk, (size_t)c->limit, err);
    else if (c->term)
        status = dump_term(s, c->term, (uint32_t)c->limit, err);
    else if (c->object)
        status = dump_object(s, c->object, err);
    else
        dump_chunks(&container, s, c->sizes);
out:
    container_close(&container);
    if (map.data)
        file_unmap(&map);
    shard_close(s);
    return status;
}

int command_dump(int argc, char **argv)
{
    struct dump_command c = {.limit = 64};
    struct error err = {0};
    int files = 0;
    const struct option_row rows[] = {
        {.name = "sizes",
         .type = OPTION_FLAG,
         .value = &c.sizes,
         .help = "bytes per document of each chunk and part, and how much of them is in memory (the page cache)"},
        {.name = "chunk", .type = OPTION_TEXT, .value = &c.chunk, .argument = "NAME", .help = "a chunk's bytes"},
        {.name = "term",
         .type = OPTION_TEXT,
         .value = &c.term,
         .argument = "TERM",
         .help = "the documents of a term, as it is in the index (aisle-indexer analyze tells)"},
        {.name = "object", .type = OPTION_TEXT, .value = &c.object, .argument = "ID", .help = "a stored object"},
        {.name = "limit",
         .type = OPTION_INT,
         .value = &c.limit,
         .argument = "N",
         .min = 1,
         .max = 1000000000,
         .help = "rows of a chunk, or documents of a term, that are shown at most"},
    };
    const struct options options = {.usage = "aisle-indexer dump [options] FILE",
                                    .about = "Shows what a shard file holds: its chunks, or one of them, a term, an "
                                             "object. The format is described in indexer/shard/FORMAT.md.",
                                    .rows = rows,
                                    .row_count = sizeof(rows) / sizeof(rows[0])};
    enum status status = options_parse(&options, argc, argv, &files, &err);

    if (status == STATUS_OK && files != 1)
        status = error_set(&err, STATUS_INPUT, "name one shard file");
    if (status == STATUS_OK)
        status = dump(&c, argv[1], &err);
    if (status != STATUS_OK)
        fprintf(stderr, "aisle-indexer dump: %s\n", err.message);
    return status == STATUS_OK ? 0 : status == STATUS_INPUT ? 2 : 1;
}
