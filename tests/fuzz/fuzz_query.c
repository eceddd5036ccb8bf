/* Any bytes as the parameters of a search, against a small shop: an answer whose parts agree, or an error that says
 * something; and the text highlighted and searched among facet values. */
#include <stdlib.h>

#include "indexer/base/limits.h"
#include "indexer/build/shard_build.h"
#include "server/query/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title^3\",\"brand\",\"*\"],\"attributesForFaceting\":[\"searchable(brand)\","
    "\"color\","
    "\"hierarchical(category)\",\"numeric(price)\",\"in_stock\"],\"identifiers\":[\"sku\"],"
    "\"customRanking\":[\"desc(popularity)\"],\"languages\":[\"en\"],\"synonyms\":[[\"sofa\",\"couch\"]],"
    "\"roles\":{\"title\":\"title\",\"category\":\"category\",\"price\":\"price\",\"quantity\":\"quantity\","
    "\"popularity\":\"popularity\"}}";

static const char *const SHOP[] = {
    "{\"objectID\":\"1\",\"title\":\"Red trail shoe\",\"brand\":\"Fjord & Co\",\"category\":\"Shoes > Trail\","
    "\"color\":\"red\",\"price\":89.9,\"popularity\":5,\"quantity\":3,\"sku\":\"TR-100\",\"item_group_id\":\"a\"}",
    "{\"objectID\":\"2\",\"title\":\"Blue trail shoe\",\"brand\":\"Fjord & Co\",\"category\":\"Shoes > Trail\","
    "\"color\":\"blue\",\"price\":89.9,\"popularity\":4,\"quantity\":0,\"item_group_id\":\"a\"}",
    "{\"objectID\":\"3\",\"title\":\"Corner sofa WH-1000XM4\",\"brand\":\"O'Neal\",\"category\":\"Home > Sofas\","
    "\"color\":[\"grey\",\"red\"],\"price\":[1,2.5],\"width\":210}",
    "{\"objectID\":\"4\",\"title\":\"Schöne Größe 中文 무선\",\"brand\":\"Hi:Tech\",\"price\":1e3}",
};

static struct snapshot *snapshot;
static struct searcher *searcher;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Kept for the whole run. */
static void open_shop(void)
{
    struct error err = {0};
    struct settings *settings;
    struct analyzer *analyzer;
    static struct shard *shard;
    struct buf image = BUF_EMPTY;
    struct arena arena;

    arena_init(&arena, 0);
    require(settings_parse(&settings, STR(SETTINGS), NULL, &err) == STATUS_OK);
    require(analyzer_open(&analyzer, &(struct analyzer_options){.language = "en"}, &err) == STATUS_OK);
    struct shard_build_options options = {
        .settings = settings, .analyzer = analyzer, .dictionary = dictionary_new(settings)};
    struct shard_builder *builder = shard_builder_new(&options);
    for (size_t i = 0; i < sizeof(SHOP) / sizeof(SHOP[0]); i++) {
        struct json object;
        require(json_parse(str_from(SHOP[i]), &arena, &object, &err) == STATUS_OK);
        require(shard_builder_add(builder, &object, &err) == STATUS_OK);
    }
    require(shard_builder_finish(builder, &image, &err) == STATUS_OK);
    shard_builder_free(builder);
    require(shard_open_memory(&shard, &image, &err) == STATUS_OK);
    arena_release(&arena);
    struct snapshot_parts parts = {.settings = settings,
                                   .analyzer = analyzer,
                                   .dictionary = options.dictionary,
                                   .shards = &shard,
                                   .shard_count = 1};
    snapshot = snapshot_of_shards(&parts);
    searcher = searcher_new();
}

static void check(const struct search_context *c, const struct search_request *request,
                  const struct search_result *result)
{
    uint64_t most = sizeof(SHOP) / sizeof(SHOP[0]);
    struct marker *marker = search_marker(c, request, result);

    require(result->total <= most && result->hit_count <= result->total);
    for (size_t i = 0; i < result->facet_count; i++) {
        for (size_t k = 0; k < result->facets[i].count; k++)
            require(result->facets[i].counts[k].count > 0 && result->facets[i].counts[k].count <= result->total);
    }
    for (size_t i = 0; i < result->hit_count; i++) {
        struct highlighted marked;
        struct highlight_text what = {.words = i};
        if (marker && json_string(json_get(&result->hits[i].object, "title"), &what.text) &&
            search_highlight(marker, &what, &marked) == STATUS_OK)
            require(str_utf8_valid(marked.value, NULL) || !str_utf8_valid(request->pre_tag, NULL) ||
                    !str_utf8_valid(request->post_tag, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct error err = {0};
    struct json json;
    struct search_request request;
    struct search_result result;

    if (!snapshot)
        open_shop();
    arena_init(&arena, 16 << 20);
    struct search_context c = {searcher, snapshot, &arena};
    if (json_parse((struct str){(const char *)data, size}, &arena, &json, &err) != STATUS_OK)
        goto out;
    enum status status = search_request_parse(&request, &json, snapshot->settings, &arena, &err);
    if (status == STATUS_OK)
        status = search_run(&c, &request, 1, &result, &err);
    if (status == STATUS_OK)
        check(&c, &request, &result);
    else
        require((status == STATUS_INPUT || status == STATUS_LIMIT) && err.message[0]);
    if (status == STATUS_OK) {
        struct facet_search wanted = {STR("brand"), request.query, 5};
        struct facet_hits hits;
        struct search_page page = {.after = request.query, .limit = 3};
        status = search_facet_values(&c, &request, &wanted, &hits, &err);
        require(status == STATUS_OK || status == STATUS_LIMIT);
        status = search_keys(&c, &request, &page, &err);
        require((status == STATUS_OK && page.count <= 3) || status == STATUS_LIMIT);
    }
out:
    arena_release(&arena);
    return 0;
}
