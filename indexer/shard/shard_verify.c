/* A shard file checked wholly: every checksum, then every structure that readers would otherwise trust. */
#include <pthread.h>
#include <stdlib.h>

#include "indexer/base/json.h"
#include "indexer/shard/shard_internal.h"

static enum status verify_terms(const struct shard *s, struct error *err)
{
    struct term_position positions[POSITIONS_MAX];

    for (term_id id = 0; id < s->terms.count; id++) {
        struct postings p;

        shard_postings(s, id, &p);
        if (p.df != s->terms.records[id].df || !postings_valid(&p, s->meta.doc_count, s->meta.fact_count))
            return error_set(err, STATUS_FORMAT, "chunk 'POST': the list of term %u is not sound", id);
        for (uint32_t rank = 0; rank < p.df; rank += POSITIONS_BLOCK) {
            uint32_t count = shard_positions(s, id, rank, positions, POSITIONS_MAX);

            for (uint32_t i = 0; i < count; i++) {
                if (positions[i].field >= s->meta.field_count)
                    return error_set(err, STATUS_FORMAT, "chunk 'POSP': positions of term %u", id);
            }
        }
    }
    return STATUS_OK;
}

static enum status verify_prefixes(const struct shard *s, struct error *err)
{
    for (uint32_t i = 0; i < s->prefixes.count; i++) {
        const struct prefix_record *r = &s->prefixes.records[i];
        struct str prefix = {s->prefixes.text + r->text, r[1].text - r->text};
        struct postings p;

        if (!shard_prefix_postings(s, prefix, &p) || !postings_valid(&p, s->meta.doc_count, s->meta.fact_count))
            return error_set(err, STATUS_FORMAT, "chunk 'PFXP': the union of prefix %u is not sound", i);
    }
    return STATUS_OK;
}

static enum status verify_titles(const struct shard *s, struct error *err)
{
    for (doc_id doc = 0; doc < s->meta.doc_count; doc++) {
        uint32_t words[TITLE_WORDS], count = titles_read(&s->titles, doc, words);

        if (titles_any(&s->titles) && titles_start(&s->titles, doc) + count != titles_start(&s->titles, doc + 1))
            return error_set(err, STATUS_FORMAT, "chunk 'TIPL': title of document %u", doc);

        for (uint32_t i = 0; i < count; i++) {
            if ((words[i] & ~TITLE_ACCESSORY) >= s->terms.count)
                return error_set(err, STATUS_FORMAT, "chunk 'TIPW': a word of document %u is no term", doc);
        }
    }
    return STATUS_OK;
}

static enum status verify_objects(const struct shard *s, uint32_t every, struct error *err)
{
    struct buf text = BUF_EMPTY;
    struct arena arena;
    enum status status = STATUS_OK;

    arena_init(&arena, 0);
    for (doc_id doc = 0; status == STATUS_OK && doc < s->meta.doc_count; doc += every) {
        struct json object;

        buf_clear(&text);
        arena_reset(&arena);
        status = shard_object(s, doc, &text, err);
        if (status == STATUS_OK && json_parse(buf_str(&text), &arena, &object, NULL) != STATUS_OK)
            status = error_set(err, STATUS_FORMAT, "chunk 'DOCS': the object of document %u is not JSON", doc);
        if (status == STATUS_OK && shard_find(s, shard_object_id(s, doc)) != doc)
            status = error_set(err, STATUS_FORMAT, "chunk 'KSLT': document %u is not found by its objectID", doc);
    }
    arena_release(&arena);
    buf_release(&text);
    return status;
}

/* Objects and terms have nothing in common, so two threads take them. */
struct objects_beside {
    const struct shard *shard;
    uint32_t every;
    enum status status;
    struct error error;
};

static void *verify_objects_beside(void *context)
{
    struct objects_beside *b = context;

    b->status = verify_objects(b->shard, b->every, &b->error);
    return NULL;
}

static enum status verify_structure(const struct shard *s, uint32_t every, struct error *err)
{
    struct objects_beside beside = {.shard = s, .every = every, .status = STATUS_OK};
    pthread_t thread;
    bool started = pthread_create(&thread, NULL, verify_objects_beside, &beside) == 0;
    enum status status = verify_terms(s, err);

    if (status == STATUS_OK)
        status = verify_prefixes(s, err);
    if (status == STATUS_OK)
        status = verify_titles(s, err);
    for (uint32_t i = 0; status == STATUS_OK && i < s->attributes.count; i++)
        status = shard_check_attribute(s, (attr_id)s->attributes.columns[i].entry->attr, err);
    if (started)
        pthread_join(thread, NULL);
    else
        (void)verify_objects_beside(&beside);
    if (status == STATUS_OK && beside.status != STATUS_OK) {
        status = beside.status;
        if (err)
            *err = beside.error;
    }
    return status;
}

enum status shard_verify(const char *path, uint32_t every_object, struct error *err)
{
    const struct shard_open_options options = {.verify_all = true};
    struct shard *s = NULL;
    enum status status = shard_open(&s, path, &options, err);

    if (status != STATUS_OK)
        return status;
    status = verify_structure(s, every_object, err);
    if (status == STATUS_FORMAT)
        error_prefix(err, "'%s'", path);
    shard_close(s);
    return status;
}
