/* The output, byte for byte: a small case in full, and what trec_eval printed for the folder trec-golden, where the
 * environment's AISLE_SHARED_DATA or ../shared/data has it; else that is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "tests/unit/relevance/relevance_support.h"

static const char qrels[] = "10 0 a 1\n10 0 b 0\n9 0 a 0\n9 0 c 2\n8 0 a 1\n";
static const char run[] = "9 Q0 c 1 0.5 old\n10 Q0 x 1 3 old\n10 Q0 a 2 2 my-run\n";

static void write_text(const char *const *measures, size_t count, const struct evaluation_options *options,
                       void (*write)(const struct evaluation *, bool, bool, struct buf *), struct buf *out)
{
    struct entries judgments;
    struct entries results;
    struct measure_set set;
    struct evaluation evaluation;
    struct error err = {0};
    read_trec(&judgments, ENTRIES_JUDGMENTS, qrels);
    read_trec(&results, ENTRIES_RUN, run);
    assert_int_equal(measure_set_make(&set, measures, count, &err), STATUS_OK);
    assert_int_equal(evaluation_make(&evaluation, &judgments, &results, &set, options, &err), STATUS_OK);
    write(&evaluation, true, true, out);
    evaluation_release(&evaluation);
    measure_set_release(&set);
    entries_release(&results);
    entries_release(&judgments);
}

static void expect_text(const struct buf *out, const char *text)
{
    assert_int_equal(out->size, strlen(text));
    assert_memory_equal(out->data, text, out->size);
}

static void test_formats(void **state)
{
    (void)state;
    static const char *const measures[] = {"gm_map", "P.1", "relstring.3", "num_q", "runid"};
    struct evaluation_options options = {.ranking = {.level = 1, .depth = -1}, .complete = true};
    struct buf out = BUF_EMPTY;
    write_text(measures, 5, &options, evaluation_write_trec, &out);
    expect_text(&out, "P_1                   \t10\t0.0000\n"
                      "relstring_3           \t10\t'-1'\n"
                      "P_1                   \t9\t1.0000\n"
                      "relstring_3           \t9\t'2'\n"
                      "runid                 \tall\tmy-run\n"
                      "num_q                 \tall\t3\n"
                      "gm_map                \tall\t0.0171\n"
                      "P_1                   \tall\t0.3333\n");
    buf_clear(&out);
    write_text(measures + 1, 2, &options, evaluation_write_csv, &out);
    expect_text(&out, "query,measure,value\n10,P_1,0\n10,relstring_3,-1\n8,P_1,0\n8,relstring_3,\n9,P_1,1\n"
                      "9,relstring_3,2\nall,P_1,0.3333333333333333\n");
    buf_clear(&out);
    options.complete = false;
    write_text(measures + 1, 1, &options, evaluation_write_json, &out);
    expect_text(&out, "{\"run\": \"my-run\",\n \"summary\": {\"P_1\": 0.5},\n \"queries\": {\n  \"10\": {\"P_1\": 0},\n"
                      "  \"9\": {\"P_1\": 1}}}\n");
    buf_release(&out);
}

static void test_twice(void **state)
{
    (void)state;
    static const char *const measures[] = {"map"};
    struct evaluation_options options = {.ranking = {.level = 1, .depth = -1}};
    struct entries judgments;
    struct entries results;
    struct measure_set set;
    struct evaluation evaluation;
    struct error err = {0};
    read_trec(&judgments, ENTRIES_JUDGMENTS, "1 0 a 1\n2 0 a 1\n");
    read_trec(&results, ENTRIES_RUN, "1 Q0 a 1 1 t\n2 Q0 a 1 2 t\n2 Q0 a 1 1 t\n");
    assert_int_equal(measure_set_make(&set, measures, 1, &err), STATUS_OK);
    assert_int_equal(evaluation_make(&evaluation, &judgments, &results, &set, &options, &err), STATUS_INPUT);
    assert_string_equal(err.message, "query '2' has the document 'a' twice in the run");
    assert_int_equal(evaluation.rows.count, 1);
    evaluation_release(&evaluation);
    /* within the depth it is there once */
    options.ranking.depth = 1;
    assert_int_equal(evaluation_make(&evaluation, &judgments, &results, &set, &options, &err), STATUS_OK);
    evaluation_release(&evaluation);
    measure_set_release(&set);
    entries_release(&results);
    entries_release(&judgments);
}

static const char *const golden_measures[] = {
    "num_q",      "num_ret",        "num_rel",     "num_rel_ret",   "map",  "Rprec",
    "bpref",      "recip_rank",     "P.1,5,10,20", "recall.10,100", "ndcg", "ndcg_cut.1,5,10,20",
    "map_cut.10", "success.1,5,10", "set_P",       "set_recall",
};

static const struct {
    const char *name;
    struct evaluation_options options;
} golden_cases[] = {
    {"plain", {{1, -1, false, 0, 0}, false, true}}, {"c", {{1, -1, false, 0, 0}, true, true}},
    {"l2", {{2, -1, false, 0, 0}, true, true}},     {"J", {{1, -1, true, 0, 0}, true, true}},
    {"M20", {{1, 20, false, 0, 0}, true, true}},
};

static void check_golden(const char *folder, int number, const struct measure_set *set)
{
    struct entries_options kinds[2] = {{ENTRIES_JUDGMENTS, NULL, NULL}, {ENTRIES_RUN, NULL, NULL}};
    struct entries judgments;
    struct entries results;
    struct error err = {0};
    char path[512];
    snprintf(path, sizeof(path), "%s/case-%02d.qrels", folder, number);
    assert_int_equal(entries_read(&judgments, path, &kinds[0], &err), STATUS_OK);
    snprintf(path, sizeof(path), "%s/case-%02d.run", folder, number);
    assert_int_equal(entries_read(&results, path, &kinds[1], &err), STATUS_OK);
    for (size_t i = 0; i < sizeof(golden_cases) / sizeof(*golden_cases); i++) {
        struct evaluation evaluation;
        struct buf expected = BUF_EMPTY;
        struct buf out = BUF_EMPTY;
        snprintf(path, sizeof(path), "%s/case-%02d.%s.out", folder, number, golden_cases[i].name);
        assert_int_equal(file_read_all(path, &expected, 1 << 24, &err), STATUS_OK);
        assert_int_equal(evaluation_make(&evaluation, &judgments, &results, set, &golden_cases[i].options, &err),
                         STATUS_OK);
        evaluation_write_trec(&evaluation, true, true, &out);
        if (!str_equal(buf_str(&out), buf_str(&expected)))
            fail_msg("%s differs", path);
        evaluation_release(&evaluation);
        buf_release(&out);
        buf_release(&expected);
    }
    entries_release(&results);
    entries_release(&judgments);
}

static void test_golden(void **state)
{
    (void)state;
    struct measure_set set;
    struct error err = {0};
    char folder[256];
    char probe[300];
    const char *data = getenv("AISLE_SHARED_DATA");
    snprintf(folder, sizeof(folder), "%s/trec-golden", data ? data : "../shared/data");
    snprintf(probe, sizeof(probe), "%s/case-00.qrels", folder);
    if (!file_exists(probe)) {
        printf("skipped: there is no %s\n", folder);
        skip();
    }
    assert_int_equal(measure_set_make(&set, golden_measures, sizeof(golden_measures) / sizeof(*golden_measures), &err),
                     STATUS_OK);
    for (int number = 0; number < 12; number++)
        check_golden(folder, number, &set);
    measure_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
