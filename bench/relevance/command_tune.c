/* aisle-eval tune: settings that rank better, and whether they would on queries that were not looked at. */
#include <stdio.h>

#include "bench/relevance/commands.h"
#include "bench/relevance/common_options.h"
#include "bench/relevance/tuning.h"

struct tune {
    struct configuration configuration;
    struct tuning_options options;
    struct option_list parameters;
    struct common_options common;
    bool all;
};

static enum status parse_options(struct tune *t, int argc, char **argv, int *count, struct error *err)
{
    struct option_row rows[CONFIGURATION_ROWS + 7 + COMMON_ROWS];
    size_t used = configuration_rows(&t->configuration, rows);
    const struct option_row own[] = {
        {"measure|m", OPTION_TEXT, &t->options.measure, "NAME", 0, 0, NULL, "what is to rise"},
        {"parameter|p", OPTION_LIST, &t->parameters, "NAME[=LOW..HIGH]", 0, 0, NULL,
         "what may change: weights, or a number of the settings; all that ranking has"},
        {"folds", OPTION_INT, &t->options.folds, "N", 2, TUNING_FOLDS, NULL, "of the cross-validation"},
        {"held-out", OPTION_INT, &t->options.held_out, "PERCENT", 0, 80, NULL, "queries that are kept for the end"},
        {"budget", OPTION_INT, &t->options.budget, "N", 1, 1000000, NULL, "settings tried, at most"},
        {"least-gain", OPTION_NUMBER, &t->options.least_gain, "X", 0, 0, NULL, "smaller gains change nothing"},
        {"all-queries", OPTION_FLAG, &t->all, NULL, 0, 0, NULL, "those without a relevant document, too"},
    };
    memcpy(rows + used, own, sizeof(own));
    used = common_options_rows(&t->common, (1u << COMMON_ROWS) - 1, rows, used + sizeof(own) / sizeof(*own));
    const struct options options = {
        "aisle-eval tune QRELS --queries FILE (--data DIR | --candidate DIR) [options]",
        "Searches field weights and numbers of the settings for the best mean on training queries; cross-validation "
        "and held-out queries tell what of the gain is real. The result is a settings patch: look at it, compare with "
        "it, then PUT it to /1/indexes/NAME/settings.",
        rows, used};
    t->options = (struct tuning_options){.measure = "ndcg_cut.10", .folds = 5, .held_out = 25, .budget = 600};
    t->options.least_gain = .0005;
    enum status status = options_parse(&options, argc, argv, count, err);
    if (status == STATUS_OK && (*count != 1 || !t->common.queries))
        status = error_set(err, STATUS_INPUT, "judgments and --queries are needed");
    t->options.evaluation.ranking = (struct ranking_options){.level = (long)t->common.level, .depth = -1};
    t->options.retrieval = (struct retrieval_options){.hits = t->common.hits, .threads = (size_t)t->common.threads};
    t->options.parameters = &t->parameters;
    t->options.rounds = (size_t)t->common.rounds;
    t->options.seed = (uint64_t)t->common.seed;
    return status;
}

static enum status tune_index(const struct tune *t, const struct tuning_input *input, struct error *err)
{
    struct tuning tuning;
    struct buf report = BUF_EMPTY;
    struct buf patch = BUF_EMPTY;
    enum status status = tuning_run(&tuning, input, &t->options, err);
    if (status == STATUS_OK) {
        tuning_write_report(&tuning, t->options.measure, &report);
        if (!t->common.output)
            buf_literal(&report, "\nsettings patch:\n");
        status = command_write(NULL, &report, err);
    }
    if (status == STATUS_OK) {
        tuning_write_patch(&tuning, &patch);
        status = command_write(t->common.output, &patch, err);
    }
    buf_release(&patch);
    buf_release(&report);
    tuning_release(&tuning);
    return status;
}

int command_tune(int argc, char **argv)
{
    struct tune tune = {0};
    struct queries queries = {0};
    struct entries judgments;
    struct opened opened = {0};
    struct error err = {0};
    int count = 0;
    int code = 2;
    entries_init(&judgments);
    enum status status = parse_options(&tune, argc, argv, &count, &err);
    struct entries_options qrels_options = {ENTRIES_JUDGMENTS, NULL, tune.common.grades};
    if (status == STATUS_OK)
        status = entries_read(&judgments, argv[1], &qrels_options, &err);
    if (status == STATUS_OK)
        status = queries_read(&queries, tune.common.queries, QUERIES_LISTED, &err);
    if (status == STATUS_OK)
        status = configuration_open(&opened, &tune.configuration, &err);
    if (status == STATUS_OK) {
        struct tuning_input input = {opened.target, opened.params, opened.settings, &judgments, &queries};
        code = 3;
        if (!tune.all)
            entries_keep_answerable(&judgments, (long)tune.common.level);
        status = tune_index(&tune, &input, &err);
    }
    configuration_close(&opened);
    queries_release(&queries);
    entries_release(&judgments);
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "aisle-eval tune: %s\n", err.message);
    return code;
}
