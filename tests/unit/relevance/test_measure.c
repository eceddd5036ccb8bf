/* Measures against values computed by hand and, for random rankings, against their definitions written down naively. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "tests/support/random.h"
#include "tests/unit/relevance/relevance_support.h"

/* Results a b c d e, in this order; a, c, and f relevant; d unjudged; e seen by the pool, not judged. */
static const char qrels[] = "1 0 a 2\n1 0 b 0\n1 0 c 1\n1 0 e -1\n1 0 f 3\n";
static const char run[] = "1 Q0 e 1 1 t\n1 Q0 d 1 2 t\n1 Q0 c 1 3 t\n1 Q0 b 1 4 t\n1 Q0 a 1 5 t\n";

#define LOG2(x) (log(x) / log(2))

static void expect(const char *measure, const char *name, double value)
{
    double got = measured(measure, name, qrels, run);
    if (!(fabs(got - value) < 1e-12))
        fail_msg("%s is %.15g, not %.15g", name, got, value);
}

static void test_by_hand(void **state)
{
    (void)state;
    double ideal = 3 + 2 / LOG2(3) + 1 / LOG2(4);
    expect("num_rel", "num_rel", 3);
    expect("num_rel_ret", "num_rel_ret", 2);
    expect("num_nonrel_judged_ret", "num_nonrel_judged_ret", 1);
    expect("map", "map", (1. / 1 + 2. / 3) / 3);
    expect("map_cut.2", "map_cut_2", (1. / 1) / 3);
    expect("Rprec", "Rprec", 2. / 3);
    expect("recip_rank", "recip_rank", 1);
    expect("P.2,10", "P_2", .5);
    expect("P.2,10", "P_10", .2);
    expect("recall.2", "recall_2", 1. / 3);
    expect("success.1", "success_1", 1);
    expect("bpref", "bpref", (1 + (1 - 1. / 1)) / 3);
    expect("ndcg", "ndcg", (2 + 1 / LOG2(4)) / ideal);
    expect("ndcg_cut.1,3", "ndcg_cut_1", 2. / 3);
    expect("ndcg_cut.1,3", "ndcg_cut_3", (2 + 1 / LOG2(4)) / ideal);
    expect("ndcg.1=5,2=1,3=0", "ndcg_1=5,2=1,3=0", (1 + 5 / LOG2(4)) / (5 + 1 / LOG2(3)));
    expect("ndcg_exp.10", "ndcg_exp_10", (3 + 1 / LOG2(4)) / (7 + 3 / LOG2(3) + 1 / LOG2(4)));
    expect("ndcg_local.10", "ndcg_local_10", (2 + 1 / LOG2(4)) / (2 + 1 / LOG2(3)));
    expect("ndcg_hit.2", "ndcg_hit_2", 2 / (3 + 2 / LOG2(3)));
    expect("ndcg_exp_local.10", "ndcg_exp_local_10", (3 + 1 / LOG2(4)) / (3 + 1 / LOG2(3)));
    expect("ndcg_judged.10", "ndcg_judged_10", (2 + 1 / LOG2(4)) / ideal);
    expect("unjudged.5,10", "unjudged_5", 2. / 5);
    expect("unjudged.5,10", "unjudged_10", 2. / 10);
    expect("err.20", "err_20", 3. / 8 + (1 - 3. / 8) * (1. / 8) / 3);
    expect("rbp.0.8", "rbp_0.80", .2 * (1 + .8 * .8));
    expect("set_P", "set_P", 2. / 5);
    expect("set_recall", "set_recall", 2. / 3);
    expect("set_F", "set_F", 2 * (.4 * 2 / 3) / (.4 + 2. / 3));
    expect("set_map", "set_map", .4 * 2 / 3);
    expect("utility", "utility", 2 - 3);
    expect("yaap", "yaap", log((1 + 5. / 3) / (1 + 3 - 5. / 3)));
    expect("iprec_at_recall.0.5", "iprec_at_recall_0.50", 2. / 3);
}

/* Fewer results than the ideal has documents: only the cut ideal lets them be perfect. */
static void test_hit_cut(void **state)
{
    (void)state;
    static const char one[] = "1 Q0 f 1 1 t\n";
    assert_true(measured("ndcg_hit.10", "ndcg_hit_10", qrels, one) == 1);
    assert_true(measured("ndcg_local.10", "ndcg_local_10", qrels, one) == 1);
    assert_true(measured("ndcg_exp_hit.10", "ndcg_exp_hit_10", qrels, one) == 1);
    assert_true(measured("ndcg_cut.10", "ndcg_cut_10", qrels, one) < 1);
}

/* Judged-only by name is what -J makes of ndcg_cut. */
static void test_judged_only(void **state)
{
    (void)state;
    static const char mixed[] = "1 Q0 x 1 9 t\n1 Q0 c 1 8 t\n1 Q0 y 1 7 t\n1 Q0 f 1 6 t\n";
    struct evaluation_options judged = {.ranking = {.level = 1, .depth = -1, .judged_only = true}};
    assert_true(measured("ndcg_judged.2", "ndcg_judged_2", qrels, mixed) ==
                measured_with("ndcg_cut.2", "ndcg_cut_2", qrels, mixed, &judged));
    assert_true(measured("ndcg_judged.2", "ndcg_judged_2", qrels, mixed) >
                measured("ndcg_cut.2", "ndcg_cut_2", qrels, mixed));
}

static void test_order(void **state)
{
    (void)state;
    /* equal scores: the greater id first, whatever the rank column says */
    assert_true(measured("recip_rank", "recip_rank", "1 0 b 1\n1 0 a 0\n", "1 Q0 a 1 1 t\n1 Q0 b 2 1 t\n") == 1);
    assert_true(measured("recip_rank", "recip_rank", "1 0 a 1\n1 0 b 0\n", "1 Q0 a 1 1 t\n1 Q0 b 2 1 t\n") == .5);
}

static void test_complete(void **state)
{
    (void)state;
    static const char two[] = "1 0 a 1\n2 0 a 1\n";
    static const char first[] = "1 Q0 a 1 1 t\n3 Q0 a 1 1 t\n";
    struct evaluation_options options = {.ranking = {.level = 1, .depth = -1}};
    assert_true(measured_with("map", "map", two, first, &options) == 1);
    options.complete = true;
    assert_true(measured_with("map", "map", two, first, &options) == .5);
    assert_true(measured_with("num_rel", "num_rel", two, first, &options) == 2);
    options.ranking.level = 2;
    assert_true(measured_with("map", "map", two, first, &options) == 0);
    assert_true(measured_with("num_rel", "num_rel", two, first, &options) == 2);
}

enum { RANKS = 12, DOCS = 16 };

/* A random query: grades of all documents, -2 for not judged; the results are documents 0..count-1 in this order. */
struct world {
    int grades[DOCS];
    int count;
    char qrels[1024];
    char run[1024];
};

static void make_world(struct world *w, struct random *random)
{
    size_t q = 0;
    size_t r = 0;
    w->count = (int)random_below(random, RANKS) + 1;
    w->qrels[0] = w->run[0] = '\0';
    for (int i = 0; i < DOCS; i++) {
        w->grades[i] = (int)random_below(random, 6) - 2;
        if (w->grades[i] >= -1)
            q += (size_t)snprintf(w->qrels + q, sizeof(w->qrels) - q, "1 0 d%02d %d\n", i, w->grades[i]);
        if (i < w->count)
            r += (size_t)snprintf(w->run + r, sizeof(w->run) - r, "1 Q0 d%02d 0 %d t\n", i, -i);
    }
    if (!w->qrels[0]) {
        w->grades[0] = 1;
        snprintf(w->qrels, sizeof(w->qrels), "1 0 d00 1\n");
    }
}

/* The highest DCG over documents `from` on, found by taking the best left again and again. */
static double best_dcg(const struct world *w, int documents, int depth)
{
    bool taken[DOCS] = {false};
    double sum = 0;
    for (int place = 0; place < depth; place++) {
        int best = -1;
        for (int i = 0; i < documents; i++) {
            if (!taken[i] && w->grades[i] > 0 && (best < 0 || w->grades[i] > w->grades[best]))
                best = i;
        }
        if (best < 0)
            break;
        taken[best] = true;
        sum += w->grades[best] / log2(place + 2);
    }
    return sum;
}

static double naive_dcg(const struct world *w, int depth)
{
    double sum = 0;
    for (int i = 0; i < w->count && i < depth; i++)
        sum += w->grades[i] > 0 ? w->grades[i] / log2(i + 2) : 0;
    return sum;
}

static int relevant_among(const struct world *w, int count)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        found += w->grades[i] > 0;
    return found;
}

static double naive_ap(const struct world *w)
{
    double sum = 0;
    for (int i = 0; i < w->count; i++)
        sum += w->grades[i] > 0 ? (double)relevant_among(w, i + 1) / (i + 1) : 0;
    return relevant_among(w, DOCS) ? sum / relevant_among(w, DOCS) : 0;
}

/* The part of judged nonrelevant documents, of the first R of them, that each relevant result is above. */
static double naive_bpref(const struct world *w)
{
    int relevant = relevant_among(w, DOCS);
    int nonrelevant = 0;
    double sum = 0;
    for (int i = 0; i < DOCS; i++)
        nonrelevant += w->grades[i] == 0;
    int most = nonrelevant < relevant ? nonrelevant : relevant;
    for (int i = 0; i < w->count; i++) {
        int above = 0;
        for (int k = 0; k < i; k++)
            above += w->grades[k] == 0;
        if (w->grades[i] > 0)
            sum += above == 0 ? 1 : 1 - (double)(above < relevant ? above : relevant) / most;
    }
    return relevant ? sum / relevant : 0;
}

static void expect_near(const struct world *w, const char *measure, const char *name, double value)
{
    double got = measured(measure, name, w->qrels, w->run);
    if (!(fabs(got - value) < 1e-9))
        fail_msg("%s is %.15g, not %.15g, of\n%s%s", name, got, value, w->qrels, w->run);
}

static void test_random(void **state)
{
    (void)state;
    struct random random = random_start("test_measure");
    for (size_t round = 0; round < random_rounds(300, 20000); round++) {
        struct world w;
        make_world(&w, &random);
        int depth = w.count < 5 ? w.count : 5;
        double ideal = best_dcg(&w, DOCS, 5);
        double local = best_dcg(&w, depth, 5);
        double cut = best_dcg(&w, DOCS, depth);
        expect_near(&w, "ndcg_cut.5", "ndcg_cut_5", ideal > 0 ? naive_dcg(&w, 5) / ideal : 0);
        expect_near(&w, "ndcg_local.5", "ndcg_local_5", local > 0 ? naive_dcg(&w, 5) / local : 0);
        expect_near(&w, "ndcg_hit.5", "ndcg_hit_5", cut > 0 ? naive_dcg(&w, 5) / cut : 0);
        expect_near(&w, "ndcg", "ndcg", ideal > 0 ? naive_dcg(&w, DOCS) / best_dcg(&w, DOCS, DOCS) : 0);
        expect_near(&w, "map", "map", naive_ap(&w));
        expect_near(&w, "bpref", "bpref", naive_bpref(&w));
        expect_near(&w, "P.5", "P_5", relevant_among(&w, depth) / 5.);
        expect_near(&w, "success.5", "success_5", relevant_among(&w, depth) > 0);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct measure_set set;
    struct error err = {0};
    static const char *const good[] = {"P.10,5", "aisle", "P.3", "map.7"};
    assert_int_equal(measure_set_make(&set, good, 4, &err), STATUS_OK);
    assert_true(measure_set_find(&set, "P_5") < measure_set_find(&set, "P_10"));
    assert_true(measure_set_find(&set, "P_3") == SIZE_MAX); /* the first parameters hold */
    assert_true(measure_set_find(&set, "map") != SIZE_MAX);
    assert_true(measure_set_find(&set, "unjudged_10") != SIZE_MAX);
    measure_set_release(&set);
    static const struct {
        const char *name;
        enum status status;
        const char *message;
    } bad[] = {
        {"nope", STATUS_NOT_FOUND, "there is no measure 'nope'"},
        {"P.", STATUS_NOT_FOUND, "measure 'P.' has no parameters behind its dot"},
        {"P.0", STATUS_INPUT, "measure 'P': the cutoff 0 is not above 0"},
        {"P.5,5", STATUS_INPUT, "measure 'P': the cutoff 5 is there twice"},
        {"ndcg.1", STATUS_INPUT, "measure 'ndcg': the parameter '1' must be GRADE=GAIN"},
        {"P.1=2", STATUS_INPUT, "measure 'P': the parameter '1=2' must be a number"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(measure_set_make(&set, &bad[i].name, 1, &err), bad[i].status);
        assert_string_equal(err.message, bad[i].message);
        measure_set_release(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand), cmocka_unit_test(test_hit_cut),  cmocka_unit_test(test_judged_only),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_complete), cmocka_unit_test(test_random),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
