/*
 * Searches in process, one thread, no HTTP, no caches of answers: builds two shards of NDJSON products (aisle-generate
 * --format ndjson) and a delta with one product in a hundred again, whose older copies are tombstones, or opens what an
 * earlier run built. Runs mixes of queries (aisle-generate --queries) and prints for each queries a second and
 * microseconds: mean, median, 99th percentile and slowest, of the thread's processor time inside search_run.
 *
 *   search --feed products.ndjson --queries queries.tsv --cache DIR [--mix NAME] [--rounds N]
 *
 * Half of the queries are filtered: by a category of any level, by brand, or by a range of prices, all taken from a
 * product that fits the query. Unless its name ends in "page", a mix asks for no attributes of the hits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "indexer/base/clock.h"
#include "indexer/base/file.h"
#include "indexer/base/hash.h"
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

#define BASES          2
#define SEGMENTS       3 /* and the delta */
#define PATH_SIZE      4096
#define WINDOW_PADDING 64

struct query_line {
    struct str text;
    struct str filters[3]; /* JSON members, each with a comma in front: by category, brand, price */
};

struct bench {
    const char *feed, *queries, *cache, *mix;
    int64_t rounds;
    bool each;
    struct settings *settings;
    struct analyzer *analyzer;
    struct dictionary *dictionary;
    struct buf dictionary_bytes;
    struct shard *shards[SEGMENTS];
    uint64_t *tombstones[BASES];
    struct snapshot *snapshot;
    struct searcher *searcher;
    uint64_t deletions;
    bool no_pages;
    VEC(struct query_line) lines;
    VEC(uint32_t) keystrokes; /* line << 8 | bytes of its text */
    struct buf queries_bytes;
    struct arena arena, kept;
    struct error err;
};

static void must(struct bench *b, enum status status)
{
    if (status != STATUS_OK)
        fatal("%s", b->err.message);
}

/* Which of the shards takes a product; every hundredth goes to the delta, too. */
static void deal(struct bench *b, struct shard_builder **builders, const struct json *object, size_t number)
{
    struct str id = {NULL, 0};

    (void)json_string(json_get(object, "objectID"), &id);
    must(b, shard_builder_add(builders[hash64(id.data, id.size) % BASES], object, &b->err));
    if (number % 100 == 99)
        must(b, shard_builder_add(builders[BASES], object, &b->err));
}

static void build(struct bench *b, char paths[][PATH_SIZE], const char *dictionary_path)
{
    struct shard_build_options options = {.settings = b->settings,
                                          .analyzer = b->analyzer,
                                          .dictionary = b->dictionary,
                                          .memory_bytes = 1ull << 30,
                                          .temp_dir = b->cache};
    struct shard_builder *builders[SEGMENTS];
    FILE *feed = fopen(b->feed, "r");
    char *line = NULL;
    size_t room = 0, number = 0;
    uint64_t start = clock_monotonic_ns();
    struct arena arena;

    arena_init(&arena, 0);
    if (!feed)
        fatal("cannot open '%s'", b->feed);
    for (size_t i = 0; i < SEGMENTS; i++)
        builders[i] = shard_builder_new(&options);
    for (ssize_t n; (n = getline(&line, &room, feed)) > 0; arena_reset(&arena)) {
        struct json object;
        must(b, json_parse((struct str){line, (size_t)n}, &arena, &object, &b->err));
        deal(b, builders, &object, number++);
    }
    free(line);
    (void)fclose(feed);
    for (size_t i = 0; i < SEGMENTS; i++) {
        must(b, shard_builder_finish_file(builders[i], paths[i], &b->err));
        shard_builder_free(builders[i]);
    }
    arena_release(&arena);
    dictionary_write(b->dictionary, &b->dictionary_bytes);
    must(b, file_replace(dictionary_path, buf_str(&b->dictionary_bytes), &b->err));
    printf("built in %.1f s\n", (double)(clock_monotonic_ns() - start) / 1e9);
}

/* The delta's products are deleted from the shards. */
static void make_snapshot(struct bench *b)
{
    struct snapshot_parts parts = {.settings = b->settings,
                                   .analyzer = b->analyzer,
                                   .dictionary = b->dictionary,
                                   .shards = b->shards,
                                   .shard_count = SEGMENTS};
    struct segment *segments;

    b->snapshot = snapshot_of_shards(&parts);
    segments = (struct segment *)(uintptr_t)b->snapshot->segments;
    segments[BASES].is_delta = true;
    for (size_t i = 0; i < BASES; i++) {
        uint32_t words = (shard_doc_count(b->shards[i]) + 63) / 64;
        b->tombstones[i] = xcalloc((size_t)words + WINDOW_PADDING, sizeof(uint64_t));
        for (doc_id d = 0, n = shard_doc_count(b->shards[BASES]); d < n; d++) {
            doc_id old = shard_find(b->shards[i], shard_object_id(b->shards[BASES], d));
            if (old == DOC_NONE)
                continue;
            b->tombstones[i][old / 64] |= 1ull << (old & 63);
            segments[i].deleted_docs++;
            segments[i].deleted_groups++;
        }
        segments[i].tombstones = b->tombstones[i];
        segments[i].tombstones_id = i + 1;
    }
    snapshot_statistics(b->snapshot);
}

static void open_index(struct bench *b)
{
    char paths[SEGMENTS][PATH_SIZE], dictionary_path[PATH_SIZE];
    struct shard_open_options open = {.verify_all = false};
    struct analyzer_options analyzer = {.language = "en"};
    uint64_t size = 0;

    for (size_t i = 0; i < SEGMENTS; i++)
        (void)snprintf(paths[i], PATH_SIZE, "%s/shard-%zu.aisle", b->cache, i);
    (void)snprintf(dictionary_path, sizeof(dictionary_path), "%s/dictionary.aisle", b->cache);
    must(b, settings_parse(&b->settings, STR(SETTINGS), NULL, &b->err));
    must(b, analyzer_open(&b->analyzer, &analyzer, &b->err));
    must(b, dir_make(b->cache, &b->err));
    if (!file_exists(dictionary_path)) {
        b->dictionary = dictionary_new(b->settings);
        build(b, paths, dictionary_path);
    } else {
        must(b, file_read_all(dictionary_path, &b->dictionary_bytes, (size_t)1 << 32, &b->err));
        must(b, dictionary_open(&b->dictionary, buf_str(&b->dictionary_bytes), &b->err));
    }
    for (size_t i = 0; i < SEGMENTS; i++) {
        must(b, shard_open(&b->shards[i], paths[i], &open, &b->err));
        size += shard_size_bytes(b->shards[i]);
    }
    make_snapshot(b);
    b->searcher = searcher_new();
    printf("%llu documents, %llu deleted, %u segments, %.1f MB\n", (unsigned long long)b->snapshot->doc_count,
           (unsigned long long)(b->snapshot->doc_count - b->snapshot->live_docs), b->snapshot->segment_count,
           (double)size / 1e6);
}

/* The category of one of its levels, by the query's number. */
static void category_filter(const struct json *object, size_t number, struct buf *out)
{
    const struct json *v = json_get(object, "product_type");
    struct str path = v && v->type == JSON_ARRAY && v->count ? v->items[0].text : (struct str){NULL, 0}, level;
    size_t depth = 0, wanted = number % 3, end = 0;

    if (!path.data)
        return;
    for (size_t i = 0; i < path.size && depth <= wanted; i++) {
        if (i + 1 == path.size)
            end = path.size;
        else if (path.data[i] == '>' && ++depth > wanted)
            end = i - 1;
    }
    buf_printf(out, ",\"facetFilters\":[\"product_type.lvl%zu:", depth > wanted ? wanted : depth);
    level = str_slice(path, 0, end);
    for (size_t i = 0; i < level.size; i++)
        buf_put_u8(out, (uint8_t)level.data[i]);
    buf_literal(out, "\"]");
}

static void keep(struct bench *b, struct buf *text, struct str *out)
{
    *out = arena_copy(&b->kept, buf_str(text));
    buf_clear(text);
}

/* Filters that let the product through. */
static void make_filters(struct bench *b, struct query_line *line, struct str id, size_t number)
{
    struct buf text = BUF_EMPTY;
    uint32_t segment;
    struct json object;
    struct str brand;
    doc_id doc;
    double price;

    for (size_t i = 0; i < 3; i++)
        line->filters[i] = STR("");
    arena_reset(&b->arena);
    if (!snapshot_find(b->snapshot, id, &segment, &doc))
        return;
    must(b, snapshot_object(b->snapshot, segment, doc, &b->arena, &object, &b->err));
    category_filter(&object, number, &text);
    keep(b, &text, &line->filters[0]);
    if (json_string(json_get(&object, "brand"), &brand)) {
        buf_literal(&text, ",\"facetFilters\":[\"brand:");
        buf_append_str(&text, brand);
        buf_literal(&text, "\"]");
    }
    keep(b, &text, &line->filters[1]);
    if (json_double(json_get(&object, "price"), &price))
        buf_printf(&text, ",\"numericFilters\":[\"price>=%.0f\",\"price<=%.0f\"]", price * .6, price * 1.6 + 1);
    keep(b, &text, &line->filters[2]);
    buf_release(&text);
}

/* Every keystroke of the last word, its first letter included. */
static void add_keystrokes(struct bench *b, uint32_t line)
{
    struct str text = b->lines.items[line].text;
    size_t start = text.size;

    while (start > 0 && text.data[start - 1] != ' ')
        start--;
    for (size_t end = start + 1; end <= text.size && end < 256; end++) {
        if (str_utf8_cut(text, end) == end)
            vec_push(&b->keystrokes, line << 8 | (uint32_t)end);
    }
}

static void read_queries(struct bench *b)
{
    must(b, file_read_all(b->queries, &b->queries_bytes, 1 << 30, &b->err));
    for (struct str rest = buf_str(&b->queries_bytes); rest.data && rest.size;) {
        struct str row = str_split(&rest, '\n');
        struct query_line line = {.text = str_split(&row, '\t')};
        (void)str_split(&row, '\t');
        if (line.text.size == 0)
            continue;
        make_filters(b, &line, str_split(&row, '\t'), b->lines.count);
        vec_push(&b->lines, line);
        add_keystrokes(b, (uint32_t)b->lines.count - 1);
    }
    if (b->lines.count == 0)
        fatal("no queries in '%s'", b->queries);
}

/* --- mixes: the parameters of the i-th request --- */
#define FACETS "\"facets\":[\"brand\",\"color\",\"size\",\"product_type.lvl0\",\"price\"]"
#define BARE   ",\"attributesToRetrieve\":[],\"attributesToHighlight\":[]"
#define STRICT ",\"removeWordsIfNoResults\":\"none\",\"queryType\":\"prefixNone\",\"typoTolerance\":false"

static void put_text(struct str text, struct buf *out)
{
    buf_literal(out, "\"query\":");
    json_write_string(out, text);
}

static const struct query_line *line_of(const struct bench *b, size_t i)
{
    return &b->lines.items[i % b->lines.count];
}

/* Half of the queries have one. */
static struct str filter_of(const struct bench *b, size_t i)
{
    return i % 2 ? line_of(b, i)->filters[i / 2 % 3] : STR("");
}

static void words_mix(struct bench *b, size_t i, struct buf *out)
{
    put_text(line_of(b, i)->text, out);
    buf_append_str(out, filter_of(b, i));
    buf_literal(out, ",\"hitsPerPage\":24");
}

static void strict_facets(struct bench *b, size_t i, struct buf *out)
{
    words_mix(b, i, out);
    buf_literal(out, BARE STRICT "," FACETS);
}

static void strict(struct bench *b, size_t i, struct buf *out)
{
    words_mix(b, i, out);
    buf_literal(out, BARE STRICT);
}

static void search(struct bench *b, size_t i, struct buf *out)
{
    words_mix(b, i, out);
    buf_literal(out, BARE "," FACETS);
}

static void search_page(struct bench *b, size_t i, struct buf *out)
{
    words_mix(b, i, out);
    buf_literal(out, "," FACETS);
}

static void products(struct bench *b, size_t i, struct buf *out)
{
    search(b, i, out);
    buf_literal(out, ",\"distinct\":true");
}

static void any_word(struct bench *b, size_t i, struct buf *out)
{
    put_text(line_of(b, i)->text, out);
    buf_append_str(out, filter_of(b, i));
    buf_literal(out,
                BARE ",\"queryType\":\"prefixNone\",\"typoTolerance\":false,\"hitsPerPage\":10,\"optionalWords\":");
    json_write_string(out, line_of(b, i)->text);
}

static void typing(struct bench *b, size_t i, struct buf *out)
{
    uint32_t k = b->keystrokes.items[i % b->keystrokes.count];

    put_text(str_slice(b->lines.items[k >> 8].text, 0, k & 255), out);
    buf_literal(out, ",\"hitsPerPage\":24" BARE "," FACETS);
}

/* One letter of the first word is wrong, the second from its end left out in turn. */
static void typo(struct bench *b, size_t i, struct buf *out)
{
    struct str text = line_of(b, i)->text;
    struct buf wrong = BUF_EMPTY;
    size_t end = str_find_char(text, ' ');

    end = end == SIZE_MAX ? text.size : end;
    if (end > 4 && str_utf8_cut(text, end - 2) == end - 2 && str_utf8_cut(text, end - 1) == end - 1) {
        buf_append_str(&wrong, str_slice(text, 0, end - 2));
        buf_append_str(&wrong, str_slice(text, end - 1, text.size));
        text = buf_str(&wrong);
    }
    put_text(text, out);
    buf_literal(out, ",\"hitsPerPage\":24" BARE "," FACETS);
    buf_release(&wrong);
}

static void browse(struct bench *b, size_t i, struct buf *out)
{
    buf_literal(out, FACETS BARE ",\"hitsPerPage\":24");
    buf_append_str(out, line_of(b, i)->filters[0]);
}

static void everything(struct bench *b, size_t i, struct buf *out)
{
    (void)b;
    (void)i;
    buf_literal(out, FACETS BARE ",\"hitsPerPage\":24");
}

/* Filters that keep about half of all. */
static void half(struct bench *b, size_t i, struct buf *out)
{
    static const char *const filters[] = {",\"filters\":\"in_stock:true\"", ",\"numericFilters\":[\"price<40\"]",
                                          ",\"filters\":\"in_stock:true AND price > 10\""};

    everything(b, i, out);
    buf_append_str(out, str_from(filters[i % 3]));
}

static void by_price(struct bench *b, size_t i, struct buf *out)
{
    everything(b, i, out);
    buf_literal(out, ",\"sort\":\"asc(price)\"");
}

/* Another product is deleted before each search, so that no page is the same as before. */
static void delete_another(struct bench *b)
{
    struct segment *first = (struct segment *)(uintptr_t)&b->snapshot->segments[0];
    doc_id doc = (doc_id)(b->deletions++ * 7919 % shard_doc_count(first->shard));

    b->tombstones[0][doc / 64] |= 1ull << (doc & 63);
    first->tombstones_id = SEGMENTS + b->deletions;
}

static void browse_deleting(struct bench *b, size_t i, struct buf *out)
{
    delete_another(b);
    browse(b, i, out);
}

static void everything_deleting(struct bench *b, size_t i, struct buf *out)
{
    delete_another(b);
    everything(b, i, out);
}

static const struct mix {
    const char *name;
    void (*params)(struct bench *, size_t, struct buf *);
} MIXES[] = {{"all-words-5-facets", strict_facets},
             {"all-words", strict},
             {"any-word", any_word},
             {"search", search},
             {"search-page", search_page},
             {"products", products},
             {"keystrokes", typing},
             {"typo", typo},
             {"browse", browse},
             {"match-all", everything},
             {"match-all-half", half},
             {"by-price", by_price},
             {"browse-deletes", browse_deleting},
             {"match-all-deletes", everything_deleting}};

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

static void run_mix(struct bench *b, const struct mix *mix, bool shown)
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
        buf_literal(&params, "{");
        mix->params(b, i, &params);
        buf_literal(&params, "}");
        must(b, json_parse(buf_str(&params), &b->arena, &json, &b->err));
        must(b, search_request_parse(&request, &json, b->settings, &b->arena, &b->err));
        request.profile = b->each;
        start = cpu_ns();
        must(b, search_run(&context, &request, 1, &result, &b->err));
        times[i] = cpu_ns() - start;
        total += times[i];
        hits += result.total;
        found += result.total > 0;
        if (shown && b->each)
            print_query(mix->name, times[i], &result, buf_str(&params));
    }
    qsort(times, count, sizeof(*times), by_value);
    if (shown)
        printf("%-18s %8.0f/s  mean %8.1f  median %8.1f  p99 %9.1f  max %9.1f us  %5.1f %% found, %.0f hits each\n",
               mix->name, 1e9 * (double)count / (double)total, (double)total / 1e3 / (double)count,
               (double)times[count / 2] / 1e3, (double)times[count * 99 / 100] / 1e3, (double)times[count - 1] / 1e3,
               100. * (double)found / (double)count, (double)hits / (double)count);
    (void)fflush(stdout);
    free(times);
    buf_release(&params);
}

int main(int argc, char **argv)
{
    struct bench b = {.feed = NULL, .mix = NULL, .rounds = 1000};
    const struct option_row rows[] = {
        {"feed", OPTION_TEXT, &b.feed, "FILE", 0, 0, NULL, "NDJSON products"},
        {"queries", OPTION_TEXT, &b.queries, "FILE", 0, 0, NULL, "lines: query, tab, ..."},
        {"cache", OPTION_TEXT, &b.cache, "DIR", 0, 0, NULL, "where the index is kept"},
        {"mix", OPTION_TEXT, &b.mix, "NAME", 0, 0, NULL, "only this mix"},
        {"no-pages", OPTION_FLAG, &b.no_pages, NULL, 0, 0, NULL, "keep no pages; counts of segments are kept"},
        {"each", OPTION_FLAG, &b.each, NULL, 0, 0, NULL, "print every query's time and hits"},
        {"rounds", OPTION_INT, &b.rounds, "N", 1, 10000000, NULL, "queries of each mix"},
    };
    const struct options options = {"search --feed FILE --queries FILE --cache DIR", "Measures searches.", rows,
                                    sizeof(rows) / sizeof(rows[0])};
    int positional, ran = 0;

    must(&b, options_parse(&options, argc, argv, &positional, &b.err));
    if (!b.feed || !b.queries || !b.cache)
        fatal("--feed, --queries and --cache are needed; see --help");
    arena_init(&b.arena, LIMIT_REQUEST_ARENA);
    arena_init(&b.kept, 0);
    open_index(&b);
    if (b.no_pages)
        searcher_share(b.searcher, NULL);
    read_queries(&b);
    for (size_t i = 0; i < sizeof(MIXES) / sizeof(MIXES[0]); i++) {
        if (b.mix && strcmp(b.mix, MIXES[i].name) != 0)
            continue;
        run_mix(&b, &MIXES[i], false); /* blocks are verified and pages mapped when they are first read */
        run_mix(&b, &MIXES[i], true);
        ran++;
    }
    if (!ran)
        fatal("no mix '%s'", b.mix);
    arena_release(&b.arena);
    arena_release(&b.kept);
    vec_release(&b.lines);
    vec_release(&b.keystrokes);

    buf_release(&b.queries_bytes);
    searcher_free(b.searcher);
    snapshot_free(b.snapshot);
    for (size_t i = 0; i < SEGMENTS; i++)
        shard_close(b.shards[i]);
    for (size_t i = 0; i < BASES; i++)
        free(b.tombstones[i]);
    dictionary_free(b.dictionary);
    buf_release(&b.dictionary_bytes);
    analyzer_close(b.analyzer);
    settings_free(b.settings);
    return 0;
}
