/* aisle-eval score: a run held against judgments. */
#include <stdio.h>

#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/evaluation.h"

/* trec_eval's exit codes. */
enum { EXIT_USAGE = 1, EXIT_FILE = 2, EXIT_TWICE = 4, EXIT_NOTHING = 7, EXIT_OUTPUT = 8 };

struct score {
    struct option_list measures;
    struct evaluation_options evaluation;
    struct common_options common;
    int64_t depth;
    int64_t collection_size;
    bool queries;
    bool no_summary;
    bool answerable;
    bool list;
    const char *format;
    const char *qrels_format;
    const char *run_format;
};

static enum status parse_options(struct score *s, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[12 + COMMON_ROWS] = {
        {"per-query|q", OPTION_FLAG, &s->queries, NULL, 0, 0, NULL, "each query, too"},
        {"complete|c", OPTION_FLAG, &s->evaluation.complete, NULL, 0, 0, NULL,
         "average over all judged queries; those without results count as 0"},
        {"judged-only|J", OPTION_FLAG, &s->evaluation.ranking.judged_only, NULL, 0, 0, NULL,
         "take unjudged documents out of the results first"},
        {"depth|M", OPTION_INT, &s->depth, "N", 0, INT32_MAX, NULL, "look at the first N results of a query only"},
        {"measure|m", OPTION_LIST, &s->measures, "NAME[.PARAMETERS]", 0, 0, NULL,
         "a measure or set of measures; without any, official"},
        {"no-summary|n", OPTION_FLAG, &s->no_summary, NULL, 0, 0, NULL, "no averages"},
        {"collection-size|N", OPTION_INT, &s->collection_size, "N", 0, 0, NULL,
         "documents in the collection, for utility"},
        {"answerable", OPTION_FLAG, &s->answerable, NULL, 0, 0, NULL,
         "leave out judged queries that have no relevant document"},
        {"format", OPTION_CHOICE, &s->format, NULL, 0, 0, "trec|json|csv", "of the output"},
        {"qrels-format", OPTION_CHOICE, &s->qrels_format, NULL, 0, 0, "auto|trec|csv|json", "of the judgments"},
        {"run-format", OPTION_CHOICE, &s->run_format, NULL, 0, 0, "auto|trec|csv|json", "of the run"},
        {"list", OPTION_FLAG, &s->list, NULL, 0, 0, NULL, "list the measures"},
    };
    size_t used = common_options_rows(&s->common, COMMON_JUDGED | COMMON_OUTPUT, rows, 12);
    const struct options options = {
        "aisle-eval score [-q] [-c] [-l N] [-J] [-M N] [-m MEASURE]... QRELS RUN",
        "Computes measures of a run from judgments, as trec_eval does, to the last byte, and others by name "
        "(--list). QRELS and RUN are TREC files, CSV with a header, or JSON; - is standard input. Exit codes are "
        "trec_eval's: 1 usage or unknown measure, 2 a file or parameters, 4 a document twice, 7 no query in common.",
        rows, used};
    s->depth = INT32_MAX;
    s->format = "trec";
    s->qrels_format = s->run_format = "auto";
    enum status status = options_parse(&options, argc, argv, count, err);
    s->evaluation.as_trec = true;
    s->evaluation.ranking.level = (long)s->common.level;
    s->evaluation.ranking.collection_size = (long)s->collection_size;
    s->evaluation.ranking.depth = s->depth == INT32_MAX ? -1 : (long)s->depth;
    if (status == STATUS_OK && *count != 2 && !s->list)
        status = error_set(err, STATUS_INPUT, "two files are needed: judgments and a run");
    return status;
}

/* What was made goes out even when the rest failed: trec_eval prints queries as it goes. */
static int write_result(const struct score *s, const struct evaluation *e, int code)
{
    struct buf out = BUF_EMPTY;
    struct error err = {0};
    bool queries = s->queries;
    if (strcmp(s->format, "json") == 0)
        evaluation_write_json(e, queries, !s->no_summary, &out);
    else if (strcmp(s->format, "csv") == 0)
        evaluation_write_csv(e, queries, !s->no_summary, &out);
    else
        evaluation_write_trec(e, queries, !s->no_summary, &out);
    enum status status = command_write(s->common.output, &out, &err);
    buf_release(&out);
    if (status == STATUS_OK)
        return code;
    fprintf(stderr, "aisle-eval score: %s\n", err.message);
    return EXIT_OUTPUT;
}

static int score_files(const struct score *s, const struct measure_set *set, char **paths, struct error *err)
{
    struct entries judgments;
    struct entries run;
    struct evaluation evaluation = {0};
    struct entries_options qrels_options = {ENTRIES_JUDGMENTS, s->qrels_format, s->common.grades};
    struct entries_options run_options = {ENTRIES_RUN, s->run_format, NULL};
    int code = EXIT_FILE;
    entries_init(&run);
    enum status status = entries_read(&judgments, paths[0], &qrels_options, err);
    if (status == STATUS_OK)
        status = entries_read(&run, paths[1], &run_options, err);
    if (status == STATUS_OK) {
        if (s->answerable)
            entries_keep_answerable(&judgments, s->evaluation.ranking.level);
        status = evaluation_make(&evaluation, &judgments, &run, set, &s->evaluation, err);
        code = status == STATUS_OK ? 0 : status == STATUS_NOT_FOUND ? EXIT_NOTHING : EXIT_TWICE;
        code = code == EXIT_NOTHING ? code : write_result(s, &evaluation, code);
    }
    evaluation_release(&evaluation);
    entries_release(&run);
    entries_release(&judgments);
    return code;
}

int command_score(int argc, char **argv)
{
    struct score score = {0};
    struct measure_set set = {0};
    struct error err = {0};
    int count = 0;
    int code = EXIT_USAGE;
    static const char *const official[] = {"official"};
    enum status status = parse_options(&score, argc, argv, &count, &err);
    if (status == STATUS_OK && score.list) {
        measures_print();
        return 0;
    }
    if (status == STATUS_OK) {
        bool named = score.measures.count > 0;
        status =
            measure_set_make(&set, named ? score.measures.items : official, named ? score.measures.count : 1, &err);
        code = status == STATUS_INPUT ? EXIT_FILE : EXIT_USAGE;
    }
    if (status == STATUS_OK)
        code = score_files(&score, &set, argv + 1, &err);
    if (code && err.message[0])
        fprintf(stderr, "aisle-eval score: %s\n", err.message);
    measure_set_release(&set);
    return code;
}
