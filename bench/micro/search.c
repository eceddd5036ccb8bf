/*
 * Searches in process, one thread, no HTTP: builds one shard of NDJSON products (aisle-generate --format ndjson) or
 * opens what an earlier run built, runs mixes of queries (aisle-generate --queries) and prints, for each, queries a
 * second and microseconds at the median, the 99th percentile and the slowest, all of processor time.
 *
 *   search --feed products.ndjson --queries queries.tsv --cache DIR [--mix NAME] [--rounds N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/limits.h"
#include "indexer/base/options.h"
#include "indexer/base/vec.h"
#include "indexer/build/shard_build.h"
#include "server/query/search.h"

static const char SETTINGS[] =
    "{\"searchableAttributes\":[\"title^3\",\"brand^2\",\"product_type^3\",\"*^0.5\",\"mpn,gtin^5\",\"description^1\"],"
    "\"attributesForFaceting\":[\"searchable(brand)\",\"color\",\"size\",\"material\",\"hierarchical(product_type)\","
    "\"numeric(price)\",\"numeric(rating)\",\"in_stock\"],\"identifiers\":[\"mpn\",\"gtin\"],"
    "\"roles\":{\"title\":\"title\",\"brand\":\"brand\",\"category\":\"product_type\",\"price\":\"price\","
    "\"quantity\":\"quantity\",\"availability\":\"availability\",\"popularity\":\"popularity\"},"
    "\"customRanking\":[\"desc(popularity)\"],\"languages\":[\"en\"]}";

struct bench {
    const char *feed, *queries, *cache, *mix;
    int64_t rounds;
    bool each;
    struct settings *settings;
    struct analyzer *analyzer;
    struct dictionary *dictionary;
    struct buf dictionary_bytes;
    struct shard *shard;
    struct snapshot *snapshot;
    struct searcher *searcher;
    VEC(struct str) texts;
    struct buf queries_bytes;
    struct arena arena;
    struct error err;
};

static void must(struct bench *b, enum status status)
{
    if (status != STATUS_OK)
        fatal("%s", b->err.message);
}

static void build(struct bench *b, const char *shard_path, const char *dictionary_path)
{
    struct shard_build_options options = {.settings = b->settings,
                                          .analyzer = b->analyzer,
                                          .dictionary = b->dictionary,
                                          .memory_bytes = 1ull << 30,
                                          .temp_dir = b->cache};
    struct shard_builder *builder = shard_builder_new(&options);
    FILE *feed = fopen(b->feed, "r");
    char *line = NULL;
    size_t room = 0;
    uint64_t start = clock_monotonic_ns();
    struct arena arena;

    arena_init(&arena, 0);
    if (!feed)
        fatal("cannot open '%s'", b->feed);
    for (ssize_t n; (n = getline(&line, &room, feed)) > 0; arena_reset(&arena)) {
        struct json object;
        must(b, json_parse((struct str){line, (size_t)n}, &arena, &object, &b->err));
        must(b, shard_builder_add(builder, &object, &b->err));
    }
    free(line);
    (void)fclose(feed);
    must(b, shard_builder_finish_file(builder, shard_path, &b->err));
    shard_builder_free(builder);
    arena_release(&arena);
    dictionary_write(b->dictionary, &b->dictionary_bytes);
    must(b, file_replace(dictionary_path, buf_str(&b->dictionary_bytes), &b->err));
    printf("built in %.1f s\n", (double)(clock_monotonic_ns() - start) / 1e9);
}

static void open_index(struct bench *b)
{
    char shard_path[4096], dictionary_path[4096];
    struct shard_open_options open = {.verify_all = false};
    struct analyzer_options analyzer = {.language = "en"};

    (void)snprintf(shard_path, sizeof(shard_path), "%s/shard.aisle", b->cache);
    (void)snprintf(dictionary_path, sizeof(dictionary_path), "%s/dictionary.aisle", b->cache);
    must(b, settings_parse(&b->settings, STR(SETTINGS), NULL, &b->err));
    must(b, analyzer_open(&b->analyzer, &analyzer, &b->err));
    must(b, dir_make(b->cache, &b->err));
    if (!file_exists(shard_path)) {
        b->dictionary = dictionary_new(b->settings);
        build(b, shard_path, dictionary_path);
    } else {
        must(b, file_read_all(dictionary_path, &b->dictionary_bytes, (size_t)1 << 32, &b->err));
        must(b, dictionary_open(&b->dictionary, buf_str(&b->dictionary_bytes), &b->err));
    }
    must(b, shard_open(&b->shard, shard_path, &open, &b->err));
    struct snapshot_parts parts = {.settings = b->settings,
                                   .analyzer = b->analyzer,
                                   .dictionary = b->dictionary,
                                   .shards = &b->shard,
                                   .shard_count = 1};
    b->snapshot = snapshot_of_shards(&parts);
    b->searcher = searcher_new();
    printf("%llu documents, %.1f MB\n", (unsigned long long)b->snapshot->doc_count,
           (double)shard_size_bytes(b->shard) / 1e6);
}

static void read_queries(struct bench *b)
{
    must(b, file_read_all(b->queries, &b->queries_bytes, 1 << 30, &b->err));
    for (struct str rest = buf_str(&b->queries_bytes); rest.data && rest.size;) {
        struct str line = str_split(&rest, '\n');
        struct str text = str_split(&line, '\t');
        if (text.size)
            vec_push(&b->texts, text);
    }
    if (b->texts.count == 0)
        fatal("no queries in '%s'", b->queries);
}

/* --- mixes: the parameters of the i-th request --- */
#define FACETS "\"facets\":[\"brand\",\"color\",\"size\",\"product_type.lvl0\",\"price\"]"

static const char *const FILTERS[] = {"", ",\"filters\":\"in_stock:true\"",
                                      "", ",\"facetFilters\":[\"color:Black\"]",
                                      "", ",\"numericFilters\":[\"price>=20\",\"price<=80\"]"};

static void text_of(struct bench *b, size_t i, size_t letters, struct buf *out)
{
    struct str text = b->texts.items[i % b->texts.count];

    if (letters)
        text = str_slice(text, 0, str_utf8_cut(text, letters));
    buf_literal(out, "\"query\":");
    json_write_string(out, text);
}

static void params_of(struct bench *b, const char *mix, size_t i, struct buf *out)
{
    static const char *const categories[] = {"Home & Furniture", "Garden & DIY", "Electronics", "Fashion"};

    buf_literal(out, "{");
    if (strcmp(mix, "words") == 0) {
        text_of(b, i, 0, out);
        buf_literal(out, ",\"hitsPerPage\":10,\"removeWordsIfNoResults\":\"none\",\"queryType\":\"prefixNone\"");
    } else if (strcmp(mix, "any") == 0) {
        text_of(b, i, 0, out);
        buf_literal(out, ",\"hitsPerPage\":10,\"optionalWords\":");
        json_write_string(out, b->texts.items[i % b->texts.count]);
    } else if (strcmp(mix, "search") == 0) {
        text_of(b, i, 0, out);
        buf_printf(out, "%s," FACETS, FILTERS[i % 6]);
    } else if (strcmp(mix, "prefix1") == 0 || strcmp(mix, "prefix2") == 0 || strcmp(mix, "prefix3") == 0) {
        text_of(b, i, (size_t)(mix[6] - '0'), out);
        buf_literal(out, ",\"hitsPerPage\":10");
    } else if (strcmp(mix, "typing") == 0) {
        text_of(b, i, 1 + i % 9, out);
        buf_literal(out, "," FACETS);
    } else if (strcmp(mix, "products") == 0) {
        text_of(b, i, 0, out);
        buf_printf(out, "%s,\"distinct\":true," FACETS, FILTERS[i % 6]);
    } else if (strcmp(mix, "browse") == 0) {
        buf_printf(out, "\"facetFilters\":[\"product_type.lvl0:%s\"]," FACETS, categories[i % 4]);
    } else if (strcmp(mix, "all") == 0) {
        buf_literal(out, FACETS);
    } else if (strcmp(mix, "price") == 0) {
        buf_literal(out, "\"sort\":\"asc(price)\"," FACETS);
    } else {
        fatal("no mix '%s'", mix);
    }
    buf_literal(out, "}");
}

/* Of this thread: what a shared machine does to others' time is not counted. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

    return (a > b) - (a < b);
}

static void print_query(const char *mix, uint64_t ns, const struct search_result *result, struct str params)
{
    int64_t scored = 0;

    (void)json_i64(json_get(result->profile, "scored"), &scored);
    printf("%s %llu ns %llu hits %lld scored " STR_FMT "\n", mix, (unsigned long long)ns,
           (unsigned long long)result->total, (long long)scored, STR_ARG(params));
}

static void run_mix(struct bench *b, const char *mix, bool shown)
{
    size_t count = (size_t)b->rounds, found = 0;
    uint64_t *times = xcalloc(count, sizeof(*times)), total = 0, hits = 0;
    struct search_context context = {b->searcher, b->snapshot, &b->arena};
    struct buf params = BUF_EMPTY;

    for (size_t i = 0; i < count; i++) {
        struct search_request request;
        struct search_result result;
        struct json json;
        uint64_t start;
        arena_reset(&b->arena);
        buf_clear(&params);
        params_of(b, mix, i, &params);
        start = cpu_ns();
        must(b, json_parse(buf_str(&params), &b->arena, &json, &b->err));
        must(b, search_request_parse(&request, &json, b->settings, &b->arena, &b->err));
        request.profile = b->each;
        must(b, search_run(&context, &request, 1, &result, &b->err));
        times[i] = cpu_ns() - start;
        total += times[i];
        hits += result.total;
        found += result.total > 0;
        if (shown && b->each)
            print_query(mix, times[i], &result, buf_str(&params));
    }
    qsort(times, count, sizeof(*times), by_value);
    if (shown)
        printf("%-9s %8.0f/s  median %8.1f us  p99 %9.1f us  max %9.1f us  %5.1f %% found, %.0f hits each\n", mix,
               1e9 * (double)count / (double)total, (double)times[count / 2] / 1e3,
               (double)times[count * 99 / 100] / 1e3, (double)times[count - 1] / 1e3,
               100. * (double)found / (double)count, (double)hits / (double)count);
    (void)fflush(stdout);
    free(times);
    buf_release(&params);
}

int main(int argc, char **argv)
{
    static const char *const mixes[] = {"words",   "any",     "search", "products", "typing", "prefix1",
                                        "prefix2", "prefix3", "browse", "all",      "price"};
    struct bench b = {.feed = NULL, .mix = NULL, .rounds = 1000};
    const struct option_row rows[] = {
        {"feed", OPTION_TEXT, &b.feed, "FILE", 0, 0, NULL, "NDJSON products"},
        {"queries", OPTION_TEXT, &b.queries, "FILE", 0, 0, NULL, "lines: query, tab, ..."},
        {"cache", OPTION_TEXT, &b.cache, "DIR", 0, 0, NULL, "where the index is kept"},
        {"mix", OPTION_TEXT, &b.mix, "NAME", 0, 0, NULL, "only this mix"},
        {"each", OPTION_FLAG, &b.each, NULL, 0, 0, NULL, "print every query's time and hits"},
        {"rounds", OPTION_INT, &b.rounds, "N", 1, 10000000, NULL, "queries of each mix"},
    };
    const struct options options = {"search --feed FILE --queries FILE --cache DIR", "Measures searches.", rows, 6};
    int positional;

    must(&b, options_parse(&options, argc, argv, &positional, &b.err));
    if (!b.feed || !b.queries || !b.cache)
        fatal("--feed, --queries and --cache are needed; see --help");
    arena_init(&b.arena, LIMIT_REQUEST_ARENA);
    open_index(&b);
    read_queries(&b);
    for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
        if (b.mix && strcmp(b.mix, mixes[i]) != 0)
            continue;
        run_mix(&b, mixes[i], false); /* blocks are verified and pages mapped when they are first read */
        run_mix(&b, mixes[i], true);
    }
    arena_release(&b.arena);
    vec_release(&b.texts);
    buf_release(&b.queries_bytes);
    searcher_free(b.searcher);
    snapshot_free(b.snapshot);
    shard_close(b.shard);
    dictionary_free(b.dictionary);
    buf_release(&b.dictionary_bytes);
    analyzer_close(b.analyzer);
    settings_free(b.settings);
    return 0;
}
