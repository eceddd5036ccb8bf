/* One analyzer, two threads, each with its own analysis. Labels: concurrent */
#include "tests/unit/analyzers/tokens.h"

#include <pthread.h>

static const char text[] = "Größe 42: Sony WH-1000XM4 men's t-shirts, 5,5 mm หูฟังไร้สาย 蓝牙耳机 무선이어폰 électriques";

struct job {
    const struct analyzer *analyzer;
    size_t tokens;
    bool failed;
};

static void *work(void *argument)
{
    struct job *job = argument;
    struct analysis *analysis = analysis_new(job->analyzer);
    for (int i = 0; analysis && i < 300 && !job->failed; i++) {
        const struct token *tokens;
        size_t count;
        job->failed = (i % 2 ? analyze : analyze_reference)(analysis, STR(text), &tokens, &count) != STATUS_OK;
        job->tokens += count;
    }
    job->failed = job->failed || !analysis;
    analysis_free(analysis);
    return NULL;
}

static void test_shared_analyzer(void **state)
{
    (void)state;
    static const char *const languages[] = {"en", "de", "fr", "tr", ""};
    for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++) {
        struct setup setup = setup_open(languages[i], NULL);
        struct job jobs[2] = {{.analyzer = setup.analyzer}, {.analyzer = setup.analyzer}};
        pthread_t threads[2];
        for (int k = 0; k < 2; k++)
            assert_int_equal(pthread_create(&threads[k], NULL, work, &jobs[k]), 0);
        for (int k = 0; k < 2; k++)
            assert_int_equal(pthread_join(threads[k], NULL), 0);
        assert_false(jobs[0].failed || jobs[1].failed);
        assert_int_equal(jobs[0].tokens, jobs[1].tokens);
        assert_true(jobs[0].tokens > 300 * 15);
        setup_close(&setup);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared_analyzer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
