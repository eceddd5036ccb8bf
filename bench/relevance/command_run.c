/* aisle-eval run: queries against a server or an index, to a run file. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/configuration.h"
#include "bench/relevance/evaluation.h"

struct run {
    struct configuration configuration;
    struct common_options common;
    int64_t repeat;
    const char *format;
    bool quiet;
};

static enum status parse_options(struct run *r, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[CONFIGURATION_ROWS + 3 + COMMON_ROWS];
    size_t used = configuration_rows(&r->configuration, rows);
    const struct option_row own[] = {
        {"repeat", OPTION_INT, &r->repeat, "N", 1, 1000000, NULL, "ask each query so often; the fastest counts"},
        {"format", OPTION_CHOICE, &r->format, NULL, 0, 0, "trec|csv", "of the run"},
        {"quiet", OPTION_FLAG, &r->quiet, NULL, 0, 0, NULL, "no latencies on standard error"},
    };
    memcpy(rows + used, own, sizeof(own));
    used = common_options_rows(&r->common, COMMON_ASKS | COMMON_OUTPUT, rows, used + sizeof(own) / sizeof(*own));
    const struct options options = {
        "aisle-eval run (--server URL --index NAME | --data DIR | --candidate DIR) [options] QUERIES",
        "Asks the queries of a file (lines of id, tab, text; CSV with a header; JSON) and writes what comes back as a "
        "run. Latencies are told on standard error. Scores in the run count down from the first place.",
        rows, used};
    r->repeat = 1;
    r->format = "trec";
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && *count != 1)
        status = error_set(err, STATUS_INPUT, "one file of queries is needed");
    return status;
}

static bool has_space(struct str s)
{
    for (size_t i = 0; i < s.size; i++) {
        if (strchr(" \t\r\n\v\f", s.data[i]))
            return true;
    }
    return s.size == 0;
}

static enum status write_trec(const struct entries *run, struct buf *out, struct error *err)
{
    struct arena arena;
    enum status status = STATUS_OK;
    arena_init(&arena, 0);
    for (size_t i = 0; i < run->queries.count && status == STATUS_OK; i++) {
        const struct entries_query *q = &run->queries.items[i];
        const struct entry **order = ranking_order(q, &arena);
        for (size_t k = 0; k < q->count && status == STATUS_OK; k++) {
            if (has_space(str_from(q->id)) || has_space(str_from(order[k]->doc)))
                status = error_set(err, STATUS_INPUT,
                                   "'%s' or '%s' holds a space, which a TREC file cannot: use --format csv", q->id,
                                   order[k]->doc);
            else
                buf_printf(out, "%s Q0 %s %zu %g %s\n", q->id, order[k]->doc, k + 1, order[k]->value,
                           has_space(str_from(run->tag)) ? "aisle" : run->tag);
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
    return status;
}

static void write_csv(const struct entries *run, struct buf *out)
{
    struct arena arena;
    arena_init(&arena, 0);
    buf_literal(out, "query,docid,rank,score\n");
    for (size_t i = 0; i < run->queries.count; i++) {
        const struct entries_query *q = &run->queries.items[i];
        const struct entry **order = ranking_order(q, &arena);
        for (size_t k = 0; k < q->count; k++) {
            csv_write_cell(out, str_from(q->id));
            buf_append_char(out, ',');
            csv_write_cell(out, str_from(order[k]->doc));
            buf_printf(out, ",%zu,%g\n", k + 1, order[k]->value);
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
}

static void tell(const struct retrieval *r, const struct opened *o)
{
    struct latency l = retrieval_latency(r);
    size_t empty = 0;
    for (size_t i = 0; i < r->count; i++)
        empty += r->found[i].count == 0;
    fprintf(stderr,
            "%s: %zu queries, %zu without results; latency in us: mean %.0f, p50 %.0f, p90 %.0f, p95 %.0f, p99 %.0f, "
            "most %.0f; %.0f/s\n",
            o->name, r->count, empty, l.mean_us, l.p50_us, l.p90_us, l.p95_us, l.p99_us, l.most_us, l.per_second);
}

static enum status run_queries(const struct run *r, const struct queries *queries, struct opened *o, struct error *err)
{
    struct retrieval retrieval;
    struct entries entries;
    struct buf out = BUF_EMPTY;
    struct retrieval_options options = {o->params, r->common.hits, (size_t)r->common.threads, (size_t)r->repeat};
    enum status status = retrieval_make(&retrieval, o->target, queries, &options, err);
    if (status == STATUS_OK) {
        retrieval_entries(&retrieval, queries, o->name, &entries);
        if (strcmp(r->format, "csv") == 0)
            write_csv(&entries, &out);
        else
            status = write_trec(&entries, &out, err);
        if (status == STATUS_OK)
            status = command_write(r->common.output, &out, err);
        if (status == STATUS_OK && !r->quiet)
            tell(&retrieval, o);
        entries_release(&entries);
    }
    buf_release(&out);
    retrieval_release(&retrieval);
    return status;
}

int command_run(int argc, char **argv)
{
    struct run run = {0};
    struct queries queries = {0};
    struct opened opened = {0};
    struct error err = {0};
    int count = 0;
    int code = 2;
    enum status status = parse_options(&run, argc, argv, &count, &err);
    if (status == STATUS_OK)
        status = queries_read(&queries, argv[1], QUERIES_LISTED, &err);
    if (status == STATUS_OK)
        status = configuration_open(&opened, &run.configuration, &err);
    if (status == STATUS_OK) {
        code = 3;
        status = run_queries(&run, &queries, &opened, &err);
    }
    configuration_close(&opened);
    queries_release(&queries);
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "aisle-eval run: %s\n", err.message);
    return code;
}
