#ifndef AISLE_TESTS_SUPPORT_POWER_ROUNDS_H
#define AISLE_TESTS_SUPPORT_POWER_ROUNDS_H

/*
 * A test program that cuts the power of the simulated disk, round by round: nothing may fail in 500 cuts (10,000 with
 * AISLE_TEST_LONG), and most rounds must fail when syncs do nothing. With a seed as its argument it runs that round.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct power_rounds {
    const char *name;
    size_t state_size; /* of what a round works on; run begins with whatever the last one left */
    size_t cuts;       /* of the power in a round */
    size_t blind;      /* rounds without syncs; more than half of them must fail */
    void (*run)(void *state, uint64_t seed, bool ignore_sync);
    const char *(*failure)(const void *state); /* "": it went well */
    void (*end)(size_t rounds);                /* after the rounds with syncs; may fail the test; NULL: nothing */
};

/* What main returns. */
int power_rounds_main(const struct power_rounds *p, int argc, char **argv);

#endif
