/* aisle-eval replay: yesterday's queries on what serves now and on a candidate. */
#include <math.h>
#include <stdio.h>

#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/evaluation.h"
#include "bench/relevance/replay.h"
#include "indexer/base/json.h"

enum { EXIT_GATE = 1, QUERIES_SHOWN = 15 };

struct command {
    const char *qrels;
    const char *measure;
    const char *format;
    struct common_options common; /* queries: ids of the judgments to texts */
    int64_t limit, depth;
    double max_churn, max_empty;
};

/* Both sides' mean over the judged queries of the log. */
struct judged {
    size_t count;
    double means[2];
};

static enum status parse_options(struct command *c, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[7 + COMMON_ROWS] = {
        {"limit", OPTION_INT, &c->limit, "N", 1, 100000000, NULL, "only the N most frequent queries"},
        {"depth", OPTION_INT, &c->depth, "N", 1, 1000, NULL, "results that a shopper sees"},
        {"qrels", OPTION_TEXT, &c->qrels, "FILE", 0, 0, NULL, "judgments, by query text, or with --queries by id"},
        {"measure|m", OPTION_TEXT, &c->measure, "NAME", 0, 0, NULL, "where judged"},
        {"max-churn", OPTION_NUMBER, &c->max_churn, "X", 0, 0, NULL, "exit with 1 above this churn"},
        {"max-empty", OPTION_NUMBER, &c->max_empty, "X", 0, 0, NULL,
         "exit with 1 when a larger part of the candidate's searches is empty"},
        {"format", OPTION_CHOICE, &c->format, NULL, 0, 0, "text|json", "of the output"},
    };
    size_t used = common_options_rows(&c->common, COMMON_QUERIES | COMMON_JUDGED | COMMON_ASKS, rows, 7);
    const struct options options = {
        "aisle-eval replay LOG NOW CANDIDATE [options]",
        "Asks the queries of a log (lines of text, tab, count; or JSON lines with query and count; repeats are added "
        "up) "
        "of two configurations (JSON files as compare takes them) and tells how much shoppers would see change.",
        rows, used};
    c->limit = 10000;
    c->depth = c->common.hits = 10;
    c->measure = "ndcg_cut.10";
    c->format = "text";
    c->max_churn = c->max_empty = 1;
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && *count != 3)
        status = error_set(err, STATUS_INPUT, "a log and two configurations are needed");
    c->common.hits = c->common.hits < c->depth ? c->depth : c->common.hits;
    return status;
}

static enum status ask(const struct command *c, const char *path, const struct queries *log, struct retrieval *out,
                       struct error *err)
{
    struct configuration configuration;
    struct opened opened = {0};
    enum status status = configuration_read(&configuration, path, err);
    if (status == STATUS_OK)
        status = configuration_open(&opened, &configuration, err);
    if (status == STATUS_OK) {
        struct retrieval_options options = {opened.params, c->common.hits, (size_t)c->common.threads, 1};
        status = retrieval_make(out, opened.target, log, &options, err);
    }
    if (status != STATUS_OK)
        error_prefix(err, "%s", path);
    configuration_close(&opened);
    configuration_release(&configuration);
    return status;
}

/* The judgments with texts for ids. */
static enum status read_judgments(const struct command *c, struct entries *out, struct error *err)
{
    struct entries judgments;
    struct queries queries = {0};
    struct entries_options options = {ENTRIES_JUDGMENTS, NULL, c->common.grades};
    enum status status = entries_read(&judgments, c->qrels, &options, err);
    if (status == STATUS_OK && c->common.queries)
        status = queries_read(&queries, c->common.queries, QUERIES_LISTED, err);
    for (size_t i = 0; i < judgments.list.count && status == STATUS_OK; i++) {
        struct str query = str_from(judgments.list.items[i].query);
        for (size_t k = 0; k < queries.list.count; k++) {
            if (strcmp(queries.list.items[k].id, judgments.list.items[i].query) == 0)
                query = queries.list.items[k].text;
        }
        entries_add(out, query, str_from(judgments.list.items[i].doc), judgments.list.items[i].value);
    }
    entries_sort(out);
    queries_release(&queries);
    entries_release(&judgments);
    return status;
}

/* Keeps the judgments of queries that were asked. */
static void keep_asked(struct entries *judgments, const struct queries *log)
{
    size_t kept = 0;
    for (size_t i = 0; i < judgments->queries.count; i++) {
        bool asked = false;
        for (size_t k = 0; k < log->list.count && !asked; k++)
            asked = strcmp(log->list.items[k].id, judgments->queries.items[i].id) == 0;
        if (asked)
            judgments->queries.items[kept++] = judgments->queries.items[i];
    }
    judgments->queries.count = kept;
}

static enum status judge(const struct command *c, const struct queries *log, const struct retrieval found[2],
                         struct judged *out, struct error *err)
{
    struct entries judgments;
    struct measure_set set = {0};
    struct evaluation_options options = {.ranking = {.level = (long)c->common.level, .depth = -1}, .complete = true};
    entries_init(&judgments);
    enum status status = measure_set_make(&set, &c->measure, 1, err);
    if (status == STATUS_OK)
        status = read_judgments(c, &judgments, err);
    if (status == STATUS_OK)
        keep_asked(&judgments, log);
    out->count = judgments.queries.count;
    for (int side = 0; side < 2 && status == STATUS_OK && out->count; side++) {
        struct entries run;
        struct evaluation evaluation;
        retrieval_entries(&found[side], log, "replay", &run);
        status = evaluation_make(&evaluation, &judgments, &run, &set, &options, err);
        if (status == STATUS_OK)
            out->means[side] = evaluation.summary[0];
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
        evaluation_release(&evaluation);
        entries_release(&run);
    }
    measure_set_release(&set);
    entries_release(&judgments);
    return status;
}

static void write_text(const struct command *c, const struct replay *r, const struct judged *judged, struct buf *out)
{
    const struct replay_side *s = r->sides;
    buf_printf(out, "%zu queries, %.0f searches; the first %lld results\n\n", r->query_count, r->searches,
               (long long)c->depth);
    buf_printf(out, "churn                    %6.2f %%   of the results shown\n", 100 * r->churn);
    buf_printf(out, "rank-biased overlap      %6.4f     (1: the same)\n", r->rbo);
    buf_printf(out, "unchanged searches       %6.2f %%\n", 100 * r->unchanged);
    buf_printf(out, "same first result        %6.2f %%\n\n%-24s %10s %10s\n", 100 * r->first_same, "", "now",
               "candidate");
    buf_printf(out, "%-24s %8.2f %% %8.2f %%\n", "without results", 100 * s[0].empty, 100 * s[1].empty);
    if (s[0].stock_known > 0 || s[1].stock_known > 0)
        buf_printf(out, "%-24s %8.2f %% %8.2f %%\n", "shown and in stock", 100 * s[0].in_stock, 100 * s[1].in_stock);
    else
        buf_printf(out, "%-24s %10s %10s\n", "shown and in stock", "unknown", "unknown");
    buf_printf(out, "%-24s %10.0f %10.0f\n", "p50 latency, us", s[0].latency.p50_us, s[1].latency.p50_us);
    buf_printf(out, "%-24s %10.0f %10.0f\n", "p99 latency, us", s[0].latency.p99_us, s[1].latency.p99_us);
    if (c->qrels)
        buf_printf(out, "%-24s %10.4f %10.4f  over %zu judged queries\n", c->measure, judged->means[0],
                   judged->means[1], judged->count);
    buf_literal(out, "\nMost changed\n");
    for (size_t i = 0; i < r->query_count && i < QUERIES_SHOWN && r->queries[i].rbo < 1 - 1e-9; i++) {
        const struct replay_query *q = &r->queries[i];
        buf_printf(out, "  %5.0f x  overlap %.2f  rbo %.2f%s  " STR_FMT "%s\n", q->line->count, q->overlap, q->rbo,
                   q->first ? "" : "  new first", STR_ARG(q->line->text),
                   q->counts[0] && !q->counts[1]   ? "  (finds nothing any more)"
                   : !q->counts[0] && q->counts[1] ? "  (found nothing before)"
                                                   : "");
    }
}

static void write_side(const struct replay_side *s, struct buf *out)
{
    buf_literal(out, "{\"empty\": ");
    json_write_double(out, s->empty);
    buf_literal(out, ", \"inStock\": ");
    json_write_double(out, s->stock_known > 0 ? s->in_stock : NAN);
    buf_printf(out, ", \"p50us\": %.0f, \"p99us\": %.0f}", s->latency.p50_us, s->latency.p99_us);
}

static void write_json(const struct command *c, const struct replay *r, const struct judged *judged, struct buf *out)
{
    buf_printf(out,
               "{\"queries\": %zu, \"searches\": %.0f, \"churn\": %.6f, \"rbo\": %.6f, \"unchanged\": %.6f, "
               "\"firstSame\": %.6f,\n \"now\": ",
               r->query_count, r->searches, r->churn, r->rbo, r->unchanged, r->first_same);
    write_side(&r->sides[0], out);
    buf_literal(out, ",\n \"candidate\": ");
    write_side(&r->sides[1], out);
    if (c->qrels)
        buf_printf(out, ",\n \"judged\": {\"measure\": \"%s\", \"queries\": %zu, \"now\": %.6f, \"candidate\": %.6f}",
                   c->measure, judged->count, judged->means[0], judged->means[1]);
    buf_literal(out, ",\n \"changed\": [");
    for (size_t i = 0; i < r->query_count && r->queries[i].rbo < 1 - 1e-9; i++) {
        buf_printf(out, "%s\n  {\"query\": ", i ? "," : "");
        json_write_string(out, r->queries[i].line->text);
        buf_printf(out, ", \"count\": %.0f, \"overlap\": %.4f, \"rbo\": %.4f}", r->queries[i].line->count,
                   r->queries[i].overlap, r->queries[i].rbo);
    }
    buf_literal(out, "]}\n");
}

static int report(const struct command *c, const struct replay *r, const struct judged *judged, struct error *err)
{
    struct buf out = BUF_EMPTY;
    int code = 0;
    if (strcmp(c->format, "json") == 0)
        write_json(c, r, judged, &out);
    else
        write_text(c, r, judged, &out);
    enum status status = command_write(NULL, &out, err);
    buf_release(&out);
    if (status != STATUS_OK)
        return 3;
    if (r->churn > c->max_churn) {
        fprintf(stderr, "aisle-eval replay: the churn is %.4f, above %g\n", r->churn, c->max_churn);
        code = EXIT_GATE;
    }
    if (r->sides[1].empty > c->max_empty) {
        fprintf(stderr, "aisle-eval replay: %.4f of the candidate's searches find nothing, above %g\n",
                r->sides[1].empty, c->max_empty);
        code = EXIT_GATE;
    }
    return code;
}

static int replay_log(const struct command *c, char **paths, struct error *err)
{
    struct queries log = {0};
    struct retrieval found[2] = {{.count = 0}, {.count = 0}};
    struct judged judged = {0, {0, 0}};
    int code = 3;
    enum status status = queries_read(&log, paths[0], QUERIES_LOGGED, err);
    if (status == STATUS_OK) {
        queries_merge(&log);
        if (log.list.count > (size_t)c->limit)
            log.list.count = (size_t)c->limit;
    }
    for (int side = 0; side < 2 && status == STATUS_OK; side++)
        status = ask(c, paths[1 + side], &log, &found[side], err);
    if (status == STATUS_OK && c->qrels)
        status = judge(c, &log, found, &judged, err);
    if (status == STATUS_OK) {
        struct replay replay;
        replay_make(&replay, &log, found, (size_t)c->depth);
        code = report(c, &replay, &judged, err);
        replay_release(&replay);
    }
    retrieval_release(&found[0]);
    retrieval_release(&found[1]);
    queries_release(&log);
    return code;
}

int command_replay(int argc, char **argv)
{
    struct command command = {0};
    struct error err = {0};
    int count = 0;
    int code = 2;
    if (parse_options(&command, argc, argv, &count, &err) == STATUS_OK)
        code = replay_log(&command, argv + 1, &err);
    if (code >= 2)
        fprintf(stderr, "aisle-eval replay: %s\n", err.message);
    return code;
}
