/*
 * Aisle in process, for bench/peers: a data directory that aisle-indexer built, one thread, no HTTP.
 *
 *   aisle-peer delta DATA PRODUCTS.ndjson   writes each hundredth product again: one delta, 1 % tombstones
 *   aisle-peer serve DATA [HELPERS]         driver.h's conversation, without a cache of answers; helpers take segments
 *                                           off the thread that searches, and its processor time is not all of it then
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/peers/driver.h"
#include "indexer/base/json.h"
#include "indexer/base/limits.h"
#include "indexer/base/rcu.h"
#include "server/live/live.h"
#include "server/query/crew.h"
#include "server/query/search.h"
#include "server/query/suggest.h"

enum { STALE_EVERY = 100, SHARDS = 2, MERGED_DELTAS = 5 };

struct peer {
    struct live *live;
    const struct snapshot *snapshot;
    struct searcher *searcher;
    struct arena arena;
    struct buf params;
    struct error err;
};

static void must(struct peer *p, enum status status)
{
    if (status != STATUS_OK)
        driver_fail("%s", p->err.message);
}

static void open_data(struct peer *p, const char *dir, bool read_only)
{
    struct live_options options = {.data_dir = dir, .read_only = read_only};

    must(p, live_open(&p->live, &options, &p->err));
}

/* --- delta --- */

static void add_put(struct live_batch *batch, struct str line, size_t room)
{
    struct live_op *op = &batch->ops[batch->op_count];
    struct error err;
    char *copy = arena_alloc(&batch->arena, line.size);

    if (batch->op_count == room || !copy)
        driver_fail("the delta does not fit");
    memcpy(copy, line.data, line.size);
    *op = (struct live_op){.kind = LIVE_PUT, .index = STR("products")};
    if (json_parse((struct str){copy, line.size}, &batch->arena, &op->body, &err) != STATUS_OK)
        driver_fail("%s", err.message);
    /* What search reads stays the same, but the product is another one than was built. */
    json_object_set(&op->body, STR("edition"), json_of_str(STR("second")), &batch->arena);
    batch->op_count++;
}

static void submit(struct live *live, struct live_batch *batch)
{
    if (batch->op_count && live_submit_wait(live, batch) != STATUS_OK)
        driver_fail("%s", batch->error.message);
    arena_release(&batch->arena);
}

/* Writes each of `every` products again. */
static void write_products(struct peer *p, const char *products, size_t every)
{
    struct live_batch batch = {.op_count = 0};
    char *line = NULL;
    size_t capacity = 0, room = (size_t)live_snapshot(p->live, STR("products"))->live_docs / every + 1, number = 0;
    FILE *feed = fopen(products, "r");

    if (!feed)
        driver_fail("cannot open '%s'", products);
    arena_init(&batch.arena, 0);
    batch.ops = ARENA_ARRAY(&batch.arena, struct live_op, room);
    for (ssize_t n; (n = getline(&line, &capacity, feed)) > 0; number++) {
        if (number % every == 7)
            add_put(&batch, (struct str){line, (size_t)n}, room);
    }
    (void)fclose(feed);
    free(line);
    submit(p->live, &batch);
}

/* Waits while there are so many deltas that the background thread makes one of them. True when there is one. */
static bool wait_for_one_delta(struct peer *p)
{
    for (int tenths = 0; tenths < 600; tenths++) {
        uint32_t segments = live_snapshot(p->live, STR("products"))->segment_count;
        if (segments < SHARDS + MERGED_DELTAS)
            return segments <= SHARDS + 1;
        rcu_offline();
        (void)nanosleep(&(struct timespec){0, 100000000}, NULL);
        rcu_online();
    }
    return false;
}

/* A large batch makes several deltas, which half of it, written once more, makes enough to be merged. */
static void write_delta(struct peer *p, const char *products)
{
    bool one;

    write_products(p, products, STALE_EVERY);
    one = wait_for_one_delta(p);
    for (int i = 0; i < 3 && !one; i++) {
        write_products(p, products, 2 * STALE_EVERY);
        one = wait_for_one_delta(p);
    }
    if (!one)
        fprintf(stderr, "aisle: the deltas were not merged into one\n");
    must(p, live_checkpoint(p->live, &p->err));
}

/* --- searches --- */

static void write_facet_filter(struct buf *out, const char *attribute, size_t level, const char *value, bool first)
{
    buf_printf(out, "%s\"%s", first ? "" : ",", attribute);
    if (level)
        buf_printf(out, ".lvl%zu", level - 1);
    buf_printf(out, ":%s\"", value);
}

static void write_params(const struct driver_mode *mode, const struct driver_query *q, struct buf *out)
{
    buf_clear(out);
    buf_printf(out,
               "{\"query\":\"%s\",\"hitsPerPage\":%u,\"attributesToRetrieve\":[\"objectID\"],"
               "\"removeWordsIfNoResults\":\"none\",\"typoTolerance\":%s",
               q->text, mode->top, mode->typo ? "true" : "false");
    buf_printf(out, ",\"queryType\":\"%s\"", mode->prefix ? "prefixLast" : "prefixNone");
    if (!mode->total)
        buf_literal(out, ",\"trackTotalHits\":false");
    if (mode->any)
        buf_printf(out, ",\"optionalWords\":\"%s\"", q->text);
    if (mode->facets)
        buf_literal(out, ",\"facets\":[\"brand\",\"category.lvl1\",\"color\",\"size\",\"material\"]"
                         ",\"maxValuesPerFacet\":10");
    if (mode->popularity || !q->word_count)
        buf_literal(out, ",\"sort\":\"desc(popularity)\"");
    if (*q->category || *q->brand) {
        buf_literal(out, ",\"facetFilters\":[");
        if (*q->category)
            write_facet_filter(out, "category", q->levels, q->category, true);
        if (*q->brand)
            write_facet_filter(out, "brand", 0, q->brand, !*q->category);
        buf_literal(out, "]");
    }
    if (q->low_cents >= 0)
        buf_printf(out, ",\"numericFilters\":[\"price>=%lld.%02d\",\"price<=%lld.%02d\"]",
                   (long long)(q->low_cents / 100), (int)(q->low_cents % 100), (long long)(q->high_cents / 100),
                   (int)(q->high_cents % 100));
    buf_literal(out, "}");
}

static void run_suggest(struct peer *p, const struct driver_query *q, struct driver_answer *answer)
{
    struct search_context context = {p->searcher, p->snapshot, &p->arena};
    struct suggest_request request = {.typed = str_from(q->text), .limit = 10};
    struct suggest_answer found;

    must(p, suggest_run(&context, &request, &found, &p->err));
    answer->top_count = found.count;
}

static void run(void *peer, const struct driver_mode *mode, const struct driver_query *q, struct driver_answer *answer)
{
    struct peer *p = peer;
    struct search_context context = {p->searcher, p->snapshot, &p->arena};
    struct search_request request;
    struct search_result result;
    struct json json;

    arena_reset(&p->arena);
    if (mode->suggest) {
        run_suggest(p, q, answer);
        return;
    }
    write_params(mode, q, &p->params);
    must(p, json_parse(buf_str(&p->params), &p->arena, &json, &p->err));
    must(p, search_request_parse(&request, &json, p->snapshot->settings, &p->arena, &p->err));
    must(p, search_run(&context, &request, 1, &result, &p->err));
    answer->hits = mode->total ? (int64_t)result.total : -1;
    answer->top_count = result.hit_count;
    for (size_t f = 0; f < result.facet_count; f++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < result.facets[f].count; i++)
            sum += result.facets[f].counts[i].count;
        driver_facet(answer, (unsigned)f, sum);
    }
}

static int serve(struct peer *p, struct crew *crew)
{
    p->snapshot = live_snapshot(p->live, STR("products"));
    if (!p->snapshot)
        driver_fail("there is no index 'products'");
    fprintf(stderr, "aisle: %llu products, %u segments\n", (unsigned long long)p->snapshot->live_docs,
            p->snapshot->segment_count);
    p->searcher = searcher_new();
    searcher_help(p->searcher, crew);
    arena_init(&p->arena, LIMIT_REQUEST_ARENA);
    int code = driver_serve(p, run);
    arena_release(&p->arena);
    searcher_free(p->searcher);
    buf_release(&p->params);
    return code;
}

int main(int argc, char **argv)
{
    struct peer p = {.live = NULL};
    bool delta = argc == 4 && strcmp(argv[1], "delta") == 0;
    struct crew *crew = NULL;
    int code = 0;

    if (!delta && ((argc != 3 && argc != 4) || strcmp(argv[1], "serve") != 0))
        driver_fail("usage: aisle-peer delta DATA PRODUCTS.ndjson | aisle-peer serve DATA [HELPERS]");
    open_data(&p, argv[2], !delta);
    rcu_thread_register();
    if (delta)
        write_delta(&p, argv[3]);
    else
        code = serve(&p,
                     crew = argc == 4 ? crew_new((size_t)strtoul(argv[3], NULL, 10), CREW_MOST + 1, CREW_LEAST) : NULL);
    rcu_thread_unregister();
    crew_free(crew);
    live_close(p.live);
    return code;
}
