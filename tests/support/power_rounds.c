#include "tests/support/power_rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "indexer/base/file_sim.h"
#include "indexer/base/log.h"
#include "indexer/base/status.h"
#include "tests/support/random.h"

enum { CUTS = 500, CUTS_LONG = 10000 };

static const struct power_rounds *program;

static void test_power_cuts(void **state)
{
    const struct power_rounds *p = program;
    struct random r = random_start(p->name);
    void *work = xcalloc(1, p->state_size);
    size_t rounds = random_rounds(CUTS / p->cuts + 1, CUTS_LONG / p->cuts + 1);
    (void)state;
    for (size_t i = 0; i < rounds; i++) {
        uint64_t seed = random_next(&r);
        p->run(work, seed, false);
        if (p->failure(work)[0] != '\0') {
            print_error("seed %llu: %s\n", (unsigned long long)seed, p->failure(work));
            free(work);
            fail();
        }
    }
    free(work);
    if (p->end) {
        p->end(rounds);
    }
}

static void test_missing_syncs_are_noticed(void **state)
{
    const struct power_rounds *p = program;
    struct random r = random_start("the same without syncs");
    void *work = xcalloc(1, p->state_size);
    size_t noticed = 0;
    (void)state;
    for (size_t i = 0; i < p->blind; i++) {
        p->run(work, random_next(&r), true);
        noticed += p->failure(work)[0] != '\0';
    }
    free(work);
    assert_true(noticed > p->blind / 2);
}

int power_rounds_main(const struct power_rounds *p, int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_missing_syncs_are_noticed),
    };
    program = p;
    file_sim_start();
    log_set_level(LOG_OFF);
    if (argc == 2) {
        void *work = xcalloc(1, p->state_size);
        p->run(work, strtoull(argv[1], NULL, 10), false);
        printf("%s\n", p->failure(work)[0] != '\0' ? p->failure(work) : "fine");
        free(work);
        return 0;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_sim_stop();
    return failed;
}
