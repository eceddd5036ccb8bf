#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/relevance/relevance_support.h"

void read_trec(struct entries *out, enum entries_kind kind, const char *text)
{
    struct entries_options options = {kind, "trec", NULL};
    struct error err = {0};
    if (entries_parse(out, str_from(text), "test", &options, &err) != STATUS_OK)
        fail_msg("%s", err.message);
}

double measured_with(const char *measure, const char *value_name, const char *qrels, const char *run,
                     const struct evaluation_options *options)
{
    struct entries judgments;
    struct entries results;
    struct measure_set set;
    struct evaluation evaluation;
    struct error err = {0};
    read_trec(&judgments, ENTRIES_JUDGMENTS, qrels);
    read_trec(&results, ENTRIES_RUN, run);
    assert_int_equal(measure_set_make(&set, &measure, 1, &err), STATUS_OK);
    if (evaluation_make(&evaluation, &judgments, &results, &set, options, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    size_t at = measure_set_find(&set, value_name);
    assert_true(at != SIZE_MAX);
    double value = evaluation.summary[at];
    evaluation_release(&evaluation);
    measure_set_release(&set);
    entries_release(&results);
    entries_release(&judgments);
    return value;
}

double measured(const char *measure, const char *value_name, const char *qrels, const char *run)
{
    struct evaluation_options options = {.ranking = {.level = 1, .depth = -1}};
    return measured_with(measure, value_name, qrels, run, &options);
}
