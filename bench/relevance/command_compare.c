/* aisle-eval compare: systems side by side, with what their differences are worth. */
#include <stdio.h>

#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/comparison.h"

enum { EXIT_GATE = 1, EXIT_USAGE = 2, EXIT_FAILED = 3 };

static const char *const usual[] = {"ndcg_cut.10", "ndcg_judged.10", "unjudged.10", "recip_rank_cut.10", "recall.100"};

struct compare {
    struct option_list measures;
    struct comparison_options options;
    struct common_options common;
    const char *html;
    const char *json;
    double fail_below;
    double max_loss;
    bool answerable;
    bool quiet;
};

static enum status parse_options(struct compare *c, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[8 + COMMON_ROWS] = {
        {"measure|m", OPTION_LIST, &c->measures, "NAME", 0, 0, NULL,
         "measures, the first decides; ndcg_cut.10, ndcg_judged.10, unjudged.10, recip_rank_cut.10, recall.100"},
        {"answerable", OPTION_FLAG, &c->answerable, NULL, 0, 0, NULL,
         "leave out judged queries that have no relevant document"},
        {"depth", OPTION_INT, &c->options.depth, "N", 1, 1000, NULL, "results that are looked at for what changed"},
        {"fail-below", OPTION_NUMBER, &c->fail_below, "X", 0, 0, NULL,
         "exit with 1 when the deciding mean of a system after the first is below X"},
        {"max-loss", OPTION_NUMBER, &c->max_loss, "X", 0, 0, NULL,
         "exit with 1 when it is more than X below the first's; negative: no limit"},
        {"html", OPTION_TEXT, &c->html, "FILE", 0, 0, NULL, "a report to look at"},
        {"json", OPTION_TEXT, &c->json, "FILE", 0, 0, NULL, "everything for other programs"},
        {"quiet", OPTION_FLAG, &c->quiet, NULL, 0, 0, NULL, "nothing on standard output"},
    };
    size_t used =
        common_options_rows(&c->common, COMMON_QUERIES | COMMON_JUDGED | COMMON_ASKS | COMMON_CHANCE, rows, 8);
    const struct options options = {
        "aisle-eval compare QRELS BASE OTHER... [--queries FILE] [options]",
        "Compares runs, or configurations that are asked here: JSON files such as {\"name\": \"new\", \"data\": "
        "\"shop\", \"index\": \"products\", \"parameters\": {}, \"settings\": {}}, with \"server\" or \"candidate\" "
        "instead of \"data\". Every judged query counts. Exit codes: 0 fine, 1 a limit was passed, 2 usage, 3 failed.",
        rows, used};
    c->options.depth = 10;
    c->fail_below = -1e300;
    c->max_loss = -1;
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && (*count < 3 || *count > COMPARISON_SYSTEMS))
        status = error_set(err, STATUS_INPUT, "judgments and 2 to %d runs or configurations are needed",
                           COMPARISON_SYSTEMS - 1);
    c->options.evaluation.ranking = (struct ranking_options){.level = (long)c->common.level, .depth = -1};
    c->options.retrieval = (struct retrieval_options){.hits = c->common.hits, .threads = (size_t)c->common.threads};
    c->options.rounds = (size_t)c->common.rounds;
    c->options.seed = (uint64_t)c->common.seed;
    return status;
}

static bool limits_hold(const struct compare *c, const struct comparison *comparison)
{
    bool good = true;
    for (size_t system = 1; system < comparison->system_count; system++) {
        const struct contrast *x = comparison_contrast(comparison, system, 0);
        const char *name = comparison->systems[system].name;
        if (x->value < c->fail_below) {
            fprintf(stderr, "aisle-eval compare: %s of '%s' is %.4f, below %g\n", comparison->value_names[0], name,
                    x->value, c->fail_below);
            good = false;
        }
        if (c->max_loss >= 0 && -x->difference > c->max_loss) {
            fprintf(stderr, "aisle-eval compare: %s of '%s' is %.4f below the base's, more than %g\n",
                    comparison->value_names[0], name, -x->difference, c->max_loss);
            good = false;
        }
    }
    return good;
}

static enum status write_reports(const struct compare *c, const struct comparison *comparison, struct error *err)
{
    const struct {
        bool wanted;
        const char *path;
        void (*write)(const struct comparison *, struct buf *);
    } reports[] = {
        {!c->quiet, NULL, comparison_write_text},
        {c->html != NULL, c->html, comparison_write_html},
        {c->json != NULL, c->json, comparison_write_json},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports) && status == STATUS_OK; i++) {
        struct buf text = BUF_EMPTY;
        if (!reports[i].wanted)
            continue;
        reports[i].write(comparison, &text);
        status = command_write(reports[i].path, &text, err);
        buf_release(&text);
    }
    return status;
}

static int compare_systems(struct compare *c, const struct measure_set *set, struct entries *judgments,
                           struct system *systems, size_t count, struct error *err)
{
    struct comparison comparison;
    struct comparison_input input = {judgments, set, systems, count,
                                     c->measures.count ? c->measures.items[0] : usual[0]};
    int code = EXIT_FAILED;
    if (c->answerable)
        entries_keep_answerable(judgments, (long)c->common.level);
    enum status status = comparison_make(&comparison, &input, &c->options, err);
    if (status == STATUS_OK)
        status = write_reports(c, &comparison, err);
    if (status == STATUS_OK)
        code = limits_hold(c, &comparison) ? 0 : EXIT_GATE;
    comparison_release(&comparison);
    return code;
}

static int compare_files(struct compare *c, char **paths, size_t count, struct error *err)
{
    struct entries_options qrels_options = {ENTRIES_JUDGMENTS, NULL, c->common.grades};
    struct system systems[COMPARISON_SYSTEMS] = {0};
    struct measure_set set;
    struct entries judgments;
    struct queries queries = {0};
    size_t opened = 0;
    int code = EXIT_FAILED;
    bool named = c->measures.count > 0;
    enum status status = measure_set_make(&set, named ? c->measures.items : usual, named ? c->measures.count : 5, err);
    entries_init(&judgments);
    if (status == STATUS_OK)
        status = entries_read(&judgments, paths[0], &qrels_options, err);
    if (status == STATUS_OK && c->common.queries) {
        status = queries_read(&queries, c->common.queries, QUERIES_LISTED, err);
        c->options.queries = &queries;
    }
    for (; opened + 1 < count && status == STATUS_OK; opened++)
        status = system_read(&systems[opened], paths[opened + 1], &c->options, err);
    if (status == STATUS_OK)
        code = compare_systems(c, &set, &judgments, systems, opened, err);
    for (size_t i = 0; i < opened; i++)
        system_release(&systems[i]);
    queries_release(&queries);
    entries_release(&judgments);
    measure_set_release(&set);
    return code;
}

int command_compare(int argc, char **argv)
{
    struct compare compare = {0};
    struct error err = {0};
    int count = 0;
    int code = EXIT_USAGE;
    if (parse_options(&compare, argc, argv, &count, &err) == STATUS_OK)
        code = compare_files(&compare, argv + 1, (size_t)count, &err);
    if (code >= EXIT_USAGE)
        fprintf(stderr, "aisle-eval compare: %s\n", err.message);
    return code;
}
