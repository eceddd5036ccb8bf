#ifndef AISLE_TESTS_UNIT_QUERY_CATALOG_H
#define AISLE_TESTS_UNIT_QUERY_CATALOG_H

/* Small catalogs for the query tests: JSON lines in, a snapshot of one or more shards, searches from JSON parameters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyzers/synonyms.h"
#include "indexer/base/limits.h"
#include "indexer/build/shard_build.h"
#include "server/query/search.h"

#define CATALOG_SHARDS 4

struct catalog {
    struct settings *settings;
    struct analyzer *analyzer;
    struct synonyms *synonyms;
    struct dictionary *dictionary;
    struct shard *shards[CATALOG_SHARDS];
    uint32_t shard_count;
    struct snapshot *snapshot;
    struct searcher *searcher;
    struct arena arena; /* of requests and answers */
    struct search_context context;
    struct search_request request;
    struct search_result result;
    struct error err;
};

/* Opens a shard that was built; takes image's memory. */
static enum status (*catalog_opener)(struct shard **out, struct buf *image, struct error *err) = shard_open_memory;

static inline void catalog_synonyms(struct catalog *c)
{
    struct synonym_rule rules[16];
    size_t count = c->settings->synonym_count < 16 ? c->settings->synonym_count : 16;

    for (size_t i = 0; i < count; i++) {
        const struct synonym_setting *s = &c->settings->synonyms[i];
        rules[i] = (struct synonym_rule){s->from_count ? s->from : s->to, s->from_count ? s->from_count : s->to_count,
                                         s->to, s->to_count};
    }
    if (count)
        assert_int_equal(synonyms_build(&c->synonyms, c->analyzer, rules, count, &c->err), STATUS_OK);
}

static inline void catalog_build(struct catalog *c, const char *const *objects, size_t count)
{
    struct shard_build_options options = {
        .settings = c->settings, .analyzer = c->analyzer, .dictionary = c->dictionary};
    struct shard_builder *builders[CATALOG_SHARDS];
    struct arena arena;

    arena_init(&arena, 0);
    for (uint32_t i = 0; i < c->shard_count; i++)
        builders[i] = shard_builder_new(&options);
    for (size_t i = 0; i < count; i++) {
        struct json object;
        assert_int_equal(json_parse(str_from(objects[i]), &arena, &object, &c->err), STATUS_OK);
        uint32_t shard = shard_of_group(object_group(c->settings, &object), c->shard_count);
        enum status status = shard_builder_add(builders[shard], &object, &c->err);
        if (status != STATUS_OK)
            fail_msg("%s", c->err.message);
    }
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct buf image = BUF_EMPTY;
        assert_int_equal(shard_builder_finish(builders[i], &image, &c->err), STATUS_OK);
        shard_builder_free(builders[i]);
        enum status status = catalog_opener(&c->shards[i], &image, &c->err);
        if (status != STATUS_OK)
            fail_msg("%s", c->err.message);
    }
    arena_release(&arena);
}

static inline void catalog_open(struct catalog *c, const char *settings, const char *const *objects, size_t count,
                                uint32_t shards)
{
    memset(c, 0, sizeof(*c));
    c->shard_count = shards;
    if (settings_parse(&c->settings, str_from(settings), NULL, &c->err) != STATUS_OK)
        fail_msg("%s", c->err.message);
    struct analyzer_options options = {.language = "en"};
    assert_int_equal(analyzer_open(&c->analyzer, &options, &c->err), STATUS_OK);
    catalog_synonyms(c);
    c->dictionary = dictionary_new(c->settings);
    catalog_build(c, objects, count);
    struct snapshot_parts parts = {.settings = c->settings,
                                   .analyzer = c->analyzer,
                                   .synonyms = c->synonyms,
                                   .dictionary = c->dictionary,
                                   .shards = c->shards,
                                   .shard_count = shards};
    c->snapshot = snapshot_of_shards(&parts);
    c->searcher = searcher_new();
    arena_init(&c->arena, LIMIT_REQUEST_ARENA);
    c->context = (struct search_context){c->searcher, c->snapshot, &c->arena};
}

static inline void catalog_close(struct catalog *c)
{
    searcher_free(c->searcher);
    snapshot_free(c->snapshot);
    for (uint32_t i = 0; i < c->shard_count; i++)
        shard_close(c->shards[i]);
    dictionary_free(c->dictionary);
    synonyms_free(c->synonyms);
    analyzer_close(c->analyzer);
    settings_free(c->settings);
    arena_release(&c->arena);
}

static inline void catalog_request(struct catalog *c, const char *params, struct search_request *out)
{
    struct json json;

    if (json_parse(str_from(params), &c->arena, &json, &c->err) != STATUS_OK ||
        search_request_parse(out, &json, c->settings, &c->arena, &c->err) != STATUS_OK)
        fail_msg("%s: %s", params, c->err.message);
}

/* The answer is in c->result until the next search. */
static inline void catalog_search(struct catalog *c, const char *params)
{
    arena_reset(&c->arena);
    catalog_request(c, params, &c->request);
    if (search_run(&c->context, &c->request, 1, &c->result, &c->err) != STATUS_OK)
        fail_msg("%s: %s", params, c->err.message);
}

/* "total: id id id" */
static inline const char *catalog_hits(struct catalog *c, const struct search_result *r)
{
    struct buf text = BUF_EMPTY;
    const char *out;

    buf_printf(&text, "%llu:", (unsigned long long)r->total);
    for (size_t i = 0; i < r->hit_count; i++) {
        struct str id;
        assert_true(json_string(json_get(&r->hits[i].object, "objectID"), &id));
        buf_append_char(&text, ' ');
        buf_append_str(&text, id);
    }
    out = arena_copy(&c->arena, buf_str(&text)).data;
    buf_release(&text);
    return out;
}

/* "brand Acme=2 Ibex=1; price 5=1 [5..5 sum 5 n 1]" */
static inline const char *catalog_facets(struct catalog *c, const struct search_result *r)
{
    struct buf text = BUF_EMPTY;
    const char *out;

    for (size_t i = 0; i < r->facet_count; i++) {
        const struct facet_result *f = &r->facets[i];
        buf_printf(&text, "%s" STR_FMT, i ? "; " : "", STR_ARG(f->attribute));
        for (size_t k = 0; k < f->count; k++)
            buf_printf(&text, " " STR_FMT "=%llu", STR_ARG(f->counts[k].value), (unsigned long long)f->counts[k].count);
        if (f->has_stats)
            buf_printf(&text, " [%g..%g sum %g n %llu]", f->min, f->max, f->sum, (unsigned long long)f->number_count);
    }
    out = arena_copy(&c->arena, buf_str(&text)).data;
    buf_release(&text);
    return out;
}

#define assert_hits(c, params, expected)                                                                               \
    do {                                                                                                               \
        catalog_search((c), (params));                                                                                 \
        const char *hits_ = catalog_hits((c), &(c)->result);                                                           \
        if (strcmp(hits_, (expected)) != 0)                                                                            \
            print_message("%s\n  expected %s\n  found    %s\n", (params), (expected), hits_);                          \
        assert_string_equal(hits_, (expected));                                                                        \
    } while (0)

#define assert_facets(c, params, expected)                                                                             \
    do {                                                                                                               \
        catalog_search((c), (params));                                                                                 \
        const char *facets_ = catalog_facets((c), &(c)->result);                                                       \
        if (strcmp(facets_, (expected)) != 0)                                                                          \
            print_message("%s\n  expected %s\n  found    %s\n", (params), (expected), facets_);                        \
        assert_string_equal(facets_, (expected));                                                                      \
    } while (0)

#endif
